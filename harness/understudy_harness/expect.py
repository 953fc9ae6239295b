"""Expectations of the journal that read as sentences.

    expect(mockserver.journal).to("/v1/chat/completions").retried(2).waited_at_least(2.0).and_then_succeeded()

Each narrows down which calls are meant, or says what must be true of them; what is not true fails with a sentence and
the story of the calls as a table. Times are those of the server's active clock.

A *request* may have been sent several times: calls with the same key, method, path and body are *tries* of it. What is
said about retries and waits is about one request: of those that were sent more than once the first, else the first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

from tabulate import tabulate

from understudy.core.clock import SECOND
from understudy.core.errors import mask_key
from understudy.core.journal import JournalEntry
from understudy.core.pricing import format_usd, parse_usd

__all__ = ["Expectation", "ExpectationFailed", "expect", "story"]

PATIENCE = 1.0
"""Real seconds that calls under way are waited for: a server notices a moment later that a client has gone."""
_SWITCHED = 101
SHOWN = 50
"""Calls that a story tells, the newest."""
_EARLY = 0.001
"""Seconds that a wait may be too short: clients compute in floating point."""
_monotonic = time.monotonic  # a test may replace the module's own


class _Calls(Protocol):
    def __iter__(self) -> Any: ...


class ExpectationFailed(AssertionError):
    """What was expected of the journal is not so.

    Attributes:
        sentence: what was expected, and what happened.
        story: the calls, as a table.
    """

    def __init__(self, sentence: str, story: str) -> None:
        super().__init__(f"{sentence}\n\n{story}")
        self.sentence = sentence
        self.story = story


def expect(journal: _Calls) -> Expectation:
    """Begin a sentence about a journal, or any calls of one.

    Calls that are still under way are waited for, up to a second of real time.
    """
    patience = _monotonic() + PATIENCE
    while any(entry.finished_at is None for entry in journal) and _monotonic() < patience:
        threading.Event().wait(0.002)
    return Expectation(tuple(journal), "")


class Expectation:
    """Calls, and what is said about them; every method gives an expectation back, so that sentences go on."""

    def __init__(self, calls: tuple[JournalEntry, ...], about: str) -> None:
        self._calls = calls
        self._about = about

    def __repr__(self) -> str:
        """How many calls it is about."""
        return f"<expectation of {self._subject()}>"

    # Which calls are meant

    def to(self, path: str) -> Expectation:
        """Only calls of a path; a final `*` stands for any text."""
        if path.endswith("*"):
            return self._narrowed(f" to {path}", (each for each in self._calls if each.path.startswith(path[:-1])))
        return self._narrowed(f" to {path}", (each for each in self._calls if each.path == path))

    def of_model(self, model: str) -> Expectation:
        """Only calls that name a model."""
        return self._narrowed(f" of {model}", (each for each in self._calls if each.model == model))

    def by(self, key: str) -> Expectation:
        """Only calls of a key (masked or not) or an account id."""
        keys = (key, mask_key(key))
        found = (each for each in self._calls if each.key in keys or each.account == key)
        return self._narrowed(f" by {keys[1]}", found)

    def after(self, what: str | int) -> Expectation:
        """Only calls that began after the first that ended in an error code, a status or a fault's name."""
        place = next((place for place, each in enumerate(self._calls) if _ended_in(each, what)), None)
        if place is None:
            raise self._failed(f"a call that ended in {what}, but there was none")
        return self._narrowed(f" after {what}", self._calls[place + 1 :])

    # How many

    def called(self, times: int | None = None) -> Expectation:
        """There were so many calls; without a number, at least one."""
        if times is None and not self._calls:
            raise self._failed("at least one call, but there was none")
        if times is not None and len(self._calls) != times:
            raise self._failed(f"{_counted(times, 'call')}, but there were {len(self._calls)}")
        return self

    def called_at_most(self, times: int) -> Expectation:
        """There were so many calls or fewer."""
        if len(self._calls) > times:
            raise self._failed(f"at most {_counted(times, 'call')}, but there were {len(self._calls)}")
        return self

    def never_called(self) -> Expectation:
        """There was none."""
        return self.called(0)

    def never_called_after(self, what: str | int) -> Expectation:
        """After the first call that ended in an error code, a status or a fault's name, none came.

        It is no failure when no call ended so.
        """
        place = next((place for place, each in enumerate(self._calls) if _ended_in(each, what)), None)
        if place is not None and place + 1 < len(self._calls):
            late = len(self._calls) - place - 1
            raise self._failed(f"no call after {what}, but there {'was' if late == 1 else 'were'} {late}")
        return self

    # Retries and waits

    def retried(self, times: int) -> Expectation:
        """One request was sent again so many times."""
        tries = self._tries()
        if len(tries) - 1 != times:
            raise self._failed(f"{_counted(times, 'retry', 'retries')}, but there were {max(len(tries) - 1, 0)}")
        return self

    def retried_at_most(self, times: int) -> Expectation:
        """No request was sent again more often."""
        most = max((len(tries) - 1 for tries in self._requests()), default=0)
        if most > times:
            raise self._failed(f"at most {_counted(times, 'retry', 'retries')}, but there were {most}")
        return self

    def waited_at_least(self, seconds: float) -> Expectation:
        """Between one try's answer and the next try, at least so much time passed, each time."""
        for number, wait in enumerate(self._waits(), 1):
            if wait < seconds - _EARLY:
                raise self._failed(f"waits of at least {seconds:g} s, but wait {number} was {wait:.3f} s")
        return self

    def waited_at_most(self, seconds: float) -> Expectation:
        """Between one try's answer and the next try, no more time passed."""
        for number, wait in enumerate(self._waits(), 1):
            if wait > seconds:
                raise self._failed(f"waits of at most {seconds:g} s, but wait {number} was {wait:.3f} s")
        return self

    def waited_as_told(self) -> Expectation:
        """Each wait was at least as long as `retry-after-ms` or `retry-after` of the answer before it said."""
        tries = self._tries()
        for number, (wait, before) in enumerate(zip(self._waits(), tries, strict=False), 1):
            told = before.retry_after
            if told is not None and wait < told - _EARLY:
                raise self._failed(f"wait {number} to be {told:g} s, as told, but it was {wait:.3f} s")
        return self

    # How it ended

    def and_then_succeeded(self) -> Expectation:
        """The last try was answered in full, with a status below 400; or it is a WebSocket that was let in."""
        tries = self._tries()
        last = tries[-1] if tries else None
        if last is None or not (_is_session(last) or _is_answered(last)):
            raise self._failed(f"success in the end, but {_ending(last)}")
        return self

    def and_then_failed(self, what: str | int | None = None) -> Expectation:
        """The last try was refused; with this error code or status, where one is given."""
        tries = self._tries()
        last = tries[-1] if tries else None
        if last is None or last.status < 400 or (what is not None and not _ended_in(last, what)):
            wanted = "failure" if what is None else str(what)
            raise self._failed(f"{wanted} in the end, but {_ending(last)}")
        return self

    def closed_stream_within(self, seconds: float) -> Expectation:
        """Some stream was left by the client before its end, so many seconds after it was asked for or sooner."""
        left = [each for each in self._calls if not each.complete and each.finished_at is not None]
        if not left:
            raise self._failed("a stream that is left before its end, but none was")
        soonest = min((each.finished_at or 0) - each.at for each in left) / SECOND
        if soonest > seconds:
            raise self._failed(f"a stream to be left within {seconds:g} s, but it took {soonest:.3f} s")
        return self

    def met(self, fault: str) -> Expectation:
        """A fault of this name was played."""
        if not any(each.fault == fault for each in self._calls):
            raise self._failed(f"the fault {fault!r}, but it did not come")
        return self

    def used_rule(self, name: str) -> Expectation:
        """A rule of this name answered."""
        if not any(each.rule == name for each in self._calls):
            raise self._failed(f"an answer by the rule {name!r}, but there was none")
        return self

    # Realtime

    def answered_turns(self, times: int) -> Expectation:
        """Realtime sessions gave so many responses together, interrupted ones included."""
        return self._summed("turns", times, "response")

    def was_interrupted(self, times: int) -> Expectation:
        """Callers interrupted so many responses."""
        return self._summed("interrupted", times, "interrupted response")

    def truncated_what_was_not_heard(self) -> Expectation:
        """After each interruption the client told how much of the answer was heard."""
        for each in self._calls:
            if each.truncated < each.interrupted:
                problem = f"{each.interrupted} answers to be truncated after their interruption"
                raise self._failed(f"{problem}, but call {each.number} truncated {each.truncated}")
        return self

    def was_closed_with(self, code: int) -> Expectation:
        """The server closed a WebSocket with this code."""
        codes = sorted({each.closed for each in self._calls if each.closed})
        if code not in codes:
            told = ", ".join(map(str, codes)) or "none"
            raise self._failed(f"a WebSocket to be closed with {code}, but there was {told}")
        return self

    def _summed(self, name: str, times: int, noun: str) -> Expectation:
        found = sum(getattr(each, name) for each in self._calls)
        if found != times:
            raise self._failed(f"{_counted(times, noun, f'{noun}s')}, but there were {found}")
        return self

    # Money

    def spent(self, usd: str | int | Decimal) -> Expectation:
        """All calls together were charged exactly so many US dollars."""
        return self._spent(usd, at_most=False)

    def spent_at_most(self, usd: str | int | Decimal) -> Expectation:
        """All calls together were charged so many US dollars or less."""
        return self._spent(usd, at_most=True)

    def _spent(self, usd: str | int | Decimal, *, at_most: bool) -> Expectation:
        wanted = parse_usd(format(usd, "f") if isinstance(usd, Decimal) else str(usd))
        spent = sum(each.charge for each in self._calls)
        if spent > wanted or (spent < wanted and not at_most):
            bound = "at most " if at_most else ""
            raise self._failed(f"charges of {bound}${format_usd(wanted)}, but they were ${format_usd(spent)}")
        return self

    # Inside

    def _narrowed(self, words: str, calls: Iterable[JournalEntry]) -> Expectation:
        return Expectation(tuple(calls), self._about + words)

    def _requests(self) -> list[list[JournalEntry]]:
        found: dict[object, list[JournalEntry]] = {}
        for each in self._calls:
            # Of a body that was dropped to bound memory nothing but its length is left.
            found.setdefault((each.key, each.method, each.path, each.query, each.body_size, each.body), []).append(each)
        return list(found.values())

    def _tries(self) -> list[JournalEntry]:
        requests = self._requests()
        return next((tries for tries in requests if len(tries) > 1), requests[0] if requests else [])

    def _waits(self) -> list[float]:
        tries = self._tries()
        if len(tries) < 2:
            raise self._failed("a wait between two tries, but no request was sent twice")
        return [(later.at - (earlier.finished_at or earlier.at)) / SECOND for earlier, later in pairwise(tries)]

    def _subject(self) -> str:
        return f"calls{self._about}" if self._about else "all calls"

    def _failed(self, wanted: str) -> ExpectationFailed:
        return ExpectationFailed(f"Of {self._subject()}, expected {wanted}.", story(self._calls))


def story(calls: Sequence[JournalEntry]) -> str:
    """What happened, as a table: a row for each call, the newest at the end."""
    if not calls:
        return "There were no calls."
    rows = [_row(each, calls[0].at) for each in calls[-SHOWN:]]
    head = ("#", "at", "key", "call", "model", "status", "took", "told to wait", "charge", "notes")
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    table = tabulate(
        [[row[place] for place in kept] for row in rows],
        headers=[head[place] for place in kept],
        tablefmt="simple",
        disable_numparse=True,
    )
    left_out = len(calls) - len(rows)
    return f"({left_out} calls before these are left out)\n{table}" if left_out else table


def _is_session(entry: JournalEntry) -> bool:
    return entry.status == _SWITCHED and entry.error is None and entry.fault is None


def _is_answered(entry: JournalEntry) -> bool:
    return 200 <= entry.status < 400 and entry.complete and entry.finished_at is not None


def _row(entry: JournalEntry, start: int) -> tuple[str, ...]:
    took = "under way" if entry.finished_at is None else f"{(entry.finished_at - entry.at) / SECOND:.3f} s"
    told = entry.retry_after
    notes = [entry.error] if entry.error else []
    notes += [f"fault {entry.fault}"] if entry.fault and entry.fault != entry.error else []
    notes += [f"rule {entry.rule}"] if entry.rule else []
    notes += [f"{entry.chunks} parts"] if entry.streamed and entry.chunks else []
    notes += [f"{entry.turns} turns"] if entry.turns else []
    notes += [f"{entry.interrupted} interrupted"] if entry.interrupted else []
    notes += [f"closed with {entry.closed}"] if entry.closed else []
    notes += ["left by the client"] if not entry.complete else []
    return (
        str(entry.number),
        f"+{(entry.at - start) / SECOND:.3f} s",
        entry.key,
        f"{entry.method} {entry.path}",
        entry.model,
        str(entry.status or "none"),
        took,
        "" if told is None else f"{told:g} s",
        f"${format_usd(entry.charge)}" if entry.charge else "",
        ", ".join(notes),
    )


def _ended_in(entry: JournalEntry, what: str | int) -> bool:
    return entry.status == what if isinstance(what, int) else what in (entry.error, entry.fault)


def _ending(last: JournalEntry | None) -> str:
    if last is None:
        return "there was no call"
    if last.status >= 400:
        return f"it was {last.status} {last.error or ''}".rstrip()
    if last.finished_at is None:
        return "the last answer is still under way"
    return f"it was {last.status}" + ("" if last.complete else ", left before its end")


def _counted(number: int, one: str, several: str | None = None) -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"
