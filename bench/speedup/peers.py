"""Peers on two gloo processes of one thread each: one of them alone, DistributedDataParallel, and the schedules GPipe and 1F1B
of torch.distributed.pipelining. They take turns on the same batch."""

import json
import os
import sys
import time

import torch
from torch import distributed
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "step"))
from torch_networks import WORKLOADS  # noqa: E402
from torch_pipeline import gradient_error, parts_of, scheduled, serial_gradients, shapes_of  # noqa: E402

WARMUP = 1

torch.set_num_threads(1)
torch.manual_seed(1)
rank = int(os.environ["RANK"])
build, batch, side = WORKLOADS[os.environ["BENCH_WORKLOAD"]]
batch = int(os.environ.get("BENCH_BATCH", batch))
turns, steps = int(os.environ["BENCH_TURNS"]), int(os.environ["BENCH_STEPS"])
# Numbers of microbatches, and blocks of the first stage.
micros = [int(count) for count in os.environ["BENCH_MICROBATCHES"].split(",")]
blocks = int(os.environ["BENCH_BLOCKS"])


def images_and_labels(count):
    images = torch.randn(count, 3, side, side).to(memory_format=torch.channels_last)
    return images, torch.arange(count) % 10


def whole(network, count):
    """A step by back-propagation through the whole network."""
    images, labels = images_and_labels(count)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)

    def step():
        optimizer.zero_grad()
        functional.cross_entropy(network(images), labels).backward()
        optimizer.step()

    return step


def pipelined(network, name, microbatches):
    """A step by a schedule, and how far its gradients are from those of a serial step."""
    images, labels = images_and_labels(batch)
    images = images.contiguous()
    parts = parts_of(network, blocks)
    expected = serial_gradients(network, images, labels, microbatches)
    shapes = shapes_of(parts, microbatches, images.shape)
    run = scheduled(parts[rank], rank, name, microbatches, shapes)
    network.zero_grad()
    run(images, labels)
    error = gradient_error(network, parts[rank], expected)
    optimizer = torch.optim.SGD(parts[rank].parameters(), lr=0.1, momentum=0.9)

    def step():
        optimizer.zero_grad()
        run(images, labels)
        optimizer.step()

    return step, error


def made():
    """Networks that all begin alike."""
    torch.manual_seed(1)
    return build().to(memory_format=torch.channels_last).train()


distributed.init_process_group("gloo")
ways = {"serial": whole(made(), batch), "ddp": whole(DistributedDataParallel(made()), batch // 2)}
errors = {}
for name in ("gpipe", "1f1b"):
    for count in micros:
        way = f"{name} {count}"
        torch.manual_seed(2)
        ways[way], errors[way] = pipelined(made(), name, count)

seconds = {way: [] for way in ways}
for _ in range(turns):
    for way, step in ways.items():
        distributed.barrier()
        if way == "serial" and rank > 0:
            continue
        for index in range(WARMUP + steps):
            started = time.perf_counter()
            step()
            if index >= WARMUP:
                seconds[way].append(time.perf_counter() - started)
parameters = sum(parameter.numel() for parameter in made().parameters())
print(json.dumps({"seconds": seconds, "errors": errors, "parameters": parameters}), flush=True)
distributed.destroy_process_group()
