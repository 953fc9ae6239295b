"""All that a store of one process holds, as bytes, and back: what a server takes up again after a restart.

Beside what `core.records` writes of an organization: its ledger's entries, the sums of the month, its buckets, its
usage log, what it keeps, and which requests came before. Open sessions are not in it, nor the journal.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from understudy.core.accounts import Account
from understudy.core.catalog import RateLimits
from understudy.core.ledger import Entry
from understudy.core.limits import Bucket, Meter
from understudy.core.organizations import Organization
from understudy.core.records import dump, frozen, load, thawed
from understudy.core.tiers import TierTable

VERSION = 1
"""Of the layout; another one is refused."""


class SnapshotError(ValueError):
    """Bytes that are no snapshot, or one of another version."""


class Snapshot(msgspec.Struct, frozen=True):
    """What a store holds.

    Attributes:
        now: the clock, microseconds since the epoch.
        accounts: in the order of their last use, the one used longest ago first.
        shared: organizations that a name stands for, by that name.
    """

    now: int
    accounts: Sequence[Account]
    shared: dict[str, Organization]


def write_snapshot(snapshot: Snapshot) -> bytes:
    """The bytes."""
    organizations: dict[str, Organization] = {org.id: org for org in snapshot.shared.values()}
    for account in snapshot.accounts:
        organizations.setdefault(account.organization.id, account.organization)
    value = {
        "understudy_state": VERSION,
        "now": snapshot.now,
        "organizations": [_written(organization) for organization in organizations.values()],
        "shared": {name: organization.id for name, organization in snapshot.shared.items()},
        "accounts": [[account.organization.id, account.key_id, account.repeats()] for account in snapshot.accounts],
    }
    return msgspec.msgpack.encode(value)


def read_snapshot(data: bytes, table: TierTable) -> Snapshot:
    """What `write_snapshot` was given.

    Args:
        data: the bytes.
        table: of the usage tiers.

    Raises:
        SnapshotError: a sentence's end, such as "is no state of Understudy".
    """
    try:
        value = msgspec.msgpack.decode(data)
    except msgspec.DecodeError:
        value = None
    if not isinstance(value, dict) or "understudy_state" not in value:
        raise SnapshotError("is no state of Understudy")
    if value["understudy_state"] != VERSION:
        raise SnapshotError(f"has the layout {value['understudy_state']!r}; this version reads {VERSION}")
    try:
        organizations = [_read(each, table) for each in value["organizations"]]
        by_id = {organization.id: organization for organization in organizations}
        accounts = []
        for organization_id, key_id, repeats in value["accounts"]:
            account = by_id[organization_id].api_keys[key_id]
            account.remember([(fingerprint, count) for fingerprint, count in repeats])
            accounts.append(account)
        shared = {name: by_id[id] for name, id in value["shared"].items()}
        return Snapshot(int(value["now"]), accounts, shared)
    except (ValueError, KeyError, TypeError, IndexError) as problem:
        raise SnapshotError(f"is damaged ({problem!r})") from None


def _written(organization: Organization) -> dict[str, Any]:
    ledger = organization.ledger
    return {
        "facts": dump(organization),
        "entries": [frozen(list(msgspec.structs.astuple(entry))) for entry in ledger.entries],
        "spent": frozen(organization.spent),
        "projects": {project.id: frozen(project.spent) for project in organization.projects.values()},
        "meters": {group: _meter(meter) for group, meter in organization.meters().items()},
        "own_meters": {
            project.id: {group: _meter(meter) for group, meter in project.meters().items()}
            for project in organization.projects.values()
        },
        "usage": [
            [list(cell.name), cell.width, cell.requests, frozen(cell.amount), cell.sums]
            for cell in organization.usage.cells()
        ],
        "kept": organization.kept.all(),
    }


def _read(value: dict[str, Any], table: TierTable) -> Organization:
    organization = load(value["facts"], table)
    for entry in value["entries"]:
        organization.ledger.entries.append(Entry(*thawed(entry)))
    organization.spent = thawed(value["spent"])
    for id, spent in value["projects"].items():
        organization.projects[id].spent = thawed(spent)
    for group, meter in value["meters"].items():
        organization.meters()[group] = _read_meter(meter)
    for id, meters in value["own_meters"].items():
        for group, meter in meters.items():
            organization.projects[id].meters()[group] = _read_meter(meter)
    for name, width, requests, amount, sums in value["usage"]:
        organization.usage.put(tuple(name), width, requests, thawed(amount), sums)
    for project, kind, id, kept in value["kept"]:
        organization.kept.put(project, kind, id, kept)
    organization.schedule()
    return organization


def _meter(meter: Meter) -> list[Any]:
    dormant = [[bucket.dimension, bucket.capacity, bucket.window, *bucket.mark] for bucket in meter.dormant]
    return [frozen(meter.limits), [list(bucket.mark) for bucket in meter.buckets], dormant]


def _read_meter(value: list[Any]) -> Meter:
    limits, marks, dormant = value
    found: RateLimits = thawed(limits)
    meter = Meter(found, 0)
    for bucket, (used, at) in zip(meter.buckets, marks, strict=True):
        bucket.restore(used, at)
    meter.dormant = [Bucket.of(*each) for each in dormant]
    return meter
