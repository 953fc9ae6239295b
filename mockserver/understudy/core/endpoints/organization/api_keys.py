"""`/v1/organization/projects/{project}/api_keys`: list, retrieve, delete."""

from collections.abc import Generator
from typing import Any

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
    keys_of,
    listed,
    not_found,
)
from understudy.core.ids import named
from understudy.core.organizations import Project
from understudy.core.visits import Visit


def redacted(key: str) -> str:
    """A key as lists show it (OpenAPI document's examples: `sk-abc...xyz`)."""
    return f"{key[:6]}...{key[-3:]}" if len(key) > 12 else "sk-..."


def shown(key: Account, project: Project) -> dict[str, Any]:
    """The object `organization.project.api_key`."""
    service = None if key.service_account is None else project.service_accounts.get(key.service_account)
    owner: dict[str, Any]
    if service is not None:
        owner = {
            "type": "service_account",
            "service_account": {
                "id": service.id,
                "name": service.name,
                "created_at": service.created_at // SECOND,
                "role": service.role,
            },
        }
    else:
        # Nobody is known by name here: the owner of a key is its organization's only person ("our choice").
        owner = {
            "type": "user",
            "user": {
                "id": "user-" + named("user", key.organization.id, 24),
                "email": "owner@example.com",
                "name": "Owner",
                "created_at": key.organization.created_at // SECOND,
                "role": "owner",
            },
        }
    return {
        "object": "organization.project.api_key",
        "redacted_value": redacted(key.key),
        "name": key.name or "Understudy key",
        "created_at": key.created_at // SECOND,
        "last_used_at": key.last_used // SECOND,
        "id": key.key_id,
        "owner_project_access": "active",
        "owner": owner,
    }


def find_key(visit: Visit) -> Generator[Any, Any, tuple[Account, Project]]:
    """The key that the path names, with its project.

    Raises:
        NotFound: the project has no such key.
    """
    account, project = yield from find_project(visit)
    wanted = visit.names["key"]
    for key in keys_of(visit, account, project):
        if key.key_id == wanted:
            return key, project
    raise not_found("API key", wanted)


class ApiKeyList:
    """`GET /v1/organization/projects/{project}/api_keys`."""

    def answer(self, visit: Visit) -> Steps:
        """The keys, the oldest first."""
        yield from ()
        administer(visit, READ)
        query = Query(visit, ("limit", "after", "owner_project_access"))
        account, project = yield from find_project(visit)
        # Every owner here has access to the project.
        wanted = query.word("owner_project_access", ("active", "inactive", "any"), "any") != "inactive"
        keys = keys_of(visit, account, project) if wanted else []
        return answered(visit, listed(keys, lambda key: key.key_id, lambda key: shown(key, project), query))


class ApiKeyDetail:
    """`GET /v1/organization/projects/{project}/api_keys/{key}`."""

    def answer(self, visit: Visit) -> Steps:
        """One key."""
        yield from ()
        administer(visit, READ)
        return answered(visit, shown(*(yield from find_key(visit))))


class ApiKeyDeletion:
    """`DELETE /v1/organization/projects/{project}/api_keys/{key}`."""

    def answer(self, visit: Visit) -> Steps:
        """From now on the key is refused."""
        administer(visit, WRITE)
        key, _ = yield from find_key(visit)
        yield from applied(visit, key, Account.revoke)
        deleted = {"object": "organization.project.api_key.deleted", "id": key.key_id, "deleted": True}
        return answered(visit, deleted)
