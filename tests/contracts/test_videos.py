"""Videos by the unmodified SDK, over memory and over a real Redis; files read back by real decoders."""

from __future__ import annotations

import io
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING

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
