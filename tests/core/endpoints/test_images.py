"""Pictures from words: what each model takes, what comes back, what it costs; decoded, never only by header."""

from __future__ import annotations

import base64
import io
import json
import re
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.openapi.schemas import document, validator

from understudy.core.endpoints import image_rules
from understudy.core.endpoints.image_answer import output_tokens
from understudy.core.messages import Request
from understudy.core.pacing import parse_pacing
from understudy.core.pricing import DOLLAR, parse_usd
from understudy_data import toml

if TYPE_CHECKING:
    from tests.conftest import Api, Result

Make = Callable[..., "Api"]
Recorded = Callable[[str], dict[str, Any]]

DOCUMENT = document("images")


def generate(api: Api, **body: Any) -> Result:
    return api.send("POST", "/v1/images/generations", json.dumps({"prompt": "a cat", **body}).encode())


def pictures(result: Result) -> list[Image.Image]:
    """Decoded to the last pixel."""
    found = [Image.open(io.BytesIO(base64.b64decode(entry["b64_json"]))) for entry in result.json["data"]]
    for picture in found:
        picture.load()
    return found


def events(result: Result) -> list[dict[str, Any]]:
    blocks = [block.split("\n") for block in result.body.decode().split("\n\n") if block]
    made = []
    for name, data in blocks:
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        made.append(event)
    return made


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.sampled_from(["1024x1024", "1024x1536", "1536x1024", "auto", None]),
    form=st.sampled_from(["png", "jpeg", "webp", None]),
    quality=st.sampled_from(["low", "medium", "high", "auto", None]),
    background=st.sampled_from(["transparent", "opaque", "auto", None]),
    count=st.integers(1, 2),
)
def test_every_combination_is_a_picture_as_asked_for(
    make_api: Make, size: str | None, form: str | None, quality: str | None, background: str | None, count: int
) -> None:
    """Size, format and transparency are those of the pixels, and the answer says the same."""
    body = {"size": size, "output_format": form, "quality": quality, "background": background, "n": count}
    result = generate(make_api(tier=5, credits=100 * DOLLAR), model="gpt-image-1", **body)
    if form == "jpeg" and background == "transparent":
        assert (result.status, result.error["param"]) == (400, "background")
        return
    assert result.status == 200
    answer = result.json
    assert len(pictures(result)) == count
    for picture in pictures(result):
        assert (
            f"{picture.width}x{picture.height}" == answer["size"] == ("1024x1024" if size in ("auto", None) else size)
        )
        assert picture.format == (form or "png").upper()
        has_holes = picture.has_transparency_data and picture.getchannel("A").getextrema()[0] == 0
        assert has_holes == (background == "transparent")
    validator("images", "ImagesResponse").validate(answer)
    each = output_tokens(answer["quality"], *map(int, answer["size"].split("x")))
    assert answer["usage"]["output_tokens"] == each * count


@pytest.mark.parametrize(
    ("body", "model"),
    [
        ({}, "dall-e-2"),
        ({"size": "512x512"}, "dall-e-2"),
        ({"response_format": "b64_json"}, "dall-e-2"),
        ({"output_format": "webp"}, "gpt-image-1.5"),
        ({"quality": "low"}, "gpt-image-1.5"),
        ({"stream": True}, "gpt-image-1.5"),
    ],
)
def test_a_request_without_a_model_has_the_one_it_means(make_api: Make, body: dict[str, Any], model: str) -> None:
    """dall-e-2 unless it asks for what only gpt-image models have."""
    api = make_api(tier=5)
    assert generate(api, **body).status == 200
    assert next(iter(api.simulator.journal)).model == model


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"model": "gpt-image-1", "style": "vivid"}, "style", "unknown_parameter"),
        ({"model": "gpt-image-1", "response_format": "url"}, "response_format", "unknown_parameter"),
        ({"model": "gpt-image-1", "quality": "hd"}, "quality", "invalid_value"),
        ({"model": "gpt-image-1", "size": "512x512"}, "size", "invalid_value"),
        ({"model": "gpt-image-1", "n": 11}, "n", "integer_above_max_value"),
        ({"model": "gpt-image-1", "n": "2"}, "n", "invalid_type"),
        ({"model": "gpt-image-1", "partial_images": 4}, "partial_images", "integer_above_max_value"),
        ({"model": "gpt-image-1", "output_compression": 101}, "output_compression", "integer_above_max_value"),
        ({"model": "gpt-image-1", "prompt": ""}, "prompt", "empty_string"),
        ({"model": "gpt-image-1", "prompt": None}, "prompt", "missing_required_parameter"),
        ({"model": "gpt-image-1", "prompt": "x" * 32_001}, "prompt", "string_above_max_length"),
        ({"model": "dall-e-2", "prompt": "x" * 1_001}, "prompt", "string_above_max_length"),
        ({"model": "dall-e-2", "size": "1792x1024"}, "size", "invalid_value"),
        ({"model": "dall-e-2", "style": "vivid"}, "style", "unknown_parameter"),
        ({"model": "dall-e-2", "background": "opaque"}, "background", "unknown_parameter"),
        ({"model": "dall-e-3", "prompt": "x" * 4_001}, "prompt", "string_above_max_length"),
        ({"model": "dall-e-3", "size": "512x512"}, "size", "invalid_value"),
        ({"model": "dall-e-3", "n": 2}, "n", "invalid_n"),
        ({"model": "dall-e-3", "quality": "high"}, "quality", "invalid_value"),
        ({"model": "dall-e-3", "stream": True}, "stream", "unknown_parameter"),
        ({"model": "gpt-image-2", "size": "1000x1000"}, "size", "invalid_value"),
        ({"model": "gpt-image-2", "size": "640x640"}, "size", "invalid_value"),
        ({"model": "gpt-4o"}, "model", "invalid_value"),
        ({"model": 5}, "model", "invalid_type"),
    ],
)
def test_each_model_refuses_what_it_does_not_take(api: Api, body: dict[str, Any], param: str, code: str) -> None:
    """400, with the parameter."""
    result = generate(api, **body)
    assert (result.status, result.error["param"], result.error["code"]) == (400, param, code)


def test_every_parameter_of_the_document_is_taken_by_some_model() -> None:
    """And none besides."""
    taken = {"model", "prompt"} | {name for known in image_rules._GENERATE.values() for name in known}
    assert sorted(taken) == DOCUMENT["parameters"]["CreateImageRequest"]
    taken = {"model", "prompt", "image", "images"} | {name for known in image_rules._EDIT.values() for name in known}
    documented = {*DOCUMENT["parameters"]["CreateImageEditRequest"], *DOCUMENT["parameters"]["EditImageBodyJsonParam"]}
    assert taken == documented


def test_an_answer_of_dall_e_3_is_a_link_and_how_it_understood_the_prompt(api: Api) -> None:
    """`revised_prompt` first (recorded); any size and quality has its price."""
    result = generate(api, model="dall-e-3", quality="hd", size="1024x1792", style="natural")
    assert list(result.json) == ["created", "data"]
    assert list(result.json["data"][0]) == ["revised_prompt", "url"]
    assert "cat" in result.json["data"][0]["revised_prompt"].lower()
    assert next(iter(api.simulator.journal)).charge == parse_usd("0.12")


def follow(api: Api, url: str) -> Result:
    parts = urllib.parse.urlsplit(url)
    return api.ask(Request("GET", parts.path, {}, query=parts.query.encode()))


def test_a_link_shows_the_picture_for_an_hour_to_whoever_has_it(api: Api) -> None:
    """Then, and with another signature, the storage refuses in its own words; after a reset nothing is there."""
    url = generate(api, size="256x256").json["data"][0]["url"]
    assert re.match(r"http://localhost/private/org-\w+/user-\w{24}/img-\w{24}\.png\?st=\d{4}-\d\d-\d\dT\d\d%3A", url)
    shown = follow(api, url)
    assert (shown.status, shown.headers["content-type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(shown.body)).size == (256, 256)
    assert follow(api, url[:-4] + "AAAA").status == 403
    api.clock.advance(3_599)
    assert follow(api, url).status == 200
    api.clock.advance(2)
    expired = follow(api, url)
    assert (expired.status, expired.headers["content-type"]) == (403, "application/xml")
    assert b"<Code>AuthenticationFailed</Code>" in expired.body
    assert b"Signature not valid in the specified time frame: Start [" in expired.body
    api.simulator.reset()
    assert follow(api, url).status == 404


def test_the_links_that_are_kept_are_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes first."""
    monkeypatch.setattr("understudy.core.picture_links.BYTES_KEPT", 30_000)
    urls = [generate(api, size="256x256", prompt=f"a cat {number}").json["data"][0]["url"] for number in range(9)]
    held = [follow(api, url).status for url in urls]
    assert held[0] == 404
    assert held[-1] == 200
    assert sum(len(picture.data) for picture in api.simulator.pictures._kept.values()) <= 30_000


@pytest.mark.parametrize("partials", [0, 1, 3])
def test_a_stream_shows_pictures_that_come_nearer_to_the_finished_one(make_api: Make, partials: int) -> None:
    """Each costs 100 tokens more; events and fields are those of the document."""
    api = make_api(tier=5)
    body = {"model": "gpt-image-1", "quality": "low", "prompt": "a red lighthouse"}
    made = events(generate(api, stream=True, partial_images=partials, **body))
    assert [event["type"].split(".")[1] for event in made] == ["partial_image"] * partials + ["completed"]
    assert [event["partial_image_index"] for event in made[:-1]] == list(range(partials))
    for event in made[:-1]:
        validator("images", "ImageGenPartialImageEvent").validate(event)
    validator("images", "ImageGenCompletedEvent").validate(made[-1])
    assert made[-1]["usage"]["output_tokens"] == 272 + 100 * partials
    shown = [Image.open(io.BytesIO(base64.b64decode(event["b64_json"]))).convert("RGB") for event in made]
    distances = [distance(picture, shown[-1]) for picture in shown]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] == 0


def distance(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of a channel."""
    pairs = zip(one.resize((64, 64)).tobytes(), other.resize((64, 64)).tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (64 * 64 * 3)


def test_who_leaves_a_stream_pays_for_what_was_sent(make_api: Make) -> None:
    """A picture on its way, and not the finished one."""
    api = make_api(tier=5)
    body = json.dumps({"model": "gpt-image-1", "prompt": "a cat", "stream": True, "partial_images": 2}).encode()
    api.send("POST", "/v1/images/generations", body, stop_after=1)
    entry = next(iter(api.simulator.journal))
    assert entry.usage is not None
    assert (entry.usage.image_out, entry.usage.images, entry.complete) == (100, 0, False)


def test_better_pictures_take_longer(make_api: Make) -> None:
    """With realistic latency; a stream's first picture comes before the finished one."""
    api = make_api(tier=5, pacing=parse_pacing("realistic"))
    waits = [
        generate(api, model="gpt-image-1", quality=quality).answer.due - api.clock.now()
        for quality in ("low", "medium", "high")
    ]
    assert waits == sorted(waits)
    assert waits[2] > 3 * waits[0] > 0
    streamed = generate(api, model="gpt-image-1", quality="high", stream=True, partial_images=1)
    dues = [due - api.clock.now() for due, _ in streamed.parts]
    assert 0 < dues[0] < dues[1] <= waits[2]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"model": "gpt-image-1", "prompt": "An Understudy-Blocked scene"}, "moderation_blocked"),
        ({"model": "gpt-image-1", "prompt": "an understudy-mild scene"}, "moderation_blocked"),
        ({"model": "gpt-image-1", "prompt": "an understudy-blocked scene", "moderation": "low"}, "moderation_blocked"),
        ({"model": "gpt-image-1", "prompt": "an understudy-mild scene", "moderation": "low"}, None),
        ({"model": "gpt-image-1", "prompt": "an understudy-mildly scene"}, None),
        ({"model": "dall-e-3", "prompt": "an understudy-mild scene"}, "content_policy_violation"),
    ],
)
def test_words_of_the_list_are_refused(api: Api, body: dict[str, Any], code: str | None) -> None:
    """Mild ones pass where the request asks for less moderation; parts of other words are none."""
    result = generate(api, **body)
    assert result.status == (200 if code is None else 400)
    if code is not None:
        assert result.error["code"] == code
    if code == "moderation_blocked":
        assert result.error["type"] == "image_generation_user_error"
        assert result.error["message"].endswith("safety_violations=[violence].")
        assert result.error["moderation_details"] == {"moderation_stage": "input", "categories": ["violence"]}


def test_pictures_are_the_same_for_the_same_request_and_others_for_others(make_api: Make) -> None:
    """Prompt, quality, model and seed each make another one."""
    base = {"model": "gpt-image-1", "quality": "low", "prompt": "a green hill"}

    def pixels(seed: int = 0, **change: Any) -> bytes:
        return pictures(generate(make_api(tier=5, seed=seed), **{**base, **change}))[0].tobytes()

    first = pixels()
    assert first == pixels()
    for changed in (
        pixels(prompt="a blue hill"),
        pixels(quality="high"),
        pixels(model="gpt-image-1.5"),
        pixels(seed=1),
    ):
        assert changed != first


def test_no_credits_are_told_as_images_tell_it(make_api: Make) -> None:
    """400, not 429."""
    refused = generate(make_api(credits=0), model="gpt-image-1")
    assert (refused.status, refused.error["code"]) == (400, "billing_hard_limit_reached")


def test_images_have_a_limit_of_their_own(make_api: Make) -> None:
    """Five a minute for gpt-image models on tier 1; several at once count each."""
    api = make_api(tier=1)
    assert generate(api, model="gpt-image-1", quality="low", n=5).status == 200
    refused = generate(api, model="gpt-image-1", quality="low")
    assert (refused.status, refused.error["type"]) == (429, "input-images")
    api.clock.advance(12)
    assert generate(api, model="gpt-image-1", quality="low").status == 200


def test_a_recorded_picture_was_answered_in_the_same_shape(make_api: Make, recorded: Recorded) -> None:
    """Keys in their order, indentation, usage."""
    exchange = recorded("ruby_llm/post-images-generations-1")
    ours = make_api(tier=5).send("POST", "/v1/images/generations", json.dumps(exchange["request"]["json"]).encode())
    theirs = exchange["response"]["json"]
    assert list(ours.json) == list(theirs)
    assert ours.json["usage"]["input_tokens"] == theirs["usage"]["input_tokens"]
    assert ours.body.startswith(b'{\n  "created": ')
    assert not ours.body.endswith(b"\n")


def test_the_page_of_models_is_that_of_the_catalogue(make_api: Make) -> None:
    """Every image model of the catalogue answers with a picture under its own name."""
    api = make_api(tier=5, credits=1_000 * DOLLAR)
    names = [
        name for name, facts in toml("models.toml")["models"].items() if facts["family"] in ("dall-e", "gpt-image")
    ]
    assert {"dall-e-2", "dall-e-3", "gpt-image-1", "gpt-image-1-mini", "gpt-image-2.5", "chatgpt-image-latest"} <= {
        *names
    }
    for name in names:
        assert generate(api, model=name).status == 200, name
