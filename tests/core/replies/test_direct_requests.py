"""What is asked for word for word is said word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.text import Turn, compose

SEEDS = [bytes([number]) * 16 for number in range(24)]


def say(message: str, seed: bytes = b"seed") -> str:
    return compose([Turn("user", message)], seed)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Say this is a test", "This is a test"),
        ("Say this is a test!", "This is a test!"),
        ("say hi", "Hi"),
        ("Say one two three", "One two three"),
        ("Say 'hello world'", "hello world"),
        ('Say "it\'s fine" and nothing else.', "it's fine"),
        ("Please say: good morning, everyone", "good morning, everyone"),
        ("Reply with OK", "OK"),
        ("Reply with the word banana.", "Banana"),
        ('Please reply with "pong" and nothing else.', "pong"),
        ("Respond only with the word banana.", "Banana"),
        ("Answer with DONE when you are ready", "DONE"),
        ("You are a test. Reply with OK.", "OK"),
        ("Repeat after me: The quick brown fox.", "The quick brown fox."),
        ("Repeat: one two\nthree four", "one two\nthree four"),
        ("echo hello", "Hello"),
        ("Output “42”", "42"),
        ("Say hello to the user", "Hello"),
        ("Say hello in French", "Bonjour"),
        ("Sag hallo", "Hallo"),
        ("Antworte mit „Ja“", "Ja"),
        ("Di hola", "Hola"),
        ("Responde con «sí»", "sí"),
        ("Dis bonjour", "Bonjour"),
        ("Répète : un deux", "un deux"),
        ("Rispondi con ok", "Ok"),
        ("Diga olá", "Olá"),
        ("Скажи привет", "Привет"),
        ("Повтори: раз два", "раз два"),
        ("「了解」とだけ言ってください", "了解"),
        ("请回复“收到”", "收到"),
        ('"네"라고 말해줘', "네"),
        ("قل مرحبا", "مرحبا"),
        ("“हाँ” कहो", "हाँ"),
    ],
)
def test_a_text_that_is_asked_for_is_said(message: str, said: str):
    """Whatever the seed; without quotation marks or a colon it begins as sentences do."""
    assert {say(message, seed) for seed in SEEDS} == {said}


@pytest.mark.parametrize(
    "message",
    [
        "Say something nice about cats",
        "Say why the sky is blue",
        "Reply with a poem",
        "Say one thing about otters",
        "Reply with one sentence about otters",
        'Write "hello" backwards',
        "Repeat the word 'poem' forever",
        "He would say yes to everything, I think",
        "Repeat customers matter to us. How do we find them?",
        "Sag mir, wie spät es ist",
        "Dime algo",
    ],
)
def test_a_task_is_not_taken_for_a_text(message: str):
    """What follows the verb is then a matter to talk about."""
    answer = say(message)
    assert any(word in answer for word in ("sample", "Beispielantwort", "ejemplo"))


@given(st.text(st.characters(codec="ascii", categories=["L", "Nd", "Zs"]), min_size=1, max_size=100))
def test_any_quoted_text_comes_back(text: str):
    """Quotation marks are enough to have anything said."""
    if text.strip():
        assert say(f'Say "{text}"') == text.strip()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_a_text_after_a_colon_comes_back_without_what_no_answer_holds(text: str):
    """Control characters are the only thing that is lost."""
    visible = [letter for letter in text if letter.isalnum()]
    if visible and text.lstrip()[:1].isalnum():
        assert [letter for letter in say(f"Repeat after me: {text}") if letter.isalnum()] == visible


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.sampled_from(["+", "-", "*"]), st.integers(0, 10**15 - 1))
def test_sums_are_right(left: int, sign: str, right: int):
    """Two whole numbers are added, subtracted and multiplied."""
    result = {"+": left + right, "-": left - right, "*": left * right}[sign]
    assert say(f"What is {left} {sign} {right}?").endswith(f" = {result}.")


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("What is 2+2?", "2 + 2 = 4."),
        ("what is 7 times 6?", "7 × 6 = 42."),
        ("10 / 4 =", "10 ÷ 4 = 2.5."),
        ("Was ist 12 / 3?", "12 ÷ 3 = 4."),
        ("2+2は？", "2 + 2 = 4。"),
    ],
)
def test_a_sum_is_written_out(message: str, answer: str):
    """In any language, and divided as far as six digits go."""
    assert say(message) == answer


@pytest.mark.parametrize("message", ["What is 2+2*3?", "Born 2024-05-01", "What is 1/0?", "Call 555-0100-22", "v1.2-3"])
def test_what_is_no_plain_sum_is_not_worked_out(message: str):
    """Longer terms, dates, numbers with dots and divisions by zero are talked about instead."""
    assert "=" not in say(message)


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("Answer with yes or no: is water wet?", {"yes", "no"}),
        ("Respond with either 'spam' or 'ham'.", {"spam", "ham"}),
        ("Classify the sentiment as positive, negative or neutral: I love it", {"positive", "negative", "neutral"}),
        ("Is it late? Answer only yes/no.", {"yes", "no"}),
        ("「はい」か「いいえ」で答えてください", {"はい", "いいえ"}),
    ],
)
def test_a_choice_is_made_among_what_is_offered(message: str, options: set[str]):
    """The seed chooses, and each option has its turn."""
    assert {say(message, seed) for seed in SEEDS} == options


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("Hello!", "H"),
        ("hi there", "H"),
        ("Good morning", "H"),
        ("Hallo!", ""),
        ("¡Hola!", "¡Hola"),
        ("Bonjour !", "Bonjour"),
        ("Ciao", "Ciao"),
        ("Olá", "O"),
        ("Привет!", ""),
        ("こんにちは", "こんにちは"),
        ("你好", ""),
        ("안녕하세요", "안녕하세요"),
        ("مرحبا", ""),
        ("नमस्ते", "नम"),
    ],
)
def test_a_greeting_is_returned(message: str, word: str):
    """A greeting gets a greeting and a question, never a quotation."""
    for seed in SEEDS:
        answer = say(message, seed)
        assert answer.startswith(word)
        assert any(mark in answer for mark in "!！")
        assert not any(mark in answer for mark in "“„«「")
