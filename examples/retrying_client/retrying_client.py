"""A chat client on plain httpx that tries again as it is told."""

from __future__ import annotations

import os
import time
from typing import Any

import httpx

RETRYABLE = (408, 409, 429, 500, 502, 503, 504)
FINAL = ("insufficient_quota",)
TRIES = 4


class GaveUp(Exception):
    """The API did not answer.

    Attributes:
        code: of its last error, None where it had none.
    """

    def __init__(self, status: int, code: str | None) -> None:
        super().__init__(f"no answer: status {status}, {code or 'no code'}")
        self.code = code


def ask(question: str, model: str = "gpt-4o-mini") -> str:
    """The answer to a question; raises GaveUp."""
    url = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1") + "/chat/completions"
    head = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    body = {"model": model, "messages": [{"role": "user", "content": question}]}
    for attempt in range(TRIES):
        answer = httpx.post(url, json=body, headers=head, timeout=60)
        if answer.status_code == 200:
            text: str = answer.json()["choices"][0]["message"]["content"]
            return text
        code = _code(answer)
        if answer.status_code not in RETRYABLE or code in FINAL or attempt == TRIES - 1:
            raise GaveUp(answer.status_code, code)
        time.sleep(float(answer.headers.get("retry-after", 2**attempt)))
    raise AssertionError("the last try has returned")


def _code(answer: httpx.Response) -> str | None:
    try:
        error: dict[str, Any] = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return None
    return error.get("code")
