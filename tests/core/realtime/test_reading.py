"""What a response reads: truncation of long conversations, what is cached, and what several turns cost by hand."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.realtime.test_items import RESPOND, picture, shows
from tests.core.realtime.test_session import MANUAL, TEXT, Talk, append, tone, user

from understudy.core.dates import parse_moment
from understudy.core.pricing import DOLLAR
from understudy.core.realtime.conversation import Item, Tokens
from understudy.core.realtime.reading import CACHED_STEP, Piece, Reading, input_limit, read

if TYPE_CHECKING:
    from tests.conftest import Api

WORD = "word " * 1_000
"""1,000 tokens."""


@pytest.fixture
def talk(make_api: Callable[..., Api]) -> Talk:
    return Talk(make_api(tier=5))


def truncation(value: Any) -> dict[str, Any]:
    return {
        "type": "session.update",
        "session": {"type": "realtime", "output_modalities": ["text"], "truncation": value},
    }


def respond(talk: Talk, **settings: Any) -> dict[str, Any]:
    """The response that comes next, when it is done."""
    said = talk.send({"type": "response.create", "response": {"max_output_tokens": 10, **settings}}) + talk.pull()
    response = next(event["response"] for event in said if event["type"] == "response.done")
    assert isinstance(response, dict)
    return response


def read_by(response: dict[str, Any]) -> int:
    tokens = response["usage"]["input_tokens"]
    assert isinstance(tokens, int)
    return tokens


def test_the_input_limit_is_the_documented_one(talk: Talk) -> None:
    """28,224 of a context of 32,768 with 4,096 for the output."""
    model = talk.api.simulator.find_model("gpt-realtime", talk.api.simulator.account("sk-voice-0123456789"))
    assert model is not None
    assert input_limit(model) == 28_224


def test_a_conversation_that_is_too_long_loses_its_beginning(talk: Talk) -> None:
    """No more than the limit is read, nothing is told; the items are there still; little of it is cached after that."""
    talk.send(truncation("auto"))
    ids = [talk.send(user(WORD))[0]["item"]["id"] for _ in range(27)]
    whole = respond(talk)
    assert 27_000 < read_by(whole) <= 28_224
    talk.send(user("Say apples"))
    again = respond(talk)
    assert again["usage"]["input_token_details"]["cached_tokens"] > 26_000
    said = talk.send(user(WORD), user(WORD))
    assert [event["type"] for event in said] == ["conversation.item.added", "conversation.item.done"] * 2
    cut = respond(talk)
    assert 26_000 < read_by(cut) <= 28_224
    assert cut["status"] == "incomplete"
    # Only the instructions are the same beginning.
    assert cut["usage"]["input_token_details"]["cached_tokens"] < 200
    assert talk.send({"type": "conversation.item.retrieve", "item_id": ids[0]})[0]["item"]["id"] == ids[0]


def test_a_retention_ratio_drops_more_at_once_and_then_nothing_for_a_while(talk: Talk) -> None:
    """So the turns after a truncation are cached."""
    talk.send(
        truncation({"type": "retention_ratio", "retention_ratio": 0.5, "token_limits": {"post_instructions": 5_000}})
    )
    instructions = read_by(respond(talk, input=[]))
    reads, cached = [], []
    for _ in range(9):
        talk.send(user(WORD))
        response = respond(talk, instructions=None)
        reads.append(read_by(response) - instructions)
        cached.append(response["usage"]["input_token_details"]["cached_tokens"])
    assert max(reads) <= 5_000
    falls = [place for place in range(1, 9) if reads[place] < reads[place - 1]]
    assert falls == [4, 7]
    assert all(reads[place] <= 2_500 for place in falls)
    assert all(cached[place] < 200 for place in falls)
    assert all(cached[place] > 1_000 for place in range(1, 9) if place not in falls)


def test_without_truncation_a_long_conversation_fails_the_response(talk: Talk) -> None:
    """The session lives on, nothing is charged; with an item less it answers again."""
    talk.send(truncation("disabled"))
    ids = [talk.send(user(WORD))[0]["item"]["id"] for _ in range(29)]
    failed = respond(talk)
    assert failed["status"] == "failed"
    error = failed["status_details"]["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "context_length_exceeded")
    assert failed["usage"]["total_tokens"] == 0
    assert talk.entry.charge == 0
    for each in ids[:2]:
        talk.send({"type": "conversation.item.delete", "item_id": each})
    assert respond(talk)["status"] == "incomplete"


@given(
    sizes=st.lists(st.integers(1, 40), max_size=12),
    limit=st.integers(1, 60),
    ratio=st.floats(0, 1),
)
def test_what_is_read_fits_and_is_the_end_of_the_conversation(
    realtime_model: Any, sizes: list[int], limit: int, ratio: float
) -> None:
    """Whatever the items weigh: at most the limit; the newest ones without a gap; nothing is dropped needlessly."""
    model, vocabulary = realtime_model
    items = [
        Item({"id": f"item_{place}", "type": "message", "role": "user", "content": []}, audio_ms=100 * size)
        for place, size in enumerate(sizes)
    ]
    strategy = {"type": "retention_ratio", "retention_ratio": ratio, "token_limits": {"post_instructions": limit}}
    settings = {"instructions": "", "tools": [], "truncation": strategy}
    if sizes and sizes[-1] > limit:
        with pytest.raises(Exception, match="exceeds the context window"):
            read(items, settings, model, vocabulary)
        return
    reading = read(items, settings, model, vocabulary)
    assert reading.tokens.total <= limit
    assert reading.items == items[len(items) - len(reading.items) :]
    assert [item.dropped for item in items] == [item not in reading.items for item in items]
    if sum(sizes) <= limit:
        assert reading.items == items
    elif len(reading.items) < len(items) - 1:
        one_more = sum(sizes[len(items) - len(reading.items) - 1 :])
        assert one_more > limit * ratio
    # Asked again it is the same: what was dropped stays dropped.
    assert read(items, settings, model, vocabulary).pieces == reading.pieces


@pytest.fixture(scope="module")
def realtime_model() -> Any:
    from tests.conftest import Api

    simulator = Api(tier=5).simulator
    return simulator.find_model("gpt-realtime", simulator.account("sk-a-0123456789")), simulator.media.vocabulary


weights = st.builds(Tokens, st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))


@given(former=st.lists(weights, max_size=6), same=st.integers(0, 6), later=st.lists(weights, max_size=4))
def test_what_is_cached_is_a_common_beginning_in_whole_steps(
    former: list[Tokens], same: int, later: list[Tokens]
) -> None:
    """Never more than was read, never more of a kind than there is."""
    before = [Piece(b"%d" % place, tokens) for place, tokens in enumerate(former)]
    now = before[:same] + [Piece(b"new %d" % place, tokens) for place, tokens in enumerate(later)]
    reading = Reading([], now)
    known = reading.known(before)
    shared = sum(piece.tokens.total for piece in before[:same])
    assert known.total == shared // CACHED_STEP * CACHED_STEP
    assert all(part <= whole for part, whole in zip(known, reading.tokens, strict=True))


LAUNCH = parse_moment("2024-10-02")
NOW = parse_moment("2026-11-23")
PRICES = [
    # model, day, dollars for a million: text in, cached, out; audio in, cached, out (pricing pages of those days)
    ("gpt-4o-realtime-preview", LAUNCH, (5, 5, 20), (100, 100, 200)),
    ("gpt-4o-realtime-preview", parse_moment("2025-01-15"), (5, 2.5, 20), (40, 2.5, 80)),
    ("gpt-4o-mini-realtime-preview", parse_moment("2025-01-15"), (0.6, 0.3, 2.4), (10, 0.3, 20)),
    ("gpt-realtime", parse_moment("2025-09-01"), (4, 0.4, 16), (32, 0.4, 64)),
    ("gpt-realtime-mini", NOW, (0.6, 0.06, 2.4), (10, 0.3, 20)),
    ("gpt-realtime-2", NOW, (4, 0.4, 24), (32, 0.4, 64)),
]


@pytest.mark.parametrize(("model", "day", "text", "audio"), PRICES, ids=lambda value: str(value))
def test_several_turns_cost_what_they_come_to_by_hand(
    make_api: Callable[..., Api], model: str, day: int, text: tuple[float, ...], audio: tuple[float, ...]
) -> None:
    """Each turn reads the whole conversation again, sound and text apart, at the day's prices."""
    api = make_api(tier=5, at=day, credits=100 * DOLLAR)
    talk = Talk(api, model)
    ga = "output_modalities" in talk.created["session"]
    talk.send(MANUAL if ga else {"type": "session.update", "session": {"turn_detection": None}})
    balance = api.simulator.account("sk-voice-0123456789").organization.ledger.balance
    total, inputs, sound_in, sound_out = 0.0, [], 0, 0
    for turn in range(3):
        talk.send(append(tone(1_000)), {"type": "input_audio_buffer.commit"}, RESPOND)
        events = talk.pull()
        usage = next(event["response"] for event in events if event["type"] == "response.done")["usage"]
        read, cached, made = (
            usage["input_token_details"],
            usage["input_token_details"]["cached_tokens_details"],
            usage["output_token_details"],
        )
        sent = sum(len(base64.b64decode(each["delta"])) for each in events if each["type"].endswith("audio.delta"))
        # By hand: 10 tokens for the second that the caller spoke, and every answer so far at 20 a second.
        sound_in += 10
        assert read["audio_tokens"] == sound_in + sound_out
        assert made["audio_tokens"] == -(-(sent // 48) // 50)
        sound_out += made["audio_tokens"]
        assert (turn == 0) == (usage["input_token_details"]["cached_tokens"] == 0)
        for kind, (given_price, cached_price, made_price) in (("text_tokens", text), ("audio_tokens", audio)):
            total += (read[kind] - cached[kind]) * given_price
            total += cached[kind] * cached_price
            total += made[kind] * made_price
        inputs.append(usage["input_tokens"])
    assert inputs == sorted(set(inputs))
    spent = balance - api.simulator.account("sk-voice-0123456789").organization.ledger.balance
    assert spent == pytest.approx(total * DOLLAR / 1_000_000, rel=1e-12)
    assert talk.entry.charge == spent


def test_pictures_have_a_price_of_their_own(make_api: Callable[..., Api]) -> None:
    """$5 a million, cached $0.50 (gpt-realtime)."""
    api = make_api(tier=5)
    talk = Talk(api)
    talk.send(TEXT, shows(picture()), RESPOND)
    talk.pull()
    first = talk.entry.charge
    talk.send(RESPOND)
    usage = talk.pull()[-2]["response"]["usage"]
    read, cached, made = (
        usage["input_token_details"],
        usage["input_token_details"]["cached_tokens_details"],
        usage["output_token_details"],
    )
    by_hand = (read["text_tokens"] - cached["text_tokens"]) * 4.0 + cached["text_tokens"] * 0.4
    by_hand += (read["image_tokens"] - cached["image_tokens"]) * 5.0 + cached["image_tokens"] * 0.5
    by_hand += made["text_tokens"] * 16.0
    assert cached["image_tokens"] > 0
    assert talk.entry.charge - first == pytest.approx(by_hand * DOLLAR / 1_000_000, rel=1e-12)


def test_credits_may_end_in_the_middle_of_a_session(make_api: Callable[..., Api]) -> None:
    """The answer under way is finished and charged; the next one fails, with zero usage; the session lives."""
    api = make_api(tier=5, credits=DOLLAR // 200)
    talk = Talk(api)
    outcomes = []
    for _ in range(6):
        talk.send(user("Tell me about rain in 60 words"))
        outcomes.append(respond(talk, max_output_tokens="inf"))
    statuses = [each["status"] for each in outcomes]
    first_failure = statuses.index("failed")
    assert first_failure >= 1
    assert set(statuses[first_failure:]) == {"failed"}
    error = outcomes[-1]["status_details"]["error"]
    assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
    assert outcomes[-1]["usage"]["total_tokens"] == 0
    assert talk.send(TEXT)[0]["type"] == "session.updated"


def test_output_tokens_are_set_aside_while_a_response_is_under_way(make_api: Callable[..., Api]) -> None:
    """A second one counts them; when it is done the limits are told with what was really used."""
    talk = Talk(make_api(tier=1))
    beside = {"conversation": "none", "input": [], "output_modalities": ["text"]}
    for _ in range(9):
        assert talk.send({"type": "response.create", "response": beside})[0]["type"] == "response.created"
    # Nine times 4,096 tokens and their input are set aside of 40,000.
    [failed] = talk.send({"type": "response.create", "response": beside})
    error = failed["response"]["status_details"]["error"]
    assert error["code"] == "rate_limit_exceeded"
    assert "on tokens per min (TPM): Limit 40000, Used 3" in error["message"]
    done = talk.pull()
    used = sum(event["response"]["usage"]["total_tokens"] for event in done if event["type"] == "response.done")
    last = [event for event in done if event["type"] == "rate_limits.updated"][-1]["rate_limits"]
    assert [each["name"] for each in last] == ["tokens"]
    assert last[0]["remaining"] == 40_000 - used


def test_before_2025_the_limits_are_told_as_a_response_begins(make_api: Callable[..., Api]) -> None:
    """Requests and tokens, with what is set aside; and not again at its end."""
    talk = Talk(make_api(tier=5, at=LAUNCH), "gpt-4o-realtime-preview")
    talk.send({"type": "session.update", "session": {"modalities": ["text"]}}, user("Hello"))
    created, limits = talk.send(RESPOND)
    assert (created["type"], limits["type"]) == ("response.created", "rate_limits.updated")
    assert [each["name"] for each in limits["rate_limits"]] == ["requests", "tokens"]
    tokens = limits["rate_limits"][1]
    assert tokens["limit"] - tokens["remaining"] > 4_096
    assert talk.pull()[-1]["type"] == "response.done"
