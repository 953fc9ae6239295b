from pathlib import Path

import pytest

from understudy.core.accounts import AccountTerms
from understudy.core.pricing import DOLLAR
from understudy.keys_file import KeysFileError, read_keys_file

SECRET = "sk-proj-0123456789abcdef"
MASKED = "sk-proj-************cdef"


def read(path: Path, text: str) -> dict[str, AccountTerms]:
    path.write_text(text, encoding="utf-8")
    return read_keys_file(path, tier=3, credits=7 * DOLLAR)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


def test_a_key_may_say_everything_or_nothing(path: Path) -> None:
    """What a key leaves out is what the server's settings say."""
    keys = read(
        path,
        """
        [keys."sk-all"]
        tier = 1
        credits = "0.10"
        organization = "acme"
        project = "search"

        [keys."sk-nothing"]
        """,
    )
    assert keys == {
        "sk-all": AccountTerms(1, DOLLAR // 10, "acme", "search"),
        "sk-nothing": AccountTerms(3, 7 * DOLLAR),
    }


def test_credits_of_a_file_are_exact_without_quotes(path: Path) -> None:
    """A TOML float is read as it is written, not as binary has it."""
    assert read(path, "[keys.sk-a]\ncredits = 0.1")["sk-a"].credits == DOLLAR // 10


def test_an_organization_has_one_tier_wherever_it_stands(path: Path) -> None:
    """It does not depend on which of its keys calls first."""
    keys = read(
        path,
        """
        [keys."sk-first"]
        organization = "acme"
        [keys."sk-second"]
        organization = "acme"
        tier = "free"
        credits = 2
        """,
    )
    assert keys["sk-first"] == keys["sk-second"] == AccountTerms(0, 2 * DOLLAR, "acme")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'[keys."{SECRET}"]\ntier = 9', f"key {MASKED}: tier cannot be 9; accepted: free, 1, 2, 3, 4 or 5"),
        (f'[keys."{SECRET}"]\nteir = 1', f"key {MASKED}: 'teir' is none of tier, credits, organization, project"),
        (f'[keys."{SECRET}"]\ncredits = "-1"', f"key {MASKED}: credits cannot be '-1'; accepted: US dollars"),
        (f'[keys."{SECRET}"]\norganization = ""', f"key {MASKED}: organization cannot be ''; accepted: a name"),
        (f'[keys."{SECRET}"]\nproject = "p"', f"key {MASKED}: a project belongs to an organization: name that too"),
        (f'[keys]\n"{SECRET}" = 1', f"key {MASKED}: a table is expected"),
        ('[keys."sk two"]', "a key is 1 to 512 visible ASCII characters without spaces"),
        ("[keys.sk-proj.secret]\ntier = 1", 'a key that has dots in it stands in quotes: [keys."sk-a.b"]'),
        ("tier = 1", 'it holds one table [keys."sk-..."] for each key, and nothing else'),
        ("", 'it holds one table [keys."sk-..."] for each key, and nothing else'),
        ("keys = 1", 'it holds one table [keys."sk-..."] for each key, and nothing else'),
        ("[keys", "it is not valid TOML (at end of document)"),
        (f'[keys."{SECRET}"]\n[keys."{SECRET}"]', "it is not valid TOML (at line 2, column 33)"),
        (
            '[keys.a]\norganization="o"\ntier=1\n[keys.b]\norganization="o"\ntier=2',
            "the organization 'o' has another tier at another of its keys",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_the_masked_key(path: Path, text: str, problem: str) -> None:
    """The secret itself is in no message."""
    with pytest.raises(KeysFileError) as caught:
        read(path, text)
    message = str(caught.value)
    assert problem in message
    assert str(path) in message
    assert SECRET not in message
    assert "secret" not in message
    assert caught.value.path == path


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(KeysFileError, match=r"it cannot be read \(No such file or directory\)"):
        read_keys_file(tmp_path / "none.toml", tier=0, credits=0)
    with pytest.raises(KeysFileError, match="it cannot be read"):
        read_keys_file(tmp_path, tier=0, credits=0)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(KeysFileError, match=r"it is not valid TOML \(not UTF-8\)"):
        read_keys_file(binary, tier=0, credits=0)
