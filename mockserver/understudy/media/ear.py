"""An ear that hears what Understudy itself said, and says of everything else how long it was."""

import threading
from collections import OrderedDict
from hashlib import blake2b

from understudy.core.media import Heard, Sound, SoundCodec, UnreadableSound

RATE = 24_000
"""Samples a second at which it listens."""
REMEMBERED = 256
"""Files whose content is remembered, since a conversation sends the same ones again and again ("our choice")."""
UNDETERMINED = "und"
"""The language of what is not understood (ISO 639-2)."""


class WatermarkEar:
    """Hears speech of `EspeakSpeaker` (extra `speech`)."""

    def __init__(self, codec: SoundCodec) -> None:
        self._codec = codec
        self._remembered: OrderedDict[bytes, Heard | UnreadableSound] = OrderedDict()
        self._lock = threading.Lock()

    def listen(self, file: bytes) -> Heard | UnreadableSound:
        """What is said in a file, or why it cannot be heard.

        Raises:
            MediaUnavailable: the extra is not installed.
        """
        digest = blake2b(file, digest_size=16).digest()
        with self._lock:
            if digest in self._remembered:
                self._remembered.move_to_end(digest)
                return self._remembered[digest]
        sound = self._codec.decode(file, RATE)
        heard = self.hear(sound) if isinstance(sound, Sound) else sound
        with self._lock:
            self._remembered[digest] = heard
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return heard

    def hear(self, sound: Sound) -> Heard:
        """What is said.

        Raises:
            MediaUnavailable: the extra is not installed.
        """
        return Heard(placeholder(sound.milliseconds), sound.milliseconds, sound.format)


def placeholder(milliseconds: int) -> str:
    """What stands for sound that is not understood ("our choice")."""
    return f"[audio of {milliseconds / 1_000:.1f} seconds in an undetermined language]"
