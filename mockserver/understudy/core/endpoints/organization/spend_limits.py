"""`/v1/organization/spend_limit` and the same of a project: how much may be spent in a calendar month."""

from collections.abc import Callable, Generator
from typing import Any

from understudy.core import errors
from understudy.core.accounts import Account
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
    one_organization,
)
from understudy.core.parameters import integer, word
from understudy.core.pricing import DOLLAR
from understudy.core.visits import Visit

_CENT = DOLLAR // 100
_CHECKS = {"threshold_amount": integer(minimum=1, maximum=10**11), "currency": word("USD"), "interval": word("month")}


class _Limit:
    """Whose limit it is."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def _meant(self, visit: Visit) -> Generator[Any, Any, tuple[Account, str]]:
        if self._kind == "organization":
            account = yield from one_organization(visit)
            return account, account.organization.id
        account, project = yield from find_project(visit)
        return account, project.id

    def _shown(self, cents: int, spent: int) -> dict[str, Any]:
        status = "enforcing" if spent >= cents * _CENT else "inactive"
        return {
            "object": f"{self._kind}.spend_limit",
            "threshold_amount": cents,
            "currency": "USD",
            "interval": "month",
            "enforcement": {"status": status},
        }

    def _read(self, account: Account, id: str, now: int) -> tuple[int | None, int]:
        organization = account.organization
        organization.refresh_if_due(now)
        if self._kind == "organization":
            return organization.spend_limit, organization.spent
        project = organization.projects[id]
        return project.spend_limit, project.spent

    def _setter(self, id: str, pico: int | None) -> Callable[[Account], None]:
        def change(account: Account) -> None:
            if self._kind == "organization":
                account.organization.spend_limit = pico
            else:
                account.organization.projects[id].spend_limit = pico

        return change


class SpendLimitDetail(_Limit):
    """`GET`."""

    def answer(self, visit: Visit) -> Steps:
        """The limit; 404 where there is none."""
        yield from ()
        administer(visit, READ)
        Query(visit, ())
        account, id = yield from self._meant(visit)
        limit, spent = self._read(account, id, visit.now)
        if limit is None:
            raise errors.NotFound(f"The spend limit of {id} was not found", layer=errors.Layer.ENGINE)
        return answered(visit, self._shown(limit // _CENT, spent))


class SpendLimitUpdate(_Limit):
    """`POST`."""

    def answer(self, visit: Visit) -> Steps:
        """Set the limit, in cents."""
        administer(visit, WRITE)
        account, id = yield from self._meant(visit)
        cents = given(visit, _CHECKS, tuple(_CHECKS))["threshold_amount"]
        yield from applied(visit, account, self._setter(id, cents * _CENT))
        return answered(visit, self._shown(cents, self._read(account, id, visit.now)[1]))


class SpendLimitDeletion(_Limit):
    """`DELETE`."""

    def answer(self, visit: Visit) -> Steps:
        """Take the limit away."""
        administer(visit, WRITE)
        account, id = yield from self._meant(visit)
        yield from applied(visit, account, self._setter(id, None))
        return answered(visit, {"object": f"{self._kind}.spend_limit.deleted", "deleted": True})
