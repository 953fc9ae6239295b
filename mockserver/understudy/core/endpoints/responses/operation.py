"""`POST /v1/responses`: one answer, or a stream of events."""

from collections.abc import Generator, Iterator
from typing import Any

from understudy.core import errors, headers, ids
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.endpoints.chat_answer import served_tier
from understudy.core.endpoints.responses import parameters
from understudy.core.endpoints.responses.conversation import Conversation, conversation_not_found
from understudy.core.endpoints.responses.events import Writer, events_of, failed_events, unfinished
from understudy.core.endpoints.responses.file_search import asked_for, searched
from understudy.core.endpoints.responses.items import Item, check_turns, items_of
from understudy.core.endpoints.responses.moderation import moderate
from understudy.core.endpoints.responses.record import QUEUED, SHORTEST, Record, item_not_found, with_ids
from understudy.core.endpoints.responses.shelf import Shelf, Step
from understudy.core.endpoints.responses.turn import Turn, begun, make_turn, with_billing
from understudy.core.errors import ApiError
from understudy.core.file_references import resolved_items, without_bytes
from understudy.core.media import Media
from understudy.core.messages import Connection, Request
from understudy.core.operations import Call, ChargedBeside, Cost, Reply, Stepwise, json_body
from understudy.core.pacing import Pacing
from understudy.core.pricing import Usage
from understudy.core.replies.moderation import Moderation
from understudy.core.serialise import encode, pretty
from understudy.core.store import Store
from understudy.core.stored_files import FileShelf
from understudy.core.vector_shelf import VectorShelf

_ALONE = 35
"""What the limiter takes beside a quarter of the characters (35 of one recorded plain question, 24 to 37 of others)."""
_IMAGE_CHARGE = 765
"""What the limiter takes for a picture (recorded 2026-06: this and nothing for the few words beside it)."""


class Responses(Stepwise):
    """The operation; see `core.operations.Operation` for what each method is asked.

    Args:
        moderation: the words that flag a text.
    """

    endpoint = "responses"
    shows_limits = True
    proxied = False

    def __init__(self, moderation: Moderation) -> None:
        self._moderation = moderation

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON alone."""
        return json_body(request)

    def read_model(self, body: dict[str, Any]) -> str:
        """The model's name."""
        name = body.get("model")
        if name is None or name == "":
            raise errors.missing("model")
        if not isinstance(name, str):
            raise errors.wrong_type("model", "a string", name)
        return name

    def unknown_model(self, name: str) -> ApiError:
        """400, unlike elsewhere (10 of 10 recordings)."""
        return errors.BadRequest(f"The requested model '{name}' does not exist.", code="model_not_found", param="model")

    def wrong_model(self, model: Model) -> ApiError:
        """A model of another kind; the words are our choice."""
        return errors.BadRequest(
            f"The requested model '{model.id}' cannot be used with the Responses API.",
            code="unsupported_model",
            param="model",
        )

    def out_of_credits(self) -> ApiError:
        """429."""
        return errors.out_of_credits()

    def cost(self, body: dict[str, Any]) -> Cost:
        """A quarter of the characters and some more, or 765 for each picture, whichever is more."""
        size, images = _size_of(body.get("input"))
        instructions = body.get("instructions")
        if type(instructions) is str:
            size += len(instructions)
        if body.get("tools"):
            size += len(encode(body["tools"]))
        return Cost(tokens=max(-(-size // 4) + _ALONE, _IMAGE_CHARGE * images))

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters; what depends on what came before is looked at with the answer."""
        parameters.check(body, model, media)

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """Never asked: an answer needs what is stored, see `steps`."""
        raise NotImplementedError

    def steps(self, call: Call, media: Media, pacing: Pacing, store: Store) -> Generator[Any, Any, Reply]:
        """The whole response, its stream, or where it stands in the queue; it is kept unless it shall not be."""
        body = call.body
        shelf = Shelf(store, call.account)
        given = yield from resolved(shelf, items_of(body.get("input") or []))
        named = body.get("conversation")
        talk = None if named is None else (yield from _conversation(shelf, named))
        past: list[Item] = [] if talk is None else talk.items
        connection = None if call.request is None else call.request.connection
        if body.get("previous_response_id") is not None:
            past = yield from _before(body["previous_response_id"], shelf, connection)
        items = [*(yield from resolved_items(past, FileShelf(store, call.account, call.now))), *given]
        check_turns(items)
        found = yield from searched(body, asked_for(items), VectorShelf(store, call.account, call.now))
        turn = make_turn(call, items, media, found)
        if connection is not None and connection.warms_up:
            turn.leave_out_all()
        turn.conversation = None if talk is None else talk.id
        if body.get("moderation") is not None:
            turn.moderation = moderate(body, items, turn.output, self._moderation)
        reply = _reply(call, turn, media, pacing)
        kept = with_ids(without_bytes(given), turn.names)
        if body.get("store") is not False:
            record = Record(reply.response, kept, call.model.encoding, reply.begun, reply.done)
            yield from shelf.keep(record)
        if connection is not None:
            connection.remember(turn.names.response, [*past, *kept, *turn.output])
        if talk is not None:
            talk.add([*kept, *turn.output])
            yield from shelf.keep_conversation(talk)
        return reply

    def refused(self, call: Call, error: ApiError, media: Media) -> Reply | None:
        """A stream tells a spent quota and a full bucket in its events (recorded 2025-07 and 2025-11)."""
        if call.body.get("stream") is not True:
            return None
        self.check(call.body, call.model, media)
        return Refused(call, error)


def _before(id: str, shelf: Shelf, connection: Connection | None) -> Step[list[Item]]:
    """What was said up to an earlier response: of this connection, or stored.

    Raises:
        BadRequest: there is no such response.
    """
    remembered = None if connection is None else connection.recall(id)
    return (yield from shelf.chain(id)) if remembered is None else remembered


def _conversation(shelf: Shelf, named: Any) -> Step[Conversation]:
    id = named if type(named) is str else named["id"]
    found = yield from shelf.conversation(id)
    if found is None:
        raise conversation_not_found(id)
    return found


def resolved(shelf: Shelf, items: list[Item]) -> Step[list[Item]]:
    """The items, each reference replaced by what it refers to.

    Raises:
        NotFound: it refers to nothing that is stored.
    """
    found = []
    for item in items:
        if item["type"] == "item_reference":
            meant = yield from shelf.item(item["id"])
            if meant is None:
                raise item_not_found(item["id"])
            found.append(meant)
        else:
            found.append(item)
    return found


def _reply(call: Call, turn: Turn, media: Media, pacing: Pacing) -> "Whole | Streamed | Queued":
    if call.body.get("stream"):
        return Streamed(call, turn, media, pacing)
    if call.body.get("background"):
        return Queued(call, turn, pacing)
    return Whole(call, turn, pacing)


def _size_of(given: Any) -> tuple[int, int]:
    """Characters of an input, and how many pictures it has; bears any JSON."""
    if type(given) is str:
        return len(given), 0
    size = images = 0
    for item in given if type(given) is list else ():
        if type(item) is not dict:
            continue
        for field in ("content", "output", "arguments", "input"):
            content = item.get(field)
            if type(content) is str:
                size += len(content)
            for part in content if type(content) is list else ():
                if type(part) is dict:
                    text = part.get("text")
                    size += len(text) if type(text) is str else 0
                    images += part.get("type") == "input_image"
    return size, images


class _Answer(ChargedBeside):
    """What answers with a turn have in common."""

    _turn: Turn

    def beside(self) -> list[tuple[Usage, str]]:
        """Pictures, searches and containers."""
        return self._turn.beside


class Whole(_Answer):
    """A response in one body."""

    content_type = headers.JSON

    def __init__(self, call: Call, turn: Turn, pacing: Pacing) -> None:
        self.service_tier = turn.service_tier
        self.processing = pacing.whole(turn.output_tokens)
        self.due = call.now + self.processing if self.processing else 0
        self._turn = turn
        self.begun, self.done = call.now, call.now + self.processing
        self.response = turn.response(self.done // SECOND)
        self.body: bytes | None = pretty(with_billing(self.response))

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """All of it: a body is sent whole."""
        return self._turn.charged(self._turn.output_tokens)


class Queued(_Answer):
    """A response in the background, which nobody waits for; it is charged when it is asked for ("our choice")."""

    content_type = headers.JSON
    due = 0
    processing = 0

    def __init__(self, call: Call, turn: Turn, pacing: Pacing) -> None:
        self.service_tier = turn.service_tier
        self._turn = turn
        self.begun = call.now + QUEUED
        self.done = call.now + max(SHORTEST, QUEUED + pacing.whole(turn.output_tokens))
        self.response = turn.response(self.done // SECOND)
        self.body: bytes | None = pretty(with_billing(unfinished(self.response, "queued")))

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """All of it."""
        return self._turn.charged(self._turn.output_tokens)


class Streamed(_Answer):
    """A response in events, made as they are asked for."""

    content_type = headers.EVENT_STREAM
    body: bytes | None = None

    def __init__(self, call: Call, turn: Turn, media: Media, pacing: Pacing) -> None:
        self.service_tier = turn.service_tier
        self.processing = pacing.ttft
        self._first = call.now + pacing.ttft
        self.due = self._first if self.processing else 0
        self._itl = pacing.itl
        self._turn = turn
        self._made = 0
        self.begun, self.done = call.now, call.now + pacing.whole(turn.output_tokens)
        self.response = turn.response(self.done // SECOND)
        options = call.body.get("stream_options") or {}
        shown = options.get("include_obfuscation") is not False
        self._writer = Writer(ids.letters(call.seed, 64, b"obfuscation") if shown else None)
        self._events = events_of(self.response, media.vocabulary, turn.model.encoding, turn.partials)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """The events, each with its moment."""
        itl = self._itl
        due = self._first if self.processing or itl else 0
        for event in self._events:
            if itl:
                # The client may go while this part is waited for: it is sent once the next one is asked for.
                yield due, self._writer.write(event)
                self._made += event.tokens
                due += itl * event.tokens
            else:
                self._made += event.tokens
                yield due, self._writer.write(event)

    def usage(self, *, complete: bool) -> Usage:
        """The tokens of the events that were sent."""
        return self._turn.charged(self._turn.output_tokens if complete else self._made)


class Made:
    """A body that is made and counted already.

    Args:
        call: whose answer it is.
        value: the object.
        usage: what it came to.
        processing: microseconds of work.
        asked: the service tier that was asked for.
    """

    content_type = headers.JSON

    def __init__(self, call: Call, value: dict[str, Any], usage: Usage, processing: int, asked: str | None) -> None:
        self.service_tier = served_tier(asked)
        self.processing = processing
        self.due = call.now + processing if processing else 0
        self.body: bytes | None = pretty(value)
        self._usage = usage

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """All of it."""
        return self._usage


class Refused:
    """A stream that ends as soon as it has begun."""

    content_type = headers.EVENT_STREAM
    body: bytes | None = None
    due = 0
    processing = 0
    service_tier = "default"

    def __init__(self, call: Call, error: ApiError) -> None:
        self._call = call
        self._error = error

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """Four events, the third of which tells the error."""
        error = self._error
        writer = Writer(None)
        told = {"type": error.type, "code": error.code, "message": error.message, "param": error.param}
        for event in failed_events(begun(self._call), told):
            yield 0, writer.write(event)

    def usage(self, *, complete: bool) -> Usage:
        """Nothing."""
        return Usage()
