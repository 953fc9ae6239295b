"""espeak-ng through its C interface, from the package espeakng-loader, which carries library and voices.

The library keeps the phase of its vibrato and its random numbers in static variables, which neither a new voice nor a
restart resets: what it says would depend on what it said before. So each text gets the library freshly loaded and
seeded, and unloaded again, which costs some two milliseconds. Where a system cannot unload a library (musl), speech
sounds the same but differs in its bytes. One lock guards it: there is one library for the whole process.
"""

import ctypes
import sys
import threading
from functools import cache
from typing import Any

from understudy.core.media import MediaUnavailable

_RETRIEVE = 1  # AUDIO_OUTPUT_RETRIEVAL: samples go to the callback, nothing is played
_UTF8 = 1  # espeakCHARS_UTF8
_NO_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_RATE, _PITCH, _RANGE = 1, 3, 4

_Samples = ctypes.POINTER(ctypes.c_short)
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, _Samples, ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The synthesiser.

    Attributes:
        rate: samples a second that it makes.
    """

    rate = 22_050

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise MediaUnavailable("Speech needs", "speech") from None
        self._library_path: str = espeakng_loader.get_library_path()
        self._data_path: bytes = espeakng_loader.get_data_path().encode()
        self._lock = threading.Lock()

    def synthesise(self, text: str, voice: str, rate: int, pitch: int, pitch_range: int) -> bytes:
        """PCM, 16 bit, mono, at `self.rate`.

        Args:
            text: what is said.
            voice: espeak-ng language and variant, such as `en-us+f2`.
            rate: words a minute.
            pitch: 0 to 99.
            pitch_range: 0 to 99.

        Raises:
            MediaUnavailable: the synthesiser does not start.
        """
        encoded = text.encode("utf-8", "replace")
        with self._lock:
            library = ctypes.CDLL(self._library_path)
            try:
                return self._speak(library, encoded, voice, rate, pitch, pitch_range)
            finally:
                _unload(library)

    def _speak(self, library: Any, encoded: bytes, voice: str, rate: int, pitch: int, pitch_range: int) -> bytes:
        samples: list[bytes] = []

        def take(wave: Any, count: int, events: int | None) -> int:
            if wave and count > 0:
                samples.append(ctypes.string_at(wave, count * 2))
            return 0

        callback = _Callback(take)
        if library.espeak_Initialize(_RETRIEVE, 0, self._data_path, _NO_EXIT) != self.rate:
            raise MediaUnavailable("Speech could not start its synthesiser; reinstall", "speech")
        library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            library.espeak_SetVoiceByName(b"en-us")
        library.espeak_SetParameter(_RATE, rate, 0)
        library.espeak_SetParameter(_PITCH, pitch, 0)
        library.espeak_SetParameter(_RANGE, pitch_range, 0)
        library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        library.espeak_Terminate()
        return b"".join(samples)


def _unload(library: Any) -> None:
    handle = ctypes.c_void_p(library._handle)
    if sys.platform == "win32":
        ctypes.windll.kernel32.FreeLibrary(handle)
    else:
        ctypes.CDLL(None).dlclose(handle)


@cache
def espeak() -> Espeak:
    """The process's synthesiser."""
    return Espeak()
