"""_scores.py - how good predictions are"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from ctypes import byref, c_double, c_int64
from typing import Any, Iterable, Iterator, NamedTuple, Sequence

import numpy as np

from ._arrays import Array, Doubles, Ints, address, as_floats, as_int, as_ints, as_labels
from ._errors import InvalidError, NotFoundError, ShapeError
from ._handle import Handle, Reading, Writing, create
from ._library import lib


MAX_CLASSES = 4096  # as of a recipe


def _keys() -> list[str]:
    keys: list[str] = []
    while (key := lib.mirnet_scores_key(len(keys))) is not None:
        keys.append(key.decode())
    return keys


class Scores(Handle):
    """True classes and predicted probabilities go in, figures come out: `scores["mcc"]`, `scores.to_dict()`.

    Class 0 is positive; with more than two classes the figures are class 0 against the rest, "accuracy" over all. A
    ratio with nothing in its denominator is 0, never NaN. One thread at a time changes it.

    Parameters
    ----------
    classes
        How many classes, or their names.
    """

    KEYS = tuple(_keys())
    COUNTS = ("tp", "fn", "fp", "tn", "count")

    def __init__(self, classes: int | Sequence[str] = 2) -> None:
        if isinstance(classes, str):
            raise TypeError(f"classes: expected how many there are, or a list of names, got the text {classes[:40]!r}")
        names = [str(name) for name in classes] if isinstance(classes, Iterable) else None
        if names and len(set(names)) < len(names):
            raise InvalidError(f"classes: expected different names, got {', '.join(names)}")
        n = as_int(classes, "classes", high=MAX_CLASSES) if names is None else len(names)
        super().__init__(create(lib.mirnet_scores_create, n), lib.mirnet_scores_destroy)
        self.classes: list[str] = [str(c) for c in range(n)] if names is None else names
        self._added: list[tuple[Array, Array]] = []

    def add(self, y_true: Sequence[Any] | Any, probabilities: Any) -> None:
        """Adds n results: [n] class numbers or names, and float [n, classes] probabilities.

        The predicted class is the largest probability, the first of equal ones. All or nothing.
        """
        p = as_floats(probabilities, "probabilities")
        y = as_ints(self._numbers(y_true), "y_true", np.int32)
        if p.shape != (len(y), len(self.classes)):
            raise ShapeError(f"probabilities: expected shape ({len(y)}, {len(self.classes)}), got {p.shape}")
        with Writing(self) as pointer:
            lib.mirnet_scores_add(pointer, address(y), address(p), len(y))
            self._added.append((y.copy(), p.copy()))

    def _numbers(self, labels: Any) -> Any:
        found = as_labels(labels, "y_true")
        if found.dtype.kind not in "UO" or found.ndim != 1:
            return found
        number = {name: c for c, name in enumerate(self.classes)}
        for i, label in enumerate(found):
            if label not in number:
                raise InvalidError(f"y_true[{i}] is {label!r}: expected one of {', '.join(self.classes)}")
        return np.array([number[label] for label in found], dtype=np.int32)

    def add_counts(self, tp: int, fn: int, fp: int, tn: int) -> None:
        """Adds bare counts, e.g. of a published table; auroc, aupr and log_loss do not see them. Two classes only."""
        given = {"tp": tp, "fn": fn, "fp": fp, "tn": tn}
        counts = [as_int(count, name, high=2**63 - 1) for name, count in given.items()]
        with Writing(self) as pointer:
            lib.mirnet_scores_add_counts(pointer, *counts)
            self._added.append((np.array(counts, dtype=np.int64), np.empty(0, dtype=np.float32)))

    def reset(self) -> None:
        """Forgets everything that was added."""
        with Writing(self) as pointer:
            lib.mirnet_scores_reset(pointer)
            self._added.clear()

    def __getitem__(self, key: str) -> float:
        if key not in self.KEYS:
            raise NotFoundError(f"figure {key!r}: expected one of {', '.join(self.KEYS)}")
        out = c_double()
        with Reading(self) as pointer:
            lib.mirnet_scores_get(pointer, key.encode(), byref(out))
        return int(out.value) if key in self.COUNTS else out.value

    def __iter__(self) -> Iterator[str]:
        return iter(self.KEYS)

    def keys(self) -> list[str]:
        """The figures' names."""
        return list(self.KEYS)

    def to_dict(self) -> dict[str, float]:
        """All figures by name."""
        return {key: self[key] for key in self.KEYS}

    @property
    def confusion(self) -> Ints:
        """int64 [classes, classes]: row = true class, column = predicted class."""
        n = len(self.classes)
        out = np.empty((n, n), dtype=np.int64)
        with Reading(self) as pointer:
            lib.mirnet_scores_get_confusion(pointer, address(out))
        return out

    def _curve(self, curve: bytes) -> tuple[Doubles, Doubles]:
        n = c_int64()
        with Reading(self) as pointer:
            lib.mirnet_scores_get_curve(pointer, curve, None, None, byref(n))
            x, y = np.empty(n.value), np.empty(n.value)
            lib.mirnet_scores_get_curve(pointer, curve, address(x), address(y), byref(n))
        return x, y

    def roc(self) -> tuple[Doubles, Doubles]:
        """The ROC curve: (1 - specificity, sensitivity), from (0, 0) to (1, 1)."""
        return self._curve(b"roc")

    def precision_recall(self) -> tuple[Doubles, Doubles]:
        """The precision-recall curve: (recall, precision), from recall 1 to (0, 1)."""
        return self._curve(b"pr")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_scores, (self.classes, self._added)

    def _describe(self) -> str:
        return f" of {self['count']}: accuracy {self['accuracy']:.4f}, MCC {self['mcc']:.4f}"


def _restore_scores(classes: list[str], added: list[tuple[Array, Array]]) -> Scores:
    scores = Scores(classes)
    for y, p in added:
        if p.size or not y.size:
            scores.add(y, p)
        else:
            scores.add_counts(*(int(count) for count in y))
    return scores


class Summary(NamedTuple):
    """Several values in a few: mean, median, standard deviation (n - 1), and 95 % intervals of the mean."""

    mean: float
    median: float
    sd: float
    normal_low: float
    normal_high: float
    t_low: float
    t_high: float


def summarize(values: Sequence[float] | Any) -> Summary:
    """Summary of [n] values, e.g. of one figure over folds. NumericError if one is not finite."""
    array = as_floats(values, "values", np.float64)
    if array.ndim != 1:
        raise ShapeError(f"values: expected one dimension, got shape {array.shape}")
    out = c_double()
    found = []
    for what in Summary._fields:
        lib.mirnet_scores_summarize(address(array), len(array), what.encode(), byref(out))
        found.append(out.value)
    return Summary(*found)
