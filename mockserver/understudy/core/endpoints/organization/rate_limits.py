"""`/v1/organization/projects/{project}/rate_limits`: what the project may ask of each model, and lowering it."""

from typing import Any

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.catalog import Model, RateLimits
from understudy.core.endpoints.organization.access import (
    READ,
    WRITE,
    Query,
    Steps,
    administer,
    answered,
    applied,
    find_project,
    given,
    listed,
    not_found,
)
from understudy.core.organizations import Project
from understudy.core.parameters import integer, optional
from understudy.core.visits import Visit

_FIELDS = (
    ("max_requests_per_1_minute", "rpm"),
    ("max_tokens_per_1_minute", "tpm"),
    ("max_images_per_1_minute", "ipm"),
    ("max_requests_per_1_day", "rpd"),
    ("batch_1_day_max_input_tokens", "batch"),
)
_ALWAYS = ("rpm", "tpm")
"""The document requires these; where there is no such limit they are 0 ("our choice")."""
_PREFIX = "rl-"


def shown(model: Model, limits: RateLimits, own: RateLimits | None) -> dict[str, Any]:
    """The object `project.rate_limit`: the figures in force."""
    value: dict[str, Any] = {"object": "project.rate_limit", "id": _PREFIX + model.id, "model": model.id}
    for field, dimension in _FIELDS:
        figure = _in_force(limits, own, dimension)
        if figure is not None or dimension in _ALWAYS:
            value[field] = figure or 0
    return value


def _in_force(limits: RateLimits, own: RateLimits | None, dimension: str) -> int | None:
    figures = [
        figure for each in (limits, own) if each is not None and (figure := getattr(each, dimension)) is not None
    ]
    return min(figures, default=None)


def _models(visit: Visit) -> list[Model]:
    simulator = visit.simulator
    return [model for model in simulator.catalog.models(simulator.settings.era) if model.id == model.listed]


class RateLimitList:
    """`GET …/rate_limits`."""

    def answer(self, visit: Visit) -> Steps:
        """One object for each model that the tier has."""
        yield from ()
        administer(visit, READ)
        query = Query(visit, ("limit", "after", "before"))
        account, project = yield from find_project(visit)
        account.organization.refresh_if_due(visit.now)
        rows = []
        for model in _models(visit):
            limits = account.organization.limits_for(model)
            if limits is not None:
                rows.append(shown(model, limits, project.rate_limits.get(model.limit_group)))
        return answered(visit, listed(rows, lambda row: str(row["id"]), dict, query, default=100, most=1_000))


class RateLimitUpdate:
    """`POST …/rate_limits/{rate_limit}`."""

    def answer(self, visit: Visit) -> Steps:
        """Set limits of the project's own; they cannot stand above the organization's."""
        administer(visit, WRITE)
        account, project = yield from find_project(visit)
        account.organization.refresh_if_due(visit.now)
        wanted = visit.names["rate_limit"]
        model = visit.simulator.catalog.find(wanted.removeprefix(_PREFIX), visit.simulator.settings.era)
        limits = None if model is None or not wanted.startswith(_PREFIX) else account.organization.limits_for(model)
        if model is None or limits is None:
            raise not_found("rate limit", wanted)
        checks = {field: optional(integer(minimum=1)) for field, _ in _FIELDS}
        # Accepted by the document; no model here is limited in megabytes of sound.
        checks["max_audio_megabytes_per_1_minute"] = optional(integer(minimum=0))
        body = given(visit, checks)
        return answered(visit, (yield from applied(visit, account, _update(project, model, limits, body))))


def _update(project: Project, model: Model, limits: RateLimits, body: dict[str, Any]) -> Any:
    asked = {dimension: body[field] for field, dimension in _FIELDS if body.get(field) is not None}
    for field, dimension in _FIELDS:
        most = getattr(limits, dimension)
        if dimension in asked and most is not None and asked[dimension] > most:
            # The words are "our choice".
            text = f"Invalid '{field}': {asked[dimension]} is above the organization's limit of {most} for {model.id}."
            raise errors.BadRequest(text, code="invalid_value", param=field)

    def update(each: Account) -> dict[str, Any]:
        own = each.organization.projects[project.id]
        before = own.rate_limits.get(model.limit_group)
        figures = {
            dimension: asked.get(dimension, None if before is None else getattr(before, dimension))
            for _, dimension in _FIELDS
        }
        own.limit(model.limit_group, RateLimits(**figures))
        return shown(model, limits, own.rate_limits[model.limit_group])

    return update
