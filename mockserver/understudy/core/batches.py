r"""Batches that a project keeps: what is said of one, when it goes on, and what is wrong with its input.

    created --3 s--> in_progress --the lines--> finalizing --2 s--> completed
                 \-> failed                \-> expired (24 h after it was created)

The times are those of a batch reported in 2026-03; they do not grow with its lines ("our choice"). Shape and order of
keys as recorded 2026-08; codes of a failed validation as reported 2026-09, their words mostly "our choice".
"""

from typing import Any

import msgspec

from understudy.core.serialise import decode_object

KIND = "batch"
MOST_LINES = 10_000
"""Of one batch ("our choice": its answers are held in memory; the real API takes 50,000)."""
MOST_ERRORS = 100
"""That are told of one input ("our choice")."""
WINDOW = 86_400
VALIDATING, RUNNING, FINALIZING, CANCELLING = 3, 128, 2, 2
"""Seconds of each state."""
SECONDS_KEY = "understudy_batch_seconds"
"""Key of a batch's metadata that says how many seconds its lines take ("our choice")."""
ENDPOINTS = (
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/moderations",
    "/v1/images/generations",
    "/v1/images/edits",
)
"""Of the OpenAPI document; /v1/videos is not taken ("our choice")."""
CANCELLABLE = frozenset({"validating", "in_progress"})
_FINAL = frozenset({"completed", "failed", "expired", "cancelled"})


class BatchError(msgspec.Struct, frozen=True):
    """What is wrong with the input.

    Attributes:
        code: a word.
        message: a sentence.
        param: what it is about.
        line: number of the line from 1, None for the whole file.
    """

    code: str
    message: str
    param: str | None = None
    line: int | None = None

    def shown(self) -> dict[str, Any]:
        """As it is listed."""
        return {"code": self.code, "line": self.line, "message": self.message, "param": self.param}


class Batch(msgspec.Struct):
    """One batch. All moments are seconds since the epoch.

    Attributes:
        id: `batch_` and 32 hexadecimal digits.
        endpoint: of all its lines.
        input_file_id: its lines.
        created_at: when it was created.
        metadata: of the caller, None for none.
        output_seconds: how long its files will be there, None for their purpose's time.
        seconds: that its lines take.
        status: as it was when it was kept.
        model: the dated name of the model that its lines ask.
        errors: of its input.
        moments: when it came into which state, by the name of the key.
        output_file_id, error_file_id: what it made.
        total, completed, failed: lines.
        held_at: when lines were due that were not run yet; see `endpoints.batch_lines`.
        outputs, failures: how many pieces of the two files are kept.
        written: bytes of the output file so far.
        is_full: whether an answer had no room in it.
        used: input, output, cached and reasoning tokens.
    """

    id: str
    endpoint: str
    input_file_id: str
    created_at: int
    metadata: dict[str, str] | None
    output_seconds: int | None
    seconds: int
    status: str = "validating"
    model: str | None = None
    errors: list[BatchError] = []
    moments: dict[str, int] = {}
    output_file_id: str | None = None
    error_file_id: str | None = None
    total: int = 0
    completed: int = 0
    failed: int = 0
    held_at: int = 0
    outputs: int = 0
    failures: int = 0
    written: int = 0
    is_full: bool = False
    used: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def expires_at(self) -> int:
        """When its window ends."""
        return self.created_at + WINDOW

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in _FINAL

    @property
    def done(self) -> int:
        """Lines that were run."""
        return self.completed + self.failed

    def enter(self, status: str, at: int) -> None:
        """Come into another state."""
        self.status = status
        self.moments = {**self.moments, f"{status}_at": at}

    def due_at(self, line: int) -> int:
        """When a line (from 0) is run: they are spread evenly."""
        return self.moments["in_progress_at"] + self.seconds * (line + 1) // max(self.total, 1)

    def due(self, at: int) -> int:
        """How many lines are due at a moment."""
        if not self.total:
            return 0
        passed = at - self.moments["in_progress_at"]
        count = self.total if passed >= self.seconds else max(passed, 0) * self.total // self.seconds
        return min(count, self.total)

    def shown(self) -> dict[str, Any]:
        """As it is answered."""
        moments = self.moments.get
        given, made, cached, thought = self.used
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "model": self.model,
            "errors": {"object": "list", "data": [each.shown() for each in self.errors]} if self.errors else None,
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": self.created_at,
            "in_progress_at": moments("in_progress_at"),
            "expires_at": self.expires_at,
            "finalizing_at": moments("finalizing_at"),
            "completed_at": moments("completed_at"),
            "failed_at": moments("failed_at"),
            "expired_at": moments("expired_at"),
            "cancelling_at": moments("cancelling_at"),
            "cancelled_at": moments("cancelled_at"),
            "request_counts": {"total": self.total, "completed": self.completed, "failed": self.failed},
            "usage": {
                "input_tokens": given,
                "output_tokens": made,
                "total_tokens": given + made,
                "input_tokens_details": {"cached_tokens": cached},
                "output_tokens_details": {"reasoning_tokens": thought},
            },
            "metadata": self.metadata,
        }


class Line(msgspec.Struct, frozen=True):
    """One request of an input.

    Attributes:
        custom_id: the caller's name for it.
        body: of the request.
    """

    custom_id: str
    body: dict[str, Any]


def lines_of(content: bytes) -> list[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers from 1."""
    return [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]


def read_line(line: bytes) -> Line:
    """A line that was found good."""
    value = decode_object(line)
    if value is None:
        raise ValueError("the line was not checked")
    return Line(value["custom_id"], value["body"])


def faults_of(content: bytes, endpoint: str) -> list[BatchError]:
    """What is wrong with an input; all its lines must ask the same model."""
    lines = lines_of(content)
    if not lines:
        return [BatchError("empty_file", "The batch input file is empty.")]
    if len(lines) > MOST_LINES:
        words = f"The batch input file has {len(lines)} requests, at most {MOST_LINES} are taken."
        return [BatchError("too_many_tasks", words)]
    found: list[BatchError] = []
    seen: set[str] = set()
    model: str | None = None
    for number, line in lines:
        if len(found) >= MOST_ERRORS:
            break
        value = decode_object(line)
        if value is None:
            found.append(BatchError("invalid_json_line", "This line is not parseable as valid JSON.", None, number))
            continue
        fault = _fault(value, endpoint, seen, number)
        if fault is not None:
            found.append(fault)
            continue
        name = value["body"].get("model")
        if type(name) is not str or not name:
            found.append(_missing("body.model", number))
        elif model is None:
            model = name
        elif name != model:
            words = f"The model '{name}' is not that of the first request, '{model}'. All requests ask one model."
            found.append(BatchError("model_mismatch", words, "body.model", number))
    return found


def _fault(value: dict[str, Any], endpoint: str, seen: set[str], number: int) -> BatchError | None:
    for name in ("custom_id", "method", "url", "body"):
        if value.get(name) is None:
            return _missing(name, number)
    for name in ("custom_id", "method", "url"):
        if type(value[name]) is not str:
            return BatchError("invalid_type", f"Invalid type for '{name}': expected a string.", name, number)
    if type(value["body"]) is not dict:
        return BatchError("invalid_type", "Invalid type for 'body': expected an object.", "body", number)
    if value["method"] != "POST":
        return BatchError("invalid_method", "Invalid method: only 'POST' is supported.", "method", number)
    if value["url"] != endpoint:
        words = f"The URL '{value['url']}' provided for this request does not match the batch endpoint '{endpoint}'."
        return BatchError("url_mismatch", words, "url", number)
    custom_id = value["custom_id"]
    if custom_id in seen:
        words = (
            f"The custom_id '{custom_id}' for this request is a duplicate of another request. The custom_id parameter "
            "must be unique for each request in a batch."
        )
        return BatchError("duplicate_custom_id", words, "custom_id", number)
    seen.add(custom_id)
    return None


def _missing(name: str, number: int) -> BatchError:
    return BatchError("missing_required_parameter", f"Missing required parameter: '{name}'.", name, number)
