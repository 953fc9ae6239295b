"""Answers of the image endpoints: whole, as links, or streamed with pictures on their way.

Layout, key order and usage as recorded 2023-11 to 2026-08; the events of streams as the OpenAPI document has them.
Pictures are painted when they are asked for: those of a stream one by one as they are sent.
"""

from binascii import b2a_base64
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec

from understudy.core import headers
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.endpoints.image_rules import Kind, kind_of
from understudy.core.ids import letters
from understudy.core.media import EditPlan, Media, Painter, PicturePlan, VariationPlan
from understudy.core.operations import Call, Reply
from understudy.core.pacing import Pacing
from understudy.core.pricing import Usage
from understudy.core.rule_answers import ScriptedPicture
from understudy.core.serialise import encode, pretty

Plan = PicturePlan | EditPlan | VariationPlan

_TOKENS = {
    "low": {"square": 272, "portrait": 408, "landscape": 400},
    "medium": {"square": 1056, "portrait": 1584, "landscape": 1568},
    "high": {"square": 4160, "portrait": 6240, "landscape": 6208},
}
"""Output image tokens at 1024x1024, 1024x1536, 1536x1024 (OpenAI image guide, models before gpt-image-2)."""
_FLEXIBLE_TOKENS = {"low": 196, "medium": 1_764, "high": 7_033}
"""The same of a square by gpt-image-2: its published prices ($0.006, 0.053, 0.211) at $30 for 1,000,000 tokens."""
_FLEXIBLE_SHARE = ((1.0, 1.0), (1.5, 0.776), (16 / 9, 0.612))
"""Share of a square's tokens by the ratio of the sides: published prices at 1.5, one recording (2026-08) at 16:9."""
TEXT_TOKENS_BESIDE = 308
"""Text output tokens that newer image models emit beside a picture (recorded 2026-08 on gpt-image-1.5; that
gpt-image-1-mini does so too is inferred from its published prices: "our choice")."""
PARTIAL_TOKENS = 100
"""Output image tokens of each picture on its way (OpenAI image guide)."""
AUTO_QUALITY = "medium"
"""What `auto` comes to: both high and medium were recorded; "our choice"."""
_DALL_E_WORK = 500
"""Tokens of text that take as long as a picture by dall-e: 7 to 13 seconds were recorded."""


class Job(msgspec.Struct, frozen=True):
    """What a request came to.

    Attributes:
        plans: of its pictures.
        input_text, input_image: input tokens.
        event: `image_generation` or `image_edit`.
        partials: pictures on their way that a stream shows of each.
    """

    plans: tuple[Plan, ...]
    input_text: int = 0
    input_image: int = 0
    event: str = "image_generation"
    partials: int = 0

    @property
    def result(self) -> PicturePlan:
        """What all its pictures have in common."""
        return _result(self.plans[0])


def _result(plan: Plan) -> PicturePlan:
    return plan if isinstance(plan, PicturePlan) else plan.result


def plan_picture(call: Call, prompt: str, width: int, height: int, index: int = 0) -> PicturePlan:
    """The picture that a checked request asks for.

    Args:
        call: the request.
        prompt: what it shows.
        width: pixels.
        height: pixels.
        index: of several.
    """
    body, model = call.body, call.model
    quality = body.get("quality") or "auto"
    background = body.get("background") or "auto"
    compression = body.get("output_compression")
    return PicturePlan(
        prompt=prompt,
        width=width,
        height=height,
        quality={"auto": AUTO_QUALITY, "standard": "medium", "hd": "high"}.get(quality, quality),
        seed=call.seed + bytes((index,)),
        format=body.get("output_format") or "png",
        background="opaque" if background == "auto" else background,
        compression=100 if compression is None else compression,
        style=body.get("style") or "vivid",
        # dall-e-2 made no manifests (its pictures are older than OpenAI's use of C2PA).
        model="" if kind_of(model) is Kind.DALL_E_2 else model.snapshot,
        made_at=call.now,
    )


def output_tokens(quality: str, width: int, height: int, *, flexible: bool = False) -> int:
    """Image tokens of one picture; other sizes in proportion to their area ("our choice").

    Args:
        quality: low, medium or high.
        width: pixels.
        height: pixels.
        flexible: by a model that paints any size.
    """
    if flexible:
        return _flexible_tokens(quality, width, height)
    by_shape = _TOKENS[quality]
    shape = "square" if width == height else "portrait" if height > width else "landscape"
    published = 1024 * 1024 if shape == "square" else 1024 * 1536
    if width * height == published:
        return by_shape[shape]
    return max(1, by_shape["square"] * width * height // (1024 * 1024))


def _flexible_tokens(quality: str, width: int, height: int) -> int:
    """By the ratio of the sides alone up to the published areas, beyond them in proportion to them ("our choice")."""
    ratio = max(width, height) / min(width, height)
    share = _FLEXIBLE_SHARE[-1][1] * _FLEXIBLE_SHARE[-1][0] / ratio
    for (low, first), (high, second) in pairwise(_FLEXIBLE_SHARE):
        if ratio <= high:
            share = first + (second - first) * (ratio - low) / (high - low)
            break
    larger = max(1.0, width * height / (1024 * 1536))
    return max(1, round(_FLEXIBLE_TOKENS[quality] * share * larger))


def answered(call: Call, job: Job, media: Media, pacing: Pacing) -> Reply:
    """The answer: a stream where one was asked for."""
    if call.body.get("stream"):
        return _Streamed(call, job, media, pacing)
    return _Whole(call, job, media, pacing)


def painted(painter: Painter, plan: Plan, scripted: ScriptedPicture | None = None) -> bytes:
    """The file of a plan, or what a rule says in its place."""
    if scripted is not None:
        return scripted.file or painter.paint(_as_scripted(plan, scripted))
    if isinstance(plan, EditPlan):
        return painter.edit(plan)
    if isinstance(plan, VariationPlan):
        return painter.vary(plan)
    return painter.paint(plan)


def _as_scripted(plan: Plan, scripted: ScriptedPicture) -> PicturePlan:
    return msgspec.structs.replace(_result(plan), prompt=scripted.prompt or _result(plan).prompt)


def _shown_plan(call: Call, job: Job) -> tuple[PicturePlan, ScriptedPicture | None]:
    """What all pictures have in common, and what a rule has them show; a file of its own tells its own format."""
    scripted = None if call.script is None else call.script.picture
    plan = job.result
    if scripted is None:
        return plan, None
    plan = _as_scripted(plan, scripted)
    return msgspec.structs.replace(plan, format=scripted.format) if scripted.file else plan, scripted


class _Bill:
    """Tokens of a job, as far as its pictures are made."""

    def __init__(self, model: Model, job: Job) -> None:
        self._job = job
        self._kind = kind_of(model)
        plan = job.result
        self.each = output_tokens(plan.quality, plan.width, plan.height, flexible=model.flexible_sizes)
        self._beside = TEXT_TOKENS_BESIDE if model.emits_text_beside_pictures else 0
        self.pictures = 0
        self.partials = 0

    def usage(self) -> Usage:
        """What is charged: a price each for dall-e, else tokens."""
        job, plan = self._job, self._job.result
        size = f"{plan.width}x{plan.height}"
        if self._kind is not Kind.GPT_IMAGE:
            hd = self._kind is Kind.DALL_E_3 and plan.quality == "high"
            return Usage(images=self.pictures, pictures=self.pictures, picture=f"hd {size}" if hd else size)
        return Usage(
            text_in=job.input_text,
            image_in=job.input_image,
            text_out=self._beside * self.pictures,
            image_out=self._image_tokens,
            images=self.pictures,
            picture=size,
        )

    def shown(self) -> dict[str, Any]:
        """The `usage` object."""
        job, text, image = self._job, self._beside * self.pictures, self._image_tokens
        given = job.input_text + job.input_image
        return {
            "input_tokens": given,
            "input_tokens_details": {"image_tokens": job.input_image, "text_tokens": job.input_text},
            "output_tokens": image + text,
            "output_tokens_details": {"image_tokens": image, "text_tokens": text},
            "total_tokens": given + image + text,
        }

    @property
    def _image_tokens(self) -> int:
        return self.each * self.pictures + PARTIAL_TOKENS * self.partials


def _work(model: Model, bill: _Bill, pacing: Pacing) -> int:
    """Microseconds that one picture takes: the better, the longer (recorded: 13, 19 and 34 seconds)."""
    if not pacing.itl:
        return pacing.ttft
    tokens = bill.each if kind_of(model) is Kind.GPT_IMAGE else 20 * _DALL_E_WORK
    return pacing.whole(tokens // 20)


class _Whole:
    """All pictures of a request in one body."""

    content_type = headers.JSON
    service_tier = "default"

    def __init__(self, call: Call, job: Job, media: Media, pacing: Pacing) -> None:
        bill = _Bill(call.model, job)
        bill.pictures = len(job.plans)
        self._usage = bill.usage()
        self.processing = _work(call.model, bill, pacing)
        self.due = call.now + self.processing if self.processing else 0
        plan, scripted = _shown_plan(call, job)
        files = [painted(media.painter, each, scripted) for each in job.plans]
        answer: dict[str, Any] = {"created": call.now // SECOND}
        if kind_of(call.model) is Kind.GPT_IMAGE:
            answer["background"] = plan.background
            answer["data"] = [{"b64_json": _base64(file)} for file in files]
            answer |= {"output_format": plan.format, "quality": plan.quality, "size": f"{plan.width}x{plan.height}"}
            answer["usage"] = bill.shown()
        else:
            answer["data"] = [_shown(call, plan, index, file) for index, file in enumerate(files)]
        # Of these answers variations alone end in a newline (recorded since the middle of 2025).
        ending = b"\n" if isinstance(job.plans[0], VariationPlan) else b""
        self.body: bytes | None = pretty(answer) + ending

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """All of it: a body is sent whole."""
        return self._usage


def _shown(call: Call, plan: PicturePlan, index: int, file: bytes) -> dict[str, Any]:
    """One picture of a dall-e model; dall-e-3 tells first how it understood the prompt (recorded)."""
    shown: dict[str, Any] = {}
    if kind_of(call.model) is Kind.DALL_E_3:
        shown["revised_prompt"] = _revised(plan)
    if call.body.get("response_format") == "b64_json":
        return {**shown, "b64_json": _base64(file)}
    name = letters(call.seed, 24, b"picture %d" % index)
    user = letters(call.account.salt, 24, b"user")
    organization = call.account.organization.id
    link = call.pictures.keep(file, f"image/{plan.format}", organization, user, name, call.now)
    return {**shown, "url": call.origin + link}


def _revised(plan: PicturePlan) -> str:
    """A prompt in more words, as dall-e-3 makes itself one; which words is "our choice"."""
    manner = "vivid colors and dramatic light" if plan.style == "vivid" else "natural, restrained tones"
    prompt = plan.prompt.strip().rstrip(".")
    return f"{prompt[:1].upper()}{prompt[1:]}. The scene is clearly composed, in {manner}."


def _base64(file: bytes) -> str:
    return b2a_base64(file, newline=False).decode()


class _Streamed:
    """Pictures as events, each on its way and then finished."""

    content_type = headers.EVENT_STREAM
    body: bytes | None = None
    service_tier = "default"

    def __init__(self, call: Call, job: Job, media: Media, pacing: Pacing) -> None:
        self._call = call
        self._job = job
        self._painter = media.painter
        self._plan, self._scripted = _shown_plan(call, job)
        self._bill = _Bill(call.model, job)
        self._step = _work(call.model, self._bill, pacing) // (job.partials + 1)
        self.processing = self._step
        self.due = call.now + self._step if self._step else 0

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """One event a part: `[DONE]` follows none of them ("our choice": no stream was recorded)."""
        job, bill = self._job, self._bill
        due = self.due
        for plan in job.plans:
            for step in range(job.partials):
                file = self._partial(plan, step)
                bill.partials += 1
                yield due, self._event("partial_image", file, {"partial_image_index": step})
                due += self._step
            file = painted(self._painter, plan, self._scripted)
            bill.pictures += 1
            yield due, self._event("completed", file, {"usage": self._usage_so_far()})
            due += self._step

    def usage(self, *, complete: bool) -> Usage:
        """What was sent."""
        return self._bill.usage()

    def _usage_so_far(self) -> dict[str, Any]:
        """Each finished picture tells what has come together; an event has no details of the output (the document)."""
        shown = self._bill.shown()
        del shown["output_tokens_details"]
        return shown

    def _partial(self, plan: Plan, step: int) -> bytes:
        if isinstance(plan, VariationPlan):
            raise TypeError("variations are not streamed")
        if self._scripted is not None:
            if self._scripted.file:
                return self._scripted.file
            plan = _as_scripted(plan, self._scripted)
        return self._painter.partial(plan, step, self._job.partials)

    def _event(self, name: str, file: bytes, last: dict[str, Any]) -> bytes:
        plan = self._plan
        kind = f"{self._job.event}.{name}"
        data = {
            "type": kind,
            "b64_json": _base64(file),
            "created_at": self._call.now // SECOND,
            "size": f"{plan.width}x{plan.height}",
            "quality": plan.quality,
            "background": plan.background,
            "output_format": plan.format,
            **last,
        }
        return b"event: " + kind.encode() + b"\ndata: " + encode(data) + b"\n\n"
