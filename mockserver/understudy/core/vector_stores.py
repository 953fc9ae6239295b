"""Vector stores: texts of files cut into chunks, and found again by the words of a question.

    text -> chunks of 800 tokens, each beginning 400 before the last one's end -> hashes of each chunk's terms
    question -> terms -> the share of their weight that a chunk has: its score, 0 to 1

The terms are those of `core.embedding`: words, their stems, and what stands for words where no spaces part them. Rare
terms weigh more. Chunking as OpenAI's guide "Retrieval" has it; all else is "our choice", as nothing is known of the
real scores.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from math import log
from typing import Any
from zlib import crc32

import msgspec

from understudy.core.clock import DAY, SECOND
from understudy.core.embedding import terms
from understudy.core.media import Vocabulary

ENCODING = "o200k_base"
CHUNK, OVERLAP = 800, 400
"""Tokens of a chunk, and those that it shares with the next (OpenAPI document)."""
MOST_CHUNKS = 2_000
"""Of one file ("our choice", to bound memory and time; the real API takes 5,000,000 tokens)."""
READING = SECOND
"""How long a file is `in_progress` ("our choice")."""
_TEXTS = frozenset(
    "c cpp cs css go html java js json md php py rb sh tex ts txt".split()  # noqa: SIM905 - shorter than a list
)
"""Extensions that are taken (OpenAI's guide "Retrieval"); the document's others, such as pdf and docx, are not read."""
_UNREAD = frozenset({"doc", "docx", "pdf", "pptx"})
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class VectorStore(msgspec.Struct):
    """What is said of a store.

    Attributes:
        id: `vs_` and 32 hexadecimal digits.
        name, description, metadata: of the caller.
        created_at: seconds since the epoch.
        last_active_at: the same: when it was last changed or searched.
        days: after which it expires when nobody uses it, None for never.
    """

    id: str
    name: str
    description: str | None
    metadata: dict[str, str] | None
    created_at: int
    last_active_at: int
    days: int | None = None

    @property
    def expires_at(self) -> int | None:
        """Seconds since the epoch."""
        return None if self.days is None else self.last_active_at + self.days * (DAY // SECOND)

    def has_expired(self, now: int) -> bool:
        """Whether it is over.

        Args:
            now: microseconds since the epoch.
        """
        return self.expires_at is not None and now >= self.expires_at * SECOND

    def shown(self, counts: "Counts", now: int) -> dict[str, Any]:
        """As it is answered (keys of the OpenAPI document)."""
        expired = self.has_expired(now)
        status = "expired" if expired else "in_progress" if counts.in_progress else "completed"
        return {
            "id": self.id,
            "object": "vector_store",
            "created_at": self.created_at,
            "name": self.name,
            "description": self.description,
            "usage_bytes": 0 if expired else counts.usage_bytes,
            "file_counts": counts.shown(),
            "status": status,
            "expires_after": None if self.days is None else {"anchor": "last_active_at", "days": self.days},
            "expires_at": self.expires_at,
            "last_active_at": self.last_active_at,
            "metadata": self.metadata or {},
        }


class Chunking(msgspec.Struct, frozen=True):
    """How a file is cut: tokens of a chunk, tokens that neighbours share."""

    size: int = CHUNK
    overlap: int = OVERLAP


class FileInStore(msgspec.Struct):
    """A file that was put into a store.

    Attributes:
        id: of the file.
        filename: of the file.
        store: id of the store.
        created_at: when it was put in, microseconds since the epoch.
        chunking: how it was cut.
        attributes: of the caller.
        usage_bytes: of its chunks and their terms.
        error: code and message of why it cannot be read, None when it can.
        cancelled: whether its batch was cancelled in time.
        expires_at: when the file itself is gone, seconds since the epoch, None for never.
    """

    id: str
    filename: str
    store: str
    created_at: int
    chunking: Chunking
    attributes: dict[str, Any]
    usage_bytes: int = 0
    error: tuple[str, str] | None = None
    cancelled: bool = False
    expires_at: int | None = None

    def status(self, now: int) -> str:
        """`in_progress`, `completed`, `failed` or `cancelled` at a moment, microseconds since the epoch."""
        if self.cancelled:
            return "cancelled"
        if now < self.created_at + READING:
            return "in_progress"
        return "completed" if self.error is None else "failed"

    def is_there(self, now: int) -> bool:
        """Whether the file has not expired."""
        return self.expires_at is None or now < self.expires_at * SECOND

    def shown(self, now: int) -> dict[str, Any]:
        """As it is answered (keys of the OpenAPI document)."""
        status = self.status(now)
        error = None
        if status == "failed" and self.error is not None:
            error = {"code": self.error[0], "message": self.error[1]}
        return {
            "id": self.id,
            "object": "vector_store.file",
            "usage_bytes": self.usage_bytes if status == "completed" else 0,
            "created_at": self.created_at // SECOND,
            "vector_store_id": self.store,
            "status": status,
            "last_error": error,
            "chunking_strategy": {
                "type": "static",
                "static": {
                    "max_chunk_size_tokens": self.chunking.size,
                    "chunk_overlap_tokens": self.chunking.overlap,
                },
            },
            "attributes": self.attributes,
        }


class Counts(msgspec.Struct):
    """How many files of a store are in which state."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    total: int = 0
    usage_bytes: int = 0

    def add(self, file: FileInStore, now: int) -> None:
        """Count one."""
        status = file.status(now)
        setattr(self, status, getattr(self, status) + 1)
        self.total += 1
        if status == "completed":
            self.usage_bytes += file.usage_bytes

    def shown(self) -> dict[str, int]:
        """The object `file_counts`."""
        return {name: getattr(self, name) for name in ("in_progress", "completed", "failed", "cancelled", "total")}


class Chunk(msgspec.Struct, frozen=True):
    """A piece of a text.

    Attributes:
        text: of it.
        terms: hashes of its terms, sorted, four bytes each.
    """

    text: str
    terms: bytes


class Hit(msgspec.Struct, frozen=True):
    """A chunk that was found.

    Attributes:
        file: it is of.
        text: of the chunk.
        score: 0 to 1.
    """

    file: FileInStore
    text: str
    score: float


def read_text(filename: str, content: bytes) -> str | tuple[str, str]:
    """The text of a file, or code and message of why there is none ("our choice" of words)."""
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    if extension in _UNREAD:
        return "unsupported_file", f"Files of the type .{extension} are not read by Understudy: send their text."
    if extension not in _TEXTS:
        return "unsupported_file", "The file type is not supported."
    encoding = next((name for mark, name in _BOMS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return "invalid_file", "The file is no text in UTF-8, UTF-16 or ASCII."
    return text if text.strip() else ("invalid_file", "The file has no text.")


def cut(text: str, chunking: Chunking, vocabulary: Vocabulary) -> list[Chunk] | tuple[str, str]:
    """The chunks of a text, or code and message of why it has too many."""
    pieces = vocabulary.pieces(text, ENCODING)
    step = chunking.size - chunking.overlap
    count = max(-(-(len(pieces) - chunking.overlap) // step), 1)
    if count > MOST_CHUNKS:
        return "invalid_file", f"The file has {count} chunks; at most {MOST_CHUNKS} are taken."
    texts = ("".join(pieces[start : start + chunking.size]) for start in range(0, count * step, step))
    return [Chunk(each, array("I", sorted(_hashes(each))).tobytes()) for each in texts]


def _hashes(text: str) -> dict[int, int]:
    """Hashes of a text's terms, each with its weight."""
    return {crc32(term.encode("utf-8", "surrogatepass")): weight for term, weight in terms(text)}


def search(
    files: Iterable[tuple[FileInStore, Sequence[Chunk]]], queries: Sequence[str], most: int, threshold: float
) -> list[Hit]:
    """The chunks that say most of a question, the best first.

    Args:
        files: with their chunks.
        queries: of several the best score counts.
        most: chunks.
        threshold: least score.
    """
    chunks = [(file, chunk.text, array("I", chunk.terms)) for file, found in files for chunk in found]
    scores = [0.0] * len(chunks)
    for query in queries:
        asked = _hashes(query)
        which = {term: [_has(known, term) for _, _, known in chunks] for term in asked}
        weights = {term: weight * _rarity(sum(which[term]), len(chunks)) for term, weight in asked.items()}
        total = sum(weights.values())
        for number in range(len(chunks)):
            said = sum(weights[term] for term in asked if which[term][number])
            scores[number] = max(scores[number], said / total if total else 0.0)
    order = sorted(range(len(chunks)), key=lambda number: (-scores[number], number))
    return [Hit(chunks[at][0], chunks[at][1], round(scores[at], 4)) for at in order[:most] if scores[at] >= threshold]


def _has(known: "array[int]", term: int) -> bool:
    at = bisect_left(known, term)
    return at < len(known) and known[at] == term


def _rarity(holders: int, chunks: int) -> float:
    """What a term weighs by how many chunks have it: the inverse frequency of BM25, never nothing."""
    return 0.1 + log(1 + (chunks - holders + 0.5) / (holders + 0.5))


_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda mine, asked: mine == asked,
    "ne": lambda mine, asked: mine != asked,
    "gt": lambda mine, asked: mine > asked,
    "gte": lambda mine, asked: mine >= asked,
    "lt": lambda mine, asked: mine < asked,
    "lte": lambda mine, asked: mine <= asked,
}
ORDERED = ("gt", "gte", "lt", "lte")
LISTED = ("in", "nin")
COMPARISONS = (*_COMPARED, *LISTED)


def passes(attributes: Mapping[str, Any], filters: Mapping[str, Any] | None) -> bool:
    """Whether a file's attributes are those that a filter asks for.

    A file that lacks the attribute passes `ne` and `nin` alone; texts and numbers are not compared with each other
    ("our choice").
    """
    if filters is None:
        return True
    kind = filters["type"]
    if kind == "and":
        return all(passes(attributes, each) for each in filters["filters"])
    if kind == "or":
        return any(passes(attributes, each) for each in filters["filters"])
    mine, asked = attributes.get(filters["key"]), filters["value"]
    if mine is None:
        return kind in ("ne", "nin")
    if kind in LISTED:
        held = any(_alike(mine, each) and mine == each for each in asked)
        return held if kind == "in" else not held
    if not _alike(mine, asked):
        is_other: bool = kind == "ne"
        return is_other
    return bool(_COMPARED[kind](mine, asked))


def _alike(mine: Any, other: Any) -> bool:
    """Whether both are texts, numbers, or true or false."""
    return isinstance(mine, str) == isinstance(other, str) and isinstance(mine, bool) == isinstance(other, bool)


@lru_cache(maxsize=256)
def keywords(query: str) -> str:
    """The query without what all questions have in common; see `rewrite_query`."""
    kept = list(dict.fromkeys(term[1:] for term, weight in terms(query) if term[0] == "w" and weight > 2))
    return " ".join(kept) or query


def best_sentences(text: str, query: str, most: int = 2) -> str:
    """What a chunk says of a question, in its own sentences and order."""
    sentences = [each for line in text.splitlines() for each in _sentences(line)]
    asked = _hashes(query)
    scores = [sum(asked.get(term, 0) for term in _hashes(each)) for each in sentences]
    least = max(scores, default=0) / 2
    chosen = sorted(sorted(range(len(sentences)), key=lambda at: (-scores[at], at))[:most])
    return " ".join(sentences[at] for at in chosen if scores[at] and scores[at] >= least)[:_QUOTED]


_QUOTED = 600


def _sentences(line: str) -> list[str]:
    found: list[str] = []
    begun = 0
    for at, letter in enumerate(line):
        if letter in ".!?。！？" and (at + 1 == len(line) or line[at + 1].isspace() or letter in "。！？"):
            found.append(line[begun : at + 1].strip())
            begun = at + 1
    found.append(line[begun:].strip())
    return [each for each in found if each]
