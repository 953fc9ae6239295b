"""`GET /backend/nf/check`: how many videos Sora's app still makes today, and how many the credits buy.

The app is discontinued (2026-04-26); of its back end this is all there is. The object's keys are those that public
clients read (2025-11 to 2026-03); no capture of a whole body was found.
"""

from collections.abc import Generator
from typing import Any

from understudy.core.endpoints.codex import viewed
from understudy.core.plans_table import CREDIT
from understudy.core.serialise import encode
from understudy.core.visits import Page, Visit


class SoraCheck:
    """The balance object."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The object; 404 where Sora is over and retired things are rejected."""
        if visit.reject_retired and visit.simulator.plans.table.sora_ended:
            return Page(encode({"detail": "Not Found"}), status=404, error="Not Found")
        view = yield from viewed(visit)
        # `remaining` without the purchased ones: clients disagree, and who adds the two is then right.
        balance = {
            "estimated_num_videos_remaining": view.videos_left,
            "estimated_num_purchased_videos_remaining": view.videos_bought,
            "credit_remaining": 0 if view.mode == "fixed" else view.credits // CREDIT,
            "rate_limit_reached": view.videos_left == 0 and view.videos_bought == 0,
            "access_resets_in_seconds": view.videos_reset_after_seconds,
        }
        # The word is our choice.
        return Page(encode({"type": "rate_limit_and_credit_balance", "rate_limit_and_credit_balance": balance}))
