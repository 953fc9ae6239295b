"""`POST /v1/responses/compact`: a conversation made short.

What the users said stays as it is, all else becomes one item that only the API could read (OpenAPI document
2026-08-21). The item is noise that holds nothing: sent back, it says nothing.
"""

from collections.abc import Generator
from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.endpoints.chat_parameters import check_service_tier
from understudy.core.endpoints.responses.items import check_pictures, items_of
from understudy.core.endpoints.responses.names import Names
from understudy.core.endpoints.responses.operation import Made, Responses, resolved
from understudy.core.endpoints.responses.parameters import PARAMETERS
from understudy.core.endpoints.responses.reasoning import encrypted
from understudy.core.endpoints.responses.record import with_ids
from understudy.core.endpoints.responses.shelf import Shelf
from understudy.core.endpoints.responses.turn import as_chat
from understudy.core.media import Media
from understudy.core.operations import Call, Reply
from understudy.core.pacing import Pacing
from understudy.core.parameters import check_all
from understudy.core.pricing import Usage
from understudy.core.prompts import prompt_tokens
from understudy.core.store import Store

_PARAMETERS = {
    name: PARAMETERS[name]
    for name in (
        "model",
        "input",
        "previous_response_id",
        "instructions",
        "prompt_cache_key",
        "prompt_cache_retention",
        "prompt_cache_options",
        "service_tier",
    )
}
_SHORTER = 8
_LONGEST = 1_000
"""Tokens of what remains: an eighth of the conversation, at most so many ("our choice")."""


class Compaction(Responses):
    """The operation; limited and charged as an answer."""

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Few parameters."""
        check_all(body, _PARAMETERS)
        if body.get("input") is None and body.get("previous_response_id") is None:
            raise errors.missing("input")
        check_service_tier(body.get("service_tier"), model)
        given = body.get("input")
        if type(given) is list:
            check_pictures("input", given, model, media)

    def steps(self, call: Call, media: Media, pacing: Pacing, store: Store) -> Generator[Any, Any, Reply]:
        """The messages of the users, then what all else became."""
        body = call.body
        shelf = Shelf(store, call.account)
        items = yield from resolved(shelf, items_of(body.get("input") or []))
        if body.get("previous_response_id") is not None:
            items = [*(yield from shelf.chain(body["previous_response_id"])), *items]
        read = prompt_tokens(as_chat(body, items), call.model, media)
        made = min(max(read // _SHORTER, 1), _LONGEST)
        created = call.now // SECOND
        names = Names(call.seed, created)
        said = [item for item in items if item["type"] == "message" and item["role"] == "user"]
        remains = {
            "id": names.item("cmp", len(said)),
            "type": "compaction",
            "encrypted_content": encrypted(call.seed, created, made, b"compaction"),
        }
        response = {
            "id": names.response,
            "object": "response.compaction",
            "created_at": created,
            "output": [*with_ids(said, names), remains],
            "usage": {
                "input_tokens": read,
                "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
                "output_tokens": made,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": read + made,
            },
        }
        return Made(call, response, Usage(text_in=read, text_out=made), pacing.whole(made), body.get("service_tier"))

    def refused(self, call: Call, error: errors.ApiError, media: Media) -> Reply | None:
        """There is no stream to tell it in."""
        return None
