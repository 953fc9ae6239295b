import json
import subprocess
import sys

import pytest

from understudy_harness.conformance.case import Level
from understudy_harness.conformance.gate import REQUIRE, Gate
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.conformance.verdict import Verdict

EARNED = {
    "milliseconds-as-seconds": {"1.2-ms-header": "FAILED hang"},
    "ignores-retry-after": {"1.1-seconds": "FAILED", "1.2-ms-header": "FAILED", "1.3-http-date": "FAILED", "1.9-on-503": "FAILED"},
    "knows-no-dates": {"1.3-http-date": "FAILED loud", "1.4-bad-date": "FAILED loud"},
    "fails-on-bad-dates": {"1.4-bad-date": "FAILED loud"},
    "hurries-without-a-wait": {"1.4-bad-date": "FAILED", "1.5-negative": "FAILED"},
    "sleeps-for-less-than-nothing": {"1.5-negative": "FAILED loud"},
    "has-no-budget": {"1.10-budget": "FAILED storm", "1.11-retries-off": "FAILED storm"},
    "loses-a-retry": {"1.10-budget": "FAILED"},
    "swallows-errors": {"1.10-budget": "FAILED silent", "1.11-retries-off": "FAILED silent"},
    "mangles-text": {
        **dict.fromkeys(("1.1-seconds", "1.2-ms-header", "1.3-http-date"), "FAILED silent"),
        **dict.fromkeys(("1.4-bad-date", "1.5-negative", "1.9-on-503"), "FAILED silent"),
    },
    "asks-once-more": {
        **dict.fromkeys(("1.1-seconds", "1.2-ms-header", "1.3-http-date"), "FAILED storm, unclean"),
        **dict.fromkeys(("1.4-bad-date", "1.5-negative", "1.9-on-503"), "FAILED storm, unclean"),
    },
    "leaves-sockets-open": dict.fromkeys(
        ("1.1-seconds", "1.2-ms-header", "1.3-http-date", "1.4-bad-date", "1.5-negative", "1.9-on-503", "1.10-budget", "1.11-retries-off"),
        "OK, unclean",
    ),
    "tells-its-key": {"1.10-budget": "OK, unclean", "1.11-retries-off": "OK, unclean"},
    "retries-quotas": {"2.1-quota-bare": "NON-STRICT"},
    "retries-everything": dict.fromkeys(
        ("2.1-quota-bare", "2.2-quota-flagged", "2.5-400-once", "2.6-401-once", "2.7-403-404-422-once"), "FAILED storm"
    ),
    "obeys-no-flag": {"2.1-quota-bare": "NON-STRICT", "2.2-quota-flagged": "FAILED storm", "2.4-should-retry-true": "NON-STRICT"},
    "never-retries": {
        "2.4-should-retry-true": "NON-STRICT", "2.8-408-409-retried": "FAILED loud", "2.9-5xx-retried": "FAILED loud"
    },
    "comes-back-at-once": {"2.9-5xx-retried": "FAILED"},
    "forgets-kinds": dict.fromkeys(
        ("2.5-400-once", "2.6-401-once", "2.7-403-404-422-once", "2.10-html-502", "2.13-error-is-string"), "FAILED"
    ),
    "takes-anything": {"2.11-html-200": "FAILED silent", "2.12-error-in-200": "FAILED silent"},
    "stumbles-over-bodies": {"2.10-html-502": "FAILED", "2.13-error-is-string": "FAILED"},
    "loses-words": dict.fromkeys(
        ("2.3-quota-told-apart", "2.5-400-once", "2.13-error-is-string", "2.15-request-id"), "FAILED"
    ),
    "reads-events-alone": {"2.14-json-for-stream": "FAILED silent"},
    "needs-a-space": {"4.1-no-space": "FAILED loud"},
    "splits-at-two-line-feeds": dict.fromkeys(("4.2-crlf", "4.3-cr-only", "4.4-crlf-split"), "FAILED loud"),
    "knows-no-bare-return": {"4.3-cr-only": "FAILED loud"},
    "ends-a-line-twice": {"4.4-crlf-split": "FAILED loud"},
    "decodes-each-piece": dict.fromkeys(("4.5-utf8-split", "4.6-rechunk", "4.9-bom"), "FAILED silent"),
    "parses-each-piece": dict.fromkeys(("4.3-cr-only", "4.4-crlf-split", "4.5-utf8-split", "4.6-rechunk"), "FAILED loud"),
    "reads-comments": {"4.7-keepalives": "FAILED loud"},
    "reads-empty-data": {"4.7-keepalives": "FAILED loud"},
    "keeps-the-last-line": {"4.4-crlf-split": "FAILED loud", "4.8-multi-line-data": "FAILED loud"},
    "keeps-the-mark": {"4.9-bom": "FAILED silent"},
    "takes-a-cut-for-an-end": {"4.14-cut-before-finish": "FAILED silent", "4.16-empty-stream": "FAILED silent"},
    "drops-the-unfinished": {"4.10-no-final-blank-line": "FAILED silent", "4.14-cut-before-finish": "FAILED silent"},
    "waits-for-the-end": {"4.11-done-then-open": "FAILED hang", "4.12-done-spellings": "FAILED silent"},
    "wants-done-exactly": {"4.12-done-spellings": "FAILED loud"},
    "sees-done-anywhere": {"4.13-done-in-text": "FAILED loud"},
    "needs-done": {"4.15-finish-no-done": "FAILED loud"},
    "ignores-errors": {"4.17-error-event": "FAILED"},
    "fails-on-other-fields": {"4.17-error-event": "FAILED", "4.19-other-fields": "FAILED loud"},
    "skips-broken-json": {"4.20-broken-json": "FAILED silent"},
    "asks-twice": {"4.19-other-fields": "FAILED storm"},
}  # fmt: skip
"""What each wrong client earns, apart from OK and clean."""


def earned(suite) -> dict[str, str]:
    """Everything in a result that is not OK and clean."""
    told = {}
    for result in suite.results:
        judgement = result.judgement
        words = judgement.verdict.value + (f" {judgement.mark.value}" if judgement.mark else "")
        words += "" if judgement.clean else ", unclean"
        if words != "OK":
            told[result.case.id] = words
    return told


def test_the_reference_client_passes_every_case(run_suite) -> None:
    """It is OK and clean throughout, and each case was judged."""
    suite = run_suite()
    assert earned(suite) == {}
    assert {result.judgement.verdict for result in suite.results} == {Verdict.OK}
    assert Gate(REQUIRE["all"], tidy=True).exit_code(suite) == 0


def test_every_wrong_client_has_its_expected_failures() -> None:
    """None is forgotten, and each is caught by something."""
    assert EARNED.keys() == WRONG.keys()
    assert all(EARNED.values())


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_client_earns_its_failures_and_no_others(name: str, run_suite) -> None:
    """A suite that misses a planted mistake, or accuses the innocent, is worth nothing."""
    groups = {id.partition(".")[0] for id in EARNED[name]}
    assert earned(run_suite(WRONG[name], groups)) == EARNED[name]


def test_every_case_catches_somebody(cases) -> None:
    """A case that no wrong client fails might as well not be there."""
    caught = {id for failures in EARNED.values() for id, words in failures.items() if words.startswith("FAILED")}
    # A measurement is never failed, but somebody must come off second-best.
    caught |= {
        id
        for failures in EARNED.values()
        for id, words in failures.items()
        if cases[id.partition("-")[0]].level is Level.INFO
    }
    assert caught == {case.id for case in cases.values()}


def test_the_reference_driver_speaks_the_protocol_over_its_pipes() -> None:
    """Lines in, lines out, and an end at `stop`; a wrong client is chosen by name."""
    lines = b'{"cmd": "hello", "protocol": 1, "unknown": true}\n{"cmd": "stop"}\n{"cmd": "hello"}\n'
    command = [sys.executable, "-m", "understudy_harness.conformance.reference", "--wrong", "has-no-budget"]
    done = subprocess.run(command, input=lines, capture_output=True, timeout=60, check=True)
    assert [json.loads(line)["client"]["name"] for line in done.stdout.splitlines()] == ["reference"]
    assert done.stderr == b""
