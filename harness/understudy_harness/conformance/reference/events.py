"""The reference client's reader of server-sent events, and of the chat completion that they come to.

By the standard (WHATWG HTML, "Server-sent events"), but for the last event of a stream that ends without a blank line:
it is read, since it may be the one that says how the answer ended. Each decision that a case is about is a method.
"""

import codecs
import json
from typing import Any


class StreamBroken(Exception):
    """A stream that came to no completion.

    Attributes:
        kind: in the words of the driver protocol.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class EventReader:
    """Reads the events of one answer, in pieces of any size.

    Attributes:
        text: of the first choice so far.
        finish: its finish reason.
        done: whether the last event has come.
    """

    def __init__(self) -> None:
        self.text = ""
        self.finish: str | None = None
        self.usage: dict[str, Any] | None = None
        self.done = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._held = ""
        self._data: list[str] = []
        self._started = False

    def take(self, data: bytes) -> None:
        """The next bytes."""
        self.take_text(self.decode(data))

    def decode(self, data: bytes) -> str:
        """Bytes as text; a character that is not whole waits for the rest of it."""
        text = self._decoder.decode(data)
        if text and not self._started:
            self._started = True
            text = self.first(text)
        return text

    def first(self, text: str) -> str:
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
        for index, letter in enumerate(held):
            if letter == "\n":
                return index, index + 1
            if letter == "\r":
                if index + 1 == len(held):
                    return None
                return index, index + (2 if held[index + 1] == "\n" else 1)
        return None

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
        for choice in (chunk.get("choices") if isinstance(chunk, dict) else None) or ():
            if choice.get("index", 0) == 0:
                self.text += (choice.get("delta") or {}).get("content") or ""
                self.finish = choice.get("finish_reason") or self.finish

    def failed(self, error: Any) -> None:
        """An error inside the stream."""
        message = error if isinstance(error, str) else error.get("message") or "the stream failed"
        code = None if isinstance(error, str) else error.get("code")
        raise StreamBroken("quota" if code == "insufficient_quota" else "server", message)

    def end(self) -> None:
        """The last byte has come; an event without its blank line is read, too."""
        if self.done:
            return
        self.take_line(self._held.removesuffix("\r"))
        self._held = ""
        self.dispatch()

    def completion(self) -> dict[str, Any]:
        """What the events came to; StreamBroken when that is no whole answer."""
        if self.finish is None:
            raise StreamBroken("protocol", "the stream ended before the answer did")
        message = {"role": "assistant", "content": self.text}
        return {"choices": [{"index": 0, "message": message, "finish_reason": self.finish}], "usage": self.usage}
