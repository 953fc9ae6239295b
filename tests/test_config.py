from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.assembly import build_simulator
from understudy.config import (
    DEFAULT_KEY,
    TABLE,
    Setting,
    SettingError,
    Settings,
    SettingsFileError,
    UnknownSettingError,
    load_settings,
    python_settings,
)
from understudy.core.account_view import RechargeView, view_account
from understudy.core.accounts import AccountTerms
from understudy.core.pacing import Pacing
from understudy.core.pricing import DOLLAR
from understudy.scenarios import find_scenario

KEYS = '[keys."sk-listed"]\ntier = 2\n'
EXAMPLES = {
    "host": "::1",
    "port": "9000",
    "tls": "true",
    "tier": "tier2",
    "credits": "12.345678901234",
    "plan": "pro",
    "mode": "fixed",
    "seed": "-4",
    "date": "2024-10-02",
    "clock": "virtual",
    "latency": "ttft=1s,itl=5ms",
    "retired": "reject",
    "keys": "keys.toml",
    "quota-codes": "2026",
    "retry-after": "7",
    "retry-after-ms": "off",
    "should-retry": "false",
    "accounts": "keys.toml",
    "rules": "rules.toml",
    "scenario": "overloaded",
    "store": "redis://127.0.0.1:1/0",
    "state": "state",
    "workers": "2",
    "control-token": "open-sesame",
    "body-limit": "50MiB",
    "journal-limit": "12",
    "c2pa": "off",
    "log-level": "debug",
}
"""For each setting a value that is not its default, as a text."""
VALUES = Settings(
    host="::1",
    port=9000,
    tls=True,
    tier=2,
    credits=12_345_678_901_234,
    plan="pro",
    mode="fixed",
    seed=-4,
    date=1_727_827_200_000_000,
    clock="virtual",
    latency=Pacing(ttft=1_000_000, itl=5_000),
    retired="reject",
    keys={"sk-listed": AccountTerms(2, 12_345_678_901_234)},
    quota_codes="2026",
    retry_after=7,
    retry_after_ms=False,
    should_retry=False,
    accounts={"sk-listed": AccountTerms(2, 12_345_678_901_234)},
    rules=({"reply": "Hello"},),
    scenario=find_scenario("overloaded"),
    store="redis://127.0.0.1:1/0",
    state=Path("state"),
    workers=2,
    control_token="open-sesame",
    body_limit=50 * 2**20,
    journal_limit=12,
    c2pa="off",
    log_level="debug",
)
"""What the examples say."""
WRONG = {
    "host": "http://x",
    "port": "65536",
    "tls": "maybe",
    "tier": "gold",
    "credits": "much",
    "plan": "gold",
    "mode": "broken",
    "seed": "one",
    "date": "yesterday",
    "clock": "cuckoo",
    "latency": "slow",
    "retired": "often",
    "keys": "",
    "quota-codes": "old",
    "retry-after": "soon",
    "retry-after-ms": "-1",
    "should-retry": "perhaps",
    "accounts": "",
    "rules": "",
    "scenario": "",
    "store": "mysql://x",
    "state": "",
    "workers": "0",
    "control-token": "",
    "body-limit": "big",
    "journal-limit": "0",
    "c2pa": "on",
    "log-level": "loud",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, but for files of keys and rules, and no variables of ours."""
    monkeypatch.chdir(tmp_path)
    for setting in TABLE:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.delenv("UNDERSTUDY_CONFIG", raising=False)
    (tmp_path / "keys.toml").write_text(KEYS, encoding="utf-8")
    (tmp_path / "rules.toml").write_text('[[rules]]\nreply = "Hello"\n', encoding="utf-8")
    return tmp_path


def variables(texts: Mapping[str, str]) -> dict[str, str]:
    return {setting.variable: texts[setting.name] for setting in TABLE if setting.name in texts}


def write_file(path: Path, texts: Mapping[str, str]) -> None:
    path.write_text("".join(f'{name} = "{text}"\n' for name, text in texts.items()), encoding="utf-8")


def test_every_setting_has_an_example_here() -> None:
    """So that a new setting is tested like the others."""
    names = [setting.name for setting in TABLE]
    assert list(EXAMPLES) == list(WRONG) == names
    assert [each.name.replace("_", "-") for each in fields(Settings)] == names
    assert not [
        name for name in names if getattr(VALUES, name.replace("-", "_")) == getattr(Settings(), name.replace("-", "_"))
    ]


def test_without_any_source_the_defaults_hold() -> None:
    """Nothing gets in a newcomer's way: tier 5, a thousand dollars, any key, real time."""
    found = load_settings(environment={})
    assert found == Settings()
    assert (found.host, found.port, found.tier, found.credits) == ("127.0.0.1", 8080, 5, 1000 * DOLLAR)
    assert (found.seed, found.date, found.keys, found.control_token) == (0, None, None, None)
    assert (found.body_limit, found.journal_limit) == (64 * 2**20, 10_000)
    assert found.client_key == DEFAULT_KEY


def test_all_sources_spell_all_settings(folder: Path) -> None:
    """Arguments, environment, file and Python keywords give the same settings."""
    assert load_settings(EXAMPLES, environment={}) == VALUES
    assert load_settings(environment=variables(EXAMPLES)) == VALUES
    assert python_settings({name.replace("-", "_"): text for name, text in EXAMPLES.items()}) == VALUES
    write_file(folder / "understudy.toml", EXAMPLES)
    assert load_settings(environment={}) == VALUES
    assert VALUES.client_key == "sk-listed"


def test_a_file_may_use_the_types_and_the_spelling_of_toml(folder: Path) -> None:
    """Numbers, dates and true need no quotes, and names may have underscores."""
    (folder / "understudy.toml").write_text(
        "port = 9000\ntls = true\ntier = 2\ncredits = 12.345678901234\nseed = -4\ndate = 2024-10-02\n"
        "journal_limit = 12\nbody-limit = 52428800\n",
        encoding="utf-8",
    )
    found = load_settings(environment={})
    assert (found.port, found.tls, found.tier, found.credits, found.seed, found.date) == (
        9000, True, 2, 12_345_678_901_234, -4, 1_727_827_200_000_000,
    )  # fmt: skip
    assert (found.journal_limit, found.body_limit) == (12, 50 * 2**20)


@given(present=st.sets(st.sampled_from(["argument", "environment", "file"])))
def test_the_strongest_source_wins(tmp_path_factory: pytest.TempPathFactory, present: set[str]) -> None:
    """Arguments over environment over file over the default, whichever of them speak."""
    file = tmp_path_factory.mktemp("case") / "settings.toml"
    file.write_text("seed = 1\n" if "file" in present else "", encoding="utf-8")
    found = load_settings(
        {"config": str(file), "seed": "3" if "argument" in present else None},
        environment={"UNDERSTUDY_SEED": "2"} if "environment" in present else {},
    )
    strongest = next((name for name in ("argument", "environment", "file") if name in present), "default")
    assert found.seed == {"argument": 3, "environment": 2, "file": 1, "default": 0}[strongest]


SOURCES: dict[str, Callable[[Setting, str], object]] = {
    "argument --{name}": lambda setting, text: load_settings({setting.keyword: text}, environment={}),
    "environment {variable}": lambda setting, text: load_settings(environment={setting.variable: text}),
    "file settings.toml, line 1": lambda setting, text: load_settings({"config": "settings.toml"}, environment={}),
    "Python keyword {keyword}": lambda setting, text: python_settings({setting.keyword: text}),
}


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
@pytest.mark.parametrize("source", list(SOURCES))
def test_a_wrong_value_is_said_in_one_sentence(folder: Path, setting: Setting, source: str) -> None:
    """Which setting, where it came from, what was given, and what is accepted."""
    text = WRONG[setting.name]
    write_file(folder / "settings.toml", {setting.name: text})
    with pytest.raises(SettingError) as caught:
        SOURCES[source](setting, text)
    error = caught.value
    place = source.format(name=setting.name, variable=setting.variable, keyword=setting.keyword)
    shown = "what was given" if setting.name in ("control-token", "store") else repr(text)
    assert str(error) == f"Setting {setting.name} ({place}) cannot be {shown}; accepted: {setting.accepted}."
    assert (error.name, error.value, error.source, error.accepted) == (setting.name, text, place, setting.accepted)


def test_a_wrong_value_is_refused_even_when_it_is_outvoted(folder: Path) -> None:
    """A mistake in a file does not hide behind an argument."""
    write_file(folder / "understudy.toml", {"tier": "gold"})
    with pytest.raises(SettingError, match=r"file understudy\.toml, line 1"):
        load_settings({"tier": "1"}, environment={})


@pytest.mark.parametrize(
    ("load", "source"),
    [
        (lambda: load_settings({"teir": 1}, environment={}), "argument --teir"),
        (lambda: load_settings(environment={"UNDERSTUDY_TEIR": "1"}), "environment UNDERSTUDY_TEIR"),
        (lambda: load_settings({"config": "teir.toml"}, environment={}), "file teir.toml, line 2"),
        (lambda: python_settings({"teir": 1}), "Python keyword teir"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(folder: Path, load: Any, source: str) -> None:
    """Whichever source it stands in: no setting is accepted and ignored."""
    (folder / "teir.toml").write_text("seed = 1\n[teir]\nx = 1\n", encoding="utf-8")
    with pytest.raises(UnknownSettingError) as caught:
        load()
    assert str(caught.value) == f"There is no setting 'teir' ({source}); did you mean tier?"


def test_an_unknown_name_like_no_other_is_refused_with_all_there_are() -> None:
    """The value is not shown: it may be a secret in the wrong place."""
    with pytest.raises(UnknownSettingError) as caught:
        load_settings(environment={"UNDERSTUDY_OPENAI_KEY": "sk-very-secret"})
    assert "there are host, port, tls" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_variables_are_upper_case() -> None:
    """One that is not is none of ours, and said so rather than ignored."""
    with pytest.raises(UnknownSettingError, match="UNDERSTUDY_tier"):
        load_settings(environment={"UNDERSTUDY_tier": "1"})


def test_other_variables_are_not_looked_at() -> None:
    """Only the prefix is ours."""
    assert load_settings(environment={"PORT": "x", "OPENAI_API_KEY": "y"}) == Settings()


def test_the_file_is_named_by_argument_or_by_variable(folder: Path) -> None:
    """The argument is the stronger one, and either takes the place of understudy.toml."""
    write_file(folder / "understudy.toml", {"seed": "1"})
    write_file(folder / "two.toml", {"seed": "2"})
    write_file(folder / "three.toml", {"tier": "3"})
    assert load_settings(environment={"UNDERSTUDY_CONFIG": "two.toml"}).seed == 2
    found = load_settings({"config": "three.toml"}, environment={"UNDERSTUDY_CONFIG": "two.toml"})
    assert (found.seed, found.tier) == (0, 3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "Setting config (argument --config): file 'settings.toml': there is no such file."),
        (b"seed = ", "Setting config (argument --config): file 'settings.toml': it is not valid TOML: Invalid value (at end of document)."),
        (b"\xff", "Setting config (argument --config): file 'settings.toml': it is not valid TOML (not UTF-8)."),
        (b'\nconfig = "x"', "Setting config (file settings.toml, line 2): a settings file cannot name another one."),
        (
            b"log-level = 'info'\nlog_level = 'info'",
            "Setting log-level (file settings.toml, line 2): it is there twice, as 'log-level' and as 'log_level'.",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_named(folder: Path, text: bytes | None, sentence: str) -> None:
    """With what is wrong with it."""
    if text is not None:
        (folder / "settings.toml").write_bytes(text)
    with pytest.raises(SettingsFileError) as caught:
        load_settings({"config": "settings.toml"}, environment={})
    assert str(caught.value) == sentence


def test_a_file_that_is_none_is_refused(folder: Path) -> None:
    """A folder is no file, and an empty name is no name."""
    with pytest.raises(SettingsFileError, match="it cannot be read"):
        load_settings({"config": str(folder)}, environment={})
    with pytest.raises(SettingError, match="cannot be ''; accepted: the path of a TOML file"):
        load_settings(environment={"UNDERSTUDY_CONFIG": ""})


def test_a_path_in_a_file_is_relative_to_the_file(folder: Path) -> None:
    """So that a project's files may be used from any folder."""
    project = folder / "project"
    project.mkdir()
    write_file(project / "understudy.toml", {"keys": "own.toml"})
    (project / "own.toml").write_text(KEYS, encoding="utf-8")
    found = load_settings({"config": str(project / "understudy.toml")}, environment={})
    assert found.keys == {"sk-listed": AccountTerms(2, 1000 * DOLLAR)}


def test_keys_take_tier_and_credits_from_the_other_settings(folder: Path) -> None:
    """Whatever source those come from."""
    (folder / "keys.toml").write_text("[keys.sk-a]\n", encoding="utf-8")
    found = load_settings({"tier": "4"}, environment={"UNDERSTUDY_KEYS": "keys.toml", "UNDERSTUDY_CREDITS": "2"})
    assert found.keys == {"sk-a": AccountTerms(4, 2 * DOLLAR)}


def test_a_wrong_keys_file_is_a_wrong_setting(folder: Path) -> None:
    """With the setting's source, the file and the masked key."""
    (folder / "keys.toml").write_text('[keys."sk-0123456789abcdef"]\ntier = 7\n', encoding="utf-8")
    with pytest.raises(SettingsFileError) as caught:
        load_settings(environment={"UNDERSTUDY_KEYS": "keys.toml"})
    assert str(caught.value) == (
        "Setting keys (environment UNDERSTUDY_KEYS): keys file 'keys.toml', key sk-01234*******cdef: "
        "tier cannot be 7; accepted: free, 1, 2, 3, 4 or 5."
    )


def test_secrets_are_not_in_the_representation() -> None:
    """Settings may be logged."""
    assert "sesame" not in repr(VALUES)
    assert "sk-listed" not in repr(VALUES)


def test_a_server_of_python_takes_a_free_port_unless_it_is_told_one(folder: Path) -> None:
    """The port of a file or of the environment is where `serve` listens: parallel tests must not fight for it."""
    write_file(folder / "understudy.toml", {"port": "9000"})
    assert python_settings({}).port == 0
    assert python_settings({"port": 9001}).port == 9001
    assert load_settings(environment={"UNDERSTUDY_PORT": "9002"}, free_port=True).port == 0


def test_a_very_long_value_is_shown_in_part() -> None:
    """The sentence stays one line."""
    with pytest.raises(SettingError) as caught:
        load_settings({"tier": "x\n" * 1_000}, environment={})
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


ACCOUNTS = """
[accounts."sk-team"]
tier = 2
credits = "0.50"
plan = "plus"
usage_limit = 40
spend-limit = "20"
auto-recharge = { threshold = "5", target = "20", monthly_cap = "100" }
limits."gpt-4o" = { rpm = 9_000 }
"""


def test_accounts_are_set_in_the_settings_file(folder: Path) -> None:
    """Everything that the control API can set; other keys are still accepted."""
    (folder / "understudy.toml").write_text(ACCOUNTS, encoding="utf-8")
    simulator = build_simulator(load_settings(environment={}))
    view = view_account(simulator.account("sk-team"), simulator.clock.now())
    assert (view.tier, view.plan, view.usage_limit, view.spend_limit) == ("tier2", "plus", "40.00", "20.00")
    assert (view.balance, view.auto_recharge) == ("20.00", RechargeView("5.00", "20.00", "100.00"))
    assert view.increases == {"gpt-4o": {"rpm": 9_000}}
    assert view_account(simulator.account("sk-other"), simulator.clock.now()).tier == "tier5"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[accounts."sk-team"]\ntier = 9', "tier cannot be 9; accepted: free, 1, 2, 3, 4 or 5"),
        ('[accounts."sk-team"]\nspend-limit = "lots"', "spend-limit cannot be 'lots'; accepted: US dollars"),
        ('[accounts."sk-team"]\nauto-recharge = { threshold = 5 }', "auto-recharge cannot be"),
        ('[accounts."sk-team"]\nlimits."gpt-4o" = { rps = 5 }', "limits cannot be"),
        ('[accounts."sk-team"]\ncolour = "red"', "'colour' is none of tier, credits"),
    ],
)
def test_accounts_that_cannot_be_are_said_in_a_sentence(folder: Path, text: str, sentence: str) -> None:
    """With the masked key and what is accepted."""
    (folder / "understudy.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsFileError) as caught:
        load_settings(environment={})
    assert sentence in str(caught.value)
    assert "sk-team" not in str(caught.value)


def test_limits_of_a_model_that_does_not_exist_are_refused(folder: Path) -> None:
    """When the server is put together, which knows the models."""
    (folder / "understudy.toml").write_text('[accounts."sk-team"]\nlimits."gpt-nope" = { rpm = 5 }', encoding="utf-8")
    with pytest.raises(SettingError, match="cannot name 'gpt-nope'; accepted: a model of the catalogue"):
        build_simulator(load_settings(environment={}))


def test_several_workers_need_a_shared_store() -> None:
    """And a shared store counts only so far."""
    with pytest.raises(SettingError, match=r"workers .* cannot be 2 while the store is memory"):
        load_settings({"workers": "2"}, environment={})
    with pytest.raises(SettingError, match=r"credits .* cannot be above \$4,000,000 with a shared store"):
        load_settings({"store": "redis://127.0.0.1:1/0", "credits": "4000001"}, environment={})
