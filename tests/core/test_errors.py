import pytest

from understudy.core import errors


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("sk-wrong-api-key", "sk-wrong****-key"),
        ("bad-key-0123456789test", "bad-key-**********test"),
        ("sk-short", "sk******"),
        ("", ""),
    ],
)
def test_keys_are_masked_as_recorded(key: str, masked: str) -> None:
    """First eight, a star for each hidden character, last four; short keys are hidden further."""
    assert errors.mask_key(key) == masked


def test_lists_of_words_read_as_the_api_writes_them() -> None:
    """With an Oxford comma from three words on."""
    assert errors.quoted_list(("a",)) == "'a'"
    assert errors.quoted_list(("a", "b")) == "'a' and 'b'"
    assert errors.quoted_list(("a", "b", "c")) == "'a', 'b', and 'c'"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "an integer"),
        (1.5, "a decimal"),
        ("x", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_types_are_named_with_their_article(value: object, words: str) -> None:
    """A boolean is no integer."""
    assert errors.json_type(value) == words
