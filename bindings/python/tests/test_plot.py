"""test_plot.py - mirnet.plot: what is drawn is what was given"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from plot_cases import HISTORY, make_folds, make_scores  # noqa: E402

import mirnet  # noqa: E402
from mirnet import plot  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures() -> Any:
    yield
    plt.close("all")


def line(ax: Any, label: str) -> Any:
    return next(one for one in ax.get_lines() if one.get_label() == label)


def legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


# Training curves


def test_history_is_drawn() -> None:
    history = mirnet.History(HISTORY)
    history.best_epoch = 2
    axes = plot.training_curves(history)
    for ax, figure in zip(axes, ("loss", "accuracy")):
        np.testing.assert_array_equal(line(ax, "training").get_xdata(), range(1, 5))
        np.testing.assert_array_equal(line(ax, "training").get_ydata(), HISTORY[figure])
        np.testing.assert_array_equal(line(ax, "validation").get_ydata(), HISTORY[f"val_{figure}"])
        assert set(line(ax, "best epoch, 2").get_xdata()) == {2}
        assert ax.get_ylabel() == figure.capitalize()
    assert legend(axes[0]) == ["training", "validation", "best epoch, 2"]
    assert axes[1].get_xlabel() == "Epoch"


def test_history_of_a_fit(dataset: mirnet.Dataset) -> None:
    history = mirnet.Model("linear-ends").fit(dataset, epochs=3, validation_split=0.2, verbose=False)
    axes = plot.training_curves(history)
    np.testing.assert_array_equal(line(axes[1], "validation").get_ydata(), history["val_accuracy"])


@pytest.mark.parametrize(
    "given, expected",
    [(None, ["best epoch, 3"]), (4, ["best epoch, 4"]), (0, [])],
)
def test_best_epoch(given: int | None, expected: list[str]) -> None:
    assert legend(plot.training_curves(HISTORY, best_epoch=given)[0]) == ["training", "validation", *expected]


def test_history_without_validation_or_accuracy() -> None:
    axes = plot.training_curves({"loss": np.array([2.0, 1.0])})
    assert len(axes) == 1 and legend(axes[0]) == ["training"]


def test_one_epoch_is_a_point() -> None:
    ax = plot.training_curves({"loss": [0.5]})[0]
    assert line(ax, "training").get_marker() == "o"
    ax.figure.canvas.draw()
    assert [tick for tick in ax.get_xticks() if 0.5 <= tick <= 1.5] == [1]


# ROC and precision-recall


@pytest.mark.parametrize("decimals", [6, 1])  # 1: many equal probabilities
@pytest.mark.parametrize("as_scores", [False, True])
def test_roc_is_that_of_sklearn(decimals: int, as_scores: bool) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    folds = make_folds(5, decimals=decimals)
    ax = plot.roc(make_scores(folds) if as_scores else folds)
    areas = [metrics.roc_auc_score(y, p) for y, p in folds]
    assert legend(ax) == [
        f"mean, AUC {np.mean(areas):.3f} ± {np.std(areas, ddof=1):.3f}",
        "± 1 SD over 5 folds",
        "single folds",
        "chance",
    ]
    thin = [one for one in ax.get_lines() if one.get_linewidth() == 0.6]
    grid, means = np.linspace(0, 1, 201), []
    for drawn, (y, p) in zip(thin, folds):
        fpr, tpr, _ = metrics.roc_curve(y, p, drop_intermediate=False)
        np.testing.assert_allclose(drawn.get_xydata(), np.column_stack([fpr, tpr]), atol=1e-6)
        means.append(np.interp(grid, fpr, tpr))
        means[-1][0] = 0
    assert len(thin) == 5
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), np.mean(means, axis=0), atol=1e-6)
    band = ax.collections[0].get_paths()[0].vertices
    sd = np.std(means, axis=0, ddof=1)
    for x in (0.1, 0.25, 0.5):
        i = int(round(x * 200))
        expected = [max(np.mean(means, axis=0)[i] - sd[i], 0), min(np.mean(means, axis=0)[i] + sd[i], 1)]
        found = band[np.isclose(band[:, 0], x), 1]
        np.testing.assert_allclose([found.min(), found.max()], expected, atol=1e-6)


@pytest.mark.parametrize("decimals", [6, 1])
@pytest.mark.parametrize("as_scores", [False, True])
def test_precision_recall_is_that_of_sklearn(decimals: int, as_scores: bool) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    folds = make_folds(4, decimals=decimals)
    ax = plot.precision_recall(make_scores(folds) if as_scores else folds)
    areas = [metrics.average_precision_score(y, p) for y, p in folds]
    share = np.mean([y.mean() for y, _ in folds])
    assert legend(ax) == [
        f"mean, AP {np.mean(areas):.3f} ± {np.std(areas, ddof=1):.3f}",
        "± 1 SD over 4 folds",
        "single folds",
        f"chance, {share:.2f}",
    ]
    thin = [one for one in ax.get_lines() if one.get_linewidth() == 0.6]
    for drawn, (y, p), area in zip(thin, folds, areas):
        x, height = drawn.get_data()
        assert drawn.get_drawstyle() == "steps-pre" and x[0] == 0 and x[-1] == 1
        assert np.sum(np.diff(x) * height[1:]) == pytest.approx(area, abs=1e-6)  # as told
        precision, recall, _ = metrics.precision_recall_curve(y, p)
        points = {(round(r, 5), round(q, 5)) for r, q in zip(recall, precision)}
        assert {(round(r, 5), round(q, 5)) for r, q in zip(x[1:], height[1:])} <= points
    mean = ax.get_lines()[0].get_ydata()
    assert np.mean(mean[1:]) == pytest.approx(np.mean(areas), abs=0.02)


def test_mean_precision_is_that_of_the_steps() -> None:
    # recall 1/2 at precision 1, recall 1 at 2/3; and recall 1/2 at 1/2, recall 1 at 1/2
    ax = plot.precision_recall([([1, 0, 1], [0.9, 0.8, 0.7]), ([0, 1, 0, 1], [0.9, 0.8, 0.7, 0.6])])
    mean = dict(zip(np.round(ax.get_lines()[0].get_xdata(), 3), ax.get_lines()[0].get_ydata()))
    assert mean[0.25] == pytest.approx(3 / 4) and mean[0.5] == pytest.approx(3 / 4)
    assert mean[0.505] == pytest.approx(7 / 12) and mean[1.0] == pytest.approx(7 / 12)


@pytest.mark.parametrize("draw, area", [(plot.roc, "AUC"), (plot.precision_recall, "AP")])
def test_one_fold_has_no_band(draw: Callable[..., Any], area: str) -> None:
    (fold,) = make_folds(1)
    for given in (fold, list(fold), [fold], make_scores([fold])[0], (list(fold[0]), list(fold[1]))):
        ax = draw(given)
        assert not ax.collections and legend(ax)[0].startswith(f"{area} 0.") and len(legend(ax)) == 2


def test_probabilities_of_all_classes_have_class_0_as_positive() -> None:
    folds = make_folds(3)
    columns = [(1 - y, np.column_stack([p, 1 - p])) for y, p in folds]
    for draw in (plot.roc, plot.precision_recall):
        assert legend(draw(columns)) == legend(draw(folds))
    curves = [plot.calibration(*given[0])[0].get_lines()[1].get_xydata() for given in (columns, folds)]
    np.testing.assert_array_equal(*curves)


def test_cross_validation(dataset: mirnet.Dataset) -> None:
    result = mirnet.cross_validate("linear-ends", dataset, k=3, epochs=3, verbose=False)
    mean = result.summary("auroc")
    assert legend(plot.roc(result))[0] == f"mean, AUC {mean.mean:.3f} ± {mean.sd:.3f}"
    mean = result.summary("aupr")
    assert legend(plot.precision_recall(result))[0] == f"mean, AP {mean.mean:.3f} ± {mean.sd:.3f}"
    ax = plot.confusion_matrix(result)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == result.classes
    assert sum(int(text.get_text()) for text in ax.texts[::2]) == len(dataset)
    assert sum(bar.get_height() for bar in plot.calibration(result)[1].patches) == len(dataset)
    drawn = plot.comparison({"a": result, "b": result.scores}).get_lines()
    np.testing.assert_array_equal(drawn[0].get_xdata(), result.values("mcc"))
    np.testing.assert_array_equal(drawn[1].get_xdata(), result.values("mcc"))


# Confusion matrix


def test_counts_and_shares() -> None:
    ax = plot.confusion_matrix([[203, 19], [31, 192]], ["mirtron", "canonical"])
    assert [text.get_text() for text in ax.texts] == ["203", "91.4 %", "19", "8.6 %", "31", "13.9 %", "192", "86.1 %"]
    assert [text.get_position()[0] for text in ax.texts[::2]] == [0, 1, 0, 1]
    assert [round(text.get_position()[1]) for text in ax.texts[::2]] == [0, 0, 1, 1]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["mirtron", "canonical"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Predicted class", "True class")


def test_class_that_is_not_there() -> None:
    ax = plot.confusion_matrix(np.array([[3, 1], [0, 0]]))
    assert [text.get_text() for text in ax.texts[4:]] == ["0", "–", "0", "–"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1"]


def test_scores_are_summed() -> None:
    folds = make_scores(make_folds(3))
    ax = plot.confusion_matrix(folds)
    total = sum(scores.confusion for scores in folds)
    assert [int(text.get_text()) for text in ax.texts[::2]] == list(total.flat)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["mirtron", "canonical"]


def test_counts_stand_out_from_their_cells() -> None:
    ax = plot.confusion_matrix([[c % 20 * 5 + c, 100 - c % 20 * 5] + [0] * 18 for c in range(20)])  # every shade
    shades = ax.images[0].get_array()

    def luminance(colour: Any) -> float:
        rgb = np.array(matplotlib.colors.to_rgb(colour))
        return float(np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    for text in ax.texts:
        column, row = text.get_position()
        pair = sorted([luminance(text.get_color()), luminance(shades[int(round(row)), int(column)][:3])])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5  # WCAG 2, level AA


def test_names_are_no_formulas() -> None:
    ax = plot.confusion_matrix([[1, 2], [3, 4]], ["$a$", "b"])
    path = plot.comparison({"cost in $, $": [0.1, 0.2]})
    ax.figure.canvas.draw()
    path.figure.canvas.draw()
    assert not any("$" in (text._preprocess_math(text.get_text())[1] or "") for text in ax.get_xticklabels())


# Calibration


def test_calibration_is_that_of_sklearn_and_scipy() -> None:
    sklearn = pytest.importorskip("sklearn.calibration")
    stats = pytest.importorskip("scipy.stats")
    ((y, p),) = make_folds(1, n=300, decimals=2)  # some lie on the edges of the bins
    curve, histogram = plot.calibration(y, p, n_bins=10)
    observed, predicted = sklearn.calibration_curve(y, p, n_bins=10)
    np.testing.assert_allclose(curve.get_lines()[1].get_xydata(), np.column_stack([predicted, observed]), atol=1e-12)
    counts = np.array([bar.get_height() for bar in histogram.patches])
    assert counts.sum() == 300 and len(counts) == 10
    bars = curve.collections[0].get_segments()
    for bar, share, n in zip(bars, observed, counts[counts > 0]):
        interval = stats.binomtest(round(share * n), int(n)).proportion_ci(method="wilson")
        np.testing.assert_allclose(bar[:, 1], interval, atol=1e-9)
    assert len(bars) == np.sum(counts > 0)


def test_bins_of_calibration() -> None:
    curve, histogram = plot.calibration([0, 0, 1, 1, 1], [0, 0.25, 0.5, 0.75, 1], n_bins=4)
    assert [bar.get_height() for bar in histogram.patches] == [2, 1, 1, 1]
    np.testing.assert_array_equal(curve.get_lines()[1].get_xydata(), [[0.125, 0], [0.5, 1], [0.75, 1], [1, 1]])
    assert legend(curve) == ["perfect", "observed, 95 % interval"]


# Comparison


def test_comparison_has_the_intervals_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = {"first": [0.5, 0.7, 0.6], "second": np.array([0.8, 0.9]), "single": [0.4]}
    ax = plot.comparison(values, "auroc")
    means = ax.get_lines()[3]
    np.testing.assert_allclose(means.get_xdata(), [np.mean(one) for one in values.values()])
    np.testing.assert_array_equal(means.get_ydata(), [0, 1, 2])
    for bar, one in zip(ax.collections[0].get_segments(), values.values()):
        mean, error = np.mean(one), stats.sem(one) if len(one) > 1 else 0
        expected = stats.t.interval(0.95, len(one) - 1, mean, error) if error else (mean, mean)
        np.testing.assert_allclose(bar[:, 0], expected, rtol=1e-9)
    for dots, one in zip(ax.get_lines(), values.values()):
        np.testing.assert_array_equal(dots.get_xdata(), one)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(values)
    assert ax.yaxis_inverted() and ax.get_xlabel().startswith("Area under the ROC curve\n")


def test_comparison_by_another_figure() -> None:
    scores = make_scores(make_folds(3))
    drawn = plot.comparison({"one": scores}, metric="f1").get_lines()[0]
    np.testing.assert_array_equal(drawn.get_xdata(), [one["f1"] for one in scores])
    assert plot.comparison({"one": [1.0, 2.0]}, metric="my own").get_xlabel().startswith("my own\n")
