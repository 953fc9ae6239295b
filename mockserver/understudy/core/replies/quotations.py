"""What of a message can be said back: its topic, fit to stand in a sentence of ours."""

import re
from collections.abc import Set

from understudy.core.replies.languages import Language
from understudy.core.replies.lazy_pattern import LazyPattern

LOOKED_AT = 2_000
"""Characters of a message that are looked at, a quarter of them at its end: an instruction may follow its matter."""
_TAIL = 500
LONGEST_QUOTATION = 60
"""Characters of a message that a sentence of ours quotes at most."""

_TOPIC_WORDS = 8
_SEARCHED_WORDS = 16
_ENDS_SENTENCE = ".!?:;。！？؟।"
_EDGES = "\t\n\r\x0b\x0c !\"$&'()*,-./:;<=>?@[\\]^_`{|}~¡¿«»‘’“”„‹›…–—、。，！？：；「」『』（）·؟،؛।"
_MARKUP = str.maketrans('"“”„«»「」『』`*_|\\', "'''''''''      ")
# Control characters (but line feeds), lone surrogates, line separators, marks that turn the direction of writing, and
# what is no character at all.
_UNFIT = LazyPattern(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]+", re.NOFLAG
)
_PHRASE_BREAK = LazyPattern(r"[\s。、！？，．：；!?,:;()（）「」『』“”\"]+", re.NOFLAG)


def looked_at(message: str) -> str:
    """The part of a message that is looked at; at most `LOOKED_AT` + 1 characters."""
    if len(message) <= LOOKED_AT:
        return message
    return message[: LOOKED_AT - _TAIL] + "\n" + message[-_TAIL:]


def without_unfit(text: str) -> str:
    """The text without characters that no answer holds, its lines kept."""
    return _UNFIT.compiled.sub(" ", text).strip()


def topic_of(text: str, language: Language) -> str:
    """Words of the message that say what it is about, as they stand; at most 60 characters; "" if it has no words."""
    beside = language.beside_topic
    if not language.spaced:
        topic = _phrase_of_topic(text, beside)
    else:
        topic = _words_of_topic(text, language.stop_words)
        if beside is not None:
            topic = beside.compiled.sub("", topic)
    if not topic:
        topic = _UNFIT.compiled.sub(" ", text[:1_000]).strip(_EDGES)
    if len(topic) > LONGEST_QUOTATION:
        topic = _cut(topic)
    if not topic.isprintable() or '"' in topic:
        topic = " ".join(_UNFIT.compiled.sub(" ", topic).translate(_MARKUP).split()).strip(_EDGES)
    return topic


def _words_of_topic(text: str, stop_words: Set[str]) -> str:
    """From the first word that means something to the last one in the same sentence, a few words at most."""
    words = text.split(None, _SEARCHED_WORDS)
    if len(words) > _SEARCHED_WORDS:
        words.pop()
    skipped = 0
    for word in words:
        if word not in stop_words and (word.isalpha() or _means_something(word, stop_words)):
            break
        skipped += 1
    phrase = words[skipped : skipped + _TOPIC_WORDS]
    if not phrase:
        return ""
    for count, word in enumerate(phrase, 1):
        if word[-1] in _ENDS_SENTENCE:
            del phrase[count:]
            break
    last = phrase[-1]
    while last in stop_words or not (last.isalpha() or _means_something(last, stop_words)):
        phrase.pop()
        last = phrase[-1]
    return " ".join(phrase).strip(_EDGES)


def _means_something(word: str, stop_words: Set[str]) -> bool:
    bare = word.strip(_EDGES)
    # A number does not begin or end a topic: it belongs to "in 300 words".
    return bare not in stop_words and bare[:1].isalpha()


def _phrase_of_topic(text: str, beside: LazyPattern | None) -> str:
    """The first phrase that is left when the words of asking are taken away."""
    for phrase in _PHRASE_BREAK.compiled.split(text[: 4 * LONGEST_QUOTATION]):
        rest = (phrase if beside is None else beside.compiled.sub("", phrase)).strip(_EDGES)
        if len(rest) > 1 and not rest.isdigit():
            return rest
    return ""


def _cut(text: str) -> str:
    """The beginning of a text, at a space if there is one, with a mark that it goes on."""
    cut = text[: LONGEST_QUOTATION - 1]
    if text[LONGEST_QUOTATION - 1] != " " and " " in cut:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(_EDGES) + "…"
