"""Whether a message says something for a property: reason to fill in an optional one, or to choose a branch."""

import shlex
from collections.abc import Iterator
from itertools import islice

from understudy.core.replies.effort import Effort
from understudy.core.replies.findings import Found
from understudy.core.replies.hints import Hints, number
from understudy.core.replies.json_values import is_number
from understudy.core.replies.numbers_within import beside
from understudy.core.replies.sample_values import PARTICULAR, finding_kinds, from_message, mentioned, words_of
from understudy.core.replies.schema_references import Schema, Schemas
from understudy.core.replies.schema_shape import Shape
from understudy.core.replies.texts_within import role_for, spelled_for
from understudy.core.replies.unsatisfiable import UnsatisfiableSchema

EFFORT_OF_A_LOOK = 4
"""Steps that it costs to hold one schema or member against the message."""

MAX_TAGS = 8
"""Properties of a branch that may name it."""

MAX_LOOKED_AT = 100
"""Properties, members or branches of one schema that are held against the message ("our choice")."""


class Relevance:
    """Holds schemas against one message."""

    def __init__(self, root: Schema, hints: Hints, effort: Effort) -> None:
        self.root = root
        self.hints = hints
        self.effort = effort

    def is_said(self, member: object) -> bool:
        """Whether the message names a member of an enumeration."""
        self.effort.spend(EFFORT_OF_A_LOOK)
        if isinstance(member, str):
            return bool(member) and (self.hints.says(member) or self.hints.says(" ".join(words_of(member))))
        return is_number(member) and any(number(found.text) == member for found in self.hints.all("numbers"))

    def speaks_of(self, schemas: Schemas, name: str, depth: int) -> bool:
        """Whether the message says something for a value, looking `depth` levels into properties and branches."""
        if not self.hints.text:
            return False
        shape = self._folded(schemas)
        return shape is not None and self.speaks_of_shape(shape, name, depth)

    def _folded(self, schemas: Schemas) -> Shape | None:
        self.effort.spend(EFFORT_OF_A_LOOK * len(schemas))
        shape = Shape(self.root)
        try:
            for schema in schemas:
                shape.fold(schema)
        except UnsatisfiableSchema:
            return None
        return shape

    def speaks_of_shape(self, shape: Shape, name: str, depth: int) -> bool:
        """As `speaks_of`, for schemas that are folded already."""
        if not self.hints.text:
            return False
        if shape.members is not None:
            return any(self.is_said(member) for member in shape.members[:MAX_LOOKED_AT])
        if depth > 0 and any(self.speaks_of((schema,), key, depth - 1) for schema, key in _inner(shape, name)):
            return True
        return self._speaks_of_plain(shape, name)

    def _speaks_of_plain(self, shape: Shape, name: str) -> bool:
        """Tell the same for texts, numbers and booleans."""
        words = words_of(name)
        types = shape.types or ()
        if "string" in types:
            role = role_for(shape, name)
            finder = from_message(role, words, self.hints) if role in PARTICULAR else self.hints.labelled(words)
            if next(finder, None) is not None:
                return True
        if ("integer" in types or "number" in types) and (
            next(beside(words, self.hints), None) or next(self.hints.labelled(words), None)
        ):
            return True
        return "boolean" in types and mentioned(words, self.hints) is not None

    def rank(self, option: Schema, name: str) -> int:
        """Rank a branch: 2 if the message names its tag, 1 if it says something else for it, else 0."""
        shape = self._folded((option,))
        if shape is None:
            return 0
        inner = islice(_inner(shape, name), MAX_TAGS)
        own = (shape, *(self._folded((schema,)) for schema, _ in inner))
        if any(each is not None and self._is_tagged(each) for each in own):
            return 2
        return int(self.speaks_of_shape(shape, name, 1))

    def _is_tagged(self, shape: Shape) -> bool:
        """Whether a shape has one value only, and the message says it."""
        return shape.members is not None and len(shape.members) == 1 and self.is_said(shape.members[0])

    def listed(self, rest: Schemas, name: str) -> list[tuple[object, Found | None]]:
        """Return what the message lists for the items of a list: values, with the stretch that says each."""
        if not self.hints.text:
            return []
        shape = self._folded(rest)
        if shape is None:
            return []
        if shape.members is not None:
            return [(member, None) for member in shape.members[:MAX_LOOKED_AT] if self.is_said(member)]
        if shape.types == ("string",):
            role = role_for(shape, name)
            if role == "command":
                return [
                    (word, None) for found in self.hints.all("commands")[:1] for word in _words_of_command(found.text)
                ]
            kinds = finding_kinds(role)[:1] if role in PARTICULAR else ()
            found = [each for kind in kinds for each in self.hints.free(kind)]
            spelled = ((spelled_for(each.text, shape), each) for each in found)
            return [(text, each) for text, each in spelled if text is not None]
        if shape.types in (("integer",), ("number",)):
            return [(number(each.text), each) for each in self.hints.free("numbers")]
        return []


def _words_of_command(command: str) -> list[str]:
    """Split a command as a shell would."""
    try:
        return shlex.split(command)
    except ValueError:  # a quotation that does not end
        return command.split()


def _inner(shape: Shape, name: str) -> Iterator[tuple[Schema, str]]:
    """Yield the schemas of branches, items and properties, each with the name that it goes by."""
    for options in shape.choices:
        yield from ((option, name) for option in options[:MAX_LOOKED_AT])
    for layer in shape.arrays:
        items = layer.get("items", True)
        if not isinstance(items, list):
            yield items, name
    for layer in shape.objects:
        properties = layer.get("properties", {})
        yield from ((properties[key], key) for key in [*properties][:MAX_LOOKED_AT])
