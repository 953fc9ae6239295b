"""How much is answered: JSON chat and unpaced streams, ours beside the references, in alternating rounds."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks import load, servers, wrk
from benchmarks.figures import Goal, Section
from benchmarks.servers import Server, Unavailable

OURS = "Understudy"
NEW_BODIES = 4_096
"""So many different bodies take turns: eight times as many as Understudy remembers having read."""
WARM_PEER = 20_000
"""Requests before a peer is measured: a cold Node looks three times slower than it is."""
WARM_PEER_STREAMS = 2_000

Starter = Callable[[], AbstractContextManager[Server]]
"""Starts a server; raises Unavailable where it cannot run."""


@dataclass(frozen=True)
class Work:
    """What a server is asked in a round.

    Attributes:
        label: of its row.
        start: the server; rows with the same one share it.
        bodies: that take turns.
        warm: requests before the first round.
    """

    label: str
    start: Starter
    bodies: list[bytes]
    warm: int


@dataclass(frozen=True)
class Rounds:
    """How long is measured.

    Attributes:
        count: rounds, alternating between the servers.
        seconds: of each.
        connections: that are kept busy.
        answer_seconds: after which a silent server is given up.
    """

    count: int
    seconds: float
    connections: int
    answer_seconds: float = load.ANSWER_SECONDS


def json_chat(*, quick: bool) -> Section:
    """JSON chat at 16 connections."""
    body = load.chat(temperature=0.7)
    new = [load.chat(f"What is the price of article {number}?", temperature=0.7) for number in range(NEW_BODIES)]
    short = 3_000
    work = [
        Work(OURS, servers.understudy, [body], short),
        Work(f"{OURS}, every body new", servers.understudy, new, short),
        Work("raw ASGI constant", servers.constant, [body], short),
        Work("ordinary FastAPI", servers.ordinary, [body], short),
        Work("aimock", servers.aimock, [body], WARM_PEER),
    ]
    rounds = Rounds(1, 1.0, 16) if quick else Rounds(3, 3.0, 16)
    section = compared("JSON chat, 16 connections", work, rounds, unit="request", generator=_faster_generator)
    _judge(section, "raw ASGI constant", "JSON chat: throughput of a raw constant, of our CPU", 0.6)
    _judge(section, "aimock", "JSON chat: requests per CPU second, against warm aimock", 1.5)
    _judge(section, "aimock", "JSON chat: the same, the further goal", 3)
    section.notes.append(
        "Generator: wrk." if wrk.is_installed() else "Generator: our own in Python, which a raw constant may outrun."
    )
    return section


def streamed_chat(*, quick: bool) -> Section:
    """Unpaced streams at 8 connections."""
    body = load.chat("Tell me in exactly 80 words about rain.", stream=True)
    work = [
        Work(OURS, servers.understudy, [body], 100),
        Work("raw ASGI constant", servers.constant, [body], 100),
        Work("ordinary FastAPI", servers.ordinary, [body], 100),
        Work("aimock", servers.aimock, [body], WARM_PEER_STREAMS),
    ]
    rounds = Rounds(1, 1.0, 8) if quick else Rounds(3, 2.0, 8)
    section = compared("SSE, unpaced, 8 connections", work, rounds, unit="event")
    _judge(section, "aimock", "SSE, unpaced: events per CPU second, against warm aimock", 4)
    return section


def compared(
    title: str,
    work: list[Work],
    rounds: Rounds,
    *,
    unit: str,
    generator: "Callable[[Server, Work, Rounds], dict[str, float]] | None" = None,
) -> Section:
    """Measure everybody in alternating rounds; who cannot be measured is named in the notes.

    Args:
        title: of the section.
        work: rows; the first one is ours.
        rounds: how long.
        unit: `request` or `event`: what is counted.
        generator: makes a round; our own by default.
    """
    generate = generator or _own_generator
    section = Section(title)
    first = work[0].label
    figures: dict[str, list[dict[str, float]]] = {one.label: [] for one in work}
    running: dict[Starter, Server] = {}
    with ExitStack() as opened:
        for one in list(work):
            try:
                if one.start not in running:
                    running[one.start] = opened.enter_context(one.start())
                _warm(running[one.start], one, rounds)
            except Unavailable as reason:
                _drop(one, reason, work, section)
        for _ in range(rounds.count):
            for one in list(work):
                server = running[one.start]
                try:
                    figures[one.label].append(_figures(server, one, rounds, unit, generate))
                except Unavailable as reason:
                    _drop(one, reason, work, section)
    ours = _medians(figures[first], unit) if any(one.label == first for one in work) else None
    for one in work:
        row = _medians(figures[one.label], unit)
        against = None if ours is None else row[f"CPU µs/{unit}"] / ours[f"CPU µs/{unit}"]
        section.rows.append({"": one.label, **row, "its CPU / ours": against})
    return section


def _drop(one: Work, reason: Unavailable, work: list[Work], section: Section) -> None:
    work.remove(one)
    section.notes.append(str(reason))
    section.failed = section.failed or one.label.startswith(OURS)


def _requests(server: Server, one: Work) -> list[bytes]:
    count = max(load.KEYS, len(one.bodies))
    bodies = one.bodies
    return [
        load.post(server.url, bodies[number % len(bodies)], load.key(number % load.KEYS)) for number in range(count)
    ]


def _warm(server: Server, one: Work, rounds: Rounds) -> None:
    requests = load.cycle(_requests(server, one), one.warm)
    load.run(load.drive(server.name, server.url, requests, rounds.connections, answer_seconds=rounds.answer_seconds))


def _own_generator(server: Server, one: Work, rounds: Rounds) -> dict[str, float]:
    requests: Iterator[bytes] = load.cycle_for(_requests(server, one), rounds.seconds)
    measured = load.run(
        load.drive(server.name, server.url, requests, rounds.connections, answer_seconds=rounds.answer_seconds)
    )
    return {
        "request": measured.requests,
        "event": measured.events,
        "bytes": measured.size,
        "seconds": measured.seconds,
        "p50": measured.percentile(0.5) * 1e3,
        "p99": measured.percentile(0.99) * 1e3,
    }


def _faster_generator(server: Server, one: Work, rounds: Rounds) -> dict[str, float]:
    if not wrk.is_installed():
        return _own_generator(server, one, rounds)
    found = wrk.round_of(server, one.bodies, rounds.connections, load.KEYS, rounds.seconds)
    return {
        "request": found["requests"],
        "seconds": found["seconds"],
        "p50": found["p50_ms"],
        "p99": found["p99_ms"],
    }


def _figures(
    server: Server, one: Work, rounds: Rounds, unit: str, generate: "Callable[[Server, Work, Rounds], dict[str, float]]"
) -> dict[str, float]:
    before = server.cpu_seconds()
    found = generate(server, one, rounds)
    cpu = server.cpu_seconds() - before
    if not found[unit]:
        raise Unavailable(f"{server.name} answered without a single {unit}.")
    figures = {f"CPU µs/{unit}": cpu / found[unit] * 1e6, f"{unit}s/s": found[unit] / found["seconds"]}
    if unit == "event":
        return {**figures, "bytes/event": found["bytes"] / found[unit]}
    return {**figures, "p50 ms": found["p50"], "p99 ms": found["p99"]}


def _medians(taken: list[dict[str, float]], unit: str) -> dict[str, float]:
    return {name: median(row[name] for row in taken) for name in taken[0]}


def _judge(section: Section, peer: str, what: str, wanted: float) -> None:
    rows: dict[str, dict[str, Any]] = {row[""]: row for row in section.rows}
    if OURS not in rows or peer not in rows:
        return
    ratio = rows[peer]["its CPU / ours"]
    section.goals.append(Goal(what, f"≥ {wanted:g}×", f"{ratio:.2f}×", ratio >= wanted))
