"""The conversation of a session: items in order, what they say, and what they weigh in tokens."""

from typing import Any, NamedTuple

from understudy.core import errors
from understudy.core.media import Vocabulary
from understudy.core.realtime.item_sounds import ItemSound
from understudy.core.realtime.sound_formats import SoundFormat

INPUT_MS_PER_TOKEN = 100
OUTPUT_MS_PER_TOKEN = 50
"""One token for 100 ms of the user's audio, for 50 ms of the assistant's (OpenAI realtime cost guide)."""
SOUND_KEPT = 16 * 1024 * 1024
"""Bytes of sound of all items together that can be retrieved, the newest ones ("our choice": some six minutes)."""
MOST_ITEMS = 10_000
MOST_BYTES = 64 * 1024 * 1024
"""Items that one conversation holds, and characters of texts and pictures in all of them ("our choice")."""
_AROUND = 3
"""Tokens around the text of an item, as around a message of chat ("our choice")."""


class Tokens(NamedTuple):
    """Tokens by kind."""

    text: int = 0
    audio: int = 0
    image: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.text + self.audio + self.image


def added(tokens: list[Tokens]) -> Tokens:
    """The sum of tokens, kind by kind."""
    return Tokens(*(sum(each[kind] for each in tokens) for kind in range(3)))


class Item:
    """One item and what the machine knows of it beside its wire form.

    Attributes:
        shown: the item as events show it.
        audio_ms: of its audio.
        heard: the words of its audio, as the model hears them; None where it has none but what its parts say.
        image_tokens: of its pictures.
        sounds: its audio by the place of its part, as long as it is kept.
        dropped: whether it is no longer read, because the conversation has become too long.
    """

    __slots__ = ("_counted", "audio_ms", "dropped", "heard", "image_tokens", "shown", "sounds")

    def __init__(
        self,
        shown: dict[str, Any],
        audio_ms: int = 0,
        heard: str | None = None,
        image_tokens: int = 0,
        sounds: dict[int, ItemSound] | None = None,
    ) -> None:
        self.shown = shown
        self.audio_ms = audio_ms
        self.heard = heard
        self.image_tokens = image_tokens
        self.sounds = sounds or {}
        self.dropped = False
        self._counted: tuple[str, int] | None = None

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

    @property
    def size(self) -> int:
        """Characters of its texts and pictures."""
        if self.shown["type"] != "message":
            return sum(len(value) for value in self.shown.values() if isinstance(value, str))
        return sum(len(value) for part in self.shown["content"] for value in part.values() if isinstance(value, str))

    @property
    def sound_size(self) -> int:
        """Bytes of its audio that are held in memory."""
        return sum(sound.kept for sound in self.sounds.values())

    def truncate(self, place: int, end_ms: int, sound_format: SoundFormat) -> None:
        """Forget what nobody has heard: sound after so many milliseconds of a part, and all of its transcript.

        The client knows what was heard of it, the server does not know which words that were.
        """
        self.audio_ms = end_ms
        if place in self.sounds:
            self.sounds[place] = self.sounds[place].cut(end_ms * sound_format.bytes_per_ms)
        self.shown["content"][place]["transcript"] = ""

    def tokens(self, vocabulary: Vocabulary, encoding: str) -> Tokens:
        """What it weighs when it is read: sound is read as sound, its transcript is not."""
        per_token = INPUT_MS_PER_TOKEN if self.is_user else OUTPUT_MS_PER_TOKEN
        written = self._written()
        if self._counted is None or self._counted[0] != written:
            self._counted = written, vocabulary.count(written, encoding)
        text = self._counted[1]
        if text or not (self.audio_ms or self.image_tokens):
            text += _AROUND
        return Tokens(text, -(-self.audio_ms // per_token), self.image_tokens)

    def _written(self) -> str:
        if self.shown["type"] == "message" and self.audio_ms:
            return "\n".join(part["text"] for part in self.shown["content"] if part.get("text"))
        return self.text


class Conversation:
    """Items in order."""

    def __init__(self, conversation_id: str) -> None:
        self.id = conversation_id
        self.items: list[Item] = []
        self._size = 0  # when they were inserted
        self._sizes: dict[str, int] = {}

    def find(self, item_id: object, doing: str = "retriev") -> int:
        """The place of an item.

        Args:
            item_id: of it.
            doing: what cannot be done without it: retriev, delet, truncat (recorded, with a code of its own each).

        Raises:
            BadRequest: there is none of that id.
        """
        for place, item in enumerate(self.items):
            if item.id == item_id:
                return place
        raise errors.BadRequest(
            f"Error {doing}ing item: the item with id '{item_id}' does not exist.",
            code=f"item_{doing}e_invalid_item_id",
        )

    def has_call(self, call_id: str) -> bool:
        """Whether a function was called under this id."""
        return any(item.shown["type"] == "function_call" and item.shown["call_id"] == call_id for item in self.items)

    def require_room(self, item: Item) -> None:
        """Refuse an item of the client that is too much; what is said or spoken has always room.

        Raises:
            BadRequest: there are too many items, or too much in them.
        """
        if len(self.items) >= MOST_ITEMS or self._size + item.size > MOST_BYTES:
            raise errors.BadRequest(
                f"Error adding item: a conversation holds at most {MOST_ITEMS} items and {MOST_BYTES} characters.",
                code="item_create_conversation_full",
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
        self._sizes[item.id] = item.size
        self._size += item.size
        self.forget_sounds()
        return self.items[place - 1].id if place else None

    def remove(self, place: int) -> None:
        """Take an item out."""
        self._size -= self._sizes.pop(self.items.pop(place).id)

    def forget_sounds(self) -> None:
        """Keep the sound of the newest items alone, as far as there is room."""
        kept = 0
        for item in reversed(self.items):
            kept += item.sound_size
            if kept > SOUND_KEPT:
                item.sounds.clear()
