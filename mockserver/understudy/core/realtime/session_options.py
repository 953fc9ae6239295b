"""Rarer fields of sessions and responses: truncation, tracing, what is included, prompts, reasoning, remote tools.

Fields and bounds from the OpenAPI document 2026-08-21.
"""

from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.parameters import anything, array, fields, integer, number, optional, string, word

LOGPROBS = "item.input_audio_transcription.logprobs"
"""What a session may include."""

check_include = optional(array(word(LOGPROBS)))
check_reasoning = optional(fields({"effort": optional(word("minimal", "low", "medium", "high", "xhigh"))}))
_RETENTION = fields(
    {
        "type": word("retention_ratio"),
        "retention_ratio": number(0, 1),
        "token_limits": optional(fields({"post_instructions": optional(integer(0))})),
    },
    ("type", "retention_ratio"),
)
_TRACING = fields({"workflow_name": optional(string()), "group_id": optional(string()), "metadata": anything})
_PROMPT = fields({"id": string(), "version": optional(string()), "variables": anything}, ("id",))


def check_truncation(path: str, value: Any) -> None:
    """Refuse what is no way of truncation."""
    if isinstance(value, dict):
        _RETENTION(path, value)
    elif value is not None:
        word("auto", "disabled")(path, value)


def check_tracing(path: str, value: Any) -> None:
    """Refuse what configures no tracing; what is traced goes nowhere."""
    if isinstance(value, dict):
        _TRACING(path, value)
    elif value is not None:
        word("auto")(path, value)


def check_prompt(path: str, value: Any) -> None:
    """Refuse prompts: none are stored, so no id names one (the words of the responses endpoint)."""
    if value is not None:
        _PROMPT(path, value)
        raise errors.BadRequest(f"Prompt with id '{value['id']}' not found.", param=f"{path}.id")


def check_token_limits(truncation: Any, model: Model, path: str) -> None:
    """Refuse a limit after instructions that is above what the model can read (OpenAPI document).

    Args:
        truncation: that was checked.
        model: of the session.
        path: before the names of fields in errors.
    """
    if not isinstance(truncation, dict):
        return
    limit = (truncation.get("token_limits") or {}).get("post_instructions")
    most = model.context_window - model.max_output_tokens
    if limit is not None and limit > most:
        raise errors.above_maximum(f"{path}truncation.token_limits.post_instructions", limit, most)


def check_tool_kind(path: str, value: Any) -> None:
    """Refuse tools of remote servers: no call leaves the machine."""
    if isinstance(value, dict) and value.get("type") == "mcp":
        raise errors.not_simulated("Remote MCP tools of realtime sessions are")
