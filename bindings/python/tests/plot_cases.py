"""plot_cases.py - figures that the tests of mirnet.plot share"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any, Callable

import numpy as np

import mirnet
from mirnet import plot

LONG = ["canonical precursors of microRNA (Drosha)", "intronic_precursors_spliced_not_cropped", "tRNA-derived"]
HISTORY = {
    "loss": [0.7, 0.5, 0.4, 0.35],
    "val_loss": [0.72, 0.55, 0.5, 0.52],
    "accuracy": [0.5, 0.7, 0.8, 0.85],
    "val_accuracy": [0.5, 0.65, 0.75, 0.7],
}


def make_folds(k: int, n: int = 80, decimals: int = 6, share: float = 0.4, seed: int = 1) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(seed)
    folds = []
    for _ in range(k):
        y = np.append([0, 1], rng.random(n - 2) < share).astype(int)
        folds.append((y, np.round(1 / (1 + np.exp(-2 * y + 1 - rng.normal(size=n))), decimals)))
    return folds


def make_scores(folds: list[tuple[Any, Any]]) -> list[mirnet.Scores]:
    """The same as Scores, where class 0 is the positive one."""
    found = []
    for y, p in folds:
        scores = mirnet.Scores(["mirtron", "canonical"])
        scores.add(1 - y, np.column_stack([p, 1 - p]))
        found.append(scores)
    return found


def each_plot() -> dict[str, Callable[..., Any]]:
    folds = make_folds(5)
    rng = np.random.default_rng(4)
    many = {f"{LONG[i % 3]} {i}": 0.5 + rng.random(5) / 3 for i in range(12)}
    return {
        "training_curves": lambda ax=None: plot.training_curves(HISTORY, ax),
        "roc": lambda ax=None: plot.roc(folds, ax),
        "roc, 1 fold": lambda ax=None: plot.roc(folds[0], ax),
        "precision_recall": lambda ax=None: plot.precision_recall(folds, ax),
        "confusion_matrix": lambda ax=None: plot.confusion_matrix([[2030, 19], [31, 192]], None, ax),
        "confusion_matrix, long": lambda ax=None: plot.confusion_matrix(np.eye(6) * 123456, LONG * 2, ax),
        "calibration": lambda ax=None: plot.calibration(*folds[0], ax=ax),
        "comparison": lambda ax=None: plot.comparison({"a": [0.5, 0.7, 0.6]}, ax=ax),
        "comparison, long": lambda ax=None: plot.comparison(many, ax=ax),
    }
