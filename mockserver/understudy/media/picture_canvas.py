"""The picture of a scene: sky, ground, things with their labels, a sign with quoted words, the prompt at the foot."""

from __future__ import annotations

from colorsys import hls_to_rgb, rgb_to_hls
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from understudy.core.media import MediaUnavailable, PicturePlan
from understudy.core.replies.picture_places import Area, Layout, Place, arrange
from understudy.core.replies.picture_plan import Scene, Thing, read_scene
from understudy.core.replies.picture_words import Backdrop, Colour, PictureWords, mixed
from understudy.media import picture_text
from understudy.media.picture_shapes import shape_tile
from understudy_data import toml

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw as Pen

_DETAIL = {"low": 0, "medium": 1, "high": 2}
_CAPTION = 240
"""Characters of a prompt that its caption may show."""
_WHITE, _INK = (255, 255, 255), (28, 26, 40)


def draw(plan: PicturePlan) -> Picture:
    """The picture of a plan, with an alpha channel when its background is transparent.

    Raises:
        MediaUnavailable: the extra is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise MediaUnavailable("Pictures need", "images") from None
    random = Random(plan.seed)
    scene = styled(read_scene(plan.prompt, picture_words(), random), plan.style, random)
    caption = _caption_lines(plan)
    foot = _caption_height(plan, caption)
    layout = arrange(scene, Area(0.03 * plan.width, 0, 0.94 * plan.width, plan.height - foot), random)
    if plan.background == "transparent":
        picture = Image.new("RGBA", (plan.width, plan.height))
    else:
        picture = _backdrop(plan, scene.backdrop, layout, random)
    if not scene.things and not scene.quotes:
        _ornament(picture, plan, scene.backdrop, plan.height - foot, random)
    draw_things(picture, scene, layout, plan)
    if scene.quotes:
        _sign(picture, scene, layout, plan)
    _caption(picture, plan, caption, foot)
    return picture


def draw_over(picture: Picture, plan: PicturePlan, share: float) -> Picture:
    """A prompt's things, quoted words and caption over a picture that is there already.

    Args:
        picture: stays as it is.
        plan: what is drawn.
        share: of the picture's height, at its foot, that the things may take.
    """
    random = Random(plan.seed)
    scene = styled(read_scene(plan.prompt, picture_words(), random), plan.style, random)
    caption = _caption_lines(plan)
    foot = _caption_height(plan, caption)
    body = Area(0.03 * plan.width, 0, 0.94 * plan.width, plan.height - foot)
    layout = arrange(scene, body.part(1 - share, 1), random)
    picture = picture.copy()
    draw_things(picture, scene, layout, plan)
    if scene.quotes:
        _sign(picture, scene, layout, plan)
    _caption(picture, plan, caption, foot)
    return picture


@lru_cache(1)
def picture_words() -> PictureWords:
    """The tables, read once."""
    return PictureWords(toml("pictures.toml"))


def styled(scene: Scene, style: str, random: Random) -> Scene:
    """The scene in the colours of a style: vivid ones are strong, natural ones muted; the seed shifts the backdrop."""
    shift, lift = random.uniform(-0.035, 0.035), random.uniform(-0.08, 0.04)
    strength = 1.0 if style == "vivid" else 0.55

    def tone(colour: Colour, *, moved: bool) -> Colour:
        if strength == 1.0 and not moved:
            return colour
        hue, lightness, saturation = rgb_to_hls(*(part / 255 for part in colour))
        if moved:
            hue, lightness = (hue + shift) % 1, min(0.97, max(0.04, lightness + lift))
        red, green, blue = (round(part * 255) for part in hls_to_rgb(hue, lightness, saturation * strength))
        return red, green, blue

    things = tuple(
        Thing(thing.label, thing.shape, tone(thing.colour, moved=False), thing.floats) for thing in scene.things
    )
    backdrop = Backdrop(
        tuple(tone(colour, moved=True) for colour in scene.backdrop.sky),
        tone(scene.backdrop.ground, moved=True),
        scene.backdrop.features,
    )
    return Scene(things, scene.quotes, backdrop)


def _backdrop(plan: PicturePlan, backdrop: Backdrop, layout: Layout, random: Random) -> Picture:
    """Sky and ground, with more in them the higher the quality."""
    from PIL import Image, ImageDraw

    column = Image.new("RGB", (1, len(backdrop.sky)))
    for row, colour in enumerate(backdrop.sky):
        column.putpixel((0, row), colour)
    horizon = max(1, round(layout.horizon))
    picture = Image.new("RGB", (plan.width, plan.height), backdrop.ground)
    bend = 0 if "table" in backdrop.features or "waves" in backdrop.features else round(0.03 * plan.height)
    picture.paste(column.resize((plan.width, horizon + bend), Image.Resampling.BILINEAR))
    pen = ImageDraw.Draw(picture, "RGBA")
    detail = _DETAIL[plan.quality]
    if "stars" in backdrop.features:
        _stars(pen, plan, horizon, random, detail)
    elif detail and not backdrop.features & {"table"}:
        _clouds(picture, plan, backdrop, horizon, random, 3 * detail)
    if "city" in backdrop.features:
        _city(pen, plan, backdrop, horizon, random, detail)
    elif detail == 2 and bend:
        far = mixed(backdrop.ground, backdrop.sky[-1], 0.5)
        _hill(picture, (-0.3 * plan.width, horizon - 1.6 * bend, 0.75 * plan.width, horizon + 5 * bend), far)
        _hill(picture, (0.45 * plan.width, horizon - 1.2 * bend, 1.3 * plan.width, horizon + 5 * bend), far)
    if bend:
        _hill(
            picture,
            (-0.4 * plan.width, horizon, 1.4 * plan.width, horizon + 2 * (plan.height - horizon) + bend),
            backdrop.ground,
        )
    _ground(pen, plan, backdrop, horizon + bend, random, detail)
    return picture


def _hill(picture: Picture, box: tuple[float, float, float, float], colour: Colour) -> None:
    """An ellipse whose upper edge is smooth."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = box
    ImageDraw.Draw(picture).ellipse((left + 1, top + 1, right - 1, bottom - 1), fill=colour)
    start = max(0, round(top))
    band = min(picture.height - start, picture.height // 10)
    if band > 0:
        mask = Image.new("L", (picture.width * 2, band * 2))
        edges = (left * 2, (top - start) * 2, right * 2, (bottom - start) * 2)
        ImageDraw.Draw(mask).ellipse(edges, fill=255)
        picture.paste(colour, (0, start), mask.reduce(2))


def _stars(pen: Pen, plan: PicturePlan, horizon: int, random: Random, detail: int) -> None:
    edge = min(plan.width, plan.height)
    for _ in range(24 + 50 * detail):
        x, y = random.uniform(0, plan.width), random.uniform(0, horizon)
        size = edge * random.choice((0.0012, 0.0018, 0.003))
        pen.ellipse((x - size, y - size, x + size, y + size), fill=(255, 250, 225, random.randrange(110, 255)))


def _clouds(picture: Picture, plan: PicturePlan, backdrop: Backdrop, horizon: int, random: Random, count: int) -> None:
    pale = mixed(backdrop.sky[-1], _WHITE, 0.55)
    for _ in range(count):
        size = round(min(plan.width, plan.height) * random.uniform(0.1, 0.2))
        tile, _margin = shape_tile("cloud", pale, size, "plain")
        tile.putalpha(tile.getchannel("A").point([n * 6 // 10 for n in range(256)]))
        place = (random.randrange(-size // 2, plan.width - size // 2), random.randrange(0, max(1, horizon - size)))
        picture.paste(tile, place, tile)


def _city(pen: Pen, plan: PicturePlan, backdrop: Backdrop, horizon: int, random: Random, detail: int) -> None:
    x = -0.02 * plan.width
    wall = mixed(backdrop.ground, backdrop.sky[0], 0.5)
    bottom = horizon + 0.04 * plan.height
    while x < plan.width:
        width = plan.width * random.uniform(0.06, 0.13)
        top = horizon - plan.height * random.uniform(0.1, 0.34)
        pen.rectangle((x, top, x + width, bottom), fill=mixed(wall, _WHITE, random.uniform(0, 0.3)))
        if detail:
            pane = width / 7
            for row in range(int((horizon - top) / (2.2 * pane))):
                for column in range(3):
                    left, upper = x + pane * (1 + 2 * column), top + pane * (1 + 2.2 * row)
                    lit = (255, 236, 170, 200 if random.random() < 0.5 else 60)
                    pen.rectangle((left, upper, left + pane, upper + 1.3 * pane), fill=lit)
        x += width * 1.03


def _ground(pen: Pen, plan: PicturePlan, backdrop: Backdrop, top: int, random: Random, detail: int) -> None:
    """Waves, grass, planks or pebbles."""
    depth = plan.height - top
    edge = min(plan.width, plan.height)
    stroke = max(1, round(edge / 420))
    dark, light = (*mixed(backdrop.ground, _INK, 0.3), 150), (*mixed(backdrop.ground, _WHITE, 0.45), 150)
    if "table" in backdrop.features:
        pen.rectangle((0, top, plan.width, top + edge * 0.014), fill=(*mixed(backdrop.ground, _INK, 0.35), 255))
        for number in range(1, 1 + 3 * detail):
            y = top + depth * number / (1 + 3 * detail)
            pen.line((0, y, plan.width, y), fill=dark, width=stroke)
        return
    for _ in range((0, 40, 140)[detail]):
        near = random.random()
        x, y = random.uniform(0, plan.width), top + depth * (0.06 + 0.94 * near)
        size = edge * (0.006 + 0.014 * near)
        if "waves" in backdrop.features:
            pen.arc((x - 2 * size, y - size / 2, x + 2 * size, y + size), 200, 340, fill=light, width=stroke)
        elif "grass" in backdrop.features:
            for lean in (-0.5, 0.0, 0.5):
                pen.line((x + lean * size / 3, y, x + lean * size, y - size), fill=dark, width=stroke)
        else:
            pen.ellipse((x - size / 2, y - size / 5, x + size / 2, y + size / 5), fill=random.choice((dark, light)))


def _ornament(picture: Picture, plan: PicturePlan, backdrop: Backdrop, bottom: float, random: Random) -> None:
    """What a prompt without things gets: discs in colours that suit each other, more of them the higher the quality."""
    from PIL import Image, ImageDraw

    edge = min(plan.width, bottom)
    hue = random.random()
    for number in range((5, 10, 22)[_DETAIL[plan.quality]]):
        size = round(edge * 0.5 / (1 + 0.22 * number) * random.uniform(0.7, 1.1)) + 2
        x, y = random.uniform(0.1, 0.9) * plan.width, random.uniform(0.12, 0.86) * bottom
        strength = 0.62 if plan.style == "vivid" else 0.35
        red, green, blue = hls_to_rgb(
            (hue + random.choice((0, 0.07, 0.13, 0.5))) % 1, random.uniform(0.45, 0.75), strength
        )
        disc = Image.new("L", (2 * size, 2 * size))
        pen = ImageDraw.Draw(disc)
        kind = random.randrange(3)
        if kind == 0:
            pen.ellipse((0, 0, 2 * size - 1, 2 * size - 1), fill=200)
        elif kind == 1:
            pen.ellipse((0, 0, 2 * size - 1, 2 * size - 1), fill=200)
            pen.ellipse((size * 0.5, size * 0.5, size * 1.5, size * 1.5), fill=0)
        else:
            start = 90 * random.randrange(4)
            pen.pieslice((0, 0, 2 * size - 1, 2 * size - 1), start, start + 180, 200)
        colour = (round(red * 255), round(green * 255), round(blue * 255))
        mask = disc.reduce(2)
        picture.paste(
            colour if picture.mode == "RGB" else (*colour, 255), (round(x - size / 2), round(y - size / 2)), mask
        )


def draw_things(picture: Picture, scene: Scene, layout: Layout, plan: PicturePlan) -> None:
    """Each thing on its place, with its label; equal things are drawn once."""
    drawn: dict[tuple[Thing, int], tuple[Picture, int]] = {}
    labels = []
    for thing, place in zip(scene.things, layout.places, strict=True):
        # Few different sizes, so that equal things share one drawing.
        size = max(8, round(place.size / 12) * 12)
        tile, margin = drawn.get((thing, size)) or shape_tile(thing.shape, thing.colour, size, plan.quality)
        drawn[thing, size] = tile, margin
        left, top = round(place.left + (place.size - size) / 2), round(place.top + place.size - size)
        if not thing.floats:
            # What does not reach the foot of its box stands on the ground all the same.
            top += size + margin - (tile.getbbox() or (0, 0, 0, size + margin))[3]
            if _DETAIL[plan.quality]:
                _shadow(picture, left, top + margin // 2, size)
        _lay(picture, tile, left - margin, top - margin)
        labels.append((thing, place))
    for thing, place in labels:
        _label(picture, thing, place, plan)


def _shadow(picture: Picture, left: int, top: int, size: int) -> None:
    """A soft ellipse on the ground."""
    from PIL import Image, ImageDraw

    width, height = round(size * 1.04), max(4, round(size * 0.16))
    mask = Image.new("L", (width, height))
    pen = ImageDraw.Draw(mask)
    for ring, depth in enumerate((22, 42, 62)):
        inset = ring * height / 9
        pen.ellipse((inset * 3, inset, width - inset * 3, height - inset), fill=depth)
    _lay(
        picture,
        Image.merge("RGBA", [Image.new("L", mask.size, part) for part in _INK] + [mask]),
        left - (width - size) // 2,
        top + size - height // 2,
    )


def _lay(picture: Picture, tile: Picture, left: int, top: int) -> None:
    """A tile over the picture, which may have transparency of its own."""
    if picture.mode == "RGB":
        picture.paste(tile, (left, top), tile)
        return
    right, bottom = min(picture.width, left + tile.width), min(picture.height, top + tile.height)
    start = max(0, left), max(0, top)
    if right > start[0] and bottom > start[1]:
        source = (start[0] - left, start[1] - top, right - left, bottom - top)
        picture.alpha_composite(tile, start, source)


def _label(picture: Picture, thing: Thing, place: Place, plan: PicturePlan) -> None:
    """The thing's words on a pale plate below it."""
    from PIL import Image, ImageDraw

    size = max(9, min(round(place.size * 0.13), min(plan.width, plan.height) // 34))
    words = picture_text.cut(thing.label, size, place.room - size)
    if not words:
        return
    width = round(picture_text.font(size).getlength(words) + size)
    height = round(size * 1.45)
    plate = Image.new("RGBA", (width * 2, height * 2))
    ImageDraw.Draw(plate).rounded_rectangle(
        (0, 0, width * 2 - 1, height * 2 - 1), radius=height, fill=(255, 255, 255, 225)
    )
    plate = plate.reduce(2)
    picture_text.write_lines(plate, [words], size, width / 2, (height - size * picture_text.LINE) / 2, (*_INK, 255))
    _lay(picture, plate, round(place.left + (place.size - width) / 2), round(place.base + 0.03 * place.size))


def _sign(picture: Picture, scene: Scene, layout: Layout, plan: PicturePlan) -> None:
    """Quoted words on a board, as large as they fit."""
    from PIL import Image, ImageDraw

    area, edge = layout.sign, min(plan.width, plan.height)
    size, lines = picture_text.fitted(list(scene.quotes), area.width * 0.84, area.height * 0.8, edge // 5)
    width = max(picture_text.font(size).getlength(line) for line in lines) + 1.4 * size
    height = len(lines) * size * picture_text.LINE + 0.6 * size
    dark = sum(scene.backdrop.sky[0]) < 300
    board, letters = ((250, 246, 235, 255), (*_INK, 255)) if dark else ((44, 50, 74, 255), (252, 248, 238, 255))
    sign = Image.new("RGBA", (round(width * 2), round(height * 2)))
    pen = ImageDraw.Draw(sign)
    radius = round(size * 0.5)
    pen.rounded_rectangle((0, 0, sign.width - 1, sign.height - 1), radius=radius, fill=board)
    if _DETAIL[plan.quality]:
        inset = max(2, size // 7)
        pen.rounded_rectangle(
            (inset, inset, sign.width - inset, sign.height - inset),
            radius=radius,
            outline=letters,
            width=max(2, size // 14),
        )
    sign = sign.reduce(2)
    top = (sign.height - len(lines) * size * picture_text.LINE) / 2
    picture_text.write_lines(sign, lines, size, sign.width / 2, top, letters, bold=0.02)
    left = area.left + (area.width - sign.width) / 2
    _lay(picture, sign, round(left), round(area.top + (area.height - sign.height) / 2))


def _caption_size(plan: PicturePlan) -> int:
    return max(10, min(plan.width, plan.height) // 38)


def _caption_lines(plan: PicturePlan) -> list[str]:
    """The prompt on at most three lines, then which request made the picture."""
    size = _caption_size(plan)
    words = " ".join(plan.prompt.split())
    room = plan.width - 2 * size
    lines = picture_text.wrapped(words[:_CAPTION], size, room)
    if len(lines) > 3 or len(words) > _CAPTION:
        lines = [*lines[:2], picture_text.cut(" ".join(lines[2:3]) + " …", size, room)] if len(lines) > 2 else lines
    number = plan.seed[-1] + 1 if plan.seed else 1
    facts = [plan.model, f"{plan.width}×{plan.height}", plan.quality, plan.format]
    if plan.style != "vivid":
        facts.append(plan.style)
    if plan.format != "png":
        facts.append(f"compression {plan.compression}")
    facts.append(f"no. {number}")
    lines.append(picture_text.cut(" · ".join(fact for fact in facts if fact), max(8, size * 4 // 5), room))
    # A small picture has room for few lines, or none.
    return lines[: int(plan.height * 0.3 / (size * picture_text.LINE))]


def _caption_height(plan: PicturePlan, lines: list[str]) -> int:
    return round(_caption_size(plan) * (len(lines) * picture_text.LINE + 0.5)) if lines else 0


def _caption(picture: Picture, plan: PicturePlan, lines: list[str], height: int) -> None:
    """The band at the foot."""
    from PIL import ImageDraw

    if not lines:
        return
    size = _caption_size(plan)
    pen = ImageDraw.Draw(picture)
    top = picture.height - height
    pen.rectangle((0, top, picture.width, picture.height), fill=(*_INK, 255) if picture.mode == "RGBA" else _INK)
    y = top + size * 0.25
    for number, line in enumerate(lines):
        is_last = number == len(lines) - 1
        small = max(8, size * 4 // 5) if is_last else size
        colour = (176, 182, 204) if is_last else (248, 246, 240)
        middle = y + size * picture_text.LINE / 2
        pen.text((size, middle), line, font=picture_text.font(small), fill=colour, anchor="lm")
        y += size * picture_text.LINE
