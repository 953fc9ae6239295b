"""Writes `reference/endpoints.md`: what of the API is simulated, from the document's operations and the routes.

Run it after an endpoint was added: `python docs/make_endpoints.py`. A test tells when the page is old.
"""

from __future__ import annotations

from pathlib import Path

from understudy.core.api import build_routes
from understudy.core.replies.moderation import Moderation
from understudy_data import toml

PAGE = Path(__file__).parent / "reference" / "endpoints.md"
_HEAD = """# Endpoints

Made by `docs/make_endpoints.py` from the operations of the OpenAPI document and the paths of the server. What is not
simulated answers 501 with the code `not_simulated`, naming the operation; a path that no operation has answers 404.

"""


def _shape(path: str) -> str:
    """A path whatever its parameters are called."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def served() -> set[tuple[str, str]]:
    """Method and shape of every path that is answered."""
    return {
        (method, _shape(route.template))
        for route in build_routes(Moderation(toml("moderation.toml")))
        for method in route.methods
    }


def page() -> str:
    """The page's text."""
    answered = served()
    paths: dict[str, dict[str, str]] = toml("operations.toml")["paths"]
    done: list[str] = []
    left: dict[str, list[str]] = {}
    for path, operations in paths.items():
        for method, name in operations.items():
            if (method, _shape(path)) in answered:
                done.append(f"| {method} | `{path}` | `{name}` |")
            else:
                left.setdefault(path.split("/")[2], []).append(f"{method} `{path}`")
    missing = sum(map(len, left.values()))
    lines = [f"## Simulated: {len(done)} of {len(done) + missing} documented operations", ""]
    lines += ["| method | path | operation |", "| --- | --- | --- |", *done, ""]
    lines += ["## Not simulated", "", "| part | operations |", "| --- | --- |"]
    lines += [f"| {part} | {', '.join(operations)} |" for part, operations in left.items()]
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
