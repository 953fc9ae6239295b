"""What a client may write into an item (OpenAPI document 2026-08-21)."""

from typing import Any

from understudy.core.parameters import Check, anything, array, boolean, fields, optional, string, tagged, word

_LONGEST_TEXT = 256_000
"""Characters (reported of gpt-realtime-2 in 2026)."""
_CONTENT: dict[str, Check] = {
    "input_text": fields({"type": anything, "text": string(_LONGEST_TEXT)}, ("text",)),
    "output_text": fields({"type": anything, "text": string()}, ("text",)),
    "input_audio": fields({"type": anything, "audio": optional(string()), "transcript": optional(string())}, ()),
    "output_audio": fields({"type": anything, "audio": optional(string()), "transcript": optional(string())}, ()),
    "input_image": fields(
        {"type": anything, "image_url": string(), "detail": optional(word("auto", "low", "high"))}, ("image_url",)
    ),
}
_BY_ROLE = {
    "user": ("input_text", "input_audio", "input_image"),
    "system": ("input_text",),
    "assistant": ("output_text", "output_audio"),
}
_STATUS = optional(word("completed", "incomplete", "in_progress"))
_ID = optional(string(64, 1))
_COMMON: dict[str, Check] = {"id": _ID, "object": anything, "type": anything, "status": _STATUS}
_MCP: dict[str, Check] = {"id": _ID, "object": anything, "type": anything}
_CALLED = ("server_label", "name", "arguments")
_MCP_TOOL = fields(
    {"name": string(), "description": optional(string()), "input_schema": anything, "annotations": anything},
    ("name", "input_schema"),
)
_KINDS: dict[str, Check] = {
    "message": fields(
        {**_COMMON, "role": word("user", "system", "assistant"), "content": anything}, ("role", "content")
    ),
    "function_call": fields(
        {**_COMMON, "call_id": optional(string()), "name": string(), "arguments": string()}, ("name", "arguments")
    ),
    "function_call_output": fields({**_COMMON, "call_id": string(), "output": string()}, ("call_id", "output")),
    "mcp_list_tools": fields({**_MCP, "server_label": string(), "tools": array(_MCP_TOOL)}, ("server_label", "tools")),
    "mcp_call": fields(
        {
            **_MCP,
            **{name: string() for name in _CALLED},
            "approval_request_id": optional(string()),
            "output": optional(string()),
            "error": anything,
        },
        _CALLED,
    ),
    "mcp_approval_request": fields({**_MCP, **{name: string() for name in _CALLED}}, _CALLED),
    "mcp_approval_response": fields(
        {**_MCP, "approval_request_id": string(), "approve": boolean, "reason": optional(string())},
        ("approval_request_id", "approve"),
    ),
}
_ITEM = tagged(_KINDS, tuple(_KINDS))


def checked_item(path: str, item: Any) -> None:
    """Refuse an item that a client may not create.

    Raises:
        BadRequest: with the real message, param and code.
    """
    _ITEM(path, item)
    if item["type"] == "message":
        accepted = _BY_ROLE[item["role"]]
        array(tagged({kind: _CONTENT[kind] for kind in accepted}, accepted), minimum=1)(
            f"{path}.content", item["content"]
        )
