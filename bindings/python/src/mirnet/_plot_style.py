"""_plot_style.py - how the figures of mirnet.plot look, and how they get into files"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Sequence

import matplotlib
import matplotlib.style
from matplotlib.figure import Figure

from ._errors import InvalidError, UnsupportedError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito (2008): told apart with any kind of colour vision. Line styles and markers tell them apart in grey.
BLUE, SKY, VERMILION, GREY = "#0072B2", "#56B4E9", "#D55E00", "#767676"

WIDTH = 3.5  # inches, a column of a paper; at that size the text has 7 to 9 points
STYLE = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 150,
    "legend.fontsize": 7,
    "lines.linewidth": 1.5,
}
TICKS: dict[str, Any] = {
    "direction": "out", "length": 3, "width": 0.6, "pad": 3, "color": "black", "labelsize": 7, "labelcolor": "black",
}  # fmt: skip
DPI = 300
# What drawing into a file asks rcParams for.
FILE = {
    **matplotlib.rcParamsDefault.find_all(r"^(agg|path|savefig|svg|text)\."),
    "svg.fonttype": "path",  # looks the same whichever fonts the reader has
    "svg.hashsalt": "mirnet",  # else the ids are random
}
METADATA: dict[str, dict[str, None]] = {".png": {"Software": None}, ".svg": {"Creator": None, "Date": None}}


@contextmanager
def canvas(ax: Any, size: tuple[float, float], ratios: Sequence[float] = (1,)) -> Iterator[list[Axes]]:
    """The axes to draw on, one below the other with heights as `ratios`: those given, which keep their own style, or
    those of a new figure of `size` inches in the style of this file, whatever rcParams say."""
    if ax is not None:
        given = list(ax) if hasattr(ax, "__iter__") else [ax]
        if len(given) != len(ratios) or not all(hasattr(one, "add_line") for one in given):
            raise InvalidError(f"ax: expected {len(ratios)} matplotlib Axes, got {_kinds(given)}")
        yield given
        return
    with matplotlib.style.context(["default", STYLE]):
        figure = _new_figure(size)
        axes = list(figure.subplots(len(ratios), sharex=True, squeeze=False, height_ratios=ratios)[:, 0])
        for one in axes:
            one.tick_params(**TICKS)
            one.grid(False)
        yield axes
        for one in axes:  # the later ticks are made when they are drawn, but in the likeness of the first
            one.get_xticklabels()
            one.get_yticklabels()


def _new_figure(size: tuple[float, float]) -> Any:
    """pyplot's, so that notebooks and pyplot.show() show it; a plain one where pyplot cannot."""
    try:
        from matplotlib import pyplot

        return pyplot.figure(figsize=size, layout="constrained")
    except Exception:  # no display, or no such backend: each windowing system has errors of its own
        return Figure(figsize=size, layout="constrained")


def _kinds(given: Sequence[Any]) -> str:
    return ", ".join(type(one).__name__ for one in given) or "none"


def legend_above(ax: Axes, columns: int) -> None:
    """A legend that never lies over data."""
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncol=columns, frameon=False, borderaxespad=0.4, columnspacing=1.5,
        handlelength=2.2,
    )


def save(figure: Any, path: str | os.PathLike[str]) -> list[Path]:
    """Writes a figure: the same bytes whenever it is drawn from the same numbers by the same matplotlib.

    Parameters
    ----------
    figure
        A figure, or what the functions of mirnet.plot return.
    path
        With suffix .svg or .png, that file; without, both: save(ax, "roc") writes roc.svg and roc.png. PNG has 300 dots
        an inch, SVG has its letters as outlines.

    Returns
    -------
    The files written.
    """
    own = _figure_of(figure)
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix[1:] in own.canvas.get_supported_filetypes() and suffix not in METADATA:
        raise UnsupportedError(f"{target}: expected suffix .svg or .png, or none for both")
    targets = [target] if suffix in METADATA else [target.with_name(target.name + end) for end in (".svg", ".png")]
    written = [_render(own, one.suffix.lower()) for one in targets]
    for one, content in zip(targets, written):
        one.write_bytes(content)
    return targets


def _render(figure: Any, suffix: str) -> bytes:
    out = io.BytesIO()
    if figure.get_layout_engine() is not None:
        _restart_layout(figure)
    with matplotlib.rc_context(FILE):
        figure.savefig(out, format=suffix[1:], dpi=DPI, metadata=METADATA[suffix])
    return out.getvalue()


def _restart_layout(figure: Any) -> None:
    """A layout begins where the one before ended, which depends on whether the figure was shown or saved before."""
    for ax in figure.axes:
        place = ax.get_subplotspec()
        if place is not None and ax.get_in_layout():
            ax.set_position(place.get_position(ax.figure))
            ax.set_in_layout(True)  # set_position takes it out


def _figure_of(thing: Any) -> Any:
    """The figure itself, or that of its axes."""
    if isinstance(thing, Figure):
        return thing
    first = next(iter(thing), None) if hasattr(thing, "__iter__") else thing
    try:
        return first.figure.canvas.figure  # a subfigure's canvas is that of the whole figure
    except AttributeError:
        raise InvalidError(f"figure: expected a matplotlib Figure or Axes, got {type(thing).__name__}") from None
