"""The lines of a batch: run through the API's own operations when they are due, a few at each look at the batch.

Nobody waits for a batch, so nothing runs while nobody looks; whoever reads, lists or cancels one runs what is due by
then, at most `STEP` lines, so that no answer keeps others waiting ("our choice"). When more are due the batch stays in
progress until it is looked at again. Of two who look at the same time one goes on with it.

Limits are not drawn on, as batches have their own; money is: half the price, and a line that finds none left fails.
"""

import json
from hashlib import blake2b
from typing import Any

import msgspec

from understudy.core import errors, file_references, ids
from understudy.core.batches import (
    CANCELLABLE,
    CANCELLING,
    FINALIZING,
    KIND,
    VALIDATING,
    Batch,
    BatchError,
    Line,
    faults_of,
    lines_of,
    read_line,
)
from understudy.core.clock import SECOND
from understudy.core.errors import ApiError, NotFound
from understudy.core.media import MediaUnavailable
from understudy.core.messages import Request
from understudy.core.operations import Call, ChargedBeside, Cost, Operation, ReadBody, Stepwise
from understudy.core.pricing import Usage, charge
from understudy.core.routes import Routes
from understudy.core.rules import RuleRequest
from understudy.core.serialise import decode_object, encode, error_body
from understudy.core.stored_files import BATCH_DAYS, LARGEST, FileShelf, Step, StoredFile, done
from understudy.core.usage_log import Spent, usage_kind
from understudy.core.visits import Visit

STEP = 100
_PICTURES_STEP = 4
"""Painting takes longer."""
_TURN, _LEASE, _CANCEL, _PIECE = "batch.turn", "batch.lease", "batch.cancel", "batch.piece"
_LEASE_SECONDS = 600
"""After which a turn that was never given back, as its process died, is taken anew ("our choice")."""
_TIER = "batch"

encode_batch = msgspec.msgpack.Encoder().encode
decode_batch = msgspec.msgpack.Decoder(Batch).decode


class Told(msgspec.Struct, frozen=True):
    """What came of a line.

    Attributes:
        status: of the answer.
        body: of it.
        spent: tokens: input, output, cached, reasoning.
    """

    status: int
    body: dict[str, Any]
    spent: tuple[int, int, int, int] = (0, 0, 0, 0)


_TOO_MUCH = Told(
    507,
    {
        "error": {
            "message": f"The output file of this batch is full: it holds at most {LARGEST} bytes.",
            "type": "server_error",
            "param": None,
            "code": "output_file_full",
        }
    },
)
"""Of lines whose answers have no room ("our choice": files are held in memory)."""


class BatchRunner:
    """Makes batches go on.

    Args:
        routes: where the operations are found.
    """

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    def operation(self, endpoint: str) -> Operation | None:
        """What runs the lines of an endpoint."""
        found = self._routes.find(endpoint)
        return None if found is None else found[0].metered.get("POST")

    def advance(self, visit: Visit, batch: Batch, most: int = STEP) -> Step[int]:
        """Do what is due, unless another does it already; how many lines were run, at most `most`."""
        if not (yield from _take_turn(visit, batch)):
            return 0
        store = visit.simulator.store
        try:
            ran = yield from self._advance(visit, batch, most)
            yield from keep(visit, batch)
        except BaseException:
            # Also of a caller who went away: then nothing can be waited for any more.
            store.keep_soon(visit.account, _TURN, batch.id, b"1")
            raise
        yield from done(store.drop(visit.account, _LEASE, batch.id))
        if batch.is_final:
            yield from done(store.drop(visit.account, _CANCEL, batch.id))
        else:
            yield from done(store.keep(visit.account, _TURN, batch.id, b"1"))
        return ran

    def _advance(self, visit: Visit, batch: Batch, most: int) -> Step[int]:
        now = visit.now // SECOND
        ran = 0
        shelf = FileShelf(visit.simulator.store, visit.account, visit.now)
        if batch.status == "validating" and now >= batch.created_at + VALIDATING:
            yield from self._validate(visit, batch, shelf)
        if batch.status == "in_progress":
            until = min(now, batch.expires_at)
            due = batch.due(until)
            if due > batch.done:
                if "/images/" in batch.endpoint:
                    most = min(most, _PICTURES_STEP)
                ran = yield from self._run(visit, batch, shelf, min(due, batch.done + most))
            if batch.status != "in_progress":
                return ran
            if batch.done < due:
                batch.held_at = now
            elif batch.done == batch.total:
                last = batch.moments["in_progress_at"] + batch.seconds
                batch.enter("finalizing", max(last, batch.held_at))
            elif now >= batch.expires_at:
                yield from self._expire(visit, batch, shelf)
        if batch.status == "finalizing" and now >= batch.moments["finalizing_at"] + FINALIZING:
            yield from self._finish(visit, batch, shelf, "completed", batch.moments["finalizing_at"] + FINALIZING)
        if batch.status == "cancelling" and now >= batch.moments["cancelling_at"] + CANCELLING:
            yield from self._finish(visit, batch, shelf, "cancelled", batch.moments["cancelling_at"] + CANCELLING)
        return ran

    def _validate(self, visit: Visit, batch: Batch, shelf: FileShelf) -> Step[None]:
        at = batch.created_at + VALIDATING
        content = yield from _input(batch, shelf, at)
        if content is None:
            return
        batch.errors = faults_of(content, batch.endpoint)
        if batch.errors:
            batch.enter("failed", at)
            return
        lines = lines_of(content)
        name = read_line(lines[0][1]).body["model"]
        operation = self.operation(batch.endpoint)
        try:
            model = visit.simulator.find_model(name, visit.account)
        except NotFound:
            model = None
        if model is None or operation is None or operation.endpoint not in model.endpoints:
            words = f"The provided model '{name}' is not supported by the Batch API."
            batch.errors = [BatchError("model_not_found", words, "body.model", lines[0][0])]
            batch.enter("failed", at)
            return
        batch.model = model.snapshot
        batch.total = len(lines)
        batch.enter("in_progress", at)

    def _run(self, visit: Visit, batch: Batch, shelf: FileShelf, until: int) -> Step[int]:
        content = yield from _input(batch, shelf, visit.now // SECOND)
        if content is None:
            return 0
        lines = lines_of(content)[batch.done : until]
        good, bad = bytearray(), bytearray()
        used = list(batch.used)
        for number, (_, raw) in enumerate(lines, batch.done):
            line = read_line(raw)
            told = _TOO_MUCH if batch.is_full else (yield from self._line(visit, batch, line, number))
            written = _written(visit, batch, number, line.custom_id, told)
            if told.status < 400 and batch.written + len(written) > LARGEST:
                batch.is_full = True
                written = _written(visit, batch, number, line.custom_id, _TOO_MUCH)
                told = Told(_TOO_MUCH.status, _TOO_MUCH.body, told.spent)
            if told.status < 400:
                batch.written += len(written)
                good += written
                batch.completed += 1
            else:
                bad += written
                batch.failed += 1
            used = [sum(pair) for pair in zip(used, told.spent, strict=True)]
        batch.used = used[0], used[1], used[2], used[3]
        batch.outputs = yield from _add_piece(visit, batch, "output", batch.outputs, good)
        batch.failures = yield from _add_piece(visit, batch, "error", batch.failures, bad)
        return len(lines)

    def _line(self, visit: Visit, batch: Batch, line: Line, number: int) -> Step[Told]:
        operation = self.operation(batch.endpoint)
        if operation is None:
            raise ValueError(f"a batch of {batch.endpoint} was let in")
        try:
            return (yield from _asked(operation, visit, batch, line, number))
        except ApiError as error:
            refused = error
        except MediaUnavailable as missing:
            refused = errors.extra_missing(str(missing))
        return Told(refused.status, decode_object(error_body(refused)) or {})

    def _expire(self, visit: Visit, batch: Batch, shelf: FileShelf) -> Step[None]:
        """What was not run is told in the file of errors (words of OpenAI's guide "Batch API")."""
        content = yield from _input(batch, shelf, batch.expires_at)
        if content is None:
            return
        rest = bytearray()
        error = {
            "code": "batch_expired",
            "message": "This request could not be executed before the completion window expired.",
        }
        for number, (_, raw) in enumerate(lines_of(content)[batch.done :], batch.done):
            value = {
                "id": _request_id(visit, batch, number),
                "custom_id": read_line(raw).custom_id,
                "response": None,
                "error": error,
            }
            rest += json.dumps(value).encode() + b"\n"
        batch.failures = yield from _add_piece(visit, batch, "error", batch.failures, rest)
        batch.failed = batch.total - batch.completed
        yield from self._finish(visit, batch, shelf, "expired", batch.expires_at)

    def _finish(self, visit: Visit, batch: Batch, shelf: FileShelf, status: str, at: int) -> Step[None]:
        try:
            batch.output_file_id = yield from _file(visit, batch, shelf, "output", batch.outputs, at)
            batch.error_file_id = yield from _file(visit, batch, shelf, "error", batch.failures, at)
        except _Lost:
            words = "Answers of this batch were forgotten as too much is stored in this organization."
            batch.errors = [BatchError("output_lost", words)]
            status = "failed"
        batch.enter(status, at)


class _Lost(Exception):
    """A piece of a file is no longer kept, as the store's bound was reached."""


def _take_turn(visit: Visit, batch: Batch) -> Step[bool]:
    """Whether this caller may make it go on: one at a time, and anew after one that never came back."""
    if batch.is_final:
        return False
    store, account = visit.simulator.store, visit.account
    now = visit.now // SECOND
    taken = yield from done(store.drop(account, _TURN, batch.id))
    if not taken:
        lease = yield from done(store.kept(account, _LEASE, batch.id))
        if lease is None or now < int(lease) + _LEASE_SECONDS:
            return False
        taken = yield from done(store.drop(account, _LEASE, batch.id))
    if taken:
        yield from done(store.keep(account, _LEASE, batch.id, b"%d" % now))
    return taken


def find(visit: Visit, id: str) -> Step[Batch | None]:
    """A batch as it was kept, cancelled where somebody asked for it meanwhile."""
    data = yield from done(visit.simulator.store.kept(visit.account, KIND, id))
    if data is None:
        return None
    batch = decode_batch(data)
    if batch.status in CANCELLABLE:
        at = yield from done(visit.simulator.store.kept(visit.account, _CANCEL, id))
        if at is not None:
            batch.enter("cancelling", int(at))
    return batch


def cancel(visit: Visit, batch: Batch) -> Step[None]:
    """Ask that it goes on no longer; kept beside it, so that one who makes it go on now cannot undo it."""
    at = visit.now // SECOND
    yield from done(visit.simulator.store.keep(visit.account, _CANCEL, batch.id, b"%d" % at))
    batch.enter("cancelling", at)


def keep(visit: Visit, batch: Batch) -> Step[None]:
    """Keep what is said of it."""
    yield from done(visit.simulator.store.keep(visit.account, KIND, batch.id, encode_batch(batch)))


def begin(visit: Visit, batch: Batch) -> Step[None]:
    """Keep a new one, which whoever looks first may make go on."""
    yield from keep(visit, batch)
    yield from done(visit.simulator.store.keep(visit.account, _TURN, batch.id, b"1"))


def _input(batch: Batch, shelf: FileShelf, at: int) -> Step[bytes | None]:
    """Its lines; where the file is gone it fails."""
    try:
        return (yield from shelf.content(batch.input_file_id))
    except NotFound as error:
        batch.errors = [BatchError("file_not_found", error.message, "input_file_id")]
        batch.enter("failed", at)
        return None


def _asked(operation: Operation, visit: Visit, batch: Batch, line: Line, number: int) -> Step[Told]:
    """One line through the pipeline, without keys, faults and limits."""
    simulator, account = visit.simulator, visit.account
    if line.body.get("stream"):
        raise errors.BadRequest(
            "Streaming is not supported in the Batch API.", code="unsupported_value", param="stream"
        )
    body = encode(line.body)
    head = {**visit.request.headers, b"content-type": b"application/json"}
    request = Request("POST", batch.endpoint, head, body)
    request.scheme = visit.request.scheme
    value = operation.decode(request, {}, simulator.media)
    name = operation.read_model(value)
    model = simulator.find_model(name, account)
    if model is None:
        raise operation.unknown_model(name)
    fingerprint = blake2b(body, person=operation.endpoint.encode()[:16], digest_size=16).digest()
    read = ReadBody(value, name, Cost(requests=0), fingerprint)
    admission = yield from done(simulator.store.admit(account, model, read.cost, visit.now, fingerprint))
    if admission.quota is not None:
        raise operation.out_of_credits()
    if file_references.mentions(body):
        files = FileShelf(simulator.store, account, visit.now)
        value = yield from file_references.resolved(value, files)
        read = ReadBody(value, name, read.cost, fingerprint)
    operation.check(value, model, simulator.media)
    seed = simulator.seed_for(account, fingerprint + batch.id.encode(), number)
    call = Call(read, model, account, batch.due_at(number) * SECOND, seed, simulator)
    call.request, call.request_id = request, _request_id(visit, batch, number, b"request")
    if simulator.rules:
        asked = RuleRequest(operation.endpoint, batch.endpoint, name, account.key, account.id, value)
        script = simulator.rules.script(asked, visit.now)
        if script is not None and script.error is not None:
            raise script.error
        call.script = script
    if isinstance(operation, Stepwise):
        reply = yield from operation.steps(call, simulator.media, visit.pacing, simulator.store)
    else:
        reply = operation.reply(call, simulator.media, visit.pacing)
    answer = None if reply.body is None else decode_object(reply.body)
    if answer is None:
        raise errors.BadRequest("This request has no answer of one JSON object.", code="unsupported_value")
    usage = reply.usage(complete=True)
    amount = charge(usage, simulator.prices.find(model.price, _TIER))
    if isinstance(reply, ChargedBeside):
        amount += sum(charge(more, simulator.prices.find(price)) for more, price in reply.beside())
    kind, detail = usage_kind(operation.endpoint, batch.endpoint, usage)
    simulator.store.settle(account, Spent(kind, model.snapshot, _TIER, usage, amount, detail=detail), visit.now)
    if call.keeps is not None:
        yield from done(simulator.store.keep(account, *call.keeps()))
    return Told(200, answer, _tokens(usage, answer))


def _tokens(usage: Usage, answer: dict[str, Any]) -> tuple[int, int, int, int]:
    given = usage.text_in + usage.audio_in + usage.image_in
    cached = usage.cached_in + usage.cached_audio_in + usage.cached_image_in
    told = answer.get("usage") or {}
    details = told.get("completion_tokens_details") or told.get("output_tokens_details") or {}
    thought = details.get("reasoning_tokens")
    made = usage.text_out + usage.audio_out + usage.image_out
    return given + cached, made, cached, thought if type(thought) is int else 0


def _request_id(visit: Visit, batch: Batch, number: int, purpose: bytes = b"batch_req") -> str:
    seed = visit.simulator.seed_for(visit.account, batch.id.encode(), number)
    if purpose == b"request":
        return ids.hexadecimal(seed, 32, purpose)
    return stamped("batch_req_", batch.due_at(number), seed)


def stamped(prefix: str, at: int, seed: bytes) -> str:
    """An id as batches have them: the second in hexadecimal, and 8190 in the middle (recorded 2026-08)."""
    digits = ids.hexadecimal(seed, 20, prefix.encode())
    return f"{prefix}{at:08x}{digits[:4]}8190{digits[4:]}"


def _written(visit: Visit, batch: Batch, number: int, custom_id: str, told: Told) -> bytes:
    """A line of an output file, spaced as recorded 2026-08."""
    value = {
        "id": _request_id(visit, batch, number),
        "custom_id": custom_id,
        "response": {
            "status_code": told.status,
            "request_id": _request_id(visit, batch, number, b"request"),
            "body": told.body,
        },
        "error": None,
    }
    return json.dumps(value).encode() + b"\n"


def _add_piece(visit: Visit, batch: Batch, which: str, count: int, data: bytearray) -> Step[int]:
    if not data:
        return count
    store = visit.simulator.store
    yield from done(store.keep(visit.account, _PIECE, f"{batch.id}.{which}.{count}", bytes(data)))
    return count + 1


def _file(visit: Visit, batch: Batch, shelf: FileShelf, which: str, pieces: int, at: int) -> Step[str | None]:
    """The file of all pieces; None where there are none."""
    store = visit.simulator.store
    content = bytearray()
    for number in range(pieces):
        name = f"{batch.id}.{which}.{number}"
        piece = yield from done(store.kept(visit.account, _PIECE, name))
        if piece is None:
            raise _Lost
        content += piece
        yield from done(store.drop(visit.account, _PIECE, name))
    if not content:
        return None
    seed = visit.simulator.seed_for(visit.account, f"{batch.id}.{which}".encode(), 0)
    seconds = BATCH_DAYS * 86_400 if batch.output_seconds is None else batch.output_seconds
    file = StoredFile(
        "file-" + ids.letters(seed, 22, b"file"),
        "batch_output",
        f"{batch.id}_{which}.jsonl",
        len(content),
        at,
        at + seconds,
    )
    yield from shelf.put(file, bytes(content))
    return file.id
