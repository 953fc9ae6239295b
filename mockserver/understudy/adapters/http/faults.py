"""Control paths of faults: set scripts, see them, take them back."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import BackgroundTasks, Body, FastAPI
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from understudy.core.faults import FaultError, FaultScript
from understudy.core.simulator import Simulator


class ScriptView(BaseModel):
    """A fault script that is set."""

    name: str = Field(description="By which it can be taken back.")
    steps: list[str] = Field(description="What its steps do, by name.")
    seen: list[int] = Field(description="How many calls each step has counted.")


class Down(BaseModel):
    """How long connections are refused."""

    seconds: float = Field(gt=0, le=3_600, description="Real ones: a closed port hears of no other clock.")


def add_faults(app: FastAPI, simulator: Simulator, prefix: str) -> None:
    """Put the paths on the control application."""
    faults = simulator.faults

    @app.exception_handler(FaultError)
    async def unusable(request: Request, error: FaultError) -> JSONResponse:
        return JSONResponse({"error": f"{request.method} {request.url.path}: {error}"}, 400)

    @app.get(f"{prefix}/faults", tags=["faults"])
    async def scripts() -> list[ScriptView]:
        """The scripts that are set, in order."""
        return [_view(script) for script in faults]

    @app.post(f"{prefix}/faults", status_code=201, tags=["faults"])
    async def add(script: Annotated[dict[str, Any], Body(description="A script with `steps`, or one.")]) -> ScriptView:
        """Set one more script, after those there are."""
        added = FaultScript.parse(script)
        faults.add(added)
        return _view(added)

    @app.delete(f"{prefix}/faults", status_code=204, tags=["faults"])
    async def clear(name: str | None = None) -> Response:
        """Take back the scripts of a name, or all."""
        faults.clear(name)
        return Response(status_code=204)

    @app.post(f"{prefix}/refuse", status_code=202, tags=["faults"], response_model=None)
    async def refuse(down: Down, background: BackgroundTasks) -> JSONResponse | Response:
        """Refuse connections for a time, as a server that is down; who is connected is cut off after this answer."""
        refuse_for = simulator.refuse_for
        if refuse_for is None:
            return JSONResponse({"error": f"POST {prefix}/refuse: only a server that runs as one process can."}, 409)
        background.add_task(_later, refuse_for, down.seconds)
        return Response(status_code=202)


async def _later(refuse_for: Callable[[float], None], seconds: float) -> None:
    """After the answer, in the server's loop."""
    refuse_for(seconds)


def _view(script: FaultScript) -> ScriptView:
    return ScriptView(
        name=script.name,
        steps=[step.fault.name for step in script.steps],
        seen=[step.seen for step in script.steps],
    )
