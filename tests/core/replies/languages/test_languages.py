"""What every language must bring, and how one is told from another."""

import re
import string

import pytest

from understudy.core.replies.languages import LANGUAGES, Language, asked_for, language_of

EVERY = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
ENDS = r"[.!?。！？؟।](?=\s|$|[^\s”»」)])"


@EVERY
def test_phrases_hold_what_they_are_filled_with_and_nothing_else(language: Language):
    """A placeholder that nobody fills would be read by users."""
    wanted = {
        "openings": {"topic"},
        "affirmations": {"topic"},
        "denials": {"topic"},
        "findings": {"topic"},
        "code_intros": {"topic"},
        "items": {"topic", "number"},
        "offers": set(),
        "bodies": set(),
        "leads": set(),
        "closings": set(),
        "greetings": set(),
        "verses": set(),
        "endings": set(),
    }
    for group, names in wanted.items():
        for phrase in getattr(language, group):
            assert {name for _, name, _, _ in string.Formatter().parse(phrase) if name} == names, phrase


@EVERY
def test_a_sentence_is_one_sentence(language: Language):
    """Counted sentences are right only if each phrase is exactly one."""
    for group in ("openings", "affirmations", "denials", "findings", "offers", "bodies", "closings", "endings"):
        for phrase in getattr(language, group):
            assert len(re.findall(ENDS, phrase)) == 1, phrase
            assert re.search(ENDS + r"\Z", phrase), phrase


@EVERY
def test_there_is_enough_to_say(language: Language):
    """Different seeds can differ, and a long answer does not soon repeat itself."""
    assert len(language.openings) >= 5
    assert len(language.bodies) >= 11
    assert len(language.leads) >= 4
    for group in ("openings", "bodies", "leads", "closings", "greetings", "items", "verses", "findings"):
        phrases = getattr(language, group)
        assert len(set(phrases)) == len(phrases) >= 3


@EVERY
def test_endings_have_one_word_two_words_and_so_on(language: Language):
    """They fill an exact count of words; only languages without spaces need none."""
    sizes = [len(ending.split()) for ending in language.endings]
    assert sizes == ([*range(1, 8)] if language.spaced else [])


@EVERY
def test_openings_call_themselves_a_sample(language: Language):
    """No answer pretends to know: each says in its first sentence what it is."""
    sample = {
        "en": "sample",
        "de": "Beispielantwort",
        "es": "ejemplo",
        "fr": "type",
        "it": "esempio",
        "pt": "exemplo",
        "ru": "пример",
        "ja": "回答例",
        "zh": "示例",
        "ko": "예시",
        "ar": "التجريبية|تجريبية",
        "hi": "नमूना",
    }[language.code]
    for phrase in (*language.openings, *language.affirmations, *language.denials):
        assert re.search(sample, phrase), phrase


@EVERY
def test_its_own_phrases_are_recognised(language: Language):
    """A text of ours is in the language that it was written for."""
    text = " ".join(language.bodies)
    assert language_of(text) == language.code


@EVERY
def test_all_expressions_compile(language: Language):
    """They are compiled when they are needed, so a mistake would show only then."""
    for name in ("greeting", "question", "code_request", "echo", "choice"):
        assert getattr(language, name).compiled.pattern
    if language.beside_topic is not None:
        assert language.beside_topic.compiled.pattern


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("How does it work?", "en"),
        ("What does “por favor” mean?", "en"),
        ("Translate 東京 to English", "en"),
        ("Tell me about naïve café culture", "en"),
        ("What is the war about? I will die in a minute.", "en"),
        ("", "en"),
        ("12345", "en"),
        ("👋🏽", "en"),
        ("Wie geht das?", "de"),
        ("Nenne drei Städte in Italien", "de"),
        ("Cómo funciona esto", "es"),
        ("hola", "es"),
        ("Comment ça marche ?", "fr"),
        ("Come funziona questo?", "it"),
        ("Como isso funciona? Você pode explicar?", "pt"),
        ("Как это работает?", "ru"),
        ("FastAPIとは何ですか", "ja"),
        ("北京市人口", "zh"),
        ("東京都の人口", "ja"),
        ("这是怎么工作的？", "zh"),
        ("이것은 어떻게 작동하나요?", "ko"),
        ("كيف يعمل هذا؟", "ar"),
        ("यह कैसे काम करता है?", "hi"),
    ],
)
def test_a_language_is_recognised(text: str, code: str):
    """By script, then by common words; English when nothing tells."""
    assert language_of(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Answer in French", "fr"),
        ("Always respond to the user in German.", "de"),
        ("Please write it in japanese", "ja"),
        ("Antworte auf Deutsch", "de"),
        ("Responde en inglés", "en"),
        ("日本語で答えてください", "ja"),
        ("请用中文回答", "zh"),
        ("한국어로 대답해 줘", "ko"),
        ("Ответь по-русски", "ru"),
        ("The best place in French Polynesia", None),
        ("I live in German Village. Answer briefly.", None),
    ],
)
def test_a_language_that_is_asked_for_is_found(text: str, code: str | None):
    """A verb makes the difference between a wish and a place."""
    language = asked_for(text)
    assert (language.code if language else None) == code
