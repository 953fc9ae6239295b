"""The official Node SDK, two major versions, unmodified: over http, and over https with realtime over wss."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from understudy import MockServer

FOLDER = Path(__file__).parent.parent / "node"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (FOLDER / "node_modules").exists(), reason="needs node, and `npm ci` in tests/node"
)


def turns(sdk: str, server: MockServer, *arguments: str) -> dict[str, Any]:
    assert NODE is not None
    major = int(
        subprocess.run([NODE, "-p", "process.versions.node.split('.')[0]"], capture_output=True, check=True).stdout
    )
    if sdk == "openai7" and major < 22:
        pytest.skip("openai-node 7 needs Node 22")
    environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-node-0123456789"}
    if server.ca_file is not None:
        environment["NODE_EXTRA_CA_CERTS"] = server.ca_file
    done = subprocess.run(
        [NODE, "turns.mjs", sdk, *arguments],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("sdk", ["openai6", "openai7"])
def test_chat_streams_pictures_and_errors_over_http(sdk: str) -> None:
    """As an application would ask."""
    with MockServer() as server:
        said = turns(sdk, server)
    assert said == {
        "chat": "This is a test",
        "stream": "This is a test",
        "png": "PNG",
        "error": ["NotFoundError", 404, "model_not_found"],
    }


@pytest.mark.parametrize("sdk", ["openai6", "openai7"])
def test_realtime_turns_over_wss(sdk: str) -> None:
    """A text turn and an audio turn, whose audio is as long as it is charged."""
    with MockServer(tls=True) as server:
        said = turns(sdk, server, "wss")["realtime"]
    assert said["text"] == "One two three"
    assert said["audioBytes"] > 48_000
    assert said["audioTokens"] == -(-(said["audioBytes"] // 48) // 50)
