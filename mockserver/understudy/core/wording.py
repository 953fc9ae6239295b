"""What the readers of scripts say about what was written, and the questions they all ask of a value."""

from typing import TypeGuard


def shown(value: object) -> str:
    """What was written, short enough for a sentence."""
    try:
        written = repr(value)
    except (ValueError, RecursionError):
        return f"such a {type(value).__name__}"  # Python does not print numbers of many thousand digits
    return written if len(written) <= 80 else f"{written[:77]}..."


def is_text(value: object) -> TypeGuard[str]:
    """A text that UTF-8 can say: no lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_whole(value: object) -> TypeGuard[int]:
    """A whole number of ordinary length; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and -(10**18) < value < 10**18
