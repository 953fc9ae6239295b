"""The report for programs: everything that was seen, with a version of its own layout.

Keys of the runs are masked. What is no text is written in hexadecimal.
"""

import hashlib
import platform
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import msgspec

import understudy
from understudy.core.dates import iso_time
from understudy_harness.conformance.baseline import Baseline
from understudy_harness.conformance.case import Level
from understudy_harness.conformance.case_files import GENERATED
from understudy_harness.conformance.evidence import Call, Evidence
from understudy_harness.conformance.expectations import Expectation
from understudy_harness.conformance.explain import by_hand, explained, script
from understudy_harness.conformance.frame_log import FrameLog, Seen
from understudy_harness.conformance.protocol import PROTOCOL
from understudy_harness.conformance.results import JUDGED, CaseResult, SuiteResult
from understudy_harness.conformance.verdict import Verdict
from understudy_harness.conformance.wire_log import Exchange, WireLog
from understudy_harness.reports.again import Again, by_driver
from understudy_harness.reports.story import tell

LAYOUT = 1
"""Version of the layout; it changes when a field changes its meaning or goes, not when one is added."""
_TAIL_KEPT = 64 * 1024
_MESSAGES_SHOWN, _MESSAGE_SHOWN = 500, 2_000
"""Messages of one WebSocket, and characters or bytes of one of them."""


def write_json(
    suite: SuiteResult, *, exit_code: int, again: Again | None = None, baseline: Baseline | None = None
) -> bytes:
    """The report, indented, ending in a newline.

    Args:
        suite: what became of all cases.
        exit_code: of the run.
        again: the command that runs a case alone; that of a driver when left out.
        baseline: known failures, for the links to their issues.
    """
    described = describe(suite, exit_code=exit_code, again=again, baseline=baseline)
    return msgspec.json.format(msgspec.json.encode(described), indent=2) + b"\n"


def describe(
    suite: SuiteResult, *, exit_code: int, again: Again | None = None, baseline: Baseline | None = None
) -> dict[str, Any]:
    """The report as plain values; see `write_json`."""
    again = again or by_driver(suite.command)
    client = suite.introduction.client
    known = baseline or Baseline()

    def of_run(result: CaseResult) -> dict[str, Any]:
        entry = known.find(client.name, client.version, result.case.id)
        return {**_result(result), "again": again(result.decided), "issue": None if entry is None else entry.issue}

    groups = {result.case.group.file: result.case.group.digest for result in suite.results}
    return {
        "layout": LAYOUT,
        "suite": {
            "version": understudy.__version__,
            "protocol": PROTOCOL,
            "suite_sha256": _digest(Path(__file__).parents[1]),
            "server_sha256": _digest(Path(understudy.__file__).parent),
            "cases_sha256": groups,
        },
        "machine": {"python": platform.python_version(), "system": platform.platform()},
        "started_at": iso_time(suite.started_at),
        "seconds": round(suite.seconds, 3),
        "seat": suite.seat,
        "command": suite.command,
        "driver": msgspec.to_builtins(suite.introduction),
        "exit_code": exit_code,
        "totals": {
            **{level.value: msgspec.to_builtins(suite.totals(level)) for level in Level},
            "silent": suite.silent,
            "verdicts": {verdict.value: suite.count(verdict) for verdict in Verdict},
        },
        "groups": {result.case.group.id: result.case.group.title for result in suite.results},
        "cases": [of_run(result) for result in suite.results],
    }


def _result(result: CaseResult) -> dict[str, Any]:
    case, judgement, evidence = result.case, result.judgement, result.evidence
    return {
        "id": case.id,
        "group": case.group.id,
        "title": case.title,
        "level": case.level.value,
        "part": result.part or None,
        "left_out": result.left_out,
        "verdict": judgement.verdict.value,
        "mark": None if judgement.mark is None else judgement.mark.value,
        "clean": judgement.clean,
        "unmet": judgement.unmet,
        "untidy": judgement.untidy,
        "reason": result.reason,
        "runs": result.runs,
        **({"examples": result.examples} if result.examples else {}),
        **({"example": result.example} if result.example is not None else {}),
        "tries": [verdict.value for verdict in result.tries],
        "seconds": round(result.seconds, 3),
        "measured": {name: _shown(value, evidence) for name, value in result.measured.items()},
        "about": _about(result),
        "story": {name: _shown(words, evidence) for name, words in tell(result)._asdict().items()},
        "evidence": None if evidence is None else _evidence(evidence),
    }


def _about(result: CaseResult) -> dict[str, Any]:
    """The case itself, in the part that decided, so that a report can be read where the catalogue is another."""
    case, judgement = result.decided, result.judgement

    def judged(expectations: Iterable[Expectation], unmet: Collection[str]) -> list[dict[str, Any]]:
        # What was judged is not judged anew: evidence may have been made writable since.
        known = result.evidence is not None and judgement.verdict in JUDGED
        return [{"written": each.written, "met": each.written not in unmet if known else None} for each in expectations]

    return {
        "rationale": " ".join(case.rationale.split()),
        "references": case.references,
        "seat": case.seat,
        "needs": case.needs,
        "op": case.op,
        "window_s": case.window_s,
        "server": script(case),
        "expected": {
            "must": judged(case.must, judgement.unmet),
            "should": judged(case.should, judgement.unmet),
            "non_strict": [{"written": each.written, "met": _second_best(result, each)} for each in case.non_strict],
            "tidy": judged(case.tidy, judgement.untidy),
        },
        "by_hand": _by_hand(result),
    }


def _by_hand(result: CaseResult) -> list[str]:
    """How to see the case; of a relation its example, where it has one."""
    case = result.decided
    if case.group.id != GENERATED:
        return [explained(case), *by_hand(case)]
    return [] if result.example is None else by_hand(case)


def _second_best(result: CaseResult, expectation: Expectation) -> bool | None:
    """Whether an accepted second-best is what was seen; None where nobody asked."""
    if result.judgement.verdict is Verdict.FAILED:
        return False
    if result.judgement.verdict is not Verdict.NON_STRICT or result.evidence is None:
        return None
    return len(result.decided.non_strict) == 1 or expectation.met(result.evidence, result.case.group.slack)


def _evidence(evidence: Evidence) -> dict[str, Any]:
    told: dict[str, Any] = {
        "answer_word": evidence.canary.word,
        "settled": _time(evidence.settled),
        "lag": _time(evidence.lag),
        "doubt": _time(evidence.doubt),
        **_wire(evidence.log, evidence),
        "driver_said": _shown(evidence.said, evidence),
        "progress": [
            {"at": _time(moment), **_shown(msgspec.to_builtins(line), evidence)} for moment, line in evidence.progress
        ],
        "standard_error": _shown(evidence.complained[-_TAIL_KEPT:], evidence),
    }
    # What most cases have none of is left out of them.
    if len(evidence.calls) > 1:
        told["calls"] = [_call(call) for call in evidence.calls]
    if evidence.second is not None:
        told["second_server"] = _wire(evidence.second, evidence)
    if evidence.values:
        told["values"] = evidence.values
    if evidence.exit_code is not None:
        told["exit_code"] = evidence.exit_code
    if evidence.stdout is not None:
        told["standard_output"] = _shown(evidence.stdout[-_TAIL_KEPT:], evidence)
    if evidence.blind:
        told["not_seen_from_this_seat"] = sorted(evidence.blind)
    return told


def _call(call: Call) -> dict[str, Any]:
    return {
        "op": call.op,
        "answer_word": call.canary.word,
        "began": _time(call.began),
        "settled": _time(call.settled),
        "cancelled": _time(call.cancelled),
        "outcome": call.outcome,
        "kind": None if call.failure is None else call.failure.kind,
    }


def _wire(log: WireLog, evidence: Evidence) -> dict[str, Any]:
    return {
        "sockets": [
            {
                "number": socket.number,
                "opened": _time(socket.opened),
                "closed": _time(socket.closed),
                "closed_by": socket.closed_by or None,
                "broken": socket.broken or None,
                **({} if socket.frames is None else _messages(socket.frames, evidence)),
            }
            for socket in log.sockets
        ],
        "requests": [_exchange(exchange, evidence) for exchange in log.exchanges],
    }


def _messages(frames: FrameLog, evidence: Evidence) -> dict[str, Any]:
    """What passed over a WebSocket, each message with its beginning; `size` and `frames` count the whole."""
    shown = [_message(seen, evidence) for seen in frames.seen[:_MESSAGES_SHOWN]]
    left_out = len(frames.seen) - len(shown) + frames.left_out
    broken = {"broken": frames.broken} if frames.broken else {}
    return {"messages": shown, "messages_left_out": left_out, **broken}


def _message(seen: Seen, evidence: Evidence) -> dict[str, Any]:
    told: dict[str, Any] = {"at": _time(seen.at), "by": seen.by, "kind": seen.kind}
    if seen.kind == "close":
        return {**told, "code": seen.close_code, "reason": _shown(seen.close_reason, evidence)}
    # Masked first: a key that the cut goes through would not be known again.
    data = _shown(seen.data, evidence)
    shown = data[:_MESSAGE_SHOWN] if isinstance(data, str) else {"hex": data["hex"][: 2 * _MESSAGE_SHOWN]}
    return {**told, "size": seen.size, "frames": seen.frames, "data": shown}


def _exchange(exchange: Exchange, evidence: Evidence) -> dict[str, Any]:
    return {
        "number": exchange.number,
        "socket": exchange.socket,
        "started": _time(exchange.started),
        "read": _time(exchange.read),
        "method": exchange.method,
        "target": _shown(exchange.target, evidence),
        "headers": [[name, _shown(value, evidence)] for name, value in exchange.headers],
        "body": _shown(bytes(exchange.body), evidence),
        "body_size": exchange.body_size,
        "status": exchange.status,
        "answer_started": _time(exchange.answer_started),
        "answered": _time(exchange.answered),
        "answer": _shown(bytes(exchange.answer), evidence),
        "answer_size": exchange.answer_size,
    }


def _time(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _shown(value: Any, evidence: Evidence | None) -> Any:
    """Without the keys, also inside lists and tables; bytes as text where they are some, else as `{"hex": …}`."""
    if evidence is None:
        return value
    if isinstance(value, str):
        return evidence.masked(value)
    if isinstance(value, bytes):
        # Latin-1 has a letter for each byte: the key is found in what is no text as well.
        content = evidence.masked(value.decode("latin-1")).encode("latin-1")
        try:
            return content.decode()
        except UnicodeDecodeError:
            return {"hex": content.hex()}
    if isinstance(value, list | tuple):
        return [_shown(each, evidence) for each in value]
    if isinstance(value, dict):
        return {name: _shown(each, evidence) for name, each in value.items()}
    return value


def _digest(directory: Path) -> str:
    """SHA-256 over the source files of a package, by name and content."""
    digest = hashlib.sha256()
    for file in sorted(directory.rglob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(directory).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
