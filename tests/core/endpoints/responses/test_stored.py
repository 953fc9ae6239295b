"""Stored responses and conversations: found again, streamed again, cancelled on the clock, deleted, gone on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Api, Result

OTHER = "sk-test-9876543210"


def ask(api: Api, body: dict[str, Any], **options: Any) -> Result:
    whole = {"model": "gpt-4o-mini", "input": "Say this is a test", **body}
    return api.send("POST", "/v1/responses", json.dumps(whole).encode(), **options)


def get(api: Api, path: str, query: str = "", method: str = "GET", body: Any = None, key: str | None = None) -> Result:
    from understudy.core.messages import Request

    headers = {b"authorization": b"Bearer " + (key or "sk-test-0123456789").encode()}
    data = b"" if body is None else json.dumps(body).encode()
    return api.ask(Request(method, path, headers, data, query.encode()))


def events_in(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in result.body.decode().splitlines() if line.startswith("data: ")]


def test_a_response_is_found_again_until_it_is_deleted(api: Api) -> None:
    """The same bytes; nobody else finds it, and afterwards nobody at all."""
    made = ask(api, {})
    path = f"/v1/responses/{made.json['id']}"
    assert get(api, path).body == made.body
    assert get(api, path, key=OTHER).status == 404
    assert get(api, path, method="DELETE").json == {"id": made.json["id"], "object": "response", "deleted": True}
    gone = get(api, path)
    assert gone.status == 404
    assert gone.error["message"] == f"Response with id '{made.json['id']}' not found."
    assert "x-ratelimit-limit-requests" not in get(api, path).headers


def test_what_shall_not_be_stored_is_not(api: Api) -> None:
    """`store: false`."""
    made = ask(api, {"store": False}).json
    assert get(api, f"/v1/responses/{made['id']}").status == 404
    later = ask(api, {"previous_response_id": made["id"]})
    assert later.status == 400
    assert later.error["code"] == "previous_response_not_found"
    assert later.error["param"] == "previous_response_id"


def test_a_stream_is_stored_and_streamed_again_from_any_event(api: Api) -> None:
    """Numbers go on where the client was."""
    first = events_in(ask(api, {"stream": True}))
    path = f"/v1/responses/{first[0]['response']['id']}"
    again = events_in(get(api, path, "stream=true&include_obfuscation=false"))
    unpadded = [{name: value for name, value in event.items() if name != "obfuscation"} for event in first]
    assert again == unpadded
    rest = events_in(get(api, path, "stream=true&starting_after=5&include_obfuscation=false"))
    assert rest == unpadded[6:]


def test_a_conversation_goes_on_from_a_previous_response(api: Api) -> None:
    """Its tokens count, its calls may be answered, and its input is listed with what came before."""
    tool = {
        "type": "function",
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    }
    first = ask(api, {"input": "What is the weather like in Paris?", "tools": [tool]}).json
    call = first["output"][-1]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny, 21 degrees"}
    body = {"input": [output], "tools": [tool], "previous_response_id": first["id"]}
    second = ask(api, body).json
    assert "sunny, 21 degrees" in second["output"][0]["content"][0]["text"]
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]
    assert second["previous_response_id"] == first["id"]
    items = get(api, f"/v1/responses/{second['id']}/input_items", "order=asc").json
    assert [item["type"] for item in items["data"]] == ["message", "function_call", "function_call_output"]
    assert items["first_id"] == items["data"][0]["id"]
    third = ask(api, {"input": "And now?", "previous_response_id": second["id"]}).json
    assert third["usage"]["input_tokens"] > second["usage"]["output_tokens"]


def test_an_item_is_referred_to(api: Api) -> None:
    """By its id, as long as it is stored."""
    item = ask(api, {}).json["output"][0]
    body = {"input": [{"type": "item_reference", "id": item["id"]}, {"role": "user", "content": "Say yes"}]}
    assert ask(api, body).status == 200
    unknown = ask(api, {"input": [{"type": "item_reference", "id": "msg_1"}]})
    assert unknown.status == 404
    assert unknown.error["message"].startswith("Item with id 'msg_1' not found. Items are not persisted")


def test_input_items_come_in_pages(api: Api) -> None:
    """All 250 of them, each once, in either order."""
    items = [{"role": "user", "content": f"Number {number}"} for number in range(250)]
    made = ask(api, {"input": items}).json
    for order in ("asc", "desc"):
        found: list[str] = []
        query = f"limit=30&order={order}"
        while True:
            page = get(api, f"/v1/responses/{made['id']}/input_items", query).json
            found += [item["content"][0]["text"] for item in page["data"]]
            if not page["has_more"]:
                break
            query = f"limit=30&order={order}&after={page['last_id']}"
        wanted = [f"Number {number}" for number in range(250)]
        assert found == (wanted if order == "asc" else wanted[::-1])


def test_a_background_response_goes_on_by_the_clock(api: Api) -> None:
    """Queued, in progress, completed; polling changes nothing."""
    made = ask(api, {"background": True}).json
    path = f"/v1/responses/{made['id']}"
    assert (made["status"], made["output"], made["usage"]) == ("queued", [], None)
    assert get(api, path).json["status"] == "queued"
    api.clock.advance(0.3)
    assert get(api, path).json["status"] == "in_progress"
    api.clock.advance(1)
    done = get(api, path).json
    assert done["status"] == "completed"
    assert done["output"][0]["content"][0]["text"] == "This is a test"
    assert done["completed_at"] == done["created_at"] + 1


def test_only_what_runs_in_the_background_is_cancelled(api: Api) -> None:
    """Twice is as good as once; what is done stays done."""
    made = ask(api, {"background": True}).json
    path = f"/v1/responses/{made['id']}"
    assert get(api, f"{path}/cancel", method="POST").json["status"] == "cancelled"
    api.clock.advance(5)
    assert get(api, f"{path}/cancel", method="POST").json["status"] == "cancelled"
    assert get(api, path).json["status"] == "cancelled"
    done = ask(api, {"background": True}).json
    api.clock.advance(5)
    assert get(api, f"/v1/responses/{done['id']}/cancel", method="POST").json["status"] == "completed"
    plain = get(api, f"/v1/responses/{ask(api, {}).json['id']}/cancel", method="POST")
    assert plain.status == 400
    assert plain.error["message"] == "Cannot cancel a synchronous response."


def test_input_tokens_are_those_that_an_answer_is_charged(api: Api) -> None:
    """And cost nothing themselves."""
    body = {"model": "gpt-4o", "input": "Tell me about rain", "instructions": "Be brief"}
    counted = get(api, "/v1/responses/input_tokens", method="POST", body=body)
    assert counted.json == {
        "object": "response.input_tokens",
        "input_tokens": ask(api, body).json["usage"]["input_tokens"],
    }
    assert get(api, "/v1/responses/input_tokens", method="POST", body={"model": "nope", "input": "x"}).status == 400


def test_a_conversation_keeps_its_items(api: Api) -> None:
    """Made, read, changed, added to by hand and by responses, its items listed and deleted, itself deleted."""
    first = {"role": "user", "content": "My name is Ada"}
    made = get(api, "/v1/conversations", method="POST", body={"items": [first], "metadata": {"a": "b"}}).json
    path = f"/v1/conversations/{made['id']}"
    assert list(made) == ["id", "object", "created_at", "metadata"]
    assert get(api, path).json == made
    changed = get(api, path, method="POST", body={"metadata": {"c": "d"}}).json
    assert changed["metadata"] == {"c": "d"}
    answer = ask(api, {"input": "Say yes", "conversation": made["id"]}).json
    assert answer["conversation"] == {"id": made["id"]}
    added = get(api, f"{path}/items", method="POST", body={"items": [{"role": "user", "content": "Go on"}]}).json
    assert added["data"][0]["content"] == [{"type": "input_text", "text": "Go on"}]
    items = get(api, f"{path}/items", "order=asc").json["data"]
    assert [item["role"] for item in items] == ["user", "user", "assistant", "user"]
    assert get(api, f"{path}/items/{items[1]['id']}").json == items[1]
    get(api, f"{path}/items/{items[1]['id']}", method="DELETE")
    assert get(api, f"{path}/items/{items[1]['id']}").status == 404
    assert len(get(api, f"{path}/items").json["data"]) == 3
    assert get(api, path, method="DELETE").json["object"] == "conversation.deleted"
    gone = get(api, path)
    assert gone.status == 404
    assert gone.error["message"] == f"Conversation with id '{made['id']}' not found."
    assert ask(api, {"conversation": made["id"]}).status == 404


def test_a_conversation_is_made_short(api: Api) -> None:
    """The user's words stay, the rest is sealed; it is charged, and what it gave may be sent back."""
    first = ask(api, {"input": "Tell me about rain in 80 words"}).json
    body = {"model": "gpt-4o-mini", "previous_response_id": first["id"], "input": "And snow?"}
    compact = get(api, "/v1/responses/compact", method="POST", body=body)
    assert [item["type"] for item in compact.json["output"]] == ["message", "message", "compaction"]
    assert compact.json["object"] == "response.compaction"
    assert api.simulator.journal[-1].charge > 0
    last = [*compact.json["output"], {"role": "user", "content": "Say yes"}]
    assert ask(api, {"input": last}).json["output"][0]["content"][0]["text"] == "Yes"


def test_both_ways_to_go_on_at_once_are_refused(api: Api) -> None:
    """A previous response or a conversation."""
    refused = ask(api, {"conversation": "conv_1", "previous_response_id": "resp_1"})
    assert refused.status == 400
    assert refused.error["code"] == "mutually_exclusive_parameters"


def test_a_reset_leaves_nothing(api: Api) -> None:
    """As of everything else."""
    made = ask(api, {}).json
    api.simulator.reset()
    assert get(api, f"/v1/responses/{made['id']}").status == 404


@pytest.mark.parametrize("bound", ["MOST_OBJECTS", "MOST_BYTES"])
def test_what_was_kept_first_goes_first(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """Memory is bounded in number and size."""
    from understudy.core import kept

    monkeypatch.setattr(kept, bound, 3 if bound == "MOST_OBJECTS" else 30)
    shelf = kept.Kept()
    for number in range(5):
        shelf.put("p", "response", str(number), b"x" * 10)
    assert [shelf.get("p", "response", str(number)) is None for number in range(5)] == [True, True, False, False, False]
    assert shelf.drop("p", "response", "4")
    assert not shelf.drop("p", "response", "4")


def test_the_sdk_types_hold_for_stored_objects(make_api: Callable[..., Api]) -> None:
    """Strictly."""
    from openai.types.conversations import Conversation, ConversationItemList
    from openai.types.responses import Response, ResponseItemList

    api = make_api()
    made = ask(api, {"background": True}).json
    Response.model_validate_json(get(api, f"/v1/responses/{made['id']}").body, strict=True)
    ResponseItemList.model_validate_json(get(api, f"/v1/responses/{made['id']}/input_items").body, strict=True)
    talk = get(api, "/v1/conversations", method="POST", body={"items": [{"role": "user", "content": "Hi"}]})
    Conversation.model_validate_json(talk.body, strict=True)
    items = get(api, f"/v1/conversations/{talk.json['id']}/items")
    ConversationItemList.model_validate_json(items.body, strict=True)


def test_an_item_whose_id_is_null_gets_one(api: Api) -> None:
    """Like one that has none."""
    item = {"type": "compaction", "id": None, "status": None, "encrypted_content": ""}
    talk = get(api, "/v1/conversations", method="POST", body={"items": [item]}).json["id"]
    (kept,) = get(api, f"/v1/conversations/{talk}/items").json["data"]
    assert kept["id"].startswith("cmp_")
    assert kept["status"] == "completed"


@pytest.mark.parametrize("store", [True, False])
def test_numbers_of_more_than_64_bits_are_kept(api: Api, store: bool) -> None:
    """As JSON has no bound for them."""
    tool = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}, "maximum": 2**70}}
    made = ask(api, {"tools": [tool], "store": store})
    assert made.status == 200
    assert made.json["tools"][0]["parameters"]["maximum"] == 2**70
    found = get(api, f"/v1/responses/{made.json['id']}")
    assert (found.status, found.body == made.body) == ((200, True) if store else (404, False))
