import pytest

from understudy.core.journal import BODY_KEPT, BYTES_KEPT, Journal


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
