"""Speech for tests in the control API: `/_understudy/say`."""

from typing import Annotated

from fastapi import FastAPI, Query, Response
from fastapi.responses import JSONResponse

from understudy.core.media import MediaUnavailable

_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "opus": "audio/ogg", "aac": "audio/aac"}


class _Sound(Response):
    """A file, for the documentation."""

    media_type = "application/octet-stream"


def add_saying(app: FastAPI, prefix: str) -> None:
    """Add the path to the control application.

    Args:
        app: of the control API.
        prefix: of all paths.
    """
    path = f"{prefix}/say"

    # No coroutine: speech takes its time, and others are answered meanwhile.
    @app.get(path, tags=["speech"], response_class=_Sound)
    def say(
        text: Annotated[str, Query(min_length=1, description="At most 4,096 characters.")],
        voice: Annotated[str, Query(description="One of the API's names.")] = "alloy",
        format: Annotated[
            str, Query(description="wav, mp3, flac, opus, aac; pcm16, g711_ulaw, g711_alaw for bare samples.")
        ] = "wav",
        rate: Annotated[int, Query(description="Samples a second, 8000 to 48000.")] = 24_000,
    ) -> Response:
        """A text said aloud by our own voices, which our own ear hears word for word."""
        from understudy.media.speech import say as spoken

        try:
            sound = spoken(text, voice, format, rate)
        except ValueError as problem:
            return JSONResponse({"error": f"GET {path}: {problem}."}, 400)
        except MediaUnavailable as missing:
            return JSONResponse({"error": f"GET {path}: {missing}"}, 501)
        return Response(sound, media_type=_TYPES.get(format, "application/octet-stream"))
