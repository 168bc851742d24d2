"""The registry: versions and aliases of the models of a name, and promotions."""

from typing import TYPE_CHECKING, List, Optional, cast

from .. import schemas
from .connection import AsyncConnection, quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack


class AsyncRegistry:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, **query: "Unpack[schemas.ListRegisteredModelsQuery]") -> schemas.RegisteredNameList:
        """The names of models, each with its latest version and aliases."""
        return cast(schemas.RegisteredNameList, await self._connection.get("/registry", {**query}))

    async def get(self, name: str) -> schemas.RegisteredModel:
        """The versions and aliases of a name."""
        return cast(schemas.RegisteredModel, await self._connection.get(f"/registry/{quoted(name)}"))

    async def alias(self, name: str, alias: str) -> schemas.Alias:
        return cast(schemas.Alias, await self._connection.get(_alias_path(name, alias)))

    async def set_alias(self, name: str, alias: str, version: int, *, etag: Optional[str] = None) -> schemas.Alias:
        """Gives an alias to a version, if it is still as it was when ``etag`` was read; without ``etag``, as it is now."""
        seen = (await self.alias(name, alias))["etag"] if etag is None else etag
        body = {"version": version}
        headers = {"if-match": seen}
        answer = await self._connection.json("PUT", _alias_path(name, alias), json=body, headers=headers)
        return cast(schemas.Alias, answer)

    async def set_rule(self, name: str, alias: str, **rule: "Unpack[schemas.AliasRule]") -> schemas.Alias:
        """Says what a model needs to get the alias, which changes by promotions only from then on."""
        return cast(schemas.Alias, await self._connection.json("PUT", f"{_alias_path(name, alias)}/rule", json=rule))

    async def delete_rule(self, name: str, alias: str) -> None:
        await self._connection.json("DELETE", f"{_alias_path(name, alias)}/rule")

    async def promote(self, name: str, **request: "Unpack[schemas.PromotionRequest]") -> schemas.Promotion:
        """Asks for an alias. ``state`` says whether the rule let it through."""
        path = f"/registry/{quoted(name)}/promotions"
        return cast(schemas.Promotion, await self._connection.json("POST", path, json=request))

    async def promotions(self, name: str) -> "List[schemas.Promotion]":
        """The newest promotions of a name."""
        answer = await self._connection.get(f"/registry/{quoted(name)}/promotions")
        return cast("List[schemas.Promotion]", answer["data"])

    async def promotion(self, promotion_id: str) -> schemas.Promotion:
        return cast(schemas.Promotion, await self._connection.get(f"/promotions/{quoted(promotion_id)}"))

    async def approve(self, promotion_id: str) -> schemas.Promotion:
        return cast(schemas.Promotion, await self._connection.json("POST", f"/promotions/{quoted(promotion_id)}/approve"))

    async def reject(self, promotion_id: str) -> schemas.Promotion:
        return cast(schemas.Promotion, await self._connection.json("POST", f"/promotions/{quoted(promotion_id)}/reject"))


def _alias_path(name: str, alias: str) -> str:
    return f"/registry/{quoted(name)}/aliases/{quoted(alias)}"
