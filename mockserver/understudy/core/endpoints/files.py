"""Files: kept, listed, read, given back, deleted.

    POST   /v1/files                       a form
    GET    /v1/files
    GET    /v1/files/{file_id}
    GET    /v1/files/{file_id}/content     the bytes, of purposes that give them back
    DELETE /v1/files/{file_id}

None of them is limited or charged. Headers, shapes and order of keys as recorded 2026-08.
"""

from typing import Any
from urllib.parse import quote

from understudy.core import errors, headers, ids
from understudy.core.clock import SECOND
from understudy.core.endpoints.form_fields import FormBody, read_form, single
from understudy.core.endpoints.organization.access import Query, Steps
from understudy.core.messages import Headers
from understudy.core.parameters import fields, integer, word
from understudy.core.serialise import pretty
from understudy.core.stored_files import (
    DOWNLOADABLE,
    LARGEST,
    PURPOSES,
    FileShelf,
    StoredFile,
    check_name,
    expiry,
)
from understudy.core.vector_shelf import VectorShelf
from understudy.core.visits import Page, Visit

_SECONDS = "expires_after[seconds]"
_ANCHOR = "expires_after[anchor]"
MOST_LISTED = 10_000
HOUR, MONTH = 3_600, 30 * 86_400

check_expiry = fields(
    {"anchor": word("created_at"), "seconds": integer(HOUR, MONTH)},
    ("anchor", "seconds"),
)
"""Of the object `expires_after`."""


def shelf(visit: Visit) -> FileShelf:
    """The files of the caller's project."""
    return FileShelf(visit.simulator.store, visit.account, visit.now)


def answered(visit: Visit, value: dict[str, Any]) -> Page:
    """A 200 in the layout of the files endpoints: with a final newline."""
    return Page(pretty(value) + b"\n", headers=file_headers(visit))


def file_headers(visit: Visit) -> Headers:
    """What their 200s carry; one with an Origin has `access-control-allow-origin` already."""
    added = [*headers.engine(visit.account, 0), headers.PROXY]
    if visit.request.header(b"origin") is None:
        added.append((b"access-control-allow-origin", b"*"))
    return added


def new_id(visit: Visit) -> str:
    """Differs from call to call, as request ids do."""
    seed = visit.simulator.seed_for(visit.account, visit.request_id.encode(), 0)
    return "file-" + ids.letters(seed, 22, b"file")


class FileCreated:
    """A new file."""

    def answer(self, visit: Visit) -> Steps:
        """What is said of it; raises BadRequest."""
        body = read_form(visit.request, visit.simulator.media, files=("file",), numbers=(_SECONDS,))
        for name in body:
            if name not in ("file", "purpose", _SECONDS, _ANCHOR):
                raise errors.unknown_parameter(name)
        part = single(body, "file")
        if part is None:
            raise errors.missing("file")
        purpose = body.get("purpose")
        if purpose is None:
            raise errors.missing("purpose")
        if purpose not in PURPOSES:
            raise errors.invalid_value("purpose", purpose, PURPOSES)
        seconds = _lifetime(body)
        filename = part.filename or "upload"
        check_name(filename, purpose)
        if not part.value:
            raise errors.BadRequest("File is empty.")
        if len(part.value) > LARGEST:
            raise errors.BodyTooLarge(f"File is too large: {len(part.value)} bytes, at most {LARGEST} are taken.")
        created_at = visit.now // SECOND
        file = StoredFile(
            new_id(visit), purpose, filename, len(part.value), created_at, expiry(purpose, created_at, seconds)
        )
        yield from shelf(visit).put(file, part.value)
        return answered(visit, file.shown())


def _lifetime(body: FormBody) -> int | None:
    """Seconds until the file is gone, None where it does not say."""
    given = {name[len("expires_after[") : -1]: body[name] for name in (_ANCHOR, _SECONDS) if name in body}
    if not given:
        return None
    check_expiry("expires_after", given)
    seconds: int = given["seconds"]
    return seconds


class FilesListed:
    """The project's files."""

    def answer(self, visit: Visit) -> Steps:
        """A page of them, the newest first unless asked otherwise."""
        query = Query(visit, ("purpose", "limit", "order", "after"))
        limit = query.whole("limit", 1, MOST_LISTED, MOST_LISTED) or MOST_LISTED
        newest_first = query.word("order", ("asc", "desc"), "desc") == "desc"
        files, has_more = yield from shelf(visit).page(
            query.text("purpose"), query.text("after"), limit, newest_first=newest_first
        )
        value = {
            "object": "list",
            "data": [file.shown() for file in files],
            "has_more": has_more,
            "first_id": files[0].id if files else None,
            "last_id": files[-1].id if files else None,
        }
        return answered(visit, value)


class FileRead:
    """One of them."""

    def answer(self, visit: Visit) -> Steps:
        """What is said of it."""
        file = yield from shelf(visit).find(visit.names["file_id"])
        return answered(visit, file.shown())


class FileContent:
    """Its bytes."""

    def answer(self, visit: Visit) -> Steps:
        """As an attachment; raises BadRequest where the purpose keeps them."""
        found = shelf(visit)
        file = yield from found.find(visit.names["file_id"])
        if file.purpose not in DOWNLOADABLE:
            raise errors.BadRequest(f"Not allowed to download files of purpose: {file.purpose}")
        content = yield from found.content(file.id)
        name = (b"content-disposition", disposition(file.filename))
        return Page(content, headers=[*file_headers(visit), name], content_type=b"application/octet-stream")


def disposition(filename: str) -> bytes:
    """The header of an attachment; a name outside ASCII as RFC 6266 has it, and no byte ends the header."""
    plain = "".join(letter if " " <= letter <= "~" and letter not in '"\\' else "_" for letter in filename)
    header = f'attachment; filename="{plain}"'
    if plain != filename:
        header += f"; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
    return header.encode("ascii")


class FileDeleted:
    """It is kept no longer."""

    def answer(self, visit: Visit) -> Steps:
        """What was deleted."""
        found = shelf(visit)
        file = yield from found.find(visit.names["file_id"])
        yield from found.drop(file.id)
        # "Delete a file and remove it from all vector stores" (OpenAPI document).
        yield from VectorShelf(visit.simulator.store, visit.account, visit.now).take_out_everywhere(file.id)
        return answered(visit, {"object": "file", "deleted": True, "id": file.id})
