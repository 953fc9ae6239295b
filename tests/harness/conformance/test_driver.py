import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from understudy_harness.conformance.driver import (
    DriverCrashed,
    DriverNotFound,
    DriverProcess,
    environment_for_drivers,
)
from understudy_harness.conformance.protocol import Final, ProtocolError, Run

HELLO = {"client": {"name": "scripted", "version": "1"}, "ops": ["chat"], "can": ["cancel"]}
LOOP = f"""
import json, os, sys, time
say = lambda **line: print(json.dumps(line), flush=True)
for line in sys.stdin:
    told = json.loads(line)
    cmd = told["cmd"]
    if cmd == "hello":
        say(**{HELLO!r})
    elif cmd == "stop":
        break
    else:
        EXTRA
"""


def script(extra: str = "pass", afterwards: str = "") -> list[str]:
    """A driver that introduces itself, does something about each run, and something when it is told to stop."""
    return [sys.executable, "-c", LOOP.replace("EXTRA", extra.strip().replace("\n", "\n        ")) + afterwards]


@pytest.fixture
def drive() -> Callable[[list[str], Callable[[DriverProcess], Coroutine[Any, Any, Any]]], Any]:
    """Starts a driver, does something with it, and ends it."""

    def run(command: list[str], act: Callable[[DriverProcess], Coroutine[Any, Any, Any]]) -> Any:
        async def whole() -> Any:
            driver = DriverProcess(command)
            await driver.start()
            try:
                return await act(driver)
            finally:
                await driver.stop()

        return asyncio.run(whole())

    return run


def message(seq: int = 1) -> Run:
    """A run."""
    return Run(seq, "1.1", "chat", "http://127.0.0.1:1/v1", "sk-a", {"model": "m", "messages": []})


async def final_of(driver: DriverProcess, seq: int = 1) -> Final:
    """The last line of a run."""
    return await asyncio.wait_for(driver.run(message(seq)).final, 30)


def test_lines_reach_their_run(drive) -> None:
    """Progress is kept in order, the final line ends it, and the raw lines are there for the search for secrets."""

    async def act(driver: DriverProcess) -> None:
        attempt = driver.run(message(5))
        final = await asyncio.wait_for(attempt.final, 30)
        assert final.result is not None
        assert [line.text for _, line in attempt.progress] == ["Hel", "lo"]
        assert [json.loads(line)["seq"] for line in attempt.said.splitlines()] == [5, 5, 5]

    drive(
        script(
            """
s = told["seq"]
say(seq=s, event="delta", text="Hel"); say(seq=s, event="delta", text="lo")
say(seq=s, result={"choices": [{"text": "Hello"}]})
"""
        ),
        act,
    )


def test_runs_may_overlap(drive) -> None:
    """Answers find their run by its number, in whatever order they come."""

    async def act(driver: DriverProcess) -> None:
        first, second = driver.run(message(1)), driver.run(message(2))
        finals = await asyncio.wait_for(asyncio.gather(first.final, second.final), 30)
        assert [final.seq for final in finals] == [1, 2]

    drive(script('if told["seq"] == 2: say(seq=2, result={}); say(seq=1, result={})'), act)


def test_a_run_can_be_cancelled(drive) -> None:
    """The driver is told which, and its final line ends the run."""

    async def act(driver: DriverProcess) -> None:
        attempt = driver.run(message(3))
        driver.cancel(3)
        final = await asyncio.wait_for(attempt.final, 30)
        assert final.error is not None
        assert final.error.kind == "cancelled"

    drive(script('if cmd == "cancel": say(seq=told["seq"], error={"kind": "cancelled"})'), act)


@pytest.mark.parametrize(
    ("source", "well"),
    [
        (script(), True),
        (script(afterwards="sys.exit(3)"), False),
        (script(afterwards="time.sleep(60)"), False),
    ],
    ids=["ends", "with an exit code", "not at all"],
)
def test_a_driver_is_told_to_end_whatever_is_under_way(source: list[str], well: bool, drive) -> None:
    """It is said whether it did so by itself and in order; then it can be started anew."""

    async def act(driver: DriverProcess) -> None:
        driver.run(message(1))
        assert await driver.end(30 if well else 0.5) is well
        assert not driver.alive
        await driver.start()
        assert driver.alive
        await driver.kill()

    drive(source, act)


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ("sys.exit(7)", "the driver ended with exit code 7"),
        ("sys.exit(0)", "the driver ended"),
        ("os.kill(os.getpid(), 9)", "the driver ended with signal SIGKILL"),
        ('print("debug", flush=True)', "a line is not as the protocol has it"),
        ("say(seq=99, result={})", "a line about a run that is not under way"),
        ('say(seq=1, result={}, error={"kind": "other"})', "exactly one of result, error and skipped"),
    ],
)
def test_a_crash_ends_the_run_and_the_driver_can_be_started_anew(extra: str, problem: str, drive) -> None:
    """So does a broken protocol; what comes after must not suffer from it."""

    async def act(driver: DriverProcess) -> None:
        with pytest.raises(DriverCrashed, match=problem):
            await final_of(driver)
        assert not driver.alive
        with pytest.raises(DriverCrashed, match=problem):
            await final_of(driver, 2)
        introduction = await driver.start()
        assert driver.alive
        assert introduction.client.name == "scripted"

    drive(script(extra), act)


def test_a_second_final_line_breaks_the_protocol(drive) -> None:
    """It is noticed at the next run."""

    async def act(driver: DriverProcess) -> None:
        await final_of(driver)
        with pytest.raises(DriverCrashed, match="a run that is not under way"):
            await final_of(driver, 2)

    drive(script('say(seq=told["seq"], result={}); say(seq=told["seq"], result={})'), act)


def test_complaints_are_kept_between_runs(drive) -> None:
    """What came on standard error is handed over once."""

    async def act(driver: DriverProcess) -> None:
        await final_of(driver)
        complained = b""
        while b"oh no" not in complained:
            complained += driver.complaints()
            await asyncio.sleep(0)
        assert driver.complaints() == b""

    drive(script('print("oh no", file=sys.stderr, flush=True); say(seq=told["seq"], result={})'), act)


def test_a_driver_that_will_not_stop_is_ended(drive, monkeypatch) -> None:
    """With everything that it started."""
    monkeypatch.setattr("understudy_harness.conformance.driver.STOP_S", 0.05)
    stubborn = f"import json, time; print(json.dumps({HELLO!r}), flush=True)\nwhile True: time.sleep(60)"

    async def act(driver: DriverProcess) -> DriverProcess:
        return driver

    assert not drive([sys.executable, "-c", stubborn], act).alive


def test_a_program_that_does_not_exist_is_named() -> None:
    """It is wrong usage, not a crash."""
    with pytest.raises(DriverNotFound, match="the driver's program 'no-such-program' cannot be started: No such file"):
        asyncio.run(DriverProcess(["no-such-program", "x"]).start())


def test_a_driver_that_ends_before_it_speaks_gives_its_last_words() -> None:
    """They are usually the reason."""
    command = [sys.executable, "-c", "raise SystemExit('the SDK is not installed')"]
    with pytest.raises(DriverCrashed, match="ended before it answered hello; standard error ends with: the SDK is not"):
        asyncio.run(DriverProcess(command).start())


def test_a_driver_that_says_nothing_is_not_waited_for_for_ever(monkeypatch) -> None:
    """Nor is it left running."""
    monkeypatch.setattr("understudy_harness.conformance.driver.HELLO_S", 0.05)

    async def start() -> DriverProcess:
        driver = DriverProcess([sys.executable, "-c", "import time; time.sleep(60)"])
        with pytest.raises(DriverCrashed, match="did not answer hello within 0 s"):
            await driver.start()
        return driver

    assert not asyncio.run(start()).alive


def test_a_wrong_introduction_is_refused() -> None:
    """Before anything is run."""
    with pytest.raises(ProtocolError, match="the answer to hello"):
        asyncio.run(DriverProcess([sys.executable, "-c", "print('ready', flush=True); input()"]).start())


def test_drivers_do_not_see_where_their_user_points_clients() -> None:
    """No OPENAI_* variables and no proxies: the base URL of the run alone decides."""
    given = {
        "OPENAI_BASE_URL": "x",
        "OPENAI_ORG_ID": "x",
        "HTTPS_PROXY": "x",
        "no_proxy": "x",
        "PATH": "/bin",
        "HOME": "/",
    }
    assert environment_for_drivers(given) == {"PATH": "/bin", "HOME": "/"}
