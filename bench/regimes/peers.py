"""Ways to train in PyTorch, for bench/regimes.bench.ts: seconds of a step and memory of one process, alone or with another one
over gloo. BENCH_WAY is a JSON object: `way`, and what it needs of `recompute`, `parts`, `schedule`, `microbatches`, `blocks`."""

import json
import os
import sys
import time

import torch
from torch import distributed, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "step"))
from torch_networks import WORKLOADS, chain, convolution, Block  # noqa: E402
from torch_pipeline import parts_of, scheduled, shapes_of  # noqa: E402

WARMUP = 1
PAGE_KB = 4

torch.set_num_threads(1)
torch.manual_seed(1)
ranks, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
build, batch, side = WORKLOADS[os.environ["BENCH_WORKLOAD"]]
asked = json.loads(os.environ["BENCH_WAY"])


def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE_KB / 1024


def peak_mb():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


class Recomputed(nn.Module):
    """Keeps the input of each layer of the chain, and computes the rest again."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = checkpoint(layer, x, use_reentrant=False)
        return x


def images_and_labels(count):
    images = torch.randn(count, 3, side, side).to(memory_format=torch.channels_last)
    return images, torch.arange(count) % 10


def updated(parameters):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9)


def by_backprop(network, count, parts=1):
    """A step of `count` images on this process, in equal parts whose gradients add up."""
    images, labels = images_and_labels(count)
    optimizer = updated(network.parameters())
    waits = getattr(network, "no_sync", None)

    def part(x, y):
        (functional.cross_entropy(network(x), y) / parts).backward()

    def step():
        optimizer.zero_grad()
        pieces = list(zip(images.chunk(parts), labels.chunk(parts), strict=True))
        for x, y in pieces[:-1]:
            if waits:
                with waits():
                    part(x, y)
            else:
                part(x, y)
        part(*pieces[-1])
        optimizer.step()

    return step


def sharded(network):
    """FSDP. Only this rank's shards are ever allocated, so `network` is without data."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cpu", (ranks,))
    for layer in network:
        if any(True for _ in layer.parameters()):
            fully_shard(layer, mesh=mesh)
    return filled(fully_shard(network, mesh=mesh))


def filled(network):
    """Memory and values for a network without data."""
    network.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in network.parameters():
            own = parameter.to_local() if hasattr(parameter, "to_local") else parameter
            own.normal_(0, 0.05)
        for buffer in network.buffers():
            buffer.fill_(1)
    return network


def pipelined():
    """This rank's stage under a schedule; the other one is never allocated."""
    with torch.device("meta"):
        parts = parts_of(build(), asked["blocks"])
    shapes = shapes_of(parts, asked["microbatches"], (batch, 3, side, side))
    part = filled(parts[rank]).to(memory_format=torch.channels_last).train()
    del parts
    run = scheduled(part, rank, asked["schedule"], asked["microbatches"], shapes)
    images, labels = torch.randn(batch, 3, side, side), torch.arange(batch) % 10
    optimizer = updated(part.parameters())

    def step():
        optimizer.zero_grad()
        run(images, labels)
        optimizer.step()

    return step


def made():
    way, parts = asked["way"], asked.get("parts", 1)
    if way == "pipeline":
        return pipelined()
    wrapped = Recomputed if asked.get("recompute") else lambda layers: layers
    if way == "fsdp":
        with torch.device("meta"):
            network = build()
        return by_backprop(wrapped(sharded(network)).train(), batch // ranks)
    network = wrapped(build().to(memory_format=torch.channels_last)).train()
    if way == "ddp":
        return by_backprop(nn.parallel.DistributedDataParallel(network), batch // ranks, parts)
    # Alone, or local SGD, whose replicas compute alone until the end of a round.
    return by_backprop(network, batch, parts)


def warm_kernels():
    """Has the libraries load what they need, so that what is measured then is the network's."""
    network = chain(Block, [convolution(3, 16, 3, 1), nn.BatchNorm2d(16), nn.ReLU()], 16, (16, 32), 1)
    by_backprop(network.to(memory_format=torch.channels_last), 8)()


def confine():
    """Moves this process to a control group whose limit then holds for all that it allocates."""
    group = os.environ.get(f"BENCH_CGROUP_{rank}")
    if group:
        with open(os.path.join(group, "cgroup.procs"), "w") as file:
            file.write(str(os.getpid()))


if ranks > 1:
    distributed.init_process_group("gloo")
warm_kernels()
base = resident_mb()
forget_peak()
confine()
step = made()
seconds = []
for _ in range(WARMUP + int(os.environ["BENCH_STEPS"])):
    if ranks > 1:
        distributed.barrier()
    started = time.perf_counter()
    step()
    seconds.append(time.perf_counter() - started)
with torch.device("meta"):
    parameters = sum(parameter.numel() for parameter in build().parameters())
print(json.dumps({"seconds": seconds[WARMUP:], "parameters": parameters, "mb": peak_mb() - base}), flush=True)
if ranks > 1:
    distributed.destroy_process_group()
