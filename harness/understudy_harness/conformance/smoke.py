"""Trying a driver: ten easy cases that any client does, and the manners of the protocol."""

from collections.abc import Callable, Sequence

from understudy_data import read
from understudy_harness.conformance.case import Case
from understudy_harness.conformance.case_reader import read_cases
from understudy_harness.conformance.driver import Attempt, DriverProcess
from understudy_harness.conformance.protocol import Run
from understudy_harness.conformance.results import CaseResult
from understudy_harness.conformance.runner import Listener, Runner
from understudy_harness.conformance.verdict import Verdict
from understudy_harness.reports.story import tell

FILE = "conformance_smoke.toml"


class NewerRun(Run, tag_field="cmd", tag="run"):
    """A run line with a field that no driver knows."""

    from_the_future: str = "ignore me"


class _NewerSuite(DriverProcess):
    """A driver that is asked by a suite newer than itself."""

    def run(self, message: Run) -> Attempt:
        """Begin a run; its line has an unknown field."""
        fields = {name: getattr(message, name) for name in message.__struct_fields__}
        return super().run(NewerRun(**fields))


def smoke_cases() -> tuple[Case, ...]:
    """The cases, which are no part of the catalogue."""
    return read_cases(read(FILE), FILE)


async def try_driver(command: Sequence[str], now: Callable[[], int], write: Callable[[str], None]) -> bool:
    """Run the cases and say what came of each; whether all is well with the driver.

    Args:
        command: that starts the driver.
        now: microseconds since the epoch.
        write: takes each line of the report.

    Raises:
        DriverError, ProtocolError: it did not introduce itself.
    """
    drivers: list[_NewerSuite] = []

    def make() -> DriverProcess:
        drivers.append(_NewerSuite(command))
        return drivers[-1]

    suite = await Runner(make, command, now=now, listeners=[_Teller(write)]).run(smoke_cases())
    problems = sum(result.judgement.verdict in (Verdict.FAILED, Verdict.ERROR) for result in suite.results)
    problems += sum(not result.judgement.clean for result in suite.results)
    ended = drivers[0].ended_by_itself
    write(f"{'OK' if ended else 'WRONG':<12} stop: the process {'ended' if ended else 'had to be ended by force'}")
    client = suite.introduction.client
    written = f"{client.name} {client.version}".strip()
    if problems or not ended:
        write(f"\nThe driver of {written} is not ready: see above.")
        return False
    write(f"\nThe driver of {written} is ready.")
    return True


class _Teller(Listener):
    """Writes a line for each case, and more for one that shows a mistake of the driver."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def case_finished(self, result: CaseResult) -> None:
        """One line, or four."""
        verdict = result.judgement.verdict
        words = {Verdict.OK: "OK", Verdict.UNSUPPORTED: "LEFT OUT", Verdict.SKIPPED: "LEFT OUT"}.get(verdict, "WRONG")
        self._write(f"{words:<12} {result.case.id}: {result.case.title}")
        if words == "LEFT OUT":
            self._write(f"{'':12} {result.reason}")
        elif words == "WRONG":
            story = tell(result)
            self._write(f"{'':12} the driver: {story.client or result.reason}")
            if story.expected:
                self._write(f"{'':12} expected: {story.expected}")
        if not result.judgement.clean:
            self._write(f"{'':12} not clean: {', '.join(result.judgement.untidy)}")
