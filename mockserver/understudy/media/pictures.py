"""Pictures: real files of exactly the asked size, that show which request made them.

What a picture shows is read from its prompt (`core.replies.picture_plan`) and drawn by `picture_canvas`; edits,
variations and partial pictures start from there. Needs the extra `images`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from understudy.core.media import EditPlan, MediaUnavailable, PicturePlan, Provenance, VariationPlan
from understudy.media.picture_canvas import draw
from understudy.media.picture_edits import edited, varied
from understudy.media.picture_files import encode
from understudy.media.picture_steps import unfinished

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

CACHE_BYTES = 64 * 1024 * 1024
"""Finished files that are kept ("our choice")."""
_DAY = 86_400_000_000

Plan = PicturePlan | EditPlan | VariationPlan


class PillowPainter:
    """Draws with Pillow and keeps what it has drawn.

    A file that is kept is given again within the same day (UTC) of the plan's `made_at`, with the manifest it got
    first; another day it is signed anew.
    """

    def __init__(self, provenance: Provenance) -> None:
        self._provenance = provenance
        self._finished: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0
        self._latest: tuple[Hashable, Picture] | None = None
        self._lock = threading.Lock()

    def paint(self, plan: PicturePlan) -> bytes:
        """The file's bytes.

        Raises:
            MediaUnavailable: the extra is not installed.
        """
        return self._file(plan)

    def edit(self, plan: EditPlan) -> bytes:
        """The same for an edit.

        Raises:
            MediaUnavailable: the extra is not installed.
            ValueError: a file that is no picture, or a mask of another size or without alpha.
        """
        return self._file(plan)

    def vary(self, plan: VariationPlan) -> bytes:
        """The same for a variation."""
        return self._file(plan)

    def partial(self, plan: PicturePlan | EditPlan, step: int, of: int) -> bytes:
        """The picture on its way, `step` of `of`, counted from 0."""
        picture = unfinished(self._picture(plan, _key(plan)), step, of)
        return encode(picture, _result(plan))

    def _file(self, plan: Plan) -> bytes:
        key = _key(plan)
        with self._lock:
            file = self._finished.get(key)
            if file is not None:
                self._finished.move_to_end(key)
                return file
        file = self._provenance.sign(encode(self._picture(plan, key), _result(plan)), plan)
        with self._lock:
            self._size += len(file) - len(self._finished.pop(key, b""))
            self._finished[key] = file
            while self._size > CACHE_BYTES:
                self._size -= len(self._finished.popitem(last=False)[1])
        return file

    def _picture(self, plan: Plan, key: Hashable) -> Picture:
        """As drawn; the latest one is kept, since a stream asks for the same one several times."""
        with self._lock:
            if self._latest is not None and self._latest[0] == key:
                return self._latest[1]
        try:
            picture = _drawn(plan)
        except ImportError:
            raise MediaUnavailable("Pictures need", "images") from None
        with self._lock:
            self._latest = key, picture
        return picture


def _drawn(plan: Plan) -> Picture:
    if isinstance(plan, PicturePlan):
        return draw(plan)
    return edited(plan) if isinstance(plan, EditPlan) else varied(plan)


def _result(plan: Plan) -> PicturePlan:
    return plan if isinstance(plan, PicturePlan) else plan.result


def _key(plan: Plan) -> Hashable:
    """What makes two plans the same; the files that a plan carries count by their digests, so that none is kept."""
    result = _result(plan)
    result = msgspec.structs.replace(result, made_at=result.made_at // _DAY)
    if isinstance(plan, PicturePlan):
        return result
    if isinstance(plan, VariationPlan):
        return result, sha256(plan.picture).digest()
    mask = None if plan.mask is None else sha256(plan.mask).digest()
    return result, tuple(sha256(file).digest() for file in plan.pictures), mask, plan.fidelity
