"""Client events of a realtime session (GA), in any order; some of them malformed."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from hypothesis import strategies as st

from understudy_harness.strategies.chat import texts

Event = dict[str, Any]

_messages = texts.map(
    lambda text: {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
)
_samples = st.binary(min_size=2, max_size=4_800).map(lambda data: data[: len(data) // 2 * 2])
_valid: tuple[st.SearchStrategy[Event], ...] = (
    texts.map(lambda words: {"type": "session.update", "session": {"type": "realtime", "instructions": words}}),
    st.sampled_from((["text"], ["audio"])).map(
        lambda kinds: {"type": "session.update", "session": {"type": "realtime", "output_modalities": kinds}}
    ),
    _messages.map(lambda item: {"type": "conversation.item.create", "item": item}),
    st.just({"type": "response.create"}),
    st.just({"type": "response.create", "response": {"output_modalities": ["text"]}}),
    st.just(
        {
            "type": "response.create",
            "response": {
                "conversation": "none",
                "input": [],
                "output_modalities": ["text"],
                "metadata": {"aside": "1"},
            },
        }
    ),
    st.just({"type": "response.cancel"}),
    st.just(
        {
            "type": "conversation.item.create",
            "previous_item_id": "root",
            "item": {"type": "function_call", "call_id": "call_1", "name": "get_time", "arguments": "{}"},
        }
    ),
    st.just({"type": "session.update", "session": {"type": "realtime", "truncation": "disabled"}}),
    _samples.map(lambda data: {"type": "input_audio_buffer.append", "audio": b64encode(data).decode()}),
    st.just({"type": "input_audio_buffer.commit"}),
    st.just({"type": "input_audio_buffer.clear"}),
)
_malformed: tuple[st.SearchStrategy[Event], ...] = (
    st.just({}),
    texts.map(lambda kind: {"type": f"no.{kind}"}),
    st.just({"type": "input_audio_buffer.append", "audio": "no base64!"}),
    st.just({"type": "input_audio_buffer.append"}),
    st.just({"type": "conversation.item.create"}),
    st.just({"type": "conversation.item.create", "item": {"type": "message", "role": "nobody", "content": []}}),
    st.just({"type": "conversation.item.delete", "item_id": "item_none"}),
    st.just({"type": "conversation.item.retrieve", "item_id": "item_none"}),
    st.just({"type": "conversation.item.truncate", "item_id": "item_none", "content_index": 0, "audio_end_ms": 0}),
    st.just(
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": "call_none", "output": "14 degrees"},
        }
    ),
    st.just(
        {
            "type": "conversation.item.create",
            "item": {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_image", "image_url": "data:image/png;base64,aGVsbG8="}],
            },
        }
    ),
    st.just({"type": "session.update", "session": {"type": "realtime", "no_such_field": 1}}),
    st.just({"type": "response.create", "response": {"output_modalities": ["smell"]}}),
)


def realtime_events(*, malformed: bool = True) -> st.SearchStrategy[Event]:
    """Events, some with an `event_id`.

    Args:
        malformed: whether some of them are wrong in themselves (all may be out of place where they come).
    """
    events = st.one_of(*_valid, *(_malformed if malformed else ()))
    ids = st.none() | st.from_regex(r"event_[a-z0-9]{1,8}", fullmatch=True)
    return st.tuples(events, ids).map(lambda pair: pair[0] if pair[1] is None else {**pair[0], "event_id": pair[1]})
