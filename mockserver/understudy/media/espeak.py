"""espeak-ng through its C interface, from the package espeakng-loader, which carries library and voices.

The library keeps one state for the whole process, so one lock guards it.
"""

import ctypes
import threading
from functools import cache

from understudy.core.media import MediaUnavailable

_RETRIEVE = 1  # AUDIO_OUTPUT_RETRIEVAL: samples go to the callback, nothing is played
_UTF8 = 1  # espeakCHARS_UTF8
_NO_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_RATE, _PITCH, _RANGE = 1, 3, 4

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The synthesiser.

    Attributes:
        rate: samples a second that it makes.
    """

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise MediaUnavailable("Speech needs", "speech") from None
        self._lock = threading.Lock()
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        path = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(_RETRIEVE, 0, path, _NO_EXIT)
        if self.rate <= 0:
            raise MediaUnavailable("Speech could not start its synthesiser; reinstall", "speech")
        self._samples: list[bytes] = []
        # Kept alive with the object: the library calls it.
        self._callback = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def synthesise(self, text: str, voice: str, rate: int, pitch: int, pitch_range: int) -> bytes:
        """PCM, 16 bit, mono, at `self.rate`.

        Args:
            text: what is said.
            voice: espeak-ng language and variant, such as `en-us+f2`.
            rate: words a minute.
            pitch: 0 to 99.
            pitch_range: 0 to 99.
        """
        encoded = text.encode("utf-8", "replace")
        with self._lock:
            self._samples = []
            library = self._library
            if library.espeak_SetVoiceByName(voice.encode()) != 0:
                library.espeak_SetVoiceByName(b"en-us")
            library.espeak_SetParameter(_RATE, rate, 0)
            library.espeak_SetParameter(_PITCH, pitch, 0)
            library.espeak_SetParameter(_RANGE, pitch_range, 0)
            library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
            library.espeak_Synchronize()
            return b"".join(self._samples)

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: int | None) -> int:
        if samples and count > 0:
            self._samples.append(ctypes.string_at(samples, count * 2))
        return 0


@cache
def espeak() -> Espeak:
    """The process's synthesiser, started at its first use."""
    return Espeak()
