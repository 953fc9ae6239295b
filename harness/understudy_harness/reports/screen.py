"""Where people read: lines that stay, and on a terminal one line below them that is redrawn in place."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from typing import TextIO

_ERASED = "\r\x1b[K"
_STYLES = {"good": "32", "second": "33", "bad": "1;31", "odd": "35", "faint": "2", "strong": "1"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Screen:
    """Writes to a terminal or to a log; a log gets neither colours nor the line that is redrawn.

    Args:
        stream: where to.
        environment: NO_COLOR (https://no-color.org) turns colours off, and TERM=dumb the redrawing, too.
    """

    def __init__(self, stream: TextIO, environment: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        # Of the consoles of Windows, only the newer terminal understands the codes without being asked to.
        capable = sys.platform != "win32" or "WT_SESSION" in environment
        self.live = stream.isatty() and environment.get("TERM") != "dumb" and capable
        self.coloured = self.live and not environment.get("NO_COLOR")
        self._status = ""

    def line(self, text: str = "") -> None:
        """Write lines that stay. What a client said cannot move the cursor: control characters are made visible."""
        status, self._status = self._status, ""
        self._write((_ERASED if status else "") + text + "\n" + self._drawn(status))
        self._status = status

    def status(self, text: str) -> None:
        """Redraw the line below, empty for none; nothing in a log."""
        if self.live and text != self._status:
            self._write((_ERASED if self._status else "") + self._drawn(text))
            self._status = text

    def paint(self, text: str, style: str) -> str:
        """Give a text a colour, where there are any.

        Args:
            text: without control characters.
            style: one of good, second, bad, odd, faint, strong.
        """
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.coloured else text

    def _drawn(self, text: str) -> str:
        room = shutil.get_terminal_size().columns - 1
        return text if len(text) <= room else text[: max(room - 1, 0)] + "…"

    def _write(self, text: str) -> None:
        # A log in an old code page must not end the run.
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()


def plain(text: str) -> str:
    """A text from outside, with its control characters made visible, so that it cannot move a cursor."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
