"""A value for a JSON Schema: what the model fills into tool arguments and structured outputs.

    instance({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
             b"seed", "What is the weather like in San Francisco?")
    → {"city": "San Francisco"}

What the message says is carried word for word (`hints`); the rest is made up to suit the names of the
properties (`sample_values`). Keywords that a value can keep by construction are kept so; where keywords
work against each other, values are tried and validated. The same schema, seed and hints give the same value.

Every search has a limit ("our choice": `effort`, `schema_builder` and the modules that they use), so that no
schema can hang the server or fill its memory.
"""

from random import Random

import msgspec

from understudy.core.replies.hints import Hints
from understudy.core.replies.json_values import Json
from understudy.core.replies.schema_builder import Builder
from understudy.core.replies.schema_references import Schema
from understudy.core.replies.schema_wellformed import problem
from understudy.core.replies.unsatisfiable import UnsatisfiableSchema

_encode = msgspec.json.Encoder().encode


def instance(schema: Schema, seed: bytes | Random, hints: str = "", *, sparing: bool = False) -> Json:
    """Make a value that is valid against `schema`.

    Args:
        schema: a JSON Schema, draft 2020-12 or 7, references within the document.
        seed: where chance comes from.
        hints: the message that is answered; values that it says are carried word for word.
        sparing: leave out optional properties (and choose null where it is allowed) unless `hints` speaks of
            them, as models do when they call tools. Otherwise optional properties are filled in.

    Raises:
        UnsatisfiableSchema: there is no such value, or none was found, or the schema is malformed.
        SchemaTooLarge: a limit of ours was reached.
    """
    wrong = problem(schema)
    if wrong is not None:
        raise UnsatisfiableSchema(wrong)
    return instance_of_sound(schema, seed, hints, sparing=sparing)


def instance_of_sound(schema: Schema, seed: bytes | Random, hints: str = "", *, sparing: bool = False) -> Json:
    """Do the same for a schema that has passed one of the checks of `strict`, without looking for mistakes again.

    Raises:
        UnsatisfiableSchema: as `instance`.
    """
    rng = seed if isinstance(seed, Random) else Random(seed)
    return Builder(schema, rng, Hints(hints, literal=sparing), sparing=sparing).whole()


def as_text(value: Json) -> str:
    """Write a value as compact JSON, the way models write arguments: `{"location":"San Francisco"}`."""
    return _encode(value).decode()
