"""Files that requests name by id: each is replaced by its bytes before anything is checked.

    images[]      {"file_id"}                                 of edits
    mask          {"file_id"}                                 likewise
    messages[]    {"type": "file", "file": {"file_id"}}       of chat
    input[]       {"type": "input_file" | "input_image", "file_id"}    of responses

What is kept of a response names the files as the request did (see `without_bytes`).
"""

from base64 import b64encode
from collections.abc import Generator, Iterator
from copy import deepcopy
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.errors import NotFound
from understudy.core.stored_files import FileShelf

MOST_BYTES = 50 * 1024 * 1024
"""Of all files of one request (OpenAI's guide "File inputs")."""

_TYPES = {
    "c": "text/x-c",
    "cpp": "text/x-c++",
    "css": "text/css",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "gif": "image/gif",
    "go": "text/x-golang",
    "html": "text/html",
    "java": "text/x-java",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jsonl": "application/json",
    "md": "text/markdown",
    "pdf": "application/pdf",
    "php": "text/x-php",
    "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "py": "text/x-python",
    "rb": "text/x-ruby",
    "tex": "text/x-tex",
    "ts": "text/x-typescript",
    "txt": "text/plain",
    "webp": "image/webp",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "text/xml",
}
_OTHER = "application/octet-stream"


class _Named(msgspec.Struct):
    """A place that names a file.

    Attributes:
        place: the object with `file_id`.
        field: that takes the bytes as a data URL.
        forgets: whether `file_id` goes.
    """

    place: dict[str, Any]
    field: str
    forgets: bool = False


def mentions(body: bytes) -> bool:
    """Whether a request may name a file: a look at its bytes; escapes could hide the name."""
    return b'"file_id"' in body or b"\\u" in body


def resolved(body: dict[str, Any], files: FileShelf) -> Generator[Any, Any, dict[str, Any]]:
    """A body with the bytes of the files that it names; the same one where it names none.

    Raises:
        NotFound: one is not there.
        BadRequest: together they are too large.
    """
    if next(_named(body), None) is None:
        return body
    made = deepcopy(body)
    yield from _fill(_named(made), files)
    return made


def resolved_items(items: list[dict[str, Any]], files: FileShelf) -> Generator[Any, Any, list[dict[str, Any]]]:
    """Items that were kept, with the bytes of the files that are still there."""
    if next(_of_items(items), None) is None:
        return items
    made = deepcopy(items)
    yield from _fill(_of_items(made), files, leave=True)
    return made


def without_bytes(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items as they were sent: what names a file does not hold it."""
    if next(_of_items(items, filled=True), None) is None:
        return items
    made = deepcopy(items)
    for named in _of_items(made, filled=True):
        del named.place[named.field]
        if named.field == "file_data":
            named.place.pop("filename", None)
    return made


def _fill(places: Iterator[_Named], files: FileShelf, *, leave: bool = False) -> Generator[Any, Any, None]:
    found: dict[str, tuple[str, str, int]] = {}
    size = 0
    for named in places:
        id = named.place["file_id"]
        if id not in found:
            try:
                file = yield from files.find(id)
                content = yield from files.content(id)
            except NotFound:
                if leave:
                    continue
                raise
            kind = _TYPES.get(file.filename.rpartition(".")[2].lower(), _OTHER)
            found[id] = f"data:{kind};base64,{b64encode(content).decode('ascii')}", file.filename, file.size
        url, filename, length = found[id]
        size += length
        if size > MOST_BYTES:
            raise errors.BadRequest(
                f"The files of this request are too large: together at most {MOST_BYTES} bytes are taken.",
                code="invalid_value",
            )
        named.place[named.field] = url
        if named.field == "file_data":
            named.place["filename"] = filename
        if named.forgets:
            del named.place["file_id"]


def _named(body: dict[str, Any]) -> Iterator[_Named]:
    for place in (*_objects(body.get("images")), body.get("mask")):
        if type(place) is dict and _is_open(place, "image_url"):
            yield _Named(place, "image_url", forgets=True)
    for message in _objects(body.get("messages")):
        for part in _objects(message.get("content")):
            place = part.get("file")
            if part.get("type") == "file" and type(place) is dict and _is_open(place, "file_data"):
                yield _Named(place, "file_data")
    yield from _of_items(body.get("input"))


def _of_items(items: Any, *, filled: bool = False) -> Iterator[_Named]:
    for item in _objects(items):
        for field in ("content", "output"):
            for part in _objects(item.get(field)):
                kind = part.get("type")
                data = "file_data" if kind == "input_file" else "image_url" if kind == "input_image" else ""
                if not data or type(part.get("file_id")) is not str:
                    continue
                if (part.get(data) is not None) is filled:
                    yield _Named(part, data)


def _is_open(place: dict[str, Any], field: str) -> bool:
    """Whether a file is named and the bytes are not there."""
    return type(place.get("file_id")) is str and place.get(field) is None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if type(each) is dict] if type(value) is list else []
