"""What the drivers in Python share: the lines of the protocol, and nothing about any client.

A driver gives `Driver` its introduction and functions that make a client, make a call with it, and describe what the
client raised. A driver in one file that needs none of this: `docs/writing-a-driver.md`.
"""

import asyncio
import hashlib
import inspect
import json
import os
import platform
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any

Fields = dict[str, Any]
_LINES = sys.stdout.buffer
DEBUG_KEPT = 100_000
"""Letters of an error's `repr` that are told."""


class Run:
    """A `run` line, and what an application has seen of its call so far.

    Attributes:
        op, input, options, base_url, api_key: as they came.
        choices: by index, what was seen of each answer: fields of a choice of the protocol.
        ran: the tools that were run.
        pictures: the partial pictures.
    """

    def __init__(self, line: Mapping[str, Any]) -> None:
        self.seq: int = line["seq"]
        self.op: str = line["op"]
        self.input: Fields = line["input"]
        self.options: Fields = line.get("options", {})
        self.base_url: str = line["base_url"]
        self.api_key: str = line["api_key"]
        self.choices: dict[int, Fields] = {}
        self.ran: list[Fields] = []
        self.pictures: list[Fields] = []

    def settings(self, **names: str) -> Fields:
        """Options under the names that the client has for them; those that are not given are left out.

        Args:
            names: the client's name of each option.
        """
        return {theirs: self.options[ours] for ours, theirs in names.items() if self.options.get(ours) is not None}

    def delta(self, text: str | None, index: int = 0) -> None:
        """A piece of text has come."""
        choice = self.choices.setdefault(index, {"text": "", "finish": None})
        if text:
            choice["text"] += text
            self.say(event="delta", index=index, text=text)

    def refusal(self, text: str | None, index: int = 0) -> None:
        """A piece of what the model says when it will not."""
        choice = self.choices.setdefault(index, {"text": "", "finish": None})
        if text:
            choice["refusal"] = choice.get("refusal", "") + text

    def finish(self, reason: str | None, index: int = 0) -> None:
        """The answer says why it ends; nothing, where there is no reason."""
        choice = self.choices.setdefault(index, {"text": "", "finish": None})
        choice["finish"] = reason or choice["finish"]

    def tool(self, name: str, arguments: Any) -> None:
        """A tool is run."""
        self.ran.append({"name": name, "arguments": arguments})
        self.say(event="tool", name=name, arguments=arguments)

    def picture(self, data: bytes, index: int) -> None:
        """A partial picture has come."""
        self.pictures.append({"sha256": sha256(data), "partial": index})
        self.say(event="picture", index=index, sha256=sha256(data))

    def seen(self) -> Fields:
        """The answers and tools so far, as fields of a result or of what was partial."""
        return {"choices": [self.choices[index] for index in sorted(self.choices)], "ran": self.ran}

    def say(self, **fields: Any) -> None:
        """Write a line about this run."""
        write({"seq": self.seq, **fields})


class Driver:
    """Speaks the protocol for one client.

    Args:
        introduction: the answer to `hello`.
        connect: makes a client for a run.
        call: makes the call of a run with its client and gives back the fields of its result.
        describe: the fields of an error, from what the client raised.
        close: lets go of a client.
        blocking: run each call in a thread of its own, since the client blocks.
    """

    def __init__(
        self,
        introduction: Fields,
        connect: Callable[[Run], Any],
        call: Callable[[Any, Run], Awaitable[Fields]],
        describe: Callable[[Exception], Fields],
        close: Callable[[Any], Any] = lambda client: None,
        *,
        blocking: bool = False,
    ) -> None:
        self._introduction = introduction
        self._connect = connect
        self._call = call
        self._describe = describe
        self._close = close
        self._blocking = blocking
        self._kept: dict[str, Any] = {}

    def serve(self) -> None:
        """Answer until `stop` or the end of standard input."""
        # Standard output is the protocol's: what a client prints goes to standard error.
        sys.stdout = sys.stderr
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        runs: dict[int, asyncio.Task[None]] = {}
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            told = json.loads(line)
            if told["cmd"] == "hello":
                write(self._introduction)
            elif told["cmd"] == "run":
                task = runs[told["seq"]] = asyncio.create_task(self._perform(Run(told)))
                task.add_done_callback(_crash_on_bug)
            elif told["cmd"] == "cancel" and told["seq"] in runs:
                runs[told["seq"]].cancel()
            elif told["cmd"] == "stop":
                break
        for client in self._kept.values():
            await settled(self._close(client))

    async def _perform(self, run: Run) -> None:
        """Make one call, with a fresh client or one that is kept, and say what came of it."""
        try:
            result = await self._with_client(run)
        except asyncio.CancelledError:
            told = {"error": {"kind": "cancelled", "partial": {**run.seen(), "pictures": run.pictures}}}
        except Exception as error:  # whatever the client raises is what its caller gets
            shown = {"debug": repr(error)[:DEBUG_KEPT]}
            told = {"error": {**shown, **self._describe(error), "partial": {**run.seen(), "pictures": run.pictures}}}
        else:
            told = {"result": result}
        run.say(**told)

    async def _with_client(self, run: Run) -> Fields:
        name = run.options.get("reuse")
        client = self._kept[name] if name in self._kept else self._connect(run)
        if name is not None:
            self._kept[name] = client
        try:
            if self._blocking:
                # A loop of its own, which the blocking calls are free to block.
                return await asyncio.to_thread(lambda: asyncio.run(_awaited(self._call(client, run))))
            return await self._call(client, run)
        finally:
            if name is None:
                await settled(self._close(client))


async def settled(value: Any) -> Any:
    """What an asynchronous client gives back in the end, and a blocking one at once."""
    return await value if inspect.isawaitable(value) else value


async def each(values: Any) -> AsyncIterator[Any]:
    """What a stream or list of either kind of client holds."""
    if hasattr(values, "__aiter__"):
        async for value in values:
            yield value
    else:
        for value in values:
            yield value


def introduced(name: str, package: str, homepage: str, **more: Any) -> Fields:
    """The introduction of a client that is a package; `more` are the introduction's other fields."""
    client = {
        "name": name,
        "version": version(package),
        "language": "Python",
        "runtime": f"{platform.python_implementation()} {platform.python_version()}",
        "homepage": homepage,
        "issues": f"{homepage}/issues",
    }
    return {**more, "client": client | more.get("client", {})}


def sha256(data: bytes) -> str:
    """Of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write(line: Fields) -> None:
    """Write one line and see that it leaves; in one piece, as threads write too.

    A text that is no Unicode (half of a character that JSON spells as two escapes) goes out as the client gave it.
    """
    written = json.dumps(line, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass")
    _LINES.write(written + b"\n")
    _LINES.flush()


async def _awaited(value: Awaitable[Fields]) -> Fields:
    return await value


def _crash_on_bug(task: "asyncio.Task[None]") -> None:
    """End the driver when it is at fault itself: were it silent, the client would be said to hang."""
    if not task.cancelled() and (bug := task.exception()) is not None:
        traceback.print_exception(bug)
        os._exit(1)
