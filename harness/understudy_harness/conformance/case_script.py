"""The fault script of one case in one run: its steps, with answers in the form that each request asks for."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from understudy.core.fault_steps import Fault
from understudy.core.faults import FaultScript
from understudy.core.messages import Request
from understudy_harness.conformance.canary import Canary, filled
from understudy_harness.conformance.forms import FORMS, OPERATION_FORMS, form_of, kin
from understudy_harness.conformance.truth import Truth, parse_truth, standard
from understudy_harness.conformance.uploads import upload_problem

BY_CHANCE = "by chance"
"""In place of the sizes of `segments`: other ones for each call, the same in each run."""
_SIZES = 64
_LARGEST = 40


def cut_by_chance(serve: Sequence[Mapping[str, Any]], seed: str) -> list[Mapping[str, Any]]:
    """Steps in which `segments = "by chance"` has become sizes from 1 to 40 bytes that follow from the seed."""
    chance = Random(seed)
    sizes = [chance.randint(1, _LARGEST) for _ in range(_SIZES)]
    return [{**step, "segments": sizes} if step.get("segments") == BY_CHANCE else step for step in serve]


class CaseScript(FaultScript):
    """A fault script for each form, all of which count every request; the form that was asked for plays.

    What is packed with gzip comes as it is to a request that does not offer to unpack it. Pictures that are sent along
    in a form that the real API would not take are refused with a 400 where the case has an answer to them.

    Args:
        name: of the case.
        serve: its steps.
        operation: of the case; it tells the form where a request does not.
        answers: truths that the case names beside `ok`.
        canary: of the run.
        created: seconds since the epoch, for the answers.
        names: more that `{name}` in a text stands for, such as the URL of the case's second server.

    Raises:
        FaultError: the steps cannot be understood.
        msgspec.ValidationError: an answer cannot.
    """

    __slots__ = ("_forms", "_operation", "_unpacked")

    def __init__(
        self,
        name: str,
        serve: Sequence[Mapping[str, Any]],
        operation: str,
        answers: Mapping[str, dict[str, Any]],
        canary: Canary,
        created: int = 0,
        names: Mapping[str, str] | None = None,
    ) -> None:
        replaced = {"canary": canary.word, "text": canary.text, "key": canary.key, **(names or {})}
        replaced["data"] = b64encode(canary.data).decode()
        steps = filled(list(serve), replaced)
        truths = {"ok": standard(canary)}
        truths |= {each: parse_truth(filled(dict(table), replaced)) for each, table in answers.items()}
        self._operation = OPERATION_FORMS.get(operation, operation if operation in FORMS else "chat")
        forms = kin(self._operation)
        self._forms = _in_forms(forms, name, steps, truths, canary, created)
        unpacked = [{key: value for key, value in step.items() if key != "gzip"} for step in steps]
        packs = unpacked != steps
        self._unpacked = _in_forms(forms, name, unpacked, truths, canary, created) if packs else self._forms
        super().__init__(name, self._forms[self._operation].steps)

    def seed(self, seed: int) -> None:
        """Let a run's seed decide about what plays by chance."""
        super().seed(seed)
        for script in (*self._forms.values(), *self._unpacked.values()):
            script.seed(seed)

    def next(self, request: Request, key: str, model: str, now: int) -> Fault | None:
        """The fault that this call meets, if any."""
        wanted = form_of(request, self._operation)
        wanted = wanted if wanted in self._forms else self._operation
        offered = b"gzip" in request.headers.get(b"accept-encoding", b"")
        playing = None
        for forms in (self._forms,) if self._unpacked is self._forms else (self._forms, self._unpacked):
            for form, script in forms.items():
                fault = script.next(request, key, model, now)
                if form == wanted and (offered or forms is self._unpacked):
                    playing = playing or fault
        answer = None if playing is None else playing.answer(now)
        if answer is not None and answer.status < 400 and (problem := upload_problem(request)) is not None:
            return _refusal(problem)
        return playing


def _refusal(problem: str) -> Fault | None:
    table = {"status": 400, "error": {"message": problem, "code": "invalid_image_file", "param": "image"}}
    return FaultScript.parse(table).steps[0].fault


def _in_forms(
    forms: Sequence[str],
    name: str,
    steps: Sequence[Mapping[str, Any]],
    truths: Mapping[str, Truth],
    canary: Canary,
    created: int,
) -> dict[str, FaultScript]:
    return {
        form: FaultScript.parse({"name": name, "steps": steps}, answers_in(form, truths, canary, created))
        for form in forms
    }


def answers_in(form: str, truths: Mapping[str, Truth], canary: Canary, created: int) -> dict[str, dict[str, Any]]:
    """The answers that a script may name, in one form.

    `ok_whole` and `ok_stream` are chat completions in those forms, whatever is asked for; `ok_floats` are vectors as
    lists of numbers.
    """
    answers = {name: FORMS[form](truth, canary, created) for name, truth in truths.items()}
    if form in ("embed", "embed.base64"):
        return {**answers, "ok_floats": FORMS["embed"](truths["ok"], canary, created)}
    answers["ok_whole"] = FORMS["chat"](truths["ok"], canary, created)
    answers["ok_stream"] = FORMS["chat.stream"](truths["ok"], canary, created)
    return answers
