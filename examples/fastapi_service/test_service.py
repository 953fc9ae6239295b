import asyncio

import httpx
import pytest
from service import app

from understudy_harness.expect import expect


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-service")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def post(text):
    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            return await client.post("/summaries", json={"text": text})

    return asyncio.run(ask())


def test_a_summary(mockserver_patch):
    mockserver_patch.rules.when(last_message="Summarise").reply("All is well.")
    answer = post("A long story")
    assert (answer.status_code, answer.json()) == (200, {"summary": "All is well."})
    expect(mockserver_patch.journal).to("/v1/chat/completions").called(1)


@pytest.mark.understudy(faults=[{"status": 429, "headers": {"retry-after": "7"}}])
def test_a_rate_limit_is_passed_on(mockserver_patch):
    answer = post("A long story")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
