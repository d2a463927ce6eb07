"""test_sharing.py - several threads, forks and new processes on the same objects"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Iterator

import numpy as np
import pytest

import mirnet


@pytest.mark.parametrize("recipe", ["tasdelen2021", "linear-ends"])
def test_eight_threads_on_one_model(recipe: str) -> None:
    model = mirnet.Model(recipe, seed=1)
    parts = [mirnet.Dataset.simulate(10 + i, seed=i).sequences for i in range(24)]
    serial = [model.predict(part, threads=1) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        for threads in (1, 2):
            results = list(pool.map(lambda part: model.predict(part, threads=threads), parts))
            assert all((a == b).all() for a, b in zip(serial, results))


def test_threads_take_turns_on_one_predictor() -> None:
    model = mirnet.Model("linear-ends", seed=1)
    predictor = mirnet.Predictor(model, 2)
    parts = [mirnet.Dataset.simulate(50, seed=i).sequences for i in range(16)]
    serial = [model.predict(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        assert all((a == b).all() for a, b in zip(serial, pool.map(predictor.predict, parts)))


@contextmanager
def fitting_elsewhere(model: mirnet.Model, dataset: mirnet.Dataset) -> Iterator[None]:
    """Another thread is in the middle of a fit; it ends behind the block."""
    inside, go_on = threading.Event(), threading.Event()

    def wait(progress: mirnet.Progress) -> None:
        inside.set()
        assert go_on.wait(60)

    fit = threading.Thread(target=lambda: model.fit(dataset, epochs=1, callbacks=wait, verbose=False))
    fit.start()
    try:
        assert inside.wait(60)
        yield
    finally:
        go_on.set()
        fit.join()


def test_python_runs_during_a_call(dataset: mirnet.Dataset) -> None:
    """Another thread gets on while a fit runs, and may use the model only when it is over."""
    model = mirnet.Model("linear-ends", seed=1)
    said = []
    with fitting_elsewhere(model, dataset):
        for attempt in (
            lambda: model.predict(["ACGU"]),
            lambda: model.weights.update({"dense/bias": [0, 0]}),
            lambda: model.fit(dataset, verbose=False),
            model.close,
        ):
            with pytest.raises(mirnet.StateError, match="in use by another thread") as caught:
                attempt()
            said.append(str(caught.value))
    assert len(said) == 4 and model.predict(["ACGU"]).shape == (1, 2)


def predict_in_child(model: mirnet.Model, sequences: list[str], connection: object) -> None:
    connection.send(model.predict(sequences, threads=2))  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_child_processes_predict(method: str) -> None:
    context = multiprocessing.get_context(method)
    model = mirnet.Model("tasdelen2021", seed=1)
    sequences = mirnet.Dataset.simulate(20).sequences
    expected = model.predict(sequences, threads=2)  # the parent's threads exist when it forks
    here, there = context.Pipe()
    child = context.Process(target=predict_in_child, args=(model, sequences, there))
    child.start()
    assert here.poll(120)
    assert (here.recv() == expected).all()
    child.join()
    assert child.exitcode == 0
    assert (model.predict(sequences, threads=2) == expected).all()


def fit_in_child(seed: int) -> bytes:
    model = mirnet.Model("linear-ends", seed=seed)
    model.fit(mirnet.Dataset.simulate(50, seed=3), epochs=2, threads=2, verbose=False)
    return model.weights["dense/kernel"].tobytes()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_child_processes_fit(method: str) -> None:
    expected = [fit_in_child(seed) for seed in range(3)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        assert list(pool.map(fit_in_child, range(3))) == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_while_another_thread_fits(dataset: mirnet.Dataset) -> None:
    """The child may use the model that the parent's other thread was fitting: no lock is left behind."""
    model = mirnet.Model("linear-ends", seed=1)
    with fitting_elsewhere(model, dataset):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if model.predict(["ACGU"], threads=2).shape == (1, 2) else 2
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended) == 0


def test_everything_is_freed_at_exit() -> None:
    """Objects that are still open when Python ends do no harm."""
    import subprocess

    code = (
        "import mirnet\n"
        "data = mirnet.Dataset.simulate(5)\n"
        "model = mirnet.Model('linear-ends')\n"
        "trainer = mirnet.Trainer(model, 2)\n"
        "trainer.set_data(data)\n"
        "predictor = mirnet.Predictor(model, 2)\n"
        "predictor.predict(data)\n"
        "loop = [model, predictor]; loop.append(loop)\n"
        "print('done')\n"
    )
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_memory_is_given_back() -> None:
    """Making and dropping models over and over keeps the process's memory where it was."""

    def resident() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("no /proc here")
    x = np.zeros((4, 164, 4), dtype=np.float32)

    def work(times: int) -> None:
        for _ in range(times):
            mirnet.Model("tasdelen2021").predict(x, threads=1)

    work(4)
    before = resident()
    work(12)
    assert resident() - before < 30e6  # each of them takes more than 8 MB
