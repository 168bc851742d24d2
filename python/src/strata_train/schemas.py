"""The objects of the Strata API, as typed dictionaries.

Generated from openapi/openapi.yaml by `npm run generate`. Do not edit.
"""

from __future__ import annotations

import sys
from typing import Any, Literal, Optional, Union

if sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing_extensions import NotRequired, TypedDict

Id = str

JobState = Literal["queued", "preparing", "running", "finalizing", "paused", "succeeded", "failed", "cancelled"]

TaskState = Literal["waiting", "ready", "running", "succeeded", "failed", "cancelled"]

DatasetName = str

DatasetFormat = Literal["auto", "image-folder", "cifar", "mnist", "npz"]

TestShare = Optional[float]

DatasetLayout = Literal["auto", "splits", "no-splits"]

DatasetClassOrder = Literal["auto", "text"]

DatasetRoot = Optional[str]

ExpectedSha256 = Optional[str]

DatasetReference = str

ModelTag = str

ModelVariantName = Literal["full", "compact"]

ClassIndex = int

SplitName = Literal["train", "validation", "test"]

BatchPredictionFormat = Literal["jsonl", "csv"]

BatchPredictionState = Literal["queued", "running", "succeeded", "failed", "cancelled"]

EvaluationSplit = Literal["test", "validation", "train"]

TestTimeAugmentation = Literal["none", "flip", "five-crop"]

EvaluationState = Literal["queued", "running", "succeeded", "failed", "cancelled"]

Base64 = str

PerChannel = Optional[list[float]]

WeightsName = str

WeightsClassNames = Optional[list[str]]

SweepState = Literal["running", "paused", "stopping", "succeeded", "failed", "cancelled"]

TrialState = Literal["waiting", "running", "paused", "pruned", "succeeded", "failed", "cancelled"]

WebhookEvent = Literal["job.queued", "job.preparing", "job.running", "job.finalizing", "job.paused", "job.resumed", "job.succeeded", "job.failed", "job.cancelled", "model.version.created", "model.alias.changed", "promotion.pending", "promotion.applied", "promotion.rejected", "dataset.ready", "dataset.failed", "batch_prediction.succeeded", "batch_prediction.failed", "batch_prediction.cancelled"]

Scope = Literal["jobs:read", "jobs:write", "datasets:write", "models:read", "models:write", "admin"]

Cursor = Optional[str]

Time = str

OptionalTime = Optional[str]

Moment = str


class Job(TypedDict):
    id: Id
    object: Literal["job"]
    parent_id: Optional[str]
    """Id of the job that it extends."""
    reproduces: Optional[str]
    """Id of the model that it makes again for `POST /models/{id}/reproductions`."""
    name: str
    metadata: dict[str, str]
    notes: str
    """Written by `PATCH /jobs/{id}`."""
    archived_at: Optional[str]
    """Since when the list leaves the job out. Null for a job that is listed."""
    state: JobState
    state_reason: Optional[str]
    """The reason for this state in one sentence, if the state alone does not explain it."""
    progress: float
    """The finished share of the work, from 0 to 1."""
    created_at: Time
    started_at: OptionalTime
    finished_at: OptionalTime
    estimated_finish: Optional[str]
    """The estimated end of the job. It assumes that remaining tasks of each kind take as long as the finished ones,
    and that stage tasks continue to share the slots that they use now. Null until a training task is finished, and
    while the job waits for a worker, is paused, or has ended.
    """
    cancel_requested_at: OptionalTime
    pause_requested_at: Optional[str]
    """The time of the request to pause the job. Null if the job is not paused and is not going to be."""
    queue: Optional[JobQueue]
    spec: JobSpec
    requested: Optional[dict[str, Any]]
    """The spec as it was sent: only the fields that the request had, without the authorization of trackers. Send it
    again, changed or not, to make a similar job: defaults that depend on changed fields are then worked out anew.
    Null for jobs of versions that did not keep it.
    """
    plan: JobPlan
    latest: NotRequired[dict[str, float]]
    """Only in a list: the last value of `loss` (of the last stage, or of the whole network in the end-to-end phase),
    `test_accuracy`, `validation_accuracy` and `compact_accuracy`, if there is one.
    """
    spark: NotRequired[list[float]]
    """Only in a list: the same loss at up to 30 steps, from its first to its last point."""
    prediction: NotRequired[Plan]
    """Only in a dry run: the response of `POST /plans` for this spec."""
    result: Optional[JobResult]
    error: Optional[Failure]
    links: JobLinks


class JobQueue(TypedDict):
    """The place of a job in the queue. Null after the job has started."""

    position: int
    """The current position among all queued jobs, including jobs of other tenants, by priority and turn. 1 is next.
    Positions are counted up to 1000; 1001 means position 1001 or later.
    """
    reason: str
    """The reason for waiting, in one sentence."""


class PlanRequest(TypedDict):
    job: JobSpec
    devices: NotRequired[Optional[int]]
    """Number of devices. Null means the registered devices, or one device per stage."""
    device_memory_bytes: NotRequired[Optional[int]]
    """Memory of one device. Layouts that need more do not fit. Null means no limit."""
    link_bytes_per_second: NotRequired[Optional[float]]
    """Bandwidth between two devices, in each direction. 125 MB/s is 1 Gbit/s. Null means what the workers of several
    hosts have measured to the blob store, and 125 MB/s where none has.
    """
    link_round_trip_seconds: NotRequired[Optional[float]]
    """Round-trip time between two devices. Null means what the workers of several hosts have measured to the blob
    store, and 0 where none has, as on one host.
    """


class ProfileRequest(TypedDict):
    job: JobSpec
    device: NotRequired[Optional[Literal["cpu", "gpu"]]]
    """The kind of device to measure on. Null means a GPU if a registered worker has one, otherwise the CPU."""


class Profile(TypedDict):
    """Measured times of the parts of a network on a device."""

    id: Id
    object: Literal["profile"]
    state: Literal["queued", "running", "succeeded", "failed"]
    """The profile waits for a slot on such a device, is being measured, or has ended."""
    device_kind: Literal["cpu", "gpu"]
    device: Optional[str]
    """The device of the measurement, like `cpu:0`. Null before the measurement."""
    batch_size: int
    step_seconds: Optional[float]
    """Time of one optimizer step of the whole network on this device: the sum of its parts. Null until the profile
    has succeeded.
    """
    parts: list[ProfilePartsItem]
    """The parts of the network in order. Empty until the profile has succeeded."""
    error: Optional[ProfileError]
    """The reason for the failure. `POST /profiles` measures again. Null if the profile has not failed."""
    created_at: Time
    finished_at: OptionalTime
    links: ProfileLinks


class ProfilePartsItem(TypedDict):
    name: str
    """`stem`, `block 0` and so on, `head`."""
    forward_seconds: float
    """Time of the forward pass of one batch."""
    backward_seconds: float
    """Time of the backward pass of one batch, including both gradients."""


class ProfileError(TypedDict):
    code: str
    """A code from docs/errors.md."""
    message: str


class ProfileLinks(TypedDict):
    self: str


class Plan(TypedDict):
    """The predicted cost of a job. Seconds are the time of one optimizer step, unless a field says otherwise."""

    object: Literal["plan"]
    source: Literal["measured", "estimated"]
    """The origin of the times. `measured`: a profile, or tasks of earlier jobs. `estimated`: multiply-adds and
    activations at the speed of one core of a recent server (docs/method.md). On other devices all estimated
    seconds are wrong by the same factor, and speed-ups by less.
    """
    profile: Optional[PlanProfile]
    """The profile on which the plan is based: the latest one of this network. Null if there is none."""
    measured_on: Optional[PlanMeasuredOn]
    """The tasks whose measured times are used. Null if the plan uses a profile or is estimated."""
    method: PlanMethod
    link: PlanLink
    """The link between two devices that the plan assumes."""
    batch_size: int
    steps_per_epoch: int
    network: PlanCost
    stages: list[PlanStage]
    frozen_features: Optional[PlanFrozenFeatures]
    """What the blocks that `freeze` names make of the training images. Without augmentation it is the same in every
    epoch, so it is computed once, stored, and read by the steps of the first stage: all times of the plan count
    that. Null without `freeze`.
    """
    unfrozen: Optional[PlanUnfrozen]
    """What training needs once the blocks of `freeze` train, too (`freeze.until_epoch`). `stages` and `speedups`
    count the steps before that; `epoch_seconds` of the layouts and `seconds` of the methods are means over all
    epochs, and their memory is the larger one. Null where frozen blocks never train.
    """
    pruned: Optional[PlanPruned]
    """What the stages need once the last channels of AuxNets and local heads are removed (`method.sparsity`).
    `stages` counts the first round, which has all channels and needs the most memory; `speedups`, `layouts` and
    `methods` count the mean time of all rounds, and that memory. Null where no channel is removed.
    """
    better_split: Optional[PlanBetterSplit]
    """A better value for `method.split`: the same number of stages, cut so that the slowest stage is at least 3 %
    faster than in the split of the job. Null if there is none. A profile gives the best answer, because `auto`
    knows only the network.
    """
    speedups: list[PlanSpeedup]
    """Speed-ups for K = 1 to 16 balanced stages of this method on K devices. Fewer, if a given `auxiliary.depth`
    cannot reach the resolution of the inputs of later stages. Empty for methods whose stages do not all train at
    the same time (`rounds`, `frozen`).
    """
    speedup_bound: Optional[float]
    """Limit of equation 27 for infinitely many stages, with the work that these stages do besides their layers. Null
    if there is none: for one stage, for methods whose stages do not all train at the same time, and for
    `pipeline`, whose stages do no other work.
    """
    break_even_stages: Optional[int]
    """The smallest number of stages that is faster than one device. Null if there is none."""
    layouts: list[PlanLayout]
    """Ways to use the devices, the fastest first. Layouts that do not fit come last."""
    methods: list[PlanChoice]
    """The best way to train by each method on these devices, for the epochs of the job, with the method's own
    defaults, or with the job's settings if it is the job's method. The recommended one comes first: of those that
    fit, the one that needs the least time for the same accuracy. Methods whose accuracy is `unmeasured` come after
    the others that fit.
    """
    schedules: list[PlanSchedule]
    """What a step would take by published schedules of pipelines, on as many of these devices as the network can be
    cut into parts for (at most 16), beside the job's methods with as many stages; the fastest first. For
    comparison: a job can use those with `offered`. Empty for one device, and where a batch has fewer than two
    images for each device.
    """
    recommendation: PlanRecommendation
    """The first of `methods`."""


class PlanProfile(TypedDict):
    id: Id
    device: str
    """The kind of device, like `cpu:0`."""
    measured_at: Time


class PlanMeasuredOn(TypedDict):
    device: str
    """The device of the latest of these tasks, like `cpu:0`."""
    tasks: int
    steps: int
    """Number of optimizer steps in these tasks."""


class PlanMethod(TypedDict):
    type: str
    stages: int


class PlanLink(TypedDict):
    """The link between two devices that the plan assumes."""

    bytes_per_second: float
    round_trip_seconds: float
    source: Literal["given", "measured", "assumed"]
    """`measured`: by the workers of several hosts, each to the blob store, through which messages go; the slowest
    counts. `given` if the request names one of the two or both; `assumed` otherwise.
    """
    hosts: int
    """Hosts that have measured it; 0 unless `measured`."""


class PlanFrozenFeatures(TypedDict):
    stored: bool
    """Whether it is stored. If not, every step computes it."""
    obstacle: Optional[Literal["augmentation", "norm", "method", "bytes", "epochs"]]
    """Why it is not stored. `augmentation`: the images change from epoch to epoch. `norm`: with `freeze.norm:
    estimate`, it depends on the other images of the batch. `method`: stages with stored variables or message
    rounds. `bytes`: it has more than 2 GiB. `epochs`: with `freeze.until_epoch: 1`, every image would be read
    once. Null if it is stored.
    """
    bytes: int
    """Size of the file, for all training images."""
    saved_seconds: float
    """Seconds of a step of the whole network on one device that it saves, or would save: the forward pass of the
    frozen blocks, less the time of reading.
    """


class PlanUnfrozen(TypedDict):
    from_epoch: int
    """Number of epochs before."""
    step_seconds: float
    """Time of a step of the whole network on one device."""
    stages: list[PlanStage]


class PlanPruned(TypedDict):
    from_round: int
    """The round of the layer-parallel phase with which it begins."""
    stages: list[PlanStage]


class PlanBetterSplit(TypedDict):
    split: list[int]
    step_seconds: float
    """Step time of its slowest stage."""


class PlanRecommendation(TypedDict):
    """The first of `methods`."""

    stages: int
    replicas: int
    reason: str
    """The reason, in one or two sentences."""


class PlanSchedule(TypedDict):
    """A schedule that is simulated with the times of the parts of this network. `gpipe` (arXiv:1811.06965), `1f1b`
    (arXiv:1806.03377, with one update for each batch), `interleaved-1f1b` with two parts on each device
    (arXiv:2104.04473), `zero-bubble-h1` (arXiv:2401.10241) and `chimera` (arXiv:2107.06925, two copies of the
    network, for an even number of devices) cut a batch into micro-batches and update once. Their micro-batches
    take their share of the time of a batch, which small ones exceed.
    """

    name: str
    """The schedule, or the `method.type` of a job."""
    offered: bool
    """Whether a job can train so."""
    stages: int
    """Number of devices."""
    micro_batches: int
    """Parts of a batch that follow each other."""
    step_seconds: float
    """Time of a step of one batch, with messages, the update and, in `chimera`, the exchange of gradients. For a
    job's methods, the mean over its rounds, with the time that they take to fill and to drain.
    """
    bubble_share: float
    """Share of that time in which devices wait, because of the schedule, uneven parts and messages."""
    memory_bytes: int
    """Memory of the device that needs most."""
    weight_bytes: int
    """Its part for weights (with older versions of them in `pipeline`), gradients and the optimizer."""
    activation_bytes: int
    """Its part for what passes keep of micro-batches under way."""


class PlanChoice(TypedDict):
    name: str
    """The name of the method and its devices, like `local SGD, 4 devices`."""
    method: PlanChoiceMethod
    """The fields of a job's `method` that choose it."""
    fits: bool
    """Whether it fits into `device_memory_bytes`."""
    seconds: float
    """Predicted time of all epochs of the job."""
    equal_accuracy_seconds: float
    """The same, for as many more epochs (or fewer) as make up for `accuracy.points`, by the growth of
    back-propagation's accuracy with its epochs in the study.
    """
    memory_bytes: int
    """Memory of the device that needs most."""
    bytes: int
    """Bytes that are sent between devices in all epochs."""
    accuracy: PlanAccuracy
    reason: str
    """Why it is recommended, or why it is not."""


class PlanChoiceMethod(TypedDict):
    """The fields of a job's `method` that choose it."""

    type: str
    stages: int
    replicas: int
    """Devices that share the steps of each stage."""
    split: list[int]
    memory: Optional[str]
    memory_bytes: Optional[int]
    end_to_end_share: float
    end_to_end_replicas: int
    outer: PlanChoiceMethodOuter
    """The step between rounds. Both are null where there is none."""


class PlanChoiceMethodOuter(TypedDict):
    """The step between rounds. Both are null where there is none."""

    rate: Optional[float]
    momentum: Optional[float]


PlanAccuracy = TypedDict(
    'PlanAccuracy',
    {
        'class': "Literal[\"reference\", \"ahead\", \"level\", \"behind\", \"far_behind\", \"unmeasured\"]",
        'points': "Optional[float]",
        'studied': "Optional[PlanAccuracyStudied]",
    },
)


class PlanAccuracyStudied(TypedDict):
    stages: int
    replicas: int
    epochs: int
    seeds: int
    reference: Literal["measured", "estimated"]
    """Whether the study ran back-propagation on one device for as many epochs. Otherwise its accuracy is `estimated`
    from its nearest row, by its growth with the logarithm of its epochs.
    """


class PlanCost(TypedDict):
    """Memory and computation of layers."""

    parameters: int
    """Number of trained parameters."""
    multiply_adds: int
    """Multiply-adds of a forward pass over one image, in convolutions and dense layers."""
    activation_bytes: int
    """Bytes that a training pass over one batch, or one part of it, keeps."""


class PlanStage(TypedDict):
    stage: int
    blocks: int
    """Number of residual blocks."""
    layers: PlanCost
    auxiliary: Optional[PlanCost]
    """The AuxNet that produces the input of the stage. Null if the stage has none."""
    head: Optional[PlanCost]
    """The local head that trains the stage, with the copies of later stages that it is behind. Null if the stage has
    none.
    """
    auxiliary_share: float
    """Multiply-adds of its AuxNet, divided by the multiply-adds of its layers."""
    memory_bytes: int
    """Weights, gradients and the optimizer's vectors (one for sgd, lars and kfac, two for adamw and lamb) and factors
    (kfac), what a pass over a batch keeps, at half the size in bfloat16, and arrays of messages that go through
    files; without the trainer itself, which takes some 250 MB of a processor's memory whatever it trains.
    """
    step_seconds: float
    """AuxNet, coupling and messages included."""
    slot: Optional[int]
    """`pipeline`: the slot, of the devices of the plan, that trains the stage. Neighboring stages share one where
    there are fewer slots than stages, with bitwise the same weights. Null for other methods, whose stages are
    tasks that any slot takes.
    """


class PlanSpeedup(TypedDict):
    """Speed-up of K stages on K devices, compared with one device that trains the whole network."""

    stages: int
    split: list[int]
    equation_27: float
    """Equation 27 for balanced stages."""
    slowest_stage: float
    """The same for the real, unbalanced stages, including the time for messages."""
    whole_run: float
    """The same for the whole run, including the phases that train the joined network. The phase at the end runs on
    `end_to_end_replicas` devices.
    """


class PlanLayout(TypedDict):
    """A layout of K stages. R replicas train each stage, each on 1/R of every batch; with R the `replicas` of the
    job, each on 1/R of the batches.
    """

    stages: int
    replicas: int
    offered: bool
    """Whether a job can use this layout. Replicas that average after every step are only computed for comparison.
    Jobs support `method.replicas` and `method.end_to_end_replicas`, which average once per round.
    """
    fits: bool
    """Whether it fits into `device_memory_bytes`."""
    step_seconds: float
    """Step time of the slowest device, including messages and averaging."""
    epoch_seconds: float
    """Average time over the run, including its end-to-end phases with `end_to_end_replicas`."""
    memory_bytes: int
    """Memory of the device that needs most. If the job has a phase that trains the joined network, memory of that
    phase.
    """
    bytes_per_epoch: int
    """Bytes that are sent between devices."""


class JobPlan(TypedDict):
    """The rounds and tasks of the job (docs/method.md, "The schedule")."""

    tasks: int
    """Number of tasks in the graph."""
    steps_per_epoch: int
    total_steps: int
    """Optimizer steps of the whole run."""
    round_steps: int
    """Optimizer steps of one task."""
    warm_start_rounds: int
    """Rounds of the warm start."""
    parallel_rounds: int
    """Rounds of the layer-parallel phase."""
    end_to_end_rounds: int
    """Rounds of the end-to-end phase."""
    warnings: list[JobPlanWarningsItem]
    """Choices of the job that are known to cost accuracy, each with the remedy. The job runs as it says."""


class JobPlanWarningsItem(TypedDict):
    pointer: str
    """JSON pointer to the field, like `/method/end_to_end_replicas`."""
    message: str


class JobResult(TypedDict):
    test_accuracy: float
    """Share of the test images that the joined network classifies correctly, 0 to 1."""
    test_loss: float
    """Mean cross-entropy of the joined network on the test images."""
    compact_accuracy: Optional[float]
    """The same for the compact network (last AuxNet and last stage); null with one stage."""
    validation_accuracy: Optional[float]
    """Share of the validation images that the joined network gets right, 0 to 1; null for a job without any."""
    networks: list[NetworkFigures]
    """The full network and, if there is one, the compact network, side by side."""
    speedup: Optional[JobResultSpeedup]
    """Null for one stage, for methods whose stages do not train at the same time, for jobs without an end-to-end task
    to compare with (which `pipeline` does not need), if a training task took more than one attempt, and if tasks
    ran on different kinds of devices.
    """
    speedup_reason: Optional[Literal["one_stage", "stages_in_turn", "no_end_to_end_task", "no_stage_task", "repeated_task", "mixed_devices", "paused", "no_times"]]
    """Why `speedup`, or its `measured`, is null. `one_stage`: nothing trains at once. `stages_in_turn`: this method's
    stages do not train at once. `no_end_to_end_task`: no step of the joined network to compare with; use an
    `end_to_end_share` above 0. `no_stage_task`: a stage has no task. `repeated_task`: a training task took more
    than one attempt, and only the last one's times are kept. `mixed_devices`: tasks ran on devices of different
    kinds. `paused`: the phase's wall time has a pause. `no_times`: the clock was too coarse. Null where both
    figures are there, and for jobs that ended before this field was.
    """
    model_id: Optional[str]
    """The model it made; null once that was deleted."""
    ended: Literal["completed", "early", "target", "budget"]
    """How the layer-parallel phase ended. `completed`: after all its rounds. `early`: its figures stopped improving.
    `target`: a figure reached the target of `early_stopping`. `budget`: `max_device_seconds` were spent.
    """
    selected: Optional[JobResultSelected]
    """The evaluation whose network was exported, with `selection.keep` `best`. Null otherwise, and if no value was a
    number.
    """
    figures: dict[str, float]
    """All numbers that the finalizer reported, by name."""


class JobResultSpeedup(TypedDict):
    """Speed-up of the layer-parallel phase only, compared with the same steps of the joined network on one device.
    Neither figure includes the warm start and the end-to-end phase (docs/method.md, "Speed-up, measured").
    """

    measured: Optional[float]
    """Seconds a step of the job's own end-to-end tasks, times the steps of the phase, over the phase's wall time.
    Below 1 it was slower. For `pipeline`: the seconds that all its trainers computed, over the phase's wall time.
    Of replicas only their steps count: what each of them reads and stores one device would do once. Null where the
    job was paused.
    """
    predicted: Optional[float]
    """Equation 27 for the slowest stage, from the measured seconds of the tasks by part, without messages and
    waiting; for `pipeline` the slowest trainer of each round. Null if tasks report no parts.
    """


class JobResultSelected(TypedDict):
    checkpoint: str
    """Name of the checkpoint, like `round-3` or `end_to_end-1`."""
    step: int
    """The last optimizer step that it includes."""
    metric: Literal["validation_accuracy", "validation_loss", "validation_macro_f1"]
    value: float
    """Value of the metric at that evaluation."""


class NetworkFigures(TypedDict):
    name: Literal["full", "compact"]
    """The prefix of the names of its artifacts."""
    accuracy: float
    """Share of the test images that it classifies correctly, 0 to 1."""
    balanced_accuracy: Optional[float]
    """Mean of the accuracies of the classes, 0 to 1: each class counts alike, however few images it has. Null for
    jobs that ended before this field was.
    """
    loss: float
    """Mean cross-entropy on the test images."""
    classes: list[ClassFigures]
    """The classes of the test images, the lowest accuracy first, at most 20. `GET /models/{id}/evaluation` has all of
    them. Empty for jobs that ended before this field was.
    """
    parameters: int
    multiply_adds: int
    """Multiply-adds of a forward pass over one image, in convolutions and dense layers."""
    latency: Optional[Latency]
    """Null if nothing is exported."""
    exports: list[NetworkFiguresExportsItem]


class NetworkFiguresExportsItem(TypedDict):
    format: str
    """One of the job's `exports`."""
    size_bytes: int
    """Total size of its files."""
    max_difference: float
    """Largest difference from the class probabilities of the trained network on 1,000 test images."""
    rounded: NotRequired[Optional[RoundedExport]]
    """Null for a format that reproduces the probabilities."""


class RoundedExport(TypedDict):
    """How a file with rounded weights does, on the same test images as the trained network."""

    images: int
    """Number of test images, at most 1,000."""
    accuracy: float
    """Share of them that the file classifies correctly."""
    trained_accuracy: float
    """Share that the trained network classifies correctly."""
    stored: bool
    """False if the accuracy is too low (`export_options.max_accuracy_drop`). Then there is no such file."""
    latency: Optional[Latency]
    """Null for TensorFlow.js, which is not timed."""


class ClassFigures(TypedDict):
    """A class among the test images of a job."""

    index: ClassIndex
    name: str
    train_images: int
    """Number of images of this class that the job trained on."""
    images: int
    """Number of test images of this class."""
    correct: int
    """Number of these that are classified correctly."""
    accuracy: float
    """`correct` as a share of `images`: the recall of the class."""


class Latency(TypedDict):
    """Milliseconds that ONNX Runtime takes for the exported network. Median over `runs`, measured on the machine that
    finalized the job while it may have done other work.
    """

    runtime: str
    device: str
    threads: int
    runs: int
    single_ms: float
    """Time for one image."""
    batch_size: int
    batch_ms: float
    """Time for `batch_size` images at once."""


class Failure(TypedDict):
    code: str
    """A code from docs/errors.md."""
    message: str
    stage: Optional[int]
    """The stage of the failure, from 0. Null if it does not concern one stage."""
    step: Optional[int]
    """The optimizer step of the failure, from 0. Null if it does not concern one step."""
    tensor: Optional[str]
    """For `non_finite_loss`: the first value that was not finite. It is `loss`, or `gradient of` or `weights of` a
    parameter.
    """


class JobLinks(TypedDict):
    self: str
    page: str
    """The page of the job in the dashboard."""
    events: str
    logs: str
    metrics: str
    tasks: str
    attempts: str
    checkpoints: str
    artifacts: str
    archive: str
    cancel: str
    pause: str
    resume: str


class JobList(TypedDict):
    object: Literal["list"]
    data: list[Job]
    has_more: bool
    next: Cursor


class CancelRequest(TypedDict):
    force: NotRequired[bool]
    """Kill the trainers at once. Otherwise running tasks write a last checkpoint first."""


class Task(TypedDict):
    id: Id
    object: Literal["task"]
    job_id: Id
    key: str
    """Name of the task in the graph, like `stage-1-0`."""
    kind: Literal["prepare", "stage", "end_to_end", "evaluate", "finalize"]
    stage: Optional[int]
    """Stage from 0. Null for tasks of the whole network."""
    round: Optional[int]
    """Round from 0. Of `finalize`, the round after which the layer-parallel phase ended early, otherwise null."""
    replica: Optional[int]
    """Replica from 0. Null for tasks that are the only one of their round and stage."""
    state: TaskState
    attempt: int
    """Attempt from 1. 0 before the first claim."""
    progress: float
    waits_for: list[str]
    """Keys of the tasks that must succeed first."""
    worker_id: Optional[str]
    device: Optional[str]
    started_at: OptionalTime
    finished_at: OptionalTime
    seconds: dict[str, float]
    """Wall time in the trainer, by part."""
    result: dict[str, float]
    """Figures that the task reported, by name."""
    error: Optional[Failure]
    runtime: Optional[Runtime]
    """Of the trainer that made the outputs. Null before the end, and for tasks of earlier versions."""


class Runtime(TypedDict):
    """What the bits of a task's outputs depend on, besides its inputs."""

    strata: str
    """Version of the code, with its commit where that is known."""
    tensorflow: str
    """Version of TensorFlow."""
    kernels: str
    """A sha256 of the build of TensorFlow and of its binding: of the binding, and of the size and both ends of each
    library.
    """
    processor: str
    """Model of the CPU."""
    instruction_set: str
    """The best instruction set of the CPU among those for which oneDNN has kernels, by oneDNN's name, or the value of
    `ONEDNN_MAX_CPU_ISA`.
    """
    threads: int
    """Threads of the slot (`STRATA_THREADS`)."""
    device: Literal["cpu", "gpu"]


class Environment(TypedDict):
    """A runtime of a job, with what ran in it."""

    strata: str
    """Version of the code, with its commit where that is known."""
    tensorflow: str
    """Version of TensorFlow."""
    kernels: str
    """A sha256 of the build of TensorFlow and of its binding: of the binding, and of the size and both ends of each
    library.
    """
    processor: str
    """Model of the CPU."""
    instruction_set: str
    """The best instruction set of the CPU among those for which oneDNN has kernels, by oneDNN's name, or the value of
    `ONEDNN_MAX_CPU_ISA`.
    """
    threads: int
    """Threads of the slot (`STRATA_THREADS`)."""
    device: Literal["cpu", "gpu"]
    devices: list[str]
    """Devices of these tasks, like `cpu:0`."""
    tasks: int
    """Number of the tasks."""


class Attempt(TypedDict):
    task: str
    """Key of the task, like `stage-1-0`."""
    kind: Literal["prepare", "stage", "end_to_end", "evaluate", "finalize"]
    stage: Optional[int]
    """Stage from 0. Null for tasks of the whole network."""
    round: Optional[int]
    """Round from 0."""
    replica: Optional[int]
    """Replica from 0. Null for tasks without replicas."""
    attempt: int
    """Attempt from 1."""
    outcome: Literal["running", "succeeded", "failed", "lost", "returned", "cancelled"]
    """`lost`: its worker stopped renewing the lease. `returned`: its worker stopped in order, or the job was paused.
    `cancelled`: the job ended while the attempt was running.
    """
    started_at: Time
    ended_at: OptionalTime
    worker_id: Optional[str]
    device: Optional[str]
    """The device of the slot that claimed the task."""
    devices: list[str]
    """The devices of all slots of the attempt: of each trainer that shares a round of `method.type: pipeline`, in the
    order of the stages; `device` alone otherwise.
    """
    checkpoint_step: Optional[int]
    """Step of the checkpoint from which it resumed. Null if it started from the beginning of the task."""
    error: Optional[Failure]


class AttemptList(TypedDict):
    object: Literal["list"]
    data: list[Attempt]
    has_more: bool
    next: Cursor


class JobUsage(TypedDict):
    """What a job has used so far."""

    object: Literal["job_usage"]
    job_id: Id
    attempts: int
    """Number of attempts that have started."""
    device_seconds: float
    """Seconds for which attempts held slots, summed over all slots and attempts, lost ones included."""
    lost_seconds: float
    """The part of `device_seconds` of attempts that failed or were lost with their worker. What such an attempt had
    saved in a checkpoint is not lost, but counts here. So does work on rounds of the layer-parallel phase after
    the one at which it ended early.
    """
    wall_seconds: float
    """Seconds for which the job was at work, without pauses and without its time in the queue."""
    message_bytes: int
    """Bytes of the messages that stages have sent to one another, in streams between slots too. Weights are not
    counted, nor streams of attempts that failed.
    """
    artifact_bytes: int
    """Bytes of the artifacts of the job."""


class TaskList(TypedDict):
    object: Literal["list"]
    data: list[Task]
    has_more: bool
    next: Cursor


class Event(TypedDict):
    seq: int
    """Sequence number within the job, from 1 without gaps."""
    at: Time
    level: Literal["info", "warning", "error"]
    type: str
    """Type of the event, like `job.running` or `task.succeeded`."""
    message: str
    """Description of the event for people."""
    data: dict[str, Any]
    """Details, which depend on the type."""


class TenantEvent(TypedDict):
    job_id: Id
    seq: int
    """Sequence number within the job."""
    at: Time
    level: Literal["info", "warning", "error"]
    type: str
    """Type of the event, like `job.running` or `task.succeeded`."""
    message: str
    """Description of the event for people."""
    data: dict[str, Any]
    """Details, which depend on the type."""


class TenantEventList(TypedDict):
    object: Literal["list"]
    data: list[TenantEvent]
    has_more: bool
    """If true, send the time of the last event as `since` to get more."""
    next: Optional[None]
    """The list goes on by time and has no cursor."""


class EventList(TypedDict):
    object: Literal["list"]
    data: list[Event]
    has_more: bool
    next: Cursor


class LogLine(TypedDict):
    seq: int
    """Sequence number within the job, from 1 without gaps."""
    at: Time
    task: str
    """Key of the task, like `stage-1-0`."""
    attempt: int
    stream: Literal["stdout", "stderr"]
    text: str
    """Text without its line break. A line of more than 8,192 characters is split into several."""


class LogList(TypedDict):
    object: Literal["list"]
    data: list[LogLine]
    has_more: bool
    next: Cursor


class MetricSeries(TypedDict):
    name: str
    stage: Optional[int]
    unit: Optional[str]
    """`nat` or `images/s`; null for a plain number."""
    attempt: int
    """Highest attempt among the points."""
    points: list[list[Any]]


class MetricList(TypedDict):
    object: Literal["list"]
    data: list[MetricSeries]
    has_more: bool
    next: Cursor


class Checkpoint(TypedDict):
    id: Id
    object: Literal["checkpoint"]
    job_id: Id
    kind: Literal["step", "round", "final"]
    """`step`: within a task. `round`: between two rounds. `final`: the final network."""
    round: Optional[int]
    """Only for kind `round`: number of the round within its phase, as in tasks."""
    step: int
    """The first optimizer step that it does not include."""
    starts_jobs: bool
    """Whether `init_from` accepts this checkpoint. It must contain every stage, and it must not be the checkpoint of
    a running task, which is soon replaced.
    """
    created_at: Time
    parts: list[CheckpointPartsItem]
    """Its files: safetensors with weights and optimizer state. One file, or one per stage."""
    links: CheckpointLinks


class CheckpointPartsItem(TypedDict):
    task: str
    """Key of the task that wrote the file, like `stage-1-0`."""
    stage: Optional[int]
    """Stage from 0. Null for the whole network."""
    size_bytes: int
    sha256: str
    links: CheckpointPartsItemLinks


class CheckpointPartsItemLinks(TypedDict):
    content: Optional[str]
    """Link to download the file. Null if it is not an artifact."""


class CheckpointLinks(TypedDict):
    job: str


class CheckpointList(TypedDict):
    object: Literal["list"]
    data: list[Checkpoint]
    has_more: bool
    next: Cursor


class Artifact(TypedDict):
    id: Id
    object: Literal["artifact"]
    job_id: Id
    name: str
    """Path within the artifacts of the job, like `full/model.json`."""
    kind: Literal["model", "report", "weights"]
    media_type: str
    size_bytes: int
    sha256: str
    created_at: Time
    links: ArtifactLinks


class ArtifactLinks(TypedDict):
    self: str
    content: str
    job: str


class TrackerExport(TypedDict):
    id: Id
    object: Literal["tracker_export"]
    job_id: Id
    type: Literal["mlflow"]
    tracking_uri: str
    experiment: str
    state: Literal["waiting", "live", "pending", "succeeded", "failed"]
    """`waiting`: the job has not started, or the tracker has not answered yet. `live`: the job runs, and its run has
    what was measured until a moment ago. `pending`: the job has ended, and the whole export is being tried.
    `succeeded`: exported. `failed`: the last attempt failed.
    """
    attempts: int
    run_id: Optional[str]
    """Id of the run in the tracker."""
    run_url: Optional[str]
    """Web page of the run."""
    error: Optional[str]
    """Reason for the failure of the last attempt."""
    created_at: Time
    next_attempt_at: OptionalTime
    finished_at: OptionalTime


class TrackerExportList(TypedDict):
    object: Literal["list"]
    data: list[TrackerExport]
    has_more: bool
    next: Cursor


class ArtifactList(TypedDict):
    object: Literal["list"]
    data: list[Artifact]
    has_more: bool
    next: Cursor


class DatasetUpload(TypedDict):
    name: DatasetName
    format: NotRequired[DatasetFormat]
    test_share: NotRequired[TestShare]
    image: NotRequired[DatasetImage]
    layout: NotRequired[DatasetLayout]
    root: NotRequired[DatasetRoot]
    class_order: NotRequired[DatasetClassOrder]
    sha256: NotRequired[ExpectedSha256]
    file: bytes
    """The archive."""


class DatasetImport(TypedDict):
    """Exactly one of `url` and `upload` is required. The other is absent or null."""

    name: DatasetName
    url: NotRequired[Optional[str]]
    """A public https address that answers 200 with the archive. Redirects are not followed."""
    upload: NotRequired[Optional[str]]
    """Id of a complete upload to /uploads."""
    format: NotRequired[DatasetFormat]
    test_share: NotRequired[TestShare]
    image: NotRequired[DatasetImage]
    layout: NotRequired[DatasetLayout]
    root: NotRequired[DatasetRoot]
    class_order: NotRequired[DatasetClassOrder]
    sha256: NotRequired[ExpectedSha256]


class DatasetImage(TypedDict):
    """For image folders only: the images that the network sees. Images are scaled to cover this size, and cropped. If
    this field is missing, the images keep their size; if their sizes differ, the network sees a square of up to
    224 pixels.
    """

    height: NotRequired[int]
    width: NotRequired[int]
    channels: NotRequired[Literal[1, 3]]
    """1 converts the images to gray."""


class Model(TypedDict):
    """A trained model: the result of a successful job."""

    id: Id
    object: Literal["model"]
    name: str
    """The default is the name of the job, or dataset, family and depth (`mnist-resnet-8`) for a job without a name.
    Not unique.
    """
    description: str
    metadata: dict[str, str]
    """The default is the metadata of the job."""
    tags: list[ModelTag]
    version: int
    """Number among the models of this name, in the order of their creation. It is never used again."""
    job_id: Id
    created_at: Time
    dataset: ModelDataset
    """The dataset used for training and testing."""
    image: ModelImage
    """Shape of the input images."""
    classes: list[str]
    """Classes in the order of the outputs."""
    network: ModelSpec
    method: MethodSpec
    test_accuracy: float
    """Test accuracy of the full network, 0 to 1. `order_by` and `min_accuracy` use it."""
    variants: list[ModelVariant]
    """The full network and, if the job has AuxNets, the compact network."""
    provenance: ModelProvenance
    """What the bits of the model depend on, together with the spec of the job. `GET /jobs/{id}/tasks` has the runtime
    and the device of each task.
    """
    links: ModelLinks


class ModelDataset(TypedDict):
    """The dataset used for training and testing."""

    id: Id
    name: str
    sha256: Optional[str]
    """The sha256 of the decoded arrays."""


class ModelImage(TypedDict):
    """Shape of the input images."""

    height: int
    width: int
    channels: int


class ModelProvenance(TypedDict):
    """What the bits of the model depend on, together with the spec of the job. `GET /jobs/{id}/tasks` has the runtime
    and the device of each task.
    """

    seed: int
    dataset_sha256: Optional[str]
    """The sha256 of the decoded arrays, when the job trained on them."""
    initial_weights: list[str]
    """The sha256 of each file of weights that the job began from. Empty for random weights."""
    actor: Optional[str]
    """Id of the API key that submitted the job. Null on a server without keys, for a trial of a sweep, and for models
    of earlier versions.
    """
    environments: list[Environment]
    """The runtimes of the job's tasks, the one of most tasks first. A job without faults on equal machines has one.
    Empty for models of earlier versions.
    """
    strata_version: Optional[str]
    """Version of the service that finished the job. Null for models from before this field existed."""


class ModelLinks(TypedDict):
    self: str
    job: str
    spec: str
    """The job. Its `spec` contains every field with its value."""
    artifacts: str
    tag_changes: str
    predict: str


class JobExtension(TypedDict):
    epochs: int
    """Number of epochs to add."""
    schedule: NotRequired[Literal["continue", "rewarm"]]
    """`continue` keeps the rate at which the job ended, for the schedules `constant` and `step`. `rewarm` begins the
    schedule again over the added epochs, with its warm-up.
    """


class Reproduction(TypedDict):
    id: Id
    object: Literal["reproduction"]
    model_id: Id
    job_id: Id
    state: Literal["running", "succeeded", "failed"]
    """`succeeded`: the weights were compared. `failed`: they could not be, and `reason` says why."""
    equal: Optional[bool]
    """Whether all weights are bitwise equal. Null before the comparison, and if it failed."""
    tensors_that_differ: list[str]
    """Names of tensors of weights.safetensors that differ, at most 100."""
    different_tensors: int
    """Number of the tensors that differ."""
    reason: Optional[str]
    """Why the weights differ, if that is known, or why they were not compared."""
    created_at: Time
    finished_at: OptionalTime
    links: ReproductionLinks


class ReproductionLinks(TypedDict):
    self: str
    model: str
    job: str


class ReproductionList(TypedDict):
    object: Literal["list"]
    data: list[Reproduction]
    has_more: bool
    next: Cursor


class SignedStatement(TypedDict):
    """A DSSE 1.0 envelope with an in-toto statement."""

    payloadType: Literal["application/vnd.in-toto+json"]
    payload: str
    """The statement as JSON, in base64."""
    signatures: list[SignedStatementSignaturesItem]


class SignedStatementSignaturesItem(TypedDict):
    keyid: str
    """The `key_id` of the key."""
    sig: str
    """Ed25519 over the pre-authentication encoding, in base64."""


class BillOfMaterials(TypedDict):
    """A CycloneDX 1.6 document. The contract names its top level only."""

    bomFormat: Literal["CycloneDX"]
    specVersion: Literal["1.6"]
    serialNumber: str
    version: Literal[1]
    metadata: dict[str, Any]
    components: list[dict[str, Any]]
    dependencies: list[dict[str, Any]]


class SigningKey(TypedDict):
    object: Literal["signing_key"]
    key_id: str
    """The sha256 of the key as DER."""
    algorithm: Literal["ed25519"]
    public_key: str
    """As PEM."""


class Lineage(TypedDict):
    object: Literal["lineage"]
    model_id: Id
    nodes: list[LineageNode]
    edges: list[LineageEdgesItem]
    complete: bool
    """False if the graph has more ancestors than are shown, which are the nearest 50 jobs."""


LineageEdgesItem = TypedDict(
    'LineageEdgesItem',
    {
        'from': "str",
        'to': "str",
        'relation': "Literal[\"made_by\", \"trained_on\", \"began_from\", \"extends\", \"trial_of\", \"evaluates\", \"promotes\", \"reproduces\"]",
    },
)


class LineageNode(TypedDict):
    id: str
    type: Literal["model", "job", "dataset", "weights", "sweep", "evaluation", "promotion", "reproduction"]
    name: str
    """Its name, or a few words: `accuracy 0.981 on october`."""
    at: OptionalTime
    sha256: Optional[str]
    """Of a dataset when the job trained on it, and of weights."""
    exists: bool
    """False if it was deleted."""
    links: LineageNodeLinks


class LineageNodeLinks(TypedDict):
    self: Optional[str]


class ModelVariant(TypedDict):
    variant: ModelVariantName
    parameters: int
    """Number of trained values: kernels, biases, scales and shifts."""
    test_accuracy: float
    test_loss: Optional[float]
    latency: Optional[Latency]
    """Null if it was not measured."""
    predicts: bool
    """Whether `POST /models/{id}/predict` supports this variant: its file exists. Every new model has such a file,
    whatever the `exports` of the job.
    """
    formats: list[ModelFormat]
    """Empty after the retention of the service deleted the files."""


class ModelFormat(TypedDict):
    format: str
    """One of the `exports` of the job. `other` for a file of another kind."""
    size_bytes: int
    """Total size of its files."""
    max_difference: Optional[float]
    """Largest absolute difference from the class probabilities of the trained network, over the compared test images.
    Null if the format contains weights only.
    """
    files: list[ModelFormatFilesItem]


class ModelFormatFilesItem(TypedDict):
    artifact_id: Id
    name: str
    size_bytes: int
    sha256: str
    links: ModelFormatFilesItemLinks


class ModelFormatFilesItemLinks(TypedDict):
    self: str
    content: str


class ModelList(TypedDict):
    object: Literal["list"]
    data: list[Model]
    has_more: bool
    next: Cursor


class JobUpdate(TypedDict):
    name: NotRequired[str]
    notes: NotRequired[str]
    metadata: NotRequired[dict[str, str]]
    archived: NotRequired[bool]
    """`false` lists an archived job again."""


class ModelUpdate(TypedDict):
    name: NotRequired[str]
    description: NotRequired[str]
    metadata: NotRequired[dict[str, str]]


class TagChange(TypedDict):
    id: Id
    object: Literal["tag_change"]
    at: Time
    name: str
    """Name of the models at that time."""
    tag: ModelTag
    model_id: Optional[str]
    """The model that got the tag. Null if the tag was removed."""
    previous_model_id: Optional[str]
    """The model that had the tag before."""


class TagChangeList(TypedDict):
    object: Literal["list"]
    data: list[TagChange]
    has_more: bool
    next: Cursor


class ClassName(TypedDict):
    index: ClassIndex
    name: str


class ModelEvaluation(TypedDict):
    object: Literal["model_evaluation"]
    model_id: Id
    variant: ModelVariantName
    images: int
    """Number of test images."""
    correct: int
    accuracy: float
    top_3_accuracy: float
    """Share of the images whose class is among the three most probable ones."""
    classes: list[ClassEvaluation]
    matrix: Optional[list[list[int]]]
    """`matrix[label][predicted]` is the number of images of a class that were predicted as a class. Null if there are
    more than 100 classes.
    """
    confusions: list[Confusion]
    """The 100 most frequent pairs of a class and another class predicted for it, the most frequent first."""


class ClassEvaluation(TypedDict):
    index: ClassIndex
    name: str
    images: int
    """Number of test images of this class."""
    predicted: int
    """Number of test images predicted as this class."""
    correct: int
    accuracy: float
    """Share of all test images for which `is it this class?` is answered correctly."""
    precision: Optional[float]
    """Share of the images predicted as this class that have it. Null if there are none."""
    recall: Optional[float]
    """Share of the images of this class that are predicted as it. Null if there are none."""


class Confusion(TypedDict):
    label: ClassName
    predicted: ClassName
    images: int


class RegisteredNameList(TypedDict):
    object: Literal["list"]
    data: list[RegisteredName]
    has_more: bool
    next: Cursor


class RegisteredName(TypedDict):
    """A name of models. `GET /registry/{name}` has its versions."""

    object: Literal["registered_name"]
    name: str
    latest_version: int
    model_id: Optional[str]
    """The model of the latest version; null if it was deleted or renamed."""
    created_at: Time
    aliases: list[RegisteredNameAliasesItem]


class RegisteredNameAliasesItem(TypedDict):
    alias: ModelTag
    version: int


class RegisteredModel(TypedDict):
    object: Literal["registered_model"]
    name: str
    latest_version: int
    versions: list[RegisteredModelVersionsItem]
    aliases: list[Alias]


class RegisteredModelVersionsItem(TypedDict):
    version: int
    model_id: Optional[str]
    """Null if the model was deleted or renamed."""
    created_at: Time


class Alias(TypedDict):
    object: Literal["alias"]
    name: str
    """The name of the models."""
    alias: ModelTag
    version: Optional[int]
    """Null if no model has the alias."""
    model_id: Optional[str]
    etag: str
    """Changes with every change of the alias; `none` before the first one."""
    rule: Optional[AliasRule]


class AliasChange(TypedDict):
    version: int


class AliasRule(TypedDict):
    requires: list[AliasRequirement]
    """All of these must be met."""
    approvals: NotRequired[int]
    """Approvals that a promotion needs."""
    not_by_author: NotRequired[bool]
    """The key that created the promotion may not approve it."""


class AliasRequirement(TypedDict):
    """The newest evaluation of the model on these images, without `tta`, decides. With neither `at_least` nor
    `not_worse_than`, there must be one.
    """

    dataset: str
    """Name or id."""
    split: NotRequired[EvaluationSplit]
    variant: NotRequired[ModelVariantName]
    metric: Literal["accuracy", "balanced_accuracy", "macro_f1", "top_5", "auroc", "average_precision"]
    at_least: NotRequired[Optional[float]]
    not_worse_than: NotRequired[Optional[ModelTag]]
    """An alias of the same name, like `production`: the metric must not be lower than that of its model on the same
    images. Met if no model has that alias.
    """
    tolerance: NotRequired[float]
    """How much lower it may be."""


class PromotionRequest(TypedDict):
    version: int
    alias: ModelTag
    note: NotRequired[str]
    etag: NotRequired[Optional[str]]
    """If given, the alias must still have this etag; otherwise the answer is 412 `alias_changed`."""
    force: NotRequired[Optional[PromotionRequestForce]]
    """Needs the scope `admin`."""


class PromotionRequestForce(TypedDict):
    """Needs the scope `admin`."""

    reason: str


class Promotion(TypedDict):
    id: Id
    object: Literal["promotion"]
    state: Literal["pending", "applied", "rejected"]
    name: str
    alias: ModelTag
    version: int
    model_id: str
    """The model of the version. It may be deleted since."""
    note: str
    author: Optional[str]
    """Id of the API key. Null on a server without keys."""
    forced_reason: Optional[str]
    """Why the rule was passed by; otherwise null."""
    reason: Optional[str]
    """Why it was rejected; otherwise null."""
    evidence: list[PromotionEvidenceItem]
    """What the evaluations said to each requirement of the rule, when it was last checked."""
    approvals: list[PromotionApprovalsItem]
    created_at: Time
    finished_at: OptionalTime


class PromotionEvidenceItem(TypedDict):
    requirement: AliasRequirement
    met: bool
    reason: str
    evaluations: list[Id]


class PromotionApprovalsItem(TypedDict):
    by: Optional[str]
    """Id of the API key."""
    at: Time


class PromotionList(TypedDict):
    object: Literal["list"]
    data: list[Promotion]
    has_more: bool
    next: Cursor


class BatchPredictionRequest(TypedDict):
    model: str
    """The id of a model, or `name@alias` for the version that has the alias now."""
    variant: NotRequired[ModelVariantName]
    input: BatchPredictionRequestInput
    """Exactly one of `dataset` and `upload` is required. The other is absent or null."""
    output: NotRequired[BatchPredictionRequestOutput]
    top_k: NotRequired[int]
    """Number of classes for each image, the most probable first. If the model has fewer classes, all are written."""
    include: NotRequired[list[Literal["embedding"]]]
    """Further fields of a line. `embedding`: the features of the network, for a model whose job had `features` in
    `export_options.outputs` and `onnx` in `exports`. Only with the format `jsonl`.
    """
    max_failed_share: NotRequired[float]
    """Share of the images that may be unreadable. As soon as there are more, the batch prediction fails. It always
    fails if every image is unreadable.
    """
    cascade: NotRequired[Optional[Cascade]]
    """Lets the compact network answer where it is sure. Requires `variant` `full`."""


class BatchPredictionRequestInput(TypedDict):
    """Exactly one of `dataset` and `upload` is required. The other is absent or null."""

    dataset: NotRequired[Optional[str]]
    """Name or id of a dataset whose images are imported."""
    split: NotRequired[Optional[EvaluationSplit]]
    """Images of the dataset; null is `test`. An upload has no splits."""
    upload: NotRequired[Optional[str]]
    """Id of a complete upload to /uploads: a zip or tar of JPEG, PNG or WebP files, in folders or not. Other files in
    it are left out, and pictures that cannot be read fail one by one.
    """


class BatchPredictionRequestOutput(TypedDict):
    format: NotRequired[BatchPredictionFormat]


class Cascade(TypedDict):
    threshold: float
    """The compact network answers if the probability of its first class is at least this; the full network answers
    otherwise. The `cascade` of an evaluation shows accuracy and time by threshold.
    """


class BatchPrediction(TypedDict):
    """Predictions of a model for all images of a dataset or of an archive."""

    id: Id
    object: Literal["batch_prediction"]
    state: BatchPredictionState
    model_id: Id
    model_name: str
    """The name of the model when the batch prediction was created."""
    variant: ModelVariantName
    input: BatchPredictionInput
    """The dataset as it was, or the upload. Both may be deleted since."""
    output: BatchPredictionOutput
    top_k: int
    include: list[Literal["embedding"]]
    max_failed_share: float
    cascade: Optional[Cascade]
    counts: BatchPredictionCounts
    """Numbers of images."""
    error: Optional[EvaluationError]
    """Why it failed; otherwise null."""
    created_at: str
    started_at: Optional[str]
    finished_at: Optional[str]
    links: BatchPredictionLinks


class BatchPredictionInput(TypedDict):
    """The dataset as it was, or the upload. Both may be deleted since."""

    dataset: Optional[BatchPredictionInputDataset]
    """Null for an upload."""
    split: Optional[EvaluationSplit]
    """Null for an upload."""
    upload: Optional[BatchPredictionInputUpload]
    """Null for a dataset."""


class BatchPredictionInputDataset(TypedDict):
    """Null for an upload."""

    id: Id
    name: str
    sha256: str
    """Of the manifest."""


class BatchPredictionInputUpload(TypedDict):
    """Null for a dataset."""

    sha256: Optional[str]
    """Of the archive. Null until it is unpacked."""
    size_bytes: int


class BatchPredictionOutput(TypedDict):
    format: BatchPredictionFormat
    size_bytes: int
    """Size of the result so far."""


class BatchPredictionCounts(TypedDict):
    """Numbers of images."""

    total: int
    """0 until an upload is unpacked."""
    done: int
    """Images with a line in the result, the failed ones included."""
    failed: int
    """Images that could not be read."""
    by_compact: int
    """Images that the compact network answered."""


class BatchPredictionLinks(TypedDict):
    self: str
    model: str
    result: str
    errors: str


class BatchPredictionList(TypedDict):
    object: Literal["list"]
    data: list[BatchPrediction]
    has_more: bool
    next: Cursor


class BatchPredictionLine(TypedDict):
    key: str
    """Name of the image in the input: `<split>/<index>` as in `/datasets/{id}/images/{split}/{index}`, or the file
    name in an uploaded archive.
    """
    sha256: str
    """Of the image file; of the pixels where the dataset stores pixels."""
    answered_by: Optional[ModelVariantName]
    """The network that answered; null if none could."""
    classes: list[BatchPredictionLineClassesItem]
    """The most probable classes first. Empty for an image that could not be read."""
    embedding: NotRequired[list[float]]
    """Features of the network that answered, if `include` asks for them."""
    error: Optional[EvaluationError]
    """Why the image has no answer; otherwise null."""


class BatchPredictionLineClassesItem(TypedDict):
    name: str
    probability: float


class BatchPredictionFailure(TypedDict):
    key: str
    sha256: str
    error: EvaluationError


class ModelPushRequest(TypedDict):
    target: Literal["s3", "mlflow", "hf"]
    """`s3`: all files of the network into a bucket. `hf`: README.md, config.json and model.safetensors as a
    repository of Hugging Face has them, into a bucket; the job needs the export `transformers` or `timm`.
    `mlflow`: a version in MLflow's registry of models, which names this model.
    """
    url: str
    """`s3` and `hf`: the address of the store, the bucket and a prefix, like
    `https://s3.eu-central-1.amazonaws.com/bucket/models`. `mlflow`: the address of the server. It must be https://
    and public. An operator can allow others with STRATA_OUTGOING_ALLOW.
    """
    variant: NotRequired[ModelVariantName]
    alias: NotRequired[Optional[ModelTag]]
    """Only for `mlflow`. The alias that the version gets there."""
    region: NotRequired[Optional[str]]
    """Only for `s3` and `hf`. Null means us-east-1, which most other stores than Amazon's take."""
    credentials: NotRequired[Optional[ModelPushRequestCredentials]]
    """Needed for `s3` and `hf`. They are stored encrypted and never returned."""
    authorization: NotRequired[Optional[str]]
    """Only for `mlflow`. Value of the `Authorization` header of every request, like `Bearer …` or `Basic …`. It is
    stored encrypted and never returned.
    """


class ModelPushRequestCredentials(TypedDict):
    """Needed for `s3` and `hf`. They are stored encrypted and never returned."""

    access_key_id: str
    secret_access_key: str


class ModelPush(TypedDict):
    id: Id
    object: Literal["model_push"]
    model_id: Id
    target: Literal["s3", "mlflow", "hf"]
    url: str
    variant: ModelVariantName
    alias: Optional[ModelTag]
    state: Literal["pending", "running", "succeeded", "failed"]
    """`pending`: it is still to be made, or to be tried again. `running`: it is being made. `failed`: the last
    attempt failed.
    """
    attempts: int
    location: Optional[str]
    """Where the model is. `s3` and `hf`: the address of the folder. `mlflow`: the web page of the version. Null
    before it is there.
    """
    error: Optional[str]
    """Reason for the failure of the last attempt."""
    created_at: Time
    next_attempt_at: OptionalTime
    finished_at: OptionalTime


class ModelPushList(TypedDict):
    object: Literal["list"]
    data: list[ModelPush]
    has_more: bool
    next: Cursor


class EvaluationRequest(TypedDict):
    """Give either `model` or `checkpoint`."""

    model: NotRequired[Id]
    checkpoint: NotRequired[str]
    """Id of a checkpoint from `GET /jobs/{id}/checkpoints` with `starts_jobs` true. `variant` `compact` and `cascade`
    require one of kind `final`: only the end of a job fits the compact network.
    """
    variant: NotRequired[ModelVariantName]
    dataset: str
    """Name or id of a dataset whose images are imported."""
    split: NotRequired[EvaluationSplit]
    tta: NotRequired[TestTimeAugmentation]
    cascade: NotRequired[bool]
    """Also runs the compact network on every image, and reports what a cascade of both networks would bring by
    threshold. Requires `variant` `full`.
    """
    slices: NotRequired[list[str]]
    """Columns of the dataset's metadata, like `metadata.site`. `figures.slices` has the figures of the images of each
    of their values.
    """


class Evaluation(TypedDict):
    """Figures of a model or of a checkpoint on the images of a dataset."""

    id: Id
    object: Literal["evaluation"]
    state: EvaluationState
    model_id: Optional[Id]
    """Null for a checkpoint."""
    model_name: Optional[str]
    """The name of the model when the evaluation was created. Null for a checkpoint."""
    checkpoint: Optional[EvaluatedCheckpoint]
    """Null for a model."""
    variant: ModelVariantName
    dataset: EvaluationDataset
    """The dataset as it was. It may be deleted since."""
    split: EvaluationSplit
    tta: TestTimeAugmentation
    cascade: bool
    """Whether the compact network answers the images, too."""
    slices: list[str]
    """Columns of metadata, like `metadata.site`."""
    images: int
    """Number of images in the split."""
    progress: float
    """Share of the parts that are finished."""
    figures: Optional[EvaluationFigures]
    """Null until the evaluation has succeeded."""
    error: Optional[EvaluationError]
    """Why it failed; otherwise null."""
    created_at: str
    started_at: Optional[str]
    finished_at: Optional[str]
    links: EvaluationLinks


class EvaluationDataset(TypedDict):
    """The dataset as it was. It may be deleted since."""

    id: Id
    name: str
    sha256: str
    """Of the manifest. Equal hashes mean equal images in the same order."""


class EvaluationLinks(TypedDict):
    self: str
    model: Optional[str]
    """Null for a checkpoint."""
    job: Optional[str]
    """The job of the checkpoint. Null for a model."""
    predictions: str


class EvaluatedCheckpoint(TypedDict):
    """A checkpoint as it was when the evaluation was created. It may be deleted since."""

    id: Id
    job_id: Id
    job_name: Optional[str]
    """Name of the job."""
    kind: Literal["step", "round", "final"]
    """As in `GET /jobs/{id}/checkpoints`."""
    round: Optional[int]
    """Only for kind `round`: number of the round within its phase."""
    step: int
    """The first optimizer step that it does not include."""


class EvaluationError(TypedDict):
    code: str
    """A code of docs/errors.md."""
    message: str


class EvaluationList(TypedDict):
    object: Literal["list"]
    data: list[Evaluation]
    has_more: bool
    next: Cursor


class EvaluationFigures(TypedDict):
    """Computed once over all images in float64, as scikit-learn does. docs/evaluations.md defines each."""

    images: int
    correct: int
    accuracy: float
    accuracy_interval: Interval
    top_5: Optional[float]
    """Share of images whose class is among the five most probable. Null for fewer than six classes."""
    balanced_accuracy: float
    """Mean recall of the classes that have images."""
    macro_f1: float
    """Mean F1 of the classes that have images or were predicted."""
    log_loss: float
    brier: float
    """Sum over the classes of squared distances, mean of the images."""
    ece: float
    """Expected calibration error over 15 bins of equal width."""
    auroc: Optional[float]
    """Mean over the classes of the area under the ROC curve. Null if no class has both images and other images."""
    average_precision: Optional[float]
    """Mean over the classes with images."""
    per_class: list[EvaluatedClass]
    confusion: list[EvaluationFiguresConfusionItem]
    """Pairs of a class and the class predicted for it that occur, by index, the most frequent first; at most 10,000."""
    calibration: EvaluationFiguresCalibration
    cascade: NotRequired[EvaluatedCascade]
    slices: NotRequired[list[ColumnSlices]]
    """Only with `slices`."""


class EvaluationFiguresConfusionItem(TypedDict):
    label: ClassIndex
    predicted: ClassIndex
    count: int


class EvaluationFiguresCalibration(TypedDict):
    temperature: float
    """The probabilities fit best if the logits are divided by this. Above 1, the network is too sure of itself."""
    bins: list[EvaluationFiguresCalibrationBinsItem]


EvaluationFiguresCalibrationBinsItem = TypedDict(
    'EvaluationFiguresCalibrationBinsItem',
    {
        'from': "float",
        'to': "float",
        'count': "int",
        'confidence': "Optional[float]",
        'accuracy': "Optional[float]",
    },
)


class EvaluatedCascade(TypedDict):
    """The full and the compact network on the same images, and cascades of both by threshold. Only with `cascade`."""

    compact_accuracy: float
    full_seconds: float
    """Time in which the full network answers all images."""
    compact_seconds: float
    """The same of the compact network."""
    points: list[EvaluatedCascadePointsItem]


class EvaluatedCascadePointsItem(TypedDict):
    threshold: float
    accuracy: float
    by_compact: float
    """Share of the images that the compact network answers."""
    seconds: float
    """The compact network sees every image and the full one those that are left."""


class EvaluatedClass(TypedDict):
    index: ClassIndex
    name: str
    images: int
    predicted: int
    correct: int
    precision: Optional[float]
    """Null if no image was predicted as the class."""
    recall: Optional[float]
    """Null if the class has no images."""
    f1: Optional[float]
    """Null if the class has no images and was not predicted."""
    recall_interval: Optional[Interval]
    """Null if the class has no images."""
    auroc: Optional[float]
    """Area under the ROC curve of this class against all others."""
    average_precision: Optional[float]
    """Null if the class has no images."""
    thresholds: NotRequired[ClassThresholds]


class ClassThresholds(TypedDict):
    """The probability from which an image should count as one of the class, for three aims. All are null if the class
    has no images. Evaluations that an earlier version computed do not have it.
    """

    best_f1: Optional[OperatingPoint]
    """The highest F1; of equal ones, the lowest threshold."""
    precision_95: Optional[OperatingPoint]
    """The highest recall with a precision of at least 0.95. Null if no threshold has that precision."""
    recall_95: Optional[OperatingPoint]
    """The highest precision with a recall of at least 0.95."""


class OperatingPoint(TypedDict):
    """Figures of a class if every image with at least this probability of it counts as one of it."""

    threshold: float
    precision: float
    recall: float
    f1: float


class Interval(TypedDict):
    """Wilson's 95 % interval."""

    low: float
    high: float


class EvaluationPrediction(TypedDict):
    index: int
    """Position of the image in the split."""
    label: str
    """The class that the image has."""
    correct: bool
    classes: list[EvaluationPredictionClassesItem]
    """The most probable classes, at most five, the most probable first."""


class EvaluationPredictionClassesItem(TypedDict):
    name: str
    probability: float


class SlicesRequest(TypedDict):
    slices: list[Slice]


class Slice(TypedDict):
    """Some of the images, named by one of `indices`, `classes` and `metadata`."""

    name: str
    indices: NotRequired[list[int]]
    """Positions of images in the split, from 0. One that is listed twice counts once."""
    classes: NotRequired[list[str]]
    """Names of classes: all images that have one of them."""
    metadata: NotRequired[SliceMetadata]
    """All images with this value in a column of the dataset's metadata."""


class SliceMetadata(TypedDict):
    """All images with this value in a column of the dataset's metadata."""

    column: str
    """Name of the column, like `site`."""
    value: Optional[str]
    """Null for the images without a value."""


class EvaluationSlices(TypedDict):
    object: Literal["evaluation_slices"]
    evaluation_id: Id
    slices: list[SliceFigures]


class SliceFigures(TypedDict):
    """Figures of the images of a slice. All but the counts are null for a slice without images."""

    name: str
    images: int
    correct: int
    accuracy: Optional[float]
    accuracy_interval: Optional[Interval]
    """Null for a slice without images."""
    balanced_accuracy: Optional[float]
    macro_f1: Optional[float]
    other_accuracy: Optional[float]
    """Accuracy on the images outside the slice. Null if there are none."""


class ColumnSlices(TypedDict):
    """The figures of the images of each value of a column of metadata."""

    column: str
    """Like `metadata.site`."""
    values: list[ValueFigures]
    """The values that images of the split have, sorted. The images without a value come last."""


class ValueFigures(TypedDict):
    """Figures of the images with one value."""

    value: Optional[str]
    """Null for the images without a value."""
    images: int
    correct: int
    accuracy: Optional[float]
    accuracy_interval: Optional[Interval]
    """Wilson's 95 % interval."""
    balanced_accuracy: Optional[float]
    macro_f1: Optional[float]
    other_accuracy: Optional[float]
    """Accuracy on the images with other values. Null if there are none."""


class EvaluationComparison(TypedDict):
    object: Literal["evaluation_comparison"]
    a: ComparedEvaluation
    b: ComparedEvaluation
    images: int
    both_right: int
    only_a: int
    """Images on which only `a` is right."""
    only_b: int
    """Images on which only `b` is right."""
    both_wrong: int
    difference: float
    """Accuracy of `b` less that of `a`."""
    p_value: float
    """McNemar's exact test, two-sided."""
    classes: list[EvaluationComparisonClassesItem]
    """The classes in which the two differ, by how much `b` gained."""


class EvaluationComparisonClassesItem(TypedDict):
    name: str
    images: int
    won: int
    """Images of the class on which only `b` is right."""
    lost: int
    """Images of the class on which only `a` is right."""


class ComparedEvaluation(TypedDict):
    id: Id
    model_id: Optional[Id]
    """Null for a checkpoint."""
    checkpoint_id: Optional[Id]
    """Null for a model."""
    variant: ModelVariantName
    accuracy: float


class ModelErrorList(TypedDict):
    object: Literal["list"]
    data: list[ModelError]
    has_more: bool
    total: int
    """Number of items on all pages."""


class ModelError(TypedDict):
    object: Literal["model_error"]
    index: int
    """Place of the image in the test split."""
    label: ClassName
    classes: list[ModelErrorClassesItem]
    """The three most probable classes, or all of them if there are fewer, the most probable first."""
    links: ModelErrorLinks


class ModelErrorClassesItem(TypedDict):
    index: ClassIndex
    name: str
    probability: float


class ModelErrorLinks(TypedDict):
    image: str


class DatasetStatistics(TypedDict):
    object: Literal["dataset_statistics"]
    dataset_id: DatasetReference
    mean: list[float]
    """Of each channel, over the pixels (0 to 255) of the training images."""
    standard_deviation: list[float]
    """Of each channel, over the pixels of the training images."""
    classes: list[DatasetStatisticsClassesItem]


class DatasetStatisticsClassesItem(TypedDict):
    index: ClassIndex
    name: str
    train: int
    validation: int
    test: int


class DatasetSampleList(TypedDict):
    object: Literal["list"]
    data: list[DatasetSample]
    has_more: bool
    total: int
    """Number of items on all pages."""


class DatasetSample(TypedDict):
    object: Literal["dataset_sample"]
    split: SplitName
    index: int
    label: ClassName
    links: DatasetSampleLinks


class DatasetSampleLinks(TypedDict):
    content: str


class ModelComparison(TypedDict):
    object: Literal["model_comparison"]
    a: Model
    b: Model
    spec: list[ModelComparisonSpecItem]
    """Fields in which the two specs differ. A list counts as one field."""
    figures: list[ModelComparisonFiguresItem]
    """All numbers that the finalizer of either job reported, and `parameters`, `latency_ms` (for one image) and
    `size_bytes` by variant and format. Null if one of the models has no such figure.
    """
    curves: list[ModelComparisonCurvesItem]
    """The last point of every metric series."""


class ModelComparisonSpecItem(TypedDict):
    pointer: str
    """JSON pointer, like `/optimizer/learning_rate`."""
    a: Any
    """Value in the first spec. Also null if that spec has no such field."""
    b: Any
    """Value in the second spec. Also null if that spec has no such field."""


class ModelComparisonFiguresItem(TypedDict):
    name: str
    a: Optional[float]
    b: Optional[float]
    difference: Optional[float]
    """b - a."""


class ModelComparisonCurvesItem(TypedDict):
    name: str
    stage: Optional[int]
    a: CurveEnd
    b: CurveEnd


class CurveEnd(TypedDict):
    step: int
    value: float


class PredictionRequest(TypedDict):
    """Exactly one of the fields."""

    image: NotRequired[Base64]
    """A PNG, JPEG or WebP file."""
    images: NotRequired[list[Base64]]
    """Several PNG, JPEG or WebP files."""
    pixels: NotRequired[list[Base64]]
    """Images exactly as the network reads them, without scaling: uint8 values, row by row, with the channels of a
    pixel next to each other. Each has height x width x channels values (`image` of the model).
    """


class Prediction(TypedDict):
    object: Literal["prediction"]
    model_id: Id
    variant: ModelVariantName
    sha256: str
    """The sha256 of the ONNX file that made the predictions. It identifies the exact weights."""
    data: list[PredictionDataItem]
    """One entry per image, in the same order."""
    ms: PredictionMs
    """Milliseconds for all images together."""


class PredictionDataItem(TypedDict):
    classes: list[PredictionDataItemClassesItem]
    """The most probable first."""


class PredictionDataItemClassesItem(TypedDict):
    index: int
    """Index in the `classes` of the model."""
    name: str
    probability: float


class PredictionMs(TypedDict):
    """Milliseconds for all images together."""

    total: float
    """Time from the arrival of the request to its response, including waiting."""
    load: float
    """Time to load the model. Almost 0 if the model was loaded before."""
    decode: float
    compute: float


class Dataset(TypedDict):
    id: Id
    object: Literal["dataset"]
    name: str
    built_in: bool
    state: Literal["available", "validating", "ready", "failed"]
    """`available`: a built-in dataset that is imported when a job uses it for the first time."""
    progress: Optional[ImportProgress]
    """Progress of the validation. Null if no validation is running."""
    format: Optional[str]
    """The detected format. Null before the detection, and for MNIST."""
    source: Optional[DatasetSource]
    """Origin of the data. Null for built-in datasets before their import, and for MNIST."""
    classes: list[str]
    """Class names by label. Empty until they are known."""
    image: Optional[ImageShape]
    """Shape of the images that the network sees. Null until it is known."""
    storage: Literal["pixels", "encoded"]
    """`pixels`: images of one size, stored decoded. `encoded`: images of any size, stored as the original files.
    Trainers decode, crop and resize them.
    """
    splits: DatasetSplits
    mean: PerChannel
    standard_deviation: PerChannel
    augmentation: DatasetAugmentation
    """Augmentation of jobs that set none."""
    metadata: list[MetadataColumn]
    """Columns of `metadata.csv` or `metadata.jsonl` that are kept of each image, for slices of evaluations. Empty for
    a dataset without such a file.
    """
    sha256: Optional[str]
    """The sha256 of the manifest that lists the arrays. Null for a built-in dataset that no job has used yet."""
    problems: list[DatasetProblem]
    """The first problems found in the dataset. Errors are the reason for the state `failed`."""
    problem_count: int
    """Total number of problems."""
    created_at: Time


class DatasetSplits(TypedDict):
    train: DatasetSplit
    validation: DatasetSplit
    """The upload's own validation split; its count is 0 where there is none."""
    test: DatasetSplit


class DatasetAugmentation(TypedDict):
    """Augmentation of jobs that set none."""

    crop_padding: int
    horizontal_flip: bool


class MetadataColumn(TypedDict):
    name: str
    values: int
    """Number of different values."""
    missing: int
    """Number of images without a value."""


class ImageShape(TypedDict):
    height: int
    width: int
    channels: int


class ImportProgress(TypedDict):
    share: float
    images: int
    """Number of images read so far."""


class DatasetSource(TypedDict):
    kind: Literal["upload", "url", "built_in"]
    sha256: Optional[str]
    size_bytes: Optional[int]


class DatasetProblem(TypedDict):
    code: str
    """A code from docs/errors.md."""
    severity: Literal["error", "warning"]
    message: str
    file: Optional[str]
    """The file with the problem, by its name in the archive."""


class DatasetSplit(TypedDict):
    count: int


class DatasetList(TypedDict):
    object: Literal["list"]
    data: list[Dataset]
    has_more: bool
    next: Cursor


class WeightsUpload(TypedDict):
    name: NotRequired[WeightsName]
    sha256: NotRequired[ExpectedSha256]
    class_names: NotRequired[WeightsClassNames]
    file: bytes
    """The safetensors file."""


class WeightsImport(TypedDict):
    """Exactly one of `url` and `upload` is required. The other is absent or null."""

    name: NotRequired[WeightsName]
    url: NotRequired[Optional[str]]
    """A public https address that answers 200 with the file. Redirects are not followed."""
    upload: NotRequired[Optional[str]]
    """Id of a complete upload to /uploads."""
    sha256: NotRequired[ExpectedSha256]
    class_names: NotRequired[WeightsClassNames]


class Weights(TypedDict):
    id: Id
    object: Literal["weights"]
    name: str
    layout: Literal["torchvision", "transformers", "cifar-resnet", "wide-resnet-pytorch", "strata"]
    """Whose names the tensors had. `torchvision` are those of timm, too. `cifar-resnet`: pytorch-cifar-models."""
    network: WeightsNetwork
    """What `model` of a job must be that starts from the weights."""
    channels: Literal[1, 3]
    """Channels of the images."""
    classes: int
    """Number of outputs."""
    class_names: Optional[list[str]]
    """Null where the upload named none."""
    sha256: str
    """The sha256 of the file."""
    size_bytes: int
    """Bytes of the file."""
    source: Literal["upload", "url"]
    created_at: Time


class WeightsNetwork(TypedDict):
    """What `model` of a job must be that starts from the weights."""

    family: Literal["resnet", "wide-resnet", "imagenet-resnet"]
    depth: int
    width: int
    padding: Literal["same", "symmetric"]


class WeightsList(TypedDict):
    object: Literal["list"]
    data: list[Weights]
    has_more: bool
    next: Cursor


class SweepSpec(TypedDict):
    name: NotRequired[str]
    """A name for people."""
    metadata: NotRequired[dict[str, str]]
    """Your own pairs of texts. The jobs of the trials have them, too."""
    job: JobSpec
    space: dict[str, SweepDimension]
    """The fields of `job` that are searched, by JSON pointer, like `/optimizer/learning_rate`. Empty for a sweep
    whose trials are all your own.
    """
    search: NotRequired[SweepSpecSearch]
    """`halton`: points that fill the space evenly. `random`: independent points. `grid`: all combinations, in an
    order that the seed draws. `none`: only points that you add. The same seed draws the same points.
    """
    objective: NotRequired[SweepObjective]
    repeats: NotRequired[int]
    """Jobs that train each point, with seeds that follow each other. The value of a trial is their mean, and `spread`
    their standard deviation.
    """
    stopping: NotRequired[SweepStopping]
    limits: NotRequired[SweepLimits]
    keep: NotRequired[SweepSpecKeep]
    refit: NotRequired[Optional[SweepSpecRefit]]
    """Train the best point once more when the search has ended, for example for more epochs."""


class SweepSpecSearch(TypedDict):
    """`halton`: points that fill the space evenly. `random`: independent points. `grid`: all combinations, in an
    order that the seed draws. `none`: only points that you add. The same seed draws the same points.
    """

    type: NotRequired[Literal["halton", "random", "grid", "none"]]
    seed: NotRequired[Optional[int]]
    """Null means a random seed, which the response shows."""


class SweepSpecKeep(TypedDict):
    models: NotRequired[Optional[int]]
    """Models of the best trials that are kept when the sweep has ended; the others are deleted unless they have a
    tag. Null keeps all.
    """


class SweepSpecRefit(TypedDict):
    """Train the best point once more when the search has ended, for example for more epochs."""

    overrides: NotRequired[dict[str, Optional[Union[float, str, bool]]]]
    """Values that this last job has instead, by JSON pointer, like `/epochs`."""


class SweepDimension(TypedDict):
    """Either `values`, or `min` and `max`. `scale: log` draws evenly in the logarithm. `step` draws min, min + step
    and so on, which whole numbers need.
    """

    values: NotRequired[list[Optional[Union[float, str, bool]]]]
    min: NotRequired[float]
    max: NotRequired[float]
    scale: NotRequired[Literal["linear", "log"]]
    step: NotRequired[float]


class SweepObjective(TypedDict):
    """What the best trial has most or least of. Test images never choose: an objective on them would report a figure
    that is too good.
    """

    metric: NotRequired[Literal["validation_accuracy", "validation_loss", "validation_macro_f1"]]
    """`validation_macro_f1` is the mean F1 of the classes, which counts a rare class as much as any other."""
    goal: NotRequired[Optional[Literal["maximize", "minimize"]]]
    """Null means `minimize` for a loss and `maximize` for the others."""


class SweepStopping(TypedDict):
    """Compares trials at rungs, which are ends of rounds of the layer-parallel phase, and spends less on the worse
    ones. The values are those of the objective on the network as its stages are then.
    """

    type: NotRequired[Literal["none", "asha", "median"]]
    """`asha`: the best 1/`divisor` of a rung go on (Li et al. 2020). `median`: a trial ends if it is worse than the
    median of the trials that reached the rung before it.
    """
    divisor: NotRequired[int]
    min_epochs: NotRequired[int]
    """Epochs before the first rung. `asha` has the next one after `divisor` times as many, `median` after as many
    again.
    """
    max_rungs: NotRequired[int]
    mode: NotRequired[Literal["promote", "stop"]]
    """Only for `asha`. `promote`: trials pause at a rung, and the best of them resume bitwise where they were.
    `stop`: a trial is judged once, when it arrives, and ends or goes on.
    """


class SweepLimits(TypedDict):
    trials: NotRequired[Optional[int]]
    """Number of points. Null means the whole grid, or 16 points of another search."""
    parallel_trials: NotRequired[int]
    """Jobs of the sweep that are unfinished at the same time."""
    device_seconds: NotRequired[Optional[float]]
    """Device time of all jobs of the sweep. When it is spent, running trials are cancelled, and the best of those
    that have ended wins. Null means no limit.
    """
    failed_trials: NotRequired[int]
    """The sweep fails when this number of jobs has failed. Fewer failures do not end it."""
    target: NotRequired[Optional[float]]
    """The sweep ends as soon as a trial has reached this value of the objective. Null means no target."""


class SweepUpdate(TypedDict):
    name: NotRequired[str]
    metadata: NotRequired[dict[str, str]]
    limits: NotRequired[SweepUpdateLimits]


class SweepUpdateLimits(TypedDict):
    trials: NotRequired[int]
    parallel_trials: NotRequired[int]
    device_seconds: NotRequired[Optional[float]]
    failed_trials: NotRequired[int]
    target: NotRequired[Optional[float]]


class Sweep(TypedDict):
    id: Id
    object: Literal["sweep"]
    name: str
    metadata: dict[str, str]
    state: SweepState
    ended: Optional[Literal["completed", "target", "budget", "failed_trials", "cancelled"]]
    """Why the search ended. `completed`: all trials have. `target`: a trial reached `limits.target`. `budget`:
    `limits.device_seconds` were spent. `failed_trials`: too many jobs failed. Null before the end.
    """
    created_at: Time
    finished_at: Optional[Time]
    spec: Any
    """The request with every default and the seed of the search."""
    counts: SweepCounts
    """Trials in each state, and points that the rules refused."""
    best: Optional[Trial]
    """The best trial so far; null until one has succeeded."""
    spent: SweepSpent
    refused: Optional[str]
    """The reason why the first refused point was refused; null if none was."""
    refit_job_id: Optional[str]
    """The job that trains the best point once more."""
    cost: SweepCost
    """The cost of all trials, if none ends early."""
    links: SweepLinks


class SweepCounts(TypedDict):
    """Trials in each state, and points that the rules refused."""

    waiting: int
    running: int
    paused: int
    pruned: int
    succeeded: int
    failed: int
    cancelled: int
    refused: int


class SweepSpent(TypedDict):
    device_seconds: float
    """Device time of all jobs so far."""


class SweepCost(TypedDict):
    """The cost of all trials, if none ends early."""

    jobs: int
    optimizer_steps: int
    device_seconds: Optional[float]
    """Predicted as by `POST /plans`. Only a dry run predicts it; null otherwise."""
    warnings: list[str]
    """Reasons why the sweep takes longer than it needs. Only a dry run has them."""


class SweepLinks(TypedDict):
    self: str
    trials: str
    jobs: str


class SweepList(TypedDict):
    object: Literal["list"]
    data: list[Sweep]
    has_more: bool
    next: Cursor


class TrialRequest(TypedDict):
    parameters: dict[str, Optional[Union[float, str, bool]]]
    """Values by JSON pointer into the job. They need not lie in the space."""


class Trial(TypedDict):
    object: Literal["trial"]
    number: int
    """Its number within the sweep."""
    parameters: dict[str, Optional[Union[float, str, bool]]]
    state: TrialState
    value: Optional[float]
    """Mean of the objective over its repeats. Null until all have succeeded."""
    spread: Optional[float]
    """Standard deviation over the repeats; null with fewer than two."""
    runs: list[TrialRunsItem]
    """Its jobs, one a repeat."""


class TrialRunsItem(TypedDict):
    repeat: int
    seed: int
    state: TrialState
    job_id: Optional[str]
    """Null until it has started."""
    value: Optional[float]
    device_seconds: float
    rung: int
    """Number of rungs that it may pass."""
    rungs: list[TrialRunsItemRungsItem]
    """Its rungs, in order."""


class TrialRunsItemRungsItem(TypedDict):
    round: int
    """The round after which it is compared."""
    value: Optional[float]
    """Null until it is there."""


class TrialList(TypedDict):
    object: Literal["list"]
    data: list[Trial]
    has_more: bool
    next: Cursor


class Worker(TypedDict):
    id: Id
    object: Literal["worker"]
    host: str
    devices: list[WorkerDevicesItem]
    slots: list[WorkerSlotsItem]
    started_at: Time
    heartbeat_at: Time
    draining: bool
    """Whether it ends its running tasks and takes no other ones."""
    versions: dict[str, str]
    """Versions of the runtime: node, tensorflow, strata."""


class WorkerDevicesItem(TypedDict):
    kind: Literal["cpu", "gpu"]
    name: str
    slots: int
    bfloat16: bool
    """Whether jobs with `precision` bfloat16 can train on this device."""
    prefers_bfloat16: bool
    """Whether bfloat16 is faster than float32 on this device, so that `auto` uses it: a GPU, or a CPU with AMX.
    AVX512_BF16 alone only saves memory.
    """


class WorkerSlotsItem(TypedDict):
    runtime: Optional[Runtime]
    """Of its trainers. Null before the first one is ready, and for a worker of an earlier version."""
    state: Literal["starting", "idle", "busy", "quarantined"]
    """A `quarantined` slot takes no tasks for a while, because the trainers of three jobs in a row ended without a
    report: its device or host is at fault rather than the jobs.
    """
    quarantine_s: int
    """Seconds until a quarantined slot takes tasks again. 0 for any other."""
    busy_share: Optional[float]
    """Share of the last hour in which the slot worked on tasks; since its start, if that is less than an hour ago.
    Null for a worker of an earlier version.
    """
    memory_bytes: Optional[int]
    """Resident memory of its trainer. Null if the slot has none now."""
    gpu_use: Optional[float]
    """Share of time in which the slot's GPU computed, lately, as its driver reports it. Null on a CPU, and where the
    driver does not report it (MIG).
    """
    gpu_memory_bytes: Optional[int]
    """Memory in use on the slot's GPU, by all processes. Null where `gpu_use` is."""
    task_id: Optional[str]
    """The task in this slot, if it is one of yours. Null otherwise, as the next three."""
    task: Optional[str]
    """Key of the task within its job, like `stage-1-0`."""
    job_id: Optional[str]
    since: Optional[str]
    """Start of the task's current attempt."""


class WorkerList(TypedDict):
    object: Literal["list"]
    data: list[Worker]
    has_more: bool
    next: Cursor


class WebhookRequest(TypedDict):
    url: str
    """URL that receives the messages. It must be https and on the public internet, unless the operator of the server
    allows its host. Redirects are not followed.
    """
    events: NotRequired[list[WebhookEvent]]
    """Types of events to send."""


class Webhook(TypedDict):
    id: Id
    object: Literal["webhook"]
    url: str
    events: list[WebhookEvent]
    created_at: Time
    links: WebhookLinks


class WebhookLinks(TypedDict):
    self: str
    deliveries: str
    test: str


class CreatedWebhook(TypedDict):
    """A new webhook with its secret."""

    id: Id
    object: Literal["webhook"]
    url: str
    events: list[WebhookEvent]
    created_at: Time
    links: CreatedWebhookLinks
    secret: str
    """`whsec_` and base64: the secret with which a Standard Webhooks library verifies messages. It is shown only
    once.
    """


class CreatedWebhookLinks(TypedDict):
    self: str
    deliveries: str
    test: str


class WebhookList(TypedDict):
    object: Literal["list"]
    data: list[Webhook]
    has_more: bool
    next: Cursor


class WebhookMessage(TypedDict):
    """Body of a message."""

    type: str
    """Type of the event, or `webhook.test`."""
    timestamp: Time
    data: dict[str, Any]
    """For a job: `job_id` and `event`, which is an event of `GET /jobs/{id}/events`. Otherwise the resource: `model`,
    `alias`, `promotion`, `dataset` or `batch_prediction`. For a test message: `webhook_id`.
    """


class WebhookDelivery(TypedDict):
    id: Id
    object: Literal["webhook_delivery"]
    webhook_id: Id
    type: str
    state: Literal["pending", "succeeded", "failed"]
    """`pending`: being tried. `failed`: given up after the last attempt."""
    attempts: int
    status: Optional[int]
    """HTTP status of the last response."""
    error: Optional[str]
    """Reason for the failure of the last attempt."""
    created_at: Time
    next_attempt_at: OptionalTime
    finished_at: OptionalTime
    message: WebhookMessage
    links: WebhookDeliveryLinks


class WebhookDeliveryLinks(TypedDict):
    webhook: str
    redeliver: str


class WebhookDeliveryList(TypedDict):
    object: Literal["list"]
    data: list[WebhookDelivery]
    has_more: bool
    next: Cursor


class ApiKeyRequest(TypedDict):
    name: str
    """Owner or purpose of the key, for people."""
    scopes: list[Scope]
    """Permissions of the key."""


class Session(TypedDict):
    object: Literal["session"]
    tenant: str
    scopes: list[Scope]
    key_id: Optional[str]
    """The id of the API key. Null on a server without keys."""
    expires_at: Optional[str]
    """End of the session of a browser. Null for a caller that sent its key."""


class ApiKey(TypedDict):
    id: Id
    object: Literal["api_key"]
    tenant: str
    """Tenant whose resources the key can access."""
    name: str
    scopes: list[Scope]
    created_at: Time
    links: ApiKeyLinks


class ApiKeyLinks(TypedDict):
    self: str


class CreatedApiKey(TypedDict):
    """A new key with its secret."""

    id: Id
    object: Literal["api_key"]
    tenant: str
    """Tenant whose resources the key can access."""
    name: str
    scopes: list[Scope]
    created_at: Time
    links: CreatedApiKeyLinks
    key: str
    """The text that requests send: `Authorization: Bearer <key>`. It is shown only once."""


class CreatedApiKeyLinks(TypedDict):
    self: str


class ApiKeyList(TypedDict):
    object: Literal["list"]
    data: list[ApiKey]
    has_more: bool
    next: Cursor


class Liveness(TypedDict):
    status: Literal["ok"]
    version: str
    """Version of the server."""


class Health(TypedDict):
    status: Literal["ok", "degraded"]
    dependencies: Dependencies
    disks: list[Disk]
    problems: list[str]
    """Current problems, one sentence each. Empty if there are none."""


class Disk(TypedDict):
    name: Literal["home", "blobs"]
    """`home`: STRATA_HOME; `blobs`: BLOB_URL."""
    free_bytes: Optional[int]
    """null where the disk cannot be read."""
    reserve_bytes: Optional[int]
    """Bytes that uploads leave free (STRATA_DISK_RESERVE)."""


class Dependencies(TypedDict):
    postgres: Literal["up", "down"]
    redis: Literal["up", "down"]
    """`down` too where it answers and refuses writes."""
    workers: int
    """Workers with a recent heartbeat."""


class Problem(TypedDict):
    """An error in the format of RFC 9457."""

    type: str
    """`urn:strata:error:<code>`"""
    title: str
    """The same for every error of this code."""
    status: int
    detail: str
    """What happened and how to fix it."""
    instance: str
    """Path of the request."""
    code: str
    """A code from docs/errors.md. Match errors by this field."""
    request_id: str
    """Id of the request in the log of the server."""
    errors: list[FieldError]
    """The first 20 invalid fields, if any. For a body with more than 1,000 values, only the first one."""


FieldError = TypedDict(
    'FieldError',
    {
        'in': "Literal[\"body\", \"query\", \"path\", \"header\"]",
        'pointer': "str",
        'message': "str",
    },
)


class JobSpec(TypedDict):
    """Specification of the training. Every field except `dataset` has a default. The spec of a created job contains
    every default.
    """

    name: NotRequired[str]
    """A label for people; not unique."""
    metadata: NotRequired[dict[str, str]]
    """Up to 16 pairs of your choice, returned unchanged."""
    priority: NotRequired[int]
    """Among the jobs of your tenant, those with a higher priority are started first, and among equal ones the older;
    running tasks are not interrupted. Tenants take turns, whatever the priorities of their jobs.
    """
    dataset: str
    """Name or id of a dataset; `GET /datasets` lists them."""
    max_train_samples: NotRequired[Optional[int]]
    """Train only on the first N images, for quick trial runs. Null uses all images."""
    validation_share: NotRequired[Optional[float]]
    """Share of the dataset's training images that is held out for validation: the last ones, which the job does not
    train on. Null uses the dataset's own validation split, and no validation where it has none; 0 uses none in any
    case. With validation images evaluations between rounds score those (`validation_accuracy`), and the test
    images are scored once, at the end.
    """
    image_size: NotRequired[Optional[int]]
    """Side length in pixels of the square images that the network sees, for datasets with `storage` `encoded`. Null
    uses the size of the dataset. Datasets with `storage` `pixels` cannot be resized.
    """
    recipe: NotRequired[Optional[str]]
    """A named set of defaults, with its version, for fields that the job leaves out (docs/recipes.md). Fields that
    the job sets, null included, are kept. The spec of the created job contains every value of the recipe. A
    released version never changes. Null: the defaults of each field.
    """
    model: NotRequired[ModelSpec]
    method: NotRequired[MethodSpec]
    optimizer: NotRequired[OptimizerSpec]
    epochs: NotRequired[int]
    """Passes over the training images, including the end-to-end phase."""
    batch_size: NotRequired[int]
    """Images per optimizer step. The incomplete last batch of an epoch is dropped."""
    precision: NotRequired[Literal["float32", "bfloat16", "auto"]]
    """Number format of convolutions, batch norms and ReLUs in training. `bfloat16` halves the memory between layers.
    It requires devices that support it: a GPU of compute capability 8 or more, or a CPU with AVX512_BF16 or AMX.
    If no such device is registered, the job is rejected (409). `auto` uses bfloat16 if it is faster on every
    registered device (AVX512_BF16 alone is not), otherwise float32. Weights, batch statistics, losses,
    corrections, the optimizer, evaluation and exports always use float32.
    """
    label_smoothing: NotRequired[float]
    """Share of the target that is spread evenly over all classes in the cross-entropy of the training (Szegedy et al.
    2016). 0 keeps the labels unchanged. Evaluation never smooths labels.
    """
    normalization: NotRequired[Union[Literal["dataset", "weights", "imagenet"], JobSpecNormalization]]
    """What the network subtracts from the pixels of each channel and divides them by, in training, evaluation and
    every export. `dataset`: mean and standard deviation of the training images. `weights`: those that the weights
    or the model of `init_from` were trained with (of uploaded weights by their layout); the job then shows the
    numbers. `imagenet`: those of ImageNet. An object has one number for each channel, of pixels between 0 and 1.
    """
    class_weights: NotRequired[Union[Literal["none", "balanced"], list[float]]]
    """Weight of each class in the cross-entropy of the training, which is the mean over the images of a batch. `none`
    gives each image the weight 1. `balanced` gives the images of a class the weight images / (classes x images of
    the class), counted over the images that the job trains on, so that every class has the same influence. An
    array has one weight for each class, in the order of `classes` of the dataset. Evaluation never weights images.
    """
    sampling: NotRequired[Literal["uniform", "balanced"]]
    """Which images an epoch has. `uniform`: every training image once. `balanced`: as many images of each class, as
    many in all as there are training images; an image of a rare class appears several times, augmented anew each
    time, and of a common class every epoch has other images. Not supported by methods that store variables for
    every image.
    """
    augmentation: NotRequired[AugmentationSpec]
    seed: NotRequired[Optional[int]]
    """Seed of all random numbers. Null draws a seed, which the job then reports."""
    evaluate_every: NotRequired[Optional[int]]
    """Evaluate every N rounds of the layer-parallel phase, on the job's validation images or, without any, on the
    test images; null evaluates at its end only.
    """
    early_stopping: NotRequired[Optional[JobSpecEarlyStopping]]
    """Ends the layer-parallel phase at the round after which a validation figure has stopped improving, or has
    reached `target`. The job goes on with its end-to-end phase, whose steps and learning rates stay as planned,
    and with `finalize`. Rounds that stages had trained beyond that one are thrown away (`lost_seconds` of the
    usage). Figures of the end-to-end phase are never compared with those before it. Requires validation images and
    `evaluate_every` (docs/early-stopping.md). Null trains every round.
    """
    selection: NotRequired[JobSpecSelection]
    """Which network `finalize` exports, and which others stay. Requires validation images, `evaluate_every`, and at
    least two evaluations in the last phase for `best` (docs/early-stopping.md).
    """
    init_from: NotRequired[Optional[JobSpecInitFrom]]
    """Start from the weights of another job (`checkpoint`), of a `model`, or from uploaded `weights` instead of
    random weights; exactly one of them is given. Null starts from random weights. The networks must be the same.
    Those of a checkpoint see images of the same shape; models and uploaded weights fit images of any size, and
    those for colors also gray images. `refine` starts from a network of half the depth. The optimizer and its
    schedule start from the beginning. AuxNets are first fitted to the network that the job starts from, in a warm
    start without steps; local heads start from those of the other job if it has them in the same size. Not
    supported by `stored` with two or more stages.
    """
    freeze: NotRequired[Optional[JobSpecFreeze]]
    """Blocks that training leaves as they are: no gradient, no state of the optimizer, no weight decay. The stem and
    the first `blocks` residual blocks are frozen, bitwise, in the whole job or until `until_epoch`. They belong to
    the first stage, which has at least one block that is trained, so the network is cut into stages behind them;
    all blocks can be frozen in one stage, where the head is trained. Requires `init_from`. Null trains every
    block.
    """
    max_runtime_s: NotRequired[Optional[int]]
    """Maximum run time of the job in seconds, counted from its first task. Pauses, and waiting after them, do not
    count. A job that takes longer fails with `max_runtime_exceeded`. Null means no limit.
    """
    max_device_seconds: NotRequired[Optional[JobSpecMaxDeviceSeconds]]
    """A budget of device time: seconds for which tasks held slots, summed over all slots, as `device_seconds` of the
    usage counts them. What happens once it is spent happens once, within a few seconds (docs/early-stopping.md).
    Null means no budget.
    """
    max_pending_s: NotRequired[Optional[int]]
    """Maximum time in the queue in seconds, after the job was created or resumed. A job that waits longer fails with
    `max_pending_exceeded`. Null means no limit.
    """
    max_attempts: NotRequired[int]
    """Maximum number of failed attempts of a task. Only errors that can be retried (docs/errors.md) count; others
    fail the job at once. Attempts that were lost with their worker do not count.
    """
    exports: NotRequired[list[Literal["tfjs-layers", "tfjs-graph", "onnx", "onnx-int8", "onnx-float16", "tfjs-graph-int8", "safetensors", "torchvision", "timm", "transformers", "cifar-resnet", "wide-resnet-pytorch"]]]
    """Formats of the exported full and compact networks. `tfjs-layers` and `tfjs-graph` (TensorFlow.js) and `onnx`
    (opset 17) take pixels 0..255 [N,H,W,C] and return class probabilities. `safetensors` contains the weights in
    PyTorch's names and layouts, with a `config.json` that describes the layers. `torchvision`, `timm`,
    `transformers`, `cifar-resnet` (pytorch-cifar-models) and `wide-resnet-pytorch` (WideResNet-pytorch) are state
    dicts that the networks of these libraries load strictly, with a `config.json` each, of the full network alone.
    Networks need `padding` `symmetric` for them; docs/exports.md says which network each library has. Before a
    file is stored, it is loaded and compared with the trained network on 1,000 test images. `onnx-int8` and
    `tfjs-graph-int8` have weights of one byte, `onnx-float16` of two; they are held to
    `export_options.max_accuracy_drop` instead.
    """
    export_options: NotRequired[ExportOptions]
    trackers: NotRequired[list[Tracker]]
    """Experiment trackers that receive the results when the job has ended, whether it succeeded or not
    (docs/trackers.md). `GET /jobs/{id}/trackers` shows the state of each export.
    """


class JobSpecNormalization(TypedDict):
    mean: list[float]
    """One number for each channel."""
    standard_deviation: list[float]
    """One number for each channel."""


class JobSpecEarlyStopping(TypedDict):
    """Ends the layer-parallel phase at the round after which a validation figure has stopped improving, or has
    reached `target`. The job goes on with its end-to-end phase, whose steps and learning rates stay as planned,
    and with `finalize`. Rounds that stages had trained beyond that one are thrown away (`lost_seconds` of the
    usage). Figures of the end-to-end phase are never compared with those before it. Requires validation images and
    `evaluate_every` (docs/early-stopping.md). Null trains every round.
    """

    metric: NotRequired[Literal["validation_accuracy", "validation_loss", "validation_macro_f1"]]
    """The figure of the evaluations between rounds. An accuracy and the mean F1 of the classes
    (`validation_macro_f1`) should rise, a loss should fall.
    """
    patience: NotRequired[int]
    """The phase ends after this many evaluations in a row without progress. Progress is a value that is better than
    the best one before by more than `min_delta`; NaN never is.
    """
    min_delta: NotRequired[float]
    """A value must be better by more than this to count as progress, in units of the metric."""
    min_epochs: NotRequired[int]
    """Nothing is ended before so many epochs, the warm start included. Evaluations before it count."""
    target: NotRequired[Optional[float]]
    """The phase also ends when the metric is as good as this, an accuracy of at least it or a loss of at most it."""
    then: NotRequired[Literal["finish"]]
    """What follows the end. `finish` goes on with the end-to-end phase and `finalize`."""


class JobSpecSelection(TypedDict):
    """Which network `finalize` exports, and which others stay. Requires validation images, `evaluate_every`, and at
    least two evaluations in the last phase for `best` (docs/early-stopping.md).
    """

    keep: NotRequired[Literal["last", "best"]]
    """`last`: as training left it. `best`: as it was at the best evaluation of the last phase, which is the
    end-to-end phase, or the layer-parallel one where the job has no other. Evaluations of another phase are never
    compared with these. The job evaluates every `evaluate_every` rounds of the last phase, and after its last
    round. Among equal values the first is best; NaN never is.
    """
    metric: NotRequired[Literal["validation_accuracy", "validation_loss", "validation_macro_f1"]]
    """What is best. An accuracy should be high, a loss low. `validation_macro_f1`, the mean F1 of the classes, should
    be high; it counts a rare class as much as any other.
    """
    checkpoints: NotRequired[JobSpecSelectionCheckpoints]
    """Rounds whose weights and optimizer state stay after a success, beside the exported network: the best of the
    last phase by `metric`, and the latest. They are artifacts (`checkpoints/...`), count against the quota, start
    other jobs and are evaluated like every checkpoint. A round that is both stays once.
    """


class JobSpecSelectionCheckpoints(TypedDict):
    """Rounds whose weights and optimizer state stay after a success, beside the exported network: the best of the
    last phase by `metric`, and the latest. They are artifacts (`checkpoints/...`), count against the quota, start
    other jobs and are evaluated like every checkpoint. A round that is both stays once.
    """

    best: NotRequired[int]
    """Number of the best rounds."""
    latest: NotRequired[int]
    """Number of the latest rounds."""


class JobSpecInitFrom(TypedDict):
    """Start from the weights of another job (`checkpoint`), of a `model`, or from uploaded `weights` instead of
    random weights; exactly one of them is given. Null starts from random weights. The networks must be the same.
    Those of a checkpoint see images of the same shape; models and uploaded weights fit images of any size, and
    those for colors also gray images. `refine` starts from a network of half the depth. The optimizer and its
    schedule start from the beginning. AuxNets are first fitted to the network that the job starts from, in a warm
    start without steps; local heads start from those of the other job if it has them in the same size. Not
    supported by `stored` with two or more stages.
    """

    weights: NotRequired[Optional[str]]
    """Id of weights from `POST /weights`."""
    model: NotRequired[Optional[str]]
    """Id of a model from `GET /models`. Its full network is the start."""
    checkpoint: NotRequired[Optional[str]]
    """Id of a checkpoint from `GET /jobs/{id}/checkpoints` with `starts_jobs` true."""
    refine: NotRequired[bool]
    """Start from a network with half the blocks of each group: every block becomes two with half its branch each, so
    the function changes little (multilevel training). Depths double to 6n+2 (resnet) or 6n+4 (wide-resnet) of an
    even n, like 8 to 14 to 26. Every other field of the model is the same.
    """
    head: NotRequired[Literal["auto", "keep", "new"]]
    """The layers that tell classes apart. `auto` keeps those of the checkpoint, model or weights if the class names
    are equal and in the same order; otherwise they start from random weights, and `plan.warnings` says so. `keep`
    needs the same number of classes, whatever their names. `new` starts from random weights.
    """
    statistics: NotRequired[Literal["auto", "keep", "estimate"]]
    """Means and variances by which frozen batch norms normalize (`freeze`). `keep` takes those of the weights.
    `estimate` estimates them on the training images, with the weights that the job starts from. `auto` keeps them
    where there are some: uploaded weights have them, and checkpoints and models of jobs that froze these blocks.
    Batch norms that are not frozen are estimated at the end of every job.
    """


class JobSpecFreeze(TypedDict):
    """Blocks that training leaves as they are: no gradient, no state of the optimizer, no weight decay. The stem and
    the first `blocks` residual blocks are frozen, bitwise, in the whole job or until `until_epoch`. They belong to
    the first stage, which has at least one block that is trained, so the network is cut into stages behind them;
    all blocks can be frozen in one stage, where the head is trained. Requires `init_from`. Null trains every
    block.
    """

    blocks: int
    """Number of residual blocks, from the input on. The stem is frozen with them."""
    norm: NotRequired[Literal["frozen", "estimate"]]
    """`frozen`: the batch norms of these blocks normalize by fixed statistics, in training too, so their output for
    an image does not depend on the batch (`init_from.statistics` says which). `estimate`: they normalize by the
    batch, as those of trained blocks do, and their statistics are estimated at the end.
    """
    until_epoch: NotRequired[Optional[int]]
    """Number of epochs after which the frozen blocks train, too. From that step on they have the rate of the
    schedule, an optimizer without memory, and batch norms that normalize by the batch. A round ends there,
    whatever `round_steps` is. Must be less than `epochs`. Null: they never train.
    """


class JobSpecMaxDeviceSeconds(TypedDict):
    """A budget of device time: seconds for which tasks held slots, summed over all slots, as `device_seconds` of the
    usage counts them. What happens once it is spent happens once, within a few seconds (docs/early-stopping.md).
    Null means no budget.
    """

    amount: float
    """Seconds."""
    then: NotRequired[Literal["finish", "pause", "fail"]]
    """`finish` ends the layer-parallel phase at the last round that all stages have trained, the first one at least.
    The end-to-end phase and `finalize` follow and use more time than the budget; a job that is there already goes
    on. `pause` pauses the job; once resumed, it goes on without a budget. `fail` fails it with
    `max_device_seconds_exceeded`.
    """


class Tracker(TypedDict):
    """An experiment in an experiment tracker."""

    type: Literal["mlflow"]
    """`mlflow`: the REST API of MLflow 2 or later."""
    tracking_uri: str
    """Address of the tracker, as in MLFLOW_TRACKING_URI. It must be https:// and public. An operator can allow others
    with STRATA_OUTGOING_ALLOW.
    """
    experiment: NotRequired[str]
    """Name of the experiment. It is created if it does not exist."""
    authorization: NotRequired[str]
    """Value of the `Authorization` header of every request, like `Bearer …` or `Basic …`. It is stored encrypted and
    never returned.
    """


class ExportOptions(TypedDict):
    """Options for writing the `exports`."""

    fold_batch_norm: NotRequired[bool]
    """Merge every batch norm into the kernel and bias of the convolution before it. A batch norm without a
    convolution before it becomes one factor and one shift per channel. The exported network is smaller and faster
    and predicts the same, but its training cannot be continued in the same way.
    """
    outputs: NotRequired[list[Literal["logits", "features"]]]
    """Outputs beside `probabilities`, in the formats of ONNX and graph models of TensorFlow.js. `logits`: the values
    whose softmax the probabilities are. `features`: the input of the last dense layer, one vector for each image.
    ONNX Runtime answers them by their names; a graph model of TensorFlow.js computes them with `execute`.
    """
    max_accuracy_drop: NotRequired[float]
    """Limit for `onnx-int8`, `onnx-float16` and `tfjs-graph-int8`: how much smaller the share of correctly classified
    images may be than that of the trained network, on the same 1,000 test images. A file beyond it is not stored;
    the job succeeds with the warning `export_inaccurate`.
    """


class ModelSpec(TypedDict):
    family: NotRequired[Literal["resnet", "wide-resnet", "imagenet-resnet", "ode-resnet"]]
    """`resnet`: CIFAR style, depth 6n+2, post-activation basic blocks (He et al. 2016). `wide-resnet`: depth 6n+4,
    pre-activation blocks (Zagoruyko and Komodakis 2016). `imagenet-resnet`: depth 18, 34 (basic blocks), 50, 101
    or 152 (bottlenecks, stride in the 3x3 convolution: version 1.5), 7x7 stem and max-pool (He et al. 2016), for
    images of at least 64 pixels per side. `ode-resnet`: the groups of `resnet`, each a residual field f integrated
    over n intervals of length 1, dx/dt = f(x), with weights of its own in each interval and a block that halves
    the resolution between the groups; depth 6n+6 (Chen et al. 2018).
    """
    depth: NotRequired[Optional[int]]
    """Number of layers with weights. Null means 20 (resnet), 16 (wide-resnet), 18 (imagenet-resnet) or 12
    (ode-resnet).
    """
    width: NotRequired[Optional[int]]
    """resnet and ode-resnet: channels of the first group; null means 16. wide-resnet: the widening factor; null means
    4. imagenet-resnet: channels of the first group (the output of a bottleneck has four times as many); null means
    64.
    """
    dropout: NotRequired[float]
    """Share of values that are set to zero between the two convolutions of a block during training (inverted dropout:
    the other values are divided by 1 - dropout). Only for wide-resnet.
    """
    padding: NotRequired[Literal["same", "symmetric"]]
    """Zeros around the input of each convolution and max-pool. `same`: as in TensorFlow and Keras, as few as needed,
    the odd one at the end. `symmetric`: as in PyTorch (`padding=1` for 3x3, 3 for 7x7), equally many on each side.
    Only stride 2 on an even number of rows or columns makes a difference. AuxNets and local heads have the padding
    of the network. Use `symmetric` for weights that come from torchvision or timm, or go there.
    """
    solver: NotRequired[Optional[Literal["euler", "midpoint", "rk4", "implicit-midpoint"]]]
    """ode-resnet: how each interval is integrated. `euler` (order 1, one evaluation of the field a step), `midpoint`
    (2, two), `rk4` (4, four), `implicit-midpoint` (2, eight: k = f(x + h/2 k) by a fixed-point iteration). Null
    means midpoint, and is the only value for other families.
    """
    steps: NotRequired[Optional[int]]
    """ode-resnet: steps of the solver in each interval, all with the same weights. Null means 2, and is the only
    value for other families.
    """
    gradient: NotRequired[Optional[Literal["exact", "phantom"]]]
    """ode-resnet: `exact`, the gradient of the steps; of an implicit solver by the implicit function theorem, with as
    many evaluations as the solution has. `phantom`, for `implicit-midpoint` only: five damped terms in place of it
    (Geng et al. 2021). Null means exact, and is the only value for other families.
    """
    learned_time: NotRequired[bool]
    """ode-resnet: whether the length of each interval is a parameter, trained as the scales of batch norms are. It
    starts at 1, the fixed length otherwise.
    """
    zero_init_residual: NotRequired[bool]
    """Whether the scale of the last batch norm of each residual branch starts at 0, so that every block starts as its
    shortcut (Goyal et al. 2017). `resnet`, `imagenet-resnet` and `ode-resnet`, where every field begins as 0,
    only: blocks of `wide-resnet` end with a convolution. Weights that `init_from` loads replace it.
    """


class MethodSpec(TypedDict):
    type: NotRequired[Literal["backprop", "penalty", "augmented-lagrangian", "local-heads", "pipeline", "frozen", "rounds", "stored"]]
    """`backprop` trains the network layer-serially. `penalty` and `augmented-lagrangian` train K stages in parallel,
    each on inputs made by its own AuxNet (arXiv:2112.05387). In `local-heads` the true features travel downstream,
    and each stage except the last learns from its own small classifier (arXiv:1901.08164). `frozen` is a control
    for studies: all stages except the last stay untrained until the end-to-end phase. In `pipeline` the true
    features travel downstream and their gradients upstream in every step, and stage k of K applies each gradient
    K-1-k steps late, on weights predicted for it: no AuxNets, and no end-to-end phase unless `end_to_end_share`
    asks for one. `rounds` is for studies: the stages exchange messages within each batch, which gives every step
    from a penalty method to exact back-propagation. `stored` (arXiv:2009.01462) stores the inputs of each stage as
    variables for every sample, without augmentation.
    """
    stages: NotRequired[Optional[int]]
    """Number of stages K, from 1 to the number of residual blocks. Null means 1 for backprop and 2 for other methods."""
    split: NotRequired[Union[Literal["auto", "memory"], list[int]]]
    """Number of residual blocks per stage, starting at the input. `auto` balances the time of the stages, by their
    multiply-adds and stored activations. `memory` balances only the activations: its largest stage is smaller, and
    its slowest stage slower. Both include the AuxNets.
    """
    penalty: NotRequired[Union[Literal["auto", "adaptive"], float]]
    """The penalty coefficient beta on the relative residual; learning_rate x penalty must stay below 1. `adaptive`
    follows the gradient's size: clip(|g||o|, 3, 0.8/lr). `auto` is 4 (augmented Lagrangian) or 6 (penalty) when an
    end-to-end phase follows, lowered to 0.8/learning_rate where that is less, and `adaptive` for an augmented
    Lagrangian without one. `auto` and `adaptive` need a learning_rate of 0.266 or less: above it the penalty would
    have to be below 3, where the stages hardly learn from each other. Methods without a coupling (backprop,
    local-heads, pipeline, frozen) have none and take `auto` only.
    """
    coupling: NotRequired[Optional[Literal["squared", "bregman-relu"]]]
    """Only for `penalty` and `augmented-lagrangian` with at least two stages: the distance of a stage's output from
    the input of the next one. `squared`: half the squared norm of their difference. `bregman-relu`: the Bregman
    loss at the last ReLU of the stage (arXiv:2208.08772), whose gradient also reaches values below 0; not for
    `wide-resnet`, whose blocks do not end with a ReLU. Null means `squared`.
    """
    auxiliary: NotRequired[MethodSpecAuxiliary]
    heads: NotRequired[MethodSpecHeads]
    sparsity: NotRequired[MethodSpecSparsity]
    reach: NotRequired[Optional[int]]
    """Only for `local-heads` with at least two stages: the number N of stages through which a local loss flows, its
    own included. Stage k learns from the head of stage k+N-1, or from the network's own loss if there is no such
    head, through copies of the N-1 stages after it that it trains with it (after arXiv:2010.04116). 1: from its
    own head. As many as `stages`: back-propagation. A stage then takes the time and memory of N. Null means 1.
    """
    replicas: NotRequired[int]
    """Only for `penalty`, `augmented-lagrangian` and `local-heads` with at least two stages: tasks that share the
    steps of each stage in a round of the layer-parallel phase, so that a job trains on `stages` x `replicas`
    devices where there are as many. Each takes every n-th batch at n times the learning rate (never above
    `learning_rate`), with the messages of the neighbor that takes the same batches; the next round starts from the
    mean of all, optimizer state included (local SGD, arXiv:1805.09767). 1: one task trains every step.
    """
    corrections: NotRequired[MethodSpecCorrections]
    round_steps: NotRequired[Optional[int]]
    """Optimizer steps per stage task. Null means 200, or less if the layer-parallel phase would have fewer than four
    rounds per stage. `stored` uses whole epochs; null means one epoch.
    """
    stored: NotRequired[MethodSpecStored]
    message_rounds: NotRequired[Optional[int]]
    """Only for `rounds`: how often the stages exchange messages within a batch before their weights change. The
    maximum, 2 x stages - 1, is exact back-propagation and the default.
    """
    stream: NotRequired[MethodSpecStream]
    memory: NotRequired[Optional[Literal["stash", "recompute", "bfloat16", "int8"]]]
    """What passes keep of the features between layers until the backward pass reads them. `stash`: everything.
    `recompute`: the inputs of segments of blocks, which are forwarded again: less memory, more time, the same
    gradients bitwise. Stages of `pipeline` keep the input of each batch under way alone. `bfloat16`, `int8`:
    rounded features, in two bytes or one; the forward pass is exact, and gradients are near the exact ones. Null
    means `stash`.
    """
    memory_bytes: NotRequired[Optional[int]]
    """Only for `memory` `recompute`: most bytes of the features that a pass through the layers of a stage, or of the
    joined network, keeps at a time. As few blocks as possible are then forwarded again. Null: as few bytes as
    possible. Stages of `pipeline` have no such choice.
    """
    outer: NotRequired[MethodSpecOuter]
    levels: NotRequired[MethodSpecLevels]
    """Training over levels of depth (arXiv:1710.10348): the layer-parallel phase begins with a network of half the
    blocks of `model` in each group, a quarter with three levels; then each block becomes two, of half the step
    each, and training goes on. The optimizer's memories begin anew at each level. The end-to-end phase trains the
    last level, a warm start the first.
    """
    warm_start_epochs: NotRequired[int]
    """Number of epochs at the start that train the joined network. Then each AuxNet is fitted to the stage inputs of
    that network, and the stages continue from its weights and optimizer state. Needs at least two stages.
    """
    end_to_end_share: NotRequired[Optional[float]]
    """Share of all optimizer steps, at the end, that train the joined network. Null means 0.2; 0 with one stage, and
    for `pipeline`, whose stages train the joined network from the start.
    """
    end_to_end_replicas: NotRequired[Optional[int]]
    """Tasks that share the steps of a round of the end-to-end phase, on a device each where there are as many: each
    takes every n-th batch at n times the learning rate (never above `learning_rate`), and the next round starts
    from the mean of all, optimiser state included (local SGD, arXiv:1805.09767). 1 trains on one device, every
    step after the other. Null: `stages`, at most 8, and at most floor(steps of the phase x (1 - momentum) / 5) but
    at least 1 (`beta1` for adamw and lamb), so that no replica's share is shorter than its optimizer's memory; 1
    for `rounds`, whose stages share a device. A number is taken as it is: more replicas than that cost one to five
    points of accuracy, and `plan.warnings` says so.
    """


class MethodSpecAuxiliary(TypedDict):
    cost_share: NotRequired[float]
    """Multiply-adds of each AuxNet, as a share of those of the stages that it replaces. This decides its width. Leave
    it out if you set `width`, or if the job has no AuxNets.
    """
    width: NotRequired[Optional[int]]
    """Channels of the convolutions of an AuxNet. The last convolution always has the channels of the features that it
    produces. Null derives the width from cost_share. Needs at least two stages.
    """
    depth: NotRequired[Optional[int]]
    """Number of 3x3 convolutions of each AuxNet: first those of stride 2 that reach the size of its output, then
    those of stride 1. The minimum is one more than the convolutions of stride 2. Null means this minimum, and at
    least 2. Needs at least two stages.
    """
    learning_rate: NotRequired[Optional[float]]
    """Learning rate of the AuxNets, with the same schedule. Null means the learning rate of the stages. Needs at
    least two stages.
    """


class MethodSpecHeads(TypedDict):
    decoder: NotRequired[bool]
    """Whether the local heads also reconstruct the images from the features of a stage (arXiv:2101.10832), so that a
    stage keeps information that later stages may need. Only for local-heads with at least two stages.
    """


class MethodSpecSparsity(TypedDict):
    keep: NotRequired[Optional[float]]
    """Share of the hidden channels of AuxNets and local heads that is left in the end. Between rounds of the
    layer-parallel phase the least important ones are removed: the arrays shrink, there are no masks (after
    arXiv:2102.01732). Channels that stages send each other stay. 1 removes none. Needs at least two stages, and
    another optimizer than `kfac`. Null: no channel is removed or replaced.
    """
    until_round: NotRequired[Optional[int]]
    """The last round of the layer-parallel phase, counted from 0, that begins with fewer channels or other ones:
    rounds 1 to this one do. The number falls quickly at first, and then more slowly (arXiv:1710.01878). Null means
    half of the rounds but the first.
    """
    regrow: NotRequired[Optional[float]]
    """Share of the channels of a layer that is replaced at the beginning of each of these rounds, beside those that
    are removed: the least important ones make room for new random ones, whose output weights start at 0 (after
    arXiv:1707.04780). Null means 0.
    """


class MethodSpecCorrections(TypedDict):
    precision: NotRequired[Literal["float16", "float32", "int8"]]
    """Number format of input gradients, which travel upstream, and of features, which travel downstream
    (local-heads). `float16` is scaled per batch. `int8` has one scale for every 64 values, and an error of at most
    1/253 of the largest of them. Only augmented-lagrangian and local-heads with at least two stages send such
    messages; leave it out for other methods.
    """
    filter: NotRequired[Literal["none", "average-2"]]
    """Filter for corrections before they are sent. `average-2` sends the mean of each 2x2 window: a quarter of the
    bytes, and only the slowly varying part of the gradient over the image. Only for augmented-lagrangian with at
    least two stages.
    """


class MethodSpecStored(TypedDict):
    coupling: NotRequired[Optional[Literal["penalty", "augmented-lagrangian"]]]
    """Only for `stored`: a penalty on the variables alone (the default), or also a multiplier stored with each
    variable.
    """


class MethodSpecStream(TypedDict):
    precision: NotRequired[Literal["float16", "float32", "int8"]]
    """Number format of the features and gradients that stages of `pipeline` pass to each other in every step.
    `float16` and `int8` as in `corrections.precision`: fewer bytes, and rounded. Only for `pipeline` with at least
    two stages.
    """


class MethodSpecOuter(TypedDict):
    rate: NotRequired[Optional[float]]
    """Nesterov step between rounds, along the way of the round, at this rate (DiLoCo, arXiv:2311.08105). Of
    `pipeline` with at least two stages: by every stage after each of its rounds, when no batch is under way. Of
    other methods with at least two `end_to_end_replicas`: from the start of an end-to-end round to the mean of its
    replicas. 0.7 with rounds of 50 steps was good in a prototype. Null: no such steps.
    """
    momentum: NotRequired[Optional[float]]
    """Momentum of these steps. Null means 0.5 if there is a rate."""


class MethodSpecLevels(TypedDict):
    """Training over levels of depth (arXiv:1710.10348): the layer-parallel phase begins with a network of half the
    blocks of `model` in each group, a quarter with three levels; then each block becomes two, of half the step
    each, and training goes on. The optimizer's memories begin anew at each level. The end-to-end phase trains the
    last level, a warm start the first.
    """

    count: NotRequired[int]
    """Number of levels. 1: the network of `model` from the start. The depth must have half its blocks for each level
    but one: 14 or 26 of `resnet` and 16 or 28 of `wide-resnet` for 2 levels.
    """
    shares: NotRequired[Optional[list[float]]]
    """The share of the layer-parallel steps of each level but the last, which gets the rest. Null means equal shares."""


class OptimizerSpec(TypedDict):
    type: NotRequired[Literal["sgd", "adamw", "lars", "lamb", "kfac"]]
    """`sgd`: stochastic gradient descent with momentum. `adamw`: Adam with decoupled weight decay (Loshchilov and
    Hutter 2019). `lars`: sgd whose rate each layer scales by the norm of its weights over that of its gradient,
    never above `learning_rate` (You et al. 2017). `lamb`: adamw whose steps are as long as the weights of the
    layer times the rate (You et al. 2020). Both are made for large batches. `kfac`: sgd on gradients that the
    Kronecker factors of the Fisher matrix of each convolution and dense layer precondition (Martens and Grosse
    2015); the factors live with their stage, AuxNets and heads have theirs. Not for `rounds`. A field of another
    type is rejected. Null means the default of this type.
    """
    learning_rate: NotRequired[Optional[float]]
    """Null means 0.1 (sgd, kfac), 0.001 (adamw), 0.25 (lars) or 0.02 (lamb)."""
    momentum: NotRequired[Optional[float]]
    """`sgd`, `lars` and `kfac` only; null means 0.9."""
    nesterov: NotRequired[bool]
    """Only for `sgd`, `lars` and `kfac` with momentum: use the Nesterov momentum."""
    beta1: NotRequired[Optional[float]]
    """`adamw` and `lamb` only: decay rate of the first moment. Null means 0.9."""
    beta2: NotRequired[Optional[float]]
    """`adamw` and `lamb` only: decay rate of the second moment. Null means 0.999."""
    epsilon: NotRequired[Optional[float]]
    """`adamw` and `lamb` only: added to the square root of the second moment. Null means 1e-8 (adamw) or 1e-6 (lamb)."""
    trust_coefficient: NotRequired[Optional[float]]
    """`lars` only: the ratio of a layer's step to its weights that the rate scales. Null means 0.02."""
    damping: NotRequired[Optional[float]]
    """`kfac` only: what is added to the eigenvalues of the Fisher matrix of a layer before it is inverted, as a share
    of their mean. More is closer to sgd. Null means 0.03.
    """
    factor_decay: NotRequired[Optional[float]]
    """`kfac` only: the share of their old value that running means of factors keep. Null means 0.95."""
    factor_interval: NotRequired[Optional[int]]
    """`kfac` only: updates from one estimate of the factors, and their inversion, to the next. Null means 10."""
    weight_decay: NotRequired[Optional[float]]
    """Weight decay. sgd, lars and kfac add weight_decay x weights to the gradient; adamw and lamb apply it
    separately. Null means 0.0001 (sgd, lars, kfac) or 0.01 (adamw, lamb).
    """
    decay_norm_and_bias: NotRequired[bool]
    """Whether weight decay also applies to biases and to the scales and shifts of batch norms."""
    rates: NotRequired[Optional[OptimizerSpecRates]]
    """Learning rates by place in the network, as factors of the scheduled rate: a network that was loaded moves less
    near its input, and a new head more. AuxNets keep their own rate. Null gives every layer the same rate.
    """
    gradient_accumulation_steps: NotRequired[int]
    """Number of equal parts of a batch that a step passes forward and back one after the other, before it updates the
    weights by the mean of their gradients: activations take the memory of one part. `batch_size` stays the number
    of images of a step, so learning rates, schedules and penalties mean the same; it must be a multiple of this,
    with at least 2 images a part. Batch norms, dropout and the norms of a coupling are those of each part; all
    else equals the whole batch. Not for `pipeline`, `rounds` and `stored`.
    """
    clip_norm: NotRequired[Optional[float]]
    """Maximum Euclidean norm of the gradient of a stage and its AuxNet together. A longer gradient is scaled down to
    it. Null means no clipping.
    """
    schedule: NotRequired[OptimizerSpecSchedule]


class OptimizerSpecRates(TypedDict):
    """Learning rates by place in the network, as factors of the scheduled rate: a network that was loaded moves less
    near its input, and a new head more. AuxNets keep their own rate. Null gives every layer the same rate.
    """

    head: NotRequired[float]
    """Factor of the layers behind the last block that tell classes apart, and of local heads."""
    decay_per_block: NotRequired[float]
    """The last block has the factor 1, each block before it this many times the factor of the next one, and the stem
    this many times the factor of the first block.
    """


class OptimizerSpecSchedule(TypedDict):
    type: NotRequired[Literal["cosine", "linear", "polynomial", "step", "constant"]]
    """One schedule covers the whole run, including the end-to-end phase."""
    minimum_rate: NotRequired[float]
    """Rate to which `cosine`, `linear` and `polynomial` fall at the end of the run, at most `learning_rate`. Other
    schedules have none.
    """
    power: NotRequired[float]
    """`polynomial` only: the rate is minimum_rate + (learning_rate - minimum_rate) x (share of the run that is left)
    ^ power.
    """
    warmup_epochs: NotRequired[float]
    """Number of epochs, not necessarily whole, in which the rate first rises linearly. `cosine`, `linear` and
    `polynomial` then fall over the rest of the run. It must be shorter than the run and must end before the first
    milestone.
    """
    warmup_rate: NotRequired[float]
    """Rate from which the warm-up rises, at most `learning_rate`. It needs `warmup_epochs`."""
    cooldown_epochs: NotRequired[float]
    """Number of epochs at the end, not necessarily whole, with the `minimum_rate`, which must be above 0. Only for
    `cosine`, `linear` and `polynomial`, which arrive there so much earlier.
    """
    restart_epochs: NotRequired[list[int]]
    """Epochs at which the schedule begins again, with its warm-up: it then covers the epochs up to the next one, or
    to the end of the run. In ascending order, each below `epochs`.
    """
    milestones: NotRequired[list[float]]
    """`step` only: fractions of the run at which the rate is multiplied by gamma."""
    gamma: NotRequired[float]
    """`step` only: the factor at each milestone."""


class AugmentationPolicy(TypedDict):
    """Operations drawn for each image from fourteen: none, shear, translate, rotate, brightness, saturation,
    contrast, sharpness, posterize, solarize, stretch of the contrast, equalize.
    """

    type: NotRequired[Literal["none", "trivial-augment", "rand-augment"]]
    """`trivial-augment`: one operation of a strength drawn for it (Müller and Hutter 2021, wide). `rand-augment`:
    `count` operations of the strength `magnitude` (Cubuk et al. 2019).
    """
    count: NotRequired[Optional[int]]
    """`rand-augment` only: operations on each image. Null means 2."""
    magnitude: NotRequired[Optional[int]]
    """`rand-augment` only: strength of the operations. Null means 9."""


class AugmentationSpec(TypedDict):
    """Null means the recommendation of the dataset."""

    crop_padding: NotRequired[Optional[int]]
    """Random crop after padding each side by this many pixels (zeros after normalization). 0 means no crop."""
    random_resized_crop: NotRequired[Optional[Union[Literal[False], AugmentationSpecRandomResizedCrop]]]
    """Train on a random part of each image, resized to the size that the network sees (Szegedy et al. 2014). `scale`
    is the range of its area, `ratio` the range of its aspect ratio, each as [min, max]. `false` uses the crop of
    the evaluation: the image is resized until its short side is 256/224 of the size, and the center is cropped.
    Only for datasets with `storage` `encoded`, where it is the default. It cannot be combined with `crop_padding`.
    """
    horizontal_flip: NotRequired[Optional[bool]]
    padding_mode: NotRequired[Literal["zero", "reflect"]]
    """What surrounds an image that `crop_padding` moves: `zero` after normalization, or `reflect`, its pixels
    mirrored at the edge, which is not repeated.
    """
    flip: NotRequired[Literal["random", "alternating"]]
    """How `horizontal_flip` mirrors: `random` draws it anew for every image in every epoch. `alternating` draws it
    for the first epoch only, then each image is mirrored in every other epoch (Jordan 2024).
    """
    random_erasing: NotRequired[float]
    """Probability, for each image, that a rectangle at a random place is blanked out (zeros after normalization):
    0.02 to 0.33 of the area, aspect ratio 0.3 to 3.3 (Zhong et al. 2017). 0 means none.
    """
    mixup: NotRequired[float]
    """Every image of a batch is mixed with another one: share x image + (1 - share) x other, and so are their labels
    in the loss. The share is drawn for each batch from Beta(mixup, mixup) (Zhang et al. 2018). 0 means no mixup.
    """
    cutmix: NotRequired[float]
    """A rectangle of every image of a batch is replaced by that of another one, and the labels are mixed by area. The
    area is drawn for each batch from Beta(cutmix, cutmix) (Yun et al. 2019). 0 means no cutmix. With mixup, too,
    each batch draws one of the two.
    """
    mix_switch: NotRequired[float]
    """Share of the batches that draw cutmix, where both `mixup` and `cutmix` are above 0."""
    mix_off_epochs: NotRequired[int]
    """Number of epochs at the end of the run in which neither `mixup` nor `cutmix` mixes images."""
    vertical_flip: NotRequired[bool]
    """Turns every image upside down with probability 0.5, for images that have no top, as seen from above."""
    rotation: NotRequired[float]
    """Turns every image around its center by an angle drawn from -rotation to rotation degrees. Corners that no pixel
    covers are black.
    """
    color_jitter: NotRequired[Optional[AugmentationSpecColorJitter]]
    """Changes colors in an order drawn for each image. `brightness`, `contrast` and `saturation`: by a factor drawn
    from 1 - value to 1 + value. `hue`: turned by a share of the color circle drawn from -value to value. Gray
    images have neither saturation nor hue. Null means none.
    """
    policy: NotRequired[AugmentationPolicy]
    cutout: NotRequired[int]
    """Side length in pixels of a square that is blanked out (zeros after normalization) at a random place of every
    image, and cut off at the edges of the image (DeVries and Taylor 2017). 0 means no cutout.
    """


class AugmentationSpecRandomResizedCrop(TypedDict):
    scale: NotRequired[list[float]]
    """The default is [0.08, 1]."""
    ratio: NotRequired[list[float]]
    """The default is [3/4, 4/3]."""


class AugmentationSpecColorJitter(TypedDict):
    brightness: NotRequired[float]
    contrast: NotRequired[float]
    saturation: NotRequired[float]
    hue: NotRequired[float]


class CreateJobQuery(TypedDict):
    """The query of createJob."""

    dry_run: NotRequired[bool]
    """Check the spec and return the job that it would create. Nothing is stored."""


class ListJobsQuery(TypedDict):
    """The query of listJobs."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""
    q: NotRequired[str]
    """Only jobs whose name or notes have all of these words. A word may be the beginning of one: `resn wide` finds
    `ResNet wide-2`. The beginning of an id, like `job_0193`, finds jobs by their ids.
    """
    state: NotRequired[list[JobState]]
    """Only jobs in one of these states: `state=queued&state=running`."""
    dataset: NotRequired[str]
    """Only jobs that train on this dataset, by its id or name."""
    sweep: NotRequired[Id]
    """Only jobs of this sweep, by its id."""
    created_after: NotRequired[Moment]
    """Only jobs created at this time or later."""
    created_before: NotRequired[Moment]
    """Only jobs created before this time."""
    archived: NotRequired[bool]
    """`true`: only archived jobs. `false`: only jobs that are not archived."""
    order_by: NotRequired[Literal["created_at", "accuracy"]]
    """`created_at`: newest first. `accuracy`: highest test accuracy first, only jobs that have one."""
    metadata: NotRequired[dict[str, str]]
    """Only jobs with these metadata pairs: `metadata[team]=vision`."""


class GetJobQuery(TypedDict):
    """The query of getJob."""

    wait: NotRequired[int]
    """Maximum number of seconds to wait for the end of the job. 0 returns the current state at once."""


class ListJobEventsQuery(TypedDict):
    """The query of listJobEvents."""

    after: NotRequired[int]
    """Only events with a greater `seq`. `Last-Event-ID` overrides it."""
    limit: NotRequired[int]
    """Events per page of the JSON list."""


class ListEventsQuery(TypedDict):
    """The query of listEvents."""

    types: NotRequired[list[str]]
    """Only events of these types: `types=job.succeeded&types=job.failed`."""
    since: NotRequired[Moment]
    """Only events at this time or later. Absent: those of the last minute. Events of more than a day ago are left
    out. `Last-Event-ID` overrides it.
    """
    limit: NotRequired[int]
    """Events of the JSON list."""


class ListJobLogsQuery(TypedDict):
    """The query of listJobLogs."""

    task: NotRequired[str]
    """Only lines of the task with this key: `stage-1-0`."""
    after: NotRequired[int]
    """Only lines with a greater `seq`. `Last-Event-ID` overrides it."""
    limit: NotRequired[int]
    """Lines per page of the JSON list."""
    follow: NotRequired[bool]
    """Send each line as plain text when it is printed, until the job has ended, instead of a JSON list."""


class ListJobMetricsQuery(TypedDict):
    """The query of listJobMetrics."""

    name: NotRequired[list[str]]
    """Only series with these names: `name=loss&name=accuracy`."""
    stage: NotRequired[int]
    """Only series of this stage, counted from 0."""
    points: NotRequired[int]
    """Maximum number of points per series. A longer series keeps its first and last point. The rest is divided into
    parts of equally many steps, and each part keeps its minimum and maximum, so no peak is lost.
    """
    from_step: NotRequired[int]
    """Only points from this step on."""
    to_step: NotRequired[int]
    """Only points up to this step, which is included."""
    after_step: NotRequired[int]
    """Only points after this step, which is not included. Not together with `from_step`."""
    since: NotRequired[Moment]
    """Only points that were written at this time or later, whatever their steps. The newest time among the points
    that you have gives what is new since: later points of every series, and points that a repeated attempt has
    written again. Replace points of the same series and step. Not together with `raw`.
    """
    raw: NotRequired[bool]
    """Return every point and ignore `points`. Only for CSV or NDJSON, which are streamed."""


class ListModelsQuery(TypedDict):
    """The query of listModels."""

    after: NotRequired[str]
    """The `next` of the previous page, with the same `order_by`."""
    limit: NotRequired[int]
    """Items per page."""
    order_by: NotRequired[Literal["created_at", "accuracy"]]
    """`created_at`: newest first. `accuracy`: highest `test_accuracy` first."""
    name: NotRequired[str]
    """Only models with this name."""
    dataset: NotRequired[str]
    """Only models trained on this dataset, given by name or id."""
    tag: NotRequired[ModelTag]
    """Only models with this tag."""
    min_accuracy: NotRequired[float]
    """Only models whose `test_accuracy` is at least this."""
    metadata: NotRequired[dict[str, str]]
    """Only models with these metadata pairs: `metadata[team]=vision`."""


class CompareModelsQuery(TypedDict):
    """The query of compareModels."""

    a: Id
    """The id of a model."""
    b: Id
    """The id of another model."""


class ListModelTagChangesQuery(TypedDict):
    """The query of listModelTagChanges."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""


class ListReproductionsQuery(TypedDict):
    """The query of listReproductions."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""


class GetModelEvaluationQuery(TypedDict):
    """The query of getModelEvaluation."""

    variant: NotRequired[ModelVariantName]
    """The network whose predictions are counted."""


class ListModelErrorsQuery(TypedDict):
    """The query of listModelErrors."""

    variant: NotRequired[ModelVariantName]
    """The network whose predictions are counted."""
    label: NotRequired[ClassIndex]
    """Only images of this class, by its index."""
    predicted: NotRequired[ClassIndex]
    """Only images predicted as this class, by its index."""
    offset: NotRequired[int]
    """Number of items to skip. The items and their order never change."""
    limit: NotRequired[int]
    """Items per page."""


class ListRegisteredModelsQuery(TypedDict):
    """The query of listRegisteredModels."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""


class ListPromotionsQuery(TypedDict):
    """The query of listPromotions."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""


class ListEvaluationsQuery(TypedDict):
    """The query of listEvaluations."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""
    model: NotRequired[Id]
    """Only evaluations of the model with this id."""
    job: NotRequired[Id]
    """Only evaluations of checkpoints of the job with this id."""


class CompareEvaluationsQuery(TypedDict):
    """The query of compareEvaluations."""

    a: Id
    """The id of an evaluation that has succeeded."""
    b: Id
    """The id of another."""


class ListBatchPredictionsQuery(TypedDict):
    """The query of listBatchPredictions."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""
    model: NotRequired[Id]
    """Only batch predictions of the model with this id."""


class PredictQuery(TypedDict):
    """The query of predict."""

    variant: NotRequired[ModelVariantName]
    """The network that makes the predictions."""
    top_k: NotRequired[int]
    """Number of classes to return for each image, the most probable first. If the model has fewer classes, all are
    returned.
    """


class ListDatasetsQuery(TypedDict):
    """The query of listDatasets."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""


class ListDatasetImagesQuery(TypedDict):
    """The query of listDatasetImages."""

    split: NotRequired[SplitName]
    """The split."""
    label: NotRequired[ClassIndex]
    """Only images of this class, by its index."""
    offset: NotRequired[int]
    """Number of items to skip. The items and their order never change."""
    limit: NotRequired[int]
    """Items per page."""


class ListWeightsQuery(TypedDict):
    """The query of listWeights."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""


class CreateSweepQuery(TypedDict):
    """The query of createSweep."""

    dry_run: NotRequired[bool]
    """Check the sweep and return it with its cost. Nothing is stored."""


class ListSweepsQuery(TypedDict):
    """The query of listSweeps."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""


class ListWebhookDeliveriesQuery(TypedDict):
    """The query of listWebhookDeliveries."""

    after: NotRequired[str]
    """The `next` of the previous page."""
    limit: NotRequired[int]
    """Items per page."""
