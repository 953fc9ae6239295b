from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.picture_places import Area, arrange
from understudy.core.replies.picture_plan import MAXIMUM_QUOTE, Scene, read_scene
from understudy.core.replies.picture_words import PictureWords
from understudy_data import toml

TABLE = toml("pictures.toml")
WORDS = PictureWords(TABLE)


def scene(prompt: str) -> Scene:
    return read_scene(prompt, WORDS, Random(1))


def labels(prompt: str) -> dict[str, int]:
    return dict(Counter(thing.label for thing in scene(prompt).things))


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("three red apples and a blue cup on a table", {"red apple": 3, "blue cup": 1}),
        ("A photo of a couple of cats", {"cat": 2}),
        ("seven yellow ducks, five green frogs and a dozen eggs", {"yellow duck": 7, "green frog": 5, "egg": 8}),
        ("Three cats: a black cat, a white cat and an orange cat", {"black cat": 1, "white cat": 1, "orange cat": 1}),
        ("an orange on a white background", {"orange": 1}),
        ("an orange cat", {"orange cat": 1}),
        ("a red and white umbrella", {"red umbrella": 1}),
        ("a cup of coffee", {"cup": 1}),
        ("an isolated palm tree", {"palm tree": 1}),
        ("2 mice, 3 children", {"mouse": 2, "child": 3}),
        ("two purple zorbs beside the lighthouse", {"purple zorb": 2, "lighthouse": 1}),
        ("cats playing", {"cat": 3}),
        ("赤いりんご三つと青いカップが机の上にある", {"赤いりんご": 3, "青いカップ": 1}),
        ("3匹の黒い猫", {"黒い猫": 3}),
        ("花が十二本、日本の家", {"花": 12, "家": 1}),
        ('A sign that says "OPEN" above two cats', {"cat": 2}),
        ("a quiet feeling of joy", {}),
        ("", {}),
    ],
)
def test_things_are_read_with_number_and_colour(prompt: str, expected: dict[str, int]) -> None:
    """In English and Japanese; tables that things stand on are ground, not things."""
    assert labels(prompt) == expected


def test_at_most_twenty_things_are_drawn() -> None:
    """However many a prompt names."""
    assert len(scene("999 stars and 999 cats, 五十匹の犬").things) == 20


@pytest.mark.parametrize(
    ("prompt", "quotes"),
    [
        ('a sign that says "OPEN 24H"', ("OPEN 24H",)),
        ("“Grand Opening” and “Today”", ("Grand Opening", "Today")),
        ("「こんにちは」と『世界』", ("こんにちは", "世界")),
        ("the dog's bone and the cats' food, 'hello'", ("hello",)),
        ('""', ()),
        ('"' + "x" * 300 + '"', ("x" * MAXIMUM_QUOTE,)),
        ('"two cats" on paper', ("two cats",)),
    ],
)
def test_quoted_words_are_found(prompt: str, quotes: tuple[str, ...]) -> None:
    """In every usual pair of marks; apostrophes are none."""
    assert scene(prompt).quotes == quotes


def test_what_is_quoted_is_not_drawn_as_a_thing() -> None:
    """Words are words."""
    assert labels('"two cats" beside a dog') == {"dog": 1}


def test_times_moods_and_places_choose_the_backdrop() -> None:
    """The first scene gives the sky; others add what they have."""
    night, sea, both = (
        scene(prompt).backdrop for prompt in ("a boat at night", "a boat on the sea", "the sea at night")
    )
    assert night.features == {"stars"}
    assert sea.features == {"waves"}
    assert both.features == {"stars", "waves"}
    assert both.sky == night.sky
    assert scene("a dark blue car").backdrop.features == frozenset()
    assert scene("a cat on a blue background").backdrop.sky[0] == WORDS.colours["blue"]
    assert scene("夕方の海").backdrop.sky == scene("a dusk").backdrop.sky


def test_a_hundred_thousand_characters_are_read_in_no_time() -> None:
    """Only the beginning of a prompt is looked at for things, and quotation marks without an end cost nothing."""
    for prompt in (
        '"' * 32_000,
        "'a" * 16_000,
        "five " * 6_400,
        "赤い" * 16_000,
        "「" * 32_000,
        "three red apples " * 2_000,
    ):
        read = scene(prompt)
        assert len(read.things) <= 20
        assert len(read.quotes) <= 4


@given(
    prompt=st.lists(
        st.sampled_from(
            [
                *WORDS.numbers,
                *list(WORDS.things)[::5],
                *WORDS.colours,
                "and",
                "of",
                "on",
                ":",
                ",",
                "三つ",
                "の上",
                "「",
                "」",
            ]
        ),
        max_size=40,
    ).map(" ".join),
    width=st.integers(16, 4096),
    height=st.integers(16, 4096),
)
def test_every_thing_has_a_place_of_its_own(prompt: str, width: int, height: int) -> None:
    """Within the area, and no two places overlap by more than their jitter."""
    read = scene(prompt)
    layout = arrange(read, Area(0, 0, width, height), Random(2))
    assert len(layout.places) == len(read.things) <= 20
    for number, place in enumerate(layout.places):
        assert -0.1 * width <= place.left
        assert place.left + place.size <= 1.1 * width
        assert place.top >= -1
        assert place.base <= height
        for other in layout.places[:number]:
            across = min(place.left + place.size, other.left + other.size) - max(place.left, other.left)
            down = min(place.base, other.base) - max(place.top, other.top)
            assert across <= 0 or down <= 0


def test_the_tables_agree_with_each_other() -> None:
    """Each thing has a shape and a colour that exist, and each floating shape is one."""
    for shape, colour, *_ in TABLE["things"].values():
        assert shape in TABLE["shapes"]
        assert colour in TABLE["colours"]
    assert set(TABLE["floating"]["shapes"]) <= set(TABLE["shapes"])
