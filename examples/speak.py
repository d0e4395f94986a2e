#!/usr/bin/env python3
"""Speaks names with the weights of a creature, in NumPy alone.

    creature --save w.safetensors
    examples/speak.py w.safetensors --count 10 --temperature 0.5

The file says all that is needed: docs/weights.md has its format and the forward pass, which is
`logits` below, line by line.
"""

import argparse
import json
import struct

import numpy as np


def load(path):
    """The tensors of a safetensors file, and its metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        numbers = file.read()
    metadata = header.pop("__metadata__")
    types = {"F64": "<f8", "F32": "<f4"}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(numbers[begin:end], types[entry["dtype"]]).reshape(
            entry["shape"]
        )
    return tensors, metadata


def vocabulary(metadata):
    """The tokens as bytes, and the pairs of them that become one, in their order."""
    if "tokens" not in metadata:
        return [character.encode() for character in metadata["vocab"]], []
    tokens = json.loads(metadata["tokens"])
    texts = [bytes([byte]) for byte in tokens["bytes"]]
    merges = list(zip(tokens["merges"][::2], tokens["merges"][1::2]))
    for left, right in merges:
        texts.append(texts[left] + texts[right])
    return texts, merges


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Gpt:
    """A GPT that predicts the next token of a name."""

    def __init__(self, path):
        self.tensors, metadata = load(path)
        self.texts, self.merges = vocabulary(metadata)
        self.delimiter = len(self.texts)  # the token before a name and after it
        self.heads = int(metadata["n_head"])
        self.epsilon = float(metadata["rms_eps"])
        self.activation = metadata.get("activation", "relu")
        self.normalises = "qk_norm" in metadata
        self.rotary_base = float(metadata.get("rotary_base", 0))  # 0: nothing is rotated
        self.longest_ngram = int(metadata.get("ngram", 1))
        self.context = int(metadata.get("n_ctx", 0)) or len(self.tensors["wpe"])
        self.layers = sum(name.endswith(".wq") for name in self.tensors)

    def norm(self, x):
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.epsilon)

    def attention(self, layer, x):
        weights = self.tensors
        positions, channels = x.shape
        split = (positions, self.heads, channels // self.heads)
        q, k, v = ((x @ weights[layer + name].T).reshape(split) for name in ("wq", "wk", "wv"))
        if self.normalises:
            q, k = self.norm(q), self.norm(k)
        if self.rotary_base:
            q, k = self.rotate(q), self.rotate(k)
        scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(split[2])
        scores[:, ~np.tri(positions, dtype=bool)] = -np.inf  # nobody looks ahead
        attention = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attention /= attention.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hij,jhd->ihd", attention, v).reshape(positions, channels)
        return mixed @ weights[layer + "wo"].T

    def rotate(self, x):
        """Turns the channels i and i + pairs of each head by an angle that grows with the position."""
        positions, _, width = x.shape
        pairs = width // 2
        speeds = self.rotary_base ** (-np.arange(pairs) / max(pairs, 1))
        angles = (np.arange(positions)[:, None] * speeds)[:, None, :]
        a, b, rest = x[..., :pairs], x[..., pairs : 2 * pairs], x[..., 2 * pairs :]
        cos, sin = np.cos(angles), np.sin(angles)
        return np.concatenate([a * cos - b * sin, a * sin + b * cos, rest], axis=-1)

    def embed(self, tokens):
        """Of the tokens, of their positions, and of the tokens before them."""
        weights = self.tensors
        x = weights["wte"][tokens]
        if "wpe" in weights:
            x = x + weights["wpe"][: len(tokens)]
        distance = 1
        while f"wte-{distance}" in weights:
            before = [tokens[max(i - distance, 0)] for i in range(len(tokens))]
            x = x + weights[f"wte-{distance}"][before]
            distance += 1
        return x + self.embed_ngrams(tokens) if "ngram" in weights else x

    def embed_ngrams(self, tokens):
        """The n-grams that end with each token share the rows of a table by a hash (FNV-1a)."""
        table = self.tensors["ngram"]
        place = np.arange(len(tokens))
        hashes = np.full(len(tokens), 2166136261, np.uint64)
        total = np.zeros((len(tokens), table.shape[1]))
        for before in range(self.longest_ngram):
            tokens_before = np.asarray(tokens, np.uint64)[np.maximum(place - before, 0)]
            hashes = (hashes ^ tokens_before) * np.uint64(16777619) & np.uint64(0xFFFFFFFF)
            if before > 0:
                total += table[(hashes ^ hashes >> np.uint64(16)) % np.uint64(len(table))]
        return total

    def feed_forward(self, layer, x):
        weights = self.tensors
        hidden = x @ weights[layer + "fc1"].T
        if self.activation == "swiglu":
            gate = x @ weights[layer + "gate"].T
            hidden = gate * sigmoid(gate) * hidden
        elif self.activation == "gelu":
            hidden *= sigmoid(np.sqrt(8 / np.pi) * (hidden + 0.044715 * hidden**3))
        else:
            hidden = np.maximum(hidden, 0) ** (2 if self.activation == "relu2" else 1)
        return hidden @ weights[layer + "fc2"].T

    def logits(self, tokens):
        """One row for each token: the scores of what may follow it."""
        weights = self.tensors
        x = self.embed(tokens)
        for number in range(self.layers):
            layer = f"layers.{number}."
            x = x + self.attention(layer, self.norm(x))
            x = x + self.feed_forward(layer, self.norm(x))
        return self.norm(x) @ weights.get("lm_head", weights["wte"]).T  # "wte" if the head is tied

    def encode(self, name):
        single = self.texts[: len(self.texts) - len(self.merges)]
        if max(map(len, single)) == 1:
            tokens = [single.index(bytes([byte])) for byte in name.encode()]
        else:
            tokens = [single.index(character.encode()) for character in name]
        for number, (left, right) in enumerate(self.merges):
            place = 0
            while place + 1 < len(tokens):
                if (tokens[place], tokens[place + 1]) == (left, right):
                    tokens[place : place + 2] = [len(single) + number]
                place += 1
        return tokens

    def loss(self, name):
        """Mean cross-entropy of a name's tokens and its end, in nats; at most `context`."""
        tokens = [self.delimiter, *self.encode(name), self.delimiter]
        count = min(self.context, len(tokens) - 1)
        logits = self.logits(tokens[:count])
        logits = logits - logits.max(axis=-1, keepdims=True)
        logarithms = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        return -np.mean(logarithms[np.arange(count), tokens[1 : count + 1]])

    def speak(self, random, temperature, length):
        tokens = [self.delimiter]
        while len(tokens) <= length:
            scores = self.logits(tokens[-self.context :])[-1] / temperature  # the context slides
            chances = np.exp(scores - scores.max())
            token = random.choice(len(chances), p=chances / chances.sum())
            if token == self.delimiter:
                break
            tokens.append(token)
        return b"".join(self.texts[token] for token in tokens[1:]).decode(errors="replace")


def main():
    parser = argparse.ArgumentParser(description="Speaks names with the weights of a creature.")
    parser.add_argument("weights", help="safetensors file of creature --save")
    parser.add_argument("--count", type=int, default=10, help="names to speak")
    parser.add_argument("--temperature", type=float, default=0.5, help="the lower, the more usual")
    parser.add_argument("--length", type=int, default=200, help="tokens of a name, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loss", metavar="NAME", nargs="*", help="say how likely these names are")
    arguments = parser.parse_args()
    gpt = Gpt(arguments.weights)
    if arguments.loss is not None:
        for name in arguments.loss:
            print(f"{gpt.loss(name):.15f}  {name}")
        return
    random = np.random.default_rng(arguments.seed)
    for _ in range(arguments.count):
        print(gpt.speak(random, arguments.temperature, arguments.length))


if __name__ == "__main__":
    main()
