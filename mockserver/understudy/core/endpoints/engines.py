"""`GET /v1/engines` and `GET /v1/engines/{engine}`: the models, as clients of before 2023 knew them.

The path was retired on 2022-12-03 (deprecations page) and answers here at every date: openai-python up to 0.28 still
asks it. Shape and key order as tutorials of 2022 show them; every owner is `openai`, where some were `openai-dev` ("our
choice").
"""

from typing import Any

from understudy.core.accounts import Account
from understudy.core.catalog import Catalog, Model
from understudy.core.endpoints.models import model_for, models_for
from understudy.core.messages import Request
from understudy.core.serialise import pretty


def _shown(model: Model) -> dict[str, Any]:
    return {
        "object": "engine",
        "id": model.id,
        "ready": True,
        "owner": "openai",
        "permissions": None,
        "created": None,
    }


class EngineList:
    """All models of the era that the account's usage tier has."""

    proxied = True

    def look_up(self, request: Request, names: dict[str, str], account: Account, catalog: Catalog, era: int) -> bytes:
        """The list, in the catalogue's order."""
        return pretty({"object": "list", "data": [_shown(model) for model in models_for(account, catalog, era)]})


class EngineDetail:
    """One of them."""

    proxied = True

    def look_up(self, request: Request, names: dict[str, str], account: Account, catalog: Catalog, era: int) -> bytes:
        """The engine; the 404 is that of models."""
        return pretty(_shown(model_for(names["engine"], account, catalog, era)))
