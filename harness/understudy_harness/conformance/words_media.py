"""Words about pictures, vectors, sound and lists, and about the files that a request carries."""

import hashlib
import struct
from collections.abc import Sequence
from functools import partial
from typing import Any

from understudy.core.forms import BrokenForm, FormPart
from understudy_harness.conformance.case_inputs import PIXEL
from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.expectations import Kind, Part, Word
from understudy_harness.conformance.forms_media import items, vectors
from understudy_harness.conformance.protocol import Picture
from understudy_harness.conformance.uploads import files_in
from understudy_harness.conformance.wire_log import BODY_KEPT, Exchange

_wire = partial(Word, part=Part.WIRE)
_report = partial(Word, part=Part.REPORT)
_standard = partial(Word, part=Part.STANDARD, parameters=())


def _pictures(evidence: Evidence) -> list[Picture]:
    """The final ones."""
    told = [] if evidence.result is None else evidence.result.pictures
    return [picture for picture in told if picture.partial is None]


def _picture(evidence: Evidence, number: int, field: str) -> Any:
    told = _pictures(evidence)
    return getattr(told[number - 1], field) if number <= len(told) else None


def _partials_true(evidence: Evidence) -> bool:
    """Whether each partial picture that the application was shown is the one of its index."""
    call = evidence.call
    shown = [(line.index, line.sha256) for _, line in call.progress if line.event == "picture"]
    return all(digest == hashlib.sha256(call.canary.partial(index)).hexdigest() for index, digest in shown)


def _vectors_exact(evidence: Evidence) -> bool:
    """Whether the vectors are those that were sent, each number the same 32 bits."""
    told = None if evidence.result is None else evidence.result.vectors
    return told is not None and list(map(_bits, told)) == list(map(_bits, vectors(evidence.canary)))


def _bits(vector: Sequence[float | None]) -> bytes | None:
    """The numbers as 32 bits each; None where one of them is no such number."""
    try:
        return struct.pack(f"<{len(vector)}f", *vector)
    except (OverflowError, struct.error):
        return None


def _items(evidence: Evidence) -> str | None:
    told = None if evidence.result is None else evidence.result.items
    return None if told is None else " ".join(told)


def _files(exchange: Exchange | None) -> list[FormPart] | None:
    """The files of a request; None where it is no form, or larger than what is kept of it."""
    if exchange is None or exchange.body_size > BODY_KEPT:
        return None
    read = files_in(exchange.header("content-type") or "", bytes(exchange.body))
    return None if isinstance(read, BrokenForm) else read


def _uploads(evidence: Evidence, number: int) -> int | None:
    files = _files(evidence.exchange(number))
    return None if files is None else len(files)


def _files_given(evidence: Evidence, number: int) -> bool:
    """Whether the files of a request are, byte for byte, those that the driver was given."""
    files = _files(evidence.exchange(number)) or []
    return bool(files) and all(file.value == PIXEL for file in files)


def _files_kept(evidence: Evidence) -> bool:
    """Whether every request has the same files as the first, and that has some, none of them empty."""
    if not evidence.log.exchanges:
        return False
    first, *others = evidence.log.exchanges
    if first.body_size > BODY_KEPT:
        # Of so large a form only the beginning is there; boundaries may be of other lengths.
        return all(abs(other.body_size - first.body_size) < _BOUNDARIES for other in others)
    contents = _contents(first)
    return bool(contents) and all(contents or ()) and all(_contents(other) == contents for other in others)


def _contents(exchange: Exchange) -> list[bytes] | None:
    files = _files(exchange)
    return None if files is None else [file.value for file in files]


_BOUNDARIES = 1024


MEDIA_WIRE_WORDS: dict[str, Word] = {
    "uploads": _wire(Kind.NUMBER, help="files in the form of request k", read=_uploads, parameters=(Kind.PLACE,)),
    "files_kept": _wire(
        Kind.TRUTH, help="all requests have the same files, byte for byte", read=_files_kept, parameters=()
    ),
}
"""Those that can be seen whatever makes the call."""

MEDIA_WORDS: dict[str, Word] = {
    **MEDIA_WIRE_WORDS,
    "files_given": _wire(
        Kind.TRUTH, help="the files of request k are those that the driver was given, byte for byte",
        read=_files_given, parameters=(Kind.PLACE,),
    ),
    "pictures": _report(Kind.NUMBER, help="final pictures", read=lambda seen: len(_pictures(seen)), parameters=()),
    "picture.sha256": _report(
        Kind.TEXT, help="SHA-256 of the bytes of final picture k, in hexadecimal", parameters=(Kind.PLACE,),
        read=lambda seen, k: _picture(seen, k, "sha256"),
    ),
    "picture.url": _report(
        Kind.TEXT, help="where final picture k is", parameters=(Kind.PLACE,),
        read=lambda seen, k: _picture(seen, k, "url"),
    ),
    "partials_true": _report(
        Kind.TRUTH, help="each partial picture that was shown is the one of its index", read=_partials_true,
        parameters=(),
    ),
    "vectors_exact": _report(
        Kind.TRUTH, help="the vectors are those that were sent, to the bit", read=_vectors_exact, parameters=()
    ),
    "bytes_sha256": _report(
        Kind.TEXT, help="SHA-256 of the sound, in hexadecimal", parameters=(),
        read=lambda seen: None if seen.result is None else seen.result.bytes_sha256,
    ),
    "items": _report(Kind.TEXT, help="the ids of the list, with spaces between", read=_items, parameters=()),
    "ok.items": _standard(Kind.TEXT, help="all ids in order", read=lambda seen: " ".join(items(seen.canary))),
}  # fmt: skip
"""Each with what it reads."""
