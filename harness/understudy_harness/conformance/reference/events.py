"""The reference client's reader of server-sent events, and of the chat completion that they come to.

By the standard (WHATWG HTML, "Server-sent events"), but for the last event of a stream that ends without a blank line:
it is read, since it may be the one that says how the answer ended. Each decision that a case is about is a method.
"""

import codecs
import json
from collections.abc import Callable
from typing import Any


class StreamBroken(Exception):
    """A stream that came to no completion.

    Attributes:
        kind: in the words of the driver protocol.
        code: the server's, None where it said none.
    """

    def __init__(self, kind: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


def as_text(arguments: Any) -> str:
    """Arguments of a tool call as a text, also where a server sends an object."""
    return arguments if isinstance(arguments, str) else "" if arguments is None else json.dumps(arguments)


class ChoiceSum:
    """What the deltas of one choice come to.

    Attributes:
        text, refusal: None until there is some.
        tool_calls: each with `id`, `name` and `arguments`.
        finish: why it ended, None until that is told.
    """

    def __init__(self) -> None:
        self.text = ""
        self.refusal: str | None = None
        self.tool_calls: list[dict[str, Any]] = []
        self.finish: str | None = None

    def told(self) -> dict[str, Any]:
        """As the driver protocol has a choice."""
        return {"text": self.text, "finish": self.finish, "refusal": self.refusal, "tool_calls": self.tool_calls}


class EventReader:
    """Reads the events of one answer, in pieces of any size.

    Args:
        on_delta: called with the index of a choice and each piece of its text.

    Attributes:
        choices: by their index.
        usage: as it was told, or None.
        done: whether the last event has come.
    """

    def __init__(self, on_delta: Callable[[int, str], None] | None = None) -> None:
        self.choices: dict[int, ChoiceSum] = {}
        self.usage: dict[str, Any] | None = None
        self._on_delta = on_delta
        self.done = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._held = ""
        self._data: list[str] = []
        self._started = False
        self._halves: dict[int, str] = {}

    @property
    def first(self) -> ChoiceSum:
        """The first choice."""
        return self.choices.setdefault(0, ChoiceSum())

    def take(self, data: bytes) -> None:
        """The next bytes."""
        self.take_text(self.decode(data))

    def decode(self, data: bytes) -> str:
        """Bytes as text; a character that is not whole waits for the rest of it."""
        text = self._decoder.decode(data)
        if text and not self._started:
            self._started = True
            text = self.beginning(text)
        return text

    def beginning(self, text: str) -> str:
        """The beginning of a stream without its byte order mark."""
        return text.removeprefix("\ufeff")

    def take_text(self, text: str) -> None:
        """The next characters."""
        self._held += text
        while not self.done and (found := self.line_end(self._held)) is not None:
            end, after = found
            line, self._held = self._held[:end], self._held[after:]
            self.take_line(line)

    def line_end(self, held: str) -> tuple[int, int] | None:
        """Where the first line ends and the next begins: after LF, CR LF, or a CR that nothing or no LF follows."""
        end = held.find("\n")
        bare = held.find("\r", 0, len(held) if end < 0 else end)
        if bare < 0:
            return None if end < 0 else (end, end + 1)
        if bare + 1 == len(held):
            return None
        return bare, bare + (2 if held[bare + 1] == "\n" else 1)

    def take_line(self, line: str) -> None:
        """One line."""
        if not line:
            self.dispatch()
            return
        field, colon, value = line.partition(":")
        if self.is_data(field, colon):
            self._data.append(self.value(value))

    def is_data(self, field: str, colon: str) -> bool:
        """Whether a line carries data; comments and other fields do not."""
        return field == "data"

    def value(self, value: str) -> str:
        """What follows the colon, without the one space that may."""
        return value.removeprefix(" ")

    def dispatch(self) -> None:
        """An event is whole."""
        data, self._data = "\n".join(self._data), []
        if data.strip():
            self.take_event(data)

    def take_event(self, data: str) -> None:
        """The data of one event."""
        if self.is_done(data):
            self.done = True
            return
        try:
            chunk = json.loads(data)
        except ValueError:
            self.unreadable(data)
            return
        self.take_chunk(chunk)

    def is_done(self, data: str) -> bool:
        """Whether it is the last one."""
        return data.strip() == "[DONE]"

    def unreadable(self, data: str) -> None:
        """What is no JSON is a broken stream."""
        raise StreamBroken("protocol", f"an event is no JSON: {data[:80]}")

    def take_chunk(self, chunk: Any) -> None:
        """One chunk of the completion, or an error."""
        if isinstance(chunk, dict) and chunk.get("error"):
            self.failed(chunk["error"])
            return
        if not isinstance(chunk, dict):
            return
        self.usage = self.usage_of(chunk) or self.usage
        for choice in chunk.get("choices") or ():
            index = choice.get("index", 0)
            self.take_choice(index, self.choices.setdefault(index, ChoiceSum()), choice)

    def usage_of(self, chunk: dict[str, Any]) -> dict[str, Any] | None:
        """The token counts in a chunk."""
        return chunk.get("usage")

    def take_choice(self, index: int, sum_: ChoiceSum, choice: dict[str, Any]) -> None:
        """What a chunk says about one choice."""
        delta = choice.get("delta") or {}
        self.take_text_of(index, sum_, self.joined(index, delta.get("content") or ""))
        if delta.get("refusal"):
            sum_.refusal = (sum_.refusal or "") + delta["refusal"]
        for piece in delta.get("tool_calls") or ():
            self.take_tool_call(sum_, piece)
        sum_.finish = choice.get("finish_reason") or sum_.finish

    def take_text_of(self, index: int, sum_: ChoiceSum, text: str) -> None:
        """A piece of the text of a choice."""
        if text:
            sum_.text += text
            if self._on_delta is not None:
                self._on_delta(index, text)

    def joined(self, index: int, text: str) -> str:
        """A piece with the half of a character that the piece before ended in, but without the half it ends in itself.

        JSON spells a character beyond the first 65,536 as two escapes, and servers cut between them.
        """
        text = self._halves.pop(index, "") + text
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._halves[index] = text[-1]
            text = text[:-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def take_tool_call(self, sum_: ChoiceSum, piece: dict[str, Any]) -> None:
        """A piece of a tool call."""
        function = piece.get("function") or {}
        call = self.tool_call_of(sum_, piece)
        call["id"] = call["id"] or piece.get("id") or None
        call["name"] = self.name_of(call["name"], function.get("name"))
        call["arguments"] += as_text(function.get("arguments"))

    def tool_call_of(self, sum_: ChoiceSum, piece: dict[str, Any]) -> dict[str, Any]:
        """The call that a piece belongs to: by its index, but an id that is another begins another call."""
        index, id = piece.get("index"), piece.get("id")
        calls = sum_.tool_calls
        named = [call for call in calls if call["index"] == index] if index is not None else calls
        found = next((call for call in named if id and call["id"] == id), named[-1] if named else None)
        if found is None or (id and found["id"] and found["id"] != id):
            found = {"index": index, "id": None, "name": None, "arguments": ""}
            calls.append(found)
        return found

    def name_of(self, known: str | None, name: str | None) -> str | None:
        """The name of a call from what was known and what a further piece says: the first one counts."""
        return known or name or None

    def failed(self, error: Any) -> None:
        """An error inside the stream."""
        message = error if isinstance(error, str) else error.get("message") or "the stream failed"
        code = None if isinstance(error, str) else error.get("code")
        raise StreamBroken("quota" if code == "insufficient_quota" else "server", message, code)

    def end(self) -> None:
        """The last byte has come; an event without its blank line is read, too."""
        if self.done:
            return
        self.take_line(self._held.removesuffix("\r"))
        self._held = ""
        self.dispatch()

    def completion(self) -> dict[str, Any]:
        """What the events came to: `choices` as the driver protocol has them and `usage`.

        Raises:
            StreamBroken: that is no whole answer.
        """
        for index in list(self._halves):
            self.take_text_of(index, self.choices[index], self.joined(index, "\ufffd"))
        if not self.choices or any(choice.finish is None for choice in self.choices.values()):
            raise StreamBroken("protocol", "the stream ended before the answer did")
        return {"choices": self.told(), "usage": self.usage}

    def told(self) -> list[dict[str, Any]]:
        """The choices so far, in order."""
        return [choice.told() for _, choice in sorted(self.choices.items())]
