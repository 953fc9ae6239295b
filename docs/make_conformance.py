"""Makes the conformance matrix of the shipped drivers: `python docs/make_conformance.py [NAME …]`.

Installs each driver into an environment of its own, runs the suite with it, and writes the HTML matrix of all reports
to `docs/conformance`. A driver that cannot be installed here is left out and named at the end. The reports in JSON are
kept in a folder of the user's cache, so that one client can be judged again without the others: those that are not
named keep their last report.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from understudy_harness.conformance.gate import FAILURES, FINE
from understudy_harness.conformance.shipped.catalogue import Shipped, shipped_drivers
from understudy_harness.conformance.shipped.installing import Installation, InstallError, cache_folder

OUTPUT = Path(__file__).parent / "conformance"
REPORTS = cache_folder().parent / "reports"
_INSTALLED = re.compile(r"~/\.(pyenv/versions/[^/]+|cargo/registry/src/[^/]+)/")
_CONFORM = (sys.executable, "-m", "understudy", "conform")


def judged(driver: Shipped, report: Path, options: list[str]) -> str | None:
    """Install one driver and run the suite with it.

    Args:
        driver: which.
        report: where its report is written.
        options: of `understudy conform run`.

    Returns:
        Why there is no report, None when there is one.
    """
    try:
        Installation(driver, tell=_say).install()
    except InstallError as problem:
        return str(problem)
    command = [*_CONFORM, "run", "--driver", driver.name, "--json", str(report), "--quiet", *options]
    done = subprocess.run(command, check=False)  # noqa: S603 # our own
    return None if done.returncode in (FINE, FAILURES) else f"{driver.name} could not be judged"


def publish(reports: list[Path], output: Path) -> None:
    """Make the matrix of reports, in which no path tells where it was made."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for report in reports:
            files.append(str(Path(folder) / report.name))
            Path(files[-1]).write_text(impersonal(report.read_text(encoding="utf-8")), encoding="utf-8")
        command = [*_CONFORM, "report", "html", *files, "-o", str(output)]
        subprocess.run(command, check=True)  # noqa: S603 # our own


def impersonal(report: str) -> str:
    """A report without the folders of who made it: errors show where programs stand."""
    report = report.replace(f"{Path(__file__).resolve().parents[1]}/", "").replace(str(Path.home()), "~")
    return _INSTALLED.sub("…/", report)


def main() -> int:
    """Judge those that are named, or all; write the matrix of all reports."""
    known = shipped_drivers()
    parser = argparse.ArgumentParser(description="Make the conformance matrix of the shipped drivers.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"out of {', '.join(known)}; all by default")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder, or file that ends in .html")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="folder of the reports in JSON")
    parser.add_argument("--select", default="", help="only these cases, as `understudy conform run` takes them")
    parser.add_argument("--slow", action="store_true", help="also the cases that take minutes")
    parser.add_argument("--jobs", default="2", help="cases at once")
    asked = parser.parse_args()
    for name in asked.names:
        if name not in known:
            parser.error(f"there is no driver {name!r}; there are {', '.join(known)}")
    options = ["--jobs", asked.jobs, *(["--slow"] if asked.slow else [])]
    options += ["--select", asked.select] if asked.select else []
    asked.reports.mkdir(parents=True, exist_ok=True)
    problems = []
    for name in asked.names or known:
        problem = judged(known[name], asked.reports / f"{name}.json", options)
        problems += [problem] if problem else []
    reports = [file for name in known if (file := asked.reports / f"{name}.json").exists()]
    if reports:
        publish(reports, asked.output)
        _say(f"{len(reports)} reports are in {asked.output}.")
    for problem in problems:
        _say(f"Left out: {problem}.")
    return int(bool(problems))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
