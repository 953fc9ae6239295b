"""Input items: what is accepted, and the conversation that they are, as chat completions spell it.

Sources: the OpenAPI document 2026-08-21 for kinds and fields; reported refusals 2025 to 2026 for words and paths.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.media import Media
from understudy.core.message_parts import check_file, picture_size, unsupported_picture
from understudy.core.parameters import Check, anything, array, fields, optional, string, tagged, word

Item = dict[str, Any]

_ROLES = ("assistant", "system", "developer", "user")
_DETAIL = optional(word("auto", "low", "high", "original"))
_BREAK = {"prompt_cache_breakpoint": anything}
_PARTS: dict[str, Check] = {
    "input_text": fields({"type": anything, "text": string(10_485_760), **_BREAK}, ("text",)),
    "input_image": fields(
        {
            "type": anything,
            "image_url": optional(string()),
            "file_id": optional(string()),
            "detail": _DETAIL,
            **_BREAK,
        }
    ),
    "input_file": fields(
        {
            "type": anything,
            "file_id": optional(string()),
            "filename": optional(string()),
            "file_data": optional(string()),
            "file_url": optional(string()),
            "detail": optional(word("auto", "low", "high")),
            **_BREAK,
        }
    ),
    "output_text": fields(
        {"type": anything, "text": string(), "annotations": anything, "logprobs": anything}, ("text",)
    ),
    "refusal": fields({"type": anything, "refusal": string()}, ("refusal",)),
    "summary_text": fields({"type": anything, "text": string()}, ("text",)),
    "encrypted_content": anything,
}
_PART = tagged(
    _PARTS,
    (
        "input_text",
        "input_image",
        "input_audio",
        "output_text",
        "refusal",
        "input_file",
        "computer_screenshot",
        "summary_text",
        "encrypted_content",
    ),
)
"""Listed in the words of a refusal of 2026-08."""
_SAID = tagged({kind: _PARTS[kind] for kind in ("output_text", "refusal")}, ("output_text", "refusal"))
_OUTPUT = tagged(
    {kind: _PARTS[kind] for kind in ("input_text", "input_image", "input_file")},
    ("input_text", "input_image", "input_file"),
)
MOST_ITEMS = 10_000
"""Items of one input ("our choice")."""


def _check_content(path: str, content: Any, role: str) -> None:
    if type(content) is str:
        return
    if type(content) is not list:
        raise errors.wrong_type(path, "one of an array of objects or string", content)
    array(_SAID if role == "assistant" else _PART)(path, content)


_MESSAGE = fields(
    {
        "type": anything,
        "id": optional(string()),
        "role": word(*_ROLES),
        "content": anything,
        "status": optional(word("in_progress", "completed", "incomplete")),
        "phase": anything,
    },
    ("role", "content"),
)


def _check_message(path: str, item: Any) -> None:
    _MESSAGE(path, item)
    _check_content(f"{path}.content", item["content"], item["role"])


def _check_output(path: str, value: Any) -> None:
    if type(value) is list:
        array(_OUTPUT)(path, value)
    else:
        string(10_485_760)(path, value)


_COMMON: dict[str, Check] = {
    "type": anything,
    "id": optional(string()),
    "status": optional(word("in_progress", "completed", "incomplete")),
    "caller": anything,
    "namespace": anything,
    "created_by": anything,
}
_CALL_ID = string(64, 1)
_KINDS: dict[str, Check] = {
    "message": _check_message,
    "function_call": fields(
        {**_COMMON, "call_id": _CALL_ID, "name": string(), "arguments": string()}, ("call_id", "name", "arguments")
    ),
    "function_call_output": fields(
        {**_COMMON, "call_id": _CALL_ID, "output": _check_output, "name": anything}, ("call_id", "output")
    ),
    "custom_tool_call": fields(
        {**_COMMON, "call_id": _CALL_ID, "name": string(), "input": string()}, ("call_id", "name", "input")
    ),
    "custom_tool_call_output": fields(
        {**_COMMON, "call_id": _CALL_ID, "output": _check_output, "name": anything}, ("call_id", "output")
    ),
    "reasoning": fields(
        {**_COMMON, "summary": array(anything), "content": anything, "encrypted_content": optional(string())},
        ("summary",),
    ),
    "item_reference": fields({"type": anything, "id": string()}, ("id",)),
}
_LOOSE = (
    "file_search_call",
    "computer_call",
    "computer_call_output",
    "web_search_call",
    "tool_search_call",
    "tool_search_output",
    "additional_tools",
    "compaction",
    "compaction_trigger",
    "image_generation_call",
    "code_interpreter_call",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
)
"""Calls of the API's own tools come back as they were sent; their fields are not looked at ("our choice")."""
_ITEM = tagged({**_KINDS, **dict.fromkeys(_LOOSE, anything)}, (*_KINDS, *_LOOSE))


def check_input(path: str, value: Any) -> None:
    """Refuse what is no input: a text, or an array of items."""
    if type(value) is str:
        return
    if type(value) is not list:
        raise errors.wrong_type(path, "one of a string or array of input items", value)
    if len(value) > MOST_ITEMS:
        raise errors.array_too_long(path, MOST_ITEMS, len(value))
    for index, item in enumerate(value):
        if type(item) is dict and item.get("type") is None:
            # A message may leave its type out; so may a reference, which has nothing but an id.
            check = _KINDS["item_reference"] if set(item) == {"id"} else _check_message
            check(f"{path}[{index}]", item)
        else:
            _ITEM(f"{path}[{index}]", item)


def check_pictures(path: str, items: Sequence[Item], model: Model, media: Media) -> None:
    """Refuse pictures and files that the model cannot look at."""
    for index, item in enumerate(items):
        for field in ("content", "output"):
            parts = item.get(field)
            if type(parts) is list:
                for place, part in enumerate(parts):
                    _check_part(f"{path}[{index}].{field}[{place}]", part, model, media)


def _check_part(path: str, part: Any, model: Model, media: Media) -> None:
    kind = part.get("type") if type(part) is dict else None
    if kind == "input_image":
        if "vision" not in model.abilities:
            # Reported of o3-mini and others, 2025.
            raise errors.BadRequest(f"Invalid content type. '{kind}' is only supported by certain models.", param=path)
        url = part.get("image_url")
        if url is None:
            raise errors.missing(f"{path}.image_url")
        if picture_size(f"{path}.image_url", url, media) is None:
            raise unsupported_picture()
    elif kind == "input_file" and part.get("file_url") is None:
        check_file(path, part, model)


def items_of(value: str | list[Item]) -> list[Item]:
    """The input as items; a text is a message of the user."""
    if isinstance(value, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": value}]}]
    return [_typed(item) for item in value]


def _typed(item: Item) -> Item:
    if item.get("type") is not None:
        return item
    return {**item, "type": "message" if "role" in item else "item_reference"}


_CALLS = {"function_call": "function call", "custom_tool_call": "custom tool call"}
_RESULTS = {f"{kind}_output": (kind, words) for kind, words in _CALLS.items()}


def check_turns(items: Sequence[Item]) -> None:
    """Every call has its output and every output its call; a thought is followed by what it led to.

    Raises:
        BadRequest: one has not (probed 2026-08 and recorded).
    """
    open_calls: dict[tuple[str, str], None] = {}
    known: set[tuple[str, str]] = set()
    for index, item in enumerate(items):
        kind = item["type"]
        if kind in _CALLS:
            open_calls[kind, item["call_id"]] = None
            known.add((kind, item["call_id"]))
        elif kind in _RESULTS:
            called, words = _RESULTS[kind]
            if (called, item["call_id"]) not in known:
                raise errors.BadRequest(
                    f"No tool call found for {words} output with call_id {item['call_id']}.", param="input"
                )
            open_calls.pop((called, item["call_id"]), None)
        elif kind == "reasoning" and item.get("id") and not _follows(items, index):
            raise errors.BadRequest(
                f"Item '{item['id']}' of type 'reasoning' was provided without its required following item.",
                param="input",
            )
    for kind, call_id in open_calls:
        raise errors.BadRequest(f"No tool output found for {_CALLS[kind]} {call_id}.", param="input")


def _follows(items: Sequence[Item], index: int) -> bool:
    if index + 1 == len(items):
        return False
    after = items[index + 1]
    return (
        after["type"] in ("reasoning", "compaction")
        or after["type"].endswith("_call")
        or (after["type"] == "message" and after["role"] == "assistant")
    )


def as_messages(instructions: str | None, items: Iterable[Item]) -> list[dict[str, Any]]:
    """The conversation in the form of chat completions; what the model thought and its own tools did says nothing."""
    messages: list[dict[str, Any]] = []
    if instructions:
        messages.append({"role": "system", "content": instructions})
    calling: dict[str, Any] | None = None
    for item in items:
        kind = item["type"]
        if kind in _CALLS:
            if calling is None:
                calling = {"role": "assistant", "content": None, "tool_calls": []}
                messages.append(calling)
            payload = {"name": item["name"]}
            if kind == "function_call":
                called = {"type": "function", "function": payload | {"arguments": item["arguments"]}}
            else:
                called = {"type": "custom", "custom": payload | {"input": item["input"]}}
            calling["tool_calls"].append({"id": item["call_id"], **called})
            continue
        calling = None
        if kind == "message":
            messages.append({"role": item["role"], "content": _content(item["content"])})
        elif kind in _RESULTS:
            messages.append({"role": "tool", "content": _content(item["output"])})
        elif kind == "compaction":
            messages.append({"role": "assistant", "content": item.get("summary") or ""})
        elif kind.endswith("_call_output") and type(item.get("output")) in (str, list):
            messages.append({"role": "tool", "content": output_text(item["output"])})
    return messages


def output_text(output: Any) -> str:
    """What a tool of the API's own, run by the client, gave back."""
    if type(output) is str:
        return output
    texts = []
    for part in output:
        if type(part) is dict:
            texts += [part[name] for name in ("text", "stdout", "stderr") if type(part.get(name)) is str]
    return "\n".join(text for text in texts if text)


_ELSEWHERE_URL = "https://example.com/file"
_ELSEWHERE = {"type": "image_url", "image_url": {"url": _ELSEWHERE_URL, "detail": "auto"}}


def _content(content: Any) -> Any:
    if type(content) is str:
        return content
    if type(content) is not list:
        return ""
    parts = []
    for part in content:
        kind = part["type"] if type(part) is dict else ""
        if kind in ("input_text", "output_text"):
            parts.append({"type": "text", "text": part["text"]})
        elif kind == "refusal":
            parts.append({"type": "refusal", "refusal": part["refusal"]})
        elif kind == "input_image":
            # So does a picture that was deleted since.
            url = part.get("image_url") or _ELSEWHERE_URL
            shown = {"url": url, "detail": part.get("detail") or "auto"}
            parts.append({"type": "image_url", "image_url": shown})
        elif kind == "input_file":
            # A file that is not here counts as a page of the model's own size, as a picture that is not here does.
            data = part.get("file_data")
            one = {"type": "file", "file": {"file_data": data}} if data else _ELSEWHERE
            parts.append(one)
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts
