"""What counts: from the results of a run to the one exit code, and to the words that say why.

A verdict is a fact about a client; whether it breaks a build is its project's choice: by level, by tidiness, and by a
list of failures that are known.
"""

from collections.abc import Iterable
from enum import Enum

import msgspec

from understudy_harness.conformance.baseline import Baseline, Known
from understudy_harness.conformance.case import Level
from understudy_harness.conformance.protocol import Client
from understudy_harness.conformance.results import JUDGED, UNABLE, CaseResult, SuiteResult
from understudy_harness.conformance.verdict import Verdict

FINE, FAILURES, WRONG_USAGE, COULD_NOT_JUDGE = 0, 1, 2, 3
"""Exit codes of every command of the suite."""

REQUIRE = {
    "must": frozenset({Level.MUST}),
    "should": frozenset({Level.MUST, Level.SHOULD}),
    "all": frozenset(Level),
}
"""Levels that decide the exit code, by the words of `--require`. INFO is never failed; but it can be unclean, and a
driver can crash in it."""


class Standing(Enum):
    """What a result means to the build."""

    PASSED = "passed"
    FAILED = "failed"
    """And it counts."""
    KNOWN = "known"
    """Failed, as the baseline says."""
    MENDED = "mended"
    """Passed, though the baseline says it fails: the entry must go, or it would hide the next failure."""
    UNABLE = "unable"
    """The suite could not judge, and it counts."""
    UNCOUNTED = "uncounted"
    """Failed or not judged, of a level that does not count."""
    NOT_RUN = "not run"
    """Unsupported or skipped."""


class Gate(msgspec.Struct, frozen=True):
    """The rules of one run.

    Attributes:
        levels: that count.
        tidy: an unclean run counts as failed.
        baseline: failures that are known.
    """

    levels: frozenset[Level] = REQUIRE["must"]
    tidy: bool = False
    baseline: Baseline = Baseline()

    def standing(self, result: CaseResult, client: Client) -> Standing:
        """What a result means to the build."""
        verdict, clean = result.judgement.verdict, result.judgement.clean
        known = self.known(result, client) is not None
        counts = result.case.level in self.levels
        if verdict in UNABLE:
            return Standing.UNABLE if counts else Standing.UNCOUNTED
        if verdict not in JUDGED:
            return Standing.NOT_RUN
        if verdict is Verdict.FAILED or (self.tidy and not clean):
            if known:
                return Standing.KNOWN
            return Standing.FAILED if counts else Standing.UNCOUNTED
        # One that is listed because it is unclean still is so where tidiness does not count.
        return Standing.MENDED if known and clean else Standing.PASSED

    def known(self, result: CaseResult, client: Client) -> Known | None:
        """What the baseline says about a case."""
        return self.baseline.find(client.name, client.version, result.case.id)

    def sorted(self, suite: SuiteResult) -> dict[Standing, list[CaseResult]]:
        """All results by their standing, each in the order of the catalogue."""
        standings: dict[Standing, list[CaseResult]] = {standing: [] for standing in Standing}
        for result in suite.results:
            standings[self.standing(result, suite.introduction.client)].append(result)
        return standings

    def exit_code(self, suite: SuiteResult) -> int:
        """Of the whole: 0 fine, 1 failures or a baseline that no longer holds, 3 the suite could not judge."""
        standings = self.sorted(suite)
        if standings[Standing.FAILED] or standings[Standing.MENDED]:
            return FAILURES
        if standings[Standing.UNABLE]:
            return COULD_NOT_JUDGE
        # A green light for a client of which nothing was seen would be a lie.
        judged = any(result.judgement.verdict in JUDGED for result in suite.results)
        return FINE if judged else COULD_NOT_JUDGE

    def sentences(self, suite: SuiteResult) -> Iterable[str]:
        """What a baseline makes of a run, a line for each thing to say; none without one."""
        if not self.baseline.known:
            return
        standings = self.sorted(suite)
        for result in standings[Standing.FAILED]:
            yield f"new failure: {result.case.id} is not listed in {self.baseline.name}"
        for result in standings[Standing.MENDED]:
            yield f"{result.case.id} passes, though {self.baseline.name} lists it: remove it there"
        for result in standings[Standing.KNOWN]:
            known = self.known(result, suite.introduction.client)
            yield f"known failure: {result.case.id}, {known.issue if known else ''}"
