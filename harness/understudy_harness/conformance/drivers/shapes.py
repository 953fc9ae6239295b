"""Makes a type of the JSON Schema of a `parse` run, for clients that want a Pydantic model."""

from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

_TYPES: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}


def model_of(name: str, schema: dict[str, Any]) -> type[BaseModel]:
    """A model with the properties of an object, which are required and plain."""
    fields: dict[str, Any] = {key: (_TYPES[told["type"]], ...) for key, told in schema["properties"].items()}
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
