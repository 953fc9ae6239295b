"""Ids of responses and of what they hold (1,137 recorded, 2025-09 to 2026-08).

    resp_ 00cc8ab3b2084dff 01 6941d72d 1e9c 81 90a5e511d130ff2909
          16 of the response  seconds  4    81 18

Every item of an answer begins with the same 18 digits as its response.
"""

from understudy.core import ids


class Names:
    """The ids of one response.

    Args:
        seed: of the call.
        created: seconds since the epoch.
    """

    __slots__ = ("_seed", "_shared", "_stamp")

    def __init__(self, seed: bytes, created: int) -> None:
        self._seed = seed
        self._shared = ids.hexadecimal(seed, 16, b"response") + "01"
        self._stamp = f"{created & 0xFFFFFFFF:08x}"

    @property
    def response(self) -> str:
        """`resp_` and 50 digits."""
        return self.item("resp", 0)

    def item(self, prefix: str, position: int) -> str:
        """The id of an item: `msg`, `fc`, `rs`, `ws`, ... and its place among the items."""
        purpose = f"{prefix} {position}".encode()
        tail = ids.hexadecimal(self._seed, 22, purpose)
        return f"{prefix}_{self._shared}{self._stamp}{tail[:4]}81{tail[4:]}"

    def call(self, position: int) -> str:
        """`call_` and 24 letters and digits."""
        return "call_" + ids.letters(self._seed, 24, b"call%d" % position)
