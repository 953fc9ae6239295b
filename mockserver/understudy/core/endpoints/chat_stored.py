"""Chat completions that were kept by `store: true`: listed, read, changed, deleted, with their messages.

    GET    /v1/chat/completions
    GET    /v1/chat/completions/{completion_id}
    POST   /v1/chat/completions/{completion_id}            its metadata anew
    DELETE /v1/chat/completions/{completion_id}
    GET    /v1/chat/completions/{completion_id}/messages

None of them is limited or charged. Shapes and order of keys as in the OpenAPI document's examples (2026-08-21).
"""

from collections.abc import Awaitable, Generator
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from understudy.core import errors
from understudy.core.endpoints.organization.access import Query, Steps, answered, given, listed
from understudy.core.kept import KeptPage
from understudy.core.parameters import metadata, optional
from understudy.core.serialise import decode_object
from understudy.core.visits import Visit

KIND = "chat.completion"
MOST_LISTED = 100
_FILTER = "metadata["
_AT_ONCE = 100
"""Objects that are looked at in one step of a filtered list."""

# JSON, as whatever was sent is JSON: its numbers may have more than 64 bits.
_encode = msgspec.json.Encoder().encode
_Result = TypeVar("_Result")
_Step = Generator[Any, Any, _Result]


class StoredCompletion(msgspec.Struct):
    """One that is kept.

    Attributes:
        shown: the object as it is listed and read.
        messages: that it answered, as they were sent.
        asked: the model's name in the request.
    """

    shown: dict[str, Any]
    messages: list[dict[str, Any]]
    asked: str

    @property
    def id(self) -> str:
        """By which it is found."""
        found: str = self.shown["id"]
        return found

    def encoded(self) -> bytes:
        """As bytes for a store."""
        return _encode(self)


_decode = msgspec.json.Decoder(StoredCompletion).decode


def stored_completion(body: dict[str, Any], whole: bytes, request_id: str) -> StoredCompletion:
    """What is kept of a call.

    Args:
        body: of the request.
        whole: the answer, not as a stream.
        request_id: of the call.
    """
    answer = decode_object(whole)
    if answer is None:
        raise TypeError("an answer is a JSON object")
    shown = {
        "object": answer["object"],
        "id": answer["id"],
        "model": answer["model"],
        "created": answer["created"],
        "request_id": request_id,
        "tool_choice": body.get("tool_choice"),
        "usage": answer["usage"],
        "seed": body.get("seed"),
        "top_p": body.get("top_p", 1.0),
        "temperature": body.get("temperature", 1.0),
        "presence_penalty": body.get("presence_penalty", 0.0),
        "frequency_penalty": body.get("frequency_penalty", 0.0),
        "system_fingerprint": answer.get("system_fingerprint"),
        "input_user": body.get("user"),
        "service_tier": answer.get("service_tier"),
        "tools": body.get("tools"),
        "metadata": body.get("metadata") or {},
        "choices": answer["choices"],
        "response_format": body.get("response_format"),
    }
    return StoredCompletion(shown, body["messages"], body["model"])


class CompletionsListed:
    """The project's stored completions, by model and metadata if asked for."""

    def answer(self, visit: Visit) -> Steps:
        """A page of them, the oldest first unless asked otherwise."""
        wanted = _metadata_filter(visit)
        query = Query(visit, ("model", "after", "limit", "order", *(f"{_FILTER}{name}]" for name in wanted)))
        model = query.text("model")
        limit = query.whole("limit", 1, MOST_LISTED, 20) or 20
        newest_first = query.word("order", ("asc", "desc"), "asc") == "desc"
        after = query.text("after")
        chosen: list[StoredCompletion] = []
        has_more = True
        while has_more and len(chosen) <= limit:
            page: KeptPage | None = yield from _done(
                visit.simulator.store.kept_page(visit.account, KIND, after, _AT_ONCE, newest_first=newest_first)
            )
            if page is None:
                raise not_found(after or "")
            chosen += [found for _, data in page.objects if _fits(found := _decode(data), model, wanted)]
            has_more = page.has_more
            after = page.objects[-1][0] if page.objects else after
        shown = [completion.shown for completion in chosen[:limit]]
        value: dict[str, Any] = {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": len(chosen) > limit,
        }
        return answered(visit, value)


def _metadata_filter(visit: Visit) -> dict[str, str]:
    """`metadata[key]=value` of the query."""
    values = parse_qs(visit.request.query.decode("latin-1"), keep_blank_values=True)
    return {
        name[len(_FILTER) : -1]: given[-1]
        for name, given in values.items()
        if name.startswith(_FILTER) and name.endswith("]") and len(name) > len(_FILTER) + 1
    }


def _fits(completion: StoredCompletion, model: str | None, wanted: dict[str, str]) -> bool:
    shown = completion.shown
    # By the name that was asked for or the one that answered ("our choice").
    if model is not None and model not in (completion.asked, shown["model"]):
        return False
    return all(shown["metadata"].get(name) == value for name, value in wanted.items())


class CompletionRead:
    """One of them."""

    def answer(self, visit: Visit) -> Steps:
        """The object."""
        return answered(visit, (yield from _found(visit)).shown)


class CompletionChanged:
    """Its metadata anew."""

    def answer(self, visit: Visit) -> Steps:
        """The object."""
        body = given(visit, {"metadata": optional(metadata)}, ("metadata",))
        completion = yield from _found(visit)
        completion.shown["metadata"] = body["metadata"]
        store = visit.simulator.store
        yield from _done(store.keep(visit.account, KIND, completion.id, completion.encoded()))
        return answered(visit, completion.shown)


class CompletionDeleted:
    """It is kept no longer."""

    def answer(self, visit: Visit) -> Steps:
        """What was deleted."""
        completion = yield from _found(visit)
        yield from _done(visit.simulator.store.drop(visit.account, KIND, completion.id))
        return answered(visit, {"object": "chat.completion.deleted", "id": completion.id, "deleted": True})


class CompletionMessages:
    """The messages that it answered."""

    def answer(self, visit: Visit) -> Steps:
        """A page of them."""
        query = Query(visit, ("after", "limit", "order"))
        newest_first = query.word("order", ("asc", "desc"), "asc") == "desc"
        completion = yield from _found(visit)
        messages = [_message(completion.id, number, each) for number, each in enumerate(completion.messages)]
        if newest_first:
            messages.reverse()
        return answered(visit, listed(messages, lambda each: each["id"], lambda each: each, query))


def _message(id: str, number: int, sent: dict[str, Any]) -> dict[str, Any]:
    """A message as it is listed: parts stand apart from text."""
    content = sent.get("content")
    parts = content if isinstance(content, list) else None
    shown = {
        "id": f"{id}-{number}",
        "role": sent["role"],
        "content": content if parts is None else None,
        "name": sent.get("name"),
        "content_parts": parts,
    }
    return shown | {name: sent[name] for name in ("tool_calls", "tool_call_id", "refusal") if name in sent}


def not_found(id: str) -> errors.NotFound:
    """404 that names it (the words are "our choice")."""
    return errors.NotFound(f"Chat completion with id '{id}' not found.", layer=errors.Layer.ENGINE)


def _found(visit: Visit) -> _Step[StoredCompletion]:
    id = visit.names["completion_id"]
    data = yield from _done(visit.simulator.store.kept(visit.account, KIND, id))
    if data is None:
        raise not_found(id)
    return _decode(data)


def _done(given: Awaitable[_Result] | _Result) -> _Step[_Result]:
    if isinstance(given, Awaitable):
        result: _Result = yield given
        return result
    return given
