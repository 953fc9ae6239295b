"""Forms, as the clients that are used really send them."""

import random
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.forms import BrokenForm, FormPart
from understudy.media.forms import MOST_PARTS, MultipartReader

READER = MultipartReader()
NAMES = st.text(st.characters(codec="utf-8", exclude_characters='"\\\r\n\0', exclude_categories=["Cc"]), min_size=1)


def sent(fields: dict[str, str], files: list[tuple[str, tuple[str, bytes, str]]]) -> tuple[str, bytes]:
    """Content type and body as httpx, and with it openai-python, writes them."""
    request = httpx.Request("POST", "http://example.test/", data=fields, files=files)
    return request.headers["content-type"], request.read()


def test_a_form_of_openai_python_is_read_part_by_part() -> None:
    """Fields have no file name, files have one and their type; the order is kept."""
    picture = bytes(range(256)) * 4
    kind, body = sent(
        {"prompt": "a cat\r\n--on a mat", "model": "gpt-image-1"},
        [("image[]", ("猫.png", picture, "image/png")), ("image[]", ("b.png", b"", "image/png"))],
    )
    assert READER.read(kind, body) == [
        FormPart("prompt", b"a cat\r\n--on a mat"),
        FormPart("model", b"gpt-image-1"),
        FormPart("image[]", picture, "猫.png", "image/png"),
        FormPart("image[]", b"", "b.png", "image/png"),
    ]


@given(name=NAMES, value=st.binary(max_size=300))
def test_any_bytes_come_back_as_they_were_sent(name: str, value: bytes) -> None:
    """Whatever looks like a boundary, too."""
    kind, body = sent({}, [(name, ("file", value, "application/octet-stream"))])
    parts = READER.read(kind, body)
    assert isinstance(parts, list)
    assert parts[0].value == value


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_form_of_curl_is_read(tmp_path: Path) -> None:
    """`curl -F` over a real socket."""
    file = tmp_path / "mask.png"
    file.write_bytes(b"\x89PNG\r\n")
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                data = b""
                while not data.endswith(b"--\r\n"):
                    data += connection.recv(65_536)
                received.append(data)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        subprocess.run(["curl", "-s", "-F", "prompt=a dog", "-F", f"mask=@{file}", url], check=True, timeout=20)
        thread.join()
    head, _, body = received[0].partition(b"\r\n\r\n")
    kind = next(line for line in head.decode().split("\r\n") if line.lower().startswith("content-type"))
    parts = READER.read(kind.partition(": ")[2], body)
    assert parts == [FormPart("prompt", b"a dog"), FormPart("mask", b"\x89PNG\r\n", "mask.png", "image/png")]


def test_what_is_no_form_is_told_by_a_reason() -> None:
    """Never an exception."""
    kind, body = sent({}, [("a", ("f", b"1", "text/plain"))])
    nameless = body.replace(b'name="a"; ', b"")
    assert READER.read("application/json", b"{}") == BrokenForm("no_form")
    assert READER.read("multipart/form-data", body) == BrokenForm("no_boundary")
    assert READER.read(kind, body[:-10]) == BrokenForm("broken")
    assert READER.read(kind, b"") == BrokenForm("broken")
    assert READER.read(kind, nameless) == BrokenForm("broken")
    assert READER.read(kind, body.replace(b"text/plain", b"x" * 10_000)) == BrokenForm("broken")


def test_a_form_of_too_many_parts_is_refused() -> None:
    """Before more than the bound were kept."""
    kind, body = sent({}, [("a", ("f", b"1", "text/plain"))] * (MOST_PARTS + 1))
    assert READER.read(kind, body) == BrokenForm("too_many_parts")


def test_no_damage_to_a_form_raises() -> None:
    """Bytes changed anywhere give parts or a reason."""
    kind, whole = sent({"prompt": "x" * 50}, [("image", ("a.png", b"y" * 50, "image/png"))])
    chance = random.Random(1)
    for _ in range(2_000):
        body = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        assert isinstance(READER.read(kind, bytes(body)), list | BrokenForm)
