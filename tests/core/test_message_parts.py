from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from understudy.core import message_parts

if TYPE_CHECKING:
    from tests.conftest import Api, Result


def shown(width: int, height: int, kind: str = "png") -> str:
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind.upper())
    return f"data:image/{kind};base64,{b64encode(file.getvalue()).decode()}"


def pdf(pages: int) -> str:
    objects = b"".join(
        b"%d 0 obj\n<< /Type /Page /Parent 2 0 R >>\nendobj\n" % number for number in range(3, 3 + pages)
    )
    data = b"%PDF-1.4\n1 0 obj\n<< /Type /Pages /Count 1 >>\nendobj\n" + objects + b"%%EOF"
    return "data:application/pdf;base64," + b64encode(data).decode()


def look(api: Api, url: str, model: str = "gpt-4o", **more: str) -> Result:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url, **more}}]
    return api.chat({"model": model, "messages": [{"role": "user", "content": parts}]})


def read(api: Api, file: dict[str, Any], model: str = "gpt-4o") -> Result:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "file", "file": file}]
    return api.chat({"model": model, "messages": [{"role": "user", "content": parts}]})


def tokens(result: Result) -> int:
    count: int = result.json["usage"]["prompt_tokens"]
    return count


@pytest.mark.parametrize(
    ("model", "detail", "expected"),
    [
        ("gpt-4o", "low", 85),
        ("gpt-4o", "high", 765),
        ("gpt-4o", "auto", 765),
        ("gpt-4o-mini", "low", 2_833),
        ("gpt-4o-mini", "high", 25_501),
        ("gpt-4.1-nano", "high", 2_520),
        ("gpt-5", "high", 630),
        ("o3", "high", 675),
        ("o4-mini", "high", 1_762),
    ],
)
def test_a_picture_counts_by_model_and_detail(
    make_api: Callable[..., Api], model: str, detail: str, expected: int
) -> None:
    """1,024 by 1,024 pixels, as the published arithmetic has it, on top of the text."""
    api = make_api(tier=5)
    text = api.chat(
        {"model": model, "messages": [{"role": "user", "content": [{"type": "text", "text": "What is this?"}]}]}
    )
    assert tokens(look(api, shown(1024, 1024), model, detail=detail)) - tokens(text) == expected


def test_pictures_elsewhere_are_never_fetched(api: Api) -> None:
    """They count as one of 1,024 by 1,024 pixels."""
    assert tokens(look(api, "https://example.invalid/cat.png")) == tokens(look(api, shown(1024, 1024)))


FORMATS = (
    "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
    "['png', 'jpeg', 'gif', 'webp']."
)
EXPECTED = (
    "Invalid image URL: 'messages[0].content[1].image_url.url'. Expected a base64-encoded data URL with an image MIME "
    "type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')"
)


@pytest.mark.parametrize(
    ("url", "message", "code"),
    [
        ("data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=", FORMATS, "invalid_image_format"),
        (shown(4, 4, "bmp"), FORMATS, "invalid_image_format"),
        ("data:image/png;base64,???", "Invalid base64 image_url.", "invalid_base64"),
        ("data:image/png;base64,", "Invalid base64 image_url.", "invalid_base64"),
        (
            f"{EXPECTED}",
            "Invalid image URL: 'messages[0].content[1].image_url.url'. Expected a valid URL, but got a value with an invalid format.",
            "invalid_value",
        ),
        (
            "data:application/pdf;base64,QUJD",
            f"{EXPECTED}, but got unsupported MIME type 'application/pdf'.",
            "invalid_value",
        ),
        ("data:image/png,QUJD", f"{EXPECTED}, but got a value without the ';base64' separator.", "invalid_value"),
    ],
)
def test_what_is_no_picture_is_refused(api: Api, url: str, message: str, code: str) -> None:
    """In the recorded and reported words."""
    result = look(api, url)
    assert result.status == 400
    assert (result.error["message"], result.error["code"]) == (message, code)


@pytest.mark.parametrize("model", ["gpt-3.5-turbo", "gpt-4", "o3-mini"])
def test_models_that_see_nothing_refuse_pictures(make_api: Callable[..., Api], model: str) -> None:
    """With the path spelled as the older errors do."""
    error = look(make_api(tier=5), shown(4, 4), model).error
    assert error == {
        "message": "Invalid content type. image_url is only supported by certain models.",
        "type": "invalid_request_error",
        "param": "messages.[0].content.[1].type",
        "code": None,
    }


def test_a_file_counts_by_its_pages(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one, each like a picture; their number is bounded."""
    one, two, five = (tokens(read(api, {"filename": "a.pdf", "file_data": pdf(pages)})) for pages in (1, 2, 5))
    assert (two - one, five - one) == (765, 4 * 765)
    assert tokens(read(api, {"filename": "a.pdf", "file_data": pdf(0)})) == one
    monkeypatch.setattr(message_parts, "MOST_PAGES", 2)
    assert tokens(read(api, {"filename": "b.pdf", "file_data": pdf(5)})) == two


def test_a_file_id_that_names_nothing_is_not_found(api: Api) -> None:
    """404, with the id."""
    result = read(api, {"file_id": "file-abc"})
    assert result.status == 404
    assert result.error["message"] == "No such File object: file-abc"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("data:audio/mpeg;base64,QUJD", "unsupported MIME type 'audio/mpeg'"),
        ("data:application/pdf;base64,QUJD", "a file that is no PDF"),
        ("data:application/pdf;base64,?", "invalid base64 data"),
        ("QUJD", "a value without the 'data:' URL scheme"),
    ],
)
def test_what_is_no_pdf_is_refused(api: Api, data: str, problem: str) -> None:
    """In words recorded for the same part of another endpoint."""
    error = read(api, {"filename": "a", "file_data": data}).error
    assert f"but got {problem}." in error["message"]
    assert (error["code"], error["param"]) == ("invalid_value", "messages[0].content[1].file.file_data")


def test_without_the_extra_only_decoding_is_missing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """501 and one sentence; a picture behind a URL needs nothing."""
    data = shown(4, 4)
    monkeypatch.setitem(sys.modules, "PIL", None)
    result = look(api, data)
    assert (result.status, result.error["code"]) == (501, "extra_not_installed")
    assert look(api, "https://example.com/a.png").status == 200


def test_pictures_beyond_the_context_window_are_refused(make_api: Callable[..., Api]) -> None:
    """However short the text."""
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    result = make_api(tier=5).chat({"model": "gpt-4o", "messages": [{"role": "user", "content": [part] * 180}]})
    assert result.error["code"] == "context_length_exceeded"


def test_a_cached_prompt_may_hold_pictures(make_api: Callable[..., Api]) -> None:
    """The same pictures are the same beginning, others are not."""
    api = make_api(tier=5)

    def cached(*names: str) -> int:
        parts = [{"type": "image_url", "image_url": {"url": f"https://example.com/{name}.png"}} for name in names]
        usage = api.chat({"messages": [{"role": "user", "content": parts}]}).json["usage"]
        count: int = usage["prompt_tokens_details"]["cached_tokens"]
        return count

    assert cached("a", "b", "c") == 0
    assert cached("a", "b", "c") == 2_176
    assert cached("a", "b", "d") == 1_408
    assert cached("d", "b", "c") == 0
