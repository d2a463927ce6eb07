"""_sklearn_input.py - what the scikit-learn estimators are given: sequences or numbers, classes, weights"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any, List, NamedTuple, Union

import numpy as np
from sklearn.utils import compute_sample_weight
from sklearn.utils.validation import (
    _check_sample_weight,
    assert_all_finite,
    check_consistent_length,
    column_or_1d,
)

from ._arrays import Array, Doubles, Ints
from ._encoder import Encoder
from ._errors import InvalidError, MirnetError
from ._recipe import Recipe

try:
    from sklearn.utils.validation import validate_data
except ImportError:  # before scikit-learn 1.6

    def validate_data(estimator: Any, /, **arguments: Any) -> Any:
        """The method that became a function."""
        return estimator._validate_data(**arguments)


Samples = Union[List[str], Array]


class Training(NamedTuple):
    """What a model is trained on: sequences [n] or float32 [n, ...], class numbers [n], weights [n] or None."""

    x: Samples
    y: Ints
    weights: Doubles | None


def as_sequences(x: Any) -> list[str] | None:
    """The texts of a list, an array or a column of them, [n] or [n, 1]; None: it is something else."""
    if isinstance(x, str):
        raise InvalidError(f"X is one text, {x[:30]!r}: expected a list of sequences")
    if isinstance(x, (list, tuple)):
        first = x[0] if len(x) else None
        if isinstance(first, (list, tuple)) and len(first) == 1:
            first = first[0]
        if not isinstance(first, str):
            return None
        x = np.array(x, dtype=object)
    elif not isinstance(x, np.ndarray):
        if not hasattr(x, "iloc"):
            return None
        x = np.asarray(x)  # a pandas Series or DataFrame
    if x.dtype.kind not in "OU":
        return None
    column = x[:, 0] if x.ndim == 2 and x.shape[1] == 1 else x
    texts: list[str] = column.tolist()
    return texts if column.ndim == 1 and texts and isinstance(texts[0], str) else None


def check_sequences(recipe: Recipe, texts: list[str]) -> None:
    """Complains of a sequence by its number while they are in the order in which they came."""
    with Encoder(recipe) as encoder:
        for i, text in enumerate(texts):
            try:
                encoder.encode([text])
            except (MirnetError, TypeError) as error:
                raise type(error)(str(error).replace("sequences[0]", f"X[{i}]")) from None


def as_numbers(estimator: Any, x: Any, y: Any = None, *, reset: bool) -> tuple[Array, Any]:
    """float32 [n, ...] in C order, finite, and the checked classes [n].

    scikit-learn counts and names the features of two axes, so an array with more is shown to it as [n, their product].
    """
    shape = tuple(getattr(x, "shape", ()))
    if len(shape) > 2:
        x = np.reshape(x, (shape[0], int(np.prod(shape[1:]))))
    if reset:  # y None is an error
        numbers, y = validate_data(estimator, X=x, y=y, reset=True, dtype=np.float32, order="C")
    else:
        numbers = validate_data(estimator, X=x, reset=False, dtype=np.float32, order="C")
    return (numbers.reshape(shape) if len(shape) > 2 else numbers), y


def as_labels(estimator: Any, y: Any, x: Samples) -> Array:
    """Classes [n] of any type, as many as there are samples."""
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    labels: Array = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    check_consistent_length(x, labels)
    return labels


def as_weights(x: Samples, y: Array, sample_weight: Any, class_weight: Any) -> Doubles | None:
    """Weights of the samples times those of their classes, [n] float64; None: all are 1."""
    if sample_weight is None and class_weight is None:
        return None
    weights: Doubles = _check_sample_weight(sample_weight, x, dtype=np.float64, only_non_negative=True)
    if class_weight is not None:
        weights = weights * compute_sample_weight(class_weight, y)
    if not weights.any():
        raise ValueError("sample_weight: expected some weight above 0, all are 0")
    return weights


def without_weightless(data: Training) -> Training:
    """A weight of 0 has to be the same as no sample at all, which it is not for the rest of its batch."""
    if data.weights is None or data.weights.all():
        return data
    return _take(data, np.flatnonzero(data.weights))


def in_own_order(data: Training) -> Training:
    """Sorted, so that what is learned does not depend on the order in which the samples come."""
    order = np.lexsort([data.y] if data.weights is None else [data.weights, data.y])  # type: ignore[list-item]
    if isinstance(data.x, list):
        order = np.array(sorted(order, key=data.x.__getitem__))
    else:
        rows = np.ascontiguousarray(data.x).reshape(len(order), -1)
        whole = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize)))[:, 0]
        order = order[np.argsort(whole[order], kind="stable")]
    return _take(data, order)


def _take(data: Training, at: Ints) -> Training:
    x: Samples = [data.x[i] for i in at] if isinstance(data.x, list) else data.x[at]
    return Training(x, data.y[at], None if data.weights is None else data.weights[at])
