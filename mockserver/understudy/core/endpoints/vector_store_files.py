"""Files in vector stores, one by one and in batches.

    POST   /v1/vector_stores/{vector_store_id}/files
    GET    /v1/vector_stores/{vector_store_id}/files
    GET    /v1/vector_stores/{vector_store_id}/files/{file_id}
    POST   /v1/vector_stores/{vector_store_id}/files/{file_id}
    DELETE /v1/vector_stores/{vector_store_id}/files/{file_id}
    GET    /v1/vector_stores/{vector_store_id}/files/{file_id}/content
    POST   /v1/vector_stores/{vector_store_id}/file_batches
    GET    /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}
    POST   /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel
    GET    /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/files

Shapes from the OpenAPI document 2026-08-21.
"""

from typing import Any

from understudy.core import errors
from understudy.core.endpoints.files import answered
from understudy.core.endpoints.organization.access import Query, Steps, given
from understudy.core.endpoints.vector_stores import (
    check_chunking,
    chunking_of,
    cursor_of,
    listed,
    new_id,
    shelf_of,
)
from understudy.core.parameters import array, fields, optional, pairs, string
from understudy.core.vector_shelf import Added, FileBatch
from understudy.core.visits import Visit

MOST_IN_BATCH = 2_000
"""Files (OpenAPI document)."""
_STATES = ("in_progress", "completed", "failed", "cancelled")


def check_attributes(path: str, value: Any) -> None:
    """Up to 16 pairs: keys of 64 characters; values are texts of 512, numbers, true or false."""
    pairs(path, value)
    for name, entry in value.items():
        string(64)(f"{path} (name)", name)
        if type(entry) is str:
            string(512)(f"{path}.{name}", entry)
        elif type(entry) not in (int, float, bool):
            raise errors.wrong_type(f"{path}.{name}", "one of a string, number or boolean", entry)


_ATTRIBUTES, _CHUNKING = optional(check_attributes), optional(check_chunking)
_FILE = {"file_id": string(), "attributes": _ATTRIBUTES, "chunking_strategy": _CHUNKING}
_BATCH = {
    "file_ids": optional(array(string(), minimum=1, maximum=MOST_IN_BATCH)),
    "files": optional(array(fields(_FILE, ("file_id",)), minimum=1, maximum=MOST_IN_BATCH)),
    "attributes": _ATTRIBUTES,
    "chunking_strategy": _CHUNKING,
}


def _added(file: dict[str, Any]) -> Added:
    return Added(file["file_id"], chunking_of(file.get("chunking_strategy")), file.get("attributes") or {})


class StoreFileAdded:
    """A file is put into a store."""

    def answer(self, visit: Visit) -> Steps:
        """Where it stands; one that is there already is read anew."""
        shelf = shelf_of(visit)
        store = yield from shelf.find_open(visit.names["vector_store_id"])
        body = given(visit, _FILE, ("file_id",))
        (file,) = yield from shelf.put_in(store.id, [_added(body)], visit.simulator.media.vocabulary)
        yield from shelf.touch(store)
        return answered(visit, file.shown(visit.now))


class StoreFilesListed:
    """The files of a store."""

    def answer(self, visit: Visit) -> Steps:
        """A page of them, the newest first unless asked otherwise."""
        shelf = shelf_of(visit)
        store = yield from shelf.find(visit.names["vector_store_id"])
        query = Query(visit, ("limit", "order", "after", "before", "filter"))
        page = yield from shelf.file_page(store.id, cursor_of(query), _status(query))
        return answered(visit, listed(page, [file.shown(visit.now) for file in page.items]))


def _status(query: Query) -> str | None:
    return query.word("filter", _STATES, "") or None


class StoreFileRead:
    """One of them."""

    def answer(self, visit: Visit) -> Steps:
        """Where it stands."""
        shelf = shelf_of(visit)
        store = yield from shelf.find(visit.names["vector_store_id"])
        file = yield from shelf.file(store.id, visit.names["file_id"])
        return answered(visit, file.shown(visit.now))


class StoreFileChanged:
    """Its attributes."""

    def answer(self, visit: Visit) -> Steps:
        """Where it stands; null takes all attributes away."""
        shelf = shelf_of(visit)
        store = yield from shelf.find_open(visit.names["vector_store_id"])
        file = yield from shelf.file(store.id, visit.names["file_id"])
        body = given(visit, {"attributes": _ATTRIBUTES})
        if "attributes" not in body:
            raise errors.missing("attributes")
        file.attributes = body["attributes"] or {}
        yield from shelf.change(file)
        return answered(visit, file.shown(visit.now))


class StoreFileDeleted:
    """It is taken out of the store; the file itself stays."""

    def answer(self, visit: Visit) -> Steps:
        """What was taken out."""
        shelf = shelf_of(visit)
        store = yield from shelf.find(visit.names["vector_store_id"])
        file = yield from shelf.file(store.id, visit.names["file_id"])
        yield from shelf.take_out(file)
        return answered(visit, {"id": file.id, "object": "vector_store.file.deleted", "deleted": True})


class StoreFileContent:
    """What was read of it."""

    def answer(self, visit: Visit) -> Steps:
        """Its chunks, which overlap as they were cut ("our choice": nobody says how much one part holds)."""
        shelf = shelf_of(visit)
        store = yield from shelf.find_open(visit.names["vector_store_id"])
        file = yield from shelf.file(store.id, visit.names["file_id"])
        chunks = yield from shelf.chunks(file)
        value = {
            "object": "vector_store.file_content.page",
            "data": [{"type": "text", "text": chunk.text} for chunk in chunks],
            "has_more": False,
            "next_page": None,
        }
        return answered(visit, value)


class FileBatchCreated:
    """Several files are put into a store together."""

    def answer(self, visit: Visit) -> Steps:
        """Where they stand; raises NotFound of a file, and then none is put in."""
        shelf = shelf_of(visit)
        store = yield from shelf.find_open(visit.names["vector_store_id"])
        body = given(visit, _BATCH)
        ids, files = body.get("file_ids"), body.get("files")
        if (ids is None) is (files is None):
            # The document: mutually exclusive; the words are "our choice".
            raise errors.BadRequest("Exactly one of 'file_ids' and 'files' is required.", param="file_ids")
        if files is None:
            files = [{**body, "file_id": id} for id in ids or ()]
        added = {file["file_id"]: _added(file) for file in files}
        made = yield from shelf.put_in(store.id, list(added.values()), visit.simulator.media.vocabulary)
        batch = FileBatch(new_id(visit, "vsfb_"), store.id, visit.now, list(added))
        yield from shelf.put_batch(batch)
        yield from shelf.touch(store)
        return answered(visit, batch.shown(made, visit.now))


class FileBatchRead:
    """One of them."""

    def answer(self, visit: Visit) -> Steps:
        """Where its files stand."""
        shelf = shelf_of(visit)
        store = yield from shelf.find(visit.names["vector_store_id"])
        batch = yield from shelf.batch(store.id, visit.names["batch_id"])
        return answered(visit, batch.shown((yield from shelf.files_of(batch)), visit.now))


class FileBatchCancelled:
    """Its files that were not read yet are not read any more."""

    def answer(self, visit: Visit) -> Steps:
        """Where its files stand."""
        shelf = shelf_of(visit)
        store = yield from shelf.find_open(visit.names["vector_store_id"])
        batch = yield from shelf.batch(store.id, visit.names["batch_id"])
        files = yield from shelf.files_of(batch)
        for file in files:
            if file.status(visit.now) == "in_progress":
                file.cancelled = True
                yield from shelf.change(file)
        return answered(visit, batch.shown(files, visit.now))


class FileBatchFiles:
    """Its files."""

    def answer(self, visit: Visit) -> Steps:
        """A page of them, the newest first unless asked otherwise."""
        shelf = shelf_of(visit)
        store = yield from shelf.find(visit.names["vector_store_id"])
        batch = yield from shelf.batch(store.id, visit.names["batch_id"])
        query = Query(visit, ("limit", "order", "after", "before", "filter"))
        page = yield from shelf.batch_page(batch, cursor_of(query), _status(query))
        return answered(visit, listed(page, [file.shown(visit.now) for file in page.items]))
