"""The parameter `moderation` of chat: what is thought of the input and of each choice, beside the answer.

Shapes of the OpenAPI document (2026-08-21). Nothing is blocked: a flagged request was answered in both modes, `score`
and `block` (measured with four models, 2026). It costs nothing ("our choice").
"""

from typing import Any

from understudy.core.endpoints.chat_answer import ChatAnswer, Choice
from understudy.core.endpoints.chat_parameters import texts_of
from understudy.core.moderation_results import moderated
from understudy.core.replies.moderation import Moderation


def moderate(body: dict[str, Any], answer: ChatAnswer, moderation: Moderation) -> dict[str, Any]:
    """The `moderation` object of an answer: one result for all messages, one for each choice."""
    messages = body["messages"]
    model = body["moderation"]["model"]
    pictures = any(
        part.get("type") == "image_url"
        for message in messages
        if type(message.get("content")) is list
        for part in message["content"]
    )
    asked = "\n".join(text for message in messages for text in texts_of(message))
    return {
        "input": _results(model, [moderated(asked, moderation, pictures=pictures)]),
        "output": _results(model, [moderated(_words(choice), moderation) for choice in answer.choices]),
    }


def _results(model: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    results = [{"type": "moderation_result", "model": model, **each} for each in found]
    return {"type": "moderation_results", "model": model, "results": results}


def _words(choice: Choice) -> str:
    """All that a choice says, to whomever."""
    said = [choice.text, choice.refusal, choice.speech and choice.speech.transcript]
    said += [call.payload for call in choice.tool_calls]
    if choice.function_call is not None:
        said.append(choice.function_call.arguments)
    return "\n".join(text for text in said if text)
