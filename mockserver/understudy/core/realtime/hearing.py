"""What a session hears: the words of the user's audio, for the model, and as a transcript where that is asked for.

The ear understands speech that Understudy made, word for word; everything else has a text that stands for it. The
model hears it whether a transcript is wanted or not, as a model does that takes audio itself. Events and fields from
the OpenAPI document 2026-08-21; a transcript is told as soon as its audio was committed ("our choice": the real one
comes before or after the response's events).
"""

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.media import Heard, Media, MediaUnavailable, Sound
from understudy.core.parameters import anything, fields, optional, string
from understudy.core.realtime.sound_formats import PCM, SoundFormat

TRANSCRIPTION = fields(
    {"model": optional(string()), "language": optional(string()), "prompt": optional(string(1_024)), "delay": anything}
)
"""Of `session.audio.input.transcription`; the length of its prompt as reported in 2026-08."""
DEFAULT_TRANSCRIBER = "gpt-4o-mini-transcribe"
"""Where none is named ("our choice")."""
TRANSCRIBER = "session.audio.input.transcription.model"
"""Where one is named."""
_BY_DURATION = "whisper"
"""In the names of models that are charged by the second, and whose transcript comes in one piece."""


def hear(samples: bytes, media: Media, sound_format: SoundFormat = PCM) -> Heard | None:
    """What is said; None where the extra for sound is not installed."""
    try:
        if sound_format is PCM:
            return media.ear.hear(Sound(samples, PCM.rate, PCM.name))
        sound = media.codec.decode(samples, PCM.rate, raw=sound_format.name, raw_rate=sound_format.rate)
        return media.ear.hear(sound) if isinstance(sound, Sound) else None
    except MediaUnavailable:
        return None


def is_sentence(heard: Heard | None) -> bool:
    """Whether what was said is finished; of what is not understood nobody knows better ("our choice")."""
    return not understood(heard) or understood(heard).rstrip("\"')]» ").endswith((".", "!", "?", "。", "！", "？"))


def understood(heard: Heard | None) -> str:
    """The words, empty where there are none that are known."""
    return heard.text if heard is not None and heard.understood else ""


def check_model(name: str, model: Model | None, param: str = TRANSCRIBER) -> Model:
    """The model that transcribes; raises BadRequest of any other, which names the parameter."""
    if model is None or model.endpoints.isdisjoint(("transcriptions", "realtime_transcription")):
        raise errors.BadRequest(
            f"Invalid value: '{name}' is not a transcription model.",
            code="invalid_value",
            param=param,
        )
    return model
