"""`GET /v1/models` and `GET /v1/models/{model}`: what this account may use."""

from typing import Any

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.catalog import Catalog, Model
from understudy.core.messages import Request
from understudy.core.serialise import pretty


def _shown(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owned_by}


class ModelList:
    """All models of the era that the account's usage tier has."""

    proxied = True

    def look_up(self, request: Request, names: dict[str, str], account: Account, catalog: Catalog, era: int) -> bytes:
        """The list, in the catalogue's order."""
        models = [_shown(model) for model in catalog.models(era) if account.limits_for(model) is not None]
        return pretty({"object": "list", "data": models})


class ModelDetail:
    """One model."""

    proxied = True

    def look_up(self, request: Request, names: dict[str, str], account: Account, catalog: Catalog, era: int) -> bytes:
        """The model; a 404 names the one that does not exist (recorded 2025-03)."""
        name = names["model"]
        model = catalog.find(name, era)
        if model is None or account.limits_for(model) is None:
            raise errors.NotFound(
                f"The model '{name}' does not exist",
                code="model_not_found",
                param="model",
                layer=errors.Layer.ENGINE,
            )
        return pretty(_shown(model))
