"""Videos that a project asked for: what is kept of them, and how far they are at some moment.

Nothing runs: status and progress are read off the clock, and the file is made when it is asked for.
"""

from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.clock import SECOND
from understudy.core.pacing import Pacing
from understudy.core.store import Store
from understudy.core.stored_files import Step, done
from understudy.core.video_plans import Segment, VideoPlan

KIND, FILE, CHARACTER = "video", "video.file", "video.character"
KEPT_FOR = 24 * 3_600
"""Seconds after which a finished video cannot be downloaded any more ("our choice")."""
_QUEUED = 5 * SECOND
"""Time in the queue ("our choice"); none where the server is set to no pacing."""
_WORK = {"sora-2": 10 * SECOND, "sora-2-pro": 20 * SECOND}
"""Work on one second of video ("our choice")."""
_SLOWEST_POLL, _FASTEST_POLL = 10_000, 100
"""Milliseconds ("our choice")."""


class Video(msgspec.Struct, frozen=True):
    """What is kept of a video.

    Attributes:
        id: `video_` and 48 hexadecimal digits.
        model: as it was asked for.
        price: name of the model's price.
        prompt, size, seconds: as asked for.
        created: microseconds since the epoch.
        queued, work: microseconds in the queue and of work.
        seed: of its picture.
        source: id of the video it remixes.
        refused: why it fails, empty when it does not.
        segments: of which it is made; empty for one of its prompt and length.
        upload, reference: names of kept files: a video that it begins with, a picture; empty for none.
        charged: seconds that are charged, None for all.
    """

    id: str
    model: str
    price: str
    prompt: str
    size: str
    seconds: int
    created: int
    queued: int
    work: int
    seed: bytes
    source: str | None = None
    refused: str = ""
    segments: tuple[Segment, ...] = ()
    upload: str = ""
    reference: str = ""
    charged: int | None = None

    @property
    def finished(self) -> int:
        """When it is done or has failed."""
        return self.created + self.queued + self.work

    @property
    def parts(self) -> tuple[Segment, ...]:
        """Its segments."""
        return self.segments or (Segment(self.prompt, self.seconds, self.seed),)

    def plan(self, upload: bytes, reference: bytes) -> VideoPlan:
        """What to film, with the kept files."""
        width, _, height = self.size.partition("x")
        return VideoPlan(int(width), int(height), self.parts, upload, reference)

    def status(self, now: int) -> str:
        """queued, in_progress, completed or failed."""
        if now >= self.finished:
            return "failed" if self.refused else "completed"
        return "in_progress" if now >= self.created + self.queued else "queued"

    def expired(self, now: int) -> bool:
        """Whether its file cannot be had any more."""
        return now >= self.finished + KEPT_FOR * SECOND

    def poll_after(self, now: int) -> int:
        """Milliseconds after which asking again is worth while (header `openai-poll-after-ms`)."""
        return max(_FASTEST_POLL, min(_SLOWEST_POLL, (self.finished - now) // 1_000))

    def shown(self, now: int) -> dict[str, Any]:
        """The object (OpenAPI document 2.3.0: all keys are required)."""
        status = self.status(now)
        done_at = self.finished // SECOND if status == "completed" else None
        progress = 100 * (now - self.created - self.queued) // self.work if self.work else 100
        error = {"code": "moderation_blocked", "message": self.refused} if status == "failed" else None
        return {
            "id": self.id,
            "object": "video",
            "created_at": self.created // SECOND,
            "status": status,
            "completed_at": done_at,
            "error": error,
            "expires_at": None if done_at is None else done_at + KEPT_FOR,
            "model": self.model,
            "progress": 100 if done_at is not None else max(0, min(progress, 99)),
            "prompt": self.prompt,
            "remixed_from_video_id": self.source,
            "seconds": str(self.seconds),
            "size": self.size,
        }

    def encoded(self) -> bytes:
        """As bytes for a store."""
        return _encode(self)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Video).decode


def durations(model: str, seconds: int, pacing: Pacing) -> tuple[int, int]:
    """Microseconds in the queue and of work; none at all without pacing.

    Args:
        model: its listed name.
        seconds: of the video.
        pacing: how long models take.
    """
    if not pacing.ttft:
        return 0, 0
    return _QUEUED, _WORK.get(model, _WORK["sora-2"]) * seconds


def not_found(id: str) -> errors.NotFound:
    """404 that names it (words "our choice")."""
    return errors.NotFound(f"Video with id '{id}' not found.", param="video_id", layer=errors.Layer.ENGINE)


def find(store: Store, account: Account, id: str) -> Step[Video]:
    """A video of the account's project; raises NotFound."""
    data = yield from done(store.kept(account, KIND, id))
    if data is None:
        raise not_found(id)
    return _decode(data)


def page(store: Store, account: Account, after: str | None, limit: int, *, newest_first: bool) -> Step[Any]:
    """Some of them, and whether others follow; raises NotFound of `after`."""
    # A store gives at least one.
    found = yield from done(store.kept_page(account, KIND, after, max(limit, 1), newest_first=newest_first))
    if found is None:
        raise not_found(after or "")
    videos = [_decode(data) for _, data in found.objects][:limit]
    return videos, found.has_more or len(found.objects) > limit


class Character(msgspec.Struct, frozen=True):
    """Somebody out of a video.

    Attributes:
        id: `char_` and 48 hexadecimal digits.
        name: given.
        created_at: seconds since the epoch.
    """

    id: str
    name: str
    created_at: int

    def shown(self) -> dict[str, Any]:
        """The object (OpenAPI document 2.3.0)."""
        return {"id": self.id, "name": self.name, "created_at": self.created_at}

    def encoded(self) -> bytes:
        """As bytes for a store."""
        return _encode(self)


_decode_character = msgspec.msgpack.Decoder(Character).decode


def find_character(store: Store, account: Account, id: str) -> Step[Character]:
    """A character of the account's project; raises NotFound (words "our choice")."""
    data = yield from done(store.kept(account, CHARACTER, id))
    if data is None:
        raise errors.NotFound(f"Character with id '{id}' not found.", param="character_id", layer=errors.Layer.ENGINE)
    return _decode_character(data)


def kept_file(store: Store, account: Account, name: str) -> Step[bytes]:
    """A file that a video is made of; raises NotFound where too much was kept since."""
    data = yield from done(store.kept(account, FILE, name)) if name else _nothing()
    if data is None:
        raise errors.NotFound("The file that this video was made of is no longer kept.", layer=errors.Layer.ENGINE)
    return data


def _nothing() -> Step[bytes | None]:
    yield from ()
    return b""
