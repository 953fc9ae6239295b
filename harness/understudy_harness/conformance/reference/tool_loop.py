"""The reference client's tool loop: it asks the model, runs what the model calls, and asks again until it is answered.

Each decision that a case is about is a method of its own, as in the client.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

MOST_ANSWERS = 8
"""A model that calls tools for ever is given up after so many answers."""
Answer = dict[str, Any]
Ask = Callable[[Mapping[str, Any]], Awaitable[Answer]]


class LoopBroken(Exception):
    """A loop that came to no answer.

    Attributes:
        kind: in the words of the driver protocol.
        choices: of the answer that ended it.
    """

    def __init__(self, kind: str, message: str, choices: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.kind = kind
        self.choices = choices


class ToolLoop:
    """Runs the tools of one conversation.

    Args:
        ask: makes a chat completion and gives it back as the driver protocol has it.
        say: tells the application what is under way: fields of a progress line.

    Attributes:
        ran: the tools that were run, as the driver protocol has them.
    """

    def __init__(self, ask: Ask, say: Callable[..., None]) -> None:
        self._ask = ask
        self._say = say
        self.ran: list[dict[str, Any]] = []

    async def run(self, input: Mapping[str, Any]) -> Answer:
        """The last answer, with the tools that were run on the way to it.

        Args:
            input: of the operation `agent`.

        Raises:
            LoopBroken: there is none.
        """
        tools = {tool["name"]: tool for tool in input["tools"]}
        kept = {"model": input["model"], "tools": [_described(tool) for tool in tools.values()]}
        messages: list[dict[str, Any]] = [{"role": "user", "content": input["prompt"]}]
        for _ in range(MOST_ANSWERS):
            answer = await self.ask({**kept, "messages": messages})
            choice = answer["choices"][0]
            self.check(answer)
            calls = self.calls(choice)
            if not self.goes_on(choice, calls):
                return {**answer, "ran": self.ran}
            messages.append(self.echo(choice, calls))
            messages += self.results(calls, tools)
        raise LoopBroken("other", f"no end after {MOST_ANSWERS} answers", answer["choices"])

    async def ask(self, input: Mapping[str, Any]) -> Answer:
        """The model's next answer."""
        return await self._ask(input)

    def check(self, answer: Answer) -> None:
        """Whether an answer is whole enough to act on it; a call that was cut is no call, however it looks.

        Raises:
            LoopBroken: it is not.
        """
        choice = answer["choices"][0]
        if choice["finish"] == "length" and choice["tool_calls"]:
            raise LoopBroken("length", "the answer was cut by its length inside a tool call", answer["choices"])

    def calls(self, choice: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The tool calls of an answer."""
        return list(choice["tool_calls"])

    def goes_on(self, choice: Mapping[str, Any], calls: list[dict[str, Any]]) -> bool:
        """Whether the model waits for something: where there are calls, whatever the finish reason says."""
        return bool(calls)

    def echo(self, choice: Mapping[str, Any], calls: list[dict[str, Any]]) -> dict[str, Any]:
        """The model's message as it is sent back."""
        return {"role": "assistant", "content": choice["text"], "tool_calls": [self.echo_call(call) for call in calls]}

    def echo_call(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """A call in it: arguments are a text, and none are an empty object."""
        function = {"name": call["name"], "arguments": call["arguments"] or "{}"}
        return {"id": call["id"], "type": "function", "function": function}

    def results(self, calls: list[dict[str, Any]], tools: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A message for each call, also for those that could not be run."""
        return [{"role": "tool", "tool_call_id": call["id"], "content": self.result(call, tools)} for call in calls]

    def result(self, call: Mapping[str, Any], tools: Mapping[str, Any]) -> str:
        """What a call came to: what the tool gives back, or why it was not run."""
        tool = tools.get(call["name"])
        if tool is None:
            return f"Error: there is no tool {call['name']!r}."
        try:
            arguments = self.read_arguments(call["arguments"])
        except ValueError as problem:
            return f"Error: {problem}"
        self._say(event="tool", name=call["name"], arguments=arguments)
        self.ran.append({"name": call["name"], "arguments": arguments})
        return str(tool["returns"])

    def read_arguments(self, written: str | None) -> dict[str, Any]:
        """Arguments as the tool gets them; no text at all is an empty object.

        Raises:
            ValueError: they are no JSON object.
        """
        arguments = json.loads(written or "{}")
        if not isinstance(arguments, dict):
            raise ValueError(f"the arguments are no JSON object: {written}")
        return arguments


def _described(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A tool as the API takes it."""
    return {"type": "function", "function": {key: tool[key] for key in ("name", "description", "parameters")}}
