"""What image models accept, and how each refuses the rest.

Sources: the OpenAPI document 2026-08-21 for names and ranges; error texts of gpt-image models measured 2026-08; those
of dall-e as widely reported in its time, from memory where no report was at hand ("our choice").
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from understudy.core import errors, ids
from understudy.core.catalog import Model
from understudy.core.errors import ApiError
from understudy.core.parameters import Check, anything, boolean, check_all, integer, optional, string, word
from understudy.core.replies.moderation import Finding, Moderation

IMAGE_ERROR = "image_generation_user_error"


class Kind(Enum):
    """A generation of image models: each has its own wire."""

    DALL_E_2 = "dall-e-2"
    DALL_E_3 = "dall-e-3"
    GPT_IMAGE = "gpt-image"


def kind_of(model: Model) -> Kind:
    """Which generation a model is of."""
    if model.family == "gpt-image":
        return Kind.GPT_IMAGE
    return Kind.DALL_E_3 if model.listed.startswith("dall-e-3") else Kind.DALL_E_2


PROMPT_MAXIMA = {Kind.DALL_E_2: 1_000, Kind.DALL_E_3: 4_000, Kind.GPT_IMAGE: 32_000}
"""Characters (OpenAPI document)."""

_SQUARES = ("256x256", "512x512", "1024x1024")
_WIDE = ("1024x1024", "1792x1024", "1024x1792")
_FIXED = ("1024x1024", "1024x1536", "1536x1024")
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})\Z")

_QUALITIES = ("low", "medium", "high", "auto")
_QUALITY = optional(word(*_QUALITIES))
_OUTPUT: dict[str, Check] = {
    "background": optional(word("transparent", "opaque", "auto")),
    "output_format": optional(word("png", "webp", "jpeg")),
    "output_compression": optional(integer(0, 100)),
    "moderation": optional(word("auto", "low")),
    "stream": optional(boolean),
    "partial_images": optional(integer(0, 3)),
}
_OLD: dict[str, Check] = {"response_format": optional(word("url", "b64_json"))}
_COMMON: dict[str, Check] = {"n": optional(integer(1, 10)), "size": optional(string()), "user": optional(string())}
_START: dict[str, Check] = {"model": anything, "prompt": anything, "image": anything, "images": anything}

_GENERATE: dict[Kind, dict[str, Check]] = {
    Kind.GPT_IMAGE: {**_COMMON, "quality": _QUALITY, **_OUTPUT},
    Kind.DALL_E_3: {
        **_COMMON,
        "quality": optional(word("standard", "hd")),
        "style": optional(word("vivid", "natural")),
        **_OLD,
    },
    Kind.DALL_E_2: {**_COMMON, "quality": optional(word("standard")), **_OLD},
}
_EDIT: dict[Kind, dict[str, Check]] = {
    Kind.GPT_IMAGE: {
        "mask": anything,
        **_COMMON,
        "quality": _QUALITY,
        "input_fidelity": optional(word("high", "low")),
        **_OUTPUT,
    },
    Kind.DALL_E_2: {"mask": anything, **_COMMON, "quality": optional(word("standard")), **_OLD},
}
_VARY: dict[Kind, dict[str, Check]] = {Kind.DALL_E_2: {**_COMMON, **_OLD}}

_ONLY_DALL_E_2 = ("256x256", "512x512")
_ONLY_GPT_IMAGE = (
    "background", "input_fidelity", "moderation", "output_compression", "output_format", "partial_images", "stream",
)  # fmt: skip
NEWEST_DEFAULT = "gpt-image-1.5"
"""Of an edit, and of a generation that asks for what only gpt-image models have (OpenAPI document)."""


def default_model(body: Mapping[str, Any], *, edits: bool = False) -> str:
    """The model of a request that names none.

    The document's default: dall-e-2 for generations unless they use what only gpt-image models have, and gpt-image-1.5
    for edits; but dall-e-2 for an edit that uses what only that takes, since old clients name no model.

    Args:
        body: the request.
        edits: whether it is an edit.
    """
    if body.get("size") in _ONLY_DALL_E_2 or body.get("response_format") is not None:
        return "dall-e-2"
    if edits or any(body.get(name) for name in _ONLY_GPT_IMAGE):
        return NEWEST_DEFAULT
    if body.get("quality") in _QUALITIES or body.get("size") in ("auto", "1024x1536", "1536x1024"):
        return NEWEST_DEFAULT
    return "dall-e-2"


def check_generation(body: Mapping[str, Any], model: Model) -> None:
    """Unknown keys, prompt, then the rest in the order measured 2026-08; raises BadRequest."""
    kind = kind_of(model)
    known = _GENERATE[kind]
    _refuse_unknown(body, {"model", "prompt", *known})
    check_prompt(body, kind)
    check_all({name: value for name, value in body.items() if name in known}, known)
    if kind is Kind.DALL_E_3 and (body.get("n") or 1) > 1:
        raise errors.BadRequest("You must provide n=1 for this model.", param="n", code="invalid_n")
    dimensions(body.get("size"), model)
    _check_background(body)


def check_edit(body: Mapping[str, Any], model: Model) -> None:
    """The same of an edit, but for its pictures, which come after its prompt; raises BadRequest."""
    kind = kind_of(model)
    if kind is Kind.DALL_E_3:
        raise errors.invalid_value("model", model.id, ("dall-e-2", "gpt-image-1", "gpt-image-1-mini", NEWEST_DEFAULT))
    known = _EDIT[kind]
    _refuse_unknown(body, {"model", "prompt", "image", "images", *known})
    check_prompt(body, kind)


def check_edit_options(body: Mapping[str, Any], model: Model) -> None:
    """What comes after the pictures of an edit; raises BadRequest."""
    known = _EDIT[kind_of(model)]
    check_all({name: value for name, value in body.items() if name in known}, known)
    if body.get("input_fidelity") is not None and not model.input_fidelity:
        raise errors.BadRequest(
            f"The model '{model.id}' does not support the 'input_fidelity' parameter.",
            code="invalid_input_fidelity_model",
            param="input_fidelity",
            type=IMAGE_ERROR,
        )
    dimensions(body.get("size"), model)
    _check_background(body)


def check_variation(body: Mapping[str, Any], model: Model) -> None:
    """Of a variation, whose picture comes first; raises BadRequest."""
    kind = kind_of(model)
    if kind is not Kind.DALL_E_2:
        raise errors.BadRequest("Value must be 'dall-e-2'.", code="invalid_value", param="model")
    known = _VARY[kind]
    _refuse_unknown(body, {"model", "image", *known})
    check_all({name: value for name, value in body.items() if name in known}, known)
    dimensions(body.get("size"), model)


def check_prompt(body: Mapping[str, Any], kind: Kind) -> None:
    """A text within the model's length; raises BadRequest."""
    prompt = body.get("prompt")
    if prompt is None:
        raise errors.missing("prompt")
    string(PROMPT_MAXIMA[kind], 1)("prompt", prompt)


def check_words(prompt: str, body: Mapping[str, Any], kind: Kind, moderation: Moderation) -> None:
    """Refuse what the list of moderated words holds; raises BadRequest."""
    found = moderation.findings(prompt)
    if kind is Kind.GPT_IMAGE and body.get("moderation") == "low":
        found = [finding for finding in found if finding.strong]
    if found:
        raise _rejected(prompt, found, kind)


def _rejected(prompt: str, found: list[Finding], kind: Kind) -> ApiError:
    if kind is not Kind.GPT_IMAGE:
        return errors.BadRequest(
            "Your request was rejected as a result of our safety system. Your prompt may contain text that is not "
            "allowed by our safety system.",
            code="content_policy_violation",
        )
    categories = list(dict.fromkeys(finding.category for finding in found))
    reference = ids.uuid(prompt.encode("utf-8", "surrogatepass")[:64])
    return errors.BadRequest(
        "Your request was rejected by the safety system. If you believe this is an error, contact us at "
        f"help.openai.com and include the request ID {reference}. safety_violations=[{', '.join(categories)}].",
        code="moderation_blocked",
        type=IMAGE_ERROR,
        details={"moderation_details": {"moderation_stage": "input", "categories": categories}},
    )


def dimensions(size: str | None, model: Model, natural: str = "1024x1024") -> tuple[int, int]:
    """Width and height in pixels.

    Args:
        size: as requested; None or `auto` for what the model takes.
        model: that paints.
        natural: what `auto` comes to.

    Raises:
        BadRequest: a size that the model does not paint.
    """
    kind = kind_of(model)
    if size is None or (size == "auto" and kind is Kind.GPT_IMAGE):
        size = natural
    if kind is not Kind.GPT_IMAGE:
        accepted = _WIDE if kind is Kind.DALL_E_3 else _SQUARES
        if size not in accepted:
            raise errors.invalid_value("size", size, accepted)
    elif model.flexible_sizes:
        return _flexible(size)
    elif size not in _FIXED:
        raise errors.invalid_value("size", size, (*_FIXED, "auto"))
    width, _, height = size.partition("x")
    return int(width), int(height)


def _flexible(size: str) -> tuple[int, int]:
    match = _SIZE.match(size)
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


def _bad_size(text: str) -> errors.BadRequest:
    return errors.BadRequest(text, code="invalid_value", param="size", type=IMAGE_ERROR)


def _check_background(body: Mapping[str, Any]) -> None:
    if body.get("background") == "transparent" and body.get("output_format") == "jpeg":
        raise errors.BadRequest(
            "Transparent background is not supported for output format 'jpeg'.",
            code="invalid_value",
            param="background",
            type=IMAGE_ERROR,
        )


def _refuse_unknown(body: Mapping[str, Any], known: set[str]) -> None:
    for name in body:
        if name not in known:
            raise errors.unknown_parameter(name)
