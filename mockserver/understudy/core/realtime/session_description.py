"""Answers to the offers of WebRTC: what a peer would have to know to send sound here. None flows.

An answer has the offer's media in the offer's order, each with the codec that is spoken (Opus, else G.711), the channel
of events, and an address of this machine on the discard port: a client that tries it finds nobody (RFC 8866, RFC 8829).
Keys and fingerprint are made of the call's seed; no certificate stands behind them.
"""

import msgspec

from understudy.core import errors
from understudy.core.ids import hexadecimal, letters

_LONGEST = 65_536
"""Bytes of an offer ("our choice")."""
_DISCARD = 9
_CODECS = ("opus/48000/2", "pcmu/8000", "pcma/8000")
_DIRECTIONS = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
"""What an answer makes of an offer's direction."""
_ROLES = {"actpass": "passive", "active": "passive", "passive": "active"}
"""Who opens DTLS, likewise."""


class Media(msgspec.Struct):
    """One medium of an offer.

    Attributes:
        kind: `audio`, `application`, `video`.
        transport: `UDP/TLS/RTP/SAVPF`.
        formats: payload types, or `webrtc-datachannel`.
        attributes: its `a=` lines, with those of the whole offer before them.
    """

    kind: str
    transport: str
    formats: list[str]
    attributes: list[str]

    def attribute(self, name: str) -> str | None:
        """The value of an attribute, the medium's own first; None when it has none."""
        for line in reversed(self.attributes):
            if line.startswith(f"{name}:"):
                return line[len(name) + 1 :]
        return None

    def codec(self) -> tuple[str, str] | None:
        """Payload type and name of what is spoken, None when nothing of it is offered."""
        named = dict(line[7:].partition(" ")[::2] for line in self.attributes if line.startswith("rtpmap:"))
        offered = {"0": "PCMU/8000", "8": "PCMA/8000"} | named
        for codec in _CODECS:
            for payload in self.formats:
                if offered.get(payload, "").strip().lower() in (codec, f"{codec}/1"):
                    return payload, offered[payload].strip()
        return None

    @property
    def direction(self) -> str:
        """Which way it would flow."""
        return next((line for line in reversed(self.attributes) if line in _DIRECTIONS), "sendrecv")


def invalid_offer() -> errors.BadRequest:
    """The refusal of what is no offer (reported 2025-02)."""
    message = "Invalid SDP offer. Please try again with a WHIP-compliant offer."
    return errors.BadRequest(message, code="invalid_offer")


def read_offer(text: str) -> list[Media]:
    """The media of an offer.

    Raises:
        BadRequest: it is no description of a session, or none with sound that could be answered.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(text) > _LONGEST or not lines or lines[0] != "v=0":
        raise invalid_offer()
    of_all: list[str] = []
    media: list[Media] = []
    seen: set[str] = set()
    for line in lines:
        kind, equals, value = line[:1], line[1:2], line[2:]
        if equals != "=" or not kind.isalpha():
            raise invalid_offer()
        if kind == "m":
            words = value.split()
            if len(words) < 4 or not words[1].partition("/")[0].isdigit():
                raise invalid_offer()
            media.append(Media(words[0], words[2], words[3:], list(of_all)))
        elif kind == "a":
            (media[-1].attributes if media else of_all).append(value)
        elif not media:
            seen.add(kind)
    if not {"o", "s", "t"} <= seen or not any(_is_answered(each) and each.kind == "audio" for each in media):
        raise invalid_offer()
    return media


def _is_answered(media: Media) -> bool:
    """Whether it is a medium of ours, by all that WebRTC needs."""
    needed = ("ice-ufrag", "ice-pwd", "fingerprint", "mid")
    if any(media.attribute(name) is None for name in needed) or media.attribute("setup") not in _ROLES:
        return False
    if media.kind == "application":
        return media.formats == ["webrtc-datachannel"]
    return media.kind == "audio" and media.codec() is not None


def answer_to(media: list[Media], seed: bytes) -> str:
    """The answer to an offer that was read.

    Args:
        media: of the offer.
        seed: decides ids and keys.
    """
    answered = [each.attribute("mid") for each in media if _is_answered(each)]
    digits = hexadecimal(seed, 64, b"fingerprint").upper()
    fingerprint = ":".join(digits[place : place + 2] for place in range(0, 64, 2))
    session = int(hexadecimal(seed, 16, b"session"), 16) >> 2
    lines = [
        "v=0",
        f"o=- {session} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(str(mid) for mid in answered)}",
        "a=ice-lite",
        "a=msid-semantic: WMS *",
    ]
    connection = [
        f"a=ice-ufrag:{letters(seed, 4, b'ufrag')}",
        f"a=ice-pwd:{letters(seed, 24, b'pwd')}",
        f"a=fingerprint:sha-256 {fingerprint}",
    ]
    for each in media:
        lines += _answered(each, connection) if _is_answered(each) else _declined(each, connection)
    return "\r\n".join(lines) + "\r\n"


def _answered(media: Media, connection: list[str]) -> list[str]:
    common = [
        "c=IN IP4 127.0.0.1",
        *connection,
        f"a=setup:{_ROLES[media.attribute('setup') or 'actpass']}",
        f"a=mid:{media.attribute('mid')}",
        f"a=candidate:1 1 udp 2130706431 127.0.0.1 {_DISCARD} typ host",
        "a=end-of-candidates",
    ]
    codec = media.codec()
    if media.kind == "application" or codec is None:
        head = f"m=application {_DISCARD} {media.transport} webrtc-datachannel"
        return [head, *common, "a=sctp-port:5000", "a=max-message-size:262144"]
    payload, name = codec
    opus = [f"a=fmtp:{payload} minptime=10;useinbandfec=1"] if name.lower().startswith("opus") else []
    return [
        f"m=audio {_DISCARD} {media.transport} {payload}",
        *common,
        f"a={_DIRECTIONS[media.direction]}",
        "a=msid:realtime audio",
        "a=rtcp-mux",
        f"a=rtpmap:{payload} {name}",
        *opus,
    ]


def _declined(media: Media, connection: list[str]) -> list[str]:
    # Port 0 declines it; some clients (aiortc) want keys and codecs nevertheless.
    mid = media.attribute("mid")
    named = [] if mid is None else [f"a=mid:{mid}"]
    head = f"m={media.kind} 0 {media.transport} {' '.join(media.formats)}"
    role = _ROLES.get(media.attribute("setup") or "", "passive")
    codecs = [f"a={line}" for line in media.attributes if line.startswith(("rtpmap:", "fmtp:"))]
    return [head, "c=IN IP4 0.0.0.0", *connection, f"a=setup:{role}", *named, "a=inactive", "a=rtcp-mux", *codecs]
