"""test_arguments.py - arguments of the wrong kind, size or shape: one line says which, nothing else is done"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import copy
import gzip
import pathlib
import threading
from typing import Any, Callable

import numpy as np
import pytest

import mirnet

SEQUENCES = ["ACGU", "GGGG", "CCCC", "UUUU"]


def refused(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [2**32 + 2, 2**64 + 2, -(2**32) + 2, 2.0, "2", True])
def test_whole_numbers_are_never_cut_off(value: Any, small_model: mirnet.Model) -> None:
    labels, error = [0, 1] * 4, (TypeError, ValueError)
    x = np.zeros((1, 64), dtype=np.float32)
    scores = mirnet.Scores(2)
    for name, call in {
        "threads": lambda: small_model.predict(x, threads=value),
        "threads:": lambda: mirnet.Predictor(small_model, value),
        "threads: ": lambda: mirnet.Trainer(small_model, value),
        "k": lambda: mirnet.Folds(labels, value),
        "class": lambda: mirnet.Recipe("linear-ends").set_class_weight(value, 1.0),
        "classes": lambda: mirnet.Scores(value),
    }.items():
        refused(call, error, rf"^{name.strip(': ')}:? (is |-?\d|expected)|{name.strip(': ')}: expected")
    for call in (
        lambda: scores.add_counts(value if value != 2**32 + 2 else 2**64 + 1, 0, 0, 0),
        lambda: mirnet.Dataset.simulate(value if value != 2**32 + 2 else 2**64 + 1),
    ):
        refused(call, error, "expected|it is not negative")
    assert scores["count"] == 0


@pytest.mark.parametrize("seed", [-1, 2**64, 10**400, 1.5, None, "1"])
def test_seeds_are_not_wrapped(seed: Any, small_model: mirnet.Model) -> None:
    before = small_model.to_bytes()
    for call in (
        lambda: mirnet.Folds([0, 1] * 4, 2, seed=seed),
        lambda: mirnet.Dataset.simulate(1, seed),
        lambda: small_model.reset(seed),
    ):
        refused(call, (TypeError, ValueError), "^seed: expected")
    assert small_model.to_bytes() == before


def test_numbers_of_numpy_are_numbers(small_model: mirnet.Model, dataset: mirnet.Dataset) -> None:
    two = np.int64(2)
    assert (small_model.predict(dataset, threads=two) == small_model.predict(dataset)).all()
    assert len(mirnet.Folds(dataset.labels, two, seed=two)) == 2 and dataset[two] == dataset[2]


@pytest.mark.parametrize("value", ["3", 2**53 + 1, 10**400])
def test_options_are_numbers_that_a_double_holds(value: Any) -> None:
    recipe = mirnet.Recipe("linear-ends")
    refused(lambda: recipe.update({"training.seed": value}), (TypeError, ValueError), "seed: ")


def test_masked_arrays_are_refused(small_model: mirnet.Model) -> None:
    x = np.ma.masked_less(np.arange(64.0).reshape(1, 64), 5)
    refused(lambda: small_model.predict(x), ValueError, "x: expected numbers everywhere, got an array with masked ones")
    refused(lambda: mirnet.summarize(x[0]), ValueError, "values: expected numbers everywhere")
    assert (small_model.predict(np.ma.array(x.data)) == small_model.predict(x.data)).all()


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ((s for s in SEQUENCES), TypeError, "x: expected real numbers, got generator"),
        (set(SEQUENCES), TypeError, "x: expected real numbers, got set"),
        ([[1, 2], [3]], ValueError, "x: expected an array, or lists of equal lengths"),
    ],
)
def test_what_is_no_array_is_named(x: Any, error: type, message: str, small_model: mirnet.Model) -> None:
    refused(lambda: small_model.predict(x), error, message)


def test_missing_labels_and_groups() -> None:
    for nothing in (None, float("nan"), np.float64("nan")):
        labels = ["a", "b", "a", nothing]
        for make in (lambda: mirnet.Dataset.from_sequences(SEQUENCES, labels), lambda: mirnet.Folds(labels, 2)):
            refused(make, ValueError, r"labels\[3\] is .*: expected a class of every record")
        data = mirnet.Dataset.from_sequences(SEQUENCES, groups=[nothing, nothing, "g", "g"])
        assert data.groups("group").tolist() == [0, 1, 2, 2]
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(["a", "b", "a", None], dtype="string")
    refused(lambda: mirnet.Dataset.from_sequences(SEQUENCES, column), ValueError, r"labels\[3\] is <NA>")
    refused(lambda: mirnet.Folds(column, 2), ValueError, r"labels\[3\] is <NA>")


def test_labels_of_odd_kinds() -> None:
    def labelled(labels: Any, **more: Any) -> Callable[[], Any]:
        return lambda: mirnet.Dataset.from_sequences(SEQUENCES, labels, **more)

    refused(labelled([0, 1, 0, 2**40]), ValueError, r"labels\[3\] is 1099511627776: expected 0 to 4095")
    refused(labelled([True] * 4), TypeError, r"labels\[0\] is True")
    refused(labelled({"a": 1, "b": 2, "c": 3, "d": 4}), TypeError, "labels: expected a list, got dict")
    refused(labelled([0] * 4, classes="ab"), TypeError, "classes: expected a list of texts")
    refused(lambda: mirnet.Dataset.from_sequences(set(SEQUENCES)), TypeError, "sequences: expected a list, got set")
    refused(lambda: mirnet.Folds(np.array([["a", "b"]] * 2), 2), TypeError, "labels")
    refused(lambda: mirnet.Scores("mirtron"), TypeError, "classes: expected how many there are, or a list of names")
    refused(lambda: mirnet.Scores(["a", "a"]), ValueError, "classes: expected different names")


def test_folds_keep_what_they_were_made_of() -> None:
    labels = np.array([0, 1] * 8, dtype=np.int32)
    folds = mirnet.Folds(labels, 2)
    labels[:] = np.repeat([0, 1], 8)
    assert (copy.copy(folds).assignment == folds.assignment).all()


def test_pandas_numbers_are_class_numbers(fitted_model: mirnet.Model, dataset: mirnet.Dataset) -> None:
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(dataset.labels, dtype="Int64", index=range(7, 7 + len(dataset)))
    assert fitted_model.evaluate(dataset.sequences, column).to_dict() == fitted_model.evaluate(dataset).to_dict()
    x = np.zeros((len(dataset), 64))
    arrays = [mirnet.Model("linear-ends", seed=1).fit(x, y, epochs=1, verbose=False) for y in (column, dataset.labels)]
    assert arrays[0] == arrays[1]


def test_wrong_targets_are_refused(small_model: mirnet.Model) -> None:
    def fit(y: Any, **more: Any) -> Callable[[], Any]:
        return lambda: small_model.fit(np.zeros((4, 64)), y, epochs=1, verbose=False, **more)

    refused(fit(np.array([True, False] * 2)), TypeError, "y: expected class names or whole numbers, got dtype bool")
    refused(fit([0.0, 1.0, 0.0, 1.0]), TypeError, "y: expected class names or whole numbers, got dtype float64")
    refused(fit([[3.0, -2.0]] * 4), ValueError, "y: expected rows that are distributions")
    refused(fit([[1.0, 1.0]] * 4), ValueError, "y: expected rows that are distributions")
    refused(fit(None), ValueError, "y: expected the classes of the samples")
    for nothing in (mirnet.Dataset(), (np.zeros((0, 64)), [])):
        refused(fit([0, 1] * 2, validation_data=nothing), ValueError, "validation data: expected at least one")
    x = np.zeros((4, 64))
    refused(lambda: small_model.evaluate(x, [0]), ValueError, "y: expected 4 classes")
    refused(lambda: small_model.evaluate(x, np.eye(4)), ValueError, r"y: expected shape \(4,\), got \(4, 4\)")


def test_weighted_sequences_teach_the_model_its_classes(dataset: mirnet.Dataset) -> None:
    names = [dataset.classes[label] for label in dataset.labels]
    ones = np.ones(len(dataset))
    plain = mirnet.Model("linear-ends", seed=1)
    plain.fit(dataset, epochs=2, verbose=False)
    for data in ((dataset,), (dataset.sequences, names)):
        model = mirnet.Model("linear-ends", seed=1)
        model.fit(*data, sample_weight=ones, epochs=2, verbose=False)
        assert model.classes == dataset.classes
        assert (model.weights["dense/kernel"] == plain.weights["dense/kernel"]).all()


def test_files_are_data_too(tmp_path: pathlib.Path, dataset: mirnet.Dataset) -> None:
    path = tmp_path / "data.csv"
    path.write_text("".join(f"{r.name},{r.sequence},{r.label}\n" for r in dataset))
    models = [mirnet.Model("linear-ends", seed=1) for _ in range(2)]
    histories = [m.fit(x, validation_data=x, epochs=2, verbose=False) for m, x in zip(models, (path, dataset))]
    assert histories[0] == histories[1]
    assert models[0].evaluate(path).to_dict() == models[1].evaluate(dataset).to_dict()
    refused(lambda: mirnet.Dataset.load(), ValueError, "paths: expected at least one")
    refused(lambda: mirnet.cross_validate("linear-ends", path), TypeError, "dataset: expected a Dataset, got PosixPath")


def test_paths_with_nul_are_refused(tmp_path: pathlib.Path, small_model: mirnet.Model) -> None:
    for call in (small_model.save, mirnet.Model.load, mirnet.Dataset.load, mirnet.Recipe, mirnet.Reader):
        refused(lambda: call(str(tmp_path / "a\0b")), ValueError, "path: expected one without NUL")
    assert not list(tmp_path.iterdir())


def test_bytes_of_any_kind(small_model: mirnet.Model) -> None:
    data = small_model.to_bytes()
    assert mirnet.Model.from_bytes(bytearray(data)).to_bytes() == data
    assert list(mirnet.Tensors.from_bytes(memoryview(data))) == sorted(small_model.weights)
    assert mirnet.Dataset.from_bytes(bytearray(b">a\nACGU\n")).sequences == ["ACGU"]
    assert mirnet.Recipe.from_json(bytearray(small_model.recipe.json.encode())).json == small_model.recipe.json
    for call in (mirnet.Model.from_bytes, mirnet.Tensors.from_bytes, mirnet.Dataset.from_bytes):
        for wrong in ("text", 8, None):
            refused(lambda: call(wrong), TypeError, f"data: expected bytes, got {type(wrong).__name__}")


def test_the_systems_reason_is_that_of_this_call(tmp_path: pathlib.Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b">a\nACGU\n" * 1000)[:50])
    refused(lambda: mirnet.Dataset.load(tmp_path / "none"), mirnet.MissingFileError, "none: cannot open")
    with pytest.raises(mirnet.FileError, match="the file is truncated") as caught:
        mirnet.Dataset.load(cut)
    assert type(caught.value) is mirnet.FileError and caught.value.errno is None


def test_texts_that_cannot_be_written(dataset: mirnet.Dataset) -> None:
    refused(lambda: dataset.add("a\ud800", "ACGU"), ValueError, "name: expected text, got half a character")


def test_weights_are_finite(small_model: mirnet.Model) -> None:
    """A file with such a weight could not be loaded."""
    weights = small_model.weights
    refused(lambda: weights.update({"dense/bias": [np.nan, 0]}), mirnet.NumericError, "dense/bias: expected finite")


def test_tensors_keep_their_notes_when_copied() -> None:
    tensors = mirnet.Tensors({"a": np.arange(6.0).reshape(2, 3), "empty": np.zeros((0, 2))})
    tensors.set_note("made by", "a test")
    for other in (copy.copy(tensors), copy.deepcopy(tensors), mirnet.Tensors.from_bytes(tensors.to_bytes())):
        assert other.get_note("made by") == "a test" and list(other) == ["a", "empty"]
        assert (other["a"] == tensors["a"]).all() and other["empty"].shape == (0, 2)
    assert 5 not in tensors and 5 not in mirnet.Model("linear-ends").notes


def test_callbacks_of_odd_kinds(dataset: mirnet.Dataset, small_model: mirnet.Model) -> None:
    def fit(callbacks: Any, epochs: int = 1) -> mirnet.History:
        return small_model.fit(dataset, epochs=epochs, callbacks=callbacks, verbose=False)

    refused(lambda: fit(mirnet.Callback), TypeError, "callbacks: expected an object, got the class Callback: call it")
    refused(lambda: fit(5), TypeError, "callbacks: expected functions or objects of Callback, got int")
    assert fit(None).epochs == 1
    history = fit(lambda progress: np.bool_(progress.epoch == 2), epochs=5)
    assert history.epochs == 2 and history.stopped_early


def test_a_callback_sets_what_can_be_set_at_any_time(dataset: mirnet.Dataset) -> None:
    def schedule(progress: mirnet.Progress) -> None:
        progress.trainer["training.learning_rate"] = 0.1 / progress.epoch
        if progress.epoch == 3:
            progress.trainer["training.epochs"] = 4

    history = mirnet.Model("linear-ends").fit(dataset, epochs=9, learning_rate=0.5, callbacks=schedule, verbose=False)
    assert history["learning_rate"] == [0.5, 0.1, 0.05, 0.1 / 3]

    def too_late(progress: mirnet.Progress) -> None:
        progress.trainer["training.batch_size"] = 3

    with pytest.raises(mirnet.StateError, match="cannot be changed after the first step"):
        mirnet.Model("linear-ends").fit(dataset, epochs=2, callbacks=too_late, verbose=False)


def test_texts_are_made_while_others_read(dataset: mirnet.Dataset, small_model: mirnet.Model) -> None:
    recipe, expected = small_model.recipe, (small_model.summary(), small_model.recipe.json)
    texts: list[tuple[str, str]] = []
    threads = [
        threading.Thread(target=lambda: texts.extend((small_model.summary(), recipe.json) for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [expected] * 200
    in_callback: list[str] = []
    small_model.fit(dataset, epochs=1, verbose=False, callbacks=lambda p: in_callback.append(p.model.summary()))
    assert in_callback == [expected[0]]
