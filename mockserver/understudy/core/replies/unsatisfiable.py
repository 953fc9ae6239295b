"""Why no value of a schema, pattern or grammar could be made: a small tree of errors that carry the facts.

UnsatisfiableSchema       nothing fits, or nothing was found that fits
├── SchemaTooLarge        something may fit, but only beyond a limit of ours
└── UnsupportedSyntax     a regular expression or a grammar outside the subset that we generate from
"""


class UnsatisfiableSchema(ValueError):
    """No value fits a schema.

    Attributes:
        reason: what could not be kept, as a clause without a full stop.
        where: keys from the root of the value to the place, property names and indices as text.
    """

    def __init__(self, reason: str, where: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason} (at {'.'.join(where)})" if where else reason)
        self.reason = reason
        self.where = where


class SchemaTooLarge(UnsatisfiableSchema):
    """A limit of ours was reached: values in a reply, length of a text, steps of a search.

    Attributes:
        limit: the limit that was reached.
    """

    def __init__(self, what: str, limit: int, where: tuple[str, ...] = ()) -> None:
        super().__init__(f"more than {limit} {what}", where)
        self.limit = limit


class UnsupportedSyntax(UnsatisfiableSchema):
    """A pattern or grammar uses what we do not generate from, such as a backreference.

    Attributes:
        source: the pattern or grammar.
    """

    def __init__(self, reason: str, source: str) -> None:
        super().__init__(f"{reason} in {source!r}" if len(source) <= 80 else reason)
        self.source = source
