#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A plain PyTorch ProbeX with the figures of bench's training steps, for comparison.

The model is written from the paper's equations. Tensors are in memory already. Run once with
PyTorch's own settings and once with the best we know: huge pages for malloc, pinned threads.
"""
import os
import sys
import time

BEST = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", "OMP_PROC_BIND": "close", "OMP_PLACES": "cores"}
if "--best" not in sys.argv and "--default" not in sys.argv:
    for mode, extra in (("--default", {}), ("--best", BEST)):
        os.spawnve(os.P_WAIT, sys.executable, [sys.executable, __file__, mode, *sys.argv[1:]],
                   {**os.environ, **extra})
    sys.exit(0)

import glob  # noqa: E402
import json  # noqa: E402
import struct  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(os.cpu_count())
BATCH, PROBES, CLASSES, TEXT = 128, 128, 200, 768


class ProbeX(torch.nn.Module):
    def __init__(self, side, r_t):
        super().__init__()
        self.probes = torch.nn.Linear(PROBES, side, bias=False)
        self.shared = torch.nn.Linear(side, PROBES, bias=False)
        self.encoders = torch.nn.Linear(PROBES * PROBES, r_t)
        self.text = torch.nn.Linear(TEXT, r_t)

    def forward(self, x):  # (batch, d_out, d_in)
        z = x @ self.probes.weight  # (batch, d_out, r_u)
        h = F.relu(self.shared(z.transpose(1, 2)))  # (batch, r_u, r_v)
        return self.encoders(h.flatten(1))


def step(model, optimiser, batch, text, target):
    x = batch[1] @ batch[0] if isinstance(batch, tuple) else batch
    optimiser.zero_grad()
    e = F.normalize(model(x), dim=1)
    t = F.normalize(model.text(text), dim=1)
    F.cross_entropy(e @ t.T, target).backward()
    optimiser.step()


def measure(name, side, rank, r_t):
    torch.manual_seed(0)
    model = ProbeX(side, r_t)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    if rank:
        batch = (torch.randn(BATCH, rank, side) * 0.02, torch.randn(BATCH, side, rank) * 0.02)
    else:
        batch = torch.randn(BATCH, side, side) * 0.02
    text, target = torch.randn(CLASSES, TEXT), torch.arange(BATCH) % CLASSES
    best, begin = float("inf"), time.perf_counter()
    runs = 0
    while runs < 4 or time.perf_counter() - begin < 3:
        start = time.perf_counter()
        step(model, optimiser, batch, text, target)
        best = min(best, time.perf_counter() - start)
        runs += 1
    print(f"{name:<46} {BATCH / best:10.1f} models/s", flush=True)


mode = "its best settings" if "--best" in sys.argv else "default settings"
print(f"\nPyTorch {torch.__version__}, {torch.get_num_threads()} threads, {mode}")
measure("LoRA r16 768x768, 128/128/512", 768, 16, 512)
measure("LoRA r16 1280x1280, 128/128/512", 1280, 16, 512)
measure("dense 768x768, 128/128/512", 768, 0, 512)
measure("dense 768x768, 128/128/128", 768, 0, 128)


def load(path):
    """The tensors of a safetensors file."""
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(n))
        data = f.read()
    header.pop("__metadata__", None)
    return {k: torch.from_numpy(np.frombuffer(data, "<f4", offset=v["data_offsets"][0],
                                              count=int(np.prod(v["shape"]))).reshape(v["shape"]).copy())
            for k, v in header.items()}


def epoch(name, folder, side, r_t):
    """One epoch that reads each file anew, as a loader over a folder does."""
    files = sorted(glob.glob(os.path.join(folder, "*.safetensors")))
    if not files:
        return
    torch.manual_seed(0)
    model = ProbeX(side, r_t)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    text = torch.randn(CLASSES, TEXT)
    start = time.perf_counter()
    for at in range(0, len(files), BATCH):
        layers = []
        for f in files[at:at + BATCH]:
            t = load(f)
            up = [v for k, v in t.items() if ".up." in k]
            down = [v for k, v in t.items() if ".down." in k]
            layers.append(up[0] @ down[0] if up else next(iter(t.values())))
        step(model, optimiser, torch.stack(layers), text, torch.arange(len(layers)) % CLASSES)
    print(f"{name:<46} {len(files) / (time.perf_counter() - start):10.1f} models/s", flush=True)


folders = [a for a in sys.argv[1:] if not a.startswith("--")]
if folders:
    epoch("epoch with files, LoRA r16 768x768", os.path.join(folders[0], "lora"), 768, 512)
    epoch("epoch with files, dense 768x768", os.path.join(folders[0], "dense"), 768, 512)
