# Generated from ../_async/models.py by `npm run generate`. Do not edit.
"""Models, and what they say of images."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Optional, cast

from .. import schemas
from .._files import PathLike
from .._images import encoded_images
from .artifacts import Artifacts
from .connection import Connection, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Unpack


_LOOK_S = 1.0


class Model:
    """A model, as it was when it was read."""

    def __init__(self, connection: Connection, data: schemas.Model) -> None:
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

    def predict(
        self, images: Any, *, top_k: int = 5, variant: schemas.ModelVariantName = "full"
    ) -> schemas.Prediction:
        """The classes of one image, or of several in a list: paths, bytes of files, images of PIL or arrays of uint8.

        It is sent again if the server asks for it: a prediction changes nothing.
        """
        body = {"images": encoded_images(images)}
        path = f"/models/{quoted(self.id)}/predict"
        params = {"top_k": top_k, "variant": variant}
        answer = self._connection.json("POST", path, json=body, params=params, retry=True)
        return cast(schemas.Prediction, answer)

    def tag(self, tag: str) -> None:
        """Gives this model a tag, which the model of the same name that has it loses."""
        self.data = self._connection.json("PUT", f"/models/{quoted(self.id)}/tags/{quoted(tag)}")

    def untag(self, tag: str) -> None:
        self._connection.json("DELETE", f"/models/{quoted(self.id)}/tags/{quoted(tag)}")

    def push(self, **request: "Unpack[schemas.ModelPushRequest]") -> schemas.ModelPush:
        """Pushes the model to a bucket or another registry, in a moment; ``pushes`` tells when it is there."""
        path = f"/models/{quoted(self.id)}/pushes"
        return cast(schemas.ModelPush, self._connection.json("POST", path, json=request))

    def pushes(self) -> "list[schemas.ModelPush]":
        answer = self._connection.get(f"/models/{quoted(self.id)}/pushes")
        return cast("list[schemas.ModelPush]", answer["data"])

    def update(
        self,
        *,
        name: Optional[str] = None,
        description: Optional[str] = None,
        metadata: "Optional[dict[str, str]]" = None,
    ) -> None:
        """Fields that are not given keep their value. Metadata is replaced as a whole."""
        given = {"name": name, "description": description, "metadata": metadata}
        body = {field: value for field, value in given.items() if value is not None}
        self.data = self._connection.json("PATCH", f"/models/{quoted(self.id)}", json=body)

    def download(self, folder: PathLike) -> "list[Path]":
        """Writes every file of the job that made this model."""
        return Artifacts(self._connection).download_all(self.data["job_id"], folder)

    def lineage(self) -> schemas.Lineage:
        """Where the model came from, and what was said of it."""
        return cast(schemas.Lineage, self._connection.get(f"/models/{quoted(self.id)}/lineage"))

    def statement(self) -> schemas.SignedStatement:
        """A statement about the files and the origin of the model, signed by the service's key."""
        answer = self._connection.get(f"/models/{quoted(self.id)}/statement")
        return cast(schemas.SignedStatement, answer)

    def bill_of_materials(self) -> schemas.BillOfMaterials:
        """What the model was made of, as CycloneDX."""
        answer = self._connection.get(f"/models/{quoted(self.id)}/bill-of-materials")
        return cast(schemas.BillOfMaterials, answer)

    def reproduce(self, *, wait: bool = True) -> schemas.Reproduction:
        """Trains the model again; with ``wait``, once the weights are compared."""
        path = f"/models/{quoted(self.id)}/reproductions"
        answer = cast(schemas.Reproduction, self._connection.json("POST", path))
        while wait and answer["finished_at"] is None:
            time.sleep(_LOOK_S)
            path = f"/reproductions/{quoted(answer['id'])}"
            answer = cast(schemas.Reproduction, self._connection.get(path))
        return answer

    def delete(self) -> None:
        self._connection.json("DELETE", f"/models/{quoted(self.id)}")


class Models:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, model_id: str) -> Model:
        return Model(self._connection, self._connection.get(f"/models/{quoted(model_id)}"))

    def all(self, **query: "Unpack[schemas.ListModelsQuery]") -> Iterator[Model]:
        """Yields every model that the query matches, page by page."""
        params: dict[str, Any] = {**query}
        while True:
            page: schemas.ModelList = self._connection.get("/models", params)
            for data in page["data"]:
                yield Model(self._connection, data)
            if page["next"] is None:
                return
            params["after"] = page["next"]

    def signing_key(self) -> schemas.SigningKey:
        """The public key that verifies statements."""
        return cast(schemas.SigningKey, self._connection.get("/signing-key"))

    def compare(self, a: str, b: str) -> schemas.ModelComparison:
        return cast(schemas.ModelComparison, self._connection.get("/models/compare", {"a": a, "b": b}))
