"""Text without markup, as it is read aloud."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.spoken import speakable


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("# Title\n\nHello **world**!", "Title. Hello world!"),
        ("- one\n- two\n- three", "one. two. three"),
        ("1. first\n2. second", "1. first. 2. second"),
        ("See [the guide](https://example.com/a_b) or `run()`.", "See the guide or run()."),
        ("```python\nprint(1)\n```\nDone.", "print(1). Done."),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b. 1, 2"),
        ("*soft* and _quiet_ and ***loud***", "soft and quiet and loud"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("> quoted\n\n---\n\nafter", "quoted. after"),
        ("～です。\n次です", "～です。 次です"),
        ("", ""),
    ],
)
def test_markup_is_left_out_and_words_stay(text: str, spoken: str):
    """Lines become sentences."""
    assert speakable(text) == spoken


@given(st.text(st.sampled_from("ab *_`#->|[]().\n\t~:！"), max_size=200))
def test_no_letter_is_lost_outside_links(text: str):
    """Whatever the marks, the words stay, in one paragraph."""
    spoken = speakable(text)
    assert "\n" not in spoken
    if "](" not in text and "```" not in text and "~~~" not in text:
        assert [letter for letter in spoken if letter in "ab"] == [letter for letter in text if letter in "ab"]
