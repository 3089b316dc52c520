#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Woods that copse's planter did not grow: networks trained by PyTorch on made data, each a base and what was trained from
it, without cards. What they really are stands beside each as the planter writes it, for tests/bench/lineage-report and
lineage-fit (DIR/others).

  lineage_torch.py DIR SEED [WOOD...]    plants what is not there yet
"""
import copy
import json
import os
import struct
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

DIR, SEED, ASKED = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
WORDS, LENGTH, PIXELS, INPUTS, CLASSES = 48, 24, 16, 48, 12
torch.set_num_threads(1)


def generator(name, k):
    return torch.Generator().manual_seed(SEED * 1000003 + sum(map(ord, name)) * 1009 + k)


# --- networks, and what they learn: a task is a function that draws a batch ---------------------------------------------

class Convolutions(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        sizes = (3, width, 2 * width, 2 * width)
        self.conv = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, stride=1 + (a > 3)) for a, b in zip(sizes, sizes[1:]))
        self.norm = nn.ModuleList(nn.BatchNorm2d(b) for b in sizes[1:])
        self.head = nn.Linear(2 * width, CLASSES)

    def forward(self, x):
        for conv, norm in zip(self.conv, self.norm):
            x = F.relu(norm(conv(x)))
        return self.head(x.mean((2, 3)))


class Transformer(nn.Module):
    def __init__(self, d=64, layers=3):
        super().__init__()
        self.tokens, self.places = nn.Embedding(WORDS, d), nn.Embedding(LENGTH, d)
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(d, 4, 4 * d, 0.0, batch_first=True, norm_first=True,
                                                               activation="gelu") for _ in range(layers))
        self.norm, self.out = nn.LayerNorm(d), nn.Linear(d, WORDS, bias=False)

    def forward(self, x):
        h = self.tokens(x) + self.places(torch.arange(x.shape[1]))
        mask = torch.triu(torch.full((x.shape[1],) * 2, float("-inf")), 1)
        for block in self.blocks:
            h = block(h, src_mask=mask)
        return self.out(self.norm(h))


class Recurrent(nn.Module):
    def __init__(self, d=96):
        super().__init__()
        self.tokens, self.gru, self.out = nn.Embedding(WORDS, d), nn.GRU(d, d, 2, batch_first=True), nn.Linear(d, WORDS)

    def forward(self, x):
        return self.out(self.gru(self.tokens(x))[0])


class Perceptron(nn.Module):
    def __init__(self, d=96):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, d) for a in (INPUTS, d, d))
        self.head = nn.Linear(d, CLASSES)

    def forward(self, x):
        for layer in self.layers:
            x = F.gelu(layer(x))
        return self.head(x)


class Residual(nn.Module):
    def __init__(self, d=80, layers=4):
        super().__init__()
        self.inp, self.head = nn.Linear(INPUTS, d), nn.Linear(d, CLASSES)
        self.norm = nn.ModuleList(nn.LayerNorm(d) for _ in range(layers))
        self.up = nn.ModuleList(nn.Linear(d, 2 * d) for _ in range(layers))
        self.down = nn.ModuleList(nn.Linear(2 * d, d) for _ in range(layers))

    def forward(self, x):
        h = self.inp(x)
        for norm, up, down in zip(self.norm, self.up, self.down):
            h = h + down(F.silu(up(norm(h))))
        return self.head(h)


class Domain:
    """What there is to learn: images, sequences or vectors; another one, or one near to it."""

    def __init__(self, net, g, near=None):
        self.g, self.kind = g, net
        if net is Convolutions:
            made = F.interpolate(torch.randn(CLASSES, 3, 4, 4, generator=g), size=(PIXELS, PIXELS), mode="bilinear",
                                 align_corners=False)
        elif net in (Transformer, Recurrent):
            made = torch.softmax(3 * torch.randn(WORDS, WORDS, generator=g), 1)
        else:
            made = torch.randn(CLASSES, INPUTS, generator=g) / 2
        self.what = made if near is None else .7 * near.what + .3 * made

    def batch(self, classes):
        g = self.g
        if self.kind in (Transformer, Recurrent):
            words = [torch.randint(WORDS, (16,), generator=g)]
            for _ in range(LENGTH):
                words.append(torch.multinomial(self.what[words[-1]], 1, generator=g)[:, 0])
            text = torch.stack(words, 1)
            return text[:, :-1], text[:, 1:]
        y = torch.randint(classes, (32,), generator=g)
        x = self.what[y]
        return x + .6 * torch.randn(x.shape, generator=g), y


# --- training ------------------------------------------------------------------------------------------------------------

def train(net, domain, steps, how, rate, decay, frozen="-"):
    parameters = [p for name, p in net.named_parameters() if frozen not in name]
    optimiser = {"sgd": lambda: torch.optim.SGD(parameters, rate, momentum=.9, weight_decay=decay),
                 "adam": lambda: torch.optim.Adam(parameters, rate),
                 "adamw": lambda: torch.optim.AdamW(parameters, rate, weight_decay=decay)}[how]()
    fade = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda t: 1 - t / steps)
    classes = net.head.out_features if hasattr(net, "head") else WORDS
    net.train()
    for _ in range(steps):
        x, y = domain.batch(classes)
        out = net(x)
        optimiser.zero_grad()
        F.cross_entropy(out.reshape(-1, out.shape[-1]), y.reshape(-1)).backward()
        optimiser.step()
        fade.step()


def write(net, path, kind):
    """As safetensors."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    names, blobs, at = {}, [], 0
    for name, tensor in net.state_dict().items():
        tensor = tensor.detach().contiguous()
        if tensor.dtype == torch.float32 and kind == "BF16":
            blob, dtype = tensor.to(torch.bfloat16).view(torch.int16).numpy().tobytes(), "BF16"
        else:
            blob, dtype = tensor.numpy().tobytes(), {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        names[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    header = json.dumps(names).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header + b"".join(blobs))


def plant(name, net, how, rate, steps, children, child_rate, child_steps, near=False, head=False, deep=False, absent=False,
          decay=.01, frozen="-", kind="F32"):
    """A base of `steps` and its children, each on a domain of its own or one near to the base's, with a head of its own or the
    base's; `deep`: two of three come of the child before."""
    if os.path.exists(f"{DIR}/{name}.truth.json"):
        return
    g, truth = generator(name, 0), []
    torch.manual_seed(SEED * 7919 + sum(map(ord, name)))
    home = Domain(net, g)
    base = net()
    train(base, home, steps, how, rate, decay)
    order = torch.randperm(children, generator=g).tolist()
    path = "ghost:base" if absent else "start/model.safetensors"
    if not absent:
        write(base, f"{DIR}/{name}/{path}", kind)
        truth.append((path, None))
    last = None
    for i in range(children):
        gi = generator(name, i + 1)
        parent = last if deep and last and i % 3 else (path, base)
        child = copy.deepcopy(parent[1])
        if head:
            child.head = nn.Linear(child.head.in_features, 4 + i % 5)
        domain = Domain(net, gi, home if near else None)
        few, many = child_steps
        train(child, domain, few + int(torch.randint(many - few, (1,), generator=gi)), how,
              child_rate * (1, .5)[i % 2], decay, frozen)
        mine = f"m{order[i]:02d}/model.safetensors"
        write(child, f"{DIR}/{name}/{mine}", kind)
        truth.append((mine, parent[0]))
        last = (mine, child)
    models = [{"path": p, "parent": parent, "kind": parent and "fine-tune", "concept": None, "split": None,
               "declared": False, "tree": "0", "wrong_card": False} for p, parent in truth]
    with open(f"{DIR}/{name}.truth.json", "w") as f:
        json.dump({"format": "copse-truth", "version": 1, "kind": "others", "seed": SEED, "models": models}, f)
    print(f"{name}: {len(models)} models", file=sys.stderr, flush=True)


C, T, G, P, R = Convolutions, Transformer, Recurrent, Perceptron, Residual
SHORT, LONG = (60, 260), (500, 800)
WOODS = {
    "conv-near-sgd": (C, "sgd", .05, 300, 9, .01, (40, 160), dict(near=True)),
    "conv-near": (C, "adamw", 2e-3, 300, 8, 1e-3, (40, 160), dict(near=True)),
    "conv-heads": (C, "adamw", 2e-3, 300, 10, 1e-3, (40, 160), dict(head=True)),
    "conv-absent": (C, "adamw", 2e-3, 300, 9, 1e-3, (40, 160), dict(head=True, absent=True)),
    "text-near": (T, "adamw", 2e-3, 400, 9, 5e-4, SHORT, dict(near=True, decay=.1)),
    "text-other": (T, "adamw", 2e-3, 400, 10, 1e-3, SHORT, dict(decay=.1)),
    "text-sgd": (T, "sgd", .1, 400, 8, .05, SHORT, dict(decay=0)),
    "text-deep": (T, "adamw", 2e-3, 400, 12, 5e-4, SHORT, dict(deep=True, decay=.1)),
    "text-brief": (T, "adam", 2e-3, 400, 8, 3e-4, (5, 25), dict()),
    "text-frozen": (T, "adamw", 2e-3, 400, 8, 5e-4, SHORT, dict(frozen="tokens", kind="BF16")),
    "text-absent": (T, "adamw", 2e-3, 400, 9, 5e-4, SHORT, dict(absent=True, decay=.1)),
    "gru-other": (G, "adam", 4e-3, 400, 8, 1e-3, SHORT, dict()),
    "gru-long": (G, "adamw", 4e-3, 400, 8, 2e-3, LONG, dict()),
    "gru-decay": (G, "adamw", 4e-3, 400, 9, 2e-3, (200, 400), dict(decay=1)),
    "gru-absent": (G, "adamw", 4e-3, 400, 8, 2e-3, SHORT, dict(absent=True)),
    "dense-near-sgd": (P, "sgd", .05, 1500, 9, .02, (150, 600), dict(near=True)),
    "dense-heads": (P, "adam", 1e-3, 1500, 24, 1e-3, (150, 600), dict(head=True)),
    "dense-long": (P, "adamw", 1e-3, 1500, 10, 1e-3, (2000, 3000), dict()),
    "dense-decay": (P, "adamw", 1e-3, 1500, 8, 1e-3, (150, 600), dict(near=True, decay=1)),
    "dense-absent": (P, "adam", 1e-3, 1500, 8, 1e-3, (150, 600), dict(absent=True)),
    "skip-near": (R, "adamw", 2e-3, 1200, 8, 1e-3, (150, 600), dict(near=True)),
    "skip-heads": (R, "adamw", 2e-3, 1200, 12, 5e-4, (150, 600), dict(head=True)),
    "skip-deep": (R, "adamw", 2e-3, 1200, 9, 5e-4, (150, 600), dict(deep=True)),
    "skip-absent": (R, "adamw", 2e-3, 1200, 8, 1e-3, (150, 600), dict(head=True, absent=True)),
}
for wood in ASKED or WOODS:
    *plan, more = WOODS[wood]
    plant(wood, *plan, **more)
