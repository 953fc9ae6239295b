"""Putting the simulator together from settings."""

import logging

from understudy.adapters.wallclock import wall_now
from understudy.config import Settings
from understudy.core.api import build_routes
from understudy.core.catalog import Catalog
from understudy.core.clock import Clock, OffsetClock, VirtualClock
from understudy.core.faults import Faults
from understudy.core.journal import Journal
from understudy.core.key_words import read_key
from understudy.core.pricing import PriceList
from understudy.core.simulator import Simulator, SimulatorSettings
from understudy.core.terms import AccountTerms
from understudy.core.tiers import TierTable
from understudy.media.library import default_media
from understudy.stores.memory import MemoryStore
from understudy_data import toml

_log = logging.getLogger("understudy")


def build_simulator(settings: Settings) -> Simulator:
    """A simulator with its own clock, accounts and journal."""
    clock = _clock(settings)
    era = settings.date if settings.date is not None else clock.now()
    default = AccountTerms(settings.tier, settings.credits)
    known = settings.keys

    def terms_of(key: str) -> AccountTerms | None:
        return read_key(key, default) if known is None else known.get(key)

    return Simulator(
        SimulatorSettings(
            seed=settings.seed,
            era=era,
            pacing=settings.latency,
            reject_retired=settings.retired == "reject",
        ),
        catalog=Catalog(toml("models.toml"), toml("limits.toml")),
        prices=PriceList(toml("prices.toml"), era),
        clock=clock,
        store=MemoryStore(terms_of, TierTable(toml("tiers.toml"), era)),
        media=default_media(),
        routes=build_routes(),
        journal=Journal(settings.journal_limit),
        faults=Faults(),
        on_failure=lambda request_id, failure: _log.error("request %s failed", request_id, exc_info=failure),
    )


def _clock(settings: Settings) -> Clock:
    if settings.clock == "virtual":
        return VirtualClock(wall_now() if settings.date is None else settings.date)
    return OffsetClock(wall_now, settings.date)
