"""Clients that are wrong about what an answer says, each in one way: group 5."""

from collections.abc import Mapping
from typing import Any

from understudy_harness.conformance.reference.client import HttpAnswer, ReferenceClient
from understudy_harness.conformance.reference.events import ChoiceSum, EventReader, StreamBroken
from understudy_harness.conformance.reference.object_reader import NoObject, ObjectReader
from understudy_harness.conformance.reference.tool_loop import Answer, ToolLoop
from understudy_harness.conformance.reference.wrong_events import reading


class WantsAChoiceInEachChunk(EventReader):
    """Believes that every chunk has a choice."""

    def take_chunk(self, chunk: Any) -> None:
        """StreamBroken for one that has none."""
        if chunk.get("choices") == []:
            raise StreamBroken("other", "list index out of range")
        super().take_chunk(chunk)


class SkipsChunksWithoutChoices(EventReader):
    """Believes that a chunk without a choice says nothing."""

    def take_chunk(self, chunk: Any) -> None:
        """Only one that has a choice."""
        if chunk.get("choices") != []:
            super().take_chunk(chunk)


class CountsByItself(EventReader):
    """Guesses the usage that it is not told."""

    def completion(self) -> dict[str, Any]:
        """With a token for each four letters."""
        guessed = max(1, len(self.first.text) // 4)
        return {**super().completion(), "usage": self.usage or {"prompt_tokens": guessed, "completion_tokens": guessed}}


class ReadsUsageBlindly(EventReader):
    """Believes that usage is there where its name is."""

    def usage_of(self, chunk: dict[str, Any]) -> dict[str, Any] | None:
        """StreamBroken for null."""
        if "usage" in chunk and chunk["usage"] is None:
            raise StreamBroken("other", "'NoneType' object is not subscriptable")
        return super().usage_of(chunk)


class NeedsADelta(EventReader):
    """Believes that every choice has a delta."""

    def take_choice(self, index: int, sum_: ChoiceSum, choice: dict[str, Any]) -> None:
        """StreamBroken for one that has none."""
        if choice.get("delta") is None:
            raise StreamBroken("other", "'NoneType' object has no attribute 'get'")
        super().take_choice(index, sum_, choice)


class AddsWhatIsThere(EventReader):
    """Believes that a content is a text."""

    def take_choice(self, index: int, sum_: ChoiceSum, choice: dict[str, Any]) -> None:
        """StreamBroken for null."""
        if (choice.get("delta") or {}).get("content", "") is None:
            raise StreamBroken("other", "can only concatenate str to str")
        super().take_choice(index, sum_, choice)


class SeesCallsWhereTheirNameIs(EventReader):
    """Believes that a chunk with a field for tool calls has no text."""

    def take_choice(self, index: int, sum_: ChoiceSum, choice: dict[str, Any]) -> None:
        """The calls alone."""
        delta = choice.get("delta") or {}
        if "tool_calls" in delta:
            delta.pop("content", None)
        super().take_choice(index, sum_, choice)


class MixesChoices(EventReader):
    """Adds up all choices in one."""

    def take_chunk(self, chunk: Any) -> None:
        """As if every choice were the first."""
        for choice in chunk.get("choices") or ():
            choice["index"] = 0
        super().take_chunk(chunk)


class KeepsTheFirstChoice(EventReader):
    """Knows one choice."""

    def take_choice(self, index: int, sum_: ChoiceSum, choice: dict[str, Any]) -> None:
        """Nothing of the others."""
        if index == 0:
            super().take_choice(index, sum_, choice)

    def completion(self) -> dict[str, Any]:
        """The first."""
        self.choices = {0: self.first}
        return super().completion()


class HandsOutHalves(EventReader):
    """Hands on what JSON says, half a character, too."""

    def joined(self, index: int, text: str) -> str:
        """As it came."""
        return text


class RefusesHalves(EventReader):
    """Knows no text that is no Unicode."""

    def joined(self, index: int, text: str) -> str:
        """StreamBroken for half a character."""
        try:
            text.encode()
        except UnicodeEncodeError:
            raise StreamBroken("protocol", "a lone surrogate") from None
        return text


class SkipsBlankPieces(EventReader):
    """Believes that a piece without a letter is empty."""

    def take_text_of(self, index: int, sum_: ChoiceSum, text: str) -> None:
        """Leaves it out."""
        if text.strip():
            super().take_text_of(index, sum_, text)


class ReadsContentAlone(EventReader):
    """Knows no refusals in a stream."""

    def take_choice(self, index: int, sum_: ChoiceSum, choice: dict[str, Any]) -> None:
        """None is kept."""
        super().take_choice(index, sum_, choice)
        sum_.refusal = None


class AlwaysStops(ReferenceClient):
    """Calls every answer a whole one."""

    def told(self, completion: Mapping[str, Any], answer: HttpAnswer) -> dict[str, Any]:
        """As if it had stopped by itself."""
        return _stopped(super().told(completion, answer))

    def finish(self, reader: EventReader, answer: HttpAnswer) -> dict[str, Any]:
        """The same of a stream."""
        return _stopped(super().finish(reader, answer))


def _stopped(answer: Answer) -> Answer:
    return {**answer, "choices": [{**choice, "finish": "stop"} for choice in answer["choices"]]}


class AsksAgainWhenEmpty(ReferenceClient):
    """Takes an empty answer for a slip of the model, and asks again."""

    def new_loop(self, ask: Any) -> ToolLoop:
        """One that goes on until there is a text."""
        return _UntilThereIsAText(ask, self.say)


class _UntilThereIsAText(ToolLoop):
    def goes_on(self, choice: Mapping[str, Any], calls: list[dict[str, Any]]) -> bool:
        return bool(calls) or not choice["text"]


class ParsesRefusals(ReferenceClient):
    """Looks for an object where there is a refusal."""

    def new_object_reader(self) -> ObjectReader:
        """One that fails on JSON."""
        return _ReadsOn()


class _ReadsOn(ObjectReader):
    def check_finish(self, finish: str | None) -> None:
        if finish == "length":
            super().check_finish(finish)

    def refused(self, refusal: str) -> None:
        raise NoObject("protocol", "expecting value: line 1 column 1")

    def read(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return super().read(choice)
        finally:
            if isinstance(choice, dict):
                choice["refusal"] = None


class ClosesBrackets(ReferenceClient):
    """Mends objects that were cut."""

    def new_object_reader(self) -> ObjectReader:
        """One that takes what it can get."""
        return _Mends()


class _Mends(ObjectReader):
    def check_finish(self, finish: str | None) -> None:
        """Never looks."""

    def object_of(self, text: str) -> dict[str, Any]:
        return super().object_of(text.rpartition(",")[0] + "}")


WRONG_ABOUT_ANSWERS: dict[str, type[ReferenceClient]] = {
    "wants-a-choice-in-each-chunk": reading(WantsAChoiceInEachChunk),
    "skips-chunks-without-choices": reading(SkipsChunksWithoutChoices),
    "counts-by-itself": reading(CountsByItself),
    "reads-usage-blindly": reading(ReadsUsageBlindly),
    "needs-a-delta": reading(NeedsADelta),
    "adds-what-is-there": reading(AddsWhatIsThere),
    "sees-calls-where-their-name-is": reading(SeesCallsWhereTheirNameIs),
    "mixes-choices": reading(MixesChoices),
    "keeps-the-first-choice": reading(KeepsTheFirstChoice),
    "hands-out-halves": reading(HandsOutHalves),
    "refuses-halves": reading(RefusesHalves),
    "skips-blank-pieces": reading(SkipsBlankPieces),
    "reads-content-alone": reading(ReadsContentAlone),
    "always-stops": AlwaysStops,
    "asks-again-when-empty": AsksAgainWhenEmpty,
    "parses-refusals": ParsesRefusals,
    "closes-brackets": ClosesBrackets,
}
"""Each by the name under which the driver takes it."""
