"""_progress.py - how far a training has come: a bar, or a line an epoch, on standard error"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import Any, Iterable

from ._errors import InvalidError
from ._history import Callback, Progress

REDRAW = 0.1  # seconds between two pictures
FIGURES = {"loss": "loss", "val_loss": "val", "accuracy": "acc", "val_accuracy": "val"}  # and short, for 80 columns


class ProgressBar(Callback):
    """Follows a fit.

    Parameters
    ----------
    verbose
        None: a bar if somebody watches, that is on a terminal or in a notebook. False or 0: nothing. True or 1: a bar,
        by tqdm if that is installed; a line an epoch where nobody watches. 2: a line an epoch.
    what
        What is trained, in front of everything that is shown.
    """

    def __init__(self, verbose: bool | int | None = None, what: str = "") -> None:
        self.mode = _mode(verbose)
        self.what = f"{what}, " if what else ""
        self._bar: _Bar | None = None

    def on_train_begin(self, progress: Progress) -> None:
        """Shows the bar."""
        self._validation: dict[str, float] = {}  # of the last epoch, for within an epoch there is none
        self._begin = time.monotonic()
        if self.mode == 1:
            self._bar = _open_bar(progress.epochs, progress.epoch, self._epoch(progress))

    def on_batch_end(self, progress: Progress) -> None:
        """Redraws the bar if it is time to."""
        if self._bar is not None and self._bar.due():
            part = progress.batch / progress.batches if progress.batches else 0
            self._show(progress, progress.epoch - 1 + part)

    def on_epoch_end(self, progress: Progress) -> None:
        """Redraws the bar if it is time to, or writes a line."""
        if self.mode == 0:
            return
        self._validation = _figures(progress, ("val_loss", "val_accuracy"))
        if self._bar is None:
            figures = self._all_figures(progress)
            numbers = "".join(f", {name} {figures[name]:.4f}" for name in FIGURES if name in figures)
            _write(f"{self._epoch(progress)}{numbers}, {_clock(time.monotonic() - self._begin)}\n")
        elif self._bar.due():
            self._show(progress, progress.epoch)

    def on_train_end(self, progress: Progress) -> None:
        """The last epoch that was finished stays on the screen."""
        if self._bar is not None:
            try:
                if progress.epoch:
                    self._show(progress, progress.epoch)
            finally:
                self._bar.close()
                self._bar = None

    def _show(self, progress: Progress, done: float) -> None:
        assert self._bar is not None
        figures = self._all_figures(progress)
        numbers = "".join(f", {short} {figures[name]:.3f}" for name, short in FIGURES.items() if name in figures)
        self._bar.show(done, self._epoch(progress) + numbers)

    def _epoch(self, progress: Progress) -> str:
        return f"{self.what}epoch {progress.epoch}/{progress.epochs}"

    def _all_figures(self, progress: Progress) -> dict[str, float]:
        return {**_figures(progress, ("loss", "accuracy")), **self._validation}


def _mode(verbose: bool | int | None) -> int:
    """0 nothing, 1 a bar, 2 a line an epoch."""
    if verbose is not None and verbose not in (0, 1, 2):
        raise InvalidError(f"verbose: expected None, False, True, 0, 1 or 2, got {verbose!r}")
    watched = _is_watched()
    if verbose is None:
        return int(watched)
    return 2 if verbose == 1 and not watched else int(verbose)


def _is_watched() -> bool:
    """Whether what is redrawn on standard error is seen: on a terminal, or in a notebook."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and "IPKernelApp" in shell.config:
        return True
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def _figures(progress: Progress, names: Iterable[str]) -> dict[str, float]:
    """Those that are there."""
    found = {name: getattr(progress, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


class _Stream:
    """Standard error, or nothing: a display that cannot be written to is no reason to stop a training, and tqdm would
    keep its lock for ever."""

    def __init__(self) -> None:
        self.stream = sys.stderr

    def write(self, text: str) -> None:
        with suppress(AttributeError, OSError, ValueError):  # there is none; the reader has gone; it is closed
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(AttributeError, OSError, ValueError):
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)  # tqdm asks for the encoding and the width of the terminal


def _write(text: str) -> None:
    stream = _Stream()
    stream.write(text)
    stream.flush()


class _Bar:
    """A line on the terminal that is written over: text and the time that is left."""

    def __init__(self, total: float, done: float, text: str) -> None:
        self.total = total
        self.first = done
        self.begin = time.monotonic()
        self.width = 0
        self.show(done, text)

    def due(self) -> bool:
        """Whether the last picture is old enough for another."""
        return time.monotonic() >= self.next

    def show(self, done: float, text: str) -> None:
        """Draws it."""
        self.draw(done, text)
        self.next = time.monotonic() + REDRAW

    def draw(self, done: float, text: str) -> None:
        """Writes over the line before. A line that were too long for the terminal could not be written over."""
        if done > self.first:
            spent = time.monotonic() - self.begin
            left = spent / (done - self.first) * (self.total - done)
            text += f", ETA {_clock(left)}" if done < self.total else f", {_clock(spent)}"
        text = text[: _columns() - 1]
        _write("\r" + text.ljust(self.width))
        self.width = len(text)

    def close(self) -> None:
        """Leaves the line as it is."""
        _write("\n")


class _TqdmBar(_Bar):
    """The same by tqdm, which knows notebooks too."""

    def __init__(self, tqdm: Any, total: float, done: float, text: str) -> None:
        form = "|{bar}| {elapsed}<{remaining}, {desc}"
        self.tqdm = tqdm(total=total, initial=done, desc=text, bar_format=form, file=_Stream(), dynamic_ncols=True)
        super().__init__(total, done, text)

    def draw(self, done: float, text: str) -> None:
        self.tqdm.n = done
        self.tqdm.set_description_str(text)  # redraws

    def close(self) -> None:
        self.tqdm.close()


def _open_bar(total: float, done: float, text: str) -> _Bar:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Bar(total, done, text)
    return _TqdmBar(tqdm, total, done, text)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (AttributeError, OSError, ValueError):  # not a terminal: a notebook
        return 200
