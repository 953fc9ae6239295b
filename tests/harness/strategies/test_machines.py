"""The ready lives: a sound client lives them, and each bug that they are for ends them with its sentence."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from understudy_harness.strategies import CreditLife, RateLimitedClient, VoiceCall
from understudy_harness.strategies.machines import LifeError

LIVES = settings(
    max_examples=12,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FOUND = settings(LIVES, max_examples=60, phases=[Phase.generate])


class Client:
    """A small client that retries as it is told, three times at most."""

    final = ("insufficient_quota",)
    most = 4

    def __init__(self, base_url: str, api_key: str) -> None:
        self._url = f"{base_url}/chat/completions"
        self._key = api_key

    def ask(self, content: str) -> str:
        """The answer's text; raises RuntimeError."""
        body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": content}]}).encode()
        for _ in range(self.most):
            request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
            request.add_header("Authorization", f"Bearer {self._key}")
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return self.read(json.load(answer))
            except urllib.error.HTTPError as refused:
                code = json.loads(refused.read()).get("error", {}).get("code")
                told = self.told(refused.headers)
                if code in self.final or refused.code < 408 or told > 60:
                    raise RuntimeError(code) from None
                time.sleep(told)
        raise RuntimeError("gave up")

    def told(self, headers: Any) -> float:
        """Seconds to wait."""
        return float(headers.get("retry-after", 1))

    def read(self, answer: Any) -> str:
        """The text of an answer."""
        text: str = answer["choices"][0]["message"]["content"]
        return text


class Hasty(Client):
    """Waits half a second, whatever it is told."""

    def told(self, headers: Any) -> float:
        """Too few."""
        return 0.5


class Stubborn(Client):
    """Takes a spent quota for a rate limit."""

    final = ()


class Storming(Client):
    """Never gives up."""

    most = 50

    def told(self, headers: Any) -> float:
        """As told, but never too long."""
        return min(super().told(headers), 60)


def life(kind: type[Any], client: type[Client]) -> type[RuleBasedStateMachine]:
    """The life of a client."""

    class Life(kind):  # type: ignore[misc] # the base is chosen above
        def make_client(self, base_url: str, api_key: str) -> Client:
            return client(base_url, api_key)

        def ask(self, content: str) -> None:
            self.client.ask(content)

    return Life


@pytest.mark.parametrize("kind", [RateLimitedClient, CreditLife])
def test_a_sound_client_lives(kind: type[Any]) -> None:
    """Whatever happens to it."""
    run_state_machine_as_test(life(kind, Client), settings=LIVES)


def test_the_official_sdk_lives() -> None:
    """With its own retries, and nothing to write."""
    run_state_machine_as_test(RateLimitedClient, settings=settings(LIVES, max_examples=5))


def test_the_official_sdk_tries_again_although_the_credits_are_gone() -> None:
    """It takes every 429 for a rate limit; without retries of its own it lives."""
    with pytest.raises(LifeError, match="tried again after insufficient_quota"):
        run_state_machine_as_test(CreditLife, settings=FOUND)

    class Patient(CreditLife):
        def make_client(self, base_url: str, api_key: str) -> Any:
            return openai.OpenAI(base_url=base_url, api_key=api_key, max_retries=0)

    run_state_machine_as_test(Patient, settings=settings(LIVES, max_examples=5))


@pytest.mark.parametrize(
    ("kind", "client", "words"),
    [
        (RateLimitedClient, Hasty, "told to wait"),
        (CreditLife, Stubborn, "tried again after insufficient_quota"),
        (RateLimitedClient, Storming, "one call was tried"),
    ],
)
def test_a_bug_ends_a_life_with_its_sentence(kind: type[Any], client: type[Client], words: str) -> None:
    """Each its own."""
    with pytest.raises(LifeError, match=words):
        run_state_machine_as_test(life(kind, client), settings=FOUND)


def test_voice_calls_are_lived() -> None:
    """Over a real socket."""
    run_state_machine_as_test(VoiceCall, settings=settings(LIVES, max_examples=3))


def test_a_caller_is_heard_word_for_word() -> None:
    """And a session that hears something else is found."""
    pytest.importorskip("espeakng_loader")
    call = VoiceCall()
    try:
        call.dial()
        call.speak("What is the weather like?", 5)
        call.speak("Goodbye", 1)
        call.each_response_ends_once()
    finally:
        call.teardown()
    deaf = VoiceCall()
    try:
        deaf.dial()
        update = {"type": "realtime", "audio": {"input": {"transcription": None}}}
        deaf._send({"type": "session.update", "session": update})
        with pytest.raises(LifeError, match="the caller said 'Hello', the session heard"):
            deaf.speak("Hello", 1)
    finally:
        deaf.teardown()


def test_the_default_client_is_the_official_sdk() -> None:
    """So that a machine runs without a line of its own."""
    machine = RateLimitedClient()
    try:
        assert isinstance(machine.client, openai.OpenAI)
    finally:
        machine.teardown()
