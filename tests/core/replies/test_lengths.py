"""The lengths that messages ask for, and that answers keep to them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.languages import LANGUAGES, recognise
from understudy.core.replies.lengths import MOST_WORDS, Span, Wish, wish_of
from understudy.core.replies.text import Style, Turn, compose

SEEDS = [bytes([number]) * 16 for number in range(12)]


def wish(text: str) -> Wish | None:
    language, kinds = recognise(text)
    return wish_of(text, language, kinds)


def say(message: str, seed: bytes = b"seed") -> str:
    return compose([Turn("user", message)], seed)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Describe the sea in 300 words", Wish(words=Span(300, 300))),
        ("Describe the sea in exactly 1,000 words.", Wish(words=Span(1_000, 1_000))),
        ("Write a 250-word story", Wish(words=Span(250, 250))),
        ("In up to 5 words, what is it?", Wish(words=Span(1, 5))),
        ("Use no more than 40 words", Wish(words=Span(1, 40))),
        ("Keep it under fifty words", Wish(words=Span(1, 50))),
        ("Explain it in 30 words or fewer", Wish(words=Span(1, 30))),
        ("Explain it in 30 or fewer words", Wish(words=Span(1, 30))),
        ("Write at least 100 words", Wish(words=Span(100, MOST_WORDS))),
        ("Answer in 50-60 words", Wish(words=Span(50, 60))),
        ("Answer with between 50 and 60 words", Wish(words=Span(50, 60))),
        ("Answer in one word", Wish(words=Span(1, 1))),
        ("Answer in a single sentence", Wish(sentences=Span(1, 1))),
        ("Explain gravity in two or three sentences", Wish(sentences=Span(2, 3))),
        ("Write two short paragraphs", Wish(paragraphs=Span(2, 2))),
        ("Write 90 words in three paragraphs", Wish(words=Span(90, 90), paragraphs=Span(3, 3))),
        ("Give me three bullet points", Wish(bullets=Span(3, 3))),
        ("List 5 fruits", Wish(bullets=Span(5, 5), numbered=True)),
        ("I need a list of ten cities", Wish(bullets=Span(10, 10), numbered=True)),
        ("Suggest four names", Wish(bullets=Span(4, 4), numbered=True)),
        ("Answer in bullet points", Wish(bullets=Span(3, 3))),
        ("Write a haiku about rain", Wish(lines=Span(3, 3))),
        ("Keep it below 280 characters", Wish(characters=Span(1, 280))),
        ("Write exactly 100 characters", Wish(characters=Span(100, 100))),
        ("Briefly explain TCP", Wish(verbosity="low")),
        ("Explain TCP in detail", Wish(verbosity="high")),
        ("Write 9999999 words", Wish(words=Span(MOST_WORDS, MOST_WORDS))),
        ("Schreibe 40 Wörter über das Meer", Wish(words=Span(40, 40))),
        ("Erkläre es in höchstens drei Sätzen", Wish(sentences=Span(1, 3))),
        ("Explica la luna en 20 palabras", Wish(words=Span(20, 20))),
        ("Explique la lune en deux phrases", Wish(sentences=Span(2, 2))),
        ("Spiega la luna in 20 parole", Wish(words=Span(20, 20))),
        ("Explique a lua em até 20 palavras", Wish(words=Span(1, 20))),
        ("Расскажи о луне в двух предложениях", Wish(sentences=Span(2, 2))),
        ("月について100文字以内で説明してください", Wish(characters=Span(1, 100))),
        ("月について三文で教えてください", Wish(sentences=Span(3, 3))),
        ("请用50字以内介绍月亮", Wish(characters=Span(1, 50))),
        ("请用两句话介绍月亮", Wish(sentences=Span(2, 2))),
        ("달에 대해 세 문장으로 설명해 주세요", Wish(sentences=Span(3, 3))),
        ("اكتب ثلاث نقاط عن القمر", Wish(bullets=Span(3, 3))),
        ("चाँद के बारे में 20 शब्दों में लिखो", Wish(words=Span(20, 20))),
    ],
)
def test_a_wish_is_read(message: str, expected: Wish):
    """Numbers, number words, bounds and units are understood in each language."""
    assert wish(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        "What is a word?",
        "How long is a sentence?",
        "I have read these 300 words",
        "Tell me about line 5",
        "It costs 5 dollars",
    ],
)
def test_what_is_no_wish_is_not_taken_for_one(message: str):
    """Units without a number, and numbers that are spoken about, ask for nothing."""
    assert wish(message) is None


@given(st.integers(1, 2_000), st.sampled_from(sorted(code for code, language in LANGUAGES.items() if language.spaced)))
def test_exactly_so_many_words_are_exactly_so_many(count: int, code: str):
    """A number of words holds to the word in every language whose words are parted by spaces."""
    requests = {
        "en": f"Describe the wide sea in exactly {count} words",
        "de": f"Beschreibe bitte das weite Meer in {count} Wörtern",
        "es": f"Explica por favor el mar en {count} palabras",
        "fr": f"Explique la mer en {count} mots",
        "it": f"Spiega il mare in {count} parole",
        "pt": f"Explique o mar em {count} palavras",
        "ru": f"Расскажи о море в {count} словах",
        "ko": f"바다에 대해 {count}단어로 설명해 주세요",
        "ar": f"اشرح البحر في {count} كلمة",
        "hi": f"समुद्र के बारे में {count} शब्दों में लिखो",
    }
    answer = say(requests[code])
    assert len(answer.split()) == count


def test_a_book_of_words_is_kept_to_the_word():
    """The most words that can be asked for, in paragraphs."""
    answer = say("Write 20000 words about the sea")
    assert len(answer.split()) == 20_000
    assert answer.count("\n\n") > 100


@given(st.integers(1, 400), st.binary(min_size=1, max_size=8))
def test_an_upper_bound_is_an_upper_bound(most: int, seed: bytes):
    """An answer of up to N words never has more, and never none."""
    assert 1 <= len(say(f"Tell me about otters in up to {most} words", seed).split()) <= most


@given(st.integers(1, 600), st.binary(min_size=1, max_size=8))
def test_characters_are_kept(count: int, seed: bytes):
    """Exactly N is exact to the character, and under N is at most N."""
    assert len(say(f"Tell me about otters in exactly {count} characters", seed)) == count
    assert 1 <= len(say(f"Tell me about otters in under {count} characters", seed)) <= count
    assert 1 <= len(say(f"ラッコについて{count}文字以内で教えてください", seed)) <= count


@given(st.integers(1, 60), st.binary(min_size=1, max_size=8))
def test_sentences_are_kept(count: int, seed: bytes):
    """A number of sentences holds."""
    assert len(re.findall(r"[.!?](?=\s|$)", say(f"Tell me about otters in {count} sentences", seed))) == count


def test_one_word_is_the_topic():
    """The shortest answer still shows which request it belongs to."""
    assert say("Tell me about otters in one word") == "Otters."
    assert {say("Is water wet? Answer in one word.", seed) for seed in SEEDS} == {"Yes.", "No."}


def test_items_are_numbered_or_bulleted_and_all_differ():
    """Five things make five numbered lines, three bullet points three bulleted ones."""
    numbered = say("List 5 fruits").splitlines()
    assert [line.split()[0] for line in numbered] == ["1.", "2.", "3.", "4.", "5."]
    assert len(set(numbered)) == 5
    bulleted = say("Give me three bullet points about otters").splitlines()
    assert len(bulleted) == 3
    assert all(line.startswith("- ") and "otters" in line for line in bulleted)


def test_a_haiku_has_three_lines_and_a_topic():
    """A poem begins with what it is about."""
    lines = say("Write a haiku about autumn leaves").splitlines()
    assert len(lines) == 3
    assert lines[0] == "Autumn leaves,"
    assert lines[-1].endswith(".")


def test_paragraphs_are_parted_by_empty_lines():
    """Three paragraphs are three, also when the words are counted."""
    assert len(say("Describe otters in three paragraphs").split("\n\n")) == 3
    counted = say("Describe otters in 90 words and three paragraphs")
    assert len(counted.split("\n\n")) == 3
    assert len(counted.split()) == 90


def test_a_voice_gets_the_same_length_in_one_paragraph():
    """A spoken answer keeps the length and loses the layout."""
    spoken = compose([Turn("user", "Write 200 words about otters")], b"seed", style=Style(spoken=True))
    assert len(spoken.split()) == 200
    assert "\n" not in spoken
