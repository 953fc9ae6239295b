from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from understudy.core.media import PicturePlan
from understudy.media.pictures import PillowPainter
from understudy.media.provenance import C2paProvenance

painter = PillowPainter(C2paProvenance())


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


def painted(**changes: object) -> Image.Image:
    picture = Image.open(io.BytesIO(painter.paint(plan(**changes))))
    picture.load()
    return picture


@settings(max_examples=24, deadline=None)
@given(
    size=st.sampled_from([(256, 256), (1024, 1536), (1536, 1024), (640, 1136)]),
    form=st.sampled_from(["png", "jpeg", "webp"]),
    quality=st.sampled_from(["low", "medium", "high"]),
    prompt=st.text(max_size=200),
)
def test_every_picture_decodes_to_exactly_its_size(size: tuple[int, int], form: str, quality: str, prompt: str) -> None:
    """In its format, whatever the prompt."""
    picture = painted(width=size[0], height=size[1], format=form, quality=quality, prompt=prompt)
    assert picture.size == size
    assert picture.format == form.upper()


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def test_the_same_plan_gives_the_same_bytes_and_another_seed_another_picture() -> None:
    """Also from a painter that has drawn nothing yet."""
    assert PillowPainter(C2paProvenance()).paint(plan()) == painter.paint(plan())
    assert difference(painted(), painted(seed=b"other")) > 20


def test_qualities_differ_visibly() -> None:
    """The higher, the more edges."""
    from PIL import ImageFilter

    edges = [
        ImageStat.Stat(painted(quality=quality).convert("L").filter(ImageFilter.FIND_EDGES)).mean[0]
        for quality in ("low", "medium", "high")
    ]
    assert edges[0] < edges[1] < edges[2]


def test_a_transparent_background_is_transparent() -> None:
    """With opaque shapes on it; an opaque picture has no alpha channel at all."""
    picture = painted(background="transparent")
    assert picture.mode == "RGBA"
    low, high = picture.getchannel("A").getextrema()
    assert low == 0
    assert high > 180
    assert painted().mode == "RGB"


def test_the_caption_shows_the_prompt() -> None:
    """Other words, other pixels at the foot, the same picture above."""
    one, other = painted(prompt="a lighthouse"), painted(prompt="a windmill x")
    above, foot = (0, 0, 1024, 850), (0, 940, 1024, 1024)
    assert difference(one.crop(above), other.crop(above)) == 0
    assert difference(one.crop(foot), other.crop(foot)) > 0.5


def test_compression_shows_in_the_size() -> None:
    """Of JPEG and WebP."""
    for form in ("jpeg", "webp"):
        assert len(painter.paint(plan(format=form, compression=10))) < len(
            painter.paint(plan(format=form, compression=95))
        )
