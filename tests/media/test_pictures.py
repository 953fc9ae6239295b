from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from understudy.core.media import PicturePlan
from understudy.media import pictures
from understudy.media.picture_text import font
from understudy.media.pictures import PillowPainter
from understudy.media.provenance import C2paProvenance

painter = PillowPainter(C2paProvenance(on=False))
RED, BLUE = (217, 64, 58), (58, 112, 201)


def plan(**changes: object) -> PicturePlan:
    facts: dict[str, object] = {
        "prompt": "a lighthouse at dusk",
        "width": 1024,
        "height": 1024,
        "quality": "low",
        "seed": b"seed",
        **changes,
    }
    return PicturePlan(**facts)  # type: ignore[arg-type]  # facts are typed by the plan itself


def opened(file: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(file))
    picture.load()
    return picture


def painted(**changes: object) -> Image.Image:
    return opened(painter.paint(plan(**changes)))


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def areas(picture: Image.Image, colour: tuple[int, int, int], least: int = 400) -> int:
    """How many connected areas of exactly a colour a picture has, of at least so many pixels."""
    wanted = np.all(np.asarray(picture.convert("RGB")) == colour, axis=2)
    found = 0
    rows, columns = wanted.shape
    for row, column in zip(*np.nonzero(wanted), strict=True):
        if not wanted[row, column]:
            continue
        wanted[row, column] = False
        edge, count = [(row, column)], 0
        while edge:
            y, x = edge.pop()
            count += 1
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= near[0] < rows and 0 <= near[1] < columns and wanted[near]:
                    wanted[near] = False
                    edge.append(near)
        found += count >= least
    return found


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(16, 1600),
    height=st.integers(16, 1600),
    form=st.sampled_from(["png", "jpeg", "webp"]),
    quality=st.sampled_from(["low", "medium", "high"]),
    background=st.sampled_from(["opaque", "transparent"]),
    compression=st.integers(0, 100),
    style=st.sampled_from(["vivid", "natural"]),
    prompt=st.one_of(
        st.text(max_size=200),
        st.sampled_from(['20 cats and "words" at night', "12 birds over a house", "赤い花が9本", "five " * 900]),
    ),
)
def test_every_picture_decodes_to_what_was_asked(form: str, background: str, **facts: object) -> None:
    """Size, format and background, whatever the prompt."""
    picture = painted(format=form, background=background, **facts)
    assert picture.size == (facts["width"], facts["height"])
    assert picture.format == form.upper()
    if background == "opaque" or form == "jpeg":
        assert picture.mode == "RGB"
    else:
        assert picture.getchannel("A").getextrema()[0] == 0


def test_the_same_plan_gives_the_same_bytes_and_another_seed_another_picture() -> None:
    """Also from a painter that has drawn nothing yet."""
    fresh = PillowPainter(C2paProvenance(on=False))
    for prompt in ("a lighthouse at dusk", "joy"):
        assert fresh.paint(plan(prompt=prompt)) == painter.paint(plan(prompt=prompt))
        assert difference(painted(prompt=prompt), painted(prompt=prompt, seed=b"other")) > 8


def test_things_are_counted_coloured_and_labelled() -> None:
    """Three red apples and a blue cup are three red shapes and a blue one, each with a plate below it."""
    picture = painted(prompt="three red apples and a blue cup on a table")
    assert areas(picture, RED) == 3
    assert areas(picture, BLUE) == 1
    plates = painted(prompt="three red apples and a blue cup on a table", background="transparent")
    assert areas(plates, (255, 255, 255), 200) >= 4


@pytest.mark.parametrize("count", [1, 2, 5, 9, 14, 20])
def test_up_to_twenty_things_stand_apart(count: int) -> None:
    """On any shape of picture."""
    for width, height in ((1024, 1024), (1536, 640), (640, 1536)):
        picture = painted(prompt=f"{count} blue hexagons, nothing else", width=width, height=height)
        assert areas(picture, (132, 87, 184)) == 0
        assert areas(picture, BLUE) == count


def test_words_of_time_and_colour_choose_the_background() -> None:
    """Night is dark, snow is pale, and a background in a colour has that colour."""

    def brightness(prompt: str) -> float:
        return ImageStat.Stat(painted(prompt=prompt).crop((0, 0, 1024, 300)).convert("L")).mean[0]

    assert brightness("a house at night") < 90 < 190 < brightness("a house in the snow")
    red, green, blue = ImageStat.Stat(painted(prompt="a cat on a green background").crop((0, 0, 1024, 120))).mean
    assert green > red + 20
    assert green > blue + 20


@pytest.mark.parametrize(
    ("prompt", "words", "others"),
    [
        ('a sign that says "OPEN"', "OPEN", "SHUT"),
        ("「こんにちは」と書いた看板と猫", "こんにちは", "さようなら"),
        ("a cat beneath the words “Grün & Größe”", "Grün & Größe", "Blau & Länge!"),
    ],
)
def test_quoted_words_are_drawn_legibly(prompt: str, words: str, others: str) -> None:
    """The letters on the board are those words and no others, large enough to read."""
    letters = on_the_board(painted(prompt=prompt))
    assert letters.height > 40
    assert likeness(letters, words) > 0.85
    assert likeness(letters, others) < 0.6


def on_the_board(picture: Image.Image) -> Image.Image:
    """The letters of a sign, black and white, cut to their edges."""
    pixels = np.asarray(picture)
    board = np.argwhere(np.all(pixels == (44, 50, 74), axis=2))
    (top, left), (bottom, right) = board.min(0), board.max(0)
    edge = (bottom - top) // 10
    inside = picture.crop((left + edge, top + edge, right - edge, bottom - edge)).convert("L")
    letters = inside.point([255 if grey > 150 else 0 for grey in range(256)])
    return letters.crop(letters.getbbox())


def likeness(letters: Image.Image, words: str) -> float:
    """Correlation with the words as the font draws them."""
    drawn = Image.new("L", (2000, 300))
    ImageDraw.Draw(drawn).text((50, 50), words, 255, font(120), stroke_width=2)
    drawn = drawn.crop(drawn.getbbox())
    one, other = (np.asarray(each, dtype=float).ravel() for each in (letters.resize(drawn.size), drawn))
    return float(np.corrcoef(one, other)[0, 1])


def test_qualities_differ_visibly() -> None:
    """The higher, the more edges."""
    for prompt in ("a lighthouse at dusk", "two cats in a garden", "joy"):
        edges = [
            ImageStat.Stat(painted(prompt=prompt, quality=quality).convert("L").filter(ImageFilter.FIND_EDGES)).mean[0]
            for quality in ("low", "medium", "high")
        ]
        assert all(one * 1.03 < other for one, other in pairwise(edges))


def test_natural_pictures_are_muted() -> None:
    """Less saturated than vivid ones by a third at least."""
    vivid, natural = (
        ImageStat.Stat(painted(prompt="three red apples on grass", style=style).convert("HSV")).mean[1]
        for style in ("vivid", "natural")
    )
    assert natural < 0.67 * vivid


def test_a_transparent_background_is_transparent() -> None:
    """With opaque things on it; an opaque picture has no alpha channel at all."""
    picture = painted(prompt="a red apple", background="transparent", format="webp")
    alpha = np.asarray(picture.getchannel("A"))
    assert (alpha == 0).mean() > 0.4
    assert (np.asarray(picture)[alpha == 255][:, :3] == RED).all(axis=1).sum() > 20_000
    assert painted().mode == "RGB"


def test_the_caption_tells_the_request() -> None:
    """Other words, another model, another number of the picture: other pixels at the foot."""
    foot = (0, 930, 1024, 1024)
    first = painted(prompt="joy").crop(foot)
    for changes in ({"prompt": "jot"}, {"prompt": "joy", "model": "gpt-image-1"}, {"prompt": "joy", "quality": "high"}):
        assert difference(first, painted(**changes).crop(foot)) > 0.05


def test_compression_shows_in_the_size() -> None:
    """Of JPEG and WebP; least compression keeps WebP exactly as drawn."""
    for form in ("jpeg", "webp"):
        sizes = [
            len(painter.paint(plan(format=form, quality="high", compression=amount))) for amount in (0, 40, 80, 95)
        ]
        assert sizes == sorted(sizes)
        assert sizes[0] * 2 < sizes[-1]
    caption = (0, 0, 1024, 900)  # below it stands the format itself
    exact = painted(format="webp", quality="high").crop(caption)
    assert ImageChops.difference(exact, painted(quality="high").crop(caption)).getbbox() is None


def test_a_repeated_picture_is_at_hand_and_the_store_of_them_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept ones come at once; older ones make room."""
    monkeypatch.setattr(pictures, "CACHE_BYTES", 60_000)
    small = PillowPainter(C2paProvenance(on=False))
    for number in range(12):
        small.paint(plan(width=256, height=256, seed=bytes([number])))
    assert 0 < sum(map(len, small._finished.values())) <= 60_000
    first = small.paint(plan(width=256, height=256))
    assert small.paint(plan(width=256, height=256)) is first


@pytest.mark.parametrize("of", [1, 2, 3])
@pytest.mark.parametrize("background", ["opaque", "transparent"])
def test_partial_pictures_come_nearer_to_the_finished_one(of: int, background: str) -> None:
    """Each is a real picture of the full size, and its mean squared error is at most two thirds of the one before."""
    asked = plan(prompt="two cats and a red house in a garden", quality="high", background=background)
    finished = np.asarray(opened(painter.paint(asked)).convert("RGBA"), dtype=float)
    errors = []
    for step in range(of):
        partial = opened(painter.partial(asked, step, of))
        assert partial.size == (1024, 1024)
        assert partial.format == "PNG"
        errors.append(((np.asarray(partial.convert("RGBA"), dtype=float) - finished) ** 2).mean())
    assert errors[-1] > 1
    assert all(later < 0.67 * earlier for earlier, later in pairwise(errors))
