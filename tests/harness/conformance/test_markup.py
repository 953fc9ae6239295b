import re

from understudy_harness.reports.markup import Markup, element, joined, text


def test_text_cannot_become_markup() -> None:
    """In an element, in an attribute, in a list."""
    hostile = "</script><script>alert('1')</script>&amp;\""
    written = element("p", hostile, [hostile, None, Markup("<b></b>")], title=hostile)
    assert re.findall("<[^>]*>", re.sub('"[^"]*"', '""', written)) == ['<p title="">', "<b>", "</b>", "</p>"]
    assert written.count("&lt;/script&gt;") == 6
    assert "&amp;amp;" in written


def test_what_no_reader_could_see_is_shown_by_its_number() -> None:
    """NUL, escape, C1, direction overrides, halves of a pair; tabs and line ends stay."""
    assert text("a\x00\x1b[1m\x9b\u202eb\ud800\t\n") == "a\\u0000\\u001b[1m\\u009b\\u202eb\\ud800\t\n"


def test_attributes_have_their_own_spelling() -> None:
    """`class_`, hyphens, those without a value, those that are left out; void elements have no end."""
    assert element("input", class_="a", aria_label="b", checked=True, name=None, hidden=False) == (
        '<input class="a" aria-label="b" checked>'
    )
    assert joined("a", None, ["<", Markup("<br>")]) == "a&lt;<br>"
