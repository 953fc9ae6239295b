"""Bodies of operations that take files: forms into plain fields."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from understudy.core import errors
from understudy.core.forms import BrokenForm, FormPart
from understudy.core.media import Media
from understudy.core.messages import Request

_WHOLE_NUMBER_DIGITS = 18


class FormBody(dict[str, Any]):
    """The fields of a form; files are lists of `FormPart`.

    Attributes:
        digest: of names and values, whatever the boundary was: the same form has the same answer.
    """

    digest: bytes = b""


def read_form(
    request: Request,
    media: Media,
    *,
    files: tuple[str, ...],
    numbers: tuple[str, ...] = (),
    truths: tuple[str, ...] = (),
) -> FormBody:
    """The body of a request that must be a form.

    Args:
        request: as it arrived.
        media: has the reader of forms.
        files: fields that are files, however often they come and whether or not `[]` follows the name.
        numbers: fields that are whole numbers; what is none stays a text, for the checks to refuse.
        truths: fields that are `true` or `false`; likewise.

    Raises:
        BadRequest: it is no form, or a broken one.
    """
    kind = request.header(b"content-type") or ""
    parts = media.forms.read(kind, request.body)
    if isinstance(parts, BrokenForm):
        raise _unreadable(parts, kind)
    body = FormBody()
    digest = blake2b(digest_size=16)
    for part in parts:
        name = part.name.removesuffix("[]")
        for piece in (part.name.encode("utf-8", "surrogatepass"), part.value):
            digest.update(len(piece).to_bytes(8, "big") + piece)
        if name in files:
            body.setdefault(name, []).append(part)
        else:
            body[part.name] = _value(part, numbers, truths)
    body.digest = digest.digest()
    return body


def _value(part: FormPart, numbers: tuple[str, ...], truths: tuple[str, ...]) -> str | int | bool:
    text = part.value.decode("utf-8", "replace")
    if part.name in numbers and text.isascii() and text.isdigit() and len(text) <= _WHOLE_NUMBER_DIGITS:
        return int(text)
    if part.name in truths and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text


def _unreadable(broken: BrokenForm, kind: str) -> errors.BadRequest:
    """Words as widely reported for the first; the others are "our choice"."""
    if broken.reason == "no_form":
        shown = kind.partition(";")[0].strip()[:80]
        return errors.BadRequest(
            f"Invalid Content-Type header ({shown}), expected multipart/form-data. (HINT: If you're using curl, you "
            "can pass -H 'Content-Type: multipart/form-data')"
        )
    if broken.reason == "no_boundary":
        return errors.BadRequest("Missing boundary in the Content-Type header of a multipart/form-data request.")
    return errors.BadRequest("Could not parse multipart form.")


def single(body: Mapping[str, Any], name: str) -> FormPart | None:
    """The one file of a field, None when there is none.

    Raises:
        BadRequest: there are several, or it is no file.
    """
    given = body.get(name)
    if given is None:
        return None
    if not isinstance(given, list):
        raise errors.wrong_type(name, "a file", given)
    if len(given) > 1:
        raise errors.array_too_long(name, 1, len(given))
    part: FormPart = given[0]
    return part
