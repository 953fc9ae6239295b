"""`POST /v1/images/edits` and `POST /v1/images/variations`: pictures from pictures."""

from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.endpoints.form_fields import FormBody, read_form
from understudy.core.endpoints.image_answer import Job, answered, plan_picture
from understudy.core.endpoints.image_rules import (
    Kind,
    check_edit,
    check_edit_options,
    check_variation,
    check_words,
    dimensions,
    kind_of,
)
from understudy.core.endpoints.image_uploads import (
    SentPicture,
    check_transparency,
    input_tokens,
    mask_of_form,
    mask_of_json,
    picture_of_variation,
    pictures_of_form,
    pictures_of_json,
)
from understudy.core.endpoints.images import PROMPT_OVERHEAD, ImageOperation
from understudy.core.media import EditPlan, Media, VariationPlan
from understudy.core.messages import Request
from understudy.core.operations import Call, Reply, json_body
from understudy.core.pacing import Pacing

EDIT_OVERHEAD = 30
"""Further input tokens of an edit by a model before gpt-image-2, and one for each picture: "turn the logo to green",
five tokens, with two pictures was reported as 43, and by gpt-image-2 with one as 12 (recorded 2026-08)."""

_NUMBERS = ("n", "output_compression", "partial_images")


class ImageEdits(ImageOperation):
    """Words and pictures, as a form or as JSON."""

    edits = True

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON where the header says so, else a form; a field of the other one is refused with a hint."""
        if (request.header(b"content-type") or "").partition(";")[0].strip().lower() == "application/json":
            body = json_body(request)
            if "image" in body:
                raise _misplaced("image", "For application/json on /v1/images/edits, use 'images' (array).")
            return body
        body = read_form(request, media, files=("image", "mask"), numbers=_NUMBERS, truths=("stream",))
        for name in ("images", "images[]"):
            if name in body:
                raise _misplaced("images", "For multipart/form-data use 'image' or 'image[]'.")
        return body

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters and prompt, then the pictures, then the rest, then words (order measured 2026-08)."""
        check_edit(body, model)
        if kind_of(model) is not Kind.GPT_IMAGE and not isinstance(body, FormBody):
            # The document: edits in JSON are for gpt-image models alone.
            raise errors.invalid_value("model", model.id, ("gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5"))
        _sent(body, model, media)
        check_edit_options(body, model)
        check_words(body["prompt"], body, kind_of(model), self.moderation)

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """Paint what changes over what was sent."""
        body, model = call.body, call.model
        pictures, mask = _sent(body, model, media)
        natural = pictures[0].shape if not isinstance(body, FormBody) or body.get("size") == "auto" else "1024x1024"
        width, height = dimensions(body.get("size"), model, natural)
        fidelity = "high" if model.flexible_sizes else body.get("input_fidelity") or "low"
        prompt = body["prompt"]
        plans = tuple(
            EditPlan(
                result=plan_picture(call, prompt, width, height, index),
                pictures=tuple(picture.file for picture in pictures),
                mask=pictures[0].file if mask is None and kind_of(model) is Kind.DALL_E_2 else mask,
                fidelity=fidelity,
            )
            for index in range(body.get("n") or 1)
        )
        overhead = PROMPT_OVERHEAD + len(pictures) + (0 if model.flexible_sizes else EDIT_OVERHEAD)
        job = Job(
            plans=plans,
            input_text=overhead + media.vocabulary.count(prompt, model.encoding),
            input_image=sum(input_tokens(picture, model, fidelity) for picture in pictures),
            event="image_edit",
            partials=body.get("partial_images") or 0,
        )
        return answered(call, job, media, pacing)


class ImageVariations(ImageOperation):
    """A picture alone, by dall-e-2."""

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """A form."""
        return read_form(request, media, files=("image",), numbers=_NUMBERS)

    def read_model(self, body: dict[str, Any]) -> str:
        """dall-e-2 unless another one is named, to be refused."""
        return str(body.get("model") or "dall-e-2")

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters, then the picture."""
        check_variation(body, model)
        picture_of_variation(body, media)

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """Paint what resembles it."""
        body = call.body
        picture = picture_of_variation(body, media)
        width, height = dimensions(body.get("size"), call.model)
        plans = tuple(
            VariationPlan(plan_picture(call, "", width, height, index), picture.file)
            for index in range(body.get("n") or 1)
        )
        return answered(call, Job(plans=plans), media, pacing)


def _sent(body: dict[str, Any], model: Model, media: Media) -> tuple[list[SentPicture], bytes | None]:
    """Pictures and mask; raises BadRequest."""
    if isinstance(body, FormBody):
        pictures = pictures_of_form(body, model, media)
        mask = mask_of_form(body, pictures[0], model, media)
        if kind_of(model) is Kind.DALL_E_2:
            check_transparency(pictures[0], mask)
    else:
        pictures = pictures_of_json(body, media)
        mask = mask_of_json(body, pictures[0], media)
    return pictures, mask


def _misplaced(name: str, hint: str) -> errors.BadRequest:
    """As measured 2026-08."""
    return errors.BadRequest(f"Unknown parameter: '{name}'. {hint}", code="unknown_parameter", param=name)
