"""The forms of answers that are no text of a model: pictures, vectors, sound, lists.

There is one truth for each run, which follows from its canary: `Canary.data` stands for a picture and for a sound.
"""

import struct
from base64 import b64encode
from collections.abc import Callable
from hashlib import blake2b
from urllib.parse import parse_qs

from understudy.core.messages import Request
from understudy.core.serialise import decode_object, encode, pretty
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.form_tables import EVENTS, Table, binary, whole
from understudy_harness.conformance.truth import Truth

PARTIALS = 2
"""Pictures on the way to the final one; the cases' input asks for as many."""
INPUTS = 2
"""Vectors of one answer; the cases' input has as many texts."""
DIMENSIONS = 64
"""Numbers of one vector."""
PAGES = 3
PAGE = 2
"""Pages of a list, and objects on each."""
_USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
    "output_tokens": 272,
    "total_tokens": 281,
}
_PICTURE = {"background": "opaque", "output_format": "png", "quality": "low", "size": "1024x1024"}


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def image(truth: Truth, canary: Canary, created: int) -> Table:
    """A picture in the answer itself (OpenAPI document, ImagesResponse)."""
    told = {"created": created, **_PICTURE, "data": [{"b64_json": _base64(canary.data)}], "usage": _USAGE}
    return whole(pretty(told) + b"\n")


def image_stream(truth: Truth, canary: Canary, created: int) -> Table:
    """The partial pictures and the final one as events (OpenAPI document, ImageGenStreamEvent)."""
    events = [("partial_image", canary.partial(index), {"partial_image_index": index}) for index in range(PARTIALS)] + [
        ("completed", canary.data, {"usage": _USAGE})
    ]
    body = b""
    for name, data, more in events:
        kind = f"image_generation.{name}"
        told = {"type": kind, "b64_json": _base64(data), "created_at": created, **_PICTURE, **more}
        body += b"event: %b\ndata: %b\n\n" % (kind.encode(), encode(told))
    return whole(body, EVENTS)


def vectors(canary: Canary) -> list[list[float]]:
    """The vectors of a run: numbers of 32 bits, each with all of its digits, and some at the ends of what there is."""
    made = []
    for place in range(INPUTS):
        drawn = blake2b(f"{canary.word} {place}".encode(), digest_size=64).digest() * 4
        numbers = [number / 2**31 for number in struct.unpack(f"<{DIMENSIONS}i", drawn)]
        numbers[:5] = [1.0, -1.0, 0.1, 8388607.5, 1.1754943508222875e-38]
        made.append([struct.unpack("<f", struct.pack("<f", number))[0] for number in numbers])
    return made


def shortest(number: float) -> str:
    """The shortest decimal that is read as the same number of 32 bits, as the API writes them."""
    return next(
        written
        for digits in range(1, 10)
        if struct.pack("<f", float(written := f"{number:.{digits}g}")) == struct.pack("<f", number)
    )


def embed(truth: Truth, canary: Canary, created: int) -> Table:
    """Vectors as lists of numbers (OpenAPI document, CreateEmbeddingResponse)."""
    lists = ["[" + ", ".join(shortest(number) for number in vector) + "]" for vector in vectors(canary)]
    return _embeddings(lists)


def embed_base64(truth: Truth, canary: Canary, created: int) -> Table:
    """The same as 32-bit numbers, least byte first, in base64, which is what `encoding_format` asks for."""
    return _embeddings([f'"{_base64(struct.pack(f"<{DIMENSIONS}f", *vector))}"' for vector in vectors(canary)])


def _embeddings(written: list[str]) -> Table:
    objects = [
        f'    {{\n      "object": "embedding",\n      "index": {index},\n      "embedding": {vector}\n    }}'
        for index, vector in enumerate(written)
    ]
    usage = '"usage": {\n    "prompt_tokens": 9,\n    "total_tokens": 9\n  }'
    model = '"model": "text-embedding-3-small"'
    listed = ",\n".join(objects)
    return whole(f'{{\n  "object": "list",\n  "data": [\n{listed}\n  ],\n  {model},\n  {usage}\n}}\n'.encode())


def speech(truth: Truth, canary: Canary, created: int) -> Table:
    """Sound: bytes of every value."""
    return binary(canary.data, "audio/mpeg")


def items(canary: Canary) -> list[str]:
    """The ids of a list, in order."""
    return [f"file-{canary.word}-{number}" for number in range(1, PAGES * PAGE + 1)]


def page(number: int) -> Callable[[Truth, Canary, int], Table]:
    """The form of a page, from 1; after the last one there is nothing (OpenAPI document, ListFilesResponse)."""

    def made(truth: Truth, canary: Canary, created: int) -> Table:
        ids = items(canary)[(number - 1) * PAGE : number * PAGE]
        objects = [_file(id, created) for id in ids]
        ends = {"first_id": ids[0], "last_id": ids[-1]} if ids else {"first_id": None, "last_id": None}
        told = {"object": "list", "data": objects, **ends, "has_more": number < PAGES}
        return whole(pretty(told) + b"\n")

    return made


def _file(id: str, created: int) -> Table:
    told: Table = {"object": "file", "id": id, "purpose": "user_data", "filename": f"{id}.txt", "bytes": 12}
    return told | {"created_at": created, "expires_at": None, "status": "processed", "status_details": None}


MEDIA_FORMS: dict[str, Callable[[Truth, Canary, int], Table]] = {
    "image": image,
    "image.stream": image_stream,
    "embed": embed,
    "embed.base64": embed_base64,
    "speech": speech,
    "list": page(1),
    **{f"list.{number}": page(number) for number in range(2, PAGES + 2)},
}
"""Each by its name; what follows a dot is for requests that ask for that."""
MEDIA_PATHS = [
    ("/images/generations", "image"),
    ("/images/edits", "image"),
    ("/embeddings", "embed"),
    ("/audio/speech", "speech"),
    ("/files", "list"),
]
"""Ends of paths, and the form of their answers."""


def variant(request: Request) -> str:
    """What a request asks for of its form: `stream`, `base64`, or the number of a page; empty for nothing."""
    cursor = parse_qs(request.query.decode("latin-1")).get("after")
    if cursor is not None:
        return _page_after(cursor[-1])
    body = decode_object(request.body) or {}
    if body.get("stream") is True:
        return "stream"
    return "base64" if body.get("encoding_format") == "base64" else ""


def _page_after(id: str) -> str:
    """The number of the page that begins after an id; the one after the last where there is no such page."""
    number = id.rpartition("-")[2]
    place = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
    return str(place // PAGE + 1 if place in range(PAGE, PAGE * PAGES, PAGE) else PAGES + 1)
