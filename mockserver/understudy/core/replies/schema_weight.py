"""How much a value of a schema holds at the least: what recursion is ended by."""

from collections.abc import Mapping

from understudy.core.replies.effort import Effort
from understudy.core.replies.schema_references import Schema, resolved

HEAVY = 1_000
"""The weight of what is too deep to be weighed."""

_MAX_WEIGHED = 100


def weight(schema: Schema, root: Schema, effort: Effort, depth: int = 4) -> int:
    """Estimate how many values the smallest instance has, looking `depth` levels into the schema.

    Raises:
        UnsatisfiableSchema: a reference leads nowhere.
        SchemaTooLarge: the effort is spent.
    """
    effort.spend(2)
    if isinstance(schema, bool):
        return 1
    if depth == 0:
        return HEAVY
    total = 1
    reference = schema.get("$ref")
    if isinstance(reference, str):
        total += weight(resolved(root, reference), root, effort, depth - 1)
    properties = schema.get("properties")
    required = schema.get("required")
    if isinstance(properties, Mapping) and isinstance(required, list):
        total += sum(weight(properties.get(name, True), root, effort, depth - 1) for name in required[:_MAX_WEIGHED])
    items = schema.get("items")
    if schema.get("minItems") and isinstance(items, Mapping):
        total += weight(items, root, effort, depth - 1)
    for keyword in ("allOf", "anyOf", "oneOf"):
        options = schema.get(keyword)
        if isinstance(options, list):
            weights = [weight(option, root, effort, depth - 1) for option in options[:_MAX_WEIGHED]]
            total += sum(weights) if keyword == "allOf" else min(weights)
    return min(total, HEAVY)
