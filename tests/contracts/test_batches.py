"""Batches by the unmodified SDK, over memory and over a real Redis."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import openai
import pytest
from PIL import Image
from tests.sdk.recent import TYPES_ARE_RECENT

from understudy import MockServer
from understudy.core.endpoints import batch_lines

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer

CHAT: Any = "/v1/chat/completions"
MODEL = "gpt-4o-mini"


@pytest.fixture(params=["memory", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    store = "memory"
    if request.param == "redis":
        running: RedisServer = request.getfixturevalue("redis_server")
        store = running.url
    with MockServer(store=store, clock="virtual") as server:
        urllib.request.urlopen(urllib.request.Request(f"{server.control_url}/reset", method="POST"), timeout=20).close()
        yield server


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-credits-100-batches", max_retries=0) as client:
        yield client


def asked(custom_id: str, url: str = CHAT, **body: Any) -> dict[str, Any]:
    """One line."""
    if url == CHAT and "messages" not in body:
        body["messages"] = [{"role": "user", "content": f"Hello {custom_id}"}]
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": {"model": MODEL, **body}}


def begun(client: openai.OpenAI, lines: list[Any], endpoint: Any = CHAT, **others: Any) -> Any:
    """A batch of these lines; text is taken as it is."""
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n"
    file = client.files.create(file=("lines.jsonl", content.encode()), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h", **others)


def state_of(client: openai.OpenAI, batch: Any) -> Any:
    """The batch as it stands now."""
    batch = client.batches.retrieve(batch.id)
    if TYPES_ARE_RECENT:
        type(batch).model_validate(batch.model_dump(), strict=True)
    return batch


def lines_of(client: openai.OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    """What a file of the batch says."""
    assert file_id is not None
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()]


def test_a_batch_goes_through_its_states_on_the_clock(server: MockServer, client: openai.OpenAI) -> None:
    """Answers in the output file, refusals in the error file, each under its custom id, at half the price."""
    lines = [asked("a"), asked("b", temperature=9), asked("c")]
    batch = begun(client, lines, metadata={"for": "test"})
    assert (batch.status, batch.metadata, batch.expires_at) == ("validating", {"for": "test"}, batch.created_at + 86400)
    server.clock.advance(3)
    batch = state_of(client, batch)
    assert (batch.status, batch.in_progress_at, batch.request_counts.total) == ("in_progress", batch.created_at + 3, 3)
    server.clock.advance(100)
    assert state_of(client, batch).request_counts.completed == 1
    server.clock.advance(28)
    assert state_of(client, batch).status == "finalizing"
    server.clock.advance(2)
    batch = state_of(client, batch)
    assert (batch.status, batch.completed_at) == ("completed", batch.created_at + 133)
    assert (batch.request_counts.completed, batch.request_counts.failed) == (2, 1)
    made = lines_of(client, batch.output_file_id)
    assert [line["custom_id"] for line in made] == ["a", "c"]
    assert {line["response"]["status_code"] for line in made} == {200}
    assert made[0]["response"]["body"]["object"] == "chat.completion"
    assert made[0]["id"].startswith("batch_req_")
    assert made[0]["error"] is None
    (refused,) = lines_of(client, batch.error_file_id)
    assert (refused["custom_id"], refused["response"]["status_code"]) == ("b", 400)
    assert refused["response"]["body"]["error"]["param"] == "temperature"
    assert client.files.retrieve(batch.output_file_id or "").purpose == "batch_output"
    usage = [line["response"]["body"]["usage"] for line in made]
    # $0.15 and $0.60 for a million tokens, halved.
    dollars = sum(each["prompt_tokens"] * 0.075 + each["completion_tokens"] * 0.3 for each in usage) / 1e6
    assert 100 - balance(server, client.api_key) == pytest.approx(dollars, rel=1e-6)


def balance(server: MockServer, key: str) -> float:
    """US dollars that are left."""
    with urllib.request.urlopen(f"{server.control_url}/accounts/{key}", timeout=20) as answer:
        return float(json.load(answer)["balance"])


@pytest.mark.parametrize(
    ("url", "body", "kind"),
    [
        ("/v1/responses", {"input": "Hi"}, "response"),
        ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hi"}, "list"),
        ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Hi"}, "text_completion"),
        ("/v1/images/generations", {"model": "gpt-image-1-mini", "prompt": "a cat", "size": "1024x1024"}, None),
    ],
)
def test_other_endpoints_answer_too(
    server: MockServer, client: openai.OpenAI, url: str, body: dict[str, Any], kind: str | None
) -> None:
    """With their own bodies."""
    batch = begun(client, [asked("1", url, **body)], url)
    server.clock.advance(200)
    batch = state_of(client, batch)
    assert batch.error_file_id is None, lines_of(client, batch.error_file_id)
    (line,) = lines_of(client, batch.output_file_id)
    assert line["response"]["body"].get("object") == kind


@pytest.mark.parametrize(
    ("lines", "code", "number"),
    [
        (["no json"], "invalid_json_line", 1),
        ([asked("1"), asked("1")], "duplicate_custom_id", 2),
        ([asked("1"), asked("2", model="gpt-4o")], "model_mismatch", 2),
        ([asked("1", "/v1/embeddings")], "url_mismatch", 1),
        ([{**asked("1"), "method": "GET"}], "invalid_method", 1),
        ([{"custom_id": "1", "method": "POST", "url": CHAT}], "missing_required_parameter", 1),
        ([asked("1", model="nothing-4")], "model_not_found", 1),
        (["", " "], "empty_file", None),
    ],
)
def test_a_bad_input_fails_the_batch(
    server: MockServer, client: openai.OpenAI, lines: list[Any], code: str, number: int | None
) -> None:
    """Not the call that creates it; every fault is named with its line."""
    batch = begun(client, lines)
    assert batch.errors is None
    server.clock.advance(3)
    batch = state_of(client, batch)
    assert (batch.status, batch.failed_at) == ("failed", batch.created_at + 3)
    (fault,) = batch.errors.data
    assert (fault.code, fault.line) == (code, number)


def test_a_cancelled_batch_keeps_what_was_run(server: MockServer, client: openai.OpenAI) -> None:
    """The rest is not run; what is over cannot be cancelled."""
    batch = begun(client, [asked(str(number)) for number in range(8)])
    server.clock.advance(3 + 64)
    cancelled: Any = client.batches.cancel(batch.id)
    assert (cancelled.status, cancelled.request_counts.completed) == ("cancelling", 4)
    server.clock.advance(2)
    batch = state_of(client, batch)
    assert (batch.status, batch.cancelled_at) == ("cancelled", batch.created_at + 69)
    assert len(lines_of(client, batch.output_file_id)) == 4
    with pytest.raises(openai.ConflictError, match="Cannot cancel a batch with status 'cancelled'"):
        client.batches.cancel(batch.id)


def test_a_batch_expires_when_its_lines_take_longer_than_its_window(server: MockServer, client: openai.OpenAI) -> None:
    """What was not run is told in the error file."""
    lines = [asked(str(number)) for number in range(4)]
    batch = begun(client, lines, metadata={"understudy_batch_seconds": str(2 * 86_400)})
    server.clock.advance(86_400)
    batch = state_of(client, batch)
    assert (batch.status, batch.expired_at) == ("expired", batch.expires_at)
    assert len(lines_of(client, batch.output_file_id)) == 1
    rest = lines_of(client, batch.error_file_id)
    assert [line["error"]["code"] for line in rest] == ["batch_expired"] * 3
    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 3)


def test_many_lines_are_run_in_steps(server: MockServer, client: openai.OpenAI) -> None:
    """A look runs a hundred at most; after some looks all are done, each once."""
    batch = begun(client, [asked(str(number)) for number in range(250)])
    server.clock.advance(1000)
    seen = []
    for _ in range(6):
        batch = state_of(client, batch)
        seen.append((batch.status, batch.request_counts.completed))
        server.clock.advance(2)
    assert seen[:3] == [("in_progress", 100), ("in_progress", 200), ("completed", 250)]
    assert seen[-1] == ("completed", 250)
    ids = [line["custom_id"] for line in lines_of(client, batch.output_file_id)]
    assert ids == [str(number) for number in range(250)]


def test_an_account_without_credit_has_failed_lines(server: MockServer) -> None:
    """The batch itself completes."""
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier1-credits-0-batch", max_retries=0) as client:
        batch = begun(client, [asked("1")])
        server.clock.advance(200)
        batch = state_of(client, batch)
        assert batch.output_file_id is None
        (line,) = lines_of(client, batch.error_file_id)
        assert line["response"]["body"]["error"]["code"] == "insufficient_quota"


def test_paging_over_250_objects(server: MockServer, client: openai.OpenAI) -> None:
    """By the SDK's own paging, the newest first; others see none of them, and a reset forgets them."""
    file = client.files.create(file=("lines.jsonl", json.dumps(asked("1")).encode()), purpose="batch")
    made = [client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h").id for _ in range(250)]
    assert [each.id for each in client.batches.list(limit=100)] == made[::-1]
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-other", max_retries=0) as other:
        assert list(other.batches.list()) == []
        with pytest.raises(openai.NotFoundError, match=f"No batch found with id '{made[0]}'"):
            other.batches.retrieve(made[0])
    urllib.request.urlopen(urllib.request.Request(f"{server.control_url}/reset", method="POST"), timeout=20).close()
    with pytest.raises(openai.NotFoundError, match=made[0]):
        client.batches.retrieve(made[0])


def test_what_cannot_be_a_batch_is_refused(client: openai.OpenAI) -> None:
    """With the call that creates it."""
    other = client.files.create(file=("a.txt", b"a"), purpose="user_data")
    arguments: dict[str, Any] = {"input_file_id": other.id, "endpoint": CHAT, "completion_window": "24h"}
    with pytest.raises(openai.BadRequestError, match="purpose is 'user_data'"):
        client.batches.create(**arguments)
    with pytest.raises(openai.BadRequestError, match="Supported values are: '/v1/responses'"):
        client.batches.create(**{**arguments, "endpoint": "/v1/files"})
    with pytest.raises(openai.BadRequestError, match="Supported values are: '24h'"):
        client.batches.create(**{**arguments, "completion_window": "1h"})
    with pytest.raises(openai.NotFoundError, match="No such File object: file-none"):
        client.batches.create(**{**arguments, "input_file_id": "file-none"})


def test_lines_of_moderations_and_of_edits_are_run(server: MockServer, client: openai.OpenAI) -> None:
    """An edit's picture is named by the id of a file."""
    batch = begun(
        client, [asked("1", "/v1/moderations", model="omni-moderation-latest", input="hi")], "/v1/moderations"
    )
    held = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(held, "PNG")
    picture = client.files.create(file=("red.png", held.getvalue()), purpose="vision")
    edit = {"model": "gpt-image-1-mini", "prompt": "a cat", "images": [{"file_id": picture.id}], "quality": "low"}
    other = begun(client, [asked("1", "/v1/images/edits", **edit)], "/v1/images/edits")
    server.clock.advance(200)
    (line,) = lines_of(client, state_of(client, batch).output_file_id)
    assert line["response"]["body"]["results"][0]["flagged"] is False
    other = state_of(client, other)
    assert other.error_file_id is None, lines_of(client, other.error_file_id)
    (line,) = lines_of(client, other.output_file_id)
    assert line["response"]["body"]["data"][0]["b64_json"]


def test_simultaneous_looks_run_each_line_once(server: MockServer, client: openai.OpenAI) -> None:
    """Of readers at the same time one goes on with it: nothing is charged twice."""
    batch = begun(client, [asked(str(number)) for number in range(40)])
    server.clock.advance(1000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.batches.retrieve(batch.id), range(24)))
    server.clock.advance(2)
    batch = state_of(client, batch)
    made = lines_of(client, batch.output_file_id)
    assert sorted(int(line["custom_id"]) for line in made) == list(range(40))
    usage = [line["response"]["body"]["usage"] for line in made]
    dollars = sum(each["prompt_tokens"] * 0.075 + each["completion_tokens"] * 0.3 for each in usage) / 1e6
    assert 100 - balance(server, client.api_key) == pytest.approx(dollars, rel=1e-6)


def test_a_batch_whose_process_died_goes_on_after_ten_minutes(
    server: MockServer, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn that was never given back is taken anew."""
    batch = begun(client, [asked("1")])
    server.clock.advance(3)
    state_of(client, batch)
    with monkeypatch.context() as patched:
        # Whoever looks now takes the turn and puts it back where nobody finds it.
        patched.setattr(batch_lines, "_TURN", "batch.turn")
        patched.setattr(batch_lines.BatchRunner, "_advance", lambda *_: patched.setattr(batch_lines, "_TURN", "x"))
        with pytest.raises(openai.InternalServerError):
            client.batches.retrieve(batch.id)
    server.clock.advance(599)
    assert state_of(client, batch).status == "in_progress"
    server.clock.advance(1)
    assert state_of(client, batch).request_counts.completed == 1


def test_answers_beyond_the_largest_file_are_refused_by_line(
    server: MockServer, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line is told, in one file or in the other."""
    monkeypatch.setattr(batch_lines, "LARGEST", 2500)
    batch = begun(client, [asked(str(number), max_completion_tokens=30) for number in range(6)])
    server.clock.advance(1000)
    state_of(client, batch)
    server.clock.advance(2)
    batch = state_of(client, batch)
    made, refused = lines_of(client, batch.output_file_id), lines_of(client, batch.error_file_id)
    assert 0 < len(made) < 6
    assert [line["custom_id"] for line in made + refused] == [str(number) for number in range(6)]
    assert {line["response"]["body"]["error"]["code"] for line in refused} == {"output_file_full"}


def test_answers_that_were_forgotten_fail_the_batch(
    server: MockServer, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file says less than was run."""
    batch = begun(client, [asked(str(number)) for number in range(2)])
    server.clock.advance(3 + 64)
    state_of(client, batch)
    monkeypatch.setattr(batch_lines, "_PIECE", "batch.other")
    server.clock.advance(100)
    state_of(client, batch)
    server.clock.advance(2)
    batch = state_of(client, batch)
    assert batch.status == "failed"
    assert [fault.code for fault in batch.errors.data] == ["output_lost"]
