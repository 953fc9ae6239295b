"""A small client of the API that does what every case asks for: the suite's yardstick, not a library.

Each decision that a case is about is a method of its own, so that a wrong client is one method long.
"""

import asyncio
import contextlib
import json
import random
import re
import time
import zlib
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, NoReturn
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import httptools

from understudy_harness.conformance.reference.events import EventReader, StreamBroken, as_text
from understudy_harness.conformance.reference.object_reader import ObjectReader
from understudy_harness.conformance.reference.tool_loop import Ask, ToolLoop

FIRST_WAIT_S = 0.2
"""Before the first retry, where the server names no wait; doubled for each further one."""
LONGEST_WAIT_S = 60.0
"""A call that would have to wait longer fails at once."""
_RETRIED = (408, 409, 429)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_JITTER = 1.1
"""A wait that the server names is drawn out by up to a tenth, so that not all come back at the same moment."""


class CallFailed(Exception):
    """A call came to nothing.

    Attributes:
        kind: in the words of the driver protocol.
        status: HTTP status, None where there was no answer.
        code: `error.code` of the answer.
        retry_after_s: the wait that the server named.
        request_id: of the answer.
        choices: what had come of a stream, as the driver protocol has choices.
        ran: tools that had been run.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.request_id = request_id
        self.choices: list[dict[str, Any]] = []
        self.ran: list[dict[str, Any]] = []
        self.kind = kind
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


class HttpAnswer:
    """One answer, whole."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.complete = False
        self.take: Callable[[bytes], None] | None = None
        self._unpack: Any = None

    # What httptools calls while it reads the answer.

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """A piece of the body, unpacked; of a stream it is handed on at once."""
        if self.headers.get("content-encoding") == "gzip":
            body = self.unpacked(body)
        self.body += body
        if self.take is not None:
            self.take(body)

    def unpacked(self, body: bytes) -> bytes:
        """A piece of a body that gzip has packed."""
        self._unpack = self._unpack or zlib.decompressobj(wbits=31)
        unpacked: bytes = self._unpack.decompress(body)
        return unpacked

    def on_message_complete(self) -> None:
        """Its last byte."""
        self.complete = True


class ReferenceClient:
    """Makes chat completions, each attempt on a connection of its own.

    Args:
        base_url: with `/v1`.
        api_key: sent as a bearer token.
        retries: after the first attempt.
        timeout_s: for one attempt.
        organization, project: sent in headers of their own.
        ca_file: of the authority to trust in a realtime conversation over wss.
        now: the time of day in seconds since the epoch.
        say: tells the application what is under way: fields of a progress line.
        log: takes the lines of its debug log; None while that is off.

    Attributes:
        reading: what reads the events of the last stream, None before there was one.
    """

    connection = "close"
    turns: ClassVar[WeakValueDictionary[str, asyncio.Lock]] = WeakValueDictionary()
    conversation: type[Any] | None = None
    """What holds its realtime conversations; None for `realtime.Conversation`."""
    media: type[Any] | None = None
    """What makes its calls about pictures, vectors, sound and lists; None for `media.Media`."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        retries: int = 2,
        timeout_s: float = 60.0,
        organization: str | None = None,
        project: str | None = None,
        ca_file: str | None = None,
        now: Callable[[], float] = time.time,
        say: Callable[..., None] = lambda **line: None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.retries = retries
        self.log = log
        self._url = urlsplit(base_url)
        self.base_url = base_url
        self.ca_file = ca_file
        self.api_key = api_key
        self._timeout_s = timeout_s
        self._now = now
        self.say = say
        self.reading: EventReader | None = None
        self.turn = self.turns.setdefault(api_key, asyncio.Lock())
        given = {"OpenAI-Organization": organization, "OpenAI-Project": project}
        self.headers = {name: value for name, value in given.items() if value is not None}

    def on_delta(self, index: int, text: str) -> None:
        """A piece of text has come."""
        self.say(event="delta", index=index, text=text)

    async def chat(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """One chat completion: `choices` as the driver protocol has them, `usage` and `request_id`.

        Raises:
            CallFailed: it came to nothing.
        """
        answer = await self.ask("/chat/completions", input)
        return self.told(self.read_completion(answer), answer)

    async def stream(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """The same from its events.

        Raises:
            CallFailed: it came to nothing, or broke off; what had come is in it.
        """
        return await self.streamed("/chat/completions", input, self.new_reader)

    async def streamed(self, path: str, input: Mapping[str, Any], make: Callable[[], EventReader]) -> dict[str, Any]:
        """The same of any endpoint whose stream a reader of its own understands; see `stream`."""
        made: list[EventReader] = []

        def renew() -> EventReader:
            made.append(make())
            self.reading = made[-1]
            return made[-1]

        answer = await self.ask(path, {**input, "stream": True}, renew)
        return self.finish(made[-1], answer)

    async def ask(
        self, path: str, input: Mapping[str, Any], renew: Callable[[], EventReader] | None = None
    ) -> HttpAnswer:
        """Post JSON, as often as it takes, until there is an answer below 400.

        Args:
            path: below the base URL.
            input: what is sent.
            renew: makes what reads the events of each attempt, where a stream is wanted.

        Raises:
            CallFailed: it came to nothing.
        """
        return await self.send(path, json.dumps(input, ensure_ascii=False).encode(), renew)

    async def send(
        self,
        path: str,
        body: bytes,
        renew: Callable[[], EventReader] | None = None,
        content_type: str = "application/json",
        method: str = "POST",
    ) -> HttpAnswer:
        """The same with any body; see `ask`."""
        attempt, in_turn = 0, False
        async with contextlib.AsyncExitStack() as turn:
            while True:
                reader = None if renew is None else renew()
                try:
                    answer = await self.attempt(path, self.body_of(body, attempt), reader, content_type, method)
                except CallFailed as failed:
                    if not self.may_retry_silence(failed, reader, attempt):
                        raise
                    wait, limited = self.wait(None, attempt), False
                else:
                    if answer.status < 400:
                        return answer
                    named = self.named_wait(answer.headers)
                    if self.too_long(named) or not self.wants_retry(answer, attempt):
                        self.give_up(answer, named)
                    wait, limited = self.wait(named, attempt), answer.status == 429
                due = asyncio.get_running_loop().time() + wait
                if limited and not in_turn:
                    # Calls of one key that were told to slow down take turns: else all come back at the same moment.
                    await turn.enter_async_context(self.turn)
                    in_turn = True
                await self.pause(due - asyncio.get_running_loop().time())
                attempt += 1

    def body_of(self, body: bytes, attempt: int) -> bytes:
        """The body of an attempt: the same for each."""
        return body

    async def pause(self, seconds: float) -> None:
        """Let time pass between attempts."""
        await asyncio.sleep(max(0.0, seconds))

    def may_retry_silence(self, failed: CallFailed, reader: EventReader | None, attempt: int) -> bool:
        """Whether a call without an answer is made again: never when a part of one was handed out."""
        begun = reader is not None and bool(reader.choices)
        return failed.kind == "connection" and failed.status is None and not begun and attempt < self.retries

    def told(self, completion: Mapping[str, Any], answer: HttpAnswer) -> dict[str, Any]:
        """A completion as the driver protocol has it."""
        choices = []
        for choice in completion["choices"]:
            message = choice.get("message") or {}
            calls = [self.tool_call(call) for call in message.get("tool_calls") or ()]
            told = {"text": message.get("content"), "finish": choice.get("finish_reason")}
            choices.append(told | {"refusal": message.get("refusal"), "tool_calls": calls})
        usage = completion.get("usage")
        return {"choices": choices, "usage": usage, "request_id": answer.headers.get("x-request-id")}

    def tool_call(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """A tool call as the driver protocol has it."""
        function = call["function"]
        return {"id": call.get("id"), "name": function.get("name"), "arguments": as_text(function.get("arguments"))}

    def new_loop(self, ask: Ask) -> ToolLoop:
        """What runs tools; `ask` makes a chat completion."""
        return ToolLoop(ask, self.say)

    def new_object_reader(self) -> ObjectReader:
        """What reads structured output."""
        return ObjectReader()

    def new_reader(self) -> EventReader:
        """What reads the events of one attempt."""
        return EventReader(self.on_delta)

    def new_response_reader(self) -> EventReader:
        """What reads the events of one response."""
        from understudy_harness.conformance.reference.responses import ResponseReader

        return ResponseReader(self.on_delta)

    def finish(self, reader: EventReader, answer: HttpAnswer) -> dict[str, Any]:
        """The completion that the events came to.

        Raises:
            CallFailed: they came to none.
        """
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            return self.told(self.read_completion(answer), answer)
        try:
            reader.end()
            return {**reader.completion(), "request_id": answer.headers.get("x-request-id")}
        except StreamBroken as broken:
            raise self.broken(reader, broken.kind, str(broken), broken.code) from None

    def broken(self, reader: EventReader, kind: str, message: str, code: str | None = None) -> CallFailed:
        """A failure with what had come."""
        failed = CallFailed(kind, message, code=code)
        failed.choices = reader.told()
        return failed

    def wants_retry(self, answer: HttpAnswer, attempt: int) -> bool:
        """Whether an answer is worth another attempt: the server's own word first, and never when money is gone."""
        told = answer.headers.get("x-should-retry")
        if told in ("true", "false"):
            return told == "true" and attempt < self.retries
        if self.is_quota(answer):
            return False
        return self.may_retry(answer.status, attempt)

    def is_quota(self, answer: HttpAnswer) -> bool:
        """Whether a refusal is one that no waiting helps."""
        return _error_of(answer)[0] == "insufficient_quota"

    def may_retry(self, status: int, attempt: int) -> bool:
        """Whether the call is tried again after so many retries."""
        return attempt < self.retries and (status in _RETRIED or status >= 500)

    def named_wait(self, headers: Mapping[str, str]) -> float | None:
        """The wait that the server names, in seconds: milliseconds first, then seconds, then a date."""
        milliseconds = _number(headers.get("retry-after-ms"))
        if milliseconds is not None:
            return milliseconds / 1000
        spelled = headers.get("retry-after")
        seconds = _number(spelled)
        if spelled is None:
            return self.reset_wait(headers)
        return self.wait_until(spelled) if seconds is None else seconds

    def reset_wait(self, headers: Mapping[str, str]) -> float | None:
        """The wait until there are requests again, where the limit's own headers say that none are left."""
        if headers.get("x-ratelimit-remaining-requests") != "0":
            return None
        return self.duration(headers.get("x-ratelimit-reset-requests", ""))

    def duration(self, spelled: str) -> float | None:
        """Seconds of `120ms`, `1s`, `1m30s`, `6m0s`; None for what is no duration."""
        parts = _DURATION.findall(spelled)
        if not parts or "".join(number + unit for number, unit in parts) != spelled:
            return None
        return float(sum(float(number) * _UNITS[unit] for number, unit in parts))

    def wait_until(self, date: str) -> float | None:
        """Seconds until a date; None when it is none."""
        try:
            return parsedate_to_datetime(date).timestamp() - self._now()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None

    def too_long(self, named: float | None) -> bool:
        """Whether nobody wants to wait that long."""
        return named is not None and named > LONGEST_WAIT_S

    def wait(self, named: float | None, attempt: int) -> float:
        """How long to wait: as long as the server says if that is sensible, else longer each time, and never alike."""
        if named is not None and named > 0:
            return float(named * self.jitter())
        return float(FIRST_WAIT_S * 2**attempt * random.uniform(1.0, 1.25))

    def jitter(self) -> float:
        """By what a wait is drawn out."""
        return random.uniform(1.0, _JITTER)

    def give_up(self, answer: HttpAnswer, named: float | None) -> NoReturn:
        """Report an answer that will not be tried again.

        Raises:
            CallFailed: always.
        """
        code, message = _error_of(answer)
        raise CallFailed(
            self.kind_of(answer.status, code),
            message,
            status=answer.status,
            code=code,
            retry_after_s=named,
            request_id=answer.headers.get("x-request-id"),
        )

    def kind_of(self, status: int, code: str | None) -> str:
        """The protocol's word for an error."""
        return _kind(status, code)

    def read_completion(self, answer: HttpAnswer) -> dict[str, Any]:
        """The decoded completion.

        Raises:
            CallFailed: the answer is none.
        """
        try:
            completion = json.loads(answer.body)
            if completion.get("error"):
                raise CallFailed("protocol", _error_of(answer)[1], status=answer.status)
            if completion["choices"]:
                return dict(completion)
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise CallFailed("protocol", "the answer is no chat completion", status=answer.status)

    async def cut_short(self, answer: HttpAnswer) -> None:
        """The connection has ended before the answer did.

        Raises:
            OSError: always.
        """
        raise OSError("the connection ended before the answer did")

    def feed(self, parser: httptools.HttpResponseParser, data: bytes) -> None:
        """Read what has come; what an inner callback raised is raised as it is."""
        try:
            parser.feed_data(data)
        except httptools.HttpParserCallbackError as failed:
            if isinstance(failed.__context__, StreamBroken):
                raise failed.__context__ from None
            raise

    async def close(self, writer: asyncio.StreamWriter) -> None:
        """Let go of a connection."""
        writer.close()
        await writer.wait_closed()

    async def attempt(
        self,
        path: str,
        body: bytes,
        reader: EventReader | None = None,
        content_type: str = "application/json",
        method: str = "POST",
    ) -> HttpAnswer:
        """One request and its answer.

        Args:
            path: below the base URL.
            body: of the request.
            reader: of a stream's events, which are read as they come; the answer ends with the last of them.
            content_type: of the body.
            method: of the request.

        Raises:
            CallFailed: there was no answer, or not in time, or it broke off.
        """
        code = None
        head = self.head(path, len(body), content_type, method)
        if self.log is not None:
            self.log(self.logged(head.decode("latin-1")))
        try:
            async with asyncio.timeout(self.limit()) as limit:
                return await self._exchange(head + body, reader, limit)
        except TimeoutError:
            kind, words = "timeout", f"no answer within {self._timeout_s} s"
        except (OSError, httptools.HttpParserError) as problem:
            kind, words = "connection", str(problem)
        except StreamBroken as broken:
            kind, words, code = broken.kind, str(broken), broken.code
        raise CallFailed(kind, words) if reader is None else self.broken(reader, kind, words, code)

    def target(self, path: str) -> str:
        """What stands on the request line: behind the path of the base URL, with the queries of both."""
        own, _, asked = path.partition("?")
        query = "&".join(filter(None, (self._url.query, asked)))
        return f"{self._url.path.rstrip('/')}{own}" + (f"?{query}" if query else "")

    def logged(self, head: str) -> str:
        """What the debug log has of a request: all but the key."""
        return head.replace(self.api_key, "***")

    def head(self, path: str, length: int, content_type: str, method: str) -> bytes:
        """Request line and headers."""
        lines = [
            f"{method} {self.target(path)} HTTP/1.1",
            f"Host: {self._url.netloc}",
            f"Authorization: Bearer {self.api_key}",
            "Accept: application/json",
            "Accept-Encoding: gzip",
            *([f"Content-Type: {content_type}", f"Content-Length: {length}"] if length else []),
            *(f"{name}: {value}" for name, value in self.headers.items()),
            f"Connection: {self.connection}",
        ]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")

    def limit(self) -> float | None:
        """Seconds that may pass without a byte."""
        return self._timeout_s

    def extend(self, limit: asyncio.Timeout) -> None:
        """Something has come: a limit on silence begins anew."""
        seconds = self.limit()
        limit.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    def new_answer(self) -> HttpAnswer:
        """What takes the answer of one attempt."""
        return HttpAnswer()

    async def _exchange(self, request: bytes, events: EventReader | None, limit: asyncio.Timeout) -> HttpAnswer:
        """One request on a connection of its own."""
        host = self._url.hostname or "localhost"
        reader, writer = await asyncio.open_connection(host, self._url.port or 80)
        try:
            writer.write(request)
            answer = self.new_answer()
            parser = httptools.HttpResponseParser(answer)
            if events is not None:
                answer.take = lambda data: events.take(data) if parser.get_status_code() < 400 else None
            while not answer.complete and not (events is not None and events.done):
                data = await reader.read(64 * 1024)
                if not data:
                    break
                self.extend(limit)
                self.feed(parser, data)
            answer.status = parser.get_status_code()
            if not answer.complete and not (events is not None and events.done):
                await self.cut_short(answer)
            return answer
        finally:
            await self.close(writer)


def _number(spelled: str | None) -> float | None:
    """A number that a header holds, None when it holds none."""
    try:
        number = float(spelled or "")
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _error_of(answer: HttpAnswer) -> tuple[str | None, str]:
    """Code and message of an answer that is an error, whatever its body is."""
    try:
        error = json.loads(answer.body)["error"]
        return (None, error) if isinstance(error, str) else (error["code"], error["message"])
    except (ValueError, TypeError, KeyError):
        return None, answer.body[:200].decode("utf-8", "replace") or f"status {answer.status}"


def _kind(status: int, code: str | None) -> str:
    if code == "insufficient_quota":
        return "quota"
    if status >= 500:
        return "server"
    kinds = {401: "auth", 403: "permission", 404: "not_found", 408: "timeout", 429: "rate_limit"}
    return kinds.get(status, "bad_request")
