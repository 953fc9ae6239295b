"""Videos by the unmodified SDK, over memory and over a real Redis; files read back by real decoders."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import openai
import pytest
from PIL import Image

from understudy import MockServer

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer

pytestmark = [
    pytest.mark.skipif(not hasattr(openai.OpenAI, "videos"), reason="this SDK knows no videos"),
    # The SDK warns of the end of Sora at every call.
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]


@pytest.fixture(params=["memory", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    store = "memory"
    if request.param == "redis":
        running: RedisServer = request.getfixturevalue("redis_server")
        store = running.url
    with MockServer(store=store, clock="virtual", date="2026-01-15", latency="realistic") as server:
        urllib.request.urlopen(urllib.request.Request(f"{server.control_url}/reset", method="POST"), timeout=20).close()
        yield server


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-videos", max_retries=0) as client:
        yield client


def test_a_job_goes_its_way_on_the_clock(server: MockServer, client: openai.OpenAI) -> None:
    """Queued, in progress, completed; then its file is a real MP4 whose frames differ."""
    av = pytest.importorskip("av")
    video = client.videos.create(prompt="a red fox runs", seconds="4", size="720x1280")
    assert (video.status, video.progress, video.seconds, video.size) == ("queued", 0, "4", "720x1280")
    with pytest.raises(openai.NotFoundError, match=video.id):
        client.videos.download_content(video.id)
    server.clock.advance(25)
    answer = client.videos.with_raw_response.retrieve(video.id)
    assert int(answer.headers["openai-poll-after-ms"]) > 0
    read = answer.parse()
    assert (read.status, read.progress) == ("in_progress", 50)
    server.clock.advance(20)
    read = client.videos.retrieve(video.id)
    assert (read.status, read.progress, read.created_at) == ("completed", 100, video.created_at)
    assert read.completed_at is not None
    assert read.expires_at == read.completed_at + 86_400
    file = client.videos.download_content(video.id).read()
    with av.open(io.BytesIO(file)) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
        assert container.duration == pytest.approx(4_000_000, abs=50_000)
    assert frames[0].size == (720, 1280)
    assert frames[0].tobytes() != frames[len(frames) // 2].tobytes()
    assert client.videos.download_content(video.id).read() == file
    for variant, format in (("thumbnail", "WEBP"), ("spritesheet", "JPEG")):
        picture = Image.open(io.BytesIO(client.videos.download_content(video.id, variant=variant).read()))
        assert (picture.format, picture.size) == (format, (720, 1280))
    remix = client.videos.remix(video.id, prompt="now in blue")
    assert (remix.remixed_from_video_id, remix.seconds, remix.size) == (video.id, "4", "720x1280")
    server.clock.advance(86_400)
    with pytest.raises(openai.NotFoundError, match="expired"):
        client.videos.download_content(video.id)


def test_videos_are_listed_page_by_page_and_deleted(server: MockServer, client: openai.OpenAI) -> None:
    """The SDK's paging finds all, the newest first; what is deleted or never was gets a 404 that names it."""
    made = [client.videos.create(prompt=f"wave {number}").id for number in range(7)]
    with pytest.raises(openai.BadRequestError, match="queued"):
        client.videos.delete(made[0])
    assert [video.id for video in client.videos.list(limit=3)] == made[::-1]
    server.clock.advance(3_600)
    assert client.videos.delete(made[0]).deleted
    with pytest.raises(openai.NotFoundError, match=made[0]):
        client.videos.retrieve(made[0])
    assert len(list(client.videos.list())) == 6


def test_a_refused_prompt_fails_later(server: MockServer, client: openai.OpenAI) -> None:
    """A 200 first; then the job has failed and says why."""
    video = client.videos.create(prompt="understudy-blocked")
    server.clock.advance(3_600)
    read = client.videos.retrieve(video.id)
    assert read.status == "failed"
    assert read.error is not None
    assert read.error.code == "moderation_blocked"


def test_bad_parameters_and_pictures_are_refused(client: openai.OpenAI) -> None:
    """400 that names the parameter; a picture to begin with is decoded and has the video's size."""
    for wrong in ({"seconds": "5"}, {"size": "10x10"}, {"prompt": ""}, {"input_reference": ("a.png", b"no picture")}):
        with pytest.raises(openai.BadRequestError) as caught:
            client.videos.create(**{"prompt": "sea", **wrong})  # type: ignore[arg-type]
        assert caught.value.param == next(iter(wrong))
    file = io.BytesIO()
    Image.new("RGB", (1280, 720), "navy").save(file, "png")
    made = client.videos.create(prompt="sea", size="1280x720", input_reference=("a.png", file.getvalue(), "image/png"))
    assert made.size == "1280x720"


def test_without_latency_the_sdk_need_not_wait() -> None:
    """The SDK's own polling helper comes back finished."""
    with MockServer(date="2026-01-15") as server:
        with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-videos", max_retries=0) as client:
            video = client.videos.create_and_poll(prompt="a wave", seconds="8")
        assert (video.status, video.progress) == ("completed", 100)


def test_after_their_last_day_the_models_are_gone() -> None:
    """Sora was shut down on 2026-09-24."""
    with (
        MockServer(date="2026-10-01", retired="reject") as server,
        openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-videos", max_retries=0) as client,
        pytest.raises(openai.APIStatusError, match="sora-2"),
    ):
        client.videos.create(prompt="a wave")


def frames_of(file: bytes) -> list[Image.Image]:
    """All pictures of a video."""
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(file)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean distance of two pictures' samples, 0 to 255."""
    from PIL import ImageChops, ImageStat

    stat = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB")))
    return sum(stat.mean) / len(stat.mean)


def finished(server: MockServer, video: Any) -> Any:
    """The same, as time went by."""
    server.clock.advance(400)
    return video


def call(client: openai.OpenAI, path: str, **body: Any) -> Any:
    """A POST of JSON, which not all SDKs have a method for."""
    return client.post(path, body=body, cast_to=dict[str, Any])


def test_an_extension_goes_on_after_the_end(server: MockServer, client: openai.OpenAI) -> None:
    """The frames of its source, then as many more as were asked for; only these are charged."""
    source = finished(server, client.videos.create(prompt="a red fox", seconds="4"))
    before = charged(server, client)
    longer = finished(server, call(client, "/videos/extensions", video={"id": source.id}, prompt="snow", seconds="8"))
    assert (longer["seconds"], longer["size"], longer["remixed_from_video_id"]) == ("12", source.size, None)
    assert charged(server, client) - before == pytest.approx(0.8)
    old = frames_of(client.videos.download_content(source.id).read())
    new = frames_of(client.videos.download_content(longer["id"]).read())
    assert len(new) == 3 * len(old)
    assert max(difference(old[at], new[at]) for at in (0, 40, 95)) < 2
    assert difference(new[95], new[96]) < 6
    assert difference(new[95], new[200]) > 10
    again = call(client, "/videos/extensions", video={"id": longer["id"]}, prompt="night", seconds="20")
    assert again["seconds"] == "32"


def charged(server: MockServer, client: openai.OpenAI) -> float:
    """US dollars that were charged so far, once a shared store has taken them in."""
    seen = None
    while True:
        with urllib.request.urlopen(f"{server.control_url}/accounts/{client.api_key}", timeout=20) as answer:
            balance = float(json.load(answer)["balance"])
        if balance == seen:
            return 1000 - balance
        seen = balance


def test_an_edit_changes_the_picture_and_keeps_the_length(server: MockServer, client: openai.OpenAI) -> None:
    """Of a video that is kept."""
    source = finished(server, client.videos.create(prompt="a red fox", seconds="4", size="1280x720"))
    edited = finished(server, call(client, "/videos/edits", video={"id": source.id}, prompt="a blue sea"))
    assert (edited["seconds"], edited["size"], edited["prompt"]) == ("4", "1280x720", "a blue sea")
    old = frames_of(client.videos.download_content(source.id).read())
    new = frames_of(client.videos.download_content(edited["id"]).read())
    assert len(new) == len(old)
    assert difference(old[50], new[50]) > 10


def test_an_uploaded_video_is_edited_and_extended(server: MockServer, client: openai.OpenAI) -> None:
    """Its own frames are in the new one."""
    made = finished(server, client.videos.create(prompt="green hills", seconds="4"))
    file = client.videos.download_content(made.id).read()
    longer = finished(server, client.videos.extend(video=("a.mp4", file), prompt="stars", seconds="4"))
    assert longer.seconds == "8"
    old, new = frames_of(file), frames_of(client.videos.download_content(longer.id).read())
    assert len(new) == 2 * len(old)
    assert difference(old[30], new[30]) < 4
    edited = finished(server, client.videos.edit(video=("a.mp4", file), prompt="stars"))
    assert len(frames_of(client.videos.download_content(edited.id).read())) == len(old)


def test_a_file_that_is_no_video_is_refused(server: MockServer, client: openai.OpenAI) -> None:
    """By edits, extensions and characters; nothing is charged."""
    before = charged(server, client)
    for ask in (
        lambda: client.videos.edit(video=("a.mp4", b"no video"), prompt="x"),
        lambda: client.videos.extend(video=("a.mp4", b"\0" * 5000), prompt="x", seconds="4"),
        lambda: client.videos.create_character(video=("a.mp4", b"RIFF"), name="Ada"),
    ):
        with pytest.raises(openai.BadRequestError, match="not a video") as refused:
            ask()
        assert refused.value.code == "invalid_video_file"
    assert charged(server, client) == before


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("edits", {"video": {"id": "video_none"}, "prompt": "x"}, 404, "video_none"),
        ("edits", {"prompt": "x"}, 400, "video"),
        ("edits", {"video": "video_1", "prompt": "x"}, 400, "an object"),
        ("extensions", {"video": {"id": "video_none"}, "prompt": "x"}, 400, "seconds"),
        ("extensions", {"video": {"id": "video_none"}, "prompt": "x", "seconds": "5"}, 400, "'20'"),
    ],
)
def test_a_wrong_request_is_refused(
    client: openai.OpenAI, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    """By what is wrong with it."""
    with pytest.raises(openai.APIStatusError, match=words) as refused:
        call(client, f"/videos/{path}", **body)
    assert refused.value.status_code == status


def test_a_character_is_made_of_a_video_and_found_again(server: MockServer, client: openai.OpenAI) -> None:
    """By its own project alone."""
    made = finished(server, client.videos.create(prompt="a knight", seconds="4"))
    file = client.videos.download_content(made.id).read()
    character = client.videos.create_character(video=("a.mp4", file), name="Ada")
    assert (character.name, (character.id or "").startswith("char_")) == ("Ada", True)
    assert client.videos.get_character(character.id or "").name == "Ada"
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-others", max_retries=0) as other:
        with pytest.raises(openai.NotFoundError, match="Character with id"):
            other.videos.get_character(character.id or "")
        with pytest.raises(openai.NotFoundError, match=made.id):
            other.videos.retrieve(made.id)


def test_a_video_begins_with_its_reference(server: MockServer, client: openai.OpenAI) -> None:
    """Uploaded, in a data URL, or by the id of a file."""
    import base64

    held = io.BytesIO()
    Image.new("RGB", (720, 1280), "magenta").save(held, "PNG")
    picture = held.getvalue()
    file = client.files.create(file=("a.png", picture), purpose="vision")
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    first = []
    for reference in ({"file_id": file.id}, {"image_url": url}):
        video = finished(server, call(client, "/videos", prompt="a road", input_reference=reference))
        first.append(frames_of(client.videos.download_content(video["id"]).read())[0])
    video = finished(server, client.videos.create(prompt="a road", input_reference=("a.png", picture)))
    first.append(frames_of(client.videos.download_content(video.id).read())[0])
    assert all(difference(frame, Image.new("RGB", (720, 1280), "magenta")) < 12 for frame in first)
    for reference, words in (
        ({"file_id": "file-none"}, "file-none"),
        ({"image_url": "https://example.com/a.png"}, "downloading"),
        ({}, "exactly one"),
    ):
        with pytest.raises(openai.APIStatusError, match=words):
            call(client, "/videos", prompt="a road", input_reference=reference)


def test_paging_over_250_videos_and_a_reset(server: MockServer, client: openai.OpenAI) -> None:
    """Nothing is filmed for it; afterwards nothing is left."""
    made = []
    for number in range(250):
        made.append(client.videos.create(prompt=f"wave {number}").id)
        server.clock.advance(1)
    assert [video.id for video in client.videos.list(limit=100)] == made[::-1]
    urllib.request.urlopen(urllib.request.Request(f"{server.control_url}/reset", method="POST"), timeout=20).close()
    assert list(client.videos.list()) == []


def test_without_credits_no_video_is_begun(server: MockServer) -> None:
    """429, and none is listed."""
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier1-credits-0-videos", max_retries=0) as client:
        with pytest.raises(openai.RateLimitError, match="quota"):
            client.videos.create(prompt="a fox")
        assert list(client.videos.list()) == []
