"""Responses: asked for, admitted or turned away, cut, and what they came to."""

from typing import Any

from understudy.core import errors
from understudy.core.accounts import Admission
from understudy.core.catalog import Model
from understudy.core.clock import MINUTE
from understudy.core.dates import parse_moment
from understudy.core.errors import ApiError
from understudy.core.limits import Cost, Trio
from understudy.core.parameters import anything, optional, string
from understudy.core.pricing import charge
from understudy.core.realtime.conversation import Item, Tokens
from understudy.core.realtime.event_fields import check_event
from understudy.core.realtime.item_fields import checked_item
from understudy.core.realtime.items import made_item
from understudy.core.realtime.reading import Reading, piece_of, read
from understudy.core.realtime.response import ResponseRun, Spoken
from understudy.core.realtime.saying import decide, script_for
from understudy.core.realtime.session_fields import RESPONSE, merged
from understudy.core.realtime.sound_formats import format_of
from understudy.core.realtime.state import Asked, SessionState
from understudy.core.realtime.steps import Steps
from understudy.core.realtime.token_usage import TokenUsage
from understudy.core.realtime.transitions import Machine, Moment, ResponsePhase, Trigger
from understudy.core.rule_answers import Script
from understudy.core.simulator import rate_limited
from understudy.core.usage_log import Spent

MOST_BESIDE = 16
"""Responses beside the conversation that may be under way at once ("our choice": none is published)."""

_RESERVATIONS_TOLD_UNTIL = parse_moment("2025-01-22")
"""Until about then `rate_limits.updated` came as a response began, with what was set aside (recalled; on that day a log
shows it empty); later it comes when the response has ended, with the true figures (recorded 2025-12 to 2026-09)."""


def create_response(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`response.create`."""
    check_event(event, {"response": anything if state.beta else optional(RESPONSE)})
    return respond(state, "response.create", event.get("response") or {}, now)


def cancel(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`response.cancel`."""
    check_event(event, {"response_id": optional(string())})
    asked = event.get("response_id")
    named = next((response for response in state.under_way if response.id == asked), None)
    if asked is None or named is None:
        # One that is not under way is refused as none is, even while another is.
        machine = state.answering if asked is None else Machine("response", ResponsePhase.NONE)
        if not machine.can("response.cancel"):
            machine.take("response.cancel")
        named = state.responding
    assert named is not None  # noqa: S101 - or the machine had refused
    return cut(state, named, "response.cancel", {"type": "cancelled", "reason": "client_cancelled"}, now)


def respond(state: SessionState, trigger: Trigger, asked: dict[str, Any], now: int) -> Steps:
    """Begin a response, or tell why there is none; one beside the conversation may run along with others.

    Args:
        state: of the session.
        trigger: why there is one.
        asked: settings of its own.
        now: microseconds since the epoch.

    Raises:
        BadRequest: there is one already, or what was asked for cannot be.
    """
    beside = asked.get("conversation") == "none"
    machine = Machine("response", ResponsePhase.NONE) if beside else state.answering
    machine.take(trigger, response="" if state.responding is None else state.responding.id)
    try:
        if beside and len(state.under_way) > MOST_BESIDE:
            raise errors.BadRequest(
                f"At most {MOST_BESIDE} responses can be in progress beside the conversation at once.",
                code="too_many_active_responses",
            )
        yield from _begin(state, machine, asked, now)
    except ApiError:
        machine.take(Moment.WRONG)
        raise


def _begin(state: SessionState, machine: Machine, asked: dict[str, Any], now: int) -> Steps:
    given = _context(state, asked)
    settings = {**state.fields, **{name: value for name, value in asked.items() if value is not None}}
    output = merged(state.fields["audio"], asked.get("audio") or {})["output"]
    settings["audio"] = {"output": {"format": output["format"], "voice": output["voice"]}}
    vocabulary = state.simulator.media.vocabulary
    script: Script | None = None
    spoken: Spoken | None = None
    refusal: ApiError | None = None
    reserved = 0
    admission: Admission | None = None
    try:
        reading = read(given, settings, state.model, vocabulary)
    except errors.BadRequest as too_long:
        reading, refusal = Reading([], []), too_long
    else:
        script = script_for(state, reading.items, settings, now)
        # What cannot be said is refused before it costs anything.
        spoken = decide(state, reading.items, settings, output["voice"], script)
        reserved = _reserved(settings["max_output_tokens"], state.model)
        cost = Cost(tokens=reading.tokens.total + reserved)
        decided = state.simulator.store.admit(state.account, state.model, cost, now, state.ids.seed()[:16])
        admission = decided if isinstance(decided, Admission) else (yield decided)
        state.account = admission.account
        refusal = _refusal(state, admission, script)
    in_conversation = asked.get("conversation") != "none"
    response = Asked(
        state.ids.make("resp_"),
        settings,
        asked.get("metadata"),
        state.conversation.id if in_conversation else None,
        reading,
        reading.known(state.known),
        reserved,
        now,
        None if script is None else script.usage,
        machine,
    )
    if refusal is not None:
        machine.take(Moment.TURNED_AWAY)
        # Of a response that failed so the usage is there, and all zero (twilio, 2025-04).
        failed = _shown(state, response, "failed", _failed(refusal), TokenUsage().shown())
        yield state.writer.write("response.done", response=failed)
        return
    assert spoken is not None  # noqa: S101 - it was decided, or it had been too long
    state.idle_at = None

    def added(item: Item) -> str | None:
        previous = state.conversation.insert(item, None)
        item.shown["previous"] = previous
        return previous

    response.run = ResponseRun(
        response.id,
        spoken,
        format=format_of(output["format"]),
        speed=float(output.get("speed") or 1.0),
        writer=state.writer,
        media=state.simulator.media,
        encoding=state.model.encoding,
        pacing=state.simulator.settings.pacing,
        now=now,
        on_item=added if in_conversation else None,
    )
    machine.take(Moment.ADMITTED)
    state.under_way.append(response)
    yield state.writer.write("response.created", response=_shown(state, response, "in_progress", None, None))
    if state.beta and state.simulator.settings.era < _RESERVATIONS_TOLD_UNTIL and admission is not None:
        yield from _limits(state, {"requests": admission.requests, "tokens": admission.tokens})


def _context(state: SessionState, asked: dict[str, Any]) -> list[Item]:
    """The items that the response reads: the conversation's, or those it was given."""
    given = asked.get("input")
    if given is None:
        return list(state.conversation.items)
    items = []
    for place, entry in enumerate(given):
        if isinstance(entry, dict) and entry.get("type") == "item_reference":
            items.append(state.find_item(entry.get("id")))
        else:
            path = f"response.input[{place}]"
            checked_item(path, entry)
            items.append(made_item(state, entry, path))
    return items


def _reserved(limit: Any, model: Model) -> int:
    """Tokens that are set aside for the output (OpenAPI document): as many as it may come to."""
    return model.max_output_tokens if limit in ("inf", None) else min(limit, model.max_output_tokens)


def _still_reserved(state: SessionState, response: Asked, now: int) -> int:
    """Of the tokens that were set aside, those that have not come back by themselves since."""
    limits = state.account.organization.limits_for(state.model)
    refilled = 0 if limits is None else (now - response.began) * (limits.tpm or 0) // MINUTE
    return max(0, response.reserved - refilled)


def _refusal(state: SessionState, admission: Admission, script: Script | None) -> ApiError | None:
    """Why there is no response: no credits, no room in a limit, or a rule's error."""
    simulator = state.simulator
    if admission.quota is not None:
        return simulator.quota_error(admission.quota, errors.out_of_credits())
    if admission.refusal is not None:
        return rate_limited(admission.refusal, state.model, state.account)
    return None if script is None else script.error


def cut(state: SessionState, response: Asked, trigger: Trigger, details: dict[str, Any], now: int) -> Steps:
    """End a response before its end: what is open is closed, with what was sent so far."""
    response.machine.take(trigger)
    yield from response.running.cut()
    yield from _finished(state, response, "cancelled", details, now)


def finish(state: SessionState, response: Asked, now: int) -> Steps:
    """End a response when all of it was said."""
    response.machine.take(Moment.ALL_SAID)
    reason = response.running.incomplete
    failure = response.running.failure
    if failure is not None:
        yield from _finished(state, response, "failed", _failed(failure), now)
    elif reason:
        yield from _finished(state, response, "incomplete", {"type": "incomplete", "reason": reason}, now)
    else:
        yield from _finished(state, response, "completed", None, now)


def _finished(state: SessionState, response: Asked, status: str, details: dict[str, Any] | None, now: int) -> Steps:
    """What a response came to: it is charged, and the limits are told."""
    state.under_way.remove(response)
    state.entry.turns += 1
    run = response.running
    reading = response.reading
    made = Tokens(run.text_tokens, run.audio_tokens)
    usage = TokenUsage(reading.tokens, response.known, made).counted(response.counted)
    if response.conversation is not None:
        vocabulary, encoding = state.simulator.media.vocabulary, state.model.encoding
        state.known = [*reading.pieces, *(piece_of(item, vocabulary, encoding) for item in run.items)]
        state.conversation.forget_sounds()
    idle_ms = None if state.detection is None else state.detection.get("idle_timeout_ms")
    if idle_ms is not None and status == "completed" and response.conversation is not None:
        # It counts from the end of the sound, which plays from the end of the response on (API reference).
        state.idle_at = now + (sum(item.audio_ms for item in run.items) + idle_ms) * 1_000
    _charge(state, usage, now)
    done = _shown(state, response, status, details, usage.shown())
    yield state.writer.write("response.done", response=done)
    # What was set aside and not needed is given back; then the figures are the true ones.
    drawn = usage.made.total - _still_reserved(state, response, now)
    trio = state.simulator.store.draw(state.account, state.model, now, drawn)
    if trio is not None and not isinstance(trio, Trio):
        trio = yield trio
    if isinstance(trio, Trio) and not (state.beta and state.simulator.settings.era < _RESERVATIONS_TOLD_UNTIL):
        yield from _limits(state, {"tokens": trio})


def _failed(error: ApiError) -> dict[str, Any]:
    return {"type": "failed", "error": {"type": error.type, "code": error.code, "message": error.message}}


def _limits(state: SessionState, trios: dict[str, Trio | None]) -> Steps:
    shown = [
        {
            "name": name,
            "limit": trio.limit,
            "remaining": trio.remaining,
            "reset_seconds": trio.reset // 1000 / 1000,
        }
        for name, trio in trios.items()
        if trio is not None
    ]
    if shown:
        yield state.writer.write("rate_limits.updated", rate_limits=shown)


def _charge(state: SessionState, usage: TokenUsage, now: int) -> None:
    simulator = state.simulator
    charged = usage.charged()
    amount = charge(charged, simulator.prices.find(state.model.price))
    spent = Spent("completions", state.model.snapshot, "default", charged, amount)
    simulator.store.settle(state.account, spent, now)
    state.entry.charge += amount


def _shown(
    state: SessionState,
    response: Asked,
    status: str,
    details: dict[str, Any] | None,
    usage: dict[str, Any] | None,
) -> dict[str, Any]:
    settings = response.settings
    output = [] if response.run is None or status == "in_progress" else response.run.items
    beta = {"temperature": settings["temperature"]} if state.beta else {}
    return {
        **beta,
        "object": "realtime.response",
        "id": response.id,
        "status": status,
        "status_details": details,
        "output": [{name: value for name, value in item.shown.items() if name != "previous"} for item in output],
        "conversation_id": response.conversation,
        "output_modalities": settings["output_modalities"],
        "max_output_tokens": settings["max_output_tokens"],
        "audio": settings["audio"],
        "usage": usage,
        "metadata": response.metadata,
    }
