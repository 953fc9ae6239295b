"""What the model says: in which language, about what, how long, and the same in every process."""

import os
import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from understudy.core.replies.text import Style, Turn, compose

SEEDS = [bytes([number]) * 16 for number in range(12)]
PLAIN = "Explain how a token bucket keeps the traffic of one client within its quota."
# What no answer may hold: control characters but line feeds, lone surrogates, marks that turn the direction of writing.
UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069\ufeff]")

any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=400)
"""Any Unicode, lone surrogates and control characters included."""


def say(message: str, seed: bytes = b"seed", verbosity: str = "medium", *, spoken: bool = False) -> str:
    return compose([Turn("user", message)], seed, style=Style(verbosity, spoken))


def test_the_same_request_gets_the_same_words_and_another_seed_gets_others():
    """Everything by chance comes from the seed."""
    assert say(PLAIN, b"1") == say(PLAIN, b"1")
    assert len({say(PLAIN, seed) for seed in SEEDS}) == len(SEEDS)


def test_every_process_says_the_same():
    """Neither hash randomisation nor the order of calls decides anything."""
    program = (
        "from understudy.core.replies.text import Turn, compose\n"
        f"print(ascii(compose([Turn('user', {PLAIN!r})], b'seed')))"
    )
    for randomisation in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": randomisation},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.strip() == ascii(say(PLAIN))


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        ("What's the capital of France?", "capital of France"),
        ("Please tell me about the weather in Paris tomorrow.", "weather in Paris tomorrow"),
        ("Hello! My order 1234 is late", "order 1234 is late"),
        ("Write a 300-word essay about climate change", "climate change"),
        ("Wie ist das Wetter in Berlin?", "Wetter in Berlin"),
        ("¿Cuál es la capital de España?", "capital de España"),
        ("Quelle est la capitale de la France ?", "capitale de la France"),
        ("Qual é a capital do Brasil?", "capital do Brasil"),
        ("Spiegami la fotosintesi", "fotosintesi"),
        ("東京の天気を教えてください", "東京の天気"),
        ("什么是机器学习？", "机器学习"),
        ("서울의 날씨를 알려줘", "서울의 날씨"),
        ("Какая столица России?", "столица России"),
        ("ما هي عاصمة مصر؟", "عاصمة مصر"),
        ("भारत की राजधानी क्या है?", "भारत की राजधानी"),
    ],
)
def test_an_answer_quotes_what_the_message_is_about(message: str, topic: str):
    """A developer sees which request made the answer, in its own script."""
    for seed in SEEDS:
        assert topic in say(message, seed)


def test_only_the_last_user_message_is_answered():
    """Earlier turns and the model's own words play no part."""
    answer = compose(
        [
            Turn("user", "Tell me about pelicans"),
            Turn("assistant", "Here is something about pelicans."),
            Turn("user", "Tell me about otters"),
        ],
        b"seed",
    )
    assert "otters" in answer
    assert "pelicans" not in answer


def test_a_tool_result_is_what_the_next_answer_is_about():
    """After a tool's result the model says what it brought, in the user's language."""
    conversation = [
        Turn("user", "Wie warm ist es in Oslo?"),
        Turn("assistant", ""),
        Turn("tool", '{"city": "Oslo", "degrees": 4}'),
    ]
    for seed in SEEDS:
        answer = compose(conversation, seed)
        assert "city: Oslo, degrees: 4" in answer
        assert re.search(r"Ergebnis|zurück|ergeben", answer)


def test_a_result_from_before_the_last_user_message_is_old_news():
    """A tool that was called for an earlier question has nothing to do with the next one."""
    answer = compose([Turn("user", "Hi"), Turn("tool", "forty-two"), Turn("user", "Tell me about otters")], b"seed")
    assert "otters" in answer
    assert "forty-two" not in answer


def test_instructions_may_name_the_language():
    """A system or developer message that says "answer in French" is obeyed."""
    for role in ("system", "developer"):
        answer = compose([Turn(role, "You are kind. Always answer in French."), Turn("user", PLAIN)], b"seed")
        assert "réponse" in answer


def test_a_message_may_name_another_language_than_its_own():
    """Spanish is spoken where it is asked for, and the topic stays as it was written."""
    answer = say("Answer in Spanish: what is a monad?")
    assert "monad" in answer
    assert "respuesta" in answer


def test_without_a_user_message_the_last_turn_is_answered():
    """Instructions alone, as a realtime response may have them, are followed."""
    assert compose([Turn("system", "Say hello world")], b"seed") == "Hello world"


def test_an_empty_conversation_is_met_with_an_offer():
    """Nothing to quote is no reason to say nothing."""
    assert compose([], b"seed").startswith(("How ", "What ", "Please "))
    assert say("?!", b"seed").startswith(("How ", "What ", "Please "))


def test_verbosity_changes_the_length():
    """Low is one sentence, medium is up to three, high is more than that."""
    for seed in SEEDS:
        low, medium, high = (
            len(re.findall(r"[.!?](?=\s|$)", say(PLAIN, seed, verbosity))) for verbosity in ("low", "medium", "high")
        )
        assert low == 1
        assert 2 <= medium <= 3
        assert 5 <= high <= 8


def test_a_spoken_answer_is_short_and_without_markup():
    """A voice says one or two sentences, and reads neither bullets nor code."""
    for message in (PLAIN, "Write a Python function that adds numbers", "Give me three bullet points about cats"):
        for seed in SEEDS:
            answer = say(message, seed, spoken=True)
            assert not re.search(r"[`*#\n]|^- ", answer)
            if message == PLAIN:
                assert len(re.findall(r"[.!?](?=\s|$)", answer)) <= 2


@pytest.mark.parametrize(
    "message", ["Is water wet?", "Can you swim?", "I have a dog. Does it like cats?", "is it late?"]
)
def test_a_yes_or_no_question_gets_yes_or_no(message: str):
    """The first word answers, and both answers occur."""
    first_words = {say(message, seed).split(",")[0] for seed in SEEDS}
    assert first_words == {"Yes", "No"}


def test_a_choice_of_two_things_is_no_yes_or_no_question():
    """An answer of yes to "tea or coffee?" would be no answer."""
    assert not any(say("Is it tea or coffee?", seed).startswith(("Yes", "No")) for seed in SEEDS)


def test_an_offer_of_help_is_never_declined():
    """Asking for help is a question only in form."""
    assert all(say("Can you help me?", seed).startswith("Yes, ") for seed in SEEDS)


def test_what_a_long_message_ends_with_counts():
    """An instruction after pages of matter is still followed."""
    answer = say("Lorem ipsum dolor sit amet. " * 10_000 + "Summarise this in exactly 25 words.")
    assert len(answer.split()) == 25


@given(any_text, st.binary(max_size=80))
@example("\ud800\ud800", b"")
@example('\u202e"\u202e"x', b"")
@example("in 1 character", b"")
def test_any_message_gets_a_clean_answer(message: str, seed: bytes):
    """Whatever arrives, the answer is text that can be sent, and asking again changes nothing."""
    answer = say(message, seed)
    assert answer
    assert not UNFIT.search(answer)
    assert answer.encode()
    assert say(message, seed) == answer


@given(
    st.lists(
        st.builds(Turn, st.sampled_from(["system", "user", "assistant", "tool", "function"]), any_text), max_size=5
    ),
    st.sampled_from(["low", "medium", "high"]),
    st.booleans(),
)
def test_any_conversation_gets_an_answer_of_bounded_length(conversation: list[Turn], verbosity: str, spoken: bool):
    """No conversation without a wish for length makes a long answer."""
    answer = compose(conversation, b"seed", style=Style(verbosity, spoken))
    assert len(answer) > 0
    if not any(any(letter.isdigit() for letter in turn.text) for turn in conversation):
        assert len(answer) < 3_000


@given(st.text(st.characters(categories=["L", "Nd", "Zs", "P", "S"]), min_size=61, max_size=300))
def test_a_quotation_of_the_message_stays_short(message: str):
    """At most 60 characters of a message stand in a sentence of ours."""
    answer = say("Notes follow: " + message, b"seed")
    quoted = re.findall(r"[“„«「]([^“”„«»「」]*)[”“»」]", answer)
    assert all(len(each) <= 60 for each in quoted)
