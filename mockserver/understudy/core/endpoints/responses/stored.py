"""Stored responses: read, streamed again, cancelled, deleted, with their input; and how long an input is.

    GET    /v1/responses/{response_id}               also as a stream, from an event on
    DELETE /v1/responses/{response_id}
    POST   /v1/responses/{response_id}/cancel
    GET    /v1/responses/{response_id}/input_items
    POST   /v1/responses/input_tokens

None of them is limited or charged.
"""

from collections.abc import Iterator
from typing import Any

from understudy.core import file_references, headers, ids
from understudy.core.endpoints.organization.access import Query, Steps, given, listed
from understudy.core.endpoints.responses.events import Writer
from understudy.core.endpoints.responses.items import check_turns, items_of
from understudy.core.endpoints.responses.operation import Responses, resolved
from understudy.core.endpoints.responses.parameters import INCLUDES, PARAMETERS
from understudy.core.endpoints.responses.record import Record, not_found
from understudy.core.endpoints.responses.shelf import Shelf, Step
from understudy.core.endpoints.responses.turn import as_chat, with_billing
from understudy.core.messages import Headers
from understudy.core.parameters import check_all
from understudy.core.prompts import prompt_tokens
from understudy.core.serialise import pretty
from understudy.core.stored_files import FileShelf
from understudy.core.visits import Page, Visit


def shelf_of(visit: Visit) -> Shelf:
    """The caller's stored objects."""
    return Shelf(visit.simulator.store, visit.account)


def page(visit: Visit, value: dict[str, Any]) -> Page:
    """A 200 in the engine's layout, without rate limits."""
    return Page(pretty(value), headers=_head(visit))


def _head(visit: Visit) -> Headers:
    return headers.engine(visit.account, 0, visit.request.path)


def _found(visit: Visit) -> Step[Record]:
    id = visit.names["response_id"]
    record = yield from shelf_of(visit).response(id)
    if record is None:
        raise not_found(id)
    return record


class Retrieved:
    """A response as it stands now, or its events."""

    def answer(self, visit: Visit) -> Steps:
        """Whole, or from the event after `starting_after` on."""
        query = Query(visit, ("include", "stream", "starting_after", "include_obfuscation"))
        query.texts("include", INCLUDES)
        record = yield from _found(visit)
        after = query.whole("starting_after", 0, 10**9, None)
        if not query.flag("stream"):
            return page(visit, with_billing(record.seen(visit.now)))
        padding = None
        if query.flag("include_obfuscation") is not False:
            padding = ids.named("obfuscation", record.id, 64)
        parts = _events(record, visit, -1 if after is None else after, padding)
        return Page(headers=_head(visit), content_type=headers.EVENT_STREAM, parts=parts)


def _events(record: Record, visit: Visit, after: int, padding: str | None) -> Iterator[tuple[int, bytes]]:
    writer = Writer(padding)
    for number, (moment, event) in enumerate(record.events(visit.simulator.media.vocabulary)):
        data = writer.write(event)
        if number > after:
            yield moment if moment > visit.now else 0, data


class Deleted:
    """A response is kept no longer."""

    def answer(self, visit: Visit) -> Steps:
        """The OpenAPI document gives no shape: the one of other deletions."""
        record = yield from _found(visit)
        yield from shelf_of(visit).drop(record)
        return page(visit, {"id": record.id, "object": "response", "deleted": True})


class Cancelled:
    """A response in the background is stopped."""

    def answer(self, visit: Visit) -> Steps:
        """The response; one that is done stays so, and cancelling twice changes nothing (OpenAI's guide)."""
        record = yield from _found(visit)
        record.cancel(visit.now)
        yield from shelf_of(visit).keep(record)
        return page(visit, with_billing(record.seen(visit.now)))


class InputItems:
    """What a response was given: what came before, then its own input."""

    def answer(self, visit: Visit) -> Steps:
        """A page, newest first unless asked otherwise."""
        query = Query(visit, ("include", "limit", "order", "after", "before"))
        query.texts("include", INCLUDES)
        record = yield from _found(visit)
        before = record.response["previous_response_id"]
        items = [] if before is None else (yield from shelf_of(visit).chain(before))
        items = [*items, *record.given]
        if query.word("order", ("asc", "desc"), "desc") == "desc":
            items.reverse()
        return page(visit, listed(items, lambda item: str(item["id"]), dict, query))


_COUNTED = (
    "model",
    "input",
    "previous_response_id",
    "tools",
    "text",
    "reasoning",
    "truncation",
    "instructions",
    "conversation",
    "tool_choice",
    "parallel_tool_calls",
)


class InputTokens:
    """How many tokens an input comes to.

    Args:
        operation: that would answer it.
    """

    def __init__(self, operation: Responses) -> None:
        self._operation = operation

    def answer(self, visit: Visit) -> Steps:
        """By the arithmetic that answers are charged by."""
        body = given(visit, {name: PARAMETERS[name] for name in _COUNTED})
        operation = self._operation
        name = operation.read_model(body)
        model = visit.simulator.catalog.find(name, visit.simulator.settings.era)
        if model is None or visit.account.limits_for(model) is None:
            raise operation.unknown_model(name)
        if operation.endpoint not in model.endpoints:
            raise operation.wrong_model(model)
        files = FileShelf(visit.simulator.store, visit.account, visit.now)
        body = yield from file_references.resolved(body, files)
        check_all(body, PARAMETERS)
        shelf = shelf_of(visit)
        items = yield from resolved(shelf, items_of(body.get("input") or []))
        if body.get("previous_response_id") is not None:
            items = [*(yield from shelf.chain(body["previous_response_id"])), *items]
        items = yield from file_references.resolved_items(items, files)
        check_turns(items)
        tokens = prompt_tokens(as_chat(body, items), model, visit.simulator.media)
        return page(visit, {"object": "response.input_tokens", "input_tokens": tokens})
