"""How a prompt goes on, as completions models go on: they add to a text, where chat models answer a message.

Three kinds of model: `instructed` ones begin a paragraph and come to an end; `base` ones run on from the last word, and
never stop by themselves; those of `code` take everything for code. All of it is "our choice", as `text` says.
"""

import re
from collections.abc import Iterator

from understudy.core.replies.code_continuation import continue_code
from understudy.core.replies.dice import Dice
from understudy.core.replies.languages import recognise
from understudy.core.replies.lazy_pattern import LazyPattern
from understudy.core.replies.prose import running_on
from understudy.core.replies.text import Turn, compose, word_for_word

_DIALOGUE = 2_000
"""Characters at the end of a prompt in which turns of a dialogue are looked for."""
_SENTENCES = 4
_ENDS_SENTENCE = '.!?:…。！？：؟।"”»」)'
_ANSWERER = LazyPattern(
    r"(?:\A|\n)[ \t>]*(?P<who>A|AI|Answer|Assistant|Bot|Response|Marv|答え?|回答)[ \t]*[:：][ \t]*\Z"
)
_ASKED = LazyPattern(
    r"(?:\A|\n)[ \t>]*(?:Q|Question|Human|User|You|Me|Instruction|問|質問|问)[ \t]*[:：][ \t]*(?P<said>[^\n]+)"
)


def continuations(prompt: str, seed: bytes, kind: str) -> Iterator[str]:
    """Stretches of text that come after a prompt, one after the other; what comes to an end has one.

    Args:
        prompt: what came before; may be empty.
        seed: decides everything by chance.
        kind: instructed, base or code.
    """
    code = continue_code(prompt, any_text=kind == "code") if prompt.strip() else None
    if code is not None:
        yield code
        return
    asked = _question(prompt)
    said: str | None
    if asked is not None:
        said = compose([Turn("user", asked)], seed)
        yield said if prompt[-1].isspace() or not recognise(said)[0].spaced else " " + said
        if kind == "instructed":
            return
    elif kind == "instructed":
        yield ("" if prompt.endswith("\n") else "\n\n") + compose([Turn("user", prompt)], seed)
        return
    else:
        said = word_for_word(prompt, seed) if prompt else None
        if said is not None:
            yield said if prompt[-1].isspace() else " " + said
    yield from _prose(prompt, seed, begun=asked is None and said is None)


def _prose(prompt: str, seed: bytes, *, begun: bool) -> Iterator[str]:
    """Paragraphs without end.

    Args:
        prompt: tells the language.
        seed: decides by chance.
        begun: whether the first one goes on from the prompt's last word.
    """
    language, _ = recognise(prompt[-_DIALOGUE:])
    dice = Dice(seed, b"running on")
    while True:
        paragraph = language.joiner.join(running_on(language, _SENTENCES, dice))
        if not begun:
            yield "\n\n" + paragraph
            continue
        begun = False
        last = prompt.rstrip()[-1:]
        if last and last not in _ENDS_SENTENCE:
            paragraph = paragraph[0].lower() + paragraph[1:]
        if prompt and not prompt[-1].isspace():
            paragraph = (language.comma if last.isalnum() else "") + (" " if language.spaced else "") + paragraph
        yield paragraph


def _question(prompt: str) -> str | None:
    """What was asked last in a prompt that ends where a dialogue's answer begins."""
    tail = prompt[-_DIALOGUE:]
    if _ANSWERER.compiled.search(tail) is None:
        return None
    asked: list[str] = _ASKED.compiled.findall(tail)
    return asked[-1].strip() if asked else None


def before_suffix(said: str, suffix: str) -> str:
    """A text that is put between a prompt and a suffix: it ends as the suffix begins."""
    if not suffix or not said or suffix[0].isspace() or said[-1].isspace():
        return said
    return said + (" " if re.match(r"\w", suffix) and said[-1:].isascii() else "")
