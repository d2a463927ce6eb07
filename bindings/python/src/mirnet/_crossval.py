"""_crossval.py - cross-validation of a recipe on a dataset"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from typing import Any, Mapping, NamedTuple

import numpy as np

from ._arrays import Floats, Int32s
from ._dataset import Dataset
from ._errors import InvalidError
from ._folds import Folds
from ._history import History
from ._model import Model
from ._predictor import Predictor
from ._progress import ProgressBar
from ._recipe import Recipe, Value, as_recipe
from ._scores import Scores, Summary, summarize
from ._trainer import Trainer


class CrossValidation(NamedTuple):
    """What a cross-validation found: scores and history of each fold, and each record's prediction by the model that
    did not see it (`probabilities`, float32 [n, classes]; `labels`, int32 [n])."""

    name: str
    classes: list[str]
    scores: list[Scores]
    histories: list[History]
    folds: Folds
    probabilities: Floats
    labels: Int32s

    def values(self, figure: str) -> list[float]:
        """One figure, e.g. "mcc", of each fold."""
        return [scores[figure] for scores in self.scores]

    def summary(self, figure: str) -> Summary:
        """Mean, median, standard deviation and 95 % intervals of a figure over the folds."""
        return summarize(self.values(figure))


def cross_validate(
    recipe: Recipe | str | os.PathLike[str] | Mapping[str, Any],
    dataset: Dataset,
    *,
    k: int = 5,
    groups: str | Any | None = None,
    shuffle: bool = True,
    seed: int = 1,
    verbose: bool | int | None = None,
    threads: int | None = None,
    **training: Value | None,
) -> CrossValidation:
    """Trains and tests a recipe k times, each record being tested once.

    Parameters
    ----------
    groups
        "identical" (equal sequences stay together), "group" (records of one group do), [n] group numbers, or None.
    seed
        Of the folds, and of the models: fold f starts from seed + f.
    verbose, threads, **training
        As in Model.fit.
    """
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset: expected a Dataset, got {type(dataset).__name__}")
    labels = dataset.labels
    if len(labels) == 0 or labels.min() < 0:
        raise InvalidError("dataset: expected records, and a class of every record")
    numbers = dataset.groups(groups) if isinstance(groups, str) else groups
    folds = Folds(labels, k, groups=numbers, shuffle=shuffle, seed=seed)
    classes = dataset.classes
    probabilities = np.zeros((len(labels), len(classes)), dtype=np.float32)
    all_scores, histories = [], []
    with as_recipe(recipe) as own:
        for key, value in training.items():
            own[f"training.{key}"] = value
        for fold, (train, test) in enumerate(folds):
            own["training.seed"] = seed + fold
            bar = ProgressBar(verbose, f"fold {fold + 1} of {k}")
            history, p = _run_fold(own, dataset, train, test, bar, threads)
            scores = Scores(classes)
            scores.add(labels[test], p)
            probabilities[test] = p
            histories.append(history)
            all_scores.append(scores)
        return CrossValidation(own.name, classes, all_scores, histories, folds, probabilities, labels)


def _run_fold(
    recipe: Recipe, dataset: Dataset, train: Any, test: Any, bar: ProgressBar, threads: int | None
) -> tuple[History, Floats]:
    with Model(recipe) as model:
        with Trainer(model, threads) as trainer:
            trainer.set_data(dataset, records=train)
            history = trainer.run(callbacks=bar)
        with Predictor(model, threads) as predictor:
            return history, predictor.predict(dataset, records=test)
