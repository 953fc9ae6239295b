import asyncio
import base64
import re
import shutil
from pathlib import Path

import pytest

from understudy_harness.conformance.by_hand import play
from understudy_harness.conformance.explain import explain
from understudy_harness.conformance.protocol import OPERATIONS

HTTP = [op for op in OPERATIONS if op != "realtime"]


@pytest.mark.parametrize("op", HTTP)
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_command_makes_the_call_that_is_told(op: str, make_case, tmp_path: Path) -> None:
    """A shell runs it as it stands, the server of the case answers it, and tells so."""
    case = make_case(op=op, needs=[op])
    for picture in case.input().get("images", []):
        (tmp_path / picture["name"]).write_bytes(base64.b64decode(picture["content"]))

    async def by_hand() -> tuple[list[str], bytes]:
        told: list[str] = []
        server = asyncio.ensure_future(play(case, 0, told.append))
        while not told:
            await asyncio.sleep(0)
        command = told[0].splitlines()[2]
        shell = await asyncio.create_subprocess_shell(command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
        answer, _ = await asyncio.wait_for(shell.communicate(), 60)
        server.cancel()
        await asyncio.wait([server])
        assert shell.returncode == 0, command
        return told, answer

    told, answer = asyncio.run(by_hand())
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert re.fullmatch(r"request 1: (GET|POST) /v1/\S+ -> 200", told[1])


def test_what_is_told_says_how_a_case_weighs_and_where_it_comes_from(cases) -> None:
    """The meaning of its level, links to issues, and the command for each seat."""
    text = explain(cases["2.12"])
    assert "MUST means: the specification says so, or the alternative loses data, money or keys" in text
    assert "  - aallam/openai-kotlin#216  https://github.com/aallam/openai-kotlin/issues/216\n" in text
    assert "  - understudy conform run --select 2.12-error-in-200 --driver COMMAND\n" in text
    assert "  - understudy conform run --select 2.12-error-in-200 --kind stream -- PROGRAM ...\n" in text
    assert "  - understudy conform run --select 2.12-error-in-200 --gateway URL\n" in text
    assert "The client, in the part 'stream'\n  - one chat completion, streamed\n" in text


def test_every_case_can_be_explained(cases) -> None:
    """With all its parts; none is left without a way to see it by hand."""
    for case in cases.values():
        text = explain(case)
        assert text.count("\nBy hand") == len(case.variants)
        assert all(expectation.written in text for part in case.variants for expectation in part.expectations)


def test_a_life_is_told_by_what_happens_in_it(make_case) -> None:
    """What a turn does not say is left out."""
    case = make_case(serve=[], live={"life": [{"calls": 1}, {"credits": "0"}]}, play="life")
    assert "life = ({'calls': 1}, {'credits': '0'})" in explain(case)
