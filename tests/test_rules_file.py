"""Rules in files: read at the start, with file, line and key of what is wrong."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from understudy import MockServer
from understudy.config import SettingError, load_settings
from understudy.rules_file import RulesFileError, read_rules_file
from understudy.toml_lines import line_of

GOOD = """
[[rules]]
name = "capital"
when = { last_message = "capital of France" }
reply = "Paris."

[[rules]]
[rules.when]
last_message = { regex = 'my name is (?P<name>\\w+)' }
[[rules.answers]]
error = 429
[[rules.answers]]
reply = '''
[[rules]] {name}
reply = 1'''
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "rules.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_server_follows_the_rules_of_its_file(tmp_path: Path) -> None:
    """And still does after a reset, which takes back the others."""
    with (
        MockServer(rules=str(write(tmp_path, GOOD))) as server,
        openai.OpenAI(base_url=server.base_url, api_key="sk-a", max_retries=0) as client,
    ):
        server.rules.when().reply("Anything else.")

        def ask(text: str) -> str | None:
            answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": text}])
            return answer.choices[0].message.content

        assert ask("What is the capital of France?") == "Paris."
        assert ask("And of Spain?") == "Anything else."
        server.reset()
        assert [rule.name for rule in server.rules] == ["capital", "rule-1"]
        with pytest.raises(openai.RateLimitError):
            ask("my name is Ada")
        assert ask("my name is Ada") == "[[rules]] Ada\nreply = 1"


def test_rules_may_stand_in_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an array of tables; Python takes a list of them."""
    (tmp_path / "understudy.toml").write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    from_file = load_settings({}).rules
    assert from_file is not None
    assert [rule.get("name") for rule in from_file] == ["capital", None]
    assert load_settings({"rules": [{"reply": "x"}]}).rules == ({"reply": "x"},)


@pytest.mark.parametrize(
    ("text", "line", "key", "problem"),
    [
        (GOOD.replace('"Paris."', "5"), 5, "reply", "'reply' must be a text, not 5"),
        (GOOD.replace("error = 429", "error = 200"), 11, "answers[0].error.status", "from 400 to 599, not 200"),
        (GOOD.replace("{name}", "{nmae}"), 13, "answers[1].reply", "quotes {nmae}"),
        (GOOD.replace("last_message = { regex", "lastmessage = { regex"), 9, "when.lastmessage", "is not known"),
        (GOOD + "\nnonsense", None, None, "it is not valid TOML"),
        ("rule = 1", None, "rule", "a rules file has only [[rules]]"),
        ("rules = 1", None, "rules", "must be an array of tables"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, line: int | None, key: str | None, problem: str
) -> None:
    """File, line, key, and one sentence; a wrong setting says the same."""
    file = write(tmp_path, text)
    with pytest.raises(RulesFileError) as refused:
        read_rules_file(file)
    assert (refused.value.line, refused.value.key) == (line, key)
    assert str(refused.value).startswith(f"rules file {str(file)!r}" + (f", line {line}: " if line else ": "))
    assert problem in str(refused.value)
    with pytest.raises(SettingError) as stopped:
        load_settings({"rules": str(file)})
    assert str(stopped.value) == f"Setting rules (argument --rules): {refused.value}."


def test_a_line_is_that_of_as_much_as_can_be_found() -> None:
    """The key itself, else what it stands in; None for a table without a header of its own."""
    text = '[[rules]]\nwhen.model = "a"\nreply = "b"\n[other]\nmodel = 1\n[[rules]] # second\n"reply" = 3\n'
    assert line_of(text, "rules", 0, "when.model") == 2
    assert line_of(text, "rules", 0, "answers[3].reply") == 1
    assert line_of(text, "rules", 1, "reply") == 7
    assert line_of("rules = [{ reply = 1 }]", "rules", 0, "reply") is None
