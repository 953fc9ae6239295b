"""`/v1/models`: what this account may use, and that it cannot be deleted."""

from typing import Any

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.catalog import Catalog, Model
from understudy.core.messages import Request
from understudy.core.serialise import pretty


def _shown(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": model.created, "owned_by": model.owned_by}


def models_for(account: Account, catalog: Catalog, era: int) -> list[Model]:
    """All models of the era that the account's usage tier has, in the catalogue's order."""
    return [model for model in catalog.models(era) if account.limits_for(model) is not None]


def model_for(name: str, account: Account, catalog: Catalog, era: int) -> Model:
    """One of them.

    Raises:
        NotFound: it names the one that does not exist (recorded 2025-03).
    """
    model = catalog.find(name, era)
    if model is None or account.limits_for(model) is None:
        raise errors.NotFound(
            f"The model '{name}' does not exist",
            code="model_not_found",
            param="model",
            layer=errors.Layer.ENGINE,
        )
    return model


class ModelList:
    """All models of the era that the account's usage tier has."""

    proxied = True

    def look_up(self, request: Request, names: dict[str, str], account: Account, catalog: Catalog, era: int) -> bytes:
        """The list, in the catalogue's order."""
        return pretty({"object": "list", "data": [_shown(model) for model in models_for(account, catalog, era)]})


class ModelDetail:
    """One model."""

    proxied = True

    def look_up(self, request: Request, names: dict[str, str], account: Account, catalog: Catalog, era: int) -> bytes:
        """The model, or the 404 that names it."""
        return pretty(_shown(model_for(names["model"], account, catalog, era)))


class ModelDeletion:
    """`DELETE /v1/models/{model}`: only fine-tuned models can be deleted, and none was made here."""

    proxied = True

    def look_up(self, request: Request, names: dict[str, str], account: Account, catalog: Catalog, era: int) -> bytes:
        """Always a refusal.

        Raises:
            NotFound: there is no such model.
            Forbidden: it is one of OpenAI's own (reported for whisper-1, 2024).
            ServerError: a fine-tuned one.
        """
        model = model_for(names["model"], account, catalog, era)
        if model.id.startswith("ft:"):
            raise errors.not_simulated("Deletions of fine-tuned models are")
        raise errors.missing_scope("api.delete")
