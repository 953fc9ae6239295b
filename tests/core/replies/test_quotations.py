"""What of a message is said back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.languages import LANGUAGES
from understudy.core.replies.quotations import LONGEST_QUOTATION, LOOKED_AT, looked_at, topic_of, without_unfit

ENGLISH = LANGUAGES["en"]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Explain rate limits to me, please.", "rate limits"),
        ("red, green, and blue", "red, green, and blue"),
        ("Answer in one sentence: what is a monad?", "monad"),
        ("Teach C++ and C#", "Teach C++ and C#"),
        ("`moons` and *stars*", "moons` and *stars"),
        ("How are you?", "How are you"),
        ("say\x00 thi\x1bs \ud800now", "say thi s"),
        ('the "big" thing', "big"),
        ('a so-called"quote"mark here', "so-called'quote'mark"),
        ("\n\n\t", ""),
        ("x" * 100, "x" * 59 + "…"),
        ("elephants " * 30, "elephants " * 5 + "elephants…"),
    ],
)
def test_a_topic_is_a_stretch_of_the_message(text: str, topic: str):
    """From the first word that means something to the last one, clean and short."""
    assert topic_of(text, ENGLISH) == topic


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=500), st.sampled_from(sorted(LANGUAGES)))
def test_a_topic_is_short_and_clean_in_any_language(text: str, code: str):
    """Sixty characters at most, none of them a control character, a surrogate or a straight quotation mark."""
    topic = topic_of(text, LANGUAGES[code])
    assert len(topic) <= LONGEST_QUOTATION
    assert '"' not in topic
    assert "\n" not in topic
    topic.encode()
    assert topic == topic.strip()


def test_the_beginning_and_the_end_of_a_long_message_are_looked_at():
    """An instruction may stand before or after its matter."""
    seen = looked_at("start " + "x" * 10_000 + " end")
    assert seen.startswith("start ")
    assert seen.endswith(" end")
    assert len(seen) == LOOKED_AT + 1


def test_lines_survive_cleaning():
    """A line feed is the only control character that an answer may hold."""
    assert without_unfit("a\r\nb\tc\x00d") == "a \nb c d"
