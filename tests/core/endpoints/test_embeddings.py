from __future__ import annotations

import json
import math
import struct
from base64 import b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse
from tests.openapi.schemas import document, validator

from understudy.core.endpoints.embeddings import _PARAMETERS, Embeddings
from understudy.media.vocabulary import BundledVocabulary

if TYPE_CHECKING:
    from tests.conftest import Api, Result

Recorded = Callable[[str], dict[str, Any]]
WHOLE = validator("completions", "CreateEmbeddingResponse")


def ask(api: Api, body: dict[str, Any] | None = None, **options: Any) -> Result:
    whole = {"model": "text-embedding-3-small", "input": "Test embedding", **(body or {})}
    return api.send("POST", "/v1/embeddings", json.dumps(whole).encode(), **options)


def vectors(result: Result) -> list[list[float]]:
    return [entry["embedding"] for entry in result.json["data"]]


@pytest.mark.parametrize(
    ("body", "count", "length", "tokens"),
    [
        ({}, 1, 1_536, 2),
        ({"model": "text-embedding-3-large"}, 1, 3_072, 2),
        ({"model": "text-embedding-ada-002"}, 1, 1_536, 2),
        ({"dimensions": 256}, 1, 256, 2),
        ({"model": "text-embedding-3-large", "dimensions": 1}, 1, 1, 2),
        ({"input": ["One", "Two", "日本"], "user": "u"}, 3, 1_536, 4),
        ({"input": [1212, 318]}, 1, 1_536, 2),
        ({"input": [[1212, 318], [257]], "encoding_format": "float"}, 2, 1_536, 3),
    ],
)
def test_vectors_of_the_asked_length(api: Api, body: dict[str, Any], count: int, length: int, tokens: int) -> None:
    """Unit vectors, one for each input in order; the document's schema and the SDK's type hold."""
    result = ask(api, body)
    assert result.status == 200, result.body
    WHOLE.validate(result.json)
    assert not CreateEmbeddingResponse.model_validate_json(result.body, strict=True).model_extra
    assert [entry["index"] for entry in result.json["data"]] == list(range(count))
    assert {len(vector) for vector in vectors(result)} == {length}
    assert all(math.isclose(sum(value * value for value in vector), 1, abs_tol=2e-3) for vector in vectors(result))
    assert result.json["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}


def test_the_document_names_the_same_parameters() -> None:
    """None more, none fewer."""
    assert sorted(_PARAMETERS) == document("completions")["parameters"]["embeddings"]


def test_the_layout_is_the_recorded_one(api: Api, recorded: Recorded) -> None:
    """Key order, indentation, final newline, the resolved model, the limits, and numbers of half precision."""
    real = recorded("ruby_llm/post-embeddings-1")
    result = ask(api, real["request"]["json"])
    theirs = real["response"]["json"]
    assert list(result.json) == list(theirs)
    assert list(result.json["data"][0]) == list(theirs["data"][0])
    assert result.json["usage"] == theirs["usage"]
    assert result.body.startswith(b'{\n  "object": "list",\n  "data": [\n    {\n      "object": "embedding",\n')
    assert result.body.endswith(b"}\n")
    for value in (*vectors(result)[0], *theirs["data"][0]["embedding"][:-1]):
        assert struct.unpack("<e", struct.pack("<e", value))[0] == value
    ada = ask(api, {"model": "text-embedding-ada-002"}).json
    assert ada["model"] == "text-embedding-ada-002-v2"


@pytest.mark.parametrize("name", ["ai-gateway/post-embeddings-1", "ruby_llm/post-embeddings-1"])
def test_limits_take_what_was_recorded(api: Api, recorded: Recorded, name: str) -> None:
    """A quarter of the bytes."""
    exchange = recorded(name)
    headers = exchange["response"]["headers"]
    used = int(headers["x-ratelimit-limit-tokens"]) - int(headers["x-ratelimit-remaining-tokens"])
    result = ask(api, exchange["request"]["json"])
    assert 1_000_000 - int(result.headers["x-ratelimit-remaining-tokens"]) == used
    assert result.json["usage"] == exchange["response"]["json"]["usage"]


def test_base64_is_the_same_vector(api: Api) -> None:
    """Little-endian floats of four bytes."""
    (text,) = vectors(ask(api, {"encoding_format": "base64"}))
    assert list(struct.unpack("<1536f", b64decode(str(text)))) == vectors(ask(api))[0]


def test_tokens_and_text_have_the_same_vector(api: Api) -> None:
    """However a text is sent."""
    tokens = BundledVocabulary().encode("Test embedding 日本", "cl100k_base")
    assert vectors(ask(api, {"input": tokens})) == vectors(ask(api, {"input": "Test embedding 日本"}))
    assert vectors(ask(api, {"input": [tokens]})) == vectors(ask(api, {"input": ["Test embedding 日本"]}))


def test_dimensions_cut_and_stretch(api: Api) -> None:
    """The shorter vector points where the beginning of the longer one does."""
    (long,) = vectors(ask(api))
    (short,) = vectors(ask(api, {"dimensions": 100}))
    length = math.sqrt(sum(value * value for value in long[:100]))
    assert all(abs(value / length - mine) < 2e-3 for value, mine in zip(long[:100], short, strict=True))


LONG = "a " * 8_193


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"model": "gpt-4o"}, 403, "You are not allowed to generate embeddings from this model"),
        ({"input": ""}, 400, "Invalid 'input': input cannot be an empty string."),
        ({"input": ["a", ""]}, 400, "Invalid 'input[1]': input cannot be an empty string."),
        ({"input": LONG}, 400, "Invalid 'input[0]': maximum input length is 8192 tokens."),
        ({"input": ["a", LONG]}, 400, "Invalid 'input[1]': maximum input length is 8192 tokens."),
        ({"input": ["a"] * 2_049}, 400, "Invalid 'input': array length must be 2048 or less."),
        ({"input": [LONG[:16_000]] * 40}, 400, "Invalid 'input': maximum request size is 300000 tokens per request."),
        (
            {"dimensions": 1_537},
            400,
            "Invalid value for 'dimensions' = 1537. Must be less than or equal to 1536.",
        ),
        (
            {"model": "text-embedding-ada-002", "dimensions": 256},
            400,
            "This model does not support specifying dimensions.",
        ),
        ({"dimensions": 0}, 400, "0 is less than the minimum of 1 - 'dimensions'"),
        ({"encoding_format": "hex"}, 400, "'hex' is not one of ['float', 'base64'] - 'encoding_format'"),
        ({"nonsense": 1}, 400, "Unrecognized request argument supplied: nonsense"),
        *(
            (
                {"input": wrong},
                400,
                "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
            )
            for wrong in (None, [], {}, 3, ["a", 1], [[]], [["a"]], [-1], [100_258], [1.5])
        ),
    ],
)
def test_what_is_refused(api: Api, body: dict[str, Any], status: int, message: str) -> None:
    """With the words of the real API where they are known, `param` and `code` null."""
    refused = ask(api, body, key="sk-tier5-a")
    assert (refused.status, refused.error["message"]) == (status, message)
    assert (refused.error["param"], refused.error["code"]) == (None, None)
    assert "x-ratelimit-limit-requests" in refused.headers or status == 403


@pytest.mark.parametrize("name", ["post-embeddings-400-1", "post-embeddings-404-model-not-found-1"])
def test_refusals_are_the_recorded_ones(api: Api, recorded: Recorded, name: str) -> None:
    """Which of three defects is told, too."""
    exchange = recorded(f"ai-gateway/{name}")
    result = ask(api, exchange["request"]["json"])
    assert result.status == exchange["response"]["status"]
    assert result.json == exchange["response"]["json"]


def test_input_is_charged_and_logged(api: Api) -> None:
    """By the token; the organization's usage counts embeddings apart."""
    ask(api, {"model": "text-embedding-3-large", "input": ["Test embedding", "Test embedding"]})
    entry = api.simulator.journal.select()[-1]
    assert (entry.charge, entry.usage.text_in if entry.usage else 0) == (4 * 130_000, 4)
    (cell,) = api.simulator.account("sk-test-0123456789").organization.usage.cells()
    assert "embeddings" in cell.name


@pytest.mark.parametrize(
    ("model", "length"),
    [
        ("text-similarity-ada-001", 1_024),
        ("text-search-babbage-query-001", 2_048),
        ("text-search-curie-doc-001", 4_096),
        ("text-similarity-davinci-001", 12_288),
        ("code-search-ada-text-001", 1_024),
    ],
)
def test_the_first_models_answer(api: Api, model: str, length: int) -> None:
    """At their lengths, as `openai.embeddings_utils` asks them by default."""
    result = api.send("POST", f"/v1/engines/{model}/embeddings", b'{"input":["Test embedding"]}')
    assert len(vectors(result)[0]) == length
    refused = ask(api, {"model": model, "input": "a " * 2_047})
    assert refused.error["message"] == "Invalid 'input[0]': maximum input length is 2046 tokens."


def test_the_old_path_names_the_model(api: Api) -> None:
    """As openai-python up to 0.28 asks with `engine=`."""
    body = b'{"input":["Test embedding"],"encoding_format":"base64"}'
    result = api.send("POST", "/v1/engines/text-embedding-ada-002/embeddings", body)
    assert result.json["model"] == "text-embedding-ada-002-v2"
    assert len(b64decode(vectors(result)[0])) == 4 * 1_536  # type: ignore[arg-type]


@given(
    body=st.dictionaries(
        st.sampled_from([*sorted(_PARAMETERS), "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-2, 200) | st.floats(-3, 3) | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
            max_leaves=6,
        ),
    )
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_a_failure_of_ours(api: Api, body: dict[str, Any]) -> None:
    """Any JSON gets an answer or a refusal of the caller's."""
    result = ask(api, {**body, "model": "text-embedding-3-small"}, key="sk-tier5-credits1000000")
    assert result.status in (200, 400, 429)
    assert Embeddings().cost(body).tokens >= 1
