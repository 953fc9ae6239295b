import base64
import json
import struct

import pytest

from understudy.core.messages import Request
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case_script import CaseScript
from understudy_harness.conformance.forms_media import items, shortest, vectors

CANARY = Canary("sk-canary-1", "canary-1234")


def answer(operation: str, path: str, body: bytes = b"{}", query: bytes = b"", name: str = "ok") -> bytes:
    """The body of an answer."""
    script = CaseScript("made", [{"answer": name}], operation, {}, CANARY, 1_700_000_000)
    fault = script.next(Request("POST", f"/v1{path}", {}, body, query), "", "", 0)
    assert fault is not None
    given = fault.answer(0)
    assert given is not None
    return given.body


def test_a_picture_is_the_bytes_of_the_run() -> None:
    """As the official types have it, in strict mode."""
    types = pytest.importorskip("openai.types")
    told = types.ImagesResponse.model_validate_json(answer("image", "/images/generations"), strict=True)
    assert [base64.b64decode(one.b64_json) for one in told.data] == [CANARY.data]


def test_a_streamed_picture_comes_after_its_partial_ones() -> None:
    """Each with its index; the official types take the events."""
    types = pytest.importorskip("openai.types")
    adapter = pytest.importorskip("pydantic").TypeAdapter(types.ImageGenStreamEvent)
    body = answer("image.stream", "/images/generations", b'{"stream": true}').decode()
    events = [adapter.validate_json(line[6:]) for line in body.splitlines() if line.startswith("data: ")]
    assert [event.type.rpartition(".")[2] for event in events] == ["partial_image", "partial_image", "completed"]
    told = [base64.b64decode(event.b64_json) for event in events]
    assert told == [CANARY.partial(0), CANARY.partial(1), CANARY.data]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]


@pytest.mark.parametrize(
    ("asked", "name", "in_base64"),
    [(b"{}", "ok", False), (b'{"encoding_format": "base64"}', "ok", True), (b'{"encoding_format": "base64"}', "ok_floats", False)],
)  # fmt: skip
def test_vectors_come_as_they_are_asked_for(asked: bytes, name: str, in_base64: bool) -> None:
    """To the bit either way; or as a list all the same, where a case wants that."""
    data = [one["embedding"] for one in json.loads(answer("embed", "/embeddings", asked, name=name))["data"]]
    assert all(isinstance(each, str) is in_base64 for each in data)
    packed = [base64.b64decode(each) if in_base64 else struct.pack(f"<{len(each)}f", *each) for each in data]
    assert packed == [struct.pack(f"<{len(each)}f", *each) for each in vectors(CANARY)]


def test_numbers_are_written_as_short_as_they_can_be_read() -> None:
    """As a number of 32 bits."""
    assert [shortest(number) for number in (0.10000000149011612, 1.0, -1 / 3)] == ["0.1", "1", "-0.33333333"]


def test_sound_has_every_byte() -> None:
    """The word of the run is at its end."""
    sound = answer("speech", "/audio/speech")
    assert sound == CANARY.data
    assert set(sound) == set(range(256))


def test_a_list_is_turned_page_by_page() -> None:
    """By the last id of the page before; what is no such id leads behind the end."""

    def page(query: str = "limit=2") -> dict:
        return json.loads(answer("list", "/files", query=query.encode()))

    ids, query = [], "limit=2"
    for _ in range(3):
        told = page(query)
        ids += [one["id"] for one in told["data"]]
        query = f"after={told['last_id']}&limit=2"
    assert ids == items(CANARY)
    assert not told["has_more"]
    assert page()["has_more"]
    for after in (ids[-1], ids[0], "x", "file-99999999999", ""):
        told = page(f"after={after}")
        assert told["data"] == [] or after == ""
