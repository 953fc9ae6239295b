"""`POST /v1/images/generations`: pictures from words.

What each model accepts is in `image_rules`, how it answers in `image_answer`.
"""

from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.endpoints.image_answer import Job, answered, plan_picture
from understudy.core.endpoints.image_rules import (
    IMAGE_ERROR,
    check_generation,
    check_words,
    default_model,
    dimensions,
    kind_of,
)
from understudy.core.errors import ApiError
from understudy.core.media import Media
from understudy.core.messages import Request
from understudy.core.operations import Call, Cost, Reply, json_body
from understudy.core.pacing import Pacing
from understudy.core.replies.moderation import Moderation

PROMPT_OVERHEAD = 6
"""Input tokens beside the prompt's own: "a siamese cat", four tokens, was reported as ten (recorded 2026-08)."""


class ImageOperation:
    """What the operations on images have in common; see `core.operations.Operation`.

    Args:
        moderation: the words that are refused.
    """

    endpoint = "images"
    shows_limits = False
    proxied = False
    edits = False

    def __init__(self, moderation: Moderation) -> None:
        self.moderation = moderation

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON alone."""
        return json_body(request)

    def read_model(self, body: dict[str, Any]) -> str:
        """The model's name, or the one that a request without it means."""
        name = body.get("model")
        if name is None:
            return default_model(body, edits=self.edits)
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


class ImageGenerations(ImageOperation):
    """The operation."""

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters, then the words of the prompt."""
        check_generation(body, model)
        check_words(body["prompt"], body, kind_of(model), self.moderation)

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """Paint, and write the answer."""
        body, model = call.body, call.model
        prompt = body["prompt"]
        width, height = dimensions(body.get("size"), model)
        job = Job(
            plans=tuple(plan_picture(call, prompt, width, height, index) for index in range(body.get("n") or 1)),
            input_text=PROMPT_OVERHEAD + media.vocabulary.count(prompt, model.encoding),
            partials=body.get("partial_images") or 0,
        )
        return answered(call, job, media, pacing)
