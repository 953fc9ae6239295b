"""A real browser for tests: Chromium without a window, spoken to over its DevTools protocol."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
"""The program, None where there is none."""
_FLAGS = [
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
]  # fmt: skip


class Tab:
    """One tab.

    Attributes:
        fetched: addresses that were asked for, but the page's own.
        complaints: what the browser's console says.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._events: list[dict[str, Any]] = []
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.fetched: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its result."""
        return self._ask(method, parameters, self._session)

    def open(self, file: Path, *, width: int = 1400, height: int = 900, dark: bool = False, media: str = "") -> None:
        """Load a page and wait until it is there."""
        self._load("about:blank")  # or a fragment of the page that is open would load nothing
        self.fetched, self.complaints = [], []
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        address, _, fragment = str(file).partition("#")
        self._load(Path(address).as_uri() + (f"#{fragment}" if fragment else ""))
        for event in self._events:
            if event["method"] == "Network.requestWillBeSent":
                self.fetched.append(event["params"]["request"]["url"])
            elif event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                self.complaints.append(json.dumps(event["params"]))

    def _load(self, address: str) -> None:
        self._events = []
        self.ask("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page, as JSON has it. Policies of the page do not bind it."""
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key: Tab, Enter, ArrowRight."""
        codes = {"Tab": 9, "Enter": 13, "ArrowRight": 39}
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            code = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
            self.ask("Input.dispatchKeyEvent", type=kind, **code, **(more if kind == "keyDown" else {}))

    def picture(self) -> bytes:
        """What is seen, a PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot")["data"])

    def _ask(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while (answer := self._receive()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=60))
        if "method" in message:
            self._events.append(message)
        return message


@contextmanager
def a_tab(folder: Path) -> Iterator[Tab]:
    """Start the browser, with a profile in a folder of its own."""
    assert CHROMIUM is not None
    # Chromium refuses to sandbox what root runs.
    rootless = [] if os.geteuid() else ["--no-sandbox"]
    command = [CHROMIUM, *_FLAGS, *rootless, f"--user-data-dir={folder}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            address = next(
                found[1] for line in lines if (found := re.search(r"DevTools listening on (ws://\S+)", line))
            )
            # Older versions know of no proxies at all.
            direct: dict[str, Any] = {"proxy": None} if "proxy" in signature(connect).parameters else {}
            with connect(address, max_size=None, **direct) as socket:
                yield Tab(socket)
        finally:
            process.kill()
