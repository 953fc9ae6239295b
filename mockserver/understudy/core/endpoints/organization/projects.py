"""`/v1/organization/projects`: list, create, retrieve, modify, archive."""

from typing import Any

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.clock import SECOND
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
    one_organization,
    organizations,
    refuse_archived,
)
from understudy.core.organizations import Project, TooManyProjectsError
from understudy.core.parameters import optional, string, word
from understudy.core.visits import Visit

_RESIDENCIES = (
    "GLOBAL",
    "US_STORAGE_PROCESSING",
    "EU_STORAGE_PROCESSING",
    "JP_STORAGE",
    "KR_STORAGE",
    "CA_STORAGE",
    "SG_STORAGE",
    "IN_STORAGE",
    "AU_STORAGE",
    "GB_STORAGE",
    "AE_STORAGE",
    "AE_STORAGE_PROCESSING",
)
_LONGEST_NAME = 256


def shown(project: Project) -> dict[str, Any]:
    """The object `organization.project`."""
    archived = project.archived_at
    return {
        "id": project.id,
        "object": "organization.project",
        "name": project.name,
        "created_at": project.created_at // SECOND,
        "archived_at": None if archived is None else archived // SECOND,
        "status": "active" if archived is None else "archived",
    }


def named(path: str, value: Any) -> None:
    """Check a name: a text that is not empty, of at most 256 characters ("our choice")."""
    string()(path, value)
    if not value.strip() or len(value) > _LONGEST_NAME:
        text = f"Invalid '{path}': expected a string of 1 to {_LONGEST_NAME} characters."
        raise errors.BadRequest(text, code="invalid_value", param=path)


class ProjectList:
    """`GET /v1/organization/projects`."""

    def answer(self, visit: Visit) -> Steps:
        """The projects, the oldest first."""
        yield from ()
        administer(visit, READ)
        query = Query(visit, ("limit", "after", "include_archived"))
        with_archived = query.flag("include_archived")
        held = yield from organizations(visit)
        projects = [
            project
            for account in held.values()
            for project in account.organization.projects.values()
            if with_archived or project.archived_at is None
        ]
        return answered(visit, listed(projects, lambda project: project.id, shown, query))


class ProjectCreation:
    """`POST /v1/organization/projects`."""

    def answer(self, visit: Visit) -> Steps:
        """Make a project in the organization that is meant."""
        administer(visit, WRITE)
        checks = {"name": named, "residency": optional(word(*_RESIDENCIES)), "external_key_id": optional(string())}
        body = given(visit, checks, ("name",))

        def create(account: Account) -> dict[str, Any]:
            account.organization.pinned = True
            return shown(account.organization.add_project(body["name"], visit.now))

        try:
            made = yield from applied(visit, (yield from one_organization(visit)), create)
        except TooManyProjectsError as problem:
            raise errors.BadRequest(f"{problem}.", code="project_limit_exceeded") from None
        return answered(visit, made)


class ProjectDetail:
    """`GET /v1/organization/projects/{project}`."""

    def answer(self, visit: Visit) -> Steps:
        """One project."""
        yield from ()
        administer(visit, READ)
        return answered(visit, shown((yield from find_project(visit))[1]))


class ProjectUpdate:
    """`POST /v1/organization/projects/{project}`."""

    def answer(self, visit: Visit) -> Steps:
        """Give a project another name; an archived one keeps its own."""
        administer(visit, WRITE)
        account, project = yield from find_project(visit)
        body = given(visit, {"name": optional(named), "external_key_id": optional(string())})
        refuse_archived(project)

        def update(each: Account) -> dict[str, Any]:
            own = each.organization.projects[project.id]
            own.name = body.get("name") or own.name
            return shown(own)

        return answered(visit, (yield from applied(visit, account, update)))


class ProjectArchiving:
    """`POST /v1/organization/projects/{project}/archive`."""

    def answer(self, visit: Visit) -> Steps:
        """From now on its keys are refused; it stays archived."""
        administer(visit, WRITE)
        account, project = yield from find_project(visit)

        def archive(each: Account) -> dict[str, Any]:
            own = each.organization.projects[project.id]
            own.archived_at = visit.now if own.archived_at is None else own.archived_at
            return shown(own)

        return answered(visit, (yield from applied(visit, account, archive)))
