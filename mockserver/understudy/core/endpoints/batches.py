"""Batches: created, listed, read, cancelled.

    POST /v1/batches
    GET  /v1/batches
    GET  /v1/batches/{batch_id}
    POST /v1/batches/{batch_id}/cancel

None of them is limited or charged; the lines are charged when they are run. Shapes as recorded 2026-08.
"""

from typing import Any

from understudy.core import errors
from understudy.core.batches import CANCELLABLE, ENDPOINTS, KIND, RUNNING, SECONDS_KEY, WINDOW, Batch
from understudy.core.clock import SECOND
from understudy.core.endpoints.batch_lines import STEP, BatchRunner, begin, cancel, find, stamped
from understudy.core.endpoints.files import MONTH, answered, check_expiry, shelf
from understudy.core.endpoints.organization.access import Query, Steps, given
from understudy.core.parameters import metadata, optional, string, word
from understudy.core.stored_files import Step, done
from understudy.core.visits import Visit


def not_found(id: str) -> errors.NotFound:
    """404 that names it."""
    return errors.NotFound(f"No batch found with id '{id}'.", layer=errors.Layer.ENGINE)


def _found(visit: Visit) -> Step[Batch]:
    id = visit.names["batch_id"]
    batch = yield from find(visit, id)
    if batch is None:
        raise not_found(id)
    return batch


def _seconds(given: dict[str, Any] | None) -> int:
    """How long the lines take; raises BadRequest where the metadata say what is no number of seconds."""
    words = (given or {}).get(SECONDS_KEY)
    if words is None:
        return RUNNING
    if not words.isascii() or not words.isdigit() or not 1 <= int(words[:9]) <= MONTH:
        raise errors.BadRequest(
            f"Invalid '{SECONDS_KEY}' in the metadata: '{words}' is no whole number from 1 to {MONTH}.",
            code="invalid_value",
            param=f"metadata.{SECONDS_KEY}",
        )
    return int(words[:9])


class BatchCreated:
    """A new one.

    Args:
        runner: knows the endpoints.
    """

    def __init__(self, runner: BatchRunner) -> None:
        self._runner = runner

    def answer(self, visit: Visit) -> Steps:
        """What is said of it; its input is looked at later, as the real API does."""
        accepted = tuple(name for name in ENDPOINTS if self._runner.operation(name) is not None)
        body = given(
            visit,
            {
                "input_file_id": string(minimum=1),
                "endpoint": word(*accepted),
                "completion_window": word("24h"),
                "metadata": optional(metadata),
                "output_expires_after": optional(check_expiry),
            },
            ("input_file_id", "endpoint", "completion_window"),
        )
        seconds = _seconds(body.get("metadata"))
        file = yield from shelf(visit).find(body["input_file_id"])
        if file.purpose != "batch":
            raise errors.BadRequest(
                f"Invalid input file: its purpose is '{file.purpose}', not 'batch'.",
                code="invalid_value",
                param="input_file_id",
            )
        created_at = visit.now // SECOND
        seed = visit.simulator.seed_for(visit.account, visit.request_id.encode(), 0)
        batch = Batch(
            stamped("batch_", created_at, seed),
            body["endpoint"],
            file.id,
            created_at,
            body.get("metadata"),
            (body.get("output_expires_after") or {}).get("seconds"),
            min(seconds, 2 * WINDOW),
        )
        yield from begin(visit, batch)
        return answered(visit, batch.shown())


class BatchesListed:
    """The project's batches, the newest first.

    Args:
        runner: makes them go on.
    """

    def __init__(self, runner: BatchRunner) -> None:
        self._runner = runner

    def answer(self, visit: Visit) -> Steps:
        """A page of them."""
        query = Query(visit, ("after", "limit"))
        after = query.text("after")
        limit = query.whole("limit", 1, 100, 20) or 20
        store = visit.simulator.store
        page = yield from done(store.kept_page(visit.account, KIND, after, limit, newest_first=True))
        if page is None:
            raise not_found(after or "")
        batches = []
        most = STEP
        for id, _ in page.objects:
            batch = yield from find(visit, id)
            if batch is None:
                continue
            batches.append(batch)
            most -= yield from self._runner.advance(visit, batch, most)
        value = {
            "object": "list",
            "data": [batch.shown() for batch in batches],
            "first_id": batches[0].id if batches else None,
            "last_id": batches[-1].id if batches else None,
            "has_more": page.has_more,
        }
        return answered(visit, value)


class BatchRead:
    """One of them.

    Args:
        runner: makes it go on.
    """

    def __init__(self, runner: BatchRunner) -> None:
        self._runner = runner

    def answer(self, visit: Visit) -> Steps:
        """Where it stands."""
        batch = yield from _found(visit)
        yield from self._runner.advance(visit, batch)
        return answered(visit, batch.shown())


class BatchCancelled:
    """It goes on no longer.

    Args:
        runner: runs what was due before.
    """

    def __init__(self, runner: BatchRunner) -> None:
        self._runner = runner

    def answer(self, visit: Visit) -> Steps:
        """Where it stands; what was run by then stays (the words of the refusal are "our choice")."""
        batch = yield from _found(visit)
        yield from self._runner.advance(visit, batch)
        if batch.status != "cancelling" and batch.status not in CANCELLABLE:
            raise errors.BadRequest(f"Cannot cancel a batch with status '{batch.status}'.", status=409)
        if batch.status != "cancelling":
            yield from cancel(visit, batch)
        return answered(visit, batch.shown())
