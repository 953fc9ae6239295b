"""Pictures that callers send to be edited: from forms and from JSON, checked as each model does."""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.endpoints.form_fields import single
from understudy.core.endpoints.image_rules import IMAGE_ERROR, Kind, kind_of
from understudy.core.errors import ApiError
from understudy.core.forms import FormPart
from understudy.core.image_tokens import ImageRule
from understudy.core.media import Media, PictureFacts, UnreadablePicture

MOST_PICTURES = 16
SMALL = 4 * 1024 * 1024
LARGE = 50 * 1024 * 1024
"""Bytes that a picture must stay below: for dall-e-2 and masks, and for gpt-image models (OpenAPI document)."""

_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*;base64,", re.ASCII)

_LOW = ImageRule(base=65, tile=129, shortest=512)
"""Input tokens of a picture at low fidelity (OpenAI's guide "Images and vision"; recorded 2026-08)."""
_HIGH_SQUARE, _HIGH_OTHER = 4_160, 6_240
"""What high fidelity adds (the same guide)."""
_PATCH = 16
"""Pixels of gpt-image-2's patches: 128x128 counted for 64 tokens (recorded 2026-08; the formula is "our choice")."""
_MOST_PATCHES = 6_240


class SentPicture(msgspec.Struct, frozen=True):
    """One picture of a request.

    Attributes:
        file: its bytes.
        facts: what was found in them.
    """

    file: bytes
    facts: PictureFacts

    @property
    def shape(self) -> str:
        """The size of an answer that is left to the model."""
        width, height = self.facts.width, self.facts.height
        return "1024x1024" if width == height else "1024x1536" if height > width else "1536x1024"


def input_tokens(picture: SentPicture, model: Model, fidelity: str) -> int:
    """What a picture counts for as input.

    Args:
        picture: as it was sent.
        model: that edits.
        fidelity: low or high; models of any size always look closely.
    """
    width, height = picture.facts.width, picture.facts.height
    if model.flexible_sizes:
        return min(-(-width // _PATCH) * -(-height // _PATCH), _MOST_PATCHES)
    low = _LOW.tokens(width, height)
    if fidelity == "low":
        return low
    return low + (_HIGH_SQUARE if width == height else _HIGH_OTHER)


def pictures_of_form(body: Mapping[str, Any], model: Model, media: Media) -> list[SentPicture]:
    """The pictures of a form, in their order; raises BadRequest."""
    given = body.get("image")
    if given is None:
        raise errors.missing("image")
    if kind_of(model) is Kind.DALL_E_2:
        part = single(body, "image")
        return [] if part is None else [_small(part, media, "image")]
    if len(given) > MOST_PICTURES:
        raise errors.array_too_long("image", MOST_PICTURES, len(given))
    return [_uploaded(part, index, media) for index, part in enumerate(given)]


def mask_of_form(body: Mapping[str, Any], picture: SentPicture, model: Model, media: Media) -> bytes | None:
    """The mask of a form, None when there is none; raises BadRequest."""
    part = single(body, "mask")
    if part is None:
        return None
    if kind_of(model) is Kind.GPT_IMAGE:
        _check_type(part, "mask")
    return _mask(part.value, picture, media)


def picture_of_variation(body: Mapping[str, Any], media: Media) -> SentPicture:
    """The one picture of a form; raises BadRequest."""
    part = single(body, "image")
    if part is None:
        raise errors.missing("image")
    return _small(part, media, "image")


def pictures_of_json(body: Mapping[str, Any], media: Media) -> list[SentPicture]:
    """The pictures that JSON refers to, in their order; raises BadRequest, or NotFound of a file."""
    given = body.get("images")
    if given is None:
        raise errors.missing("images")
    if not isinstance(given, list):
        raise errors.wrong_type("images", "an array of objects", given)
    if not given:
        raise errors.empty_array("images")
    if len(given) > MOST_PICTURES:
        raise errors.array_too_long("images", MOST_PICTURES, len(given))
    return [_referred(each, f"images[{index}]", media) for index, each in enumerate(given)]


def mask_of_json(body: Mapping[str, Any], picture: SentPicture, media: Media) -> bytes | None:
    """The mask that JSON refers to, None when there is none; raises BadRequest."""
    given = body.get("mask")
    return None if given is None else _mask(_bytes_of(given, "mask"), picture, media)


def check_transparency(picture: SentPicture, mask: bytes | None) -> None:
    """dall-e-2 edits where a picture is transparent, or its mask; raises BadRequest."""
    if mask is None and not picture.facts.has_alpha:
        raise errors.BadRequest("Invalid input image - format must be in ['RGBA', 'LA', 'L'], got RGB.")


def _uploaded(part: FormPart, index: int, media: Media) -> SentPicture:
    _check_type(part, "image")
    if len(part.value) >= LARGE:
        raise _too_large("image", "50 MB")
    facts = media.reader.decode(part.value)
    if isinstance(facts, UnreadablePicture) or facts.format not in _TYPES:
        raise _invalid_file(index + 1)
    return SentPicture(part.value, facts)


def _check_type(part: FormPart, field: str) -> None:
    """SDKs guess the type from the file's name; what has none is `application/octet-stream`, which is refused."""
    if part.content_type not in _TYPES.values():
        declared = part.content_type or "application/octet-stream"
        raise errors.BadRequest(
            f"Invalid file '{field}': unsupported mimetype ('{declared}'). Supported file formats are 'image/jpeg', "
            "'image/png', and 'image/webp'.",
            code="unsupported_file_mimetype",
            param=field,
        )


def _small(part: FormPart, media: Media, field: str) -> SentPicture:
    """One square PNG, as dall-e-2 wants it."""
    facts = media.reader.decode(part.value) if len(part.value) < SMALL else None
    if not isinstance(facts, PictureFacts) or facts.format != "png":
        raise errors.BadRequest(f"Uploaded {field} must be a PNG and less than 4 MB.", param=field)
    if facts.width != facts.height:
        raise errors.BadRequest(f"Uploaded {field} must be square.", param=field)
    return SentPicture(part.value, facts)


def _mask(file: bytes, picture: SentPicture, media: Media) -> bytes:
    """Words of the first two as widely reported."""
    if len(file) >= LARGE:
        raise _bad_mask("mask image is too large")
    facts = media.reader.decode(file)
    if isinstance(facts, UnreadablePicture):
        raise _bad_mask("mask image cannot be read")
    if facts.format != "png":
        raise _bad_mask("mask image must be a PNG")
    if not facts.has_alpha:
        raise _bad_mask("mask image missing alpha channel")
    if (facts.width, facts.height) != (picture.facts.width, picture.facts.height):
        raise _bad_mask("mask size does not match image size")
    return file


def _bad_mask(problem: str) -> ApiError:
    return errors.BadRequest(
        f"Invalid mask image format - {problem}.", code="invalid_mask_image_format", param="mask", type=IMAGE_ERROR
    )


def _referred(given: object, path: str, media: Media) -> SentPicture:
    file = _bytes_of(given, path)
    facts = media.reader.decode(file)
    if len(file) >= LARGE or isinstance(facts, UnreadablePicture) or facts.format not in _TYPES:
        # As recorded 2026-08.
        raise errors.BadRequest(
            "Invalid image data.", code="invalid_image_file", param=f"{path}.image_url", type=IMAGE_ERROR
        )
    return SentPicture(file, facts)


def _bytes_of(given: object, path: str) -> bytes:
    if not isinstance(given, dict):
        raise errors.wrong_type(path, "an object", given)
    for name in given:
        if name not in ("image_url", "file_id"):
            raise errors.unknown_parameter(f"{path}.{name}")
    if (given.get("image_url") is None) == (given.get("file_id") is None):
        raise errors.BadRequest(
            f"Invalid '{path}': exactly one of 'image_url' and 'file_id' is required.",
            code="invalid_value",
            param=path,
        )
    if given.get("file_id") is not None:
        # One that is a text was replaced by its bytes before (see `core.file_references`).
        raise errors.wrong_type(f"{path}.file_id", "a string", given["file_id"])
    return bytes_of_url(given["image_url"], path)


def bytes_of_url(url: object, path: str) -> bytes:
    """The bytes of a data URL; raises BadRequest of any other."""
    if not isinstance(url, str):
        raise errors.wrong_type(f"{path}.image_url", "a string", url)
    match = _DATA_URL.match(url)
    if match is None:
        # No call leaves the machine: whatever is not in the request cannot be had ("our choice" of the status).
        raise errors.BadRequest(
            "Error while downloading file. Upstream status code: 404.", code="invalid_value", param="url"
        )
    try:
        return b64decode(url[match.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise errors.BadRequest(
            "Invalid image data.", code="invalid_image_file", param=f"{path}.image_url", type=IMAGE_ERROR
        ) from None


def _invalid_file(number: int) -> ApiError:
    return errors.BadRequest(
        f"Invalid image file or mode for image {number}, please check your image file.",
        code="invalid_image_file",
        type=IMAGE_ERROR,
    )


def _too_large(field: str, most: str) -> ApiError:
    return errors.BadRequest(
        f"Invalid file '{field}': file too large. Each image must be less than {most}.",
        code="invalid_image_file",
        param=field,
        type=IMAGE_ERROR,
    )
