"""A case in words: what the server does, what is expected and why, and how to see it with one's own eyes."""

import json
import re
import shlex
import textwrap
from collections.abc import Iterable
from typing import Any

import msgspec

from understudy_harness.conformance.case import BASE_URL, SEATS, Case, Level
from understudy_harness.conformance.case_files import GENERATED, PROMOTED
from understudy_harness.conformance.case_server import HOST
from understudy_harness.conformance.expectations import Expectation, Kind, Slack
from understudy_harness.conformance.plays import PLAYS

_PORT = 8081
_LEVELS = {
    Level.MUST: "the specification says so, or the alternative loses data, money or keys",
    Level.SHOULD: "practice of the field, with strong reasons",
    Level.INFO: "measured, never failed",
}
_ISSUE = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")
"""As in `owner/name#1`: an issue or a pull request on GitHub."""


def explain(case: Case) -> str:
    """Everything about a case, for a terminal."""
    seats = ", ".join(SEATS[seat] for seat in case.seat)
    needs = ", ".join(case.needs)
    parts = [
        f"{case.id}: {case.title}",
        f"{case.level.name}, group {case.group.id} ({case.group.title}); seats: {seats}; needs: {needs}; "
        f"a run that has not ended after {case.window_s:g} s hangs",
        f"{case.level.name} means: {_LEVELS[case.level]}",
        f"Why\n{_wrapped(case.rationale)}",
        *(_served(variant) for variant in case.variants),
        *_asked(case),
        *(text for variant in _judged(case) for text in _expectations(variant)),
        *(text for text in _in_other_seats(case)),
        _expected("CLEAN when, besides, all of this holds", case.tidy, case.group.slack),
        f"Words\n{_listed(_words([*(each for part in case.variants for each in part.expectations), *case.tidy]))}",
        f"Where it comes from\n{_listed(map(_reference, case.references))}",
        f"Against a client\n{_listed(_against(case))}",
        *(_by_hand(variant) for variant in case.variants),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _reference(words: str) -> str:
    """A reference, with the address of each issue in it."""
    addresses = [f"https://github.com/{name}/issues/{number}" for name, number in _ISSUE.findall(words)]
    return "  ".join([words, *addresses])


def _against(case: Case) -> list[str]:
    """The commands that run it alone, one for each seat."""
    slow = " --slow" if case.slow or any(variant.slow for variant in case.parts) else ""
    run = f"understudy conform run{_found(case)} --select {case.id}{slow}"
    kinds = list(dict.fromkeys(variant.op for variant in case.variants))
    commands = {
        "D": [f"{run} --driver COMMAND"],
        "P": [f"{run} --kind {kind} -- PROGRAM ..." for kind in kinds],
        "G": [f"{run} --gateway URL"],
    }
    return [command for seat in case.seat for command in commands[seat]]


def _found(case: Case) -> str:
    """Where it is found, when it does not come with Understudy."""
    return f" --cases {shlex.quote(case.group.source)}" if case.group.source else ""


def _served(case: Case) -> str:
    return f"The server{_way(case)}\n{_listed(script(case))}"


def _way(case: Case) -> str:
    return f", in the part {case.part!r}" if case.part else ""


def _fields(value: msgspec.Struct) -> str:
    told = msgspec.to_builtins(value)
    return ", ".join(f"{name} = {value}" for name, value in told.items() if value not in (None, {}, False))


def _asked(case: Case) -> list[str]:
    """What the client is asked for; by parts where they differ."""
    told: list[str] = []
    seen: list[list[str]] = []
    for variant in case.variants:
        calls = list(_call(variant))
        if calls not in seen:
            seen.append(calls)
            told.append(f"{_way(variant)}\n{_listed(calls)}")
    return [f"The client{each}" for each in told] if len(told) > 1 else [f"The client\n{_listed(seen[0])}"]


def _judged(case: Case) -> list[Case]:
    """The parts, but for those that expect what the one before does."""
    told: list[Case] = []
    for variant in case.variants:
        if not told or told[-1].expectations != variant.expectations:
            told.append(variant)
    return told


def _in_other_seats(case: Case) -> list[str]:
    """What is expected of gateways and programs, where that differs."""
    slack = case.group.slack
    told: list[str] = []
    for seat, expected, otherwise in (
        ("gateway", [variant.gateway for variant in case.variants], case.for_gateway()),
        ("program", [variant.program for variant in case.variants], case.for_program()),
    ):
        if any(each is not None for each in expected):
            variant = otherwise.variants[0]
            place = f"In the {seat}'s seat"
            told.append(_expected(f"{place}, OK when all of this holds instead", variant.must + variant.should, slack))
            told.append(_expected(f"{place}, NON-STRICT when one of these does", variant.non_strict, slack))
    return told


def _expectations(case: Case) -> list[str]:
    slack = case.group.slack
    return [
        _expected("OK when all of this holds", case.must + case.should, slack),
        _expected("NON-STRICT when, instead, one of these does", case.non_strict, slack),
    ]


_PATHS = {
    "chat": "/chat/completions", "stream": "/chat/completions", "parse": "/chat/completions",
    "agent": "/chat/completions", "responses": "/responses", "image": "/images/generations",
    "image.stream": "/images/generations", "embed": "/embeddings", "speech": "/audio/speech",
}  # fmt: skip
_STREAMED = ("stream", "responses", "image.stream")


def curl(case: Case, base_url: str) -> str:
    """The call that a client makes in this case, as a shell command; of an agent its first."""
    key = "-H 'Authorization: Bearer sk-by-hand'"
    given = case.input()
    if case.op == "list":
        return f"curl -si '{base_url}/{given['resource']}?limit={given['limit']}' {key}"
    if case.op == "image.edit":
        fields = " ".join(shlex.join(["-F", f"image[]=@{each['name']}"]) for each in given["images"])
        prompt = shlex.quote(f"prompt={given['prompt']}")
        return f"curl -si {base_url}/images/edits {key} -F model={given['model']} -F {prompt} {fields}"
    if case.op == "realtime":
        return (
            f"curl -si '{base_url}/realtime?model={given['model']}' {key} -H 'Connection: Upgrade' "
            "-H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='"
        )
    body: dict[str, Any] = {
        key: value for key, value in given.items() if key not in ("prompt", "tools", "name", "schema")
    }
    if case.op == "agent":
        body["messages"] = [{"role": "user", "content": given["prompt"]}]
        body["tools"] = [
            {"type": "function", "function": {name: tool[name] for name in ("name", "description", "parameters")}}
            for tool in given["tools"]
        ]
    elif case.op == "parse":
        schema = {"name": given["name"], "schema": given["schema"], "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    else:
        body = dict(given)
    if case.op in _STREAMED:
        body["stream"] = True
    return (
        f"curl -si {base_url}{_PATHS[case.op]} {key} "
        f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
    )


def _by_hand(case: Case) -> str:
    return f"By hand{_way(case)}\n{_listed(by_hand(case))}"


def explained(case: Case) -> str:
    """The command that shows all of a case."""
    return f"understudy conform explain {case.id}{_found(case)}"


def by_hand(case: Case) -> list[str]:
    """Two commands by which anybody sees a case with their own eyes: the server, and the call.

    The example of a relation must first be written, unless it was.
    """
    # In the file of a promoted example it is the only case.
    generated = case.group.id == GENERATED
    serve = f"understudy conform serve {PROMOTED if generated else case.id}{_found(case)} --port {_PORT}"
    if case.part:
        serve += f" --part {shlex.quote(case.part)}"
    promote = f"understudy conform promote REPORT.json --select {case.id} -o {case.group.source}"
    return [
        *([f"{promote}    (REPORT.json: what --json has written)"] if generated else []),
        f"{serve}    (in one terminal; it tells the time of each request)",
        f"{curl(case, f'http://{HOST}:{_PORT}/v1')}    (in another, as often as the client would)",
    ]


def script(case: Case) -> list[str]:
    """What the server does, a line for each step."""
    lines = [_step(step) for step in case.serve]
    if case.live is not None:
        lines.append(f"the mock server itself, to an account with {_fields(case.live)}")
    lines += [f"WebSocket: {json.dumps(step, ensure_ascii=False)}" for step in case.socket]
    lines += [f"on a second port, {_step(step)}" for step in case.second]
    lines += [f"{name} says {json.dumps(table, ensure_ascii=False)}" for name, table in case.answers.items()]
    return lines


def _step(step: dict[str, Any]) -> str:
    told = {key: value for key, value in step.items() if key != "on"}
    if told == {"answer": "ok"}:
        return f"request {step.get('on', 'every')}: the standard answer"
    return f"request {step.get('on', 'every')}: {json.dumps(told, ensure_ascii=False)}"


_CALLS = {
    "chat": "one chat completion",
    "stream": "one chat completion, streamed",
    "responses": "one response, streamed",
    "parse": "one chat completion by the client's helper for structured output",
    "agent": "the client's tool loop",
    "image": "one picture",
    "image.stream": "one picture, streamed",
    "image.edit": "one picture made of two",
    "embed": "vectors of two texts",
    "speech": "a sound",
    "list": "all pages of a list",
    "realtime": "one conversation over a WebSocket",
}


def _call(case: Case) -> Iterable[str]:
    yield _CALLS[case.op]
    if case.given:
        yield f"with {json.dumps(case.given, ensure_ascii=False)}"
    if case.calls.count > 1:
        yield f"made {case.calls.count} times, {'at once' if case.calls.together else 'one after another'}"
    if case.calls.same_key:
        yield "with one key"
    if case.calls.reuse:
        yield "with one client"
    if case.play:
        yield f"as the play {case.play!r} has it: {_first_line(PLAYS[case.play].__doc__)}"
    if case.cancel is not None:
        yield f"given up {_fields(case.cancel)}"
    if case.base_url != BASE_URL:
        yield f"with the base URL {case.base_url}"
    for name in case.options.__struct_fields__:
        value = getattr(case.options, name)
        if value is not None:
            yield f"set up with {name} = {value}"


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


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
