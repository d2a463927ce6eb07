"""test_lifetime.py - objects that end while somebody uses them: threads, forks, the end of Python, copies, cycles"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from typing import Any, Callable

import pytest

import mirnet

EXIT = """
import threading, mirnet
data = mirnet.Dataset.simulate(200)
model, predictor = mirnet.Model("linear-ends", seed=1), mirnet.Predictor(mirnet.Model("tasdelen2021"), 2)
at_work = threading.Event()

def work():
    while True:
        {call}
        at_work.set()

threading.Thread(target=work, daemon=True).start()
at_work.wait()
"""


@pytest.mark.parametrize(
    "call", ["predictor.predict(data)", "model.fit(data, epochs=9, verbose=False)", "data.sequences, data.digest"]
)
def test_python_may_end_while_a_daemon_thread_works(call: str) -> None:
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", EXIT.format(call=call)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


RACE = """
import sys, threading, mirnet
sys.setswitchinterval(1e-5)
box, stop = [mirnet.Dataset.simulate(3), mirnet.Recipe("linear-ends"), mirnet.Model("linear-ends")], threading.Event()

def loop(*calls):
    while not stop.is_set():
        for call in calls:
            try:
                call()
            except mirnet.StateError:
                pass

def swap(i, new):
    old, box[i] = box[i], new
    old.close()

def change(n=[0]):
    n[0] += 1
    box[0].add("n", "ACGU" * 20, label="mirtron")
    box[1].classes = ["a" * (n[0] % 90 + 1), "b"]
    box[2].notes[str(n[0] % 50)] = "x" * n[0]

readers = (
    lambda: (list(box[0]), repr(box[0]), box[0].labels),
    lambda: (box[1].classes, box[1].get_class_weight(0), repr(box[1])),
    lambda: (box[2].layers, box[2].classes, list(box[2].weights), dict(box[2].notes), repr(box[2])),
)
closers = (
    lambda: swap(0, mirnet.Dataset.simulate(3)),
    lambda: swap(1, mirnet.Recipe("linear-ends")),
    lambda: swap(2, mirnet.Model("linear-ends")),
)
threads = [threading.Thread(target=loop, args=calls) for calls in ((change,), closers, readers, readers)]
for thread in threads:
    thread.start()
stop.wait(1.5)
stop.set()
for thread in threads:
    thread.join()
print("done")
"""


def test_one_thread_changes_and_closes_what_others_read() -> None:
    """They are told so, or get what was there: nobody reads what is freed."""
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_predictor_works_in_a_child_that_forked_while_it_was_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    import mirnet._predictor

    predictor = mirnet.Predictor(mirnet.Model("linear-ends", seed=1), 2)
    expected = predictor.predict(["ACGU"])
    inside, go_on, run = threading.Event(), threading.Event(), mirnet._predictor.run

    def slow(*arguments: Any) -> Any:
        inside.set()
        assert go_on.wait(60)
        return run(*arguments)

    monkeypatch.setattr(mirnet._predictor, "run", slow)
    other = threading.Thread(target=predictor.predict, args=(["ACGU"],))
    other.start()
    assert inside.wait(60)
    monkeypatch.setattr(mirnet._predictor, "run", run)
    child = os.fork()
    if child == 0:
        status = 1
        signal.alarm(30)
        try:
            status = 0 if (predictor.predict(["ACGU"]) == expected).all() else 2
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    go_on.set()
    other.join()
    assert os.waitstatus_to_exitcode(ended) == 0


def test_a_trainer_that_ran_is_freed(dataset: mirnet.Dataset) -> None:
    def followed(progress: mirnet.Progress) -> None:
        pass

    model = mirnet.Model("linear-ends")
    trainer = mirnet.Trainer(model)
    trainer.set_data(dataset)
    trainer.run_epoch(callbacks=followed)
    ends = [weakref.ref(model), weakref.ref(trainer), weakref.ref(followed)]
    del model, trainer, followed
    gc.collect()
    assert [end() for end in ends] == [None, None, None]


def test_a_new_predictor_is_in_place_before_the_old_one_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come right after a call."""
    import mirnet._predictor

    library = mirnet._predictor.lib

    class Interrupted:
        def __getattr__(self, name: str) -> Any:
            return getattr(library, name)

        def mirnet_predictor_destroy(self, pointer: int) -> None:
            freed.append(pointer)
            raise KeyboardInterrupt

    freed: list[int] = []
    model = mirnet.Model("linear-ends", seed=1)
    predictor = mirnet.Predictor(model, 1)
    old = predictor._current[0]
    model.reset(2)
    monkeypatch.setattr(mirnet._predictor, "lib", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        predictor.predict(["ACGU"])
    monkeypatch.undo()
    assert freed == [old] and predictor._current[0] not in freed
    library.mirnet_predictor_destroy(old)
    assert (predictor.predict(["ACGU"]) == model.predict(["ACGU"])).all()


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_cannot_be_copied_says_so(make: Callable[[Any], Any], small_model: mirnet.Model) -> None:
    for thing in (mirnet.Reader(b">a\nACGU\n"), mirnet.Trainer(small_model)):
        with pytest.raises(mirnet.UnsupportedError, match="cannot be"):
            make(thing)


def test_objects_that_were_not_made_are_closed() -> None:
    class Careless(mirnet.Model):
        def __init__(self) -> None:
            pass

    careless = Careless()
    assert careless.closed and repr(careless) == "<Careless, closed>"
    careless.close()
    with pytest.raises(mirnet.StateError, match="this Careless is closed"):
        careless.copy()


def test_objects_in_use_show_themselves(dataset: mirnet.Dataset, small_model: mirnet.Model) -> None:
    shown: list[str] = []

    def show(progress: mirnet.Progress) -> None:
        other = threading.Thread(target=lambda: shown.extend(map(repr, (progress.trainer, progress.model, dataset))))
        other.start()
        other.join()

    small_model.fit(dataset, epochs=1, callbacks=show, verbose=False)
    assert shown == ["<Trainer, in use>", repr(small_model), repr(dataset)]


STORM = """
import random, signal, mirnet
signal.signal(signal.SIGALRM, signal.default_int_handler)
random.seed(1)
data, model = mirnet.Dataset.simulate(3), mirnet.Model("linear-ends", seed=1)
heard = 0
for _ in range(5000):
    try:
        signal.setitimer(signal.ITIMER_REAL, 2e-5 + random.random() * 2e-4)
        while True:
            data[0], model.classes, model.weights["dense/bias"]
            model.weights["dense/bias"] = [0, 0]
    except KeyboardInterrupt:
        heard += 1
print(heard)
data.set_positive("canonical")
model.close()
data.close()
"""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="until then Ctrl-C can come between a lock and what it guards")
def test_ctrl_c_leaves_nothing_in_use() -> None:
    done = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "5000\n", "")


def test_predictors_of_the_last_callback_see_the_weights_that_came_after(dataset: mirnet.Dataset) -> None:
    """With restore_best the weights change once more after it."""
    model = mirnet.Model("linear-ends", seed=1)
    predictor = mirnet.Predictor(model, 1)
    within: list[Any] = []

    def predict(progress: mirnet.Progress) -> None:
        within.append((model.predict(dataset, threads=1), predictor.predict(dataset)))

    best = {"early_stopping": True, "early_stopping_monitor": "loss", "early_stopping_patience": 2}
    history = model.fit(
        dataset,
        epochs=30,
        learning_rate=5.0,
        **best,
        early_stopping_restore_best=True,
        callbacks=predict,
        verbose=False,
        threads=1,
    )
    assert 0 < history.best_epoch < history.epochs
    expected = model.copy().predict(dataset, threads=1)
    assert (model.predict(dataset, threads=1) == expected).all() and (predictor.predict(dataset) == expected).all()
    assert all((a == b).all() for a, b in within) and any((a != expected).any() for a, _ in within)
