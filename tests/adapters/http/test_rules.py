"""Rules over the control API, while the server runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from understudy import MockServer


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(clock="virtual") as server:
        yield server


@pytest.fixture(autouse=True)
def fresh(server: MockServer) -> None:
    server.reset()


def call(server: MockServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    url = f"{server.control_url}{path}" if path.startswith("/rules") else f"{server.base_url}{path}"
    request = urllib.request.Request(
        url,
        None if body is None else json.dumps(body).encode(),
        {"content-type": "application/json", "authorization": "Bearer sk-a"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def says(server: MockServer) -> str:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
    _, answer = call(server, "POST", "/chat/completions", body)
    content: str = answer["choices"][0]["message"]["content"]
    return content


def test_rules_are_added_listed_and_removed(server: MockServer) -> None:
    """Spelled as in a file; Python sees the same ones."""
    usual = says(server)
    rule = {"name": "greeting", "when": {"last_message": "Hello"}, "reply": "Hi there."}
    status, page = call(server, "POST", "/rules", rule)
    assert (status, [each["name"] for each in page["rules"]]) == (201, ["greeting"])
    assert call(server, "POST", "/rules", [{"error": 503}, {"reply": "never"}])[0] == 201
    assert says(server) == "Hi there."
    _, page = call(server, "GET", "/rules")
    assert [(each["name"], each["answered"]) for each in page["rules"]] == [
        ("greeting", 1),
        ("rule-1", 0),
        ("rule-2", 0),
    ]
    assert page["rules"][0]["answers"] == [{"reply": "Hi there."}]
    assert len(server.rules) == 3
    assert call(server, "DELETE", "/rules/greeting")[0] == 204
    assert call(server, "DELETE", "/rules/greeting") == (
        404,
        {"error": "DELETE /_understudy/rules/greeting: there is no rule 'greeting'"},
    )
    assert call(server, "DELETE", "/rules")[0] == 204
    assert isinstance(says(server), str)
    assert usual
    assert not server.rules


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"reply": 5}, "POST /_understudy/rules: Rule 1: 'reply' must be a text, not 5; other values go into 'json'."),
        ([{"reply": "a"}, {"rely": "b"}], "POST /_understudy/rules: Rule 2: 'rely' is not known"),
        ({"when": {"where": "1"}, "reply": "a"}, "'when.where' must be a function (Python only)"),
        ("text", "POST /_understudy/rules: "),
    ],
)
def test_what_cannot_be_used_is_refused_and_changes_nothing(server: MockServer, body: Any, sentence: str) -> None:
    """400 with one sentence."""
    status, told = call(server, "POST", "/rules", body)
    assert status == 400
    assert sentence in told["error"]
    assert not server.rules
