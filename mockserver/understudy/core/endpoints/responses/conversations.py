"""`/v1/conversations` and their items (OpenAPI document 2026-08-21). Nothing of it is limited or charged."""

from typing import Any

from understudy.core import errors, ids
from understudy.core.clock import SECOND
from understudy.core.endpoints.organization.access import Query, Steps, given, listed
from understudy.core.endpoints.responses.conversation import Conversation, conversation_not_found
from understudy.core.endpoints.responses.items import Item, check_input, items_of
from understudy.core.endpoints.responses.names import Names
from understudy.core.endpoints.responses.operation import resolved
from understudy.core.endpoints.responses.parameters import INCLUDES
from understudy.core.endpoints.responses.record import with_ids
from understudy.core.endpoints.responses.shelf import Step
from understudy.core.endpoints.responses.stored import page, shelf_of
from understudy.core.parameters import metadata, optional
from understudy.core.visits import Visit

_AT_ONCE = 20


def _check_items(path: str, value: Any) -> None:
    if type(value) is not list:
        raise errors.wrong_type(path, "an array of objects", value)
    if len(value) > _AT_ONCE:
        raise errors.array_too_long(path, _AT_ONCE, len(value))
    check_input(path, value)


def _found(visit: Visit) -> Step[Conversation]:
    id = visit.names["conversation_id"]
    found = yield from shelf_of(visit).conversation(id)
    if found is None:
        raise conversation_not_found(id)
    return found


def _seed(visit: Visit) -> bytes:
    # Ids differ from call to call, as request ids do.
    return visit.simulator.seed_for(visit.account, visit.request_id.encode(), 0)


def _new_items(visit: Visit, items: list[Item]) -> Step[list[Item]]:
    meant = yield from resolved(shelf_of(visit), items_of(items))
    return with_ids(meant, Names(_seed(visit), visit.now // SECOND))


class Created:
    """A new conversation."""

    def answer(self, visit: Visit) -> Steps:
        """With up to 20 items."""
        body = (
            {}
            if not visit.request.body
            else given(visit, {"items": optional(_check_items), "metadata": optional(metadata)})
        )
        conversation = Conversation(
            "conv_" + ids.hexadecimal(_seed(visit), 48, b"conversation"),
            visit.now // SECOND,
            body.get("metadata") or {},
        )
        conversation.add((yield from _new_items(visit, body.get("items") or [])))
        yield from shelf_of(visit).keep_conversation(conversation)
        return page(visit, conversation.shown())


class Read:
    """A conversation."""

    def answer(self, visit: Visit) -> Steps:
        """The object."""
        return page(visit, (yield from _found(visit)).shown())


class Changed:
    """Its metadata anew."""

    def answer(self, visit: Visit) -> Steps:
        """The object."""
        body = given(visit, {"metadata": optional(metadata)}, ("metadata",))
        conversation = yield from _found(visit)
        conversation.metadata = body["metadata"]
        yield from shelf_of(visit).keep_conversation(conversation)
        return page(visit, conversation.shown())


class Deleted:
    """A conversation is kept no longer; its responses are."""

    def answer(self, visit: Visit) -> Steps:
        """What was deleted."""
        conversation = yield from _found(visit)
        yield from shelf_of(visit).drop_conversation(conversation.id)
        return page(visit, {"id": conversation.id, "object": "conversation.deleted", "deleted": True})


class ItemsAdded:
    """Further items."""

    def answer(self, visit: Visit) -> Steps:
        """The added ones as a list."""
        query = Query(visit, ("include",))
        query.texts("include", INCLUDES)
        body = given(visit, {"items": _check_items}, ("items",))
        conversation = yield from _found(visit)
        added = yield from _new_items(visit, body["items"])
        conversation.add(added)
        yield from shelf_of(visit).keep_conversation(conversation)
        shown: dict[str, Any] = {
            "object": "list",
            "data": added,
            "first_id": added[0]["id"] if added else None,
            "last_id": added[-1]["id"] if added else None,
            "has_more": False,
        }
        return page(visit, shown)


class ItemsListed:
    """The items."""

    def answer(self, visit: Visit) -> Steps:
        """A page, newest first unless asked otherwise."""
        query = Query(visit, ("include", "limit", "order", "after"))
        query.texts("include", INCLUDES)
        items = list((yield from _found(visit)).items)
        if query.word("order", ("asc", "desc"), "desc") == "desc":
            items.reverse()
        return page(visit, listed(items, lambda item: str(item["id"]), dict, query))


def _item(visit: Visit, conversation: Conversation) -> Item:
    wanted = visit.names["item_id"]
    for item in conversation.items:
        if item["id"] == wanted:
            return item
    raise errors.NotFound(
        f"Item with id '{wanted}' not found in conversation '{conversation.id}'.", layer=errors.Layer.ENGINE
    )


class ItemRead:
    """One item."""

    def answer(self, visit: Visit) -> Steps:
        """The item."""
        Query(visit, ("include",)).texts("include", INCLUDES)
        return page(visit, _item(visit, (yield from _found(visit))))


class ItemDeleted:
    """One item less."""

    def answer(self, visit: Visit) -> Steps:
        """The conversation."""
        conversation = yield from _found(visit)
        unwanted = _item(visit, conversation)
        conversation.items = [item for item in conversation.items if item is not unwanted]
        yield from shelf_of(visit).keep_conversation(conversation)
        return page(visit, conversation.shown())
