"""The command that runs one case again, alone."""

import shlex
from collections.abc import Sequence

from understudy_harness.conformance.case import Case


def again(command: Sequence[str], case: Case) -> str:
    """A line for a shell.

    Args:
        command: that starts the driver.
        case: the case, or the part of it that decided.
    """
    slow = " --slow" if case.slow else ""
    return f"understudy conform run --driver {shlex.quote(shlex.join(command))} --select {case.id}{slow}"
