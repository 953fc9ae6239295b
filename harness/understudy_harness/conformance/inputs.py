"""What a driver is given to send: one type for each operation of the driver protocol.

Where the operation is one call of the API, the input is the body of that call as the API documents it, so that a driver
hands it on as it is: `client.chat.completions.create(**input)`. A streaming operation (`stream`, `responses`,
`image.stream`) says so itself; `stream` is not in its input.
"""

from typing import Annotated, Any, Literal

import msgspec


def _told(words: str) -> msgspec.Meta:
    return msgspec.Meta(description=words)


class ChatInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`chat` and `stream`: one chat completion, whole or streamed (`POST /chat/completions`)."""

    model: str
    messages: list[dict[str, Any]]
    n: Annotated[int | None, _told("Choices; only for drivers that can `n`.")] = None
    tools: Annotated[
        list[dict[str, Any]] | None, _told("As the API takes them; only for drivers that can `tools`.")
    ] = None
    logprobs: bool | None = None
    seed: int | None = None
    stream_options: dict[str, Any] | None = None


class ResponsesInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`responses`: one response, streamed (`POST /responses`); its text is that of the first message."""

    model: str
    input: str


class ParseInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`parse`: one chat completion by the client's own helper for structured output; its object is reported."""

    model: str
    messages: list[dict[str, Any]]
    name: Annotated[str, _told("Of the schema.")]
    schema: Annotated[dict[str, Any], _told("JSON Schema: an object of required, plain properties.")]


class AgentTool(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A harmless tool: it logs that it ran and gives back a text."""

    name: str
    description: str
    parameters: Annotated[dict[str, Any], _told("JSON Schema of its arguments.")]
    returns: Annotated[str, _told("What it gives back.")]


class AgentInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`agent`: the client's own tool loop, over chat completions where it has the choice, until a last answer.

    A driver says `{"event": "tool", "name": ..., "arguments": ...}` when a tool is run.
    """

    model: str
    prompt: str
    tools: list[AgentTool]
    stream: Annotated[bool, _told("Whether the model's answers are streamed, where the client has the choice.")] = False


class ImageInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`image` and `image.stream`: pictures from a prompt (`POST /images/generations`)."""

    model: str
    prompt: str
    partial_images: Annotated[int | None, _told("`image.stream` alone.")] = None


class Upload(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A file to send along."""

    name: str
    content: Annotated[str, _told("In base64.")]
    type: str = "image/png"


class ImageEditInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`image.edit`: a picture from others (`POST /images/edits`, a form)."""

    model: str
    prompt: str
    images: list[Upload]


class EmbedInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`embed`: vectors (`POST /embeddings`)."""

    model: str
    input: list[str]


class SpeechInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`speech`: sound from words (`POST /audio/speech`), read to its end."""

    model: str
    voice: str
    input: str
    response_format: str = "mp3"


class ListInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`list`: every object of a list of several pages, by the client's own paging."""

    resource: Annotated[str, _told("`files` (`GET /files`).")]
    limit: Annotated[int, _told("Objects on a page.")]


class RealtimeTurn(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One thing that the application does in a `realtime` conversation; `do` says which.

    - `say`: the user's words are added to the conversation, and an answer is asked for.
    - `sound`: the user's sound is sent, in pieces of 100 ms. Nothing is committed and no answer asked for: the server
      hears by itself when the user is done.
    - `wait`: go on when no answer is under way and none is owed, tools and the answer after them included, as far as
      the client can tell. An answer that the client reports as failed is owed no longer. A client that does not tie
      errors to what was asked for ends the wait with any `error` that it reports before the answer has begun.
    - `interrupt`: the user cuts the answer off, as soon as so much of it has come: the client's own way, or else
      `response.cancel`.
    - `pause`: so many milliseconds pass.
    """

    do: Literal["say", "sound", "wait", "interrupt", "pause"]
    text: Annotated[str | None, _told("say: the words.")] = None
    pcm: Annotated[str | None, _told("sound: 16-bit samples at 24 kHz, mono, lower byte first, in base64.")] = None
    ms: Annotated[
        float | None,
        _told("sound: its length; interrupt: sound of the answer that has come, absent for its first event; pause."),
    ] = None
    pace: Annotated[
        float | None, _told("sound: how many times as fast as it sounds it is sent; absent for all at once.")
    ] = None


class RealtimeInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`realtime`: one conversation over a WebSocket (`/realtime`, the base URL with ws or wss for http or https).

    The client is set up with the session's settings, does one turn after the other, and closes. The result has a
    choice for each answer: its text or transcript, and as `finish` its status (`completed`, `cancelled`, `incomplete`,
    `failed`; null where the client does not tell). The run is an error when there is no session, or when it ends
    before the turns do; also where the client gives its caller an exception for an answer that failed.
    """

    model: str
    turns: list[RealtimeTurn]
    instructions: str | None = None
    output: Annotated[Literal["text", "audio"], _told("What answers consist of.")] = "text"
    tools: Annotated[
        list[AgentTool] | None, _told("Run by the client itself; only for drivers that can `converse`.")
    ] = None


INPUTS: dict[str, type[msgspec.Struct]] = {
    "chat": ChatInput,
    "stream": ChatInput,
    "responses": ResponsesInput,
    "parse": ParseInput,
    "agent": AgentInput,
    "image": ImageInput,
    "image.stream": ImageInput,
    "image.edit": ImageEditInput,
    "embed": EmbedInput,
    "speech": SpeechInput,
    "list": ListInput,
    "realtime": RealtimeInput,
}
"""The input of each operation."""
