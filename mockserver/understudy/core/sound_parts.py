"""Sounds in messages: what is refused, how many tokens the rest comes to, and what it says.

A token for every 100 ms (OpenAI's guide to realtime costs), beside 4 text tokens: 3.72 s were 37 audio tokens beside 4
text tokens more than the words around had (recorded 2026-08).
"""

from binascii import Error, a2b_base64
from collections.abc import Mapping
from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.media import Heard, Media, UnreadableSound

HEARD_MS = 100
"""Milliseconds of an audio token."""
WRAPPING = 4
"""Text tokens around each sound, heard or said."""


def has_sound(message: Mapping[str, Any]) -> bool:
    """Whether a message holds a sound, or refers to one."""
    if message.get("audio") is not None:
        return True
    content = message.get("content")
    return type(content) is list and any(part.get("type") == "input_audio" for part in content)


def check_part(path: str, part: Mapping[str, Any], model: Model, media: Media) -> None:
    """Refuse a sound that cannot be heard.

    Args:
        path: as `messages[0].content[1]`.
        part: of type input_audio.
        model: who hears it.
        media: with what.

    Raises:
        BadRequest: the model hears nothing, or this is no such sound.
        MediaUnavailable: the extra is not installed.
    """
    if "audio" not in model.abilities:
        message = path.partition(".")[0]
        # Recorded six times (2024 to 2025).
        raise errors.BadRequest(
            f"Invalid '{message}'. Content blocks are expected to be either text or image_url type.",
            code="invalid_value",
            param=message,
        )
    stated: str = part["input_audio"]["format"]
    file = _file(part)
    heard = UnreadableSound("empty") if file is None else media.ear.listen(file)
    if isinstance(heard, Heard) and heard.format == stated:
        return
    if isinstance(heard, UnreadableSound) and heard.format == stated:
        # Reported 2026: it is what it says it is, but broken.
        raise errors.BadRequest(
            f"The data provided for 'input_audio' is not of valid {stated} format.",
            code="invalid_value",
            param=f"{path.replace('[', '.[')}.input_audio.data",
        )
    # Reported 2025 to 2026 of data URLs, of noise and of other containers than stated.
    raise errors.BadRequest(
        "This model does not support the format you provided.", code="unsupported_format", param="messages"
    )


def part_tokens(part: Mapping[str, Any], media: Media) -> int:
    """Tokens of a checked sound, with those around it."""
    return WRAPPING + audio_tokens(part, media)


def audio_tokens(part: Mapping[str, Any], media: Media) -> int:
    """Those of the sound alone; at least one."""
    heard = listened(part, media)
    return 0 if heard is None else max(heard.milliseconds // HEARD_MS, 1)


def listened(part: Mapping[str, Any], media: Media) -> Heard | None:
    """What is said in it; None for what `check_part` refuses."""
    file = _file(part)
    heard = None if file is None else media.ear.listen(file)
    return heard if isinstance(heard, Heard) else None


def _file(part: Mapping[str, Any]) -> bytes | None:
    try:
        return a2b_base64(part["input_audio"]["data"], strict_mode=True)
    except (Error, ValueError):
        return None
