"""Responses: asked for, admitted or turned away, cut, and what they came to."""

from collections.abc import Iterator
from typing import Any

from understudy.core import errors
from understudy.core.accounts import Admission
from understudy.core.errors import ApiError
from understudy.core.limits import Cost, Trio
from understudy.core.parameters import anything, optional, string
from understudy.core.pricing import charge
from understudy.core.realtime.conversation import Item, checked_item
from understudy.core.realtime.event_fields import check_event
from understudy.core.realtime.items import made_item
from understudy.core.realtime.response import ResponseRun
from understudy.core.realtime.saying import decide, script_for
from understudy.core.realtime.session_fields import RESPONSE, merged
from understudy.core.realtime.sound_formats import format_of
from understudy.core.realtime.state import Asked, SessionState
from understudy.core.realtime.token_usage import TokenUsage, token_usage
from understudy.core.realtime.transitions import Machine, Moment, ResponsePhase, Trigger
from understudy.core.rule_answers import Script
from understudy.core.simulator import rate_limited
from understudy.core.usage_log import Spent

MOST_BESIDE = 16
"""Responses beside the conversation that may be under way at once ("our choice": none is published)."""


def create_response(state: SessionState, event: dict[str, Any], now: int) -> Iterator[bytes]:
    """`response.create`."""
    check_event(event, {"response": anything if state.beta else optional(RESPONSE)})
    return respond(state, "response.create", event.get("response") or {}, now)


def cancel(state: SessionState, event: dict[str, Any], now: int) -> Iterator[bytes]:
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


def respond(state: SessionState, trigger: Trigger, asked: dict[str, Any], now: int) -> Iterator[bytes]:
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


def _begin(state: SessionState, machine: Machine, asked: dict[str, Any], now: int) -> Iterator[bytes]:
    items = _context(state, asked)
    settings = {**state.fields, **{name: value for name, value in asked.items() if value is not None}}
    output = merged(state.fields["audio"], asked.get("audio") or {})["output"]
    settings["audio"] = {"output": {"format": output["format"], "voice": output["voice"]}}
    script = script_for(state, items, settings, now)
    read = _tokens(state, items, settings["instructions"])
    refusal = _refusal(state, sum(read), script, now)
    in_conversation = asked.get("conversation") != "none"
    response = Asked(
        state.ids.make("resp_"),
        settings,
        asked.get("metadata"),
        state.conversation.id if in_conversation else None,
        read,
        None if script is None else script.usage,
        machine,
    )
    if refusal is not None:
        machine.take(Moment.TURNED_AWAY)
        error = {"type": refusal.type, "code": refusal.code, "message": refusal.message}
        failed = _shown(state, response, "failed", {"type": "failed", "error": error}, None)
        yield state.writer.write("response.done", response=failed)
        return
    spoken = decide(state, items, settings, output["voice"], script)
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
            checked_item(f"response.input[{place}]", entry)
            items.append(made_item(state, entry))
    return items


def _tokens(state: SessionState, items: list[Item], instructions: str | None) -> tuple[int, int]:
    vocabulary, encoding = state.simulator.media.vocabulary, state.model.encoding
    text_tokens, audio_tokens = vocabulary.count(instructions or "", encoding), 0
    for item in items:
        said, heard = item.tokens(vocabulary, encoding)
        text_tokens += said
        audio_tokens += heard
    return text_tokens, audio_tokens


def _refusal(state: SessionState, tokens: int, script: Script | None, now: int) -> ApiError | None:
    """Why there is no response: no credits, no room in a limit, or a rule's error."""
    simulator = state.simulator
    admission = simulator.store.admit(state.account, state.model, Cost(tokens=tokens), now, state.ids.seed()[:16])
    if not isinstance(admission, Admission):
        raise errors.not_simulated("Realtime over a shared store is")
    if admission.quota is not None:
        return simulator.quota_error(admission.quota, errors.out_of_credits())
    if admission.refusal is not None:
        return rate_limited(admission.refusal, state.model, state.account)
    return None if script is None else script.error


def cut(state: SessionState, response: Asked, trigger: Trigger, details: dict[str, Any], now: int) -> Iterator[bytes]:
    """End a response before its end: what is open is closed, with what was sent so far."""
    response.machine.take(trigger)
    yield from response.running.cut()
    yield from _finished(state, response, "cancelled", details, now)


def finish(state: SessionState, response: Asked, now: int) -> Iterator[bytes]:
    """End a response when all of it was said."""
    response.machine.take(Moment.ALL_SAID)
    reason = response.running.incomplete
    if reason:
        yield from _finished(state, response, "incomplete", {"type": "incomplete", "reason": reason}, now)
    else:
        yield from _finished(state, response, "completed", None, now)


def _finished(
    state: SessionState, response: Asked, status: str, details: dict[str, Any] | None, now: int
) -> Iterator[bytes]:
    """What a response came to: it is charged, and the limits are told."""
    state.under_way.remove(response)
    state.entry.turns += 1
    run = response.running
    usage = token_usage(response.read, (run.text_tokens, run.audio_tokens), state.read_before, response.counted)
    state.read_before = usage.total
    idle_ms = None if state.detection is None else state.detection.get("idle_timeout_ms")
    if idle_ms is not None and status == "completed" and response.conversation is not None:
        # It counts from the end of the sound, which plays from the end of the response on (API reference).
        state.idle_at = now + (sum(item.audio_ms for item in run.items) + idle_ms) * 1_000
    _charge(state, usage, now)
    done = _shown(state, response, status, details, usage.shown())
    yield state.writer.write("response.done", response=done)
    trio = state.simulator.store.draw(state.account, state.model, now, usage.made)
    if isinstance(trio, Trio):
        limit = {
            "name": "tokens",
            "limit": trio.limit,
            "remaining": trio.remaining,
            "reset_seconds": trio.reset // 1000 / 1000,
        }
        yield state.writer.write("rate_limits.updated", rate_limits=[limit])


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
