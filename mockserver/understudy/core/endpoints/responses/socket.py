"""WebSocket mode of responses: `response.create` in, the events of a stream out, one response at a time.

    client   {"type": "response.create", ...what POST /v1/responses takes, without `stream` and `background`}
    server   the stream's events, each as one text message
             {"type": "error", "error": {...}, "status": 400}      where there would have been no stream

Sources: OpenAI's guide "WebSocket mode" (2026), error messages as reported in 2026. Each `response.create` is a request
of its own through the whole pipeline: limits, charges, faults, rules, journal. `generate: false` makes nothing, and is
charged for its input alone ("our choice").
"""

from collections.abc import Iterator

from understudy.core import errors
from understudy.core.clock import MINUTE
from understudy.core.errors import ApiError
from understudy.core.messages import Answer, Connection, Request
from understudy.core.serialise import decode_object, encode, error_body

PATH = "/v1/responses"
LONGEST = 60 * MINUTE
"""That a connection stays open."""
_NOT_SENT = frozenset({b"upgrade", b"connection", b"origin", b"content-length"})
_LEFT_OUT = ("type", "stream", "background", "generate")


class ResponsesSocket:
    """One connection between messages and requests.

    Args:
        upgrade: the request that opened it.
        now: microseconds since the epoch.

    Attributes:
        deadline: when it is closed, microseconds since the epoch.
    """

    def __init__(self, upgrade: Request, now: int) -> None:
        self.deadline = now + LONGEST
        self._scheme = upgrade.scheme
        self._headers = {
            name: value
            for name, value in upgrade.headers.items()
            if name not in _NOT_SENT and not name.startswith(b"sec-websocket-")
        } | {b"content-type": b"application/json"}
        self._connection = Connection()

    def request(self, message: str | bytes) -> Request | bytes:
        """The request that a message asks for, or the event that refuses it (the words are "our choice")."""
        event = decode_object(message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message)
        if event is None:
            return refusal(errors.not_json())
        kind = event.get("type")
        if kind is None:
            return refusal(errors.missing("type"))
        if kind == "response.steer":
            return refusal(errors.not_simulated("The event 'response.steer' is"))
        if kind != "response.create":
            return refusal(errors.invalid_value("type", kind, ("response.create",)))
        generate = event.get("generate")
        if generate is not None and type(generate) is not bool:
            return refusal(errors.wrong_type("generate", "a boolean", generate))
        body = {name: value for name, value in event.items() if name not in _LEFT_OUT}
        request = Request("POST", PATH, dict(self._headers), encode({**body, "stream": True}))
        request.scheme = self._scheme
        self._connection.warms_up = generate is False
        request.connection = self._connection
        return request

    def refused(self, answer: Answer) -> bytes:
        """The event of an answer that is no stream; what was remembered is forgotten, as the guide says."""
        self._connection.forget()
        body = answer.body if isinstance(answer.body, bytes) else b""
        value = decode_object(body) or {"error": {"message": "The answer is no JSON.", "type": "server_error"}}
        return encode({"type": "error", **value, "status": answer.status})

    def overdue(self) -> bytes:
        """What is said when the connection was open for too long."""
        return refusal(
            errors.BadRequest(
                "Responses websocket connection limit reached (60 minutes). Create a new websocket connection to "
                "continue.",
                code="websocket_connection_limit_reached",
            )
        )


def refusal(error: ApiError) -> bytes:
    """The event of an error."""
    return encode({"type": "error", **(decode_object(error_body(error)) or {}), "status": error.status})


class Unframed:
    """The data of a stream's events, however its bytes are cut."""

    def __init__(self) -> None:
        self._held = b""

    def take(self, part: bytes) -> Iterator[bytes]:
        """The events that are whole now."""
        self._held += part.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        while True:
            event, blank, rest = self._held.partition(b"\n\n")
            if not blank:
                return
            self._held = rest
            data = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
            if data:
                yield b"\n".join(data)
