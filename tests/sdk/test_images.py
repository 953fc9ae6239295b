"""Pictures by unmodified clients over a real socket: openai-python, openai-node, curl."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from PIL import Image

from understudy import MockServer

NODE_FOLDER = Path(__file__).parent.parent / "node"
KEY = "sk-tier5-pictures"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0) as made:
        yield made


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    picture = Image.new("RGBA", (256, 256), (40, 90, 160, 255))
    picture.paste((0, 0, 0, 0), (64, 64, 192, 192))
    picture.save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def opened(data: str | None) -> Image.Image:
    assert data is not None
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    picture.load()
    return picture


def test_a_link_is_downloaded_without_a_key(client: openai.OpenAI) -> None:
    """By whoever has it."""
    answer = client.images.generate(model="dall-e-3", prompt="a windmill", size="1792x1024")
    assert answer.data is not None
    with urllib.request.urlopen(answer.data[0].url, timeout=20) as served:
        assert served.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(served.read())).size == (1792, 1024)


def test_a_stream_of_pictures_is_read_by_the_sdk(client: openai.OpenAI) -> None:
    """Each event is one of its types."""
    stream = client.images.generate(
        model="gpt-image-1", prompt="a windmill", quality="low", stream=True, partial_images=2
    )
    shown = [(event.type, opened(event.b64_json).size) for event in stream]
    assert shown == [
        ("image_generation.partial_image", (1024, 1024)),
        ("image_generation.partial_image", (1024, 1024)),
        ("image_generation.completed", (1024, 1024)),
    ]


def test_files_are_edited_as_they_are_opened(client: openai.OpenAI, photo: Path) -> None:
    """One, several, with a mask; by the newest model and by the one of old clients."""
    with photo.open("rb") as one, photo.open("rb") as two, photo.open("rb") as mask:
        answer = client.images.edit(
            model="gpt-image-1.5", prompt="a red kite", image=[one, two], mask=mask, quality="low", size="1024x1024"
        )
    assert answer.data is not None
    assert answer.usage is not None
    assert opened(answer.data[0].b64_json).size == (1024, 1024)
    # A picture of 256 pixels has one tile.
    assert answer.usage.input_tokens_details.image_tokens == 2 * 194
    with photo.open("rb") as file:
        old = client.images.edit(image=file, prompt="a kite", size="512x512", response_format="b64_json", n=2)
    assert old.data is not None
    assert [opened(entry.b64_json).size for entry in old.data] == [(512, 512)] * 2


def test_bytes_without_a_name_are_refused_as_the_real_api_does(client: openai.OpenAI, photo: Path) -> None:
    """A typed exception with the parameter."""
    with pytest.raises(openai.BadRequestError, match="unsupported mimetype") as refused:
        client.images.edit(model="gpt-image-1", prompt="x", image=photo.read_bytes())
    assert (refused.value.code, refused.value.param) == ("unsupported_file_mimetype", "image")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_sends_files_as_the_documentation_shows(server: MockServer, photo: Path) -> None:
    """`-F "image[]=@…"`."""
    command = ["curl", "-s", f"{server.base_url}/images/edits", "-H", f"Authorization: Bearer {KEY}"]
    command += ["-F", "model=gpt-image-1.5", "-F", f"image[]=@{photo}", "-F", f"image[]=@{photo}"]
    command += ["-F", f"mask=@{photo}", "-F", "prompt=Add a red kite", "-F", "quality=low"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    answer = json.loads(done.stdout)
    assert opened(answer["data"][0]["b64_json"]).size == (1024, 1024)


@pytest.mark.skipif(
    shutil.which("node") is None or not (NODE_FOLDER / "node_modules").exists(), reason="needs node, and `npm ci`"
)
@pytest.mark.parametrize("sdk", ["openai6", "openai7"])
def test_the_node_sdk_streams_an_edit(server: MockServer, photo: Path, sdk: str) -> None:
    """With files of the disk and of memory; a read stream has no type and is refused, as its own documentation warns."""
    script = f"""
        import fs from "node:fs";
        import OpenAI, {{ toFile }} from "{sdk}";
        const client = new OpenAI();
        const [path, type] = [process.argv[1], {{ type: "image/png" }}];
        await client.images.edit({{ model: "gpt-image-1", prompt: "a kite", image: fs.createReadStream(path) }})
          .catch((refused) => console.log(refused.code));
        const image = [await toFile(fs.createReadStream(path), null, type),
                       await toFile(fs.readFileSync(path), "two.png", type)];
        const stream = await client.images.edit({{
          model: "gpt-image-1", prompt: "a kite", image, quality: "low", stream: true, partial_images: 1 }});
        for await (const event of stream) console.log(event.type, event.b64_json.slice(0, 8));
    """
    environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": KEY}
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script, str(photo)],
        cwd=NODE_FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "requires Node" in done.stderr or "Unsupported engine" in done.stderr:
        pytest.skip("this SDK needs a newer Node")
    assert done.returncode == 0, done.stderr
    png = base64.b64encode(b"\x89PNG\r\n").decode()[:8]
    assert done.stdout.split("\n")[:3] == [
        "unsupported_file_mimetype",
        f"image_edit.partial_image {png}",
        f"image_edit.completed {png}",
    ]
