"""Sentences put together to the length that is wanted."""

from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from understudy.core.replies.dice import Dice
from understudy.core.replies.languages import LANGUAGES, Language
from understudy.core.replies.lengths import Span, Wish

_PARAGRAPH = 5
"""Sentences of a paragraph in a long answer."""
_LONG = 8
"""An answer of more sentences is put into paragraphs."""
_SENTENCES_OF_AN_ASKED_PARAGRAPH = 3
_SHORT_TOPIC = 40
"""Characters of the topic in an item or as the first line of a poem."""
_PLANS = {
    "low": ((0, False),),
    "medium": ((1, False), (2, False), (1, True)),
    "high": ((4, True), (5, True), (6, True)),
}
"""By verbosity: how many sentences come after the first, and whether an offer to go on ends the answer."""
_PLANS_SPOKEN = {
    "low": ((0, False),),
    "medium": ((0, False), (1, False), (0, True)),
    "high": ((1, False),),
}


class Subject(Struct, frozen=True, gc=False):
    """What an answer is about.

    Attributes:
        language: of the answer.
        opening: its first sentence.
        headline: its first words when there is no room for a sentence.
        topic: what the message is about.
    """

    language: Language
    opening: str
    headline: str
    topic: str


def natural(subject: Subject, verbosity: str, dice: Dice, *, spoken: bool = False) -> str:
    """An answer of the length that such an answer usually has."""
    return subject.language.joiner.join(_natural(subject, verbosity, dice, spoken))


def running_on(language: Language, count: int, dice: Dice) -> list[str]:
    """Sentences that go on from whatever was said before."""
    return _further(language, count, dice)


def as_wished(subject: Subject, wish: Wish, verbosity: str, dice: Dice, *, spoken: bool = False) -> str:
    """An answer of the length that the message asks for.

    Of several lengths the one that says most about the form is kept: items before lines, then words (within the
    paragraphs asked for), paragraphs, sentences, characters.
    """
    language = subject.language
    verbosity = wish.verbosity or verbosity
    words, characters = wish.words, wish.characters
    if not language.spaced and words is not None:
        # Where no spaces part words, characters are what people count.
        words, characters = None, words
    if wish.bullets is not None:
        return _items(subject, wish.bullets.nearest(5), dice, numbered=wish.numbered, spoken=spoken)
    if wish.lines is not None:
        return _verse(subject, wish.lines.nearest(4), dice, spoken=spoken)
    plain = _natural(subject, verbosity, dice, spoken)
    if words is not None:
        count = words.nearest(sum(len(sentence.split()) for sentence in plain))
        sentences = _counted(subject, count, dice)
        paragraphs = 0 if wish.paragraphs is None else wish.paragraphs.nearest(1)
        return _laid_out(sentences, language, paragraphs, spoken=spoken)
    if wish.paragraphs is not None:
        paragraphs = wish.paragraphs.nearest(1)
        each = (wish.sentences or Span(3, 3)).nearest(_SENTENCES_OF_AN_ASKED_PARAGRAPH)
        sentences = [subject.opening, *_further(language, paragraphs * each - 1, dice)]
        return _laid_out(sentences, language, paragraphs, spoken=spoken)
    if wish.sentences is not None:
        count = wish.sentences.nearest(len(plain))
        sentences = [subject.opening, *_further(language, count - 1, dice)]
        return _laid_out(sentences, language, 0, spoken=spoken)
    if characters is not None:
        return _in_characters(subject, plain, characters, dice)
    return language.joiner.join(plain)


def _natural(subject: Subject, verbosity: str, dice: Dice, spoken: bool) -> list[str]:
    count, offers = dice.pick((_PLANS_SPOKEN if spoken else _PLANS)[verbosity])
    sentences = [subject.opening]
    if count:
        sentences += _further(subject.language, count, dice)
    if offers:
        sentences.append(dice.pick(subject.language.closings))
    return sentences


def _further(language: Language, count: int, dice: Dice) -> list[str]:
    """Sentences after the first: none comes twice before all were used, and each time it may begin in another way."""
    variants = _variants(language.code)
    kinds = len(variants)
    beginnings = len(variants[0])
    first = dice.below(kinds)
    sentences = []
    last = -1
    for number in range(first, first + count):
        beginning = dice.below(beginnings)
        if beginning == last:
            # No lead comes twice in a row; 0 is the sentence as it is.
            beginning = 0
        sentences.append(variants[number % kinds][beginning])
        last = beginning
    return sentences


@cache
def _variants(code: str) -> tuple[tuple[str, ...], ...]:
    """By body: the sentence as it is, as often as there are leads, and the sentence with each lead."""
    language = LANGUAGES[code]
    leads = language.leads
    return tuple((body,) * len(leads) + tuple(_led(lead, body) for lead in leads) for body in language.bodies)


@cache
def _sizes(code: str) -> dict[str, int]:
    """The number of words of each further sentence."""
    return {sentence: len(sentence.split()) for kinds in _variants(code) for sentence in kinds}


def _led(lead: str, body: str) -> str:
    """A sentence with a beginning before it; after a colon it begins as it always does."""
    return lead + (body if lead.endswith(": ") else body[0].lower() + body[1:])


def _counted(subject: Subject, count: int, dice: Dice) -> list[str]:
    """Sentences that come to exactly so many words."""
    language = subject.language
    endings = language.endings
    sentences = [subject.opening]
    left = count - len(subject.opening.split())
    if left < 0:
        headline = _first_words(subject.headline, count, language)
        sentences = [_capital(headline) + language.full_stop]
        left = count - len(headline.split())
    sizes = _sizes(language.code)
    further = iter(_further(language, left // min(sizes.values()) + 1, dice) if left > len(endings) else ())
    while left > len(endings):
        sentence = next(further)
        size = sizes[sentence]
        if size > left:
            sentence, size = endings[-1], len(endings)
        sentences.append(sentence)
        left -= size
    if left:
        sentences.append(endings[left - 1])
    return sentences


def _first_words(text: str, count: int, language: Language) -> str:
    """At most so many words, and no article or preposition as the last of them."""
    words = text.split()[:count]
    while len(words) > 1 and words[-1].lower() in language.stop_words:
        words.pop()
    return " ".join(words).rstrip(",;:")


def _laid_out(sentences: Sequence[str], language: Language, paragraphs: int, *, spoken: bool) -> str:
    """The sentences as one text, in so many paragraphs; 0 for as many as read well."""
    count = len(sentences)
    if spoken or (not paragraphs and count <= _LONG):
        return language.joiner.join(sentences)
    paragraphs = min(paragraphs or -(-count // _PARAGRAPH), count)
    borders = [count * number // paragraphs for number in range(paragraphs + 1)]
    return "\n\n".join(
        language.joiner.join(sentences[borders[number] : borders[number + 1]]) for number in range(paragraphs)
    )


def _items(subject: Subject, count: int, dice: Dice, *, numbered: bool, spoken: bool) -> str:
    """A list; read aloud it is a sentence for each item."""
    language = subject.language
    topic = _short(subject.topic, language)
    first = dice.below(len(language.items))
    kinds = len(language.items)
    items = [
        language.items[(first + number) % kinds].replace("{number}", str(number)).replace("{topic}", topic)
        for number in range(1, count + 1)
    ]
    if spoken:
        return language.joiner.join(item + language.full_stop for item in items)
    if numbered:
        return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))
    return "\n".join(f"- {item}" for item in items)


def _verse(subject: Subject, count: int, dice: Dice, *, spoken: bool) -> str:
    """Lines: the topic, then verses; no fact and no rhyme."""
    language = subject.language
    kinds = len(language.verses)
    first = dice.below(kinds)
    lines = [_capital(_short(subject.topic, language)) + language.comma]
    lines += [language.verses[number % kinds] for number in range(first, first + count - 1)]
    lines[-1] = lines[-1].rstrip(language.comma) + language.full_stop
    return (language.joiner if spoken else "\n").join(lines)


def _in_characters(subject: Subject, plain: Sequence[str], span: Span, dice: Dice) -> str:
    """At least and at most so many characters, in whole sentences where that can be."""
    language = subject.language
    joiner, stop = language.joiner, language.full_stop
    text = joiner.join(plain)
    if span.least <= len(text) <= span.most:
        return text
    goal = span.nearest(len(text))
    pieces = [subject.opening]
    if len(subject.opening) > span.most:
        pieces = [(subject.headline[: max(1, span.most - 1)].rstrip() + stop)[: span.most]]
    size = len(pieces[0])
    shortest = min(map(len, language.bodies))
    # As many as could be needed, and then each of them once more, in search of one that still fits.
    for piece in _further(language, span.most // shortest + len(language.bodies), dice):
        if size >= goal or span.most - size < shortest:
            break
        if size + len(joiner) + len(piece) <= span.most:
            pieces.append(piece)
            size += len(joiner) + len(piece)
    text = joiner.join(pieces)
    if len(text) < span.least:
        # Only a cut sentence comes to a length that no whole ones add up to.
        rest = (joiner + dice.pick(language.bodies))[: span.most - len(text) - 1].rstrip(" ,.。、，")
        text = (text + rest).ljust(span.most, stop)
    return text


def _short(topic: str, language: Language) -> str:
    if len(topic) <= _SHORT_TOPIC:
        return topic
    cut = topic[: _SHORT_TOPIC + 1]
    if " " in cut:
        cut = _first_words(cut[: cut.rindex(" ")], _SHORT_TOPIC, language)
    return cut[:_SHORT_TOPIC]


def _capital(text: str) -> str:
    # An address keeps its small letters.
    return text[:1].upper() + text[1:] if text.split(None, 1)[0].isalpha() else text
