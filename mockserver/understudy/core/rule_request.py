"""What rules are asked about: one call that was let in, as whoever writes a rule thinks of it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple


class Said(NamedTuple):
    """One message.

    Attributes:
        role: user, assistant, tool, ...
        text: all its texts, one in a line.
    """

    role: str
    text: str


class RuleRequest:
    """A call, for matchers and predicates.

    Attributes:
        endpoint: chat, images, embeddings, ...
        path: as requested.
        model: as requested.
        key: the API key itself.
        account: account id.
        body: the decoded body.
    """

    def __init__(self, endpoint: str, path: str, model: str, key: str, account: str, body: Mapping[str, Any]) -> None:
        self.endpoint = endpoint
        self.path = path
        self.model = model
        self.key = key
        self.account = account
        self.body = body

    @cached_property
    def messages(self) -> tuple[Said, ...]:
        """What was said so far, oldest first; an `input` or a `prompt` is said by the user."""
        body = self.body
        for name in ("messages", "input", "prompt"):
            given = body.get(name)
            if isinstance(given, str):
                return (Said("user", given),)
            if isinstance(given, list):
                return tuple(map(_said, given))
        return ()

    @property
    def last_message(self) -> str:
        """The text of the last message, whoever said it; a tool's result is one, too."""
        return self.messages[-1].text if self.messages else ""

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools and functions that are offered."""
        found = []
        for offered in (*_list(self.body.get("tools")), *_list(self.body.get("functions"))):
            if isinstance(offered, dict):
                inner = offered.get("function") or offered.get("custom") or offered
                name = inner.get("name") if isinstance(inner, dict) else None
                found.append(name if isinstance(name, str) else str(offered.get("type", "")))
        return tuple(found)


def _said(message: object) -> Said:
    if isinstance(message, str):
        return Said("user", message)
    if not isinstance(message, dict):
        return Said("", "")
    role = message.get("role")
    content = message.get("content", message.get("output"))
    if isinstance(content, str):
        text = content
    else:
        parts = (part.get("text") for part in _list(content) if isinstance(part, dict))
        text = "\n".join(part for part in parts if isinstance(part, str))
    return Said(role if isinstance(role, str) else "", text)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
