"""`POST /v1/completions` and `/v1/engines/{engine}/completions`: texts that go on, or their streams.

Layouts and key order as recorded (2025-08 to 2026-03): a 200 is indented by two and ends in a newline; events are
compact and have the shape of the whole answer, the model after the choices; they are not padded.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from understudy.core import errors, headers, ids
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.endpoints import completions_parameters
from understudy.core.endpoints.chat import DONE
from understudy.core.endpoints.completions_answer import (
    Completion,
    CompletionsAnswer,
    Shown,
    joined,
    logprobs_of,
    make_answer,
    no_logprobs,
)
from understudy.core.errors import ApiError
from understudy.core.media import Media
from understudy.core.messages import Request
from understudy.core.operations import Call, Cost, Reply, json_body
from understudy.core.pacing import Pacing
from understudy.core.pricing import Usage
from understudy.core.serialise import encode, pretty
from understudy.core.token_pieces import pieces_of


class Completions:
    """The operation; see `core.operations.Operation` for what each method is asked."""

    endpoint = "completions"
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
        """404 of the edge, `param` null."""
        return errors.unknown_model(name)

    def wrong_model(self, model: Model) -> ApiError:
        """404 of the engine for chat models, 403 for what makes no text (both recorded 2025)."""
        if "chat" in model.endpoints:
            return errors.NotFound(
                "This is a chat model and not supported in the v1/completions endpoint. Did you mean to use "
                "v1/chat/completions?",
                param="model",
                layer=errors.Layer.ENGINE,
            )
        if "responses" in model.endpoints:
            # The words that chat has for such models, with this endpoint's name ("our choice").
            return errors.NotFound(
                "This model is only supported in v1/responses and not in v1/completions.",
                param="model",
                layer=errors.Layer.ENGINE,
            )
        return errors.Forbidden("You are not allowed to sample from this model", layer=errors.Layer.ENGINE)

    def out_of_credits(self) -> ApiError:
        """429."""
        return errors.out_of_credits()

    def cost(self, body: dict[str, Any]) -> Cost:
        """floor(bytes / 4 + completions), tokens of token prompts as they are (5 of 5 recordings, 2025-09)."""
        prompt = body.get("prompt")
        given = prompt if type(prompt) is list else [prompt]
        size = tokens = 0
        count = 1 if given and type(given[0]) is int else len(given)
        for each in given:
            if type(each) is str:
                size += len(each) if each.isascii() else len(each.encode("utf-8", "surrogatepass"))
            elif type(each) is list:
                tokens += len(each)
            elif type(each) is int:
                tokens += 1
        asked = body.get("n")
        choices = asked if type(asked) is int and 1 <= asked <= 128 else 1
        return Cost(tokens=max(size // 4 + tokens + choices * count, 1))

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters first, then what the context window holds."""
        completions_parameters.check(body, model, media)

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """The whole completions, or their stream."""
        answer = make_answer(call, media)
        if call.body.get("stream"):
            return _Streamed(call, answer, pacing, media)
        return _Whole(call, answer, pacing)


def with_engine(body: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The body with the model that the path names.

    Raises:
        BadRequest: both name one (reported 2023).
    """
    engine = names.get("engine")
    if engine is None:
        return body
    if body.get("model") is not None:
        raise errors.BadRequest("Cannot specify both model and engine", layer=errors.Layer.EDGE)
    return {**body, "model": engine}


def _id(call: Call) -> str:
    return "cmpl-" + ids.letters(call.seed, 29, b"id")


class _Whole:
    """Completions in one body."""

    content_type = headers.JSON
    service_tier = "default"

    def __init__(self, call: Call, answer: CompletionsAnswer, pacing: Pacing) -> None:
        self.processing = pacing.whole(answer.completion_tokens)
        self.due = call.now + self.processing if self.processing else 0
        self._answer = answer
        value = {
            "id": _id(call),
            "object": "text_completion",
            "created": call.now // SECOND,
            "model": call.model.snapshot,
            "choices": [
                {
                    "text": choice.echoed + choice.text,
                    "index": choice.index,
                    "logprobs": logprobs_of(choice),
                    "finish_reason": choice.finish_reason,
                }
                for choice in answer.choices
            ],
            "usage": answer.usage_on_the_wire(),
        }
        self.body: bytes | None = pretty(value) + b"\n"

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """All of it: a body is sent whole."""
        return self._answer.usage(self._answer.completion_tokens)


_Piece: TypeAlias = tuple[str, Shown | None, str | None, int]
"""Text, log probabilities, finish reason, tokens."""


class _Streamed:
    """Completions in chunks, made as they are asked for."""

    content_type = headers.PLAIN_EVENT_STREAM
    service_tier = "default"
    body: bytes | None = None

    def __init__(self, call: Call, answer: CompletionsAnswer, pacing: Pacing, media: Media) -> None:
        self._answer = answer
        self._pacing = pacing
        self._vocabulary = media.vocabulary
        self._encoding = call.model.encoding
        self.processing = pacing.ttft
        self._first = call.now + pacing.ttft
        self.due = self._first if self.processing else 0
        self._made = 0
        self._usage_wanted = bool((call.body.get("stream_options") or {}).get("include_usage"))
        self._head = {"id": _id(call), "object": "text_completion", "created": call.now // SECOND}
        self._model = call.model.snapshot

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """A chunk for each piece of text, those of several choices in turn; usage; `[DONE]`."""
        itl = self._pacing.itl
        due = self._first if self.processing or itl else 0
        rounds = [(choice.index, self._pieces(choice)) for choice in self._answer.choices]
        while rounds:
            for turn in list(rounds):
                index, pieces = turn
                piece = next(pieces, None)
                if piece is None:
                    rounds.remove(turn)
                    continue
                text, logprobs, finish, tokens = piece
                choice = {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish}
                chunk: dict[str, Any] = {**self._head, "choices": [choice], "model": self._model}
                if self._usage_wanted:
                    chunk["usage"] = None
                if itl:
                    # The client may go while this part is waited for: it is sent once the next one is asked for.
                    yield due, _event(chunk)
                    self._made += tokens
                else:
                    self._made += tokens
                    yield due, _event(chunk)
                if tokens:
                    due += itl
        if self._usage_wanted:
            # Its keys have an order of their own (recorded 2025-09).
            usage = self._answer.usage_on_the_wire()
            yield due, _event({**self._head, "model": self._model, "usage": usage, "choices": []})
        yield due, DONE

    def _pieces(self, choice: Completion) -> Iterator[_Piece]:
        """The prompt where it is echoed, then each piece of text; a limit is told with the last, a stop after it."""
        pieces: Iterator[_Piece] = self._made_pieces(choice)
        if choice.echoed:
            yield choice.echoed, choice.prompt_logprobs, None, 0
        held = next(pieces, None)
        for piece in pieces:
            if held is not None:
                yield held
            held = piece
        if held is not None and choice.finish_reason == "length":
            text, logprobs, _, tokens = held
            yield text, logprobs, "length", tokens
            return
        if held is not None:
            yield held
        yield "", no_logprobs(choice), choice.finish_reason, 0

    def _made_pieces(self, choice: Completion) -> Iterator[_Piece]:
        chances = None if choice.logprobs is None else choice.logprobs()
        for text, tokens in pieces_of(choice.tokens, self._vocabulary, self._encoding):
            shown = None if chances is None else joined(islice(chances, len(tokens)))
            yield text, shown, None, len(tokens)

    def usage(self, *, complete: bool) -> Usage:
        """The tokens of the chunks that were sent."""
        answer = self._answer
        return answer.usage(answer.completion_tokens if complete else min(self._made, answer.completion_tokens))


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + encode(chunk) + b"\n\n"
