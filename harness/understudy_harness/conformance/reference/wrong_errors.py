"""Clients that are wrong about errors, each in one way: group 2."""

import json
from typing import Any, NoReturn

from understudy_harness.conformance.reference.client import CallFailed, HttpAnswer, ReferenceClient
from understudy_harness.conformance.reference.events import EventReader


class RetriesQuotas(ReferenceClient):
    """Believes that credits come back by waiting."""

    def is_quota(self, answer: HttpAnswer) -> bool:
        """None is."""
        return False


class RetriesEverything(ReferenceClient):
    """Tries five times more, whatever it was told."""

    def wants_retry(self, answer: HttpAnswer, attempt: int) -> bool:
        """Always."""
        return attempt < 5


class ObeysNoFlag(RetriesQuotas):
    """Never looks at x-should-retry."""

    def wants_retry(self, answer: HttpAnswer, attempt: int) -> bool:
        """By status alone."""
        return self.may_retry(answer.status, attempt)


class NeverRetries(ReferenceClient):
    """Gives up at the first error."""

    def wants_retry(self, answer: HttpAnswer, attempt: int) -> bool:
        """Never."""
        return False


class ComesBackAtOnce(ReferenceClient):
    """Waits for nothing between attempts."""

    def wait(self, named: float | None, attempt: int) -> float:
        """No time."""
        return 0.0


class ForgetsKinds(ReferenceClient):
    """Has one word for all errors."""

    def kind_of(self, status: int, code: str | None) -> str:
        """Always the same."""
        return "other"


class TakesAnything(ReferenceClient):
    """Makes an answer of whatever a 200 holds."""

    def read_completion(self, answer: HttpAnswer) -> dict[str, Any]:
        """Its text, if it is no completion."""
        try:
            return super().read_completion(answer)
        except CallFailed:
            text = answer.body.decode("utf-8", "replace")
            return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


class StumblesOverBodies(ReferenceClient):
    """Believes that every error is an object with a message."""

    def give_up(self, answer: HttpAnswer, named: float | None) -> NoReturn:
        """Raises TypeError or ValueError for those that are not."""
        error = json.loads(answer.body)["error"]
        str(error["message"])
        super().give_up(answer, named)


class LosesWords(ReferenceClient):
    """Says nothing but the status."""

    def give_up(self, answer: HttpAnswer, named: float | None) -> NoReturn:
        """Raises CallFailed without the server's words, code and id."""
        kind = self.kind_of(answer.status, None)
        raise CallFailed(kind, f"status {answer.status}", status=answer.status, retry_after_s=named)


class ReadsEventsAlone(ReferenceClient):
    """Never looks at what kind of answer a stream is."""

    def finish(self, reader: EventReader, answer: HttpAnswer) -> dict[str, Any]:
        """What the events came to, also when there were none."""
        return {"choices": [{"text": reader.first.text, "finish": "stop"}]}


WRONG_ABOUT_ERRORS: dict[str, type[ReferenceClient]] = {
    "retries-quotas": RetriesQuotas,
    "retries-everything": RetriesEverything,
    "obeys-no-flag": ObeysNoFlag,
    "never-retries": NeverRetries,
    "comes-back-at-once": ComesBackAtOnce,
    "forgets-kinds": ForgetsKinds,
    "takes-anything": TakesAnything,
    "stumbles-over-bodies": StumblesOverBodies,
    "loses-words": LosesWords,
    "reads-events-alone": ReadsEventsAlone,
}
"""Each by the name under which the driver takes it."""
