"""Where responses and conversations are kept: in the caller's project, by the store.

A response is found by the 18 digits that its items' ids begin with, too, so that an item can be found by its own id.
"""

from collections.abc import Awaitable, Generator
from typing import Any, TypeVar

import msgspec

from understudy.core.accounts import Account
from understudy.core.endpoints.responses.conversation import Conversation
from understudy.core.endpoints.responses.items import Item
from understudy.core.endpoints.responses.record import LONGEST_CHAIN, Record, previous_not_found
from understudy.core.store import Store

_Result = TypeVar("_Result")
Step = Generator[Any, Any, _Result]
"""Yields what must be awaited, returns the result."""

_RESPONSE, _CONVERSATION = "response", "conversation"
_SHARED = 18
# JSON, as whatever was sent is JSON: its numbers may have more than 64 bits.
_encode = msgspec.json.Encoder().encode
_record = msgspec.json.Decoder(Record).decode
_conversation = msgspec.json.Decoder(Conversation).decode


class Shelf:
    """The stored objects of one account's project.

    Args:
        store: has the account.
        account: whose they are.
    """

    def __init__(self, store: Store, account: Account) -> None:
        self._store = store
        self._account = account

    def response(self, id: str) -> Step[Record | None]:
        """A response by its id."""
        record = yield from self._by_digits(id.partition("_")[2][:_SHARED])
        return record if record is not None and record.id == id else None

    def item(self, id: str) -> Step[Item | None]:
        """An item of any stored response by its id."""
        record = yield from self._by_digits(id.partition("_")[2][:_SHARED])
        if record is None:
            return None
        return next((item for item in record.context() if item.get("id") == id), None)

    def keep(self, record: Record) -> Step[None]:
        """Keep a response, new or changed."""
        data = _encode(record)
        digits = record.id.partition("_")[2][:_SHARED]
        yield from self._done(self._store.keep(self._account, _RESPONSE, digits, data))

    def drop(self, record: Record) -> Step[None]:
        """Keep it no longer."""
        digits = record.id.partition("_")[2][:_SHARED]
        yield from self._done(self._store.drop(self._account, _RESPONSE, digits))

    def chain(self, id: str) -> Step[list[Item]]:
        """All that was said up to the end of a response, the oldest first.

        Raises:
            BadRequest: there is no such response.
        """
        last = yield from self.response(id)
        if last is None:
            raise previous_not_found(id)
        parts = [last.context()]
        for _ in range(LONGEST_CHAIN):
            before = last.response["previous_response_id"]
            found = None if before is None else (yield from self.response(before))
            if found is None:
                break
            parts.append(found.context())
            last = found
        return [item for part in reversed(parts) for item in part]

    def conversation(self, id: str) -> Step[Conversation | None]:
        """A conversation by its id."""
        data = yield from self._done(self._store.kept(self._account, _CONVERSATION, id))
        return None if data is None else _conversation(data)

    def keep_conversation(self, conversation: Conversation) -> Step[None]:
        """Keep a conversation, new or changed."""
        data = _encode(conversation)
        yield from self._done(self._store.keep(self._account, _CONVERSATION, conversation.id, data))

    def drop_conversation(self, id: str) -> Step[None]:
        """Keep it no longer."""
        yield from self._done(self._store.drop(self._account, _CONVERSATION, id))

    def _by_digits(self, digits: str) -> Step[Record | None]:
        data = yield from self._done(self._store.kept(self._account, _RESPONSE, digits))
        return None if data is None else _record(data)

    def _done(self, done: Awaitable[_Result] | _Result) -> Step[_Result]:
        if isinstance(done, Awaitable):
            result: _Result = yield done
            return result
        return done
