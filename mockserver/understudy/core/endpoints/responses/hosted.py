"""Tools that the API runs itself, or asks the client to run in a form of its own.

Files are searched in the project's vector stores. Nothing else is searched, run or looked up: what comes out is made
up, the same for the same seed, in the documented shapes (OpenAPI document 2026-08-21, recorded web searches of
2026-08). Which tool is used follows `tool_choice`; under "auto" a message must plainly ask for it ("our choice").
Computers and MCP servers are never used: the model answers in words.
"""

import re
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from understudy.core import errors, ids
from understudy.core.catalog import Model
from understudy.core.endpoints.image_answer import output_tokens
from understudy.core.endpoints.responses.file_search import Found, shown
from understudy.core.endpoints.responses.items import Item
from understudy.core.endpoints.responses.names import Names
from understudy.core.endpoints.responses.tools import family
from understudy.core.media import Media, PicturePlan
from understudy.core.pricing import Usage
from understudy.core.replies.citations import cite
from understudy.core.replies.hints import Hints

_ASKED = {
    "web_search": r"\b(?:search|web|internet|online|news|latest|today|currently|current|look up|google)\b",
    "image_generation": r"\b(?:draw|paint|sketch|illustrate|(?:image|picture|photo|drawing|illustration|logo) of"
    r"|(?:generate|create|make) (?:an? |the )?(?:image|picture|photo|drawing|illustration|logo))\b",
    "code_interpreter": r"\b(?:python|code|calculate|compute|plot|run|solve|interpreter)\b",
    "shell": r"\b(?:shell|terminal|command|run|execute|list (?:the )?files)\b",
    "local_shell": r"\b(?:shell|terminal|command|run|execute|list (?:the )?files)\b",
    "apply_patch": r"\b(?:patch|edit|modify|create (?:a |the )?file|write (?:a |the )?file|rename|refactor)\b",
}
_WORDS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ASKED.items()}
_FILE = re.compile(r"\b[\w./-]{1,100}\.[A-Za-z0-9]{1,8}\b")
_FENCED = re.compile(r"```[A-Za-z]{0,20}\n(.{1,4000}?)```", re.DOTALL)
_SIZES = {"auto": (1_024, 1_024)}
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})\Z")
_LONGEST_EDGE = 3_840
_QUERY = 200
PICTURE_MODELS = ("gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2")
"""Whose pictures the tool makes (OpenAPI document)."""
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}\Z")
_SEARCH_PRICE, _CONTAINER_PRICE = "web-search-tool", "code-interpreter-tool"
_FILE_SEARCH_PRICE = "file-search-tool"


class Use(NamedTuple):
    """One use of a tool.

    Attributes:
        item: of the output.
        is_last: whether the client has to do something before the model goes on, so that nothing is said now.
        partials: pictures on their way, in base64.
        cites: whether the text that follows names sources.
        found: what files say, which the text that follows quotes; None for nothing.
        price: the name of its price, empty when it costs nothing.
        usage: what is charged at that price.
    """

    item: Item
    is_last: bool = False
    partials: tuple[str, ...] = ()
    cites: bool = False
    found: Found | None = None
    price: str = ""
    usage: Usage = Usage()


class _Asked(NamedTuple):
    """What a use is made of: the tool, what the user said, and where chance and pictures come from."""

    tool: Mapping[str, Any]
    said: str
    names: Names
    position: int
    seed: bytes
    model: Model
    media: Media
    include: frozenset[str]
    now: int
    found: Found | None


def used(
    body: dict[str, Any],
    said: str,
    names: Names,
    position: int,
    seed: bytes,
    *,
    model: Model,
    media: Media,
    now: int,
    found_in_files: Found | None = None,
) -> list[Use]:
    """Which tools the model uses before it speaks.

    Args:
        body: a checked request.
        said: the last message of the user; empty when something else came last.
        names: the ids of the response.
        position: of the first item.
        seed: decides by chance.
        model: who uses them.
        media: paints.
        now: microseconds since the epoch.
        found_in_files: what vector stores say of it, None where none was asked.
    """
    found: list[Use] = []
    most = body.get("max_tool_calls")
    for tool in _wanted(body, said):
        if most is not None and len(found) >= most:
            break
        make = _MAKERS.get(family(tool["type"]))
        if make is not None:
            include = frozenset(body.get("include") or ())
            place = position + len(found)
            asked = _Asked(tool, said, names, place, seed, model, media, include, now, found_in_files)
            found.append(make(asked))
            if found[-1].is_last:
                break
    return found


def _wanted(body: dict[str, Any], said: str) -> list[Mapping[str, Any]]:
    given = [tool for tool in body.get("tools") or () if tool["type"] not in ("function", "custom")]
    choice = body.get("tool_choice") or "auto"
    if not given or choice == "none":
        return []
    if type(choice) is dict:
        kind = choice["type"]
        if kind == "allowed_tools":
            allowed = {family(str(each.get("type"))) for each in choice["tools"] if type(each) is dict}
            given = [tool for tool in given if family(tool["type"]) in allowed]
            choice = choice["mode"]
        elif kind in ("function", "custom"):
            return []
        else:
            return [tool for tool in given if family(tool["type"]) == family(kind)][:1]
    if not said:
        return []
    asked = [tool for tool in given if _is_asked(family(tool["type"]), said)]
    if choice == "required" and not asked and len(given) == len(body["tools"]):
        return given[:1]
    return list({family(tool["type"]): tool for tool in reversed(asked)}.values())[::-1]


def _is_asked(kind: str, said: str) -> bool:
    """Whether a message asks for a tool; files are searched for whatever the user says ("our choice")."""
    words = _WORDS.get(kind)
    return kind == "file_search" or (words is not None and words.search(said) is not None)


def _search_files(asked: _Asked) -> Use:
    found = asked.found or Found([], [])
    item = {
        "id": asked.names.item("fs", asked.position),
        "type": "file_search_call",
        "status": "completed",
        "queries": found.queries,
        "results": shown(found.hits) if "file_search_call.results" in asked.include else None,
    }
    return Use(item, found=found, price=_FILE_SEARCH_PRICE, usage=Usage(searches=1))


def _search(asked: _Asked) -> Use:
    query = Hints(asked.said).topic[:_QUERY] or "sample"
    action: dict[str, Any] = {"type": "search", "queries": [query], "query": query}
    if "web_search_call.action.sources" in asked.include:
        _, citations = cite("This sentence has quite enough words to be followed by a source.", asked.said, asked.seed)
        action["sources"] = [{"type": "url", "url": citation.url} for citation in citations]
    item = {
        "id": asked.names.item("ws", asked.position),
        "type": "web_search_call",
        "status": "completed",
        "action": action,
    }
    return Use(item, cites=True, price=_SEARCH_PRICE, usage=Usage(searches=1))


def _paint(asked: _Asked) -> Use:
    tool = asked.tool
    size = tool.get("size") or "auto"
    match = _SIZE.match(size)
    width, height = (int(match[1]), int(match[2])) if match else _SIZES["auto"]
    if max(width, height) > _LONGEST_EDGE or min(width, height) < 16:
        raise errors.BadRequest(
            f"Invalid size '{size}'. Both edges are from 16 to {_LONGEST_EDGE} pixels.",
            code="invalid_value",
            param="tools",
        )
    quality = tool.get("quality") or "auto"
    quality = "medium" if quality == "auto" else quality
    background = tool.get("background") or "auto"
    background = "opaque" if background == "auto" else background
    form = tool.get("output_format") or "png"
    compression = tool.get("output_compression")
    named = tool.get("model") or "gpt-image-1"
    model = _DATE.sub("", named)
    if model not in PICTURE_MODELS:
        raise errors.invalid_value("tools.model", named, PICTURE_MODELS)
    plan = PicturePlan(
        prompt=asked.said or "sample",
        width=width,
        height=height,
        quality=quality,
        seed=asked.seed,
        format=form,
        background=background,
        compression=100 if compression is None else compression,
        model=named,
        made_at=asked.now,
    )
    painter = asked.media.painter
    count = tool.get("partial_images") or 0
    item = {
        "id": asked.names.item("ig", asked.position),
        "type": "image_generation_call",
        "status": "completed",
        "action": "generate",
        "background": background,
        "output_format": form,
        "quality": quality,
        "result": _base64(painter.paint(plan)),
        "revised_prompt": asked.said,
        "size": f"{width}x{height}",
    }
    spent = Usage(
        text_in=asked.media.vocabulary.count(plan.prompt, asked.model.encoding),
        image_out=output_tokens(quality, width, height, flexible=model == "gpt-image-2"),
    )
    partials = tuple(_base64(painter.partial(plan, step, count)) for step in range(count))
    return Use(item, partials=partials, price=model, usage=spent)


def _base64(file: bytes) -> str:
    return b2a_base64(file, newline=False).decode()


def _compute(asked: _Asked) -> Use:
    fenced = _FENCED.search(asked.said)
    code = fenced[1].strip() if fenced else f"# {Hints(asked.said).topic}\nresult = 'sample'\nprint(result)"
    container = asked.tool["container"]
    shown = "code_interpreter_call.outputs" in asked.include
    item = {
        "id": asked.names.item("ci", asked.position),
        "type": "code_interpreter_call",
        "status": "completed",
        "code": code,
        "container_id": container if type(container) is str else "cntr_" + ids.hexadecimal(asked.seed, 48, b"cntr"),
        "outputs": [{"type": "logs", "logs": "sample"}] if shown else None,
    }
    return Use(item, price=_CONTAINER_PRICE, usage=Usage(searches=1))


def _command(asked: _Asked) -> str:
    hints = Hints(asked.said)
    given = [*hints.all("code"), *hints.all("commands")]
    return given[0].text if given else "ls"


def _shell(asked: _Asked) -> Use:
    environment = asked.tool.get("environment")
    item = {
        "id": asked.names.item("sh", asked.position),
        "type": "shell_call",
        "status": "completed",
        "action": {"commands": [_command(asked)], "max_output_length": None, "timeout_ms": None},
        "call_id": asked.names.call(asked.position),
        "environment": {"type": "local"} if environment is None or environment.get("type") == "local" else None,
    }
    return Use(item, is_last=True)


def _local_shell(asked: _Asked) -> Use:
    item = {
        "id": asked.names.item("lsh", asked.position),
        "type": "local_shell_call",
        "status": "completed",
        "action": {
            "type": "exec",
            "command": ["bash", "-lc", _command(asked)],
            "env": {},
            "timeout_ms": None,
            "user": None,
            "working_directory": None,
        },
        "call_id": asked.names.call(asked.position),
    }
    return Use(item, is_last=True)


def _patch(asked: _Asked) -> Use:
    named = _FILE.search(asked.said)
    item = {
        "id": asked.names.item("apc", asked.position),
        "type": "apply_patch_call",
        "status": "completed",
        "call_id": asked.names.call(asked.position),
        "operation": {
            "type": "create_file",
            "path": named[0] if named else "sample.txt",
            "diff": "+This is a sample.\n",
        },
    }
    return Use(item, is_last=True)


_MAKERS: dict[str, Callable[[_Asked], Use]] = {
    "web_search": _search,
    "file_search": _search_files,
    "image_generation": _paint,
    "code_interpreter": _compute,
    "shell": _shell,
    "local_shell": _local_shell,
    "apply_patch": _patch,
}
