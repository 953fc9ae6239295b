"""`/v1/organization/admin_api_keys`: list, create, retrieve, delete."""

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
    given,
    listed,
    not_found,
    one_organization,
    organizations,
)
from understudy.core.endpoints.organization.api_keys import redacted
from understudy.core.endpoints.organization.projects import named as check_name
from understudy.core.ids import named
from understudy.core.parameters import integer, optional
from understudy.core.terms import AccountTerms, KeyStatus
from understudy.core.visits import Visit

MOST = 100
"""Admin keys of an organization ("our choice")."""


def shown(key: Account) -> dict[str, Any]:
    """The object `organization.admin_api_key`."""
    return {
        "object": "organization.admin_api_key",
        "id": key.key_id,
        "name": key.name or "Understudy admin key",
        "redacted_value": redacted(key.key),
        "created_at": key.created_at // SECOND,
        "expires_at": None if key.expires_at is None else key.expires_at // SECOND,
        "last_used_at": key.last_used // SECOND,
        "owner": {
            "type": "user",
            "object": "organization.user",
            "id": "user-" + named("user", key.organization.id, 24),
            "name": "Owner",
            "created_at": key.organization.created_at // SECOND,
            "role": "owner",
        },
    }


def _keys(visit: Visit) -> Generator[Any, Any, list[Account]]:
    held = yield from organizations(visit)
    return [
        key
        for account in held.values()
        for key in account.organization.api_keys.values()
        if key.status is KeyStatus.ADMIN
    ]


def _find(visit: Visit) -> Generator[Any, Any, Account]:
    wanted = visit.names["key"]
    for key in (yield from _keys(visit)):
        if key.key_id == wanted:
            return key
    raise not_found("admin API key", wanted)


class AdminKeyList:
    """`GET /v1/organization/admin_api_keys`."""

    def answer(self, visit: Visit) -> Steps:
        """The admin keys, the oldest first unless `order` is desc."""
        yield from ()
        administer(visit, READ)
        query = Query(visit, ("limit", "after", "order"))
        keys = yield from _keys(visit)
        if query.word("order", ("asc", "desc"), "asc") == "desc":
            keys.reverse()
        return answered(visit, listed(keys, lambda key: key.key_id, shown, query))


class AdminKeyCreation:
    """`POST /v1/organization/admin_api_keys`."""

    def answer(self, visit: Visit) -> Steps:
        """Make an admin key; its value is shown this once."""
        administer(visit, WRITE)
        expiry = optional(integer(minimum=1, maximum=31_536_000))
        body = given(visit, {"name": check_name, "expires_in_seconds": expiry}, ("name",))
        owner = yield from one_organization(visit)
        organization = owner.organization
        number = sum(key.key.startswith("sk-admin-") for key in organization.api_keys.values())
        if number >= MOST:
            text = f"The organization has {MOST} admin API keys already, and may not have more."
            raise errors.BadRequest(text, code="api_key_limit_exceeded")
        secret = "sk-admin-" + "".join(named(f"admin{part}", f"{organization.id}/{number}", 50) for part in (0, 1))
        terms = AccountTerms(0, 0, status=KeyStatus.ADMIN)
        key = Account(secret, terms, organization, owner.project, visit.now)
        key.sees_all = visit.account.sees_all
        key.name = body["name"]
        key.pinned = True
        seconds = body.get("expires_in_seconds")
        key.expires_at = None if seconds is None else visit.now + seconds * SECOND
        added = visit.simulator.store.add(key)
        if isinstance(added, Awaitable):
            yield added
        return answered(visit, {**shown(key), "value": secret})


class AdminKeyDetail:
    """`GET /v1/organization/admin_api_keys/{key}`."""

    def answer(self, visit: Visit) -> Steps:
        """One admin key."""
        yield from ()
        administer(visit, READ)
        return answered(visit, shown((yield from _find(visit))))


class AdminKeyDeletion:
    """`DELETE /v1/organization/admin_api_keys/{key}`."""

    def answer(self, visit: Visit) -> Steps:
        """From now on the key is refused."""
        administer(visit, WRITE)
        key = yield from _find(visit)
        yield from applied(visit, key, Account.revoke)
        deleted = {"id": key.key_id, "object": "organization.admin_api_key.deleted", "deleted": True}
        return answered(visit, deleted)
