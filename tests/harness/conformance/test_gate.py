import pytest

from understudy_harness.conformance.baseline import Baseline, Known
from understudy_harness.conformance.gate import REQUIRE, Gate, Standing


@pytest.mark.parametrize(
    ("keep", "require", "tidy", "code"),
    [
        ((1, 8), "must", False, 0),
        ((1, 2), "must", False, 0),
        ((1, 2), "must", True, 1),
        ((1, 3), "must", False, 1),
        ((1, 4), "must", False, 0),
        ((1, 4), "should", False, 1),
        ((1, 4), "all", False, 1),
        ((1, 5), "must", False, 3),
        ((3, 5), "must", False, 1),
        ((1, 6), "must", False, 0),
        ((1, 6), "should", False, 3),
        ((1, 7, 9, 10), "all", True, 0),
        ((7, 10), "must", False, 3),
        ((9,), "all", True, 0),
    ],
)
def test_the_exit_code_says_what_it_came_to(keep, require, tidy, code, made) -> None:
    """0 fine, 1 failures, 3 could not judge; a run of nothing is not fine."""
    made.results = [made.results[number - 1] for number in keep]
    assert Gate(REQUIRE[require], tidy).exit_code(made) == code


def known(*numbers: int, **more) -> Baseline:
    return Baseline([Known(f"9.{number}-made", "https://example.com/1", **more) for number in numbers], "known.toml")


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        (known(3), 3),  # 9.5 could not be judged
        (known(3, client="made", version="1 <&>"), 3),
        (known(3, client="another"), 1),
        (known(3, version="2"), 1),
        (known(1, 3), 1),  # 9.1 passes
        (known(2, 3), 3),  # 9.2 is unclean: that may be why it is listed
        (known(3, 4), 3),  # a SHOULD may be listed, too
        (known(3, 7, 10), 3),  # what was not run is neither
    ],
)
def test_a_baseline_bears_what_is_known_and_nothing_else(listed, code, made) -> None:
    """A new failure counts, and so does a listed one that passes."""
    assert Gate(baseline=listed).exit_code(made) == code


def test_without_what_could_not_be_judged_a_known_failure_is_fine(made) -> None:
    """It is still said, with its link."""
    made.results = made.results[:4]
    gate = Gate(baseline=known(3))
    assert gate.exit_code(made) == 0
    assert list(gate.sentences(made)) == ["known failure: 9.3-made, https://example.com/1"]


def test_the_sentences_say_what_to_do(made) -> None:
    """A new failure and an entry to remove are named."""
    assert list(Gate(REQUIRE["should"], baseline=known(1, 3)).sentences(made)) == [
        "new failure: 9.4-made is not listed in known.toml",
        "9.1-made passes, though known.toml lists it: remove it there",
        "known failure: 9.3-made, https://example.com/1",
    ]
    assert list(Gate().sentences(made)) == []


def test_every_result_has_one_standing(made) -> None:
    """None is lost."""
    standings = Gate(baseline=known(8)).sorted(made)
    assert {standing: len(results) for standing, results in standings.items()} == {
        Standing.PASSED: 3,
        Standing.FAILED: 1,
        Standing.KNOWN: 0,
        Standing.MENDED: 1,
        Standing.UNABLE: 1,
        Standing.UNCOUNTED: 2,
        Standing.NOT_RUN: 2,
    }
