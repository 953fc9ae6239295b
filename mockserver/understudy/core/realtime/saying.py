"""What a response says: what a rule has it say, a call of a function, or an answer to what was said so far."""

from typing import Any

from understudy.core import errors
from understudy.core.realtime.conversation import Item
from understudy.core.realtime.response import Spoken
from understudy.core.realtime.state import SessionState
from understudy.core.replies import text, tools
from understudy.core.rule_answers import Script
from understudy.core.rule_request import RuleRequest

_SPOKEN = text.Style(spoken=True)
_ENDS = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a response is incomplete, by the finish reason that a rule gives."""


def script_for(state: SessionState, items: list[Item], settings: dict[str, Any], now: int) -> Script | None:
    """What the first rule that is meant says to what was said so far, heard words included."""
    rules = state.simulator.rules
    if not rules:
        return None
    said = [{"role": turn.role, "content": turn.text} for turn in _turns(items)]
    account = state.account
    body = {**settings, "input": said}
    script = rules.script(RuleRequest("realtime", "/v1/realtime", state.model.id, account.key, account.id, body), now)
    if script is not None:
        state.entry.rule = script.rule
    return script


def decide(
    state: SessionState, items: list[Item], settings: dict[str, Any], voice: Any, script: Script | None
) -> Spoken:
    """What is said.

    Args:
        state: of the session.
        items: that the response reads.
        settings: of the response.
        voice: as the client named it.
        script: what a rule says.

    Raises:
        BadRequest: a function's schema cannot be satisfied.
    """
    seed = state.ids.seed()
    choice = settings["tool_choice"]
    if isinstance(choice, dict) and choice.get("type") == "function":
        names = {tool["name"] for tool in settings["tools"]}
        if choice.get("name") not in names:
            raise tools.unknown_tool(choice.get("name") or "")
    modality = settings["output_modalities"][0]
    limit = settings["max_output_tokens"]
    named = voice if isinstance(voice, str) else "alloy"
    ends = None if script is None else _ENDS.get(script.finish_reason or "")

    def spoken(said: str, calls: tuple[tools.ToolCall, ...]) -> Spoken:
        return Spoken(said, calls, modality, named, None if limit in ("inf", None) else limit, ends)

    if script is not None and script.tool_calls:
        return spoken("", tuple(tools.ToolCall(call.name, "function", call.payload) for call in script.tool_calls))
    if script is not None and (script.text is not None or script.refusal is not None):
        return spoken(script.text or script.refusal or "", ())
    calls = _calls(items, settings, seed) if settings["tools"] else ()
    if calls:
        return spoken("", calls)
    return spoken(text.compose(_turns(items), seed, style=_SPOKEN if modality == "audio" else text.DEFAULT), ())


def _calls(items: list[Item], settings: dict[str, Any], seed: bytes) -> tuple[tools.ToolCall, ...]:
    last_user = next((place for place in range(len(items) - 1, -1, -1) if items[place].is_user), -1)
    later = items[last_user + 1 :]
    conversation = tools.Conversation(
        last_user=items[last_user].text if last_user >= 0 else "",
        answered=bool(items) and items[-1].shown["type"] == "function_call_output",
        called=frozenset(item.shown["name"] for item in later if item.shown["type"] == "function_call"),
    )
    wrapped = [{"type": "function", "function": _plain(tool)} for tool in settings["tools"]]
    choice = settings["tool_choice"]
    if isinstance(choice, dict):
        choice = {"type": "function", "function": {"name": choice.get("name")}}
    try:
        return tools.decide(wrapped, choice, settings.get("parallel_tool_calls"), conversation, seed)
    except tools.UnsatisfiableTool as failure:
        raise errors.BadRequest(str(failure), code="invalid_function_parameters", param="tools") from failure


def _plain(tool: dict[str, Any]) -> dict[str, Any]:
    return {name: tool[name] for name in ("name", "description", "parameters") if tool.get(name) is not None}


def _turns(items: list[Item]) -> list[text.Turn]:
    turns = []
    for item in items:
        if item.shown["type"] == "function_call_output":
            turns.append(text.Turn("tool", item.text))
        elif item.shown["type"] == "message":
            turns.append(text.Turn(item.shown["role"], item.text))
    return turns
