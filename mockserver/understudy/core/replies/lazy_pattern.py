"""Regular expressions that are compiled when they are first needed.

A language brings a dozen patterns of which most processes need none: compiling all of them would cost
more than the rest of the import.
"""

import re


class LazyPattern:
    """A regular expression, compiled on its first use.

    Args:
        source: its text.
        flags: of `re`; letters match in both cases by default.
    """

    __slots__ = ("_compiled", "_flags", "source")

    def __init__(self, source: str, flags: re.RegexFlag = re.IGNORECASE) -> None:
        self.source = source
        self._flags = flags
        self._compiled: re.Pattern[str] | None = None

    @property
    def compiled(self) -> re.Pattern[str]:
        """The compiled expression."""
        compiled = self._compiled
        if compiled is None:
            # Two threads may both compile: they get equal patterns, and one of them stays.
            compiled = self._compiled = re.compile(self.source, self._flags)
        return compiled
