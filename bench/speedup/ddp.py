"""Peer: DistributedDataParallel over gloo, or one process alone; each rank takes its share of the batch."""

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

WARMUP = 3

torch.set_num_threads(1)
torch.manual_seed(1)
ranks, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
build, batch, side = WORKLOADS[os.environ["BENCH_WORKLOAD"]]
network = build().to(memory_format=torch.channels_last).train()
if ranks > 1:
    distributed.init_process_group("gloo")
    network = DistributedDataParallel(network)
optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
images = torch.randn(batch // ranks, 3, side, side).to(memory_format=torch.channels_last)
labels = torch.arange(batch // ranks) % 10

seconds = []
for _ in range(WARMUP + int(os.environ["BENCH_STEPS"])):
    started = time.perf_counter()
    optimizer.zero_grad()
    functional.cross_entropy(network(images), labels).backward()
    optimizer.step()
    seconds.append(time.perf_counter() - started)
if rank == 0:
    count = sum(parameter.numel() for parameter in network.parameters())
    print(json.dumps({"seconds": seconds[WARMUP:], "parameters": count}), flush=True)
if ranks > 1:
    distributed.destroy_process_group()
