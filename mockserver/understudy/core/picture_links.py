"""Pictures that an answer gave a link to: kept for as long as the link holds, within bounds of memory."""

from collections import OrderedDict
from hashlib import blake2b
from urllib.parse import quote

import msgspec

from understudy.core.clock import HOUR
from understudy.core.dates import http_date, iso_time
from understudy.core.messages import Answer

PREFIX = "/private/org-"
"""How the paths of links begin (recorded 2024 to 2025)."""
LIFETIME = HOUR
"""Links hold for 60 minutes (OpenAPI document)."""
BYTES_KEPT = 128 * 1024 * 1024
"""Of all pictures together; the oldest go first ("our choice")."""


class LinkedPicture(msgspec.Struct, frozen=True):
    """A picture behind a link.

    Attributes:
        data: the file.
        content_type: of it.
        query: of the link, which signs it.
        begins, expires: when the link holds, microseconds since the epoch.
    """

    data: bytes
    content_type: str
    query: str
    begins: int
    expires: int


class PictureLinks:
    """The links of one server, in the order they were made."""

    __slots__ = ("_kept", "_size")

    def __init__(self) -> None:
        self._kept: OrderedDict[str, LinkedPicture] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._size = 0

    def keep(self, data: bytes, content_type: str, organization: str, user: str, name: str, now: int) -> str:
        """Make a link: path and query.

        Args:
            data: the file.
            content_type: of it.
            organization: id of whose it is.
            user: what stands for the user in the path.
            name: of the file, without its ending; unique.
            now: microseconds since the epoch.
        """
        path = f"/private/{organization}/user-{user}/img-{name}.png"
        begins, expires = now - HOUR, now + LIFETIME
        query = (
            f"st={_moment(begins)}&se={_moment(expires)}&sp=r&sv=2024-08-04&sr=b&rscd=inline&rsct={content_type}"
            f"&skoid=00000000-0000-4000-8000-000000000000&sktid=00000000-0000-4000-8000-000000000001"
            f"&skt={_moment(begins)}&ske={_moment(now + 24 * HOUR)}&sks=b&skv=2024-08-04"
            f"&sig={_signature(path, expires)}"
        )
        # A name comes again when the very same request does, on a server that was reset.
        self._drop(path)
        self._kept[path] = LinkedPicture(data, content_type, query, begins, expires)
        self._size += len(data)
        while self._size > BYTES_KEPT and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))
        return f"{path}?{query}"

    def find(self, path: str) -> LinkedPicture | None:
        """The picture, also when its link has expired; None when there is none, or none any more."""
        return self._kept.get(path)

    def _drop(self, path: str) -> None:
        dropped = self._kept.pop(path, None)
        if dropped is not None:
            self._size -= len(dropped.data)


def blob_answer(found: LinkedPicture | None, query: bytes, request_id: str, now: int) -> Answer:
    """What the storage behind a link says: the file, or an error in its own words, which are XML.

    Args:
        found: the picture of the link's path.
        query: of the request; it must be the link's own.
        request_id: of the answer.
        now: microseconds since the epoch.
    """
    if found is None:
        return _storage_error(404, "BlobNotFound", "The specified blob does not exist.", "", request_id, now)
    if query.decode("latin-1") != found.query:
        detail = "Signature did not match. String to sign used was rl"
    elif now >= found.expires:
        moments = [http_date(moment).decode() for moment in (found.begins, found.expires, now)]
        detail = (
            "Signature not valid in the specified time frame: "
            f"Start [{moments[0]}] - Expiry [{moments[1]}] - Current [{moments[2]}]"
        )
    else:
        return Answer(200, [(b"content-type", found.content_type.encode())], found.data, sized=True)
    words = (
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        "including the signature."
    )
    return _storage_error(403, "AuthenticationFailed", words, detail, request_id, now)


def _storage_error(status: int, code: str, words: str, detail: str, request_id: str, now: int) -> Answer:
    """As Azure's blob storage lays it out (its documentation, "Status and error codes")."""
    more = f"<AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>" if detail else ""
    body = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{words}\n'
        f"RequestId:{request_id}\nTime:{iso_time(now)}</Message>{more}</Error>"
    )
    head = [(b"content-type", b"application/xml"), (b"x-ms-error-code", code.encode())]
    return Answer(status, head, body.encode(), sized=True)


def _moment(now: int) -> str:
    return quote(iso_time(now)[:19] + "Z", safe="")


def _signature(path: str, expires: int) -> str:
    digest = blake2b(f"{path} {expires}".encode(), digest_size=32).hexdigest()
    return quote(digest[:43] + "=", safe="")
