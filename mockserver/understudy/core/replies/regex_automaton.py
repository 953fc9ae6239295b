"""Texts that match a regular expression, and a matcher whose time is bounded for any pattern.

A pattern becomes an automaton of states. `matches` follows all states at once, so no pattern makes it
slow (Python's `re` backtracks: a request that carries `^(a+)+$` could occupy it for hours). `sample` walks
the states towards acceptance, for an exact number of characters, so that `minLength` and `maxLength` are
kept by construction; look-arounds and word boundaries are ignored on the walk and checked afterwards.

JSON Schema searches: a pattern without anchors may match anywhere in the text.
"""

from collections.abc import Iterable
from functools import lru_cache
from random import Random
from typing import NamedTuple

from understudy.core.replies.effort import Effort
from understudy.core.replies.regex_syntax import Anchor, Chars, Choice, Look, Node, Ranges, Repeat, Series, parse
from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsatisfiableSchema

MAX_STATES = 4_000
"""States of one pattern ("our choice"); `[a-z]{1,2000}` needs some 4,000."""

EFFORT_OF_A_STATE = 4
"""Steps that each state of a pattern costs when the pattern is first needed, and again at each use."""

MAX_TRIES = 200
"""Samples drawn before a look-around is called unsatisfiable ("our choice")."""

TAME_TRIES = 16
"""Of these, samples of letters and digits alone; then any printable character of a class is drawn."""

COMFORT = 8
"""A text is at most this much longer than the shortest that fits, unless more is asked for."""

OPTIONAL_COPIES = 48
"""Repetitions beyond the minimum that are told apart where all of them would be too many states."""

_ALPHANUMERIC: Ranges = ((48, 57), (65, 90), (97, 122))
_PRINTABLE: Ranges = ((33, 126),)
_SMALL_CLASS = 64
_PADDING = Chars(((97, 122),))


class _Jump(NamedTuple):
    """A step that takes no character; `condition` must hold where it is taken."""

    target: int
    condition: "Anchor | _Glance | None"


class _Glance(NamedTuple):
    """A look-around with the automaton of its part."""

    automaton: "_Automaton"
    ahead: bool
    wanted: bool


class _Automaton:
    """States 0 … n: each either moves over one character or jumps without one."""

    def __init__(self, node: Node, *, padded: bool = False) -> None:
        self.moves: list[tuple[Ranges, int] | None] = []
        self.jumps: list[list[_Jump]] = []
        self.exact = True
        self.certain = True
        """False where a walk must be checked afterwards: look-arounds and word boundaries."""
        if padded:
            free = Repeat(_PADDING, 0, None)
            node = Series((free, node, free))
        self.start = self._state()
        self.accept = self._state()
        self._add(node, self.start, self.accept)
        self._reach: dict[tuple[int, bool, bool], frozenset[int]] = {}

    def _state(self) -> int:
        if len(self.moves) >= MAX_STATES:
            raise SchemaTooLarge("states of a pattern", MAX_STATES)
        self.moves.append(None)
        self.jumps.append([])
        return len(self.moves) - 1

    def _add(self, node: Node, begin: int, end: int) -> None:
        """Add states for `node` between two states."""
        match node:
            case Chars(ranges):
                here = self._state()
                self.jumps[begin].append(_Jump(here, None))
                self.moves[here] = (ranges, end)
            case Series(parts):
                for part in parts[:-1]:
                    after = self._state()
                    self._add(part, begin, after)
                    begin = after
                if parts:
                    self._add(parts[-1], begin, end)
                else:
                    self.jumps[begin].append(_Jump(end, None))
            case Choice(options):
                for option in options:
                    self._add(option, begin, end)
            case Repeat(part, low, high):
                self._repeat(part, low, high, begin, end)
            case Anchor():
                self.certain = self.certain and node.at not in ("boundary", "no boundary")
                self.jumps[begin].append(_Jump(end, node))
            case Look(part, ahead, wanted):
                self.certain = False
                self.jumps[begin].append(_Jump(end, _Glance(_Automaton(part), ahead, wanted)))

    def _repeat(self, part: Node, low: int, high: int | None, begin: int, end: int) -> None:
        if low > MAX_STATES:
            raise SchemaTooLarge("states of a pattern", MAX_STATES)
        for _ in range(low):
            after = self._state()
            self._add(part, begin, after)
            begin = after
        if high is None:
            loop = self._state()
            self.jumps[begin].append(_Jump(loop, None))
            self.jumps[loop].append(_Jump(end, None))
            back = self._state()
            self._add(part, loop, back)
            self.jumps[back].append(_Jump(loop, None))
            return
        optional = high - low
        before = len(self.moves)
        for copy in range(optional):
            if copy == 1 and (len(self.moves) - before) * optional > MAX_STATES - before:
                # All copies would not fit. Fewer make a smaller language: fine to draw from, not to match by.
                optional, self.exact = min(optional, OPTIONAL_COPIES), False
            if copy >= optional:
                break
            self.jumps[begin].append(_Jump(end, None))
            after = self._state()
            self._add(part, begin, after)
            begin = after
        self.jumps[begin].append(_Jump(end, None))

    # -- matching ------------------------------------------------------------------------------------------

    def found(self, text: str, effort: Effort, begin: int = 0, stop: int | None = None, *, free: bool = True) -> bool:
        """Whether a match starts at `begin` (or, if `free`, anywhere after) and ends (if `stop`, there)."""
        current: set[int] = set()
        for at in range(begin, len(text) + 1):
            if free or at == begin:
                current.add(self.start)
            current = self._closed(current, text, at, effort)
            if self.accept in current and stop in (None, at):
                return True
            if at == stop or at == len(text) or not (current or free):
                break
            current = self._moved(current, ord(text[at]))
        return False

    def _closed(self, states: Iterable[int], text: str, at: int, effort: Effort) -> set[int]:
        """Return the states and all that can be reached from them without a character."""
        seen = set(states)
        waiting = list(seen)
        while waiting:
            effort.spend(1)
            for target, condition in self.jumps[waiting.pop()]:
                if target not in seen and (condition is None or _holds(condition, text, at, effort)):
                    seen.add(target)
                    waiting.append(target)
        return seen

    def _moved(self, states: set[int], code: int) -> set[int]:
        moved = set()
        for state in states:
            move = self.moves[state]
            if move is not None and any(low <= code <= high for low, high in move[0]):
                moved.add(move[1])
        return moved

    # -- drawing -------------------------------------------------------------------------------------------

    def _reachable(self, state: int, first: bool, last: bool) -> frozenset[int]:
        """As `_closed`, for a text that is still to be made: `first` at its start, `last` at its end."""
        key = (state, first, last)
        known = self._reach.get(key)
        if known is not None:
            return known
        seen = {state}
        waiting = [state]
        while waiting:
            for target, condition in self.jumps[waiting.pop()]:
                if isinstance(condition, Anchor) and (
                    (condition.at == "start" and not first) or (condition.at in ("end", "very end") and not last)
                ):
                    continue
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return self._reach.setdefault(key, frozenset(seen))

    def walk(self, length: int, rng: Random, effort: Effort, *, wild: bool) -> str | None:
        """Return a text of exactly `length` characters, or None if there is none."""
        ahead = self._levels(length, effort)
        if ahead is None:
            return None
        text = []
        state = self.start
        for at in range(length):
            live = sorted(self._reachable(state, at == 0, False) & ahead[at])
            move = self.moves[live[int(rng.random() * len(live))]]
            assert move is not None  # noqa: S101 - levels hold states that move
            text.append(_character(move[0], rng, wild=wild))
            state = move[1]
        return "".join(text)

    def _levels(self, length: int, effort: Effort) -> list[set[int]] | None:
        """For each position, the moving states that a text of `length` characters can use there."""
        forward: list[set[int]] = []
        current = {self.start}
        for at in range(length + 1):
            closed = set[int]().union(*(self._reachable(state, at == 0, at == length) for state in current))
            effort.spend(len(closed) + 1)
            forward.append(closed)
            current = {move[1] for state in closed if (move := self.moves[state]) is not None and move[0]}
        if self.accept not in forward[length]:
            return None
        good: set[int] = {self.accept}
        levels: list[set[int]] = [set() for _ in range(length)]
        for at in range(length - 1, -1, -1):
            last = at + 1 == length
            for state in forward[at]:
                move = self.moves[state]
                if move is not None and move[0] and not good.isdisjoint(self._reachable(move[1], False, last)):
                    levels[at].add(state)
            effort.spend(len(forward[at]))
            good = levels[at]
        return levels

    def shortest(self, limit: int, effort: Effort) -> int | None:
        """Characters of the shortest text, up to `limit`."""
        current = {self.start}
        for length in range(limit + 1):
            closed = set[int]().union(*(self._reachable(state, length == 0, True) for state in current))
            if self.accept in closed:
                return length
            closed = set[int]().union(*(self._reachable(state, length == 0, False) for state in current))
            effort.spend(len(closed) + 1)
            current = {move[1] for state in closed if (move := self.moves[state]) is not None and move[0]}
            if not current:
                return None
        return None


def _holds(condition: Anchor | _Glance, text: str, at: int, effort: Effort) -> bool:
    if isinstance(condition, _Glance):
        if condition.ahead:
            found = condition.automaton.found(text, effort, at, free=False)
        else:
            found = condition.automaton.found(text, effort, 0, at)
        return found is condition.wanted
    if condition.at == "start":
        return at == 0
    if condition.at == "end":
        return at == len(text) or (at == len(text) - 1 and text[at] == "\n")
    if condition.at == "very end":
        return at == len(text)
    between = (at > 0 and _is_word(text[at - 1])) is not (at < len(text) and _is_word(text[at]))
    return between is (condition.at == "boundary")


def _is_word(char: str) -> bool:
    return char == "_" or char.isalnum()


def _character(ranges: Ranges, rng: Random, *, wild: bool) -> str:
    """One character of a class: letters and digits from a wide class, unless `wild`."""
    pools = (_PRINTABLE,) if wild else (_ALPHANUMERIC, _PRINTABLE)
    for pool in pools:
        common = _common(ranges, pool)
        size = sum(high - low + 1 for low, high in common)
        if size and (pool is _PRINTABLE or sum(high - low + 1 for low, high in ranges) >= _SMALL_CLASS):
            return _pick(common, rng)
    return _pick(ranges, rng)


def _common(one: Ranges, other: Ranges) -> Ranges:
    return tuple(
        (max(low, first), min(high, last))
        for low, high in one
        for first, last in other
        if max(low, first) <= min(high, last)
    )


def _pick(ranges: Ranges, rng: Random) -> str:
    index = int(rng.random() * sum(high - low + 1 for low, high in ranges))
    for low, high in ranges:
        if index <= high - low:
            return chr(low + index)
        index -= high - low + 1
    raise AssertionError("the index is below the sum of the sizes")


class Pattern:
    """A compiled regular expression.

    Raises:
        UnsupportedSyntax: see `regex_syntax.parse`.
        SchemaTooLarge: it has too many states.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._node = parse(source)
        self._plain = _Automaton(self._node)
        self._padded: _Automaton | None = None
        self._shortest = self._plain.shortest(MAX_STATES, Effort())

    @property
    def size(self) -> int:
        """Its states."""
        return len(self._plain.moves)

    @property
    def shortest(self) -> int:
        """Characters of the shortest match; 0 where there is none at all."""
        return self._shortest or 0

    def matches(self, text: str, effort: Effort | None = None) -> bool:
        """Whether the pattern is found in `text`.

        Raises:
            SchemaTooLarge: it would take too many steps, or the pattern is too large to match by.
        """
        if not self._plain.exact:
            raise SchemaTooLarge("states of a pattern", MAX_STATES)
        return self._plain.found(text, effort or Effort())

    def sample(self, rng: Random, low: int = 0, high: int | None = None, effort: Effort | None = None) -> str:
        """Make a text that matches, of `low` to `high` characters.

        Raises:
            UnsatisfiableSchema: there is none, or none was found.
            SchemaTooLarge: the search took too many steps.
        """
        effort = effort or Effort()
        ceiling = effort.left if high is None else high
        text = self._drawn(self._plain, rng, max(low, self.shortest), ceiling, effort)
        if text is None:
            # Longer texts than the pattern describes: it may match anywhere in them.
            if self._padded is None:
                self._padded = _Automaton(self._node, padded=True)
            text = self._drawn(self._padded, rng, max(low, self.shortest), ceiling, effort)
        if text is None:
            raise UnsatisfiableSchema(f"no text of {low} to {high} characters matches {self.source!r}")
        return text

    def _drawn(self, automaton: _Automaton, rng: Random, low: int, high: int, effort: Effort) -> str | None:
        """Try comfortable lengths in any order, then longer ones."""
        if low > high:
            return None
        comfortable = list(range(low, min(high, low + COMFORT) + 1))
        rng.shuffle(comfortable)
        lengths = [*comfortable, *range(low + COMFORT + 1, min(high, low + 10 * COMFORT) + 1)]
        for wild in (False, True):
            tries = MAX_TRIES if wild else TAME_TRIES
            for length in lengths:
                for _ in range(4):
                    text = automaton.walk(length, rng, effort, wild=wild)
                    if text is None or tries == 0:
                        break
                    tries -= 1
                    # A walk that ignored nothing is right by construction; one that did is searched again.
                    if automaton.certain or self.matches(text, effort):
                        return text
            if automaton.certain:
                break
        return None


@lru_cache(maxsize=256)
def _remembered(source: str) -> Pattern:
    return Pattern(source)


def compiled(source: str, effort: Effort) -> Pattern:
    """`Pattern(source)`, remembered: a request often repeats the patterns of the one before.

    The effort is charged either way, so that the same schema fails or succeeds on every call.

    Raises:
        UnsatisfiableSchema: as `Pattern`, or the effort is spent.
    """
    effort.spend(len(source))
    pattern = _remembered(source)
    effort.spend(EFFORT_OF_A_STATE * pattern.size)
    return pattern
