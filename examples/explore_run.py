#!/usr/bin/env python3
"""The tables of a run in pandas; a notebook for editors that know `# %%` cells, or a script:

    examples/explore_run.py experiments/latest
"""

# %% What there is; docs/run-folder.md says what the columns mean.
import pathlib
import sys

import pandas as pd

run = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "experiments/latest")
organisms = pd.read_csv(run / "organisms.csv")
generations = pd.read_csv(run / "generations.csv")
timings = pd.read_csv(run / "timings.csv")
genes = ["n_emb", "n_head", "n_layer", "n_ctx", "n_ff_exp", "lr", "steps"]

# %% Who was trained: an elite and a migrant are copies. A failure has no loss, and a reason.
trained = organisms[~organisms["origin"].isin(["elite", "migrant"])]
print(
    f"{run.resolve().name}: {len(organisms)} organisms, {len(trained)} trained, "
    f"{trained['loss'].isna().sum()} failed\n"
)

# %% The best.
print(
    trained.nsmallest(5, "fitness")[["id", "generation", "origin", *genes, "loss"]].to_string(
        index=False
    ),
    "\n",
)

# %% How the search went on.
print(generations[["generation", "best", "median", "failed"]].to_string(index=False), "\n")

# %% What goes with a low loss: rank correlations, negative if larger is better.
known = trained.dropna(subset="loss")
print(known[genes].rank().corrwith(known["loss"].rank()).round(2).to_string(), "\n")

# %% Which way of coming into the world paid off.
print(trained.groupby("origin")["loss"].agg(["count", "min", "median"]).round(4).to_string(), "\n")

# %% How busy each rank was.
search = timings[timings["rank"] >= 0]
elapsed = (search["start"] + search["seconds"]).max() - search["start"].min()
print((search.groupby(["host", "rank"])["seconds"].sum() / elapsed).round(2).to_string(), "\n")

# %% Seconds of a training by its predicted cost.
costs = search.merge(organisms[["id", "flops"]], on="id")
correlation = costs["flops"].rank().corr(costs["seconds"].rank())
print(f"rank correlation of FLOPs and seconds: {correlation:.2f}")
