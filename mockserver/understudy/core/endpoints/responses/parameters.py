"""What `POST /v1/responses` accepts, and how it refuses the rest.

Sources: the OpenAPI document 2026-08-21 for names and ranges; recorded and reported error bodies, 2025-05 to 2026-08.
"""

from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.endpoints.chat_parameters import check_moderation, check_service_tier, effort_of
from understudy.core.endpoints.responses.items import check_input, check_pictures
from understudy.core.endpoints.responses.tools import check_choice, check_together, check_tools
from understudy.core.media import Media
from understudy.core.parameters import (
    Check,
    anything,
    array,
    boolean,
    check_all,
    fields,
    integer,
    metadata,
    number,
    optional,
    string,
    tagged,
    word,
)
from understudy.core.replies.strict import check_response_schema, check_strict

_FORMAT = tagged(
    {
        "text": fields({"type": anything}),
        "json_object": fields({"type": anything}),
        "json_schema": fields(
            {
                "type": anything,
                "name": string(64, 1),
                "description": optional(string()),
                "schema": anything,
                "strict": optional(boolean),
            },
            ("name", "schema"),
        ),
    },
    ("json_object", "json_schema", "text"),
)


def _check_format(path: str, value: Any) -> None:
    _FORMAT(path, value)
    if value["type"] == "json_schema":
        check = check_strict if value.get("strict") else check_response_schema
        check(value["schema"], name=value["name"], path=f"{path}.schema")


_TEXT = fields({"format": optional(_check_format), "verbosity": optional(word("low", "medium", "high"))})
_SUMMARY = optional(word("auto", "concise", "detailed"))
_REASONING = fields(
    {
        "effort": optional(word("none", "minimal", "low", "medium", "high", "xhigh", "max")),
        "summary": _SUMMARY,
        "generate_summary": _SUMMARY,
        "mode": optional(word("standard", "pro")),
        "context": optional(word("auto", "current_turn", "all_turns")),
    }
)
INCLUDES = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)


def _decimal(maximum: int) -> Check:
    """A number from 0 on; a refusal tells a whole one without a point (recorded of `temperature`)."""
    bounded = number(0, maximum)

    def check(path: str, value: Any) -> None:
        if type(value) is int and value < 0:
            raise errors.BadRequest(
                f"Invalid '{path}': decimal below minimum value. Expected a value >= 0, but got {value} instead.",
                code="decimal_below_min_value",
                param=path,
            )
        bounded(path, value)

    return check


def _check_conversation(path: str, value: Any) -> None:
    if type(value) is not str:
        fields({"id": string()}, ("id",))(path, value)


PARAMETERS: dict[str, Check] = {
    "model": anything,
    "input": optional(check_input),
    "instructions": optional(string()),
    "previous_response_id": optional(string()),
    "conversation": optional(_check_conversation),
    "background": optional(boolean),
    "include": optional(array(word(*INCLUDES))),
    "max_output_tokens": optional(integer(16)),
    "max_tool_calls": optional(integer(1)),
    "metadata": optional(metadata),
    "parallel_tool_calls": optional(boolean),
    "prompt": optional(
        fields({"id": string(), "version": optional(string()), "variables": anything}, ("id",)),
    ),
    "reasoning": optional(_REASONING),
    "safety_identifier": optional(string(64)),
    "prompt_cache_key": optional(string()),
    "prompt_cache_retention": optional(word("in_memory", "in-memory", "24h")),
    "prompt_cache_options": optional(
        fields({"ttl": optional(word("30m")), "mode": optional(word("implicit", "explicit"))})
    ),
    "service_tier": optional(word("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")),
    "store": optional(boolean),
    "stream": optional(boolean),
    "stream_options": optional(fields({"include_obfuscation": optional(boolean)})),
    "temperature": optional(_decimal(2)),
    "top_p": optional(_decimal(1)),
    "top_logprobs": optional(integer(0, 20)),
    "text": optional(_TEXT),
    "tools": optional(check_tools),
    "tool_choice": optional(check_choice),
    "truncation": optional(word("auto", "disabled")),
    "user": optional(string()),
    "moderation": optional(check_moderation),
    "context_management": optional(
        array(fields({"type": word("compaction"), "compact_threshold": optional(integer(1_000))}, ("type",)), minimum=1)
    ),
}


def check(body: dict[str, Any], model: Model, media: Media) -> None:
    """Refuse what the real API refuses; what depends on stored objects is looked at later.

    Raises:
        ApiError: with the real message, param and code.
    """
    check_all(body, PARAMETERS)
    if all(body.get(name) is None for name in ("input", "previous_response_id", "conversation", "prompt")):
        raise errors.missing("input")
    if body.get("previous_response_id") is not None and body.get("conversation") is not None:
        raise errors.BadRequest(
            "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Ensure you are only providing "
            "one of them.",
            code="mutually_exclusive_parameters",
            param="previous_response_id",
        )
    if body.get("prompt") is not None:
        prompt = body["prompt"]["id"]
        raise errors.NotFound(f"Prompt with id '{prompt}' not found.", layer=errors.Layer.ENGINE)
    _check_model(body, model)
    check_together(body)
    _check_together(body)
    given = body.get("input")
    if type(given) is list:
        check_pictures("input", given, model, media)


def _check_model(body: dict[str, Any], model: Model) -> None:
    check_service_tier(body.get("service_tier"), model)
    most = body.get("max_output_tokens")
    if most is not None and most > model.max_output_tokens:
        # That it is refused so is "our choice": nobody reported it.
        raise errors.above_maximum("max_output_tokens", most, model.max_output_tokens)
    reasoning = body.get("reasoning") or {}
    effort = reasoning.get("effort")
    wants_logprobs = "message.output_text.logprobs" in (body.get("include") or ()) or body.get("top_logprobs")
    if model.reasoning:
        if effort is not None and effort not in model.efforts:
            raise _unsupported("reasoning.effort", effort, model.id, model.efforts)
        if effort_of({"reasoning_effort": effort}, model) == "none" and model.efforts:
            return
        for name in ("temperature", "top_p"):
            if body.get(name) is not None:
                # Reported of the o-series and gpt-5, 2025 to 2026: without a code.
                raise errors.BadRequest(
                    f"Unsupported parameter: '{name}' is not supported with this model.", param=name
                )
        if wants_logprobs:
            raise errors.BadRequest("logprobs are not supported with reasoning models.", param="include")
        return
    for name in ("effort", "summary", "generate_summary"):
        if reasoning.get(name) is not None:
            raise errors.unsupported_parameter(f"reasoning.{name}")
    verbosity = (body.get("text") or {}).get("verbosity")
    if verbosity not in (None, "medium"):
        # Reported of gpt-4.1 and gpt-4o, 2025.
        raise _unsupported("text.verbosity", verbosity, model.id, ("medium",))


def _unsupported(path: str, value: str, model: str, accepted: tuple[str, ...]) -> errors.BadRequest:
    """A word that other models take (recorded 2026-01)."""
    return errors.BadRequest(
        f"Unsupported value: '{value}' is not supported with the '{model}' model. Supported values are: "
        f"{errors.quoted_list(accepted)}.",
        code="unsupported_value",
        param=path,
    )


def _check_together(body: dict[str, Any]) -> None:
    if body.get("stream_options") is not None and not body.get("stream"):
        raise errors.BadRequest(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    if body.get("background") and body.get("store") is False:
        # The rule is documented; its words are "our choice".
        raise errors.BadRequest("Background responses require 'store' to be enabled.", param="background")
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_object" and "json" not in _all_text(body).lower():
        raise errors.BadRequest(
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'.",
            param="input",
        )


def _all_text(body: dict[str, Any]) -> str:
    texts = [body.get("instructions") or ""]
    given = body.get("input") or ()
    if type(given) is str:
        texts.append(given)
        given = ()
    for item in given:
        content = item.get("content") or item.get("output")
        if type(content) is str:
            texts.append(content)
        elif type(content) is list:
            texts += [part["text"] for part in content if type(part) is dict and type(part.get("text")) is str]
    return "\n".join(texts)
