"""An organization as plain values, to be kept somewhere else, and back.

Only the classes that are named here are ever made of what is read. What changes with every call (buckets, sums of the
month, the entries of the ledger, the usage log) is not in it: a store keeps that beside it.
"""

from collections import deque
from enum import Enum
from typing import Any

import msgspec

from understudy.core.accounts import Account, AccountTerms
from understudy.core.catalog import RateLimits
from understudy.core.ledger import Checkpoint, Grant, Ledger
from understudy.core.organizations import Organization, Project, ServiceAccount
from understudy.core.plans import Charged, PlanState, Window
from understudy.core.plans_table import PlanTerms, WindowTerms
from understudy.core.terms import AutoRecharge, KeyStatus
from understudy.core.tiers import TierTable

_STRUCTS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (Grant, Checkpoint, RateLimits, ServiceAccount, AutoRecharge, Charged, PlanTerms, WindowTerms)
}
_SLOTTED: dict[str, type[Any]] = {kind.__name__: kind for kind in (Ledger, PlanState, Window)}
_ENUMS: dict[str, type[Enum]] = {KeyStatus.__name__: KeyStatus}
_SHARED = (
    "tier",
    "_base_tier",
    "_credited_tier",
    "increases",
    "usage_limit",
    "spend_limit",
    "recharge",
    "recharged",
    "month_ends",
    "looked_at",
    "enqueued",
    "plan",
    "pinned",
    "ledger",
)
"""Of an organization."""
_OF_PROJECT = ("name", "archived_at", "rate_limits", "spend_limit", "service_accounts", "made")
OF_KEY = ("name", "status", "plan", "service_account", "sees_all", "expires_at", "pinned", "created_at", "last_used")
"""What is kept of a key beside the secret and its project."""


def dump(organization: Organization) -> bytes:
    """The organization with its projects and keys, but without what changes with every call."""
    value = {
        "id": organization.id,
        "name": organization.name,
        "created_at": organization.created_at,
        "facts": {name: frozen(getattr(organization, name)) for name in _SHARED},
        "projects": [
            [project.id, project.created_at, {name: frozen(getattr(project, name)) for name in _OF_PROJECT}]
            for project in organization.projects.values()
        ],
        "keys": [
            [key.key, key.project.id, {name: frozen(getattr(key, name)) for name in OF_KEY}]
            for key in organization.api_keys.values()
        ],
    }
    return msgspec.msgpack.encode(value)


def load(data: bytes, table: TierTable) -> Organization:
    """The organization that `dump` wrote.

    Raises:
        ValueError: the data is of another version, or none.
    """
    try:
        value = msgspec.msgpack.decode(data)
        organization = Organization(value["id"], value["name"], 0, 0, table, value["created_at"])
        for name in _SHARED:
            setattr(organization, name, thawed(value["facts"][name]))
        for id, created_at, facts in value["projects"]:
            project = organization.projects[id] = Project(id, "", created_at)
            for name in _OF_PROJECT:
                setattr(project, name, thawed(facts[name]))
        for secret, project_id, facts in value["keys"]:
            key = Account(secret, AccountTerms(0, 0), organization, organization.projects[project_id], 0)
            for name in OF_KEY:
                setattr(key, name, thawed(facts[name]))
            organization.api_keys[key.key_id] = key
    except (msgspec.DecodeError, KeyError, TypeError, IndexError) as problem:
        raise ValueError(f"what the store holds of an organization cannot be read: {problem!r}") from None
    return organization


def frozen(value: Any) -> Any:
    """A value as msgpack can write it."""
    if value is None or isinstance(value, bool | str | bytes | float):
        return value
    if isinstance(value, int):
        # Amounts may be longer than 64 bits.
        return value if -(2**63) <= value < 2**63 else {"int": str(value)}
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "value": value.value}
    if isinstance(value, dict):
        return {"dict": [[frozen(key), frozen(each)] for key, each in value.items()]}
    if isinstance(value, list | tuple | deque):
        kind = "tuple" if isinstance(value, tuple) else "list" if isinstance(value, list) else "deque"
        return {kind: [frozen(each) for each in value]}
    name = type(value).__name__
    if name in _STRUCTS:
        return {"struct": name, "fields": {field: frozen(getattr(value, field)) for field in value.__struct_fields__}}
    if name in _SLOTTED:
        fields = {slot: frozen(getattr(value, slot)) for slot in value.__slots__ if slot != "entries"}
        return {"slots": name, "fields": fields}
    raise TypeError(f"a {name} cannot be kept")


def thawed(value: Any) -> Any:
    """What `frozen` was given."""
    if not isinstance(value, dict):
        return value
    if "int" in value:
        return int(value["int"])
    if "enum" in value:
        return _ENUMS[value["enum"]](value["value"])
    if "dict" in value:
        return {thawed(key): thawed(each) for key, each in value["dict"]}
    for name, kind in (("tuple", tuple), ("list", list), ("deque", deque)):
        if name in value:
            return kind(thawed(each) for each in value[name])
    fields = {name: thawed(each) for name, each in value["fields"].items()}
    if "struct" in value:
        return _STRUCTS[value["struct"]](**fields)
    made = object.__new__(_SLOTTED[value["slots"]])
    if isinstance(made, Ledger):
        made.entries = deque()
    for name, each in fields.items():
        setattr(made, name, each)
    return made
