"""The events of a transcript beside the conversation: deltas, then the whole; or why there is none.

A transcript that fails does not touch the session: the model hears the sound itself (reported 2026-07). It fails when
the transcription model's limits or the credits refuse it, when the account does not have the model, when a rule for
`transcriptions` says so, and without the extra that hears.
"""

from collections.abc import Generator
from typing import Any

from understudy.core.accounts import Admission
from understudy.core.catalog import Model
from understudy.core.errors import ApiError
from understudy.core.limits import Cost
from understudy.core.media import Heard
from understudy.core.pricing import charge
from understudy.core.realtime.conversation import INPUT_MS_PER_TOKEN, Item
from understudy.core.realtime.hearing import DEFAULT_TRANSCRIBER, check_model, understood
from understudy.core.realtime.session_options import LOGPROBS
from understudy.core.realtime.state import SessionState
from understudy.core.realtime.steps import Steps
from understudy.core.realtime.transcript import Transcript
from understudy.core.realtime.transitions import Moment
from understudy.core.rule_answers import Script
from understudy.core.rule_request import RuleRequest
from understudy.core.usage_log import Spent

_KIND = "conversation.item.input_audio_transcription"
_NO_EAR = "Hearing needs the extra for speech, which is not installed."
_TOO_MANY = "429 Too Many Requests"
"""What follows the message of a refusal (reported 2025-11)."""


class _Failed(Exception):
    """There is no transcript."""

    def __init__(self, type: str, code: str | None, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.shown = {"type": type, "code": code, "message": message, "param": param}


def transcribe(state: SessionState, item: Item, heard: Heard | None, now: int) -> Steps:
    """Everything that is told of an item's transcript; nothing where none is wanted."""
    wanted = state.fields["audio"]["input"]["transcription"]
    if wanted is None:
        return
    state.hearing.take(Moment.TRANSCRIBED)
    place = {"item_id": item.id, "content_index": 0}
    try:
        transcript = yield from _transcript(state, item, heard, wanted, now)
    except _Failed as failed:
        yield state.writer.write(f"{_KIND}.failed", **place, error=failed.shown)
        return
    for piece, logprobs in transcript.deltas():
        more = {} if logprobs is None else {"logprobs": logprobs}
        yield state.writer.delta(f"{_KIND}.delta", place, "delta", piece, **more)
    for segment in transcript.segments():
        yield state.writer.write(f"{_KIND}.segment", **place, **segment)
    item.shown["content"][0]["transcript"] = transcript.text
    logprobs = transcript.logprobs
    more = {} if logprobs is None else {"logprobs": logprobs}
    usage = transcript.shown_usage()
    yield state.writer.write(f"{_KIND}.completed", **place, transcript=transcript.text, usage=usage, **more)
    _charge(state, transcript, now)


def _transcript(
    state: SessionState, item: Item, heard: Heard | None, wanted: dict[str, Any], now: int
) -> Generator[Any, Any, Transcript]:
    begins = f"Input transcription failed for item '{item.id}'."
    if heard is None:
        raise _Failed("server_error", "extra_not_installed", f"{begins} {_NO_EAR}")
    name = wanted.get("model") or DEFAULT_TRANSCRIBER
    try:
        model = check_model(name, state.simulator.find_model(name, state.account))
    except ApiError:
        # The account had the model when the session asked for it, and has it no more ("our choice" of the words).
        raise _Failed("invalid_request_error", "model_not_found", f"{begins} 404 Not Found") from None
    script = _script(state, model, heard, now)
    if script is not None and script.error is not None:
        error = script.error
        raise _Failed(error.type or "server_error", error.code, f"{begins} {error.message}", error.param)
    cost = Cost(tokens=-(-heard.milliseconds // INPUT_MS_PER_TOKEN), audio=heard.milliseconds // 1_000)
    decided = state.simulator.store.admit(state.account, model, cost, now, state.ids.seed()[:16])
    admission = decided if isinstance(decided, Admission) else (yield decided)
    if admission.quota is not None or admission.refusal is not None:
        raise _Failed("server_error", None, f"{begins} {_TOO_MANY}")
    text = heard.text if script is None or script.text is None else script.text
    seed = state.ids.seed() if LOGPROBS in (state.fields["include"] or ()) else None
    return Transcript(
        text, heard.milliseconds, model, state.simulator.media, prompt=wanted.get("prompt") or "", seed=seed
    )


def _script(state: SessionState, model: Model, heard: Heard, now: int) -> Script | None:
    """What a rule for `transcriptions` says; others are for what the model answers, and do not count this."""
    rules = state.simulator.rules
    if not rules:
        return None
    body = {"model": model.id, "input": understood(heard)}
    account = state.account
    asked = RuleRequest("transcriptions", "/v1/realtime", model.id, account.key, account.id, body)
    script = rules.script(asked, now, named=True)
    if script is not None:
        state.entry.rule = script.rule
    return script


def _charge(state: SessionState, transcript: Transcript, now: int) -> None:
    model = transcript.model
    amount = charge(transcript.usage, state.simulator.prices.find(model.price))
    spent = Spent("audio_transcriptions", model.snapshot, "default", transcript.usage, amount)
    state.simulator.store.settle(state.account, spent, now)
    state.entry.charge += amount
