"""What the bearer token of a ChatGPT login says: whose it is, and on which plan.

The token is a JWT; its claims are read as the Codex CLI reads them, and its signature is not checked (our choice: no
secret of the real issuer is at hand, and tests make tokens of their own).
"""

from base64 import urlsafe_b64decode
from functools import lru_cache
from typing import Any

import msgspec

from understudy.core.plans_table import is_plan_name

LONGEST_TOKEN = 16 * 1024
"""Characters of a token that are read (our choice: real ones have some two thousand)."""
_JWT_START = "eyJ"
"""Every JWT begins so: it is `{"` in base64."""
_AUTH = "https://api.openai.com/auth"
_PROFILE = "https://api.openai.com/profile"
_decode = msgspec.json.Decoder().decode


class Login(msgspec.Struct, frozen=True):
    """The claims that matter; None where the token does not make them.

    Attributes:
        account_id: `chatgpt_account_id`.
        user_id: `chatgpt_user_id`.
        plan: `chatgpt_plan_type`.
        email: of the profile.
    """

    account_id: str | None
    user_id: str | None
    plan: str | None
    email: str | None


@lru_cache(maxsize=256)
def read_login(token: str) -> Login | None:
    """The claims of a token, None when it is no JWT."""
    if not token.startswith(_JWT_START) or len(token) > LONGEST_TOKEN:
        return None
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = _decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    # Older msgspec does not derive its error from ValueError.
    except (ValueError, msgspec.DecodeError, RecursionError):
        return None
    if type(claims) is not dict:
        return None
    auth, profile = _table(claims, _AUTH), _table(claims, _PROFILE)
    plan = _word(auth.get("chatgpt_plan_type"))
    return Login(
        account_id=_word(auth.get("chatgpt_account_id")),
        user_id=_word(auth.get("chatgpt_user_id")),
        plan=plan if plan is not None and is_plan_name(plan) else None,
        email=_word(profile.get("email")) or _word(claims.get("email")),
    )


def account_key(secret: str) -> str:
    """Under which key the account of a bearer is held: a login's account id, so that a fresh token finds it again."""
    if not secret.startswith(_JWT_START):
        return secret
    login = read_login(secret)
    return secret if login is None or login.account_id is None else login.account_id


def _table(claims: dict[str, Any], name: str) -> dict[str, Any]:
    found = claims.get(name)
    return found if type(found) is dict else {}


def _word(value: Any) -> str | None:
    """A claim that is a short printable text, else None."""
    return value if type(value) is str and 0 < len(value) <= 256 and value.isascii() and value.isprintable() else None
