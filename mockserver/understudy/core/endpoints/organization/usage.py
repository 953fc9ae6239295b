"""`/v1/organization/usage/*` and `/v1/organization/costs`: what was used and what it cost, in buckets of time.

Shapes, parameters and limits are those of the OpenAPI document, 2026-08. A bucket starts at a whole minute, hour or day
(UTC); one in which nothing was used has no results. What is older than the usage log keeps by the minute lies at the
beginning of its day.
"""

from collections.abc import Callable, Generator, Mapping
from decimal import Decimal
from typing import Any

from understudy.core import errors
from understudy.core.clock import DAY, HOUR, MINUTE, SECOND
from understudy.core.endpoints.organization.access import READ, Query, Steps, administer, answered, organizations
from understudy.core.pricing import DOLLAR
from understudy.core.usage_log import Cell
from understudy.core.visits import Visit

_WIDTHS = {"1m": (MINUTE, 60, 1_440), "1h": (HOUR, 24, 168), "1d": (DAY, 7, 31)}
"""Width of a bucket, how many are shown by default, and the most."""
_COSTS = {"1d": (DAY, 7, 180)}
_CURSOR = "page_"


class _Totals:
    """What the calls of one group in one bucket come to."""

    def __init__(self) -> None:
        self.requests = 0
        self.amount = 0
        self._cells: list[Cell] = []

    def add(self, cell: Cell) -> None:
        self.requests += cell.requests
        self.amount += cell.amount
        self._cells.append(cell)

    def sum_of(self, *counts: str) -> int:
        """The sum of some counts of `Usage`."""
        return sum(getattr(cell.used, count) for cell in self._cells for count in counts)


def _completions(totals: _Totals) -> dict[str, Any]:
    text, audio, image = (totals.sum_of(count) for count in ("text_in", "audio_in", "image_in"))
    cached_text, cached_audio, cached_image = (
        totals.sum_of(count) for count in ("cached_in", "cached_audio_in", "cached_image_in")
    )
    cached = cached_text + cached_audio + cached_image
    written = totals.sum_of("cache_written")
    # What is kept for later prompts was read as uncached text.
    text -= written
    return {
        "input_tokens": text + audio + image + cached + written,
        "input_cached_tokens": cached,
        "input_cache_write_tokens": written,
        "input_uncached_tokens": text + audio + image,
        "output_tokens": totals.sum_of("text_out", "audio_out", "image_out"),
        "input_text_tokens": text,
        "output_text_tokens": totals.sum_of("text_out"),
        "input_cached_text_tokens": cached_text,
        "input_audio_tokens": audio,
        "input_cached_audio_tokens": cached_audio,
        "output_audio_tokens": totals.sum_of("audio_out"),
        "input_image_tokens": image,
        "input_cached_image_tokens": cached_image,
        "output_image_tokens": totals.sum_of("image_out"),
        "num_model_requests": totals.requests,
    }


def _of_requests(name: str, count: Callable[[_Totals], int]) -> Callable[[_Totals], dict[str, Any]]:
    return lambda totals: {name: count(totals), "num_model_requests": totals.requests}


_BY_KEY = ("project_id", "user_id", "api_key_id", "model")

KINDS: Mapping[str, tuple[str, Callable[[_Totals], dict[str, Any]], tuple[str, ...]]] = {
    "completions": ("completions", _completions, (*_BY_KEY, "batch", "service_tier")),
    "embeddings": ("embeddings", _of_requests("input_tokens", lambda totals: totals.sum_of("text_in")), _BY_KEY),
    "moderations": ("moderations", _of_requests("input_tokens", lambda totals: totals.sum_of("text_in")), _BY_KEY),
    "images": ("images", _of_requests("images", lambda totals: totals.sum_of("images")), (*_BY_KEY, "size", "source")),
    "audio_speeches": (
        "audio_speeches",
        _of_requests("characters", lambda totals: totals.sum_of("characters")),
        _BY_KEY,
    ),
    "audio_transcriptions": (
        "audio_transcriptions",
        _of_requests("seconds", lambda totals: totals.sum_of("milliseconds") // 1_000),
        _BY_KEY,
    ),
    # Nothing here is counted by these yet: their buckets are empty.
    "vector_stores": ("vector_stores", lambda totals: {"usage_bytes": 0}, ("project_id",)),
    "code_interpreter_sessions": ("code_interpreter_sessions", lambda totals: {"num_sessions": 0}, ("project_id",)),
    "file_search_calls": ("file_searches", _of_requests("num_requests", lambda totals: 0), _BY_KEY[:3]),
    "web_search_calls": ("web_searches", _of_requests("num_requests", lambda totals: 0), _BY_KEY),
}
"""By path: the word of the results' object, what they add up, and what they may be grouped by."""


def _group_values(cell: Cell) -> dict[str, Any]:
    _, _, project, api_key, model, tier, detail = cell.name
    source, _, size = detail.partition(" ")
    return {
        "project_id": project,
        "user_id": None,
        "api_key_id": api_key,
        "model": model,
        "batch": tier == "batch",
        "service_tier": tier,
        "source": source or None,
        "size": size or None,
        "line_item": model,
    }


class _Buckets:
    """The buckets of one request: which they are, and what falls into them."""

    def __init__(
        self,
        visit: Visit,
        widths: Mapping[str, tuple[int, int, int]],
        groups: tuple[str, ...],
        filters: tuple[str, ...],
    ) -> None:
        fixed = ("start_time", "end_time", "bucket_width", "group_by", "limit", "page")
        query = Query(visit, (*fixed, *filters))
        self.width, shown, most = widths[query.word("bucket_width", tuple(widths), "1d")]
        start = query.whole("start_time", 0, 10**11, None)
        if start is None:
            raise errors.missing("start_time")
        end = query.whole("end_time", 0, 10**11, None)
        if end is not None and end <= start:
            text = "Invalid 'end_time': it must be after 'start_time'."
            raise errors.BadRequest(text, code="invalid_value", param="end_time")
        self.end = visit.now + 1 if end is None else end * SECOND
        self.count = query.whole("limit", 1, most, shown) or shown
        self.groups = query.texts("group_by", groups) or []
        first = _cursor(query.text("page"))
        self.start = start * SECOND // self.width * self.width if first is None else first
        self._from = start * SECOND
        self._filters: dict[str, set[Any]] = {
            name.removesuffix("s"): set(values)
            for name in filters
            if name.endswith("s") and (values := query.texts(name)) is not None
        }
        batch = query.flag("batch") if "batch" in filters else None
        if batch is not None:
            self._filters["batch"] = {batch}

    def page(self, cells: list[Cell], result: Callable[[_Totals, dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """The object `page`."""
        totals: dict[int, dict[tuple[Any, ...], _Totals]] = {}
        for cell in cells:
            start = cell.name[0] // self.width * self.width
            # A cell that is wider than its bucket counts where it begins.
            if not max(self.start, self._from // cell.width * cell.width) <= cell.name[0] < self.end:
                continue
            values = _group_values(cell)
            if any(values[name] not in accepted for name, accepted in self._filters.items()):
                continue
            group = tuple(values[name] for name in self.groups)
            totals.setdefault(start, {}).setdefault(group, _Totals()).add(cell)
        data: list[dict[str, Any]] = []
        start = self.start
        while start < self.end and len(data) < self.count:
            groups = totals.get(start, {})
            data.append(
                {
                    "object": "bucket",
                    "start_time": start // SECOND,
                    "end_time": (start + self.width) // SECOND,
                    "results": [
                        result(found, dict(zip(self.groups, group, strict=True))) for group, found in groups.items()
                    ],
                }
            )
            start += self.width
        more = start < self.end
        return {
            "object": "page",
            "data": data,
            "has_more": more,
            "next_page": f"{_CURSOR}{start // SECOND:x}" if more else None,
        }


def _cursor(text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.removeprefix(_CURSOR)
    if not text.startswith(_CURSOR) or not 0 < len(digits) <= 10 or set(digits) - set("0123456789abcdef"):
        raise errors.BadRequest(f"Invalid 'page': '{text[:100]}'.", code="invalid_value", param="page")
    return int(digits, 16) * SECOND


def _cells(visit: Visit, kind: str | None) -> Generator[Any, Any, list[Cell]]:
    held = yield from organizations(visit)
    return [
        cell
        for account in held.values()
        for cell in account.organization.usage.cells()
        if kind is None or cell.name[1] == kind
    ]


class UsageReport:
    """`GET /v1/organization/usage/{kind}`.

    Args:
        kind: a key of `KINDS`.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._word, self._count, self._groups = KINDS[kind]
        more = {"completions": ("batch",), "images": ("sources", "sizes")}.get(kind, ())
        self._filters = (*(f"{group}s" for group in self._groups if group in _BY_KEY), *more)

    def answer(self, visit: Visit) -> Steps:
        """The buckets."""
        yield from ()
        administer(visit, READ)
        buckets = _Buckets(visit, _WIDTHS, self._groups, self._filters)
        return answered(visit, buckets.page((yield from _cells(visit, self._kind)), self._result))

    def _result(self, totals: _Totals, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "object": f"organization.usage.{self._word}.result",
            **self._count(totals),
            **{name: group.get(name) for name in self._groups},
        }


class CostReport:
    """`GET /v1/organization/costs`; a line item is a model ("our choice": the document names none)."""

    _groups = ("project_id", "line_item", "api_key_id")

    def answer(self, visit: Visit) -> Steps:
        """The buckets; amounts are exact."""
        yield from ()
        administer(visit, READ)
        buckets = _Buckets(visit, _COSTS, self._groups, ("project_ids", "api_key_ids"))
        return answered(visit, buckets.page((yield from _cells(visit, None)), self._result))

    def _result(self, totals: _Totals, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "object": "organization.costs.result",
            "amount": {"value": Decimal(totals.amount) / DOLLAR, "currency": "usd"},
            "line_item": group.get("line_item"),
            "project_id": group.get("project_id"),
            "api_key_id": group.get("api_key_id"),
            "quantity": None,
            "quantity_unit": None,
        }
