#!/usr/bin/env python3
"""Searches of known functions: evolve_command against Optuna's TPE and CMA-ES and a Gaussian process.

    known_functions.py EVOLVE_COMMAND [SEEDS [EVALUATIONS [ONLY]]]

Each contestant may evaluate each function 100 times, one at a time, with 20 seeds. Printed is the
regret, the best value found minus the minimum: its median, and quartiles. ONLY: contestants, with
commas in between. Needs python3-optuna, python3-cmaes and python3-sklearn for the contestants of others.
"""

import json
import math
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import warnings


def branin(x, y):
    """Branin, "Widely convergent method for finding multiple solutions ...", 1972."""
    valley = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(**x):
    """Dixon and Szego, "The global optimization problem: an introduction", 1978."""
    height = (1.0, 1.2, 3.0, 3.2)
    steep = ((10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14))
    place = (
        (1312, 1696, 5569, 124, 8283, 5886),
        (2329, 4135, 8307, 3736, 1004, 9991),
        (2348, 1451, 3522, 2883, 3047, 6650),
        (4047, 8828, 8732, 5743, 1091, 381),
    )
    at = [x[f"x{i}"] for i in range(6)]
    return -sum(
        h * math.exp(-sum(a * (v - 1e-4 * p) ** 2 for a, v, p in zip(row, at, peak)))
        for h, row, peak in zip(height, steep, place)
    )


def rosenbrock5(**x):
    """Rosenbrock, "An automatic method for finding the greatest or least value", 1960; its log."""
    at = [x[f"x{i}"] for i in range(5)]
    return math.log10(1e-3 + sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(at, at[1:])))


def training(lr, optimizer, width, momentum=0.9):
    """A mixed one with a condition, shaped as tuning a training is: of our own."""
    best = 0.1 / math.sqrt(width) if optimizer == "sgd" else 0.01 / math.sqrt(width)
    loss = 0.2 * (math.log10(lr / best)) ** 2 + 1 / math.sqrt(width) + width / 2000
    if optimizer == "sgd":
        loss += 0.3 * (momentum - 0.95) ** 2 / 0.01
    return loss + (0.02 if optimizer == "adam" else 0.1 if optimizer == "plain" else 0)


def real(low, high, **more):
    return {"kind": "real", "range": [low, high], **more}


FUNCTIONS = {
    "Branin": (branin, {"x": real(-5, 10), "y": real(0, 15)}, 0.397887),
    "Hartmann 6": (hartmann6, {f"x{i}": real(0, 1) for i in range(6)}, -3.32237),
    "Rosenbrock 5 (log)": (rosenbrock5, {f"x{i}": real(-2, 2) for i in range(5)}, -3),
    "training (mixed)": (
        training,
        {
            "lr": real(1e-5, 1, log=True),
            "optimizer": {"kind": "choice", "values": ["plain", "adam", "sgd"]},
            "width": {"kind": "int", "range": [4, 512], "log": True},
            "momentum": real(0.5, 0.99, only_if={"optimizer": "sgd"}),
        },
        0.15 - 0.15 + min(1 / math.sqrt(w) + w / 2000 for w in range(4, 513)),
    ),
}


def ours(strategy, program):
    def search(function, genes, seed, count):
        with tempfile.TemporaryDirectory() as folder:
            space = pathlib.Path(folder) / "space.json"
            space.write_text(json.dumps({"genes": genes}))
            process = subprocess.Popen(
                [program, "--ask-tell", "--space", space, "--trials", str(count), "--slots", "1", "--seed", str(seed)]
                + ["--strategy", strategy, "--folder", f"{folder}/run", "--genome-out", f"{folder}/best.json"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            best = math.inf
            for line in process.stdout:
                said = json.loads(line)
                if "best" in said:
                    break
                value = function(**said["genome"])
                best = min(best, value)
                print(json.dumps({"trial": said["trial"], "loss": value}), file=process.stdin, flush=True)
            process.communicate()
            return best

    return search


def optuna_search(make_sampler):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")

    def suggest(trial, genes):
        values = {}
        for name, gene in genes.items():
            condition = gene.get("only_if", {})
            if any(values.get(key) != wanted for key, wanted in condition.items()):
                continue
            if gene["kind"] == "choice":
                values[name] = trial.suggest_categorical(name, gene["values"])
            elif gene["kind"] == "int":
                values[name] = trial.suggest_int(name, *gene["range"], log=gene.get("log", False))
            else:
                values[name] = trial.suggest_float(name, *gene["range"], log=gene.get("log", False))
        return values

    def search(function, genes, seed, count):
        study = optuna.create_study(sampler=make_sampler(optuna.samplers, seed))
        study.optimize(lambda trial: function(**suggest(trial, genes)), n_trials=count)
        return study.best_value

    return search


def gaussian_process(function, genes, seed, count):
    """Expected improvement over 2,000 random points and steps around the best; Matern 5/2."""
    import numpy
    from scipy.stats import norm
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    warnings.simplefilter("ignore")
    draw = numpy.random.default_rng(seed)
    columns = [(name, gene, None) for name, gene in genes.items() if gene["kind"] != "choice"]
    columns += [(name, gene, v) for name, gene in genes.items() if gene["kind"] == "choice" for v in gene["values"]]

    def decoded(point):
        values, votes = {}, {}
        for (name, gene, choice), at in zip(columns, point):
            if choice is not None:
                votes.setdefault(name, {})[choice] = at
                continue
            low, high = gene["range"]
            value = low * (high / low) ** at if gene.get("log") else low + at * (high - low)
            values[name] = round(value) if gene["kind"] == "int" else value
        values.update({name: max(each, key=each.get) for name, each in votes.items()})
        for name, gene in genes.items():
            if any(values.get(key) != wanted for key, wanted in gene.get("only_if", {}).items()):
                values.pop(name, None)
        return values

    points = draw.random((10, len(columns)))
    results = [function(**decoded(p)) for p in points]
    kernel = ConstantKernel() * Matern([0.3] * len(columns), (0.03, 30), nu=2.5) + WhiteKernel(1e-6, (1e-9, 0.1))
    while len(results) < count:
        model = GaussianProcessRegressor(kernel, normalize_y=True).fit(points, results)
        kernel = model.kernel_
        best = points[numpy.argmin(results)]
        near = numpy.clip(best + draw.normal(0, 0.05, (1000, len(columns))) * (draw.random((1000, len(columns))) < 0.5), 0, 1)
        candidates = numpy.vstack([draw.random((2000, len(columns))), near])
        mean, deviation = model.predict(candidates, return_std=True)
        z = (min(results) - mean) / numpy.maximum(deviation, 1e-12)
        gain = deviation * (z * norm.cdf(z) + norm.pdf(z))
        point = candidates[numpy.argmax(gain)]
        points = numpy.vstack([points, point])
        results.append(function(**decoded(point)))
    return min(results)


def contestants(program):
    found = {name: ours(name, program) for name in ("guided", "classic", "random")}
    try:
        found["TPE"] = optuna_search(lambda s, seed: s.TPESampler(seed=seed))
        found["TPE, multivariate"] = optuna_search(
            lambda s, seed: s.TPESampler(seed=seed, multivariate=True, group=True)
        )
        found["CMA-ES"] = optuna_search(lambda s, seed: s.CmaEsSampler(seed=seed))
        import sklearn  # noqa: F401

        found["GP-EI"] = gaussian_process
    except ImportError as error:
        print(f"not all contestants: {error}", file=sys.stderr)
    return found


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    only = sys.argv[4].split(",") if len(sys.argv) > 4 else None
    for name, (function, genes, minimum) in FUNCTIONS.items():
        print(f"\n{name}: regret after {count} evaluations, {seeds} seeds\n| search | median | quartiles |\n|---|---|---|")
        for who, search in contestants(program).items():
            if only and who not in only:
                continue
            random.seed(0)
            regrets = sorted(search(function, genes, seed, count) - minimum for seed in range(1, seeds + 1))
            quartiles = statistics.quantiles(regrets, n=4)
            print(f"| {who} | {statistics.median(regrets):.4f} | {quartiles[0]:.4f} to {quartiles[2]:.4f} |", flush=True)


if __name__ == "__main__":
    main()
