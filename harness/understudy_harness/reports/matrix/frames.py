"""What a server said over a WebSocket, from its bytes (RFC 6455, section 5.2; what servers send is not masked)."""

from collections.abc import Iterator

_OPCODES = {0: "continued", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
_PAYLOAD_SHOWN = 400


def frames(content: bytes) -> Iterator[str]:
    """A line for each frame: its kind, its size, and the beginning of what is in it; what is cut off is said."""
    position = 0
    while position + 2 <= len(content):
        first, second = content[position], content[position + 1]
        position += 2
        size = second & 0x7F
        if size >= 126:
            width = 2 if size == 126 else 8
            size = int.from_bytes(content[position : position + width], "big")
            position += width
        payload = content[position : position + size]
        position += size
        yield f"{_kind(first)}, {size:,} bytes: {_shown(first, payload)}{'' if len(payload) == size else ' (cut off)'}"
    if position < len(content):
        yield f"{len(content) - position} byte of a frame that was cut off"


def _kind(first: int) -> str:
    kind = _OPCODES.get(first & 0x0F, f"opcode {first & 0x0F}")
    more = [] if first & 0x80 else ["to be continued"]
    more += ["compressed"] if first & 0x40 else []
    return f"{kind} ({', '.join(more)})" if more else kind


def _shown(first: int, payload: bytes) -> str:
    if first & 0x0F == 8 and len(payload) >= 2:
        return f"{int.from_bytes(payload[:2], 'big')} {payload[2:].decode('utf-8', 'backslashreplace')}".rstrip()
    if first & 0x40 or first & 0x0F == 2:
        return payload[:32].hex(" ")
    words = payload.decode("utf-8", "backslashreplace")
    return words if len(words) <= _PAYLOAD_SHOWN else f"{words[:_PAYLOAD_SHOWN]}…"
