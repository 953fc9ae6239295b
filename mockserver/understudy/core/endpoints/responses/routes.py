"""Responses and conversations on their paths."""

from understudy.core.endpoints.responses import conversations, stored
from understudy.core.endpoints.responses.compaction import Compaction
from understudy.core.endpoints.responses.operation import Responses
from understudy.core.replies.moderation import Moderation
from understudy.core.routes import Routes


def add_responses(routes: Routes, moderation: Moderation) -> None:
    """All of them; a path without parameters is found before one with them."""
    operation = Responses(moderation)
    routes.meter("POST", "/v1/responses", operation)
    routes.meter("POST", "/v1/responses/compact", Compaction(moderation))
    routes.answer("POST", "/v1/responses/input_tokens", stored.InputTokens(operation))
    one = "/v1/responses/{response_id}"
    routes.answer("GET", one, stored.Retrieved())
    routes.answer("DELETE", one, stored.Deleted())
    routes.answer("POST", f"{one}/cancel", stored.Cancelled())
    routes.answer("GET", f"{one}/input_items", stored.InputItems())
    routes.answer("POST", "/v1/conversations", conversations.Created())
    one = "/v1/conversations/{conversation_id}"
    routes.answer("GET", one, conversations.Read())
    routes.answer("POST", one, conversations.Changed())
    routes.answer("DELETE", one, conversations.Deleted())
    routes.answer("POST", f"{one}/items", conversations.ItemsAdded())
    routes.answer("GET", f"{one}/items", conversations.ItemsListed())
    routes.answer("GET", f"{one}/items/{{item_id}}", conversations.ItemRead())
    routes.answer("DELETE", f"{one}/items/{{item_id}}", conversations.ItemDeleted())
