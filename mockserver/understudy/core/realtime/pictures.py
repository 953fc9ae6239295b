"""Pictures that a caller shows: decoded, measured, and counted as those of chat are.

PNG and JPEG in data URLs (OpenAPI document 2026-08-21). The words are those that the other endpoints were reported to
use; that a picture is decoded when it is shown, and that no other URL is taken, is "our choice".
"""

from typing import Any

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.media import Media, UnreadablePicture
from understudy.core.message_parts import data_url_file

_FORMATS = ("png", "jpeg")


def picture_tokens(path: str, part: dict[str, Any], model: Model, media: Media) -> int:
    """Tokens of a picture.

    Args:
        path: of the content part.
        part: that was checked.
        model: that looks at it.
        media: its reader.

    Raises:
        BadRequest: the model sees no pictures, or this is none that can be decoded.
    """
    if "vision" not in model.abilities:
        raise errors.BadRequest(
            "Invalid content type. 'input_image' is only supported by certain models.", param=f"{path}.type"
        )
    _, file = data_url_file(f"{path}.image_url", part["image_url"])
    facts = media.reader.decode(file)
    if isinstance(facts, UnreadablePicture) or facts.format not in _FORMATS:
        raise errors.BadRequest(
            "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
            "['png', 'jpeg'].",
            code="invalid_image_format",
        )
    return model.image.tokens(facts.width, facts.height, part.get("detail") or "auto")
