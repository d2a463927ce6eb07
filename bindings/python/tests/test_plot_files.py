"""test_plot_files.py - mirnet.plot: how the figures look, the files they are saved in, and what is refused"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree
from typing import Any, Callable

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from plot_cases import HISTORY, each_plot, make_folds  # noqa: E402

import mirnet  # noqa: E402
from mirnet import plot  # noqa: E402

PLOTS = sorted(each_plot())


@pytest.fixture(autouse=True)
def close_figures() -> Any:
    yield
    plt.close("all")


def as_list(axes: Any) -> list[Any]:
    return list(axes) if isinstance(axes, tuple) else [axes]


@pytest.mark.parametrize("name", PLOTS)
def test_nothing_is_cut_off_and_legends_lie_beside_the_data(name: str) -> None:
    axes = as_list(each_plot()[name]())
    figure = axes[0].figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    for ax in axes:
        box = ax.get_tightbbox(renderer)
        assert box.x0 >= -0.5 and box.y0 >= -0.5
        assert box.x1 <= figure.bbox.x1 + 0.5 and box.y1 <= figure.bbox.y1 + 0.5
        if ax.get_legend():
            assert ax.get_legend().get_window_extent(renderer).y0 >= ax.get_window_extent(renderer).y1 - 0.5
    labels = [tick for tick in axes[-1].get_xticklabels() if tick.get_text() and tick.get_rotation() in (0, 90)]
    boxes = sorted((one.get_window_extent(renderer) for one in labels), key=lambda box: float(box.x0))
    assert all(left.x1 <= right.x0 for left, right in zip(boxes, boxes[1:]))
    for text in axes[0].texts:  # the counts, each in its cell
        inside = text.get_window_extent(renderer).transformed(axes[0].transData.inverted())
        assert abs(inside.x0 - inside.x1) < 1 and round(inside.x0) == round(inside.x1)


@pytest.mark.parametrize("name", PLOTS)
def test_axes_that_are_given_are_used(name: str) -> None:
    draw = each_plot()[name]
    count = 2 if name in ("training_curves", "calibration") else 1
    figure, axes = plt.subplots(count, squeeze=False)
    given = list(axes[:, 0]) if count == 2 else axes[0, 0]
    found = draw(given)
    assert found == tuple(given) if count == 2 else found is given
    assert plt.get_fignums() == [figure.number]
    assert all(ax.has_data() for ax in axes[:, 0])


@pytest.mark.parametrize("name", PLOTS)
def test_rcparams_are_left_alone_and_without_effect(name: str) -> None:
    first = as_list(each_plot()[name]())[0]
    with matplotlib.rc_context({"font.size": 20, "font.family": "serif", "axes.facecolor": "red", "axes.labelsize": 9}):
        before = dict(matplotlib.rcParams)
        second = as_list(each_plot()[name]())[0]
        assert dict(matplotlib.rcParams) == before
        second.figure.canvas.draw()
        assert second.get_facecolor() == first.get_facecolor()
        assert second.xaxis.label.get_size() == first.xaxis.label.get_size()
        assert {tick.get_fontname() for tick in second.get_xticklabels()} <= {"DejaVu Sans"}


# Files


@pytest.mark.parametrize(
    "name, files",
    [("a.svg", ["a.svg"]), ("a.PNG", ["a.PNG"]), ("a", ["a.svg", "a.png"]), ("v1.2", ["v1.2.svg", "v1.2.png"])],
)
def test_suffix_says_what_is_written(tmp_path: Any, name: str, files: list[str]) -> None:
    ax = plot.roc(make_folds(2))
    assert plot.save(ax, tmp_path / name) == [tmp_path / file for file in files]
    assert sorted(os.listdir(tmp_path)) == sorted(files)
    for file in files:
        content = (tmp_path / file).read_bytes()
        if file.lower().endswith("png"):
            assert content.startswith(b"\x89PNG") and b"tEXt" not in content  # no program, no date
            size = np.frombuffer(content[16:24], ">u4")
            np.testing.assert_array_equal(size, np.round(ax.figure.get_size_inches() * 300))
        else:
            assert xml.etree.ElementTree.fromstring(content).tag.endswith("svg")
            assert b"<dc:date>" not in content and b"<text" not in content


def test_figure_axes_and_tuples_are_saved(tmp_path: Any) -> None:
    axes = plot.training_curves(HISTORY)
    given = [axes, list(axes), axes[1], axes[0].figure, np.array(axes)]
    contents = {plot.save(one, str(tmp_path / f"{i}.svg"))[0].read_bytes() for i, one in enumerate(given)}
    assert len(contents) == 1


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import matplotlib
matplotlib.rcParams.update({dict})
from plot_cases import each_plot
from mirnet import plot
for name in each_plot():
    axes = each_plot()[name]()
    if {draw}:
        (axes[0] if isinstance(axes, tuple) else axes).figure.canvas.draw()
        plot.save(axes, sys.argv[2] + "/other.png")
    plot.save(axes, sys.argv[2] + "/" + name)
"""


def run_script(script: str, *arguments: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(mirnet.__file__)), **environment}
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], env=environment, text=True, capture_output=True
    )


def test_same_bytes_in_every_process(tmp_path: Any) -> None:
    other = {"font.size": 20, "axes.grid": True, "savefig.bbox": "tight", "svg.fonttype": "none"}
    for seed, rc, draw in [("1", {}, False), ("2", other, True)]:
        (tmp_path / seed).mkdir()
        script = SCRIPT.format(dict=rc, draw=draw)
        done = run_script(script, os.path.dirname(__file__), tmp_path / seed, PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
    for name in PLOTS:
        for file in (name + ".svg", name + ".png"):
            assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes(), file


def test_without_a_display_or_the_backend() -> None:
    script = "from mirnet import plot; print(type(plot.training_curves({'loss': [2, 1]})[0].figure).__name__)"
    done = run_script(script, MPLBACKEND="module://there_is_no_such_backend", DISPLAY="")
    assert (done.returncode, done.stdout) == (0, "Figure\n"), done.stderr


def test_without_matplotlib() -> None:
    script = "import sys; sys.modules['matplotlib'] = None\nimport mirnet\nmirnet.plot"
    done = run_script(script)
    assert "ImportError: mirnet.plot needs matplotlib 3.6 or later: pip install 'mirnet[plot]'" in done.stderr


# What is refused

Y, P = [0, 1, 1], [0.1, 0.7, 0.4]
RESULTS = "results: expected a CrossValidation, Scores, (y_true, probabilities), or a list of these"
LOSS = 'history: expected a mapping with "loss", as fit returns it, got '
NAMES = "results: expected a mapping of names to results, at least one, got "
EMPTY = "expected one dimension of at least one number, got shape "
ACCURACY = 'history["accuracy"]: expected 3 epochs as in "loss", got 2'
COUNTS = "scores: expected counts, whole numbers from 0 on"
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: plot.training_curves({"accuracy": [1]}), LOSS + "dict"),
    (lambda: plot.training_curves([HISTORY]), LOSS + "list"),
    (lambda: plot.training_curves({"loss": []}), 'history["loss"]: ' + EMPTY + "(0,)"),
    (lambda: plot.training_curves({"loss": [1, np.nan]}), 'history["loss"][1] is not finite'),
    (lambda: plot.training_curves({"loss": [1], "val_loss": []}), 'history["val_loss"]: ' + EMPTY + "(0,)"),
    (lambda: plot.training_curves({"loss": P, "accuracy": Y[:2]}), ACCURACY),
    (lambda: plot.training_curves(HISTORY, plt.figure()), "ax: expected 2 matplotlib Axes, got Figure"),
    (lambda: plot.roc((Y, P), 3), "ax: expected 1 matplotlib Axes, got int"),
    (lambda: plot.roc([]), RESULTS),
    (lambda: plot.roc(3), RESULTS),
    (lambda: plot.roc("ab"), RESULTS),
    (lambda: plot.roc([(Y, P), (Y, [0.1])]), "fold 2: y_true: expected 1 numbers as in probabilities, got 3"),
    (lambda: plot.roc([(Y, P), ([1, 1], [0, 1])]), "fold 2: expected records of both classes"),
    (lambda: plot.roc(mirnet.Scores(2)), "fold 1: expected records of both classes"),
    (lambda: plot.roc(([1, 2], [0, 1])), "fold 1: y_true: expected 1 for the positive class and 0 for the other"),
    (lambda: plot.precision_recall((["a", "b"], [0, 1])), "fold 1: y_true: expected numbers, got list"),
    (lambda: plot.confusion_matrix([[1, 2]]), "scores: expected one row and one column a class, got shape (1, 2)"),
    (lambda: plot.confusion_matrix([[1, 0.5], [0, 1]]), COUNTS),
    (lambda: plot.confusion_matrix([[1, -1], [0, 1]]), COUNTS),
    (lambda: plot.confusion_matrix([["a"]]), COUNTS),
    (lambda: plot.confusion_matrix([[1, 2], [3, 4]], ["a"]), "classes: expected 2 names as of the counts, got 1"),
    (lambda: plot.calibration(Y, P, 1), "n_bins: expected a whole number from 2 on, got 1"),
    (lambda: plot.calibration(Y, [0.1, 2, 0]), "probabilities: expected 0 to 1, got 0 to 2"),
    (lambda: plot.calibration(Y, None), "probabilities: " + EMPTY + "()"),
    (lambda: plot.comparison([0.5]), NAMES + "list"),
    (lambda: plot.comparison({}), NAMES + "dict"),
    (lambda: plot.comparison({"a": []}), "results['a']: " + EMPTY + "(0,)"),
    (lambda: plot.save(3, "a"), "figure: expected a matplotlib Figure or Axes, got int"),
    (lambda: plot.save((), "a"), "figure: expected a matplotlib Figure or Axes, got tuple"),
    (lambda: plot.save(plt.figure(), "a.pdf"), "a.pdf: expected suffix .svg or .png, or none for both"),
]  # fmt: skip


@pytest.mark.parametrize("call, message", REFUSED)
def test_refused_in_one_line(call: Callable[[], Any], message: str) -> None:
    open_figures = plt.get_fignums()
    with pytest.raises(mirnet.MirnetError) as caught:
        call()
    assert str(caught.value) == message
    assert len(plt.get_fignums()) <= len(open_figures) + ("Figure" in message or "a.pdf" in message)  # none left behind
