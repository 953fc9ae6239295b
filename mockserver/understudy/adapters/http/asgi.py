"""The shapes of ASGI, and reading a body within bounds."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLarge(Exception):
    """More bytes than are read; `read` says how many had come (or were announced)."""

    def __init__(self, read: int) -> None:
        super().__init__(f"{read} bytes")
        self.read = read


class ClientGone(Exception):
    """The client closed the connection before its request was whole."""


async def read_body(headers: dict[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """The whole body, refused while it is being read when it grows over `limit` bytes.

    Raises:
        BodyTooLarge: announced or read more than `limit`.
        ClientGone: the connection ended first.
    """
    announced = headers.get(b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > limit:
        raise BodyTooLarge(int(announced))
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise BodyTooLarge(len(body))
        return body
    parts = [body]
    read = len(body)
    while message.get("more_body"):
        if read > limit:
            raise BodyTooLarge(read)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        read += len(part)
        parts.append(part)
    if read > limit:
        raise BodyTooLarge(read)
    return b"".join(parts)
