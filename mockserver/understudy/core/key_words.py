"""Keys that spell a state, so that a client picks its situation without set-up.

    sk-tier1-credits-0.02-anything

The words are the hyphen-separated parts after `sk-`. What no word says holds as in the settings. All of this is our
choice; the real API's keys say nothing of the kind.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from understudy.core.catalog import TIERS
from understudy.core.pricing import parse_usd
from understudy.core.terms import AccountTerms, KeyStatus

PLANS = ("go", "plus", "pro", "team", "business", "enterprise", "edu")
"""Plans that a word names; `free` is the usage tier and the plan of that name."""

_Said = TypeVar("_Said")
_TIER = re.compile(r"tier\d+")
_STATUSES: Mapping[str, KeyStatus] = {
    "invalid": KeyStatus.INVALID,
    "revoked": KeyStatus.REVOKED,
    "noaccess": KeyStatus.NO_ACCESS,
    "admin": KeyStatus.ADMIN,
}

WORDS: tuple[tuple[str, str, str], ...] = (
    ("invalid", "sk-invalid-1", "refused: 401 invalid_api_key, as a key that never was"),
    ("revoked", "sk-revoked-1", "refused: 401 invalid_api_key, as a key that was deleted"),
    ("noaccess", "sk-noaccess-1", "refused: 401, a key whose owner is in no organization"),
    ("admin", "sk-admin-1", "an admin key: reads and sets what /v1/organization/ is about, for the whole server"),
    ("free", "sk-free-1", "starts on the free tier, and on the free plan"),
    ("tier1 to tier5", "sk-tier3-1", "starts on that usage tier"),
    ("credits-AMOUNT", "sk-credits-5.00-1", "starts with so many US dollars of credit; 0 for none"),
    (", ".join(PLANS), "sk-plus-1", "is on that plan (Codex, Sora)"),
)
"""For each word: how it is written, a key that has it, and what it means."""


class KeyWordsError(ValueError):
    """A key whose words contradict each other or cannot be understood.

    Attributes:
        problem: one sentence, without the key.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_key(key: str, default: AccountTerms) -> AccountTerms:
    """What the account of a key starts with.

    Args:
        key: the secret.
        default: what holds where the key says nothing.

    Raises:
        KeyWordsError: an amount is missing or none, a tier does not exist, or a thing is said twice.
    """
    if not key.startswith("sk-"):
        return default
    tier: int | None = None
    credits: int | None = None
    plan: str | None = None
    status: KeyStatus | None = None
    words = iter(key[3:].split("-"))
    for word in words:
        if word == "free":
            tier = _once("usage tier", tier, 0)
        elif _TIER.fullmatch(word):
            if word not in TIERS:
                raise KeyWordsError(f"The key says {word!r}, and the usage tiers are free and tier1 to tier5.")
            tier = _once("usage tier", tier, TIERS.index(word))
        elif word == "credits":
            credits = _once("amount of credits", credits, _amount(next(words, "")))
        elif word in PLANS:
            plan = _once("plan", plan, word)
        elif word in _STATUSES:
            status = _once("state", status, _STATUSES[word])
    if tier is None and credits is None and plan is None and status is None:
        return default
    return msgspec.structs.replace(
        default,
        tier=default.tier if tier is None else tier,
        credits=default.credits if credits is None else credits,
        plan="free" if plan is None and tier == 0 else default.plan if plan is None else plan,
        status=default.status if status is None else status,
    )


def _amount(word: str) -> int:
    try:
        return parse_usd(word)
    except ValueError:
        raise KeyWordsError(
            f"In this key 'credits' is followed by {word[:32]!r}, not by US dollars such as 5.00."
        ) from None


def _once(what: str, before: _Said | None, now: _Said) -> _Said:
    if before is not None and before != now:
        raise KeyWordsError(f"This key says its {what} twice, differently.")
    return now
