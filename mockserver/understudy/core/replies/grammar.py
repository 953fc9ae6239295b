"""Texts of the grammars that a custom tool may ask its input to follow: regular expressions and Lark.

Where a Lark grammar ignores white space, tokens are set apart by a space. What cannot be read is refused with
`UnsupportedSyntax`, which an endpoint can turn into a refusal of the request.
"""

from random import Random

from understudy.core.replies.effort import Effort
from understudy.core.replies.hints import Hints
from understudy.core.replies.lark_syntax import Choice, Grammar, Name, Regex, Repeat, Series, Symbol, Text, read
from understudy.core.replies.regex_automaton import compiled
from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsatisfiableSchema, UnsupportedSyntax

MAX_NESTING = 120
"""Rules within rules in a text ("our choice")."""

SOFT_NESTING = 12
"""Rules within rules from which on the shortest alternative is taken."""

EFFORT_OF_A_SYMBOL = 20


def from_regex(definition: str, rng: Random, hints: Hints, effort: Effort) -> str:
    """Make a text that matches a regular expression as a whole, from the message where one of its stretches does.

    Raises:
        UnsatisfiableSchema: the expression cannot be read, or no text was found.
    """
    pattern = compiled(_whole(definition), effort)
    for kind in ("quoted", "commands", "queries", "dates", "times", "numbers", "emails", "urls", "places", "people"):
        for found in hints.free(kind):
            if pattern.matches(found.text, effort):
                hints.take(found)
                return found.text
    return pattern.sample(rng, effort=effort)


def from_lark(definition: str, rng: Random, hints: Hints, effort: Effort) -> str:
    """Make a text that a Lark grammar derives from its rule `start`.

    Raises:
        UnsupportedSyntax: the grammar is broken or outside the subset.
        UnsatisfiableSchema: no text was found.
    """
    return _Sampler(read(definition), rng, hints, effort).whole()


def _whole(source: str) -> str:
    """Return a pattern for texts that `source` matches from end to end."""
    plain = source.removeprefix("(?i)")
    return f"{'(?i)' if plain != source else ''}^(?:{plain})$"


class _Sampler:
    """Expands the rule `start`."""

    def __init__(self, grammar: Grammar, rng: Random, hints: Hints, effort: Effort) -> None:
        self.symbols = grammar.symbols
        self.rng = rng
        self.hints = hints
        self.effort = effort
        self.heights = self.measured()
        self.tokens: list[str] = []
        self.gap = " " if any(self.is_space(symbol) for symbol in grammar.ignored) else ""

    def whole(self) -> str:
        if "start" not in self.symbols:
            raise UnsupportedSyntax("no rule named start", "")
        if self.heights.get("start") is None:
            raise UnsatisfiableSchema("the grammar's rule start has no end")
        self.rule(Name("start"), 0)
        return self.gap.join(self.tokens)

    def is_space(self, symbol: Symbol) -> bool:
        """Whether something ignored matches a space."""
        if isinstance(symbol, Name):
            found = self.symbols.get(symbol.name)
            return found is not None and self.is_space(found)
        if isinstance(symbol, Regex):
            return compiled(_whole(symbol.source), self.effort).matches(" ", self.effort)
        return symbol == Text(" ")

    def measured(self) -> dict[str, int | None]:
        """Measure, for each name, how many names its shortest text goes through; None for one without an end."""
        heights: dict[str, int | None] = dict.fromkeys(self.symbols)
        changed = True
        while changed:
            changed = False
            for name, symbol in self.symbols.items():
                self.effort.spend(EFFORT_OF_A_SYMBOL)
                height = self.height(symbol, heights)
                known = heights[name]
                if height is not None and (known is None or height + 1 < known):
                    heights[name] = height + 1
                    changed = True
        return heights

    def height(self, symbol: Symbol, heights: dict[str, int | None]) -> int | None:
        self.effort.spend(1)
        match symbol:
            case Name(name):
                if name not in self.symbols:
                    raise UnsupportedSyntax(f"the name {name!r}, which nothing defines", "")
                return heights[name]
            case Series(parts):
                known = [self.height(part, heights) for part in parts]
                return None if None in known else max((height or 0 for height in known), default=0)
            case Choice(options):
                ends = [height for option in options if (height := self.height(option, heights)) is not None]
                return min(ends, default=None)
            case Repeat(part, low, _):
                return self.height(part, heights) if low else 0
        return 0

    def rule(self, symbol: Symbol, depth: int) -> None:
        """Expand at the level of rules, where tokens are set apart."""
        self.effort.spend(EFFORT_OF_A_SYMBOL)
        if depth > MAX_NESTING:
            raise SchemaTooLarge("rules within rules", MAX_NESTING)
        match symbol:
            case Name(name) if name.lstrip("_")[:1].islower():
                self.rule(self.symbols[name], depth + 1)
            case Series(parts):
                for part in parts:
                    self.rule(part, depth)
            case Choice(options):
                self.rule(self.chosen(options, depth), depth)
            case Repeat(part, low, high):
                for _ in range(self.times(part, low, high, depth)):
                    self.rule(part, depth)
            case _:
                token = self.token(symbol, depth)
                if token:
                    self.tokens.append(token)

    def token(self, symbol: Symbol, depth: int) -> str:
        """Expand a terminal, whose parts stand side by side."""
        self.effort.spend(EFFORT_OF_A_SYMBOL)
        if depth > MAX_NESTING:
            raise SchemaTooLarge("terminals within terminals", MAX_NESTING)
        match symbol:
            case Text(text):
                return text
            case Regex(source):
                return self.matching(source)
            case Name(name):
                return self.token(self.symbols[name], depth + 1)
            case Series(parts):
                return "".join(self.token(part, depth) for part in parts)
            case Choice(options):
                return self.token(self.chosen(options, depth), depth)
            case Repeat(part, low, high):
                return "".join(self.token(part, depth) for _ in range(self.times(part, low, high, depth)))

    def matching(self, source: str) -> str:
        """Return a stretch of the message that the expression matches as a whole, else a sample."""
        pattern = compiled(_whole(source), self.effort)
        for kind in ("quoted", "numbers", "dates", "times", "places", "people"):
            for found in self.hints.free(kind):
                if pattern.matches(found.text, self.effort):
                    self.hints.take(found)
                    return found.text
        return pattern.sample(self.rng, effort=self.effort)

    def chosen(self, options: tuple[Symbol, ...], depth: int) -> Symbol:
        """Choose an alternative that has an end: one that the message says, the shortest deep down, else any."""
        heights = [(self.height(option, self.heights), option) for option in options]
        ending = [(height, option) for height, option in heights if height is not None]
        if not ending:
            raise UnsatisfiableSchema("a grammar whose rules have no end")
        if depth >= SOFT_NESTING:
            return min(ending, key=lambda each: each[0])[1]
        for _, option in ending:
            if isinstance(option, Text) and option.text.strip() and self.hints.says(option.text):
                return option
        return ending[int(self.rng.random() * len(ending))][1]

    def times(self, part: Symbol, low: int, high: int | None, depth: int) -> int:
        """Choose how often something is repeated: rarely more than the minimum."""
        if depth >= SOFT_NESTING or self.height(part, self.heights) is None:
            return low
        extra = int(self.rng.random() * 3)
        return min(low + extra, max(low, 1) + 1 if high is None else high)
