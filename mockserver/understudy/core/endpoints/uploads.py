"""Uploads: a large file in parts.

    POST /v1/uploads                          what it will be
    POST /v1/uploads/{upload_id}/parts        a form with `data`, up to 64 MB
    POST /v1/uploads/{upload_id}/complete     the parts in their order: now it is a file
    POST /v1/uploads/{upload_id}/cancel

Shapes from the OpenAPI document 2026-08-21; the words of refusals are "our choice".
"""

import hashlib
from collections.abc import Awaitable
from typing import Any

import msgspec

from understudy.core import errors, ids
from understudy.core.clock import SECOND
from understudy.core.endpoints.files import answered, check_expiry, new_id, shelf
from understudy.core.endpoints.form_fields import read_form, single
from understudy.core.endpoints.organization.access import Steps, given
from understudy.core.parameters import array, integer, optional, string, word
from understudy.core.stored_files import LARGEST, Step, StoredFile, check_name, done, expiry
from understudy.core.visits import Visit

LIFETIME = 3_600
"""Seconds in which it must be completed."""
MOST_PARTS = 1_000
"""Of one upload ("our choice")."""
PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data")
"""The document lists four; the SDKs' types have user_data beside them."""
_KIND, _PART = "upload", "upload.part"

_encode = msgspec.msgpack.Encoder().encode


class Upload(msgspec.Struct):
    """One that was begun.

    Attributes:
        id: `upload_` and 32 hexadecimal digits.
        filename: of the file that it becomes.
        purpose: likewise.
        size: bytes that were announced.
        created_at: seconds since the epoch.
        file_seconds: how long the file will be there, None for its purpose's time.
        received: bytes of all parts.
        parts: their ids and sizes, in the order they came.
        state: pending, completed or cancelled; expired is what time makes of pending.
        file: that it became.
    """

    id: str
    filename: str
    purpose: str
    size: int
    created_at: int
    file_seconds: int | None
    received: int = 0
    parts: dict[str, int] = {}
    state: str = "pending"
    file: StoredFile | None = None

    def status(self, now: int) -> str:
        """Its state at a moment in microseconds since the epoch."""
        over = self.state == "pending" and now >= (self.created_at + LIFETIME) * SECOND
        return "expired" if over else self.state

    def shown(self, now: int) -> dict[str, Any]:
        """As it is answered."""
        return {
            "id": self.id,
            "object": "upload",
            "bytes": self.size,
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": self.status(now),
            "expires_at": self.created_at + LIFETIME,
            "file": None if self.file is None else self.file.shown(),
        }


_decode = msgspec.msgpack.Decoder(Upload).decode


class UploadCreated:
    """A new one."""

    def answer(self, visit: Visit) -> Steps:
        """What it will be; raises BadRequest."""
        body = given(
            visit,
            {
                "filename": string(minimum=1),
                "purpose": word(*PURPOSES),
                "bytes": integer(1, LARGEST),
                "mime_type": string(minimum=1),
                "expires_after": optional(check_expiry),
            },
            ("filename", "purpose", "bytes", "mime_type"),
        )
        check_name(body["filename"], body["purpose"])
        seed = visit.simulator.seed_for(visit.account, visit.request_id.encode(), 0)
        upload = Upload(
            "upload_" + ids.hexadecimal(seed, 32, _KIND.encode()),
            body["filename"],
            body["purpose"],
            body["bytes"],
            visit.now // SECOND,
            (body.get("expires_after") or {}).get("seconds"),
        )
        yield from _keep(visit, upload)
        return answered(visit, upload.shown(visit.now))


class PartAdded:
    """Some of its bytes."""

    def answer(self, visit: Visit) -> Steps:
        """The part; raises BadRequest."""
        upload = yield from _pending(visit)
        body = read_form(visit.request, visit.simulator.media, files=("data",))
        for name in body:
            if name != "data":
                raise errors.unknown_parameter(name)
        part = single(body, "data")
        if part is None:
            raise errors.missing("data")
        if not part.value:
            raise errors.BadRequest("The part is empty.", code="empty_file", param="data")
        if len(upload.parts) >= MOST_PARTS:
            raise errors.BadRequest(f"The upload has {MOST_PARTS} parts, no more are taken.", param="data")
        if upload.received + len(part.value) > upload.size:
            raise errors.BadRequest(
                f"The parts have more than the {upload.size} bytes that were announced.", param="data"
            )
        seed = visit.simulator.seed_for(visit.account, visit.request_id.encode(), 0)
        id = "part_" + ids.hexadecimal(seed, 32, _PART.encode())
        yield from done(visit.simulator.store.keep(visit.account, _PART, id, part.value))
        upload.parts = {**upload.parts, id: len(part.value)}
        upload.received += len(part.value)
        yield from _keep(visit, upload)
        made = {"id": id, "object": "upload.part", "created_at": visit.now // SECOND, "upload_id": upload.id}
        return answered(visit, made)


class UploadCompleted:
    """It becomes a file."""

    def answer(self, visit: Visit) -> Steps:
        """With the file; nothing changes where something is refused."""
        body = given(visit, {"part_ids": array(string(), maximum=MOST_PARTS), "md5": optional(string())}, ("part_ids",))
        upload = yield from _pending(visit)
        wanted: list[str] = body["part_ids"]
        for index, id in enumerate(wanted):
            if id not in upload.parts or id in wanted[:index]:
                raise errors.BadRequest(
                    f"Invalid part: '{id}' is no part of this upload, or stands here twice.",
                    code="invalid_value",
                    param=f"part_ids[{index}]",
                )
        size = sum(upload.parts[id] for id in wanted)
        if size != upload.size:
            raise errors.BadRequest(
                f"The parts have {size} bytes; {upload.size} were announced.", code="invalid_value", param="part_ids"
            )
        content = bytearray()
        for id in wanted:
            data = yield from done(visit.simulator.store.kept(visit.account, _PART, id))
            if data is None:
                raise errors.NotFound(f"No part found with id '{id}'.", layer=errors.Layer.ENGINE)
            content += data
        md5 = body.get("md5")
        if md5 is not None and md5.lower() != hashlib.md5(content, usedforsecurity=False).hexdigest():
            raise errors.BadRequest("The file's md5 is another one.", code="invalid_value", param="md5")
        # What kept the parts may be as large as all that is kept: they go before the file comes.
        yield from _drop_parts(visit, upload)
        created_at = visit.now // SECOND
        upload.file = StoredFile(
            new_id(visit),
            upload.purpose,
            upload.filename,
            size,
            created_at,
            expiry(upload.purpose, created_at, upload.file_seconds),
        )
        yield from shelf(visit).put(upload.file, bytes(content))
        upload.state = "completed"
        yield from _keep(visit, upload)
        return answered(visit, upload.shown(visit.now))


class UploadCancelled:
    """No part is taken any more."""

    def answer(self, visit: Visit) -> Steps:
        """With its new state."""
        upload = yield from _pending(visit)
        yield from _drop_parts(visit, upload)
        upload.state = "cancelled"
        yield from _keep(visit, upload)
        return answered(visit, upload.shown(visit.now))


def _pending(visit: Visit) -> Step[Upload]:
    """The upload, that can still become a file.

    Raises:
        NotFound: there is none of that id.
        BadRequest: it is over.
    """
    id = visit.names["upload_id"]
    data = yield from done(visit.simulator.store.kept(visit.account, _KIND, id))
    if data is None:
        raise errors.NotFound(f"No upload found with id '{id}'.", layer=errors.Layer.ENGINE)
    upload = _decode(data)
    status = upload.status(visit.now)
    if status != "pending":
        raise errors.BadRequest(f"Upload '{id}' is {status}.", code="invalid_upload_state")
    return upload


def _keep(visit: Visit, upload: Upload) -> Step[None]:
    kept: Awaitable[None] | None = visit.simulator.store.keep(visit.account, _KIND, upload.id, _encode(upload))
    yield from done(kept)


def _drop_parts(visit: Visit, upload: Upload) -> Step[None]:
    for id in upload.parts:
        yield from done(visit.simulator.store.drop(visit.account, _PART, id))
