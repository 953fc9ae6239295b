"""An SVG badge of one report: how many cases of MUST and of SHOULD were passed. It is made here, by no service.

The text is text; its width is that of DejaVu Sans, told to the renderer (`textLength`), so that it fits in any font.
"""

from understudy_harness.reports.markup import Markup, element
from understudy_harness.reports.reading import Report

LABEL = "OpenAI client conformance"
_GOOD, _UNKNOWN, _BAD, _LEFT = "#2b7a3f", "#6b6f76", "#c22f2f", "#3f444b"
_SIZE, _HEIGHT, _PADDING = 11, 20, 7
_ADVANCE = {
    letter: width
    for width, letters in (
        (278, "ijl"), (295, "IJ"), (318, " ,.·"), (337, "/:|"), (352, "f"), (361, "-"), (392, "t"), (411, "r"),
        (521, "s"), (525, "z"), (550, "c"), (557, "L"), (575, "F"), (579, "k"), (592, "vxy"), (603, "P"), (611, "TY"),
        (612, "o"), (613, "a"), (615, "e"), (632, "E"), (635, "nhubdgpqS"), (636, "0123456789"), (656, "K"),
        (685, "AVXZB"), (696, "RC"), (732, "U"), (750, "NH"), (772, "DG"), (787, "OQ"), (818, "w"), (863, "M"),
        (974, "m"), (989, "W"),
    )
    for letter in letters
}  # fmt: skip
"""Advance widths of DejaVu Sans in thousandths of its size (measured 2026-11-30)."""


def badge(report: Report) -> bytes:
    """The badge, an SVG document.

    It is red when a MUST was failed, grey when parts of the suite say nothing about the client (unsupported, or a MUST
    that was not judged), else green.
    """
    must, should = report.totals("must"), report.totals("should")
    words = f"MUST {must[0]}/{must[1]} · SHOULD {should[0]}/{should[1]}"
    left, right = _width(LABEL), _width(words)
    edge, whole = left + 2 * _PADDING, left + right + 4 * _PADDING
    title = f"{LABEL} of {report.client.title}, {report.started_at[:10]}: {_in_words(report)}"

    def text(words: str, x: int, width: int) -> Markup:
        return element("text", words, x=str(x), y="14", textLength=str(width), lengthAdjust="spacingAndGlyphs")

    picture = element(
        "svg",
        element("title", title),
        element(
            "g",
            element("rect", width=str(edge), height=str(_HEIGHT), fill=_LEFT),
            element("rect", x=str(edge), width=str(whole - edge), height=str(_HEIGHT), fill=_colour(report)),
            clip_path="inset(0 round 3px)",
        ),
        element(
            "g",
            text(LABEL, _PADDING, left),
            text(words, edge + _PADDING, right),
            fill="#fff",
            font_family="Verdana,Geneva,DejaVu Sans,sans-serif",
            font_size=str(_SIZE),
        ),
        xmlns="http://www.w3.org/2000/svg",
        width=str(whole),
        height=str(_HEIGHT),
        role="img",
        aria_label=title,
    )
    return f"{picture}\n".encode()


def _in_words(report: Report) -> str:
    must, should = report.totals("must"), report.totals("should")
    told = [f"{must[0]} of {must[1]} MUST and {should[0]} of {should[1]} SHOULD passed"]
    counts = {"failed in silence": report.silent, "unclean": report.unclean, "unsupported": report.count("UNSUPPORTED")}
    return ", ".join(told + [f"{count} {what}" for what, count in counts.items() if count])


def _colour(report: Report) -> str:
    passed, judged = report.totals("must")
    if passed < judged:
        return _BAD
    unknown = report.count("UNSUPPORTED") or judged < sum(case.level == "must" for case in report.cases) or not judged
    return _UNKNOWN if unknown else _GOOD


def _width(text: str) -> int:
    return round(sum(_ADVANCE[letter] for letter in text) * _SIZE / 1000)
