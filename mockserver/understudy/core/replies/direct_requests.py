"""Requests that say what to answer: "Say this is a test", "Answer with yes or no", "What is 2+2?", "Hello!".

Small matchers, in the order in which they are tried; the first that fits answers. A matcher returns all the answers
that would do, and the seed picks one.
"""

import re
from collections.abc import Callable, Set
from typing import NamedTuple

from understudy.core.replies.code_samples import code_sample
from understudy.core.replies.languages import Kind, Language
from understudy.core.replies.languages.english import ENGLISH
from understudy.core.replies.lazy_pattern import LazyPattern
from understudy.core.replies.quotations import LOOKED_AT, without_unfit

LONGEST_SUM = 120
"""Characters of a message that may be nothing but a sum."""


class Request(NamedTuple):
    """What a matcher sees.

    Attributes:
        text: the message, as much of it as is looked at.
        written_in: its language.
        language: of the answer.
        topic: what the message is about.
        is_shaped: whether it asks for a length or for a language: then nothing unquoted is word for word.
    """

    text: str
    written_in: Language
    language: Language
    topic: str
    is_shaped: bool


class Answers(NamedTuple):
    """What may be answered.

    Attributes:
        texts: whole answers, one of which is given.
        markup: whether they are of no use when read aloud.
    """

    texts: tuple[str, ...]
    markup: bool = False


_CLOSING_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "„": "“”", "«": "»", "「": "」", "『": "』"}
_LONGEST_UNQUOTED = 200
_MOST_UNQUOTED_WORDS = 12
_SENTENCE_END = LazyPattern(r"[.!?](?=\s)|\n|[。！？]", re.NOFLAG)
# What may follow a text that is to be said word for word.
_ADDITION = LazyPattern(
    r"[\s,.;:!?]*(?:(?:and|but|with)?\s*(?:nothing (?:else|more)|only|exactly|please|verbatim|back|to me|as is|no more|"
    r"bitte|por favor|s'il (?:te|vous) pla[iî]t|per favore|пожалуйста)\b|if |when |once |so that |without |\Z|[.!?]\s)"
)
_UNQUOTED_ADDITION = LazyPattern(
    r"[\s,]+(?:(?:and|but)\s+nothing (?:else|more)|only|exactly|please|verbatim|back|if (?:you|this|it)\b.*|"
    r"when you\b.*|once you\b.*|to (?:me|us|the (?:user|caller|world|customer|class)|everyone|everybody))\s*\Z"
)
_OPTION = LazyPattern(r"[\"'“‘`「]([^\"'”’`」\n]{1,60})[\"'”’`」]|([^\W_][\w-]{0,40})", re.NOFLAG)
_SUM = LazyPattern(
    r"(?<![A-Za-z0-9.,:/+*×÷^-])(?P<left>[-−]?\d{1,15})\s*"
    r"(?P<sign>[-+*×÷/−–x]|plus|minus|times|(?:divided|multiplied) by)\s*(?P<right>[-−]?\d{1,15})"
    r"(?![A-Za-z0-9,:/+*×÷^−%-]|\.\d|\s*(?:[-+*×÷/^−]|plus|minus|times)\s*\d)"
)
_SIGNS = {"plus": "+", "minus": "-", "−": "-", "–": "-", "times": "×", "*": "×", "x": "×", "multiplied by": "×"}


def direct_answers(request: Request, kinds: Set[Kind]) -> Answers | None:
    """What a message asks for word for word; None when it asks for something else.

    Args:
        request: the message.
        kinds: what it may hold, as `recognise` found.
    """
    for kind, matcher in _MATCHERS:
        if kind is None or kind in kinds:
            answers = matcher(request)
            if answers is not None:
                return answers
    return None


def _choice(request: Request) -> Answers | None:
    """Answer "answer with yes or no" and "classify it as spam or ham" with one of the options."""
    match = request.written_in.choice.compiled.search(request.text)
    if match is None:
        return None
    options = [quoted or bare for quoted, bare in _OPTION.compiled.findall(match["options"])]
    return Answers(tuple(option for option in options if option not in request.written_in.conjunctions))


def _echo(request: Request) -> Answers | None:
    """Answer "say this is a test", "reply with 'OK' and nothing else", "repeat after me: …" with the text itself."""
    text = request.text
    # Words in any language may be asked for in English: "say 'こんにちは'".
    language = request.written_in
    match = language.echo.compiled.search(text)
    if match is None and language is not ENGLISH:
        language = ENGLISH
        match = language.echo.compiled.search(text)
    if match is None or len(text) > LOOKED_AT:
        return None
    groups = match.groupdict()
    if groups.get("quoted"):
        return _word_for_word(groups["quoted"])
    said: str = groups["said"].strip()
    closing = _CLOSING_QUOTES.get(said[0])
    if closing is not None:
        end = next((place for place in range(1, len(said)) if _closes(said, place, closing)), 0)
        if end and _ADDITION.compiled.match(said, end + 1) is not None:
            return _word_for_word(said[1:end])
        return None
    if groups.get("colon"):
        return _word_for_word(said)
    return _unquoted(said, request, language)


def _closes(said: str, place: int, closing: str) -> bool:
    """Whether the quotation ends there; an apostrophe within a word does not end one."""
    if said[place] not in closing:
        return False
    return said[place] not in "'’" or not said[place + 1 : place + 2].isalnum()


def _unquoted(said: str, request: Request, language: Language) -> Answers | None:
    end = _SENTENCE_END.compiled.search(said)
    if end is not None:
        said = said[: end.end() if said[end.start()] in "!?！？" else end.start()]
    if request.is_shaped:
        return _hello(said, request)
    said = _UNQUOTED_ADDITION.compiled.sub("", said).rstrip(" .。")
    words = [word.strip(",:;") for word in said.lower().split()]
    if not words or len(said) > _LONGEST_UNQUOTED or len(words) > _MOST_UNQUOTED_WORDS:
        return None
    # "Say one thing" is a task, "say one two three" is a text.
    if words[0] in language.not_said and not all(word in language.measures.numbers for word in words):
        return None
    return _word_for_word(said[0].upper() + said[1:])


def _hello(said: str, request: Request) -> Answers | None:
    """Answer "say hello in French" in French."""
    return Answers((request.language.hello,)) if said.lower().startswith(("hello in ", "hi in ")) else None


def _word_for_word(said: str) -> Answers | None:
    fit = without_unfit(said)
    return Answers((fit,)) if fit else None


def _sum(request: Request) -> Answers | None:
    """Answer "what is 2+2?": two whole numbers and what they come to."""
    if len(request.text) > LONGEST_SUM:
        return None
    match = _SUM.compiled.search(request.text)
    if match is None:
        return None
    sign = match["sign"].lower()
    sign = _SIGNS.get(sign, sign)
    left, right = int(match["left"].replace("−", "-")), int(match["right"].replace("−", "-"))
    if sign in ("÷", "/", "divided by"):
        if not right:
            return None
        sign = "÷"
        result = str(left // right) if left % right == 0 else f"{left / right:.6g}"
    else:
        result = str(left + right if sign == "+" else left - right if sign == "-" else left * right)
    return Answers((f"{left} {sign} {right} = {result}{request.language.full_stop}",))


def _greeting(request: Request) -> Answers | None:
    """Answer "hello there!" with a greeting."""
    if request.is_shaped or request.written_in.greeting.compiled.match(request.text) is None:
        return None
    return Answers(request.written_in.greetings)


def _code(request: Request) -> Answers | None:
    """Answer "write a Python function that …" with a sentence and a short block of code."""
    if request.written_in.code_request.compiled.search(request.text) is None:
        return None
    block = code_sample(request.text, request.topic)
    return Answers(
        tuple(f"{intro.replace('{topic}', request.topic)}\n\n{block}" for intro in request.language.code_intros),
        markup=True,
    )


_MATCHERS: tuple[tuple[Kind | None, Callable[[Request], Answers | None]], ...] = (
    ("choice", _choice),
    ("echo", _echo),
    (None, _sum),
    ("greeting", _greeting),
    ("code", _code),
)
