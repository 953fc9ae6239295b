"""What many tests share: a simulator without any server, and the recorded exchanges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from understudy.core.api import build_routes
from understudy.core.catalog import Catalog
from understudy.core.clock import VirtualClock
from understudy.core.documented import Documented
from understudy.core.faults import Faults
from understudy.core.headers import RetryHeaders
from understudy.core.journal import Journal
from understudy.core.key_words import read_key
from understudy.core.messages import Answer, Request
from understudy.core.pacing import NONE, Pacing
from understudy.core.plans_accounts import Plans
from understudy.core.plans_table import PlanTable
from understudy.core.pricing import DOLLAR, PriceList
from understudy.core.replies.moderation import Moderation
from understudy.core.simulator import Simulator, SimulatorSettings
from understudy.core.terms import AccountTerms
from understudy.core.tiers import TierTable
from understudy.media.library import default_media
from understudy.stores.memory import MemoryStore
from understudy_data import toml

pytest_plugins = ["pytester"]

START = 1_795_471_200_000_000
"""23 November 2026, 22:00 UTC."""
RECORDED = Path(__file__).parent / "recorded"


class Result:
    """An answer, played out to its end.

    Attributes:
        status: HTTP status.
        headers: as text.
        body: all bytes.
        parts: (due, data) of a stream.
        answer: the value itself.
    """

    def __init__(self, answer: Answer, now: int, *, stop_after: int | None = None) -> None:
        self.answer = answer
        self.status = answer.status
        self.headers = {name.decode(): value.decode() for name, value in answer.headers}
        self.parts: list[tuple[int, bytes]] = []
        if isinstance(answer.body, bytes):
            self.body = answer.body
            return
        self.parts = list(islice(answer.body.parts(), stop_after))
        answer.body.finish(now, complete=stop_after is None)
        self.body = b"".join(data for _, data in self.parts)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The events of a stream: decoded JSON, and `[DONE]` as it is."""
        texts = [block.removeprefix("data: ") for block in self.body.decode().split("\n\n") if block]
        return [text if text == "[DONE]" else json.loads(text) for text in texts]

    @property
    def error(self) -> Mapping[str, Any]:
        error: Mapping[str, Any] = self.json["error"]
        return error


class Api:
    """A simulator on a virtual clock, asked without any server."""

    def __init__(
        self,
        *,
        tier: int = 1,
        credits: int = 10 * DOLLAR,
        seed: int = 0,
        at: int = START,
        pacing: Pacing = NONE,
        reject_retired: bool = False,
        known_keys: frozenset[str] | None = None,
        quota_codes: bool = False,
        retry: RetryHeaders | None = None,
        plan: str = "plus",
        mode: str | None = None,
    ) -> None:
        self.clock = VirtualClock(at)
        self.failures: list[BaseException] = []
        terms = AccountTerms(tier, credits)

        def terms_of(key: str) -> AccountTerms | None:
            return read_key(key, terms) if known_keys is None else terms if key in known_keys else None

        self.simulator = Simulator(
            SimulatorSettings(
                seed=seed,
                era=at,
                pacing=pacing,
                reject_retired=reject_retired,
                quota_codes=quota_codes,
                retry=retry or RetryHeaders(),
            ),
            catalog=Catalog(toml("models.toml"), toml("limits.toml")),
            prices=PriceList(toml("prices.toml"), at),
            plans=Plans(PlanTable(toml("plans.toml"), at), default=plan, mode=mode),
            clock=self.clock,
            store=MemoryStore(terms_of, TierTable(toml("tiers.toml"), at)),
            media=default_media(),
            routes=build_routes(Moderation(toml("moderation.toml"))),
            journal=Journal(1_000),
            faults=Faults(),
            documented=Documented(partial(toml, "operations.toml")),
            on_failure=lambda request_id, failure: self.failures.append(failure),
        )

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        key: str | None = "sk-test-0123456789",
        headers: Mapping[str, str] | None = None,
        stop_after: int | None = None,
    ) -> Result:
        given = {name.lower().encode(): value.encode() for name, value in (headers or {}).items()}
        if key is not None:
            given[b"authorization"] = f"Bearer {key}".encode()
        return self.ask(Request(method, path, given, body), stop_after=stop_after)

    def ask(self, request: Request, *, stop_after: int | None = None) -> Result:
        """Send a request as it is."""
        steps = self.simulator.respond(request, self.clock.now())
        try:
            steps.send(None)
        except StopIteration as done:
            result = Result(done.value, self.clock.now(), stop_after=stop_after)
        else:
            raise AssertionError("the store in memory never waits")
        if self.failures:
            raise self.failures[0]
        return result

    def chat(self, body: Mapping[str, Any] | None = None, **options: Any) -> Result:
        """A chat completion: `body` over a short default one."""
        whole = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello!"}], **(body or {})}
        return self.send("POST", "/v1/chat/completions", json.dumps(whole).encode(), **options)


@pytest.fixture(scope="session", autouse=True)
def options_of_this_run_are_not_those_of_the_runs_it_starts() -> Iterator[None]:
    """A pytest that a test starts is told by the test alone how to run: `-n`, say, is not meant for it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("PYTEST_ADDOPTS", raising=False)
        yield


@pytest.fixture
def make_api() -> Callable[..., Api]:
    """Makes simulators with settings of their own."""
    return Api


@pytest.fixture
def api() -> Api:
    """A simulator at tier 1 with ten dollars."""
    return Api()


@pytest.fixture
def recorded() -> Callable[[str], dict[str, Any]]:
    """Reads a recorded exchange with the real API, by folder and name."""

    def read(name: str) -> dict[str, Any]:
        exchange: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
        return exchange

    return read
