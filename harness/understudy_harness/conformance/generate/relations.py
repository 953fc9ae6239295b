"""The relations that every client must keep, whatever the answer says and however it travels: M1 to M10.

Each draws an answer and a few parameters and makes an ordinary case table of them, judged by ordinary words. So what
breaks a relation can be written down as a case and run without any of this.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.forms import FORMS
from understudy_harness.conformance.generate import truths
from understudy_harness.conformance.generate.truths import Table
from understudy_harness.conformance.truth import parse_truth

Able = Sequence[str]
"""What the client can: operations, and words of the driver protocol's `can`."""
WINDOW_S = 20
RETRIES = 2


class Parameter(NamedTuple):
    """One thing that an example varies.

    Attributes:
        values: that are tried in pairs with those of others, the plain one first.
        drawn: the strategy of the random examples; None for one of the values.
    """

    values: tuple[Any, ...]
    drawn: st.SearchStrategy[Any] | None = None

    @property
    def strategy(self) -> st.SearchStrategy[Any]:
        """Of the random examples; it shrinks to the plain value."""
        values = st.sampled_from(self.values)
        return values if self.drawn is None else values | self.drawn


class Stage(NamedTuple):
    """One search for an example that breaks a relation.

    Attributes:
        parameters: by their names.
        truths: strategy of the answers, as tables of `answers`.
        seeds: answers with which the pairs are tried.
        table: makes a case table of parameters and an answer; it has no id, title, rationale and references yet.
    """

    parameters: dict[str, Parameter]
    truths: st.SearchStrategy[Table]
    seeds: tuple[Table, ...]
    table: Callable[[Mapping[str, Any], Table], Table]


class Relation(NamedTuple):
    """One relation.

    Attributes:
        id: as reports have it.
        title: what a sound client does, as a sentence.
        rationale: why it matters.
        references: where it comes from.
        needs: what a client must be able to do in any example; of `|` in a word one is enough.
        stages: the searches, one after another until one of them finds something; by what the client can.
        waits: whether its examples take seconds, so that fewer are tried.
    """

    id: str
    title: str
    rationale: str
    references: tuple[str, ...]
    needs: tuple[str, ...]
    stages: Callable[[Able], list[Stage]]
    waits: bool = False

    def lacking(self, able: Able) -> list[str]:
        """What a client has not that it needs."""
        return [need for need in self.needs if not set(need.split("|")) & set(able)]


def _calls_twice(op: str, truth: Table, second: Table, **more: Any) -> Table:
    """The same call twice, answered plainly, then in another way: both must come to the same."""
    needs, given = truths.asks_for(truth)
    return {
        "level": "must",
        "needs": [op, *needs],
        "op": op,
        "calls": {"count": 2, "same_key": True},
        **({"input": given} if given else {}),
        "serve": [{"on": 1, "answer": "said"}, {"on": "2..", "answer": "said", **second}],
        "answers": {"said": truth},
        "expect": {"must": ["outcome is success", "requests == 2", 'same("choices")']},
        **more,
    }


def _streams(able: Able) -> list[str]:
    return [op for op in ("stream", "responses") if op in able]


def _over(able: Able, ops: Sequence[str], make: Callable[[str], list[Stage]]) -> list[Stage]:
    """The stages of each operation."""
    return [stage for op in ops if op in able for stage in make(op)]


# M1


def _whole_and_streamed(able: Able) -> list[Stage]:
    def table(parameters: Mapping[str, Any], truth: Table) -> Table:
        needs, given = truths.asks_for(truth)
        usage = {"prompt_tokens": parameters["usage"][0], "completion_tokens": parameters["usage"][1]}
        usage["total_tokens"] = sum(usage.values())
        last = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
        last |= {"choices": [], "usage": usage}
        return {
            "level": "must",
            "needs": ["chat", "stream", *needs],
            "play": "both_ways",
            "calls": {"count": 2, "same_key": True},
            **({"input": given} if given else {}),
            "serve": [{"answer": "said", "events": [{"insert": {"json": last}, "at": "done"}]}],
            "answers": {"said": {**truth, "usage": list(parameters["usage"])}},
            "expect": {"must": ["outcome is success", "requests == 2", 'same("choices")', 'same("usage")']},
        }

    counts = st.integers(0, 100_000)
    usage = Parameter(((9, 5), (1, 0), (128_000, 16_384)), st.tuples(counts, counts))
    return [Stage({"usage": usage}, truths.answers(able, "chat"), truths.SEEDS, table)]


# M2


def _chunked(able: Able) -> list[Stage]:
    sizes = st.lists(st.integers(1, 300), min_size=1, max_size=4).map(tuple)
    parameters = {
        "chunks": Parameter(((), (1,), (2, 5), (7,), (3, 70, 11), (100_000,)), sizes),
        "segments": Parameter(((), (1,), (3, 70, 11, 200), (100,)), sizes),
        "gzip": Parameter((False, True)),
        "pause": Parameter((False, True)),
    }

    def make(op: str) -> list[Stage]:
        def table(drawn: Mapping[str, Any], truth: Table) -> Table:
            way: Table = {key: list(drawn[key]) for key in ("chunks", "segments") if drawn[key]}
            way |= {"gzip": True} if drawn["gzip"] else {}
            paused = drawn["segments"] or drawn["chunks"]
            # Each write waits: thousands of them would take seconds and show nothing more.
            if drawn["pause"] and paused and sum(paused) / len(paused) >= 40:
                way["pause"] = "1ms"
            return _calls_twice(op, truth, way, window_s=WINDOW_S)

        return [Stage(parameters, truths.answers(able, op), truths.SEEDS, table)]

    return _over(able, ("stream", "responses", "chat"), make)


# M3


def _framed(able: Able) -> list[Stage]:
    every = {
        "newline": Parameter(("lf", "crlf", "cr")),
        "space": Parameter((True, False)),
        "bom": Parameter((False, True)),
        "several_lines": Parameter((False, True)),
        "fields": Parameter(((), ("id: 1",), ("retry: 10", "id"))),
        "segments": Parameter(((), (1,), (13,)), st.lists(st.integers(1, 200), max_size=3).map(tuple)),
    }
    # What the catalogue has as a MUST is looked at first: cases 4.3, 4.8 and 4.9 are a SHOULD.
    strict = {**every, "newline": Parameter(("lf", "crlf")), "bom": Parameter((False,))}
    strict["several_lines"] = Parameter((False,))

    def make(op: str) -> list[Stage]:
        def table(drawn: Mapping[str, Any], truth: Table) -> Table:
            plain = {"newline": "lf", "space": True, "bom": False, "several_lines": False, "fields": ()}
            framing = {key: drawn[key] for key in plain if drawn[key] != plain[key]}
            if "fields" in framing:
                framing["fields"] = list(framing["fields"])
            way: Table = {"framing": framing} if framing else {}
            way |= {"segments": list(drawn["segments"])} if drawn["segments"] else {}
            lenient = framing.get("newline") == "cr" or framing.keys() & {"bom", "several_lines"}
            return _calls_twice(op, truth, way, window_s=WINDOW_S, level="should" if lenient else "must")

        asked = truths.answers(able, op)
        return [Stage(ways, asked, truths.SEEDS, table) for ways in (strict, every)]

    return _over(able, ("stream", "responses"), make)


# M4

_COMMENTS = (": ping\n\n", ":\n\n", ":\n", ": data: [DONE]\n\n", ': {"error": {"message": "no"}}\n\n')
_KEYS: tuple[tuple[str, Any], ...] = (
    ("x_new", 1), ("x_new", {"error": "no"}), ("obfuscation", "aB3"), ("x_null", "@null"), ("x_list", [1, [], {}]),
)  # fmt: skip
_CHAT_KEYS: tuple[tuple[str, Any], ...] = (
    ("choices.0.x_new", {"text": "no"}), ("choices.0.delta.x_content", "no"), ("choices.0.delta.reasoning_content", ""),
    ("choices.0.delta.function_call", "@null"), ("usage", "@null"),
)  # fmt: skip


def _commented(able: Able) -> list[Stage]:
    def make(op: str) -> list[Stage]:
        keys = _KEYS + (_CHAT_KEYS if op == "stream" else ())
        comments = st.lists(st.sampled_from(_COMMENTS), max_size=3).map(tuple)
        drawn_keys = st.lists(st.sampled_from(keys), max_size=3, unique_by=lambda key: key[0]).map(tuple)
        parameters = {
            "between": Parameter(((), *((comment,) for comment in _COMMENTS)), comments),
            "within": Parameter((False, True)),
            "keys": Parameter(((), *((key,) for key in keys)), drawn_keys),
        }

        def table(drawn: Mapping[str, Any], truth: Table) -> Table:
            framing: Table = {"between": list(drawn["between"])} if drawn["between"] else {}
            framing |= {"fields": [": inside an event"]} if drawn["within"] else {}
            way: Table = {"framing": framing} if framing else {}
            way |= {"events": [{"set": dict(drawn["keys"])}]} if drawn["keys"] else {}
            return _calls_twice(op, truth, way)

        return [Stage(parameters, truths.answers(able, op), truths.SEEDS, table)]

    return _over(able, ("stream", "responses"), make)


# M5


def _interleaved(able: Able) -> list[Stage]:
    order = st.lists(st.integers(0, 2), max_size=24).map(_in_turn)
    turns = {"order": Parameter(((0,), (0, 1) * 12, (0, 1, 1, 0), (0, 1, 2) * 8, (0, 0, 1, 1) * 6), order)}

    def of_choices(drawn: Mapping[str, Any], truth: Table) -> Table:
        return _mixed({**truth, "order": [0]}, {**truth, "order": list(drawn["order"])})

    def of_calls(drawn: Mapping[str, Any], truth: Table) -> Table:
        return _mixed(truth, {**truth, "order": list(drawn["order"])})

    def _mixed(truth: Table, mixed: Table) -> Table:
        table = _calls_twice("stream", truth, {"answer": "mixed"})
        return {**table, "answers": {"said": truth, "mixed": mixed}}

    stages = []
    if "n" in able:
        seeds = ({"choices": [truths.said(["one ", "red"]), truths.said(["two ", "blue ", "cats"], "length")]},)
        stages.append(Stage(turns, truths.several(), seeds, of_choices))
    if "tools" in able:
        made = [
            {"name": "get_time", "id": f"call_{number}", "arguments": f'{{"city": "{city}"}}'}
            for number, city in enumerate(("Oslo", "Lima"), 1)
        ]
        stages.append(Stage(turns, truths.tools(2), ({"tool_calls": made, "finish": "tool_calls"},), of_calls))
    return stages


def _in_turn(order: Sequence[int]) -> tuple[int, ...]:
    """An order in which nothing begins before all of a lower index have: the API counts as it begins."""
    begun = list(dict.fromkeys(order))
    return tuple(begun.index(number) for number in order)


# M6


def _cut(able: Able) -> list[Stage]:
    parameters = {
        "at": Parameter((500, 0, 150, 300, 700, 900, 999), st.integers(0, 999)),
        "end": Parameter(("fin", "rst")),
        "last_chunk": Parameter((False, True)),
    }
    # A cut that HTTP itself tells is looked at first; behind one, what is left may end in order.
    torn = {**parameters, "last_chunk": Parameter((False,))}

    def make(op: str) -> list[Stage]:
        def table(drawn: Mapping[str, Any], truth: Table) -> Table:
            whole, told = _sizes(op, truth)
            # The end of a chat stream is told by its finish reason: behind that nothing is missing.
            after = drawn["at"] * whole // 1000
            step: Table = {"on": 1, "answer": "said", "cut": {"after_bytes": after}, "end": drawn["end"]}
            if drawn["last_chunk"] and drawn["end"] == "fin":
                step["last_chunk"] = True
            text = f"text == {literal(truth['text'])}"
            # Who has handed nothing out may ask again, and is then answered whole.
            full = text if after >= told else f"requests > 1 and {text}"
            must = [f"beginning_of({literal(truth['text'])})", f"outcome is error or (outcome is success and {full})"]
            return {
                "level": "must",
                "needs": [op],
                "op": op,
                "serve": [step, {"on": "2..", "answer": "said"}],
                "answers": {"said": truth},
                "expect": {"must": must},
            }

        return [Stage(ways, truths.told_texts(), truths.SEEDS, table) for ways in (torn, parameters)]

    return _over(able, ("stream", "responses"), make)


def _sizes(op: str, truth: Table) -> tuple[int, int]:
    """Bytes of a stream up to and without the event that ends the answer, and up to its last content."""
    canary, created = Canary("sk-canary", f"canary-{0:08x}"), 1_800_000_000
    form = "chat.stream" if op == "stream" else "responses.stream"
    body = FORMS[form](parse_truth(truth), canary, created)["text"].encode()
    place = told = 0
    for block in body.split(b"\n\n"):
        data = block.rpartition(b"data: ")[2]
        event = json.loads(data) if data.startswith(b"{") else {}
        if event.get("type", "").endswith((".completed", ".incomplete")):
            break
        choice: Table = next(iter(event.get("choices", ())), {})
        if choice.get("finish_reason"):
            break
        place += len(block) + 2
        if event.get("type", "").endswith("text.delta") or choice.get("delta", {}).get("content"):
            told = place - 2
    return place, told


# M7

_REFUSALS: dict[str, Table] = {
    "500": {"status": 500, "error": {"message": "The server had an error", "code": "server_error"}},
    "429 and a wait": {
        "status": 429,
        "headers": {"retry-after": "1"},
        "error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"},
    },
    "429": {"status": 429, "error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}},
    "502": {"status": 502, "headers": {"content-type": "text/html"}, "text": "<html>Bad Gateway</html>"},
    "503": {"status": 503, "error": {"message": "Overloaded", "code": "server_error"}},
    "closed": {"silent": True, "end": "fin"},
    "reset": {"silent": True, "end": "rst"},
}
_NONE = ""


def _refused(able: Able) -> list[Stage]:
    """Failures whose retry the catalogue has as a MUST or all official clients agree on; a wait only where it does."""
    kinds = tuple(_REFUSALS)
    parameters = {"first": Parameter(kinds), "second": Parameter((_NONE, *kinds))}

    def make(op: str) -> list[Stage]:
        def table(drawn: Mapping[str, Any], truth: Table) -> Table:
            met = [kind for kind in (drawn["first"], drawn["second"]) if kind != _NONE]
            waits = [f"gap({number}) >= 1" for number, kind in enumerate(met, 1) if kind == "429 and a wait"]
            patient = [f"(requests <= {number} or {wait})" for number, wait in _numbered(met, waits)]
            text, count = f"text == {literal(truth['text'])}", len(met)
            return {
                "level": "must",
                "needs": [op, "retries"],
                "op": op,
                "options": {"retries": count},
                "window_s": 30,
                "serve": [
                    *({"on": number, **_REFUSALS[kind]} for number, kind in enumerate(met, 1)),
                    {"on": f"{count + 1}..", "answer": "said"},
                ],
                "answers": {"said": truth},
                "expect": {
                    "must": [f"outcome is success and {text}", f"requests == {count + 1}", *waits],
                    # Who thinks a failure hopeless and says so has broken no wait.
                    "non_strict": [" and ".join([f"outcome is error and requests <= {count}", *patient])],
                },
            }

        return [Stage(parameters, truths.told_texts(), truths.SEEDS[:1], table)]

    return _over(able, ("stream", "chat"), make)


def _numbered(met: Sequence[str], waits: Sequence[str]) -> list[tuple[int, str]]:
    numbers = [number for number, kind in enumerate(met, 1) if kind == "429 and a wait"]
    return list(zip(numbers, waits, strict=True))


# M8


def _together(able: Able) -> list[Stage]:
    parameters = {
        "count": Parameter((2, 5, 12), st.integers(2, 20)),
        "chunks": Parameter(((), (7,), (40, 3)), st.lists(st.integers(1, 200), max_size=3).map(tuple)),
        "pause": Parameter((True, False)),
        "newline": Parameter(("lf", "crlf")),
    }

    def make(op: str) -> list[Stage]:
        def table(drawn: Mapping[str, Any], truth: Table) -> Table:
            step: Table = {"answer": "ok"}
            if op != "chat" and drawn["newline"] != "lf":
                step["framing"] = {"newline": drawn["newline"]}
            if drawn["chunks"]:
                step["chunks"] = list(drawn["chunks"])
            if drawn["pause"] and sum(drawn["chunks"]) >= 40 * len(drawn["chunks"]):
                step["pause"] = "2ms"
            count = drawn["count"]
            return {
                "level": "must",
                "needs": [op, "parallel"],
                "op": op,
                "calls": {"count": count, "together": True},
                "window_s": WINDOW_S,
                "serve": [step],
                "expect": {"must": [f"successes == {count}", "own_texts", f"requests == {count}"]},
            }

        return [Stage(parameters, st.just(truths.PLAIN), (truths.PLAIN,), table)]

    return _over(able, ("stream", "responses", "chat"), make)


# M9


def _given_up(able: Able) -> list[Stage]:
    moments = ("before the answer", "in the answer", "between attempts")
    parameters = {
        "moment": Parameter(moments if "retries" in able else moments[:2]),
        "events": Parameter((3, 1, 2), st.integers(1, 8)),
        "after_ms": Parameter((100, 0, 300), st.integers(0, 600)),
    }

    def make(op: str) -> list[Stage]:
        def table(drawn: Mapping[str, Any], truth: Table) -> Table:
            moment, seconds = drawn["moment"], drawn["after_ms"] / 1000
            must = ["requests == 1", "settled_after_cancel <= 1"]
            made: Table = {"cancel": {"after_request_s": seconds}, "needs": [op, "cancel"]}
            if moment == "between attempts":
                refusal = {**_REFUSALS["429"], "headers": {"retry-after": "5"}}
                made |= {"serve": [refusal], "options": {"retries": 2}, "needs": [op, "cancel", "retries"]}
                # Longer than the wait: a request that a timer has left behind is seen.
                made |= {"cancel": {"after_s": seconds}, "watch_s": 5.6}
                # Who does not want to wait at all fails before it is given up.
                must[1] = 'error.kind == "rate_limit" or settled_after_cancel <= 1'
            elif moment == "in the answer" and op != "chat":
                made["serve"] = [{"answer": "ok", "stall": {"after_events": drawn["events"]}}]
                made |= {"cancel": {"after_s": seconds}, "watch_s": 0.5}
                must.append("closed_after_cancel <= 1")
            else:
                made |= {"serve": [{"answer": "ok", "delay": "1h"}], "watch_s": 0.5}
                must.append("closed_after_cancel <= 1")
            return {"level": "must", "op": op, "window_s": 15, **made, "expect": {"must": must}}

        return [Stage(parameters, st.just(truths.PLAIN), (truths.PLAIN,), table)]

    return _over(able, ("stream", "chat"), make)


# M10


def _lives(able: Able) -> list[Stage]:
    """Lives of one account: calls at once, pauses, limits that rise and fall, credits that go and come."""
    turn = st.one_of(
        st.integers(1, 4).map(lambda count: {"calls": count}),
        st.integers(0, 1500).map(lambda wait: {"wait_ms": wait}),
        st.sampled_from((120, 60, 600)).map(lambda limit: {"rpm": limit}),
        st.sampled_from(("5", "0")).map(lambda credits: {"credits": credits}),
    )
    lives = st.lists(turn, min_size=1, max_size=5).map(tuple)
    seeds: tuple[tuple[Table, ...], ...] = (
        ({"calls": 2},),
        ({"calls": 4}, {"wait_ms": 700}, {"calls": 2}),
        ({"calls": 1}, {"credits": "0"}, {"calls": 2}, {"credits": "5"}, {"calls": 1}),
        ({"calls": 3}, {"rpm": 600}, {"calls": 4}, {"rpm": 60}, {"calls": 2}),
    )
    parameters = {"life": Parameter(seeds, lives), "used": Parameter((0, 60, 59, 58), st.integers(55, 60))}

    def table(drawn: Mapping[str, Any], truth: Table) -> Table:
        # The first call makes the account known.
        life = [{"calls": 1}, *drawn["life"]]
        count = sum(turn.get("calls", 0) for turn in life)
        must = [f"requests <= {(RETRIES + 1) * count}", "own_texts", "told_waits == 0 or patience >= 0"]
        return {
            "level": "must",
            "needs": ["chat", "parallel", "retries"],
            "play": "life",
            "calls": {"count": count, "same_key": True},
            "options": {"retries": RETRIES},
            "window_s": 60,
            "live": {"credits": "5", "limits": {"rpm": 60}, "used": drawn["used"], "life": life},
            # Bare clients retry when credits are gone, and say so when they give up: case 2.1 bears that, too.
            "expect": {
                "must": [*must, "quota_retries == 0"],
                "non_strict": [" and ".join(f"({each})" for each in must)],
            },
        }

    return [Stage(parameters, st.just(truths.PLAIN), (truths.PLAIN,), table)]


def literal(text: str) -> str:
    """A text as expectations spell it; what no screen shows is escaped."""
    return ascii(text) if not text.isprintable() else repr(text)


_DESIGN = "our choice: the model of generated cases"
RELATIONS: tuple[Relation, ...] = (
    Relation(
        "M1-streamed",
        "An answer is the same whole and as a stream",
        "An application that turns streaming on must get what it got before.",
        (_DESIGN, "microsoft/agent-framework-go#1060 (parity gap)"),
        ("chat", "stream"),
        _whole_and_streamed,
    ),
    Relation(
        "M2-chunks",
        "How the bytes of an answer are cut and packed changes nothing",
        "Networks and proxies cut where they like, inside a character or a line end, and may pack what they pass on.",
        (_DESIGN, "RFC 9112, section 7.1", "kubernetes-sigs/inference-perf#781"),
        ("stream|responses|chat",),
        _chunked,
    ),
    Relation(
        "M3-framing",
        "How events are written changes nothing",
        "The standard allows several line ends, no space behind the colon, other fields and data over several lines.",
        (_DESIGN, "WHATWG HTML, server-sent events", "WPT eventsource `format-*`"),
        ("stream|responses",),
        _framed,
    ),
    Relation(
        "M4-comments",
        "Comments and unknown keys change nothing",
        "Proxies send comments to keep connections open, and the API adds keys without a new version.",
        (_DESIGN, "WHATWG HTML, server-sent events", "64bit/async-openai#457"),
        ("stream|responses",),
        _commented,
    ),
    Relation(
        "M5-interleaving",
        "In what order the pieces of choices and tool calls come changes nothing",
        "Each piece says by its index where it belongs. Who adds it to whatever came last mixes answers.",
        (_DESIGN, "BerriAI/litellm#35793", "bytedance/deer-flow#654"),
        ("stream", "n|tools"),
        _interleaved,
    ),
    Relation(
        "M6-cut",
        "A stream that is cut is an error, and what was handed out is its beginning",
        "Half an answer that is called a whole one is the worst that can happen: nobody looks for the rest.",
        (_DESIGN, "openai/openai-python#2699"),
        ("stream|responses",),
        _cut,
    ),
    Relation(
        "M7-failures",
        "Failures before the first byte cost time and nothing else",
        "As many retries as the client was set up with, none before the wait that the server names, then the answer.",
        (_DESIGN, "openai-openapi `TooManyRequests` (a minimum wait)"),
        ("stream|chat", "retries"),
        _refused,
        waits=True,
    ),
    Relation(
        "M8-parallel",
        "Calls at once come to what they come to one by one",
        "Each call gets its own answer, whole, whatever else is under way.",
        (_DESIGN,),
        ("stream|responses|chat", "parallel"),
        _together,
    ),
    Relation(
        "M9-cancel",
        "A call that is given up at any moment ends at once, lets go of its socket and asks no more",
        "Users press stop. Whatever goes on after that costs money for nobody.",
        (_DESIGN, "openai/openai-node#2580", "vercel/ai#7656"),
        ("stream|chat", "cancel"),
        _given_up,
        waits=True,
    ),
    Relation(
        "M10-limits",
        "Whatever becomes of limits and credits, no retry comes too early, too often, or after the money is gone",
        "An account lives: calls come at once, limits rise and fall, credits end. Each call keeps to what it was told.",
        (_DESIGN, "openai-openapi `TooManyRequests` (a minimum wait)", "case 2.1 (retries of a quota)"),
        ("chat", "parallel", "retries"),
        _lives,
        waits=True,
    ),
)
"""All there are."""
