"""Files that a project keeps: what is said of them, their bytes, and which purposes take and give what.

Purposes and their fields from the OpenAPI document 2026-08-21; which can be downloaded as reported by OpenAI's
community in 2025; extensions as a refusal of 2024 lists them.
"""

from collections.abc import Awaitable, Generator
from typing import Any, TypeVar

import msgspec

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.clock import SECOND
from understudy.core.kept import MOST_BYTES
from understudy.core.store import Store

KIND = "file"
_CONTENT = "file.content"
"""Bytes are kept apart, so that a list does not read them."""
PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
"""That an upload may have."""
DOWNLOADABLE = frozenset({"assistants_output", "batch", "batch_output", "fine-tune-results", "vision"})
"""Others are refused."""
BATCH_DAYS = 30
"""After which a batch's file is gone unless it says otherwise (recorded 2026-08)."""
LARGEST = MOST_BYTES - 1024 * 1024
"""Bytes of one file ("our choice": a project's files are held in memory; the real API takes 512 MB)."""

_LINES = {"batch": "Batch API", "fine-tune": "Fine-Tuning API", "evals": "Evals API"}
"""Purposes that take JSON lines alone; the words for evals are "our choice"."""
_PICTURES = ("gif", "jpeg", "jpg", "png", "webp")
_DOCUMENTS = (
    *("c", "cpp", "css", "csv", "docx", "gif", "go", "html", "java", "jpeg", "jpg", "js", "json", "md", "pdf", "php"),
    *("pkl", "png", "pptx", "py", "rb", "tar", "tex", "ts", "txt", "webp", "xlsx", "xml", "zip"),
)
_EXTENSIONS = {"vision": _PICTURES, "assistants": _DOCUMENTS}

_encode = msgspec.msgpack.Encoder().encode
_Result = TypeVar("_Result")
Step = Generator[Any, Any, _Result]


class StoredFile(msgspec.Struct, frozen=True):
    """What is said of a file.

    Attributes:
        id: `file-` and 22 letters and digits.
        purpose: see `PURPOSES`; those of outputs are made by batches alone.
        filename: as it was sent.
        size: its bytes.
        created_at: seconds since the epoch.
        expires_at: likewise, None for never.
    """

    id: str
    purpose: str
    filename: str
    size: int
    created_at: int
    expires_at: int | None

    def shown(self) -> dict[str, Any]:
        """As it is listed and read (order recorded 2026-08; what never expires has no `expires_at`)."""
        expiry = {} if self.expires_at is None else {"expires_at": self.expires_at}
        return {
            "object": "file",
            "id": self.id,
            "purpose": self.purpose,
            "filename": self.filename,
            "bytes": self.size,
            "created_at": self.created_at,
            **expiry,
            "status": "processed",
            "status_details": None,
        }

    def is_there(self, now: int) -> bool:
        """Whether it has not expired.

        Args:
            now: microseconds since the epoch.
        """
        return self.expires_at is None or now < self.expires_at * SECOND


_decode = msgspec.msgpack.Decoder(StoredFile).decode


def check_name(filename: str, purpose: str) -> None:
    """Refuse a type that a purpose does not take.

    Raises:
        BadRequest: by its extension it is another type of file.
    """
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    if purpose in _LINES and extension != "jsonl":
        raise errors.BadRequest(f"Invalid file format for {_LINES[purpose]}. Must be .jsonl")
    accepted = _EXTENSIONS.get(purpose)
    if accepted is not None and extension not in accepted:
        formats = ", ".join(f'"{each}"' for each in accepted)
        raise errors.BadRequest(
            f"Invalid extension {extension}. Supported formats: {formats}", code="unsupported_file", param=None
        )


def expiry(purpose: str, created_at: int, seconds: int | None) -> int | None:
    """When a file is gone, in seconds since the epoch."""
    if seconds is not None:
        return created_at + seconds
    return created_at + BATCH_DAYS * 86_400 if purpose == "batch" else None


def not_found(id: str) -> errors.NotFound:
    """404 that names it."""
    return errors.NotFound(f"No such File object: {id}", param="id", layer=errors.Layer.ENGINE)


class FileShelf:
    """The files of one project.

    Args:
        store: that keeps them.
        account: whose they are.
        now: microseconds since the epoch.
    """

    def __init__(self, store: Store, account: Account, now: int) -> None:
        self._store = store
        self._account = account
        self._now = now

    def put(self, file: StoredFile, content: bytes) -> Step[None]:
        """Keep a file; its bytes first, so that what is found has them."""
        yield from done(self._store.keep(self._account, _CONTENT, file.id, content))
        yield from done(self._store.keep(self._account, KIND, file.id, _encode(file)))

    def find(self, id: str) -> Step[StoredFile]:
        """What is said of a file; raises NotFound."""
        data = yield from done(self._store.kept(self._account, KIND, id))
        file = None if data is None else _decode(data)
        if file is None or not file.is_there(self._now):
            raise not_found(id)
        return file

    def content(self, id: str) -> Step[bytes]:
        """Its bytes; raises NotFound."""
        data = yield from done(self._store.kept(self._account, _CONTENT, id))
        if data is None:
            raise not_found(id)
        return data

    def drop(self, id: str) -> Step[None]:
        """Keep it no longer."""
        yield from done(self._store.drop(self._account, KIND, id))
        yield from done(self._store.drop(self._account, _CONTENT, id))

    def page(
        self, purpose: str | None, after: str | None, limit: int, *, newest_first: bool
    ) -> Step[tuple[list[StoredFile], bool]]:
        """Some of them, and whether others follow; raises NotFound of `after`."""
        chosen: list[StoredFile] = []
        has_more = True
        while has_more and len(chosen) <= limit:
            page = yield from done(
                self._store.kept_page(self._account, KIND, after, min(limit + 1, 1_000), newest_first=newest_first)
            )
            if page is None:
                raise not_found(after or "")
            for _, data in page.objects:
                file = _decode(data)
                if file.is_there(self._now) and purpose in (None, file.purpose):
                    chosen.append(file)
            has_more = page.has_more
            after = page.objects[-1][0] if page.objects else after
        return chosen[:limit], len(chosen) > limit


def done(given: Awaitable[_Result] | _Result) -> Step[_Result]:
    """What a store gave back, awaited by whoever drives the operation where it must be."""
    if isinstance(given, Awaitable):
        result: _Result = yield given
        return result
    return given
