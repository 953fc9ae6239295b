"""Whether a request costs the same with many accounts and a long journal."""

from benchmarks import load, servers
from benchmarks.figures import Goal, Section
from benchmarks.servers import Server, Unavailable

_CONNECTIONS = 16
_TOLERATED = 0.10


def scale(*, quick: bool) -> Section:
    """CPU a request: accounts from 1 on, a journal from empty to full."""
    section = Section("Scale")
    count = 5_000 if quick else 10_000
    # A single account may ask 30,000 times a minute: warming and two rounds stay below that.
    counts = (1, 1_000) if quick else (1, 1_000, 100_000)
    kept = 5_000 if quick else 100_000
    try:
        with servers.understudy("--journal-limit", "100") as server:
            costs = {}
            for accounts in counts:
                requests = load.repeated(server.url, load.chat(), accounts)
                _send(server, requests, max(accounts, 2_000))
                costs[f"{accounts:,} account{'s' * (accounts > 1)}"] = _cost(server, requests, count)
            _add(section, "accounts", costs)
        with servers.understudy("--journal-limit", str(kept)) as server:
            requests = load.repeated(server.url, load.chat())
            _send(server, requests, 2_000)
            journal = {"an empty journal": _cost(server, requests, min(count, kept - 2_000))}
            _send(server, requests, kept)
            journal[f"a journal of {kept:,} calls"] = _cost(server, requests, count)
            _add(section, "journal", journal)
    except Unavailable as reason:
        section.notes.append(str(reason))
        section.failed = True
    return section


def _add(section: Section, what: str, costs: dict[str, float]) -> None:
    first, *_, last = costs.values()
    for name, cost in costs.items():
        section.rows.append({"": name, "CPU µs/request": cost, "against the first": cost / first})
    ends = list(costs)
    measured = f"{(last / first - 1) * 100:+.0f} %"
    section.goals.append(
        Goal(f"Scale, {what}: from {ends[0]} to {ends[-1]}", "±10 %", measured, abs(last / first - 1) <= _TOLERATED)
    )


def _send(server: Server, requests: list[bytes], count: int) -> None:
    load.run(load.drive(server.name, server.url, load.cycle(requests, count), _CONNECTIONS))


def _cost(server: Server, requests: list[bytes], count: int) -> float:
    """Microseconds of processor time a request."""
    before = server.cpu_seconds()
    _send(server, requests, count)
    return (server.cpu_seconds() - before) / count * 1e6
