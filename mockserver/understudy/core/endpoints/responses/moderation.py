"""The parameter `moderation` of responses: what is thought of the input and of the output, beside the answer.

Shapes of the OpenAPI document (2026-08-21): one result each, flat, where chat completions have lists. As there, nothing
is blocked, and it costs nothing ("our choice").
"""

from collections.abc import Iterable, Sequence
from typing import Any

from understudy.core.endpoints.chat_parameters import texts_of
from understudy.core.endpoints.responses.items import Item, as_messages
from understudy.core.moderation_results import moderated
from understudy.core.replies.moderation import Moderation

_SAID = ("text", "refusal")
_DONE = ("arguments", "input", "code")


def moderate(
    body: dict[str, Any], items: Sequence[Item], output: Iterable[Item], moderation: Moderation
) -> dict[str, Any]:
    """The `moderation` object of a response.

    Args:
        body: a checked request with the parameter.
        items: the whole conversation.
        output: what was made.
        moderation: the words that flag a text.
    """
    model = body["moderation"]["model"]
    messages = as_messages(body.get("instructions"), items)
    asked = "\n".join(text for message in messages for text in texts_of(message))
    pictures = any(
        part.get("type") == "input_image"
        for item in items
        if type(item.get("content")) is list
        for part in item["content"]
    )
    said = "\n".join(_words(output))
    return {
        "input": _result(model, moderated(asked, moderation, pictures=pictures)),
        "output": _result(model, moderated(said, moderation)),
    }


def _result(model: str, found: dict[str, Any]) -> dict[str, Any]:
    return {"type": "moderation_result", "model": model, **found}


def _words(output: Iterable[Item]) -> list[str]:
    """All that the items say, to whomever."""
    found = []
    for item in output:
        found += [part[name] for part in item.get("content") or () for name in _SAID if part.get(name)]
        found += [item[name] for name in _DONE if type(item.get(name)) is str]
    return found
