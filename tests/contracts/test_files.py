"""Files and uploads by the unmodified SDK, over memory and over a real Redis."""

from __future__ import annotations

import hashlib
import io
import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from PIL import Image

from understudy import MockServer

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer

LINE = b'{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {}}\n'


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGBA", (width, height), (200, 30, 30, 255)).save(file, "png")
    return file.getvalue()


@pytest.fixture(params=["memory", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    store = "memory"
    if request.param == "redis":
        running: RedisServer = request.getfixturevalue("redis_server")
        store = running.url
    with MockServer(store=store, clock="virtual") as server:
        urllib.request.urlopen(urllib.request.Request(f"{server.control_url}/reset", method="POST"), timeout=20).close()
        yield server


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-files", max_retries=0) as client:
        yield client


def test_create_list_read_delete_over_250_objects(client: openai.OpenAI) -> None:
    """The SDK's own paging goes through all of them, the newest first."""
    made = [
        client.files.create(file=(f"{number}.txt", b"x" * (number + 1)), purpose="user_data") for number in range(250)
    ]
    assert [each.id for each in client.files.list(limit=100)] == [each.id for each in reversed(made)]
    assert [each.id for each in client.files.list(order="asc", limit=7).data] == [each.id for each in made[:7]]
    assert list(client.files.list(purpose="batch")) == []
    read = client.files.retrieve(made[7].id)
    assert (read.filename, read.bytes, read.status, read.expires_at) == ("7.txt", 8, "processed", None)
    assert client.files.delete(made[7].id).deleted
    with pytest.raises(openai.NotFoundError, match=f"No such File object: {made[7].id}"):
        client.files.retrieve(made[7].id)
    assert len(list(client.files.list(limit=100))) == 249


def test_the_bytes_come_back(client: openai.OpenAI) -> None:
    """Of the purposes that give them back; of others they don't."""
    file = client.files.create(file=("work – 1.jsonl", LINE * 1000), purpose="batch")
    answer = client.files.with_raw_response.content(file.id)
    assert answer.content == LINE * 1000
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"work _ 1.jsonl\"; filename*=UTF-8''work%20%E2%80%93%201.jsonl"
    )
    other = client.files.create(file=("a.pdf", b"%PDF-1.4"), purpose="user_data")
    with pytest.raises(openai.BadRequestError, match="Not allowed to download files of purpose: user_data"):
        client.files.content(other.id)


def test_files_expire_on_the_clock(server: MockServer, client: openai.OpenAI) -> None:
    """A batch's after 30 days, others when they say so, the rest never."""
    batch = client.files.create(file=("a.jsonl", LINE), purpose="batch")
    assert batch.expires_at == batch.created_at + 30 * 86_400
    brief = client.files.create(
        file=("a.txt", b"a"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    kept = client.files.create(file=("b.txt", b"b"), purpose="user_data")
    server.clock.advance(3_599)
    assert client.files.retrieve(brief.id).expires_at == brief.created_at + 3600
    server.clock.advance(1)
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(brief.id)
    assert [each.id for each in client.files.list()] == [kept.id, batch.id]
    server.clock.advance(30 * 86_400)
    assert [each.id for each in client.files.list()] == [kept.id]


@pytest.mark.parametrize(
    ("file", "purpose", "words"),
    [
        (("a.txt", b""), "user_data", "File is empty"),
        (("a.json", b"{}"), "batch", "Invalid file format for Batch API. Must be .jsonl"),
        (("a.json", b"{}"), "fine-tune", "Invalid file format for Fine-Tuning API. Must be .jsonl"),
        (("a.exe", b"MZ"), "assistants", 'Invalid extension exe. Supported formats: "c", "cpp"'),
        (("a.pdf", b"%PDF"), "vision", "Invalid extension pdf"),
        (("a.txt", b"a"), "nothing", "Supported values are: 'assistants', 'batch'"),
    ],
)
def test_what_a_purpose_does_not_take_is_refused(
    client: openai.OpenAI, file: tuple[str, bytes], purpose: Any, words: str
) -> None:
    """And nothing is kept."""
    with pytest.raises(openai.BadRequestError, match=words.replace(".", r"\.")):
        client.files.create(file=file, purpose=purpose)
    assert list(client.files.list()) == []


def test_others_do_not_see_them(server: MockServer, client: openai.OpenAI) -> None:
    """Neither in lists nor by id."""
    file = client.files.create(file=("a.txt", b"a"), purpose="user_data")
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-other", max_retries=0) as other:
        assert list(other.files.list()) == []
        with pytest.raises(openai.NotFoundError):
            other.files.retrieve(file.id)


def test_an_upload_becomes_a_file(client: openai.OpenAI) -> None:
    """Its parts in the order that is said at the end."""
    content = LINE * 100
    upload = client.uploads.create(
        filename="work.jsonl", purpose="batch", bytes=len(content), mime_type="application/jsonl"
    )
    assert upload.status == "pending"
    second = client.uploads.parts.create(upload.id, data=content[1000:])
    first = client.uploads.parts.create(upload.id, data=content[:1000])
    done = client.uploads.complete(
        upload.id, part_ids=[first.id, second.id], md5=hashlib.md5(content, usedforsecurity=False).hexdigest()
    )
    assert done.status == "completed"
    assert done.file is not None
    assert client.files.content(done.file.id).content == content
    with pytest.raises(openai.BadRequestError, match="is completed"):
        client.uploads.cancel(upload.id)


def test_the_sdk_uploads_in_chunks(client: openai.OpenAI) -> None:
    """Its helper makes parts by itself."""
    content = LINE * 3_000
    if not hasattr(client.uploads, "upload_file_chunked"):
        pytest.skip("this SDK has no helper")
    done = client.uploads.upload_file_chunked(
        file=content,
        filename="big.jsonl",
        bytes=len(content),
        mime_type="application/jsonl",
        purpose="batch",
        part_size=100_000,
    )
    assert done.file is not None
    assert client.files.content(done.file.id).content == content


def test_an_upload_that_is_wrong_changes_nothing(server: MockServer, client: openai.OpenAI) -> None:
    """Too many bytes, too few, another md5, a part twice: then it still completes."""
    upload = client.uploads.create(filename="a.txt", purpose="user_data", bytes=4, mime_type="text/plain")
    part = client.uploads.parts.create(upload.id, data=io.BytesIO(b"ab"))
    for wrong in ([part.id], [part.id, part.id], [part.id, "part_none"]):
        with pytest.raises(openai.BadRequestError):
            client.uploads.complete(upload.id, part_ids=wrong)
    with pytest.raises(openai.BadRequestError, match="announced"):
        client.uploads.parts.create(upload.id, data=b"cde")
    rest = client.uploads.parts.create(upload.id, data=b"cd")
    with pytest.raises(openai.BadRequestError, match="md5"):
        client.uploads.complete(upload.id, part_ids=[part.id, rest.id], md5="0" * 32)
    assert client.uploads.complete(upload.id, part_ids=[part.id, rest.id]).status == "completed"
    late = client.uploads.create(filename="a.txt", purpose="user_data", bytes=4, mime_type="text/plain")
    server.clock.advance(3_600)
    with pytest.raises(openai.BadRequestError, match="is expired"):
        client.uploads.parts.create(late.id, data=b"abcd")
    gone = client.uploads.create(filename="a.txt", purpose="user_data", bytes=4, mime_type="text/plain")
    assert client.uploads.cancel(gone.id).status == "cancelled"
    with pytest.raises(openai.NotFoundError, match="upload_none"):
        client.uploads.cancel("upload_none")


def test_headers_are_the_recorded_ones(server: MockServer) -> None:
    """Also that any page may read the answer."""
    with httpx.Client(base_url=server.base_url, headers={"authorization": "Bearer sk-tier5-files"}) as http:
        answer = http.post("files", files={"file": ("a.jsonl", LINE)}, data={"purpose": "batch"})
    assert answer.status_code == 200
    assert list(answer.json()) == [
        *("object", "id", "purpose", "filename", "bytes", "created_at", "expires_at", "status", "status_details")
    ]
    assert answer.text.endswith("}\n")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-openai-proxy-wasm"] == "v0.1"
    assert "x-ratelimit-limit-requests" not in answer.headers


PDF = b"%PDF-1.4\n1 0 obj << /Type /Page >> endobj\n2 0 obj << /Type /Page >> endobj\n"


def test_chat_reads_a_file_by_its_id(client: openai.OpenAI) -> None:
    """As the same bytes in the request."""
    file = client.files.create(file=("a.pdf", PDF), purpose="user_data")

    def ask(part: dict[str, str]) -> int:
        content: Any = [{"type": "text", "text": "What is in it?"}, {"type": "file", "file": part}]
        usage = client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": content}]
        ).usage
        assert usage is not None
        return usage.prompt_tokens

    inline = f"data:application/pdf;base64,{b64encode(PDF).decode()}"
    assert ask({"file_id": file.id}) == ask({"filename": "a.pdf", "file_data": inline}) > 1_000
    with pytest.raises(openai.NotFoundError, match="No such File object: file-none"):
        ask({"file_id": "file-none"})
    audio = client.files.create(file=("a.mp3", b"ID3"), purpose="user_data")
    with pytest.raises(openai.BadRequestError, match="unsupported MIME type"):
        ask({"file_id": audio.id})


def test_responses_read_files_by_id_and_show_them_as_they_were_sent(client: openai.OpenAI) -> None:
    """Also in what follows, and when a file was deleted since."""
    text = client.files.create(file=("notes.txt", b"one two three " * 100), purpose="user_data")
    picture = client.files.create(file=("a.png", png(64, 64)), purpose="vision")
    content: Any = [
        {"type": "input_text", "text": "What is in them?"},
        {"type": "input_file", "file_id": text.id},
        {"type": "input_image", "file_id": picture.id, "detail": "auto"},
    ]
    asked: Any = [{"role": "user", "content": content}]
    first = client.responses.create(model="gpt-4o-mini", input=asked)
    assert first.usage is not None
    # Not by the SDK's own method, which early ones lack.
    answer: Any = client.post("/responses/input_tokens", cast_to=object, body={"model": "gpt-4o-mini", "input": asked})
    counted = answer["input_tokens"]
    assert first.usage.input_tokens == counted
    inline: Any = [
        {
            **content[1],
            "file_id": None,
            "file_data": f"data:text/plain;base64,{b64encode(b'one two three ' * 100).decode()}",
        },
        {**content[2], "file_id": None, "image_url": f"data:image/png;base64,{b64encode(png(64, 64)).decode()}"},
    ]
    same = client.responses.create(model="gpt-4o-mini", input=[{"role": "user", "content": [content[0], *inline]}])
    assert same.usage is not None
    assert same.usage.input_tokens == counted
    shown = client.responses.input_items.list(first.id).data[0].to_dict()
    parts = shown["content"]
    assert isinstance(parts, list)
    assert [part["file_id"] for part in parts[1:]] == [text.id, picture.id]
    assert not any(part.get("image_url") or part.get("file_data") for part in parts)
    client.files.delete(text.id)
    client.files.delete(picture.id)
    after = client.responses.create(model="gpt-4o-mini", input="And now?", previous_response_id=first.id)
    assert after.usage is not None
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="gpt-4o-mini", input=asked)


def test_pictures_are_edited_by_id(server: MockServer, client: openai.OpenAI) -> None:
    """The answer is the one of the same picture in the request; a file that is no picture is refused."""
    picture = client.files.create(file=("a.png", png(64, 64)), purpose="vision")
    other = client.files.create(file=("a.txt", b"text"), purpose="user_data")
    inline = f"data:image/png;base64,{b64encode(png(64, 64)).decode()}"
    body = {"model": "gpt-image-1", "prompt": "Add a hat", "size": "1024x1024", "quality": "low"}
    with httpx.Client(base_url=server.base_url, headers={"authorization": "Bearer sk-tier5-files"}) as http:
        by_id = http.post("images/edits", json={**body, "images": [{"file_id": picture.id}]})
        sent = http.post("images/edits", json={**body, "images": [{"image_url": inline}]})
        assert by_id.status_code == sent.status_code == 200, by_id.text
        assert by_id.json()["usage"] == sent.json()["usage"]
        assert http.post("images/edits", json={**body, "images": [{"file_id": other.id}]}).status_code == 400
        missing = http.post("images/edits", json={**body, "images": [{"file_id": "file-none"}]})
        escaped = http.post(
            "images/edits",
            content=json.dumps({**body, "images": [{"file_id": picture.id}]}).replace("file_id", "file\\u005fid"),
            headers={"content-type": "application/json"},
        )
        both = http.post("images/edits", json={**body, "images": [{"file_id": picture.id, "image_url": inline}]})
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "No such File object: file-none")
    assert escaped.status_code == 200
    assert both.status_code == 400
