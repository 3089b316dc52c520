#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The CLIP text tower of copse beside one in PyTorch, written from the equations, on random weights
of the shapes of ViT-B/32 and ViT-L/14, with both activations.

usage: clip_torch.py COPSE BENCH FIXTURES    the program, bench-clip, tests/fixtures/clip

Prints the largest difference over the largest number, and fails above 1e-4; then the times that
both take for a text of 10 tokens once everything is loaded.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F

SHAPES = {"ViT-B/32": (512, 8, 12, 512), "ViT-L/14": (768, 12, 12, 768)}
VOCABULARY, CONTEXT, LIMIT = 49408, 77, 1e-4
TEXTS = ("a photo of a fox", "", "the wood in which a hundred models grow " * 12)
ACTIVATIONS = {"quick_gelu": lambda x: x * torch.sigmoid(1.702 * x), "gelu": F.gelu}
torch.set_num_threads(os.cpu_count())


def random_tower(width, layers, dim):
    """Tensors under transformers' names; spreads that keep the numbers of a deep tower in range."""
    generator = torch.Generator().manual_seed(1)

    def normal(*shape, spread):
        return torch.randn(*shape, generator=generator) * spread

    tensors = {}

    def linear(name, rows, columns, spread):
        tensors[name + ".weight"] = normal(rows, columns, spread=spread / width**0.5)
        tensors[name + ".bias"] = normal(rows, spread=0.1)

    def norm(name):
        tensors[name + ".weight"] = 1 + normal(width, spread=0.2)
        tensors[name + ".bias"] = normal(width, spread=0.1)

    prefix = "text_model.embeddings."
    tensors[prefix + "token_embedding.weight"] = normal(VOCABULARY, width, spread=0.06)
    tensors[prefix + "position_embedding.weight"] = normal(CONTEXT, width, spread=0.02)
    for layer in range(layers):
        start = f"text_model.encoder.layers.{layer}."
        norm(start + "layer_norm1")
        norm(start + "layer_norm2")
        for part in ("q", "k", "v"):
            linear(f"{start}self_attn.{part}_proj", width, width, 2)
        linear(start + "self_attn.out_proj", width, width, 1)
        linear(start + "mlp.fc1", 4 * width, width, 2)
        linear(start + "mlp.fc2", width, 4 * width, 0.5)
    norm("text_model.final_layer_norm")
    tensors["text_projection.weight"] = normal(dim, width, spread=1 / width**0.5)
    return tensors


def forward(w, ids, layers, heads, activation):
    """The pooled and projected state, in the precision of the weights."""
    n = ids.index(max(ids)) + 1
    x = w["text_model.embeddings.token_embedding.weight"][ids[:n]]
    x = x + w["text_model.embeddings.position_embedding.weight"][:n]
    width = x.shape[1]
    mask = torch.full((n, n), float("-inf"), dtype=x.dtype).triu(1)

    def norm(y, name):
        return F.layer_norm(y, (width,), w[name + ".weight"], w[name + ".bias"], 1e-5)

    def linear(y, name):
        return F.linear(y, w[name + ".weight"], w[name + ".bias"])

    for layer in range(layers):
        start = f"text_model.encoder.layers.{layer}."
        h = norm(x, start + "layer_norm1")
        q, k, v = (linear(h, f"{start}self_attn.{part}_proj").view(n, heads, -1).transpose(0, 1)
                   for part in ("q", "k", "v"))
        scores = q @ k.transpose(1, 2) / (width // heads) ** 0.5 + mask
        mixed = (torch.softmax(scores, -1) @ v).transpose(0, 1).reshape(n, width)
        x = x + linear(mixed, start + "self_attn.out_proj")
        h = ACTIVATIONS[activation](linear(norm(x, start + "layer_norm2"), start + "mlp.fc1"))
        x = x + linear(h, start + "mlp.fc2")
    return w["text_projection.weight"] @ norm(x[n - 1], "text_model.final_layer_norm")


def write_safetensors(path, tensors):
    header, blobs, at = {}, [], 0
    for name in sorted(tensors):
        blob = tensors[name].numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape),
                        "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        out.writelines(blobs)


def ask(copse, verb, folder, text):
    command = [copse, "text", verb, "--json", "--encoder", "clip:" + folder, "--", text]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def compare(copse, folder, tensors, shape, activation):
    width, heads, layers, dim = SHAPES[shape]
    config = {"model_type": "clip_text_model", "hidden_act": activation, "hidden_size": width,
              "num_attention_heads": heads, "num_hidden_layers": layers, "projection_dim": dim,
              "intermediate_size": 4 * width, "eos_token_id": 2}
    with open(os.path.join(folder, "config.json"), "w") as out:
        json.dump(config, out)
    exact = {name: tensor.double() for name, tensor in tensors.items()}
    worst = 0
    for text in TEXTS:
        ids = ask(copse, "tokens", folder, text)["ids"]
        ours = torch.tensor(ask(copse, "encode", folder, text)["vector"], dtype=torch.float64)
        theirs = forward(exact, ids, layers, heads, activation)
        worst = max(worst, float((ours - theirs).abs().max() / theirs.abs().max()))
    print(f"{shape} {activation}: relative difference {worst:.1e} (limit {LIMIT:.0e})")
    return worst < LIMIT


def time_torch(tensors, shape):
    _, heads, layers, _ = SHAPES[shape]
    times = []
    with torch.no_grad():
        for _ in range(20):
            start = time.perf_counter()
            forward(tensors, list(range(10)), layers, heads, "quick_gelu")
            times.append(time.perf_counter() - start)
    times.sort()
    print(f"{shape}: PyTorch {1000 * times[10]:.1f} ms for 10 tokens (best {1000 * times[0]:.1f})")


def main():
    copse, bench, fixtures = sys.argv[1:]
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(os.path.join(fixtures, name), folder)
        for shape, (width, _, layers, dim) in SHAPES.items():
            tensors = random_tower(width, layers, dim)
            write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
            for activation in ACTIVATIONS:
                ok = compare(copse, folder, tensors, shape, activation) and ok
            subprocess.run([bench, "clip:" + folder], check=True)
            time_torch(tensors, shape)
    sys.exit(0 if ok else 1)


main()
