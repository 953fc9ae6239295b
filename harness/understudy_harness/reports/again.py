"""The command that runs one case again, alone."""

import shlex
from collections.abc import Callable, Sequence

from understudy_harness.conformance.case import Case

Again = Callable[[Case], str]
"""Takes a case, or the part of it that decided, and gives a line for a shell."""


def line(options: Sequence[str], case: Case, program: Sequence[str] = ()) -> str:
    """A line for a shell.

    Args:
        options: that say who is judged.
        case: the case, or the part of it that decided.
        program: in the program's seat.
    """
    found = ["--cases", case.group.source] if case.group.source else []
    words = ["understudy", "conform", "run", *options, *found, "--select", case.id]
    words += ["--slow"] if case.slow else []
    words += ["--", *program] if program else []
    return shlex.join(words)


def by_driver(command: Sequence[str]) -> Again:
    """The lines for a client that stands behind a driver.

    Args:
        command: that starts the driver.
    """
    return lambda case: line(["--driver", shlex.join(command)], case)
