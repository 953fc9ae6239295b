"""The sound of items: given and kept, or spoken and made again."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.core.realtime.item_sounds import ItemSound


def test_what_was_given_is_kept_and_cut() -> None:
    """Its size is what it holds in memory."""
    sound = ItemSound.of(b"abcdef")
    assert (sound.samples, sound.size, sound.kept) == (b"abcdef", 6, 6)
    part = sound.cut(4)
    assert (part.samples, part.size, part.kept) == (b"abcd", 4, 4)
    assert part.cut(9).samples == b"abcd"


def test_what_was_spoken_is_made_again_as_far_as_it_was_sent() -> None:
    """It holds nothing in memory, and no more is made than is needed."""
    made = []

    def speak() -> Iterator[bytes]:
        for piece in (b"abc", b"def", b"ghi"):
            made.append(piece)
            yield piece

    sound = ItemSound(5, make=speak)
    assert sound.kept == 0
    assert sound.samples == b"abcde"
    assert made == [b"abc", b"def"]
    assert sound.cut(2).samples == b"ab"
    assert ItemSound(0, make=speak).cut(3).samples == b""
