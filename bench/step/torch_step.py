"""Contender: the same network and step in PyTorch eager, channels_last. Speaks bench/contender.ts."""

import json
import os
import resource
import sys
import time

import torch
from torch.nn import functional
from torch_networks import WORKLOADS

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
torch.manual_seed(1)


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


base_mb = peak_mb()


build, batch, side = WORKLOADS[os.environ["BENCH_WORKLOAD"]]
network = build().to(memory_format=torch.channels_last).train()
optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
images = torch.randn(batch, 3, side, side).to(memory_format=torch.channels_last)
labels = torch.arange(batch) % 10

mixed = os.environ["BENCH_PRECISION"] == "bfloat16"
mode = "eager, channels_last" + (", autocast" if mixed else "")

print(json.dumps({"version": f"PyTorch {torch.__version__} {mode}", "base_mb": base_mb}), flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
        loss = functional.cross_entropy(network(images), labels)
    loss.backward()
    optimizer.step()
    value = loss.item()
    answer = {"ms": (time.perf_counter() - started) * 1000, "loss": value, "peak_mb": peak_mb()}
    print(json.dumps(answer), flush=True)
