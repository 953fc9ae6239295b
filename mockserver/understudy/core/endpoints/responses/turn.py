"""One turn of the model: the finished response, whichever way it is sent.

The words, calls and counts are those of chat completions, asked with the same conversation; here they become items.
"""

from collections.abc import Sequence
from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.endpoints.chat_answer import ChatAnswer, Choice, WireToolCall, make_answer
from understudy.core.endpoints.responses.defaults import echoed, has_phases, shown_summary
from understudy.core.endpoints.responses.file_search import Found, asked_for, quotation
from understudy.core.endpoints.responses.hosted import Use, used
from understudy.core.endpoints.responses.items import Item, as_messages
from understudy.core.endpoints.responses.names import Names
from understudy.core.endpoints.responses.reasoning import encrypted, summary
from understudy.core.endpoints.responses.tool_usage import NO_TOOLS, tool_usage
from understudy.core.endpoints.responses.tools import as_chat_tools, own_wording
from understudy.core.errors import ApiError
from understudy.core.media import Media
from understudy.core.operations import Call
from understudy.core.pricing import Usage
from understudy.core.prompts import prompt_tokens
from understudy.core.replies.citations import Citation, cite

_SAME = (
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "tool_choice",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
)
"""Parameters that chat completions have, too, and that say the same there."""


def as_chat(body: dict[str, Any], items: Sequence[Item]) -> dict[str, Any]:
    """The request as chat completions would be asked.

    Args:
        body: checked.
        items: the whole conversation: what came before, and the input.
    """
    messages = as_messages(body.get("instructions"), items) or [{"role": "user", "content": ""}]
    asked: dict[str, Any] = {"model": body.get("model"), "messages": messages}
    for name in _SAME:
        if body.get(name) is not None:
            asked[name] = body[name]
    if body.get("tools"):
        asked["tools"] = as_chat_tools(body["tools"])
    if body.get("max_output_tokens") is not None:
        asked["max_completion_tokens"] = body["max_output_tokens"]
    effort = (body.get("reasoning") or {}).get("effort")
    if effort is not None:
        asked["reasoning_effort"] = effort
    text = body.get("text") or {}
    form = text.get("format")
    if form is not None and form["type"] == "json_schema":
        asked["response_format"] = {"type": "json_schema", "json_schema": form}
    elif form is not None and form["type"] != "text":
        asked["response_format"] = form
    if text.get("verbosity") is not None:
        asked["verbosity"] = text["verbosity"]
    if body.get("top_logprobs") is not None:
        asked["top_logprobs"] = body["top_logprobs"]
    if "message.output_text.logprobs" in (body.get("include") or ()):
        asked["logprobs"] = True
    return asked


class Turn:
    """A finished response.

    Attributes:
        names: its ids.
        model: who answers.
        created: arrival, seconds since the epoch.
        output: the items.
        incomplete: why it ended early, None when it did not.
        service_tier: at which it was served.
        input_tokens, cached_tokens, cache_write_tokens: of the prompt; of it, known from before; of it, kept now.
        reasoning_tokens, output_tokens: thought; made in all.
        searches: of the web.
        partials: pictures on their way, in base64, by item.
        conversation: the id of the one that it belongs to, None for none.
        beside: what tools used, with the names of their prices.
        cited: files that the text quotes, as annotations.
        moderation: what is thought of input and output, None where that was not asked for.
    """

    def __init__(self, body: dict[str, Any], call: Call, answer: ChatAnswer) -> None:
        self.body = body
        self.model: Model = call.model
        self.created = call.now // SECOND
        self.names = Names(call.seed, self.created)
        self.service_tier = answer.service_tier
        self.input_tokens = answer.prompt_tokens
        self.cached_tokens = answer.cached_tokens
        self.cache_write_tokens = answer.cache_write_tokens
        self.reasoning_tokens = answer.reasoning_tokens
        self.output_tokens = answer.completion_tokens
        self.searches = 0
        self.incomplete: str | None = None
        self.output: list[Item] = []
        self.partials: dict[str, tuple[str, ...]] = {}
        self.conversation: str | None = None
        self.beside: list[tuple[Usage, str]] = []
        self.cited: list[dict[str, Any]] = []
        self.moderation: dict[str, Any] | None = None

    def name(self, prefix: str) -> str:
        """The id of the next item."""
        return self.names.item(prefix, len(self.output))

    def use(self, use: Use) -> None:
        """Put the use of a tool among the items."""
        self.output.append(use.item)
        if use.partials:
            self.partials[use.item["id"]] = use.partials
        self.searches += use.item["type"] == "web_search_call"
        if use.price:
            self.beside.append((use.usage, use.price))

    def say_nothing(self, choice: Choice) -> None:
        """The client has to act first."""
        self.output_tokens -= choice.tokens
        choice.text = None

    def leave_out_all(self) -> None:
        """Make nothing: what was read stays, for the turn that follows."""
        self.output, self.beside, self.partials, self.cited = [], [], {}, []
        self.output_tokens = self.reasoning_tokens = self.searches = 0
        self.incomplete = None

    def name_sources(self, choice: Choice, asked: str, seed: bytes, media: Media) -> None:
        """Name made-up sources in the text of an answer that is free in its form."""
        if choice.text is not None and self._is_free(choice):
            choice.text, choice.citations = cite(choice.text, asked, seed)
            self._count(choice, media)

    def quote(self, choice: Choice, found: Found, media: Media) -> None:
        """Say what files say, where an answer is free in its form."""
        quoted = quotation(found) if choice.text is not None and self._is_free(choice) else None
        if quoted is not None:
            choice.text, self.cited = quoted.text, quoted.annotations
            self._count(choice, media)

    def _is_free(self, choice: Choice) -> bool:
        form = (self.body.get("text") or {}).get("format") or {"type": "text"}
        return choice.logprobs is None and form["type"] == "text"

    def _count(self, choice: Choice, media: Media) -> None:
        tokens = media.vocabulary.count(choice.text or "", self.model.encoding)
        self.output_tokens += tokens - choice.tokens
        choice.tokens = tokens

    def usage(self) -> dict[str, Any]:
        """The `usage` object (recorded 2026-08)."""
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {
                "cache_write_tokens": self.cache_write_tokens,
                "cached_tokens": self.cached_tokens,
            },
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "total_tokens": self.input_tokens + self.output_tokens,
        }

    def charged(self, output_tokens: int) -> Usage:
        """What is charged when so many tokens were made."""
        return Usage(
            text_in=self.input_tokens - self.cached_tokens,
            cached_in=self.cached_tokens,
            text_out=min(output_tokens, self.output_tokens),
            cache_written=self.cache_write_tokens,
        )

    def response(self, completed: int) -> dict[str, Any]:
        """The response object, its keys in the recorded order.

        Args:
            completed: when the last token was made, seconds since the epoch.
        """
        made = _laid_out(
            self.names,
            self.created,
            echoed(self.body, self.model),
            status="completed" if self.incomplete is None else "incomplete",
            completed_at=completed if self.incomplete is None else None,
            incomplete_details=None if self.incomplete is None else {"reason": self.incomplete},
            moderation=self.moderation,
            output=self.output,
            service_tier=self.service_tier,
            tool_usage=tool_usage(self.searches, self.beside),
            usage=self.usage(),
        )
        return made if self.conversation is None else _with_conversation(made, self.conversation)


KEYS = (
    "id",
    "object",
    "created_at",
    "status",
    "background",
    "completed_at",
    "error",
    "frequency_penalty",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "model",
    "moderation",
    "output",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tool_usage",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "usage",
    "user",
    "metadata",
)
"""As in the events of a stream; a whole answer has `billing` after `background` (recorded 2026-08)."""


def _laid_out(names: Names, created: int, echoed: dict[str, Any], **own: Any) -> dict[str, Any]:
    """All fields in their order; what is not given is null."""
    fields = {"id": names.response, "object": "response", "created_at": created, **echoed, **own}
    return {name: fields.get(name) for name in KEYS}


def _with_conversation(response: dict[str, Any], conversation: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in response.items():
        shown[name] = value
        if name == "completed_at":
            shown["conversation"] = {"id": conversation}
    return shown


def begun(call: Call) -> dict[str, Any]:
    """The response of a checked call before anything was made."""
    created = call.now // SECOND
    shown = echoed(call.body, call.model)
    return _laid_out(
        Names(call.seed, created),
        created,
        shown,
        status="in_progress",
        output=[],
        service_tier="auto",
        tool_usage=NO_TOOLS,
    )


def with_billing(response: dict[str, Any]) -> dict[str, Any]:
    """The response as whole answers show it."""
    shown: dict[str, Any] = {}
    for name, value in response.items():
        shown[name] = value
        if name == "background":
            shown["billing"] = {"payer": "developer"}
    return shown


_WHY = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a response is incomplete, by how a chat completion would have finished."""


def make_turn(call: Call, items: Sequence[Item], media: Media, found: Found | None = None) -> Turn:
    """Decide what the model does.

    Args:
        call: a checked request.
        items: the whole conversation.
        media: vocabulary.
        found: what vector stores say of it, None where none was asked.

    Raises:
        BadRequest: a chosen tool or a format cannot be had.
    """
    body = call.body
    try:
        answer = make_answer(_asked(call, items, media), media)
    except ApiError as error:
        raise own_wording(error) from error
    turn = Turn(body, call, answer)
    choice = answer.choices[0]
    if answer.reasoning_tokens:
        turn.output.append(_reasoning(turn, call))
    turn.incomplete = _WHY.get(choice.finish_reason)
    if choice.tool_calls:
        for called in choice.tool_calls:
            turn.output.append(_called(turn, called))
        return turn
    if turn.incomplete is None and choice.refusal is None and call.script is None and body.get("tools"):
        uses = used(
            body,
            asked_for(items),
            turn.names,
            len(turn.output),
            call.seed,
            model=call.model,
            media=media,
            now=call.now,
            found_in_files=found,
        )
        for use in uses:
            turn.use(use)
        if uses and uses[-1].is_last:
            turn.say_nothing(choice)
            return turn
        for use in uses:
            if use.found is not None:
                turn.quote(choice, use.found, media)
        if any(use.cites for use in uses) and not turn.cited:
            turn.name_sources(choice, asked_for(items), call.seed, media)
    if choice.text or choice.refusal is not None or turn.incomplete is None:
        turn.output.append(_message(turn, choice))
    return turn


def _asked(call: Call, items: Sequence[Item], media: Media) -> Call:
    """The call as of chat completions; under `truncation: auto` without the beginning that does not fit.

    Raises:
        BadRequest: the conversation is longer than the context window (recorded 2026-08).
    """
    body, model = call.body, call.model
    while True:
        asked = call.asking(as_chat(body, items))
        asked.read.prompt_tokens = prompt_tokens(asked.body, model, media)
        if asked.read.prompt_tokens <= model.context_window:
            return asked
        if body.get("truncation") != "auto" or len(items) < 2:
            raise errors.BadRequest(
                "Your input exceeds the context window of this model. Please adjust your input and try again.",
                code="context_length_exceeded",
                param="input",
            )
        items = items[max(len(items) // 8, 1) :]


def _reasoning(turn: Turn, call: Call) -> Item:
    item: Item = {"id": turn.name("rs"), "type": "reasoning", "content": []}
    tokens = turn.reasoning_tokens
    if "reasoning.encrypted_content" in (call.body.get("include") or ()):
        item["encrypted_content"] = encrypted(call.seed, turn.created, tokens, b"thoughts")
    item["summary"] = summary(call.seed, shown_summary(call.body.get("reasoning") or {}), tokens)
    return item


def _called(turn: Turn, called: WireToolCall) -> Item:
    if called.call.kind == "custom":
        return {
            "id": turn.name("ctc"),
            "type": "custom_tool_call",
            "status": "completed",
            "call_id": called.id,
            "input": called.payload,
            "name": called.call.name,
        }
    return {
        "id": turn.name("fc"),
        "type": "function_call",
        "status": "completed",
        "arguments": called.payload,
        "call_id": called.id,
        "name": called.call.name,
    }


def _citation(citation: Citation) -> dict[str, Any]:
    """Flat here, where chat completions put it one level deeper (recorded 2026-08)."""
    return {"type": "url_citation", **citation.on_the_wire()["url_citation"]}


def _message(turn: Turn, choice: Choice) -> Item:
    made = choice.logprobs
    part: dict[str, Any] = {
        "type": "output_text",
        "annotations": [*map(_citation, choice.citations), *turn.cited],
        "logprobs": [] if made is None else list(made()),
        "text": choice.text or "",
    }
    if choice.refusal is not None:
        part = {"type": "refusal", "refusal": choice.refusal}
    item: Item = {
        "id": turn.name("msg"),
        "type": "message",
        "status": "completed" if turn.incomplete is None else "incomplete",
        "content": [part],
    }
    if has_phases(turn.model):
        item["phase"] = "final_answer"
    return item | {"role": "assistant"}
