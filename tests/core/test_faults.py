from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.core.faults import SCRIPTS_KEPT, STEPS_KEPT, FaultAnswer, FaultError, Faults, FaultScript
from understudy.core.messages import Request

NOW = 1_755_133_835_250_000  # Thu, 14 Aug 2025 01:10:35.25 GMT
CHAT = Request("POST", "/v1/chat/completions", {})
MODELS = Request("GET", "/v1/models", {})


def play(script: FaultScript | Faults, calls: int, request: Request = CHAT, key: str = "sk-a", model: str = "gpt-4o"):
    """The names of the faults that so many calls meet."""
    faults = [script.next(request, key, model, NOW) for _ in range(calls)]
    return [None if fault is None else fault.name for fault in faults]


def answer(step: dict[str, Any], answers: dict[str, Any] | None = None) -> FaultAnswer:
    """What the first call gets from a step."""
    fault = FaultScript.parse(step, answers).next(CHAT, "sk-a", "gpt-4o", NOW)
    assert fault is not None
    return fault.answer(NOW)


@pytest.mark.parametrize(
    ("on", "played"),
    [
        (1, [1]),
        ("2", [2]),
        ("2..", [2, 3, 4, 5]),
        ("2-3", [2, 3]),
        ("every", [1, 2, 3, 4, 5]),
        (None, [1, 2, 3, 4, 5]),
    ],
)
def test_on_says_which_calls(on: object, played: list[int]) -> None:
    """Calls are counted from 1; both ends belong to a range; without `on` every call is meant."""
    step = {"status": 500} if on is None else {"status": 500, "on": on}
    names = play(FaultScript.parse(step), 5)
    assert [number for number, name in enumerate(names, 1) if name] == played


def test_steps_play_one_after_the_other() -> None:
    """The script of a server that is limited twice and down ever after."""
    script = FaultScript.parse(
        {
            "name": "limited, then down",
            "steps": [
                {"on": "1-2", "status": 429, "error": {"code": "rate_limit_exceeded", "message": "Slow down"}},
                {"on": "3..", "status": 503},
            ],
        }
    )
    assert play(script, 4) == ["rate_limit_exceeded", "rate_limit_exceeded", "status 503", "status 503"]


def test_the_first_step_that_is_due_plays_and_all_count() -> None:
    """A step that another one hides has counted the call all the same."""
    script = FaultScript.parse({"steps": [{"on": 1, "status": 500}, {"on": "1-2", "status": 502}]})
    assert play(script, 3) == ["status 500", "status 502", None]


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"path": "/v1/chat/completions"}, True),
        ({"path": "/v1/chat/*"}, True),
        ({"path": "/v1/chat"}, False),
        ({"path": "/v1.chat/completions"}, False),
        ({"method": "post"}, True),
        ({"method": "GET"}, False),
        ({"model": "gpt-4o*"}, True),
        ({"model": "gpt-5*"}, False),
        ({"key": "sk-a"}, True),
        ({"key": "sk-b", "model": "gpt-4o"}, False),
    ],
)
def test_a_step_is_about_the_calls_it_matches(match: dict[str, str], fits: bool) -> None:
    """By whole texts, in which a star stands for any text; all that are given must fit."""
    assert play(FaultScript.parse({"status": 500, **match}), 1) == ["status 500" if fits else None]


def test_only_calls_that_match_are_counted() -> None:
    """Looking at the models does not use up the fault of the first chat."""
    script = FaultScript.parse({"on": 1, "path": "/v1/chat/*", "status": 500})
    assert play(script, 3, MODELS) == [None, None, None]
    assert play(script, 2) == ["status 500", None]


def test_an_error_comes_in_the_layout_of_the_real_one() -> None:
    """429s come from the edge: four spaces, a final newline, a charset."""
    given = answer({"status": 429, "error": {"code": "rate_limit_exceeded", "message": "Slow <down>"}})
    assert given.status == 429
    assert given.content_type == b"application/json; charset=utf-8"
    assert given.body == (
        b'{\n    "error": {\n        "message": "Slow \\u003cdown\\u003e",\n        "type": "requests",\n'
        b'        "param": null,\n        "code": "rate_limit_exceeded"\n    }\n}\n'
    )


def test_a_body_may_be_any_bytes() -> None:
    """In base64, with the type that a header says."""
    given = answer({"base64": "AP8K", "headers": {"content-type": "image/png"}})
    assert (given.status, given.body, given.content_type) == (200, b"\x00\xff\n", b"image/png")
    assert answer({"base64": "AP8K"}).content_type == b"application/octet-stream"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, None, "invalid_request_error"),
        (429, None, "requests"),
        (429, "insufficient_quota", "insufficient_quota"),
        (503, None, "server_error"),
    ],
)
def test_the_type_of_an_error_follows_from_its_status(status: int, code: str | None, expected: str) -> None:
    """As recorded; the script may say otherwise."""
    told = {"message": "No", "code": code}
    assert msgspec.json.decode(answer({"status": status, "error": told}).body)["error"]["type"] == expected
    own = msgspec.json.decode(answer({"status": status, "error": {**told, "type": "own"}}).body)
    assert own["error"] == {"message": "No", "type": "own", "param": None, "code": code}


def test_a_page_of_a_proxy_is_sent_as_it_is() -> None:
    """Text is not touched; its content type is a header like any other, and stands only once."""
    given = answer({"status": 502, "headers": {"Content-Type": "text/html"}, "text": "<h1>世界</h1>"})
    assert (given.status, given.content_type, given.body) == (502, b"text/html", "<h1>世界</h1>".encode())
    assert given.headers == []


def test_any_json_may_be_answered() -> None:
    """As a 200 unless the step says otherwise, indented by two, ending in a newline."""
    given = answer({"json": {"object": "list", "data": []}})
    assert (given.status, given.content_type) == (200, b"application/json")
    assert given.body == b'{\n  "object": "list",\n  "data": []\n}\n'
    assert answer({"status": 408}).body == b""


def test_headers_are_texts_numbers_or_lists() -> None:
    """Names are written small; a list repeats the header."""
    given = answer({"status": 429, "headers": {"Retry-After": 2, "set-cookie": ["a=1", "b=2"]}})
    assert given.headers == [(b"retry-after", b"2"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


@pytest.mark.parametrize(
    ("spelled", "sent"),
    [
        ("{now:http_date}", b"Thu, 14 Aug 2025 01:10:35 GMT"),
        ("{now+3s:http_date}", b"Thu, 14 Aug 2025 01:10:38 GMT"),
        ("{now-1h:http_date}", b"Thu, 14 Aug 2025 00:10:35 GMT"),
        ("{now+800ms:unix}", b"1755133836"),
        ("at {now+1d:iso}, not before", b"at 2025-08-15T01:10:35.250000Z, not before"),
        ('{"a": 1}', b'{"a": 1}'),
    ],
)
def test_moments_are_written_into_headers(spelled: str, sent: bytes) -> None:
    """Relative to the moment of the answer; other braces stay."""
    assert answer({"status": 429, "headers": {"x": spelled}}).headers == [(b"x", sent)]


def test_a_named_answer_takes_the_steps_own_keys_on_top() -> None:
    """Headers are added one by one; another body replaces the named one."""
    named = {"ok": {"status": 200, "headers": {"content-type": "application/json", "x-a": "1"}, "text": "{}"}}
    plain = answer({"answer": "ok"}, named)
    assert (plain.status, plain.headers, plain.body) == (200, [(b"x-a", b"1")], b"{}")
    own = answer({"answer": "ok", "headers": {"X-A": "2", "x-b": "3"}, "json": None}, named)
    assert (own.headers, own.body) == ([(b"x-a", b"2"), (b"x-b", b"3")], b"null\n")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ([], "Fault: 'step' must be a table, not []."),
        ({"statuss": 500}, "Fault: 'statuss' is not known; a step has name, on, method"),
        ({"on": 1}, "Fault: 'status' is missing: a step says what is answered, or how."),
        ({"status": 99}, "Fault: 'status' must be a whole number from 200 to 599, not 99."),
        ({"status": True}, "Fault: 'status' must be a whole number from 200 to 599, not True."),
        ({"error": {"message": "No"}}, "Fault: 'status' must be a whole number from 200 to 599, not None."),
        ({"status": 500, "on": 0}, 'Fault: \'on\' must be a number from 1 on, "2..", "3-5" or "every", not 0.'),
        ({"status": 500, "on": "5-3"}, "Fault: 'on' must not end before it begins, as '5-3' does."),
        ({"status": 500, "on": 10**5000}, "Fault: 'on' must be a number"),
        ({"status": 500, "path": ""}, "Fault: 'path' must be a text that is not empty, not ''."),
        ({"status": 500, "text": "a", "json": 1}, "Fault: 'text' cannot stand beside 'json': an answer has one body."),
        ({"status": 204, "text": "a"}, "Fault: 'text' cannot be sent: a 204 has no body."),
        ({"status": 500, "text": "\ud800"}, "Fault: 'text' must be a text, not '\\ud800'."),
        ({"status": 500, "base64": "a"}, "Fault: 'base64' must be a text in base64, not 'a'."),
        ({"status": 500, "base64": 1}, "Fault: 'base64' must be a text in base64, not 1."),
        ({"status": 500, "base64": "", "text": "a"}, "Fault: 'base64' cannot stand beside 'text'"),
        ({"json": {"a": object()}}, "Fault: 'json' cannot be written as JSON"),
        ({"status": 500, "error": "no"}, "Fault: 'error' must be a table, not 'no'"),
        ({"status": 500, "error": {"code": "x"}}, "Fault: 'error.message' is missing."),
        ({"status": 500, "error": {"message": "x", "kind": "y"}}, "Fault: 'error.kind' is not known"),
        ({"status": 500, "error": {"message": 1}}, "Fault: 'error.message' must be a text, not 1."),
        ({"status": 500, "headers": []}, "Fault: 'headers' must be a table, not []."),
        ({"status": 500, "headers": {"a b": "1"}}, "Fault: 'headers.a b' is no name of a header."),
        ({"status": 500, "headers": {"a": "1\r\nb: 2"}}, "Fault: 'headers.a' must be Latin-1 without control"),
        ({"status": 500, "headers": {"a": 1.5}}, "Fault: 'headers.a' must be a text, a whole number or a list"),
        ({"status": 500, "headers": {"Content-Length": "9"}}, "Fault: 'headers.Content-Length' belongs to the framing"),
        ({"status": 500, "headers": {"a": "{now+3:unix}"}}, "Fault: 'headers.a' has '{now+3:unix}'; a moment is"),
        ({"answer": "ok"}, "Fault: 'answer' names nothing here."),
        ({"name": "n", "steps": [], "extra": 1}, "Fault script 'n': 'extra' is no part of a script"),
        ({"name": 1, "steps": []}, "Fault script: 'name' must be a text, not 1."),
        ({"steps": []}, f"Fault script 'fault script': 'steps' must be a list of 1 to {STEPS_KEPT} steps."),
        ({"name": "n", "steps": [{"status": 500}, {}]}, "Fault script 'n', step 2: 'status' is missing"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_sentence(script: Any, sentence: str) -> None:
    """It names the place and the key."""
    with pytest.raises(FaultError) as refused:
        FaultScript.parse(script)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("steps", "covered"),
    [
        ([{"status": 500}], True),
        ([{"on": "2..", "status": 500}, {"on": 1, "status": 429}], True),
        ([{"on": 1, "status": 500}, {"on": "3..", "status": 429}], False),
        ([{"on": "1-9", "status": 500}], False),
        ([{"path": "/v1/*", "status": 500}], False),
    ],
)
def test_a_script_knows_whether_it_leaves_calls_out(steps: list[dict[str, Any]], covered: bool) -> None:
    """Only steps about every call can cover them all."""
    assert FaultScript.parse({"steps": steps}).covers_every_call is covered


def test_scripts_play_in_the_order_they_were_added() -> None:
    """Each counts every call; the first one that is due plays."""
    faults = Faults()
    assert not faults
    faults.add({"on": 1, "status": 500}, {"name": "late", "steps": [{"on": "1-2", "status": 502}]})
    assert faults
    assert [script.name for script in faults] == ["fault", "late"]
    assert play(faults, 3) == ["status 500", "status 502", None]
    faults.clear()
    assert len(faults) == 0
    assert play(faults, 1) == [None]


def test_a_refused_addition_adds_nothing() -> None:
    """All scripts of one call or none, and never more than are kept."""
    faults = Faults()
    with pytest.raises(FaultError, match="statuss"):
        faults.add({"status": 500}, {"statuss": 500})
    assert len(faults) == 0
    faults.add(*[{"status": 500}] * SCRIPTS_KEPT)
    with pytest.raises(FaultError, match="more than 1000"):
        faults.add({"status": 500})


_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_values = st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
_keys = st.sampled_from(
    ["name", "on", "method", "path", "model", "key", "answer", "status", "headers", "error", "json", "text"]
)
_plausible = st.fixed_dictionaries(
    {"status": st.integers(200, 599)},
    optional={
        "on": st.sampled_from([1, "2..", "1-3", "every"]),
        "headers": st.dictionaries(st.text(), _leaves),
        "error": st.dictionaries(st.sampled_from(["message", "code", "type", "param"]), _leaves),
        "json": _values,
        "text": st.text(),
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # nothing here depends on speed
@given(st.dictionaries(_keys, _values) | _plausible)
def test_every_table_is_either_refused_or_can_be_sent(table: dict[str, Any]) -> None:
    """Nothing else than a FaultError is raised, and no header breaks the lines of HTTP."""
    try:
        script = FaultScript.parse(table)
    except FaultError:
        return
    for _ in range(3):
        fault = script.next(CHAT, "sk-a", "gpt-4o", NOW)
        if fault is not None:
            given = fault.answer(NOW)
            assert 200 <= given.status <= 599
            assert isinstance(given.body, bytes)
            for name, value in [*given.headers, (b"content-type", given.content_type)]:
                assert b"\r" not in name + value
                assert b"\n" not in name + value
