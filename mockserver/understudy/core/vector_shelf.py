"""The vector stores of a project, as a store keeps them.

    vector-store               id of the store            what is said of it
    vector-store.batch         id of the batch            its files
    vector-store.files.HEX     id of the file             what is said of it in that store
    vector-store.chunks        store and file             its chunks

Counts are made when they are asked for, so that two who add files at the same time cannot lose one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.clock import SECOND
from understudy.core.media import Vocabulary
from understudy.core.store import Store
from understudy.core.stored_files import FileShelf, Step, StoredFile, done
from understudy.core.vector_stores import (
    Chunk,
    Chunking,
    Counts,
    FileInStore,
    Hit,
    VectorStore,
    cut,
    passes,
    read_text,
    search,
)

KIND, BATCH = "vector-store", "vector-store.batch"
_CHUNKS = "vector-store.chunks"
_AT_ONCE = 1_000

# What was sent is JSON: its numbers may have more than 64 bits.
_encode = msgspec.json.Encoder().encode
_encode_chunks = msgspec.msgpack.Encoder().encode
_Kept = TypeVar("_Kept")


class FileBatch(msgspec.Struct):
    """Files that were put into a store together.

    Attributes:
        id: `vsfb_` and 32 hexadecimal digits.
        store: id of the store.
        created_at: microseconds since the epoch.
        files: ids.
    """

    id: str
    store: str
    created_at: int
    files: list[str]

    def shown(self, files: Sequence[FileInStore], now: int) -> dict[str, Any]:
        """As it is answered (keys of the OpenAPI document)."""
        counts = Counts()
        for file in files:
            counts.add(file, now)
        status = "completed"
        if counts.in_progress:
            status = "in_progress"
        elif counts.cancelled:
            status = "cancelled"
        elif counts.failed and not counts.completed:
            status = "failed"
        return {
            "id": self.id,
            "object": "vector_store.files_batch",
            "created_at": self.created_at // SECOND,
            "vector_store_id": self.store,
            "status": status,
            "file_counts": counts.shown(),
        }


class Added(msgspec.Struct, frozen=True):
    """A file that is to be put into a store.

    Attributes:
        id: of the file.
        chunking: how it is cut.
        attributes: of the caller.
    """

    id: str
    chunking: Chunking
    attributes: dict[str, Any]


class KeptPage(msgspec.Struct, Generic[_Kept], frozen=True):
    """Some of what is kept, and whether others follow."""

    items: list[_Kept]
    has_more: bool


_decode_store = msgspec.json.Decoder(VectorStore).decode
_decode_file = msgspec.json.Decoder(FileInStore).decode
_decode_batch = msgspec.json.Decoder(FileBatch).decode
_decode_chunks = msgspec.msgpack.Decoder(list[Chunk]).decode


def store_not_found(id: str) -> errors.NotFound:
    """404 that names it (words reported in 2025)."""
    return errors.NotFound(f"Vector store with id '{id}' not found.", layer=errors.Layer.ENGINE)


def file_not_found(id: str, store: str) -> errors.NotFound:
    """404 that names both (reported 2025-10)."""
    return errors.NotFound(f"No file found with id '{id}' in vector store '{store}'.", layer=errors.Layer.ENGINE)


def batch_not_found(id: str, store: str) -> errors.NotFound:
    """The same of a batch ("our choice")."""
    return errors.NotFound(f"No file batch found with id '{id}' in vector store '{store}'.", layer=errors.Layer.ENGINE)


class VectorShelf:
    """The vector stores of one project.

    Args:
        store: that keeps them.
        account: whose they are.
        now: microseconds since the epoch.
    """

    def __init__(self, store: Store, account: Account, now: int) -> None:
        self._store = store
        self._account = account
        self._now = now

    # Stores

    def find(self, id: str) -> Step[VectorStore]:
        """A store, also one that has expired; raises NotFound."""
        data = yield from done(self._store.kept(self._account, KIND, id))
        if data is None:
            raise store_not_found(id)
        return _decode_store(data)

    def find_open(self, id: str) -> Step[VectorStore]:
        """A store that has not expired; raises NotFound, BadRequest ("our choice" of words)."""
        store = yield from self.find(id)
        if store.has_expired(self._now):
            raise errors.BadRequest(f"Vector store '{id}' has expired.", code="vector_store_expired")
        return store

    def put(self, store: VectorStore) -> Step[None]:
        """Keep a store, as new or as changed."""
        yield from done(self._store.keep(self._account, KIND, store.id, _encode(store)))

    def touch(self, store: VectorStore) -> Step[None]:
        """It was used: its time begins anew."""
        store.last_active_at = self._now // SECOND
        yield from self.put(store)

    def drop(self, store: VectorStore) -> Step[None]:
        """Keep a store and what is in it no longer; the files themselves stay."""
        yield from done(self._store.drop(self._account, KIND, store.id))
        for file in (yield from self.files(store.id)):
            yield from self.take_out(file)

    def page(self, query: "Cursor") -> Step[KeptPage[VectorStore]]:
        """Some of the stores."""
        page = yield from self._page(KIND, query, store_not_found)
        return KeptPage([_decode_store(data) for data in page.items], page.has_more)

    # Files

    def counts(self, store: VectorStore) -> Step[Counts]:
        """How many files are in which state."""
        counts = Counts()
        if not store.has_expired(self._now):
            for file in (yield from self.files(store.id)):
                counts.add(file, self._now)
        return counts

    def files(self, store: str) -> Step[list[FileInStore]]:
        """All files of a store that are still there, the oldest first."""
        found: list[FileInStore] = []
        after = None
        while True:
            page = yield from done(
                self._store.kept_page(self._account, _files(store), after, _AT_ONCE, newest_first=False)
            )
            if page is None or not page.objects:
                return found
            found += (file for _, data in page.objects if (file := _decode_file(data)).is_there(self._now))
            if not page.has_more:
                return found
            after = page.objects[-1][0]

    def file(self, store: str, id: str) -> Step[FileInStore]:
        """One of them; raises NotFound."""
        file = yield from self._file(store, id)
        if file is None:
            raise file_not_found(id, store)
        return file

    def _file(self, store: str, id: str) -> Step[FileInStore | None]:
        data = yield from done(self._store.kept(self._account, _files(store), id))
        file = None if data is None else _decode_file(data)
        return file if file is not None and file.is_there(self._now) else None

    def put_in(self, store: str, added: Sequence[Added], vocabulary: Vocabulary) -> Step[list[FileInStore]]:
        """Read, cut and keep files; raises NotFound of a file, before anything is kept."""
        shelf = FileShelf(self._store, self._account, self._now)
        known: list[tuple[Added, StoredFile]] = []
        for each in added:
            known.append((each, (yield from shelf.find(each.id))))
        made = []
        for each, file in known:
            content = yield from shelf.content(each.id)
            put = FileInStore(
                each.id, file.filename, store, self._now, each.chunking, each.attributes, expires_at=file.expires_at
            )
            text = read_text(file.filename, content)
            chunks = text if isinstance(text, tuple) else cut(text, each.chunking, vocabulary)
            if isinstance(chunks, tuple):
                put.error = chunks
            else:
                data = _encode_chunks(chunks)
                put.usage_bytes = len(data)
                yield from done(self._store.keep(self._account, _CHUNKS, _name(put), data))
            yield from self.change(put)
            made.append(put)
        return made

    def change(self, file: FileInStore) -> Step[None]:
        """Keep what is said of a file in a store."""
        yield from done(self._store.keep(self._account, _files(file.store), file.id, _encode(file)))

    def take_out(self, file: FileInStore) -> Step[None]:
        """Keep it in the store no longer."""
        yield from done(self._store.drop(self._account, _files(file.store), file.id))
        yield from done(self._store.drop(self._account, _CHUNKS, _name(file)))

    def take_out_everywhere(self, id: str) -> Step[None]:
        """A file was deleted: no store has it any more."""
        after = None
        while True:
            page = yield from done(self._store.kept_page(self._account, KIND, after, _AT_ONCE, newest_first=False))
            if page is None or not page.objects:
                return
            for store, _ in page.objects:
                file = yield from self._file(store, id)
                if file is not None:
                    yield from self.take_out(file)
            if not page.has_more:
                return
            after = page.objects[-1][0]

    def file_page(self, store: str, query: "Cursor", status: str | None) -> Step[KeptPage[FileInStore]]:
        """Some of the files of a store."""
        files = yield from self.files(store)
        shown = [file for file in files if status in (None, file.status(self._now))]
        return query.cut(shown, lambda file: file.id, lambda id: file_not_found(id, store))

    def batch_page(self, batch: FileBatch, query: "Cursor", status: str | None) -> Step[KeptPage[FileInStore]]:
        """Some of the files of a batch."""
        files = yield from self.files_of(batch)
        shown = [file for file in files if status in (None, file.status(self._now))]
        return query.cut(shown, lambda file: file.id, lambda id: file_not_found(id, batch.store))

    def chunks(self, file: FileInStore) -> Step[list[Chunk]]:
        """The chunks of a file; none while it is read."""
        if file.status(self._now) != "completed":
            return []
        data = yield from done(self._store.kept(self._account, _CHUNKS, _name(file)))
        return [] if data is None else _decode_chunks(data)

    # Batches

    def put_batch(self, batch: FileBatch) -> Step[None]:
        """Keep a batch."""
        yield from done(self._store.keep(self._account, BATCH, batch.id, _encode(batch)))

    def batch(self, store: str, id: str) -> Step[FileBatch]:
        """A batch; raises NotFound."""
        data = yield from done(self._store.kept(self._account, BATCH, id))
        batch = None if data is None else _decode_batch(data)
        if batch is None or batch.store != store:
            raise batch_not_found(id, store)
        return batch

    def files_of(self, batch: FileBatch) -> Step[list[FileInStore]]:
        """Those of its files that are still in the store."""
        found = []
        for id in batch.files:
            file = yield from self._file(batch.store, id)
            if file is not None:
                found.append(file)
        return found

    # Search

    def search(
        self,
        stores: Sequence[str],
        queries: Sequence[str],
        *,
        most: int,
        threshold: float = 0.0,
        filters: Mapping[str, Any] | None = None,
    ) -> Step[list[Hit]]:
        """The chunks of some stores that say most of a question; raises NotFound, BadRequest of a store."""
        found: list[tuple[FileInStore, list[Chunk]]] = []
        for id in stores:
            store = yield from self.find_open(id)
            for file in (yield from self.files(id)):
                if passes(file.attributes, filters):
                    found.append((file, (yield from self.chunks(file))))
            yield from self.touch(store)
        return search(found, queries, most, threshold)

    def _page(self, kind: str, query: "Cursor", missing: Callable[[str], errors.ApiError]) -> Step[KeptPage[bytes]]:
        forward = query.before is None
        newest_first = query.newest_first if forward else not query.newest_first
        cursor = query.after if forward else query.before
        page = yield from done(
            self._store.kept_page(self._account, kind, cursor, query.limit, newest_first=newest_first)
        )
        if page is None:
            raise missing(cursor or "")
        values = [data for _, data in page.objects]
        return KeptPage(values if forward else values[::-1], page.has_more)


class Cursor(msgspec.Struct, frozen=True):
    """Which part of a list is asked for.

    Attributes:
        limit: most items.
        newest_first: their order.
        after, before: id of the item before the first, or behind the last; `before` wins.
    """

    limit: int
    newest_first: bool
    after: str | None
    before: str | None

    def cut(
        self, items: Sequence[_Kept], name: Callable[[_Kept], str], missing: Callable[[str], errors.ApiError]
    ) -> KeptPage[_Kept]:
        """The part of items, which are given the oldest first."""
        ordered = list(reversed(items)) if self.newest_first else list(items)
        places = {name(item): place for place, item in enumerate(ordered)}
        cursor = self.after if self.before is None else self.before
        if cursor is not None and cursor not in places:
            raise missing(cursor)
        if self.before is not None:
            end = places[self.before]
            start = max(end - self.limit, 0)
            return KeptPage(ordered[start:end], start > 0)
        start = 0 if self.after is None else places[self.after] + 1
        return KeptPage(ordered[start : start + self.limit], start + self.limit < len(ordered))


def _files(store: str) -> str:
    return f"vector-store.files.{store.removeprefix('vs_')}"


def _name(file: FileInStore) -> str:
    return f"{file.store}.{file.id}"
