"""Tokens of ChatGPT logins, good and bad."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.logins import LONGEST_TOKEN, Login, account_key, read_login


def token(claims: Any) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "signature"])


def test_a_login_says_whose_it_is_and_on_which_plan() -> None:
    """The claims of the Codex CLI's own tokens; the signature is not looked at."""
    auth = {"chatgpt_plan_type": "pro", "chatgpt_account_id": "acct-7", "chatgpt_user_id": "user-7"}
    claims = {"https://api.openai.com/auth": auth, "https://api.openai.com/profile": {"email": "ada@example.com"}}
    assert read_login(token(claims)) == Login("acct-7", "user-7", "pro", "ada@example.com")


def test_a_fresh_token_finds_the_same_account() -> None:
    """Accounts are held by the account's id, not by a token that changes every hour."""
    auth = {"chatgpt_account_id": "acct-7"}
    first, second = (token({"https://api.openai.com/auth": auth, "exp": end}) for end in (1, 2))
    assert first != second
    assert account_key(first) == account_key(second) == "acct-7"


@pytest.mark.parametrize("secret", ["sk-plus-1", "eyJ", "eyJ.eyJ.x", "eyJ.!!!.x", "eyJ.W10.x", "eyJ.e30.x.y"])
def test_what_is_no_login_is_a_key(secret: str) -> None:
    """It is held as it is."""
    assert account_key(secret) == secret


def test_claims_of_the_wrong_kind_are_not_made() -> None:
    """Nothing of a token reaches a header that does not fit into one."""
    auth = {"chatgpt_plan_type": "plus\r\nx-evil: 1", "chatgpt_account_id": 7, "chatgpt_user_id": "u" * 300}
    assert read_login(token({"https://api.openai.com/auth": auth, "email": ["a"]})) == Login(None, None, None, None)
    assert read_login(token({"https://api.openai.com/auth": "auth"})) == Login(None, None, None, None)


def test_endless_tokens_are_not_read() -> None:
    """Nor are those that are nested without end."""
    assert read_login(token({"a": "b" * LONGEST_TOKEN})) is None
    nested = urlsafe_b64encode(b'{"a":' * 2_000 + b"1" + b"}" * 2_000).rstrip(b"=").decode()
    assert read_login(f"eyJhIjoxfQ.{nested}.s") is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever a bearer holds."""
    assert read_login(f"eyJ{text}.{text}.{text}") in (None, Login(None, None, None, None))
