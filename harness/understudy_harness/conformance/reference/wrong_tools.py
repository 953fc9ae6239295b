"""Clients that are wrong about tool calls, each in one way: group 6."""

import json
from collections.abc import Mapping
from typing import Any

from understudy_harness.conformance.reference.client import CallFailed, ReferenceClient
from understudy_harness.conformance.reference.events import ChoiceSum, EventReader, StreamBroken
from understudy_harness.conformance.reference.tool_loop import Answer, Ask, LoopBroken, ToolLoop
from understudy_harness.conformance.reference.wrong_events import reading


class TrimsPieces(EventReader):
    """Cuts blanks off the ends of every piece of arguments."""

    def take_tool_call(self, sum_: ChoiceSum, piece: dict[str, Any]) -> None:
        """A piece without them."""
        function = piece.get("function") or {}
        function["arguments"] = (function.get("arguments") or "").strip()
        super().take_tool_call(sum_, piece)


class AddsToTheLastCall(EventReader):
    """Never looks at the index."""

    def tool_call_of(self, sum_: ChoiceSum, piece: dict[str, Any]) -> dict[str, Any]:
        """A piece without an id belongs to the call that began last."""
        return super().tool_call_of(sum_, {**piece, "index": None})


class TakesBlankIds(EventReader):
    """Takes the last id for the right one."""

    def take_tool_call(self, sum_: ChoiceSum, piece: dict[str, Any]) -> None:
        """Whatever stands there replaces what stood there."""
        super().take_tool_call(sum_, piece)
        if "id" in piece:
            self.tool_call_of(sum_, piece)["id"] = piece["id"]


class DoublesNames(EventReader):
    """Adds up names as it adds up arguments."""

    def name_of(self, known: str | None, name: str | None) -> str | None:
        """One after the other."""
        return (known or "") + (name or "")


class NeedsAnIndex(EventReader):
    """Knows calls by their index alone."""

    def tool_call_of(self, sum_: ChoiceSum, piece: dict[str, Any]) -> dict[str, Any]:
        """StreamBroken without one."""
        if "index" not in piece:
            raise StreamBroken("other", "'index'")
        return super().tool_call_of(sum_, piece)


class TrustsTheIndex(EventReader):
    """Takes what has one index for one call, and no index for the first."""

    def tool_call_of(self, sum_: ChoiceSum, piece: dict[str, Any]) -> dict[str, Any]:
        """Whatever its id."""
        return super().tool_call_of(sum_, {**piece, "index": piece.get("index", 0), "id": None})


class DropsTheSecond(EventReader):
    """Keeps the first call of an index and drops what else has it."""

    def take_tool_call(self, sum_: ChoiceSum, piece: dict[str, Any]) -> None:
        """Nothing of a call with another id."""
        index, id = piece.get("index", 0), piece.get("id")
        if not any(call["index"] == index and call["id"] != id for call in sum_.tool_calls if id):
            super().take_tool_call(sum_, piece)


def _looping(loop: type[ToolLoop]) -> type[ReferenceClient]:
    """A client that runs tools by another loop."""

    class Looping(ReferenceClient):
        def new_loop(self, ask: Ask) -> ToolLoop:
            return loop(ask, self.say)

    Looping.__doc__ = loop.__doc__
    return Looping


class NeedsArguments(ToolLoop):
    """Parses arguments also where there are none."""

    def read_arguments(self, written: str | None) -> dict[str, Any]:
        """ValueError for an empty text."""
        json.loads(written or "")
        return super().read_arguments(written)


class RunsWhatHadCome(ToolLoop):
    """Takes the calls of a stream that broke off for whole ones."""

    async def ask(self, input: Mapping[str, Any]) -> Answer:
        """What had come, if anything had."""
        try:
            return await super().ask(input)
        except CallFailed as failed:
            if not failed.choices:
                raise
            return {"choices": failed.choices}


class RunsCutCalls(ToolLoop):
    """Never looks at why an answer ended."""

    def check(self, answer: Answer) -> None:
        """Every answer is fine."""


class HidesTheCut(ToolLoop):
    """Leaves out calls that were cut, and says nothing of it."""

    def check(self, answer: Answer) -> None:
        """As if there had been none."""
        choice = answer["choices"][0]
        if choice["finish"] == "length":
            choice["tool_calls"] = []
            choice["finish"] = "stop"


class MendsArguments(ToolLoop):
    """Runs a tool without arguments when it cannot read them."""

    def read_arguments(self, written: str | None) -> dict[str, Any]:
        """An empty object in place of what is no JSON."""
        try:
            return super().read_arguments(written)
        except ValueError:
            return {}


class DropsBadCalls(ToolLoop):
    """Leaves out calls whose arguments it cannot read."""

    def calls(self, choice: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The others."""
        return [call for call in super().calls(choice) if self._readable(call)]

    def _readable(self, call: Mapping[str, Any]) -> bool:
        try:
            self.read_arguments(call["arguments"])
        except ValueError:
            return False
        return True


class CallsItACut(ToolLoop):
    """Takes arguments that are no JSON for such as were cut."""

    def check(self, answer: Answer) -> None:
        """LoopBroken with the wrong word."""
        super().check(answer)
        for call in answer["choices"][0]["tool_calls"]:
            try:
                self.read_arguments(call["arguments"])
            except ValueError:
                raise LoopBroken("length", "the answer was cut", answer["choices"]) from None


class TakesAnyJson(ToolLoop):
    """Runs a tool with whatever it was given."""

    def read_arguments(self, written: str | None) -> dict[str, Any]:
        """Anything that is JSON."""
        arguments: dict[str, Any] = json.loads(written or "{}")
        return arguments


class BelievesStop(ToolLoop):
    """Runs tools only where the finish reason says that there are some."""

    def goes_on(self, choice: Mapping[str, Any], calls: list[dict[str, Any]]) -> bool:
        """By that alone."""
        return bool(choice["finish"] == "tool_calls")


class EchoesObjects(ToolLoop):
    """Sends arguments back as it read them."""

    def echo_call(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """An object in place of its text."""
        told = super().echo_call(call)
        told["function"]["arguments"] = json.loads(told["function"]["arguments"])
        return told


class EchoesNothingForNone(ToolLoop):
    """Sends no arguments back where none came."""

    def echo_call(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """The text as it was."""
        told = super().echo_call(call)
        told["function"]["arguments"] = call["arguments"]
        return told


class RenamesCalls(ToolLoop):
    """Gives calls ids of its own."""

    def calls(self, choice: Mapping[str, Any]) -> list[dict[str, Any]]:
        """With the names that it likes."""
        return [{**call, "id": f"tool-{number}"} for number, call in enumerate(super().calls(choice))]


class AnswersTheFirst(ToolLoop):
    """Knows one call in an answer."""

    def results(self, calls: list[dict[str, Any]], tools: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The result of the first."""
        return super().results(calls[:1], tools)


WRONG_ABOUT_TOOLS: dict[str, type[ReferenceClient]] = {
    "trims-pieces": reading(TrimsPieces),
    "adds-to-the-last-call": reading(AddsToTheLastCall),
    "takes-blank-ids": reading(TakesBlankIds),
    "doubles-names": reading(DoublesNames),
    "needs-an-index": reading(NeedsAnIndex),
    "trusts-the-index": reading(TrustsTheIndex),
    "drops-the-second": reading(DropsTheSecond),
    "needs-arguments": _looping(NeedsArguments),
    "runs-what-had-come": _looping(RunsWhatHadCome),
    "runs-cut-calls": _looping(RunsCutCalls),
    "hides-the-cut": _looping(HidesTheCut),
    "mends-arguments": _looping(MendsArguments),
    "drops-bad-calls": _looping(DropsBadCalls),
    "calls-it-a-cut": _looping(CallsItACut),
    "takes-any-json": _looping(TakesAnyJson),
    "believes-stop": _looping(BelievesStop),
    "echoes-objects": _looping(EchoesObjects),
    "echoes-nothing-for-none": _looping(EchoesNothingForNone),
    "renames-calls": _looping(RenamesCalls),
    "answers-the-first": _looping(AnswersTheFirst),
}
"""Each by the name under which the driver takes it."""
