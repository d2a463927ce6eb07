"""_plot_data.py - what mirnet.plot draws, as plain numbers: from objects of this package, or from lists and arrays"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

import numpy as np

from ._errors import InvalidError, ShapeError
from ._scores import Summary, summarize

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]

GRID = np.linspace(0, 1, 201)  # where curves are averaged
Z95 = 1.959963984540054  # quantile 0.975 of the normal distribution


class Curve(NamedTuple):
    """One fold's ROC curve (x = false, y = true positive rate) or precision-recall curve (x = recall, y = precision;
    y[i] holds from x[i - 1] to x[i], which makes the area under it the average precision). x rises from 0 to 1."""

    x: Doubles
    y: Doubles
    area: float
    positives: float  # their share of the records

    def on_grid(self, steps: bool) -> Doubles:
        """y at GRID."""
        if steps:
            return self.y[np.searchsorted(self.x, GRID)]
        values: Doubles = np.interp(GRID, self.x, self.y)
        values[0] = 0  # several points may have x = 0
        return values


def numbers(values: Any, what: str) -> Doubles:
    """`values` as float64 [n], finite, n > 0."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidError(f"{what}: expected numbers, got {type(values).__name__}") from None
    if array.ndim != 1 or not array.size:
        raise ShapeError(f"{what}: expected one dimension of at least one number, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise InvalidError(f"{what}[{int(np.argmin(np.isfinite(array)))}] is not finite")
    return array


def history_values(history: Mapping[str, Any], figures: Sequence[str]) -> dict[str, Doubles]:
    """Those of `figures`, and of them with "val_" before, that the history has; all have one number an epoch."""
    if not isinstance(history, Mapping) or "loss" not in history:
        raise InvalidError(f'history: expected a mapping with "loss", as fit returns it, got {type(history).__name__}')
    keys = [key for figure in figures for key in (figure, f"val_{figure}") if key in history]
    found = {key: numbers(history[key], f'history["{key}"]') for key in keys}
    for key, values in found.items():
        if len(values) != len(found["loss"]):
            raise ShapeError(f'history["{key}"]: expected {len(found["loss"])} epochs as in "loss", got {len(values)}')
    return found


def best_epoch(history: Mapping[str, Any], found: Mapping[str, Doubles]) -> int:
    """The history's own, else that of the lowest validation loss, counted from 1; 0: there is neither."""
    own = int(getattr(history, "best_epoch", 0))
    if own or "val_loss" not in found:
        return own
    return int(np.argmin(found["val_loss"])) + 1


def binary(y_true: Any, probabilities: Any, what: str) -> tuple[npt.NDArray[np.bool_], Doubles]:
    """Whether each record is positive, and its score. Of probabilities [n, classes], class 0 is the positive one, and
    `y_true` has class numbers; of scores [n], `y_true` has 1 or True for the positive class."""
    y = numbers(y_true, f"{what}y_true")
    if np.ndim(probabilities) == 2:
        positive = y == 0
        score = numbers(np.asarray(probabilities)[:, 0], f"{what}probabilities")
    else:
        score = numbers(probabilities, f"{what}probabilities")
        positive = y == 1
        if not (positive | (y == 0)).all():
            raise InvalidError(f"{what}y_true: expected 1 for the positive class and 0 for the other")
    if len(y) != len(score):
        raise ShapeError(f"{what}y_true: expected {len(score)} numbers as in probabilities, got {len(y)}")
    return positive, score


def roc_curves(results: Any) -> list[Curve]:
    """A curve a fold; see `runs` for `results`."""
    return [_roc(run, f"fold {i}: ") for i, run in enumerate(runs(results), 1)]


def precision_recall_curves(results: Any) -> list[Curve]:
    """A curve a fold; see `runs` for `results`."""
    return [_precision_recall(run, f"fold {i}: ") for i, run in enumerate(runs(results), 1)]


def runs(results: Any) -> list[Any]:
    """The folds of a CrossValidation, or what is a list of folds already; a single fold becomes a list."""
    if hasattr(results, "scores"):
        return list(results.scores)
    if hasattr(results, "confusion") or _is_pair(results):
        return [results]
    try:
        found = list(results)
    except TypeError:
        found = []
    if not found or not all(hasattr(run, "confusion") or _is_pair(run) for run in found):
        raise InvalidError("results: expected a CrossValidation, Scores, (y_true, probabilities), or a list of these")
    return found


def _is_pair(run: Any) -> bool:
    """Whether it is y_true and probabilities, the first having one number a record."""
    if isinstance(run, str) or not hasattr(run, "__len__") or len(run) != 2:
        return False
    first = next(iter(run))
    return hasattr(first, "__len__") and np.ndim(next(iter(first), 0)) == 0 and not hasattr(first, "confusion")


def _counts(run: Any, what: str) -> tuple[Doubles, Doubles]:
    """True and false positives at each threshold, from the highest score on; equal scores are one threshold."""
    positive, score = binary(run[0], run[1], what)
    if positive.all() or not positive.any():
        raise InvalidError(f"{what}expected records of both classes")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    tp = np.cumsum(positive[order])[last].astype(np.float64)
    return tp, last + 1 - tp


def _share(scores: Any, what: str) -> float:
    """Positives among the records."""
    confusion = np.asarray(scores.confusion)
    positives, n = confusion[0].sum(), confusion.sum()
    if not 0 < positives < n:
        raise InvalidError(f"{what}expected records of both classes")
    return float(positives / n)


def _roc(run: Any, what: str) -> Curve:
    if hasattr(run, "roc"):
        share = _share(run, what)
        x, y = run.roc()
        return Curve(np.asarray(x), np.asarray(y), float(run["auroc"]), share)
    tp, fp = _counts(run, what)
    x, y = np.append(0, fp / fp[-1]), np.append(0, tp / tp[-1])
    return Curve(x, y, float(np.trapz(y, x)), float(tp[-1] / (tp[-1] + fp[-1])))


def _precision_recall(run: Any, what: str) -> Curve:
    if hasattr(run, "precision_recall"):
        share = _share(run, what)
        recall, precision = (np.asarray(part)[::-1] for part in run.precision_recall())
        return Curve(*_steps(recall, precision), float(run["aupr"]), share)
    tp, fp = _counts(run, what)
    x, y = _steps(tp / tp[-1], tp / (tp + fp))
    return Curve(x, y, float(np.sum(np.diff(x) * y[1:])), float(tp[-1] / (tp[-1] + fp[-1])))


def _steps(recall: Doubles, precision: Doubles) -> tuple[Doubles, Doubles]:
    """Each recall once, with the precision of the highest threshold that reaches it, and the first of these at 0."""
    x, first = np.unique(recall, return_index=True)
    x, y = x[x > 0], precision[first][x > 0]
    return np.append(0, x), np.append(y[0], y)


def confusion_counts(scores: Any) -> npt.NDArray[np.int64]:
    """int64 [c, c]: of Scores, of a CrossValidation or a list of Scores (summed), or the counts themselves."""
    if hasattr(scores, "scores"):
        scores = scores.scores
    if hasattr(scores, "confusion"):
        scores = [scores]
    if isinstance(scores, (list, tuple)) and scores and all(hasattr(one, "confusion") for one in scores):
        scores = sum(np.asarray(one.confusion) for one in scores)
    counts = np.asarray(scores)
    if counts.dtype.kind not in "iuf" or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise InvalidError("scores: expected counts, whole numbers from 0 on")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2:
        raise ShapeError(f"scores: expected one row and one column a class, got shape {counts.shape}")
    return counts.astype(np.int64)


def class_names(scores: Any, classes: Sequence[str] | None, n: int) -> list[str]:
    """Those given, else those of the scores, else numbers."""
    if classes is None:
        first = scores[0] if isinstance(scores, list) and scores else scores
        classes = getattr(first, "classes", None)
    names = [str(name) for name in (range(n) if classes is None else classes)]
    if len(names) != n:
        raise ShapeError(f"classes: expected {n} names as of the counts, got {len(names)}")
    return names


class Reliability(NamedTuple):
    """Of each bin that is not empty: mean probability, observed share of positives and its 95 % interval by Wilson
    (1927); of all bins: edges [n_bins + 1] and counts [n_bins]."""

    probability: Doubles
    observed: Doubles
    low: Doubles
    high: Doubles
    edges: Doubles
    counts: npt.NDArray[np.int64]


def reliability(positive: npt.NDArray[np.bool_], probability: Doubles, n_bins: int) -> Reliability:
    """Bins of equal width, each with its right edge, the first with 0 too."""
    if not isinstance(n_bins, int) or n_bins < 2:
        raise InvalidError(f"n_bins: expected a whole number from 2 on, got {n_bins!r}")
    if probability.min() < 0 or probability.max() > 1:
        raise InvalidError(f"probabilities: expected 0 to 1, got {probability.min():g} to {probability.max():g}")
    edges = np.linspace(0, 1, n_bins + 1)
    number = np.searchsorted(edges[1:-1], probability)
    counts = np.bincount(number, minlength=n_bins)
    some = counts > 0
    n = counts[some]
    share = np.bincount(number, positive, n_bins)[some] / n
    mean = np.bincount(number, probability, n_bins)[some] / n
    return Reliability(mean, share, *wilson(share, n), edges, counts)


def wilson(share: Doubles, n: npt.NDArray[np.int64]) -> tuple[Doubles, Doubles]:
    """95 % interval of a share that was observed in n records."""
    # (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)
    centre = share + Z95**2 / (2 * n)
    half = Z95 * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    low, high = (centre - half) / (1 + Z95**2 / n), (centre + half) / (1 + Z95**2 / n)
    return np.minimum(low, share), np.maximum(high, share)  # at 0 and 1 rounding may miss the bound


def fold_values(results: Mapping[str, Any], metric: str) -> dict[str, Doubles]:
    """The figure's value in each fold, by the recipe's name."""
    if not isinstance(results, Mapping) or not results:
        kind = type(results).__name__
        raise InvalidError(f"results: expected a mapping of names to results, at least one, got {kind}")
    return {str(name): numbers(_values(one, metric), f"results[{name!r}]") for name, one in results.items()}


def _values(results: Any, metric: str) -> Any:
    if hasattr(results, "scores"):
        results = results.scores
    if hasattr(results, "confusion"):
        results = [results]
    if isinstance(results, (list, tuple)) and results and all(hasattr(one, "confusion") for one in results):
        return [one[metric] for one in results]
    return results


def summaries(values: Mapping[str, Doubles]) -> list[Summary]:
    """Means and intervals, in the order of the mapping."""
    return [summarize(of_folds) for of_folds in values.values()]
