"""Telling people and programs when and where a server listens."""

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from understudy import __version__
from understudy.address import Address
from understudy.config import Settings
from understudy.core.dates import iso_date
from understudy.core.pricing import format_usd


class Listening(Protocol):
    """What is told of a server: see `Service`."""

    @property
    def address(self) -> Address:
        """Where."""

    @property
    def ca_file(self) -> str | None:
        """Under TLS, whose certificates."""

    @property
    def trust_variables(self) -> Mapping[str, str]:
        """Under TLS, by which variables programs trust them."""


def facts(address: Address, ca_file: str | None) -> str:
    """Say it to a program, in one line of JSON; `ca_file` is null without TLS."""
    return json.dumps(
        {
            "base_url": address.base_url,
            "control_url": address.control_url,
            "host": address.reachable_host,
            "port": address.port,
            "pid": os.getpid(),
            "ca_file": ca_file,
        }
    )


def banner(settings: Settings, service: Listening, now: int) -> str:
    """Say it to a person, with the variables to set and how the server is set.

    Args:
        settings: of the server.
        service: that listens.
        now: what its clock shows, microseconds since the epoch.
    """
    address = service.address
    any_key = settings.keys is None
    variables = {
        "OPENAI_BASE_URL": address.base_url,
        "OPENAI_API_KEY": settings.client_key if any_key else "one of the keys file",
        **service.trust_variables,
    }
    rows = {
        "base URL": address.base_url,
        "control URL": f"{address.control_url}, described at {address.control_url}/docs",
        "certificate": service.ca_file,
        "keys": "any, each its own account" if any_key else "those of the keys file, by its tiers and credits",
        "tier": settings.tier or "free",
        "credits": f"${format_usd(settings.credits)} for each account",
        "seed": settings.seed,
        "date": iso_date(now) if settings.date is not None else f"{iso_date(now)}, with the newest data",
    }
    return "\n".join(
        [
            f"Understudy {__version__} stands in for the OpenAI API.",
            "",
            *(_assignment(name, value) for name, value in variables.items()),
            "",
            *(f"  {name:<12} {value}" for name, value in rows.items() if value is not None),
            *_warnings(settings, address),
            "",
            "Ctrl-C stops it.",
        ]
    )


class ReadyFile:
    """A file that appears, whole, when the server listens, and is gone when it has stopped.

    Args:
        path: of the file; one that an earlier run left is removed.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists() and not path.is_file():
            raise FileExistsError(f"{str(path)!r} is there already and is no plain file")
        if not path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {str(path.parent)!r}")
        path.unlink(missing_ok=True)

    def write(self, line: str) -> None:
        """Let it appear."""
        # Under another name first: whoever waits for the file never reads half of it.
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        draft.write_text(f"{line}\n", encoding="utf-8")
        draft.replace(self._path)

    def close(self) -> None:
        """Remove it."""
        self._path.unlink(missing_ok=True)


class ReadyPipe:
    """A file descriptor that a line is written to when the server listens; it is then closed.

    Args:
        number: of the descriptor, which whoever started us has left open.

    Raises:
        OSError: it is not open.
    """

    def __init__(self, number: int) -> None:
        os.fstat(number)
        self._number = number

    def write(self, line: str) -> None:
        """Write the line, and let the reader see the end."""
        with open(self._number, "w", encoding="utf-8", closefd=self._number > 2) as pipe:
            pipe.write(f"{line}\n")


def _assignment(name: str, value: str) -> str:
    return f"  set {name}={value}" if os.name == "nt" else f"  export {name}={shlex.quote(value)}"


def _warnings(settings: Settings, address: Address) -> list[str]:
    if address.is_local:
        return []
    control = (
        "control calls from them are refused: --control-token would allow them"
        if settings.control_token is None
        else "control calls from them need the control token"
    )
    return ["", f"Other machines can reach this server; {control}."]
