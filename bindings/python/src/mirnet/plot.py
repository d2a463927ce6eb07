"""plot.py - figures of training and of results, with matplotlib

    >>> from mirnet import plot
    >>> result = mirnet.cross_validate("linear-ends", mirnet.Dataset.simulate(200))
    >>> plot.save(plot.roc(result), "roc")                      # roc.svg and roc.png
    >>> plot.training_curves(result.histories[0])

Every function takes objects of mirnet or plain numbers, and returns what it drew on: matplotlib Axes, or a tuple of two
for a figure of two parts. Without `ax` it makes a figure of a paper's column width, in a style of its own that does not
depend on rcParams; axes that are given keep theirs. Legends stand above the axes, never over data: give a title with
ax.figure.suptitle(). Notebooks show the figures, so does pyplot.show(); many of them are better closed with
pyplot.close(). Colours are those of Okabe and Ito, which every kind of colour vision tells apart; line styles and
markers tell the same.
"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np

try:
    from matplotlib import colormaps, rcParams
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    raise ImportError("mirnet.plot needs matplotlib 3.6 or later: pip install 'mirnet[plot]'") from error

from . import _plot_data as data
from ._plot_style import BLUE, GREY, SKY, STYLE, VERMILION, WIDTH, canvas, legend_above, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration", "comparison", "confusion_matrix", "precision_recall", "roc", "save", "training_curves"]

REFERENCE: dict[str, Any] = {"color": GREY, "linestyle": (0, (2, 2)), "linewidth": 1, "zorder": 1.5}
FIGURES = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision",
    "f1": "F1",
    "mcc": "Matthews correlation coefficient",
    "auroc": "Area under the ROC curve",
    "aupr": "Average precision",
    "log_loss": "Log loss",
}


def training_curves(history: Mapping[str, Any], ax: Any = None, *, best_epoch: int | None = None) -> tuple[Axes, ...]:
    """Loss and accuracy of each epoch, in training and validation.

    Parameters
    ----------
    history
        What fit returned, or any mapping with "loss" and, if there are, "val_loss", "accuracy", "val_accuracy".
    ax
        Two axes, for loss and accuracy; one if the history has no accuracy.
    best_epoch
        Where the vertical line stands, counted from 1; 0 for none. Default: the history's best epoch, else that of the
        lowest validation loss.
    """
    found = data.history_values(history, ["loss", "accuracy"])
    best = data.best_epoch(history, found) if best_epoch is None else best_epoch
    figures = [figure for figure in ("loss", "accuracy") if figure in found]
    with canvas(ax, (WIDTH, 0.9 + 1.4 * len(figures)), [1] * len(figures)) as axes:
        for one, figure in zip(axes, figures):
            _training_curve(one, figure, found, best)
        legend_above(axes[0], 3)
        axes[-1].set_xlabel("Epoch")
        axes[-1].xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
        return tuple(axes)


def _training_curve(ax: Axes, figure: str, found: Mapping[str, Any], best: int) -> None:
    epochs = np.arange(1, len(found[figure]) + 1)
    point: dict[str, Any] = {"marker": "o", "markersize": 4} if len(epochs) == 1 else {}  # has no line
    ax.plot(epochs, found[figure], color=BLUE, label="training", **point)
    if f"val_{figure}" in found:
        ax.plot(epochs, found[f"val_{figure}"], color=VERMILION, linestyle=(0, (4, 1.2)), label="validation", **point)
    if best:
        ax.axvline(best, color=GREY, linestyle=":", linewidth=1.2, label=f"best epoch, {best}")
    ax.set(ylabel=figure.capitalize(), xlim=(0.5, len(epochs) + 0.5))


def roc(results: Any, ax: Any = None) -> Axes:
    """ROC curve: of each fold, their mean and its band of one standard deviation.

    Parameters
    ----------
    results
        A CrossValidation; Scores; a pair (y_true, probabilities); or a list of these, one a fold. Probabilities are [n]
        of the positive class, with y_true 1 or 0, or [n, classes], with class numbers of which 0 is the positive class.
    """
    curves = data.roc_curves(results)
    with canvas(ax, (WIDTH, 3.65)) as (one,):
        _fold_curves(one, curves, "AUC", steps=False)
        one.plot([0, 1], [0, 1], label="chance", **REFERENCE)
        _square(one, "False positive rate", "True positive rate")
        return one


def precision_recall(results: Any, ax: Any = None) -> Axes:
    """Precision-recall curve: of each fold, their mean and its band of one standard deviation.

    Curves are steps, as in the average precision (AP), which is the area under them. `results` as in roc.
    """
    curves = data.precision_recall_curves(results)
    share = float(np.mean([curve.positives for curve in curves]))
    with canvas(ax, (WIDTH, 3.65)) as (one,):
        _fold_curves(one, curves, "AP", steps=True)
        one.plot([0, 1], [share, share], label=f"chance, {share:.2f}", **REFERENCE)
        _square(one, "Recall", "Precision")
        return one


def _fold_curves(ax: Axes, curves: Sequence[data.Curve], area: str, steps: bool) -> None:
    """One curve as it is; several thin, with their mean, and the band around it as far as the axes go."""
    areas = np.array([curve.area for curve in curves])
    style: dict[str, Any] = {"drawstyle": "steps-pre"} if steps else {}
    if len(curves) == 1:
        ax.plot(curves[0].x, curves[0].y, color=BLUE, label=f"{area} {areas[0]:.3f}", **style)
        return
    values = np.array([curve.on_grid(steps) for curve in curves])
    mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
    label = f"mean, {area} {areas.mean():.3f} ± {areas.std(ddof=1):.3f}"
    ax.plot(data.GRID, mean, color=BLUE, linewidth=2, zorder=3, label=label, **style)
    low, high = np.maximum(mean - sd, 0), np.minimum(mean + sd, 1)
    ax.fill_between(
        data.GRID, low, high, step="pre" if steps else None, color=SKY, alpha=0.35, linewidth=0, zorder=1,
        label=f"± 1 SD over {len(curves)} folds",
    )
    for i, curve in enumerate(curves):
        label = "single folds" if i == 0 else "_"  # not in the legend
        ax.plot(curve.x, curve.y, color=BLUE, alpha=0.55, linewidth=0.6, label=label, **style)


def _square(ax: Axes, x: str, y: str) -> None:
    ax.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), box_aspect=1)
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 6))
    legend_above(ax, 2)


def confusion_matrix(scores: Any, classes: Sequence[str] | None = None, ax: Any = None) -> Axes:
    """Counts, and what share of the true class (the row) they are, which is the shade too.

    Parameters
    ----------
    scores
        Scores; a CrossValidation or a list of Scores, which are summed; or whole numbers [c, c], row = true class.
    classes
        Names of the classes; default those of the scores, else numbers.
    """
    counts = data.confusion_counts(scores)
    n = len(counts)
    names = [_label(name, 18) for name in data.class_names(scores, classes, n)]
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    widest = max(len(line) for name in names for line in name.split("\n"))
    side = max(WIDTH, 0.6 + 0.055 * widest + 0.5 * n)  # half an inch a cell beside the names
    size = rcParams["font.size"] if ax is not None else STYLE["font.size"]
    size *= min(1, 5.4 / len(str(counts.max())))  # more digits would not fit into that
    with canvas(ax, (side, side)) as (one,):
        shades = colormaps["Blues"](shares)
        one.imshow(shades)
        for row, column in np.ndindex(n, n):
            share = f"{100 * shares[row, column]:.{1 if n < 5 else 0}f} %" if totals[row] else "–"
            style = {"ha": "center", "color": _readable_on(shades[row, column])}
            one.text(column, row - 0.04, str(counts[row, column]), va="bottom", size=size * 1.2, **style)
            one.text(column, row + 0.06, share, va="top", size=size * 0.9, **style)
        slant: dict[str, Any] = {}
        if widest > max(8, 38 / n):
            slant = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
            if any("\n" in name for name in names):
                slant = {"rotation": 90}
        one.set_xticks(range(n), names, **slant)
        one.set_yticks(range(n), names)
        one.tick_params(length=0)
        one.set(xlabel="Predicted class", ylabel="True class")
        return one


def _label(name: str, width: int) -> str:
    """A name in lines of `width` letters; matplotlib would take what stands between two dollars for a formula."""
    return textwrap.fill(name.replace("_", "_ "), width).replace("_ ", "_").replace("$", r"\$")


def _readable_on(rgba: Sequence[float]) -> str:
    """White or black, whichever has more contrast by WCAG 2: white where the relative luminance is below 0.179."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba[:3]]
    return "white" if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.179 else "black"


def calibration(y_true: Any, probabilities: Any = None, n_bins: int = 10, ax: Any = None) -> tuple[Axes, ...]:
    """How often records of a predicted probability are positive; below, how many there are.

    Parameters
    ----------
    y_true, probabilities
        As a pair of roc; or a CrossValidation alone, of which the out-of-fold predictions are taken.
    n_bins
        Bins of equal width. Bars are 95 % intervals by Wilson (1927).
    ax
        Two axes, for the curve and the counts.
    """
    if probabilities is None and hasattr(y_true, "probabilities"):
        y_true, probabilities = y_true.labels, y_true.probabilities
    bins = data.reliability(*data.binary(y_true, probabilities, ""), n_bins)
    with canvas(ax, (WIDTH, 4.5), (3, 1)) as (curve, histogram):
        curve.plot([0, 1], [0, 1], label="perfect", **REFERENCE)
        curve.errorbar(
            bins.probability, bins.observed, [bins.observed - bins.low, bins.high - bins.observed],
            color=BLUE, marker="o", markersize=3.5, elinewidth=1, capsize=2, label="observed, 95 % interval",
        )
        curve.set(ylabel="Share of positives", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        curve.set_yticks(np.linspace(0, 1, 6))
        curve.tick_params(labelbottom=False)
        legend_above(curve, 2)
        bars: dict[str, Any] = {"align": "edge", "color": SKY, "edgecolor": BLUE, "linewidth": 0.6}
        histogram.bar(bins.edges[:-1], bins.counts, np.diff(bins.edges), **bars)
        histogram.set(xlabel="Predicted probability", ylabel="Records", xlim=(-0.02, 1.02))
        histogram.set_xticks(np.linspace(0, 1, 6))
        histogram.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        return curve, histogram


def comparison(results: Mapping[str, Any], metric: str = "mcc", ax: Any = None) -> Axes:
    """Recipes side by side: mean over the folds, its 95 % interval by Student's t, and the single folds.

    Parameters
    ----------
    results
        By name: a CrossValidation, a list of Scores, or the figure's values, one a fold. The first name is on top.
    metric
        Which figure of the scores; any text where the values are given.
    """
    values = data.fold_values(results, metric)
    summaries = data.summaries(values)
    names = [_label(name, 20) for name in values]
    lines = sum(max(1.8, 1 + name.count("\n")) for name in names)
    with canvas(ax, (WIDTH, 0.75 + 0.17 * lines)) as (one,):
        rows = np.arange(len(names))
        mean, low, high = (np.array([getattr(s, part) for s in summaries]) for part in ("mean", "t_low", "t_high"))
        dots: dict[str, Any] = {"marker": "o", "linestyle": "", "alpha": 0.4, "markersize": 3, "markeredgewidth": 0}
        for row, of_folds in zip(rows, values.values()):
            one.plot(of_folds, np.full(len(of_folds), row + 0.3), color=BLUE, **dots)
        means: dict[str, Any] = {"marker": "D", "markersize": 4, "linestyle": "", "elinewidth": 1.2, "capsize": 2.5}
        one.errorbar(mean, rows, xerr=[mean - low, high - mean], color=rcParams["axes.edgecolor"], **means)
        one.xaxis.set_major_locator(MaxNLocator(6))
        one.set_yticks(rows, names)
        one.set_ylim(len(names) - 0.4, -0.6)
        one.tick_params(axis="y", length=0)
        one.grid(axis="x", color=GREY, alpha=0.25, linewidth=0.5)
        one.set_axisbelow(True)
        one.set_xlabel(f"{FIGURES.get(metric, metric)}\nmean, 95 % interval; dots: folds")
        return one
