"""Clients that are wrong about server-sent events, each in one way: group 4."""

from collections.abc import Mapping
from typing import Any

from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.events import EventReader, StreamBroken


class NeedsASpace(EventReader):
    """Looks for `data: ` with its space."""

    def value(self, value: str) -> str:
        """Without it there is nothing."""
        return value[1:] if value.startswith(" ") else ""


class SplitsAtTwoLineFeeds(EventReader):
    """Knows one way to end a line."""

    def line_end(self, held: str) -> tuple[int, int] | None:
        """A line feed."""
        end = held.find("\n")
        return None if end < 0 else (end, end + 1)


class KnowsNoBareReturn(EventReader):
    """Takes CR LF and LF for line ends, but no CR alone."""

    def line_end(self, held: str) -> tuple[int, int] | None:
        """A line feed, with or without a carriage return before it."""
        end = held.find("\n")
        return None if end < 0 else (end - held[:end].endswith("\r"), end + 1)


class EndsALineTwice(EventReader):
    """Takes a CR at the end of a piece for a line end, and the LF of the next piece for another."""

    def line_end(self, held: str) -> tuple[int, int] | None:
        """A CR that nothing follows yet ends a line at once."""
        found = super().line_end(held)
        return (len(held) - 1, len(held)) if found is None and held.endswith("\r") else found


class DecodesEachPiece(EventReader):
    """Makes text of each piece by itself."""

    def decode(self, data: bytes) -> str:
        """What is no character is replaced."""
        return data.decode("utf-8", "replace")


class ParsesEachPiece(EventReader):
    """Believes that a piece is an event."""

    def take(self, data: bytes) -> None:
        """Whatever is held back from the piece before is thrown away."""
        self._held = ""
        self._data = []
        super().take(data)


class ReadsComments(EventReader):
    """Takes every line for data."""

    def is_data(self, field: str, colon: str) -> bool:
        """Comments, too."""
        return field in ("data", "")


class ReadsEmptyData(EventReader):
    """Parses the data of every event, also where there is none."""

    def dispatch(self) -> None:
        """An event with a data line."""
        had_data = bool(self._data)
        data, self._data = "\n".join(self._data), []
        if had_data:
            self.take_event(data)


class KeepsTheLastLine(EventReader):
    """Believes that data has one line."""

    def dispatch(self) -> None:
        """The last one."""
        self._data = self._data[-1:]
        super().dispatch()


class KeepsTheMark(EventReader):
    """Takes a byte order mark for a letter."""

    def beginning(self, text: str) -> str:
        """As it is."""
        return text


class TakesACutForAnEnd(EventReader):
    """Reports whatever had come when the stream ended."""

    def completion(self) -> dict[str, Any]:
        """As if it had ended well."""
        self.first.finish = self.first.finish or "stop"
        return super().completion()


class DropsTheUnfinished(EventReader):
    """Drops an event without a blank line and calls the rest an answer."""

    def end(self) -> None:
        """Nothing is left to do."""

    def completion(self) -> dict[str, Any]:
        """A text is an answer."""
        if self.first.text:
            self.first.finish = self.first.finish or ""
        return super().completion()


class WaitsForTheEnd(EventReader):
    """Ends when the connection does."""

    def take_event(self, data: str) -> None:
        """`[DONE]` is nothing."""
        if not self.is_done(data):
            super().take_event(data)


class WantsDoneExactly(EventReader):
    """Compares letter by letter."""

    def is_done(self, data: str) -> bool:
        """`[DONE]` and nothing else."""
        return data == "[DONE]"


class SeesDoneAnywhere(EventReader):
    """Looks for the letters."""

    def is_done(self, data: str) -> bool:
        """Wherever they stand."""
        return "[DONE]" in data


class NeedsDone(EventReader):
    """Trusts no finish reason."""

    def completion(self) -> dict[str, Any]:
        """Not without `[DONE]`."""
        if not self.done:
            raise StreamBroken("protocol", "the stream ended without [DONE]")
        return super().completion()


class IgnoresErrors(EventReader):
    """Reads on after an error."""

    def failed(self, error: Any) -> None:
        """As if nothing had been said."""


class FailsOnOtherFields(EventReader):
    """Knows `data` and nothing else."""

    def is_data(self, field: str, colon: str) -> bool:
        """StreamBroken for all others."""
        if field not in ("data", ""):
            raise StreamBroken("protocol", f"unknown field {field!r}")
        return field == "data"


class LimitsLines(EventReader):
    """Has room for a line of 64 KB, as many line readers do."""

    def take_text(self, text: str) -> None:
        """StreamBroken for a longer one."""
        super().take_text(text)
        if len(self._held) > 64 * 1024:
            raise StreamBroken("protocol", "line too long")


class SkipsBrokenJson(EventReader):
    """Leaves out what it cannot read."""

    def unreadable(self, data: str) -> None:
        """Without a word."""


class AsksTwice(ReferenceClient):
    """Connects again when a stream has ended, as event sources do."""

    async def stream(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """The second answer."""
        await super().stream(input)
        return await super().stream(input)


def reading(reader: type[EventReader], made_by: str = "new_reader") -> type[ReferenceClient]:
    """A client that reads by another reader.

    Args:
        reader: which.
        made_by: the client's method that makes one: `new_reader` for chat, `new_response_reader` for responses.
    """
    methods = {made_by: lambda client: reader(client.on_delta), "__doc__": reader.__doc__}
    return type(f"{reader.__name__}Client", (ReferenceClient,), methods)


WRONG_ABOUT_EVENTS: dict[str, type[ReferenceClient]] = {
    "needs-a-space": reading(NeedsASpace),
    "splits-at-two-line-feeds": reading(SplitsAtTwoLineFeeds),
    "knows-no-bare-return": reading(KnowsNoBareReturn),
    "ends-a-line-twice": reading(EndsALineTwice),
    "decodes-each-piece": reading(DecodesEachPiece),
    "parses-each-piece": reading(ParsesEachPiece),
    "reads-comments": reading(ReadsComments),
    "reads-empty-data": reading(ReadsEmptyData),
    "keeps-the-last-line": reading(KeepsTheLastLine),
    "keeps-the-mark": reading(KeepsTheMark),
    "takes-a-cut-for-an-end": reading(TakesACutForAnEnd),
    "drops-the-unfinished": reading(DropsTheUnfinished),
    "waits-for-the-end": reading(WaitsForTheEnd),
    "wants-done-exactly": reading(WantsDoneExactly),
    "sees-done-anywhere": reading(SeesDoneAnywhere),
    "needs-done": reading(NeedsDone),
    "ignores-errors": reading(IgnoresErrors),
    "fails-on-other-fields": reading(FailsOnOtherFields),
    "limits-lines": reading(LimitsLines),
    "skips-broken-json": reading(SkipsBrokenJson),
    "asks-twice": AsksTwice,
}
"""Each by the name under which the driver takes it."""
