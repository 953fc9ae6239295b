"""The form of a language: how it is recognised, what its requests look like, and the phrases that answers are made of.

The phrases say nothing about the world. They refer to the message, call themselves a sample, and offer to go on.
`{topic}` stands for words of the message, always in quotation marks, so that no phrase needs them in a certain
case, number or gender. All of it is "our choice".
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from understudy.core.replies.lazy_pattern import LazyPattern

Kind = Literal["choice", "echo", "greeting", "code", "question", "length", "list", "form", "verbosity", "language"]
"""What a message may ask for beside its matter: one of some words, to say something, a greeting, code, yes or no, a
number of words, a list, a poem, a short or long answer, a language."""

NEVER = r"(?!)"
"""Matches nothing: a language that has no such expression."""


class Measures(Struct, frozen=True, kw_only=True, eq=False):
    """How a language asks for a length, as pieces of regular expressions.

    Attributes:
        numbers: number words and what they mean; digits need no entry.
        words: what counts words ("words?").
        characters: what counts characters.
        sentences: what counts sentences.
        paragraphs: what counts paragraphs.
        bullets: what counts the items of a list.
        lines: what counts lines.
        at_most: stands before a number that is an upper bound.
        at_least: stands before a number that is a lower bound.
        exactly: stands before a number that is meant to the letter.
        about: stands before a number and changes nothing.
        between: stands between the two numbers of a range.
        at_most_after: stands after the unit and makes the number an upper bound.
        at_least_after: stands after the unit and makes the number a lower bound.
        listing: a request for a list of some other things, with the group `number`.
        some_bullets: a request for a list without a number.
        forms: requests for poems and how many lines each kind has.
        brief: asks for a short answer without a number.
        detailed: asks for a long answer without a number.
        unless: lower-case words before the number that show that nothing is asked for ("these 300 words").
        word_ends: whether a unit ends where a word ends; languages that glue particles to nouns say no.
    """

    numbers: Mapping[str, int]
    words: str = NEVER
    characters: str = NEVER
    sentences: str = NEVER
    paragraphs: str = NEVER
    bullets: str = NEVER
    lines: str = NEVER
    at_most: str = NEVER
    at_least: str = NEVER
    exactly: str = NEVER
    about: str = NEVER
    between: str = r"\s*[-–~〜～]\s*"
    at_most_after: str = NEVER
    at_least_after: str = NEVER
    listing: str = NEVER
    some_bullets: str = NEVER
    forms: Mapping[str, int] = {}
    brief: str = NEVER
    detailed: str = NEVER
    unless: frozenset[str] = frozenset()
    word_ends: bool = True


class Language(Struct, frozen=True, kw_only=True, eq=False):
    """One language.

    Attributes:
        code: ISO 639-1.
        name: in English.
        asked_for: how one asks to be answered in it, in itself ("auf deutsch"), a piece of a regular expression.
        marks: common lower-case words by which a text in Latin script is recognised.
        stop_words: lower-case words that cannot begin or end a topic: function words, and the words of requests.
        beside_topic: what of a phrase is about the asking, or is grammar, rather than the topic.
        joiner: stands between two sentences.
        full_stop: ends a sentence.
        comma: ends a line that is not the last.
        openings: first sentences of an answer, with `{topic}`.
        affirmations: first sentences that say yes, with `{topic}`.
        denials: first sentences that say no, with `{topic}`.
        findings: first sentences after a tool's result, which is then the topic.
        offers: whole answers to a message in which nothing can be quoted.
        nothing: stands for the topic of a message without words.
        bodies: further sentences; each stays right after any other.
        leads: beginnings that a body may get; what follows a comma then begins in lower case.
        closings: last sentences.
        yes: the shortest affirmation.
        no: the shortest denial.
        hello: the shortest greeting.
        greetings: answers to a greeting.
        items: items of a list, with `{topic}` and `{number}`.
        verses: lines of a poem after the first.
        endings: sentences of one word, two words and so on, to fill an exact count of words.
        code_intros: sentences before a block of code, with `{topic}`.
        greeting: matches a message that only greets.
        question: matches a message that asks for yes or no; with the group `polite`, yes is the only polite answer.
        code_request: matches a message that asks for code.
        echo: matches a request to say something. It has the group `quoted` (said word for word), or the group `said`
            (the rest of the message, perhaps in quotation marks) and perhaps `colon` (then all of the rest is meant).
        not_said: lower-case words that, right after the verb, show that no text follows ("say something nice").
        choice: matches a request to answer with one of some words, which are the group `options`.
        conjunctions: the words between them.
        measures: how lengths are asked for.
        cues: by kind of request, the words of which one at least occurs in every such request. Only English has them:
            they are what makes its ordinary messages cheap.
    """

    code: str
    name: str
    asked_for: str
    marks: frozenset[str] = frozenset()
    stop_words: frozenset[str] = frozenset()
    beside_topic: LazyPattern | None = None
    joiner: str = " "
    full_stop: str = "."
    comma: str = ","
    openings: tuple[str, ...]
    affirmations: tuple[str, ...]
    denials: tuple[str, ...]
    findings: tuple[str, ...]
    offers: tuple[str, ...]
    nothing: str
    bodies: tuple[str, ...]
    leads: tuple[str, ...]
    closings: tuple[str, ...]
    yes: str
    no: str
    hello: str
    greetings: tuple[str, ...]
    items: tuple[str, ...]
    verses: tuple[str, ...]
    endings: tuple[str, ...] = ()
    code_intros: tuple[str, ...]
    greeting: LazyPattern
    question: LazyPattern
    code_request: LazyPattern
    echo: LazyPattern
    not_said: frozenset[str] = frozenset()
    choice: LazyPattern = LazyPattern(NEVER)
    conjunctions: frozenset[str] = frozenset()
    measures: Measures
    cues: Mapping[Kind, frozenset[str]] = {}

    @property
    def spaced(self) -> bool:
        """Whether spaces part its words."""
        return self.joiner == " "


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as one string."""
    return frozenset(text.split())


def in_both_cases(lower: frozenset[str]) -> frozenset[str]:
    """Lower-case words, also as they stand at the beginning of a sentence."""
    return lower | {word.capitalize() for word in lower}
