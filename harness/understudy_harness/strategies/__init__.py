"""Hypothesis strategies: requests, conversations, schemas, sounds, faults, framings, accounts, schedules; whole lives.

    from hypothesis import given
    from understudy_harness.strategies import chat_requests

    @given(request=chat_requests())
    def test_my_client_bears_it(request, mockserver): ...

What the strategies of requests make is answered with 200 by a default account, but for those that are called invalid.
"""

try:
    import hypothesis as _hypothesis  # noqa: F401 - so that its absence is one clear sentence
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "The strategies need Hypothesis: pip install 'understudy[test]'.", name="hypothesis"
    ) from None

from understudy_harness.strategies.accounts import AccountLife, accounts
from understudy_harness.strategies.chat import chat_requests, conversations, invalid_chat_requests
from understudy_harness.strategies.faults import fault_scripts
from understudy_harness.strategies.framings import Framing, framings
from understudy_harness.strategies.images import image_requests
from understudy_harness.strategies.machines import CreditLife, RateLimitedClient, VoiceCall
from understudy_harness.strategies.realtime import realtime_events
from understudy_harness.strategies.schedules import ScheduledCall, schedules
from understudy_harness.strategies.schemas import json_schemas
from understudy_harness.strategies.sounds import Sound, sounds

__all__ = [
    "AccountLife",
    "CreditLife",
    "Framing",
    "RateLimitedClient",
    "ScheduledCall",
    "Sound",
    "VoiceCall",
    "accounts",
    "chat_requests",
    "conversations",
    "fault_scripts",
    "framings",
    "image_requests",
    "invalid_chat_requests",
    "json_schemas",
    "realtime_events",
    "schedules",
    "sounds",
]
