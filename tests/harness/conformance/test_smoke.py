import asyncio
import sys

import pytest

from understudy_harness.conformance.smoke import smoke_cases, try_driver

DRIVER = """
import json, sys

for line in sys.stdin:
    told = json.loads(line)
    if told["cmd"] == "hello":
        print(json.dumps({"client": {"name": "fake", "version": "1"}, "ops": ["chat"], "can": []}), flush=True)
    elif told["cmd"] == "run":
        print(json.dumps({"seq": told["seq"], "error": {"kind": "other", "message": told["api_key"]}}), flush=True)
"""


def tried(*command: str) -> tuple[bool, list[str]]:
    told: list[str] = []
    return asyncio.run(try_driver([sys.executable, *command], lambda: 1_755_133_835_000_000, told.append)), told


def test_a_driver_that_does_all_is_ready() -> None:
    """Ten cases, and an end at `stop`; every run line had a field that it does not know."""
    fine, told = tried("-m", "understudy_harness.conformance.reference")
    assert fine, told
    assert sum(line.startswith("OK") for line in told) == len(smoke_cases()) + 1 == 11
    assert told[-1] == "\nThe driver of reference 1 is ready."


def test_a_driver_that_tells_nothing_right_is_shown_why() -> None:
    """What it lacks is left out; what it says wrong stands beside what is expected, and its secrets are kept."""
    fine, told = tried("-c", DRIVER)
    text = "\n".join(told)
    assert not fine
    assert "WRONG        0.1-text" in text
    assert "expected: outcome is success" in text
    assert "LEFT OUT     0.2-streamed" in text
    assert "the driver has no stream" in text
    assert "not clean: no_secret" in text
    assert "sk-canary-" not in text.replace("sk-canar****", "")
    assert told[-1] == "\nThe driver of fake 1 is not ready: see above."


@pytest.mark.parametrize("case", smoke_cases(), ids=lambda case: case.id)
def test_the_cases_are_about_what_the_protocol_asks(case) -> None:
    """Each cites its part, and none is in the catalogue's groups."""
    assert case.group.id == "0"
    assert all(reference.startswith("driver protocol, ") for reference in case.references)
