from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from understudy.core.media import EditPlan, PicturePlan, VariationPlan
from understudy.media.pictures import PillowPainter
from understudy.media.provenance import C2paProvenance

painter = PillowPainter(C2paProvenance(on=False))
CLEAR = (0, 0, 0, 0)


def result(prompt: str = "a purple dragon", **changes: Any) -> PicturePlan:
    return PicturePlan(**{"prompt": prompt, "width": 512, "height": 512, "quality": "low", "seed": b"seed", **changes})


def file_of(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def pixels(file: bytes, mode: str = "RGBA") -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)).convert(mode))


def noise(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    shape = (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), mode)


def photo() -> Image.Image:
    """Something with edges and smooth parts."""
    return Image.open(
        io.BytesIO(painter.paint(result("a house and two trees in a meadow with a sun", quality="high")))
    ).convert("RGB")


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM of two grey pictures over windows of 8 by 8 (Wang et al., 2004)."""

    def windows(grey: np.ndarray) -> np.ndarray:
        height, width = (edge // 8 * 8 for edge in grey.shape)
        cut = grey[:height, :width].astype(float).reshape(height // 8, 8, width // 8, 8)
        return cut.transpose(0, 2, 1, 3).reshape(-1, 64)

    x, y = windows(one), windows(other)
    both = ((x - x.mean(1, keepdims=True)) * (y - y.mean(1, keepdims=True))).mean(1)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    light = (2 * x.mean(1) * y.mean(1) + c1) / (x.mean(1) ** 2 + y.mean(1) ** 2 + c1)
    return float((light * (2 * both + c2) / (x.var(1) + y.var(1) + c2)).mean())


@st.composite
def masks(draw: Any) -> Image.Image:
    """Masks with holes of random shape; what surrounds them may be partly transparent, but never fully."""
    size = draw(st.integers(24, 300)), draw(st.integers(24, 300))
    mask = Image.new("RGBA", size, (0, 0, 0, draw(st.sampled_from([255, 255, 128, 1]))))
    pen = ImageDraw.Draw(mask)
    corner = st.tuples(st.integers(0, size[0] - 1), st.integers(0, size[1] - 1))
    for corners in draw(st.lists(st.lists(corner, min_size=3, max_size=6), min_size=1, max_size=4)):
        pen.polygon(corners, fill=CLEAR)
    return mask


@settings(max_examples=40, deadline=None)
@given(
    mask=masks(),
    mode=st.sampled_from(["RGB", "RGBA"]),
    form=st.sampled_from(["png", "webp"]),
    fidelity=st.sampled_from(["low", "high"]),
    background=st.sampled_from(["opaque", "transparent"]),
)
def test_only_the_hole_of_a_mask_changes(
    mask: Image.Image, mode: str, form: str, fidelity: str, background: str
) -> None:
    """Every other pixel comes back with the value it had, alpha included; within it nearly everything is new."""
    before = noise(*mask.size, mode)
    plan = EditPlan(
        result(width=mask.width, height=mask.height, format=form, background=background),
        (file_of(before),),
        file_of(mask),
        fidelity,
    )
    after = pixels(painter.edit(plan))
    hole = np.asarray(mask)[:, :, 3] == 0
    same = (after == np.asarray(before.convert("RGBA"))).all(axis=2)
    assert same[~hole].all()
    assert not hole.any() or same[hole].mean() < 0.02


def test_jpeg_keeps_what_is_outside_within_its_loss() -> None:
    """Two blocks away from the hole the mean error is below two of 255."""
    mask = Image.new("RGBA", (512, 512), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((200, 200, 399, 399), fill=CLEAR)
    before = photo()
    edited = painter.edit(EditPlan(result(format="jpeg", compression=95), (file_of(before),), file_of(mask)))
    error = np.abs(pixels(edited, "RGB").astype(int) - np.asarray(before))
    error[184:416, 184:416] = 0
    assert error.mean() < 2
    assert (
        np.abs(pixels(edited, "RGB")[200:400, 200:400].astype(int) - np.asarray(before)[200:400, 200:400]).mean() > 10
    )


def test_what_the_prompt_says_stands_in_the_hole() -> None:
    """A red heart, and nowhere else."""
    mask = Image.new("RGBA", (512, 512), (0, 0, 0, 255))
    ImageDraw.Draw(mask).ellipse((40, 40, 280, 280), fill=CLEAR)
    edited = painter.edit(
        EditPlan(result("a red heart"), (file_of(Image.new("RGB", (512, 512), "white")),), file_of(mask))
    )
    red = (pixels(edited, "RGB") == (217, 64, 58)).all(axis=2)
    assert red[40:280, 40:280].sum() > 2_000
    assert red.sum() == red[40:280, 40:280].sum()


def test_high_fidelity_keeps_measurably_more_than_low() -> None:
    """SSIM with the input, of a drawing and of one with the grain of a photograph."""
    grained = Image.blend(photo(), noise(512, 512), 0.12)
    for before, least, most in ((photo(), 0.95, 0.9), (grained, 0.93, 0.75)):
        found = {}
        for fidelity in ("low", "high"):
            edited = painter.edit(EditPlan(result("make it a watercolour"), (file_of(before),), None, fidelity))
            found[fidelity] = similarity(np.asarray(before.convert("L")), pixels(edited, "L"))
        assert found["high"] > least
        assert found["low"] < most


@pytest.mark.parametrize("count", [2, 5, 16])
def test_every_reference_picture_shows_in_the_result(count: int) -> None:
    """Each with its own colour, on a hundred pixels at least."""
    colours = [(15 * number, 255 - 13 * number, (97 * number) % 256) for number in range(count)]
    files = tuple(file_of(Image.new("RGB", (40 + 9 * number, 64), colour)) for number, colour in enumerate(colours))
    for mask in (None, file_of(Image.new("RGBA", (40, 64), CLEAR))):
        seen = pixels(painter.edit(EditPlan(result("a gift basket", width=1024, height=1024), files, mask)), "RGB")
        for colour in colours[1:] if mask else colours:
            assert (np.abs(seen.astype(int) - colour).max(axis=2) <= 3).sum() > 100


def test_a_result_of_another_size_shows_the_scaled_picture() -> None:
    """Scaled to cover it, and untouched outside the scaled hole."""
    before = photo()
    mask = Image.new("RGBA", (512, 512), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((0, 0, 99, 511), fill=CLEAR)
    after = pixels(painter.edit(EditPlan(result(width=1024, height=1024), (file_of(before),), file_of(mask))), "RGB")
    scaled = np.asarray(before.resize((1024, 1024), Image.Resampling.LANCZOS))
    assert after.shape == (1024, 1024, 3)
    assert (after[:, 200:] == scaled[:, 200:]).all()
    assert (after[:, :200] != scaled[:, :200]).any(axis=2).mean() > 0.5


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        ("PNG", "1"),
        ("PNG", "L"),
        ("PNG", "LA"),
        ("PNG", "P"),
        ("PNG", "I;16"),
        ("JPEG", "CMYK"),
        ("JPEG", "L"),
        ("GIF", "P"),
        ("WEBP", "RGBA"),
    ],
)
def test_inputs_of_every_kind_are_edited(form: str, mode: str) -> None:
    """Grey, palettes, sixteen bits, four inks: what was bright stays bright."""
    source = Image.new("L", (64, 64), 200)
    picture = (
        Image.fromarray(np.full((64, 64), 200 * 257, np.uint16))
        if mode == "I;16"
        else source.convert("RGB").convert(mode)
    )
    mask = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    after = pixels(painter.edit(EditPlan(result(width=64, height=64), (file_of(picture, form),), file_of(mask))), "L")
    assert abs(float(after.mean()) - (200 if mode != "1" else float(np.asarray(picture).mean() * 255))) < 6


@pytest.mark.parametrize(
    ("picture", "mask", "words"),
    [
        (b"text", None, "unknown_format"),
        (file_of(noise(9, 9))[:-30], None, "broken"),
        (file_of(noise(9, 9)), file_of(noise(9, 8, "RGBA")), "The mask has"),
        (file_of(noise(9, 9)), file_of(noise(9, 9)), "no alpha"),
    ],
)
def test_what_the_reader_should_have_refused_is_an_error(picture: bytes, mask: bytes | None, words: str) -> None:
    """One sentence, never half a picture."""
    with pytest.raises(ValueError, match=words):
        painter.edit(EditPlan(result(), (picture,), mask))


def test_variations_resemble_their_picture_and_differ_from_each_other() -> None:
    """Nearer to the input than another picture is; two seeds give two pictures, one seed the same bytes."""
    before = photo()
    plans = [VariationPlan(result("", seed=seed), file_of(before)) for seed in (b"one", b"two")]
    first, second = (painter.vary(plan) for plan in plans)
    assert first != second
    assert PillowPainter(C2paProvenance(on=False)).vary(plans[0]) == first

    def distance(file: bytes) -> float:
        return float(np.abs(pixels(file, "L").astype(int) - np.asarray(before.convert("L"))).mean())

    other = painter.paint(result("a car at night"))
    assert 1 < distance(first) < distance(other) / 2
    assert pixels(painter.vary(VariationPlan(result("", width=256, height=256), file_of(before)))).shape[:2] == (
        256,
        256,
    )


def test_partial_pictures_of_an_edit_come_nearer_to_it() -> None:
    """As those of a new picture."""
    plan = EditPlan(result("a yellow hat"), (file_of(photo()),), None, "high")
    finished = pixels(painter.edit(plan)).astype(int)
    errors = [np.square(pixels(painter.partial(plan, step, 3)) - finished).mean() for step in range(3)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 2 * errors[2] > 0


def test_finished_edits_hold_no_uploads() -> None:
    """What is kept of an edit is its file and the digests of what was sent."""
    own = PillowPainter(C2paProvenance(on=False))
    upload = file_of(noise(64, 64))
    own.edit(EditPlan(result(), (upload,), None))
    assert upload not in str(own._finished.keys()).encode("latin-1", "replace")
    assert all(len(part) == 32 for key in own._finished for part in key[1])
