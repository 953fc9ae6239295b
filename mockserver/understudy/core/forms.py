"""Forms as SDKs and `curl -F` send them (`multipart/form-data`): parts with names, some of them files."""

from typing import Protocol

import msgspec


class FormPart(msgspec.Struct, frozen=True):
    """One part.

    Attributes:
        name: of the field: `prompt`, `image[]`.
        value: its bytes.
        filename: of a file, None of an ordinary field.
        content_type: as the part says, None where it says nothing.
    """

    name: str
    value: bytes
    filename: str | None = None
    content_type: str | None = None


class BrokenForm(msgspec.Struct, frozen=True):
    """Why a body was not read as a form.

    Attributes:
        reason: `no_form`: the content type is another one; `no_boundary`; `broken`: cut off or malformed;
            `too_many_parts`.
    """

    reason: str


class FormReader(Protocol):
    """A hand that takes forms apart."""

    def read(self, content_type: str, body: bytes) -> list[FormPart] | BrokenForm:
        """The parts in their order, or why there are none; numbers and sizes of parts are bounded.

        Args:
            content_type: the request's header, with the boundary.
            body: all bytes.
        """
