"""`POST /v1/images/generations` for the gpt-image models: real pictures, with the usage they cost.

Sources: the OpenAPI document 2026-08-21 for names and ranges; error texts measured 2026-08; layout and usage as
recorded 2026-08. Image answers carry no rate-limit headers.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterator
from typing import Any

from understudy.core import errors, headers
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.errors import ApiError
from understudy.core.media import Media, PicturePlan
from understudy.core.messages import Request
from understudy.core.operations import Call, Cost, Reply, json_body
from understudy.core.pacing import Pacing
from understudy.core.parameters import Check, anything, boolean, check_all, integer, optional, string, word
from understudy.core.pricing import Usage
from understudy.core.serialise import pretty

IMAGE_ERROR = "image_generation_user_error"
PROMPT_MAXIMUM = 32_000
"""Characters of a prompt (OpenAPI document)."""

_TOKENS = {
    "low": {"square": 272, "portrait": 408, "landscape": 400},
    "medium": {"square": 1056, "portrait": 1584, "landscape": 1568},
    "high": {"square": 4160, "portrait": 6240, "landscape": 6208},
}
"""Output image tokens at 1024x1024, 1024x1536, 1536x1024 (OpenAI image guide, models before gpt-image-2)."""
TEXT_TOKENS_BESIDE = 308
"""Text output tokens that newer image models emit beside a picture (recorded 2026-08 on gpt-image-1.5; that
gpt-image-1-mini does so too is inferred from its published prices: "our choice")."""

PROMPT_OVERHEAD = 6
"""Input tokens beside the prompt's own: "a siamese cat", four tokens, was reported as ten (recorded 2026-08)."""

_FIXED_SIZES = ("1024x1024", "1024x1536", "1536x1024")
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})\Z")
_AUTO_SIZE = "1024x1024"
_AUTO_QUALITY = "medium"
"""What `auto` comes to: both high and medium were recorded; "our choice"."""

_PARAMETERS: dict[str, Check] = {
    "model": anything,
    "prompt": string(PROMPT_MAXIMUM, 1),
    "n": optional(integer(1, 10)),
    "size": optional(string()),
    "quality": optional(word("low", "medium", "high", "auto")),
    "background": optional(word("transparent", "opaque", "auto")),
    "output_format": optional(word("png", "webp", "jpeg")),
    "output_compression": optional(integer(0, 100)),
    "moderation": optional(word("auto", "low")),
    "stream": optional(boolean),
    "partial_images": optional(integer(0, 3)),
    "user": optional(string()),
}


class ImageGenerations:
    """The operation; see `core.operations.Operation` for what each method is asked."""

    endpoint = "images"
    shows_limits = False
    proxied = False

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON alone."""
        return json_body(request)

    def read_model(self, body: dict[str, Any]) -> str:
        """The model's name; without one, the document's default for a gpt-image request."""
        name = body.get("model")
        if name is None:
            return "gpt-image-1-mini"
        if not isinstance(name, str):
            raise errors.wrong_type("model", "a string", name)
        return name

    def unknown_model(self, name: str) -> ApiError:
        """400 of the engine (measured 2026-08), unlike chat's 404."""
        return errors.BadRequest(
            f"The model '{name}' does not exist.", code="invalid_value", param="model", type=IMAGE_ERROR
        )

    def wrong_model(self, model: Model) -> ApiError:
        """The same: images know no models of other kinds."""
        return self.unknown_model(model.id)

    def out_of_credits(self) -> ApiError:
        """400, not 429."""
        return errors.billing_hard_limit()

    def cost(self, body: dict[str, Any]) -> Cost:
        """One image each, and the prompt's tokens by characters."""
        count = body.get("n")
        prompt = body.get("prompt")
        size = len(prompt.encode("utf-8", "surrogatepass")) if isinstance(prompt, str) else 0
        return Cost(tokens=1 + size // 4, images=count if type(count) is int and 1 <= count <= 10 else 1)

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters, then size and the combinations that make no picture."""
        if model.family.startswith("dall-e"):
            raise errors.not_simulated("Pictures of dall-e models are")
        if body.get("prompt") is None:
            raise errors.missing("prompt")
        check_all(body, _PARAMETERS)
        if body.get("stream"):
            raise errors.not_simulated("Streamed pictures are")
        _dimensions(body.get("size") or "auto", model)
        if body.get("background") == "transparent" and body.get("output_format") == "jpeg":
            raise errors.BadRequest(
                "Transparent background is not supported for output format 'jpeg'.",
                code="invalid_value",
                param="background",
                type=IMAGE_ERROR,
            )

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """Paint, and write the answer."""
        return _Pictures(call, media, pacing)


def _dimensions(size: str, model: Model) -> tuple[int, int]:
    """Width and height.

    Raises:
        BadRequest: a size that the model does not paint.
    """
    if size == "auto":
        size = _AUTO_SIZE
    match = _SIZE.match(size)
    if model.flexible_sizes:
        if match is None:
            raise _bad_size(f"Invalid size '{size}'. Expected WIDTHxHEIGHT, for example '1824x1024'.")
        width, height = int(match[1]), int(match[2])
        if width % 16 or height % 16:
            raise _bad_size(f"Invalid size '{size}'. Width and height must both be divisible by 16.")
        if max(width, height) > 3840 or max(width, height) > 3 * min(width, height):
            raise _bad_size(f"Invalid size '{size}'. The longer edge is at most 3840 and three times the shorter one.")
        if not 655_360 <= width * height <= 8_294_400:
            raise _bad_size(f"Invalid size '{size}'. Expected 655,360 to 8,294,400 pixels.")
        return width, height
    if size not in _FIXED_SIZES:
        raise errors.BadRequest(
            f"Invalid value: '{size}'. Supported values are: {errors.quoted_list((*_FIXED_SIZES, 'auto'))}.",
            code="invalid_value",
            param="size",
        )
    width, height = (int(edge) for edge in size.split("x"))
    return width, height


def _bad_size(text: str) -> errors.BadRequest:
    return errors.BadRequest(text, code="invalid_value", param="size", type=IMAGE_ERROR)


def output_tokens(quality: str, width: int, height: int) -> int:
    """Image tokens of one picture; other sizes in proportion to their area ("our choice")."""
    by_shape = _TOKENS[quality]
    shape = "square" if width == height else "portrait" if height > width else "landscape"
    published = 1024 * 1024 if shape == "square" else 1024 * 1536
    if width * height == published:
        return by_shape[shape]
    return max(1, by_shape["square"] * width * height // (1024 * 1024))


class _Pictures:
    """The pictures of one request, painted when it is answered."""

    content_type = headers.JSON
    service_tier = "default"

    def __init__(self, call: Call, media: Media, pacing: Pacing) -> None:
        body, model = call.body, call.model
        width, height = _dimensions(body.get("size") or "auto", model)
        quality = body.get("quality") or "auto"
        quality = _AUTO_QUALITY if quality == "auto" else quality
        background = body.get("background") or "auto"
        background = "opaque" if background == "auto" else background
        form = body.get("output_format") or "png"
        count = body.get("n") or 1
        compression = body.get("output_compression")
        plans = [
            PicturePlan(
                prompt=body["prompt"],
                width=width,
                height=height,
                quality=quality,
                seed=call.seed + bytes((index,)),
                format=form,
                background=background,
                compression=100 if compression is None else compression,
                model=model.snapshot,
                made_at=call.now,
            )
            for index in range(count)
        ]
        text_in = PROMPT_OVERHEAD + media.vocabulary.count(body["prompt"], model.encoding)
        image_out = output_tokens(quality, width, height) * count
        text_out = TEXT_TOKENS_BESIDE * count if model.emits_text_beside_pictures else 0
        self._usage = Usage(
            text_in=text_in, text_out=text_out, image_out=image_out, images=count, picture=f"{width}x{height}"
        )
        shown = {
            "input_tokens": text_in,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": text_in},
            "output_tokens": image_out + text_out,
            "output_tokens_details": {"image_tokens": image_out, "text_tokens": text_out},
            "total_tokens": text_in + image_out + text_out,
        }
        self.processing = pacing.whole(image_out // 20) if pacing.itl else pacing.ttft
        self.due = call.now + self.processing if self.processing else 0
        self.body: bytes | None = pretty(
            {
                "created": call.now // SECOND,
                "background": background,
                "data": [{"b64_json": b2a_base64(media.painter.paint(plan), newline=False).decode()} for plan in plans],
                "output_format": form,
                "quality": quality,
                "size": f"{width}x{height}",
                "usage": shown,
            }
        )

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """All of it: a body is sent whole."""
        return self._usage
