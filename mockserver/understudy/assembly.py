"""Putting the simulator together from settings."""

import logging

from understudy_data import toml

from understudy.adapters.wallclock import wall_now
from understudy.config import Settings
from understudy.core.accounts import AccountTerms
from understudy.core.api import build_routes
from understudy.core.catalog import Catalog
from understudy.core.clock import Clock, OffsetClock, VirtualClock
from understudy.core.faults import Faults
from understudy.core.journal import Journal
from understudy.core.simulator import Simulator, SimulatorSettings
from understudy.media.library import default_media
from understudy.stores.memory import MemoryStore

_log = logging.getLogger("understudy")
