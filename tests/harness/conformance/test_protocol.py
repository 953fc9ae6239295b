import json
import subprocess
import sys
from typing import Any

import pytest

from understudy_harness.conformance.protocol import (
    Cancel,
    Final,
    Hello,
    Options,
    Progress,
    ProtocolError,
    Run,
    Stop,
    decode_introduction,
    decode_line,
    encode_line,
    schemas,
)

RUN = Run(
    7,
    "1.1-seconds",
    "chat",
    "http://127.0.0.1:1/v1",
    "sk-a",
    {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]},
)
FINALS: list[dict[str, Any]] = [
    {"seq": 7, "result": {"choices": [{"text": "Hello", "finish": "stop"}], "usage": {"in": 9, "out": 5}}},
    {
        "seq": 7,
        "error": {"kind": "rate_limit", "status": 429, "message": "no", "partial": {"choices": [{"text": "H"}]}},
    },
    {"seq": 7, "skipped": {"why": "known to hang", "issue": "https://example.com/1"}},
]


def test_lines_to_a_driver_are_one_json_object_each() -> None:
    """The command stands in `cmd`; options that are not set are not sent."""
    assert json.loads(encode_line(Hello())) == {"cmd": "hello", "protocol": 1}
    assert json.loads(encode_line(Cancel(7))) == {"cmd": "cancel", "seq": 7}
    assert encode_line(Stop()) == b'{"cmd":"stop"}\n'
    told = json.loads(encode_line(RUN))
    assert (told["cmd"], told["seq"], told["op"], told["options"]) == ("run", 7, "chat", {})
    limited = Run(8, "1.11", "chat", "u", "k", RUN.input, Options(retries=0))
    assert json.loads(encode_line(limited))["options"] == {"retries": 0}


def test_final_lines_are_read() -> None:
    """Each of the three kinds, with fields that we do not know."""
    result, error, skipped = (decode_line(json.dumps({**line, "more": 1}).encode()) for line in FINALS)
    assert isinstance(result, Final)
    assert result.result is not None
    assert result.result.usage is not None
    assert (result.result.choices[0].text, result.result.usage.tokens_in) == ("Hello", 9)
    assert isinstance(error, Final)
    assert error.error is not None
    assert (error.error.kind, error.error.status) == ("rate_limit", 429)
    assert isinstance(skipped, Final)
    assert skipped.skipped is not None


def test_progress_lines_are_read() -> None:
    """They are told from final ones by their event."""
    assert decode_line(b'{"seq": 7, "event": "delta", "text": "Hel", "new": []}') == Progress(7, "delta", "Hel")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"starting up...\n", "a line is not as the protocol has it"),
        (b"[]\n", "a line is not as the protocol has it"),
        (b'{"seq": "7", "result": {}}', "Expected `int`, got `str` - at `$.seq`"),
        (b'{"seq": 7}', "exactly one of result, error and skipped"),
        (b'{"seq": 7, "result": {}, "error": {"kind": "other"}}', "exactly one of result, error and skipped"),
        (b'{"seq": 7, "error": {"kind": "bad luck"}}', "Invalid enum value 'bad luck' - at `$.error.kind`"),
        (b'{"event": "delta"}', "missing required field `seq`"),
        (b"\xff\xfe", "a line is not as the protocol has it"),
        (b'{"seq": 7, "result": {"choices": [{"text": "\xff"}]}}', "a line is not as the protocol has it"),
        (b"[" * 100_000, "a line is not as the protocol has it"),
    ],
)
def test_lines_that_break_the_protocol_are_refused(line: bytes, problem: str) -> None:
    """With what is wrong and the line itself."""
    with pytest.raises(ProtocolError) as refused:
        decode_line(line)
    assert problem in str(refused.value)
    assert refused.value.line in str(refused.value)


def test_an_introduction_says_at_least_who_and_what() -> None:
    """The rest has defaults; unknown operations and abilities are taken as they are."""
    told = decode_introduction(
        b'{"client": {"name": "x", "version": "1"}, "ops": ["chat", "telepathy"], "can": ["fly"]}'
    )
    assert (told.client.name, told.ops, told.can) == ("x", ["chat", "telepathy"], ["fly"])
    with pytest.raises(ProtocolError, match="the answer to hello is not as the protocol has it"):
        decode_introduction(b'{"client": {"name": "x"}, "ops": []}')


def test_a_long_line_is_shortened_in_the_error() -> None:
    """A driver that dumps a page must not flood the report."""
    with pytest.raises(ProtocolError) as refused:
        decode_line(b"x" * 10_000)
    assert len(str(refused.value)) < 400


def test_half_a_character_is_kept_as_it_is() -> None:
    """As an escape of JSON, or as the bytes it would have: whether a client hands out such texts is what a case asks."""
    for spelled in (rb"\ud83c", "\ud83c".encode("utf-8", "surrogatepass")):
        progress = decode_line(b'{"seq": 7, "event": "delta", "text": "a ' + spelled + b'"}')
        assert isinstance(progress, Progress)
        assert progress.text == "a \ud83c"
        final = decode_line(b'{"seq": 7, "result": {"choices": [{"text": "a ' + spelled + b'"}]}}')
        assert isinstance(final, Final)
        assert final.result is not None
        assert final.result.choices[0].text == "a \ud83c"
    for broken in (b'{"seq": "7", "event": "delta", "text": "\\ud83c"}', b'{"seq": NaN, "result": {}}', b'"\\ud83c"'):
        with pytest.raises(ProtocolError):
            decode_line(broken)


@pytest.fixture(scope="module")
def validate():
    """Checks a line against one of the published schemas."""
    jsonschema = pytest.importorskip("jsonschema")
    document = schemas()
    jsonschema.Draft202012Validator.check_schema(document)

    def check(line: bytes | dict[str, Any], name: str) -> None:
        value = json.loads(line) if isinstance(line, bytes) else line
        schema = {"$ref": f"#/$defs/{name}", "$defs": document["$defs"]}
        jsonschema.Draft202012Validator(schema).validate(value)

    return check


def test_the_schemas_describe_what_is_sent_and_read(validate) -> None:
    """Lines of both sides fit them."""
    for message in (Hello(), RUN, Cancel(7), Stop()):
        validate(encode_line(message), type(message).__name__)
    for line in FINALS:
        validate({**line, "unknown": True}, "Final")
    validate({"seq": 7, "event": "delta", "text": "x"}, "Progress")


@pytest.mark.parametrize("module", ["reference", "drivers.openai_python"])
def test_shipped_drivers_introduce_themselves_by_the_schema(module: str, validate) -> None:
    """Their own words are checked, not ours."""
    if module != "reference":
        pytest.importorskip("openai")
    command = [sys.executable, "-m", f"understudy_harness.conformance.{module}"]
    lines = b'{"cmd":"hello","protocol":1}\n{"cmd":"stop"}\n'
    done = subprocess.run(command, input=lines, capture_output=True, timeout=60, check=True)
    (line,) = done.stdout.splitlines()
    validate(line, "Introduction")
