"""The Codex CLI, unmodified, with a ChatGPT login: its turns, its limit messages, and its display of usage.

It trusts the server's own authority by CODEX_CA_CERTIFICATE. Everything that is not this machine is behind a proxy that
nobody listens at, so that no test can reach the real service.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from understudy import MockServer

HERE = Path(__file__).parent
_INSTALLED = HERE / "node_modules" / ".bin" / "codex"
CODEX = str(_INSTALLED) if _INSTALLED.exists() else shutil.which("codex")
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    CODEX is None or NODE is None, reason="needs node and the Codex CLI: `npm ci` in tests/plans, 170 MB to download"
)

ACCOUNT = "5d1d2c42-0000-4000-8000-00000000cafe"
RESPONSES = "/backend-api/codex/responses"


def token(plan: str) -> str:
    auth = {"chatgpt_plan_type": plan, "chatgpt_account_id": ACCOUNT, "chatgpt_user_id": "user-1"}
    claims = {"exp": 4_102_444_800, "email": "ada@example.com", "https://api.openai.com/auth": auth}
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)]
    return ".".join([*parts, "unsigned"])


class Cli:
    """A Codex CLI that is logged in to a server, in a home of its own."""

    def __init__(self, server: MockServer, folder: Path) -> None:
        self.server = server
        self.account = server.accounts[ACCOUNT]
        self.home = folder / "home"
        self.work = folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        origin = server.base_url.removesuffix("/v1")
        config = {
            "cli_auth_credentials_store": "file",
            "chatgpt_base_url": f"{origin}/backend-api/",
            "openai_base_url": f"{origin}/backend-api/codex",
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in config.items()]
        # Typed as fast as by a machine, keys would be taken for a paste.
        lines += [
            "check_for_update_on_startup = false",
            "disable_paste_burst = true",
            f"[projects.{json.dumps(str(self.work))}]",
        ]
        (self.home / "config.toml").write_text("\n".join([*lines, 'trust_level = "trusted"', ""]), encoding="utf-8")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "CODEX_"))},
            "CODEX_HOME": str(self.home),
            "CODEX_CA_CERTIFICATE": str(server.ca_file),
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost",
            "TZ": "UTC",
            "TERM": "xterm-256color",
        }

    def log_in(self, plan: str) -> None:
        """As `codex login` leaves it."""
        tokens = {"id_token": token(plan), "access_token": token(plan), "refresh_token": "r", "account_id": ACCOUNT}
        login = {
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": None,
            "tokens": tokens,
            "last_refresh": datetime.now(UTC).isoformat(),
        }
        (self.home / "auth.json").write_text(json.dumps(login), encoding="utf-8")

    def run(self, prompt: str, *options: str) -> tuple[int, list[dict[str, Any]]]:
        """Exit status and events of `codex exec`."""
        done = subprocess.run(
            [str(CODEX), "exec", "--skip-git-repo-check", "--json", *options, prompt],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def last_snapshot(self) -> dict[str, Any]:
        """The rate limits that the CLI wrote down last."""
        found: list[tuple[str, dict[str, Any]]] = []
        for rollout in self.home.glob("sessions/**/rollout-*.jsonl"):
            for line in rollout.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                if entry["payload"].get("type") == "token_count" and entry["payload"].get("rate_limits"):
                    found.append((entry["timestamp"], entry["payload"]["rate_limits"]))
        return max(found, key=lambda pair: pair[0])[1]


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    with MockServer(tls=True, date="2026-11-22", clock="virtual") as server:
        yield server
        # A killed CLI may leave a TLS handshake half made; when another call is answered, that has been noticed.
        trust = ssl.create_default_context(cafile=server.ca_file)
        with urllib.request.urlopen(f"{server.control_url}/health", context=trust, timeout=20) as answer:
            assert answer.status == 200


@pytest.fixture
def cli(running: MockServer, tmp_path: Path) -> Cli:
    running.reset()
    return Cli(running, tmp_path)


def said(events: list[dict[str, Any]]) -> list[str]:
    """What the model said, beside what it thought and did."""
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    return [item["text"] for item in items if item["type"] == "agent_message"]


def message(events: list[dict[str, Any]]) -> str:
    """The text of the failed turn."""
    (failed,) = [event for event in events if event["type"] == "turn.failed"]
    text: str = failed["error"]["message"]
    return text


def test_limit_buy_and_go_on(cli: Cli) -> None:
    """A turn; the limit; after a purchase the next turn, whose balance the CLI writes down."""
    cli.log_in("plus")
    status, events = cli.run("Say exactly: one two three")
    assert status == 0
    assert said(events) == ["one two three"]
    (turn,) = [entry for entry in cli.server.journal.select(path=RESPONSES) if entry.status == 200]
    assert turn.usage is not None
    assert events[-1]["usage"]["input_tokens"] == turn.usage.text_in
    assert events[-1]["usage"]["output_tokens"] == turn.usage.text_out
    assert events[-1]["usage"]["output_tokens"] - events[-1]["usage"]["reasoning_output_tokens"] == 3

    cli.account.set_plan(primary_used_percent=100)
    status, events = cli.run("Go on")
    assert status == 1
    offer, _, reset = message(events).rpartition(" or try again at ")
    assert offer == (
        "You’ve hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro), visit "
        "https://chatgpt.com/settings/usage to purchase more credits"
    )
    # On another day than that of the machine's own clock the day is said too.
    assert reset in ("5:00 AM.", "Nov 22nd, 2026 5:00 AM.")

    cli.account.buy_plan_credits("9.99")
    assert cli.run("Go on")[0] == 0
    snapshot = cli.last_snapshot()
    assert snapshot["credits"] == {"has_credits": True, "unlimited": False, "balance": "9.99"}
    assert snapshot["primary"]["used_percent"] == 100.0


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        ("pro", "Visit https://chatgpt.com/settings/usage to purchase more credits or try again at "),
        ("free", "Upgrade to Plus to continue using Codex (https://chatgpt.com/explore/plus), or try again at "),
        ("business", "To get more access now, send a request to your admin or try again at "),
        ("enterprise", "Try again at "),
    ],
)
def test_each_plan_has_its_words(cli: Cli, plan: str, text: str) -> None:
    """One request, no retry, and the way out that the plan has."""
    cli.log_in(plan)
    cli.account.set_plan(plan=plan, primary_used_percent=100)
    status, events = cli.run("Go on")
    assert status == 1
    assert message(events).startswith(f"You’ve hit your usage limit. {text}")
    assert [entry.status for entry in cli.server.journal.select(path=RESPONSES) if entry.method == "POST"] == [429]


def test_a_plan_without_codex(cli: Cli) -> None:
    """`usage_not_included`."""
    cli.log_in("guest")
    status, events = cli.run("Go on")
    assert status == 1
    assert message(events) == (
        "To use Codex with your ChatGPT plan, upgrade to Plus: https://chatgpt.com/explore/plus."
    )


def test_the_cli_reads_the_usage(cli: Cli) -> None:
    """The app server's own answer is the one of the usage endpoint."""
    cli.log_in("plus")
    cli.account.set_plan(primary_used_percent=46, secondary_used_percent=15)
    calls = [
        {"method": "initialize", "id": 0, "params": {"clientInfo": {"name": "test", "version": "0"}}},
        {"method": "initialized"},
        {"method": "account/rateLimits/read", "id": 1},
    ]
    with subprocess.Popen(
        [str(CODEX), "app-server"],
        env=cli.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.writelines(json.dumps(call) + "\n" for call in calls)
        server.stdin.flush()
        answer = next(told for line in server.stdout if (told := json.loads(line)).get("id") == 1)
        server.stdin.close()
        server.kill()
    limits = answer["result"]["rateLimits"]
    now = cli.server.clock.now() // 1_000_000
    assert limits["planType"] == "plus"
    assert limits["primary"] == {"usedPercent": 46, "windowDurationMins": 300, "resetsAt": now + 18_000}
    assert limits["secondary"] == {"usedPercent": 15, "windowDurationMins": 10_080, "resetsAt": now + 604_800}
    assert limits["credits"] == {"hasCredits": False, "unlimited": False, "balance": "0"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_status_is_shown_on_the_screen(cli: Cli) -> None:
    """`/status` in the terminal: what is left of both windows, and the credits."""
    cli.log_in("plus")
    cli.account.set_plan(primary_used_percent=46, secondary_used_percent=15)
    cli.account.buy_plan_credits("321.5")
    ask: Script = [("for shortcuts", "/status"), ("/status", "\r")]
    # It may not have heard from the server yet: then it is asked again.
    screen = typed(cli, [*ask, ("322 credits", None)], again=("not available yet", ask))
    assert re.search(r"5h limit:\s+\[[█░]+\] 54% left", screen)
    assert re.search(r"Weekly limit:\s+\[[█░]+\] 85% left", screen)
    assert re.search(r"Credits:\s+322 credits", screen)


Script = list[tuple[str, str | None]]
"""When the screen shows a text, what is typed."""


def typed(cli: Cli, script: Script, *, again: tuple[str, Script], seconds: float = 40) -> str:
    """Run the CLI in a pseudo-terminal and type; what the screen showed since the last key.

    Args:
        cli: what is run.
        script: until its end.
        again: a text at which its part is typed once more.
        seconds: patience.
    """
    import fcntl
    import struct
    import termios

    terminal, screen = os.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 150, 0, 0))
    child = subprocess.Popen(
        [str(CODEX), "--no-daemon"],
        cwd=cli.work,
        env=cli.environment,
        stdin=screen,
        stdout=screen,
        stderr=screen,
        start_new_session=True,
    )
    os.close(screen)
    shown = ""
    patience = time.monotonic() + seconds
    try:
        while script and time.monotonic() < patience:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                data = os.read(terminal, 65_536)
            except OSError:
                # What Linux says when the program has ended.
                break
            if b"\x1b[6n" in data:
                # It asks where the cursor is, as of any terminal.
                os.write(terminal, b"\x1b[1;1R")
            shown += plain(data.decode("utf-8", "replace"))
            if again[0] in shown:
                shown = shown.rpartition(again[0])[2]
                script = [*again[1], *script]
            awaited, keys = script[0]
            if awaited in shown:
                script.pop(0)
                if keys is not None:
                    shown = ""
                    os.write(terminal, keys.encode())
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        os.close(terminal)
    assert not script, f"the screen never showed {script[0][0]!r}; it showed {shown[-2_000:]!r}"
    return shown


def plain(text: str) -> str:
    """Without the terminal's control sequences."""
    return re.sub(r"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[()=>78]", " ", text)


def test_a_shell_tool_and_back(cli: Cli) -> None:
    """The CLI runs what the model asks for, and the model talks about what came out."""
    cli.log_in("plus")
    status, events = cli.run("Run the shell command `echo understudy-was-here`")
    assert status == 0
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    (ran,) = [item for item in items if item["type"] == "command_execution"]
    # A login shell may have more to say.
    assert ran["aggregated_output"].splitlines()[-1] == "understudy-was-here"
    assert "understudy-was-here" in said(events)[-1]


def test_a_structured_answer(cli: Cli, tmp_path: Path) -> None:
    """Its last message is an instance of the schema."""
    schema = tmp_path / "schema.json"
    schema.write_text(
        json.dumps(
            {
                "type": "object",
                "properties": {"files": {"type": "integer"}},
                "required": ["files"],
                "additionalProperties": False,
            }
        ),
        encoding="utf-8",
    )
    cli.log_in("plus")
    status, events = cli.run("How many files?", "--output-schema", str(schema))
    assert status == 0
    assert isinstance(json.loads(said(events)[-1])["files"], int)
