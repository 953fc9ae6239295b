"""The frame of every page: style, icons, and the policy that nothing is run or loaded."""

from importlib.resources import files

from understudy_harness.reports.markup import Markup, element
from understudy_harness.reports.matrix.icons import SYMBOLS

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, body: Markup) -> bytes:
    """A whole document."""
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup(style)),
    )
    whole = element("html", head, element("body", SYMBOLS, element("main", body)), lang="en")
    return f"<!doctype html>\n{whole}\n".encode()
