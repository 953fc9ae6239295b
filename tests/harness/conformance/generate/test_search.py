"""What the generated cases are worth: the reference client keeps every relation, and each catches somebody."""

import tomllib
from typing import Any

import pytest

from understudy_harness.conformance.case_reader import parse_cases
from understudy_harness.conformance.generate.promoted import written
from understudy_harness.conformance.generate.relations import RELATIONS
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.driver import INTRODUCTION
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.conformance.results import CaseResult
from understudy_harness.conformance.runner import Listener
from understudy_harness.conformance.verdict import Mark, Verdict

CAUGHT = [
    ("skips-blank-pieces", "M1"),
    ("decodes-each-piece", "M2"),
    ("needs-a-space", "M3"),
    ("knows-no-bare-return", "M3"),
    ("ends-a-line-twice", "M3"),
    ("keeps-the-mark", "M3"),
    ("reads-comments", "M4"),
    ("forbids-other-keys", "M4"),
    ("mixes-choices", "M5"),
    ("adds-to-the-last-call", "M5"),
    ("takes-a-cut-for-an-end", "M6"),
    ("says-it-again", "M6"),
    ("ignores-retry-after", "M7"),
    ("comes-back-at-once", "M7"),
    ("shares-its-sum", "M8"),
    ("cannot-be-stopped", "M9"),
    ("leaves-the-socket", "M9"),
    ("ignores-retry-after", "M10"),
]
"""Clients that are wrong, and a relation that catches each."""
WAIT = ("M7", "M9", "M10")


def test_the_reference_client_keeps_every_relation(search) -> None:
    """It is OK and clean throughout, with as many examples as were asked for."""
    suite = search(examples=90)
    told = {result.case.id: (result.judgement.verdict, result.judgement.untidy) for result in suite.results}
    assert told == {relation.id: (Verdict.OK, []) for relation in RELATIONS}
    assert all(result.examples and result.example is None for result in suite.results)
    assert 60 <= sum(result.examples for result in suite.results) <= 100


def test_every_relation_catches_somebody() -> None:
    """One that no wrong client breaks might as well not be there."""
    assert {relation.id.partition("-")[0] for relation in RELATIONS} == {relation for _, relation in CAUGHT}


@pytest.mark.parametrize(("name", "relation"), CAUGHT)
def test_what_a_wrong_client_breaks_becomes_a_case_that_it_fails(name: str, relation: str, search, run_suite) -> None:
    """As a file, read back: the wrong client fails it, the reference client passes it, and nothing is generated."""
    (result,) = search(WRONG[name], [relation], examples=24 if relation in WAIT else 60).results
    assert result.judgement.verdict is Verdict.FAILED, name
    assert result.example is not None
    cases = parse_cases(tomllib.loads(written([result.example])), "P.toml")
    assert [case.id for case in cases] == [result.example["id"]]
    (again,) = run_suite(WRONG[name], chosen=cases).results
    assert again.judgement.verdict is Verdict.FAILED
    assert again.judgement.mark is result.judgement.mark
    (sound,) = run_suite(chosen=cases).results
    assert (sound.judgement.verdict, sound.judgement.clean) == (Verdict.OK, True)


def test_who_retries_when_credits_are_gone_is_second_best(search) -> None:
    """As in case 2.1 of the catalogue: bare clients do, and say so when they give up."""
    (result,) = search(WRONG["retries-quotas"], ["M10"]).results
    assert (result.judgement.verdict, result.judgement.unmet) == (Verdict.NON_STRICT, ["quota_retries == 0"])


def test_a_finding_is_as_small_as_it_can_be(search) -> None:
    """The answer is one plain text, and of all ways only the one that matters is left."""
    (result,) = search(WRONG["knows-no-bare-return"], ["M3"], examples=60).results
    assert result.example is not None
    assert result.example["answers"]["said"] == {"text": "Hello", "pieces": ["Hello"], "finish": "stop"}
    assert result.example["serve"] == [
        {"on": 1, "answer": "said"},
        {"on": "2..", "answer": "said", "framing": {"newline": "cr"}},
    ]
    assert result.example["level"] == "should"


def test_an_answer_is_made_small_also_where_the_pairs_of_ways_have_found_something(search) -> None:
    """They are tried with long answers, of which nothing is left; a cut that HTTP tells is looked at first."""
    (result,) = search(WRONG["takes-a-cut-for-an-end"], ["M6"], examples=40).results
    assert result.example is not None
    assert len(result.example["answers"]["said"]["pieces"]) == 1
    assert result.example["serve"][0].keys() <= {"on", "answer", "cut", "end", "last_chunk"}


def test_a_finding_is_silent_where_the_application_was_told_a_wrong_answer(search) -> None:
    """The mark is that of the example."""
    (result,) = search(WRONG["skips-blank-pieces"], ["M1"]).results
    assert result.judgement.mark is Mark.SILENT


class Seen(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.finished: list[CaseResult] = []
        self.names: list[str] = []

    def suite_started(self, introduction: Any, cases: Any, command: Any) -> None:
        self.names = [case.id for case in cases]

    def case_finished(self, result: CaseResult) -> None:
        self.finished.append(result)


def drawn(search, seed: int) -> list[str]:
    """The inputs that the driver is given, in order."""
    asked: list[str] = []

    class Noting(ReferenceClient):
        async def stream(self, input: Any) -> Any:
            asked.append(input["messages"][0]["content"])
            return await super().stream(input)

    search(Noting, ["M2", "M6"], seed=seed)
    return asked


def test_the_same_seed_draws_the_same_examples(search) -> None:
    """Every input names its example by a number made of its content."""
    first = drawn(search, 1)
    assert len(set(first)) > 10
    assert drawn(search, 1) == first
    assert drawn(search, 2) != first


def test_listeners_hear_of_each_relation(search) -> None:
    """As of a case of the catalogue, under the group M."""
    seen = Seen()
    search(selectors=["M2", "M3"], examples=6, listeners=[seen])
    assert seen.names == ["M2-chunks", "M3-framing"]
    assert [result.case.id for result in seen.finished] == seen.names
    assert {result.case.group.id for result in seen.finished} == {"M"}


def test_a_relation_that_needs_more_than_the_driver_has_is_unsupported(search) -> None:
    """Nothing is run, and the reason says what is missing."""
    able = {**INTRODUCTION, "ops": ["chat"], "can": []}
    suite = search(introduction=able, examples=9)
    told = {result.case.id[:2]: (result.judgement.verdict, result.reason) for result in suite.results}
    assert told["M3"] == (Verdict.UNSUPPORTED, "the driver has no stream or responses")
    assert told["M2"] == (Verdict.OK, "")
    assert told["M7"] == (Verdict.UNSUPPORTED, "the driver has no retries")


def test_a_driver_that_crashes_is_an_error_and_one_that_declines_is_skipped(search) -> None:
    """Neither is held against the client."""
    (crashed,) = search(selectors=["M2"], crashes=range(1000), examples=4).results
    assert (crashed.judgement.verdict, crashed.reason.startswith("the driver ended")) == (Verdict.ERROR, True)
    (skipped,) = search(selectors=["M2"], skips="not today", examples=4).results
    assert (skipped.judgement.verdict, skipped.examples) == (Verdict.SKIPPED, 1)
