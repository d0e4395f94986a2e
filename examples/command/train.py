#!/usr/bin/env python3
"""A program to be tuned: logistic regression on points in two interleaved spirals.

    train.py GENOME.json

It prints its loss on points that it was not trained with, as one line of JSON.
"""

import json
import math
import os
import random
import sys


def points(seed, count):
    draw = random.Random(seed)
    for i in range(count):
        radius, turn = draw.random(), i % 2
        angle = 4 * radius + math.pi * turn + draw.gauss(0, 0.15)
        yield radius * math.cos(angle), radius * math.sin(angle), turn


def features(x, y, degree):
    return [x**a * y**b for a in range(degree + 1) for b in range(degree + 1 - a)]


def probability(weights, inputs):
    total = sum(w * v for w, v in zip(weights, inputs))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def loss_of(weights, data):
    return -sum(
        math.log(max(1e-12, probability(weights, inputs) if wanted else 1 - probability(weights, inputs)))
        for inputs, wanted in data
    ) / len(data)


def main():
    with open(sys.argv[1]) as file:
        genes = json.load(file)
    replicate = int(os.environ.get("MICROGPT_REPLICATE", "0"))
    training, held_out = (
        [(features(x, y, genes["degree"]), wanted) for x, y, wanted in points(seed, count)]
        for seed, count in ((f"training {replicate}", 200), ("held out", 200))
    )
    momentum = genes["momentum"] if genes["optimizer"] == "momentum" else 0
    weights = [0.0] * len(training[0][0])
    speed = [0.0] * len(weights)
    for epoch in range(genes["epochs"]):
        for inputs, wanted in training:
            error = probability(weights, inputs) - wanted
            for i, value in enumerate(inputs):
                gradient = error * value + genes["decay"] * weights[i]
                speed[i] = momentum * speed[i] - genes["lr"] * gradient
                weights[i] += speed[i]
        print(json.dumps({"step": epoch + 1, "loss": loss_of(weights, training)}))
    print(json.dumps({"loss": loss_of(weights, held_out), "cost": genes["epochs"] * len(weights)}))


if __name__ == "__main__":
    main()
