"""`$ref` within one schema document: JSON pointers and `$anchor` names."""

from collections.abc import Mapping
from urllib.parse import unquote

from understudy.core.replies.unsatisfiable import UnsatisfiableSchema

Schema = Mapping[str, object] | bool
"""A JSON Schema: an object of keywords, or true (anything) or false (nothing)."""

Schemas = tuple[Schema, ...]
"""Schemas that hold together."""


def resolved(root: Schema, reference: str) -> Schema:
    """Return the schema that a local reference points to.

    Raises:
        UnsatisfiableSchema: it leads out of the document, nowhere, or to something that is no schema.
    """
    if not reference.startswith("#"):
        raise UnsatisfiableSchema(f"the reference {reference!r} leads out of the schema")
    pointer = unquote(reference[1:]) if "%" in reference else reference[1:]
    found = _pointed_at(root, pointer) if pointer == "" or pointer.startswith("/") else _anchored(root, pointer)
    if isinstance(found, Mapping | bool):
        return found
    raise UnsatisfiableSchema(f"the reference {reference!r} leads nowhere")


def _pointed_at(root: object, pointer: str) -> object:
    here = root
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping):
            here = here.get(key)
        elif isinstance(here, list) and key.isdecimal() and int(key) < len(here):
            here = here[int(key)]
        else:
            return None
    return here


def _anchored(root: Schema, name: str) -> object:
    """Return a definition with this `$anchor`; anchors deeper in the document are not looked for."""
    if isinstance(root, Mapping):
        for group in ("$defs", "definitions"):
            definitions = root.get(group)
            if isinstance(definitions, Mapping):
                for definition in definitions.values():
                    if isinstance(definition, Mapping) and definition.get("$anchor") == name:
                        return definition
    return None
