"""test_progress.py - the display of a running fit: on a terminal, in a pipe, with tqdm and without"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import mirnet
from mirnet import _progress
from mirnet._progress import ProgressBar

fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))


class Terminal(io.StringIO):
    """Standard error, as if somebody watched."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(_progress, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return set_stderr(monkeypatch, Terminal())


def set_stderr(monkeypatch: pytest.MonkeyPatch, stream: Any) -> Any:
    # Not sys.stderr, which pytest itself exchanges between the fixtures and the test.
    monkeypatch.setattr(_progress, "sys", SimpleNamespace(stderr=stream, modules=sys.modules))
    return stream


@pytest.fixture
def no_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, name, None)


def at(epoch: int, batch: int = 0, **figures: float) -> Any:
    """What a fit of 10 epochs of 20 batches tells its callbacks."""
    nothing = dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy"))
    return SimpleNamespace(**{**nothing, "epoch": epoch, "epochs": 10, "batch": batch, "batches": 20, **figures})


END = {"loss": 0.5, "accuracy": 0.75, "val_loss": 0.625, "val_accuracy": 0.7}


# Which display


@pytest.mark.parametrize(
    "verbose, watched, unwatched", [(None, 1, 0), (False, 0, 0), (0, 0, 0), (True, 1, 2), (1, 1, 2), (2, 2, 2)]
)
def test_mode(monkeypatch: pytest.MonkeyPatch, verbose: Any, watched: int, unwatched: int) -> None:
    set_stderr(monkeypatch, Terminal())
    assert ProgressBar(verbose).mode == watched
    for stream in (io.StringIO(), None):
        set_stderr(monkeypatch, stream)
        assert ProgressBar(verbose).mode == unwatched


@pytest.mark.parametrize("config, mode", [({"IPKernelApp": {}}, 1), ({"TerminalIPythonApp": {}}, 0)])
def test_notebook_is_watched(monkeypatch: pytest.MonkeyPatch, config: Any, mode: int) -> None:
    ipython: Any = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(config=config)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    set_stderr(monkeypatch, io.StringIO())
    assert ProgressBar().mode == mode


@pytest.mark.parametrize("verbose", [3, -1, "yes", 0.5])
def test_verbose_is_checked(verbose: Any) -> None:
    with pytest.raises(mirnet.InvalidError) as caught:
        ProgressBar(verbose)
    assert str(caught.value) == f"verbose: expected None, False, True, 0, 1 or 2, got {verbose!r}"


# Without tqdm


def test_line_on_a_terminal(terminal: Terminal, clock: Clock, no_tqdm: None) -> None:
    bar = ProgressBar(1)
    bar.on_train_begin(at(0))
    clock.now += 30
    bar.on_batch_end(at(1, 10, loss=0.6, accuracy=0.5))  # half an epoch in 30 s: 9.5 are left
    clock.now += 30
    bar.on_epoch_end(at(1, **END))
    clock.now += 3540
    bar.on_epoch_end(at(10, **END))
    bar.on_train_end(at(10, **END))
    numbers = "loss 0.500, val 0.625, acc 0.750, val 0.700"
    assert [part.rstrip(" ") for part in terminal.getvalue().split("\r")] == [
        "",
        "epoch 0/10",
        "epoch 1/10, loss 0.600, acc 0.500, ETA 9:30",
        f"epoch 1/10, {numbers}, ETA 9:00",
        f"epoch 10/10, {numbers}, 1:00:00",
        f"epoch 10/10, {numbers}, 1:00:00\n",
    ]


def test_shorter_line_leaves_nothing_of_the_longer(terminal: Terminal, clock: Clock, no_tqdm: None) -> None:
    bar = _progress._open_bar(10, 0, "a long text")
    bar.show(0, "short")
    assert terminal.getvalue() == "\ra long text\rshort      "


def test_resumed_run_counts_from_where_it_began(terminal: Terminal, clock: Clock, no_tqdm: None) -> None:
    bar = ProgressBar(1, what="fold 2 of 5")
    bar.on_train_begin(at(8))
    clock.now += 60
    bar.on_epoch_end(at(9, **END))
    assert terminal.getvalue().startswith("\rfold 2 of 5, epoch 8/10\rfold 2 of 5, epoch 9/10, loss 0.500,")
    assert terminal.getvalue().endswith("ETA 1:00")


def test_validation_of_the_last_epoch_stays(terminal: Terminal, clock: Clock, no_tqdm: None) -> None:
    bar = ProgressBar(1)
    bar.on_train_begin(at(0))
    bar.on_epoch_end(at(1, **END))
    clock.now += 1
    bar.on_batch_end(at(2, 1, loss=0.4, accuracy=0.8))
    assert "epoch 2/10, loss 0.400, val 0.625, acc 0.800, val 0.700, ETA" in terminal.getvalue()


@pytest.mark.parametrize("hidden", [False, True])
def test_ten_pictures_a_second_at_most(
    terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch, hidden: bool
) -> None:
    if hidden:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    else:
        pytest.importorskip("tqdm.auto")
    bar = ProgressBar(1)
    bar.on_train_begin(at(0))
    before = terminal.getvalue().count("\r")
    for epoch in range(1, 11):  # 2 s
        for batch in range(1, 21):
            clock.now += 0.01
            bar.on_batch_end(at(epoch, batch, loss=0.5, accuracy=0.5))
        bar.on_epoch_end(at(epoch, **END))
    pictures = terminal.getvalue().count("\r") - before
    assert 15 <= pictures <= 20
    bar.on_train_end(at(10, **END))
    assert terminal.getvalue().endswith("\n") and terminal.getvalue().count("\n") == 1


# A line an epoch


def test_line_an_epoch(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    stream = set_stderr(monkeypatch, io.StringIO())
    bar = ProgressBar(2, what="fold 1 of 5")
    bar.on_train_begin(at(0))
    bar.on_batch_end(at(1, 1, loss=0.7))
    clock.now += 61
    bar.on_epoch_end(at(1, **END))
    bar.on_epoch_end(at(2, loss=0.25, accuracy=1.0))
    bar.on_train_end(at(2))
    assert stream.getvalue() == (
        "fold 1 of 5, epoch 1/10, loss 0.5000, val_loss 0.6250, accuracy 0.7500, val_accuracy 0.7000, 1:01\n"
        "fold 1 of 5, epoch 2/10, loss 0.2500, accuracy 1.0000, 1:01\n"
    )


class Broken(Terminal):
    def __init__(self) -> None:
        super().__init__()
        self.broken = False

    def write(self, text: str) -> int:
        if self.broken:
            raise BrokenPipeError
        return super().write(text)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("verbose", [1, 2])
def test_reader_that_goes_away_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, verbose: int, hidden: bool
) -> None:
    if hidden:
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    broken = set_stderr(monkeypatch, Broken())
    bar = ProgressBar(verbose)
    bar.on_train_begin(at(0))
    broken.broken = True
    clock.now += 1
    bar.on_batch_end(at(1, 1, loss=0.5))
    clock.now += 1
    bar.on_epoch_end(at(1, **END))
    bar.on_train_end(at(1, **END))


def test_lock_of_tqdm_is_free_afterwards(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    tqdm = pytest.importorskip("tqdm.auto").tqdm
    test_reader_that_goes_away_stops_nothing(monkeypatch, clock, verbose=1, hidden=False)

    def use_lock() -> None:
        with tqdm.get_lock():
            pass

    other = threading.Thread(target=use_lock, daemon=True)
    other.start()
    other.join(10)
    assert not other.is_alive()


# A fit, in a process of its own

FIT = """
import os, signal, sys, time
if {hidden}:
    sys.modules["tqdm"] = sys.modules["tqdm.auto"] = None
import mirnet
class Slow(mirnet.Callback):
    def on_batch_end(self, progress):
        time.sleep(0.02)
    def on_epoch_end(self, progress):
        if progress.epoch == {at}:
            {what}
try:
    mirnet.Model("linear-ends").fit(
        mirnet.Dataset.simulate(60), epochs=6, validation_split=0.2, callbacks=[Slow()], verbose={verbose})
except (KeyboardInterrupt, ZeroDivisionError) as error:
    print(type(error).__name__, file=sys.stderr)
"""


def fit(on_terminal: bool, hidden: bool = False, verbose: Any = None, at: int = 0, what: str = "pass") -> str:
    """What the fit wrote to standard error."""
    script = FIT.format(hidden=hidden, verbose=verbose, at=at, what=what)
    package = os.path.dirname(os.path.dirname(mirnet.__file__))
    environment = {**os.environ, "PYTHONPATH": package, "PYTHONIOENCODING": "utf-8"}
    environment.pop("COLUMNS", None)
    if not on_terminal:
        done = subprocess.run([sys.executable, "-c", script], env=environment, text=True, capture_output=True)
        assert done.returncode == 0 and done.stdout == "", done.stderr
        return done.stderr
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal here: {error}")
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=theirs) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            written += part
    os.close(ours)
    assert process.returncode == 0, written
    return written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("verbose", [None, True])
def test_fit_on_a_terminal(hidden: bool, verbose: Any) -> None:
    if not hidden:
        pytest.importorskip("tqdm")
    written = fit(True, hidden, verbose)
    pictures = written.split("\r")
    assert written.endswith("\n") and written.count("\n") == 1
    assert "epoch 6/6, loss 0." in pictures[-1] and ", val 0." in pictures[-1]
    assert ("|" in pictures[-1]) == (not hidden)
    assert len(pictures) >= 4
    assert all(len(picture.rstrip("\n")) <= 80 for picture in pictures)  # one line each


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    "what, name", [("os.kill(os.getpid(), signal.SIGINT)", "KeyboardInterrupt"), ("1 / 0", "ZeroDivisionError")]
)
def test_bar_is_closed_by_what_ends_the_fit(hidden: bool, what: str, name: str) -> None:
    if not hidden:
        pytest.importorskip("tqdm")
    written = fit(True, hidden, at=3, what=what)
    last, *rest = written.split("\r")[-1].split("\n")
    assert "epoch 3/6, loss 0." in last
    assert rest == [name, ""]


def test_fit_in_a_pipe() -> None:
    assert fit(False) == ""
    for verbose in (True, 2):
        lines = fit(False, verbose=verbose).splitlines()
        assert [line.split(",")[0] for line in lines] == [f"epoch {i}/6" for i in range(1, 7)]
        assert all("val_accuracy 0." in line for line in lines)
    assert fit(False, verbose=False) == ""
    assert fit(True, verbose=False) == ""
    assert len(fit(True, verbose=2).splitlines()) == 6


def test_cross_validation_names_its_folds(capsys: pytest.CaptureFixture[str]) -> None:
    mirnet.cross_validate("linear-ends", mirnet.Dataset.simulate(20), k=2, epochs=2, verbose=2)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(", ")[:2] for line in lines] == [[f"fold {i} of 2", f"epoch {j}/2"] for i in (1, 2) for j in (1, 2)]
