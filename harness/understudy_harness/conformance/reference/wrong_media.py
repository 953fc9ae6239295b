"""Clients that are wrong about pictures, uploads, vectors, sound and lists, each in one way: groups 9 and 10."""

import struct
from base64 import b64decode
from collections.abc import Mapping
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from understudy_harness.conformance.case_inputs import PIXEL
from understudy_harness.conformance.reference.client import HttpAnswer, ReferenceClient
from understudy_harness.conformance.reference.events import EventReader
from understudy_harness.conformance.reference.media import Input, Media, PictureReader, Result, sha256


class _Fetcher(ReferenceClient):
    """Gets what is at a URL; without a key where it has none."""

    def head(self, path: str, length: int, content_type: str, method: str) -> bytes:
        head = super().head(path, length, content_type, method)
        return head if self.api_key else head.replace(b"Authorization: Bearer \r\n", b"")

    async def get(self, url: str) -> HttpAnswer:
        """Whatever the answer is."""
        parts = urlsplit(url)
        return await self.attempt(f"{parts.path}?{parts.query}", b"", method="GET")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class NeedsAnAddress(Media):
    """Believes that every picture has a URL."""

    async def picture(self, told: Mapping[str, Any]) -> Result:
        """Raises KeyError where there is none."""
        return {"url": told["url"]}


class FetchesWithItsKey(Media):
    """Fetches a picture as it asks for everything else."""

    key = True

    async def picture(self, told: Mapping[str, Any]) -> Result:
        """The bytes that are at its address."""
        if "url" not in told:
            return await super().picture(told)
        fetcher = _Fetcher(_origin(told["url"]), self.client.api_key if self.key else "")
        answer = await fetcher.get(told["url"])
        return {"sha256": sha256(bytes(answer.body))}


class TakesAnyPage(FetchesWithItsKey):
    """Fetches a picture without its key, and takes whatever it is given."""

    key = False


class AsksAgainWhenRefused(ReferenceClient):
    """Tries everything again."""

    def may_retry(self, status: int, attempt: int) -> bool:
        """Whatever the status."""
        return attempt < self.retries


class CountsPartials(Media):
    """Numbers the partial pictures as they come."""

    seen = 0

    def on_partial(self, data: bytes, index: int) -> None:
        """With a number of its own."""
        super().on_partial(data, self.seen)
        self.seen += 1


class _LastOneCounts(PictureReader):
    def partial(self, data: bytes, index: int) -> None:
        super().partial(data, index)
        self.picture = data


class TakesAPartial(Media):
    """Takes the best picture it has for the picture."""

    def new_reader(self) -> EventReader:
        """One that is content with any."""
        return _LastOneCounts(self.on_partial)


class SendsNoTypes(Media):
    """Leaves it to the server what a file is."""

    def file(self, upload: Mapping[str, str], content: bytes) -> bytes:
        """A part without a content type."""
        return super().file({**upload, "type": "application/octet-stream"}, content)


class RepeatsTheName(Media):
    """Sends two files under one name."""

    def file(self, upload: Mapping[str, str], content: bytes) -> bytes:
        """A part that is no member of a list."""
        return super().file(upload, content).replace(b'name="image[]"', b'name="image"')


class BreaksLines(Media):
    """Sends files as if they were text."""

    def file(self, upload: Mapping[str, str], content: bytes) -> bytes:
        """A part whose line ends have changed."""
        return super().file(upload, content.replace(b"\r\n", b"\n"))


class ReadsFilesOnce(ReferenceClient):
    """Has nothing left of a file when it tries again."""

    def body_of(self, body: bytes, attempt: int) -> bytes:
        """Without the files, but for the first attempt."""
        return body.replace(PIXEL, b"") if attempt else body


class ReadsTheOtherWay(Media):
    """Reads numbers with the most significant byte first."""

    def unpacked(self, data: bytes) -> list[float]:
        """Other numbers, and zero for what is none."""
        return [number if isfinite(number) else 0.0 for (number,) in struct.iter_unpack(">f", data)]


class TakesListsForBytes(Media):
    """Unpacks whatever it is given."""

    def vector(self, told: Any) -> list[float]:
        """The numbers of a list as if each were a byte."""
        data = b64decode(told) if isinstance(told, str) else bytes(int(abs(number)) % 256 for number in told)
        return self.unpacked(data[: len(data) // 4 * 4])


class KeepsHalfASound(ReferenceClient):
    """Takes what came of a sound for all of it."""

    async def cut_short(self, answer: HttpAnswer) -> None:
        """Nothing is said."""


class ReadsOnePage(Media):
    """Believes that a list is what came."""

    def goes_on(self, page: Mapping[str, Any]) -> bool:
        """Never."""
        return False


class AsksForOnePageMore(Media):
    """Asks for pages until there is an empty one."""

    def goes_on(self, page: Mapping[str, Any]) -> bool:
        """Whatever the server says about it."""
        return bool(page["data"])


class RepeatsTheEnds(Media):
    """Asks for a page that begins with the last object of the page before."""

    async def list_all(self, input: Input) -> Result:
        """With that object twice."""
        told = await super().list_all(input)
        size = input["limit"]
        items = told["items"]
        return {"items": [id for place, id in enumerate(items) for _ in range(2 if place % size == size - 1 else 1)]}


def _with(media: type[Media]) -> type[ReferenceClient]:
    """A client that is wrong about these calls alone."""
    return type(media.__name__, (ReferenceClient,), {"media": media, "__doc__": media.__doc__})


WRONG_ABOUT_MEDIA: dict[str, type[ReferenceClient]] = {
    "needs-an-address": _with(NeedsAnAddress),
    "fetches-with-its-key": _with(FetchesWithItsKey),
    "takes-any-page": _with(TakesAnyPage),
    "asks-again-when-refused": AsksAgainWhenRefused,
    "counts-partials": _with(CountsPartials),
    "takes-a-partial": _with(TakesAPartial),
    "sends-no-types": _with(SendsNoTypes),
    "repeats-the-name": _with(RepeatsTheName),
    "breaks-lines": _with(BreaksLines),
    "reads-files-once": ReadsFilesOnce,
    "reads-the-other-way": _with(ReadsTheOtherWay),
    "takes-lists-for-bytes": _with(TakesListsForBytes),
    "keeps-half-a-sound": KeepsHalfASound,
    "reads-one-page": _with(ReadsOnePage),
    "asks-for-one-page-more": _with(AsksForOnePageMore),
    "repeats-the-ends": _with(RepeatsTheEnds),
}
"""Each by the name under which the driver takes it."""
