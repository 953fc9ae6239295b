"""The report for CI systems: JUnit XML, a suite for each group.

FAILED becomes a failure whose type is the mark, ERROR and INCONCLUSIVE an error, UNSUPPORTED and SKIPPED are skipped
with the reason. What does not count towards the exit code (of a level that is not required, or known to fail) is shown
as skipped: most systems turn red at any other. A case that passes although it is known to fail is a failure.
"""

import re
from itertools import groupby
from xml.etree import ElementTree as Xml

from understudy.core.dates import iso_time
from understudy_harness.conformance.gate import Gate, Standing
from understudy_harness.conformance.protocol import Client
from understudy_harness.conformance.results import UNABLE, CaseResult, SuiteResult
from understudy_harness.conformance.verdict import Verdict
from understudy_harness.reports.story import tell

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(suite: SuiteResult, gate: Gate) -> bytes:
    """The report, UTF-8 with an XML declaration.

    Args:
        suite: what became of all cases.
        gate: what counts.
    """
    client = suite.introduction.client
    root = Xml.Element("testsuites", name=_text(f"{client.name} {client.version}".strip()), time=f"{suite.seconds:.3f}")
    for _, members in groupby(suite.results, key=lambda result: result.case.group.id):
        results = list(members)
        group = results[0].case.group
        part = Xml.SubElement(root, "testsuite", name=f"{group.id} {group.title}")
        part.set("timestamp", iso_time(suite.started_at)[:19])
        for result in results:
            _case(part, result, gate, client)
        _count(part, results)
    _count(root, suite.results)
    Xml.indent(root)
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _case(suite: Xml.Element, result: CaseResult, gate: Gate, client: Client) -> None:
    case, judgement, story = result.case, result.judgement, tell(result)
    element = Xml.SubElement(suite, "testcase", classname=f"conformance.{case.group.id}", name=case.id)
    element.set("time", f"{result.seconds:.3f}")
    told = [f"server did: {story.server}", f"client did: {story.client}"]
    told += [f"expected: {story.expected}"] if story.expected else []
    told += [f"examples: {result.examples}"] if result.examples else []
    told += [f"not clean: {', '.join(judgement.untidy)}"] if judgement.untidy else []
    tag, kind, message = _note(result, gate, client)
    if tag:
        note = Xml.SubElement(element, tag, message=_text(message))
        if kind:
            note.set("type", kind)
    output = Xml.SubElement(element, "system-out")
    output.text = _text("\n".join([judgement.verdict.value, *told]))


def _note(result: CaseResult, gate: Gate, client: Client) -> tuple[str, str, str]:
    """The element inside a test case, its type and its message; empty for one that passed."""
    judgement = result.judgement
    if judgement.verdict in UNABLE:
        kind, message = judgement.verdict.value, result.reason
    else:
        kind, message = _kind(result), "; ".join(judgement.unmet or judgement.untidy)
    match gate.standing(result, client):
        case Standing.FAILED:
            return "failure", kind, message
        case Standing.UNABLE:
            return "error", kind, message
        case Standing.MENDED:
            return "failure", "mended", f"it passes, though {gate.baseline.name} lists it: remove it there"
        case Standing.UNCOUNTED:
            return "skipped", "", f"{result.case.level.name} does not count: {kind}: {message}"
        case Standing.KNOWN:
            known = gate.known(result, client)
            return "skipped", "", f"known failure, {known.issue if known else ''}: {kind}: {message}"
        case Standing.NOT_RUN:
            return "skipped", "", f"{judgement.verdict.value}: {result.reason}"
        case Standing.PASSED:
            return "", "", ""


def _kind(result: CaseResult) -> str:
    judgement = result.judgement
    if judgement.verdict is not Verdict.FAILED:
        return "unclean"
    return "failed" if judgement.mark is None else judgement.mark.value


def _count(element: Xml.Element, results: list[CaseResult]) -> None:
    element.set("tests", str(len(results)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(1 for _ in element.iter(tag))))


def _text(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
