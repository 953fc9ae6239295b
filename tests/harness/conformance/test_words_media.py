import hashlib

import pytest

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case_inputs import PIXEL
from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import Slack
from understudy_harness.conformance.forms_media import items, vectors
from understudy_harness.conformance.protocol import Picture, Progress, Result
from understudy_harness.conformance.wire_log import BODY_KEPT
from understudy_harness.conformance.words import SEEN_IN_PROGRAMS, WORDS

CANARY = Canary("sk-canary-0123456789abcdef", "canary-1234")
"""That of the evidence."""


def met(written: str, evidence) -> bool:
    """Whether evidence meets an expectation as written."""
    return parse_expectation(written, WORDS).met(evidence, Slack())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_final_pictures_are_told_by_their_bytes_or_their_address(make_evidence) -> None:
    """Partial ones are none of them."""
    pictures = [Picture("a", partial=0), Picture(CANARY.sha256), Picture(url="http://x/1")]
    evidence = make_evidence(result=Result(pictures=pictures))
    assert met("pictures == 2 and picture.sha256(1) == ok.sha256 and picture.url(2) == 'http://x/1'", evidence)
    assert not met("picture.sha256(2) != 'x' or picture.sha256(3) != 'x'", evidence)
    assert met("pictures == 0", make_evidence())


@pytest.mark.parametrize(("index", "data", "true"), [(1, 1, True), (1, 0, False), (3, 1, False)])
def test_a_partial_picture_is_the_one_of_its_index(index: int, data: int, true: bool, make_evidence) -> None:
    """Whatever order they come in; without any there is nothing wrong."""
    shown = [(0.1, Progress(1, "picture", index=index, sha256=sha256(CANARY.partial(data))))]
    assert met("partials_true", make_evidence(progress=shown)) is true
    assert met("partials_true", make_evidence())


def test_vectors_are_compared_as_32_bits(make_evidence) -> None:
    """Longer decimals of the same number are the same; one bit more, one number less, or none at all is not."""
    right = vectors(CANARY)
    assert met("vectors_exact", make_evidence(result=Result(vectors=right)))
    longer = [[float(f"{number:.12g}") for number in vector] for vector in right]
    assert met("vectors_exact", make_evidence(result=Result(vectors=longer)))
    wrong = [[[*right[0][:-1], right[0][-1] * 1.0000002], right[1]], [right[0][:-1], right[1]], right[:1], []]
    wrong += [[[None, *right[0][1:]], right[1]], [[1e300, *right[0][1:]], right[1]]]
    for told in (*wrong, None):
        assert not met("vectors_exact", make_evidence(result=Result(vectors=told)))


def test_sounds_and_lists_are_told_whole(make_evidence) -> None:
    """By a digest, and by their ids in order."""
    evidence = make_evidence(result=Result(bytes_sha256=CANARY.sha256, items=items(CANARY)))
    assert met("bytes_sha256 == ok.sha256 and items == ok.items", evidence)
    assert not met("items == ok.items", make_evidence(result=Result(items=items(CANARY)[:-1])))
    assert not met("items == ok.items or bytes_sha256 == ok.sha256", make_evidence())


def form(*contents: bytes, boundary: str = "b") -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of a form with a file for each content."""
    head = 'Content-Disposition: form-data; name="image[]"; filename="a.png"\r\nContent-Type: image/png'
    parts = [f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for content in contents]
    return [("Content-Type", f"multipart/form-data; boundary={boundary}")], b"".join(parts) + f"--{boundary}--".encode()


def sending(make_evidence, *forms: tuple[list[tuple[str, str]], bytes]):
    """Evidence of requests with forms."""
    evidence = make_evidence([(number, number + 0.5) for number in range(len(forms))])
    for exchange, (headers, body) in zip(evidence.log.exchanges, forms, strict=True):
        exchange.headers, exchange.body, exchange.body_size = headers, bytearray(body[:BODY_KEPT]), len(body)
    return evidence


def test_files_are_read_out_of_a_request(make_evidence) -> None:
    """They are the driver's own when every byte is."""
    evidence = sending(make_evidence, form(PIXEL, PIXEL), form(PIXEL.replace(b"\r\n", b"\n")), ([], b"{}"))
    assert met("uploads(1) == 2 and files_given(1) and uploads(2) == 1", evidence)
    assert not met("files_given(2) or files_given(3) or files_given(4) or uploads(3) == 0", evidence)


def test_files_are_kept_when_each_try_has_those_of_the_first(make_evidence) -> None:
    """Boundaries may change, files may not, and none may be empty."""
    assert met("files_kept", sending(make_evidence, form(PIXEL, b"x"), form(PIXEL, b"x", boundary="other")))
    for second in (form(b"", b""), form(PIXEL), form(b"x", PIXEL), ([], b"")):
        assert not met("files_kept", sending(make_evidence, form(PIXEL, b"x"), second))
    assert not met("files_kept", sending(make_evidence, form(b""), form(b"")))
    assert not met("files_kept", make_evidence())
    large = b"x" * BODY_KEPT
    assert met("files_kept", sending(make_evidence, form(large), form(large, boundary="other")))
    assert not met("files_kept", sending(make_evidence, form(large), form(b"")))


def test_of_a_program_only_what_the_wire_shows_is_known() -> None:
    """It sends files of its own, and tells nobody what it was given."""
    assert {"uploads", "files_kept"} <= SEEN_IN_PROGRAMS
    assert not {"files_given", "pictures", "vectors_exact", "items"} & SEEN_IN_PROGRAMS
