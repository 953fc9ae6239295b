"""Which operation a method and a path name."""

from collections.abc import Iterator
from typing import Protocol
from urllib.parse import unquote

from understudy.core.accounts import Account
from understudy.core.catalog import Catalog
from understudy.core.messages import Request
from understudy.core.operations import Operation
from understudy.core.visits import Backend


class Lookup(Protocol):
    """An operation that only reads: it costs nothing and is not limited.

    Attributes:
        proxied: whether its answers carry `x-openai-proxy-wasm`.
    """

    proxied: bool

    def look_up(self, request: Request, names: dict[str, str], account: Account, catalog: Catalog, era: int) -> bytes:
        """The body of the 200; raises ApiError.

        Args:
            request: as it arrived.
            names: what stands in the place of the path's parameters.
            account: whose call it is.
            catalog: the models.
            era: the date that holds, microseconds since the epoch.
        """


class Route:
    """One path template and what may be done with it.

    Attributes:
        template: `/v1/models/{model}`.
        metered: limited and charged operations by method.
        lookups: free ones by method.
        backends: operations that decide about their own limits, by method.
    """

    __slots__ = ("_segments", "backends", "lookups", "metered", "template")

    def __init__(self, template: str) -> None:
        self.template = template
        self.metered: dict[str, Operation] = {}
        self.lookups: dict[str, Lookup] = {}
        self.backends: dict[str, Backend] = {}
        self._segments = template.split("/")

    @property
    def methods(self) -> list[str]:
        """The methods of the path, in the order they were added."""
        return [*self.metered, *self.lookups, *self.backends]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The path's parameters when it fits the template, else None."""
        if len(segments) != len(self._segments):
            return None
        names = {}
        for wanted, found in zip(self._segments, segments, strict=True):
            if wanted.startswith("{"):
                if not found:
                    return None
                names[wanted[1:-1]] = unquote(found)
            elif wanted != found:
                return None
        return names


class Routes:
    """All paths of the API. A path without parameters is found by one look into a dict."""

    def __init__(self) -> None:
        self._exact: dict[str, Route] = {}
        self._templates: dict[str, Route] = {}

    def __iter__(self) -> Iterator[Route]:
        """Every route, paths without parameters first."""
        yield from self._exact.values()
        yield from self._templates.values()

    def meter(self, method: str, template: str, operation: Operation) -> None:
        """Add a limited and charged operation."""
        self._route(template).metered[method] = operation

    def look_up(self, method: str, template: str, operation: Lookup) -> None:
        """Add a free operation that only reads."""
        self._route(template).lookups[method] = operation

    def answer(self, method: str, template: str, operation: Backend) -> None:
        """Add an operation that decides about its own limits."""
        self._route(template).backends[method] = operation

    def find(self, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a path and its parameters."""
        route = self._exact.get(path)
        if route is not None:
            return route, {}
        segments = path.split("/")
        for route in self._templates.values():
            names = route.match(segments)
            if names is not None:
                return route, names
        return None

    def _route(self, template: str) -> Route:
        routes = self._templates if "{" in template else self._exact
        if template not in routes:
            routes[template] = Route(template)
        return routes[template]
