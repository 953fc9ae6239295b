"""Vector stores by the unmodified SDK, over memory and over a real Redis."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sdk.recent import TYPES_ARE_RECENT

from understudy import MockServer
from understudy.core.vector_stores import passes

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer

KITE = "The kite is red and belongs to Anna. The ball is blue.\nThe invoice of March has the number 4711."
RETURNS = "# Returns\nYou may return goods within 30 days. Shipping is free."


@pytest.fixture(params=["memory", "redis"])
def server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    store = "memory"
    if request.param == "redis":
        running: RedisServer = request.getfixturevalue("redis_server")
        store = running.url
    with MockServer(store=store, clock="virtual") as server:
        reset(server)
        yield server


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-credits-100-stores", max_retries=0) as client:
        yield client


def reset(server: MockServer) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{server.control_url}/reset", method="POST"), timeout=20).close()


def strictly(value: Any) -> Any:
    """The same, of which the SDK's types know every field and value."""
    if TYPES_ARE_RECENT:
        type(value).model_validate(json.loads(value.to_json()), strict=True)
        assert not value.model_extra or set(value.model_extra) <= {"description"}
    return value


def uploaded(client: openai.OpenAI, text: str, name: str = "notes.txt") -> str:
    return client.files.create(file=(name, text.encode()), purpose="assistants").id


def filled(server: MockServer, client: openai.OpenAI, *texts: str, **settings: Any) -> Any:
    """A store with these texts, all of them read."""
    ids = [uploaded(client, text, f"{number}.txt") for number, text in enumerate(texts)]
    store = client.vector_stores.create(name="kb", file_ids=ids, **settings)
    server.clock.advance(1)
    return store


def test_a_store_is_created_read_changed_and_deleted(server: MockServer, client: openai.OpenAI) -> None:
    """Its files are counted while they are read, and stay when it goes."""
    id = uploaded(client, KITE)
    store = strictly(client.vector_stores.create(name="kb", file_ids=[id], metadata={"team": "a"}))
    assert (store.status, store.file_counts.in_progress, store.usage_bytes) == ("in_progress", 1, 0)
    server.clock.advance(1)
    store = strictly(client.vector_stores.retrieve(store.id))
    assert (store.status, store.file_counts.completed, store.metadata) == ("completed", 1, {"team": "a"})
    assert store.usage_bytes > len(KITE)
    server.clock.advance(60)
    changed = strictly(client.vector_stores.update(store.id, name="other", metadata={"team": "b"}))
    assert (changed.name, changed.metadata, changed.last_active_at) == ("other", {"team": "b"}, store.created_at + 61)
    deleted = strictly(client.vector_stores.delete(store.id))
    assert (deleted.id, deleted.deleted) == (store.id, True)
    with pytest.raises(openai.NotFoundError, match=store.id):
        client.vector_stores.retrieve(store.id)
    assert client.files.retrieve(id).id == id


def test_files_are_put_in_listed_changed_and_taken_out(server: MockServer, client: openai.OpenAI) -> None:
    """Each with its chunking and its attributes."""
    store = client.vector_stores.create(name="kb")
    first, second = uploaded(client, KITE), uploaded(client, "word " * 3000)
    files = client.vector_stores.files
    put = strictly(files.create(store.id, file_id=first, attributes={"topic": "toys", "year": 2025, "old": False}))
    assert (put.status, put.attributes) == ("in_progress", {"topic": "toys", "year": 2025, "old": False})
    static: Any = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}}
    files.create(store.id, file_id=second, chunking_strategy=static)
    server.clock.advance(1)
    put = strictly(files.retrieve(second, vector_store_id=store.id))
    assert put.status == "completed"
    assert put.chunking_strategy.static.max_chunk_size_tokens == 200
    assert [file.id for file in files.list(store.id)] == [second, first]
    assert [file.id for file in files.list(store.id, filter="failed")] == []
    assert [file.id for file in files.list(store.id, order="asc", limit=1)] == [first, second]
    assert [file.id for file in files.list(store.id, before=first).data] == [second]
    assert "".join(part.text or "" for part in files.content(first, vector_store_id=store.id)) == KITE
    # 3,000 words are some 3,001 tokens: (3001 - 50) / 150 chunks.
    assert len(list(files.content(second, vector_store_id=store.id))) == 20
    changed = strictly(files.update(first, vector_store_id=store.id, attributes={"topic": "kites"}))
    assert changed.attributes == {"topic": "kites"}
    strictly(files.delete(first, vector_store_id=store.id))
    with pytest.raises(openai.NotFoundError, match=f"No file found with id '{first}' in vector store '{store.id}'"):
        files.retrieve(first, vector_store_id=store.id)
    assert client.files.retrieve(first).id == first
    client.files.delete(second)
    assert list(files.list(store.id)) == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"%PDF-1.7", "unsupported_file"),
        ("a.csv", b"a,b", "unsupported_file"),
        ("a.txt", b"\xff\x00\xff", "invalid_file"),
        ("b.txt", b"   ", "invalid_file"),
    ],
)
def test_what_cannot_be_read_fails(
    server: MockServer, client: openai.OpenAI, name: str, content: bytes, code: str
) -> None:
    """The file, not the store; the reason is named."""
    file = client.files.create(file=(name, content), purpose="assistants")
    store = client.vector_stores.create(file_ids=[file.id])
    server.clock.advance(1)
    put = strictly(client.vector_stores.files.retrieve(file.id, vector_store_id=store.id))
    assert (put.status, put.last_error.code) == ("failed", code)
    found = client.vector_stores.retrieve(store.id)
    assert (found.status, found.file_counts.failed) == ("completed", 1)


def test_batches_put_many_files_in(server: MockServer, client: openai.OpenAI) -> None:
    """All alike, or each with attributes of its own; cancelled in time, they are not read."""
    store = client.vector_stores.create(name="kb")
    batches = client.vector_stores.file_batches
    ids = [uploaded(client, f"Number {number}") for number in range(3)]
    batch = strictly(batches.create(store.id, file_ids=ids, attributes={"lot": 1}))
    assert (batch.status, batch.file_counts.in_progress) == ("in_progress", 3)
    server.clock.advance(1)
    batch = strictly(batches.retrieve(batch.id, vector_store_id=store.id))
    assert (batch.status, batch.file_counts.completed, batch.file_counts.total) == ("completed", 3, 3)
    listed = batches.list_files(batch.id, vector_store_id=store.id, order="asc")
    assert [(file.id, file.attributes) for file in listed] == [(id, {"lot": 1}) for id in ids]
    more = [uploaded(client, f"More {number}") for number in range(2)]
    files: Any = [{"file_id": id, "attributes": {"place": place}} for place, id in enumerate(more)]
    batch = batches.create(store.id, files=files) if TYPES_ARE_RECENT else batches.create(store.id, file_ids=more)
    cancelled = strictly(batches.cancel(batch.id, vector_store_id=store.id))
    assert (cancelled.status, cancelled.file_counts.cancelled) == ("cancelled", 2)
    server.clock.advance(1)
    assert client.vector_stores.retrieve(store.id).file_counts.cancelled == 2
    assert client.vector_stores.search(store.id, query="More 1").data[0].content[0].text.startswith("Number")
    with pytest.raises(openai.BadRequestError, match="Exactly one of 'file_ids' and 'files'"):
        client.post(f"/vector_stores/{store.id}/file_batches", body={}, cast_to=object)


TOWNS = """
Lisbon Porto Madrid Seville Paris Lyon Berlin Munich Hamburg Vienna Prague Warsaw Krakow Rome Milan Naples Athens
Sofia Bucharest Budapest Zagreb Belgrade Oslo Bergen Stockholm Gothenburg Helsinki Tampere Copenhagen Aarhus
Dublin Cork London Leeds Glasgow Cardiff Amsterdam Utrecht Brussels Ghent Zurich Geneva Riga Tallinn Vilnius
Kyiv Odesa Minsk Ankara Izmir
""".split()  # noqa: SIM905 - fifty names are read more easily so


def test_a_search_finds_the_one_passage_among_fifty(server: MockServer, client: openai.OpenAI) -> None:
    """By the words of a question, in whatever form they stand, best first, with scores from 0 to 1."""
    texts = [
        f"The office in {town} opens at {8 + at % 3}. Parking costs {at} crowns a day." for at, town in enumerate(TOWNS)
    ]
    store = filled(server, client, *texts)
    for at in (0, 17, 49):
        page = client.vector_stores.search(store.id, query=f"When do the offices of {TOWNS[at]} open?")
        assert page.data[0].content[0].text == texts[at]
        scores = [hit.score for hit in page.data]
        assert scores == sorted(scores, reverse=True)
        assert len(page.data) == 10
        assert all(0 <= score <= 1 for score in scores)
        strictly(page.data[0])
    one = client.vector_stores.search(store.id, query="Geneva", max_num_results=1)
    assert [hit.content[0].text for hit in one.data] == [texts[TOWNS.index("Geneva")]]
    sure = client.vector_stores.search(store.id, query="office in Geneva", ranking_options={"score_threshold": 0.6})
    assert [hit.filename for hit in sure.data] == [f"{TOWNS.index('Geneva')}.txt"]
    two = client.vector_stores.search(store.id, query=["Oslo", "Cork"], max_num_results=2)
    assert {hit.content[0].text for hit in two.data} == {texts[TOWNS.index("Oslo")], texts[TOWNS.index("Cork")]}
    short = client.vector_stores.search(store.id, query="When does the office in Riga open?", rewrite_query=True)
    assert json.loads(short.to_json())["search_query"] == ["office riga open"]


def test_a_passage_deep_in_a_long_file_is_found(server: MockServer, client: openai.OpenAI) -> None:
    """The chunk that has it comes back, not the file."""
    lines = [f"Line {number} says nothing of interest at all." for number in range(800)]
    lines[500] = "The password of the safe is tangerine."
    store = filled(server, client, "\n".join(lines))
    hit = client.vector_stores.search(store.id, query="password of the safe").data[0]
    assert "tangerine" in hit.content[0].text
    assert len(hit.content[0].text) < len("\n".join(lines)) / 5


SCALARS = st.one_of(st.sampled_from(["a", "b", ""]), st.integers(-2, 2), st.sampled_from([0.5, 1.0]), st.booleans())
COMPARED = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["eq", "ne"]), "key": st.sampled_from("xyz"), "value": SCALARS}),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["gt", "gte", "lt", "lte"]),
            "key": st.sampled_from("xyz"),
            "value": SCALARS.filter(lambda value: type(value) is not bool),
        }
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["in", "nin"]), "key": st.sampled_from("xyz"), "value": st.lists(SCALARS, max_size=3)}
    ),
)
FILTERS = st.recursive(
    COMPARED,
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["and", "or"]), "filters": st.lists(inner, min_size=1, max_size=3)}
    ),
    max_leaves=6,
)


def oracle(attributes: dict[str, Any], asked: dict[str, Any]) -> bool:
    """What a filter means, spelled as plainly as possible."""
    kind = asked["type"]
    if kind in ("and", "or"):
        return (all if kind == "and" else any)([oracle(attributes, each) for each in asked["filters"]])

    def sort(value: Any) -> str:
        return "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"

    if asked["key"] not in attributes:
        return kind in ("ne", "nin")
    mine, value = attributes[asked["key"]], asked["value"]
    if kind in ("in", "nin"):
        return any(sort(each) == sort(mine) and each == mine for each in value) == (kind == "in")
    if sort(mine) != sort(value):
        return kind == "ne"
    return {
        "eq": mine == value, "ne": mine != value, "gt": mine > value, "gte": mine >= value,
        "lt": mine < value, "lte": mine <= value,
    }[kind]  # fmt: skip


@given(attributes=st.dictionaries(st.sampled_from("xyz"), SCALARS), asked=FILTERS)
def test_a_filter_passes_what_it_says(attributes: dict[str, Any], asked: dict[str, Any]) -> None:
    """Every comparison, any nesting."""
    assert passes(attributes, asked) is oracle(attributes, asked)


def test_a_search_is_narrowed_by_attributes(server: MockServer, client: openai.OpenAI) -> None:
    """As their filters say; wrong filters are refused by their place."""
    store = client.vector_stores.create()
    for year in (2023, 2024, 2025):
        id = uploaded(client, f"The report of {year}.")
        client.vector_stores.files.create(store.id, file_id=id, attributes={"year": year, "kind": "report"})
    server.clock.advance(1)
    wanted: Any = {
        "type": "and",
        "filters": [{"type": "gte", "key": "year", "value": 2024}, {"type": "eq", "key": "kind", "value": "report"}],
    }
    page = client.vector_stores.search(store.id, query="report", filters=wanted)
    assert sorted((hit.attributes or {})["year"] for hit in page.data) == [2024, 2025]
    wrong: Any = {"type": "and", "filters": [{"type": "like", "key": "year", "value": 1}]}
    with pytest.raises(openai.BadRequestError, match="Supported values are: 'eq'") as refused:
        client.vector_stores.search(store.id, query="report", filters=wrong)
    assert refused.value.param == "filters.filters[0].type"


def test_a_store_that_nobody_uses_expires(server: MockServer, client: openai.OpenAI) -> None:
    """Days after it was last active; each use puts that off."""
    store = filled(server, client, KITE, expires_after={"anchor": "last_active_at", "days": 2})
    server.clock.advance(86_400 * 1.5)
    client.vector_stores.search(store.id, query="kite")
    server.clock.advance(86_400 * 1.9)
    assert client.vector_stores.retrieve(store.id).status == "completed"
    server.clock.advance(86_400)
    expired = strictly(client.vector_stores.retrieve(store.id))
    assert (expired.status, expired.usage_bytes, expired.file_counts.total) == ("expired", 0, 0)
    with pytest.raises(openai.BadRequestError, match="has expired"):
        client.vector_stores.search(store.id, query="kite")


def test_paging_over_250_stores(server: MockServer, client: openai.OpenAI) -> None:
    """By the SDK's own paging, forwards and backwards; others see none of them, and a reset forgets them."""
    made = [client.vector_stores.create(name=str(number)).id for number in range(250)]
    assert [store.id for store in client.vector_stores.list(limit=100)] == made[::-1]
    assert [store.id for store in client.vector_stores.list(limit=100, order="asc")] == made
    page = client.vector_stores.list(limit=3, before=made[100])
    assert [store.id for store in page.data] == [made[103], made[102], made[101]]
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-another", max_retries=0) as other:
        assert list(other.vector_stores.list()) == []
        with pytest.raises(openai.NotFoundError):
            other.vector_stores.retrieve(made[0])
    reset(server)
    assert list(client.vector_stores.list()) == []


def test_bad_requests_change_nothing(server: MockServer, client: openai.OpenAI) -> None:
    """Each is refused by the name of what is wrong."""
    with pytest.raises(openai.NotFoundError, match="file-none"):
        client.vector_stores.create(name="kb", file_ids=["file-none"])
    assert list(client.vector_stores.list()) == []
    store = client.vector_stores.create()
    id = uploaded(client, KITE)
    static: Any = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 51}}
    with pytest.raises(openai.BadRequestError, match="chunk_overlap_tokens"):
        client.vector_stores.files.create(store.id, file_id=id, chunking_strategy=static)
    with pytest.raises(openai.BadRequestError, match="attributes"):
        client.vector_stores.files.create(store.id, file_id=id, attributes={str(number): 1 for number in range(17)})
    with pytest.raises(openai.BadRequestError, match="max_num_results"):
        client.vector_stores.search(store.id, query="x", max_num_results=51)
    assert list(client.vector_stores.files.list(store.id)) == []


TOOL: Any = {"type": "file_search"}


def test_a_response_quotes_the_files_it_searched(server: MockServer, client: openai.OpenAI) -> None:
    """The call and its results, the words of the passage, the citation, the price of a search."""
    store = filled(server, client, KITE, RETURNS)
    tool = {**TOOL, "vector_store_ids": [store.id]}
    asked: dict[str, Any] = {"model": "gpt-4o-mini", "input": "What colour is the kite of Anna?", "tools": [tool]}
    response = client.responses.create(**asked, include=["file_search_call.results"])
    call, message = response.output
    assert (call.type, call.status, call.queries) == ("file_search_call", "completed", [asked["input"]])
    assert [result.filename for result in call.results or ()] == ["0.txt", "1.txt"]
    assert response.output_text == "The kite is red and belongs to Anna."
    (citation,) = message.content[0].annotations
    assert (citation.type, citation.filename, citation.index) == ("file_citation", "0.txt", len(response.output_text))
    assert response.usage is not None
    tokens = response.usage.input_tokens * 0.15 + response.usage.output_tokens * 0.6
    assert 100 - balance(server, client.api_key) == pytest.approx(0.0025 + tokens / 1e6, rel=1e-9)
    plain = client.responses.create(**asked)
    assert plain.output[0].results is None
    narrowed = {**tool, "filters": {"type": "eq", "key": "topic", "value": "none"}}
    nothing = client.responses.create(**{**asked, "tools": [narrowed]}, include=["file_search_call.results"])
    assert nothing.output[0].results == []
    assert nothing.output[1].content[0].annotations == []
    assert nothing.output_text


def balance(server: MockServer, key: str) -> float:
    """US dollars that are left, once a shared store has taken the charge in, which nobody waits for."""
    for _ in range(200):
        left = _balance(server, key)
        if left < 100:
            break
    return left


def _balance(server: MockServer, key: str) -> float:
    with urllib.request.urlopen(f"{server.control_url}/accounts/{key}", timeout=20) as answer:
        return float(json.load(answer)["balance"])


def test_a_stream_tells_the_search_and_the_citation(server: MockServer, client: openai.OpenAI) -> None:
    """In the documented order; the citation comes when its words have come."""
    store = filled(server, client, KITE, RETURNS)
    tool = {**TOOL, "vector_store_ids": [store.id]}
    stream = client.responses.create(
        model="gpt-4o-mini", input="Within how many days may I return goods?", tools=[tool], stream=True
    )
    events = list(stream)
    kinds = [event.type for event in events]
    steps = [kind for kind in kinds if "file_search_call" in kind]
    assert steps == [f"response.file_search_call.{step}" for step in ("in_progress", "searching", "completed")]
    assert "response.output_text.annotation.added" in kinds
    assert kinds.index("response.file_search_call.completed") < kinds.index("response.output_text.delta")
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == "You may return goods within 30 days."


def test_a_store_that_is_not_there_is_refused_by_its_id(client: openai.OpenAI) -> None:
    """In the reported words."""
    with pytest.raises(openai.NotFoundError, match=r"Vector store with id \['vs_none'\] not found"):
        client.responses.create(model="gpt-4o-mini", input="Hi", tools=[{**TOOL, "vector_store_ids": ["vs_none"]}])
