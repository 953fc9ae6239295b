"""Rules in the control API: `/_understudy/rules`."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from understudy.core.rules import RuleError
from understudy.core.simulator import Simulator


class RuleFacts(BaseModel):
    """One rule, spelled as in a rules file."""

    model_config = ConfigDict(extra="allow")

    name: str | None = Field(None, description="By which it is removed; made up when it is left out.")
    when: dict[str, Any] = Field(
        default_factory=dict,
        description="endpoint, model, path, key, last_message, any_message, tool, on; all must hold.",
    )
    answers: list[dict[str, Any]] | None = Field(
        None,
        description="In turn: each one of reply, json, tool_calls, refusal, error, as_usual, perhaps with "
        "finish_reason, usage, times. A single one may stand in the rule itself.",
    )


class RulesPage(BaseModel):
    """Rules, in their order."""

    rules: list[dict[str, Any]]


def add_rules(app: FastAPI, simulator: Simulator, prefix: str) -> None:
    """Add the paths to the control application.

    Args:
        app: of the control API.
        simulator: has the rules.
        prefix: of all paths.
    """
    rules, path = simulator.rules, f"{prefix}/rules"

    @app.exception_handler(RuleError)
    async def unusable(request: Request, error: RuleError) -> JSONResponse:
        return JSONResponse({"error": f"{request.method} {request.url.path}: {error}"}, 400)

    @app.get(path, tags=["rules"])
    async def list_rules() -> RulesPage:
        """The rules, in their order, with how many calls each has seen and answered."""
        return RulesPage(rules=[rule.table for rule in rules])

    @app.post(path, tags=["rules"], status_code=201)
    async def add_rule(rule: RuleFacts | list[RuleFacts]) -> RulesPage:
        """Add a rule, or a list of them, after those there are: all of them or, when one is wrong, none."""
        given = rule if isinstance(rule, list) else [rule]
        added = rules.add(*(each.model_dump(exclude_unset=True) for each in given))
        return RulesPage(rules=[each.table for each in added])

    @app.delete(path, tags=["rules"], status_code=204)
    async def remove_all() -> Response:
        """Take all rules back."""
        rules.clear()
        return Response(status_code=204)

    @app.delete(f"{path}/{{rule}}", tags=["rules"], status_code=204)
    async def remove_rule(rule: str) -> Response:
        """Take one rule back."""
        try:
            rules.remove(rule)
        except KeyError:
            return JSONResponse({"error": f"DELETE {path}/{rule}: there is no rule {rule!r}"}, 404)
        return Response(status_code=204)
