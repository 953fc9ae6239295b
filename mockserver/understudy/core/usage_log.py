"""What an organization used, by minute: what the usage and cost endpoints of the real API add up.

Calls are added up in cells of one minute, kind, project, key, model and service tier. So that memory stays bounded, the
oldest minutes are folded into their days when there are too many cells; days are what those endpoints show by default.
"""

from collections import OrderedDict

import msgspec

from understudy.core.clock import DAY, MINUTE
from understudy.core.pricing import Usage

CELLS_KEPT = 10_000
"""Cells of one organization ("our choice": a week of minutes at one call a minute)."""

_Name = tuple[int, str, str, str, str, str, str]
"""Start, kind, project, key, model, service tier, detail."""


class Cell:
    """Sums of the calls of one minute (or day) that have everything else in common.

    Attributes:
        name: what the calls have in common:
            start, microseconds since the epoch;
            kind: completions, images, embeddings, moderations, audio_speeches, audio_transcriptions, ...;
            project and key, ids;
            model, the dated name;
            service tier: default, flex, priority or batch;
            detail: of pictures where they come from and their size, `image.generation 1024x1024`.
        width: microseconds.
        requests: calls.
        amount: pico-dollars.
    """

    __slots__ = ("_sums", "amount", "name", "requests", "width")

    def __init__(self, name: _Name, width: int) -> None:
        self.name = name
        self.width = width
        self.requests = 0
        self.amount = 0
        self._sums = [0] * len(_COUNTS)

    @property
    def used(self) -> Usage:
        """The sum of the calls' usage; the kinds of pictures and videos are in `detail` alone."""
        used = Usage()
        for name, count in zip(_COUNTS, self._sums, strict=True):
            msgspec.structs.force_setattr(used, name, count)
        return used

    @property
    def sums(self) -> list[int]:
        """The counts of `Usage` in their order."""
        return list(self._sums)

    def add(self, spent: "Spent") -> None:
        """Add one call."""
        self.requests += spent.requests
        self.amount += spent.amount
        values = msgspec.structs.astuple(spent.usage)
        sums = self._sums
        for place, field in _PLACES:
            value = values[field]
            if value:
                sums[place] += value

    def restore(self, field: str, amount: int) -> None:
        """Put a sum back; see `UsageLog.restore`."""
        if field == "requests":
            self.requests = amount
        elif field == "amount":
            self.amount = amount
        elif field in _COUNTS:
            self._sums[_COUNTS.index(field)] = amount

    def pour(self, other: "Cell") -> None:
        """Add all of another cell."""
        self.requests += other.requests
        self.amount += other.amount
        self._sums = [mine + more for mine, more in zip(self._sums, other._sums, strict=True)]


_COUNTS = tuple(field.name for field in msgspec.structs.fields(Usage) if field.type is int)
_PLACES = tuple((place, Usage.__struct_fields__.index(name)) for place, name in enumerate(_COUNTS))


class Spent(msgspec.Struct, frozen=True, gc=False):
    """What one call comes to.

    Attributes:
        kind: see `Cell`.
        model: the dated name.
        service_tier: the same.
        usage: of the call.
        amount: pico-dollars.
        requests: 1, or 0 where a call is charged in parts.
        detail: see `Cell`.
        credits: pico-credits of a plan, where that is charged instead.
    """

    kind: str
    model: str
    service_tier: str
    usage: Usage
    amount: int
    requests: int = 1
    detail: str = ""
    credits: int | None = None


def counts_of(spent: Spent) -> list[tuple[str, int]]:
    """What a call adds to its cell: `requests`, `amount`, and the counts of `Usage` that are not 0."""
    counts = [("requests", spent.requests), ("amount", spent.amount)]
    counts += [(name, getattr(spent.usage, name)) for name in _COUNTS]
    return [(name, count) for name, count in counts if count]


_KINDS = {
    "chat": "completions",
    "responses": "completions",
    "realtime": "completions",
    "speech": "audio_speeches",
    "transcriptions": "audio_transcriptions",
    "translations": "audio_transcriptions",
}
"""Which of the usage endpoints counts an endpoint's calls, where it is not called the same."""


def usage_kind(endpoint: str, path: str, usage: Usage) -> tuple[str, str]:
    """Kind and detail of a call; see `Cell`."""
    if endpoint != "images":
        return _KINDS.get(endpoint, endpoint), ""
    source = "variation" if path.endswith("/variations") else "edit" if path.endswith("/edits") else "generation"
    return "images", f"image.{source} {usage.picture}"


class UsageLog:
    """All cells of one organization: days that were folded, then minutes, the oldest first."""

    __slots__ = ("_days", "_minutes")

    def __init__(self) -> None:
        self._minutes: OrderedDict[_Name, Cell] = OrderedDict()
        self._days: dict[_Name, Cell] = {}

    def add(self, project: str, api_key: str, spent: Spent, now: int) -> None:
        """Add one call."""
        start = now // MINUTE * MINUTE
        name = (start, spent.kind, project, api_key, spent.model, spent.service_tier, spent.detail)
        cell = self._minutes.get(name)
        if cell is None:
            cell = self._minutes[name] = Cell(name, MINUTE)
            if len(self._minutes) > CELLS_KEPT:
                self._fold_oldest()
        cell.add(spent)

    def put(self, name: _Name, width: int, requests: int, amount: int, sums: list[int]) -> None:
        """Put a whole cell back, as `Cell.sums` told it."""
        cell = Cell(name, width)
        cell.requests, cell.amount = requests, amount
        if len(sums) != len(_COUNTS):
            raise ValueError(f"a cell has {len(_COUNTS)} sums, not {len(sums)}")
        cell._sums = sums
        (self._minutes if width == MINUTE else self._days)[name] = cell

    def restore(self, name: _Name, field: str, amount: int) -> None:
        """Put a sum back that was kept elsewhere; `field` is `requests`, `amount`, or a count of `Usage`."""
        cell = self._minutes.get(name)
        if cell is None:
            cell = self._minutes[name] = Cell(name, MINUTE)
        cell.restore(field, amount)

    def cells(self) -> list[Cell]:
        """Everything, folded days first."""
        return [*self._days.values(), *self._minutes.values()]

    def _fold_oldest(self) -> None:
        (start, kind, project, api_key, model, tier, detail), cell = self._minutes.popitem(last=False)
        name = (start // DAY * DAY, kind, project, api_key, model, tier, detail)
        day = self._days.get(name)
        if day is None:
            if len(self._days) >= CELLS_KEPT:
                # Nobody asks for what lies thousands of days or keys back.
                del self._days[min(self._days)]
            day = self._days[name] = Cell(name, DAY)
        day.pour(cell)
