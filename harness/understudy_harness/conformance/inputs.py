"""What a driver is given to send: one type for each operation of the driver protocol.

Where the operation is one call of the API, the input is the body of that call as the API documents it, so that a driver
hands it on as it is: `client.chat.completions.create(**input)`. A streaming operation (`stream`, `responses`,
`image.stream`) says so itself; `stream` is not in its input.
"""

from typing import Annotated, Any

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


class RealtimeInput(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`realtime`: one conversation over a WebSocket (`/realtime`)."""

    model: str


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
