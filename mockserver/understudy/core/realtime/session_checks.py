"""What a session is refused for though no field of it is wrong alone: the same at every door."""

from collections.abc import Callable, Mapping
from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.realtime.hearing import check_model
from understudy.core.realtime.session_options import check_token_limits

_STREAMS = ("gpt-realtime-whisper",)
_NESTED = {"transcription": "audio.input.transcription.model", "turn_detection": "audio.input.turn_detection"}
_FLAT = {"transcription": "input_audio_transcription.model", "turn_detection": "turn_detection"}
"""How the interfaces name the fields."""


def check_fit(
    given: Mapping[str, Any],
    session: Mapping[str, Any],
    model: Model | None,
    find_model: Callable[[str], Model | None],
    *,
    path: str = "session.",
    beta: bool = False,
) -> None:
    """Refuse a configuration that does not fit its models.

    Args:
        given: what is to be set, by the names of the GA interface; its fields were checked.
        session: the session as it would then be.
        model: that answers; None where nothing does.
        find_model: by name, as the account may use it.
        path: before the names of fields in errors.
        beta: whether the client wrote it by the names of the beta interface.

    Raises:
        BadRequest: a transcription model that is none, one that streams beside detected turns, or a limit of tokens
            above what the model can read.
    """
    names = _FLAT if beta else _NESTED
    wanted = ((given.get("audio") or {}).get("input") or {}).get("transcription") or {}
    if wanted.get("model") is not None:
        check_model(wanted["model"], find_model(wanted["model"]), f"{path}{names['transcription']}")
    if model is not None:
        check_token_limits(given.get("truncation"), model, path)
    hears = session["audio"]["input"]
    transcriber = (hears["transcription"] or {}).get("model")
    if transcriber in _STREAMS and hears["turn_detection"] is not None:
        # OpenAI's guide; the words are "our choice".
        raise errors.BadRequest(
            f"Turn detection is not supported with the transcription model '{transcriber}'. Set turn_detection to "
            "null.",
            code="invalid_value",
            param=f"{path}{names['turn_detection']}",
        )
