"""The reference client's helper for structured output: from an answer to the object that was asked for."""

import json
from collections.abc import Mapping
from typing import Any


class NoObject(Exception):
    """An answer that holds no object.

    Attributes:
        kind: in the words of the driver protocol.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ObjectReader:
    """Reads the object; each decision that a case is about is a method."""

    def read(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """The object of an answer.

        Args:
            choice: as the driver protocol has it.

        Raises:
            NoObject: there is none.
        """
        self.check_finish(choice["finish"])
        if choice["refusal"]:
            self.refused(choice["refusal"])
        return self.object_of(choice["text"] or "")

    def check_finish(self, finish: str | None) -> None:
        """An answer that was cut holds no whole object, however it looks.

        Raises:
            NoObject: it was cut.
        """
        if finish in ("length", "content_filter"):
            raise NoObject(finish, f"the answer was cut short: {finish}")

    def refused(self, refusal: str) -> None:
        """The model would not.

        Raises:
            NoObject: always, with its words.
        """
        raise NoObject("refusal", refusal)

    def object_of(self, text: str) -> dict[str, Any]:
        """A text as an object.

        Raises:
            NoObject: it is none.
        """
        try:
            value = json.loads(text)
        except ValueError as problem:
            raise NoObject("protocol", f"the answer is no JSON: {problem}") from None
        if not isinstance(value, dict):
            raise NoObject("protocol", f"the answer is no object: {text[:80]}")
        return value
