from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from understudy.core.journal import BODY_KEPT, BYTES_KEPT, HEADERS_KEPT, Journal
from understudy.core.messages import Answer

if TYPE_CHECKING:
    from tests.conftest import Api


def record(journal: Journal, body: bytes = b"{}", path: str = "/v1/chat/completions", key: str = "sk-a****"):
    return journal.open(0, key, "acct_1", "POST", path, body)


def test_the_newest_entries_are_kept() -> None:
    """The limit counts entries; numbers go on."""
    journal = Journal(limit=3)
    for _ in range(5):
        record(journal)
    assert [entry.number for entry in journal] == [3, 4, 5]
    assert len(journal) == 3


def test_bodies_are_bounded_one_by_one_and_together() -> None:
    """A long body is kept in part; old bodies go first; entries stay."""
    journal = Journal(limit=5_000)
    entry = record(journal, b"x" * (BODY_KEPT + 1))
    assert len(entry.body or b"") == BODY_KEPT
    assert entry.body_size == BODY_KEPT + 1
    with pytest.raises(ValueError, match="only a part"):
        _ = entry.json
    for _ in range(BYTES_KEPT // BODY_KEPT + 10):
        record(journal, b"y" * BODY_KEPT)
    assert len(journal) == BYTES_KEPT // BODY_KEPT + 11
    assert journal[0].body is None
    assert journal[-1].body is not None
    assert sum(len(entry.body or b"") for entry in journal) <= BYTES_KEPT


def test_an_entry_gives_the_request_back() -> None:
    """As JSON, decoded."""
    assert record(Journal(limit=10), b'{"model":"gpt-4o"}').json == {"model": "gpt-4o"}


def test_entries_are_selected_by_key_path_and_model() -> None:
    """Each filter is optional."""
    journal = Journal(limit=10)
    record(journal, path="/v1/models")
    record(journal, key="sk-b****").model = "gpt-4o"
    assert len(journal.select()) == 2
    assert [entry.path for entry in journal.select(path="/v1/models")] == ["/v1/models"]
    assert [entry.key for entry in journal.select(model="gpt-4o")] == ["sk-b****"]
    assert len(journal.select(key="acct_1")) == 2


def test_clearing_forgets_and_counts_anew() -> None:
    """As if nothing had happened."""
    journal = Journal(limit=10)
    record(journal)
    journal.clear()
    assert len(journal) == 0
    assert record(journal).number == 1


def test_headers_and_answers_are_bounded_too() -> None:
    """They go with the body of their call; what is larger than its share is not kept at all."""
    journal = Journal(limit=100_000)
    entry = journal.open(0, "", "", "POST", "/", b"", {b"host": b"a", b"authorization": b"Bearer sk-secret"})
    assert entry.headers == {b"host": b"a"}
    journal.answered(entry, Answer(200, [(b"content-type", b"text/plain")], b"z" * (BODY_KEPT + 1)))
    assert (len(entry.answer or b""), entry.answer_size) == (BODY_KEPT, BODY_KEPT + 1)
    assert journal.open(0, "", "", "POST", "/", b"", {b"x": b"y" * HEADERS_KEPT}).headers is None
    for _ in range(BYTES_KEPT // BODY_KEPT):
        journal.answered(record(journal), Answer(200, [], b"z" * BODY_KEPT))
    assert entry.headers is entry.answer is entry.answer_headers is entry.body is None
    assert sum(each.weight for each in journal) <= BYTES_KEPT
    # An answer to a call whose body has gone is not kept either.
    journal.answered(entry, Answer(200, [], b"late"))
    assert entry.answer is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], None),
        ([(b"retry-after", b"3")], 3.0),
        ([(b"retry-after", b"3"), (b"retry-after-ms", b"2500")], 2.5),
        ([(b"retry-after", b"Thu, 01 Jan 1970 00:00:07 GMT")], 7.0),
        ([(b"retry-after", b"soon")], None),
    ],
)
def test_an_entry_knows_what_the_client_was_told(headers: list[tuple[bytes, bytes]], seconds: float | None) -> None:
    """Milliseconds before seconds before dates, as SDKs read them."""
    journal = Journal(limit=10)
    entry = record(journal)
    journal.answered(entry, Answer(429, headers, b""))
    assert entry.retry_after == seconds


def test_whole_answers_streams_and_their_parts_are_noted(api: Api) -> None:
    """How many parts of a stream were made, and whether it was left."""
    api.chat()
    api.chat({"stream": True})
    api.chat({"stream": True}, stop_after=3)
    whole, streamed, left = api.simulator.journal
    assert (whole.streamed, whole.chunks) == (False, 0)
    assert whole.answer_size > 500
    assert streamed.streamed
    assert streamed.chunks > 5
    assert streamed.complete
    assert (left.chunks, left.complete) == (3, False)


def test_a_key_is_found_masked_or_not(api: Api) -> None:
    """Whoever asks has the key itself."""
    api.chat(key="sk-one-0123456789")
    api.chat(key="sk-two-0123456789")
    [entry] = api.simulator.journal.select(key="sk-one-0123456789")
    assert entry.key == "sk-one-0*****6789"


def test_exports_hold_everything_but_secrets(api: Api) -> None:
    """JSON lines and HTTP Archive 1.2, the second by the fields that its specification requires."""
    api.chat(headers={"content-type": "application/json", "host": "localhost:1", "cookie": "a=b"})
    api.chat({"stream": True})
    api.chat(key="sk-invalid-0123456789")
    journal = api.simulator.journal
    lines = [json.loads(line) for line in journal.to_json_lines().splitlines()]
    assert [line["status"] for line in lines] == [200, 200, 401]
    assert lines[0]["charge_usd"] == "0.0001225"
    archive = json.loads(json.dumps(journal.to_har()))["log"]
    assert archive["version"] == "1.2"
    assert archive["creator"]["name"] == "understudy"
    for entry in archive["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
        assert {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"} <= set(
            entry["request"]
        )
        assert {
            "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize",
        } <= set(entry["response"])  # fmt: skip
        assert abs(entry["time"] - sum(entry["timings"].values())) < 1e-6
    first = archive["entries"][0]
    assert first["request"]["url"] == "http://localhost:1/v1/chat/completions"
    assert json.loads(first["request"]["postData"]["text"])["model"] == "gpt-4o"
    assert json.loads(first["response"]["content"]["text"])["object"] == "chat.completion"
    written = journal.to_json_lines() + json.dumps(archive)
    assert "sk-test-0123456789" not in written
    assert "sk-invalid-0123456789" not in written
    assert "a=b" not in written
