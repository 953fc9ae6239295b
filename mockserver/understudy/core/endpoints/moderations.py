"""`POST /v1/moderations`: what is thought of texts and pictures; free, by a list of words.

Layout, key order and headers as recorded 2026-08; refusals of the input are "our choice".
"""

from collections.abc import Iterator
from typing import Any

from understudy.core import errors, headers
from understudy.core.catalog import Model
from understudy.core.errors import ApiError
from understudy.core.media import Media
from understudy.core.message_parts import picture_size, unsupported_picture
from understudy.core.messages import Request
from understudy.core.moderation_results import moderated
from understudy.core.operations import Call, Cost, Reply, json_body
from understudy.core.pacing import Pacing
from understudy.core.parameters import anything, array, check_all, fields, string, tagged
from understudy.core.pricing import Usage
from understudy.core.replies.moderation import Moderation
from understudy.core.serialise import pretty

NEWEST = "omni-moderation-latest"
MOST_INPUTS = 2_048
"""Texts of one request ("our choice")."""
_FIRST = "text-moderation-007"
"""What the models of texts alone call themselves."""
_FIRST_CATEGORIES = (
    *("sexual", "hate", "harassment", "self-harm", "sexual/minors", "hate/threatening", "violence/graphic"),
    *("self-harm/intent", "self-harm/instructions", "harassment/threatening", "violence"),
)
"""Of the models of texts alone, in the order of the OpenAPI document's example."""
_PART = tagged(
    {
        "text": fields({"type": anything, "text": string()}, ("text",)),
        "image_url": fields({"type": anything, "image_url": fields({"url": string()}, ("url",))}, ("image_url",)),
    },
    ("text", "image_url"),
)


def _check_input(path: str, value: Any) -> None:
    if type(value) is str:
        return
    if type(value) is not list:
        raise errors.wrong_type(path, "one of a string, an array of strings or an array of objects", value)
    if not value:
        raise errors.empty_array(path)
    array(string() if type(value[0]) is str else _PART, maximum=MOST_INPUTS)(path, value)


class Moderations:
    """The operation; see `core.operations.Operation` for what each method is asked.

    Args:
        moderation: the list of words.
    """

    endpoint = "moderations"
    shows_limits = False
    proxied = True

    def __init__(self, moderation: Moderation) -> None:
        self._moderation = moderation

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON alone."""
        return json_body(request)

    def read_model(self, body: dict[str, Any]) -> str:
        """The newest one where none is named."""
        name = body.get("model")
        if name is None:
            return NEWEST
        if type(name) is not str:
            raise errors.wrong_type("model", "a string", name)
        return name

    def unknown_model(self, name: str) -> ApiError:
        """404 of the edge."""
        return errors.unknown_model(name)

    def wrong_model(self, model: Model) -> ApiError:
        """400 that lists what can be asked."""
        return errors.invalid_value("model", model.id, (NEWEST, "omni-moderation-2024-09-26"))

    def out_of_credits(self) -> ApiError:
        """429."""
        return errors.out_of_credits()

    def cost(self, body: dict[str, Any]) -> Cost:
        """A quarter of the characters, at least a token."""
        given = body.get("input")
        size = 0
        for each in given if type(given) is list else [given]:
            text = each.get("text") if type(each) is dict else each
            size += len(text) if type(text) is str else 0
        return Cost(tokens=max(size // 4, 1))

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """The input, and pictures where the model looks at some."""
        if body.get("input") is None:
            raise errors.missing("input")
        check_all(body, {"input": _check_input, "model": anything})
        given = body["input"]
        for index, part in enumerate(given if type(given) is list else ()):
            if type(part) is not dict:
                continue
            if "vision" not in model.abilities:
                raise errors.wrong_type(f"input[{index}]", "a string", part)
            if part["type"] == "image_url":
                url = part["image_url"]["url"]
                if picture_size(f"input[{index}].image_url.url", url, media) is None:
                    raise unsupported_picture()

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """One result for each text, or one for all parts together."""
        return _Results(call, self._moderation, pacing)


class _Results:
    """The answer."""

    content_type = headers.JSON
    service_tier = "default"

    def __init__(self, call: Call, moderation: Moderation, pacing: Pacing) -> None:
        given = call.body["input"]
        sees = "vision" in call.model.abilities
        if type(given) is list and type(given[0]) is dict:
            texts = [part["text"] for part in given if part["type"] == "text"]
            pictures = len(texts) < len(given)
            results = [moderated("\n".join(texts), moderation, pictures=pictures, texts=bool(texts))]
        else:
            results = [moderated(text, moderation) for text in (given if type(given) is list else [given])]
        if not sees:
            results = [_of_texts(result) for result in results]
        number = int.from_bytes(call.seed[:4], "big") % 10_000
        value = {"id": f"modr-{number}", "model": call.read.model_name if sees else _FIRST, "results": results}
        self.processing = pacing.ttft
        self.due = call.now + self.processing if self.processing else 0
        self.body: bytes | None = pretty(value)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """Nothing: it is free."""
        return Usage()


def _of_texts(result: dict[str, Any]) -> dict[str, Any]:
    """As the models of texts alone say it: fewer categories, and not what they were found in."""
    categories, scores = result["categories"], result["category_scores"]
    shown = {name: categories[name] for name in _FIRST_CATEGORIES}
    return {
        "flagged": any(shown.values()),
        "categories": shown,
        "category_scores": {name: scores[name] for name in _FIRST_CATEGORIES},
    }
