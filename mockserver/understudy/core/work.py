"""What takes long: an operation yields it, and whoever drives the operation carries it out, perhaps in a thread."""

from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

_Result = TypeVar("_Result")


class Work(Generic[_Result]):
    """A call that takes long and touches nothing of the simulator.

    Args:
        call: without arguments.
    """

    __slots__ = ("run",)

    def __init__(self, call: Callable[[], _Result]) -> None:
        self.run = call


def worked(call: Callable[[], _Result]) -> Generator[Any, Any, _Result]:
    """What a call that takes long returns; `yield from` it in an operation."""
    result: _Result = yield Work(call)
    return result
