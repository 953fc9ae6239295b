"""Pictures and files in messages: what is refused, and how many tokens the rest comes to.

A picture in a data URL is decoded and measured. No other URL is ever fetched, since no call leaves the machine: such
a picture counts as one of 1,024 by 1,024 pixels ("our choice"). A PDF counts as one such picture for each page ("our
choice": the real API reads its text and its pages), a text as its own tokens, an office document as one picture.
"""

import re
from binascii import Error, a2b_base64
from collections.abc import Mapping
from typing import Any

from understudy.core import errors, sound_parts
from understudy.core.catalog import Model
from understudy.core.media import Media

UNSEEN = (1_024, 1_024)
"""Pixels of a picture that is not looked at."""
_EXAMPLE = "'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='"
_FILE_EXAMPLE = "'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ=='"
_PICTURE_TYPES = ("image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp")
_PDF = "application/pdf"
_TEXTS = frozenset(
    {
        *("application/json", "application/xml", "application/yaml", "application/x-yaml", "application/javascript"),
        *("application/typescript", "application/x-sh", "application/toml", "application/rtf", "message/rfc822"),
    }
)
_OPEN = "application/vnd.openxmlformats-officedocument."
_OFFICE = frozenset(
    {
        *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
        *(f"{_OPEN}wordprocessingml.document", f"{_OPEN}spreadsheetml.sheet", f"{_OPEN}presentationml.presentation"),
        "application/vnd.oasis.opendocument.text",
    }
)
"""Documents that are read since 2026-02 (OpenAI's guide "File inputs"); their pages are not counted ("our choice")."""
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
MOST_PAGES = 1_000
"""Pages of one file that are counted ("our choice")."""


def check_part(path: str, part: Mapping[str, Any], model: Model, media: Media) -> None:
    """Refuse a picture or a file that the model cannot look at.

    Raises:
        BadRequest: the model sees no pictures, or this is none.
        MediaUnavailable: the extra that reads pictures is not installed.
    """
    kind = part["type"]
    if kind == "image_url":
        if "vision" not in model.abilities:
            raise errors.BadRequest(
                "Invalid content type. image_url is only supported by certain models.", param=_dotted(path) + ".type"
            )
        if picture_size(f"{path}.image_url.url", part["image_url"]["url"], media) is None:
            raise unsupported_picture()
    elif kind == "file":
        check_file(f"{path}.file", part["file"], model)
    elif kind == "input_audio":
        sound_parts.check_part(path, part, model, media)


def part_tokens(part: Mapping[str, Any], model: Model, media: Media) -> int:
    """Tokens of a checked picture, sound or file."""
    if part["type"] == "input_audio":
        return sound_parts.part_tokens(part, media)
    if part["type"] == "image_url":
        shown = part["image_url"]
        width, height = picture_size("", shown["url"], media) or UNSEEN
        return model.image.tokens(width, height, shown.get("detail") or "auto")
    header, _, payload = (part["file"].get("file_data") or "").partition(",")
    if not payload:
        return 0
    content = a2b_base64(payload)
    kind = header.removeprefix("data:").partition(";")[0].lower()
    if kind == _PDF:
        return pages(content) * model.image.tokens(*UNSEEN)
    if kind in _OFFICE:
        return model.image.tokens(*UNSEEN)
    return media.vocabulary.count(content.decode("utf-8", "replace"), model.encoding)


def _is_readable(kind: str) -> bool:
    return kind == _PDF or kind.startswith("text/") or kind in _TEXTS or kind in _OFFICE


def pages(file: bytes) -> int:
    """How many pages a PDF names in the clear; at least one, since they may stand in compressed parts."""
    found = 0
    for _ in _PAGE.finditer(file):
        found += 1
        if found == MOST_PAGES:
            break
    return max(found, 1)


def picture_size(path: str, url: str, media: Media) -> tuple[int, int] | None:
    """Width and height in pixels of what a URL shows; None when it is no picture in a known format.

    Raises:
        BadRequest: no URL, no data URL of a picture, or its base64 is broken (reported words, 2024 to 2026).
        MediaUnavailable: the extra is not installed.
    """
    if url.startswith(("http://", "https://")):
        return UNSEEN
    kind, file = data_url_file(path, url)
    return media.reader.size(file) if kind in _PICTURE_TYPES else None


def data_url_file(path: str, url: str) -> tuple[str, bytes]:
    """The type and the bytes of a picture in a data URL.

    Raises:
        BadRequest: see `picture_size`.
    """
    if not url.startswith("data:"):
        raise errors.BadRequest(
            f"Invalid image URL: '{path}'. Expected a valid URL, but got a value with an invalid format.",
            code="invalid_value",
            param=path,
        )
    header, comma, payload = url[5:].partition(",")
    kind, *settings = header.lower().split(";")
    expected = (
        f"Invalid image URL: '{path}'. Expected a base64-encoded data URL with an image MIME type (e.g. {_EXAMPLE})"
    )
    if not comma or "base64" not in settings:
        text = f"{expected}, but got a value without the ';base64' separator."
        raise errors.BadRequest(text, code="invalid_value", param=path)
    if not kind.startswith("image/"):
        text = f"{expected}, but got unsupported MIME type '{kind}'."
        raise errors.BadRequest(text, code="invalid_value", param=path)
    try:
        file = a2b_base64(payload, strict_mode=True)
    except (Error, ValueError):
        file = b""
    if not file:
        raise errors.BadRequest("Invalid base64 image_url.", code="invalid_base64")
    return kind, file


def unsupported_picture() -> errors.BadRequest:
    """A file that is no picture in a known format (recorded 2026-03)."""
    return errors.BadRequest(
        "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
        "['png', 'jpeg', 'gif', 'webp'].",
        code="invalid_image_format",
    )


def check_file(path: str, file: Mapping[str, Any], model: Model) -> None:
    """Refuse a file that the model cannot read, or that is none; see `check_part`."""
    data = file.get("file_data")
    if data is None:
        raise errors.missing(f"{path}.file_id")
    if "vision" not in model.abilities:
        raise errors.BadRequest(
            "Invalid content type. file is only supported by certain models.",
            param=_dotted(path.removesuffix(".file")) + ".type",
        )
    header, comma, payload = data.partition(",")
    kind = header.removeprefix("data:").partition(";")[0].lower()
    problem = ""
    if not comma or not header.startswith("data:") or not header.endswith(";base64"):
        problem = "a value without the 'data:' URL scheme" if not header.startswith("data:") else "no base64 data"
    elif not _is_readable(kind):
        # Recorded on /v1/responses, 2026: the same type of part.
        problem = f"unsupported MIME type '{kind}'"
    else:
        try:
            content = a2b_base64(payload, strict_mode=True)
            if kind == _PDF and not content.startswith(b"%PDF-"):
                problem = "a file that is no PDF"
        except (Error, ValueError):
            problem = "invalid base64 data"
    if problem:
        raise errors.BadRequest(
            f"Invalid file data: '{path}.file_data'. Expected a base64-encoded data URL with a valid file MIME type "
            f"(e.g. {_FILE_EXAMPLE}), but got {problem}. Please see "
            "https://platform.openai.com/docs/assistants/tools/file-search#supported-files for supported file types.",
            code="invalid_value",
            param=f"{path}.file_data",
        )


def _dotted(path: str) -> str:
    """`messages[0].content[1]` as the older errors spell it: `messages.[0].content.[1]`."""
    return path.replace("[", ".[")
