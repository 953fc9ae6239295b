"""Reports for tests, as files hold them."""

import json
from pathlib import Path
from typing import Any


def a_case(id: str = "9.1-made", verdict: str = "OK", **more: Any) -> dict[str, Any]:
    """A case of a report."""
    case = {
        "id": id, "group": id.partition(".")[0], "title": f"Case {id}", "level": "must", "part": None,
        "verdict": verdict, "mark": None, "clean": True, "unmet": [], "untidy": [], "reason": "", "runs": 1,
        "seconds": 0.1, "measured": {}, "evidence": None,
    }  # fmt: skip
    return {**case, **more}


def a_report(*cases: dict[str, Any], name: str = "made", version: str = "1", **more: Any) -> dict[str, Any]:
    """A report."""
    report = {
        "layout": 1, "started_at": "2026-11-30T04:00:00Z", "seconds": 1.0, "command": ["driver"],
        "suite": {"version": "0.1.0", "cases_sha256": {"09-made.toml": "00"}},
        "driver": {"client": {"name": name, "version": version}, "ops": ["chat"], "can": []},
        "groups": {"9": "Tests"}, "cases": list(cases),
    }  # fmt: skip
    return {**report, **more}


def written(folder: Path, name: str, report: Any) -> Path:
    """A report in a file."""
    file = folder / name
    file.write_text(json.dumps(report), encoding="utf-8")
    return file
