"""Real worker processes over a real Redis: the limit is exact, nothing is lost, and what is gone comes back."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.conftest import RedisServer, free_port

pytestmark = pytest.mark.skipif(os.name == "nt", reason="several workers need POSIX")
GUARD = 60
CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello"}]}


class Serving:
    """`understudy serve` with workers."""

    def __init__(self, folder: Path, redis: RedisServer, *arguments: str, workers: int = 2) -> None:
        reader, writer = os.pipe()
        command = [sys.executable, "-m", "understudy", "serve", "--port=0", f"--workers={workers}"]
        command += [f"--store={redis.url}", f"--ready-fd={writer}", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as pipe:
            self.port: int = json.loads(pipe.read())["port"]

    @property
    def workers(self) -> list[int]:
        """Process ids."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, timeout=GUARD, check=False
        )
        return [int(line) for line in found.stdout.split()]

    def call(self, method: str, path: str, body: Any = None, key: str = "sk-load") -> tuple[int, Any]:
        """One request on a connection of its own, so that any worker may have it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=GUARD)
        try:
            headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data else None
        finally:
            connection.close()

    def chat(self, key: str = "sk-load") -> int:
        return self.call("POST", "/v1/chat/completions", CHAT, key)[0]

    def ledger(self, key: str) -> Any:
        return self.call("GET", f"/_understudy/accounts/{key}/ledger?limit=1000")[1]

    def end(self) -> tuple[int, bytes]:
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=GUARD)
        return self.process.returncode, errors


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[Serving]:
    serving = Serving(tmp_path_factory.mktemp("serving"), redis_server, "--clock=virtual")
    yield serving
    assert serving.end() == (0, b"")


def test_the_clocks_of_all_workers_start_together(serving: Serving) -> None:
    """Although the workers do not: to the microsecond, so that no bucket refills between two of them."""
    shown = {serving.call("GET", "/_understudy/health")[1]["now"] for _ in range(24)}
    assert len(serving.workers) == 2
    assert len(shown) == 1


def test_the_limit_is_exact_across_workers(serving: Serving) -> None:
    """A burst over many connections: five hundred a minute are five hundred, whoever answers."""
    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(lambda _: serving.chat("sk-tier1-exact"), range(620)))
    assert statuses == {200: 500, 429: 120}


def test_every_worker_answers(serving: Serving) -> None:
    """And a change by one is met by all."""
    assert len(serving.workers) == 2
    status, account = serving.call("PATCH", "/_understudy/accounts/sk-change", {"tier": "1", "credits": "0"})
    assert (status, account["balance"]) == (200, "0.00")
    assert {serving.chat("sk-change") for _ in range(12)} == {429}
    serving.call("POST", "/_understudy/accounts/sk-change/credits", {"amount": "5"})
    assert {serving.chat("sk-change") for _ in range(12)} == {200}


def test_charges_of_all_workers_are_in_one_ledger(serving: Serving) -> None:
    """One for each answer, and the balance is their sum."""
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(lambda _: serving.chat("sk-ledger"), range(200)))
    assert statuses == {200: 200}
    ledger = serving.ledger("sk-ledger")
    assert sum(entry["kind"] == "charge" for entry in ledger["entries"]) == 200


def test_a_clock_that_is_moved_moves_everywhere(serving: Serving) -> None:
    """Control calls reach one worker; the others are told."""

    def clocks() -> list[datetime]:
        return [datetime.fromisoformat(serving.call("GET", "/_understudy/health")[1]["now"]) for _ in range(8)]

    moved = min(clocks()) + timedelta(days=399)
    assert serving.call("POST", "/_understudy/clock/advance", {"seconds": 86_400 * 400})[0] == 200
    patience = time.monotonic() + GUARD
    while min(clocks()) < moved and time.monotonic() < patience:
        pass
    assert min(clocks()) > moved


def test_killing_a_worker_in_the_middle_of_load_loses_no_entry(tmp_path: Path, redis_server: RedisServer) -> None:
    """Whoever got an answer was charged for it; the killed one is replaced; the bucket is as it should be."""
    serving = Serving(tmp_path, redis_server, "--tier=5")
    answered: list[int] = []
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            try:
                answered.append(serving.chat("sk-killed"))
            except (OSError, http.client.HTTPException):
                # The answer that the kill cut off.
                continue

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        while len(answered) < 150:
            pass
        killed = serving.workers[0]
        os.kill(killed, signal.SIGKILL)
        while len(answered) < 400:
            pass
    finally:
        stop.set()
        for thread in threads:
            thread.join(GUARD)
    good = answered.count(200)
    assert set(answered) == {200}
    ledger = serving.ledger("sk-killed")
    charges = sum(entry["kind"] == "charge" for entry in ledger["entries"])
    # A call that was cut off may have been charged: it was answered, but the answer did not arrive.
    assert good <= charges <= good + 6
    limits = serving.call("GET", "/_understudy/accounts/sk-killed/limits/gpt-4o-mini")[1]
    assert limits["limits"]["rpm"] == 30_000
    patience = time.monotonic() + GUARD
    while len(serving.workers) < 2 and time.monotonic() < patience:
        pass
    assert killed not in serving.workers
    assert len(serving.workers) == 2
    assert serving.end()[0] == 0


def test_redis_that_goes_is_a_503_and_comes_back_by_itself(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """In the real envelope, quickly; and the next call after its return succeeds."""
    redis = RedisServer(tmp_path_factory.mktemp("gone"))
    serving = Serving(tmp_path, redis, workers=2)
    assert serving.chat() == 200
    redis.stop()
    status, body = serving.call("POST", "/v1/chat/completions", CHAT)
    assert (status, body["error"]["type"], body["error"]["code"]) == (503, "server_error", "store_unavailable")
    redis.start()
    patience = time.monotonic() + GUARD
    statuses = []
    while time.monotonic() < patience and statuses[-4:] != [200] * 4:
        statuses.append(serving.chat())
    assert statuses[-4:] == [200] * 4
    redis.stop()
    assert serving.end()[0] == 0


def test_no_script_touches_two_slots_of_a_cluster(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A real node in cluster mode refuses what would: all keys of an organization carry its tag."""
    folder = tmp_path_factory.mktemp("cluster")
    redis = RedisServer(
        folder, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", str(free_port())
    )
    try:
        port = str(redis.port)
        subprocess.run(
            ["redis-cli", "-p", port, "cluster", "addslotsrange", "0", "16383"],
            check=True,
            capture_output=True,
            timeout=GUARD,
        )
        state = ""
        while "cluster_state:ok" not in state:
            state = subprocess.run(
                ["redis-cli", "-p", port, "cluster", "info"], check=True, capture_output=True, text=True, timeout=GUARD
            ).stdout
        asyncio.run(_a_life(redis.url))
    finally:
        redis.stop()


async def _a_life(url: str) -> None:
    from tests.contracts.test_store import MINI, NOW, TIERS, terms_of

    from understudy.core.accounts import Account
    from understudy.core.limits import Cost
    from understudy.core.pricing import DOLLAR, Usage
    from understudy.core.usage_log import Spent
    from understudy.stores.redis import RedisStore

    store = RedisStore(url, terms_of, TIERS)
    for key in ("sk-one", "sk-two", "sk-own"):
        found: Any = store.account(key, NOW)
        account = found if isinstance(found, Account) else await found
        assert account is not None
        assert (await store.admit(account, MINI, Cost(5), NOW, b"x")).refusal is None
        store.settle(account, Spent("completions", "m", "default", Usage(text_in=1), DOLLAR), NOW)
        await store.settled()
        assert await store.change(account, lambda each: each.organization.refresh(NOW)) is None
    balances = {account.organization.ledger.balance for account in await store.accounts()}
    assert balances == {3 * DOLLAR, 9 * DOLLAR}
    await store.reset()
    await store.close()
