"""What the model says when no rule decides: neutral, pleasant prose that refers to the last user message.

It never pretends to know facts: it calls itself a sample, in the message's own language. A length that the message asks
for is kept, and what it asks for word for word is said. Same conversation and seed, same text, in every process.
All of it is "our choice": the model's prose is the one thing of the real API that is not imitated.
"""

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from understudy.core.replies.dice import Dice
from understudy.core.replies.direct_requests import LONGEST_SUM, Answers, Request, direct_answers
from understudy.core.replies.languages import LANGUAGES, Language, asked_for, recognise
from understudy.core.replies.lengths import Wish, wish_of
from understudy.core.replies.prose import Subject, as_wished, natural
from understudy.core.replies.quotations import looked_at, topic_of
from understudy.core.replies.results import result_in_words

_REMEMBERED = 1_024
"""Messages whose reading is kept: tests say the same thing often."""
_INSTRUCTIONS = 2_000
"""Characters of the instructions in which a language is looked for."""


class Turn(Struct, frozen=True, gc=False):
    """One message of the conversation.

    Attributes:
        role: system, developer, user, assistant, tool or function.
        text: all of its text; "" if it has none.
    """

    role: str
    text: str


class Style(Struct, frozen=True, gc=False):
    """How the answer shall sound.

    Attributes:
        verbosity: the request's own, low, medium or high: one sentence, two or three, or six and more.
        spoken: one or two sentences without markup, to be read aloud.
    """

    verbosity: str = "medium"
    spoken: bool = False


DEFAULT = Style()


class _Reading(Struct, frozen=True, gc=False):
    """All that an answer needs to know of a message.

    Attributes:
        language: of the answer.
        topic: what the message is about; "" if it has no words.
        answers: what it asks for word for word.
        wish: the length that it asks for.
        verdicts: yes or no, as far as they are answers; none if it is no such question.
        salt: makes the choices for one message others than for the next.
    """

    language: Language
    topic: str
    answers: Answers | None
    wish: Wish | None
    verdicts: tuple[bool, ...]
    salt: bytes


def compose(conversation: Sequence[Turn], seed: bytes, *, style: Style = DEFAULT) -> str:
    """The model's answer.

    The last user message decides, or the tool's result that came after it; earlier turns play no part, except that
    instructions may name a language. Without a user message the last turn is answered as if it were one.

    Args:
        conversation: in order; may be empty.
        seed: decides everything that is left to chance; any bytes.
        style: how it shall sound.

    Returns:
        Text without control characters (but line feeds) and without lone surrogates; at most 20,000 words.
    """
    message, result = _last_message(conversation)
    instructed = _instructed_language(conversation) if len(conversation) > 1 else None
    reading = _read(looked_at(message), instructed)
    language, topic = reading.language, reading.topic
    dice = Dice(seed, reading.salt)
    if result is not None:
        topic = headline = result_in_words(result)
        opening = dice.pick(language.findings)
    elif reading.answers is not None and not (style.spoken and reading.answers.markup):
        texts = reading.answers.texts
        return texts[0] if len(texts) == 1 else dice.pick(texts)
    elif reading.verdicts:
        says_yes = dice.pick(reading.verdicts)
        opening = dice.pick(language.affirmations if says_yes else language.denials)
        headline = language.yes if says_yes else language.no
    else:
        opening = dice.pick(language.openings)
        headline = topic
    if topic:
        opening = opening.replace("{topic}", topic)
    else:
        topic = language.nothing
        opening = headline = dice.pick(language.offers)
    subject = Subject(language, opening, headline, topic)
    if reading.wish is None:
        return natural(subject, style.verbosity, dice, spoken=style.spoken)
    return as_wished(subject, reading.wish, style.verbosity, dice, spoken=style.spoken)


def word_for_word(message: str, seed: bytes) -> str | None:
    """What a message asks to be said as it stands, None when it asks for no such thing."""
    reading = _read(looked_at(message), None)
    return None if reading.answers is None else Dice(seed, reading.salt).pick(reading.answers.texts)


def _last_message(conversation: Sequence[Turn]) -> tuple[str, str | None]:
    """The last user message, and the result of a tool if one came after it."""
    result = None
    for turn in reversed(conversation):
        role = turn.role
        if role == "user":
            return turn.text, result
        if result is None and role in ("tool", "function"):
            result = turn.text
    return (conversation[-1].text if conversation else ""), result


def _instructed_language(conversation: Sequence[Turn]) -> str | None:
    """The code of the language that the first instructions ask for."""
    first = conversation[0]
    if first.role not in ("system", "developer"):
        return None
    return _language_asked_for(first.text[:_INSTRUCTIONS])


@lru_cache(maxsize=_REMEMBERED)
def _language_asked_for(instructions: str) -> str | None:
    language = asked_for(instructions)
    return None if language is None else language.code


@lru_cache(maxsize=_REMEMBERED)
def _read(text: str, instructed: str | None) -> _Reading:
    """Read a message.

    Args:
        text: as much of it as is looked at.
        instructed: code of the language that the instructions ask for.
    """
    written_in, kinds = recognise(text)
    salt = text.encode("utf-8", "surrogatepass")
    if not kinds and len(text) > LONGEST_SUM:
        # Nothing but prose is asked for: by far the most usual message.
        answers_in = LANGUAGES[instructed] if instructed else written_in
        return _Reading(answers_in, topic_of(text, written_in), None, None, (), salt)
    asked = asked_for(text) if "language" in kinds else None
    answers_in = asked or (LANGUAGES[instructed] if instructed else written_in)
    topic = topic_of(text, written_in)
    wish = wish_of(text, written_in, kinds)
    verdicts = _verdicts(text, written_in) if "question" in kinds else ()
    request = Request(text, written_in, answers_in, topic, asked is not None or wish is not None)
    return _Reading(answers_in, topic, direct_answers(request, kinds), wish, verdicts, salt)


def _verdicts(text: str, language: Language) -> tuple[bool, ...]:
    match = language.question.compiled.search(text)
    if match is None:
        return ()
    return (True,) if match.groupdict().get("polite") else (True, False)
