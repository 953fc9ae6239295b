"""Tries real clients against Understudy: `python tests/clients/run.py [NAME …]`.

Makes an environment for each in a cache folder (with uv, and npm for those of Node), runs the programs beside this file
one after the other, each against a server of its own, and prints a table of what each tried. Ends with 1 when one of
them failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from understudy import MockServer

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "understudy-clients"
GUARD = 300
"""Seconds for one program."""


class Client(NamedTuple):
    """One row of `clients.toml`."""

    name: str
    program: str
    packages: list[str]
    arguments: list[str]
    server: dict[str, Any]
    """Settings of the server that it meets."""

    @property
    def of_node(self) -> bool:
        """Whether Node runs it."""
        return self.program.endswith(".mjs")


class Trial(NamedTuple):
    """What came of one."""

    client: Client
    versions: str
    tried: str
    complaint: str


def clients() -> list[Client]:
    """All of them, in the file's order."""
    table = tomllib.loads((HERE / "clients.toml").read_text(encoding="utf-8"))
    return [
        Client(name, row["program"], row["packages"], row.get("arguments", []), row.get("server", {}))
        for name, row in table.items()
    ]


def run(*command: str | Path, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """What a command prints; CalledProcessError when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=GUARD,
        check=True,
    )
    return done.stdout


def prepared(client: Client) -> tuple[list[str | Path], str]:
    """The command that runs a client's program, and the versions of its packages."""
    folder = CACHE / client.name
    folder.mkdir(parents=True, exist_ok=True)
    if client.of_node:
        if not (folder / "node_modules").exists():
            (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
            run("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *client.packages, cwd=folder)
        # Modules are looked for beside the program.
        program = shutil.copy(HERE / client.program, folder)
        listed = run("npm", "ls", "--depth=0", "--parseable", "--long", cwd=folder).splitlines()[1:]
        return ["node", program, *client.arguments], ", ".join(line.split(":")[1] for line in listed)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        run("uv", "venv", "--quiet", folder)
        run("uv", "pip", "install", "--quiet", "--python", python, *client.packages)
    wanted = {
        package.partition("=")[0].partition("[")[0].partition(">")[0].partition("<")[0] for package in client.packages
    }
    frozen = run("uv", "pip", "freeze", "--python", python).splitlines()
    return [python, HERE / client.program, *client.arguments], ", ".join(
        line for line in frozen if line.partition("==")[0] in wanted
    )


def tried(client: Client, server: MockServer) -> Trial:
    """Run one client."""
    environment = {**os.environ, **server.trust_variables, "OPENAI_API_KEY": "sk-tier5-trial"}
    # LlamaIndex reads the older name alone.
    environment["OPENAI_BASE_URL"] = environment["OPENAI_API_BASE"] = server.base_url
    command: list[str | Path] = []
    versions = ""
    try:
        command, versions = prepared(client)
        printed = run(*command, environment=environment)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failed:
        printed = failed.stdout or ""
        printed = printed if isinstance(printed, str) else printed.decode()
        lines = str(failed.stderr or failed).strip().splitlines()
        complaint = next((line.strip() for line in reversed(lines) if "Error" in line), lines[-1])
    except FileNotFoundError as missing:
        return Trial(client, "", "", f"{missing.filename} is not installed")
    else:
        complaint = ""
    return Trial(client, versions, ", ".join(printed.strip().splitlines()), complaint)


def main() -> int:
    """Run those that are named, or all."""
    known = {client.name: client for client in clients()}
    parser = argparse.ArgumentParser(description="Try real clients against Understudy.")
    parser.add_argument("name", nargs="*", help=f"out of {', '.join(known)}; all by default")
    names = parser.parse_args().name
    for name in names:
        if name not in known:
            parser.error(f"there is no client {name!r}; there are {', '.join(known)}")
    failed = False
    print("| client | versions | what worked | result |\n| --- | --- | --- | --- |")
    for name in names or known:
        with MockServer(**known[name].server) as server:
            trial = tried(known[name], server)
        failed = failed or bool(trial.complaint)
        print(f"| {name} | {trial.versions} | {trial.tried} | {trial.complaint or 'all of it'} |", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
