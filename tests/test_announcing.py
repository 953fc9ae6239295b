import json
import os
from pathlib import Path

import pytest

from understudy.address import Address
from understudy.announcing import ReadyFile, ReadyPipe, banner, facts
from understudy.config import Settings, load_settings
from understudy.core.accounts import AccountTerms


class Told:
    """What the banner asks of a service."""

    def __init__(self, address: Address, ca_file: str | None = None) -> None:
        self.address = address
        self.ca_file = ca_file
        self.trust_variables: dict[str, str] = {} if ca_file is None else {"SSL_CERT_FILE": "/tmp/of us/bundle.pem"}  # noqa: S108 - only a text


LOCAL = Address("127.0.0.1", 8080, tls=False)
NOW = 1_727_827_200_000_000


def test_a_program_is_told_in_one_line() -> None:
    """Everything it needs to connect, to check the certificate and to stop the server."""
    line = facts(Address("0.0.0.0", 4711, tls=True), "/ca.pem")  # noqa: S104 - nothing listens
    assert "\n" not in line
    assert json.loads(line) == {
        "base_url": "https://127.0.0.1:4711/v1",
        "control_url": "https://127.0.0.1:4711/_understudy",
        "host": "127.0.0.1",
        "port": 4711,
        "pid": os.getpid(),
        "ca_file": "/ca.pem",
    }


def test_a_person_is_told_what_to_paste_and_what_holds() -> None:
    """The two variables, both URLs, tier, credits, seed and date."""
    settings = Settings(tier=0, credits=12_340_000_000_000, seed=7, date=NOW)
    lines = banner(settings, Told(LOCAL), NOW).splitlines()
    assert lines[2:4] == [
        "  export OPENAI_BASE_URL=http://127.0.0.1:8080/v1",
        "  export OPENAI_API_KEY=sk-understudy",
    ]
    assert lines[5:12] == [
        "  base URL     http://127.0.0.1:8080/v1",
        "  control URL  http://127.0.0.1:8080/_understudy, described at http://127.0.0.1:8080/_understudy/docs",
        "  keys         any, each its own account",
        "  tier         free",
        "  credits      $12.34 for each account",
        "  seed         7",
        "  date         2024-10-02",
    ]
    assert lines[-1] == "Ctrl-C stops it."


def test_the_newest_data_are_named_as_such() -> None:
    """Today's date alone would not say that no date was asked for."""
    assert "  date         2024-10-02, with the newest data" in banner(Settings(), Told(LOCAL), NOW)


def test_certificates_are_told_in_words_a_shell_understands() -> None:
    """Paths with spaces are quoted."""
    text = banner(Settings(tls=True), Told(LOCAL, "/of us/authority.pem"), NOW)
    assert "  export SSL_CERT_FILE='/tmp/of us/bundle.pem'" in text
    assert "  certificate  /of us/authority.pem" in text


def test_keys_are_not_shown() -> None:
    """Those of a keys file are secrets."""
    text = banner(Settings(keys={"sk-secret": AccountTerms(1, 0)}), Told(LOCAL), NOW)
    assert "secret" not in text
    assert "OPENAI_API_KEY='one of the keys file'" in text


def test_who_opens_the_server_to_others_is_told_what_they_may_do() -> None:
    """The control API is never open to the network without a token."""
    everywhere = Told(Address("0.0.0.0", 8080, tls=False))  # noqa: S104 - nothing listens
    assert "control calls from them are refused: --control-token would allow them" in banner(
        Settings(), everywhere, NOW
    )
    guarded = banner(load_settings({"control-token": "t0k3n"}, environment={}), everywhere, NOW)
    assert "control calls from them need the control token" in guarded
    assert "t0k3n" not in guarded
    assert "Other machines" not in banner(Settings(), Told(LOCAL), NOW)


def test_a_ready_file_appears_whole_and_goes_away(tmp_path: Path) -> None:
    """One that an earlier run left behind says nothing about this one."""
    path = tmp_path / "ready.json"
    path.write_text("left behind", encoding="utf-8")
    file = ReadyFile(path)
    assert not path.exists()
    file.write("{}")
    assert path.read_text(encoding="utf-8") == "{}\n"
    assert list(tmp_path.iterdir()) == [path]
    file.close()
    assert not path.exists()


def test_a_ready_file_that_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    """Not only when the server has started."""
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        ReadyFile(tmp_path / "none" / "ready.json")
    with pytest.raises(FileExistsError, match="is no plain file"):
        ReadyFile(tmp_path)


def test_a_ready_pipe_gets_a_line_and_its_end() -> None:
    """Whoever reads it needs no length and no second message."""
    reader, writer = os.pipe()
    ReadyPipe(writer).write("{}")
    assert os.read(reader, 100) == b"{}\n"
    assert os.read(reader, 100) == b""
    os.close(reader)
    with pytest.raises(OSError, match="Bad file descriptor"):
        ReadyPipe(writer)
