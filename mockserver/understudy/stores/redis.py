"""The store that several processes and machines share: Redis, Valkey, or a cluster of either.

    {org-...}:terms     version and blob: tier, limits, grants, projects, keys; changes rarely, each process has a copy
    {org-...}:hot       balance, month's sums, open sessions: integers that are only ever added to
    {org-...}:b:GROUP   buckets; of a project {org-...}:b:PROJECT:GROUP
    {org-...}:repeats   how often which request came
    {org-...}:ledger    entries, the oldest folded into a sum
    {org-...}:usage     the usage log
    {org-...}:kept      values that operations keep: also :kept:order, :kept:index, :kept:counts
    key:DIGEST          the organization of a key that was made while the servers ran
    orgs                all organizations

To admit a call is one script call, atomic, with `now` handed in. The script compares the version of the terms that the
caller knows with the one that holds: who knows an old one reads the new one and asks again, which happens only after a
change. What time or a purchase changes is computed by the core, on a copy, and written if nobody else has written
since.
A settlement is written to its connection before the answer's bytes leave, and its reply is not waited for.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine
from hashlib import blake2b
from itertools import count
from os import getpid
from socket import gethostname
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from understudy.core.account_changes import AccountError
from understudy.core.accounts import ACCOUNTS_KEPT, REPEATS_KEPT, Account, Admission, settle
from understudy.core.catalog import Model, RateLimits
from understudy.core.clock import MINUTE
from understudy.core.kept import MOST_BYTES, MOST_OBJECTS, KeptPage
from understudy.core.key_words import KeyWordsError
from understudy.core.ledger import ENTRIES_KEPT, Entry
from understudy.core.limits import Bucket, Cost, Trio, dimensions, refusal_of
from understudy.core.organizations import Organization, Project, Quota, found_organization, found_project
from understudy.core.pricing import DOLLAR
from understudy.core.records import OF_KEY, dump, load
from understudy.core.store import SHARED_MOST, Change, Changed, StoreUnavailable
from understudy.core.terms import AccountTerms, KeyStatus
from understudy.core.tiers import TierTable
from understudy.core.usage_log import Spent, UsageLog, counts_of
from understudy.stores import redis_scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIFETIME_MS = 24 * 3_600_000
"""An organization that nobody set and nobody used for so long (of real time) is forgotten ("our choice")."""
TIMEOUT_SECONDS = 2.0
"""Redis that does not answer for so long is gone."""
PENDING_KEPT = 10_000
"""Settlements that wait for Redis to come back."""
_TRIES = 50
_CHANNEL = "understudy"
_TOO_MANY = "the shared store is written to by too many at once"

_Answer = TypeVar("_Answer")
_log = logging.getLogger("understudy")


class RedisStore:
    """Accounts in Redis, with a copy of what changes rarely.

    Args:
        url: redis://, rediss:// or unix://.
        terms_of: what the account of a key starts with; None for a key that is not accepted.
        tiers: what promotes an organization.

    Raises:
        ValueError: the URL cannot be understood.
        ModuleNotFoundError: the extra is not installed.
    """

    answers_at_once = False

    def __init__(self, url: str, terms_of: Callable[[str], AccountTerms | None], tiers: TierTable) -> None:
        from redis.asyncio import Redis

        self._terms_of = terms_of
        self._tiers = tiers
        self._redis: Any = Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, max_connections=64
        )
        self._scripts = {
            name: self._redis.register_script(getattr(redis_scripts, name))
            for name in ("ADMIT", "DRAW", "SAVE", "KEEP", "DROP", "PAGE")
        }
        self._settlements = _Settlements(self._redis)
        self._name = f"{gethostname()}/{getpid()}/{id(self)}"
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._versions: OrderedDict[str, int] = OrderedDict()

    def account(self, key: str, now: int) -> Account | Awaitable[Account | None] | None:
        """The account of a key, made on first sight; None when the key is not accepted."""
        account = self._accounts.get(key)
        if account is not None:
            self._accounts.move_to_end(key)
            return account
        # What the key spells is looked at before anything is asked for: a wrong one costs nothing.
        terms = self._terms_of(key)
        if terms is not None and terms.credits > SHARED_MOST:
            raise KeyWordsError(f"A shared store counts to ${SHARED_MOST // DOLLAR:,} of credits.")
        return _guarded(self._open(key, terms, now))

    def add(self, account: Account) -> Awaitable[Account]:
        """Take an account in whose key was made while the servers ran."""

        async def added() -> Account:
            await self._redis.set(_key_name(account.key), account.organization.id)

            def join(each: Account) -> None:
                each.organization.api_keys[account.key_id] = _moved(account, each.organization)

            await self._change(account, join)
            return self._accounts[account.key]

        return _guarded(added())

    def accounts(self) -> Awaitable[list[Account]]:
        """All accounts of all organizations, with their usage logs."""

        async def all_of_them() -> list[Account]:
            found: list[Account] = []
            for id in sorted(name.decode() for name in await self._redis.smembers("orgs")):
                read = await self._read(id)
                if read is None:
                    await self._redis.srem("orgs", id)
                else:
                    # To be looked at: these copies are nobody's.
                    found += read[0].api_keys.values()
            return found

        return _guarded(all_of_them())

    def admit(self, account: Account, model: Model, cost: Cost, now: int, fingerprint: bytes) -> Awaitable[Admission]:
        """Decide about one call in one round trip; see `core.accounts.admit`."""
        return _guarded(self._admit(account, model, cost, now, fingerprint))

    def draw(self, account: Account, model: Model, now: int, tokens: int) -> Awaitable[Trio | None]:
        """Take what an admitted call turned out to need; see `core.accounts.draw`."""
        return _guarded(self._draw(account, model, now, tokens))

    def settle(self, account: Account, spent: Spent, now: int) -> None:
        """Charge what a call came to; the command has left for Redis when this returns, unless Redis is gone."""
        account = self._accounts.get(account.key, account)
        if spent.credits is not None:
            self._settlements.run(self._settle_plan(account, spent, now))
        elif account.organization.due(now):
            # A month that has ended meanwhile, or a recharge: rare enough for a longer way.
            self._settlements.run(self._settle_after_refresh(account, spent, now))
        else:
            self._send(account, spent, now)

    def _send(self, account: Account, spent: Spent, now: int) -> None:
        organization = account.organization
        fields: list[str | int] = []
        start = now // MINUTE * MINUTE
        name = "|".join((str(start), spent.kind, account.project.id, account.key_id, spent.model, spent.service_tier))
        for field, amount in counts_of(spent):
            fields += (f"{name}|{spent.detail}|{field}", amount)
        self._settlements.send(
            (_key(organization.id, "hot"), _key(organization.id, "ledger"), _key(organization.id, "usage")),
            (
                spent.amount,
                f"p:{account.project.id}",
                f"{now}|charge|{-spent.amount}|{spent.model}",
                ENTRIES_KEPT,
                0 if organization.pinned else LIFETIME_MS,
                *fields,
            ),
        )

    def change(self, account: Account, change: Change[Changed]) -> Awaitable[Changed]:
        """Read or set anything of an account and its organization: on a copy, written if nobody wrote meanwhile."""
        return _guarded(self._change(account, change))

    def keep(self, account: Account, kind: str, id: str, value: bytes) -> Awaitable[None]:
        """Keep a value in the account's project."""
        field, prefix = _kept_names(account, kind, id)
        arguments = (field, prefix, value, MOST_BYTES, MOST_OBJECTS, LIFETIME_MS)
        return _guarded(self._scripts["KEEP"](keys=_kept_keys(account), args=arguments))

    def keep_soon(self, account: Account, kind: str, id: str, value: bytes) -> None:
        """The same, never waited for."""

        async def kept() -> None:
            await self.keep(account, kind, id, value)

        self._settlements.run(kept())

    def kept(self, account: Account, kind: str, id: str) -> Awaitable[bytes | None]:
        """A value of the account's project, None when there is none."""
        return _guarded(self._redis.hget(_kept_keys(account)[0], _kept_names(account, kind, id)[0]))

    def drop(self, account: Account, kind: str, id: str) -> Awaitable[bool]:
        """Keep a value no longer; whether it was there."""

        async def dropped() -> bool:
            arguments = _kept_names(account, kind, id)
            return bool(await self._scripts["DROP"](keys=_kept_keys(account), args=arguments))

        return _guarded(dropped())

    def kept_page(
        self, account: Account, kind: str, after: str | None, limit: int, *, newest_first: bool
    ) -> Awaitable[KeptPage | None]:
        """Values of a kind in the order they came; see `core.kept.Kept.page`."""

        async def found() -> KeptPage | None:
            last, prefix = _kept_names(account, kind, after or "")
            arguments = (prefix, b"" if after is None else last, limit + 1, int(newest_first))
            answer = await self._scripts["PAGE"](keys=_kept_keys(account)[:3], args=arguments)
            if answer is None:
                return None
            ids = [field[len(prefix) :].decode() for field in answer[::2]]
            objects = list(zip(ids, answer[1::2], strict=True))
            return KeptPage(objects[:limit], len(objects) > limit)

        return _guarded(found())

    def forget(self, key: str) -> Awaitable[None]:
        """Forget one account and the organization that it is alone in."""

        async def forgotten() -> None:
            account = self._accounts.pop(key, None)
            if account is None:
                return
            read = await self._read(account.organization.id)
            if read is None:
                return
            if len(read[0].api_keys) > 1:

                def leave(each: Account) -> None:
                    each.organization.api_keys.pop(account.key_id, None)

                await self._change(account, leave)
                self._accounts.pop(key, None)
            else:
                await self._erase(account.organization.id)

        return _guarded(forgotten())

    def reset(self) -> Awaitable[None]:
        """Forget every account."""

        async def all_forgotten() -> None:
            for id in await self._redis.smembers("orgs"):
                await self._erase(id.decode())
            await self._redis.delete("orgs")
            self._accounts.clear()
            self._versions.clear()

        return _guarded(all_forgotten())

    def tell_others(self, message: dict[str, float | bool]) -> Awaitable[None]:
        """Tell the other processes."""

        async def told() -> None:
            await self._redis.publish(_CHANNEL, msgspec.json.encode({"from": self._name, **message}))

        return _guarded(told())

    async def accompany(self, hear: Callable[[dict[str, float | bool]], None]) -> None:
        """Hand on what other processes tell, until cancelled; then send what waits, and close the connections."""
        from redis.exceptions import RedisError

        try:
            while True:
                try:
                    async with self._redis.pubsub() as heard:
                        await heard.subscribe(_CHANNEL)
                        while True:
                            said = await heard.get_message(ignore_subscribe_messages=True, timeout=None)
                            if said is not None:
                                self._hear(said["data"], hear)
                except (RedisError, OSError):
                    # Redis is gone; whoever calls is told so meanwhile.
                    await asyncio.sleep(0.5)
        finally:
            await asyncio.shield(self.close())

    def _hear(self, data: bytes, hear: Callable[[dict[str, float | bool]], None]) -> None:
        try:
            message = msgspec.json.decode(data)
            if message.pop("from") == self._name:
                return
            if message.get("reset"):
                self._accounts.clear()
                self._versions.clear()
            hear(message)
        except (msgspec.DecodeError, AttributeError, KeyError, ValueError):
            _log.warning("another process told something that is not understood")

    async def settled(self) -> None:
        """Return when Redis has carried out every settlement that was sent."""
        await self._settlements.drained()

    async def close(self) -> None:
        """Send what waits, and close the connections."""
        await self._settlements.close()
        await self._redis.aclose()

    # Reading and writing organizations

    async def _open(self, key: str, terms: AccountTerms | None, now: int) -> Account | None:
        made = await self._redis.get(_key_name(key))
        if made is None and terms is None:
            return None
        if made is not None:
            read = await self._read(made.decode())
            if read is None:
                return None
            self._keep(*read)
            return next((each for each in read[0].api_keys.values() if each.key == key), None)
        if terms is None:
            return None
        organization = found_organization(terms.organization, key, terms, self._tiers, now)
        fresh = Account(key, terms, organization, found_project(organization, terms.project, key, now), now)
        organization.api_keys[fresh.key_id] = fresh

        def join(each: Account) -> None:
            # Of an organization that others made before, the key is a further one.
            own = found_project(each.organization, terms.project, key, now)
            if fresh.key_id not in each.organization.api_keys:
                key_of_it = Account(key, terms, each.organization, own, now)
                each.organization.api_keys[fresh.key_id] = key_of_it

        read = await self._read(organization.id)
        if read is None or fresh.key_id not in read[0].api_keys:
            await self._change(fresh, join)
        else:
            self._keep(*read)
        return self._accounts.get(key) or fresh

    async def _read(self, id: str) -> tuple[Organization, int] | None:
        """An organization as Redis has it, and its version."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(_key(id, "terms"))
            pipe.hgetall(_key(id, "hot"))
            pipe.lrange(_key(id, "ledger"), 0, -1)
            pipe.hgetall(_key(id, "usage"))
            terms, hot, entries, usage = await pipe.execute()
        if not terms:
            return None
        organization = load(terms[b"blob"], self._tiers)
        _warm(organization, hot, entries, usage)
        return organization, int(terms[b"version"])

    async def _change(self, account: Account, change: Change[Changed]) -> Changed:
        for _ in range(_TRIES):
            read = await self._read(account.organization.id)
            organization, version = (account.organization, 0) if read is None else read
            if read is None:
                # Forgotten, or never there: it starts as it was first made.
                organization.forget_counters()
            own = organization.api_keys.get(account.key_id)
            if own is None:
                own = account if read is None else _moved(account, organization)
                organization.api_keys[account.key_id] = own
            before = _Before(organization) if read is not None else None
            result = change(own)
            if before is not None and not before.differs(organization):
                self._keep(organization, version)
                return result
            if await self._save(organization, version, before):
                return result
        raise StoreUnavailable(_TOO_MANY)

    async def _save(self, organization: Organization, version: int, before: "_Before | None") -> bool:
        id = organization.id
        if abs(organization.ledger.balance) > SHARED_MOST:
            raise AccountError(f"A shared store counts to ${SHARED_MOST // DOLLAR:,} of credits.")
        increments, entries, anew = _written(organization, before)
        lifetime = 0 if organization.pinned else LIFETIME_MS
        organization.schedule()
        below = _recharge_below(organization)
        arguments: list[Any] = [version, dump(organization), organization.next_change, below, lifetime, int(anew)]
        arguments.append(len(increments))
        for field, amount in increments.items():
            arguments += (field, amount)
        keys = [_key(id, "terms"), _key(id, "hot"), _key(id, "ledger")]
        saved: int = await self._scripts["SAVE"](keys=keys, args=[*arguments, *entries])
        if saved:
            await self._redis.sadd("orgs", id)
            self._keep(organization, saved)
        return bool(saved)

    def _keep(self, organization: Organization, version: int) -> None:
        """Remember a copy, and drop the oldest ones."""
        self._versions[organization.id] = version
        self._versions.move_to_end(organization.id)
        for key in organization.api_keys.values():
            self._accounts[key.key] = key
            self._accounts.move_to_end(key.key)
        while len(self._accounts) > 10 * ACCOUNTS_KEPT:
            self._accounts.popitem(last=False)
        while len(self._versions) > 10 * ACCOUNTS_KEPT:
            self._versions.popitem(last=False)

    async def _erase(self, id: str) -> None:
        names = [name async for name in self._redis.scan_iter(match=f"{{{id}}}:*", count=1_000)]
        read = await self._read(id)
        if read is not None:
            for key in read[0].api_keys.values():
                self._accounts.pop(key.key, None)
                await self._redis.delete(_key_name(key.key))
        for name in names:
            await self._redis.delete(name)
        self._versions.pop(id, None)
        await self._redis.srem("orgs", id)

    async def _settle_plan(self, account: Account, spent: Spent, now: int) -> None:
        await self._change(account, lambda each: settle(each, spent, now))

    async def _settle_after_refresh(self, account: Account, spent: Spent, now: int) -> None:
        await self._change(account, lambda each: each.organization.refresh(now))
        self._send(self._accounts.get(account.key, account), spent, now)

    # Buckets

    async def _admit(self, account: Account, model: Model, cost: Cost, now: int, fingerprint: bytes) -> Admission:
        if model.long is not None and cost.tokens > model.long_from:
            model = model.long
        for _ in range(_TRIES):
            account = self._accounts.get(account.key, account)
            if account.status not in (KeyStatus.ACTIVE, KeyStatus.ADMIN) or account.project.archived_at is not None:
                return Admission(account, revoked=True)
            organization, project = account.organization, account.project
            limits = organization.limits_for(model)
            buckets = _bucket_arguments(limits, cost)
            own = project.rate_limits.get(model.limit_group)
            project_buckets = _bucket_arguments(own, cost)
            reply = await self._scripts["ADMIT"](
                keys=[
                    _key(organization.id, "terms"),
                    _key(organization.id, "hot"),
                    _key(organization.id, f"b:{model.limit_group}"),
                    _key(organization.id, f"b:{project.id}:{model.limit_group}"),
                    _key(organization.id, "repeats"),
                ],
                args=[
                    now,
                    self._versions.get(organization.id, 0),
                    organization.monthly_limit,
                    "" if organization.spend_limit is None else organization.spend_limit,
                    f"p:{project.id}",
                    "" if project.spend_limit is None else project.spend_limit,
                    fingerprint if limits is not None else b"",
                    0 if organization.pinned else LIFETIME_MS,
                    REPEATS_KEPT,
                    len(buckets),
                    len(project_buckets),
                    *(each for bucket in (*buckets, *project_buckets) for each in bucket),
                ],
            )
            word = reply[0]
            if word == b"stale":
                await self._renew(account, now)
                continue
            if word == b"due":
                await self._change(account, lambda each: each.organization.refresh(now))
                continue
            account.last_used = now
            if word == b"quota":
                return Admission(account, quota=Quota(reply[1].decode()))
            if limits is None:
                return Admission(account, unavailable=True)
            return _admission(account, limits, own, cost, now, reply)
        raise StoreUnavailable(_TOO_MANY)

    async def _draw(self, account: Account, model: Model, now: int, tokens: int) -> Trio | None:
        for _ in range(_TRIES):
            account = self._accounts.get(account.key, account)
            organization, project = account.organization, account.project
            shown, drawn = _token_dimension(organization.limits_for(model))
            _, own_drawn = _token_dimension(project.rate_limits.get(model.limit_group))
            reply = await self._scripts["DRAW"](
                keys=[
                    _key(organization.id, "terms"),
                    _key(organization.id, f"b:{model.limit_group}"),
                    _key(organization.id, f"b:{project.id}:{model.limit_group}"),
                ],
                args=[
                    now,
                    self._versions.get(organization.id, 0),
                    len(drawn),
                    len(own_drawn),
                    tokens,
                    *(each for row in (*drawn, *own_drawn) for each in row),
                ],
            )
            if reply[0] == b"ok":
                return None if shown is None else Trio(Bucket.of(*shown, int(reply[1]), now), now)
            await self._renew(account, now)
        raise StoreUnavailable(_TOO_MANY)

    async def _renew(self, account: Account, now: int) -> None:
        """Read an organization that others have changed; one that is gone starts anew."""
        read = await self._read(account.organization.id)
        if read is None:
            await self._change(account, lambda each: each.organization.refresh(now))
        else:
            self._keep(*read)


class _Settlements:
    """One connection on which charges are sent without waiting for their replies.

    What was sent and not confirmed is kept; after a broken connection it is sent again, marked so, and Redis looks
    whether it has it already.
    """

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._pending: deque[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = deque()
        self._connection: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._ids = count()
        self._name = ""
        self._lost = 0
        # Between the handshake of a connection and its end.
        self._ready = False
        self._sha = ""

    def send(self, keys: tuple[str, ...], arguments: tuple[Any, ...]) -> None:
        """Write a settlement to the socket now; without a connection it is sent as soon as there is one."""
        if not self._name:
            # Told apart from those of other processes and of a former life.
            self._name = blake2b(
                repr((id(self), asyncio.get_running_loop().time())).encode(), digest_size=6
            ).hexdigest()
        id_of_it = f"{self._name}-{next(self._ids)}"
        amount, project, entry, *rest = arguments
        self._pending.append((id_of_it, keys, (amount, project, f"{id_of_it}|{entry}", *rest)))
        if len(self._pending) > PENDING_KEPT:
            self._pending.popleft()
            self._lost += 1
            _log.error("the shared store is gone for long: %d charges are lost", self._lost)
        if self._ready:
            self._write(self._pending[-1], again=False)
        elif self._reader is None or self._reader.done():
            self._reader = asyncio.get_running_loop().create_task(self._serve())

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Carry out what needs more than one command, or an answer."""

        async def carried_out() -> None:
            try:
                await work
            except Exception:
                _log.exception("what a call came to could not be written to the shared store")

        task = asyncio.get_running_loop().create_task(carried_out())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def drained(self) -> None:
        """Return when nothing is pending."""
        while self._pending or self._running:
            await asyncio.sleep(0.001)

    async def close(self) -> None:
        """Wait a little for what is pending, then end."""
        try:
            await asyncio.wait_for(self.drained(), TIMEOUT_SECONDS)
        except TimeoutError:
            _log.error("%d charges were not confirmed by the shared store", len(self._pending))
        if self._reader is not None:
            self._reader.cancel()
        if self._connection is not None:
            await self._connection.disconnect()

    async def _serve(self) -> None:
        """Connect, send what is pending, read replies; again and again while there is something to send."""
        from redis.exceptions import NoScriptError, RedisError, ResponseError

        again = False
        while True:
            try:
                if self._connection is None:
                    self._connection = self._redis.connection_pool.connection_class(
                        **{**self._redis.connection_pool.connection_kwargs, "socket_timeout": None}
                    )
                await self._connection.connect()
                await self._connection.send_command("SCRIPT", "LOAD", redis_scripts.SETTLE)
                self._sha = (await self._connection.read_response()).decode()
                for settlement in self._pending:
                    self._write(settlement, again=again)
                self._ready = True
                while True:
                    try:
                        await self._connection.read_response(disable_decoding=True)
                    except NoScriptError:
                        raise
                    except ResponseError as refused:
                        # Sent again it would be refused again.
                        _log.error("the shared store refused a charge: %s", refused)
                    self._pending.popleft()
            except (RedisError, OSError):
                again = True
                self._ready = False
                if self._connection is not None:
                    await self._connection.disconnect()
                if not self._pending:
                    return
                # Not a storm: whoever waits for Redis asks ten times a second at most.
                await asyncio.sleep(0.1)

    def _write(self, settlement: tuple[str, tuple[Any, ...], tuple[Any, ...]], *, again: bool) -> None:
        id_of_it, keys, arguments = settlement
        command = ("EVALSHA", self._sha, len(keys), *keys, id_of_it, int(again), *arguments)
        packed = self._connection.pack_command(*command)
        # redis-py has only a coroutine for this, which runs at some later turn of the loop: the charge must have left
        # before the answer does.
        try:
            self._connection._writer.writelines(packed)
        except (OSError, RuntimeError):
            # The connection is just ending: it stays pending, and is sent again on the next one.
            self._ready = False


class _Before:
    """What an organization was before a change, to write only what has become of it."""

    def __init__(self, organization: Organization) -> None:
        self.blob = dump(organization)
        self.ledger = organization.ledger
        self.entries = _entry_count(organization)
        self.counters = _counters(organization)

    def differs(self, organization: Organization) -> bool:
        return (
            organization.ledger is not self.ledger
            or _entry_count(organization) != self.entries
            or _counters(organization) != self.counters
            or dump(organization) != self.blob
        )


def _counters(organization: Organization) -> dict[str, int]:
    return {
        "balance": organization.ledger.balance,
        "spent": organization.spent,
        "sessions": organization.sessions,
        **{f"p:{project.id}": project.spent for project in organization.projects.values()},
    }


def _entry_count(organization: Organization) -> int:
    return organization.ledger.checkpoint.entries + len(organization.ledger.entries)


def _written(organization: Organization, before: _Before | None) -> tuple[dict[str, int], list[str], bool]:
    """Increments of the counters, new entries, and whether the ledger starts anew."""
    counters = _counters(organization)
    entries = list(organization.ledger.entries)
    anew = before is None or organization.ledger is not before.ledger
    if before is not None:
        counters = {name: amount - before.counters.get(name, 0) for name, amount in counters.items()}
        # What was owed when the copy was made has been taken from its grants.
        counters["owed"] = -organization.absorbed
    if not anew and before is not None:
        new = _entry_count(organization) - before.entries
        entries = entries[len(entries) - new :] if new else []
    increments = {name: amount for name, amount in counters.items() if amount}
    return increments, [f"|{each.at}|{each.kind}|{each.amount}|{each.note}" for each in entries], anew


def _warm(organization: Organization, hot: dict[bytes, bytes], entries: list[bytes], usage: dict[bytes, bytes]) -> None:
    """Put what changes with every call into an organization that was just loaded."""

    def figure(name: str) -> int:
        return int(hot.get(name.encode(), 0))

    ledger = organization.ledger
    owed = figure("owed")
    ledger.absorb(owed)
    organization.absorbed = owed
    ledger.balance = figure("balance")
    ledger.checkpoint.entries = figure("folded")
    ledger.checkpoint.amount = figure("folded_amount")
    for entry in entries:
        _, at, kind, charged, note = entry.decode().split("|", 4)
        ledger.entries.append(Entry(int(at), kind, int(charged), note))  # type: ignore[arg-type] # as it was written
    organization.spent = figure("spent")
    organization.sessions = figure("sessions")
    for project in organization.projects.values():
        project.spent = figure(f"p:{project.id}")
    log = UsageLog()
    for counted, amount in usage.items():
        start, kind, project_id, key_id, model, tier, detail, field = counted.decode().split("|")
        log.restore((int(start), kind, project_id, key_id, model, tier, detail), field, int(amount))
    organization.usage = log
    organization.schedule()


def _moved(account: Account, organization: Organization) -> Account:
    """The same key in a copy of its organization."""
    moved = Account(
        account.key, AccountTerms(0, 0), organization, _project_of(account, organization), account.created_at
    )
    for name in OF_KEY:
        setattr(moved, name, getattr(account, name))
    return moved


def _project_of(account: Account, organization: Organization) -> Project:
    return organization.projects.setdefault(account.project.id, account.project)


def _recharge_below(organization: Organization) -> int | str:
    """The threshold, where a recharge is still possible this month."""
    recharge = organization.recharge
    if recharge is None or (recharge.monthly_cap is not None and organization.recharged >= recharge.monthly_cap):
        return ""
    return recharge.threshold


def _bucket_arguments(limits: RateLimits | None, cost: Cost) -> list[tuple[str | int, ...]]:
    if limits is None:
        return []
    rows: list[tuple[str | int, ...]] = []
    for dimension, capacity, window in dimensions(limits):
        bucket = Bucket(dimension, capacity, window, 0)
        rows.append((dimension, capacity * bucket.den, bucket.num, bucket.den, window, cost.amounts[bucket.kind]))
    return rows


def _token_dimension(limits: RateLimits | None) -> tuple[tuple[str, int, int] | None, list[tuple[str | int, ...]]]:
    """The bucket of tokens that the headers report, and how it is handed to a script."""
    if limits is None:
        return None, []
    found = {dimension: (dimension, capacity, window) for dimension, capacity, window in dimensions(limits)}
    shown = found.get("tpm") or found.get("tpd")
    if shown is None:
        return None, []
    bucket = Bucket(*shown, 0)
    return shown, [(shown[0], shown[1] * bucket.den, bucket.num, bucket.den, shown[2], 0)]


def _admission(
    account: Account, limits: RateLimits, own: RateLimits | None, cost: Cost, now: int, reply: list[Any]
) -> Admission:
    _, repeat, exceeded, before, *used = reply
    rows = [(False, row) for row in dimensions(limits)]
    if own is not None:
        rows += [(True, row) for row in dimensions(own)]
    buckets = [
        (of_project, Bucket.of(*row, int(each), now)) for (of_project, row), each in zip(rows, used, strict=True)
    ]
    trios: dict[tuple[bool, str], Trio] = {
        (of_project, bucket.dimension): Trio(bucket, now) for of_project, bucket in buckets
    }
    refusal = None
    if exceeded:
        of_project, (dimension, capacity, window) = rows[exceeded - 1]
        full = Bucket.of(dimension, capacity, window, int(before), now)
        refusal = refusal_of(full, cost, now, of_project=of_project)

    def shown(*dimensions: str, of_project: bool = False) -> Trio | None:
        return next((trios[of_project, name] for name in dimensions if (of_project, name) in trios), None)

    return Admission(
        account,
        refusal=refusal,
        requests=shown("rpd", "rpm"),
        tokens=shown("tpm", "tpd"),
        images=shown("ipm"),
        project_requests=shown("rpd", "rpm", of_project=True),
        project_tokens=shown("tpm", "tpd", of_project=True),
        repeat=repeat,
    )


def _key(id: str, name: str) -> str:
    return f"{{{id}}}:{name}"


def _key_name(key: str) -> str:
    """Where a key's organization is found; the key itself is in no name."""
    return "key:" + blake2b(key.encode(), digest_size=20).hexdigest()


def _kept_keys(account: Account) -> list[str]:
    id = account.organization.id
    return [_key(id, name) for name in ("kept", "kept:order", "kept:index", "kept:counts")]


def _kept_names(account: Account, kind: str, id: str) -> tuple[bytes, bytes]:
    """A value's field, and the beginning that it shares with all of its kind."""
    prefix = f"{account.project.id}|{kind}|".encode()
    return prefix + id.encode("utf-8", "surrogatepass"), prefix


async def _guarded(work: Awaitable[_Answer]) -> _Answer:
    """Tell everything that goes wrong with Redis as one thing."""
    from redis.exceptions import RedisError

    try:
        return await work
    except (RedisError, OSError, TimeoutError) as problem:
        _log.warning("the shared store does not answer: %s", type(problem).__name__)
        raise StoreUnavailable("the shared store does not answer") from problem
