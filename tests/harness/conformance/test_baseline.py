import json
from pathlib import Path

import pytest

from understudy_harness.conformance.baseline import BaselineError, Known, read_baseline

CASES = ["1.1-seconds", "4.9-bom"]
TOML = """
[[known]]
client = "openai-python"
version = "3"
case = "4.9-bom"
issue = "https://github.com/openai/openai-python/issues/1"
why = "a byte order mark hides the first event"
"""


def test_a_baseline_is_toml_or_json(tmp_path: Path) -> None:
    """The same tables in both."""
    (tmp_path / "known.toml").write_text(TOML, encoding="utf-8")
    entry = {
        "client": "openai-python",
        "version": "3",
        "case": "4.9-bom",
        "why": "a byte order mark hides the first event",
    }
    entry["issue"] = "https://github.com/openai/openai-python/issues/1"
    (tmp_path / "known.json").write_text(json.dumps({"known": [entry]}), encoding="utf-8")
    read = [read_baseline(tmp_path / name, CASES) for name in ("known.toml", "known.json")]
    assert read[0].known == read[1].known
    assert [each.name for each in read] == ["known.toml", "known.json"]
    assert read[0].find("openai-python", "3.57.0", "4.9-bom") is read[0].known[0]
    assert read[0].find("openai-python", "3.57.0", "1.1-seconds") is None


@pytest.mark.parametrize(
    ("client", "version", "fits"),
    [
        ("", "", True),
        ("made", "", True),
        ("other", "", False),
        ("made", "3", True),
        ("made", "3.5", True),
        ("made", "3.5.0", True),
        ("made", "3.50", False),
        ("made", "4", False),
    ],
)
def test_an_entry_is_about_a_client_and_the_beginning_of_a_version(client, version, fits) -> None:
    """What is left out fits any; no number is cut in two."""
    assert Known("4.9-bom", "https://example.com", client, version).is_about("made", "3.5.0") is fits


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("k.toml", "[[known", "is no TOML: "),
        ("k.json", '{"known": [', "is no JSON: "),
        ("k.toml", "", "is no baseline: Object missing required field `known`"),
        ("k.toml", "[[known]]\ncase = '4.9-bom'\n", "missing required field `issue`"),
        ("k.toml", "[[known]]\ncase = '4.9'\nissue = 'https://x'\n", "entry 1 of known: there is no case '4.9'"),
        (
            "k.toml",
            "[[known]]\ncase = '4.9-bom'\nissue = 'later'\n",
            "issue must be a link to where 4.9-bom is dealt with",
        ),
        ("k.toml", TOML + TOML, "entry 2 of known: 4.9-bom is listed twice for the same client"),
        ("k.toml", TOML + "reason = 1\n", "contains unknown field `reason`"),
        ("k.toml", None, "cannot be read: No such file or directory"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_refused_in_a_sentence(name, content, problem, tmp_path: Path) -> None:
    """It names the file and what is wrong in it."""
    file = tmp_path / name
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(BaselineError) as refused:
        read_baseline(file, CASES)
    assert problem in str(refused.value)
    assert str(refused.value).startswith(str(file))
