"""Makes `docs/gallery.md` and its pictures: `python docs/make_gallery.py`.

Each example is painted as a server would paint it, made smaller, and written beside the page. Needs the extra `images`.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from understudy.core.media import EditPlan, PicturePlan, VariationPlan
from understudy.media.pictures import PillowPainter
from understudy.media.provenance import C2paProvenance

HERE = Path(__file__).parent
EDGE = 360
"""Pixels of the longer edge on the page."""
INTRODUCTION = """\
# Gallery

What Understudy draws. The prompt decides the scene, the things, their number and colours, and words in quotes; the band
at the foot tells which request made the picture. Same request, same seed, same picture. Made by
`python docs/make_gallery.py`; the pictures here are smaller than the real ones.
"""
_HOUSE = "a house and two trees in a meadow with a sun"

painter = PillowPainter(C2paProvenance(on=False))


def plan(prompt: str, **changes: Any) -> PicturePlan:
    """An ordinary request with some changes."""
    facts = {"width": 1024, "height": 1024, "quality": "medium", "seed": b"\0", "model": "gpt-image-1", **changes}
    return PicturePlan(prompt=prompt, **facts)


def _mask() -> bytes:
    mask = Image.new("RGBA", (1024, 1024), (0, 0, 0, 255))
    ImageDraw.Draw(mask).ellipse((520, 420, 980, 880), fill=(0, 0, 0, 0))
    file = BytesIO()
    mask.save(file, "PNG")
    return file.getvalue()


def sections() -> dict[str, list[tuple[str, str, bytes]]]:
    """For each heading: name, words and file of its pictures."""
    paint = painter.paint
    house = paint(plan(_HOUSE, quality="high"))
    guitar = paint(plan("a red guitar", width=1024, height=1536))
    bicycle = paint(plan("a blue bicycle", width=1536, height=1024))
    counted = "seven yellow ducks, five green frogs and a dozen eggs in a meadow"
    drawn: list[tuple[str, str, dict[str, Any]]] = [
        ("apples", "three red apples and a blue cup on a table", {}),
        ("lighthouse", "a lighthouse at dusk", {"width": 1536}),
        ("counted", counted, {"height": 1536, "quality": "high"}),
        ("night", "an owl and two cats in the city at night", {"quality": "high"}),
        ("open", 'A neon sign that says "OPEN 24H" above two cats', {"quality": "high"}),
        ("japanese", "3匹の黒い猫と「こんにちは、世界」の看板", {}),
        ("joy", "a quiet feeling of joy", {"quality": "high"}),
        ("unknown", "two purple zorbs beside a castle", {}),
    ]
    styles = [
        (style, f"style `{style}`", paint(plan(_HOUSE, style=style, model="dall-e-3")))
        for style in ("vivid", "natural")
    ]
    edits = [
        ("edit-input", "the input", house),
        (
            "edit-mask",
            "“a purple dragon”, under a round mask",
            painter.edit(EditPlan(plan("a purple dragon"), (house,), _mask())),
        ),
        *(
            (
                f"edit-{fidelity}",
                f"“add a yellow hat”, no mask, `input_fidelity` {fidelity}",
                painter.edit(EditPlan(plan("add a yellow hat"), (house,), None, fidelity)),
            )
            for fidelity in ("low", "high")
        ),
        (
            "edit-references",
            "“all of these together”, three input pictures",
            painter.edit(EditPlan(plan("all of these together"), (house, guitar, bicycle), None, "high")),
        ),
        ("variation", "a variation", painter.vary(VariationPlan(plan(""), house))),
    ]
    return {
        "What prompts say": [(name, f"“{prompt}”", paint(plan(prompt, **facts))) for name, prompt, facts in drawn],
        "Qualities": [
            (
                f"quality-{quality}",
                f"`{quality}`",
                paint(plan("a fox and a windmill in a snowy forest", quality=quality)),
            )
            for quality in ("low", "medium", "high")
        ],
        "Styles and backgrounds": [
            *styles,
            ("transparent", "`background` transparent", paint(plan("three hearts", background="transparent"))),
        ],
        "Edits and variations": edits,
        "Partial pictures of a stream": [
            (f"partial-{step}", f"partial {step}", painter.partial(plan(_HOUSE), step, 3)) for step in range(3)
        ],
    }


def page(found: dict[str, list[tuple[str, str, bytes]]]) -> str:
    """The page's text."""
    lines = [INTRODUCTION]
    for heading, examples in found.items():
        lines.append(f"## {heading}\n")
        for start in range(0, len(examples), 3):
            row = examples[start : start + 3]
            lines.append("| " + " | ".join(f"![{name}](gallery/{name}.webp)" for name, _, _ in row) + " |")
            lines.append("| " + " | ".join("---" for _ in row) + " |")
            lines.append("| " + " | ".join(words for _, words, _ in row) + " |\n")
    return "\n".join(lines)


def main() -> None:
    """Write the page and its pictures."""
    folder = HERE / "gallery"
    folder.mkdir(exist_ok=True)
    found = sections()
    for examples in found.values():
        for name, _, file in examples:
            picture: Image.Image = Image.open(BytesIO(file))
            picture.thumbnail((EDGE, EDGE), Image.Resampling.LANCZOS)
            picture.save(folder / f"{name}.webp", quality=80, method=6)
    (HERE / "gallery.md").write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
