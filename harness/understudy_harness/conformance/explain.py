"""A case in words: what the server does, what is expected and why, and how to see it with one's own eyes."""

import json
import shlex
import textwrap
from collections.abc import Iterable
from typing import Any

from understudy_harness.conformance.case import SEATS, Case
from understudy_harness.conformance.case_server import HOST
from understudy_harness.conformance.expectations import Expectation, Kind, Slack

_PORT = 8081


def explain(case: Case) -> str:
    """Everything about a case, for a terminal."""
    seats = ", ".join(SEATS[seat] for seat in case.seat)
    needs = ", ".join(case.needs)
    parts = [
        f"{case.id}: {case.title}",
        f"{case.level.name}, group {case.group.id} ({case.group.title}); seats: {seats}; needs: {needs}; "
        f"a run that has not ended after {case.window_s:g} s hangs",
        f"Why\n{_wrapped(case.rationale)}",
        *(_served(variant) for variant in case.variants),
        f"The client\n{_listed(_call(case))}",
        *(text for variant in _judged(case) for text in _expectations(variant)),
        _expected("CLEAN when, besides, all of this holds", case.tidy, case.group.slack),
        f"Words\n{_listed(_words([*(each for part in case.variants for each in part.expectations), *case.tidy]))}",
        f"Where it comes from\n{_listed(case.references)}",
        f"By hand\n{_listed(by_hand(case))}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _served(case: Case) -> str:
    way = f", in the part {case.part!r}" if case.part else ""
    return f"The server{way}\n{_listed(script(case))}"


def _judged(case: Case) -> list[Case]:
    """The parts, but for those that expect what the one before does."""
    told: list[Case] = []
    for variant in case.variants:
        if not told or told[-1].expectations != variant.expectations:
            told.append(variant)
    return told


def _expectations(case: Case) -> list[str]:
    slack = case.group.slack
    return [
        _expected("OK when all of this holds", case.must + case.should, slack),
        _expected("NON-STRICT when, instead, one of these does", case.non_strict, slack),
    ]


def curl(case: Case, base_url: str) -> str:
    """The call that a client makes in this case, as a shell command."""
    body: dict[str, Any] = case.input()
    if case.op == "stream":
        body["stream"] = True
    return (
        f"curl -si {base_url}/chat/completions -H 'Authorization: Bearer sk-by-hand' "
        f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
    )


def by_hand(case: Case) -> list[str]:
    """Two commands by which anybody sees a case with their own eyes: the server, and the call."""
    serve = f"understudy conform serve {case.id} --port {_PORT}"
    return [
        f"{serve}    (in one terminal; it tells the time of each request)",
        f"{curl(case, f'http://{HOST}:{_PORT}/v1')}    (in another, as often as the client would)",
    ]


def script(case: Case) -> list[str]:
    """What the server does, a line for each step."""
    return [_step(step) for step in case.serve]


def _step(step: dict[str, Any]) -> str:
    told = {key: value for key, value in step.items() if key != "on"}
    if told == {"answer": "ok"}:
        return f"request {step.get('on', 'every')}: the standard answer"
    return f"request {step.get('on', 'every')}: {json.dumps(told, ensure_ascii=False)}"


def _call(case: Case) -> Iterable[str]:
    yield {"chat": "one chat completion", "stream": "one chat completion, streamed"}[case.op]
    for name in case.options.__struct_fields__:
        value = getattr(case.options, name)
        if value is not None:
            yield f"set up with {name} = {value}"


def _expected(title: str, expectations: Iterable[Expectation], slack: Slack) -> str:
    lines = [f"{each.written}{_leeway(each, slack)}" for each in expectations]
    return f"{title}\n{_listed(lines)}" if lines else ""


def _leeway(expectation: Expectation, slack: Slack) -> str:
    bounds = []
    for comparison in expectation.comparisons:
        if comparison.left.kind is Kind.SECONDS and comparison.right.word is None:
            bound = comparison.right.arguments[0]
            lower = comparison.operator in (">", ">=")
            limit = slack.lowest(bound) if lower else slack.highest(bound)
            if limit != bound:
                bounds.append(f"{'from' if lower else 'up to'} {limit:g} s counts")
    return f"    ({', '.join(bounds)})" if bounds else ""


def _words(expectations: Iterable[Expectation]) -> Iterable[str]:
    told = {}
    for expectation in expectations:
        for operand in expectation.operands:
            if operand.word is not None:
                told[operand.spelled.partition("(")[0]] = operand.word.help
    return [f"{name}: {meaning}" for name, meaning in told.items()]


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"  - {line}" for line in lines)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 100, initial_indent="  ", subsequent_indent="  ")
