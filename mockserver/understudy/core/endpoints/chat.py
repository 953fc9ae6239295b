"""`POST /v1/chat/completions`: one answer, or a stream of chunks.

Layouts, key order and chunk order as recorded (2025-08 to 2026-08): a 200 is indented by two and ends in a newline;
events are compact, in `data:` lines without `event:` lines, and end with `[DONE]`.
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import islice
from typing import Any, TypeAlias

from understudy.core import errors, headers, ids
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.endpoints import chat_parameters
from understudy.core.endpoints.chat_answer import ChatAnswer, Choice, make_answer
from understudy.core.endpoints.chat_moderation import moderate
from understudy.core.endpoints.chat_stored import KIND, stored_completion
from understudy.core.errors import ApiError
from understudy.core.media import Media
from understudy.core.messages import Request
from understudy.core.operations import Call, Cost, Reply, json_body
from understudy.core.pacing import Pacing
from understudy.core.pricing import Usage
from understudy.core.prompts import prompt_tokens
from understudy.core.replies.moderation import Moderation
from understudy.core.serialise import encode, pretty
from understudy.core.token_pieces import pieces_of

DONE = b"data: [DONE]\n\n"
_IMAGE_CHARGE = 765
"""What the limiter takes for an image part, whatever its size (37 recordings, 2025-08)."""


class ChatCompletions:
    """The operation; see `core.operations.Operation` for what each method is asked.

    Args:
        moderation: the words that flag a text.
    """

    endpoint = "chat"
    shows_limits = True
    proxied = True

    def __init__(self, moderation: Moderation) -> None:
        self._moderation = moderation

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON alone."""
        return json_body(request)

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
        """404 of the engine."""
        return errors.not_a_chat_model()

    def out_of_credits(self) -> ApiError:
        """429."""
        return errors.out_of_credits()

    def cost(self, body: dict[str, Any]) -> Cost:
        """1 + ceil(bytes of all message text / 4 + messages) + 765 for each image (18 of 18 recordings)."""
        messages = body.get("messages")
        if type(messages) is not list:
            return Cost(tokens=1)
        size = images = 0
        for message in messages:
            content = message.get("content") if type(message) is dict else None
            if type(content) is str:
                # utf-8 of ASCII is as long as the text: no need to encode it.
                size += len(content) if content.isascii() else len(content.encode("utf-8", "surrogatepass"))
            elif type(content) is list:
                for part in content:
                    if type(part) is not dict:
                        continue
                    text = part.get("text")
                    if type(text) is str:
                        size += len(text.encode("utf-8", "surrogatepass"))
                    images += part.get("type") == "image_url"
        return Cost(tokens=1 - (-(size + 4 * len(messages)) // 4) + _IMAGE_CHARGE * images, images=images)

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters first, then what the context window holds."""
        in_parts = chat_parameters.check(body, model, media)
        _check_length(body, model, media, in_parts=in_parts)

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """The whole completion, or its stream."""
        answer = make_answer(call, media)
        if call.body.get("moderation") is not None:
            answer.moderation = moderate(call.body, answer, self._moderation)
        if call.body.get("store"):
            call.keeps = partial(_kept, call, answer)
        if call.body.get("stream"):
            return _Streamed(call, answer, pacing, media)
        return _Whole(call, answer, pacing)


def _kept(call: Call, answer: ChatAnswer) -> tuple[str, str, bytes]:
    stored = stored_completion(call.body, _whole_body(call, answer), call.request_id)
    return KIND, stored.id, stored.encoded()


def _check_length(body: dict[str, Any], model: Model, media: Media, *, in_parts: bool) -> None:
    asked = body.get("max_completion_tokens") or body.get("max_tokens")
    if asked is not None and asked > model.max_output_tokens:
        name = "max_tokens" if body.get("max_tokens") is not None else "max_completion_tokens"
        raise errors.BadRequest(
            f"{name} is too large: {asked}. This model supports at most {model.max_output_tokens} completion tokens, "
            f"whereas you provided {asked}.",
            code="invalid_value",
            param=name,
        )
    # A token is at least one byte, and JSON is longer than its text: most requests need no exact count.
    messages = body["messages"]
    size = sum(len(text) for message in messages for text in chat_parameters.texts_of(message))
    if 4 * size + 16 * len(messages) + (asked or 0) <= model.context_window and not in_parts:
        return
    prompt = prompt_tokens(body, model, media)
    if prompt + (asked or 0) > model.context_window:
        raise errors.context_too_long(model.context_window, prompt, asked)


def usage_on_the_wire(answer: ChatAnswer, completion: int, reasoning: int) -> dict[str, Any]:
    """The `usage` object; audio and newest models have more keys (recorded)."""
    extras = answer.model.usage_extras
    prompt_details: dict[str, int] = {"cached_tokens": answer.cached_tokens, "audio_tokens": answer.heard_tokens}
    completion_details: dict[str, int] = {
        "reasoning_tokens": reasoning,
        "audio_tokens": answer.said_tokens,
        "accepted_prediction_tokens": answer.accepted_tokens,
        "rejected_prediction_tokens": answer.rejected_tokens,
    }
    if "cache_write" in extras:
        prompt_details["cache_write_tokens"] = answer.cache_write_tokens
    if "modalities" in extras:
        prompt_details["text_tokens"] = answer.prompt_tokens - answer.heard_tokens
        prompt_details["image_tokens"] = 0
        completion_details["text_tokens"] = completion - reasoning - answer.said_tokens
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": answer.prompt_tokens + completion,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": completion_details,
    }


def _charged(answer: ChatAnswer, completion: int) -> Usage:
    cached = answer.cached_tokens
    if answer.heard_tokens or answer.said_tokens:
        return Usage(
            text_in=answer.prompt_tokens - cached - answer.heard_tokens,
            cached_in=cached,
            text_out=completion - answer.said_tokens,
            audio_in=answer.heard_tokens,
            audio_out=answer.said_tokens,
        )
    if answer.cache_write_tokens or "search" in answer.model.abilities:
        return Usage(
            text_in=answer.prompt_tokens - cached,
            cached_in=cached,
            text_out=completion,
            cache_written=answer.cache_write_tokens,
            searches=1 if "search" in answer.model.abilities else 0,
        )
    return Usage(text_in=answer.prompt_tokens - cached, cached_in=cached, text_out=completion)


class _Whole:
    """A completion in one body."""

    content_type = headers.JSON

    def __init__(self, call: Call, answer: ChatAnswer, pacing: Pacing) -> None:
        completion = answer.completion_tokens
        self.service_tier = answer.service_tier
        self.processing = pacing.whole(completion)
        self.due = call.now + self.processing if self.processing else 0
        self._answer = answer
        self.body: bytes | None = _whole_body(call, answer)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """All of it: a body is sent whole."""
        return _charged(self._answer, self._answer.completion_tokens)


def _whole_body(call: Call, answer: ChatAnswer) -> bytes:
    """The completion's JSON.

    One plain text is by far the most common answer: its layout is prepared once for each model and filled in. The
    layout is made by the general way below, so both give the same bytes.
    """
    model = call.model
    choices = answer.choices
    if answer.is_plain:
        return _plain_layout(model, answer.fingerprint) % (
            ids.chat_completion(call.seed).encode(),
            call.now // SECOND,
            encode(choices[0].text),
            choices[0].finish_reason.encode(),
            answer.prompt_tokens,
            answer.completion_tokens,
            answer.prompt_tokens + answer.completion_tokens,
            answer.cached_tokens,
            answer.reasoning_tokens,
            answer.service_tier.encode(),
        )
    return _laid_out(
        model,
        answer.fingerprint,
        _id(call),
        call.now // SECOND,
        [_whole_choice(choice, model) for choice in choices],
        usage_on_the_wire(answer, answer.completion_tokens, answer.reasoning_tokens),
        answer.service_tier,
        answer.moderation,
    )


def _id(call: Call) -> str:
    """Search models have ids of their own kind (recorded)."""
    if "search" in call.model.abilities:
        return "chatcmpl-" + ids.uuid(call.seed)
    return ids.chat_completion(call.seed)


def _laid_out(
    model: Model,
    fingerprint: str | None,
    id: object,
    created: object,
    choices: list[dict[str, Any]],
    usage: dict[str, Any],
    service_tier: str,
    moderation: dict[str, Any] | None = None,
) -> bytes:
    value: dict[str, Any] = {
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": model.snapshot,
        "choices": choices,
        "usage": usage,
        "service_tier": service_tier,
        "system_fingerprint": fingerprint,
    }
    if not model.service_tier_shown:
        del value["service_tier"]
    if moderation is not None:
        # Where in the object it stands was not recorded.
        value["moderation"] = moderation
    return pretty(value) + b"\n"


@lru_cache(maxsize=256)
def _plain_layout(model: Model, fingerprint: str | None) -> bytes:
    """The body of one plain text with places to fill in: id, created, content, finish reason, usage, service tier."""
    number = "@number@"
    usage = {
        "prompt_tokens": number,
        "completion_tokens": number,
        "total_tokens": number,
        "prompt_tokens_details": {"cached_tokens": number, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": number,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    choice = _whole_choice(Choice(0, text="@json@", finish_reason="@text@"), model)
    layout = _laid_out(model, fingerprint, "@text@", number, [choice], usage, "@text@")
    layout = layout.replace(b"%", b"%%").replace(b'"@number@"', b"%d").replace(b'"@json@"', b"%b")
    if not model.service_tier_shown:
        # The last place to fill in has nowhere to go: it is filled with nothing.
        return layout.replace(b"@text@", b"%b") + b"%.0b"
    return layout.replace(b"@text@", b"%b")


def _whole_choice(choice: Choice, model: Model) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text}
    if choice.tool_calls:
        message["tool_calls"] = [call.on_the_wire() for call in choice.tool_calls]
    if choice.function_call is not None:
        message["function_call"] = {
            "name": choice.function_call.name,
            "arguments": choice.function_call.arguments,
        }
    message["refusal"] = choice.refusal
    message["annotations"] = [citation.on_the_wire() for citation in choice.citations]
    if choice.speech is not None:
        message["audio"] = choice.speech.on_the_wire()
    shown: dict[str, Any] = {"index": choice.index, "message": message}
    made = choice.logprobs
    if model.logprobs_shown or made is not None:
        shown["logprobs"] = None if made is None else {"content": list(made()), "refusal": None}
    shown["finish_reason"] = choice.finish_reason
    return shown


_Delta: TypeAlias = tuple[int, str, str, int, str | None]
"""Index, delta as JSON, finish reason as JSON, tokens, logprobs as JSON (None where none were asked for)."""


class _Streamed:
    """A completion in chunks, made as they are asked for."""

    content_type = headers.EVENT_STREAM
    body: bytes | None = None

    def __init__(self, call: Call, answer: ChatAnswer, pacing: Pacing, media: Media) -> None:
        self._answer = answer
        self._pacing = pacing
        self._start = call.now
        self._vocabulary = media.vocabulary
        self.service_tier = answer.service_tier
        reasoning_time = pacing.itl * answer.reasoning_tokens
        self._first = call.now + pacing.ttft + reasoning_time
        self.processing = pacing.ttft + reasoning_time
        self.due = self._first if self.processing else 0
        self._made = 0
        options = call.body.get("stream_options") or {}
        self._usage_wanted = bool(options.get("include_usage"))
        model = call.model
        head = (
            f'{{"id":"{_id(call)}","object":"chat.completion.chunk","created":'
            f"{call.now // SECOND},"
            f'"model":{encode(model.snapshot).decode()},'
        )
        # Also of the search models, whose whole answers have no service tier (recorded 2025-08).
        head += f'"service_tier":"{answer.service_tier}",'
        self._head = head + f'"system_fingerprint":{encode(answer.fingerprint).decode()},"choices":['
        asked = model.logprobs_shown or any(choice.logprobs is not None for choice in answer.choices)
        self._logprobs = '"logprobs":null,' if asked else ""
        self._tail = ',"usage":null' if self._usage_wanted else ""
        self._padding = None if options.get("include_obfuscation") is False else _padding_source(call.seed)
        self._chunks = 0
        self._spoken = any(choice.speech is not None for choice in answer.choices)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """Role, content or tool deltas, finish, usage, `[DONE]`; of several choices interleaved by index."""
        answer = self._answer
        if not self._pacing.itl and self._is_plain():
            return self._plain_parts(answer.choices[0])
        return self._any_parts()

    def _is_plain(self) -> bool:
        """Whether the answer is one plain text, by far the most common one."""
        choices = self._answer.choices
        return (
            len(choices) == 1
            and choices[0].text is not None
            and choices[0].ids is None
            and choices[0].logprobs is None
            and not choices[0].citations
        )

    def _plain_parts(self, choice: Choice) -> Iterator[tuple[int, bytes]]:
        """The same bytes as the general way, with everything prepared that all chunks have in common."""
        due = self._first if self.processing else 0
        yield due, self._chunk(f'{{"index":0,"delta":{_OPENING},{self._logprobs}"finish_reason":null}}')
        prefix = f'{self._head}{{"index":0,"delta":{{"content":'
        suffix = f'}},{self._logprobs}"finish_reason":null}}]{self._tail}'
        fixed = len(prefix) + len(suffix) + 1
        padding = self._padding
        number = self._chunks
        for piece in self._vocabulary.pieces(choice.text or "", self._answer.model.encoding):
            self._made += 1
            text = _escaped(piece)
            if padding is None:
                yield due, f"data: {prefix}{text}{suffix}}}\n\n".encode()
                continue
            start = number % 48
            number += 1
            end = start + -(fixed + len(text)) % 16
            yield due, f'data: {prefix}{text}{suffix},"obfuscation":"{padding[start:end]}"}}\n\n'.encode()
        self._chunks = number
        yield due, self._chunk(f'{{"index":0,"delta":{{}},{self._logprobs}"finish_reason":"{choice.finish_reason}"}}')
        yield from self._ending(due)

    def _any_parts(self) -> Iterator[tuple[int, bytes]]:
        answer = self._answer
        itl = self._pacing.itl
        due = self._first if self.processing or itl else 0
        rounds = [self._choice_deltas(choice) for choice in answer.choices]
        while rounds:
            for deltas in list(rounds):
                delta = next(deltas, None)
                if delta is None:
                    rounds.remove(deltas)
                    continue
                index, json, finish, tokens, chances = delta
                logprobs = self._logprobs if chances is None else f'"logprobs":{chances},'
                chunk = self._chunk(f'{{"index":{index},"delta":{json},{logprobs}"finish_reason":{finish}}}')
                if itl:
                    # The client may go while this part is waited for: it is sent once the next one is asked for.
                    yield due, chunk
                    self._made += tokens
                else:
                    self._made += tokens
                    yield due, chunk
                if tokens:
                    due += itl
        yield from self._ending(due)

    def _ending(self, due: int) -> Iterator[tuple[int, bytes]]:
        answer = self._answer
        if self._spoken:
            answer.count_speech()
        if answer.moderation is not None:
            yield due, self._event(self._head + f'],"moderation":{encode(answer.moderation).decode()}{self._tail}')
        if self._usage_wanted:
            usage = usage_on_the_wire(answer, answer.completion_tokens, answer.reasoning_tokens)
            yield due, self._event(self._head + f'],"usage":{encode(usage).decode()}')
        yield due, DONE

    def usage(self, *, complete: bool) -> Usage:
        """The tokens of the chunks that were sent; reasoning comes before the first of them."""
        answer = self._answer
        if self._spoken and complete:
            answer.count_speech()
        elif self._spoken:
            sent = [choice.speech for choice in answer.choices if choice.speech is not None]
            answer.said_tokens = sum(speech.sent_audio for speech in sent)
            answer.completion_tokens = answer.said_tokens + sum(speech.sent_text for speech in sent)
            return _charged(answer, answer.completion_tokens)
        made = answer.reasoning_tokens + self._made
        return _charged(answer, answer.completion_tokens if complete else min(made, answer.completion_tokens))

    def _choice_deltas(self, choice: Choice) -> Iterator[_Delta]:
        index = choice.index
        encoding = self._answer.model.encoding
        if choice.speech is not None:
            for delta, tokens in choice.speech.deltas():
                yield index, delta, "null", tokens, None
        elif choice.text is not None:
            yield from self._text_deltas(choice)
        elif choice.refusal is not None:
            # As SDKs' recorded streams of refusals have it (2024-08).
            yield index, '{"role":"assistant","content":null,"refusal":""}', "null", 0, None
            for piece in self._vocabulary.pieces(choice.refusal, encoding):
                yield index, f'{{"refusal":{encode(piece).decode()}}}', "null", 1, None
        elif choice.function_call is not None:
            called = choice.function_call
            opening = encode({"name": called.name, "arguments": ""}).decode()
            delta = f'{{"role":"assistant","content":null,"function_call":{opening},"refusal":null}}'
            yield index, delta, "null", 1, None
            for piece in self._vocabulary.pieces(called.arguments, encoding):
                yield index, f'{{"function_call":{{"arguments":{encode(piece).decode()}}}}}', "null", 1, None
        else:
            # One call: the first chunk carries role and call together; several: a role chunk comes first.
            several = len(choice.tool_calls) > 1
            if several:
                yield index, '{"role":"assistant","content":null}', "null", 0, None
            for position, call in enumerate(choice.tool_calls):
                opening = encode([call.opening(position)]).decode()
                delta = f'{{"tool_calls":{opening}}}'
                if not several:
                    delta = f'{{"role":"assistant","content":null,"tool_calls":{opening},"refusal":null}}'
                yield index, delta, "null", 1, None
                for piece in self._vocabulary.pieces(call.payload, encoding):
                    json = encode([call.piece(position, piece)]).decode()
                    yield index, f'{{"tool_calls":{json}}}', "null", 1, None
        last = {"annotations": [citation.on_the_wire() for citation in choice.citations]} if choice.citations else {}
        yield index, encode(last).decode(), f'"{choice.finish_reason}"', 0, None

    def _text_deltas(self, choice: Choice) -> Iterator[_Delta]:
        index = choice.index
        encoding = self._answer.model.encoding
        made = choice.logprobs
        nothing = None if made is None else '{"content":[],"refusal":null}'
        yield index, _OPENING, "null", 0, nothing
        if choice.ids is None:
            for piece in self._vocabulary.pieces(choice.text or "", encoding):
                yield index, f'{{"content":{encode(piece).decode()}}}', "null", 1, None
            return
        chances = None if made is None else made()
        for piece, tokens in pieces_of(choice.ids, self._vocabulary, encoding):
            shown = None
            if chances is not None:
                shown = encode({"content": list(islice(chances, len(tokens))), "refusal": None}).decode()
            yield index, f'{{"content":{encode(piece).decode()}}}', "null", len(tokens), shown

    def _chunk(self, choice: str) -> bytes:
        return self._event(f"{self._head}{choice}]{self._tail}")

    def _event(self, json: str) -> bytes:
        """Close the object, padded so that every payload is 16k + 17 characters long (recorded since 2025-08)."""
        padding = self._padding
        if padding is None:
            return f"data: {json}}}\n\n".encode()
        length = -(len(json) + 1) % 16
        start = self._chunks % 48
        self._chunks += 1
        return f'data: {json},"obfuscation":"{padding[start : start + length]}"}}\n\n'.encode()


_OPENING = '{"role":"assistant","content":"","refusal":null}'


@lru_cache(maxsize=8_192)
def _escaped(piece: str) -> str:
    """A piece of text as JSON; the same words come again and again."""
    return encode(piece).decode()


def _padding_source(seed: bytes) -> str:
    """64 letters and digits to cut obfuscation from."""
    return ids.letters(seed, 64, b"obfuscation")
