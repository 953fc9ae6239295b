import base64
import re
from typing import Any

import pytest

from understudy_data import read
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case import CaseError, Level, in_seat, select
from understudy_harness.conformance.case_reader import load_cases, parse_cases, read_cases

NUMBERS = {
    "1": range(1, 16),
    "2": range(1, 16),
    "3": range(1, 13),
    "4": range(1, 21),
    "5": range(1, 13),
    "6": range(1, 14),
    "7": range(1, 8),
    "8": range(1, 8),
    "9": range(1, 8),
    "10": range(1, 5),
    "11": range(1, 9),
    "12": range(1, 11),
    "13": range(1, 8),
    "14": range(1, 9),
    "15": range(1, 6),
}
"""Those of the catalogue, by group: 150 in all."""
SHOULD = {
    "1": [2, 7, 8, 9, 12, 14],
    "2": [1, 8, 9, 15],
    "3": [1, 3, 4, 8, 9, 12],
    "4": [3, 8, 9, 15, 16, 20],
    "5": [4, 5],
    "6": [4, 5, 6, 7, 11, 12],
    "7": [7],
    "8": [2, 3, 5, 6, 7],
    "10": [2],
    "11": [2, 6, 7],
    "12": [4, 5, 10],
    "13": [2, 3, 5],
    "14": [8],
    "15": [5],
}
INFO = ["2.4", "13.1", "13.7"]


def test_the_cases_of_the_catalogue_are_there(cases) -> None:
    """By their numbers, each with the level that it has there."""
    catalogue = [f"{group}.{number}" for group, numbers in NUMBERS.items() for number in numbers]
    assert len(catalogue) == 150
    assert list(cases) == catalogue
    should = {f"{group}.{number}" for group, numbers in SHOULD.items() for number in numbers}
    assert {number for number, case in cases.items() if case.level is Level.SHOULD} == should
    assert [number for number, case in cases.items() if case.level is Level.INFO] == INFO


def test_every_case_is_complete(cases) -> None:
    """Each says why it matters and where it comes from, and can be tried by hand."""
    for case in cases.values():
        assert case.title, case.id
        assert len(case.rationale) > 40, case.id
        assert case.references, case.id
        for variant in case.variants:
            assert not variant.serve or variant.script(Canary("sk-a", "word")).covers_every_call, case.id


def test_a_case_takes_fewer_than_forty_lines() -> None:
    """The language is tested by its brevity: a new case in ten minutes."""
    for file in {case.group.file for case in load_cases()}:
        _, *written = read(f"conformance/{file}").decode().split("[[case]]")
        assert written
        for text in written:
            assert len(text.strip().splitlines()) < 40


def test_ids_are_selected_by_their_beginnings(cases) -> None:
    """A number is never cut in two; the order is the catalogue's."""
    listed = tuple(cases.values())

    def chosen(*selectors: str) -> list[str]:
        return [case.id for case in select(listed, selectors)]

    assert chosen("1.1") == ["1.1-seconds"]
    assert chosen("1.1-s") == ["1.1-seconds"]
    assert chosen("1.10") == ["1.10-budget"]
    assert len(chosen("1")) == len(chosen("1.")) == 15
    assert chosen("1.5", "1.1-seconds", "1.1") == ["1.1-seconds", "1.5-negative"]


@pytest.mark.parametrize("selector", ["16", "1.16", "1.1-x", "seconds", ""])
def test_a_selector_that_selects_nothing_is_refused(selector: str, cases) -> None:
    """A typing error must not end in a run of nothing."""
    with pytest.raises(ValueError, match=re.escape(f"no case begins with {selector!r}")):
        select(tuple(cases.values()), [selector])


CASE: dict[str, Any] = {
    "id": "9.1-made",
    "title": "Made",
    "rationale": "For a test.",
    "level": "must",
    "seat": ["D"],
    "needs": ["chat"],
    "serve": [{"answer": "ok"}],
    "references": [],
    "expect": {"must": ["requests == 1"]},
}
GROUP: dict[str, Any] = {"id": "9", "title": "Tests", "about": "Made."}


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"titel": "x"}, "unknown field `titel`"),
        ({"level": "may"}, "Invalid enum value 'may'"),
        ({"title": 1}, "Expected `str`, got `int` - at `$.title`"),
        ({"id": "9.x-made"}, "its id must be like 9.1-name"),
        ({"id": "8.1-made"}, "its id must be like 9.1-name"),
        ({"id": "9.1"}, "its id must be like 9.1-name"),
        ({"seat": ["X"]}, "seat has 'X'; it may have D, P, G"),
        ({"needs": ["chat", "magic"]}, "needs has 'magic'; it may have chat, stream, responses,"),
        ({"op": "stream"}, "it calls 'stream' but does not need it"),
        ({"op": "video"}, "Invalid enum value 'video'"),
        ({"input": {"sed": 1}}, "input of chat: Object contains unknown field `sed`"),
        ({"calls": {"count": 2, "together": True}}, "made together but it does not need 'parallel'"),
        ({"calls": {"count": 2, "reuse": True}}, "share a client but it does not need 'reuse'"),
        ({"needs": ["chat", "reuse"], "calls": {"count": 2, "reuse": True}}, "share a client and need same_key"),
        ({"cancel": {"after_s": 1}}, "given up but does not need 'cancel'"),
        ({"calls": {"count": 0}}, "calls.count must be from 1 to 100"),
        ({"base_url": "http://api/v1"}, "base_url must have {origin} in it"),
        ({"play": "chess"}, "there is no play 'chess'"),
        ({"answers": {"no": {"text": "", "finnish": "stop"}}}, "answers.no: Object contains unknown field `finnish`"),
        (
            {"answers": {"no": {"text": "No."}}, "serve": [{"answer": "yes"}]},
            "'answer' must be one of ok, no, ok_whole",
        ),
        ({"live": {"tier": "1"}}, "one of serve, socket and live says what the server does"),
        ({"serve": []}, "nothing says what the server does"),
        ({"options": {"retry": 1}}, "options has 'retry'; it may have retries, timeout_s"),
        ({"options": {"retries": "two"}}, "options: Expected `int | null`, got `str` - at `$.retries`"),
        ({"window_s": 0}, "window_s must be above 0"),
        ({"expect": {}}, "expect.must is empty"),
        ({"expect": {"must": ["request == 1"]}}, "must: request is no word of the language"),
        ({"expect": {"must": ["requests == 1"], "non_strict": ["gap(1) == 1"]}}, "non_strict: gap(1) is a time"),
        ({"tidy": ["requests == 1"]}, "tidy has 'requests == 1', which is not about tidiness"),
        ({"serve": [{"on": 1, "answer": "ok"}]}, "serve must say what happens on every further request"),
        ({"serve": [{"answer": "okay"}]}, "'answer' must be one of ok, ok_whole, ok_stream, not 'okay'"),
        ({"serve": [{"statuss": 200}]}, "'statuss' is not known"),
    ],
)
def test_a_case_that_cannot_be_used_is_refused_when_it_is_read(keys: dict[str, Any], problem: str) -> None:
    """With its file, its id and the key that is wrong."""
    table = {**CASE, **keys}
    with pytest.raises(CaseError) as refused:
        parse_cases({"group": GROUP, "case": [table]}, "made.toml")
    assert str(refused.value).startswith(f"made.toml, case {table['id']!r}: ")
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[group", "made.toml: it is no TOML"),
        (b"\xff", "made.toml: it is no TOML"),
        (b"[groups]", "made.toml: there is no 'groups'; there are group, case"),
        (b"", "made.toml: [group]: Expected `object`, got `null`"),
        (b'[group]\nid = "9"\ntitle = "T"\nabout = "A"', "made.toml: it holds no [[case]]"),
        (b'[group]\nid = "9"\ntitle = "T"\nabout = "A"\nslack = { early = 1.0 }', "unknown field `early`"),
        (b"case = [1]\n[group]\nid = '9'\ntitle = 'T'\nabout = 'A'", "made.toml, case None: Expected `object`"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(content: bytes, problem: str) -> None:
    """In one sentence."""
    with pytest.raises(CaseError, match=re.escape(problem)):
        read_cases(content, "made.toml")


def test_a_case_knows_whether_time_decides(cases) -> None:
    """Only then does it matter whether the suite's clock slipped."""
    assert cases["1.1"].timed
    assert not cases["1.10"].timed


def test_the_group_gives_its_cases_what_they_share(cases) -> None:
    """Slack and tidiness; the file's digest identifies what was run."""
    group = cases["1.1"].group
    assert (group.slack.early_s, group.slack.late_share, group.slack.late_s) == (0.05, 0.5, 2.0)
    assert [each.written for each in cases["1.1"].tidy] == list(group.tidy)
    assert re.fullmatch("[0-9a-f]{64}", group.digest)


PART = {"name": "first", "serve": [{"status": 500}]}


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"serve": [], "part": [{"name": "first"}]}, "nothing says what the server does"),
        ({"part": [{"name": "first", "options": {"retry": 1}}]}, "part 'first': options has 'retry'"),
        ({"serve": [], "part": [{**PART, "expect": {}}]}, "expect.must is empty, so that it could not be failed"),
        ({"serve": [], "part": [{**PART, "op": "stream"}]}, "part 'first': it calls 'stream' but does not need it"),
        ({"serve": [], "part": [{**PART, "serve": [{"on": 1, "status": 500}]}]}, "part 'first': serve must say what"),
    ],
)
def test_parts_that_cannot_be_used_are_refused_by_their_name(keys: dict[str, Any], problem: str) -> None:
    """A case of several parts has no server of its own."""
    with pytest.raises(CaseError) as refused:
        parse_cases({"group": GROUP, "case": [{**CASE, **keys}]}, "made.toml")
    assert problem in str(refused.value)


def test_a_part_expects_what_its_case_does_unless_it_says_otherwise() -> None:
    """Its server and perhaps its call are its own."""
    own = {"name": "own", "serve": [{"status": 404}], "expect": {"must": ["requests == 7"]}}
    (case,) = parse_cases({"group": GROUP, "case": [{**CASE, "serve": [], "part": [PART, own]}]}, "made.toml")
    first, second = case.variants
    assert [variant.part for variant in case.variants] == ["first", "own"]
    assert first.must == case.must
    assert [each.written for each in second.must] == ["requests == 7"]


def test_a_part_says_only_what_is_otherwise() -> None:
    """The rest is the case's: server, options, expectations; inputs are added to."""
    part = {"name": "two", "input": {"n": 2}, "window_s": 3}
    table = {**CASE, "needs": ["chat", "n"], "input": {"seed": 7}, "options": {"retries": 1}, "part": [part]}
    (made,) = parse_cases({"group": GROUP, "case": [table]}, "made.toml")[0].variants
    assert (made.serve, made.options.retries, made.window_s) == (({"answer": "ok"},), 1, 3)
    assert (made.input()["seed"], made.input()["n"]) == (7, 2)


def test_a_part_needs_what_it_calls_and_the_abilities_of_its_case() -> None:
    """So a driver that can do one part is judged by that part; a part may say otherwise, within what its case needs."""
    parts = [
        {"name": "whole"},
        {"name": "streamed", "op": "stream"},
        {"name": "n", "input": {"n": 2}, "needs": ["chat", "n"]},
    ]
    table = {**CASE, "needs": ["chat", "stream", "n"], "part": parts[:2]}
    (made,) = parse_cases({"group": GROUP, "case": [table]}, "made.toml")
    assert [variant.needs for variant in made.variants] == [("chat", "n"), ("stream", "n")]
    assert [variant.part for variant in made.within(["stream", "n"]).variants] == ["streamed"]
    assert made.within(["chat", "stream"]) is None
    table["part"] = parts[2:]
    (made,) = parse_cases({"group": GROUP, "case": [table]}, "made.toml")
    assert [variant.needs for variant in made.variants] == [("chat", "n")]
    table["part"] = [{"name": "more", "needs": ["chat", "tools"]}]
    with pytest.raises(CaseError, match="needs has 'tools'"):
        parse_cases({"group": GROUP, "case": [table]}, "made.toml")


def test_slow_parts_are_run_when_slow_cases_are_wanted() -> None:
    """Of a case all of whose parts are slow, nothing is run."""
    parts = [{"name": "quick"}, {"name": "slow", "slow": True}]
    both = parse_cases({"group": GROUP, "case": [{**CASE, "part": parts}]}, "made.toml")
    only = parse_cases({"group": GROUP, "case": [{**CASE, "part": parts[1:]}]}, "made.toml")
    whole = parse_cases({"group": GROUP, "case": [{**CASE, "slow": True}]}, "made.toml")
    assert [part.part for part in in_seat(both, "D", slow=False)[0].variants] == ["quick"]
    assert [part.part for part in in_seat(both, "D", slow=True)[0].variants] == ["quick", "slow"]
    assert in_seat(only, "D", slow=False) == in_seat(whole, "D", slow=False) == in_seat(both, "P", slow=True) == ()


def test_a_gateway_may_be_judged_by_expectations_of_its_own() -> None:
    """In its seat they stand in place of the others."""
    table = {**CASE, "gateway": {"must": ["requests == 2"]}}
    (made,) = parse_cases({"group": GROUP, "case": [table]}, "made.toml")
    assert [each.written for each in made.must] == ["requests == 1"]
    assert [each.written for each in made.for_gateway().must] == ["requests == 2"]
    assert [each.written for each in made.for_program().must] == ["requests == 1"]


def test_a_program_may_be_judged_by_expectations_of_its_own() -> None:
    """As a gateway may; a part may have its own, too."""
    parts = [{"name": "one"}, {"name": "other", "program": {"must": ["requests == 3"]}}]
    table = {**CASE, "program": {"must": ["requests == 2"]}, "part": parts}
    (made,) = parse_cases({"group": GROUP, "case": [table]}, "made.toml")
    judged = [[each.written for each in part.must] for part in made.for_program().variants]
    assert judged == [["requests == 2"], ["requests == 3"]]
    assert made.for_gateway().variants[1].must == made.must


REALTIME: dict[str, Any] = {"op": "realtime", "needs": ["realtime"], "serve": [], "socket": [{"answer": {}}]}


def test_the_sound_of_a_conversation_is_made_from_its_length(make_case) -> None:
    """A tone of so many milliseconds in base64; what a case gives itself stays."""
    turns = [{"do": "sound", "ms": 250}, {"do": "sound", "ms": 1, "pcm": "AAA="}, {"do": "wait"}]
    made = make_case(**REALTIME, input={"turns": turns})
    sent = made.input()["turns"]
    assert len(base64.b64decode(sent[0]["pcm"])) == 250 * 48
    assert sent[1:] == turns[1:]
    assert made.given["turns"] == turns


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"input": {"turns": [{"do": "sing"}]}}, "input of realtime: Invalid enum value 'sing'"),
        ({"input": {"turns": [{"do": "say", "loud": True}]}}, "unknown field `loud`"),
        ({"socket": [{"answr": {}}]}, "unknown field `answr`"),
        ({"socket": [{"answer": {}}], "serve": [{"answer": "ok"}]}, "one of serve, socket and live"),
    ],
)
def test_a_conversation_that_cannot_be_had_is_refused(keys: dict[str, Any], problem: str, make_case) -> None:
    """When the case is loaded, in one sentence."""
    with pytest.raises(CaseError, match=re.escape(problem)):
        make_case(**{**REALTIME, **keys})
