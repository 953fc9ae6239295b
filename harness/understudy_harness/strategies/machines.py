"""Whole lives, as state machines that a test subclasses with its own client.

    class MyClient(RateLimitedClient):
        def ask(self, content):
            self.client.ask(content)            # whatever the client under test does

        def make_client(self, base_url, api_key):
            return Client(base_url, api_key)

    TestMyClient = MyClient.TestCase

Each example has a server that nothing has happened to, on a virtual clock; sleeping costs no time. What a client raises
is its own business: it may give up. The invariants are about what it did, as the journal tells it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import ExitStack
from decimal import Decimal
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from understudy import say
from understudy.core.clock import SECOND
from understudy_harness.strategies.faults import STATUSES

FINAL = ("insufficient_quota", "credit_balance_exhausted")
"""Codes that waiting does not cure."""
LONGEST_WAIT = 60
"""Seconds that a client must be ready to wait (as the official SDKs are); beyond them it may do as it likes."""
_RETRIES_MOST = 10
"""Of one call: more is a storm."""


class LifeError(AssertionError):
    """Something that must hold in a life does not."""


def demand(holds: bool, words: str) -> None:
    """Fail with a sentence, also where assertions are off; raises LifeError."""
    if not holds:
        raise LifeError(words)


_last: list[str] = []


def last_life() -> str:
    """The last life as a scenario file; after a failure that is the smallest one that fails."""
    return _last[0] if _last else ""


def _keep_life(life: _Life) -> None:
    from understudy_harness.replays import scenario_text

    account = {"tier": life.tier, "credits": life.credits}
    _last[:] = [scenario_text(life.server, type(life).__name__, account)]


class _Life(RuleBasedStateMachine):
    """What the machines have in common: a server, a clock, a client."""

    tier: ClassVar[int] = 1
    credits: ClassVar[str] = "5.00"
    model: ClassVar[str] = "gpt-4o-mini"

    def __init__(self) -> None:
        super().__init__()
        from understudy import MockServer
        from understudy_harness.sleeping import TestClock

        self._open = ExitStack()
        self.server = self._open.enter_context(MockServer(tier=self.tier, credits=self.credits, clock="autojump"))
        self._open.enter_context(TestClock(self.server).patch_sleep())
        self.client: Any = self.make_client(self.server.base_url, self.server.account.key)
        self.asked = 0

    def teardown(self) -> None:
        """Give everything back."""
        _keep_life(self)
        close = getattr(self.client, "close", None)
        if callable(close):
            close()
        self._open.close()

    def make_client(self, base_url: str, api_key: str) -> Any:
        """The client under test; the official SDK unless a subclass says otherwise."""
        import openai

        return openai.OpenAI(base_url=base_url, api_key=api_key)

    def ask(self, content: str) -> None:
        """Let the client ask for a chat completion, one whole call with all that it does about failures."""
        messages: Any = [{"role": "user", "content": content}]
        self.client.chat.completions.create(model=self.model, messages=messages)

    def ask_somehow(self, content: str) -> None:
        """The same; what it raises is its own business."""
        self.asked += 1
        try:
            self.ask(f"{content} ({self.asked})")
        except (AssertionError, KeyboardInterrupt):
            raise
        except Exception:  # noqa: S110 - a client may give up however it likes
            pass

    def calls(self) -> list[list[Any]]:
        """The journal's entries of chat, those of one call together: retries ask the same."""
        found: dict[bytes, list[Any]] = {}
        for entry in self.server.journal:
            if entry.path == "/v1/chat/completions":
                found.setdefault(entry.body or b"", []).append(entry)
        return list(found.values())


class RateLimitedClient(_Life):
    """A client that meets limits and faults: it shall wait as it is told, and stop when it should."""

    @rule(content=st.sampled_from(("Say hello", "Tell me about rain", "word " * 2_000)))
    def ask_once(self, content: str) -> None:
        """One call."""
        self.ask_somehow(content)

    @rule(seconds=st.sampled_from((0.5, 5, 60, 3_600)))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.server.clock.advance(seconds)

    @rule(
        status=st.sampled_from([status for status in STATUSES if status >= 408]), times=st.sampled_from((1, 2, 3, 30))
    )
    def meet_failures(self, status: int, times: int) -> None:
        """One call, of which the first tries are refused and told when to come again."""
        self.server.faults.clear()
        headers = {"retry-after": "7"} if status in (429, 503) else {}
        error = {
            "message": "The request could not be served.",
            "code": "rate_limit_exceeded" if status == 429 else None,
        }
        self.server.faults.add({"on": f"1-{times}", "status": status, "headers": headers, "error": error})
        self.ask_somehow("Say hello")

    @invariant()
    def waits_as_it_is_told(self) -> None:
        """A retry comes no earlier than `retry-after` says."""
        for tries in self.calls():
            for refused, again in pairwise(tries):
                told = dict(refused.answer_headers or ()).get(b"retry-after")
                if refused.status >= 400 and told is not None and float(told) <= LONGEST_WAIT:
                    waited = (again.at - refused.at) / SECOND
                    words = f"told to wait {told.decode()} s, tried again after {waited:.1f} s"
                    demand(waited >= float(told), words)

    @invariant()
    def does_not_storm(self) -> None:
        """A call is tried a few times at most."""
        for tries in self.calls():
            demand(len(tries) <= _RETRIES_MOST, f"one call was tried {len(tries)} times")

    @invariant()
    def leaves_successes_alone(self) -> None:
        """What was answered is not asked again."""
        for tries in self.calls():
            answered = [place for place, entry in enumerate(tries) if entry.status == 200 and entry.complete]
            again = bool(answered) and answered[0] < len(tries) - 1
            demand(not again, "a call that was answered was sent again")


class CreditLife(_Life):
    """An account whose credits come and go: the client shall stop when they are gone, and the ledger add up."""

    credits: ClassVar[str] = "0.0002"

    @rule(content=st.sampled_from(("Say hello", "word " * 200)))
    def ask_once(self, content: str) -> None:
        """One call."""
        self.ask_somehow(content)

    @rule(cents=st.integers(1, 500))
    def buy(self, cents: int) -> None:
        """Credits are bought."""
        self.server.account.buy(f"{cents // 100}.{cents % 100:02}")

    @rule(days=st.sampled_from((1, 30, 366)))
    def wait(self, days: int) -> None:
        """Time passes, and credits expire."""
        self.server.clock.advance(days * 86_400)

    @invariant()
    def stops_when_the_credits_are_gone(self) -> None:
        """A call that was told so is not tried again."""
        for tries in self.calls():
            for refused in tries[:-1]:
                demand(refused.error not in FINAL, f"tried again after {refused.error}")

    @invariant()
    def the_ledger_adds_up(self) -> None:
        """The balance is the sum of all entries."""
        account = self.server.account
        ledger = account.ledger()
        total = sum((Decimal(entry.amount) for entry in ledger.entries), Decimal(0))
        total += Decimal(ledger.folded_amount or 0)
        demand(account.balance == total, f"the balance is {account.balance}, the entries come to {total}")


_SPEAKS = find_spec("espeakng_loader") is not None
"""Whether the extra that speaks is installed."""
_SILENCE_BYTES = 24_000
"""Half a second: who is silent for so long has said what was to be said."""


class VoiceCall(_Life):
    """A realtime session over a real socket: whatever the caller does, each response ends once (needs websockets)."""

    model: ClassVar[str] = "gpt-realtime"
    credits: ClassVar[str] = "100.00"
    tier: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self._socket: Any = None

    def make_client(self, base_url: str, api_key: str) -> Any:
        """None: the call is made here."""
        return None

    def teardown(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
        super().teardown()

    @initialize()
    def dial(self) -> None:
        """Open the session."""
        from websockets.sync.client import connect

        url = f"{self.server.websocket_base_url}/realtime?model={self.model}"
        self._socket = connect(url, additional_headers={"authorization": f"Bearer {self.server.account.key}"})
        self._until("session.created")
        heard = {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}}
        self._send({"type": "session.update", "session": {"type": "realtime", "audio": heard}})
        self._until("session.updated")

    @rule(words=st.sampled_from(("Hello", "What is the weather like?", "Goodbye")))
    def write(self, words: str) -> None:
        """The caller writes, and is answered."""
        content = [{"type": "input_text", "text": words}]
        self._send(
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
        )
        self._send({"type": "response.create", "response": {"output_modalities": ["text"]}})
        self._until("response.done")

    @precondition(lambda self: _SPEAKS)
    @rule(words=st.sampled_from(("Hello", "What is the weather like?", "Goodbye")), pieces=st.integers(1, 7))
    def speak(self, words: str, pieces: int) -> None:
        """The caller speaks, in so many pieces; is heard word for word, and answered (needs the extra 'speech')."""
        self._send({"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}})
        sound = say(words, format="pcm16") + bytes(_SILENCE_BYTES)
        size = -(-len(sound) // pieces // 2) * 2
        for start in range(0, len(sound), size):
            audio = b64encode(sound[start : start + size]).decode()
            self._send({"type": "input_audio_buffer.append", "audio": audio})
        before = len(self.events)
        self._until("response.done")
        heard = [
            event["transcript"]
            for event in self.events[before:]
            if event["type"] == "conversation.item.input_audio_transcription.completed"
        ]
        demand(heard == [words], f"the caller said {words!r}, the session heard {heard}")

    @rule()
    def ask_for_nonsense(self) -> None:
        """An unknown event: the session lives on."""
        self._send({"type": "no.such.event", "event_id": "event_wrong"})
        self._until("error")

    @precondition(lambda self: self._socket is not None)
    @invariant()
    def each_response_ends_once(self) -> None:
        """Exactly one `response.done` for each `response.created`, and events are numbered without doubles."""
        begun = [event["response"]["id"] for event in self.events if event["type"] == "response.created"]
        ended = [event["response"]["id"] for event in self.events if event["type"] == "response.done"]
        demand(sorted(begun) == sorted(ended), f"responses {begun} were begun, {ended} ended")
        ids = [event["event_id"] for event in self.events]
        demand(len(ids) == len(set(ids)), "two events have one id")

    def _send(self, event: dict[str, Any]) -> None:
        self._socket.send(json.dumps(event))

    def _until(self, kind: str) -> None:
        while True:
            self.events.append(json.loads(self._socket.recv(timeout=20)))
            if self.events[-1]["type"] == kind:
                return
