"""What a shared store costs: `python -m benchmarks.redis_store`; needs redis-server and the extra `redis`."""

import asyncio
import os
import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.servers import free_port
from understudy.core.accounts import Account, AccountTerms
from understudy.core.catalog import Catalog
from understudy.core.limits import Cost
from understudy.core.pricing import DOLLAR, Usage
from understudy.core.tiers import TierTable
from understudy.core.usage_log import Spent
from understudy_data import toml

_ACCOUNTS = 100
_AT_ONCE = 64
_TICK = os.sysconf("SC_CLK_TCK")


def measure(calls: int = 20_000) -> dict[str, float]:
    """Admissions a second of one process, and processor microseconds of Redis for an admission and a settlement.

    Raises:
        RuntimeError: redis-server is not installed.
    """
    if shutil.which("redis-server") is None:
        raise RuntimeError("redis-server is not installed")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        return asyncio.run(_measured(f"redis://127.0.0.1:{port}/0", process.pid, calls))
    finally:
        process.kill()
        process.wait()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


async def _measured(url: str, pid: int, calls: int) -> dict[str, float]:
    from understudy.stores.redis import RedisStore

    now = time.time_ns() // 1_000
    store = RedisStore(url, lambda key: AccountTerms(5, 10**6 * DOLLAR), TierTable(toml("tiers.toml"), now))
    model = Catalog(toml("models.toml"), toml("limits.toml")).find("gpt-4o-mini", now)
    if model is None:
        raise RuntimeError("the catalogue has no gpt-4o-mini")
    for _ in range(100):
        try:
            await store.reset()
            break
        except Exception:
            await asyncio.sleep(0.05)
    accounts = []
    for number in range(_ACCOUNTS):
        found = store.account(f"sk-{number}", now)
        account = found if found is None or isinstance(found, Account) else await found
        if account is None:
            raise RuntimeError("the account was not made")
        await store.admit(account, model, Cost(1), now, b"x")
        accounts.append(account)
    figures = {}
    spent = Spent("completions", model.snapshot, "default", Usage(text_in=20, text_out=20), 15_000_000)

    async def admit(first: int) -> None:
        for number in range(first, calls, _AT_ONCE):
            await store.admit(accounts[number % _ACCOUNTS], model, Cost(20), now + number * 1_000, b"%d" % (number % 9))

    before, begin = _cpu(pid), time.perf_counter()
    await asyncio.gather(*(admit(first) for first in range(_AT_ONCE)))
    seconds = time.perf_counter() - begin
    figures["admissions_per_second"] = calls / seconds
    figures["admission_redis_us"] = (_cpu(pid) - before) / calls * 1e6
    before = _cpu(pid)
    for number in range(calls):
        store.settle(accounts[number % _ACCOUNTS], spent, now)
        if number % 100 == 0:
            await asyncio.sleep(0)
    await store.settled()
    figures["settlement_redis_us"] = (_cpu(pid) - before) / calls * 1e6
    await store.close()
    return figures


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:24}{value:12,.1f}")
