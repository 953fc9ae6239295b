"""Sentences about the journal: true ones pass, false ones tell the story."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from understudy import MockServer
from understudy.core.journal import Journal, JournalEntry
from understudy.core.messages import Answer
from understudy_harness.expect import Expectation, ExpectationFailed, expect, story

CHAT = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}


def record(
    journal: Journal,
    at: float = 0,
    status: int = 200,
    error: str | None = None,
    *,
    body: bytes = b"{}",
    path: str = CHAT,
    told: str | None = None,
    charge: int = 0,
    left_after: float | None = None,
) -> JournalEntry:
    """A call of the past."""
    now = round(at * 1_000_000)
    entry = journal.open(now, "sk-test-*6789", "acct_1", "POST", path, body)
    journal.answered(entry, Answer(status, [] if told is None else [(b"retry-after", told.encode())], b""))
    entry.status, entry.error, entry.charge = status, error, charge
    entry.complete = left_after is None
    entry.finished_at = now + round((left_after or 0) * 1_000_000)
    return entry


@pytest.fixture
def journal() -> Journal:
    """Two refusals of one request, then success; another model's call; a stream that was left."""
    journal = Journal(100)
    record(journal, 0, 429, "rate_limit_exceeded", told="2")
    record(journal, 2, 429, "rate_limit_exceeded", told="4")
    record(journal, 7, charge=2_000_000)
    record(journal, 8, 404, "model_not_found", path="/v1/models/x", body=b"")
    record(journal, 9, left_after=0.5, body=b'{"stream":true}', charge=1_000_000)
    return journal


def test_the_sentence_of_the_readme_is_true(journal: Journal) -> None:
    """Each part gives the next its turn."""
    sentence = expect(journal).to(CHAT).retried(2).waited_at_least(2.0).waited_as_told().and_then_succeeded()
    assert isinstance(sentence, Expectation)


TRUE: list[Callable[[Expectation], Any]] = [
    lambda it: it.called(5).called(),
    lambda it: it.called_at_most(5),
    lambda it: it.to("/v1/embeddings").never_called(),
    lambda it: it.to("/v1/*").called(5),
    lambda it: it.never_called_after("insufficient_quota"),
    lambda it: it.to("/v1/models/x").never_called_after("model_not_found").and_then_failed(404),
    lambda it: it.after(404).called(1),
    lambda it: it.by("acct_1").called(5),
    lambda it: it.by("sk-other").never_called(),
    lambda it: it.of_model("gpt-4o").never_called(),
    lambda it: it.retried_at_most(2),
    lambda it: it.waited_at_most(5),
    lambda it: it.spent(usd="0.000003").spent_at_most(usd="0.000004"),
    lambda it: it.closed_stream_within(0.5),
]


@pytest.mark.parametrize("say", TRUE)
def test_what_is_true_passes(journal: Journal, say: Callable[[Expectation], Any]) -> None:
    """And gives an expectation back."""
    assert isinstance(say(expect(journal)), Expectation)


FALSE: list[tuple[Callable[[Expectation], Any], str]] = [
    (lambda it: it.called(1), "Of all calls, expected 1 call, but there were 5."),
    (lambda it: it.called_at_most(4), "expected at most 4 calls, but there were 5."),
    (lambda it: it.never_called(), "expected 0 calls, but there were 5."),
    (lambda it: it.to("/v1/x").called(), "Of calls to /v1/x, expected at least one call, but there was none."),
    (lambda it: it.to(CHAT).retried(1), f"Of calls to {CHAT}, expected 1 retry, but there were 2."),
    (lambda it: it.retried_at_most(1), "expected at most 1 retry, but there were 2."),
    (lambda it: it.waited_at_least(3), "expected waits of at least 3 s, but wait 1 was 2.000 s."),
    (lambda it: it.waited_at_most(4), "expected waits of at most 4 s, but wait 2 was 5.000 s."),
    (
        lambda it: it.never_called_after("rate_limit_exceeded"),
        "expected no call after rate_limit_exceeded, but there were 4.",
    ),
    (
        lambda it: it.to("/v1/models/x").and_then_succeeded(),
        "expected success in the end, but it was 404 model_not_found.",
    ),
    (
        lambda it: it.to("/v1/models/x").waited_at_least(1),
        "expected a wait between two tries, but no request was sent twice.",
    ),
    (lambda it: it.and_then_failed(), "expected failure in the end, but it was 200."),
    (lambda it: it.spent(usd="0.01"), "expected charges of $0.01, but they were $0.000003."),
    (lambda it: it.spent_at_most(usd="0.000001"), "expected charges of at most $0.000001, but they were $0.000003."),
    (lambda it: it.closed_stream_within(0.4), "expected a stream to be left within 0.4 s, but it took 0.500 s."),
    (
        lambda it: it.to("/v1/models/x").closed_stream_within(1),
        "expected a stream that is left before its end, but none was.",
    ),
    (lambda it: it.met("reset"), "expected the fault 'reset', but it did not come."),
    (lambda it: it.used_rule("greeting"), "expected an answer by the rule 'greeting', but there was none."),
    (lambda it: it.after("nothing"), "expected a call that ended in nothing, but there was none."),
]


@pytest.mark.parametrize(("say", "sentence"), FALSE)
def test_what_is_false_fails_with_a_sentence(
    journal: Journal, say: Callable[[Expectation], Any], sentence: str
) -> None:
    """And the calls that it is about."""
    with pytest.raises(ExpectationFailed) as failed:
        say(expect(journal))
    assert failed.value.sentence.endswith(sentence)
    assert isinstance(failed.value, AssertionError)


def test_a_wait_shorter_than_told_is_found(journal: Journal) -> None:
    """By the header of the very answer before it."""
    record(journal, 20, 429, "rate_limit_exceeded", told="3", body=b"again", path="/v1/b")
    record(journal, 21, body=b"again", path="/v1/b")
    with pytest.raises(ExpectationFailed, match=r"expected wait 1 to be 3 s, as told, but it was 1\.000 s"):
        expect(journal).to("/v1/b").waited_as_told()


def test_a_failure_tells_the_story_as_a_table(journal: Journal) -> None:
    """With what one needs to see, and no column that is empty."""
    with pytest.raises(ExpectationFailed) as failed:
        expect(journal).to(CHAT).retried(0)
    rows = [re.split(r"\s{2,}", line.strip()) for line in failed.value.story.splitlines()]
    assert rows[0] == ["#", "at", "key", "call", "status", "took", "told to wait", "charge", "notes"]
    assert rows[2] == ["1", "+0.000 s", "sk-test-*6789", f"POST {CHAT}", "429", "0.000 s", "2 s", "rate_limit_exceeded"]
    assert rows[4][-1] == "$0.000002"
    assert rows[5][-1] == "left by the client"
    assert story(()) == "There were no calls."


def test_a_long_story_is_cut_to_its_end() -> None:
    """Nobody reads ten thousand rows."""
    journal = Journal(1_000)
    for second in range(200):
        record(journal, second)
    told = story(tuple(journal))
    assert told.startswith("(150 calls before these are left out)\n")
    assert len(told.splitlines()) == 53


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(tier=1) as server:
        yield server


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    server.reset()
    with openai.OpenAI(base_url=server.base_url, api_key="sk-a-0123456789", max_retries=2) as client:
        yield client


def test_the_sdk_retries_as_told(server: MockServer, client: openai.OpenAI) -> None:
    """Real sockets, real headers, real waits."""
    server.rules.when().fail(429, times=2, retry_after=0.02).reply("Well.")
    client.chat.completions.create(**ASK)
    expect(server.journal).to(CHAT).by("sk-a-0123456789").retried(2).waited_as_told().and_then_succeeded()
    [socket] = server.journal.sockets
    assert socket.requests == 3
    assert socket.opened_at <= server.journal[0].at


def test_leaving_a_stream_is_seen(server: MockServer, client: openai.OpenAI) -> None:
    """A moment later: `expect` waits until the server has noticed."""
    server.rules.when().reply("word " * 20_000, usage={"completion_tokens": 20_000})
    with client.chat.completions.create(**ASK, stream=True) as stream:
        next(iter(stream))
    expect(server.journal).closed_stream_within(1.0).called(1)


def test_a_closed_socket_is_noted(server: MockServer) -> None:
    """With the time of the active clock."""
    server.reset()
    with openai.OpenAI(base_url=server.base_url, api_key="sk-b") as client:
        client.models.retrieve("gpt-4o")
    server.stop()
    server.start()
    [socket] = server.journal.sockets
    assert socket.closed_at is not None
    assert socket.closed_at >= socket.opened_at
