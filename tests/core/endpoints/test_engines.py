from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Api


def test_engines_are_the_models_under_their_old_name(api: Api) -> None:
    """The same ids in the same order, each ready."""
    models = api.send("GET", "/v1/models").json
    engines = api.send("GET", "/v1/engines").json
    assert engines["object"] == "list"
    assert [engine["id"] for engine in engines["data"]] == [model["id"] for model in models["data"]]
    assert {"davinci", "text-davinci-003", "davinci-codex", "cushman-codex", "ada"} <= {
        engine["id"] for engine in engines["data"]
    }
    assert engines["data"][0] == {
        "object": "engine",
        "id": engines["data"][0]["id"],
        "ready": True,
        "owner": "openai",
        "permissions": None,
        "created": None,
    }


def test_one_engine_or_the_404_that_names_it(api: Api) -> None:
    """As with models."""
    assert api.send("GET", "/v1/engines/text-davinci-003").json["id"] == "text-davinci-003"
    refused = api.send("GET", "/v1/engines/text-davinci-999")
    assert refused.status == 404
    assert refused.error["message"] == "The model 'text-davinci-999' does not exist"


def test_a_path_may_name_the_model(api: Api) -> None:
    """The answer is that of the model itself."""
    body = {"prompt": "Say this is a test", "temperature": 0}
    by_path = api.send("POST", "/v1/engines/text-davinci-003/completions", json.dumps(body).encode())
    by_body = api.send("POST", "/v1/completions", json.dumps({**body, "model": "text-davinci-003"}).encode())
    assert by_path.status == 200
    assert by_path.json["model"] == "text-davinci-003"
    assert by_path.json["choices"] == by_body.json["choices"]
    assert by_path.headers["x-ratelimit-remaining-requests"] == "2999"


def test_a_fault_of_the_model_meets_the_path_too(api: Api) -> None:
    """Though the body does not name it."""
    api.simulator.faults.add({"name": "busy", "status": 503, "model": "curie"})
    assert api.send("POST", "/v1/engines/curie/completions", b'{"prompt":"Hi"}').status == 503
    assert api.send("POST", "/v1/engines/ada/completions", b'{"prompt":"Hi"}').status == 200


def test_path_and_body_must_not_both_name_one(api: Api) -> None:
    """Even when they agree."""
    refused = api.send("POST", "/v1/engines/davinci/completions", b'{"model":"davinci","prompt":"Hi"}')
    assert (refused.status, refused.error["message"]) == (400, "Cannot specify both model and engine")
    assert "x-ratelimit-limit-requests" not in refused.headers


@pytest.mark.parametrize(
    ("model", "status", "message"),
    [
        ("no-such-model", 404, "The model 'no-such-model' does not exist"),
        (
            "whisper-1",
            403,
            "You have insufficient permissions for this operation. Missing scopes: api.delete. Check that you have the "
            "correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using "
            "a restricted API key, that it has the necessary scopes.",
        ),
        (
            "ft:gpt-4o-mini-2024-07-18:acme::abc",
            501,
            "Deletions of fine-tuned models are not simulated by Understudy yet.",
        ),
    ],
)
def test_no_model_is_deleted(api: Api, model: str, status: int, message: str) -> None:
    """What does not exist, what is OpenAI's own, and what Understudy does not keep."""
    refused = api.send("DELETE", f"/v1/models/{model}")
    assert (refused.status, refused.error["message"]) == (status, message)
    if status != 404:
        assert api.send("GET", f"/v1/models/{model}").status == 200
