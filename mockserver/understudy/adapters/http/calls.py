"""Realtime calls in the control API: let one come in, see what became of it, hang up as the caller."""

import asyncio
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from understudy.adapters.http.accounts import find_account
from understudy.adapters.webhooks import deliver
from understudy.core.realtime.calls import Call, CallError, CallEvent
from understudy.core.realtime.incoming import IncomingCallError, call_facts, incoming_event, ring
from understudy.core.simulator import Simulator
from understudy.core.webhooks import WebhookError, webhook_to


class SipHeader(BaseModel):
    """A header of the SIP invitation."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: str


class Receiver(BaseModel):
    """Who is told of the call."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="On this machine: http://127.0.0.1:8000/webhook.")
    secret: str = Field(description="`whsec_` and base64: signs the event, and the application checks it.")


class NewCall(BaseModel):
    """A call that comes in."""

    model_config = ConfigDict(extra="forbid")

    account: str = Field(description="Who is called: a key, or an account id.")
    sip_headers: list[SipHeader] = Field(default_factory=list, description="Those of a made-up caller when empty.")
    webhook: Receiver | None = Field(None, description="Who is told; nobody when it is left out.")


class Told(BaseModel):
    """What came of telling the application."""

    url: str
    event_id: str
    status: int | None = Field(description="Of its answer, null when there was none.")
    error: str | None = Field(description="What went wrong, null when the answer was 2xx.")


class CallFacts(BaseModel):
    """A call, and what became of it."""

    id: str
    account: str
    kind: str = Field(description="sip or webrtc.")
    state: str = Field(description="incoming, active, rejected, referred or ended.")
    sip_headers: list[SipHeader]
    accepted_at: str | None
    model: str | None
    session: dict[str, Any] | None = Field(description="What it was accepted with.")
    status_code: int | None = Field(description="The SIP status that it was rejected with.")
    target_uri: str | None = Field(description="Where it was referred to.")
    delivery: Told | None


class UnknownCallError(LookupError):
    """An id that names no call."""


def add_calls(app: FastAPI, simulator: Simulator, prefix: str) -> None:
    """Add the paths to the control application.

    Args:
        app: of the control API.
        simulator: has the calls.
        prefix: of all paths.
    """
    path = f"{prefix}/realtime/calls"

    @app.exception_handler(IncomingCallError)
    @app.exception_handler(WebhookError)
    async def unusable(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": f"{request.method} {request.url.path}: {error}"}, 400)

    @app.exception_handler(UnknownCallError)
    async def unknown(request: Request, error: UnknownCallError) -> JSONResponse:
        return JSONResponse({"error": f"{request.method} {request.url.path}: {error}"}, 404)

    @app.exception_handler(CallError)
    async def over(request: Request, error: CallError) -> JSONResponse:
        return JSONResponse({"error": f"{request.method} {request.url.path}: {error.message}"}, 409)

    def find(call_id: str) -> Call:
        call = simulator.calls.get(call_id, simulator.settings.era, simulator.clock.now())
        if call is None:
            raise UnknownCallError(f"There is no call {call_id[:100]!r}.")
        return call

    async def shown(call: Call) -> CallFacts:
        account = await find_account(simulator, call.key)
        return CallFacts(**call_facts(call, account.id))

    @app.post(path, status_code=201, tags=["realtime"])
    async def let_come_in(wanted: NewCall) -> CallFacts:
        """Let a SIP call come in, and tell an application of it by `realtime.call.incoming`, once."""
        webhook = None if wanted.webhook is None else webhook_to(wanted.webhook.url, wanted.webhook.secret)
        account = await find_account(simulator, wanted.account)
        headers = [(header.name, header.value) for header in wanted.sip_headers]
        now = simulator.clock.now()
        call = ring(simulator, account, headers, now)
        if webhook is not None:
            # The application may accept the call before it answers: this server goes on meanwhile.
            loop = asyncio.get_running_loop()
            call.delivery = await loop.run_in_executor(None, deliver, incoming_event(call, now), webhook)
        return await shown(call)

    @app.get(path, tags=["realtime"])
    async def list_calls() -> list[CallFacts]:
        """All calls that are held, the oldest first."""
        return [await shown(find(call.id)) for call in simulator.calls]

    @app.get(f"{path}/{{call_id}}", tags=["realtime"])
    async def one_call(call_id: str) -> CallFacts:
        """A call."""
        return await shown(find(call_id))

    @app.post(f"{path}/{{call_id}}/hangup", tags=["realtime"])
    async def hang_up(call_id: str) -> CallFacts:
        """The caller hangs up."""
        call = find(call_id)
        call.take(CallEvent.CALLER_HUNG_UP, simulator.clock.now())
        return await shown(call)
