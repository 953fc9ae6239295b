"""What all of these endpoints share: who may ask, whom it is about, bodies, queries, lists, answers.

An admin key that a keys file puts into an organization administers that one; any other sees the whole server. Where one
organization is meant, it is the one that the header `OpenAI-Organization` names, else the key's own ("our choice").
"""

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from understudy.core import errors, headers
from understudy.core.accounts import Account
from understudy.core.organizations import Project
from understudy.core.parameters import Check, check_all
from understudy.core.store import Change, Changed
from understudy.core.terms import KeyStatus
from understudy.core.visits import Page, Visit

READ = "api.management.read"
WRITE = "api.management.write"

Steps = Generator[Any, Any, Page]
"""A running operation: yields what must be awaited (reading awaits nothing: `yield from ()`), returns the answer."""

_encode = msgspec.json.Encoder(decimal_format="number").encode
_Item = TypeVar("_Item")


def administer(visit: Visit, scope: str) -> None:
    """Let admin keys in.

    Raises:
        Forbidden: it is another kind of key.
    """
    if visit.account.status is not KeyStatus.ADMIN:
        raise errors.missing_scope(scope)


def organizations(visit: Visit) -> Generator[Any, Any, dict[str, Account]]:
    """The organizations that the key administers, each with an account that belongs to it.

    Raises:
        Unauthorized: the header names an organization that is none of them.
    """
    held = {} if visit.account.sees_all else {visit.account.organization.id: visit.account}
    if visit.account.sees_all:
        accounts = visit.simulator.store.accounts()
        if isinstance(accounts, Awaitable):
            accounts = yield accounts
        for account in accounts:
            held.setdefault(account.organization.id, account)
    named = visit.request.header(b"openai-organization")
    if not named:
        return held
    if named not in held:
        raise errors.mismatched("Organization")
    return {named: held[named]}


def one_organization(visit: Visit) -> Generator[Any, Any, Account]:
    """An account of the organization that is meant."""
    if visit.request.header(b"openai-organization"):
        return next(iter((yield from organizations(visit)).values()))
    return visit.account


def find_project(visit: Visit) -> Generator[Any, Any, tuple[Account, Project]]:
    """The project that the path names, with an account of its organization.

    Raises:
        NotFound: no organization that the key administers has it.
    """
    wanted = visit.names["project"]
    for account in (yield from organizations(visit)).values():
        project = account.organization.projects.get(wanted)
        if project is not None:
            return account, project
    raise not_found("project", wanted)


def keys_of(visit: Visit, account: Account, project: Project) -> list[Account]:
    """The API keys of a project, the oldest first; those that were deleted are gone."""
    return [
        each
        for each in account.organization.api_keys.values()
        if each.project is project and each.status is not KeyStatus.REVOKED
    ]


def not_found(what: str, id: str) -> errors.NotFound:
    """404 with the words of the OpenAPI document's example."""
    return errors.NotFound(f"The {what} {id} was not found", layer=errors.Layer.ENGINE)


def applied(visit: Visit, account: Account, change: Change[Changed]) -> Generator[Any, Any, Changed]:
    """Apply a change by the store."""
    result = visit.simulator.store.change(account, change)
    if isinstance(result, Awaitable):
        result = yield result
    return result


def given(visit: Visit, checks: Mapping[str, Check], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body, checked.

    Raises:
        BadRequest: it is no JSON object, lacks something, or holds something that is wrong.
    """
    if visit.body is None:
        raise errors.not_json()
    for name in required:
        if visit.body.get(name) is None:
            raise errors.missing(name)
    check_all(visit.body, checks)
    return visit.body


class Query:
    """The query of a request.

    Args:
        visit: whose query it is.
        known: all names that are accepted.

    Raises:
        BadRequest: a name is none of them.
    """

    def __init__(self, visit: Visit, known: Iterable[str]) -> None:
        # SDKs send lists as `name[]` or by repeating the name.
        self._values: dict[str, list[str]] = {}
        for name, values in parse_qs(visit.request.query.decode("latin-1"), keep_blank_values=True).items():
            self._values.setdefault(name.removesuffix("[]"), []).extend(values)
        for name in self._values:
            if name not in known:
                raise errors.unknown_parameter(name)

    def text(self, name: str) -> str | None:
        """The last value of a name."""
        values = self._values.get(name)
        return values[-1] if values else None

    def texts(self, name: str, accepted: tuple[str, ...] | None = None) -> list[str] | None:
        """All values of a name, None where there are none."""
        values = self._values.get(name)
        for value in values or ():
            if accepted is not None and value not in accepted:
                raise errors.invalid_value(name, value, accepted)
        return values

    def word(self, name: str, accepted: tuple[str, ...], default: str) -> str:
        """One of some words."""
        value = self.text(name)
        if value is None:
            return default
        if value not in accepted:
            raise errors.invalid_value(name, value, accepted)
        return value

    def flag(self, name: str) -> bool | None:
        """True or false, None where it is not given."""
        value = self.text(name)
        return None if value is None else self.word(name, ("true", "false"), "") == "true"

    def whole(self, name: str, minimum: int, maximum: int, default: int | None) -> int | None:
        """A whole number within bounds."""
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or len(value) > 15:
            raise errors.wrong_type(name, "an integer", value)
        number = int(value)
        if number < minimum:
            raise errors.below_minimum(name, number, minimum)
        if number > maximum:
            raise errors.above_maximum(name, number, maximum)
        return number


def refuse_archived(project: Project) -> None:
    """An archived project is not changed any more (the words are "our choice")."""
    if project.archived_at is not None:
        text = f"The project {project.id} is archived and cannot be changed."
        raise errors.BadRequest(text, code="project_archived")


def listed(
    items: Sequence[_Item],
    id_of: Callable[[_Item], str],
    shown: Callable[[_Item], dict[str, Any]],
    query: Query,
    *,
    default: int = 20,
    most: int = 100,
) -> dict[str, Any]:
    """A page of a list: `limit` items behind `after`, or before `before`.

    Raises:
        BadRequest: the cursor names no item.
    """
    limit = query.whole("limit", 1, most, default) or default
    ids = [id_of(item) for item in items]
    first, last = 0, len(items)
    after, before = query.text("after"), query.text("before")
    for name, cursor in (("after", after), ("before", before)):
        if cursor is not None and cursor not in ids:
            raise errors.BadRequest(f"No item with the id '{cursor}' in this list.", code="invalid_value", param=name)
    if after is not None:
        first = ids.index(after) + 1
    if before is not None:
        last = ids.index(before)
        first = max(first, last - limit)
    page = items[first:last][:limit]
    return {
        "object": "list",
        "data": [shown(item) for item in page],
        "first_id": id_of(page[0]) if page else None,
        "last_id": id_of(page[-1]) if page else None,
        "has_more": first > 0 if before is not None else first + len(page) < len(items),
    }


def answered(visit: Visit, value: dict[str, Any]) -> Page:
    """A 200 in the engine's layout; decimals are written as numbers, exactly."""
    body = msgspec.json.format(_encode(value), indent=2)
    return Page(body, headers=[*headers.engine(visit.account, 0), headers.PROXY])
