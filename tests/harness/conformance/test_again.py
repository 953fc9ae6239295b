import shlex

from click.testing import CliRunner

from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.cli_seats import DRIVER, Seat
from understudy_harness.reports.again import by_driver


def test_each_seat_has_its_own_command(make_case) -> None:
    """A driver, a program and a gateway; a slow case needs one word more."""
    case, slow = make_case(), make_case(slow=True)
    run = "understudy conform run"
    driver = Seat(DRIVER, ["node", "my driver.mjs"])
    assert driver.again(case) == f"{run} --driver 'node '\"'\"'my driver.mjs'\"'\"'' --select 9.1-made"
    assert driver.again(slow) == by_driver(["node", "my driver.mjs"])(slow) == f"{driver.again(case)} --slow"
    program = Seat("P", ["python", "app.py"], kind="chat", expect_stdout=False)
    assert program.again(case) == f"{run} --kind chat --no-expect-stdout --select 9.1-made -- python app.py"
    gateway = Seat("G", ["http://127.0.0.1:4000/v1"], key="sk-of-the-gateway", port=8081)
    assert gateway.again(case) == f"{run} --gateway http://127.0.0.1:4000/v1 --select 9.1-made"
    gateway.port = 9000
    assert gateway.again(case) == f"{run} --gateway http://127.0.0.1:4000/v1 --upstream-port 9000 --select 9.1-made"


def test_the_command_of_a_program_works_as_it_is_told(tmp_path, cases) -> None:
    """Its options stand before the program, and are understood."""
    told = Seat("P", ["no-such-program", "--select", "9"], kind="chat").again(cases["2.5"])
    given = CliRunner().invoke(conform, ["run", "--dry-run", *shlex.split(told)[3:]])
    assert given.exit_code == 0, given.output
    assert given.output.splitlines()[-1] == "1 case would be run."
