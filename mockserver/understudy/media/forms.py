"""Forms taken apart by python-multipart, within bounds."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from understudy.core.forms import BrokenForm, FormPart

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_ParseOptions = Callable[[str | bytes | None], tuple[bytes, dict[bytes, bytes]]]

MOST_PARTS = 1_000
"""Parts of one form; no operation takes more than a few dozen ("our choice")."""
HEAD_LIMIT = 8 * 1024
"""Bytes of one part's headers ("our choice")."""


class MultipartReader:
    """A `FormReader`; bodies are as large as the server let them in."""

    def read(self, content_type: str, body: bytes) -> list[FormPart] | BrokenForm:
        """See `core.forms.FormReader`."""
        from python_multipart.multipart import MultipartParser, parse_options_header

        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            return BrokenForm("no_form")
        boundary = options.get(b"boundary")
        if not boundary:
            return BrokenForm("no_boundary")
        parts = _Parts(parse_options_header)
        try:
            parser = MultipartParser(boundary, parts.callbacks())
            parser.write(body)
            parser.finalize()
        except _TooManyParts:
            return BrokenForm("too_many_parts")
        # Its own errors are ValueErrors; a head that is no text, or has no name, is refused here.
        except ValueError:
            return BrokenForm("broken")
        return parts.made if parts.ended else BrokenForm("broken")


class _TooManyParts(Exception):
    """More than are read."""


class _Parts:
    """The parts as the parser comes upon them.

    Attributes:
        made: those that are whole.
        ended: whether the closing boundary was seen.
    """

    def __init__(self, parse_options: _ParseOptions) -> None:
        self.made: list[FormPart] = []
        self.ended = False
        self._parse_options = parse_options
        self._begin()

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_part_end": self._end_of_part,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._end_of_header,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.made) >= MOST_PARTS:
            raise _TooManyParts
        self._name = bytearray()
        self._value = bytearray()
        self._head: dict[bytes, bytes] = {}
        self._head_size = 0
        self._content: list[bytes] = []

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += self._counted(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += self._counted(data[start:end])

    def _counted(self, data: bytes) -> bytes:
        self._head_size += len(data)
        if self._head_size > HEAD_LIMIT:
            raise ValueError("a part's head is too long")
        return data

    def _end_of_header(self) -> None:
        self._head[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._content.append(data[start:end])

    def _end_of_part(self) -> None:
        _, options = self._parse_options(self._head.get(b"content-disposition", b""))
        name = options.get(b"name")
        if not name:
            raise ValueError("a part without a name")
        filename = options.get(b"filename")
        kind = self._head.get(b"content-type")
        self.made.append(
            FormPart(
                name.decode(),
                b"".join(self._content),
                None if filename is None else filename.decode(),
                None if kind is None else kind.decode("latin-1"),
            )
        )
        self._content = []

    def _end(self) -> None:
        self.ended = True
