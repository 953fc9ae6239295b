"""Tools of a request: what is accepted, how a response shows them, and as chat completions spell them.

Sources: the OpenAPI document 2026-08-21 for names and fields; recorded responses of summer 2026 for what is shown.
"""

from typing import Any

from understudy.core import errors
from understudy.core.endpoints.vector_filters import check_filter
from understudy.core.errors import ApiError, BadRequest
from understudy.core.parameters import (
    Check,
    anything,
    array,
    boolean,
    fields,
    integer,
    number,
    optional,
    string,
    tagged,
    word,
)
from understudy.core.replies.strict import check_function_parameters, check_strict
from understudy.core.replies.tools import unknown_tool

_NAME = string(64, 1)
_CALLERS = {"allowed_callers": anything}
_LATER = {"defer_loading": optional(boolean), **_CALLERS}
_PLACE = {name: optional(string()) for name in ("type", "city", "country", "region", "timezone")}
_FUNCTION = fields(
    {
        "type": anything,
        "name": _NAME,
        "description": optional(string()),
        "parameters": optional(anything),
        "output_schema": anything,
        "strict": optional(boolean),
        **_LATER,
    },
    ("name",),
)
_CUSTOM = fields(
    {
        "type": anything,
        "name": _NAME,
        "description": optional(string()),
        "format": optional(
            tagged(
                {
                    "text": fields({"type": anything}),
                    "grammar": fields(
                        {"type": anything, "syntax": word("lark", "regex"), "definition": string()},
                        ("syntax", "definition"),
                    ),
                },
                ("text", "grammar"),
            )
        ),
        **_LATER,
    },
    ("name",),
)
_WEB_SEARCH = fields(
    {
        "type": anything,
        "external_web_access": optional(boolean),
        "filters": optional(fields({"allowed_domains": optional(array(string())), "blocked_domains": anything})),
        "user_location": optional(fields(_PLACE)),
        "search_context_size": optional(word("low", "medium", "high")),
        "search_content_types": optional(array(word("text", "image"))),
        "return_token_budget": anything,
        "index_gated_web_access": anything,
    }
)
_FILE_SEARCH = fields(
    {
        "type": anything,
        "vector_store_ids": array(string(), minimum=1),
        "max_num_results": optional(integer(1, 50)),
        "ranking_options": optional(
            fields({"ranker": anything, "score_threshold": optional(number(0, 1)), "hybrid_search": anything})
        ),
        "filters": optional(check_filter),
    },
    ("vector_store_ids",),
)
_IMAGE_GENERATION = fields(
    {
        "type": anything,
        "model": optional(string()),
        "quality": optional(word("low", "medium", "high", "auto")),
        "size": optional(string()),
        "output_format": optional(word("png", "webp", "jpeg")),
        "output_compression": optional(integer(0, 100)),
        "moderation": optional(word("auto", "low")),
        "background": optional(word("transparent", "opaque", "auto")),
        "input_fidelity": optional(word("high", "low")),
        "input_image_mask": anything,
        "partial_images": optional(integer(0, 3)),
        "action": optional(word("generate", "edit", "auto")),
    }
)
_CODE = fields({"type": anything, "container": anything, **_CALLERS}, ("container",))
_MCP = fields(
    {
        "type": anything,
        "server_label": string(),
        "server_url": optional(string()),
        "connector_id": optional(string()),
        "tunnel_id": optional(string()),
        "authorization": optional(string()),
        "server_description": optional(string()),
        "headers": anything,
        "allowed_tools": anything,
        "require_approval": anything,
        **_LATER,
    },
    ("server_label",),
)
_COMPUTER = fields(
    {"type": anything, "environment": string(), "display_width": number(), "display_height": number()},
    ("environment", "display_width", "display_height"),
)
_PLAIN = fields({"type": anything, "environment": anything, "execution": anything, "parameters": anything, **_CALLERS})
_KINDS: dict[str, Check] = {
    "function": _FUNCTION,
    "custom": _CUSTOM,
    "web_search": _WEB_SEARCH,
    "web_search_2025_08_26": _WEB_SEARCH,
    "web_search_preview": _WEB_SEARCH,
    "web_search_preview_2025_03_11": _WEB_SEARCH,
    "file_search": _FILE_SEARCH,
    "image_generation": _IMAGE_GENERATION,
    "code_interpreter": _CODE,
    "mcp": _MCP,
    "computer_use_preview": _COMPUTER,
    "computer": _PLAIN,
    "local_shell": _PLAIN,
    "shell": _PLAIN,
    "apply_patch": _PLAIN,
    "tool_search": _PLAIN,
}
_TOOL = tagged(_KINDS, tuple(_KINDS))
_TOOLS = array(_TOOL, maximum=128)
_FAMILIES = {
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "computer_use": "computer",
    "computer_use_preview": "computer",
}


def family(kind: str) -> str:
    """What kinds of tools have in common that differ by version alone."""
    return _FAMILIES.get(kind, kind)


def check_tools(path: str, tools: Any) -> None:
    """Refuse tools that are none, and functions whose parameters cannot be."""
    _TOOLS(path, tools)
    for index, tool in enumerate(tools):
        schema = tool.get("parameters")
        if tool["type"] == "function" and schema is not None:
            check = check_strict if tool.get("strict") else check_function_parameters
            check(schema, name=tool["name"], path=f"{path}[{index}].parameters")


_CHOICES: dict[str, Check] = {
    "function": fields({"type": anything, "name": string()}, ("name",)),
    "custom": fields({"type": anything, "name": string()}, ("name",)),
    "allowed_tools": fields(
        {"type": anything, "mode": word("auto", "required"), "tools": array(anything)}, ("mode", "tools")
    ),
    "mcp": fields({"type": anything, "server_label": string(), "name": optional(string())}, ("server_label",)),
    **{
        kind: fields({"type": anything})
        for kind in (
            "file_search",
            "web_search",
            "web_search_2025_08_26",
            "web_search_preview",
            "web_search_preview_2025_03_11",
            "image_generation",
            "code_interpreter",
            "computer",
            "computer_use",
            "computer_use_preview",
            "shell",
            "local_shell",
            "apply_patch",
        )
    },
}
_CHOICE = tagged(_CHOICES, tuple(_CHOICES))


def check_choice(path: str, value: Any) -> None:
    """Refuse what is no `tool_choice`."""
    if type(value) is str:
        word("none", "auto", "required")(path, value)
    else:
        _CHOICE(path, value)


def check_together(body: dict[str, Any]) -> None:
    """Refuse a choice that the request's tools don't allow (reported 2025 to 2026)."""
    choice = body.get("tool_choice")
    given = body.get("tools") or ()
    if choice is None:
        return
    if choice == "required" and not given:
        raise BadRequest("Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice")
    if type(choice) is dict and choice["type"] not in ("function", "custom", "allowed_tools"):
        wanted = family(choice["type"])
        if not any(family(tool["type"]) == wanted for tool in given):
            raise unknown_tool(choice["type"])


def shown_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool as responses repeat it: every field, with its default where the request leaves it out."""
    kind = tool["type"]
    if kind == "function":
        shown = {
            "type": kind,
            "description": tool.get("description"),
            "name": tool["name"],
            "output_schema": tool.get("output_schema"),
            "parameters": tool.get("parameters"),
            "strict": is_strict(tool),
        }
    elif kind == "custom":
        shown = {
            "type": kind,
            "description": tool.get("description"),
            "format": tool.get("format") or {"type": "text"},
            "name": tool["name"],
        }
    elif family(kind) == "web_search":
        place = tool.get("user_location") or {}
        shown = {
            "type": kind,
            "return_token_budget": "default",
            "search_content_types": ["text"],
            "search_context_size": "medium",
            "user_location": {
                "type": "approximate",
                "city": place.get("city"),
                "country": place.get("country") or "US",
                "region": place.get("region"),
                "timezone": place.get("timezone"),
            },
        }
    else:
        shown = {"type": kind, **_DEFAULTS.get(kind, {})}
    return shown | {name: value for name, value in tool.items() if value is not None and name not in shown}


_DEFAULTS: dict[str, dict[str, Any]] = {
    "file_search": {
        "filters": None,
        "max_num_results": 20,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
    },
    "image_generation": {
        "background": "auto",
        "moderation": "low",
        "output_compression": 100,
        "output_format": "png",
        "quality": "auto",
        "size": "auto",
    },
    "shell": {"environment": None},
}
"""Fields that a response adds (OpenAPI document; those of images as widely pasted, 2025)."""


def is_strict(tool: dict[str, Any]) -> bool:
    """Whether a function is strict: what is not said is so where the schema allows it (OpenAI's guide, 2026)."""
    strict = tool.get("strict")
    if strict is not None:
        return bool(strict)
    schema = tool.get("parameters")
    if schema is None:
        return False
    try:
        check_strict(schema, name=tool["name"], path="tools")
    except ApiError:
        return False
    return True


def as_chat_tools(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same tools at the same places as chat completions spell them; tools of the API itself stay as they are."""
    return [
        {"type": kind, kind: {name: value for name, value in tool.items() if name != "type"}}
        if (kind := tool["type"]) in ("function", "custom")
        else tool
        for tool in tools
    ]


def own_wording(error: ApiError) -> ApiError:
    """The refusal of a tool or format that chat completions made, with this endpoint's names of the parameters."""
    param = error.param or ""
    if param.startswith("tools[") and param.endswith(".function.parameters"):
        param = param.replace(".function.parameters", ".parameters")
    elif param == "response_format":
        param = "text.format.schema"
    else:
        return error
    return errors.BadRequest(error.message, code=error.code, param=param)
