"""What `POST /v1/chat/completions` accepts, and how it refuses the rest.

Sources: the OpenAPI document 2026-08-21 for names and ranges; measured error bodies 2025-08 to 2026-08 for words
and order; widely reported error texts for the rules between messages.
"""

from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.endpoints import chat_audio
from understudy.core.endpoints.sampling import (
    check_biased_tokens,
    check_logit_bias,
    check_stop,
    check_stream_options,
    check_streamed,
)
from understudy.core.media import Media
from understudy.core.message_parts import check_part
from understudy.core.moderation_results import MODELS
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
from understudy.core.replies.strict import check_function_parameters, check_response_schema, check_strict

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_PART_TYPES = ("text", "image_url", "input_audio", "refusal", "audio", "file")

_CONTENT_PART = tagged(
    {
        "text": fields({"type": anything, "text": string(), "prompt_cache_breakpoint": anything}, ("text",)),
        "image_url": fields(
            {
                "type": anything,
                "image_url": fields(
                    {"url": string(), "detail": optional(word("auto", "low", "high", "original"))}, ("url",)
                ),
                "prompt_cache_breakpoint": anything,
            },
            ("image_url",),
        ),
        "input_audio": fields(
            {
                "type": anything,
                "input_audio": fields({"data": string(), "format": word("wav", "mp3")}, ("data", "format")),
                "prompt_cache_breakpoint": anything,
            },
            ("input_audio",),
        ),
        "refusal": fields({"type": anything, "refusal": string()}, ("refusal",)),
        "file": fields(
            {
                "type": anything,
                "file": fields(
                    {
                        "file_id": optional(string()),
                        "filename": optional(string()),
                        "file_data": optional(string()),
                    }
                ),
                "prompt_cache_breakpoint": anything,
            },
            ("file",),
        ),
    },
    _PART_TYPES,
)
_FUNCTION_CALL = fields({"name": string(), "arguments": string()}, ("name", "arguments"))
_TOOL_CALL = tagged(
    {
        "function": fields({"id": string(), "type": anything, "function": _FUNCTION_CALL}, ("id", "function")),
        "custom": fields(
            {
                "id": string(),
                "type": anything,
                "custom": fields({"name": string(), "input": string()}, ("name", "input")),
            },
            ("id", "custom"),
        ),
    },
    ("function", "custom"),
)
_MESSAGE_FIELDS: dict[str, Check] = {
    "role": anything,
    "content": anything,
    "name": optional(string()),
    "tool_call_id": optional(string()),
    "tool_calls": optional(array(_TOOL_CALL, minimum=1)),
    "function_call": optional(_FUNCTION_CALL),
    "refusal": optional(string()),
    "audio": optional(fields({"id": string()}, ("id",))),
    # The API's own answers may be sent back as they came.
    "annotations": anything,
}
_PLAIN = frozenset(("role", "content"))
_SAYS_OTHERWISE = frozenset(("tool_calls", "function_call", "audio", "refusal"))
"""Fields with which a message may have null for its content."""


def _check_message(path: str, message: Any) -> None:
    if type(message) is not dict:
        raise errors.wrong_type(path, "an object", message)
    role = message.get("role")
    if role is None:
        raise errors.missing(f"{path}.role")
    if type(role) is not str:
        raise errors.wrong_type(f"{path}.role", "a string", role)
    if role not in ROLES:
        raise errors.invalid_value(f"{path}.role", role, ROLES)
    if not _PLAIN.issuperset(message):
        for name in message:
            if name not in _MESSAGE_FIELDS:
                raise errors.unknown_parameter(f"{path}.{name}")
        for name, check in _MESSAGE_FIELDS.items():
            if name in message:
                check(f"{path}.{name}", message[name])
    content = message.get("content")
    if type(content) is str or content is None:
        # Content may be left out altogether (measured 2026-08), against the document.
        pass
    elif type(content) is list:
        for index, part in enumerate(content):
            _CONTENT_PART(f"{path}.content[{index}]", part)
    else:
        raise errors.wrong_type(f"{path}.content", "one of a string or array of objects", content)
    if role == "tool" and message.get("tool_call_id") is None:
        raise errors.missing(f"{path}.tool_call_id")
    if role == "function" and message.get("name") is None:
        raise errors.missing(f"{path}.name")


def _check_messages(path: str, messages: Any) -> None:
    if type(messages) is not list:
        raise errors.wrong_type(path, "an array of objects", messages)
    if not messages:
        raise errors.empty_array(path)
    for index, message in enumerate(messages):
        _check_message(f"{path}[{index}]", message)
    _check_tool_turns(messages)


def _check_tool_turns(messages: list[dict[str, Any]]) -> None:
    """Every tool call is answered at once, and nothing is answered that was not called."""
    awaited: list[str] = []
    asked_at = 0
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in awaited:
                raise errors.BadRequest(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'.",
                    param=f"messages.[{index}].role",
                )
            awaited.remove(message["tool_call_id"])
            continue
        if awaited:
            break
        if calls := message.get("tool_calls"):
            awaited = [call["id"] for call in calls]
            asked_at = index
    if awaited:
        raise errors.BadRequest(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'. The following tool_call_ids did not have response messages: " + ", ".join(awaited),
            param=f"messages.[{asked_at + 1}].role" if asked_at + 1 < len(messages) else "messages",
        )


_NAME = string(64, 1)
_FUNCTION = fields(
    {
        "name": _NAME,
        "description": optional(string()),
        "parameters": optional(anything),
        "strict": optional(boolean),
    },
    ("name",),
)
_TOOL = tagged(
    {
        "function": fields({"type": anything, "function": _FUNCTION}, ("function",)),
        "custom": fields(
            {
                "type": anything,
                "custom": fields({"name": _NAME, "description": optional(string()), "format": anything}, ("name",)),
            },
            ("custom",),
        ),
    },
    ("function", "custom"),
)


def _check_tools(path: str, tools: Any) -> None:
    array(_TOOL, maximum=128, minimum=1)(path, tools)
    for index, tool in enumerate(tools):
        if tool["type"] == "function":
            _check_function(f"{path}[{index}].function", tool["function"])


def _check_functions(path: str, functions: Any) -> None:
    array(_FUNCTION, maximum=128, minimum=1)(path, functions)
    for index, function in enumerate(functions):
        _check_function(f"{path}[{index}]", function)


def _check_function(path: str, function: dict[str, Any]) -> None:
    schema = function.get("parameters")
    if schema is None:
        return
    check = check_strict if function.get("strict") else check_function_parameters
    check(schema, name=function["name"], path=f"{path}.parameters")


_NAMED_FUNCTION = fields({"type": anything, "function": fields({"name": string()}, ("name",))}, ("function",))
_NAMED_CUSTOM = fields({"type": anything, "custom": fields({"name": string()}, ("name",))}, ("custom",))
_ALLOWED_TOOLS = fields(
    {
        "type": anything,
        "allowed_tools": fields({"mode": word("auto", "required"), "tools": array(anything)}, ("mode", "tools")),
    },
    ("allowed_tools",),
)
_TOOL_CHOICE_OBJECT = tagged(
    {"function": _NAMED_FUNCTION, "custom": _NAMED_CUSTOM, "allowed_tools": _ALLOWED_TOOLS},
    ("function", "allowed_tools", "custom"),
)


def _check_tool_choice(path: str, value: Any) -> None:
    if type(value) is str:
        word("none", "auto", "required")(path, value)
    else:
        _TOOL_CHOICE_OBJECT(path, value)


def _check_function_call(path: str, value: Any) -> None:
    if type(value) is str:
        word("none", "auto")(path, value)
    else:
        fields({"name": string()}, ("name",))(path, value)


_RESPONSE_FORMAT = tagged(
    {
        "text": fields({"type": anything}),
        "json_object": fields({"type": anything}),
        "json_schema": fields(
            {
                "type": anything,
                "json_schema": fields(
                    {
                        "name": _NAME,
                        "description": optional(string()),
                        "schema": optional(anything),
                        "strict": optional(boolean),
                    },
                    ("name",),
                ),
            },
            ("json_schema",),
        ),
    },
    ("json_object", "json_schema", "text"),
)


def _check_response_format(path: str, value: Any) -> None:
    _RESPONSE_FORMAT(path, value)
    if value["type"] == "json_schema":
        wanted = value["json_schema"]
        if wanted.get("schema") is None:
            if wanted.get("strict"):
                raise errors.missing(f"{path}.json_schema.schema")
        elif wanted.get("strict"):
            check_strict(wanted["schema"], name=wanted["name"], path=path)
        else:
            check_response_schema(wanted["schema"], name=wanted["name"], path=path)


_TEXT_PARTS = array(tagged({"text": fields({"type": anything, "text": string()}, ("text",))}, ("text",)), minimum=1)


def _check_predicted(path: str, value: Any) -> None:
    if type(value) is list:
        _TEXT_PARTS(path, value)
    elif type(value) is not str:
        raise errors.wrong_type(path, "one of a string or array of objects", value)


_PREDICTION = fields({"type": word("content"), "content": _check_predicted}, ("type", "content"))
_PLACE = {name: optional(string()) for name in ("city", "country", "region", "timezone")}
_WEB_SEARCH = fields(
    {
        "search_context_size": optional(word("low", "medium", "high")),
        "user_location": optional(
            fields({"type": word("approximate"), "approximate": fields(_PLACE)}, ("type", "approximate"))
        ),
    }
)
_AUDIO = fields({"voice": anything, "format": word("wav", "aac", "mp3", "flac", "opus", "pcm16")}, ("voice", "format"))

_CACHE_OPTIONS = fields({"ttl": optional(word("30m")), "mode": optional(word("implicit", "explicit"))})
_MODERATION_MODE = optional(fields({"mode": word("score", "block")}, ("mode",)))
_MODERATION_POLICY = fields({"input": _MODERATION_MODE, "output": _MODERATION_MODE})
# That another model is refused, and how, is "our choice".
check_moderation = fields({"model": word(*MODELS), "policy": optional(_MODERATION_POLICY)}, ("model",))

PARAMETERS: dict[str, Check] = {
    "model": anything,
    "messages": _check_messages,
    "functions": optional(_check_functions),
    "function_call": optional(_check_function_call),
    "tools": optional(_check_tools),
    "tool_choice": optional(_check_tool_choice),
    "parallel_tool_calls": optional(boolean),
    "max_completion_tokens": optional(integer(1)),
    "n": optional(integer(1, 128)),
    "temperature": optional(number()),
    "top_p": optional(number()),
    "presence_penalty": optional(number(-2, 2)),
    "frequency_penalty": optional(number(-2, 2)),
    "logprobs": optional(boolean),
    "top_logprobs": optional(integer(0, 20)),
    "user": optional(string()),
    "seed": optional(integer(-(2**63), 2**63 - 1)),
    "moderation": optional(check_moderation),
    "safety_identifier": optional(string(64)),
    "prompt_cache_options": optional(_CACHE_OPTIONS),
    "prompt_cache_key": optional(string()),
    "prompt_cache_retention": optional(word("in_memory", "in-memory", "24h")),
    "response_format": optional(_check_response_format),
    "service_tier": optional(word("auto", "default", "flex", "scale", "priority", "fast")),
    # Its bounds are looked at after whether the model takes it at all (recorded 2025-08).
    "max_tokens": optional(integer()),
    "reasoning_effort": optional(word("none", "minimal", "low", "medium", "high", "xhigh", "max")),
    "logit_bias": optional(check_logit_bias),
    "stop": optional(check_stop),
    "stream": optional(boolean),
    "stream_options": optional(check_stream_options),
    "store": optional(boolean),
    "metadata": optional(metadata),
    "prediction": optional(_PREDICTION),
    "verbosity": optional(word("low", "medium", "high")),
    "modalities": optional(array(word("text", "audio"))),
    "audio": optional(_AUDIO),
    "web_search_options": optional(_WEB_SEARCH),
}

_REASONING_REFUSES = {"max_tokens": " Use 'max_completion_tokens' instead.", "stop": "", "logit_bias": ""}
_THINKING_REFUSES = ("presence_penalty", "frequency_penalty")
"""Refused only while the model thinks (measured 2026-08); so are log probabilities, temperature and top_p."""
_SEARCHING_REFUSES = (
    "temperature",
    "top_p",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "seed",
)
"""Reported of temperature and presence_penalty (2025 to 2026); that the others go with them is "our choice"."""
_PREDICTING_REFUSES: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "max_completion_tokens": (),
    "tools": (),
}
"""With the values that are borne (OpenAI's guide "Predicted outputs"; the words of the refusal are "our choice")."""


def check(body: dict[str, Any], model: Model, media: Media) -> bool:
    """Refuse what the real API refuses.

    Returns:
        Whether a message's content comes in parts.

    Raises:
        ApiError: with the real message, param and code.
    """
    if "messages" not in body:
        raise errors.missing("messages")
    messages = body["messages"]
    if len(body) == 2:  # model and messages alone: by far the most common body
        for name in body:
            if name not in PARAMETERS:
                raise errors.unknown_parameter(name)
        _check_messages("messages", messages)
    else:
        check_all(body, PARAMETERS)
        _check_model(body, model)
        _check_together(body)
    if len(body) > 2 or "audio" in model.abilities:
        chat_audio.check_parameters(body, model)
    in_parts = False
    for index, message in enumerate(messages):
        content = message.get("content", "")
        if content is None and not _SAYS_OTHERWISE.intersection(message):
            # Reported from 2023-12 to 2025-07, also of assistants that call nothing; after all parameters (recorded).
            raise errors.BadRequest(
                "Invalid value for 'content': expected a string, got null.", param=f"messages.[{index}].content"
            )
        if type(content) is list:
            in_parts = True
    if in_parts or "user_only" in model.abilities:
        _check_contents(messages, model, media)
    return in_parts


def _check_contents(messages: list[dict[str, Any]], model: Model, media: Media) -> None:
    plain = "user_only" not in model.abilities
    for index, message in enumerate(messages):
        if not plain and message["role"] in ("system", "developer"):
            path = f"messages[{index}].role"
            raise errors.BadRequest(
                f"Unsupported value: '{path}' does not support '{message['role']}' with this model.",
                code="unsupported_value",
                param=path,
            )
        content = message.get("content")
        if type(content) is list:
            for place, part in enumerate(content):
                check_part(f"messages[{index}].content[{place}]", part, model, media)


def effort_of(body: dict[str, Any], model: Model) -> str:
    """How hard the model thinks: what the request says, or the model's default."""
    effort: str = body.get("reasoning_effort") or model.effort
    return effort


def _check_model(body: dict[str, Any], model: Model) -> None:
    if body.get("n") is not None and body["n"] > model.most_choices:
        raise errors.above_maximum("n", body["n"], model.most_choices)
    if body.get("top_logprobs") is not None and body["top_logprobs"] > model.most_logprobs:
        raise errors.above_maximum("top_logprobs", body["top_logprobs"], model.most_logprobs)
    if "search" in model.abilities:
        for name in _SEARCHING_REFUSES:
            if body.get(name) is not None:
                raise errors.BadRequest(f"Model incompatible request argument supplied: {name}")
    elif body.get("web_search_options") is not None:
        # Recorded; newer models don't know the parameter at all, which is not told apart here.
        raise errors.BadRequest("Web search options not supported with this model.", param="web_search_options")
    check_service_tier(body.get("service_tier"), model)
    if model.reasoning:
        _check_reasoning(body, model)
    else:
        if body.get("max_tokens") is not None:
            integer(1)("max_tokens", body["max_tokens"])
        if body.get("temperature") is not None:
            number(0, 2)("temperature", body["temperature"])
        if body.get("top_p") is not None:
            number(0, 1)("top_p", body["top_p"])
        if body.get("logit_bias"):
            check_biased_tokens(body["logit_bias"], model.encoding)
        if body.get("logprobs") and not model.logprobs_shown:
            raise _no_logprobs()
        if body.get("reasoning_effort") is not None:
            raise errors.BadRequest("Unrecognized request argument supplied: reasoning_effort")
    if body.get("prediction") is not None:
        if "prediction" not in model.abilities:
            raise errors.unsupported_parameter("prediction")
        for name, borne in _PREDICTING_REFUSES.items():
            if body.get(name) and body[name] not in borne:
                raise errors.BadRequest(
                    f"Unsupported parameter: '{name}' is not supported with 'prediction'.",
                    code="unsupported_parameter",
                    param=name,
                )


def _check_reasoning(body: dict[str, Any], model: Model) -> None:
    for name, hint in _REASONING_REFUSES.items():
        if body.get(name) is not None:
            raise errors.unsupported_parameter(name, hint)
    effort = body.get("reasoning_effort")
    if effort is not None and not model.efforts:
        raise errors.unsupported_parameter("reasoning_effort")
    if effort is not None and effort not in model.efforts:
        # Reported of several models, 2026.
        raise errors.BadRequest(
            f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. Supported values "
            f"are: {errors.quoted_list(model.efforts)}.",
            code="unsupported_value",
            param="reasoning_effort",
        )
    if effort_of(body, model) == "none" and model.efforts:
        if body.get("temperature") is not None:
            number(0, 2)("temperature", body["temperature"])
        if body.get("top_p") is not None:
            number(0, 1)("top_p", body["top_p"])
        return
    for name in _THINKING_REFUSES:
        if body.get(name):
            raise errors.unsupported_parameter(name)
    for name in ("temperature", "top_p"):
        value = body.get(name)
        if value is not None and value != 1:
            raise errors.unsupported_value(name, value)
    if body.get("logprobs"):
        raise _no_logprobs()


def _no_logprobs() -> errors.ApiError:
    """403: met on the gpt-5 family and o4-mini (several public reports, 2025-08 to 2026)."""
    return errors.ApiError("You are not allowed to request logprobs from this model", status=403)


def check_service_tier(asked: str | None, model: Model) -> None:
    """Flex and priority are for models that have them (reported words, 2025 to 2026); the rest falls to default."""
    if asked == "flex" and "flex" not in model.abilities:
        raise errors.BadRequest("Flex is not available for this model.", param="service_tier")
    if asked in ("priority", "fast") and "priority" not in model.abilities:
        raise errors.BadRequest("Invalid service_tier argument", param="service_tier")


def _check_together(body: dict[str, Any]) -> None:
    check_streamed(body)
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        raise errors.BadRequest("The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")
    if not body.get("tools"):
        for name in ("tool_choice", "parallel_tool_calls"):
            if body.get(name) is not None:
                raise errors.BadRequest(
                    f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", param=name
                )
    if not body.get("functions") and body.get("function_call") is not None:
        raise errors.BadRequest(
            "Invalid value for 'function_call': 'function_call' is only allowed when 'functions' are specified.",
            param="function_call",
        )
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        raise errors.BadRequest(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            code="invalid_parameter_combination",
            param="max_tokens",
        )
    wanted = body.get("response_format")
    if wanted is not None and wanted["type"] == "json_object" and "json" not in _all_text(body["messages"]).lower():
        raise errors.BadRequest(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            param="messages",
        )


def _all_text(messages: list[dict[str, Any]]) -> str:
    return "\n".join(text for message in messages for text in texts_of(message))


def texts_of(message: dict[str, Any]) -> list[str]:
    """The texts in one message's content, in order."""
    content = message.get("content")
    if type(content) is str:
        return [content]
    if not content:
        return []
    return [part["text"] for part in content if part.get("type") == "text"]
