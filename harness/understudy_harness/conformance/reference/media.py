"""The reference client's pictures, vectors, sound and lists; each decision that a case is about is a method."""

import hashlib
import json
import struct
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

from understudy_harness.conformance.reference.client import CallFailed, HttpAnswer, ReferenceClient
from understudy_harness.conformance.reference.events import EventReader, StreamBroken

Input = Mapping[str, Any]
Result = dict[str, Any]


def sha256(data: bytes) -> str:
    """Of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


class PictureReader(EventReader):
    """Reads the events of a picture.

    Args:
        on_partial: called with each picture on the way, and its index.

    Attributes:
        picture: the final one, None before it has come.
    """

    def __init__(self, on_partial: Callable[[bytes, int], None]) -> None:
        super().__init__()
        self.picture: bytes | None = None
        self._on_partial = on_partial

    def take_chunk(self, chunk: Any) -> None:
        """One event."""
        kind = chunk.get("type", "") if isinstance(chunk, dict) else ""
        if kind == "error":
            self.failed(chunk.get("error") or chunk)
        elif kind.endswith(".partial_image"):
            self.partial(b64decode(chunk["b64_json"]), chunk["partial_image_index"])
        elif kind.endswith(".completed"):
            self.picture = b64decode(chunk["b64_json"])
            self.done = True

    def partial(self, data: bytes, index: int) -> None:
        """A picture on the way; a stream that has shown one is not begun again."""
        self._on_partial(data, index)
        _ = self.first

    def completion(self) -> Result:
        """What the events came to."""
        if self.picture is None:
            raise StreamBroken("protocol", "the stream ended before the picture was there")
        return {"pictures": [{"sha256": sha256(self.picture)}]}

    def told(self) -> list[Result]:
        """No words."""
        return []


class Media:
    """Makes the calls of one client.

    Args:
        client: sends what is asked for.
    """

    def __init__(self, client: ReferenceClient) -> None:
        self.client = client

    async def image(self, input: Input) -> Result:
        """Pictures from a prompt."""
        return await self.pictures(await self.client.ask("/images/generations", input))

    async def pictures(self, answer: HttpAnswer) -> Result:
        """The pictures of an answer."""
        told = [await self.picture(one) for one in self.read(answer)["data"]]
        return {"pictures": told, "request_id": answer.headers.get("x-request-id")}

    async def picture(self, told: Mapping[str, Any]) -> Result:
        """A picture as it came: its bytes, or where it is, which is left to the application."""
        written = told.get("b64_json")
        return {"url": told.get("url")} if written is None else {"sha256": sha256(b64decode(written))}

    async def image_stream(self, input: Input) -> Result:
        """A picture with those on the way to it."""
        return await self.client.streamed("/images/generations", input, self.new_reader)

    def new_reader(self) -> EventReader:
        """What reads the events of one attempt."""
        return PictureReader(self.on_partial)

    def on_partial(self, data: bytes, index: int) -> None:
        """A picture on the way has come."""
        self.client.say(event="picture", index=index, sha256=sha256(data))

    async def image_edit(self, input: Input) -> Result:
        """A picture from others."""
        boundary = token_hex(16)
        fields = [self.field(name, value) for name, value in input.items() if name != "images"]
        files = [self.file(upload, b64decode(upload["content"])) for upload in input["images"]]
        body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in (*fields, *files))
        form = f"multipart/form-data; boundary={boundary}"
        closed = body + f"--{boundary}--\r\n".encode()
        return await self.pictures(await self.client.send("/images/edits", closed, None, form))

    def field(self, name: str, value: str) -> bytes:
        """A part that is no file."""
        return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()

    def file(self, upload: Mapping[str, str], content: bytes) -> bytes:
        """A part that is a file; several pictures are a list by their name."""
        head = f'Content-Disposition: form-data; name="image[]"; filename="{upload["name"]}"\r\n'
        return f"{head}Content-Type: {upload.get('type', 'image/png')}\r\n\r\n".encode() + content

    async def embed(self, input: Input) -> Result:
        """Vectors, asked for as bytes."""
        answer = self.read(await self.client.ask("/embeddings", {**input, "encoding_format": "base64"}))
        usage = answer.get("usage") or {}
        return {"vectors": [self.vector(one["embedding"]) for one in answer["data"]], "usage": usage}

    def vector(self, told: Any) -> list[float]:
        """The numbers of a vector, also where a server sends them as numbers all the same."""
        return list(told) if isinstance(told, list) else self.unpacked(b64decode(told))

    def unpacked(self, data: bytes) -> list[float]:
        """Numbers of 32 bits, least byte first."""
        return [number for (number,) in struct.iter_unpack("<f", data)]

    async def speech(self, input: Input) -> Result:
        """Sound from words."""
        answer = await self.client.ask("/audio/speech", input)
        return {"bytes_sha256": sha256(bytes(answer.body))}

    async def list_all(self, input: Input) -> Result:
        """Every object of a list, a page at a time."""
        items: list[str] = []
        asked: dict[str, Any] = {"limit": input["limit"]}
        while True:
            path = f"/{input['resource']}?{urlencode(asked)}"
            page = self.read(await self.client.send(path, b"", method="GET"))
            items += [one["id"] for one in page["data"]]
            if not self.goes_on(page):
                return {"items": items}
            asked["after"] = items[-1]

    def goes_on(self, page: Mapping[str, Any]) -> bool:
        """Whether there is another page."""
        return bool(page["has_more"] and page["data"])

    def read(self, answer: HttpAnswer) -> Any:
        """The JSON of an answer with `data`.

        Raises:
            CallFailed: it is none.
        """
        try:
            told = json.loads(answer.body)
            if isinstance(told["data"], list):
                return told
        except (ValueError, TypeError, KeyError):
            pass
        raise CallFailed("protocol", "the answer is not what was asked for", status=answer.status)


def _media(client: ReferenceClient) -> Media:
    made: Media = (client.media or Media)(client)
    return made


MEDIA_PERFORMS: dict[str, Callable[[ReferenceClient, Input], Awaitable[Result]]] = {
    "image": lambda client, input: _media(client).image(input),
    "image.stream": lambda client, input: _media(client).image_stream(input),
    "image.edit": lambda client, input: _media(client).image_edit(input),
    "embed": lambda client, input: _media(client).embed(input),
    "speech": lambda client, input: _media(client).speech(input),
    "list": lambda client, input: _media(client).list_all(input),
}
"""What makes the call of each operation and gives back the fields of its `result`."""
