"""Which language a text is in, which one it asks for, and what else it may ask for.

A language is told by its script; in Latin script by its commonest words; it is English when nothing tells.
"""

import re
from collections.abc import Set
from typing import get_args

from understudy.core.replies.languages.arabic import ARABIC
from understudy.core.replies.languages.catalogue import LANGUAGES
from understudy.core.replies.languages.chinese import CHINESE
from understudy.core.replies.languages.english import ENGLISH
from understudy.core.replies.languages.hindi import HINDI
from understudy.core.replies.languages.japanese import JAPANESE
from understudy.core.replies.languages.korean import KOREAN
from understudy.core.replies.languages.language import Kind, Language, in_both_cases
from understudy.core.replies.languages.russian import RUSSIAN
from understudy.core.replies.lazy_pattern import LazyPattern

_LATIN = tuple(language for language in LANGUAGES.values() if language.marks)
_MARKED = {
    mark: tuple(language for language in _LATIN if mark in language.marks)
    for mark in frozenset[str]().union(*(language.marks for language in _LATIN))
}
# Words that an English message hardly holds: an ASCII text without any of them is English at once.
_FOREIGN = in_both_cases(frozenset(_MARKED) - ENGLISH.marks)

_BY_NAME = {language.name.lower(): language for language in LANGUAGES.values()}
# In English a verb must come before, so that "the best place in French Polynesia" asks for nothing; in other languages
# the phrase itself is enough.
_IN_LANGUAGE = LazyPattern(rf"\bin (?P<name>{'|'.join(_BY_NAME)})\b")
_SPEAK = LazyPattern(
    r"\b(?:answer|repl(?:y|ies)|respond|write|speak|say|talk|explain|describe|tell|converse|communicate|greet|output|"
    r"use)\b[^.!?\n]*\Z"
)
_BEFORE_IN = 80
_OWN_PHRASE = LazyPattern("|".join(rf"(?P<{language.code}>{language.asked_for})" for language in LANGUAGES.values()))
# Where no spaces part words, these tell whether a search for such a phrase is worth while.
_UNSPACED_PHRASES = ("語で", "用", "어로", "말로")


def _cues() -> dict[str, frozenset[Kind]]:
    """Each word that makes a message worth a closer look, and the kinds of request that it may belong to."""
    names = frozenset(_BY_NAME).union(*(re.findall(r"\w{4,}", language.asked_for) for language in LANGUAGES.values()))
    cues: dict[str, frozenset[Kind]] = dict.fromkeys(_FOREIGN, frozenset())
    of_languages: tuple[Kind, frozenset[str]] = ("language", in_both_cases(names))
    for kind, words in (*ENGLISH.cues.items(), of_languages):
        for word in words:
            cues[word] = cues.get(word, frozenset()) | {kind}
    return cues


_CUES = _cues()
_CUE_WORDS = frozenset(_CUES)
_NONE: frozenset[Kind] = frozenset()
_ALL: frozenset[Kind] = frozenset(get_args(Kind))
_ALL_BUT_LANGUAGE = _ALL - {"language"}

# ASCII text to words: everything but letters and digits becomes a space.
_WORDS_ONLY = bytes(code if code < 0x80 and chr(code).isalnum() else 0x20 for code in range(256))
_BETWEEN_WORDS = LazyPattern(
    r"[\s!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u203a。、！？「」『』（）：；，．…؟،؛।]+", re.NOFLAG
)

_OTHER_SCRIPT = LazyPattern(
    "[\u0400-\u04ff\u0600-\u06ff\u0900-\u097f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", re.NOFLAG
)
_RUN = LazyPattern(
    "[\u3040-\u30ff]+|[\u3400-\u9fff]+|[\uac00-\ud7af]+|[\u0400-\u04ff]+|[\u0600-\u06ff]+|[\u0900-\u097f]+|"
    "[A-Za-z\u00c0-\u024f]+",
    re.NOFLAG,
)
_LATIN_END = "\u024f"
# The last letter of each script in code order, its language, and how many Latin letters one of its letters stands for:
# "FastAPIとは何ですか" is Japanese, "Translate 東京" is not.
_SCRIPTS = (
    ("\u04ff", RUSSIAN, 1),
    ("\u06ff", ARABIC, 1),
    ("\u097f", HINDI, 1),
    ("\u30ff", JAPANESE, 3),
    ("\u9fff", CHINESE, 3),
    ("\ud7af", KOREAN, 3),
)
_KANA = 3
_HAN = 4
_RECOGNISED_BY = 400
"""Characters that decide which script a text is in."""


def recognise(text: str) -> tuple[Language, Set[Kind]]:
    """The language of a text, and the kinds of request that it may hold.

    In English the kinds are found by single words, which is what makes ordinary messages cheap: most hold no cue.
    Other languages may always hold all kinds, but the name of a language is found by words in them too.
    """
    ascii_only = text.isascii()
    words = (
        text.encode().translate(_WORDS_ONLY).decode() if ascii_only else _BETWEEN_WORDS.compiled.sub(" ", text)
    ).split()
    if words:
        # A message may begin with a command in small letters.
        words[0] = words[0].capitalize()
    found = _CUE_WORDS.intersection(words)
    if ascii_only:
        if not found:
            return ENGLISH, _NONE
        language = ENGLISH if found.isdisjoint(_FOREIGN) else _by_words(words)
    else:
        language = _by_script(text) or _by_words(words)
    kinds = _NONE.union(*[_CUES[cue] for cue in found])
    if language is ENGLISH:
        return ENGLISH, kinds
    asks = "language" in kinds or any(phrase in text for phrase in _UNSPACED_PHRASES)
    return language, _ALL if asks else _ALL_BUT_LANGUAGE


def language_of(text: str) -> str:
    """The code of a text's language."""
    return recognise(text)[0].code


def asked_for(text: str) -> Language | None:
    """The language in which a text asks to be answered, if it names one ("answer in French", "auf Deutsch")."""
    for match in _IN_LANGUAGE.compiled.finditer(text):
        if _SPEAK.compiled.search(text, max(0, match.start() - _BEFORE_IN), match.start()) is not None:
            return _BY_NAME[match["name"].lower()]
    own = _OWN_PHRASE.compiled.search(text)
    return None if own is None or own.lastgroup is None else LANGUAGES[own.lastgroup]


def _by_script(text: str) -> Language | None:
    """The language of the script in which most is written, None for Latin script."""
    if _OTHER_SCRIPT.compiled.search(text) is None:
        return None
    scores = [0] * len(_SCRIPTS)
    latin = 0
    for run in _RUN.compiled.findall(text, 0, _RECOGNISED_BY):
        first = run[0]
        if first <= _LATIN_END:
            latin += len(run)
            continue
        for index, (last, _, weight) in enumerate(_SCRIPTS):
            if first <= last:
                scores[index] += weight * len(run)
                break
    if scores[_KANA] and scores[_HAN]:
        # Where there are kana, the characters beside them are Japanese too.
        scores[_KANA] += scores[_HAN]
    best = max(scores)
    return _SCRIPTS[scores.index(best)][1] if best and best >= latin else None


def _by_words(words: list[str]) -> Language:
    """The Latin-script language that most of the words belong to."""
    scores: dict[Language, int] = {}
    for word in words:
        for language in _MARKED.get(word.lower(), ()):
            scores[language] = scores.get(language, 0) + 1
    if not scores:
        return ENGLISH
    best = max(scores, key=scores.__getitem__)
    return ENGLISH if scores.get(ENGLISH, 0) >= scores[best] else best
