"""The conversation of a session: items in order, what they say, and what they weigh in tokens."""

from typing import Any

from understudy.core import errors
from understudy.core.media import Vocabulary
from understudy.core.parameters import Check, anything, array, fields, optional, string, tagged, word

INPUT_MS_PER_TOKEN = 100
OUTPUT_MS_PER_TOKEN = 50
"""One token for 100 ms of the user's audio, for 50 ms of the assistant's (OpenAI realtime cost guide)."""

_CONTENT: dict[str, Check] = {
    "input_text": fields({"type": anything, "text": string()}, ("text",)),
    "output_text": fields({"type": anything, "text": string()}, ("text",)),
    "input_audio": fields({"type": anything, "audio": optional(string()), "transcript": optional(string())}, ()),
    "output_audio": fields({"type": anything, "audio": optional(string()), "transcript": optional(string())}, ()),
    "input_image": fields({"type": anything, "image_url": string(), "detail": optional(string())}, ("image_url",)),
}
_BY_ROLE = {
    "user": ("input_text", "input_audio", "input_image"),
    "system": ("input_text",),
    "assistant": ("output_text", "output_audio"),
}
_STATUS = optional(word("completed", "incomplete", "in_progress"))
_COMMON: dict[str, Check] = {"id": optional(string(64, 1)), "object": anything, "type": anything, "status": _STATUS}
_ITEM = tagged(
    {
        "message": fields(
            {**_COMMON, "role": word("user", "system", "assistant"), "content": anything}, ("role", "content")
        ),
        "function_call": fields(
            {**_COMMON, "call_id": optional(string()), "name": string(), "arguments": string()}, ("name", "arguments")
        ),
        "function_call_output": fields({**_COMMON, "call_id": string(), "output": string()}, ("call_id", "output")),
    },
    ("message", "function_call", "function_call_output"),
)


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


class Item:
    """One item and what the machine knows of it beside its wire form.

    Attributes:
        shown: the item as events show it.
        audio_ms: of its audio.
        heard: the words of its audio, as the model hears them; None where it has none but what its parts say.
    """

    __slots__ = ("audio_ms", "heard", "shown")

    def __init__(self, shown: dict[str, Any], audio_ms: int = 0, heard: str | None = None) -> None:
        self.shown = shown
        self.audio_ms = audio_ms
        self.heard = heard

    @property
    def id(self) -> str:
        """Its id."""
        item_id: str = self.shown["id"]
        return item_id

    @property
    def is_user(self) -> bool:
        """Whether the user said it."""
        return self.shown.get("role") == "user"

    @property
    def text(self) -> str:
        """Everything it says."""
        if self.shown["type"] != "message":
            return str(self.shown.get("output") or self.shown.get("arguments") or "")
        said = [part.get("text") or part.get("transcript") or "" for part in self.shown["content"]]
        if self.heard is not None:
            # A transcript may be a text that stands for what was not understood.
            said = [part.get("text") or "" for part in self.shown["content"]] + [self.heard]
        return "\n".join(words for words in said if words)

    def tokens(self, vocabulary: Vocabulary, encoding: str) -> tuple[int, int]:
        """Text and audio tokens that it weighs when it is read."""
        if self.audio_ms:
            per_token = INPUT_MS_PER_TOKEN if self.is_user else OUTPUT_MS_PER_TOKEN
            return 0, -(-self.audio_ms // per_token)
        return vocabulary.count(self.text, encoding) + 3, 0


class Conversation:
    """Items in order."""

    def __init__(self, conversation_id: str) -> None:
        self.id = conversation_id
        self.items: list[Item] = []

    def find(self, item_id: object) -> int:
        """The place of an item.

        Raises:
            BadRequest: there is none of that id.
        """
        for place, item in enumerate(self.items):
            if item.id == item_id:
                return place
        raise errors.BadRequest(
            f"Error retrieving item: the item with id '{item_id}' does not exist.",
            code="item_retrieve_invalid_item_id",
            param="item_id",
        )

    def insert(self, item: Item, previous: str | None) -> str | None:
        """Put an item at the end, at the front (`root`) or behind another; returns the id before it.

        Raises:
            BadRequest: the id is taken, or the other item does not exist.
        """
        if any(other.id == item.id for other in self.items):
            raise errors.BadRequest(
                f"Error adding item: an item with the ID '{item.id}' already exists.",
                code="item_create_duplicate_item_id",
                param="item.id",
            )
        if previous is None:
            place = len(self.items)
        elif previous == "root":
            place = 0
        else:
            known = [other.id for other in self.items]
            if previous not in known:
                raise errors.BadRequest(
                    f"Error adding item: the previous item with id '{previous}' does not exist.",
                    code="item_create_invalid_previous_item_id",
                    param="previous_item_id",
                )
            place = known.index(previous) + 1
        self.items.insert(place, item)
        return self.items[place - 1].id if place else None
