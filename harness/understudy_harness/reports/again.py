"""The command that runs one case again, alone."""

import shlex
from collections.abc import Sequence


def again(command: Sequence[str], case_id: str) -> str:
    """A line for a shell.

    Args:
        command: that starts the driver.
        case_id: of the case.
    """
    return f"understudy conform run --driver {shlex.quote(shlex.join(command))} --select {case_id}"
