"""Realtime calls without sound: their states, what is refused in each, and the session that a socket joins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.realtime.test_session_description import OFFER

from understudy.core.dates import parse_moment
from understudy.core.messages import Answer, Request
from understudy.core.realtime.calls import TABLE, Call, CallEvent, CallKind, CallState
from understudy.core.realtime.door import Opened, Turned, open_session
from understudy.core.realtime.incoming import IncomingCallError, incoming_event, ring
from understudy.core.realtime.session import RealtimeSession

if TYPE_CHECKING:
    from tests.conftest import Api, Result

KEY = "sk-test-0123456789"
"""Of the tests' simulator, when none is named."""
SESSION = {"type": "realtime", "model": "gpt-realtime", "instructions": "Answer.", "output_modalities": ["text"]}
OPERATIONS = {
    CallEvent.ACCEPT: ("accept", SESSION),
    CallEvent.REJECT: ("reject", {"status_code": 486}),
    CallEvent.REFER: ("refer", {"target_uri": "tel:+14255550101"}),
    CallEvent.HANG_UP: ("hangup", None),
}


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    return make_api(tier=5)


def rung(api: Api, key: str = KEY) -> Call:
    """A call that comes in."""
    return ring(api.simulator, api.simulator.account(key), (), api.clock.now())


def do(api: Api, call: Call | str, operation: str, body: Any = None, key: str = KEY) -> Result:
    call_id = call if isinstance(call, str) else call.id
    sent = b"" if body is None else json.dumps(body).encode()
    return api.send("POST", f"/v1/realtime/calls/{call_id}/{operation}", sent, key=key)


def joined(api: Api, call: Call | str, key: str = KEY) -> Opened:
    """What a socket that joins comes to."""
    call_id = call if isinstance(call, str) else call.id
    request = Request("GET", "/v1/realtime", {b"authorization": b"Bearer " + key.encode()})
    request.query = b"call_id=" + call_id.encode()
    return open_session(api.simulator, request, [], api.clock.now())


def session_of(came: Opened) -> RealtimeSession:
    assert isinstance(came.what, RealtimeSession)
    return came.what


def in_state(api: Api, state: CallState) -> Call:
    """A SIP call that has come so far."""
    call = rung(api)
    ways = {
        CallState.INCOMING: (),
        CallState.ACTIVE: (CallEvent.ACCEPT,),
        CallState.REJECTED: (CallEvent.REJECT,),
        CallState.REFERRED: (CallEvent.ACCEPT, CallEvent.REFER),
        CallState.ENDED: (CallEvent.ACCEPT, CallEvent.HANG_UP),
    }
    for event in ways[state]:
        assert do(api, call, *OPERATIONS[event]).status == 200
    assert call.state is state
    return call


@pytest.mark.parametrize("state", list(CallState))
@pytest.mark.parametrize("event", list(OPERATIONS))
def test_the_table_says_what_may_be_done_when(api: Api, state: CallState, event: CallEvent) -> None:
    """What has a row happens and has an empty 200; anything else is a 400 and changes nothing."""
    call = in_state(api, state)
    before = (call.state, call.settings, call.status_code, call.target_uri)
    answer = do(api, call, *OPERATIONS[event])
    if event in TABLE[state]:
        assert (answer.status, answer.body) == (200, b"")
        assert call.state is TABLE[state][event]
        return
    assert answer.status == 400
    assert answer.error["code"] == ("invalid_call_state" if TABLE[state] else "call_id_not_found")
    assert call.id in answer.error["message"]
    assert (call.state, call.settings, call.status_code, call.target_uri) == before


def test_the_page_has_the_table() -> None:
    """Row by row."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "realtime-calls.md").read_text(encoding="utf-8")
    told = page.partition("## States")[2].partition("\n\nWhat has no row")[0].strip().splitlines()[2:]
    rows = [(state, event, to) for state, events in TABLE.items() for event, to in events.items()]
    assert told == [f"| {state.value} | {event.value} | {to.value} |" for state, event, to in rows]


def test_what_was_done_is_remembered(api: Api) -> None:
    """603 Decline where no status is given."""
    declined, busy = rung(api), rung(api)
    do(api, declined, "reject")
    do(api, busy, "reject", {"status_code": 486})
    assert (declined.status_code, busy.status_code) == (603, 486)
    referred = in_state(api, CallState.REFERRED)
    assert referred.target_uri == "tel:+14255550101"
    assert referred.settings == SESSION
    assert len({declined.id, busy.id, referred.id}) == 3
    assert declined.id.startswith("rtc_")
    assert len(declined.id) == 36


@pytest.mark.parametrize("operation", ["accept", "reject", "refer", "hangup"])
def test_an_id_that_names_no_call_is_told_before_anything_else(api: Api, operation: str) -> None:
    """404 with the id; calls of other accounts are none of one's own."""
    theirs = rung(api, "sk-other-0123456789")
    for call_id in ("rtc_nope", "anything", theirs.id):
        refused = do(api, call_id, operation, {"bogus": 1})
        assert (refused.status, refused.error["code"]) == (404, "call_id_not_found")
        assert call_id in refused.error["message"]
    assert theirs.state is CallState.INCOMING


@pytest.mark.parametrize(
    ("operation", "body", "code", "param"),
    [
        ("accept", {}, "missing_required_parameter", "type"),
        ("accept", {"type": "transcription"}, "invalid_value", "type"),
        ("accept", {**SESSION, "voice": "alloy"}, "unknown_parameter", "voice"),
        ("accept", {**SESSION, "model": "gpt-4o"}, "invalid_model", "model"),
        ("accept", {**SESSION, "audio": {"output": {"voice": "bogus"}}}, "invalid_value", "audio.output.voice"),
        ("accept", {**SESSION, "reasoning": {"effort": "much"}}, "invalid_value", "reasoning.effort"),
        (
            "accept",
            {**SESSION, "audio": {"input": {"transcription": {"model": "gpt-4o"}}}},
            "invalid_value",
            "audio.input.transcription.model",
        ),
        (
            "accept",
            {**SESSION, "audio": {"input": {"transcription": {"model": "gpt-realtime-whisper"}}}},
            "invalid_value",
            "audio.input.turn_detection",
        ),
        ("reject", {"status_code": 200}, "integer_below_min_value", "status_code"),
        ("reject", {"status_code": 700}, "integer_above_max_value", "status_code"),
        ("reject", {"status_code": "busy"}, "invalid_type", "status_code"),
        ("refer", {}, "missing_required_parameter", "target_uri"),
        ("refer", {"target_uri": " "}, "empty_string", "target_uri"),
        ("refer", {"target_uri": 5}, "invalid_type", "target_uri"),
        ("hangup", {"reason": "bye"}, "unknown_parameter", "reason"),
    ],
)
def test_a_wrong_body_changes_nothing(api: Api, operation: str, body: Any, code: str, param: str) -> None:
    call = in_state(api, CallState.INCOMING if operation in ("accept", "reject") else CallState.ACTIVE)
    before = call.state
    refused = do(api, call, operation, body)
    assert refused.status == 400
    assert (refused.error["code"], refused.error["param"]) == (code, param)
    assert call.state is before


def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    call = rung(api)
    refused = api.send("POST", f"/v1/realtime/calls/{call.id}/reject", b"{nope", key=KEY)
    assert refused.status == 400
    assert call.state is CallState.INCOMING


class TestJoining:
    """`/v1/realtime?call_id=`."""

    def test_the_session_is_what_was_accepted(self, api: Api) -> None:
        """Its hour began when the call was accepted."""
        call = in_state(api, CallState.ACTIVE)
        accepted = api.clock.now()
        api.clock.advance(60)
        came = joined(api, call)
        session = json.loads(session_of(came).start())["session"]
        assert (session["instructions"], session["output_modalities"]) == ("Answer.", ["text"])
        assert session["expires_at"] == accepted // 1_000_000 + 3_600
        assert came.entry.model == "gpt-realtime"
        assert came.call is call

    def test_the_conversation_outlives_a_socket(self, api: Api) -> None:
        """Who joins again finds what was said; the journal has a line for each socket."""
        call = in_state(api, CallState.ACTIVE)
        first = joined(api, call)
        content = [{"type": "input_text", "text": "Hello"}]
        item = {"id": "mine", "type": "message", "role": "user", "content": content}
        session_of(first).receive(json.dumps({"type": "conversation.item.create", "item": item}), api.clock.now())
        call.leave(api.clock.now())
        again = joined(api, call)
        assert session_of(again) is session_of(first)
        assert again.entry is not first.entry
        ask = json.dumps({"type": "conversation.item.retrieve", "item_id": "mine"})
        (told,) = session_of(again).receive(ask, api.clock.now())
        assert json.loads(told)["item"]["content"] == content

    def test_what_is_said_is_played_to_the_caller(self, api: Api) -> None:
        """So the socket is told when that begins, and may clear it."""
        pytest.importorskip("espeakng_loader")
        call = rung(api)
        do(api, call, "accept", {"type": "realtime", "model": "gpt-realtime"})
        session = session_of(joined(api, call))
        said = session.receive(json.dumps({"type": "response.create"}), api.clock.now())
        while session.is_responding():
            if session.work is not None:
                session.work()
            said += session.pull(api.clock.now())
        said += session.receive(json.dumps({"type": "output_audio_buffer.clear"}), api.clock.now())
        kinds = [json.loads(event)["type"] for event in said]
        assert "output_audio_buffer.started" in kinds
        assert "output_audio_buffer.cleared" in kinds
        assert "error" not in kinds

    def test_one_socket_at_a_time(self, api: Api) -> None:
        call = in_state(api, CallState.ACTIVE)
        session_of(joined(api, call))
        turned = joined(api, call).what
        assert isinstance(turned, Turned)
        assert (turned.close.code, turned.close.reason) == (4000, "invalid_request_error.call_already_joined")

    @pytest.mark.parametrize("state", [state for state in CallState if state is not CallState.ACTIVE])
    def test_only_an_active_call_is_joined(self, api: Api, state: CallState) -> None:
        """Else the upgrade is refused, with nothing in the body."""
        for call in (in_state(api, state), "rtc_nope", rung(api, "sk-other-0123456789")):
            came = joined(api, call)
            assert isinstance(came.what, Answer)
            assert (came.what.status, came.what.body) == (404, b"")
            assert (came.entry.status, came.entry.error) == (404, "call_id_not_found")

    @pytest.mark.parametrize("operation", [CallEvent.HANG_UP, CallEvent.REFER])
    def test_whoever_has_joined_is_told_when_it_is_over(self, api: Api, operation: CallEvent) -> None:
        """By a close; a response under way ends, and is charged."""
        call = in_state(api, CallState.ACTIVE)
        session = session_of(joined(api, call))
        told: list[bool] = []
        call.notify = lambda: told.append(True)
        session.receive(json.dumps({"type": "response.create"}), api.clock.now())
        assert session.is_responding()
        do(api, call, *OPERATIONS[operation])
        assert told == [True]
        assert session.deadline <= api.clock.now()
        assert session.wake(api.clock.now()) == []
        assert session.close is not None
        assert (session.close.code, session.is_responding()) == (1000, False)

    def test_it_ends_when_its_time_is_up(self, api: Api) -> None:
        """With a socket or without."""
        alone, watched = in_state(api, CallState.ACTIVE), in_state(api, CallState.ACTIVE)
        session = session_of(joined(api, watched))
        organization = api.simulator.account(KEY).organization
        assert organization.sessions == 1
        api.clock.advance(3_600)
        assert do(api, alone, "hangup").error["code"] == "call_id_not_found"
        assert alone.state is CallState.ENDED
        session.wake(api.clock.now())
        watched.leave(api.clock.now())
        assert watched.state is CallState.ENDED
        assert organization.sessions == 0


class TestWebRtc:
    """`POST /v1/realtime/calls`."""

    @staticmethod
    def form(**parts: str) -> tuple[bytes, dict[str, str]]:
        lines = "".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts.items()
        )
        return f"{lines}--b--\r\n".encode(), {"content-type": "multipart/form-data; boundary=b"}

    def created(self, api: Api, answer: Result) -> Call:
        assert answer.status == 201, answer.body
        assert answer.headers["content-type"] == "application/sdp"
        assert answer.body.startswith(b"v=0\r\n")
        call = api.simulator.calls.get(answer.headers["location"].rpartition("/")[2], 0, api.clock.now())
        assert call is not None
        assert answer.headers["location"] == f"/v1/realtime/calls/{call.id}"
        return call

    def test_a_form_brings_offer_and_session(self, api: Api) -> None:
        """The call is there at once, and a socket joins it."""
        body, headers = self.form(sdp=OFFER, session=json.dumps(SESSION))
        call = self.created(api, api.send("POST", "/v1/realtime/calls", body, key=KEY, headers=headers))
        assert (call.kind, call.state) == (CallKind.WEBRTC, CallState.ACTIVE)
        session = json.loads(session_of(joined(api, call)).start())["session"]
        assert session["instructions"] == "Answer."

    def test_an_ephemeral_key_brings_its_session(self, api: Api) -> None:
        """The offer comes alone; the key hangs up, too, and nobody else's does."""
        secret = api.send("POST", "/v1/realtime/client_secrets", json.dumps({"session": SESSION}).encode(), key=KEY)
        key, headers = secret.json["value"], {"content-type": "application/sdp"}
        call = self.created(api, api.send("POST", "/v1/realtime/calls", OFFER.encode(), key=key, headers=headers))
        assert call.model == "gpt-realtime"
        assert json.loads(session_of(joined(api, call)).start())["session"]["instructions"] == "Answer."
        assert do(api, call, "hangup", key="sk-other-0123456789").status == 404
        assert do(api, call, "hangup", key=key).status == 200

    def test_a_form_is_laid_over_what_the_key_brings(self, api: Api) -> None:
        """Field by field."""
        voiced = {"type": "realtime", "instructions": "Hers.", "audio": {"output": {"voice": "marin"}}}
        secret = api.send("POST", "/v1/realtime/client_secrets", json.dumps({"session": voiced}).encode(), key=KEY)
        more = {"type": "realtime", "instructions": "His.", "audio": {"output": {"speed": 1.2}}}
        body, headers = self.form(sdp=OFFER, session=json.dumps(more))
        answer = api.send("POST", "/v1/realtime/calls", body, key=secret.json["value"], headers=headers)
        session = json.loads(session_of(joined(api, self.created(api, answer))).start())["session"]
        assert session["instructions"] == "His."
        assert (session["audio"]["output"]["voice"], session["audio"]["output"]["speed"]) == ("marin", 1.2)

    def test_a_key_of_the_beta_interface_does_not(self, api: Api) -> None:
        key = api.send("POST", "/v1/realtime/sessions", b"{}", key=KEY).json["client_secret"]["value"]
        headers = {"content-type": "application/sdp"}
        refused = api.send("POST", "/v1/realtime/calls", OFFER.encode(), key=key, headers=headers)
        assert (refused.status, refused.error["code"]) == (400, "api_version_mismatch")

    def test_it_is_neither_accepted_nor_rejected_nor_referred(self, api: Api) -> None:
        body, headers = self.form(sdp=OFFER)
        call = self.created(api, api.send("POST", "/v1/realtime/calls", body, key=KEY, headers=headers))
        for operation, sent in OPERATIONS.values():
            answer = do(api, call, operation, sent)
            assert answer.status == (200 if operation == "hangup" else 400)

    @pytest.mark.parametrize(
        ("parts", "code", "param"),
        [
            ({"session": "{}"}, "missing_required_parameter", "sdp"),
            ({"sdp": "v=0"}, "invalid_offer", None),
            ({"sdp": OFFER, "bogus": "1"}, "unknown_parameter", "bogus"),
            ({"sdp": OFFER, "session": "{nope"}, None, "session"),
            ({"sdp": OFFER, "session": "[]"}, "invalid_type", "session"),
            ({"sdp": OFFER, "session": "{}"}, "missing_required_parameter", "session.type"),
            (
                {"sdp": OFFER, "session": '{"type": "realtime", "voice": "alloy"}'},
                "unknown_parameter",
                "session.voice",
            ),
            ({"sdp": OFFER, "session": '{"type": "realtime", "model": "gpt-4o"}'}, "invalid_model", "session.model"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, api: Api, parts: dict[str, str], code: str | None, param: str | None
    ) -> None:
        """And no call is made."""
        body, headers = self.form(**parts)
        refused = api.send("POST", "/v1/realtime/calls", body, key=KEY, headers=headers)
        assert refused.status == 400
        assert (refused.error["code"], refused.error["param"]) == (code, param)
        assert len(api.simulator.calls) == 0

    def test_an_ordinary_key_names_the_model_of_an_offer_alone(self, api: Api) -> None:
        """In the query."""
        headers = {"content-type": "application/sdp"}
        refused = api.send("POST", "/v1/realtime/calls", OFFER.encode(), key=KEY, headers=headers)
        assert refused.error["code"] == "missing_model"
        head = {b"content-type": b"application/sdp", b"authorization": f"Bearer {KEY}".encode()}
        request = Request("POST", "/v1/realtime/calls", head, OFFER.encode(), query=b"model=gpt-realtime-mini")
        answer = api.ask(request)
        assert self.created(api, answer).model == "gpt-realtime-mini"


class TestBeta:
    """`POST /v1/realtime`: the offer alone, to the beta interface."""

    @staticmethod
    def offered(api: Api, key: str, query: bytes = b"") -> Result:
        head = {b"content-type": b"application/sdp", b"authorization": f"Bearer {key}".encode()}
        return api.ask(Request("POST", "/v1/realtime", head, OFFER.encode(), query=query))

    def test_its_key_opens_a_call_that_speaks_it(self, api: Api) -> None:
        """As browsers did until 2026-05."""
        made = api.send("POST", "/v1/realtime/sessions", b'{"voice": "verse"}', key=KEY).json
        answer = self.offered(api, made["client_secret"]["value"], b"model=gpt-realtime")
        assert (answer.status, answer.headers["content-type"]) == (201, "application/sdp")
        call_id = answer.headers["location"].rpartition("/")[2]
        session = json.loads(session_of(joined(api, call_id)).start())["session"]
        assert (session["voice"], session["modalities"]) == ("verse", ["audio", "text"])

    def test_a_key_of_the_other_interface_does_not(self, api: Api) -> None:
        """In the reported words."""
        key = api.send("POST", "/v1/realtime/client_secrets", b"{}", key=KEY).json["value"]
        refused = self.offered(api, key, b"model=gpt-realtime")
        assert (refused.status, refused.error["code"]) == (400, "api_version_mismatch")
        assert refused.error["message"].endswith("You cannot start a Realtime beta session with a GA client secret.")
        assert self.offered(api, KEY).error["code"] == "missing_model"

    def test_it_has_its_time(self, make_api: Callable[..., Api]) -> None:
        early = make_api(tier=5, at=parse_moment("2024-11-01"))
        assert self.offered(early, KEY, b"model=gpt-4o-realtime-preview").status == 404
        strict = make_api(tier=5, reject_retired=True)
        refused = self.offered(strict, KEY, b"model=gpt-realtime")
        assert (refused.status, refused.error["code"]) == (400, "beta_api_shape_disabled")


def test_calls_have_their_time(make_api: Callable[..., Api]) -> None:
    """Before the GA interface there are none."""
    api = make_api(tier=5, at=parse_moment("2025-06-01"))
    with pytest.raises(IncomingCallError, match="2025-08-28"):
        rung(api)
    assert api.send("POST", "/v1/realtime/calls", OFFER.encode()).status == 404


def test_the_invitation_is_told_as_it_came(api: Api) -> None:
    """Names, values, order and repetitions; without any, a caller is made up."""
    account = api.simulator.account(KEY)
    headers = [("From", "sip:+1@x"), ("X-Tag", "1"), ("X-Tag", "2")]
    call = ring(api.simulator, account, headers, api.clock.now())
    told = json.loads(incoming_event(call, api.clock.now()).body)
    assert list(told) == ["object", "id", "type", "created_at", "data"]
    assert told["data"]["call_id"] == call.id
    assert [(header["name"], header["value"]) for header in told["data"]["sip_headers"]] == headers
    made_up = dict(rung(api).sip_headers)
    assert account.project.id in made_up["To"]
    for wrong in ([("", "x")], [("From: x", "y")], [("From", "a\r\nb")], [("From", "x")] * 101):
        with pytest.raises(IncomingCallError):
            ring(api.simulator, account, wrong, api.clock.now())


def test_a_reset_forgets_calls(api: Api) -> None:
    call = rung(api)
    api.simulator.reset()
    assert len(api.simulator.calls) == 0
    assert do(api, call, "hangup").status == 404


def test_keys_of_any_length_make_secrets_and_calls(api: Api) -> None:
    """Real ones have 164 characters."""
    key = "sk-proj-" + "a" * 156
    assert api.send("POST", "/v1/realtime/client_secrets", b"{}", key=key).status == 200
    body, headers = TestWebRtc.form(sdp=OFFER)
    assert api.send("POST", "/v1/realtime/calls", body, key=key, headers=headers).status == 201
