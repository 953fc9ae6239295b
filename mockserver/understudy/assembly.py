"""Putting the simulator together from settings."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec

from understudy.adapters.wallclock import wall_now
from understudy.config import SettingError, Settings, SettingsFileError
from understudy.core.api import build_routes
from understudy.core.catalog import Catalog
from understudy.core.clock import Clock, OffsetClock, VirtualClock
from understudy.core.documented import Documented
from understudy.core.errors import mask_key
from understudy.core.faults import Faults
from understudy.core.headers import RetryHeaders
from understudy.core.journal import Journal
from understudy.core.key_words import read_key
from understudy.core.plans_accounts import Plans
from understudy.core.plans_table import PlanTable
from understudy.core.pricing import PriceList
from understudy.core.replies.moderation import Moderation
from understudy.core.rules import Rules
from understudy.core.simulator import Simulator, SimulatorSettings
from understudy.core.store import Store
from understudy.core.terms import AccountTerms, Starting
from understudy.core.tiers import TierTable
from understudy.media.library import default_media
from understudy.stores.memory import MemoryStore
from understudy_data import toml

_log = logging.getLogger("understudy")


def build_simulator(settings: Settings, began: int | None = None) -> Simulator:
    """A simulator with its own clock, accounts and journal.

    Args:
        settings: of all kinds.
        began: the real time at which its clock starts, in microseconds since the epoch; now when None.
    """
    clock = _clock(settings, wall_now() if began is None else began)
    era = settings.date if settings.date is not None else clock.now()
    catalog = Catalog(toml("models.toml"), toml("limits.toml"))

    starting = Starting(AccountTerms(settings.tier, settings.credits))
    simulator = Simulator(
        SimulatorSettings(
            seed=settings.seed,
            era=era,
            pacing=settings.latency,
            reject_retired=settings.retired == "reject",
            quota_codes=settings.quota_codes == "2026",
            retry=RetryHeaders(settings.retry_after, settings.retry_after_ms, settings.should_retry),
        ),
        catalog=catalog,
        prices=PriceList(toml("prices.toml"), era),
        plans=Plans(PlanTable(toml("plans.toml"), era), default=settings.plan, mode=settings.mode),
        clock=clock,
        store=_store(settings, _terms(settings, starting, catalog, era), TierTable(toml("tiers.toml"), era)),
        media=default_media(c2pa=settings.c2pa == "auto"),
        routes=build_routes(Moderation(toml("moderation.toml"))),
        journal=Journal(settings.journal_limit),
        faults=Faults(settings.seed, toml("faults.toml")["faults"]),
        on_failure=lambda request_id, failure: _log.error("request %s failed", request_id, exc_info=failure),
        rules=Rules(settings.rules or ()),
        starting=starting,
        documented=Documented(partial(toml, "operations.toml")),
    )
    if settings.state is not None:
        _take_up(settings.state, simulator)
    scenario = settings.scenario
    if scenario is not None:
        scenario.apply(simulator)
        simulator.on_reset = lambda: scenario.apply(simulator)
    return simulator


def _take_up(path: Path, simulator: Simulator) -> None:
    """Begin with what an earlier server left."""
    from understudy.state_file import StateFile, StateFileError

    accepted = "a file that a server wrote, or a new one in a folder that exists; only with the store memory"
    if not isinstance(simulator.store, MemoryStore):
        words = "cannot be used with a shared store, which outlives the server anyway"
        raise SettingError("state", path, str(path), accepted, words)
    try:
        StateFile(path, simulator).read()
    except StateFileError as problem:
        raise SettingsFileError("state", path, str(path), accepted, f"it {problem.problem}") from None


def _store(settings: Settings, terms_of: Callable[[str], AccountTerms | None], tiers: TierTable) -> Store:
    """The store; one that is shared comes with an extra."""
    if settings.store == "memory":
        return MemoryStore(terms_of, tiers)
    from understudy.stores.redis import RedisStore

    try:
        return RedisStore(settings.store, terms_of, tiers)
    except ModuleNotFoundError:
        problem = "needs the extra 'redis': pip install 'understudy[redis]'"
    except ValueError as wrong:
        problem = f"cannot be used: {wrong}"
    raise SettingError("store", settings.store, "shared store", "memory, or the URL of a Redis", problem) from None


def _terms(settings: Settings, starting: Starting, catalog: Catalog, era: int) -> Callable[[str], AccountTerms | None]:
    """What the account of a key starts with; None for a key that is not accepted."""
    known = _with_groups("keys", settings.keys, catalog, era)
    named = _with_groups("accounts", settings.accounts, catalog, era) or {}
    if known is not None:
        return lambda key: named.get(key, known[key]) if key in known else None
    return lambda key: read_key(key, starting.default) if key not in named else named[key]


def _with_groups(
    setting: str, keys: Mapping[str, AccountTerms] | None, catalog: Catalog, era: int
) -> Mapping[str, AccountTerms] | None:
    """The same terms, with the limit groups of the models that their increases name."""
    if keys is None:
        return None
    found = {}
    for key, terms in keys.items():
        increases = []
        for name, limits in terms.increases:
            model = catalog.find(name, era)
            if model is None:
                source = f"limits of the key {mask_key(key)}"
                raise SettingError(setting, name, source, "a model of the catalogue", f"cannot name {name!r}")
            increases.append((model.limit_group, limits))
        found[key] = msgspec.structs.replace(terms, increases=tuple(increases))
    return found


def _clock(settings: Settings, began: int) -> Clock:
    if settings.clock != "real":
        start = began if settings.date is None else settings.date
        return VirtualClock(start, autojump=settings.clock == "autojump")
    return OffsetClock(wall_now, settings.date, began)
