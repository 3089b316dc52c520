#!/bin/sh
# The authors' files both ways, against PyTorch where there is one: what copse writes loads there strictly and answers
# the same, and what is written there applies, evaluates and answers queries here.
: "${COPSE:=build/copse}"
python=/usr/bin/python3
if ! "$python" -c 'import torch, numpy' 2>/dev/null; then
  echo "1..0 # SKIP no PyTorch"
  exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
XDG_STATE_HOME=$dir/state
export XDG_STATE_HOME OMP_NUM_THREADS=1
n=0
is() { # name, condition as a command
  n=$((n + 1))
  name=$1
  shift
  if "$@" >"$dir/log" 2>&1; then echo "ok $n - $name"; else
    echo "not ok $n - $name"
    sed 's/^/# /' "$dir/log" | head -20
  fi
}
cat >"$dir/upstream.py" <<'PY'
"""ProbeX and the form of several views, from the papers' equations; files of copse are read and written by hand."""
import json, struct, sys, os
import numpy as np, torch
import torch.nn.functional as F

def load(path):
    with open(path, "rb") as f:
        head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    out = {}
    for name, t in head.items():
        if name == "__metadata__": continue
        a, b = t["data_offsets"]
        out[name] = torch.from_numpy(np.frombuffer(data[a:b], np.float32).reshape(t["shape"]).copy())
    return out

def save(path, tensors, metadata=None):
    head, at = {}, 0
    if metadata: head["__metadata__"] = metadata
    for name, t in tensors.items():
        head[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + 4 * t.numel()]}
        at += 4 * t.numel()
    text = json.dumps(head).encode()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values(): f.write(t.detach().numpy().astype(np.float32).tobytes())

class Net(torch.nn.Module):
    def __init__(self, kind, d_out, d_in, r, p, r_t, d_text=0, classes=0):
        super().__init__()
        L = torch.nn.Linear
        self.kind = kind
        if kind == "probex":
            self.probes, self.shared_probe_proj = L(r, d_in, bias=False), L(d_out, p, bias=False)
            self.per_probe_encoders = L(r * p, r_t)
        else:
            self.probes_xu, self.shared_probe_proj_row = L(r, d_in, bias=False), L(d_out, p, bias=False)
            self.probes_xxtu, self.shared_probe_proj_row2 = L(r, d_out, bias=False), L(d_out, p, bias=False)
            self.probes_xtu, self.shared_probe_proj_col = L(r, d_out, bias=False), L(d_in, p, bias=False)
            self.probes_xtxu, self.shared_probe_proj_col2 = L(r, d_in, bias=False), L(d_in, p, bias=False)
            self.concat_all4_encoder = L(4 * r * p, r_t)
        if classes: self.classification_head = L(r_t, classes)
        else: self.regression_head = L(d_text, r_t)

    def forward(self, x):
        def hidden(s, proj, standard):
            if standard: s = (s - s.mean()) / (s.std() + 1e-8)
            return F.relu(proj(s.T)).flatten()
        if self.kind == "probex":
            return self.per_probe_encoders(hidden(x @ self.probes.weight, self.shared_probe_proj, False))
        y = x.T
        return self.concat_all4_encoder(torch.cat([
            hidden(x @ self.probes_xu.weight, self.shared_probe_proj_row, True),
            hidden(x @ (y @ self.probes_xxtu.weight), self.shared_probe_proj_row2, True),
            hidden(y @ self.probes_xtu.weight, self.shared_probe_proj_col, True),
            hidden(y @ (x @ self.probes_xtxu.weight), self.shared_probe_proj_col2, True)]))

def make_of(path):
    t = load(path)
    kind = "probex" if "probes.weight" in t else "mvprobe"
    u = t["probes.weight" if kind == "probex" else "probes_xu.weight"]
    v = t["shared_probe_proj.weight" if kind == "probex" else "shared_probe_proj_row.weight"]
    e = t["per_probe_encoders.weight" if kind == "probex" else "concat_all4_encoder.weight"]
    classes = t["classification_head.weight"].shape[0] if "classification_head.weight" in t else 0
    d_text = 0 if classes else t["regression_head.weight"].shape[1]
    net = Net(kind, v.shape[1], u.shape[0], u.shape[1], v.shape[0], e.shape[0], d_text, classes)
    net.load_state_dict(t, strict=True)
    return net

def plant(root):
    g = torch.Generator().manual_seed(3)
    names = ["fox", "cat", "owl", "oak"]
    save(os.path.join(root, "..", "texts.safetensors"), {c: 3 * torch.eye(4)[i] + i * 0.1 for i, c in enumerate(names)})
    for split, concepts, each in (("train", 3, 8), ("val", 3, 3), ("test", 3, 4)):
        for c in range(concepts):
            for k in range(each):
                x = 0.1 * torch.randn(9, 7, generator=g)
                x[c * 2, :4] += 1
                save(f"{root}/{split}/m{c}{k}.safetensors", {"mid.weight": x}, {"concept": names[c]})

def compare(root, path, said):
    net, texts, rows = make_of(path), load(os.path.join(root, "..", "texts.safetensors")), 0
    for line in open(said):
        o = json.loads(line)
        if not o["labels"]: continue
        e = net(load(os.path.join(root, o["path"]))["mid.weight"])
        rows += 1
        if hasattr(net, "classification_head"):
            assert torch.allclose(net.classification_head(e), torch.tensor(o["logits"]), atol=1e-4), o["path"]
            continue
        e = F.normalize(e, dim=0)
        assert torch.allclose(e, torch.tensor(o["representation"]), atol=1e-4), o["path"]
        t = F.normalize(net.regression_head(torch.stack([texts[l["name"]] for l in o["labels"]])), dim=1) @ e
        assert [float(x) for x in t] == sorted((float(x) for x in t), reverse=True), (o["path"], t)
    assert rows >= 45, rows

def random(path, kind, classes):
    torch.manual_seed(5)
    save(path, Net(kind, 9, 7, 4, 3, 6, 0 if classes else 4, 4 if classes else 0).state_dict())

verb, args = sys.argv[1], sys.argv[2:]
{"plant": plant, "compare": compare, "random": lambda p, k, c: random(p, k, int(c))}[verb](*args)
PY
upstream() { "$python" "$dir/upstream.py" "$@"; }
wood=$dir/wood
texts=table:$dir/texts.safetensors
upstream plant "$wood"

ours() { # expert kind, program, task, encoder for applying
  "$COPSE" train "$wood" -q --layer mid --preset published --expert "$1" --task "$3" --encoder "$texts" --epochs 30 \
    --batch 8 --probes 4 --proj 3 --rep 6 --lr 0.01 --out "$dir/$1-$3.safetensors" &&
    "$COPSE" export-expert "$dir/$2-$3-out.safetensors" --for "$2" --expert "$dir/$1-$3.safetensors" &&
    "$COPSE" apply "$wood" -q --json --expert "$dir/$1-$3.safetensors" ${4:+--encoder "$4"} >"$dir/said" &&
    upstream compare "$wood" "$dir/$2-$3-out.safetensors" "$dir/said"
}
for task in align classify; do
  own=$texts # classes need none
  [ $task = align ] || own=
  is "ProbeX's $task loads there and says the same" ours probex probex $task "$own"
  is "several views' $task load there and say the same" ours multiview mvprobe $task "$own"
done
theirs() { # program
  file=$dir/random-$1.safetensors
  upstream random "$file" "$1" 0 &&
    "$COPSE" apply "$wood" -q --json --expert "$file" --layer '#0' --encoder "$texts" --labels fox,cat,owl,oak >"$dir/said" &&
    upstream compare "$wood" "$file" "$dir/said" &&
    "$COPSE" eval "$wood" -q --json --expert "$file" --layer mid --encoder "$texts" >"$dir/eval" &&
    "$COPSE" query "$wood" fox -q --json --expert "$file" --layer mid --encoder "$texts" >"$dir/query" &&
    grep -q '"top1":[[:space:]]*[0-9]' "$dir/eval" && grep -q '"score":[[:space:]]*-*[0-9]' "$dir/query"
}
for program in probex mvprobe; do
  is "$program's alignment applies, evaluates and answers here" theirs $program
done
classes() {
  upstream random "$dir/c.safetensors" mvprobe 1 &&
    "$COPSE" apply "$wood" -q --json --expert "$dir/c.safetensors" --layer mid --labels a,b,c,d >"$dir/said" &&
    upstream compare "$wood" "$dir/c.safetensors" "$dir/said" && grep -q '"name": *"d"' "$dir/said"
}
is "its classes bear the names that are given" classes
fails() { # status, text, arguments
  want=$1 text=$2
  shift 2
  "$COPSE" "$@" >"$dir/out" 2>&1
  [ $? -eq "$want" ] && grep -q "$text" "$dir/out" && return 0
  cat "$dir/out"
  return 1
}
is "no encoder, no alignment" fails 2 'name it with --encoder' apply "$wood" --expert "$dir/random-probex.safetensors" --layer mid
is "too few names for the classes" fails 2 'names 2 classes' \
  apply "$wood" --expert "$dir/c.safetensors" --layer mid --labels a,b
is "a layer of another size" fails 1 'of no model is 9 x 7' \
  apply "$wood" --expert "$dir/random-probex.safetensors" --layer '#4' --encoder "$texts"
"$COPSE" train "$wood" -q --layer mid --expert probex --encoder "$texts" --epochs 3 --out "$dir/centred.safetensors" >"$dir/log"
is "what has no place there is refused" fails 1 'train it with --input scaled' \
  export-expert "$dir/no.safetensors" --for probex --expert "$dir/centred.safetensors"
echo "1..$n"
