"""Tools' results in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.results import LONGEST_RESULT, result_in_words


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ('{"city": "Oslo", "degrees": 4}', "city: Oslo, degrees: 4"),
        ('{"now": {"sky": "clear", "wind": [3, 5]}}', "sky: clear, wind: 3, wind: 5"),
        ('["a", "b"]', "a, b"),
        ('"plain"', "plain"),
        ("22 degrees.", "22 degrees"),
        ("{not json", "{not json"),
        ("line one\nline two", "line one line two"),
        ("", ""),
    ],
)
def test_a_result_becomes_part_of_a_sentence(result: str, said: str):
    """JSON gives its values with their names; anything else stays as it is."""
    assert result_in_words(result) == said


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=2_000))
def test_a_result_stays_short(result: str):
    """However long a result is, a sentence can hold what is said of it."""
    assert len(result_in_words(result)) <= LONGEST_RESULT


def test_json_beyond_all_depth_is_quoted_as_text():
    """A result that no decoder takes is still a result."""
    assert result_in_words("[" * 50_000).startswith("[[[")
