"""The stage of one run: the case's servers on one side, the driver on the other, and the calls that are made."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case import Cancel, Case
from understudy_harness.conformance.case_server import CaseServer
from understudy_harness.conformance.driver import Attempt, Driver, DriverCrashed
from understudy_harness.conformance.evidence import Call
from understudy_harness.conformance.protocol import Final, Introduction, Run, Skipped

CANCEL_S = 1.0
"""Time for a run that hangs to end after it was cancelled; then the driver is ended."""
END_S = 8.0
"""Time to end for who is told to while a stream stands open: more than any case allows."""
CLOSE_S = 2.0
"""Most time to wait for sockets to be closed after the final line."""


class Hung(Exception):
    """A call has not come to its end within the case's window."""


class Begun:
    """A call under way.

    Attributes:
        call: what becomes evidence of it.
        attempt: the driver's side of it.
        seq: of its run line.
    """

    def __init__(self, call: Call, attempt: Attempt, seq: int) -> None:
        self.call = call
        self.attempt = attempt
        self.seq = seq


class Stage:
    """What a play has to do with.

    Args:
        case: which.
        server: of the case, started.
        driver: of the client, started.
        introduction: of the client.
        canary_of: makes the canary of a call by its number, from 1.
        next_seq: gives each run line its number.

    Attributes:
        begun: the calls, in order.
        values: what was measured.
        skipped: what the driver said when it declined, or None.
        hung: whether a call did not come to its end.
    """

    def __init__(
        self,
        case: Case,
        server: CaseServer,
        driver: Driver,
        introduction: Introduction,
        canary_of: Callable[[int], Canary],
        next_seq: Callable[[], int],
    ) -> None:
        self.case = case
        self.server = server
        self._driver = driver
        self._introduction = introduction
        self._canary_of = canary_of
        self._canary = canary_of(1)
        self._next_seq = next_seq
        self.begun: list[Begun] = []
        self.values: dict[str, float] = {}
        self.skipped: Skipped | None = None
        self.hung = False

    @property
    def calls(self) -> list[Call]:
        """As evidence."""
        return [begun.call for begun in self.begun]

    def now(self) -> float:
        """Seconds since the run began."""
        return self.server.log.now()

    def measure(self, name: str, value: float) -> None:
        """Let expectations ask for a value."""
        self.values[name] = value

    def begin(self, **changes: Any) -> Begun:
        """Begin a call as the case has it.

        Args:
            changes: fields of the run line that are otherwise: `op`, `input`, `options`.
        """
        case = self.case
        number = len(self.begun) + 1
        canary = self._canary if number == 1 or case.calls.same_key else self._canary_of(number)
        self.server.expect(canary)
        seq = self._next_seq()
        options = case.options
        if case.calls.reuse:
            options = msgspec.structs.replace(options, reuse=self._canary.word)
        if self.server.ca_file is not None:
            options = msgspec.structs.replace(options, ca_file=self.server.ca_file)
        base_url = case.base_url.replace("{origin}", self.server.origin)
        run = Run(seq, case.id, case.op, base_url, canary.key, case.input(canary), options)
        run = msgspec.structs.replace(run, **changes)
        call = Call(canary, run.op, began=self.now())
        begun = Begun(call, self._driver.run(run), seq)
        self.begun.append(begun)
        return begun

    async def end(self, begun: Begun, within: float | None = None) -> None:
        """Wait for a call's final line.

        Args:
            begun: the call.
            within: seconds; None for the case's window.

        Raises:
            Hung: it did not come in time.
            DriverCrashed, ProtocolError: the driver did not do its part.
        """
        seconds = self.case.window_s if within is None else within
        done, _ = await asyncio.wait((begun.attempt.final,), timeout=seconds)
        if not done:
            raise Hung
        self._take(begun, begun.attempt.final.result())

    async def end_one(self, running: list[Begun]) -> None:
        """Wait for the first of several calls to end, and take those that have off the list; see `end`."""
        finals = {begun.attempt.final for begun in running}
        done, _ = await asyncio.wait(finals, timeout=self.case.window_s, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise Hung
        for begun in [each for each in running if each.attempt.final in done]:
            self._take(begun, begun.attempt.final.result())
            running.remove(begun)

    async def end_all(self) -> None:
        """Wait for every call that was begun; see `end`."""
        deadline = self.now() + self.case.window_s
        for begun in self.begun:
            if begun.call.settled is None:
                await self.end(begun, max(0.0, deadline - self.now()))

    def cancel(self, begun: Begun) -> None:
        """Give a call up."""
        begun.call.cancelled = self.now()
        self._driver.cancel(begun.seq)

    async def end_driver(self) -> None:
        """Tell the driver, or the program, to end, whatever is under way; the next run starts it anew.

        Measures `gone_s`, and `ended_by_itself` as 1 or 0.
        """
        told = self.now()
        by_itself = await self._driver.end(END_S)
        self.measure("gone_s", self.now() - told)
        self.measure("ended_by_itself", float(by_itself))

    async def answered(self, number: int = 1) -> None:
        """Wait until the first byte of an answer has been sent, or the window is over."""
        await self._until(lambda: len([each for each in self.server.log.exchanges if each.answer_size]) >= number)

    async def requested(self, number: int) -> None:
        """Wait until so many requests have begun, or the window is over."""
        await self._until(lambda: len(self.server.log.exchanges) >= number)

    async def progressed(self, begun: Begun, lines: int) -> None:
        """Wait until a call has said so many lines, or the window is over, or it has ended."""
        attempt = begun.attempt
        deadline = self.now() + self.case.window_s
        while len(attempt.progress) < lines and not attempt.final.done() and (left := deadline - self.now()) > 0:
            heard = attempt.heard()
            await asyncio.wait((heard, attempt.final), timeout=left, return_when=asyncio.FIRST_COMPLETED)

    async def _until(self, reached: Callable[[], bool]) -> None:
        log = self.server.log
        deadline = self.now() + self.case.window_s
        changed = asyncio.Event()
        before, log.on_change = log.on_change, changed.set
        try:
            while not reached() and (left := deadline - self.now()) > 0:
                changed.clear()
                try:
                    await asyncio.wait_for(changed.wait(), left)
                except TimeoutError:
                    return
        finally:
            log.on_change = before

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def give_up(self) -> None:
        """End the calls that hang, and with them the driver if need be: the next case must not inherit them."""
        self.hung = True
        hanging = [begun for begun in self.begun if not begun.attempt.final.done()]
        if "cancel" in self._introduction.can:
            for begun in hanging:
                self._driver.cancel(begun.seq)
            try:
                done, left = await asyncio.wait([begun.attempt.final for begun in hanging], timeout=CANCEL_S)
            except DriverCrashed:
                return
            if not left or any(future.exception() is not None for future in done):
                return
        await self._driver.kill()

    async def watch(self) -> None:
        """Watch for late requests, and until the client has closed its sockets or has had the time to."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(self.case.watch_s)
        log = self.server.log
        changed = asyncio.Event()
        log.on_change = changed.set
        keeps_idle = self._introduction.declares.keepalive_s is not None

        def busy() -> bool:
            return any(not (keeps_idle and log.is_idle(socket)) for socket in log.open_sockets)

        while busy() and (left := began + CLOSE_S - loop.time()) > 0:
            changed.clear()
            try:
                await asyncio.wait_for(changed.wait(), left)
            except TimeoutError:
                return

    def collect(self, zero: float) -> None:
        """Make evidence of what was said while the calls ran; `zero` is the loop's time when the run began."""
        for begun in self.begun:
            begun.call.progress = [(moment - zero, line) for moment, line in begun.attempt.progress]
            begun.call.said = bytes(begun.attempt.said)

    def _take(self, begun: Begun, final: Final) -> None:
        if final.skipped is not None:
            self.skipped = final.skipped
        begun.call.result, begun.call.failure = final.result, final.error
        begun.call.settled = self.now()


async def ordinary(stage: Stage) -> None:
    """The ordinary way: as many calls as the case has, at once or one after another, given up where it says so.

    Raises:
        Hung: a call did not come to its end.
    """
    calls, cancel = stage.case.calls, stage.case.cancel
    for _ in range(calls.count):
        begun = stage.begin()
        if cancel is not None:
            await _give_up_when_due(stage, begun, cancel)
        if not calls.together:
            await stage.end(begun)
    await stage.end_all()


async def _give_up_when_due(stage: Stage, begun: Begun, due: Cancel) -> None:
    if due.after_progress is not None:
        await stage.progressed(begun, due.after_progress)
    elif due.after_request_s is not None:
        await stage.requested(1)
        await stage.pause(due.after_request_s)
    else:
        await stage.answered()
        await stage.pause(due.after_s or 0.0)
    if not begun.attempt.final.done():
        stage.cancel(begun)
