#!/usr/bin/env python3
"""Another one, on scikit-learn's handwritten digits: digits.py GENOME.json; needs python3-sklearn."""

import json
import sys

from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC


def main():
    with open(sys.argv[1]) as file:
        genes = json.load(file)
    machine = SVC(
        C=genes["C"],
        kernel=genes["kernel"],
        gamma=genes.get("gamma", "scale"),
        degree=genes.get("degree", 3),
    )
    model = make_pipeline(PCA(genes["components"], svd_solver="full"), machine)
    digits = load_digits()
    accuracy = cross_val_score(model, digits.data / 16, digits.target, cv=3).mean()
    print(json.dumps({"accuracy": 100 * accuracy}))


if __name__ == "__main__":
    main()
