#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training steps of the form of several views (arXiv 2605.23410) in PyTorch beside copse's, in one run.

Written from the paper's equations: four responses, each standardised over all its entries, projected, rectified, joined
before one encoder; cosines with a linear map of text; Adam. Adapters are multiplied out, as there. Each case is a
process of its own, on one thread, and takes processor time, so that a busy machine does not tell.

  views_torch.py tests/bench/views-step
"""
import os
import resource
import subprocess
import sys
import time

BATCH, PROBES, REP, CLASSES, TEXT = 128, 128, 512, 200, 768
CASES = [("LoRA rank 16, 768 x 768", 768, 16, 10), ("LoRA rank 16, 1280 x 1280", 1280, 16, 20),
         ("dense 768 x 768", 768, 0, 1.4)]


def torch_case(side, rank):
    """Prints the seconds of the faster of two steps, and the peak of memory in MB: of all, and of PyTorch alone."""
    import torch
    import torch.nn.functional as F
    torch.set_num_threads(1)
    torch.manual_seed(0)
    alone = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    probes = [torch.nn.Parameter(torch.randn(side, PROBES) / side ** .5) for _ in range(4)]
    project = [torch.nn.Linear(side, PROBES, bias=False) for _ in range(4)]
    encoder, text_map = torch.nn.Linear(4 * PROBES * PROBES, REP), torch.nn.Linear(TEXT, REP)
    parameters = probes + [q for m in (*project, encoder, text_map) for q in m.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=3e-4)
    if rank:
        b, a = torch.randn(BATCH, side, rank) * .02, torch.randn(BATCH, rank, side) * .02
    else:
        x = torch.randn(BATCH, side, side) * .02
    text, target = torch.randn(CLASSES, TEXT), torch.arange(BATCH)
    best = float("inf")
    for _ in range(2):
        begin = time.process_time()
        w = b @ a if rank else x
        wt = w.transpose(1, 2)
        responses = (w @ probes[0], w @ (wt @ probes[1]), wt @ probes[2], wt @ (w @ probes[3]))
        hidden = []
        for s, p in zip(responses, project):
            s = (s - s.mean((1, 2), keepdim=True)) / (s.std((1, 2), keepdim=True) + 1e-8)
            hidden.append(F.relu(p(s.transpose(1, 2))).flatten(1))
        e = F.normalize(encoder(torch.cat(hidden, 1)), dim=1)
        loss = F.cross_entropy(e @ F.normalize(text_map(text), dim=1).T, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        best = min(best, time.process_time() - begin)
    print(f"{best:.4f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} {alone:.0f}")


def run(*command):
    one = {k: "1" for k in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    out = subprocess.run(command, env={**os.environ, **one}, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [float(x) for x in out.split()]


if len(sys.argv) > 3 and sys.argv[1] == "--case":
    torch_case(int(sys.argv[2]), int(sys.argv[3]))
    sys.exit(0)
print("| step of 128 models, 128 / 128 / 512, four views | copse s | PyTorch s | ratio | asked | copse MB | PyTorch MB "
      "(of it before any work) |")
print("|---|---|---|---|---|---|---|")
for name, side, rank, asked in CASES:
    seconds, memory = run(sys.argv[1], str(side), str(rank))
    theirs, peak, alone = run(sys.executable, __file__, "--case", str(side), str(rank))
    print(f"| {name} | {seconds:.2f} | {theirs:.2f} | {theirs / seconds:.1f} | {asked} | {memory:.0f} | {peak:.0f} "
          f"({alone:.0f}) |", flush=True)
