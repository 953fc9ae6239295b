"""The driver protocol: JSON lines over standard input and output of a program that drives one client.

The suite writes `hello`, then any number of `run` and `cancel`, then `stop`. The driver answers `hello` with one line
about its client, and each `run` with any number of progress lines and exactly one final line: `result`, `error` or
`skipped`. Both sides ignore fields that they do not know, so that either may be newer. The driver never learns what is
expected of it. `understudy conform protocol` prints the JSON Schemas, which are made from the types below.
"""

from typing import Annotated, Any, Literal

import msgspec

PROTOCOL = 1
Operation = Literal["chat", "stream"]
OPERATIONS: tuple[Operation, ...] = ("chat", "stream")
"""What the cases there are may ask a driver for."""
ABILITIES = ("cancel", "retries", "timeout")
"""What a driver may say that it `can`, as far as the suite makes use of it."""

Kind = Literal[
    "auth", "permission", "not_found", "bad_request", "rate_limit", "quota", "server", "timeout", "connection",
    "protocol", "content_filter", "length", "refusal", "cancelled", "other",
]  # fmt: skip


class ProtocolError(Exception):
    """A driver said something that the protocol does not have.

    Attributes:
        line: what it said, shortened.
    """

    def __init__(self, line: bytes, problem: str) -> None:
        shown = line[:200].decode("utf-8", "backslashreplace").rstrip()
        super().__init__(f"{problem}: {shown}")
        self.line = shown


def _told(words: str) -> msgspec.Meta:
    return msgspec.Meta(description=words)


# From the suite to the driver.


class Hello(msgspec.Struct, tag_field="cmd", tag="hello"):
    """The first line: the driver answers with an introduction."""

    protocol: Annotated[int, _told("Version of this protocol.")] = PROTOCOL


class Message(msgspec.Struct):
    """One message of a conversation, as the API takes it."""

    role: str
    content: str


class ChatInput(msgspec.Struct):
    """The input of `chat` and `stream`: one chat completion, whole or streamed."""

    model: str
    messages: list[Message]


class Options(msgspec.Struct, omit_defaults=True):
    """How the client is to be set up; what is absent is left at the client's own default."""

    retries: Annotated[int | None, _told("Retries after the first attempt; 0 turns them off.")] = None
    timeout_s: Annotated[float | None, _told("The client's timeout, in seconds.")] = None


class Run(msgspec.Struct, tag_field="cmd", tag="run"):
    """Make one call with a fresh client."""

    seq: Annotated[int, _told("Names the run in every line about it.")]
    case: Annotated[str, _told("For the driver's own log; nothing may depend on it.")]
    op: Annotated[Operation, _told("What to call.")]
    base_url: Annotated[str, _told("Where to, with /v1 and without a final slash.")]
    api_key: str
    input: ChatInput
    options: Options = msgspec.field(default_factory=Options)


class Cancel(msgspec.Struct, tag_field="cmd", tag="cancel"):
    """Give a run up: its final line then comes at once."""

    seq: int


class Stop(msgspec.Struct, tag_field="cmd", tag="stop"):
    """End within five seconds."""


# From the driver to the suite.


class Client(msgspec.Struct):
    """The client under test."""

    name: str
    version: str
    language: str = ""
    runtime: str = ""
    http: Annotated[str, _told("The HTTP library below the client.")] = ""
    homepage: str = ""
    issues: Annotated[str, _told("Where its problems are reported.")] = ""


class Declares(msgspec.Struct, omit_defaults=True):
    """What the client says about itself; used where a case asks whether it keeps its word."""

    max_attempts: int | None = None
    longest_wait_s: float | None = None
    idle_timeout: bool | None = None
    total_timeout: bool | None = None
    paces_by_headers: bool | None = None
    keepalive_s: float | None = None


class Introduction(msgspec.Struct):
    """The answer to `hello`."""

    client: Client
    ops: Annotated[list[str], _told("What it can be asked to call; other words than the suite's are ignored.")]
    can: list[str] = []
    declares: Declares = msgspec.field(default_factory=Declares)


class ToolCall(msgspec.Struct):
    """A tool call as the application got it."""

    id: str | None = None
    name: str | None = None
    arguments: str | None = None


class Choice(msgspec.Struct):
    """One answer as the application got it."""

    text: str | None = None
    finish: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] = []


class Usage(msgspec.Struct, rename={"tokens_in": "in", "tokens_out": "out"}):
    """Token counts as the application got them."""

    tokens_in: int | None = None
    tokens_out: int | None = None


class Result(msgspec.Struct):
    """The call succeeded, as far as the application can tell."""

    choices: list[Choice] = []
    usage: Usage | None = None
    request_id: str | None = None


class Partial(msgspec.Struct):
    """What had come when it failed."""

    choices: list[Choice] = []


class Failure(msgspec.Struct):
    """The call failed, and the application was told."""

    kind: Kind
    message: Annotated[str, _told("The client's own words.")] = ""
    status: int | None = None
    code: str | None = None
    type: Annotated[str | None, _told("The client's name for it, such as its exception class.")] = None
    request_id: str | None = None
    retry_after_s: Annotated[float | None, _told("The server's wait, where the application can read it.")] = None
    partial: Partial | None = None


class Skipped(msgspec.Struct):
    """The driver declines: the client has a known problem that makes the run useless."""

    why: str
    issue: Annotated[str, _told("Link to the problem.")] = ""


class Final(msgspec.Struct):
    """The last line of a run, with exactly one of its three fields."""

    seq: int
    result: Result | None = None
    error: Failure | None = None
    skipped: Skipped | None = None


class Progress(msgspec.Struct):
    """A line while a run goes on: what the application sees, as it sees it."""

    seq: int
    event: Annotated[str, _told("`delta` for a piece of text.")]
    text: str | None = None
    index: Annotated[int, _told("Of the choice.")] = 0


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_encode = msgspec.json.Encoder().encode
_introduction = msgspec.json.Decoder(Introduction)
_progress = msgspec.json.Decoder(Progress)
_final = msgspec.json.Decoder(Final)
_anything = msgspec.json.Decoder(dict[str, Any])


def encode_line(message: Hello | Run | Cancel | Stop) -> bytes:
    """A line to a driver, with its end."""
    return _encode(message) + b"\n"


def decode_introduction(line: bytes) -> Introduction:
    """The answer to `hello`.

    Raises:
        ProtocolError: it is none.
    """
    try:
        return _introduction.decode(line)
    except _UNREADABLE as problem:
        raise ProtocolError(line, f"the answer to hello is not as the protocol has it ({problem})") from None


def decode_line(line: bytes) -> Progress | Final:
    """A line about a run.

    Raises:
        ProtocolError: it is none.
    """
    try:
        if "event" in _anything.decode(line):
            return _progress.decode(line)
        final = _final.decode(line)
    except _UNREADABLE as problem:
        raise ProtocolError(line, f"a line is not as the protocol has it ({problem})") from None
    if [final.result, final.error, final.skipped].count(None) != 2:
        raise ProtocolError(line, "a final line has exactly one of result, error and skipped")
    return final


def schemas() -> dict[str, Any]:
    """One JSON Schema document: each message of both sides under `$defs`, and which side says which."""
    said = (Hello, Run, Cancel, Stop)
    answered = (Introduction, Progress, Final)
    references, definitions = msgspec.json.schema_components(said + answered, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Understudy conformance driver protocol",
        "description": f"Version {PROTOCOL}: JSON lines, UTF-8, flushed one by one. Unknown fields are ignored.",
        "suite_to_driver": list(references[: len(said)]),
        "driver_to_suite": list(references[len(said) :]),
        "$defs": definitions,
    }
