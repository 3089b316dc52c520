#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From files to an expert: `copse train` beside the form of several views (arXiv 2605.23410) trained in PyTorch, on one
planted wood of adapters, one thread each, in seconds of processor.

PyTorch's has one layer, the best that is known of that wood, and the settings of its paper for text: raw weights, Adam 3e-4,
batches of 128, cosines with a linear map of text, the best epoch by validation. Text is the same for both: copse's vectors of
the labels. copse's is `copse train WOOD`, nothing else.

  expert_torch.py COPSE WOOD LAYER EPOCHS    WOOD is planted (hard, 200 concepts) where it is missing
"""
import glob
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time

COPSE, WOOD, LAYER, EPOCHS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
BATCH, PROBES, REP = 128, 128, 512
SIDES = ("train", "val", "test", "test_holdout")
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"


def child_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def copse(*words):
    return json.loads(subprocess.run([COPSE, *words, "--json"], stdout=subprocess.PIPE, check=True).stdout)


def train_copse():
    """Seconds of processor, and the document that `train` answers with."""
    with tempfile.TemporaryDirectory() as state:
        begin = child_seconds()
        answer = copse("train", WOOD, "--state", state, "--threads", "1", "-q")
        return child_seconds() - begin, answer


def read_pair(path):
    """A (rank, d_in), B (d_out, rank) of the layer, and the label."""
    import numpy as np
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    pair = {}
    for name, t in header.items():
        if LAYER not in name:
            continue
        begin, end = t["data_offsets"]
        kind = {"F32": "<f4", "F16": "<f2"}[t["dtype"]]
        part = "A" if ("lora_A" in name or "down" in name.split(LAYER)[1]) else "B"
        pair[part] = np.frombuffer(data[begin:end], kind).reshape(t["shape"]).astype("f4")
    return pair["A"], pair["B"], header["__metadata__"]["concept"]


def train_torch():
    import torch
    import torch.nn.functional as F
    begin = time.process_time()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, label = {}, {}
    for side in SIDES:
        read = [read_pair(p) for p in sorted(glob.glob(f"{WOOD}/**/{side}/*/*.safetensors", recursive=True))]
        x[side] = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b, _ in read]
        label[side] = [c for _, _, c in read]
    seen, unseen = sorted(set(label["train"])), sorted(set(label["test_holdout"]))
    vectors = {c: copse("text", "encode", c)["vector"] for c in seen + unseen}
    text = {True: torch.tensor([vectors[c] for c in seen]), False: torch.tensor([vectors[c] for c in unseen])}
    d_in, d_out = x["train"][0][0].shape[1], x["train"][0][1].shape[0]
    wide = (d_in, d_out, d_out, d_in)
    tall = (d_out, d_out, d_in, d_in)
    probes = [torch.nn.Parameter(torch.randn(n, PROBES) / n ** .5) for n in wide]
    project = [torch.nn.Linear(n, PROBES, bias=False) for n in tall]
    encoder, text_map = torch.nn.Linear(4 * PROBES * PROBES, REP), torch.nn.Linear(text[True].shape[1], REP)
    optimiser = torch.optim.Adam(probes + [q for m in (*project, encoder, text_map) for q in m.parameters()], lr=3e-4)

    def scores(models, words):
        w = torch.stack([b @ a for a, b in models])
        wt = w.transpose(1, 2)
        hidden = []
        for s, p in zip((w @ probes[0], w @ (wt @ probes[1]), wt @ probes[2], wt @ (w @ probes[3])), project):
            s = (s - s.mean((1, 2), keepdim=True)) / (s.std((1, 2), keepdim=True) + 1e-8)
            hidden.append(F.relu(p(s.transpose(1, 2))).flatten(1))
        return F.normalize(encoder(torch.cat(hidden, 1)), dim=1) @ F.normalize(text_map(words), dim=1).T

    def right(side, names, words):
        with torch.no_grad():
            hits = sum(names[int(i)] == c for at in range(0, len(x[side]), BATCH)
                       for i, c in zip(scores(x[side][at:at + BATCH], words).argmax(1), label[side][at:at + BATCH]))
        return 100 * hits / max(len(x[side]), 1)

    best = None
    for epoch in range(1, EPOCHS + 1):
        order = torch.randperm(len(x["train"])).tolist()
        for at in range(0, len(order), BATCH):
            batch = order[at:at + BATCH]
            target = torch.tensor([seen.index(label["train"][i]) for i in batch])
            loss = F.cross_entropy(scores([x["train"][i] for i in batch], text[True]), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if epoch % 10 == 0 or epoch == EPOCHS:
            val = right("val", seen, text[True])
            if not best or val >= best[0]:
                best = (val, epoch, time.process_time() - begin, right("test", seen, text[True]),
                        right("test_holdout", unseen, text[False]))
            print(f"epoch {epoch}: {time.process_time() - begin:.0f} s, validation {val:.1f} %", file=sys.stderr, flush=True)
    return time.process_time() - begin, best


if not os.path.exists(WOOD):
    subprocess.run([COPSE, "plant", "--kind", "hard", "--concepts", "200", "--seed", "7", WOOD, "-q"], check=True)
seconds, answer = train_copse()
print(json.dumps({k: answer.get(k) for k in ("test", "unseen", "chosen")})[:400], file=sys.stderr)
theirs, best = train_torch()
print(f"copse: {seconds:.1f} s of processor\nPyTorch: {theirs:.1f} s of processor for {EPOCHS} epochs; best by validation "
      f"epoch {best[1]}, after {best[2]:.1f} s: seen {best[3]:.1f} %, unseen {best[4]:.1f} %\n"
      f"ratio {theirs / seconds:.1f}, to the best epoch alone {best[2] / seconds:.1f}")
