"""What operations keep between calls: the same in every store, in order, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contracts.test_store import Shop, redis_store, terms_of

from understudy.core.accounts import Account
from understudy.core.kept import KeptPage
from understudy.core.tiers import TierTable
from understudy.stores.memory import MemoryStore
from understudy_data import toml

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer

TIERS = TierTable(toml("tiers.toml"), 0)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(params=["memory", "redis"])
def shop(request: pytest.FixtureRequest, loop: asyncio.AbstractEventLoop) -> Iterator[Shop]:
    if request.param == "memory":
        yield Shop(MemoryStore(terms_of, TIERS), loop)
        return
    store = redis_store(request.getfixturevalue("redis_server"))
    shop = Shop(store, loop)
    shop.run(store.reset())
    yield shop
    loop.run_until_complete(store.close())


def keep(shop: Shop, account: Account, id: str, value: bytes = b"", kind: str = "thing") -> None:
    shop.run(shop.store.keep(account, kind, id, value))


def page(shop: Shop, account: Account, after: str | None = None, limit: int = 100, *, newest: bool = False) -> Any:
    return shop.run(shop.store.kept_page(account, "thing", after, limit, newest_first=newest))


def test_values_are_kept_changed_and_dropped(shop: Shop) -> None:
    """Under their kind and id; bytes come back as they were."""
    account = shop.account("sk-keeper")
    keep(shop, account, "a", bytes(range(256)))
    keep(shop, account, "a", b"other kind", kind="other")
    assert shop.run(shop.store.kept(account, "thing", "a")) == bytes(range(256))
    keep(shop, account, "a", b"new")
    assert shop.run(shop.store.kept(account, "thing", "a")) == b"new"
    assert shop.run(shop.store.drop(account, "thing", "a")) is True
    assert shop.run(shop.store.drop(account, "thing", "a")) is False
    assert shop.run(shop.store.kept(account, "thing", "a")) is None
    assert shop.run(shop.store.kept(account, "other", "a")) == b"other kind"


def test_pages_go_through_everything_once_in_either_order(shop: Shop) -> None:
    """A changed value stays in its place; a page after one that is gone is told."""
    account = shop.account("sk-pages")
    names = [f"id-{number}|é" for number in range(25)]
    for name in names:
        keep(shop, account, name, name.encode())
        keep(shop, account, name, b"", kind="things")
    keep(shop, account, names[3], b"changed")
    for newest, order in ((False, names), (True, names[::-1])):
        seen: list[str] = []
        while True:
            found = page(shop, account, seen[-1] if seen else None, 10, newest=newest)
            seen += [id for id, _ in found.objects]
            if not found.has_more:
                break
        assert seen == order
    assert dict(page(shop, account).objects)[names[3]] == b"changed"
    assert page(shop, account, "nothing") is None
    assert page(shop, account, names[-1]) == KeptPage([], has_more=False)


def test_projects_and_accounts_keep_for_themselves(shop: Shop) -> None:
    """What another one keeps is not there; forgetting and resetting forget it."""
    one, other = shop.account("sk-keeper-one"), shop.account("sk-keeper-two")
    keep(shop, one, "a", b"1")
    assert shop.run(shop.store.kept(other, "thing", "a")) is None
    assert page(shop, other) == KeptPage([], has_more=False)
    keep(shop, other, "b", b"2")
    shop.run(shop.store.forget("sk-keeper-one"))
    assert shop.run(shop.store.kept(shop.account("sk-keeper-one"), "thing", "a")) is None
    assert shop.run(shop.store.kept(other, "thing", "b")) == b"2"
    shop.run(shop.store.reset())
    assert shop.run(shop.store.kept(shop.account("sk-keeper-two"), "thing", "b")) is None


@pytest.mark.parametrize(("objects", "size"), [(5, 10**6), (10**6, 50)])
def test_too_much_drops_what_was_kept_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, objects: int, size: int
) -> None:
    """By number and by bytes."""
    for module in ("understudy.core.kept", "understudy.stores.redis"):
        monkeypatch.setattr(f"{module}.MOST_OBJECTS", objects)
        monkeypatch.setattr(f"{module}.MOST_BYTES", size)
    account = shop.account("sk-much")
    for number in range(12):
        keep(shop, account, str(number), b"x" * 10)
    assert [id for id, _ in page(shop, account).objects] == ["7", "8", "9", "10", "11"]


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), NAMES, st.binary(max_size=6)),
        st.tuples(st.just("drop"), NAMES),
        st.tuples(st.just("get"), NAMES),
        st.tuples(st.just("page"), st.none() | NAMES, st.integers(1, 4), st.booleans()),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_memory_and_redis_keep_the_same_for_any_history(
    redis_server: RedisServer, loop: asyncio.AbstractEventLoop, steps: list[tuple[Any, ...]]
) -> None:
    """Every answer of both."""
    store = redis_store(redis_server)
    shops = [Shop(MemoryStore(terms_of, TIERS), loop), Shop(store, loop)]
    shops[1].run(store.reset())
    told: list[list[Any]] = [[], []]
    for shop, answers in zip(shops, told, strict=True):
        account = shop.account("sk-history")
        for step in steps:
            if step[0] == "keep":
                keep(shop, account, step[1], step[2])
            elif step[0] == "drop":
                answers.append(shop.run(shop.store.drop(account, "thing", step[1])))
            elif step[0] == "get":
                answers.append(shop.run(shop.store.kept(account, "thing", step[1])))
            else:
                answers.append(page(shop, account, step[1], step[2], newest=step[3]))
    loop.run_until_complete(store.close())
    assert told[0] == told[1]
