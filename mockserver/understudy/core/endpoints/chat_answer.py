"""What a chat completion says: text, JSON or tool calls for each choice, cut as the request asks, with its tokens."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any

from understudy.core import ids
from understudy.core.clock import DAY, MINUTE
from understudy.core.endpoints import chat_audio
from understudy.core.endpoints.chat_parameters import effort_of, texts_of
from understudy.core.endpoints.sampling import cut_at_stops, is_greedy
from understudy.core.logprobs import entries, longest_answer
from understudy.core.media import Media, Vocabulary
from understudy.core.operations import Call
from understudy.core.prompt_cache import SHORTEST, STEP
from understudy.core.prompts import prompt_sequence, prompt_tokens
from understudy.core.replies import schema, text, tools
from understudy.core.replies.bias import LONGEST_FORCED, Bias
from understudy.core.replies.citations import Citation, cite
from understudy.core.replies.prediction import accepted, follow
from understudy.core.replies.strict import unusable_schema
from understudy.core.replies.told_schema import told_schema
from understudy.core.replies.unsatisfiable import UnsatisfiableSchema
from understudy.core.rule_answers import Script, ScriptedUsage
from understudy.core.serialise import encode
from understudy.core.token_pieces import text_of

_REASONING_STEP = 64
"""Recorded reasoning token counts are multiples of 64."""
_REASONING_STEPS = {"none": 0, "minimal": 0, "low": 2, "medium": 5, "high": 12, "xhigh": 20, "max": 32}
"""Most steps by effort ("our choice"; 192 and 320 tokens were recorded at medium)."""
_SERVICE_TIERS = {"priority": "priority", "fast": "priority", "flex": "flex"}
"""What is echoed and charged; everything else is `default` (measured 2026-08)."""


def served_tier(asked: str | None) -> str:
    """At which service tier a call is served and charged that asks for one."""
    return _SERVICE_TIERS.get(asked or "", "default")


class WireToolCall:
    """A tool call with its id."""

    __slots__ = ("call", "id")

    def __init__(self, call: tools.ToolCall, id: str) -> None:
        self.call = call
        self.id = id

    @property
    def payload(self) -> str:
        """Arguments of a function, input of a custom tool."""
        return self.call.input if self.call.kind == "custom" else self.call.arguments

    @property
    def _payload_name(self) -> str:
        return "input" if self.call.kind == "custom" else "arguments"

    def on_the_wire(self) -> dict[str, Any]:
        """The whole call."""
        kind = self.call.kind
        return {"id": self.id, "type": kind, kind: {"name": self.call.name, self._payload_name: self.payload}}

    def opening(self, position: int) -> dict[str, Any]:
        """The call's first delta."""
        kind = self.call.kind
        return {
            "index": position,
            "id": self.id,
            "type": kind,
            kind: {"name": self.call.name, self._payload_name: ""},
        }

    def piece(self, position: int, text: str) -> dict[str, Any]:
        """A further delta."""
        return {"index": position, self.call.kind: {self._payload_name: text}}


class Choice:
    """One of the `n` answers.

    Attributes:
        index: from 0.
        text: content, None beside a call.
        refusal: words of refusal, in place of the text.
        tool_calls: in order.
        function_call: the deprecated form.
        finish_reason: stop, length, tool_calls or function_call.
        tokens: of what is shown.
        ids: the tokens of the text themselves, where the request needs them one by one.
        logprobs: what is shown of these tokens, made anew at each call; None where it was not asked for.
        citations: sources in the text.
        speech: what is said aloud in place of the text.
    """

    __slots__ = (
        "citations",
        "finish_reason",
        "function_call",
        "ids",
        "index",
        "logprobs",
        "refusal",
        "speech",
        "text",
        "tokens",
        "tool_calls",
    )

    def __init__(
        self,
        index: int,
        *,
        text: str | None = None,
        tool_calls: tuple[WireToolCall, ...] = (),
        function_call: tools.ToolCall | None = None,
        finish_reason: str = "stop",
        tokens: int = 0,
    ) -> None:
        self.index = index
        self.text = text
        self.refusal: str | None = None
        self.tool_calls = tool_calls
        self.function_call = function_call
        self.finish_reason = finish_reason
        self.tokens = tokens
        self.ids: list[int] | None = None
        self.logprobs: Callable[[], Iterator[dict[str, Any]]] | None = None
        self.citations: Sequence[Citation] = ()
        self.speech: chat_audio.Speech | None = None


class ChatAnswer:
    """All choices and what they come to.

    Attributes:
        model, choices: whose, and which.
        prompt_tokens, cached_tokens, cache_write_tokens: of the prompt; of it, known from before; of it, kept now.
        reasoning_tokens, completion_tokens: thought; made in all, thought and rejected predictions included.
        heard_tokens, said_tokens: audio tokens, of the prompt and of what was made.
        accepted_tokens, rejected_tokens: of the prediction.
        service_tier, fingerprint: as shown.
        scripted_usage: what a rule has counted instead.
        moderation: what is thought of input and output, None where that was not asked for.
    """

    __slots__ = (
        "accepted_tokens",
        "cache_write_tokens",
        "cached_tokens",
        "choices",
        "completion_tokens",
        "fingerprint",
        "heard_tokens",
        "model",
        "moderation",
        "prompt_tokens",
        "reasoning_tokens",
        "rejected_tokens",
        "said_tokens",
        "scripted_usage",
        "service_tier",
    )

    def __init__(self, call: Call, choices: list[Choice], prompt: int, reasoning: int) -> None:
        self.model = call.model
        self.choices = choices
        self.prompt_tokens = prompt
        self.cached_tokens = self.cache_write_tokens = 0
        self.accepted_tokens = self.rejected_tokens = 0
        self.heard_tokens = self.said_tokens = 0
        self.reasoning_tokens = reasoning
        self.scripted_usage: ScriptedUsage | None = None
        self.moderation: dict[str, Any] | None = None
        self.completion_tokens = reasoning + sum(choice.tokens for choice in choices)
        self.service_tier = served_tier(call.body.get("service_tier"))
        self.fingerprint = _fingerprint(call.model.fingerprint, call.model.snapshot)

    @property
    def is_plain(self) -> bool:
        """Whether it is one text and nothing else."""
        choices = self.choices
        if len(choices) != 1 or self.model.usage_extras or self.accepted_tokens or self.rejected_tokens:
            return False
        if self.moderation is not None:
            return False
        choice = choices[0]
        return choice.text is not None and choice.logprobs is None and not choice.citations

    def count_speech(self) -> None:
        """Count what is said aloud, which is made for it as far as it was not."""
        for choice in self.choices:
            if choice.speech is not None:
                choice.tokens = choice.speech.text_tokens + choice.speech.audio_tokens
        self.said_tokens = sum(choice.speech.audio_tokens for choice in self.choices if choice.speech is not None)
        self.completion_tokens = self.reasoning_tokens + sum(choice.tokens for choice in self.choices)
        if self.scripted_usage is not None:
            self.use_script(self.scripted_usage)

    def use_script(self, usage: ScriptedUsage) -> None:
        """Count what a rule says, whatever was made."""
        self.scripted_usage = usage
        if usage.prompt_tokens is not None:
            self.prompt_tokens, self.cached_tokens = usage.prompt_tokens, usage.cached_tokens or 0
            self.cache_write_tokens = 0
            self.heard_tokens = min(self.heard_tokens, self.prompt_tokens - self.cached_tokens)
        if usage.completion_tokens is not None:
            self.completion_tokens, self.reasoning_tokens = usage.completion_tokens, usage.reasoning_tokens or 0
            self.said_tokens = min(self.said_tokens, self.completion_tokens - self.reasoning_tokens)
            self.accepted_tokens = self.rejected_tokens = 0

    def use_prediction(self, predicted: list[int], said: list[int]) -> None:
        """Count a prediction: what was not used of it is paid for like what was said (OpenAI's guide)."""
        self.accepted_tokens = accepted(predicted, said)
        self.rejected_tokens = len(predicted) - self.accepted_tokens
        self.completion_tokens += self.rejected_tokens


def make_answer(call: Call, media: Media) -> ChatAnswer:
    """Decide what the model says to a validated request.

    Raises:
        BadRequest: a turn refers to a spoken answer that is not known.
    """
    vocabulary = media.vocabulary
    prompt = _prompt_tokens(call, media)
    understood = chat_audio.understand(call, media)
    if understood is not None:
        prompt += understood.more_tokens
        call.body = {**call.body, "messages": understood.messages}
    body = call.body
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    seed = _content_seed(call)
    reasoning = _reasoning_tokens(call, seed)
    count = body.get("n") or 1
    if limit is not None and reasoning >= limit:
        # All of the budget went into thinking: recorded as empty content and `length`.
        choices = [Choice(index, text="", finish_reason="length") for index in range(count)]
        answer = ChatAnswer(call, choices, prompt, limit)
    else:
        room = None if limit is None else limit - reasoning
        answer = ChatAnswer(call, _choices(call, vocabulary, count, seed, room), prompt, reasoning)
    if prompt >= SHORTEST and "caching" in call.model.abilities:
        _use_cache(call, media, answer)
    prediction = body.get("prediction")
    if prediction is not None:
        encoding = call.model.encoding
        said = vocabulary.encode(answer.choices[0].text or "", encoding)
        answer.use_prediction(vocabulary.encode(_predicted(prediction), encoding), said)
    if understood is not None:
        answer.heard_tokens = understood.audio_tokens
    if chat_audio.wants_speech(body):
        _speak(call, media, answer, limit)
    script = call.script
    if script is not None:
        if script.usage is not None:
            answer.use_script(script.usage)
        for choice in answer.choices:
            choice.finish_reason = script.finish_reason or choice.finish_reason
    return answer


def _speak(call: Call, media: Media, answer: ChatAnswer, limit: int | None) -> None:
    for choice in answer.choices:
        if choice.text is None:
            continue
        choice.speech, cut = chat_audio.speak(call, media, choice.index, choice.text, limit)
        choice.text = None
        if cut:
            choice.finish_reason = "length"
    if not call.body.get("stream"):
        # A stream says it phrase by phrase, and counts at its end.
        answer.count_speech()


def _use_cache(call: Call, media: Media, answer: ChatAnswer) -> None:
    body = call.body
    options = body.get("prompt_cache_options") or {}
    if options.get("mode") == "explicit" and not _has_breakpoint(body["messages"]):
        return
    lifetime = None
    if body.get("prompt_cache_retention") == "24h":
        lifetime = DAY
    elif options.get("ttl") == "30m":
        lifetime = 30 * MINUTE
    sequence = prompt_sequence(body, call.model, media)
    routed = encode([call.model.snapshot, body.get("prompt_cache_key")])
    organization = call.account.organization.id
    answer.cached_tokens = call.prompts.reuse(organization, routed, sequence, call.now, lifetime=lifetime)
    if "cache_write" in call.model.usage_extras:
        answer.cache_write_tokens = (len(sequence) - 1) // STEP * STEP - answer.cached_tokens


def _has_breakpoint(messages: list[dict[str, Any]]) -> bool:
    return any(
        part.get("prompt_cache_breakpoint") is not None
        for message in messages
        if type(message.get("content")) is list
        for part in message["content"]
    )


def _predicted(prediction: dict[str, Any]) -> str:
    content = prediction["content"]
    return content if type(content) is str else "".join(part["text"] for part in content)


def _choices(call: Call, vocabulary: Vocabulary, count: int, seed: bytes, room: int | None) -> list[Choice]:
    if count == 1:
        return [_choice(call, vocabulary, 0, seed, call.seed, room)]
    steady = is_greedy(call.body)
    choices = []
    for index in range(count):
        own = call.seed if index == 0 else ids.letters(call.seed, 32, b"choice%d" % index).encode()
        said = seed if index == 0 or steady else ids.letters(seed, 32, b"choice%d" % index).encode()
        choices.append(_choice(call, vocabulary, index, said, own, room))
    return choices


_WIRE_ONLY = frozenset(
    (
        "stream",
        "stream_options",
        "store",
        "metadata",
        "user",
        "safety_identifier",
        "service_tier",
        "modalities",
        "audio",
        "moderation",
    )
)
"""Parameters on which the words of an answer don't depend."""


def _content_seed(call: Call) -> bytes:
    """What decides the words: with a `seed`, or without any randomness, the same for the same request.

    Documented of `seed` and of temperature 0 as a best effort; here without exception ("our choice").
    """
    body = call.body
    if len(body) == 2 or (body.get("seed") is None and not is_greedy(body)):
        return call.seed
    heeded = {name: body[name] for name in sorted(body) if name not in _WIRE_ONLY}
    return call.repeatable_seed(blake2b(encode(heeded), person=b"chat words", digest_size=16).digest())


def _prompt_tokens(call: Call, media: Media) -> int:
    read = call.read
    if read.prompt_tokens is None:
        read.prompt_tokens = prompt_tokens(call.body, call.model, media)
    return read.prompt_tokens


def _choice(call: Call, vocabulary: Vocabulary, index: int, seed: bytes, id_seed: bytes, room: int | None) -> Choice:
    """One choice: `seed` decides its words, `id_seed` the ids of its calls; `room` is for how many tokens."""
    body = call.body
    encoding = call.model.encoding
    scripted = None
    if call.script is not None:
        scripted = call.script.text
        if call.script.tool_calls:
            return _calling(body, _scripted_calls(call.script, body), index, id_seed, vocabulary, encoding)
        if call.script.refusal is not None:
            return _refusing(call.script.refusal, index, vocabulary, encoding, room)
    if len(body) > 2:
        if (body.get("tools") or body.get("functions")) and scripted is None:
            calls = _decide(body, seed)
            if calls:
                return _calling(body, calls, index, id_seed, vocabulary, encoding)
        if body.get("logprobs") or body.get("logit_bias"):
            return _choice_of_tokens(call, vocabulary, index, seed, room)
    said = _say(body, seed) if scripted is None else scripted
    citations: Sequence[Citation] = ()
    if scripted is None and "search" in call.model.abilities and _is_free_form(body):
        said, citations = cite(said, _last_user(body["messages"]), seed)
    if len(body) > 2:
        said = cut_at_stops(said, body.get("stop"))
    finish = "stop"
    tokens = vocabulary.count(said, encoding)
    if room is not None and tokens > room:
        said = vocabulary.truncate(said, room, encoding)
        tokens = room
        finish = "length"
    choice = Choice(index, text=said, finish_reason=finish, tokens=tokens)
    if citations:
        choice.citations = [citation for citation in citations if citation.end <= len(said)]
    return choice


def _scripted_calls(script: Script, body: dict[str, Any]) -> tuple[tools.ToolCall, ...]:
    """What a rule has the model call; a tool that was not offered, too: models do invent some."""
    custom = {offered["custom"]["name"] for offered in body.get("tools") or () if offered["type"] == "custom"}
    return tuple(
        tools.ToolCall(call.name, "custom", input=call.payload)
        if call.name in custom
        else tools.ToolCall(call.name, "function", arguments=call.payload)
        for call in script.tool_calls
    )


def _refusing(words: str, index: int, vocabulary: Vocabulary, encoding: str, room: int | None) -> Choice:
    tokens = vocabulary.count(words, encoding)
    cut = room is not None and tokens > room
    if room is not None and cut:
        words, tokens = vocabulary.truncate(words, room, encoding), room
    choice = Choice(index, finish_reason="length" if cut else "stop", tokens=tokens)
    choice.refusal = words
    return choice


def _is_free_form(body: dict[str, Any]) -> bool:
    wanted = body.get("response_format")
    return wanted is None or wanted["type"] == "text"


def _last_user(messages: list[dict[str, Any]]) -> str:
    for message in reversed(messages):
        if message["role"] == "user":
            return "\n".join(texts_of(message))
    return ""


_TRIES = 6
"""Answers that are tried before banned words are left out of one."""


def _choice_of_tokens(call: Call, vocabulary: Vocabulary, index: int, seed: bytes, room: int | None) -> Choice:
    """A choice whose tokens are looked at one by one."""
    body = call.body
    encoding = call.model.encoding
    count = body.get("n") or 1
    top = body.get("top_logprobs") or 0
    bias = Bias(body.get("logit_bias") or {})
    free_form = _is_free_form(body)
    most = call.model.max_output_tokens if room is None else room
    if body.get("logprobs"):
        most = min(most, longest_answer(count, top))
    scripted = None if call.script is None else call.script.text
    if bias.forced and free_form and scripted is None:
        # Ending the answer is a token like any other: it never comes, and the limit ends it.
        tokens = bias.forced_tokens(min(most, max(LONGEST_FORCED // count, 1)), seed)
        said = text_of(tokens, vocabulary, encoding)
        cut = cut_at_stops(said, body.get("stop"))
        finish = "length" if cut == said else "stop"
        if cut != said:
            tokens = vocabulary.encode(cut, encoding)
    else:
        if scripted is None:
            said = _said_within(body, bias, seed, vocabulary, encoding)
        else:
            said = cut_at_stops(scripted, body.get("stop"))
        tokens = vocabulary.encode(said, encoding)
        finish = "length" if len(tokens) > most else "stop"
        del tokens[most:]
        if bias.banned and finish == "length" and free_form and scripted is None:
            # A cut text may be read as other tokens than it was cut from.
            kept = bias.without_banned(text_of(tokens, vocabulary, encoding), vocabulary, encoding)
            tokens = vocabulary.encode(kept, encoding)[:most]
    choice = Choice(index, text=text_of(tokens, vocabulary, encoding), finish_reason=finish, tokens=len(tokens))
    choice.ids = tokens
    if body.get("logprobs"):
        choice.logprobs = partial(
            entries, tokens, vocabulary, encoding, seed, top=top, sure=is_greedy(body), banned=bias.banned
        )
    return choice


def _said_within(body: dict[str, Any], bias: Bias, seed: bytes, vocabulary: Vocabulary, encoding: str) -> str:
    """An answer without banned tokens; JSON that a format asks for stays JSON ("our choice")."""
    said = cut_at_stops(_say(body, seed), body.get("stop"))
    if not bias.banned or bias.allows(said, vocabulary, encoding):
        return said
    for attempt in range(1, _TRIES):
        other = cut_at_stops(_say(body, ids.letters(seed, 32, b"again%d" % attempt).encode()), body.get("stop"))
        if bias.allows(other, vocabulary, encoding):
            return other
    if not _is_free_form(body):
        return said
    return bias.without_banned(said, vocabulary, encoding)


def _decide(body: dict[str, Any], seed: bytes) -> tuple[tools.ToolCall, ...]:
    """Which tools are called, of the current parameters or of the deprecated ones.

    Raises:
        BadRequest: the choice names no tool of the request, or the chosen tool cannot be called.
    """
    messages = body["messages"]
    last_user = next((place for place in range(len(messages) - 1, -1, -1) if messages[place]["role"] == "user"), -1)
    later = messages[last_user + 1 :]
    conversation = tools.Conversation(
        last_user="\n".join(texts_of(messages[last_user])) if last_user >= 0 else "",
        answered=messages[-1]["role"] in ("tool", "function"),
        called=frozenset(
            (called.get("function") or called["custom"])["name"]
            for message in later
            for called in message.get("tool_calls") or ()
        )
        | frozenset(message["function_call"]["name"] for message in later if message.get("function_call")),
    )
    current = bool(body.get("tools"))
    given, choice = ("tools", "tool_choice") if current else ("functions", "function_call")
    parallel = body.get("parallel_tool_calls") if current else False
    try:
        return tools.decide(body[given], body.get(choice), parallel, conversation, seed)
    except tools.UnsatisfiableTool as failure:
        inner = "function.parameters" if current else "parameters"
        raise unusable_schema(failure.tool, f"{given}[{failure.position}].{inner}") from failure


def _calling(
    body: dict[str, Any],
    calls: tuple[tools.ToolCall, ...],
    index: int,
    seed: bytes,
    vocabulary: Vocabulary,
    encoding: str,
) -> Choice:
    tokens = sum(
        vocabulary.count(call.name, encoding) + vocabulary.count(call.arguments or call.input, encoding)
        for call in calls
    )
    if body.get("functions") and not body.get("tools"):
        return Choice(index, function_call=calls[0], finish_reason="function_call", tokens=tokens)
    named = tuple(
        WireToolCall(call, "call_" + ids.letters(seed, 24, b"call%d" % position)) for position, call in enumerate(calls)
    )
    # When the caller names the function, the real API finishes with "stop" (widely reported, not recorded).
    forced = isinstance(body.get("tool_choice"), dict) and body["tool_choice"].get("type") in ("function", "custom")
    return Choice(index, tool_calls=named, finish_reason="stop" if forced else "tool_calls", tokens=tokens)


def _say(body: dict[str, Any], seed: bytes) -> str:
    wanted = body.get("response_format")
    messages = body["messages"]
    if wanted is not None and wanted["type"] != "text":
        hint = "\n".join(texts_of(messages[-1]))
        if wanted["type"] == "json_schema":
            form = wanted["json_schema"].get("schema")
            try:
                return schema.as_text(schema.instance_of_sound({} if form is None else form, seed, hint))
            except UnsatisfiableSchema as failure:
                raise unusable_schema(wanted["json_schema"]["name"], "response_format") from failure
        return _said_as_object(messages, hint, seed)
    prediction = body.get("prediction")
    if prediction is not None:
        return follow(_predicted(prediction), _last_user(messages))
    style = _STYLES[body.get("verbosity") or "medium"]
    return text.compose(_turns(messages), seed, style=style)


def _said_as_object(messages: list[dict[str, Any]], hint: str, seed: bytes) -> str:
    """An object of the schema that the messages spell, else one with an answer."""
    form = told_schema(each for message in messages for each in texts_of(message))
    if form is not None:
        try:
            return schema.as_text(schema.instance(form, seed, hint))
        except UnsatisfiableSchema:
            # What stands in a prompt need not be a schema at all.
            pass
    return encode({"answer": text.compose(_turns(messages), seed)}).decode()


_STYLES = {level: text.Style(verbosity=level) for level in ("low", "medium", "high")}


def _turns(messages: list[dict[str, Any]]) -> list[text.Turn]:
    turns = []
    for message in messages:
        content = message.get("content")
        turns.append(text.Turn(message["role"], content if type(content) is str else "\n".join(texts_of(message))))
    return turns


def _reasoning_tokens(call: Call, seed: bytes) -> int:
    if not call.model.reasoning:
        return 0
    most = _REASONING_STEPS[effort_of(call.body, call.model)]
    return _REASONING_STEP * (seed[0] % (most + 1)) if most else 0


@lru_cache(maxsize=256)
def _fingerprint(form: str, snapshot: str) -> str | None:
    """`fp_` and ten hexadecimal digits, null or empty, by model family (recorded)."""
    if form == "hash":
        return "fp_" + ids.hexadecimal(snapshot.encode()[:64], 10, b"fingerprint")
    return "" if form == "empty" else None
