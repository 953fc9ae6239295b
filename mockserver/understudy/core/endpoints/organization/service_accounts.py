"""`/v1/organization/projects/{project}/service_accounts`: members that are no persons, with keys that work at once."""

from collections.abc import Awaitable, Generator
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
    keys_of,
    listed,
    not_found,
    refuse_archived,
)
from understudy.core.endpoints.organization.projects import named as check_name
from understudy.core.ids import named
from understudy.core.organizations import Project, ServiceAccount
from understudy.core.parameters import anything, boolean, optional, word
from understudy.core.terms import AccountTerms
from understudy.core.visits import Visit

MOST = 100
"""Service accounts of a project, and keys of one of them ("our choice")."""


def shown(service: ServiceAccount) -> dict[str, Any]:
    """The object `organization.project.service_account`."""
    return {
        "object": "organization.project.service_account",
        "id": service.id,
        "name": service.name,
        "role": service.role,
        "created_at": service.created_at // SECOND,
    }


def _find(visit: Visit) -> Generator[Any, Any, tuple[Account, Project, ServiceAccount]]:
    account, project = yield from find_project(visit)
    wanted = visit.names["service_account"]
    service = project.service_accounts.get(wanted)
    if service is None:
        raise not_found("service account", wanted)
    return account, project, service


def _make_key(
    visit: Visit, account: Account, project: Project, service: ServiceAccount, name: str
) -> Generator[Any, Any, dict[str, Any]]:
    """Make a key of a service account; its value is shown this once."""
    made = [key for key in account.organization.api_keys.values() if key.service_account == service.id]
    if len(made) >= MOST:
        text = f"The service account {service.id} has {MOST} API keys already, and may not have more."
        raise errors.BadRequest(text, code="api_key_limit_exceeded")
    secret = "sk-svcacct-" + "".join(named(f"secret{part}", f"{service.id}/{len(made)}", 50) for part in (0, 1))
    key = Account(secret, AccountTerms(0, 0), account.organization, project, visit.now)
    key.name = name
    key.service_account = service.id
    key.pinned = True
    added = visit.simulator.store.add(key)
    if isinstance(added, Awaitable):
        yield added
    return {
        "object": "organization.project.service_account.api_key",
        "value": secret,
        "name": name,
        "created_at": visit.now // SECOND,
        "id": key.key_id,
    }


class ServiceAccountList:
    """`GET …/service_accounts`."""

    def answer(self, visit: Visit) -> Steps:
        """The service accounts, the oldest first."""
        yield from ()
        administer(visit, READ)
        query = Query(visit, ("limit", "after"))
        services = list((yield from find_project(visit))[1].service_accounts.values())
        return answered(visit, listed(services, lambda service: service.id, shown, query))


class ServiceAccountCreation:
    """`POST …/service_accounts`."""

    def answer(self, visit: Visit) -> Steps:
        """Make a service account, and unless it is to be without one, its first key."""
        administer(visit, WRITE)
        body = given(visit, {"name": check_name, "create_service_account_only": optional(boolean)}, ("name",))
        account, project = yield from find_project(visit)
        refuse_archived(project)

        def create(each: Account) -> ServiceAccount:
            own = each.organization.projects[project.id]
            if len(own.service_accounts) >= MOST:
                text = f"The project {own.id} has {MOST} service accounts already, and may not have more."
                raise errors.BadRequest(text, code="service_account_limit_exceeded")
            id = "user-" + named("service account", f"{own.id}/{own.made}", 24)
            own.made += 1
            service = own.service_accounts[id] = ServiceAccount(id, body["name"], "member", visit.now)
            return service

        service = yield from applied(visit, account, create)
        key = None
        if not body.get("create_service_account_only"):
            key = yield from _make_key(visit, account, project, service, "Secret Key")
        return answered(visit, {**shown(service), "api_key": key})


class ServiceAccountDetail:
    """`GET …/service_accounts/{service_account}`."""

    def answer(self, visit: Visit) -> Steps:
        """One service account."""
        yield from ()
        administer(visit, READ)
        return answered(visit, shown((yield from _find(visit))[2]))


class ServiceAccountUpdate:
    """`POST …/service_accounts/{service_account}`."""

    def answer(self, visit: Visit) -> Steps:
        """Give it another name or role."""
        administer(visit, WRITE)
        account, project, service = yield from _find(visit)
        body = given(visit, {"name": optional(check_name), "role": optional(word("member", "owner"))})

        def update(each: Account) -> dict[str, Any]:
            own = each.organization.projects[project.id]
            new = ServiceAccount(
                service.id, body.get("name") or service.name, body.get("role") or service.role, service.created_at
            )
            own.service_accounts[service.id] = new
            return shown(new)

        return answered(visit, (yield from applied(visit, account, update)))


class ServiceAccountDeletion:
    """`DELETE …/service_accounts/{service_account}`."""

    def answer(self, visit: Visit) -> Steps:
        """It goes, and its keys are refused from now on."""
        administer(visit, WRITE)
        account, project, service = yield from _find(visit)
        for key in keys_of(visit, account, project):
            if key.service_account == service.id:
                yield from applied(visit, key, Account.revoke)

        def delete(each: Account) -> None:
            each.organization.projects[project.id].service_accounts.pop(service.id, None)

        yield from applied(visit, account, delete)
        deleted = {"object": "organization.project.service_account.deleted", "id": service.id, "deleted": True}
        return answered(visit, deleted)


class ServiceAccountKeyCreation:
    """`POST …/service_accounts/{service_account}/api_keys`."""

    def answer(self, visit: Visit) -> Steps:
        """A further key."""
        administer(visit, WRITE)
        account, project, service = yield from _find(visit)
        body = given(visit, {"name": optional(check_name), "scopes": anything})
        return answered(
            visit, (yield from _make_key(visit, account, project, service, body.get("name") or "Secret Key"))
        )
