"""Stored chat completions: kept when asked for, found again, changed, deleted; in the caller's project alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionStoreMessage

from understudy.core.messages import Request

if TYPE_CHECKING:
    from tests.conftest import Api, Result

Make = Callable[..., "Api"]
PATH = "/v1/chat/completions"
KEY = "sk-test-0123456789"


def ask(api: Api, text: str = "Hello!", *, key: str = KEY, stop_after: int | None = None, **body: Any) -> Result:
    messages = [{"role": "user", "content": text}]
    whole = {"model": "gpt-4o-mini", "messages": messages, "store": True, **body}
    return api.send("POST", PATH, json.dumps(whole).encode(), key=key, stop_after=stop_after)


def call(api: Api, method: str, path: str, *, query: str = "", body: Any = None, key: str = KEY) -> Result:
    data = b"" if body is None else json.dumps(body).encode()
    return api.ask(Request(method, PATH + path, {b"authorization": f"Bearer {key}".encode()}, data, query.encode()))


@pytest.fixture
def rich(make_api: Make) -> Api:
    return make_api(tier=5)


@pytest.mark.parametrize("stream", [False, True])
def test_a_completion_is_found_again_as_it_was_answered(rich: Api, stream: bool) -> None:
    """Whole or streamed; with its parameters, its metadata and the id of its call."""
    answer = ask(rich, stream=stream, metadata={"a": "b"}, seed=7, user="me")
    id = answer.events[0]["id"] if stream else answer.json["id"]
    found = call(rich, "GET", f"/{id}")
    assert found.status == 200
    ChatCompletion.model_validate(found.json, strict=True)
    assert (found.json["metadata"], found.json["seed"], found.json["input_user"]) == ({"a": "b"}, 7, "me")
    assert found.json["request_id"] == answer.headers["x-request-id"]
    said = found.json["choices"][0]["message"]["content"]
    if stream:
        assert said == "".join(
            event["choices"][0]["delta"].get("content") or "" for event in answer.events[:-1] if event["choices"]
        )
    else:
        assert said == answer.json["choices"][0]["message"]["content"]
        assert found.json["usage"] == answer.json["usage"]


def test_what_was_not_asked_to_be_kept_or_broke_off_is_not(rich: Api) -> None:
    """404 that names the id."""
    for answer in (ask(rich, store=False).json["id"], ask(rich, stream=True, stop_after=3).events[0]["id"]):
        missing = call(rich, "GET", f"/{answer}")
        assert missing.status == 404
        assert answer in missing.error["message"]
    assert call(rich, "GET", "").json["data"] == []


def test_lists_go_through_everything_by_pages_and_filters(rich: Api) -> None:
    """The oldest first unless asked otherwise; by model, by metadata, by both."""
    ids = [
        ask(
            rich, f"Hi {number}", model="gpt-4o" if number % 2 else "gpt-4o-mini", metadata={"n": str(number % 3)}
        ).json["id"]
        for number in range(30)
    ]
    first = call(rich, "GET", "", query="limit=7").json
    assert [entry["id"] for entry in first["data"]] == ids[:7]
    assert (first["first_id"], first["last_id"], first["has_more"]) == (ids[0], ids[6], True)
    rest = call(rich, "GET", "", query=f"limit=100&after={ids[6]}").json
    assert [entry["id"] for entry in rest["data"]] == ids[7:]
    assert rest["has_more"] is False
    newest = call(rich, "GET", "", query="order=desc").json["data"]
    assert [entry["id"] for entry in newest] == ids[:9:-1]
    odd = call(rich, "GET", "", query="model=gpt-4o&limit=100").json["data"]
    assert [entry["id"] for entry in odd] == ids[1::2]
    both = call(rich, "GET", "", query="model=gpt-4o&metadata%5Bn%5D=0&limit=3").json
    assert [entry["id"] for entry in both["data"]] == ids[3::6][:3]
    assert both["has_more"] is True
    assert call(rich, "GET", "", query="metadata[n]=9").json["data"] == []


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("limit=0", 400, "limit"),
        ("order=up", 400, "order"),
        ("colour=red", 400, "colour"),
        ("after=nothing", 404, None),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(rich: Api, query: str, status: int, param: str | None) -> None:
    """By its parameter."""
    refused = call(rich, "GET", "", query=query)
    assert (refused.status, refused.error["param"]) == (status, param)


def test_metadata_is_set_anew_and_nothing_else(rich: Api) -> None:
    """Within its bounds; what is refused changes nothing."""
    id = ask(rich, metadata={"a": "b"}).json["id"]
    assert call(rich, "POST", f"/{id}", body={"metadata": {"c": "d"}}).json["metadata"] == {"c": "d"}
    assert call(rich, "POST", f"/{id}", body={"metadata": {"c": 1}}).error["param"] == "metadata.c"
    assert call(rich, "POST", f"/{id}", body={"model": "x"}).status == 400
    assert call(rich, "GET", f"/{id}").json["metadata"] == {"c": "d"}
    assert call(rich, "POST", "/chatcmpl-none", body={"metadata": {}}).status == 404


def test_messages_are_listed_with_parts_apart(rich: Api) -> None:
    """In their order or turned round, page by page."""
    parts = [{"type": "text", "text": "Hello!"}]
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": parts, "name": "me"}]
    id = ask(rich, messages=messages).json["id"]
    listed = call(rich, "GET", f"/{id}/messages").json
    for entry in listed["data"]:
        ChatCompletionStoreMessage.model_validate({**entry, "role": "assistant"})
    assert [(entry["id"], entry["role"], entry["content"]) for entry in listed["data"]] == [
        (f"{id}-0", "system", "Be kind."),
        (f"{id}-1", "user", None),
    ]
    assert listed["data"][1]["content_parts"] == parts
    turned = call(rich, "GET", f"/{id}/messages", query="order=desc&limit=1").json
    assert (turned["data"][0]["name"], turned["has_more"]) == ("me", True)


def test_a_deleted_one_is_gone_and_others_never_saw_it(rich: Api) -> None:
    """Another account has its own; neither reading nor deleting costs anything."""
    id = ask(rich).json["id"]
    assert call(rich, "GET", f"/{id}", key="sk-other").status == 404
    spent = sum(entry.charge for entry in rich.simulator.journal)
    assert call(rich, "DELETE", f"/{id}").json == {"object": "chat.completion.deleted", "id": id, "deleted": True}
    assert call(rich, "DELETE", f"/{id}").status == 404
    assert sum(entry.charge for entry in rich.simulator.journal) == spent
    again = ask(rich).json["id"]
    rich.simulator.reset()
    assert call(rich, "GET", f"/{again}").status == 404
