"""_folds.py - cross-validation: who is tested when"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any, Iterator, Sequence

import numpy as np

from ._arrays import Ints, address, as_index, as_int, as_ints, as_labels, as_seed, is_missing
from ._errors import InvalidError, ShapeError
from ._handle import Handle, Reading, create
from ._library import lib


class Folds(Handle):
    """Stratified k-fold: iterates over (train, test), record numbers in ascending order as int64 arrays.

    How many records of each class go to each fold is as in scikit-learn's StratifiedKFold, with groups as in its
    StratifiedGroupKFold: no group is in two folds. Immutable.

    Parameters
    ----------
    labels
        [n] class numbers or names.
    k
        Folds, at least 2.
    groups
        [n] group numbers, or None.
    shuffle, seed
        Whether the records are shuffled first, and from which seed.
    """

    def __init__(
        self,
        labels: Sequence[Any] | Any,
        k: int = 5,
        *,
        groups: Sequence[int] | Any | None = None,
        shuffle: bool = True,
        seed: int = 1,
    ) -> None:
        found = as_labels(labels, "labels")
        if found.dtype.kind in "USO" and found.ndim == 1:
            numbers: dict[Any, int] = {}  # names are numbered in order of appearance
            for i, label in enumerate(labels):  # as they were given: NumPy would make a text of a NaN
                if is_missing(label):
                    raise InvalidError(f"labels[{i}] is {label!r}: expected a class of every record")
                numbers.setdefault(label, len(numbers))
            found = np.array([numbers[label] for label in labels], dtype=np.int32)
        classes = as_ints(found, "labels", np.int32).copy()
        belongs = None if groups is None else as_ints(groups, "groups").copy()
        k, seed = as_int(k, "k"), as_seed(seed)
        if belongs is not None and len(belongs) != len(classes):
            raise ShapeError(f"groups: expected {len(classes)} of them as of the labels, got {len(belongs)}")
        pointer = create(
            lib.mirnet_folds_create, address(classes), address(belongs), len(classes), k, int(shuffle), seed
        )
        super().__init__(pointer, lib.mirnet_folds_destroy)
        self._arguments = (classes, k, belongs, shuffle, seed)

    def __len__(self) -> int:
        with Reading(self) as pointer:
            return int(lib.mirnet_folds_count(pointer))

    def __getitem__(self, fold: int) -> tuple[Ints, Ints]:
        fold = as_index(fold, len(self), "fold")
        with Reading(self) as pointer:
            train = np.empty(lib.mirnet_folds_get_train_size(pointer, fold), dtype=np.int64)
            test = np.empty(lib.mirnet_folds_get_test_size(pointer, fold), dtype=np.int64)
            lib.mirnet_folds_get_train(pointer, fold, address(train))
            lib.mirnet_folds_get_test(pointer, fold, address(test))
        return train, test

    def __iter__(self) -> Iterator[tuple[Ints, Ints]]:
        return (self[fold] for fold in range(len(self)))

    @property
    def assignment(self) -> Ints:
        """[n] int64: the fold that tests each record."""
        with Reading(self) as pointer:
            n = len(self._arguments[0])
            return np.array([lib.mirnet_folds_get_fold(pointer, i) for i in range(n)], dtype=np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_folds, self._arguments

    def _describe(self) -> str:
        return f": {len(self)} of {len(self._arguments[0])} records"


def _restore_folds(classes: Any, k: int, groups: Any, shuffle: bool, seed: int) -> Folds:
    return Folds(classes, k, groups=groups, shuffle=shuffle, seed=seed)
