"""What a server holds outlives it in the file that `--state` names."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest

from understudy import MockServer, cli
from understudy.config import SettingError
from understudy.server import MockServerError

KEY = "sk-tier1-credits-5-state"


def client_of(server: MockServer, key: str = KEY) -> openai.OpenAI:
    """The SDK, without retries."""
    return openai.OpenAI(base_url=server.base_url, api_key=key, max_retries=0)


def ask(client: openai.OpenAI, text: str = "Hello", **others: Any) -> Any:
    """A chat answer and its headers."""
    answer = client.chat.completions.with_raw_response.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": text}], **others
    )
    return answer.headers, answer.parse()


def test_accounts_money_limits_and_objects_are_taken_up_again(tmp_path: Path) -> None:
    """A second server goes on where the first stopped: to the pico-dollar, to the request, to the id."""
    file = tmp_path / "state"
    with MockServer(state=str(file), clock="virtual", date="2026-03-01") as server, client_of(server) as client:
        headers, _ = ask(client)
        assert headers["x-ratelimit-remaining-requests"] == "9999"
        note = client.files.create(file=("notes.txt", b"The kite is red."), purpose="user_data")
        stored = client.responses.create(model="gpt-4o-mini", input="Remember the kite.")
        server.account(KEY).buy("50.00")
        server.clock.advance(3600)
        tier, balance = server.account(KEY).tier, server.account(KEY).balance
        headers, first = ask(client, "Again", seed=1)
        balance = server.account(KEY).balance
        now = server.clock.now()
    with MockServer(state=str(file), clock="virtual", date="2026-03-01") as server, client_of(server) as client:
        assert server.clock.now() == now
        assert (server.account(KEY).tier, server.account(KEY).balance) == (tier, balance)
        assert [each.id for each in client.files.list()] == [note.id]
        assert client.responses.retrieve(stored.id).output_text == stored.output_text
        left = int(headers["x-ratelimit-remaining-requests"])
        headers, second = ask(client, "Again", seed=1)
        # The responses call drew on the same bucket, and the bucket did not start anew.
        assert int(headers["x-ratelimit-remaining-requests"]) == left - 1
        # The same message again is a second one, answered otherwise, as it would have been without a stop.
        assert second.id != first.id
        spent = server.account(KEY).balance
        assert spent < balance


def test_a_server_that_was_stopped_answers_as_one_that_was_not(tmp_path: Path) -> None:
    """The same calls have the same answers, ledger and usage, whether the server stopped between them or not."""
    asked = ["one", "two", "two", "three"]

    def played(path: Path | None, stops: bool) -> list[Any]:
        said: list[Any] = []
        settings: dict[str, Any] = {"clock": "virtual", "date": "2026-03-01"}
        if path is not None:
            settings["state"] = str(path)
        server = MockServer(**settings).start()
        for number, text in enumerate(asked):
            if stops and number == 2:
                server.stop()
                server = MockServer(**settings).start()
            with client_of(server) as client:
                headers, answer = ask(client, text)
            server.clock.advance(7)
            trios = sorted((name, value) for name, value in headers.items() if name.startswith("x-ratelimit"))
            said.append((answer.choices[0].message.content, answer.usage.total_tokens, trios))
        said.append(server.account(KEY).balance)
        organization = server.accounts.hold(KEY).organization
        said.append([(entry.kind, entry.amount, entry.at) for entry in organization.ledger.entries])
        said.append([(cell.name, cell.requests, cell.amount, cell.sums) for cell in organization.usage.cells()])
        server.stop()
        return said

    assert played(tmp_path / "state", stops=True) == played(None, stops=False)


def test_organizations_that_keys_share_are_shared_again(tmp_path: Path) -> None:
    """Two keys of one organization still draw on one balance."""
    keys = tmp_path / "keys.toml"
    keys.write_text(
        """
[keys."sk-first"]
organization = "acme"
project = "a"
credits = "3.00"
[keys."sk-second"]
organization = "acme"
project = "b"
credits = "3.00"
""",
        encoding="utf-8",
    )
    settings: dict[str, Any] = {"state": str(tmp_path / "state"), "keys": str(keys)}
    with MockServer(**settings) as server, client_of(server, "sk-first") as client:
        ask(client)
    with MockServer(**settings) as server, client_of(server, "sk-second") as client:
        ask(client)
        first, second = server.accounts.hold("sk-first"), server.accounts.hold("sk-second")
        assert first.organization is second.organization
        assert server.account("sk-first").balance == server.account("sk-second").balance
        assert len([entry for entry in first.organization.ledger.entries if entry.kind == "charge"]) == 2


def test_what_a_reset_forgot_is_gone(tmp_path: Path) -> None:
    """The next server begins with nothing."""
    file = tmp_path / "state"
    with MockServer(state=str(file)) as server, client_of(server) as client:
        client.files.create(file=("a.txt", b"a"), purpose="user_data")
        server.reset()
    with MockServer(state=str(file)) as server, client_of(server) as client:
        assert list(client.files.list()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """It holds keys."""
    file = tmp_path / "state"
    with MockServer(state=str(file)):
        pass
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"hello", "it is no state of Understudy"),
        (b"", "it is no state of Understudy"),
        (msgspec.msgpack.encode({"understudy_state": 99}), "it has the layout 99; this version reads 1"),
        (msgspec.msgpack.encode({"understudy_state": 1, "organizations": [{"facts": b"x"}]}), "it is damaged"),
    ],
)
def test_another_file_is_refused_and_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, problem: str
) -> None:
    """In one sentence, by Python and by the command line."""
    file = tmp_path / "state"
    file.write_bytes(content)
    with pytest.raises(SettingError, match=problem):
        MockServer(state=str(file))
    assert cli.main(["serve", "--port", "0", "--state", str(file)]) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert "Traceback" not in error
    assert file.read_bytes() == content


def test_a_folder_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not when hours of work are to be written."""
    with pytest.raises(SettingError, match="its folder does not exist"):
        MockServer(state=str(tmp_path / "none" / "state"))


def test_a_shared_store_needs_no_state_file(tmp_path: Path) -> None:
    """Naming both is a mistake."""
    with pytest.raises(SettingError, match="shared store, which outlives the server anyway"):
        MockServer(state=str(tmp_path / "state"), store="redis://127.0.0.1:1/0")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    """By the stop, and nothing half-done is left."""
    file = tmp_path / "state"
    server = MockServer(state=str(file)).start()
    file.mkdir()
    with pytest.raises(MockServerError, match="cannot be written: Is a directory"):
        server.stop()
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
