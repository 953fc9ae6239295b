"""The drivers that are shipped: their list, what is missing for one, how one is installed, and what each says of itself."""

import asyncio
import re
import shutil
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.driver import DriverProcess
from understudy_harness.conformance.protocol import ABILITIES, OPERATIONS, Introduction
from understudy_harness.conformance.shipped import installing
from understudy_harness.conformance.shipped.catalogue import (
    DRIVERS,
    Shipped,
    UnknownDriver,
    installed_version,
    shipped_driver,
    shipped_drivers,
)
from understudy_harness.conformance.shipped.installing import Installation, InstallError, cache_folder

NODE_FOLDER = Path(__file__).parents[2] / "node"


def introduced(command: list[str]) -> Introduction:
    """What a driver answers to `hello`."""

    async def ask() -> Introduction:
        driver = DriverProcess(command)
        introduction = await driver.start()
        await driver.stop()
        return introduction

    return asyncio.run(ask())


def command_here(driver: Shipped) -> list[str] | None:
    """The command of a driver whose packages are installed on this machine."""
    if driver.lacking() is not None:
        return None
    if Installation(driver).ready:
        return Installation(driver).command
    if driver.kind == "python":
        names = [re.split(r"[\[=]", package)[0] for package in driver.packages]
        try:
            assert all(version(name) for name in names)
        except PackageNotFoundError:
            return None
        return [sys.executable, "-m", f"understudy_harness.conformance.drivers.{driver.program}", *driver.arguments]
    if driver.program == "openai_node.mjs" and (NODE_FOLDER / "node_modules").exists():
        major = driver.name.rpartition("-")[2]
        return ["node", str(driver.source), str(NODE_FOLDER), f"openai{major}"]
    return None


@pytest.mark.parametrize("name", shipped_drivers())
def test_a_driver_introduces_itself_where_its_packages_are(name: str) -> None:
    """As the protocol has it, with words that the suite knows; and it ends when it is told to."""
    command = command_here(shipped_driver(name))
    if command is None:
        pytest.skip(f"needs `understudy conform drivers install {name}`")
    introduction = introduced(command)
    assert re.match(r"\d+\.\d+", introduction.client.version)
    assert introduction.client.homepage.startswith("https://")
    assert introduction.ops
    assert set(introduction.ops) <= set(OPERATIONS)
    assert set(introduction.can) <= set(ABILITIES)


def test_every_driver_is_listed_and_there() -> None:
    """No program without a row, no row without a program."""
    known = shipped_drivers().values()
    assert [driver.name for driver in known if not driver.source.exists()] == []
    modules = {driver.program for driver in known if driver.kind in ("python", "program")}
    programs = {file.stem for file in DRIVERS.glob("*.py") if "__main__" in file.read_text(encoding="utf-8")}
    assert programs == modules
    scripts = {driver.program for driver in known if driver.kind == "node"}
    started = {file.name for file in DRIVERS.glob("node/*.mjs") if "await serve(" in file.read_text(encoding="utf-8")}
    assert started == scripts


def test_packages_are_named_with_exact_versions() -> None:
    """A matrix must say what was judged."""
    for driver in shipped_drivers().values():
        assert all(re.fullmatch(r"@?[\w/-]+(\[\w+\])?(==|@)\d[\w.]*", package) for package in driver.packages), driver
    for file, exact in (
        ("go/go.mod", r"openai-go/v3 v\d+\.\d+\.\d+"),
        ("rust/Cargo.toml", r'async-openai = \{ version = "=\d+\.\d+\.\d+"'),
        ("java/pom.xml", r"<artifactId>openai-java</artifactId>\s+<version>\d+\.\d+\.\d+<"),
    ):
        assert re.search(exact, (DRIVERS / file).read_text(encoding="utf-8")), file


def test_the_versions_that_programs_tell_are_those_that_are_built_in() -> None:
    """Where a program cannot ask its client."""
    rust, java = (DRIVERS / "rust", DRIVERS / "java")
    (pinned,) = re.findall(
        r'async-openai = \{ version = "=([\d.]+)"', (rust / "Cargo.toml").read_text(encoding="utf-8")
    )
    assert f'"version": "{pinned}"' in (rust / "src/main.rs").read_text(encoding="utf-8")
    (pinned,) = re.findall(
        r"openai-java</artifactId>\s+<version>([\d.]+)", (java / "pom.xml").read_text(encoding="utf-8")
    )
    assert f'"{pinned}"' in (java / "Driver.java").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("needs", "here", "told"),
    [
        ((), {}, None),
        (("npm",), {"npm": "10.2"}, None),
        (("npm",), {}, "npm is not on the PATH"),
        (("node>=22",), {}, "node is not on the PATH (22 or newer)"),
        (("node>=22",), {"node": "22.0.1"}, None),
        (("node>=22",), {"node": "20.20.2"}, "node 22 or newer is needed, and 20.20.2 is here"),
        (("go>=1.24",), {"go": "1.9"}, "go 1.24 or newer is needed, and 1.9 is here"),
        (("java>=17", "mvn"), {"java": "17.0.15"}, "mvn is not on the PATH"),
        (("java>=17",), {"java": ""}, "java 17 or newer is needed, and an unknown version is here"),
    ],
)
def test_what_is_missing_is_said_in_a_clause(needs: tuple[str, ...], here: dict[str, str], told: str | None) -> None:
    """The first thing that is missing or too old."""
    assert Shipped("x", "x", "program", "curl", needs=needs).lacking(here.get) == told


def test_programs_are_asked_for_their_version() -> None:
    """And one that is not there has none."""
    assert installed_version("no-such-program") is None
    python = Path(sys.executable).name
    if shutil.which(python):
        assert installed_version(python) == ".".join(map(str, sys.version_info[:3]))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """In one sentence."""
    with pytest.raises(UnknownDriver, match=r"there is no driver 'perl'; there are openai-python-3, "):
        shipped_driver("perl")


def test_the_cache_is_where_the_user_keeps_caches() -> None:
    """XDG_CACHE_HOME first."""
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/understudy/drivers")
    assert cache_folder({}) == Path.home() / ".cache/understudy/drivers"


@pytest.fixture
def package(tmp_path: Path) -> str:
    """A package that pip can install without a network."""
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("thing-1.0.dist-info/RECORD", "")
    return str(wheel)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_driver_is_installed_once_beside_its_packages_alone(package: str, tmp_path: Path) -> None:
    """It starts there without the rest of Understudy; a newer program is copied; other packages are not these."""
    driver = Shipped("made", "made", "python", "curl", packages=(package,))
    told: list[str] = []
    installation = Installation(driver, tmp_path / "cache", told.append)
    assert not installation.ready
    installation.install()
    assert installation.ready
    assert [line.split()[0] for line in told] == ["made:", "made:"]
    assert introduced(installation.command).client.name == "curl"
    assert not list(installation.folder.rglob("msgspec"))
    installation.install()
    assert len(told) == 2
    note = installation.folder / "installed.json"
    note.write_text(note.read_text(encoding="utf-8").replace('"program": "', '"program": "older'), encoding="utf-8")
    assert not installation.ready
    assert installation.outdated
    installation.install()
    assert installation.ready
    assert not installation.outdated
    assert len(told) == 2
    assert not Installation(Shipped("made", "made", "python", "curl"), tmp_path / "cache").ready
    with pytest.raises(InstallError, match=r"made cannot be installed: .*python.* ended with 1: no room"):
        installation.run(sys.executable, "-c", "raise SystemExit('no room')")


def test_what_cannot_be_installed_here_says_why(tmp_path: Path) -> None:
    """Before anything is done."""
    driver = Shipped("made", "made", "node", "openai_node.mjs", needs=("no-such-program>=3",))
    with pytest.raises(
        InstallError, match=r"made cannot be installed: no-such-program is not on the PATH \(3 or newer\)"
    ):
        Installation(driver, tmp_path).install()
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_lists_what_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sentence for each; where a program is; what is not installed is not started."""
    monkeypatch.setattr(installing, "cache_folder", lambda: tmp_path)
    listed = CliRunner().invoke(conform, ["drivers"])
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == list(shipped_drivers())
    assert all(
        re.search(r"  (is ready|is not installed|is to be installed anew|cannot run here): .*\.$", line)
        for line in listed.output.splitlines()
    )
    where = CliRunner().invoke(conform, ["drivers", "where", "openai-go"])
    assert Path(where.output.strip(), "main.go").exists()
    for arguments in (["drivers", "where", "perl"], ["drivers", "install"], ["drivers", "install", "x", "--all"]):
        assert CliRunner().invoke(conform, arguments).exit_code == 2
    for command in ("run", "smoke"):
        refused = CliRunner().invoke(conform, [command, "--driver", "openai-python-3"])
        assert refused.exit_code == 2
        assert "`understudy conform drivers install openai-python-3` does that" in refused.output


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_shipped_driver_is_started_by_its_name() -> None:
    """Reports then name it, not where it is installed."""
    given = CliRunner().invoke(conform, ["run", "--driver", "curl", "--select", "4.2", "-v"], catch_exceptions=False)
    assert "4.2-crlf" in given.output
    assert "curl" in given.output.splitlines()[0]
    assert str(Path.home()) not in given.output
