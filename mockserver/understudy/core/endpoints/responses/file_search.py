"""The tool `file_search`: what the stores say of the user's last message."""

from collections.abc import Sequence
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.endpoints.chat_parameters import texts_of
from understudy.core.endpoints.responses.items import Item, as_messages
from understudy.core.stored_files import Step
from understudy.core.vector_shelf import VectorShelf
from understudy.core.vector_stores import Hit, best_sentences

MOST = 20
"""Results, where the tool does not say (OpenAI's guide "File search")."""
_LONGEST_QUERY = 1_000
"""Characters of a message that are searched for ("our choice")."""
_SURE, _NEARLY_AS_GOOD = 0.15, 0.6
"""Least score of what is quoted; of a second file beside the first, as a share of its score ("our choice")."""
_MOST_QUOTED = 3


class Found(msgspec.Struct, frozen=True):
    """What a search came to.

    Attributes:
        queries: that were searched for.
        hits: the best first.
    """

    queries: list[str]
    hits: list[Hit]


class Quotation(msgspec.Struct, frozen=True):
    """What files say, to be said by the model.

    Attributes:
        text: of the answer.
        annotations: which file says what, in the shape of the OpenAPI document.
    """

    text: str
    annotations: list[dict[str, Any]]


def asked_for(items: Sequence[Item]) -> str:
    """What the user said last; nothing when something else came last."""
    last = as_messages(None, items[-1:])
    return "\n".join(texts_of(last[0])) if last and last[0]["role"] == "user" else ""


def searched(body: dict[str, Any], said: str, shelf: VectorShelf) -> Step[Found | None]:
    """What the first such tool finds; None where there is none.

    Raises:
        NotFound: a store of any such tool is not there, in the reported words.
    """
    tools = [tool for tool in body.get("tools") or () if tool["type"] == "file_search"]
    for tool in tools:
        for id in tool["vector_store_ids"]:
            try:
                yield from shelf.find(id)
            except errors.NotFound:
                raise errors.NotFound(
                    f"Vector store with id ['{id}'] not found.", param="tools", layer=errors.Layer.ENGINE
                ) from None
    if not tools:
        return None
    query = said[:_LONGEST_QUERY].strip()
    if not query:
        return Found([], [])
    tool = tools[0]
    ranking = tool.get("ranking_options") or {}
    hits = yield from shelf.search(
        tool["vector_store_ids"],
        [query],
        most=tool.get("max_num_results") or MOST,
        threshold=ranking.get("score_threshold") or 0.0,
        filters=tool.get("filters"),
    )
    return Found([query], hits)


def shown(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """Results as an item has them."""
    return [
        {
            "attributes": hit.file.attributes,
            "file_id": hit.file.id,
            "filename": hit.file.filename,
            "score": hit.score,
            "text": hit.text,
        }
        for hit in hits
    ]


def quotation(found: Found) -> Quotation | None:
    """What the best chunks say, each file once; None where they say nothing of it."""
    if not found.hits:
        return None
    query, best = found.queries[0], found.hits[0].score
    text = ""
    annotations: list[dict[str, Any]] = []
    seen: set[str] = set()
    for hit in found.hits:
        if hit.score < max(_SURE, best * _NEARLY_AS_GOOD) or len(seen) >= _MOST_QUOTED:
            break
        if hit.file.id in seen:
            continue
        words = best_sentences(hit.text, query)
        if not words or words in text:
            continue
        seen.add(hit.file.id)
        text = f"{text} {words}" if text else words
        annotations.append(
            {
                "type": "file_citation",
                "file_id": hit.file.id,
                "filename": hit.file.filename,
                "index": len(text),
            }
        )
    return Quotation(text, annotations) if text else None
