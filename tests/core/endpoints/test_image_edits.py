"""Pictures from pictures: forms and JSON, masks, variations, provenance; and what is no picture at all."""

from __future__ import annotations

import base64
import io
import json
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.core.endpoints.test_images import events, pictures
from tests.openapi.schemas import validator

from understudy.core.messages import Request
from understudy.core.pricing import DOLLAR, parse_usd

if TYPE_CHECKING:
    from tests.conftest import Api, Result

Make = Callable[..., "Api"]
Recorded = Callable[[str], dict[str, Any]]


def png(width: int = 128, height: int = 128, *, mode: str = "RGBA", hole: bool = True) -> bytes:
    picture = Image.new("RGBA", (width, height), (200, 80, 40, 255))
    if hole:
        picture.paste((0, 0, 0, 0), (width // 4, height // 4, width // 2, height // 2))
    return saved(picture.convert(mode))


def saved(picture: Image.Image, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, form)
    return file.getvalue()


File = tuple[str, tuple[str, bytes, str]]


def image(data: bytes, name: str = "image", kind: str = "image/png") -> File:
    return name, ("picture.png", data, kind)


def edit(api: Api, *files: File, path: str = "edits", stop_after: int | None = None, **fields: Any) -> Result:
    """As openai-python, and with it httpx, sends it; every time with another boundary."""
    fields = {"prompt": "a red boat", **fields} if path == "edits" else fields
    request = httpx.Request("POST", "http://x.test/", data=fields, files=list(files))
    headers = {"content-type": request.headers["content-type"]}
    return api.send("POST", f"/v1/images/{path}", request.read(), headers=headers, stop_after=stop_after)


def edit_json(api: Api, **body: Any) -> Result:
    data = json.dumps({"prompt": "a red boat", **body}).encode()
    return api.send("POST", "/v1/images/edits", data, headers={"content-type": "application/json"})


def data_url(file: bytes) -> dict[str, str]:
    return {"image_url": f"data:image/png;base64,{base64.b64encode(file).decode()}"}


@pytest.fixture
def rich(make_api: Make) -> Api:
    return make_api(tier=5, credits=100 * DOLLAR)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    boxes=st.lists(
        st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(30, 400), st.integers(30, 400)),
        min_size=1,
        max_size=3,
    ),
    model=st.sampled_from(["gpt-image-1", "gpt-image-2", "dall-e-2"]),
)
def test_what_the_mask_does_not_open_comes_back_untouched(
    make_api: Make, boxes: list[tuple[int, int, int, int]], model: str
) -> None:
    """To the last bit of every pixel; and within the mask something changes."""
    api = make_api(tier=5)
    noise = numpy.random.default_rng(7).integers(0, 256, (1024, 1024, 4), numpy.uint8)
    noise[..., 3] = 255
    mask = Image.new("RGBA", (1024, 1024), (0, 0, 0, 255))
    for left, top, width, height in boxes:
        mask.paste((0, 0, 0, 0), (left, top, min(left + width, 1024), min(top + height, 1024)))
    old = {"response_format": "b64_json", "size": "1024x1024"} if model == "dall-e-2" else {"size": "1024x1024"}
    sent = saved(Image.fromarray(noise))
    result = edit(api, image(sent), image(saved(mask), "mask"), model=model, **old)
    assert result.status == 200, result.body
    made = numpy.asarray(pictures(result)[0].convert("RGBA"))
    kept = numpy.asarray(mask)[..., 3] == 255
    assert (made[kept] == noise[kept]).all()
    assert (made[~kept] != noise[~kept]).any()


@pytest.mark.parametrize("count", [1, 2, 16])
@pytest.mark.parametrize("name", ["image", "image[]"])
def test_up_to_sixteen_pictures_are_taken_by_either_name(rich: Api, name: str, count: int) -> None:
    """As the SDKs of Python and Node, and curl, spell it; each counts as input."""
    result = edit(rich, *[image(png(), name)] * count, model="gpt-image-1.5", quality="low")
    assert result.status == 200
    assert result.json["usage"]["input_tokens_details"]["image_tokens"] == 194 * count
    validator("images", "ImagesResponse").validate(result.json)


@pytest.mark.parametrize("name", ["ruby_llm/post-images-edits-1", "ruby_llm/post-images-edits-2"])
def test_recorded_edits_were_answered_in_the_same_shape(rich: Api, recorded: Recorded, name: str) -> None:
    """Every number of their usage, too; the recorded pictures were 128 pixels square."""
    exchange = recorded(name)
    body = {**exchange["request"]["json"], "images": [data_url(png())] * len(exchange["request"]["json"]["images"])}
    ours, theirs = edit_json(rich, **body), exchange["response"]["json"]
    assert list(ours.json) == list(theirs)
    for key in ("background", "output_format", "quality", "size", "usage"):
        assert ours.json[key] == theirs[key], key


@pytest.mark.parametrize(
    "name", ["ruby_llm/post-images-edits-400-invalid-image-file-1", "ruby_llm/post-images-edits-400-invalid-value-1"]
)
def test_recorded_refusals_have_the_same_words(rich: Api, recorded: Recorded, name: str) -> None:
    """Of what is no picture; and of an address, whose picture no call is made for."""
    exchange = recorded(name)
    body = exchange["request"]["json"]
    if "invalid-image-file" in name:
        body = {**body, "images": [data_url(b"<svg/>")]}
    ours = edit_json(rich, **body)
    assert (ours.status, ours.json) == (400, exchange["response"]["json"])


def test_the_same_form_has_the_same_picture_whatever_its_boundary(make_api: Make) -> None:
    """And another prompt another one."""
    first, again, other = (
        pictures(edit(make_api(tier=5), image(png()), model="gpt-image-1", quality="low", prompt=prompt))[0].tobytes()
        for prompt in ("a red boat", "a red boat", "a green tree")
    )
    assert first == again != other


def test_high_fidelity_keeps_more_and_costs_more(rich: Api) -> None:
    """Where no mask protects the picture: measured over all pixels; models of any size refuse the word."""
    source = Image.effect_noise((1024, 1024), 60).convert("RGB")
    results = {
        fidelity: edit(rich, image(saved(source)), model="gpt-image-1", quality="low", input_fidelity=fidelity)
        for fidelity in ("low", "high")
    }
    before = numpy.asarray(source, numpy.float64)
    lost = {
        fidelity: numpy.abs(numpy.asarray(pictures(result)[0].convert("RGB"), numpy.float64) - before).mean()
        for fidelity, result in results.items()
    }
    assert lost["high"] < 0.7 * lost["low"]
    tokens = {name: result.json["usage"]["input_tokens_details"]["image_tokens"] for name, result in results.items()}
    assert tokens == {"low": 65 + 129, "high": 65 + 129 + 4_160}
    refused = edit(rich, image(png()), model="gpt-image-2", input_fidelity="high")
    assert refused.error["code"] == "invalid_input_fidelity_model"


def test_a_streamed_edit_has_events_of_its_own(rich: Api) -> None:
    """Of the document, with the numbers and truths that a form spells as text."""
    made = events(
        edit(rich, image(png()), model="gpt-image-1", quality="low", stream="true", partial_images="1", n="1")
    )
    validator("images", "ImageEditPartialImageEvent").validate(made[0])
    validator("images", "ImageEditCompletedEvent").validate(made[1])
    assert len(made) == 2
    assert made[1]["usage"]["output_tokens"] == 272 + 100


def test_an_answer_is_as_wide_as_the_picture_when_that_is_left_to_the_model(rich: Api) -> None:
    """By the shape of the first one."""
    for width, height, size in ((100, 60, "1536x1024"), (60, 100, "1024x1536"), (80, 80, "1024x1024")):
        result = edit(rich, image(png(width, height)), model="gpt-image-1", quality="low", size="auto")
        assert result.json["size"] == size


def test_old_clients_edit_with_dall_e_2(rich: Api) -> None:
    """Without a model, by what they ask for; where the picture is transparent, or the mask."""
    result = edit(rich, image(png()), size="256x256", n="2")
    assert [list(entry) for entry in result.json["data"]] == [["url"], ["url"]]
    assert next(iter(rich.simulator.journal)).charge == 2 * parse_usd("0.016")
    opaque = png(mode="RGB")
    assert "format must be in ['RGBA', 'LA', 'L']" in edit(rich, image(opaque), size="256x256").error["message"]
    with_mask = edit(rich, image(opaque), image(png(), "mask"), size="256x256", response_format="b64_json")
    assert pictures(with_mask)[0].size == (256, 256)


def test_variations_are_by_dall_e_2_alone(make_api: Make) -> None:
    """Each another one; past its shutdown date it is refused where that is asked for."""
    api = make_api(tier=5)
    result = edit(api, image(png()), path="variations", n="2", size="256x256", response_format="b64_json")
    first, second = pictures(result)
    assert first.size == second.size == (256, 256)
    assert first.tobytes() != second.tobytes()
    assert result.body.endswith(b"\n")
    assert edit(api, image(png()), path="variations", model="gpt-image-1").error["param"] == "model"
    assert edit(api, path="variations", image="x").status == 400
    assert edit(make_api(reject_retired=True), image(png()), path="variations").status == 404


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


BOMB = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    + chunk(b"IEND", b"")
)
NO_PICTURES = {
    "text": b"hello",
    "nothing": b"",
    "cut off": png()[:200],
    "bomb": BOMB,
    "moving": saved(Image.new("P", (9, 9)), "GIF"),
}


@pytest.mark.parametrize("kind", NO_PICTURES)
@pytest.mark.parametrize("where", ["gpt-image-1", "dall-e-2", "mask", "json", "variation"])
def test_what_is_no_picture_is_refused_within_bounded_memory(rich: Api, kind: str, where: str) -> None:
    """By every way in; a small file that claims to be huge is never unpacked."""
    file = NO_PICTURES[kind]
    tracemalloc.start()
    if where == "mask":
        result = edit(rich, image(png()), image(file, "mask"), model="gpt-image-1")
    elif where == "json":
        result = edit_json(rich, images=[data_url(file)])
    elif where == "variation":
        result = edit(rich, image(file), path="variations")
    else:
        result = edit(rich, image(file), model=where)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.status == 400
    assert result.error["message"]
    assert peak < 20_000_000


def test_too_much_is_refused_before_it_is_looked_at(rich: Api) -> None:
    """Seventeen pictures; 51 MB; over 4 MB for dall-e-2."""
    many = edit(rich, *[image(png(16, 16))] * 17, model="gpt-image-1")
    assert (many.error["param"], many.error["code"]) == ("image", "array_above_max_length")
    large = edit(rich, image(png(16, 16) + bytes(51 * 2**20)), model="gpt-image-1")
    assert "less than 50 MB" in large.error["message"]
    assert "less than 4 MB" in edit(rich, image(png(16, 16) + bytes(5 * 2**20)), model="dall-e-2").error["message"]


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (png(64, 64), "mask size does not match image size"),
        (png(mode="RGB"), "mask image missing alpha channel"),
        (saved(Image.new("RGBA", (128, 128)), "WEBP"), "mask image must be a PNG"),
    ],
)
def test_masks_that_do_not_fit_are_refused(rich: Api, mask: bytes, problem: str) -> None:
    """Each by its own words."""
    refused = edit(rich, image(png()), image(mask, "mask"), model="gpt-image-1")
    assert (refused.error["code"], refused.error["param"]) == ("invalid_mask_image_format", "mask")
    assert problem in refused.error["message"]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"model": "dall-e-3"}, "model", "invalid_value"),
        ({"model": "gpt-image-1", "n": "two"}, "n", "invalid_type"),
        ({"model": "gpt-image-1", "stream": "perhaps"}, "stream", "invalid_type"),
        ({"model": "gpt-image-1", "style": "vivid"}, "style", "unknown_parameter"),
        ({"model": "gpt-image-1", "prompt": ""}, "prompt", "empty_string"),
        ({"model": "gpt-image-1", "images": "x"}, "images", "unknown_parameter"),
        ({"model": "gpt-image-1-mini", "input_fidelity": "high"}, "input_fidelity", "invalid_input_fidelity_model"),
        ({"model": "gpt-nope"}, "model", "invalid_value"),
    ],
)
def test_fields_of_a_form_are_checked_as_json_is(rich: Api, fields: dict[str, Any], param: str, code: str) -> None:
    """Text that is no number stays what it is and is refused by its type."""
    refused = edit(rich, image(png()), **fields)
    assert (refused.status, refused.error["param"], refused.error["code"]) == (400, param, code)


def test_a_file_without_a_type_is_refused_as_the_real_one_does(rich: Api) -> None:
    """SDKs guess the type by the file's name; bytes alone have none."""
    refused = edit(rich, image(png(), kind="application/octet-stream"), model="gpt-image-1")
    assert refused.error["code"] == "unsupported_file_mimetype"
    assert "('application/octet-stream')" in refused.error["message"]


def test_json_that_refers_to_nothing_is_refused_by_its_place(rich: Api) -> None:
    """Files that do not exist are named."""
    assert edit_json(rich).error["param"] == "images"
    assert edit_json(rich, images=[]).error["code"] == "empty_array"
    assert edit_json(rich, images=[{}]).error["param"] == "images[0]"
    assert edit_json(rich, images=[{"image_url": 1}]).error["param"] == "images[0].image_url"
    assert edit_json(rich, images=[{"url": "x"}]).error["param"] == "images[0].url"
    assert edit_json(rich, image=[]).error["message"].endswith("use 'images' (array).")
    missing = edit_json(rich, images=[{"file_id": "file-abc123"}])
    assert (missing.status, missing.error["message"]) == (404, "No such File object: file-abc123")
    assert edit_json(rich, images=[data_url(png())], model="dall-e-2").error["param"] == "model"


def test_a_body_that_is_no_form_is_refused(rich: Api) -> None:
    """Another type, no boundary, cut off."""
    for kind, words in (
        ("text/plain", "Invalid Content-Type header (text/plain), expected multipart/form-data."),
        ("multipart/form-data", "Missing boundary"),
        ("multipart/form-data; boundary=x", "Could not parse multipart form."),
    ):
        refused = rich.send("POST", "/v1/images/edits", b"--x\r\ncut", headers={"content-type": kind})
        assert refused.status == 400
        assert words in refused.error["message"]


def check(api: Api, file: bytes) -> Result:
    request = httpx.Request("POST", "http://x.test/", files={"file": ("a.png", file, "image/png")})
    headers = {"content-type": request.headers["content-type"]}
    return api.send("POST", "/v1/content_provenance_checks", request.read(), headers=headers)


def test_provenance_is_told_by_what_is_really_in_the_file(rich: Api) -> None:
    """Ours is detected and named; a copy of its pixels, and a picture of somebody else, are not."""
    made = edit(rich, image(png()), model="gpt-image-1", quality="low")
    ours = base64.b64decode(made.json["data"][0]["b64_json"])
    found = check(rich, ours)
    assert found.status == 200
    validator("images", "ProvenanceResource").validate(found.json)
    c2pa, watermark = found.json["results"]
    assert (c2pa["outcome"], c2pa["validation_state"], c2pa["model"]) == ("detected", "valid", "gpt-image-1")
    assert watermark["outcome"] == "not_detected"
    for other in (saved(Image.open(io.BytesIO(ours))), png()):
        c2pa, _ = check(rich, other).json["results"]
        assert (c2pa["outcome"], c2pa["validation_state"], c2pa["model"]) == ("not_detected", "not_present", None)
    assert check(rich, b"text").error["param"] == "file"
    assert check(rich, b"").error["param"] == "file"


def test_a_picture_that_was_changed_has_lost_its_proof(rich: Api) -> None:
    """Its manifest is still there, and no longer valid."""
    made = edit(rich, image(png()), model="gpt-image-1", quality="low")
    ours = base64.b64decode(made.json["data"][0]["b64_json"])
    end = ours.rindex(b"IEND") - 4
    changed = ours[:end] + chunk(b"tEXt", b"Comment\0changed") + ours[end:]
    c2pa, _ = check(rich, changed).json["results"]
    assert (c2pa["outcome"], c2pa["validation_state"], c2pa["model"]) == ("not_detected", "invalid", None)


def test_a_link_leads_back_to_the_host_that_was_asked(rich: Api) -> None:
    """With the scheme of the call."""
    request = Request("POST", "/v1/images/generations", {b"host": b"mock.test:81", b"authorization": b"Bearer sk-a"})
    request.body = b'{"prompt": "a cat", "size": "256x256"}'
    request.scheme = "https"
    assert rich.ask(request).json["data"][0]["url"].startswith("https://mock.test:81/private/org-")
