"""Running what an event leads to: events are gathered, and where a shared store must be awaited the run stops.

    steps: yields b"event", b"event", <to be awaited>, b"event" ...
           `run` gathers two events and has something `waiting`; `told(answer)` goes on and gathers the rest

A store that answers at once never stops a run.
"""

from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any

from understudy.core import errors
from understudy.core.errors import ApiError
from understudy.core.media import MediaUnavailable

Steps = Generator[bytes | Awaitable[Any], Any, None]
"""What an event leads to: yields events, and what must be awaited, whose result it is sent."""


class Runner:
    """Runs steps, one after the other.

    Args:
        write_error: writes the event of a refusal; its second argument is the client's event id.

    Attributes:
        waiting: what must be awaited before anything else may be run; None for nothing.
    """

    __slots__ = ("_event_id", "_steps", "_write_error", "waiting")

    def __init__(self, write_error: Callable[[ApiError, str | None], bytes]) -> None:
        self._write_error = write_error
        self._steps: Steps | None = None
        self._event_id: str | None = None
        self.waiting: Awaitable[Any] | None = None

    def run(self, steps: Steps, event_id: str | None = None) -> list[bytes]:
        """The events up to the end, or to what must be awaited.

        Args:
            steps: to be run.
            event_id: of the client's event, for the error that it may lead to.
        """
        assert self._steps is None  # noqa: S101 - callers have awaited what was waiting
        self._steps, self._event_id = steps, event_id
        return self._gathered(lambda: steps.send(None))

    def told(self, answer: Any) -> list[bytes]:
        """Go on with the result of what was awaited."""
        steps = self._steps
        assert steps is not None  # noqa: S101 - something was waiting
        return self._gathered(lambda: steps.send(answer))

    def failed(self) -> list[bytes]:
        """Go on without it: the shared store does not answer."""
        steps = self._steps
        assert steps is not None  # noqa: S101 - something was waiting
        return self._gathered(lambda: steps.throw(errors.store_unavailable()))

    def drop(self) -> None:
        """Forget what was begun and is not at its end."""
        if self._steps is not None:
            self._steps.close()
        self._steps = self.waiting = None

    def _gathered(self, next_step: Callable[[], bytes | Awaitable[Any]]) -> list[bytes]:
        self.waiting = None
        said: list[bytes] = []
        steps = self._steps
        assert steps is not None  # noqa: S101 - it is being run
        try:
            step = next_step()
            while True:
                if not isinstance(step, bytes):
                    self.waiting = step
                    return audible(said)
                said.append(step)
                step = next(steps)
        except StopIteration:
            pass
        except ApiError as refused:
            # What was said before something went wrong has happened, and is told.
            said.append(self._write_error(refused, self._event_id))
        except MediaUnavailable as missing:
            said.append(self._write_error(errors.extra_missing(str(missing)), self._event_id))
        self._steps = None
        return audible(said)


def audible(events: Iterable[bytes]) -> list[bytes]:
    """Without those that the client's interface does not have."""
    return [event for event in events if event]
