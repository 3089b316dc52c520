#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From files to an expert: `copse train` beside the form of several views (arXiv 2605.23410) trained in PyTorch, on one
planted wood, one thread each, in seconds of processor.

Adapters (hard) are aligned with text: raw weights, cosines with a linear map of copse's vectors of the labels. Dense layers
(classes) are classified: a logit a class, binary cross entropy. PyTorch's has one layer, the best that is known of the wood
below its head, and the settings of its paper: Adam 3e-4, batches of 128, the best epoch by validation. copse's are `copse
train WOOD`, nothing else, and the same held to that layer.

  expert_torch.py COPSE hard|classes WOOD LAYER EPOCHS    WOOD is planted where it is missing
"""
import ast
import glob
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time

COPSE, KIND, WOOD, LAYER, EPOCHS = *sys.argv[1:5], int(sys.argv[5])
BATCH, PROBES, REP = 128, 128, 512
PLANT = {"hard": ("--concepts", "200", "--seed", "7"), "classes": ("--models", "600", "--seed", "7")}
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"


def child_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def copse(*words):
    return json.loads(subprocess.run([COPSE, *words, "--json"], stdout=subprocess.PIPE, check=True).stdout)


def train_copse(*words):
    """Seconds of processor, from an empty state on, and the document that `train` answers with."""
    with tempfile.TemporaryDirectory() as state:
        begin = child_seconds()
        answer = copse("train", WOOD, *words, "--state", state, "--threads", "1", "-q")
        return child_seconds() - begin, answer


def read_model(path):
    """The layer's matrices by their parts (A (rank, d_in) and B (d_out, rank), or W), and what the file says of itself."""
    import numpy as np
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    parts = {}
    for name, t in header.items():
        if LAYER not in name or len(t["shape"]) != 2:
            continue
        begin, end = t["data_offsets"]
        kind = {"F32": "<f4", "F16": "<f2"}[t["dtype"]]
        down = "lora_A" in name or "down" in name.split(LAYER)[1]
        parts["W" if KIND == "classes" else "A" if down else "B"] = np.frombuffer(
            data[begin:end], kind).reshape(t["shape"]).astype("f4")
    return parts, header["__metadata__"]


def read_sides():
    """Of each side: matrices (d_out, d_in) as products of factors or whole, and labels (a list of classes in `classes`)."""
    import torch
    sides = {}
    for path in sorted(glob.glob(f"{WOOD}/**/*.safetensors", recursive=True)):
        parts, about = read_model(path)
        side = about.get("split") if KIND == "classes" else path.split("/")[-3]
        label = ast.literal_eval(about.get("dataset_chosen_targets", "None")) if KIND == "classes" else about["concept"]
        if side and label:
            x, labels = sides.setdefault(side, ([], []))
            x.append([torch.from_numpy(parts[p]) for p in (("W",) if KIND == "classes" else ("B", "A"))])
            labels.append(label)
    return sides


def views(d_in, d_out, answers):
    """The form of four views: a function of a list of models, and its parameters."""
    import torch
    import torch.nn.functional as F
    probes = [torch.nn.Parameter(torch.randn(n, PROBES) / n ** .5) for n in (d_in, d_out, d_out, d_in)]
    project = [torch.nn.Linear(n, PROBES, bias=False) for n in (d_out, d_out, d_in, d_in)]
    encoder = torch.nn.Linear(4 * PROBES * PROBES, answers)

    def represent(models):
        w = torch.stack([m[0] @ m[1] if len(m) > 1 else m[0] for m in models])
        wt = w.transpose(1, 2)
        hidden = []
        for s, p in zip((w @ probes[0], w @ (wt @ probes[1]), wt @ probes[2], wt @ (w @ probes[3])), project):
            s = (s - s.mean((1, 2), keepdim=True)) / (s.std((1, 2), keepdim=True) + 1e-8)
            hidden.append(F.relu(p(s.transpose(1, 2))).flatten(1))
        return encoder(torch.cat(hidden, 1))

    return represent, probes + [q for m in (*project, encoder) for q in m.parameters()]


def align(sides):
    """Loss of models against their labels, and the share that is right on a side, in %; all parameters."""
    import torch
    import torch.nn.functional as F
    seen, unseen = (sorted(set(sides[s][1])) for s in ("train", "test_holdout"))
    text = {c: torch.tensor(copse("text", "encode", c)["vector"]) for c in seen + unseen}
    b, a = sides["train"][0][0]
    represent, parameters = views(a.shape[1], b.shape[0], REP)
    text_map = torch.nn.Linear(len(text[seen[0]]), REP)

    def scores(models, names):
        words = torch.stack([text[c] for c in names])
        return F.normalize(represent(models), dim=1) @ F.normalize(text_map(words), dim=1).T

    def loss(models, labels):
        return F.cross_entropy(scores(models, seen), torch.tensor([seen.index(c) for c in labels]))

    def hits(models, labels, side):
        names = unseen if side == "test_holdout" else seen
        return [names[int(i)] == c for i, c in zip(scores(models, names).argmax(1), labels)]

    return loss, hits, parameters + list(text_map.parameters())


def classify(sides):
    """As align: what is right is counted a class."""
    import torch
    import torch.nn.functional as F
    classes = sorted({c for _, labels in sides.values() for chosen in labels for c in chosen})
    d_out, d_in = sides["train"][0][0][0].shape
    represent, parameters = views(d_in, d_out, REP)
    last = torch.nn.Linear(REP, len(classes))

    def targets(labels):
        return torch.tensor([[float(c in chosen) for c in classes] for chosen in labels])

    def loss(models, labels):
        return F.binary_cross_entropy_with_logits(last(represent(models)), targets(labels))

    def hits(models, labels, _):
        return ((last(represent(models)) > 0) == (targets(labels) > 0)).flatten().tolist()

    return loss, hits, parameters + list(last.parameters())


def train_torch():
    """Seconds of processor, and of the best epoch by validation: its number, seconds, and what is right on each test side."""
    import torch
    begin = time.process_time()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sides = read_sides()
    loss, hits, parameters = (align if KIND == "hard" else classify)(sides)
    optimiser = torch.optim.Adam(parameters, lr=3e-4)
    x, labels = sides["train"]

    def right(side):
        with torch.no_grad():
            found = [h for at in range(0, len(sides[side][0]), BATCH)
                     for h in hits(sides[side][0][at:at + BATCH], sides[side][1][at:at + BATCH], side)]
        return 100 * sum(found) / len(found)

    best = None
    for epoch in range(1, EPOCHS + 1):
        order = torch.randperm(len(x)).tolist()
        for at in range(0, len(order), BATCH):
            batch = order[at:at + BATCH]
            optimiser.zero_grad()
            loss([x[i] for i in batch], [labels[i] for i in batch]).backward()
            optimiser.step()
        if epoch % 5 == 0 or epoch == EPOCHS:
            val = right("val")
            if not best or val > best[0]:
                best = (val, epoch, time.process_time() - begin, {s: right(s) for s in sides if s.startswith("test")})
            print(f"epoch {epoch}: {time.process_time() - begin:.0f} s, validation {val:.1f} %", file=sys.stderr, flush=True)
    return time.process_time() - begin, best


if not os.path.exists(WOOD):
    subprocess.run([COPSE, "plant", "--kind", KIND, *PLANT[KIND], WOOD, "-q"], check=True)
ours = {"train": train_copse(), f"train --layer {LAYER}": train_copse("--layer", LAYER)}
for words, (seconds, answer) in ours.items():
    shares = {side: answer[side].get("top1", answer[side].get("accuracy")) for side in ("test", "test_holdout") if answer[side]}
    print(f"copse {words}: {seconds:.1f} s of processor:", ", ".join(f"{s} {100 * x:.1f} %" for s, x in shares.items()))
theirs, (_, epoch, to_best, found) = train_torch()
print(f"PyTorch: {theirs:.1f} s of processor for {EPOCHS} epochs; best by validation epoch {epoch}, after {to_best:.1f} s:",
      ", ".join(f"{side} {share:.1f} %" for side, share in found.items()))
for words, (seconds, _) in ours.items():
    print(f"copse {words}: ratio {theirs / seconds:.1f}, to the best epoch alone {to_best / seconds:.1f}")
