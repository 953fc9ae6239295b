"""Ten bugs planted in a small client: the ready-made lives, framings, faults and scenarios find all ten of them."""

from __future__ import annotations

import codecs
import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.stateful import run_state_machine_as_test

from understudy import MockServer
from understudy.scenarios import find_scenario
from understudy_harness.expect import expect
from understudy_harness.sleeping import TestClock
from understudy_harness.strategies import CreditLife, Framing, RateLimitedClient, framings

QUICK = settings(
    max_examples=60,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Gone(Exception):
    """The client gave up."""


class Client:
    """A sound client; each bug below changes one of its habits."""

    retries = 3
    longest_wait = 60.0

    def __init__(self, base_url: str, api_key: str) -> None:
        self.address = urlsplit(base_url)
        self.key = api_key
        self.tokens = 0

    # Requests

    def ask(self, content: str, **more: Any) -> str:
        """The text of an answer; raises Gone."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": content}], **more}
        for attempt in range(self.retries + 1):
            try:
                return self.once(body)
            except (OSError, http.client.HTTPException, ValueError) as failure:
                if self.ends(failure, attempt):
                    raise Gone(self.words(failure)) from None
                time.sleep(self.wait(failure))
        raise Gone("tried often enough")

    def once(self, body: dict[str, Any]) -> str:
        """One try."""
        connection = http.client.HTTPConnection(self.address.hostname or "", self.address.port or 80, timeout=20)
        try:
            head = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body).encode(), head)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise Refused(answer.status, answer.read(), answer.headers.get("retry-after"))
            if body.get("stream"):
                return self.told(iter(lambda: answer.read1(64), b""))
            return self.text(json.loads(answer.read()))
        finally:
            connection.close()

    def ends(self, failure: Exception, attempt: int) -> bool:
        """Whether to try no more."""
        if attempt >= self.retries:
            return True
        if not isinstance(failure, Refused):
            return False
        return failure.status < 408 or failure.code in CreditCodes or self.wait(failure) > self.longest_wait

    def wait(self, failure: Exception) -> float:
        """Seconds until the next try."""
        told = failure.retry_after if isinstance(failure, Refused) else None
        return 1.0 if told is None else told

    def words(self, failure: Exception) -> str:
        """What the caller is told."""
        return f"the call failed: {failure}"

    # Answers

    def text(self, answer: dict[str, Any]) -> str:
        """The text of a whole answer; raises ValueError where it was cut off."""
        choice = answer["choices"][0]
        self.count(answer["usage"]["total_tokens"])
        if choice["finish_reason"] == "length":
            raise Cut("the answer was cut off")
        return str(choice["message"]["content"])

    def count(self, tokens: int) -> None:
        """Keep account of what was used."""
        self.tokens += tokens

    def told(self, chunks: Iterable[bytes]) -> str:
        """The text of a stream; raises ValueError where its end is missing or it tells an error."""
        said = ""
        for data in self.events(chunks):
            if data == "[DONE]":
                return said
            event = json.loads(data)
            if "error" in event:
                raise ValueError(event["error"]["message"])
            for choice in event.get("choices", ()):
                said += choice["delta"].get("content") or ""
        raise ValueError("the stream has no end")

    def events(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """The data of each event, however its bytes are framed and cut."""
        data: list[str] = []
        for line in self.lines(chunks):
            if not line:
                if data:
                    yield "\n".join(data)
                data = []
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))

    def lines(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Lines, ended by CR, LF or both."""
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        held = ""
        for chunk in chunks:
            held += decoder.decode(chunk)
            while (at := min((held.find(end) for end in "\r\n" if end in held), default=-1)) >= 0:
                if held[at] == "\r" and at + 1 == len(held):
                    break
                line, held = held[:at], held[at + (2 if held[at : at + 2] == "\r\n" else 1) :]
                yield line
        for line in held.split("\r"):
            yield line


CreditCodes = ("insufficient_quota", "credit_balance_exhausted")


class Cut(ValueError):
    """An answer that ended too early: asking again would end it again."""


class Refused(OSError):
    """A status of 400 or more."""

    def __init__(self, status: int, body: bytes, retry_after: str | None) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.retry_after = None if retry_after is None else float(retry_after)
        try:
            self.code = json.loads(body)["error"]["code"]
        except (ValueError, KeyError, TypeError):
            self.code = None


# Ten bugs


class IgnoresRetryAfter(Client):
    def wait(self, failure: Exception) -> float:
        return 0.5


class RetriesQuota(Client):
    def ends(self, failure: Exception, attempt: int) -> bool:
        return attempt >= self.retries


class NeverGivesUp(Client):
    retries = 200


class GivesUpAtOnce(Client):
    retries = 0


class DropsTheLastChunk(Client):
    def events(self, chunks: Iterable[bytes]) -> Iterator[str]:
        before = None
        for data in super().events(chunks):
            if before is not None and data != "[DONE]":
                yield before
            before = data
        if before is not None:
            yield before


class TakesALostEndForTheEnd(Client):
    def told(self, chunks: Iterable[bytes]) -> str:
        return super().told([*chunks, b"\n\ndata: [DONE]\n\n"])


class DecodesEachChunkAlone(Client):
    def lines(self, chunks: Iterable[bytes]) -> Iterator[str]:
        return super().lines(chunk.decode("utf-8", "replace").encode() for chunk in chunks)


class KnowsLineFeedsAlone(Client):
    def lines(self, chunks: Iterable[bytes]) -> Iterator[str]:
        yield from b"".join(chunks).decode("utf-8-sig").split("\n")


class CountsTwice(Client):
    def count(self, tokens: int) -> None:
        self.tokens += 2 * tokens


class TellsTheKey(Client):
    def words(self, failure: Exception) -> str:
        return f"the call with {self.key} failed: {failure}"


BUGS: tuple[type[Client], ...] = (
    IgnoresRetryAfter, RetriesQuota, NeverGivesUp, GivesUpAtOnce, DropsTheLastChunk, TakesALostEndForTheEnd,
    DecodesEachChunkAlone, KnowsLineFeedsAlone, CountsTwice, TellsTheKey,
)  # fmt: skip


# What finds them, all of it ready-made


def lives(kind: type[Any]) -> Callable[[type[Client]], None]:
    """A life of the client."""

    def check(client: type[Client]) -> None:
        class Life(kind):  # type: ignore[misc] # the base is chosen above
            def make_client(self, base_url: str, api_key: str) -> Client:
                return client(base_url, api_key)

            def ask(self, content: str) -> None:
                self.client.ask(content)

        run_state_machine_as_test(Life, settings=QUICK)

    return check


def reads_framings(client: type[Client]) -> None:
    """Every legal writing of a stream."""

    @given(framing=framings())
    @settings(QUICK, max_examples=300)
    def check(framing: Framing) -> None:
        assert list(client("http://127.0.0.1:1/v1", "sk-any").events(framing.chunks)) == framing.events

    check()


def bears_faults(client: type[Client]) -> None:
    """A stream without its end, and without a piece, is asked for again: its text is never a part of it."""
    with MockServer(clock="autojump") as server, TestClock(server).patch_sleep():
        server.rules.when(last_message="Tell").reply("One two three four five.")
        server.faults.add({"on": 1, "events": [{"drop": "done"}, {"drop": 4}]})
        assert client(server.base_url, server.account.key).ask("Tell", stream=True) == "One two three four five."


def plays_overloaded(client: type[Client]) -> None:
    """The ready scenario of an overloaded server: a sound client gets its answer in the end."""
    with MockServer(clock="autojump") as server, TestClock(server).patch_sleep():
        find_scenario("overloaded").apply(server.simulator)
        assert client(server.base_url, server.account.key).ask("Say hello")
        expect(server.journal).to("/v1/chat/completions").and_then_succeeded()


def counts_as_the_journal(client: type[Client]) -> None:
    """What it counts is what was charged; an answer that was cut is no success."""
    with MockServer() as server:
        asker = client(server.base_url, server.account.key)
        asker.ask("Say hello")
        usage = server.journal[-1].usage
        assert usage is not None
        assert asker.tokens == usage.text_in + usage.text_out


def keeps_its_secret(client: type[Client]) -> None:
    """The key is in no message."""
    with MockServer(clock="autojump") as server, TestClock(server).patch_sleep():
        server.faults.add({"status": 401, "error": {"message": "no", "code": "invalid_api_key"}})
        with pytest.raises(Gone) as gave_up:
            client(server.base_url, "sk-canary-1234567890").ask("Say hello")
        assert "canary" not in str(gave_up.value)


CHECKS: dict[str, Callable[[type[Client]], None]] = {
    "RateLimitedClient": lives(RateLimitedClient),
    "CreditLife": lives(CreditLife),
    "framings": reads_framings,
    "faults": bears_faults,
    "scenario": plays_overloaded,
    "usage": counts_as_the_journal,
    "secret": keeps_its_secret,
}
FOUND_BY = {
    IgnoresRetryAfter: "RateLimitedClient",
    RetriesQuota: "CreditLife",
    NeverGivesUp: "RateLimitedClient",
    GivesUpAtOnce: "scenario",
    DropsTheLastChunk: "framings",
    TakesALostEndForTheEnd: "faults",
    DecodesEachChunkAlone: "framings",
    KnowsLineFeedsAlone: "framings",
    CountsTwice: "usage",
    TellsTheKey: "secret",
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_sound_client_passes(name: str) -> None:
    """All of it."""
    CHECKS[name](Client)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_each_bug_is_found(bug: type[Client]) -> None:
    """By what is for it."""
    with pytest.raises((AssertionError, Gone)):
        CHECKS[FOUND_BY[bug]](bug)


def test_there_are_ten() -> None:
    """Each with what finds it."""
    assert len(BUGS) == 10
    assert set(FOUND_BY) == set(BUGS)
    assert set(FOUND_BY.values()) == set(CHECKS)
