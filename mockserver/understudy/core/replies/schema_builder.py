"""Builds one instance of a schema, from the outside in.

At each place the schemas that hold there are folded into a shape, branches are chosen, and a value of one of
the allowed types is made. Where the shape says that construction cannot promise a fit, the value is validated and
another one is tried. Recursion ends because beyond `SOFT_DEPTH`, and inside a reference that contains itself, only
what is required is made. All limits are "our choice".
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from random import Random

from understudy.core.replies.effort import Effort
from understudy.core.replies.findings import Found
from understudy.core.replies.hints import Hints
from understudy.core.replies.json_values import Json, has_type, key_of
from understudy.core.replies.numbers_within import number_within
from understudy.core.replies.regex_automaton import compiled
from understudy.core.replies.relevance import Relevance
from understudy.core.replies.sample_values import mentioned, precedence, words_of
from understudy.core.replies.schema_references import Schema, Schemas
from understudy.core.replies.schema_shape import Shape
from understudy.core.replies.schema_validation import Validator, property_schemas, tuple_and_rest
from understudy.core.replies.schema_weight import weight
from understudy.core.replies.texts_within import text_within
from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsatisfiableSchema, UnsupportedSyntax

EFFORT_OF_A_VALUE = 50
"""Steps of `effort.MAX_EFFORT` that each value costs: one instance has at most some 10,000 values, and those of
failed attempts count as well."""

EFFORT_OF_A_FOLD = 10
"""Steps that each schema folded into a shape costs, and each branch that is considered."""

MAX_DEPTH = 40
"""Lists and objects within one another in an instance."""

SOFT_DEPTH = 6
"""From here on only what is required is made."""

MAX_ATTEMPTS = 200
"""Combinations of branches and values tried for the outermost value; half as many at each level below."""

MIN_ATTEMPTS = 24
"""The same at any depth."""

COMFORTABLE_ITEMS = 3
"""Items of a list whose length nothing says; a message that lists more gives up to `MAX_LISTED`."""

MAX_LISTED = 20

MAX_SIZE = 5_000
"""Items of a list and properties of an object."""

_Make = Callable[[Shape, str, int], Json]
_SIMPLE_TYPES = ("string", "integer", "boolean", "number", "null", "object", "array")
_EVEN = 0.5
_FREE_NAMES = ("first", "second", "third")


class Builder:
    """Builds one instance, from the outside in."""

    def __init__(self, root: Schema, rng: Random, hints: Hints, *, sparing: bool) -> None:
        self.root = root
        self.rng = rng
        self.hints = hints
        self.effort = Effort()
        self.validator = Validator(root, self.effort)
        self.relevance = Relevance(root, hints, self.effort)
        self.sparing = sparing
        self.where: list[str] = []
        self.open_references: list[str] = []
        self.is_inside_tight = False

    def whole(self) -> Json:
        """Build the outermost value; it is always validated, whatever its construction promised."""
        self.open_references.append("#")
        return self.value((self.root,), "", checked=True)

    # -- one value --------------------------------------------------------------------------------------------

    def value(self, schemas: Schemas, name: str, outer: int = 0, *, checked: bool = False) -> Json:
        """Build a value that fits all of `schemas`; `outer` counts the attempts of the values around it."""
        turn = self.rng.getrandbits(16)
        mark = self.hints.mark()
        failure: UnsatisfiableSchema | None = None
        for attempt in range(max(MIN_ATTEMPTS, MAX_ATTEMPTS >> len(self.where))):
            self.effort.spend(EFFORT_OF_A_VALUE)
            shape = Shape(self.root)
            try:
                variation = self.decided(shape, schemas, name, outer + attempt, turn)
                made = self.shaped(shape, schemas, name, variation)
                if not (shape.checked or checked) or self.fits(made, schemas):
                    return made
                failure = UnsatisfiableSchema("the values that were made do not fit", tuple(self.where))
            except SchemaTooLarge:
                raise
            except UnsatisfiableSchema as error:
                failure = error
            self.hints.rewind(mark)
            # Only another branch or another value can help; without either, each attempt is like the first.
            if not shape.choices and (isinstance(failure, UnsupportedSyntax) or not (shape.checked or checked)):
                break
        assert failure is not None  # noqa: S101 - every attempt returns or fails
        raise failure

    def child(self, schemas: Schemas, key: str, name: str, outer: int) -> Json:
        """Build a value inside the one that is being built."""
        if len(self.where) >= MAX_DEPTH:
            raise UnsatisfiableSchema(f"more than {MAX_DEPTH} lists and objects within one another", tuple(self.where))
        self.where.append(key)
        try:
            return self.value(schemas, name, outer)
        finally:
            self.where.pop()

    def fits(self, value: object, schemas: Schemas) -> bool:
        """Whether a value is valid against all of `schemas`."""
        return all(self.validator.fits(value, schema) for schema in schemas)

    def decided(self, shape: Shape, schemas: Schemas, name: str, attempt: int, turn: int) -> int:
        """Fold the schemas, choose branches, and return how often all branches have been tried before.

        The attempts run through every combination of branches: `attempt` is read as a number whose digits are
        the branches, each in the base of its choice.
        """
        for schema in schemas:
            shape.fold(schema)
        self.effort.spend(EFFORT_OF_A_FOLD * shape.folds)
        made = 0
        while made < len(shape.choices):  # a branch may bring further choices
            options = self.ranked(shape, shape.choices[made], name, turn)
            self.effort.spend(EFFORT_OF_A_FOLD * len(options))
            attempt, digit = divmod(attempt, len(options))
            shape.fold(options[digit])
            made += 1
        return attempt

    def ranked(self, shape: Shape, options: Schemas, name: str, turn: int) -> list[Schema]:
        """Sort branches into the order in which they are tried."""
        start = turn % len(options)
        turned = [*options[start:], *options[:start]]
        if self.is_tight(shape):
            return sorted(turned, key=lambda option: weight(option, self.root, self.effort))
        if self.hints.text:
            turned.sort(key=lambda option: -self.relevance.rank(option, name))
        if any(_is_null(option) for option in options):
            null_first = self.sparing and not any(self.relevance.rank(option, name) for option in options)
            turned.sort(key=lambda option: _is_null(option) is not null_first)
        return turned

    def is_tight(self, shape: Shape) -> bool:
        """Whether only what is required should be made: deep down, late, or where a schema contains itself."""
        if self.is_inside_tight or len(self.where) >= SOFT_DEPTH or self.effort.is_half_gone:
            return True
        return any(reference in self.open_references for reference in shape.references)

    def shaped(self, shape: Shape, schemas: Schemas, name: str, variation: int) -> Json:
        """Build a value of one of the types that a shape allows."""
        if shape.members is not None:
            return self.member(shape, schemas, variation)
        types = self.types_of(shape, name)
        variation, index = divmod(variation, len(types))
        kind = types[index]
        if kind == "object":
            return self.inside(shape, self.object, name, variation)
        if kind == "array":
            return self.inside(shape, self.array, name, variation)
        if kind == "string":
            return text_within(shape, name, self.hints, self.rng, self.effort, variation)
        if kind == "boolean":
            return self.boolean(name, variation)
        if kind == "null":
            return None
        return number_within(shape, name, kind == "integer", self.hints, self.rng, variation)

    def inside(self, shape: Shape, make: _Make, name: str, variation: int) -> Json:
        """Build a list or an object while its references are known to be open."""
        before = len(self.open_references), self.is_inside_tight
        self.is_inside_tight = self.is_tight(shape)
        self.open_references += shape.references
        try:
            return make(shape, name, variation)
        finally:
            del self.open_references[before[0] :]
            self.is_inside_tight = before[1]

    def types_of(self, shape: Shape, name: str) -> tuple[str, ...]:
        """Return the types to try, in order; a schema without `type` has the type that its keywords are about."""
        if shape.types is None:
            if shape.objects or shape.required or shape.min_properties or shape.property_names:
                return ("object", *_SIMPLE_TYPES)
            if shape.arrays or shape.contained or shape.min_items or shape.unique:
                return ("array", *_SIMPLE_TYPES)
            if shape.low is not None or shape.high is not None or shape.steps:
                return ("number", *_SIMPLE_TYPES)
            return _SIMPLE_TYPES
        if "null" in shape.types and len(shape.types) > 1:
            others = tuple(kind for kind in shape.types if kind != "null")
            if self.is_tight(shape) or (self.sparing and not self.relevance.speaks_of_shape(shape, name, 1)):
                return ("null", *others)
            return (*others, "null")
        return shape.types

    def member(self, shape: Shape, schemas: Schemas, variation: int) -> Json:
        """Choose from an enumeration: what the message says first, then from a random place on."""
        members = shape.members or ()
        start = int(self.rng.random() * len(members))
        turned = [*members[start:], *members[:start]]
        if self.hints.text and len(members) > 1:
            turned.sort(key=lambda member: -len(str(member)) if self.relevance.is_said(member) else 0)
        if None in members and self.sparing and not self.relevance.is_said(turned[0]):
            turned.sort(key=lambda member: member is not None)
        skip = variation % len(turned)
        for member in (*turned[skip:], *turned[:skip]):
            if shape.types is None or any(has_type(member, kind) for kind in shape.types):
                candidate: Json = member  # type: ignore[assignment]  # decoded JSON
                if self.fits(candidate, schemas):
                    return candidate
        raise UnsatisfiableSchema("no member of the enumeration fits", tuple(self.where))

    def boolean(self, name: str, variation: int) -> bool:
        """Return true for what the message asks for, false for what it does without."""
        spoken = mentioned(words_of(name), self.hints)
        chosen = self.rng.random() < _EVEN if spoken is None else spoken
        return chosen if variation % 2 == 0 else not chosen

    # -- lists ------------------------------------------------------------------------------------------------

    def array(self, shape: Shape, name: str, variation: int) -> Json:
        """Build a list."""
        layers = [tuple_and_rest(layer) for layer in shape.arrays]
        prefix = max((len(first) for first, _ in layers), default=0)
        wanted, in_front = _contained(shape, variation)
        said: list[tuple[object, Found | None]] = []
        if not prefix and not wanted and variation == 0:
            said = self.relevance.listed(tuple(after for _, after in layers), name)
        size = self.size(shape, prefix, len(said), len(wanted), variation)
        items: list[Json] = []
        seen: set[Hashable] | None = set() if shape.unique else None
        for index in range(size):
            schemas = tuple(first[index] if index < len(first) else after for first, after in layers) or (True,)
            place = index if in_front else index - size + len(wanted)
            if 0 <= place < len(wanted):
                schemas += wanted[place]
            elif index < len(said) and self.fits(said[index][0], schemas):
                value, found = said[index]
                schemas += ({"const": value},)
                if found is not None:
                    self.hints.take(found)
            try:
                items.append(self.item(schemas, index, name, variation, seen))
            except SchemaTooLarge:
                raise
            except UnsatisfiableSchema:
                if len(items) < shape.min_items or wanted:
                    raise
                break
        return items

    def size(self, shape: Shape, prefix: int, said: int, wanted: int, variation: int) -> int:
        """How many items a list gets."""
        low = max(shape.min_items, wanted)
        high = MAX_SIZE if shape.max_items is None else shape.max_items
        if low > MAX_SIZE:
            raise SchemaTooLarge("items of a list", MAX_SIZE, tuple(self.where))
        if low > high:
            raise UnsatisfiableSchema(f"no list has {low} to {high} items", tuple(self.where))
        if self.is_tight(shape):
            return low
        if said:
            return min(max(said, low), high, max(low, MAX_LISTED))
        comfortable = prefix + wanted or 1 + int(self.rng.random() * COMFORTABLE_ITEMS)
        return min(max(comfortable - variation % (COMFORTABLE_ITEMS + 1), low), high)

    def item(self, schemas: Schemas, index: int, name: str, variation: int, seen: set[Hashable] | None) -> Json:
        """Build one item; `seen` holds those that it must differ from."""
        for attempt in range(1 if seen is None else MIN_ATTEMPTS):
            item = self.child(schemas, str(index), name, variation + attempt)
            if seen is None:
                return item
            key = key_of(item)
            if key not in seen:
                seen.add(key)
                return item
        raise UnsatisfiableSchema("no further different item was found", tuple(self.where))

    # -- objects ----------------------------------------------------------------------------------------------

    def object(self, shape: Shape, name: str, variation: int) -> Json:
        """Build an object: required properties, those optional ones that belong here, and further ones if need be."""
        known = dict.fromkeys(key for layer in shape.objects for key in layer.get("properties", ()))
        required = self.with_dependents(dict.fromkeys(shape.required), shape)
        made: dict[str, Json] = {}
        order = [*known, *(key for key in required if key not in known)]
        if self.hints.text:  # "participants" takes the names of a message before a plain "name" does
            order.sort(key=precedence)
        for key in order:
            if key in required:
                made[key] = self.child(self.schemas_for(shape, key), key, key, variation)
            elif self.is_welcome(shape, key, len(made.keys() | required), variation, alone=len(known) == 1):
                self.try_property(shape, key, made, required, variation)
        for key in required:
            if key not in made:
                made[key] = self.child(self.schemas_for(shape, key), key, key, variation)
        if shape.max_properties is not None and len(made) > shape.max_properties:
            raise UnsatisfiableSchema(f"more than {shape.max_properties} properties are required", tuple(self.where))
        self.fill_up(shape, made, required, known, name, variation)
        return {key: made[key] for key in (*(key for key in known if key in made), *made)}

    def schemas_for(self, shape: Shape, key: str) -> Schemas:
        """Return what all layers ask of a property; anything if none speaks of it."""
        return tuple(each for layer in shape.objects for each in property_schemas(layer, key, self.effort)) or (True,)

    def with_dependents(self, keys: dict[str, None], shape: Shape) -> dict[str, None]:
        """Add the properties that `keys` require in turn."""
        grown = dict(keys)
        for key in (waiting := [*keys]):
            for depending, others in shape.dependents:
                if depending == key:
                    new = [other for other in others if other not in grown]
                    grown |= dict.fromkeys(new)
                    waiting += new
        return grown

    def is_welcome(self, shape: Shape, key: str, size: int, variation: int, *, alone: bool) -> bool:
        """Whether an optional property is made; one that stands `alone` and is a list is all that there is to say."""
        if variation % 2 or (shape.max_properties is not None and size >= shape.max_properties):
            return False
        if self.is_tight(shape):
            return False
        if not self.sparing or variation > 0:
            return True
        schemas = self.schemas_for(shape, key)
        if alone and any(isinstance(schema, dict) and schema.get("type") == "array" for schema in schemas):
            return True
        return self.relevance.speaks_of(schemas, key, 1)

    def try_property(
        self, shape: Shape, key: str, made: dict[str, Json], required: dict[str, None], variation: int
    ) -> bool:
        """Make an optional property and what depends on it, or leave it out if that cannot be."""
        if not all(self.fits(key, (rule,)) for rule in shape.property_names):
            return False
        bound = [other for other in self.with_dependents({key: None}, shape) if other != key and other not in required]
        limit = shape.max_properties
        if limit is not None and len(made.keys() | required | {key, *bound}) > limit:
            return False
        try:
            made[key] = self.child(self.schemas_for(shape, key), key, key, variation)
        except SchemaTooLarge:
            raise
        except UnsatisfiableSchema:
            return False
        required |= dict.fromkeys(bound)
        return True

    def fill_up(
        self,
        shape: Shape,
        made: dict[str, Json],
        required: dict[str, None],
        known: dict[str, None],
        name: str,
        variation: int,
    ) -> None:
        """Add properties up to `minProperties`, and one or two where an object is a dictionary of free names."""
        if shape.min_properties > MAX_SIZE:
            raise SchemaTooLarge("properties of an object", MAX_SIZE, tuple(self.where))
        missing = shape.min_properties - len(made)
        free = not known and not self.sparing and not self.is_tight(shape) and variation % 2 == 0
        if free and missing <= 0 and any(_is_dictionary(layer) for layer in shape.objects):
            missing = 1 + int(self.rng.random() * 2)
            if shape.max_properties is not None:
                missing = min(missing, shape.max_properties - len(made))
        for key in self.further_names(shape, known, len(made) + missing) if missing > 0 else ():
            if key not in made and self.try_property(shape, key, made, required, variation):
                for bound in required:
                    if bound not in made:
                        made[bound] = self.child(self.schemas_for(shape, bound), bound, bound, variation)
                missing -= 1
            if missing <= 0:
                return
        if len(made) < shape.min_properties:
            raise UnsatisfiableSchema(f"fewer than {shape.min_properties} properties were found", tuple(self.where))

    def further_names(self, shape: Shape, known: dict[str, None], count: int) -> Iterator[str]:
        """Names for further properties: known ones, those of a pattern, made-up ones."""
        yield from known
        for rule in shape.property_names:
            for turn in range(2 * count + 4):
                text = self.value(({"type": "string"}, rule), "", turn)
                if isinstance(text, str):
                    yield text
        for layer in shape.objects:
            for pattern in layer.get("patternProperties", ()):
                for _ in range(2 * count + 4):
                    yield compiled(pattern, self.effort).sample(self.rng, effort=self.effort)
        if not shape.property_names:
            yield from _FREE_NAMES
            yield from (f"key_{index}" for index in range(1, count + 1))


def _contained(shape: Shape, variation: int) -> tuple[list[Schemas], bool]:
    """Return what `contains` asks of items, and whether of the first ones (else of the last).

    Which items will do depends on what `prefixItems` and `items` ask of them, so each variation tries another
    plan: items of their own at the end, one item for all, items in front, and no item in particular.
    """
    each: list[Schemas] = [(schema,) for schema, count in shape.contained for _ in range(count)]
    plan = variation % 4
    if plan == 1 and each:
        each = [tuple(schema for schema, count in shape.contained if count)]
    return ([] if plan == 3 else each), plan == 2


def _is_null(schema: Schema) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def _is_dictionary(layer: Mapping[str, object]) -> bool:
    """Whether an object's free names have a schema of their own."""
    return bool(layer.get("patternProperties")) or isinstance(layer.get("additionalProperties"), Mapping)
