"""What a response repeats of its request, and what stands there when the request says nothing.

Values as recorded in summer 2026. That whole generations of models have them in common is concluded from the models
that were recorded: gpt-4.1-nano, gpt-5-nano, gpt-5.2 and gpt-5.4.
"""

from datetime import date
from typing import Any

from understudy.core.catalog import Model
from understudy.core.dates import midnight
from understudy.core.endpoints.chat_parameters import effort_of
from understudy.core.endpoints.responses.tools import shown_tool

_SINCE_5_1 = midnight(date(2025, 11, 13))
_SINCE_5_4 = midnight(date(2026, 3, 5))


def _is_5_1_or_newer(model: Model) -> bool:
    return model.family.startswith("gpt-5") and model.released >= _SINCE_5_1


def has_phases(model: Model) -> bool:
    """Whether its messages say which phase of the turn they belong to (gpt-5.4, recorded 2026)."""
    return model.family.startswith("gpt-5") and model.released >= _SINCE_5_4


def shown_reasoning(body: dict[str, Any], model: Model) -> dict[str, Any]:
    """The `reasoning` object: all null on models that don't think."""
    asked = body.get("reasoning") or {}
    if not model.reasoning:
        return {"context": None, "effort": None, "summary": None}
    context = asked.get("context")
    return {
        "context": "current_turn" if context in (None, "auto") else context,
        "effort": effort_of({"reasoning_effort": asked.get("effort")}, model),
        "mode": asked.get("mode") or "standard",
        "summary": shown_summary(asked),
    }


def shown_summary(asked: dict[str, Any]) -> str | None:
    """Which summary of its thoughts is asked for; `auto` is the detailed one (OpenAI's guide on reasoning)."""
    summary: str | None = asked.get("summary") or asked.get("generate_summary")
    return "detailed" if summary == "auto" else summary


def shown_text(body: dict[str, Any]) -> dict[str, Any]:
    """The `text` object: format and verbosity."""
    asked = body.get("text") or {}
    form = asked.get("format") or {"type": "text"}
    if form["type"] == "json_schema":
        form = {
            "type": "json_schema",
            "description": form.get("description"),
            "name": form["name"],
            "schema": form.get("schema"),
            "strict": bool(form.get("strict")),
        }
    return {"format": form, "verbosity": asked.get("verbosity") or "medium"}


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def echoed(body: dict[str, Any], model: Model) -> dict[str, Any]:
    """Every field of a response that its request decides, by name."""
    newer = _is_5_1_or_newer(model)
    return {
        "background": bool(body.get("background")),
        "frequency_penalty": float(body.get("frequency_penalty") or 0),
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "model": model.snapshot,
        "parallel_tool_calls": _or(body.get("parallel_tool_calls"), True),
        "presence_penalty": float(body.get("presence_penalty") or 0),
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "prompt_cache_retention": body.get("prompt_cache_retention") or ("24h" if newer else "in_memory"),
        "reasoning": shown_reasoning(body, model),
        "safety_identifier": body.get("safety_identifier"),
        "store": _or(body.get("store"), True),
        "temperature": float(_or(body.get("temperature"), 1)),
        "text": shown_text(body),
        "tool_choice": _or(body.get("tool_choice"), "auto"),
        "tools": [shown_tool(tool) for tool in body.get("tools") or ()],
        "top_logprobs": body.get("top_logprobs") or 0,
        "top_p": float(_or(body.get("top_p"), 0.98 if newer else 1)),
        "truncation": body.get("truncation") or "disabled",
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }
