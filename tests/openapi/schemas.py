"""Parts of the OpenAPI document as JSON Schema, corrected by what recordings show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

HERE = Path(__file__).parent


def closed(schema: Any) -> Any:
    """The schema as JSON Schema: `nullable` spelled out, and no field that the document does not name."""
    if isinstance(schema, list):
        return [closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(entry) for name, entry in schema.items() if name != "nullable"}
    if isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") else made


def document(name: str) -> dict[str, Any]:
    """One of the files beside this one."""
    read: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return read


def corrected(name: str) -> dict[str, Any]:
    """A document's schemas with what recordings show instead."""
    schemas: dict[str, Any] = document(name)["schemas"]
    for patch in document(f"{name}_overlay")["patches"]:
        *path, last = patch["at"].split("/")[1:]
        place: Any = schemas
        for step in path:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = patch["value"]
    return {name: closed(schema) for name, schema in schemas.items()}


def validator(name: str, schema: str) -> Draft202012Validator:
    """For one of a document's schemas."""
    schemas = corrected(name)
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": {"schemas": schemas}})
