"""Realtime calls as tests hold them: let one come in, see what became of it, hang up as the caller."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from understudy.adapters.webhooks import deliver
from understudy.core.account_changes import AccountError
from understudy.core.key_words import KeyWordsError
from understudy.core.realtime.calls import Call, CallError, CallEvent
from understudy.core.realtime.incoming import IncomingCallError, call_facts, incoming_event, ring
from understudy.core.simulator import Simulator, UnknownKeyError
from understudy.core.webhooks import WebhookError, webhook_to

__all__ = ["CallHandle", "CallsDoor", "IncomingCalls", "LocalCalls", "RealtimeCallError"]


class RealtimeCallError(ValueError):
    """A call that cannot come in, or is not in the state for what was asked; its text is one sentence."""


class CallsDoor(Protocol):
    """How calls are reached: in this process, or elsewhere by the control API. Calls are told as it tells them."""

    def ring(self, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let one come in; raises RealtimeCallError."""

    def facts(self, call_id: str) -> Mapping[str, Any]:
        """One call; raises KeyError when there is none."""

    def all(self) -> Sequence[Mapping[str, Any]]:
        """All that are held, the oldest first."""

    def hang_up(self, call_id: str) -> None:
        """The caller hangs up; raises RealtimeCallError."""


class CallHandle:
    """One call; what it tells is what is so now.

    Attributes:
        id: `rtc_…`.
    """

    def __init__(self, door: CallsDoor, call_id: str) -> None:
        self._door = door
        self.id = call_id

    def __repr__(self) -> str:
        """Its id and state."""
        return f"<CallHandle {self.id} {self.state}>"

    def view(self) -> Mapping[str, Any]:
        """Everything at once, as the control API shows it."""
        return self._door.facts(self.id)

    @property
    def state(self) -> str:
        """`incoming`, `active`, `rejected`, `referred` or `ended`."""
        return str(self.view()["state"])

    @property
    def sip_headers(self) -> list[tuple[str, str]]:
        """Of the invitation, in their order."""
        return [(header["name"], header["value"]) for header in self.view()["sip_headers"]]

    @property
    def model(self) -> str | None:
        """Which one answers, once it was accepted."""
        model: str | None = self.view()["model"]
        return model

    @property
    def session(self) -> Mapping[str, Any] | None:
        """What it was accepted with."""
        session: Mapping[str, Any] | None = self.view()["session"]
        return session

    @property
    def status_code(self) -> int | None:
        """The SIP status that it was rejected with."""
        status: int | None = self.view()["status_code"]
        return status

    @property
    def target_uri(self) -> str | None:
        """Where it was referred to."""
        target: str | None = self.view()["target_uri"]
        return target

    @property
    def delivery(self) -> Mapping[str, Any] | None:
        """What came of telling the application: url, event_id, status, error; None where nobody was to be told."""
        delivery: Mapping[str, Any] | None = self.view()["delivery"]
        return delivery

    def hang_up(self) -> None:
        """The caller hangs up; raises RealtimeCallError when the call is over."""
        self._door.hang_up(self.id)


class IncomingCalls:
    """The calls of a server."""

    def __init__(self, door: CallsDoor, default_key: str) -> None:
        self._door = door
        self._default_key = default_key

    def ring(
        self,
        *,
        webhook: str | None = None,
        secret: str | None = None,
        key: str | None = None,
        sip_headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> CallHandle:
        """Let a SIP call come in, and tell an application of it by `realtime.call.incoming`.

        It waits for the application's answer, at most 10 seconds: from a coroutine that serves the application in the
        same loop, call it in a thread.

        Args:
            webhook: URL of the application, on this machine; nobody is told without one.
            secret: `whsec_` and base64, by which the application checks the signature.
            key: who is called; the account that is meant when no key is named.
            sip_headers: of the invitation; those of a made-up caller when left out.

        Raises:
            RealtimeCallError: one of these cannot be used, or there are no calls here.
        """
        if (webhook is None) is not (secret is None):
            raise RealtimeCallError("A webhook needs both its URL and its secret.")
        pairs = sip_headers.items() if isinstance(sip_headers, Mapping) else sip_headers
        wanted = {
            "account": self._default_key if key is None else key,
            "sip_headers": [{"name": name, "value": value} for name, value in pairs],
            "webhook": None if webhook is None else {"url": webhook, "secret": secret},
        }
        return CallHandle(self._door, self._door.ring(wanted)["id"])

    def __getitem__(self, call_id: str) -> CallHandle:
        """The call of an id; KeyError when there is none."""
        return CallHandle(self._door, self._door.facts(call_id)["id"])

    def __iter__(self) -> Iterator[CallHandle]:
        """All that are held, the oldest first."""
        return iter([CallHandle(self._door, facts["id"]) for facts in self._door.all()])

    def __len__(self) -> int:
        """How many there are."""
        return len(self._door.all())


class LocalCalls:
    """The calls of a server of this process."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def ring(self, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let one come in, and tell whoever is to be told."""
        simulator, told = self._simulator, wanted["webhook"]
        try:
            webhook = None if told is None else webhook_to(told["url"], told["secret"])
            if not simulator.store.answers_at_once:
                raise IncomingCallError("Realtime calls over a shared store are not simulated by Understudy yet.")
            account = simulator.account(wanted["account"])
            headers = [(header["name"], header["value"]) for header in wanted["sip_headers"]]
            now = simulator.clock.now()
            call = ring(simulator, account, headers, now)
        except (WebhookError, IncomingCallError, AccountError, KeyWordsError, UnknownKeyError) as problem:
            raise RealtimeCallError(str(problem)) from None
        if webhook is not None:
            call.delivery = deliver(incoming_event(call, now), webhook)
        return self._shown(call)

    def facts(self, call_id: str) -> Mapping[str, Any]:
        """One call."""
        return self._shown(self._find(call_id))

    def all(self) -> Sequence[Mapping[str, Any]]:
        """All that are held."""
        return [self.facts(call.id) for call in self._simulator.calls]

    def hang_up(self, call_id: str) -> None:
        """The caller hangs up."""
        try:
            self._find(call_id).take(CallEvent.CALLER_HUNG_UP, self._simulator.clock.now())
        except CallError as refused:
            raise RealtimeCallError(refused.message) from None

    def _find(self, call_id: str) -> Call:
        simulator = self._simulator
        call = simulator.calls.get(call_id, simulator.settings.era, simulator.clock.now())
        if call is None:
            raise KeyError(call_id)
        return call

    def _shown(self, call: Call) -> Mapping[str, Any]:
        return call_facts(call, self._simulator.account(call.key).id)
