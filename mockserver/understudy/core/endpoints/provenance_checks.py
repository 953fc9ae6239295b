"""`POST /v1/content_provenance_checks`: what the manifest that is really in a file says.

Source: the OpenAPI document 2026-08-21.
"""

from collections.abc import Generator
from typing import Any

from understudy.core import errors
from understudy.core.clock import SECOND
from understudy.core.endpoints.form_fields import read_form, single
from understudy.core.media import Media, Sound, UnreadablePicture
from understudy.core.serialise import pretty
from understudy.core.visits import Page, Visit


class ProvenanceChecks:
    """The operation: free, and limited by nothing that is known."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The results for one file; raises BadRequest."""
        yield from ()
        media = visit.simulator.media
        body = read_form(visit.request, media, files=("file",))
        for name in body:
            if name != "file":
                raise errors.unknown_parameter(name)
        part = single(body, "file")
        if part is None:
            raise errors.missing("file")
        if not part.value:
            raise errors.BadRequest("The file is empty.", code="empty_file", param="file")
        results = _of_picture(part.value, media)
        answer = {
            "object": "content_provenance_check",
            "created_at": visit.now // SECOND,
            "results": results,
        }
        return Page(pretty(answer))


def _of_picture(file: bytes, media: Media) -> list[dict[str, Any]]:
    """C2PA from the file; of the pixels' watermark nothing is ever found: Understudy writes none.

    A sound has results for the watermark alone.
    """
    watermark = {"type": "synthid", "outcome": "not_detected", "model": None, "generated_at": None}
    facts = media.reader.decode(file)
    if isinstance(facts, UnreadablePicture):
        if facts.reason == "unknown_format" and isinstance(media.codec.decode(file), Sound):
            return [watermark]
        raise errors.BadRequest(
            "The file could not be read as an image or audio file.", code="unsupported_file", param="file"
        )
    found = media.provenance.read(file)
    detected = found is not None and found.ours and found.state != "invalid"
    c2pa = {
        "type": "c2pa",
        "outcome": "detected" if detected else "not_detected",
        "validation_state": "not_present" if found is None else found.state,
        "issuer": None if found is None else found.issuer,
        "model": found.model if detected and found is not None else None,
        "generated_at": found.made_at if detected and found is not None else None,
    }
    return [c2pa, watermark]
