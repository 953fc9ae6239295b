"""What an event leads to, run at once or stopped where a shared store must be awaited."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.realtime.test_items import PIXEL, shows
from tests.core.realtime.test_session import TEXT, Talk, user

from understudy.core.errors import ApiError, BadRequest
from understudy.core.media import MediaUnavailable
from understudy.core.realtime.steps import Runner, Steps

if TYPE_CHECKING:
    from tests.conftest import Api


class Later:
    """Something to be awaited."""

    def __await__(self) -> Any:
        yield from ()


def runner() -> Runner:
    return Runner(lambda error, event_id: f"{error.code} {event_id}".encode())


def test_steps_stop_where_something_must_be_awaited_and_go_on_with_its_result() -> None:
    """What was said before is told at once; what the client's interface does not have is left out."""
    first, second = Later(), Later()

    def steps() -> Steps:
        yield b"one"
        yield b""
        answer = yield first
        yield answer
        yield b"three" if (yield second) else b"four"

    each = runner()
    assert each.run(steps()) == [b"one"]
    assert each.waiting is first
    assert each.told(b"two") == [b"two"]
    assert each.waiting is second
    assert each.told(True) == [b"three"]
    assert each.waiting is None
    assert each.run(iter_of(b"five")) == [b"five"]


def iter_of(*events: bytes) -> Steps:
    yield from events


def test_an_error_is_told_after_what_was_said_before_it() -> None:
    """With the id of the client's event."""

    def steps() -> Steps:
        yield b"one"
        raise BadRequest("no", code="nope")

    assert runner().run(steps(), "mine") == [b"one", b"nope mine"]


def test_a_store_that_is_gone_is_an_error_of_the_steps() -> None:
    """They may put in order what they had begun."""
    seen: list[str | None] = []

    def steps() -> Steps:
        try:
            yield Later()
        except ApiError as error:
            seen.append(error.code)
            raise

    each = runner()
    assert each.run(steps(), "mine") == []
    assert each.failed() == [b"store_unavailable mine"]
    assert seen == ["store_unavailable"]
    assert each.waiting is None


def test_what_was_begun_can_be_dropped() -> None:
    each = runner()

    def steps() -> Steps:
        yield Later()

    each.run(steps())
    each.drop()
    assert each.waiting is None
    assert each.run(iter_of(b"one")) == [b"one"]


def missing(*_: object, **__: object) -> Any:
    raise MediaUnavailable("Speech", "speech")


def test_without_the_extra_for_speech_an_answer_in_audio_fails_and_text_goes_on(
    make_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is said; nothing stays open."""
    talk = Talk(make_api(tier=5))
    monkeypatch.setattr(talk.api.simulator.media.speaker, "speak_phrases", missing)
    events = talk.send(user("Hello"), {"type": "response.create"}) + talk.pull()
    types = [event["type"] for event in events]
    assert types.count("response.output_item.added") == types.count("response.output_item.done")
    response = next(event["response"] for event in events if event["type"] == "response.done")
    assert response["status"] == "failed"
    error = response["status_details"]["error"]
    assert error["code"] == "extra_not_installed"
    assert "understudy[speech]" in error["message"]
    talk.send(TEXT, user("Say apples"), {"type": "response.create"})
    assert talk.pull()[-2]["response"]["output"][0]["content"][0]["text"] == "Apples"


def test_without_the_extra_for_pictures_one_is_refused(
    make_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an error event with the client's id."""
    talk = Talk(make_api(tier=5))
    monkeypatch.setattr(talk.api.simulator.media.reader, "decode", missing)
    [refused] = talk.send({**shows(PIXEL), "event_id": "mine"})
    assert refused["error"]["code"] == "extra_not_installed"
    assert refused["error"]["event_id"] == "mine"
