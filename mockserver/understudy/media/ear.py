"""An ear that hears what Understudy itself said, and says of everything else how long it was."""

import threading
from collections import OrderedDict
from hashlib import blake2b

from understudy.core.media import Heard, Sound, SoundCodec, UnreadableSound
from understudy.core.replies.languages import language_of
from understudy.media.codecs import resampled
from understudy.media.ear_code import Code
from understudy.media.ear_mark import NUMBERS, RATE, Packet, find

REMEMBERED = 256
"""Files whose content is remembered, since a conversation sends the same ones again and again ("our choice")."""
INAUDIBLE = b"[inaudible]"
"""Stands for words that are damaged beyond reading, or missing between others ("our choice")."""


class WatermarkEar:
    """Hears speech of `EspeakSpeaker` (extra `speech`)."""

    def __init__(self, codec: SoundCodec) -> None:
        self._codec = codec
        self._code = Code()
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
        packets = find(resampled(sound.samples, sound.rate, RATE), self._code)
        if all(packet.text is None for packet in packets):
            return Heard(placeholder(sound.milliseconds), sound.milliseconds, sound.format)
        text, whole = _joined(packets)
        return Heard(text, sound.milliseconds, sound.format, whole, language_of(text))


def _joined(packets: list[Packet]) -> tuple[str, bool]:
    """The words of all packets, and whether all are there; utterances that follow each other are parted by a space.

    What is missing before the first and behind the last was perhaps cut away, and heard in another turn.
    """
    text = b""
    whole = True
    before: Packet | None = None
    for packet in packets:
        if before is not None:
            missed = packet.number != (0 if before.last else (before.number + 1) % NUMBERS)
            if (before.last or before.text is None or missed) and not text[-1:].isspace():
                text += b" "
            if missed:
                whole = False
                text += INAUDIBLE + b" "
        whole = whole and packet.text is not None
        text += INAUDIBLE if packet.text is None else packet.text
        before = packet
    return text.decode("utf-8", "replace"), whole


def placeholder(milliseconds: int) -> str:
    """What stands for sound that is not understood ("our choice")."""
    return f"[audio of {milliseconds / 1_000:.1f} seconds in an undetermined language]"
