#!/usr/bin/env python3
"""The tables of a run in pandas; a notebook for editors that know `# %%` cells, or a script:

    examples/explore_run.py experiments/latest
"""

# %% The tables; docs/run-folder.md describes the columns.
import pathlib
import sys

import pandas as pd

run = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "experiments/latest")
organisms = pd.read_csv(run / "organisms.csv")
generations = pd.read_csv(run / "generations.csv")
timings = pd.read_csv(run / "timings.csv")
genes = ["n_emb", "n_head", "n_layer", "n_ctx", "n_ff_exp", "lr", "steps"]

# %% The trained organisms: elites and migrants are copies. A failure has a reason instead of a loss.
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

# %% The progress of the search.
print(generations[["generation", "best", "median", "failed"]].to_string(index=False), "\n")

# %% Rank correlations with the loss; negative if larger is better.
known = trained.dropna(subset="loss")
print(known[genes].rank().corrwith(known["loss"].rank()).round(2).to_string(), "\n")

# %% Which origins paid off.
print(trained.groupby("origin")["loss"].agg(["count", "min", "median"]).round(4).to_string(), "\n")

# %% The utilisation of each rank.
search = timings[timings["rank"] >= 0]
elapsed = (search["start"] + search["seconds"]).max() - search["start"].min()
print((search.groupby(["host", "rank"])["seconds"].sum() / elapsed).round(2).to_string(), "\n")

# %% Seconds of a training by its predicted cost.
costs = search.merge(organisms[["id", "flops"]], on="id")
correlation = costs["flops"].rank().corr(costs["seconds"].rank())
print(f"rank correlation of FLOPs and seconds: {correlation:.2f}")
