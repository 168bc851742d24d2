"""Peers of bench/regimes.bench.ts: seconds and memory of a training step in PyTorch, alone or on two gloo processes."""

import json
import os
import resource
import sys
import time

import torch
from torch import distributed, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "step"))
from torch_networks import WORKLOADS  # noqa: E402

WARMUP = 1
MICROBATCHES = 4

torch.set_num_threads(1)
torch.manual_seed(1)
mode, ranks, rank = os.environ["BENCH_MODE"], int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
build, batch, side = WORKLOADS[os.environ["BENCH_WORKLOAD"]]


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Checkpointed(nn.Module):
    """Keeps the input of every layer of the chain, and makes the rest again."""

    def __init__(self, chain):
        super().__init__()
        self.chain = chain

    def forward(self, x):
        for layer in self.chain:
            x = checkpoint(layer, x, use_reentrant=False)
        return x


def images_and_labels(count):
    images = torch.randn(count, 3, side, side).to(memory_format=torch.channels_last)
    return images, torch.arange(count) % 10


def whole(network, share):
    images, labels = images_and_labels(batch // share)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)

    def step():
        optimizer.zero_grad()
        functional.cross_entropy(network(images), labels).backward()
        optimizer.step()

    return step


def pipelined(network):
    from torch.distributed.pipelining import PipelineStage, Schedule1F1B

    # What is sent must be contiguous.
    network = network.to(memory_format=torch.contiguous_format)
    middle = (len(network) - 1) // 2
    part = network[:middle] if rank == 0 else network[middle:]
    # The shapes are given, because stages would tell them to each other through NumPy, which is not there.
    with torch.no_grad():
        inputs = [torch.randn(batch // MICROBATCHES, 3, side, side)]
        for each in (network[:middle], network[middle:]):
            inputs.append(each(inputs[-1]).contiguous())
    for made_by_a_stage in inputs[1:]:
        made_by_a_stage.requires_grad_()
    given = {"input_args": inputs[rank], "output_args": inputs[rank + 1]}
    stage = PipelineStage(part, rank, ranks, torch.device("cpu"), **given)
    schedule = Schedule1F1B(stage, MICROBATCHES, loss_fn=functional.cross_entropy)
    images, labels = torch.randn(batch, 3, side, side), torch.arange(batch) % 10
    optimizer = torch.optim.SGD(part.parameters(), lr=0.1, momentum=0.9)

    def step():
        optimizer.zero_grad()
        if rank == 0:
            schedule.step(images)
        else:
            schedule.step(target=labels)
        optimizer.step()

    return step


def made(network):
    if mode == "checkpoint":
        return whole(Checkpointed(network), 1)
    if mode == "ddp":
        return whole(nn.parallel.DistributedDataParallel(network), ranks)
    if mode == "fsdp":
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        # Sharded parameters must be contiguous.
        network = network.to(memory_format=torch.contiguous_format)
        mesh = init_device_mesh("cpu", (ranks,))
        for layer in network:
            fully_shard(layer, mesh=mesh)
        return whole(fully_shard(network, mesh=mesh), ranks)
    return pipelined(network) if mode == "1f1b" else whole(network, 1)


if ranks > 1:
    distributed.init_process_group("gloo")
network = build().to(memory_format=torch.channels_last).train()
parameters = sum(parameter.numel() for parameter in network.parameters())
base = peak_mb()
step = made(network)
seconds = []
for _ in range(WARMUP + int(os.environ["BENCH_STEPS"])):
    started = time.perf_counter()
    step()
    seconds.append(time.perf_counter() - started)
print(json.dumps({"seconds": seconds[WARMUP:], "parameters": parameters, "mb": peak_mb() - base}), flush=True)
if ranks > 1:
    distributed.destroy_process_group()
