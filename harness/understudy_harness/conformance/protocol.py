"""The driver protocol: JSON lines over standard input and output of a program that drives one client.

The suite writes `hello`, then any number of `run` and `cancel`, then `stop`. The driver answers `hello` with one line
about its client, and each `run` with any number of progress lines and exactly one final line: `result`, `error` or
`skipped`. Both sides ignore fields that they do not know, so that either may be newer. The driver never learns what is
expected of it. `understudy conform protocol` prints the JSON Schemas, which are made from the types below.
"""

import json
from typing import Annotated, Any, Literal, NoReturn, get_args

import msgspec

from understudy_harness.conformance.inputs import INPUTS

PROTOCOL = 1
Operation = Literal[
    "chat", "stream", "responses", "parse", "agent", "image", "image.stream", "image.edit", "embed", "speech", "list",
    "realtime",
]  # fmt: skip
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
"""What a driver may be asked for."""
ABILITIES: dict[str, str] = {
    "cancel": "a run can be given up by the line `cancel`",
    "parallel": "runs may overlap",
    "retries": "takes the option `retries`",
    "timeout": "takes the option `timeout_s`",
    "tools": "takes `tools` in the input of `chat` and `stream`",
    "n": "takes `n` in the input of `chat` and `stream`",
    "headers": "takes the options `organization` and `project`",
    "logs": "takes the option `debug_log`",
    "audio": "takes and reports the sound of `realtime`",
    "converse": "the client itself keeps the conversation of `realtime`: it asks for answers when it may, runs tools, "
    "and stops what was interrupted; a bare socket does not",
    "reuse": "takes the option `reuse`",
}
"""What a driver may say that it `can`, each with what it means."""

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


class Options(msgspec.Struct, omit_defaults=True):
    """How the client is to be set up; what is absent is left at the client's own default."""

    retries: Annotated[int | None, _told("Retries after the first attempt; 0 turns them off.")] = None
    timeout_s: Annotated[float | None, _told("The client's timeout, in seconds.")] = None
    organization: Annotated[str | None, _told("Sent as OpenAI-Organization.")] = None
    project: Annotated[str | None, _told("Sent as OpenAI-Project.")] = None
    debug_log: Annotated[bool | None, _told("Turn the client's own debug log on, to standard error.")] = None
    ca_file: Annotated[str | None, _told("PEM file of the authority to trust, where the base URL is https.")] = None
    reuse: Annotated[
        str | None, _told("Runs with the same name here share one client, which is kept until `stop`.")
    ] = None


class Run(msgspec.Struct, tag_field="cmd", tag="run"):
    """Make one call with a fresh client."""

    seq: Annotated[int, _told("Names the run in every line about it.")]
    case: Annotated[str, _told("For the driver's own log; nothing may depend on it.")]
    op: Annotated[Operation, _told("What to call.")]
    base_url: Annotated[str, _told("Where to, as the client's base URL: with /v1, as a rule without a final slash.")]
    api_key: str
    input: Annotated[dict[str, Any], _told("By the operation: see $defs, Input of the operation.")]
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
    keepalive_s: Annotated[
        float | None, _told("Seconds for which idle connections are kept, where an application cannot close them.")
    ] = None


class Introduction(msgspec.Struct):
    """The answer to `hello`."""

    client: Client
    ops: Annotated[list[str], _told("What it can be asked to call; other words than the suite's are ignored.")]
    can: list[str] = []
    declares: Declares = msgspec.field(default_factory=Declares)
    tls: Annotated[
        list[str], _told("Operations for which the client takes https and wss alone; they then get a `ca_file`.")
    ] = []


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


class Ran(msgspec.Struct):
    """A tool that the client ran in an `agent` or `realtime` run."""

    name: str
    arguments: Annotated[Any, _told("As the tool got them: an object, or the text if the client hands texts on.")] = (
        None
    )


class Picture(msgspec.Struct):
    """A picture as the application got it: its bytes, or where it is."""

    sha256: Annotated[str | None, _told("Of its bytes, in hexadecimal.")] = None
    url: str | None = None
    partial: Annotated[int | None, _told("Index of a partial picture; absent for a final one.")] = None


class Result(msgspec.Struct):
    """The call succeeded, as far as the application can tell."""

    choices: Annotated[
        list[Choice], _told("chat, stream, responses, parse, agent: the last answer; realtime: each.")
    ] = []
    usage: Usage | None = None
    request_id: str | None = None
    ran: Annotated[list[Ran], _told("agent, realtime: the tools that were run, in order.")] = []
    parsed: Annotated[Any, _told("parse: the object that the client made of the answer.")] = None
    pictures: Annotated[list[Picture], _told("image, image.stream, image.edit: the final pictures.")] = []
    vectors: Annotated[
        list[list[float | None]] | None,
        _told("embed: a list of numbers for each input; null for what is no number that JSON has."),
    ] = None
    bytes_sha256: Annotated[str | None, _told("speech: SHA-256 of the sound, in hexadecimal.")] = None
    items: Annotated[list[str] | None, _told("list: the ids, in order.")] = None


class Partial(msgspec.Struct):
    """What had come when it failed."""

    choices: list[Choice] = []
    ran: list[Ran] = []
    pictures: list[Picture] = []


class Failure(msgspec.Struct):
    """The call failed, and the application was told."""

    kind: Kind
    message: Annotated[str, _told("The client's own words.")] = ""
    status: int | None = None
    code: str | None = None
    type: Annotated[str | None, _told("The client's name for it, such as its exception class.")] = None
    debug: Annotated[
        str | None, _told("All that it shows a developer who prints it: `repr(error)`, `util.inspect`, `%+v`.")
    ] = None
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
    event: Annotated[
        str,
        _told(
            "`delta` a piece of text, `tool` a tool is run, `picture` a partial picture, `audio` a piece of sound that "
            "the application would play, `interrupted` what is being played is to stop, `rt` a realtime event that the "
            "application is told of, `error` an error that does not end the run."
        ),
    ]
    text: Annotated[str | None, _told("delta: the piece; rt: the event's type; error: the client's words.")] = None
    index: Annotated[int, _told("delta: of the choice; picture: of the partial picture.")] = 0
    name: Annotated[str | None, _told("tool: its name.")] = None
    arguments: Annotated[Any, _told("tool: as it got them.")] = None
    sha256: Annotated[str | None, _told("picture: of its bytes.")] = None
    size: Annotated[int | None, _told("audio: its bytes, as sound of the session's format.")] = None
    item: Annotated[str | None, _told("audio: id of the item, or else of the response, that it is of.")] = None
    code: Annotated[str | None, _told("error: its code.")] = None


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

    A driver writes what its client hands out, also a text that is no Unicode: half of a character that JSON spells as
    two escapes. Such a text is kept as it is, for the words to see.

    Raises:
        ProtocolError: it is none.
    """
    try:
        if "event" in _anything.decode(line):
            return _progress.decode(line)
        final = _final.decode(line)
    except _UNREADABLE as problem:
        try:
            told = json.loads(line.decode("utf-8", "surrogatepass"), parse_constant=_no_json)
            if "event" in told:
                return msgspec.convert(told, Progress)
            final = msgspec.convert(told, Final)
        except (ValueError, TypeError, RecursionError):
            raise ProtocolError(line, f"a line is not as the protocol has it ({problem})") from None
    if [final.result, final.error, final.skipped].count(None) != 2:
        raise ProtocolError(line, "a final line has exactly one of result, error and skipped")
    return final


def _no_json(spelled: str) -> NoReturn:
    raise ValueError(f"{spelled} is no JSON")


def schemas() -> dict[str, Any]:
    """One JSON Schema document: each message of both sides under `$defs`, which side says which, and the inputs."""
    said = (Hello, Run, Cancel, Stop)
    answered = (Introduction, Progress, Final)
    inputs = tuple(INPUTS.values())
    references, definitions = msgspec.json.schema_components(said + answered + inputs, ref_template="#/$defs/{name}")
    sides = len(said), len(said) + len(answered)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Understudy conformance driver protocol",
        "description": f"Version {PROTOCOL}: JSON lines, UTF-8, flushed one by one. Unknown fields are ignored.",
        "suite_to_driver": list(references[: sides[0]]),
        "driver_to_suite": list(references[sides[0] : sides[1]]),
        "inputs": dict(zip(INPUTS, references[sides[1] :], strict=True)),
        "abilities": dict(ABILITIES),
        "$defs": definitions,
    }
