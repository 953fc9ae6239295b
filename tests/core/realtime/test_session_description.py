"""Answers to offers of WebRTC, by the rules of RFC 8829."""

from __future__ import annotations

import pytest

from understudy.core.errors import BadRequest
from understudy.core.realtime.session_description import answer_to, read_offer

_CONNECTION = """c=IN IP4 0.0.0.0
a=ice-ufrag:Iwdr
a=ice-pwd:iFAR4fFoA02JaG1Sn9woi0
a=fingerprint:sha-256 CB:D2:87:28:65:1A:4A:25:99:79:20:54:8A:AF:9C:CA:3F:A3:49:BE:28:F6:58:62:A9:10:D3:C2:B8:E7:9E:83
a=setup:actpass
"""
AUDIO = f"""m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8
{_CONNECTION}a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtpmap:0 PCMU/8000
"""
VIDEO = f"""m=video 9 UDP/TLS/RTP/SAVPF 97
{_CONNECTION}a=mid:v
a=sendrecv
a=rtpmap:97 VP8/90000
"""
EVENTS = f"""m=application 9 UDP/DTLS/SCTP webrtc-datachannel
{_CONNECTION}a=mid:1
a=sctp-port:5000
"""
_HEAD = """v=0
o=- 4005000710 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
"""


def offer(*media: str) -> str:
    """As clients send it."""
    return (_HEAD + "".join(media)).replace("\n", "\r\n")


OFFER = offer(AUDIO, EVENTS)


def answered(text: str) -> list[list[str]]:
    """An answer's lines: those of the session, then those of each medium."""
    parts: list[list[str]] = [[]]
    answer = answer_to(read_offer(text), b"seed")
    assert answer.endswith("\r\n")
    for line in answer.removesuffix("\r\n").split("\r\n"):
        assert line[1] == "="
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts


def test_each_medium_is_answered_in_its_place() -> None:
    """Sound by Opus, the channel of events, and nothing that was not offered."""
    session, audio, events = answered(OFFER)
    assert session[0] == "v=0"
    assert {line[0] for line in session} == {"v", "o", "s", "t", "a"}
    assert "a=group:BUNDLE 0 1" in session
    assert audio[0] == "m=audio 9 UDP/TLS/RTP/SAVPF 111"
    assert {"a=mid:0", "a=sendrecv", "a=setup:passive", "a=rtpmap:111 opus/48000/2", "a=rtcp-mux"} <= set(audio)
    assert events[0] == "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
    assert {"a=mid:1", "a=sctp-port:5000"} <= set(events)
    for medium in (audio, events):
        assert any(line.startswith("a=ice-pwd:") and len(line) == len("a=ice-pwd:") + 24 for line in medium)
        assert any(line.startswith("a=fingerprint:sha-256 ") and line.count(":") == 32 for line in medium)


def test_no_address_leaves_the_machine() -> None:
    """Whoever tries the only candidate finds nobody."""
    lines = [line for part in answered(OFFER) for line in part]
    assert {line for line in lines if line.startswith("a=candidate:")} == {
        "a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host"
    }
    assert {line for line in lines if line.startswith("c=")} == {"c=IN IP4 127.0.0.1"}


@pytest.mark.parametrize(
    ("offered", "answer"),
    [("sendrecv", "sendrecv"), ("recvonly", "sendonly"), ("sendonly", "recvonly"), ("inactive", "inactive")],
)
def test_directions_are_turned_round(offered: str, answer: str) -> None:
    _, audio = answered(offer(AUDIO.replace("a=sendrecv", f"a={offered}")))
    assert f"a={answer}" in audio


def test_roles_are_turned_round() -> None:
    _, audio = answered(offer(AUDIO.replace("a=setup:actpass", "a=setup:passive")))
    assert "a=setup:active" in audio


def test_without_opus_it_is_telephony() -> None:
    """Payload types 0 and 8 need no name."""
    spoken = AUDIO.replace("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 G722/8000").replace("a=rtpmap:0 PCMU/8000\n", "")
    _, audio = answered(offer(spoken))
    assert audio[0].endswith(" 0")
    assert "a=rtpmap:0 PCMU/8000" in audio


def test_pictures_are_declined() -> None:
    """Port 0, in their place, and out of the bundle."""
    session, audio, video, _ = answered(offer(AUDIO, VIDEO, EVENTS))
    assert "a=group:BUNDLE 0 1" in session
    assert audio[0].startswith("m=audio 9 ")
    assert video[0] == "m=video 0 UDP/TLS/RTP/SAVPF 97"
    assert {"a=mid:v", "a=inactive"} <= set(video)


def test_what_holds_for_all_media_may_stand_before_them() -> None:
    """As Firefox writes the fingerprint."""
    fingerprint = next(line for line in AUDIO.split("\n") if line.startswith("a=fingerprint"))
    text = offer(f"{fingerprint}\n", AUDIO.replace(f"{fingerprint}\n", ""))
    assert len(answered(text)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0",
        "nonsense",
        "{}",
        _HEAD,
        offer(EVENTS),
        offer(VIDEO),
        offer(AUDIO).replace("s=-\r\n", ""),
        offer(AUDIO).replace("v=0", "v=1"),
        offer(AUDIO.replace("a=ice-ufrag:Iwdr\n", "")),
        offer(AUDIO.replace("a=mid:0\n", "")),
        offer(AUDIO.replace("111 0 8", "9").replace("opus", "G722")),
        offer(AUDIO.replace("m=audio 9 UDP", "m=audio x UDP")),
        offer(AUDIO, "hello\n"),
        offer(AUDIO) + "a=x\r\n" * 30_000,
    ],
)
def test_what_is_no_offer_is_refused_in_the_reported_words(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_offer(text)
    assert refused.value.message == "Invalid SDP offer. Please try again with a WHIP-compliant offer."
    assert refused.value.code == "invalid_offer"
