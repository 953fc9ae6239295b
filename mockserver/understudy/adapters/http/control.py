"""The control API under `/_understudy`, with its generated documentation at `/_understudy/docs`.

It is never open to the network without a token, and never to a web page: a call whose Origin or Host is foreign is
refused whatever it carries.
"""

import secrets
from collections.abc import Awaitable
from importlib.metadata import version
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Query, Response
from fastapi.exceptions import RequestValidationError
from fastapi.requests import Request as WebRequest
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from understudy.adapters.http.accounts import UnknownAccountError, add_accounts
from understudy.adapters.http.asgi import Application, Receive, Scope, Send
from understudy.adapters.http.calls import add_calls
from understudy.adapters.http.faults import add_faults
from understudy.adapters.http.rules import add_rules
from understudy.adapters.http.saying import add_saying
from understudy.core.account_changes import AccountError
from understudy.core.dates import iso_time
from understudy.core.journal_export import facts, har
from understudy.core.simulator import Simulator

_PREFIX = "/_understudy"
_VERSION = version("understudy")


class Health(BaseModel):
    """That the server answers, and what its clock shows."""

    status: str = "ok"
    version: str
    now: str = Field(description="The active clock, ISO 8601 in UTC.")
    accounts: int = Field(description="Accounts that are held.")
    journal: int = Field(description="Journal entries that are held.")


class Advance(BaseModel):
    """How far to move the clock."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(ge=0, le=3_155_760_000, description="Seconds to move forward, at most a hundred years.")


class Moment(BaseModel):
    """What the clock shows."""

    now: str


class JournalPage(BaseModel):
    """Entries, oldest first."""

    entries: list[dict[str, Any]]
    total: int = Field(description="Entries that match, of which the newest `limit` are shown.")


class Refusal(BaseModel):
    """Why a control call was refused, in one sentence."""

    error: str


def create_control(simulator: Simulator, *, control_token: str | None, host: str) -> Application:
    """The control application with its guard; see `create_application` for the arguments."""
    app = FastAPI(
        title="Understudy control API",
        version=_VERSION,
        description="Reads and steers a running Understudy server.",
        docs_url=f"{_PREFIX}/docs",
        openapi_url=f"{_PREFIX}/openapi.json",
        redoc_url=None,
    )

    @app.exception_handler(AccountError)
    async def unusable(request: WebRequest, error: AccountError) -> JSONResponse:
        return JSONResponse({"error": f"{request.method} {request.url.path}: {error}"}, 400)

    @app.exception_handler(UnknownAccountError)
    async def unknown(request: WebRequest, error: UnknownAccountError) -> JSONResponse:
        return JSONResponse({"error": f"{request.method} {request.url.path}: {error}"}, 404)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: WebRequest, error: RequestValidationError) -> JSONResponse:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"][1:]) or "the body"
        return JSONResponse({"error": f"{request.method} {request.url.path}: {place}: {problem['msg']}."}, 400)

    @app.get(f"{_PREFIX}/health")
    async def health() -> Health:
        """Whether the server answers."""
        held = simulator.store.accounts()
        return Health(
            version=_VERSION,
            now=iso_time(simulator.clock.now()),
            accounts=len(await held if isinstance(held, Awaitable) else held),
            journal=len(simulator.journal),
        )

    @app.post(f"{_PREFIX}/reset", status_code=204)
    async def reset() -> Response:
        """Forget accounts, faults, rules and the journal, and take back every move of the clock."""
        await _done(simulator.reset())
        await _done(simulator.store.tell_others({"reset": True}))
        return Response(status_code=204)

    @app.get(f"{_PREFIX}/journal")
    async def journal(
        key: Annotated[str | None, Query(description="An API key, masked or not, or an account id.")] = None,
        path: Annotated[str | None, Query(description="The path, as requested.")] = None,
        model: Annotated[str | None, Query(description="The model, as requested.")] = None,
        limit: Annotated[int, Query(ge=1, le=10_000, description="The newest so many.")] = 100,
    ) -> JournalPage:
        """What happened, oldest first."""
        entries = simulator.journal.select(key=key, path=path, model=model)
        shown = [facts(entry) for entry in entries[-limit:]]
        return JournalPage(entries=shown, total=len(entries))

    @app.get(f"{_PREFIX}/journal.har")
    async def archive() -> dict[str, Any]:
        """What happened, as HTTP Archive 1.2."""
        return har(simulator.journal)

    @app.post(f"{_PREFIX}/clock/advance")
    async def advance(move: Advance) -> Moment:
        """Move the clock forward; buckets refill and waiting streams go on."""
        simulator.clock.advance(move.seconds)
        await _done(simulator.store.tell_others({"advance": move.seconds}))
        return Moment(now=iso_time(simulator.clock.now()))

    add_accounts(app, simulator, _PREFIX)
    add_rules(app, simulator, _PREFIX)
    add_faults(app, simulator, _PREFIX)
    add_calls(app, simulator, _PREFIX)
    add_saying(app, _PREFIX)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        reason = _refused(scope, control_token, host)
        if reason is None:
            await app(scope, receive, send)
        else:
            await JSONResponse({"error": reason}, 403)(scope, receive, send)

    return guarded


async def _done(given: Awaitable[None] | None) -> None:
    if given is not None:
        await given


def _refused(scope: Scope, token: str | None, host: str) -> str | None:
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is not None and not _is_ours(urlsplit(origin.decode("latin-1")).hostname or "", host):
        return f"Control calls from the web page {origin.decode('latin-1')!r} are refused: its origin is foreign."
    asked = headers.get(b"host", b"").decode("latin-1")
    if not _is_ours(urlsplit(f"//{asked}").hostname or "", host):
        return f"Control calls to the host {asked!r} are refused: use localhost, an IP address or the --host value."
    client = scope.get("client")
    if client is not None and not _is_loopback(client[0]):
        if token is None:
            return "Control calls from other machines are refused: start the server with --control-token to allow them."
        given = headers.get(b"authorization", b"").partition(b" ")[2]
        if not secrets.compare_digest(given, token.encode()):
            return "This control call needs the control token as 'Authorization: Bearer TOKEN'."
    return None


def _is_ours(name: str, host: str) -> bool:
    """A name that no foreign site can bear: localhost, an address, or the one that is listened on."""
    if name in ("localhost", host):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        # A Unix socket or a test client has no address: only this machine can be there.
        return address in ("", "testclient")
