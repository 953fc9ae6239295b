"""The operations that the API's document names, for a word about those that are not simulated."""

from collections.abc import Callable, Mapping
from typing import Any

from understudy.core.routes import Route


class Documented:
    """Their names by method and path.

    Args:
        read: gives back the parsed `operations.toml`; asked once, when the first path is looked up.
    """

    __slots__ = ("_read", "_routes")

    def __init__(self, read: Callable[[], Mapping[str, Any]]) -> None:
        self._read = read
        self._routes: list[tuple[Route, Mapping[str, str]]] | None = None

    def operation(self, method: str, path: str) -> str | None:
        """The name of one, None where the document has none.

        Args:
            method: GET, POST, ...
            path: as requested.
        """
        if self._routes is None:
            # Paths without parameters are found before those with them.
            paths: Mapping[str, Mapping[str, str]] = self._read()["paths"]
            ordered = sorted(paths.items(), key=lambda entry: entry[0].count("{"))
            self._routes = [(Route(template), names) for template, names in ordered]
        segments = path.split("/")
        for route, names in self._routes:
            if method in names and route.match(segments) is not None:
                return names[method]
        return None
