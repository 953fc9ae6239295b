"""Files that a client sends along, as they stand in its request."""

from understudy.core.forms import BrokenForm, FormPart
from understudy.core.messages import Request
from understudy.media.forms import MultipartReader

_EDITS = "/images/edits"
_FIELDS = ("image", "image[]")


def files_in(content_type: str, body: bytes) -> list[FormPart] | BrokenForm:
    """The parts of a form that are files: those with a file's name, and those under the name of pictures."""
    read = MultipartReader().read(content_type, body)
    if isinstance(read, BrokenForm):
        return read
    return [part for part in read if part.filename is not None or part.name in _FIELDS]


def upload_problem(request: Request) -> str | None:
    """Why the real API would not take the pictures of a request to edit some; None where it would, or there are none.

    Each is a part with a file's name and a type of pictures, and several are a list by their name (OpenAPI document,
    CreateImageEditRequest; RFC 7578, sections 4.2 and 4.4). That a part without a filename is refused is our choice,
    and so are the words.
    """
    if request.method != "POST" or not request.path.endswith(_EDITS):
        return None
    files = files_in(request.header(b"content-type") or "", request.body)
    if isinstance(files, BrokenForm):
        return f"The body is not a form with files in it ({files.reason})."
    pictures = [file for file in files if file.name in _FIELDS]
    if not pictures:
        return "Missing required parameter: 'image'."
    for number, picture in enumerate(pictures, 1):
        if not picture.filename:
            return f"Invalid file 'image': part {number} has no filename."
        if not (picture.content_type or "").startswith("image/"):
            told = picture.content_type or "application/octet-stream"
            return f"Invalid file 'image': unsupported mimetype ('{told}') of part {number}."
    if len(pictures) > 1 and any(picture.name != "image[]" for picture in pictures):
        return "Duplicate parameter: 'image'. You provided multiple values; use 'image[]' to send several."
    return None
