"""Calls that escape to the real API: nothing leaves, and the test fails, even if it swallows the error."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

REAL = ("openai.com", "chatgpt.com")
"""Domains, with all that is below them."""
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")


class EscapedCall(ConnectionError):
    """A call to the real API out of a test that uses Understudy.

    Attributes:
        host: that was to be called.
    """

    def __init__(self, host: str, sentence: str) -> None:
        super().__init__(sentence)
        self.host = host


class EscapeGuard:
    """While it stands, names of the real API cannot be looked up in this process.

    Args:
        patched: whether the test relies on `mockserver_patch`, which sees httpx and httpx2 alone.

    Attributes:
        escaped: hosts that were asked for, in order, each once.
    """

    def __init__(self, *, patched: bool = False) -> None:
        self.escaped: list[str] = []
        self._patched = patched
        self._real: dict[str, Callable[..., Any]] = {}
        self._variables: dict[str, str | None] = {}

    def sentence(self, host: str) -> str:
        """What a test is told that lets a call out."""
        stopped = f"A call went to {host}, not to the mock server, and was stopped: "
        if self._patched:
            stopped += "mockserver_patch answers httpx and httpx2 at api.openai.com alone; for everything else "
        return stopped + "give the client base_url=mockserver.base_url, or use the fixture mockserver_env."

    def start(self) -> None:
        """Stand."""
        for name in _LOOKUPS:
            self._real[name] = getattr(socket, name)
            setattr(socket, name, self._watched(self._real[name]))
        if any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXIES):
            # A proxy would look the name up itself: without it, the client does.
            for name in ("no_proxy", "NO_PROXY"):
                before = self._variables[name] = os.environ.get(name)
                os.environ[name] = ",".join(filter(None, (before, *REAL, *(f".{domain}" for domain in REAL))))

    def stop(self) -> None:
        """Stand no more."""
        for name, real in self._real.items():
            setattr(socket, name, real)
        for name, before in self._variables.items():
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
        self._real, self._variables = {}, {}

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def looked_up(host: Any, *arguments: Any, **named: Any) -> Any:
            name = host.decode("latin-1") if isinstance(host, bytes) else host
            if isinstance(name, str) and _is_real(name):
                if name not in self.escaped:
                    self.escaped.append(name)
                raise EscapedCall(name, self.sentence(name))
            return real(host, *arguments, **named)

        return looked_up


def _is_real(host: str) -> bool:
    host = host.rstrip(".").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in REAL)
