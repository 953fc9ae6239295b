"""`POST /v1/embeddings` and `/v1/engines/{engine}/embeddings`: a vector for each text.

Layout and key order as recorded (2025-09 to 2026-06). Refusals: recorded and reported words, which came from several
validators one after the other; those of 2026 hold at every date.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from understudy.core import errors, headers
from understudy.core.catalog import Model
from understudy.core.embedding import embed, half_precision, shortened, single_precision
from understudy.core.endpoints.completions import with_engine
from understudy.core.endpoints.sampling import LAST_TOKEN
from understudy.core.errors import ApiError, BadRequest
from understudy.core.media import Media, Vocabulary
from understudy.core.messages import Request
from understudy.core.operations import Call, Cost, Reply, json_body
from understudy.core.pacing import Pacing
from understudy.core.pricing import Usage
from understudy.core.serialise import pretty

_PARAMETERS = frozenset(("input", "model", "encoding_format", "dimensions", "user"))
MOST_INPUTS = 2_048
"""Texts of a request, and tokens of one that is sent as tokens (OpenAPI document)."""
MOST_TOKENS = 300_000
"""Tokens of all texts of a request together (the same)."""


class Embeddings:
    """The operation; see `core.operations.Operation` for what each method is asked."""

    endpoint = "embeddings"
    shows_limits = True
    proxied = True

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON alone; on an engine's path the model is named there."""
        return with_engine(json_body(request), names)

    def read_model(self, body: dict[str, Any]) -> str:
        """The model's name."""
        name = body.get("model")
        if not isinstance(name, str) or not name:
            raise errors.no_model()
        return name

    def unknown_model(self, name: str) -> ApiError:
        """404 of the edge, `param` null (recorded)."""
        return errors.unknown_model(name)

    def wrong_model(self, model: Model) -> ApiError:
        """403 of the engine (recorded 2025-08)."""
        return errors.Forbidden("You are not allowed to generate embeddings from this model", layer=errors.Layer.ENGINE)

    def out_of_credits(self) -> ApiError:
        """429."""
        return errors.out_of_credits()

    def cost(self, body: dict[str, Any]) -> Cost:
        """floor(bytes of all texts / 4), at least 1; tokens as they are (recorded 2025 and 2026)."""
        given = body.get("input")
        size = tokens = 0
        for each in given if type(given) is list else [given]:
            if type(each) is str:
                size += len(each) if each.isascii() else len(each.encode("utf-8", "surrogatepass"))
            elif type(each) is list:
                tokens += len(each)
            elif type(each) is int:
                tokens += 1
        return Cost(tokens=max(size // 4 + tokens, 1))

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Refuse what the real API refuses; parameters before the input (recorded with both wrong, 2025-08)."""
        for name in body:
            if name not in _PARAMETERS:
                raise BadRequest(f"Unrecognized request argument supplied: {name}")
        _check_dimensions(body.get("dimensions"), model)
        form = body.get("encoding_format")
        if form is not None and form not in ("float", "base64"):
            raise BadRequest(f"{form!r} is not one of ['float', 'base64'] - 'encoding_format'")
        if body.get("user") is not None and type(body["user"]) is not str:
            raise BadRequest(f"{body['user']!r} is not of type 'string' - 'user'")
        _check_input(body.get("input"), model, media.vocabulary)

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """All vectors in one body."""
        return _Vectors(call, media.vocabulary, pacing)


def _check_dimensions(dimensions: Any, model: Model) -> None:
    if dimensions is None:
        return
    if type(dimensions) is not int:
        raise BadRequest(f"{dimensions!r} is not of type 'integer' - 'dimensions'")
    if dimensions < 1:
        raise BadRequest(f"{dimensions} is less than the minimum of 1 - 'dimensions'")
    if "dimensions" not in model.abilities:
        raise BadRequest("This model does not support specifying dimensions.")
    if dimensions > model.dimensions:
        # Its second sentence was measured in 2026-09.
        raise BadRequest(
            f"Invalid value for 'dimensions' = {dimensions}. Must be less than or equal to {model.dimensions}."
        )


def _check_input(given: Any, model: Model, vocabulary: Vocabulary) -> None:
    entries: Sequence[Any]
    if type(given) is str:
        entries = [given]
    elif type(given) is list and given:
        entries = [given] if all(type(token) is int for token in given) else given
        if len(given) > MOST_INPUTS:
            raise BadRequest("Invalid 'input': array length must be 2048 or less.")
    else:
        raise _unusable()
    kind = type(entries[0])
    if kind not in (str, list) or any(type(entry) is not kind for entry in entries):
        raise _unusable()
    last = LAST_TOKEN[model.encoding]
    total = 0
    for place, entry in enumerate(entries):
        path = "input" if entries is not given else f"input[{place}]"
        if not entry:
            if kind is list:
                raise _unusable()
            raise BadRequest(f"Invalid '{path}': input cannot be an empty string.")
        if kind is list and any(type(token) is not int or not 0 <= token <= last for token in entry):
            raise _unusable()
        count = len(entry) if kind is list else vocabulary.count(entry, model.encoding)
        if count > model.context_window:
            raise BadRequest(f"Invalid 'input[{place}]': maximum input length is {model.context_window} tokens.")
        total += count
    if total > MOST_TOKENS:
        raise BadRequest(f"Invalid 'input': maximum request size is {MOST_TOKENS} tokens per request.")


def _unusable() -> BadRequest:
    """Reported of input of the wrong form, 2023 to 2024."""
    return BadRequest(
        "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
    )


class _Vectors:
    """The answer."""

    content_type = headers.JSON
    service_tier = "default"

    def __init__(self, call: Call, vocabulary: Vocabulary, pacing: Pacing) -> None:
        body, model = call.body, call.model
        given = body["input"]
        entries = given if type(given) is list and type(given[0]) is not int else [given]
        dimensions = body.get("dimensions") or model.dimensions
        in_base64 = body.get("encoding_format") == "base64"
        self._tokens = 0
        scripted = () if call.script is None else call.script.vectors
        data = []
        for index, entry in enumerate(entries):
            if type(entry) is str:
                text = entry
                self._tokens += vocabulary.count(text, model.encoding)
            else:
                # The same text has the same vector, however it is sent.
                raw = b"".join(vocabulary.token_bytes(token, model.encoding) for token in entry)
                text = raw.decode("utf-8", "replace")
                self._tokens += len(entry)
            if scripted:
                vector = list(scripted[min(index, len(scripted) - 1)])
            else:
                vector = embed(text, model.snapshot, model.dimensions, model.alike)
                if dimensions < model.dimensions:
                    vector = shortened(vector, dimensions)
                vector = half_precision(vector)
            shown: Any = b64encode(single_precision(vector)).decode() if in_base64 else vector
            data.append({"object": "embedding", "embedding": shown, "index": index})
        value = {
            "object": "list",
            "data": data,
            "model": model.snapshot,
            "usage": {"prompt_tokens": self._tokens, "total_tokens": self._tokens},
        }
        # One step of the model, however many texts there are.
        self.processing = pacing.ttft
        self.due = call.now + self.processing if self.processing else 0
        self.body: bytes | None = pretty(value) + b"\n"

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """Input alone."""
        return Usage(text_in=self._tokens)
