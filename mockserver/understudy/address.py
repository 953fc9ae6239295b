"""Where a server is reached."""

from ipaddress import ip_address

import msgspec


class Address(msgspec.Struct, frozen=True):
    """Where a server is reached, and by which URLs.

    Attributes:
        host: that is listened on.
        port: the same, never 0.
        tls: whether https and wss are spoken.
    """

    host: str
    port: int
    tls: bool

    @property
    def base_url(self) -> str:
        """What a client is pointed at, with `/v1`."""
        return f"{self._origin('http')}/v1"

    @property
    def websocket_base_url(self) -> str:
        """The same for WebSockets, for clients that do not derive it."""
        return f"{self._origin('ws')}/v1"

    @property
    def control_url(self) -> str:
        """The control API."""
        return f"{self._origin('http')}/_understudy"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def reachable_host(self) -> str:
        """The host as a client of this machine calls it: one cannot connect to "all addresses"."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound

    def _origin(self, scheme: str) -> str:
        host = self.reachable_host
        return f"{scheme}{'s' if self.tls else ''}://{f'[{host}]' if ':' in host else host}:{self.port}"
