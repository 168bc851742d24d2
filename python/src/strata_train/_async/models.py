"""Models, and what they say of images."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Optional, cast

from .. import schemas
from .._files import PathLike
from .._images import encoded_images
from .artifacts import AsyncArtifacts
from .connection import AsyncConnection, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Unpack


_LOOK_S = 1.0


class AsyncModel:
    """A model, as it was when it was read."""

    def __init__(self, connection: AsyncConnection, data: schemas.Model) -> None:
        self._connection = connection
        self.data = data

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def test_accuracy(self) -> float:
        return self.data["test_accuracy"]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.name!r} test_accuracy={self.test_accuracy:.4f}>"

    async def predict(
        self, images: Any, *, top_k: int = 5, variant: schemas.ModelVariantName = "full"
    ) -> schemas.Prediction:
        """The classes of one image, or of several in a list: paths, bytes of files, images of PIL or arrays of uint8.

        It is sent again if the server asks for it: a prediction changes nothing.
        """
        body = {"images": encoded_images(images)}
        path = f"/models/{quoted(self.id)}/predict"
        params = {"top_k": top_k, "variant": variant}
        answer = await self._connection.json("POST", path, json=body, params=params, retry=True)
        return cast(schemas.Prediction, answer)

    async def tag(self, tag: str) -> None:
        """Gives this model a tag, which the model of the same name that has it loses."""
        self.data = await self._connection.json("PUT", f"/models/{quoted(self.id)}/tags/{quoted(tag)}")

    async def untag(self, tag: str) -> None:
        await self._connection.json("DELETE", f"/models/{quoted(self.id)}/tags/{quoted(tag)}")

    async def push(self, **request: "Unpack[schemas.ModelPushRequest]") -> schemas.ModelPush:
        """Pushes the model to a bucket or another registry, in a moment; ``pushes`` tells when it is there."""
        path = f"/models/{quoted(self.id)}/pushes"
        return cast(schemas.ModelPush, await self._connection.json("POST", path, json=request))

    async def pushes(self) -> "list[schemas.ModelPush]":
        answer = await self._connection.get(f"/models/{quoted(self.id)}/pushes")
        return cast("list[schemas.ModelPush]", answer["data"])

    async def update(
        self,
        *,
        name: Optional[str] = None,
        description: Optional[str] = None,
        metadata: "Optional[dict[str, str]]" = None,
    ) -> None:
        """Fields that are not given keep their value. Metadata is replaced as a whole."""
        given = {"name": name, "description": description, "metadata": metadata}
        body = {field: value for field, value in given.items() if value is not None}
        self.data = await self._connection.json("PATCH", f"/models/{quoted(self.id)}", json=body)

    async def download(self, folder: PathLike) -> "list[Path]":
        """Writes every file of the job that made this model."""
        return await AsyncArtifacts(self._connection).download_all(self.data["job_id"], folder)

    async def lineage(self) -> schemas.Lineage:
        """Where the model came from, and what was said of it."""
        return cast(schemas.Lineage, await self._connection.get(f"/models/{quoted(self.id)}/lineage"))

    async def statement(self) -> schemas.SignedStatement:
        """A statement about the files and the origin of the model, signed by the service's key."""
        answer = await self._connection.get(f"/models/{quoted(self.id)}/statement")
        return cast(schemas.SignedStatement, answer)

    async def bill_of_materials(self) -> schemas.BillOfMaterials:
        """What the model was made of, as CycloneDX."""
        answer = await self._connection.get(f"/models/{quoted(self.id)}/bill-of-materials")
        return cast(schemas.BillOfMaterials, answer)

    async def reproduce(self, *, wait: bool = True) -> schemas.Reproduction:
        """Trains the model again; with ``wait``, once the weights are compared."""
        path = f"/models/{quoted(self.id)}/reproductions"
        answer = cast(schemas.Reproduction, await self._connection.json("POST", path))
        while wait and answer["finished_at"] is None:
            await asyncio.sleep(_LOOK_S)
            path = f"/reproductions/{quoted(answer['id'])}"
            answer = cast(schemas.Reproduction, await self._connection.get(path))
        return answer

    async def delete(self) -> None:
        await self._connection.json("DELETE", f"/models/{quoted(self.id)}")


class AsyncModels:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, model_id: str) -> AsyncModel:
        return AsyncModel(self._connection, await self._connection.get(f"/models/{quoted(model_id)}"))

    async def all(self, **query: "Unpack[schemas.ListModelsQuery]") -> AsyncIterator[AsyncModel]:
        """Yields every model that the query matches, page by page."""
        params: dict[str, Any] = {**query}
        while True:
            page: schemas.ModelList = await self._connection.get("/models", params)
            for data in page["data"]:
                yield AsyncModel(self._connection, data)
            if page["next"] is None:
                return
            params["after"] = page["next"]

    async def signing_key(self) -> schemas.SigningKey:
        """The public key that verifies statements."""
        return cast(schemas.SigningKey, await self._connection.get("/signing-key"))

    async def compare(self, a: str, b: str) -> schemas.ModelComparison:
        return cast(schemas.ModelComparison, await self._connection.get("/models/compare", {"a": a, "b": b}))
