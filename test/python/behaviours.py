"""What a user of strata-train sees, against a live server. argv: the behaviour, then JSON with url, key, job and other facts."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

import strata_train
from strata_train import AsyncStrata, Strata, StrataError
from strata_train._async import datasets as uploads
from strata_train._images import png
from strata_train._sync import datasets as sync_uploads

SPEC: Any = {"dataset": "mnist", "max_train_samples": 256, "batch_size": 32, "epochs": 2}


def client(facts: Any, **options: Any) -> Strata:
    return Strata(facts["url"], facts["key"], **options)


def code_of(call: Any) -> str:
    try:
        call()
    except StrataError as error:
        return error.code
    raise AssertionError("no error was raised")


def creates_once(facts: Any) -> Any:
    """The first answer is lost on the way."""
    strata = client(facts)
    job = strata.jobs.create({**SPEC, "metadata": {"team": "once"}})
    return {"depth": job.data["spec"]["model"]["depth"], "jobs": [found.id for found in strata.jobs.all(metadata={"team": "once"})] == [job.id]}


def pages(facts: Any) -> Any:
    strata = client(facts)
    made = [strata.jobs.create({**SPEC, "metadata": {"team": "pages"}}).id for _ in range(5)]
    seen = [job.id for job in strata.jobs.all(limit=2, metadata={"team": "pages"})]
    return seen == made[::-1]


def registers(facts: Any) -> Any:
    strata = client(facts)
    name = strata.jobs.get(facts["job"]).wait().model().name
    registry = strata.registry
    assert [each["name"] for each in registry.list(limit=10)["data"]] == [name]
    version = registry.get(name)["latest_version"]
    registry.set_alias(name, "staging", version)
    stale = code_of(lambda: registry.set_alias(name, "staging", version, etag="none"))
    registry.set_rule(name, "production", requires=[], approvals=1)
    ruled = code_of(lambda: registry.set_alias(name, "production", version))
    waiting = [registry.promote(name, version=version, alias="production", note="try") for _ in range(2)]
    ended = [registry.reject(waiting[0]["id"]), registry.approve(waiting[1]["id"])]
    states = [registry.promotion(each["id"])["state"] for each in ended]
    registry.delete_rule(name, "production")
    return {
        "codes": [stale, ruled],
        "states": states,
        "listed": [each["state"] for each in registry.promotions(name)],
        "holds": registry.alias(name, "production")["version"] == version,
    }


def batches(facts: Any) -> Any:
    strata = client(facts)
    model = strata.jobs.get(facts["job"]).wait().model().id
    (done,) = strata.batches.list(model=model)["data"]
    folder = Path(facts["folder"])
    files = [strata.batches.download(done["id"], folder / name, errors=name == "errors").read_text() for name in ("result", "errors")]
    pictures = folder / "october"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(png(2, 2, 1, bytes(4)))
    upload = strata.datasets.send(pictures, progress=False)
    codes = [
        code_of(lambda: strata.batches.create(model=model, input={"upload": upload})),
        code_of(lambda: strata.batches.create(model=model, input={"dataset": "nowhere"})),
    ]
    cancelled = strata.batches.cancel(done["id"])["state"]
    strata.batches.delete(done["id"])
    return {"files": files, "codes": codes, "cancelled": cancelled, "gone": code_of(lambda: strata.batches.get(done["id"]))}


def follows(facts: Any) -> Any:
    job = client(facts).jobs.get(facts["job"])
    events = list(job.follow())
    return {"seqs": [event["seq"] for event in events], "last": events[-1]["type"], "state": job.state}


def follows_async(facts: Any) -> Any:
    async def run() -> Any:
        async with AsyncStrata(facts["url"], facts["key"]) as strata:
            job = await strata.jobs.get(facts["job"])
            return [event["seq"] async for event in job.follow()]

    return asyncio.run(run())


def outlives_server(facts: Any) -> Any:
    """The server is killed once this has said what it saw first."""
    job = client(facts).jobs.get(facts["job"])
    types = []
    for event in job.follow():
        types.append(event["type"])
        print(event["type"], file=sys.stderr, flush=True)
    return {"types": types, "state": job.state}


def waits_async(facts: Any) -> Any:
    async def run() -> Any:
        async with AsyncStrata(facts["url"], facts["key"]) as strata:
            job = await strata.jobs.create(SPEC)
            try:
                await job.wait(timeout=0)
            except StrataError as error:
                early = error.code
            other = await strata.jobs.get(job.id)
            waited, _ = await asyncio.gather(job.wait(), other.cancel())
            try:
                waited.raise_for_state()
            except StrataError as error:
                final = error.code
            return [early, waited.state, final]

    return asyncio.run(run())


def runs_live(facts: Any) -> Any:
    """A worker takes the job while this follows it."""
    job = client(facts).jobs.create({**SPEC, "name": "live"})
    types = [event["type"] for event in job.follow()]
    return [types[0], types[-1], job.state, job.wait().state, job.model().name]


def metrics(facts: Any) -> Any:
    job = client(facts).jobs.get(facts["job"])
    frame = job.metrics(name=["loss"], stage=0).to_pandas()
    return {
        "columns": list(frame.columns),
        "types": [str(kind) for kind in frame.dtypes[["stage", "step", "value"]]],
        "rows": len(frame),
        "times": str(frame["at"].dt.tz),
    }


def html(facts: Any) -> Any:
    job = client(facts).jobs.get(facts["job"])
    return {"job": job._repr_html_(), "metrics": job.metrics()._repr_html_()}


def errors(facts: Any) -> Any:
    strata = client(facts)
    try:
        strata.jobs.create({"dataset": "nowhere"})
    except StrataError as error:
        refused = {"code": error.code, "status": error.status, "pointer": error.pointer, "remedy": error.remedy, "id": bool(error.request_id), "text": str(error)}
    stranger = Strata(facts["url"], "strata_0_0")
    nobody = Strata("http://127.0.0.1:9")
    return {
        "refused": refused,
        "codes": [
            code_of(lambda: strata.jobs.get("job_0")),
            code_of(lambda: next(iter(strata.jobs.get(facts["job"]).follow())) and strata.jobs.get("../workers")),
            code_of(lambda: list(stranger.jobs.all())),
            code_of(lambda: nobody.request("GET", "/workers")),
        ],
    }


def downloads(facts: Any) -> Any:
    """The first download breaks in the middle."""
    strata = client(facts)
    job = strata.jobs.get(facts["job"])
    folder = Path(facts["folder"])
    paths = job.download(folder)
    before = [path.stat().st_mtime_ns for path in paths]
    again = job.download(folder)
    artifact = job.artifacts()[0]
    wrong: Any = {**artifact, "sha256": "0" * 64}
    outside: Any = {**artifact, "name": "../weights.bin"}
    return {
        "files": sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()),
        "kept": before == [path.stat().st_mtime_ns for path in again],
        "codes": [
            code_of(lambda: strata.artifacts.read(wrong)),
            code_of(lambda: strata.artifacts.download(wrong, folder)),
            code_of(lambda: strata.artifacts.download(outside, folder)),
        ],
        "left": [path.name for path in folder.rglob(".*")],
    }


def image_folder(facts: Any) -> Path:
    """Forty images, all different, in the folders of two classes."""
    folder = Path(facts["folder"], "flowers")
    for index in range(40):
        path = folder / ("rose", "tulip")[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = bytes((value * 7919 + index * 104729) % 251 for value in range(64 * 64 * 3))
        path.write_bytes(png(64, 64, 3, pixels))
    return folder


def uploads_folder(facts: Any) -> Any:
    """A piece breaks off in the middle; a worker then checks the images."""
    sent: list[int] = []
    dataset = client(facts).datasets.upload(image_folder(facts), "flowers", progress=lambda done, _: sent.append(done))
    return {"state": dataset["state"], "classes": dataset["classes"], "sent": sent}


def goes_on_with_upload(facts: Any) -> Any:
    """The program is interrupted, and started again."""
    strata = client(facts)
    from strata_train._files import pack

    archive = Path(facts["folder"], "tulips.zip")
    pack(image_folder(facts), archive)
    sync_uploads._PIECE = uploads._PIECE = 16_384

    def interrupt(done: int, _: int) -> None:
        if done > 0:
            raise KeyboardInterrupt

    try:
        strata.datasets.upload(archive, wait=False, progress=interrupt)
    except KeyboardInterrupt:
        pass
    sent: list[int] = []
    dataset = strata.datasets.upload(archive, wait=False, progress=lambda done, _: sent.append(done))
    return {"name": dataset["name"], "first": sent[0], "last": sent[-1] == archive.stat().st_size}


def refuses_dataset(facts: Any) -> Any:
    path = Path(facts["folder"], "broken.zip")
    path.write_bytes(b"no archive at all" * 100)
    return code_of(lambda: client(facts).datasets.upload(path))


def predicts(facts: Any) -> Any:
    """Every kind of image becomes the same pixels on the way; the stand-in server is busy once."""
    import numpy
    from PIL import Image

    sent: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"id": "model_1", "name": "digits", "test_accuracy": 0.9})
        sent.append(json.loads(request.content)["images"])
        busy = {"code": "busy", "detail": "Try again.", "errors": []}
        return httpx.Response(503, json=busy, headers={"retry-after": "0"}) if len(sent) == 1 else httpx.Response(200, json={"data": []})

    model = Strata("http://stand-in", transport=httpx.MockTransport(answer)).models.get("model_1")
    array = numpy.arange(28 * 20 * 3, dtype="uint8").reshape(28, 20, 3)
    path = Path(facts["folder"], "digit.png")
    Image.fromarray(array).save(path)
    model.predict(array)
    model.predict([path, str(path), path.read_bytes(), Image.open(path), Image.fromarray(array[:, :, 0])])
    model.predict(numpy.stack([array, array]))
    return {
        "requests": [len(images) for images in sent],
        "same": all(pixels(image) == pixels(sent[0][0]) for image in [*sent[2][:4], *sent[3]]),
        "gray": pixels(sent[2][4])[0],
        "codes": [code_of(lambda: model.predict(array / 255)), code_of(lambda: model.predict(7))],
    }


def pixels(encoded: str) -> Any:
    import base64
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(encoded)))
    return [image.mode, image.size, image.tobytes().hex()]


def refused_prediction(facts: Any) -> Any:
    return code_of(lambda: client(facts).jobs.get(facts["job"]).model().predict(b"no image"))


def where(_: Any) -> Any:
    return {"file": strata_train.__file__, "typed": Path(strata_train.__file__).with_name("py.typed").is_file()}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](json.loads(sys.argv[2]))))
