"""The words that pictures are made of, read from data: colours, scenes, numbers and things."""

from collections.abc import Mapping
from typing import Any

import msgspec

Colour = tuple[int, int, int]


class Kind(msgspec.Struct, frozen=True):
    """What a thing looks like.

    Attributes:
        name: the noun.
        shape: of the table of shapes.
        colour: its usual one.
        floats: whether it belongs in the sky.
    """

    name: str
    shape: str
    colour: Colour
    floats: bool


class Backdrop(msgspec.Struct, frozen=True):
    """Sky and ground.

    Attributes:
        sky: colours from above to below.
        ground: its colour.
        features: of `stars`, `waves`, `grass`, `table` and `city` those that it has.
    """

    sky: tuple[Colour, ...]
    ground: Colour
    features: frozenset[str] = frozenset()


class PictureWords:
    """The tables of `pictures.toml`.

    Attributes:
        colours: by their words.
        things: by their words; English ones in the singular.
        scenes: by their words.
        otherwise: backdrops for prompts that name none.
        numbers: by their words.
        plurals: the irregular ones with their singulars.
        not_things: words that end in no thing.
        palette: colours for things that the table does not have.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        floating = frozenset(table["floating"]["shapes"])
        by_name = {name: parse_colour(row[0]) for name, row in table["colours"].items()}
        self.colours: dict[str, Colour] = {
            word: by_name[name] for name, row in table["colours"].items() for word in row[1:]
        }
        self.things: dict[str, Kind] = {}
        for name, (shape, colour, *more) in table["things"].items():
            kind = Kind(name, shape, by_name[colour], shape in floating)
            self.things.update(dict.fromkeys((name, *more), kind))
        self.scenes: dict[str, Backdrop] = {}
        for row in table["scenes"]:
            backdrop = _backdrop(row)
            for word in row["words"]:
                self.scenes.setdefault(word, backdrop)
        self.otherwise = tuple(_backdrop(row) for row in table["otherwise"])
        self.numbers: dict[str, int] = dict(table["numbers"])
        self.plurals: dict[str, str] = dict(table["plurals"])
        self.not_things = frozenset(table["not_things"]["words"].split())
        self.palette = tuple(by_name[name] for name in ("red", "orange", "green", "teal", "blue", "purple", "pink"))

    def singular(self, word: str) -> str:
        """An English noun in the singular; a word that is no plural comes back as it is."""
        if word in self.plurals:
            return self.plurals[word]
        if word in self.things or not word.endswith("s") or word.endswith("ss") or len(word) < 4:
            return word
        if word.endswith("ies"):
            return word[:-3] + "y"
        if word[:-1] in self.things:
            return word[:-1]
        return word[:-2] if word.endswith(("ches", "shes", "xes", "sses", "zes", "oes")) else word[:-1]


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two; `share` is the other's."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def parse_colour(text: str) -> Colour:
    """`#rrggbb` as three numbers."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _backdrop(row: Mapping[str, Any]) -> Backdrop:
    return Backdrop(
        tuple(parse_colour(colour) for colour in row["sky"]),
        parse_colour(row["ground"]),
        frozenset(name for name, value in row.items() if value is True),
    )
