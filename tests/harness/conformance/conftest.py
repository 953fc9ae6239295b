"""Helpers of the conformance suite's own tests: evidence without a run, and runs without waiting."""

import asyncio
import selectors
import socket
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case import Case, in_seat, select, selected
from understudy_harness.conformance.case_reader import load_cases, parse_cases
from understudy_harness.conformance.driver import Attempt, DriverCrashed
from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.protocol import (
    Client,
    Failure,
    Final,
    Introduction,
    Progress,
    Result,
    Run,
    Skipped,
    decode_line,
)
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.driver import INTRODUCTION, perform, written
from understudy_harness.conformance.results import CaseResult, SuiteResult
from understudy_harness.conformance.runner import Listener, Runner
from understudy_harness.conformance.steadiness import Steadiness
from understudy_harness.conformance.verdict import Judgement, Mark, Verdict
from understudy_harness.conformance.wire_log import WireLog

EPOCH = 1_755_133_835.25
"""What the clock shows when a virtual loop begins, in seconds since the epoch."""
CANARY = Canary("sk-canary-0123456789abcdef", "canary-1234")


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else is to be done.

    Sockets are real: before a jump, whatever was sent gets the time to arrive (see `_Probe`).
    """

    def __init__(self) -> None:
        super().__init__(_JumpingSelector(self))
        self.virtual_time = 0.0

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.virtual_time


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._probe = _Probe()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(5.0)
        for _ in range(_PROBES):
            self._probe.pass_through()
            ready = super().select(0)
            if ready:
                return ready
        self._loop.virtual_time += timeout
        return ready

    def close(self) -> None:
        super().close()
        self._probe.close()


_PROBES = 3


class _Probe:
    """A connection of its own: when a byte has passed through it, so has what was sent before it.

    However loaded the machine is, no fixed time is enough for that, and on a quiet one any is too long.
    """

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._near = socket.create_connection(listener.getsockname())
            self._far, _ = listener.accept()
        self._near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def pass_through(self) -> None:
        self._near.send(b".")
        self._far.recv(1)

    def close(self) -> None:
        self._near.close()
        self._far.close()


class InProcessDriver:
    """A driver in the suite's own loop, around a client class.

    Args:
        client_class: what it drives.
        introduction: its answer to `hello`.
        crashes: numbers of the runs in which it crashes.
        starts_allowed: how often it can be started.
        skips: why it declines every run, if it does.
        complains: what it writes to standard error in the first run.
    """

    def __init__(
        self,
        client_class: type[ReferenceClient],
        introduction: Introduction,
        *,
        crashes: Sequence[int] = (),
        starts_allowed: int = 99,
        skips: str = "",
        complains: bytes = b"",
    ) -> None:
        self._client_class = client_class
        self._introduction = introduction
        self._crashes = crashes
        self._starts_allowed = starts_allowed
        self._skips = skips
        self._complains = complains
        self._complained = b"from before"
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._kept: dict[str, ReferenceClient] = {}
        self.alive = True
        self.starts = 0
        self.killed = 0
        self.messages: list[Run] = []

    async def start(self) -> Introduction:
        self.starts += 1
        if self.starts > self._starts_allowed:
            raise DriverCrashed("it does not start")
        self.alive = True
        return self._introduction

    def run(self, message: Run) -> Attempt:
        self.messages.append(message)
        attempt = Attempt()
        if message.seq == 1:
            self._complained = self._complains
        if message.seq in self._crashes:
            self.alive = False
            self._complained = f"core dumped\nSegmentation fault with {message.api_key}\n".encode()
            attempt.fail(DriverCrashed("the driver ended with exit code 7", 7))
            return attempt
        if self._skips:
            attempt.final.set_result(Final(message.seq, skipped=Skipped(self._skips, "https://example.com/1")))
            return attempt
        self._tasks[message.seq] = asyncio.ensure_future(self._perform(message, attempt))
        return attempt

    async def _perform(self, message: Run, attempt: Attempt) -> None:
        def say(line: Mapping[str, Any]) -> None:
            told = written(line)
            attempt.said += told
            progress = decode_line(told)
            assert isinstance(progress, Progress)
            attempt.take(progress)

        run = msgspec.to_builtins(message)
        told = await perform(self._client_class, run, _virtual_now, say, log=self._complain, kept=self._kept)
        line = written(told)
        attempt.said += line
        final = decode_line(line)
        assert isinstance(final, Final)
        if not attempt.final.done():
            attempt.final.set_result(final)

    def _complain(self, words: str) -> None:
        self._complained += words.encode()

    def cancel(self, seq: int) -> None:
        self._tasks[seq].cancel()

    def complaints(self) -> bytes:
        taken, self._complained = self._complained, b""
        return taken

    def add_to(self, evidence: Evidence) -> None:
        pass

    async def end(self, within: float) -> bool:
        """As `asyncio.run` does it: what is under way is cancelled, and waited for."""
        self.alive = False
        running = [task for task in self._tasks.values() if not task.done()]
        for task in running:
            task.cancel()
        _, left = await asyncio.wait(running, timeout=within) if running else ((), ())
        return not left

    async def kill(self) -> None:
        self.killed += 1
        self.alive = False
        for task in self._tasks.values():
            task.cancel()

    async def stop(self) -> None:
        await self.kill()


def _virtual_now() -> float:
    return EPOCH + asyncio.get_running_loop().time()


class Steady(Steadiness):
    """A suite that is as late as it is told to be."""

    def __init__(self, *lags: float) -> None:
        super().__init__()
        self._lags = list(lags)

    @asynccontextmanager
    async def __call__(self):
        self.worst = self._lags.pop(0) if self._lags else 0.0
        yield self

    def doubt(self, moments):
        """As late as it was all the time."""
        return self.worst


@pytest.fixture(scope="session")
def cases() -> dict[str, Case]:
    """Every case that is shipped, by its number."""
    return {case.id.partition("-")[0]: case for case in load_cases()}


@pytest.fixture
def virtually() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine in virtual time."""

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(coroutine)

    return run


class SuiteRunner:
    """Runs cases against a client class, in virtual time over real sockets.

    Attributes:
        driver: of the last run.
    """

    driver: InProcessDriver

    def __init__(self, virtually: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._virtually = virtually

    def __call__(
        self,
        client_class: type[ReferenceClient] = ReferenceClient,
        selectors: Iterable[str] = (),
        *,
        chosen: Sequence[Case] | None = None,
        introduction: dict[str, Any] = INTRODUCTION,
        lags: Sequence[float] = (),
        listeners: Iterable[Listener] = (),
        **misbehaviour: Any,
    ) -> SuiteResult:
        async def whole() -> SuiteResult:
            told = msgspec.convert(introduction, Introduction)
            self.driver = InProcessDriver(client_class, told, **misbehaviour)
            runner = Runner(
                lambda: self.driver,
                ["reference"],
                now=lambda: round(_virtual_now() * 1_000_000),
                listeners=listeners,
                watch=Steady(*lags),
            )
            listed = in_seat(load_cases(), "D", slow=False) if chosen is None else chosen
            return await runner.run(select(listed, selectors) if selectors else listed)

        return self._virtually(whole())


@pytest.fixture
def run_suite(virtually) -> SuiteRunner:
    """Runs cases against a client class."""
    return SuiteRunner(virtually)


@pytest.fixture
def run_jobs(virtually) -> Callable[..., tuple[SuiteResult, int]]:
    """Runs cases several at once, against the reference client; gives back the results and how many drivers there were."""

    def run(selectors: Iterable[str], *, jobs: int, listeners: Iterable[Listener]) -> tuple[SuiteResult, int]:
        drivers: list[InProcessDriver] = []

        def make() -> InProcessDriver:
            drivers.append(InProcessDriver(ReferenceClient, msgspec.convert(INTRODUCTION, Introduction)))
            return drivers[-1]

        async def whole() -> SuiteResult:
            now = lambda: round(_virtual_now() * 1_000_000)  # noqa: E731 # one expression
            runner = Runner(make, ["reference"], now=now, listeners=listeners, watch=Steady(), jobs=jobs)
            return await runner.run(select(in_seat(load_cases(), "D", slow=False), selectors))

        return virtually(whole()), len(drivers)

    return run


@pytest.fixture
def search() -> Callable[..., SuiteResult]:
    """Tries generated relations, by the beginnings of their ids, against a client class."""
    from understudy_harness.conformance.generate.relations import RELATIONS
    from understudy_harness.conformance.generate.search import Search

    def run(
        client_class: type[ReferenceClient] = ReferenceClient,
        selectors: Sequence[str] = ("M",),
        *,
        examples: int = 40,
        seed: int = 0,
        listeners: Iterable[Listener] = (),
        introduction: dict[str, Any] = INTRODUCTION,
        **misbehaviour: Any,
    ) -> SuiteResult:
        driver = InProcessDriver(client_class, msgspec.convert(introduction, Introduction), **misbehaviour)
        now = lambda: round(_virtual_now() * 1_000_000)  # noqa: E731 # one expression
        with asyncio.Runner(loop_factory=VirtualLoop) as loop:
            runner = Runner(lambda: driver, ["reference"], now=now, watch=Steady(), seed=seed)
            tried = Search(
                runner,
                ["reference"],
                execute=loop.run,
                now=now,
                listeners=listeners,
                examples=examples,
                seed=seed,
            )
            return tried.run([each for each in RELATIONS if any(selected(each.id, word) for word in selectors)])

    return run


@pytest.fixture
def make_evidence() -> Callable[..., Evidence]:
    """Evidence as a run would leave it: requests as (start, end of answer), and what the client reported."""

    def make(
        requests: Sequence[tuple[float, float | None]] = (),
        *,
        result: Result | None = None,
        failure: Failure | None = None,
        settled: float | None = 10.0,
        closed: float | None = 10.0,
        **more: Any,
    ) -> Evidence:
        log = WireLog(lambda: 0.0)
        for started, answered in requests:
            socket = log.open_socket()
            socket.opened, socket.closed, socket.closed_by = started, closed, "client" if closed is not None else ""
            exchange = log.begin_exchange(socket, started)
            exchange.method, exchange.target, exchange.read = "POST", "/v1/chat/completions", started
            exchange.answer_started = exchange.answered = answered
        return Evidence(CANARY, log, result=result, failure=failure, settled=settled, **more)

    return make


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """A case made of a few keys; the rest is ordinary."""

    def make(**keys: Any) -> Case:
        table = {
            "id": "9.1-made",
            "title": "Made",
            "rationale": "For a test.",
            "level": "must",
            "seat": ["D"],
            "needs": ["chat"],
            "serve": [{"answer": "ok"}],
            "references": ["our choice"],
            "expect": {"must": ["requests == 1", "outcome is success and text == ok.text"]},
            **keys,
        }
        document = {"group": {"id": "9", "title": "Tests", "about": "Made.", **GROUP}, "case": [table]}
        return parse_cases(document, "made.toml")[0]

    return make


@pytest.fixture
def made(make_case):
    """A suite with one result of every kind."""

    def result(number: int, judgement: Judgement, reason: str = "", level: str = "must") -> CaseResult:
        return CaseResult(make_case(id=f"9.{number}-made", level=level), judgement, reason)

    results = [
        result(1, Judgement(Verdict.OK)),
        result(2, Judgement(Verdict.OK, clean=False, untidy=["no_secret"])),
        result(3, Judgement(Verdict.FAILED, Mark.SILENT, unmet=["requests == 1"])),
        result(4, Judgement(Verdict.FAILED, unmet=["gap(1) >= 2"]), level="should"),
        result(5, Judgement(Verdict.ERROR), "the driver ended with \x1b[31mcolour\x00"),
        result(6, Judgement(Verdict.INCONCLUSIVE), "the suite itself was 30 ms late", level="should"),
        result(7, Judgement(Verdict.UNSUPPORTED), "the driver has no stream"),
        result(8, Judgement(Verdict.NON_STRICT)),
        result(9, Judgement(Verdict.INFO), level="info"),
        result(10, Judgement(Verdict.SKIPPED), "known to hang https://example.com/1"),
    ]
    return SuiteResult(Introduction(Client("made", "1 <&>"), ["chat"]), ["driver"], results, 1_755_133_835_250_000, 1.5)


GROUP = {"slack": {"early_s": 0.05, "late_share": 0.5, "late_s": 2.0}, "tidy": ["no_late_request"]}
