"""Which tools the model calls, and with what.

    decide([{"type": "function", "function": {"name": "get_weather", "parameters": {…}}}], "auto", True,
           Conversation("What is the weather like in San Francisco?"), b"seed")
    → (ToolCall("get_weather", "function", arguments='{"location":"San Francisco"}'),)

The choice follows `tool_choice` as the API documents it (OpenAPI document 2026-08-21); under "auto" the model
calls what the last user message plainly asks for (`tool_matching`) until a tool has answered, and then talks.
Tools are read in every form that requests have: those of chat completions, of responses and realtime, and the
`functions` of 2023.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, NamedTuple

from understudy.core.errors import BadRequest
from understudy.core.replies.effort import Effort
from understudy.core.replies.grammar import from_lark, from_regex
from understudy.core.replies.hints import Hints
from understudy.core.replies.sample_values import from_message, role_of, words_of
from understudy.core.replies.schema import as_text, instance_of_sound
from understudy.core.replies.tool_matching import Tool, Wish, scored, wishes
from understudy.core.replies.unsatisfiable import UnsatisfiableSchema
from understudy.core.replies.word_lists import word_set

_CLOSING = word_set("final finish answer output result respond response reply submit done")
"""Words in the name of a tool through which an agent hands in its result."""


class ToolCall(NamedTuple):
    """A call of the model; its id is the caller's business.

    Attributes:
        name: the tool's name.
        kind: "function" (with `arguments`) or "custom" (with `input`).
        arguments: compact JSON text, valid against the function's parameters.
        input: the text for a custom tool.
    """

    name: str
    kind: Literal["function", "custom"]
    arguments: str = ""
    input: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the choice depends on.

    Attributes:
        last_user: text of the last user message.
        answered: whether the last message is the result of a tool.
        called: names of the tools that were called since the last user message.
    """

    last_user: str
    answered: bool = False
    called: frozenset[str] = frozenset()


class UnsatisfiableTool(UnsatisfiableSchema):
    """No call of a tool could be made: its parameters or grammar allow none, or none that we find.

    Attributes:
        tool: name of the tool.
        position: its place in the request.
    """

    def __init__(self, tool: Tool, cause: UnsatisfiableSchema) -> None:
        super().__init__(f"no call of {tool.name!r} could be made: {cause.reason}", cause.where)
        self.tool = tool.name
        self.position = tool.position


def decide(
    tools: Sequence[Mapping[str, Any]],
    tool_choice: object,
    parallel_tool_calls: bool | None,
    conversation: Conversation,
    seed: bytes,
) -> tuple[ToolCall, ...]:
    """Decide what is called; an empty tuple means that the model answers with text.

    Args:
        tools: the request's `tools` or `functions`, their parameters checked (`strict`); tools of other types than
            function and custom are skipped.
        tool_choice: the request's `tool_choice` or `function_call`; None stands for "auto".
        parallel_tool_calls: False allows one call at most; None stands for True.
        conversation: what the choice depends on.
        seed: where chance comes from.

    Raises:
        BadRequest: the choice names a tool that the request does not have.
        UnsatisfiableTool: the chosen tool cannot be called.
    """
    if not tools or tool_choice == "none":
        return ()
    usable = [tool for position, each in enumerate(tools) if (tool := _tool(position, each)) is not None]
    mode, names = _choice(tool_choice)
    if names is not None:
        usable = _named(usable, names, mode)
    if mode == "none" or not usable:
        return ()
    if mode == "auto":
        wanted = [] if conversation.answered else wishes(usable, conversation.last_user)
    elif mode == "required":
        wanted = _required(usable, conversation)
    else:
        wanted = [Wish(usable[0], conversation.last_user)]
    if parallel_tool_calls is False:
        wanted = wanted[:1]
    if not wanted:
        return ()
    rng = Random(seed)
    return tuple(_call(wish, rng) for wish in wanted)


def unknown_tool(name: str) -> BadRequest:
    """Return the refusal of a `tool_choice` that names no tool (reported 2026 for responses, code null)."""
    return BadRequest(f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")


def _tool(position: int, tool: Mapping[str, Any]) -> Tool | None:
    """Read a tool in whichever form; None for one that is built into the API."""
    kind = tool.get("type", "function")
    if kind not in ("function", "custom"):
        return None
    body = tool.get(kind, tool)
    if kind == "custom":
        return Tool(position, body["name"], body.get("description") or "", kind, None, _grammar(body.get("format")))
    return Tool(position, body["name"], body.get("description") or "", kind, body.get("parameters"), None)


def _grammar(given: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Read the format of a custom tool: chat completions put the grammar one level deeper than responses."""
    if given is None or given.get("type") != "grammar":
        return None
    grammar = given.get("grammar", given)
    return grammar["syntax"], grammar["definition"]


def _choice(choice: object) -> tuple[str, list[str] | None]:
    """Read `tool_choice`: a mode (none, auto, required, named) and the names that it allows."""
    if not isinstance(choice, Mapping):
        return (choice if isinstance(choice, str) else "auto"), None
    kind = choice.get("type")
    if kind == "allowed_tools":
        allowed = choice.get("allowed_tools", choice)
        named = [_name_in(each) for each in allowed.get("tools", ())]
        return allowed.get("mode", "auto"), [name for name in named if name is not None]
    # Other kinds choose tools of the API itself, which are no calls for the client.
    name = _name_in(choice) if kind in (None, "function", "custom") else None
    return ("none", None) if name is None else ("named", [name])


def _name_in(choice: Mapping[str, Any]) -> str | None:
    """Return the name in `{"type": "function", "function": {"name": …}}` or `{"type": "function", "name": …}`."""
    body = choice.get(choice.get("type", ""), choice)
    name = body.get("name") if isinstance(body, Mapping) else None
    return name if isinstance(name, str) else None


def _named(tools: list[Tool], names: list[str], mode: str) -> list[Tool]:
    found = [tool for tool in tools if tool.name in names]
    if mode == "named" and not found:
        raise unknown_tool(names[0])
    return found


def _required(tools: list[Tool], conversation: Conversation) -> list[Wish]:
    """Choose when the model must call: what is asked for, else what has not been called, a closing tool last."""
    fresh = [tool for tool in tools if tool.name not in conversation.called]
    if not conversation.answered:
        wanted = wishes(fresh or tools, conversation.last_user)
        if wanted:
            return wanted
    else:
        # The answer is there: hand in the result, if there is a tool for that.
        fresh = [tool for tool in tools if not _CLOSING.isdisjoint(words_of(tool.name))] or fresh
    candidates = fresh or tools
    _, favourite = scored(candidates, conversation.last_user)[0]
    return [Wish(favourite, conversation.last_user)]


def _call(wish: Wish, rng: Random) -> ToolCall:
    tool, words = wish
    try:
        if tool.kind == "custom":
            return ToolCall(tool.name, "custom", input=_input(tool, words, rng))
        schema = tool.schema
        arguments = "{}" if not schema else as_text(instance_of_sound(schema, rng, words, sparing=True))
    except UnsatisfiableSchema as error:
        raise UnsatisfiableTool(tool, error) from error
    return ToolCall(tool.name, "function", arguments)


def _input(tool: Tool, message: str, rng: Random) -> str:
    """Make the text for a custom tool: by its grammar, else what the message gives for it, else the message."""
    hints = Hints(message)
    if tool.grammar is not None:
        syntax, definition = tool.grammar
        make = from_regex if syntax == "regex" else from_lark
        return make(definition, rng, hints, Effort())
    role = role_of(tool.name, tool.description)
    given = [*hints.all("code")]
    if role:
        given += from_message(role, (), hints)
    given += hints.all("commands")
    return given[0].text if given else message.strip()
