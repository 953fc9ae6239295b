"""What is found in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.hints import FINDERS, MAX_HINT, Hints, iso_date, iso_time, number


def found(message: str, kind: str) -> list[str]:
    return [each.text for each in Hints(message).all(kind)]


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        ("places", "What is the weather like in San Francisco?", ["San Francisco"]),
        ("places", "Weather in Paris, Tokyo and London please", ["Paris", "Tokyo", "London"]),
        ("places", "Fly from New York to Rio de Janeiro", ["New York", "Rio de Janeiro"]),
        ("places", "Paris, France", ["Paris, France"]),
        ("places", "a hotel in Austin, TX or in Paris, France", ["Austin, TX", "Paris, France"]),
        ("places", "how warm is it in reykjavik today", ["reykjavik"]),
        ("places", "PARIS in spring", ["PARIS"]),
        ("places", "東京と大阪の天気", ["東京", "大阪"]),
        ("places", "Wetter in München", ["München"]),
        ("places", "Hello there", []),
        ("people", "Alice and Bob meet Dr Watson in Paris", ["Alice", "Bob", "Watson"]),
        ("people", "Please send it to Mary Poppins.", []),
        ("people", "What does Mary Poppins say?", ["Mary Poppins"]),
        ("people", "Write a poem", []),
        ("numbers", "3 of 12 at 1,000.50 or -7 twice, two times", ["3", "12", "1,000.50", "-7", "two"]),
        ("numbers", "gpt-4o on 2026-01-02 at 10:30, see a1@b2.com", []),
        ("emails", "write bob.b+x@mail.example.com.", ["bob.b+x@mail.example.com"]),
        ("urls", "see https://example.com/a?b=c, and (http://x.org).", ["https://example.com/a?b=c", "http://x.org"]),
        ("dates", "on March 5, 2026 or 5 April or next Friday, not 2026-02-03", [
            "March 5, 2026", "5 April", "next Friday", "2026-02-03"]),
        ("times", "at 3pm, 15:30 or noon", ["3pm", "15:30", "noon"]),
        ("quoted", """say "one", 'two', “three” and `four`; don't, can't""", ["one", "two", "three", "four"]),
        ("code", "run ```sh\nls\n``` and `pwd`", ["ls", "pwd"]),
        ("commands", "Please run the command cd ..", ["cd .."]),
        ("commands", "Execute: make test.", ["make test"]),
        ("queries", "search the web for blue whales?", ["blue whales"]),
        ("sums", "what is (12 + 3) * 4 on 2026-01-02?", ["(12 + 3) * 4"]),
        ("paths", "open src/main.py and /etc/hosts, not e.g. this", ["src/main.py", "/etc/hosts"]),
        ("identifiers", "order_12345, call_9aF-2 and #77, not well-known", ["order_12345", "call_9aF-2", "77"]),
        ("texts", "Translate hello world to French", ["hello world"]),
        ("texts", "remind me to buy milk.", ["buy milk"]),
        ("symbols", "AAPL and MSFT", ["AAPL", "MSFT"]),
        ("phrases", "They go to a science fair", ["science fair"]),
    ],
)  # fmt: skip
def test_a_finding_is_the_stretch_of_the_message(kind: str, message: str, expected: list[str]) -> None:
    """Word for word, in the order of the message."""
    assert found(message, kind) == expected


@given(st.text(max_size=120))
def test_findings_are_stretches_of_any_text(message: str) -> None:
    """Whatever the message, each finding lies in it, and none is empty."""
    hints = Hints(message)
    for kind in FINDERS:
        for each in hints.all(kind):
            assert each.text
            assert each.text in message
            assert 0 <= each.start < each.end <= len(message)


def test_a_stretch_is_given_once_and_can_be_given_back() -> None:
    """Two numbers go to two properties; what came to nothing is free again."""
    hints = Hints("add 3 and 5")
    first, second = hints.free("numbers")
    hints.take(first)
    assert [*hints.free("numbers")] == [second]
    mark = hints.mark()
    hints.take(second)
    assert [*hints.free("numbers")] == []
    hints.rewind(mark)
    assert [*hints.free("numbers")] == [second]


def test_only_the_end_of_a_long_message_is_searched() -> None:
    """An instruction follows what it is about."""
    hints = Hints("Paris " + "x " * MAX_HINT + "weather in Tokyo")
    assert [place.text for place in hints.all("places")] == ["Tokyo"]


def test_a_word_is_said_as_a_word() -> None:
    """Parts of words are not, words of scripts without spaces are."""
    hints = Hints("in Celsius, please: 東京タワー")
    assert hints.says("celsius")
    assert hints.says("東京")
    assert not hints.says("cel")
    assert not hints.says("")


def test_a_label_tells_what_follows_it() -> None:
    """`id: x`, "id is x", "order 17"; not "order now"."""
    for message in ("order_id: 17", "the order id is 17", "Where is order 17?", "order id 17"):
        assert next(Hints(message).labelled(("order", "id"))).text == "17"
    assert [*Hints("order now").labelled(("order", "id"))] == []


def test_the_topic_is_the_first_sentence_without_its_opening() -> None:
    """What titles and summaries are made of."""
    assert Hints("Please write a poem about the sea. Thanks!").topic == "poem about the sea"
    assert Hints("").topic == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-05", "2026-03-05"),
        ("March 5, 2026", "2026-03-05"),
        ("5th of March 2026", "2026-03-05"),
        ("Feb 29 2024", "2024-02-29"),
        ("Feb 29 2026", None),
        ("2026-13-01", None),
        ("Friday", None),
        ("March 5", None),
    ],
)
def test_dates_are_spelled_as_formats_ask(text: str, expected: str | None) -> None:
    """Only a date with its year, month and day can be."""
    assert iso_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3pm", "15:00:00"),
        ("12 a.m.", "00:00:00"),
        ("15:30", "15:30:00"),
        ("noon", "12:00:00"),
        ("13pm", None),
        ("25:00", None),
        ("now", None),
    ],
)
def test_times_are_spelled_as_formats_ask(text: str, expected: str | None) -> None:
    """Twelve hours become twenty-four."""
    assert iso_time(text) == expected


def test_numbers_have_their_value() -> None:
    """Words, thousands and decimals."""
    assert [number(text) for text in ("two", "1,000", "-7", "2.50")] == [2, 1000, -7, 2.5]
