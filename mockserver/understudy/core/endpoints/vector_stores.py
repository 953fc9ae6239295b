"""Vector stores: created, listed, read, changed, deleted, searched.

    POST   /v1/vector_stores
    GET    /v1/vector_stores
    GET    /v1/vector_stores/{vector_store_id}
    POST   /v1/vector_stores/{vector_store_id}
    DELETE /v1/vector_stores/{vector_store_id}
    POST   /v1/vector_stores/{vector_store_id}/search

None of them is limited or charged: what an organization may keep here is less than the gigabyte that is free. Shapes
from the OpenAPI document 2026-08-21.
"""

from collections.abc import Mapping
from typing import Any

from understudy.core import errors
from understudy.core.clock import SECOND
from understudy.core.endpoints.batch_lines import stamped
from understudy.core.endpoints.files import answered
from understudy.core.endpoints.organization.access import Query, Steps, given
from understudy.core.endpoints.vector_filters import check_filter
from understudy.core.parameters import (
    anything,
    array,
    boolean,
    fields,
    integer,
    metadata,
    number,
    optional,
    string,
    tagged,
    word,
)
from understudy.core.vector_shelf import Added, Cursor, KeptPage, VectorShelf
from understudy.core.vector_stores import (
    CHUNK,
    OVERLAP,
    Chunking,
    Counts,
    VectorStore,
    keywords,
)
from understudy.core.visits import Visit

MOST_FILES = 500
"""That a new store names (OpenAPI document)."""
RANKERS = ("none", "auto", "default-2024-11-15")

check_expiry = fields({"anchor": word("last_active_at"), "days": integer(1, 365)}, ("anchor", "days"))
"""Of the object `expires_after`."""


def _static(path: str, value: Any) -> None:
    fields(
        {"max_chunk_size_tokens": integer(100, 4_096), "chunk_overlap_tokens": integer(0)},
        ("max_chunk_size_tokens", "chunk_overlap_tokens"),
    )(path, value)
    most = value["max_chunk_size_tokens"] // 2
    if value["chunk_overlap_tokens"] > most:
        raise errors.above_maximum(f"{path}.chunk_overlap_tokens", value["chunk_overlap_tokens"], most)


check_chunking = tagged(
    {
        "auto": fields({"type": anything}),
        "static": fields({"type": anything, "static": _static}, ("static",)),
    },
    ("auto", "static"),
)
"""Of the object `chunking_strategy`."""


def chunking_of(given: Mapping[str, Any] | None) -> Chunking:
    """How files are cut; nothing said is `auto`."""
    if given is None or given["type"] == "auto":
        return Chunking(CHUNK, OVERLAP)
    static = given["static"]
    return Chunking(static["max_chunk_size_tokens"], static["chunk_overlap_tokens"])


def _queries(path: str, value: Any) -> None:
    if type(value) is list:
        array(string(minimum=1), minimum=1, maximum=32)(path, value)
    else:
        string(minimum=1)(path, value)


_RANKING = fields({"ranker": optional(word(*RANKERS)), "score_threshold": optional(number(0, 1))})
_NEW = {
    "name": optional(string(256)),
    "description": optional(string(512)),
    "file_ids": optional(array(string(), maximum=MOST_FILES)),
    "expires_after": optional(check_expiry),
    "chunking_strategy": optional(check_chunking),
    "metadata": optional(metadata),
}
_CHANGED = {
    "name": optional(string(256)),
    "expires_after": optional(check_expiry),
    "metadata": optional(metadata),
}
_SEARCHED = {
    "query": _queries,
    "rewrite_query": optional(boolean),
    "max_num_results": optional(integer(1, 50)),
    "filters": optional(check_filter),
    "ranking_options": optional(_RANKING),
}


def shelf_of(visit: Visit) -> VectorShelf:
    """The vector stores of the caller's project."""
    return VectorShelf(visit.simulator.store, visit.account, visit.now)


def new_id(visit: Visit, prefix: str) -> str:
    """An id as stores have them: the second in hexadecimal first (reported 2025-10)."""
    seed = visit.simulator.seed_for(visit.account, visit.request_id.encode(), 0)
    return stamped(prefix, visit.now // SECOND, seed)


def cursor_of(query: Query) -> Cursor:
    """Which part of a list the query asks for."""
    return Cursor(
        query.whole("limit", 1, 100, 20) or 20,
        query.word("order", ("asc", "desc"), "desc") == "desc",
        query.text("after"),
        query.text("before"),
    )


def listed(page: KeptPage[Any], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """The object of a list."""
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": page.has_more,
    }


class VectorStoreCreated:
    """A new store, perhaps with files."""

    def answer(self, visit: Visit) -> Steps:
        """What is said of it; raises NotFound of a file, and then there is no store."""
        body = given(visit, _NEW)
        now = visit.now // SECOND
        expiry = body.get("expires_after")
        store = VectorStore(
            new_id(visit, "vs_"),
            body.get("name") or "",
            body.get("description"),
            body.get("metadata"),
            now,
            now,
            None if expiry is None else expiry["days"],
        )
        shelf = shelf_of(visit)
        chunking = chunking_of(body.get("chunking_strategy"))
        added = [Added(id, chunking, {}) for id in dict.fromkeys(body.get("file_ids") or ())]
        files = yield from shelf.put_in(store.id, added, visit.simulator.media.vocabulary)
        yield from shelf.put(store)
        counts = Counts()
        for file in files:
            counts.add(file, visit.now)
        return answered(visit, store.shown(counts, visit.now))


class VectorStoresListed:
    """The project's stores."""

    def answer(self, visit: Visit) -> Steps:
        """A page of them, the newest first unless asked otherwise."""
        query = Query(visit, ("limit", "order", "after", "before"))
        shelf = shelf_of(visit)
        page = yield from shelf.page(cursor_of(query))
        shown = []
        for store in page.items:
            shown.append(store.shown((yield from shelf.counts(store)), visit.now))
        return answered(visit, listed(page, shown))


class VectorStoreRead:
    """One of them."""

    def answer(self, visit: Visit) -> Steps:
        """What is said of it."""
        shelf = shelf_of(visit)
        store = yield from shelf.find(visit.names["vector_store_id"])
        return answered(visit, store.shown((yield from shelf.counts(store)), visit.now))


class VectorStoreChanged:
    """Its name, its expiry, its metadata."""

    def answer(self, visit: Visit) -> Steps:
        """What is said of it now; null takes an expiry away."""
        shelf = shelf_of(visit)
        store = yield from shelf.find_open(visit.names["vector_store_id"])
        body = given(visit, _CHANGED)
        if "name" in body:
            store.name = body["name"] or ""
        if "expires_after" in body:
            store.days = None if body["expires_after"] is None else body["expires_after"]["days"]
        if "metadata" in body:
            store.metadata = body["metadata"]
        yield from shelf.touch(store)
        return answered(visit, store.shown((yield from shelf.counts(store)), visit.now))


class VectorStoreDeleted:
    """It is kept no longer."""

    def answer(self, visit: Visit) -> Steps:
        """What was deleted; its files stay."""
        shelf = shelf_of(visit)
        store = yield from shelf.find(visit.names["vector_store_id"])
        yield from shelf.drop(store)
        return answered(visit, {"id": store.id, "object": "vector_store.deleted", "deleted": True})


class VectorStoreSearched:
    """Its chunks that say most of a question."""

    def answer(self, visit: Visit) -> Steps:
        """A page of them, which is the only one."""
        id = visit.names["vector_store_id"]
        shelf = shelf_of(visit)
        yield from shelf.find_open(id)
        body = given(visit, _SEARCHED, ("query",))
        queries = body["query"] if type(body["query"]) is list else [body["query"]]
        if body.get("rewrite_query"):
            queries = [keywords(query) for query in queries]
        ranking = body.get("ranking_options") or {}
        hits = yield from shelf.search(
            [id],
            queries,
            most=body.get("max_num_results") or 10,
            threshold=ranking.get("score_threshold") or 0.0,
            filters=body.get("filters"),
        )
        value = {
            "object": "vector_store.search_results.page",
            "search_query": queries,
            "data": [
                {
                    "file_id": hit.file.id,
                    "filename": hit.file.filename,
                    "score": hit.score,
                    "attributes": hit.file.attributes,
                    "content": [{"type": "text", "text": hit.text}],
                }
                for hit in hits
            ],
            "has_more": False,
            "next_page": None,
        }
        return answered(visit, value)
