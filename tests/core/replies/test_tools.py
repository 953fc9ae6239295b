"""Which tools are called, with what, and when the model talks instead."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from understudy.core.errors import BadRequest
from understudy.core.replies.tools import Conversation, ToolCall, UnsatisfiableTool, decide

TEXT = {"type": "string"}


def function(name: str, description: str, *required: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": [*required]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


WEATHER = function(
    "get_current_weather",
    "Get the current weather in a given location",
    "location",
    location={"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
TIME = function("get_time", "Get the current time in a city", "city", city=TEXT)
SEARCH = function("search_web", "Search the web", "query", query=TEXT, num_results={"type": "integer"})
EMAIL = function("send_email", "Send an email", "to", "subject", "body", to=TEXT, subject=TEXT, body=TEXT)
CALCULATOR = function("calculator", "Evaluate a mathematical expression", "expression", expression=TEXT)
DICE = function("dice_roll", "Rolls a single six-sided die and returns the result")
SHELL = function("shell", "Run a shell command", "cmd", cmd=TEXT)
COORDINATES = function(
    "weather",
    "Gets current weather for a location",
    "latitude",
    "longitude",
    latitude={"type": "string", "description": "Latitude (e.g., 52.5200)"},
    longitude={"type": "string", "description": "Longitude (e.g., 13.4050)"},
)
FINAL = function("final_result", "The final response which ends this conversation", "city", city=TEXT)
DELIVERY = function(
    "get_delivery_date",
    "Get the delivery date for a customer's order.",
    "order_id",
    order_id={"type": "string", "description": "The customer's order ID."},
)
HOROSCOPE = function("get_horoscope", "Get today's horoscope for an astrological sign.", "sign", sign=TEXT)
TRANSLATE = function("translate", "Translate text", "text", "target_language", text=TEXT, target_language=TEXT)
REMINDER = function(
    "set_reminder", "Set a reminder", "text", "date", text=TEXT, date={"type": "string", "format": "date"}
)
STOCK = function("get_stock_price", "Get the current stock price", "symbol", symbol=TEXT)
WHOLE = {"type": "integer"}
MULTIPLY = function("multiply", "Multiply two integers together.", "a", "b", a=WHOLE, b=WHOLE)
ADD = function("add", "Add two integers.", "a", "b", a=WHOLE, b=WHOLE)
BILLING = function("transfer_to_billing_agent", "Handoff to the Billing agent to handle the request.")
ALL = [WEATHER, TIME, SEARCH, EMAIL, CALCULATOR, DICE, SHELL]


def calls(
    tools: list[dict[str, Any]],
    message: str,
    choice: object = "auto",
    parallel: bool | None = None,
    **facts: Any,
) -> list[tuple[str, Any]]:
    """Return the names and decoded arguments of what is called."""
    found = decide(tools, choice, parallel, Conversation(message, **facts), b"seed")
    return [(call.name, json.loads(call.arguments) if call.kind == "function" else call.input) for call in found]


# -- auto ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # recorded 2025-08, but for the state that the real model added
        ("What is the weather like in San Francisco?", [("get_current_weather", {"location": "San Francisco"})]),
        ("Is it raining in London?", [("get_current_weather", {"location": "London"})]),
        ("weather in Paris, in celsius", [("get_current_weather", {"location": "Paris", "unit": "celsius"})]),
        ("東京の天気を教えて", [("get_current_weather", {"location": "東京"})]),
        ("What time is it in Tokyo?", [("get_time", {"city": "Tokyo"})]),
        ("Search the web for the latest Ruby version", [("search_web", {"query": "the latest Ruby version"})]),
        ("top 5 results: search for cats", [("search_web", {"query": "cats", "num_results": 5})]),
        ("What is 12*7?", [("calculator", {"expression": "12*7"})]),
        ("Run `ls -la` please", [("shell", {"cmd": "ls -la"})]),
        ("Use get_time for Rome.", [("get_time", {"city": "Rome"})]),
    ],
)
def test_a_message_that_plainly_asks_for_a_tool_calls_it(message: str, expected: list[tuple[str, Any]]) -> None:
    """Of seven tools the one that is asked for, with the message's own words."""
    assert calls(ALL, message) == expected


@pytest.mark.parametrize(
    ("tools", "message", "expected"),
    [
        ([DELIVERY], "Can you tell me the delivery date for my order? The order id is #12345.", {"order_id": "12345"}),
        ([DELIVERY], "When is the delivery of order_987?", {"order_id": "order_987"}),
        ([HOROSCOPE], "What is my horoscope? I am an Aquarius.", {"sign": "Aquarius"}),
        ([TRANSLATE], "Translate hello world to Japanese", {"text": "hello world", "target_language": "Japanese"}),
        ([REMINDER], "Set a reminder to call mom on 2026-04-01", {
            "text": "call mom on 2026-04-01", "date": "2026-04-01"}),
        ([STOCK], "price of Apple stock", {"symbol": "Apple"}),
        ([ADD, MULTIPLY], "multiply 6 by 7", {"a": 6, "b": 7}),
        ([EMAIL], 'Send an email to bob@example.com saying "See you at 5"', {
            "to": "bob@example.com", "subject": "See you at 5", "body": "See you at 5"}),
        ([WEATHER, BILLING], "I have a billing question", {}),
    ],
)  # fmt: skip
def test_the_tools_of_common_tutorials_are_called_as_they_show(
    tools: list[dict[str, Any]], message: str, expected: dict[str, Any]
) -> None:
    """Examples of the function calling guide and of agent frameworks."""
    [(_, arguments)] = calls(tools, message)
    assert arguments == expected


@pytest.mark.parametrize(
    "message", ["Hello!", "tell me a joke", "Who are you?", "Thanks, that is all.", "", "こんにちは"]
)
def test_other_messages_are_answered_with_text(message: str) -> None:
    """Small talk calls nothing, and neither does silence."""
    assert calls(ALL, message) == []


def test_the_result_of_a_tool_is_used_and_not_asked_for_again() -> None:
    """After the answer of a tool the model talks."""
    assert calls(ALL, "What is the weather in Rome?", answered=True) == []


def test_no_tools_call_nothing() -> None:
    """Whatever is chosen."""
    for choice in (None, "auto", "none", "required"):
        assert calls([], "What is the weather in Rome?", choice) == []


# -- parallel ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("weather in Paris and Tokyo", ["Paris", "Tokyo"]),
        ("What is the weather in Paris and in Tokyo?", ["Paris", "Tokyo"]),
        ("weather in Paris, in Rome and in Tokyo", ["Paris", "Rome", "Tokyo"]),
        ("What's the weather like in San Francisco, Tokyo, and Paris?", ["San Francisco", "Tokyo", "Paris"]),
        ("東京と大阪の天気は?", ["東京", "大阪"]),
        ("Weather in Austin, TX and Paris, France", ["Austin, TX", "Paris, France"]),
    ],
)
def test_a_list_of_places_is_a_list_of_calls(message: str, expected: list[str]) -> None:
    """One call for each place, in the order of the message."""
    assert calls(ALL, message) == [("get_current_weather", {"location": place}) for place in expected]
    assert calls(ALL, message, parallel=False) == [("get_current_weather", {"location": expected[0]})]


def test_clauses_that_ask_for_different_tools_call_both() -> None:
    """Two questions in one sentence are two calls."""
    message = "What's the weather in Paris and what time is it in Tokyo?"
    expected = [("get_current_weather", {"location": "Paris"}), ("get_time", {"city": "Tokyo"})]
    assert calls(ALL, message) == expected
    assert calls(ALL, message, parallel=False) == expected[:1]


def test_two_sums_are_two_calls_of_two_tools() -> None:
    """The signs between the numbers say which."""
    expected = [("multiply", {"a": 3, "b": 12}), ("add", {"a": 11, "b": 49})]
    assert calls([ADD, MULTIPLY], "What is 3 * 12? Also, what is 11 + 49?") == expected


def test_a_tool_without_parameters_is_called_as_often_as_is_asked() -> None:
    """The dice of a recorded request (2026)."""
    assert calls(ALL, "Roll the dice 3 times") == [("dice_roll", {})] * 3


def test_places_become_coordinates() -> None:
    """Numbers of the message word for word (recorded 2026), else where the cities are."""
    assert calls([COORDINATES], "What's the weather in Berlin? (52.5200, 13.4050)") == [
        ("weather", {"latitude": "52.5200", "longitude": "13.4050"})
    ]
    assert calls([COORDINATES], "weather in Paris and Rome") == [
        ("weather", {"latitude": "48.8575", "longitude": "2.3514"}),
        ("weather", {"latitude": "41.9028", "longitude": "12.4964"}),
    ]


def test_a_parameter_that_takes_a_list_takes_it_in_one_call() -> None:
    """No parallel calls where one will do."""
    tool = function("get_weather", "Weather of cities", "cities", cities={"type": "array", "items": TEXT})
    assert calls([tool], "weather in Paris and Tokyo") == [("get_weather", {"cities": ["Paris", "Tokyo"]})]


def test_an_origin_and_a_destination_are_one_journey() -> None:
    """Two places that go to two parameters are no list."""
    tool = function("book_flight", "Book a flight", "origin", "destination", origin=TEXT, destination=TEXT)
    short = function("book_flight", "Book a flight", "from", "to", **{"from": TEXT, "to": TEXT})
    assert calls([short], "Book a flight to Cairo from Oslo") == [("book_flight", {"from": "Oslo", "to": "Cairo"})]
    expected = [("book_flight", {"origin": "Oslo", "destination": "Cairo"})]
    assert calls([tool], "Book a flight from Oslo to Cairo") == expected
    assert calls([tool], "Book a flight to Cairo from Oslo") == expected


# -- tool_choice ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "function", "function": {"name": "get_time"}},
        {"type": "function", "name": "get_time"},
        {"name": "get_time"},
    ],
)
def test_a_named_tool_is_called_whatever_the_message_says(choice: dict[str, Any]) -> None:
    """In the forms of chat completions, of responses and of the old functions."""
    assert [name for name, _ in calls(ALL, "Hello!", choice)] == ["get_time"]
    assert [name for name, _ in calls(ALL, "What is 2+2 in Paris and Rome?", choice, answered=True)] == ["get_time"]


def test_a_tool_that_is_not_there_cannot_be_chosen() -> None:
    """The refusal names it."""
    with pytest.raises(BadRequest) as caught:
        calls(ALL, "Hello!", {"type": "function", "function": {"name": "nothing"}})
    assert caught.value.message == "Tool choice 'nothing' not found in 'tools' parameter."
    assert caught.value.param == "tool_choice"


def test_none_calls_nothing() -> None:
    """However plainly the message asks."""
    assert calls(ALL, "What is the weather in Rome?", "none") == []


def test_required_calls_what_fits_best_or_the_first() -> None:
    """There is always a call."""
    assert calls(ALL, "What time is it in Rome?", "required") == [("get_time", {"city": "Rome"})]
    assert [name for name, _ in calls(ALL, "Hello!", "required")] == ["get_current_weather"]


def test_required_hands_in_the_result_after_the_answer_of_a_tool() -> None:
    """Agents that close with a tool of their own come to an end."""
    tools = [WEATHER, FINAL]
    message = "What is the weather in Rome?"
    assert calls(tools, message, "required") == [("get_current_weather", {"location": "Rome"})]
    called = frozenset(["get_current_weather"])
    assert calls(tools, message, "required", answered=True, called=called) == [("final_result", {"city": "Rome"})]


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_allowed_tools_bound_the_choice(form: str) -> None:
    """Mode and names come from the object, in either form."""
    names = [{"type": "function", "function": {"name": "get_time"}}]
    if form == "responses":
        names = [{"type": "function", "name": "get_time"}]

    def allowed(mode: str) -> dict[str, Any]:
        inner = {"mode": mode, "tools": names}
        return (
            {"type": "allowed_tools", "allowed_tools": inner} if form == "chat" else {"type": "allowed_tools"} | inner
        )

    message = "What is the weather in Rome?"
    assert calls(ALL, message, allowed("auto")) == []
    assert calls(ALL, message, allowed("required")) == [("get_time", {"city": "Rome"})]
    assert calls(ALL, "What time is it in Rome?", allowed("auto")) == [("get_time", {"city": "Rome"})]


# -- forms ---------------------------------------------------------------------------------------------------------


def test_tools_are_read_in_every_form() -> None:
    """Chat completions, responses and realtime, functions of 2023."""
    flat = {"type": "function", **WEATHER["function"], "strict": True}
    for tool in (WEATHER, flat, WEATHER["function"]):
        assert calls([tool], "weather in Rome") == [("get_current_weather", {"location": "Rome"})]


def test_a_list_at_the_end_of_a_long_message_is_split_where_it_stands() -> None:
    """Long context before the question changes nothing."""
    message = "Some context without any meaning at all. " * 200 + "What is the weather in Paris and Rome?"
    assert [each for _, each in calls([WEATHER], message)] == [{"location": "Paris"}, {"location": "Rome"}]


def test_tools_of_the_api_itself_are_left_to_others() -> None:
    """A web search is no call for the client to answer; positions stay those of the request."""
    assert calls([{"type": "web_search"}], "Search the web for cats", "required") == []
    assert calls([{"type": "web_search"}, TIME], "What time is it in Rome?") == [("get_time", {"city": "Rome"})]
    assert calls([TIME], "What time is it in Rome?", {"type": "mcp", "server_label": "s", "name": "n"}) == []


def test_a_function_without_parameters_gets_an_empty_object() -> None:
    """Omitting `parameters` defines an empty list of them (OpenAPI document 2026-08-21)."""
    for parameters in ({}, {"parameters": None}, {"parameters": {"type": "object", "properties": {}}}):
        tool = {"type": "function", "function": {"name": "ping", "description": "Ping the server", **parameters}}
        assert decide([tool], "auto", None, Conversation("ping the server"), b"") == (
            ToolCall("ping", "function", arguments="{}"),
        )


# -- custom tools --------------------------------------------------------------------------------------------------


def custom(grammar: tuple[str, str] | None = None, *, chat: bool = True) -> dict[str, Any]:
    body: dict[str, Any] = {"name": "code_exec", "description": "Executes arbitrary python code"}
    if grammar is not None:
        inner = {"syntax": grammar[0], "definition": grammar[1]}
        body["format"] = {"type": "grammar", "grammar": inner} if chat else {"type": "grammar", **inner}
    return {"type": "custom", "custom": body} if chat else {"type": "custom", **body}


def test_a_custom_tool_gets_plain_text() -> None:
    """Code of the message word for word, else the message itself."""
    assert calls([custom()], "Use code_exec to run `print('hi')`") == [("code_exec", "print('hi')")]
    fenced = "Please use code_exec:\n```python\nfor i in range(3):\n    print(i)\n```\n"
    assert calls([custom()], fenced) == [("code_exec", "for i in range(3):\n    print(i)")]
    assert calls([custom()], " Sort it ", {"type": "custom", "custom": {"name": "code_exec"}}) == [
        ("code_exec", "Sort it")
    ]


@pytest.mark.parametrize("chat", [True, False])
def test_a_custom_tool_keeps_to_its_grammar(chat: bool) -> None:
    """A regular expression is matched as a whole, by the message's own words where they do."""
    expression = r"(January|August) \d{1,2}(st|nd|rd|th)? \d{4}"
    [(_, made)] = calls([custom(("regex", expression), chat=chat)], "Save it", "required")
    assert re.fullmatch(expression, made)
    message = "Save the timestamp August 7th 2025 with code_exec"
    assert calls([custom(("regex", expression), chat=chat)], message) == [("code_exec", "August 7th 2025")]
    lark = 'start: "go " ("left" | "right")'
    assert calls([custom(("lark", lark), chat=chat)], "turn right", "required") == [("code_exec", "go right")]


def test_what_cannot_be_called_is_named() -> None:
    """A schema without a value and a grammar that is not read come back as an error with the tool's place."""
    impossible = function("f", "F", "a", a={"type": "integer", "minimum": 2, "maximum": 1})
    for tool in (impossible, custom(("lark", "start: other")), custom(("regex", r"(a)\1"))):
        with pytest.raises(UnsatisfiableTool) as caught:
            calls([TIME, tool], "x", {"name": tool.get("function", tool.get("custom"))["name"]})
        assert caught.value.position == 1
        assert caught.value.tool in ("f", "code_exec")


# -- general rules -------------------------------------------------------------------------------------------------

MESSAGES = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            (
                "weather",
                "in",
                "Paris",
                "and",
                "Tokyo",
                ",",
                "time",
                "3",
                "times",
                "search",
                '"x"',
                "e@x.org",
                ".",
                "天気",
            )
        ),
        max_size=12,
    ).map(" ".join),
)


@given(
    MESSAGES,
    st.lists(st.sampled_from(ALL), unique_by=lambda tool: tool["function"]["name"]),
    st.sampled_from((None, "auto", "required", "none")),
    st.sampled_from((None, True, False)),
    st.booleans(),
    st.binary(max_size=4),
)
def test_calls_keep_the_rules_of_the_request(
    message: str, tools: list[dict[str, Any]], choice: str | None, parallel: bool | None, answered: bool, seed: bytes
) -> None:
    """Whatever is asked: known tools, valid arguments, one call without parallel calls, and the same calls again."""
    conversation = Conversation(message, answered)
    made = decide(tools, choice, parallel, conversation, seed)
    assert made == decide(tools, choice, parallel, conversation, seed)
    if choice == "none" or not tools or (answered and choice != "required"):
        assert made == ()
    elif choice == "required":
        assert made
    if parallel is False:
        assert len(made) <= 1
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}
    for call in made:
        Draft202012Validator(schemas[call.name]).validate(json.loads(call.arguments))
        assert call.arguments == json.dumps(json.loads(call.arguments), separators=(",", ":"), ensure_ascii=False)


def test_calls_are_the_same_in_every_process() -> None:
    """The order of sets, which differs from process to process, has no say."""
    program = (
        "from understudy.core.replies.tools import Conversation, decide\n"
        "from understudy.core.replies.schema import as_text, instance\n"
        f"tools = {[*ALL, custom(('regex', '[a-z]{5}(x|y|z)'))]!r}\n"
        "for message in ('weather in Paris and Rome', 'What time is it in Oslo and what is 2+2?', 'Run code_exec'):\n"
        "    for seed in (b'', b'1', b'2'):\n"
        "        print(decide(tools, 'required', None, Conversation(message), seed))\n"
        "        print(as_text(instance(tools[3]['function']['parameters'], seed)))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1


def test_a_list_that_is_all_there_is_to_say_is_said() -> None:
    """Even when the schema asks for nothing, as wrappers around lists do; a lone optional text is left out."""
    task = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    wrapper = {"type": "object", "properties": {"tasks": {"type": "array", "items": task}}, "required": []}
    lone = {"type": "object", "properties": {"zone": {"type": "string"}}}
    for parameters, filled in ((wrapper, True), (lone, False)):
        tool = {"type": "function", "function": {"name": "hand_in", "parameters": parameters}}
        choice = {"type": "function", "function": {"name": "hand_in"}}
        (_, arguments) = calls([tool], "Buy milk, call Ada", choice)[0]
        assert bool(arguments) is filled, arguments
