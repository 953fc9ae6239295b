"""Clients that are wrong about their settings and their key, each in one way: group 14."""

from collections.abc import Mapping
from typing import Any, NoReturn

from understudy_harness.conformance.reference.client import CallFailed, HttpAnswer, ReferenceClient


class DoublesTheSlash(ReferenceClient):
    """Puts its path behind the base URL as that is written."""

    def target(self, path: str) -> str:
        """With two slashes where the base URL ends in one."""
        return self._url.path + super().target(path).removeprefix(self._url.path.rstrip("/"))


class AddsAVersion(ReferenceClient):
    """Believes that no base URL has a version."""

    def target(self, path: str) -> str:
        """With one more."""
        return super().target(f"/v1{path}")


class DropsThePrefix(ReferenceClient):
    """Keeps of the base URL the host alone."""

    def target(self, path: str) -> str:
        """At the root of the server."""
        return super().target(path).replace(self._url.path.rstrip("/"), "/v1", 1)


class DropsTheQuery(ReferenceClient):
    """Keeps of the base URL all but its query."""

    def target(self, path: str) -> str:
        """Without what the base URL ends in."""
        return super().target(path).partition("?")[0]


class SendsItsKeyTwice(ReferenceClient):
    """Sends its key in a second header, for servers that want it there."""

    def head(self, path: str, length: int, content_type: str, method: str) -> bytes:
        """With an api-key."""
        head = super().head(path, length, content_type, method)
        return head.replace(b"\r\n", b"\r\napi-key: %b\r\n" % self.api_key.encode(), 1)


class SendsEmptyHeaders(ReferenceClient):
    """Sends headers also where it has nothing to say in them."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.headers = {"OpenAI-Organization": "", "OpenAI-Project": "", **self.headers}


class ForgetsTheProject(ReferenceClient):
    """Takes a project and never mentions it."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.headers.pop("OpenAI-Project", None)


class LogsItsKey(ReferenceClient):
    """Logs its requests to the letter."""

    def logged(self, head: str) -> str:
        """All of it."""
        return head


class ShowsItsKey(ReferenceClient):
    """Keeps the request in its errors, for whoever looks into them."""

    def give_up(self, answer: HttpAnswer, named: float | None) -> NoReturn:
        """Raises an error whose `repr` has the headers of the request in it."""
        try:
            super().give_up(answer, named)
        except CallFailed as failed:
            raise _Showing(failed, {"Authorization": f"Bearer {self.api_key}"}) from None


class _Showing(CallFailed):
    def __init__(self, failed: CallFailed, headers: Mapping[str, str]) -> None:
        super().__init__(failed.kind, str(failed), status=failed.status, code=failed.code)
        self._headers = headers

    def __repr__(self) -> str:
        return f"CallFailed({str(self)!r}, headers={self._headers})"


WRONG_ABOUT_SETTINGS: dict[str, type[ReferenceClient]] = {
    "doubles-the-slash": DoublesTheSlash,
    "adds-a-version": AddsAVersion,
    "drops-the-prefix": DropsThePrefix,
    "drops-the-query": DropsTheQuery,
    "sends-its-key-twice": SendsItsKeyTwice,
    "sends-empty-headers": SendsEmptyHeaders,
    "forgets-the-project": ForgetsTheProject,
    "logs-its-key": LogsItsKey,
    "shows-its-key": ShowsItsKey,
}
"""Each by the name under which the driver takes it."""
