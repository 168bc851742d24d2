# Generated from ../_async/registry.py by `npm run generate`. Do not edit.
"""The registry: versions and aliases of the models of a name, and promotions."""

from typing import TYPE_CHECKING, List, Optional, cast

from .. import schemas
from .connection import Connection, quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Registry:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, **query: "Unpack[schemas.ListRegisteredModelsQuery]") -> schemas.RegisteredNameList:
        """The names of models, each with its latest version and aliases."""
        return cast(schemas.RegisteredNameList, self._connection.get("/registry", {**query}))

    def get(self, name: str) -> schemas.RegisteredModel:
        """The versions and aliases of a name."""
        return cast(schemas.RegisteredModel, self._connection.get(f"/registry/{quoted(name)}"))

    def alias(self, name: str, alias: str) -> schemas.Alias:
        return cast(schemas.Alias, self._connection.get(_alias_path(name, alias)))

    def set_alias(self, name: str, alias: str, version: int, *, etag: Optional[str] = None) -> schemas.Alias:
        """Gives an alias to a version, if it is still as it was when ``etag`` was read; without ``etag``, as it is now."""
        seen = (self.alias(name, alias))["etag"] if etag is None else etag
        body = {"version": version}
        headers = {"if-match": seen}
        answer = self._connection.json("PUT", _alias_path(name, alias), json=body, headers=headers)
        return cast(schemas.Alias, answer)

    def set_rule(self, name: str, alias: str, **rule: "Unpack[schemas.AliasRule]") -> schemas.Alias:
        """Says what a model needs to get the alias, which changes by promotions only from then on."""
        return cast(schemas.Alias, self._connection.json("PUT", f"{_alias_path(name, alias)}/rule", json=rule))

    def delete_rule(self, name: str, alias: str) -> None:
        self._connection.json("DELETE", f"{_alias_path(name, alias)}/rule")

    def promote(self, name: str, **request: "Unpack[schemas.PromotionRequest]") -> schemas.Promotion:
        """Asks for an alias. ``state`` says whether the rule let it through."""
        path = f"/registry/{quoted(name)}/promotions"
        return cast(schemas.Promotion, self._connection.json("POST", path, json=request))

    def promotions(self, name: str) -> "List[schemas.Promotion]":
        """The newest promotions of a name."""
        answer = self._connection.get(f"/registry/{quoted(name)}/promotions")
        return cast("List[schemas.Promotion]", answer["data"])

    def promotion(self, promotion_id: str) -> schemas.Promotion:
        return cast(schemas.Promotion, self._connection.get(f"/promotions/{quoted(promotion_id)}"))

    def approve(self, promotion_id: str) -> schemas.Promotion:
        return cast(schemas.Promotion, self._connection.json("POST", f"/promotions/{quoted(promotion_id)}/approve"))

    def reject(self, promotion_id: str) -> schemas.Promotion:
        return cast(schemas.Promotion, self._connection.json("POST", f"/promotions/{quoted(promotion_id)}/reject"))


def _alias_path(name: str, alias: str) -> str:
    return f"/registry/{quoted(name)}/aliases/{quoted(alias)}"
