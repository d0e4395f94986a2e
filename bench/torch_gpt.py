#!/usr/bin/env python3
"""The same GPT in PyTorch (Debian's python3-torch), to compare with. Nothing else needs it.

  bench/torch_gpt.py time BIN NAMES    µs a name, training with batches of 32 on one core: PyTorch and
                                       this project (BIN/microgpt_bench) in turn, five rounds
  bench/torch_gpt.py check BIN NAMES   a training of BIN/creature in f64 with batches of 16, done again
                                       from its initial weights and the documents of its trace
"""

import csv
import json
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import torch

DELIMITER = 26  # after the letters a to z


class Gpt:
    """Weight matrices have a row for each output, as in weight files."""

    def __init__(self, weights, heads):
        self.weights, self.heads = weights, heads
        self.layers = sum(name.endswith(".wq") for name in weights)

    def linear(self, x, name):
        return torch.nn.functional.linear(x, self.weights[name])

    def loss(self, documents):
        """Rows of all documents are stacked; only attention pads them to one length."""
        context = self.weights["wpe"].shape[0]
        rows = [document[: context + 1] for document in documents]
        lengths = [len(row) - 1 for row in rows]
        tokens = torch.tensor([token for row in rows for token in row[:-1]])
        targets = torch.tensor([token for row in rows for token in row[1:]])
        positions = torch.tensor([t for length in lengths for t in range(length)])
        longest = max(lengths)
        steps = torch.arange(longest)
        real = steps[None, :] < torch.tensor(lengths)[:, None]  # documents x longest
        hidden = (steps[:, None] < steps[None, :])[None, None]
        x = self.weights["wte"][tokens] + self.weights["wpe"][positions]
        for layer in range(self.layers):
            name = f"layers.{layer}."
            x = x + self.linear(self.attention(norm(x), name, real, hidden), name + "wo")
            x = x + self.linear(torch.relu(self.linear(norm(x), name + "fc1")), name + "fc2")
        return torch.nn.functional.cross_entropy(self.linear(norm(x), "lm_head"), targets)

    def attention(self, x, name, real, hidden):
        channels = x.shape[1]
        width = channels // self.heads

        def by_head(matrix):  # documents x heads x longest x width
            padded = x.new_zeros(*real.shape, channels)
            padded[real] = self.linear(x, name + matrix)
            return padded.view(*real.shape, self.heads, width).transpose(1, 2)

        scores = by_head("wq") @ by_head("wk").transpose(2, 3) / width**0.5
        weights = torch.softmax(scores.masked_fill(hidden, float("-inf")), dim=-1)
        out = (weights @ by_head("wv")).transpose(1, 2).reshape(*real.shape, channels)
        return out[real]


def norm(x):
    return x / torch.sqrt((x * x).mean(dim=1, keepdim=True) + 1e-5)


def load(path):
    """A safetensors file: an eight-byte length, a header in JSON, the numbers."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    weights = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        numbers = numpy.frombuffer(data[8 + length + begin : 8 + length + end], dtype="<f8")
        weights[name] = torch.tensor(numbers.reshape(entry["shape"]).copy(), requires_grad=True)
    return weights


def encode(name):
    return [DELIMITER, *(ord(letter) - ord("a") for letter in name), DELIMITER]


def adam(weights, rate):
    return torch.optim.Adam(weights.values(), lr=rate, betas=(0.85, 0.99), eps=1e-8)


def check(binaries, names):
    steps, rate, heads = 60, 0.01, 4
    with tempfile.TemporaryDirectory() as folder:
        files = {key: f"{folder}/{key}" for key in ("init", "end", "trace")}
        subprocess.run(
            [f"{binaries}/creature", "--primordial", "--input", names, "--emb", "24", "--layer", "2"]
            + ["--head", str(heads), "--batch", "16", "--steps", str(steps), "--lr", str(rate)]
            + ["--save-init", files["init"], "--save", files["end"], "--trace", files["trace"]]
            + ["--silent"], check=True, stdout=subprocess.DEVNULL)
        weights, end = load(files["init"]), load(files["end"])
        with open(files["trace"], encoding="utf-8") as trace:
            rows = list(csv.DictReader(trace))
    gpt, optimizer = Gpt(weights, heads), adam(weights, rate)
    worst_loss = 0
    for step in range(steps):
        batch = [row for row in rows if int(row["step"]) == step + 1]
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimizer.zero_grad()
        loss = gpt.loss([encode(row["document"]) for row in batch])
        loss.backward()
        optimizer.step()
        worst_loss = max(worst_loss, abs(loss.item() - float(batch[0]["loss"])))
    worst_weight = max((weights[name] - end[name]).abs().max().item() for name in weights)
    print(f"{steps} steps of batches of 16: losses differ by at most {worst_loss:.1e}, "
          f"weights after them by {worst_weight:.1e}")
    return 0 if worst_loss < 1e-9 and worst_weight < 1e-9 else 1


def new_weights(channels, layers, dtype, context=16, tokens=27):
    shapes = {"wte": (tokens, channels), "wpe": (context, channels)}
    for layer in range(layers):
        for name in ("wq", "wk", "wv", "wo"):
            shapes[f"layers.{layer}.{name}"] = (channels, channels)
        shapes[f"layers.{layer}.fc1"] = (4 * channels, channels)
        shapes[f"layers.{layer}.fc2"] = (channels, 4 * channels)
    shapes["lm_head"] = (tokens, channels)
    torch.manual_seed(1)
    return {name: ((torch.rand(shape, dtype=dtype) - 0.5) / 5).requires_grad_()
            for name, shape in shapes.items()}


def torch_time(channels, layers, dtype, documents, batch, seconds=1.0):
    weights = new_weights(channels, layers, dtype)
    gpt, optimizer = Gpt(weights, 4), adam(weights, 1e-4)
    begin, done = 0.0, -2  # two steps to warm up
    while done < 2 or time.process_time() - begin < seconds:
        if done == 0:
            begin = time.process_time()
        optimizer.zero_grad()
        first = (done + 2) * batch % (len(documents) - batch)
        gpt.loss(documents[first : first + batch]).backward()
        optimizer.step()
        done += 1
    return (time.process_time() - begin) / done / batch * 1e6


def our_time(binaries, names, channels, layers, precision, batch):
    with tempfile.NamedTemporaryFile("r", suffix=".csv") as table:
        subprocess.run(
            [f"{binaries}/microgpt_bench", names, "--benchmark_min_time=0.5",
             f"--benchmark_filter=^share/{channels}x{layers}/{batch}/[a-z0-9]*/{precision}$",
             f"--benchmark_out={table.name}", "--benchmark_out_format=csv"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rows = [row for row in csv.reader(table) if row and row[0].startswith("share/")]
    return float(rows[0][3]) / batch / 1e3  # the first is the best instruction set


def compare(binaries, names):
    torch.set_num_threads(1)
    documents = [encode(name) for name in Path(names).read_text(encoding="utf-8").split()
                 if name.isascii() and name.isalpha() and name.islower()]
    batch = 32
    print(f"PyTorch {torch.__version__}, one thread; µs a name, batches of {batch}")
    print(f"{'':8} {'':4} {'PyTorch':>9} {'ours':>9} {'ratio':>7}   (ratios of the rounds)")
    for dtype, precision in ((torch.float32, "f32"), (torch.float64, "f64")):
        for channels, layers in ((32, 4), (64, 4), (128, 4), (256, 4)):
            rounds = [(torch_time(channels, layers, dtype, documents, batch),
                       our_time(binaries, names, channels, layers, precision, batch))
                      for _ in range(5)]
            theirs, ours = (statistics.median(column) for column in zip(*rounds))
            ratios = sorted(a / b for a, b in rounds)
            print(f"{channels}x{layers:<5} {precision:4} {theirs:9.1f} {ours:9.1f} "
                  f"{statistics.median(ratios):6.1f}x   ({ratios[0]:.1f} to {ratios[-1]:.1f})",
                  flush=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("time", "check"):
        sys.exit(__doc__)
    sys.exit({"time": compare, "check": check}[sys.argv[1]](*sys.argv[2:]))
