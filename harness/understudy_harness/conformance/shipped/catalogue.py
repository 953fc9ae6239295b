"""Which drivers are shipped, by `drivers/drivers.toml`, and what is missing for one on this machine."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

DRIVERS = Path(__file__).parent.parent / "drivers"
"""Their programs, and the file that lists them."""
Kind = Literal["python", "node", "go", "rust", "java", "program"]
_NEED = re.compile(r"([\w-]+)(?:>=([\d.]+))?")
_ASKED = {"go": ("go", "version")}
"""How a program is asked for its version, where it is not by `--version`."""
_VERSION_S = 30.0


class UnknownDriver(Exception):
    """There is no driver of such a name."""


class Shipped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row.

    Attributes:
        name: of the driver.
        about: what it drives.
        kind: how it is installed.
        program: its module, or its file or folder in `DRIVERS`.
        arguments: of the program.
        packages: to be installed, as pip or npm spell them with their versions.
        needs: programs that must be there, as `node>=22`.
    """

    name: str
    about: str
    kind: Kind
    program: str
    arguments: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        """Its program as it is shipped: a file, or the folder of what is compiled."""
        if self.kind in ("python", "program"):
            return DRIVERS / f"{self.program}.py"
        return DRIVERS / "node" / self.program if self.kind == "node" else DRIVERS / self.program

    def lacking(self, version_of: "Callable[[str], str | None] | None" = None) -> str | None:
        """What keeps it from being installed or run here, in a clause; None when nothing does.

        Args:
            version_of: gives a program's version, None when it is not on the PATH; asks the program by default.
        """
        asked = version_of or installed_version
        for need in self.needs:
            found = _NEED.fullmatch(need)
            if found is None:
                raise ValueError(f"{need!r} is no need of a driver")
            program, lowest = found.groups()
            version = asked(program)
            if version is None:
                return f"{program} is not on the PATH" + (f" ({lowest} or newer)" if lowest else "")
            if lowest and _numbers(version) < _numbers(lowest):
                return f"{program} {lowest} or newer is needed, and {version or 'an unknown version'} is here"
        return None


def shipped_drivers() -> dict[str, Shipped]:
    """All of them by name, in the file's order."""
    table = tomllib.loads((DRIVERS / "drivers.toml").read_text(encoding="utf-8"))
    return {name: msgspec.convert({"name": name, **row}, Shipped) for name, row in table.items()}


def shipped_driver(name: str) -> Shipped:
    """The one of that name.

    Raises:
        UnknownDriver: there is none.
    """
    known = shipped_drivers()
    if name not in known:
        raise UnknownDriver(f"there is no driver {name!r}; there are {', '.join(known)}")
    return known[name]


def installed_version(program: str) -> str | None:
    """The version of a program on the PATH, as `1.26.8`, empty when it does not tell; None when there is none."""
    if shutil.which(program) is None:
        return None
    command = _ASKED.get(program, (program, "--version"))
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=_VERSION_S, check=False)  # noqa: S603 # of our list
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+(?:\.\d+)+", told.stdout + told.stderr)
    return "" if found is None else found[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)
