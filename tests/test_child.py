import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

from understudy.child import Child

GUARD = 60
"""Seconds after which a test that hangs is ended; nothing waits for them."""


def run(command: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    return Child(command, environment).run()


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_is_the_commands(code: int) -> None:
    """Whatever it means."""
    assert run([sys.executable, "-c", f"raise SystemExit({code})"]) == code


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_command_that_a_signal_ended_is_reported_as_shells_do() -> None:
    """128 and the signal's number."""
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run([sys.executable, "-c", script]) == 128 + signal.SIGKILL


def test_a_command_that_is_not_there_is_an_error() -> None:
    """For the caller to put into words."""
    with pytest.raises(FileNotFoundError):
        run(["understudy-no-such-command"])


def test_the_environment_is_what_is_given() -> None:
    """And nothing else of ours."""
    script = "import os; raise SystemExit(os.environ['X'] == 'y' and 'HOME' not in os.environ)"
    assert run([sys.executable, "-c", script], {"X": "y"}) == 1


def test_our_handlers_are_as_before() -> None:
    """The command borrows the signals only while it runs."""
    before = signal.getsignal(signal.SIGTERM)
    run([sys.executable, "-c", ""])
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_to_us_reaches_the_command(name: str) -> None:
    """A supervisor that stops us stops what we run, and learns how that ended."""
    inner = (
        "import signal, sys\n"
        f"signal.signal(signal.{name}, lambda number, frame: sys.exit(42))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )
    outer = "import os, sys; from understudy.child import Child; sys.exit(Child(sys.argv[1:], os.environ).run())"
    process = subprocess.Popen(
        [sys.executable, "-c", outer, sys.executable, "-c", inner],
        stdout=subprocess.PIPE,
        # No terminal: what is typed at one reaches the command without us.
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], GUARD)[0]
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(getattr(signal, name))
        assert process.wait(GUARD) == 42


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_ctrl_c_at_the_terminal_reaches_the_command_once() -> None:
    """The terminal sends it to both of us; forwarded, it would come twice, and a second one often means 'at once'."""
    import pty

    inner = (
        "import signal, sys\n"
        "seen = []\n"
        "def see(number, frame):\n"
        "    seen.append(number)\n"
        "    print('seen', len(seen), flush=True)\n"
        "signal.signal(signal.SIGINT, see)\n"
        "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(len(seen)))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )
    outer = (
        "import fcntl, os, sys, termios\n"
        "from understudy.child import Child\n"
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "sys.exit(Child(sys.argv[1:], os.environ).run())\n"
    )
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", outer, sys.executable, "-c", inner],
        stdin=theirs,
        stdout=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    output = b""

    def read_until(text: bytes) -> None:
        nonlocal output
        while text not in output:
            assert select.select([terminal], [], [], GUARD)[0]
            output += os.read(terminal, 1000)

    read_until(b"ready")
    os.write(terminal, b"\x03")
    read_until(b"seen 1")
    process.send_signal(signal.SIGTERM)
    assert process.wait(GUARD) == 1
    os.close(terminal)
