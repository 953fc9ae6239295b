"""Installs a shipped driver into an environment of its own, and gives the command that starts it.

Each has a folder in the user's cache. What is installed there is written down at the end, so that an installation that
broke off is begun anew, and one of other packages or an older program is brought up to date.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from understudy_harness.conformance.shipped.catalogue import DRIVERS, Shipped

GUARD_S = 1800.0
"""Seconds for one command: compilers on a slow machine."""
_NOTE = "installed.json"
_MODULE = "understudy_harness.conformance.drivers"


class InstallError(Exception):
    """A driver could not be installed; the words say why."""


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where environments are kept: below XDG_CACHE_HOME, or `.cache` in the home folder."""
    given = environment.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "understudy" / "drivers"


class Installation:
    """One driver's environment.

    Args:
        driver: which.
        cache: folder of all environments.
        tell: takes a line about what is being done.
    """

    def __init__(
        self, driver: Shipped, cache: Path | None = None, tell: Callable[[str], None] = lambda line: None
    ) -> None:
        self.driver = driver
        self.folder = (cache or cache_folder()) / driver.name
        self._tell = tell

    @property
    def ready(self) -> bool:
        """Whether it can be started as it is."""
        return self.driver.kind == "program" or self._noted() == self._wanted()

    @property
    def outdated(self) -> bool:
        """Whether its packages are there, and its program is another one than is shipped now."""
        noted = self._noted()
        return not self.ready and noted is not None and noted["packages"] == list(self.driver.packages)

    @property
    def command(self) -> list[str]:
        """What starts it once it is installed."""
        return [*_COMMANDS[self.driver.kind](self), *self.driver.arguments]

    def install(self) -> None:
        """Install it, or bring it up to date; nothing where it is.

        Raises:
            InstallError: something is missing, or a command failed.
        """
        lacking = self.driver.lacking()
        if lacking is not None:
            raise InstallError(f"{self.driver.name} cannot be installed: {lacking}")
        if self.ready:
            return
        if not self.outdated:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            _PACKAGES[self.driver.kind](self)
        (self.folder / _NOTE).unlink(missing_ok=True)
        _PROGRAMS[self.driver.kind](self)
        (self.folder / _NOTE).write_text(json.dumps(self._wanted()), encoding="utf-8")

    def run(self, *command: str | Path) -> None:
        """Run a command in the folder.

        Raises:
            InstallError: it failed; the words have its last lines.
        """
        words = [str(word) for word in command]
        self._tell(f"{self.driver.name}: {' '.join(words[:4])}{' ...' if len(words) > 4 else ''}")
        try:
            done = subprocess.run(  # noqa: S603 # commands of our own
                words, cwd=self.folder, capture_output=True, text=True, timeout=GUARD_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise InstallError(f"{self.driver.name} cannot be installed: {problem}") from None
        if done.returncode:
            last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
            raise InstallError(
                f"{self.driver.name} cannot be installed: {words[0]} ended with {done.returncode}: {last}"
            )

    @property
    def python(self) -> Path:
        """The interpreter of its virtual environment."""
        return self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def _noted(self) -> dict[str, object] | None:
        try:
            noted = json.loads((self.folder / _NOTE).read_bytes())
        except (OSError, ValueError):
            return None
        return noted if isinstance(noted, dict) and "packages" in noted else None

    def _wanted(self) -> dict[str, object]:
        return {"packages": list(self.driver.packages), "program": _digest(self.driver)}


def _digest(driver: Shipped) -> str:
    """Of the files that an installation copies; Node reads its programs where they are."""
    if driver.kind in ("node", "program"):
        return ""
    files = DRIVERS.glob("*.py") if driver.kind == "python" else driver.source.rglob("*")
    sum_ = hashlib.sha256()
    for file in sorted(file for file in files if file.is_file()):
        sum_.update(file.relative_to(DRIVERS).as_posix().encode() + b"\0" + file.read_bytes())
    return sum_.hexdigest()


def _nothing(made: Installation) -> None:
    pass


def _pip(made: Installation) -> None:
    """With the pip that runs here, if there is one: it takes seconds to put another into an environment."""
    own = find_spec("pip") is not None
    made.run(sys.executable, "-m", "venv", *(["--without-pip"] if own else []), made.folder)
    pip = (sys.executable, "-m", "pip", "--python", made.python) if own else (made.python, "-m", "pip")
    made.run(*pip, "--disable-pip-version-check", "install", "--quiet", *made.driver.packages)


def _npm(made: Installation) -> None:
    (made.folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    npm = shutil.which("npm") or "npm"  # on Windows it is npm.cmd
    made.run(npm, "install", "--no-audit", "--no-fund", "--loglevel=error", *made.driver.packages)


def _copy_modules(made: Installation) -> None:
    """Put the drivers beside the packages, and nothing else of Understudy: its own packages must not decide theirs."""
    (found,) = (
        (made.folder / "Lib").glob("site-packages")
        if sys.platform == "win32"
        else (made.folder / "lib").glob("python*/site-packages")
    )
    target = found.joinpath(*_MODULE.split("."))
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in DRIVERS.glob("*.py"):
        shutil.copy(file, target)


def _copy_source(made: Installation) -> None:
    shutil.copytree(made.driver.source, made.folder, dirs_exist_ok=True)


def _go(made: Installation) -> None:
    _copy_source(made)
    made.run("go", "build", "-o", _executable("driver"), ".")


def _cargo(made: Installation) -> None:
    _copy_source(made)
    made.run("cargo", "build", "--quiet", "--target-dir", made.folder / "target")


def _maven(made: Installation) -> None:
    _copy_source(made)
    made.run(shutil.which("mvn") or "mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "package")


def _executable(name: str) -> str:
    return f"{name}.exe" if sys.platform == "win32" else name


_PACKAGES: dict[str, Callable[[Installation], None]] = {
    "python": _pip,
    "node": _npm,
    "go": _nothing,
    "rust": _nothing,
    "java": _nothing,
}
"""By kind: what brings the packages of a fresh environment."""
_PROGRAMS: dict[str, Callable[[Installation], None]] = {
    "python": _copy_modules,
    "node": _nothing,
    "go": _go,
    "rust": _cargo,
    "java": _maven,
}
"""By kind: what brings the program."""
_COMMANDS: dict[str, Callable[[Installation], list[str]]] = {
    "python": lambda made: [str(made.python), "-m", f"{_MODULE}.{made.driver.program}"],
    "node": lambda made: ["node", str(made.driver.source), str(made.folder)],
    "go": lambda made: [str(made.folder / _executable("driver"))],
    "rust": lambda made: [str(made.folder / "target" / "debug" / _executable("understudy-driver"))],
    "java": lambda made: [
        "java",
        "-cp",
        os.pathsep.join((str(made.folder / "target/classes"), str(made.folder / "target/dependency/*"))),
        "Driver",
    ],
    "program": lambda made: [sys.executable, "-m", f"{_MODULE}.{made.driver.program}"],
}
"""By kind: what starts it."""
