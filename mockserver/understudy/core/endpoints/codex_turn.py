"""One turn of Codex: the same as of `/v1/responses`, with a model of the plans' own table.

The CLI is newer than any document: what cannot be read of its items, tools and options says nothing, where the API
itself would refuse it.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from understudy.core.catalog import Model
from understudy.core.endpoints.responses.items import check_input, check_pictures, items_of
from understudy.core.endpoints.responses.operation import Streamed
from understudy.core.endpoints.responses.parameters import PARAMETERS
from understudy.core.endpoints.responses.tools import check_tools
from understudy.core.endpoints.responses.turn import make_turn
from understudy.core.errors import ApiError
from understudy.core.media import Media
from understudy.core.operations import Call, Cost, Host, ReadBody
from understudy.core.plans_table import CodexModel, PlanTable
from understudy.core.pricing import Usage
from understudy.core.visits import Visit

_STAND_IN = "gpt-5.4"
"""Whose abilities a model has that is not in the catalogue."""
_READ = (
    "instructions",
    "parallel_tool_calls",
    "reasoning",
    "tool_choice",
    "text",
    "include",
    "prompt_cache_key",
    "service_tier",
    "max_output_tokens",
    "stream_options",
    "store",
    "stream",
)
"""What is heeded beside input and tools."""

_ITEM_FIELDS = frozenset(
    ("type", "role", "content", "call_id", "name", "arguments", "input", "output", "summary", "encrypted_content")
)
_PART_FIELDS = frozenset(("type", "text", "image_url", "detail", "refusal", "file_data", "filename"))


def turn_cost(table: PlanTable, model: CodexModel, usage: Usage, body: dict[str, Any]) -> int:
    """Pico-credits of a turn; `service_tier` priority is what the CLI calls fast mode."""
    return table.cost(model, usage, fast=body.get("service_tier") == "priority")


def codex_turn(body: dict[str, Any], slug: str, seed: bytes, fingerprint: bytes, visit: Visit, host: Host) -> Streamed:
    """The stream of one answer.

    Args:
        body: a checked request.
        slug: its model.
        seed: decides by chance.
        fingerprint: of the request.
        visit: whose call it is, and when.
        host: what calls may use of the simulator.

    Raises:
        ApiError: a format that nothing satisfies.
    """
    asked = {name: body[name] for name in _READ if name in body and _readable(PARAMETERS[name], name, body[name])}
    items = [_known(item) for item in body["input"] if type(item) is dict]
    asked["input"] = [item for item in items if _readable(check_input, "input", [item])]
    model = _model(slug, visit)
    media = visit.simulator.media
    asked["input"] = [item for item in asked["input"] if _is_seen(item, model, media)]
    tools = body.get("tools")
    asked["tools"] = [tool for tool in tools if _readable(check_tools, "tools", [tool])] if type(tools) is list else []
    call = Call(ReadBody(asked, slug, Cost(), fingerprint), model, visit.account, visit.now, seed, host)
    return Streamed(call, make_turn(call, items_of(asked["input"]), media), media, visit.pacing)


def _known(item: dict[str, Any]) -> dict[str, Any]:
    """An item without the fields that the CLI adds for itself."""
    known = {name: value for name, value in item.items() if name in _ITEM_FIELDS}
    for name in ("content", "output"):
        if type(known.get(name)) is list:
            known[name] = [
                {key: value for key, value in part.items() if key in _PART_FIELDS} if type(part) is dict else part
                for part in known[name]
            ]
    return known


def _model(slug: str, visit: Visit) -> Model:
    catalog, era = visit.simulator.catalog, visit.simulator.settings.era
    model = catalog.find(slug, era) or catalog.find(_STAND_IN, era)
    if model is None:
        raise LookupError(f"the catalogue has neither {slug} nor {_STAND_IN}")
    return msgspec.structs.replace(model, id=slug, snapshot=slug)


def _is_seen(item: dict[str, Any], model: Model, media: Media) -> bool:
    try:
        check_pictures("input", [item], model, media)
    except ApiError:
        return False
    return True


def _readable(check: Callable[[str, Any], None], name: str, value: Any) -> bool:
    try:
        check(name, value)
    except ApiError:
        return False
    return True
