"""Requests made up from the OpenAPI document, to every operation that it shares with us: no 500, no undocumented answer.

Needs Schemathesis (`pip install -e ".[fuzz]"`), which wants a newer Hypothesis than the lowest that is promised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import openai
import pytest
from tests.openapi.schemas import document

from understudy import MockServer

schemathesis = pytest.importorskip("schemathesis", reason="the extra 'fuzz' is not installed")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402 - after what may skip the module
from schemathesis.specs.openapi.checks import response_schema_conformance  # noqa: E402

EXAMPLES = 30
OVERLAYS = ("chat", "completions", "responses", "images", "implemented")
KEY, ADMIN_KEY = "sk-tier5-fuzzed", "sk-admin-fuzzed"
MODELS = {
    "/audio/speech": ["gpt-4o-mini-tts", "tts-1"],
    "/audio/transcriptions": ["whisper-1", "gpt-4o-transcribe"],
    "/audio/translations": ["whisper-1"],
    "/chat/completions": ["gpt-4o-mini", "gpt-5.2"],
    "/completions": ["gpt-3.5-turbo-instruct"],
    "/embeddings": ["text-embedding-3-small", "text-embedding-ada-002"],
    "/images/edits": ["gpt-image-1-mini", "dall-e-2"],
    "/images/generations": ["gpt-image-1-mini", "dall-e-3"],
    "/images/variations": ["dall-e-2"],
    "/moderations": ["omni-moderation-latest"],
    "/realtime/sessions": ["gpt-realtime", "gpt-4o-realtime-preview"],
    "/responses": ["gpt-4o-mini", "gpt-5.2"],
    "/responses/compact": ["gpt-4o-mini"],
    "/responses/input_tokens": ["gpt-4o-mini"],
    "/videos": ["sora-2"],
}
"""Models that a path takes: hardly any made-up name is one."""


@cache
def implemented() -> dict[str, Any]:
    """The document of the operations, corrected by what is known of real answers."""
    whole = document("implemented")
    schemas = whole["components"]["schemas"]
    for overlay in OVERLAYS:
        for patch in document(f"{overlay}_overlay")["patches"]:
            *path, last = patch["at"].split("/")[1:]
            if (path or [last])[0] not in schemas:
                continue
            place: Any = schemas
            for step in path:
                place = place[int(step)] if isinstance(place, list) else place[step]
            place[int(last) if isinstance(place, list) else last] = patch["value"]
    for path, item in whole["paths"].items():
        for operation in item.values():
            if path in MODELS and isinstance(operation, dict) and "requestBody" in operation:
                for content in operation["requestBody"]["content"].values():
                    named = {"type": "object", "required": ["model"], "properties": {"model": {"enum": MODELS[path]}}}
                    content["schema"] = {"allOf": [content["schema"], named]}
    return whole


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(clock="virtual", credits="100000") as server:
        yield server


@pytest.fixture(scope="module")
def names(server: MockServer) -> dict[str, str]:
    """Ids of objects that are there, by the name of the path's parameter."""
    with openai.OpenAI(base_url=server.base_url, api_key=KEY) as client:
        file = client.files.create(file=("a.txt", b"The kite is red."), purpose="assistants")
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
        line = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": body}
        lines = client.files.create(file=("a.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = client.batches.create(input_file_id=lines.id, endpoint="/v1/chat/completions", completion_window="24h")
        talk = client.conversations.create(items=[{"type": "message", "role": "user", "content": "Hi"}])
        store = client.vector_stores.create(file_ids=[file.id])
        messages: Any = body["messages"]
        found = {
            "file_id": file.id,
            "batch_id": batch.id,
            "response_id": client.responses.create(model="gpt-4o-mini", input="Hi").id,
            "conversation_id": talk.id,
            "item_id": str(client.conversations.items.list(talk.id).data[0].id),
            "vector_store_id": store.id,
            "completion_id": client.chat.completions.create(model="gpt-4o-mini", messages=messages, store=True).id,
            "upload_id": client.uploads.create(bytes=3, filename="a", mime_type="text/plain", purpose="user_data").id,
            # The SDK warns of its own method.
            "video_id": client.post("/videos", body={"prompt": "a cat"}, cast_to=dict[str, Any])["id"],
            "model": "gpt-4o-mini",
            "call_id": server.calls.ring(key=KEY).id,
        }
    with openai.OpenAI(base_url=server.base_url, api_key="x", admin_api_key=ADMIN_KEY) as admin:
        project = admin.admin.organization.projects.create(name="fuzzed")
        member = admin.admin.organization.projects.service_accounts.create(project.id, name="bot")
        found |= {"project_id": project.id, "service_account_id": member.id}
        if member.api_key is not None:
            found["api_key_id"] = member.api_key.id
    return found


def labels() -> list[tuple[str, str]]:
    """Paths and methods: what changes least comes first."""
    found = [(path, method) for path, item in implemented()["paths"].items() for method in item if method in _METHODS]
    return sorted(found, key=lambda each: each[1] == "delete" or each[0].endswith(("/cancel", "/archive")))


_METHODS = ("get", "post", "delete")


@pytest.mark.parametrize(("path", "method"), labels())
def test_no_answer_is_outside_the_document(server: MockServer, names: dict[str, str], path: str, method: str) -> None:
    """Successes fit the schema, refusals the envelope, and nothing fails."""
    whole = implemented()
    for operation in whole["paths"][path].values():
        for parameter in operation.get("parameters", ()) if isinstance(operation, dict) else ():
            if parameter.get("in") == "path" and parameter["name"] in names:
                parameter["schema"] = {"type": "string", "enum": [names[parameter["name"]], "nothing"]}
    operation = schemathesis.openapi.from_dict(whole)[f"/{path.lstrip('/')}"][method.upper()]
    key = ADMIN_KEY if path.startswith("/organization") else KEY

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def play(case: Any) -> None:
        answer = case.call(base_url=server.base_url, headers={"authorization": f"Bearer {key}"})
        assert answer.status_code < 500 or answer.status_code == 501, answer.text
        if answer.status_code < 300:
            case.validate_response(answer, checks=[response_schema_conformance])
        else:
            assert set(answer.json()["error"]) == {"message", "type", "param", "code"}

    play()
