"""test_trainer.py - fitting: numbers against the reference vectors, callbacks, stopping, going on"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import mirnet


def bits(model: mirnet.Model) -> bytes:
    return b"".join(array.tobytes() for array in model.weights.values())


def new_model() -> mirnet.Model:
    return mirnet.Model("linear-ends", seed=5)


@pytest.mark.parametrize("case", ["dense_softmax", "lstm_last", "conv1d_same", "bilstm_concat"])
def test_steps_and_gradients_are_those_of_the_reference(case: str, golden: pathlib.Path) -> None:
    tensors = mirnet.Tensors.load(golden / case / "tensors.safetensors")
    weights = {name[len("weights/") :]: tensors[name] for name in tensors if name.startswith("weights/")}
    model = mirnet.Model.from_keras_json((golden / case / "model.json").read_text(), weights=weights)
    x, y = tensors["input"], tensors["target"]
    with mirnet.Trainer(model, threads=2) as trainer:
        gradients = trainer.gradients(x, y)
        assert gradients.loss == pytest.approx(float(tensors["loss"]), rel=1e-5)
        for name, gradient in gradients.weights.items():
            expected = tensors[f"grad/{name}"]
            assert np.abs(gradient - expected).max() <= 1e-5 * max(1, np.abs(expected).max()), name
        assert gradients.inputs[0].shape == x.shape and gradients.inputs[0].any()
        trainer["training.learning_rate"] = float(tensors["adam/learning_rate"])
        for step in range(int(tensors["adam/steps"])):
            assert trainer.step(x, y) == pytest.approx(float(tensors[f"loss/{step + 1}"]), rel=1e-4)
        assert trainer.evaluate(x, y)[0] < float(tensors["loss"])
    for name, array in model.weights.items():
        assert np.abs(array - tensors[f"adam/{name}"]).max() <= 1e-4, name


def test_history_of_a_fit(dataset: mirnet.Dataset) -> None:
    model = new_model()
    history = model.fit(dataset, epochs=4, validation_split=0.25, verbose=False, threads=1)
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    assert all(len(values) == 4 for values in history.values()) and history.epochs == 4
    assert history["loss"][-1] < history["loss"][0] and history.best_epoch == 0 and not history.stopped_early
    assert model.classes == ["mirtron", "canonical"]
    early = new_model().fit(
        dataset, epochs=50, validation_split=0.25, early_stopping=True, early_stopping_patience=0, learning_rate=1.0, verbose=False
    )
    assert early.stopped_early and 0 < early.best_epoch < early.epochs < 50
    assert pickle.loads(pickle.dumps(history)) == history


def test_all_forms_of_data_train_alike(dataset: mirnet.Dataset) -> None:
    sequences, labels = dataset.sequences, dataset.labels
    names = [dataset.classes[label] for label in labels]
    tensors = mirnet.Encoder("linear-ends").encode(sequences)
    models = [new_model() for _ in range(8)]
    models[0].fit(dataset, epochs=3, verbose=False)
    models[1].fit(sequences, names, epochs=3, verbose=False)
    models[2].fit(sequences, labels, epochs=3, verbose=False)
    models[3].fit(np.array(sequences), labels.astype(np.int64), epochs=3, verbose=False)
    models[4].fit(tensors, labels, epochs=3, verbose=False)
    models[5].fit(tensors.reshape(200, -1).astype(np.float64), np.eye(2)[labels], epochs=3, verbose=False)
    models[6].fit(sequences, labels, sample_weight=np.ones(200), epochs=3, verbose=False)
    models[7].classes = dataset.classes
    models[7].fit([tensors], names, epochs=3, verbose=False)
    for i, model in enumerate(models):
        assert bits(model) == bits(models[0]), i
    assert models[1].classes == dataset.classes and models[2].classes == ["0", "1"] and models[4].classes == []


def test_threads_and_seeds(dataset: mirnet.Dataset) -> None:
    def fitted(threads: int, seed: int) -> bytes:
        model = new_model()
        model.fit(dataset, epochs=2, threads=threads, seed=seed, verbose=False)
        return bits(model)

    assert fitted(1, 1) == fitted(2, 1) == fitted(7, 1) != fitted(1, 2)


def test_sample_weights_count(dataset: mirnet.Dataset) -> None:
    weights = (dataset.labels == 0).astype(float)
    model = new_model()
    model.fit(dataset, sample_weight=weights, epochs=20, verbose=False)
    assert (model.predict(dataset)[:, 0] > 0.5).mean() > 0.9  # only mirtrons were seen


def test_validation_data(dataset: mirnet.Dataset) -> None:
    other = mirnet.Dataset.simulate(20, seed=9)
    histories = []
    for given in (other, (other,), (other.sequences, other.labels), (other.sequences, other.labels, np.ones(40))):
        histories.append(new_model().fit(dataset, epochs=2, validation_data=given, verbose=False))
    assert all(history == histories[0] for history in histories) and len(histories[0]["val_loss"]) == 2
    model = new_model()
    model.fit(dataset, epochs=2, verbose=False)
    p = model.predict(other).astype(np.float64)
    decay = next(layer for layer in model.recipe.to_dict()["model"]["config"]["layers"] if layer["class_name"] == "Dense")
    l2 = decay["config"]["kernel_regularizer"]["config"]["l2"]
    expected = -np.log(p[np.arange(40), other.labels]).mean() + l2 * (model.weights["dense/kernel"] ** 2).sum()
    assert histories[0]["val_loss"][-1] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (["ACGU"], None, ValueError, "y: expected the classes of the samples"),
        (["ACGU", "ACGU"], [0], ValueError, "labels: expected 2"),
        (["ACGU"], [2], ValueError, r"labels\[0\] is 2: expected 0 to 1"),
        (["ACXU"], [0], mirnet.FormatError, "X"),
        (np.zeros((2, 8, 8)), [0, 2], ValueError, "y: expected class numbers 0 to 1, got 0 to 2"),
        (np.zeros((2, 8, 8)), [0], mirnet.ShapeError, r"y: expected shape \(2,\) as of the samples, got \(1,\)"),
        (np.zeros((2, 8, 8)), np.zeros((2, 3)), mirnet.ShapeError, r"expected shape \(2,\) or \(2, 2\), got \(2, 3\)"),
        (np.zeros((2, 8, 8)), ["a", "b"], ValueError, "set model.classes, or give class numbers"),
        (np.zeros((2, 8, 8)), [None, 1], TypeError, "y: expected class names or whole numbers, got dtype object"),
        (np.zeros((2, 8, 8), dtype=complex), [0, 1], TypeError, "x: expected real numbers"),
    ],
)
def test_wrong_data_are_refused(x: object, y: object, error: type, message: str) -> None:
    model = new_model()
    before = bits(model)
    with pytest.raises(error, match=message):
        model.fit(x, y, verbose=False)
    assert bits(model) == before


def test_wrong_options_are_refused(dataset: mirnet.Dataset) -> None:
    with pytest.raises(mirnet.NotFoundError, match="training.epoch"):
        new_model().fit(dataset, epoch=3, verbose=False)
    with pytest.raises(mirnet.ShapeError, match=r"sample_weight: expected shape \(200,\), got \(3,\)"):
        new_model().fit(dataset, sample_weight=[1, 2, 3], verbose=False)
    with pytest.raises(mirnet.InvalidError, match="a Dataset has its own classes"):
        new_model().fit(dataset, dataset.labels, verbose=False)
    with pytest.raises(TypeError, match="callbacks: expected functions or objects of Callback, got int"):
        new_model().fit(dataset, callbacks=[3], verbose=False)
    with mirnet.Trainer(new_model()) as trainer, pytest.raises(mirnet.StateError):
        trainer.run()


class Recorder(mirnet.Callback):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int, int]] = []
        self.losses: list[float | None] = []
        self.predictions: list[bytes] = []

    def on_train_begin(self, progress: mirnet.Progress) -> None:
        self.events.append(("begin", progress.epoch, progress.batch))

    def on_batch_end(self, progress: mirnet.Progress) -> None:
        self.events.append(("batch", progress.epoch, progress.batch))
        assert progress.loss is not None and progress.val_loss is None

    def on_epoch_end(self, progress: mirnet.Progress) -> None:
        self.events.append(("epoch", progress.epoch, progress.batch))
        self.losses.append(progress.loss)
        self.predictions.append(progress.model.predict(["ACGUACGUACGU"]).tobytes())
        assert progress.history.epochs == progress.epoch

    def on_train_end(self, progress: mirnet.Progress) -> None:
        self.events.append(("end", progress.epoch, progress.batch))


def test_callbacks_follow_a_fit(dataset: mirnet.Dataset) -> None:
    recorder, called = Recorder(), []
    model = new_model()
    history = model.fit(dataset, epochs=2, batch_size=100, callbacks=[recorder, lambda p: called.append(p.epoch)], verbose=False)
    assert recorder.events == [
        ("begin", 0, 0),
        ("batch", 1, 1),
        ("batch", 1, 2),
        ("epoch", 1, 0),
        ("batch", 2, 1),
        ("batch", 2, 2),
        ("epoch", 2, 0),
        ("end", 2, 0),
    ]
    assert called == [1, 2] and recorder.losses == history["loss"]
    assert recorder.predictions[0] != recorder.predictions[1] == model.predict(["ACGUACGUACGU"]).tobytes()


def test_a_callback_can_stop(dataset: mirnet.Dataset) -> None:
    history = new_model().fit(dataset, epochs=9, callbacks=lambda p: p.epoch == 3, verbose=False)
    assert history.epochs == 3 and history.stopped_early


def test_exceptions_in_callbacks_reach_the_caller(dataset: mirnet.Dataset) -> None:
    class Broken(Recorder):
        def on_batch_end(self, progress: mirnet.Progress) -> None:
            super().on_batch_end(progress)
            if progress.epoch == 2:
                raise ZeroDivisionError("mine")

    recorder, model = Broken(), new_model()
    with pytest.raises(ZeroDivisionError, match="mine"):
        model.fit(dataset, epochs=5, batch_size=100, callbacks=recorder, verbose=False)
    assert recorder.events[-2:] == [("batch", 2, 1), ("end", 1, 0)]
    model.fit(dataset, epochs=1, verbose=False)  # the model is free again


def test_callbacks_cannot_change_the_model(dataset: mirnet.Dataset) -> None:
    def change(progress: mirnet.Progress) -> None:
        progress.model.weights["dense/bias"] = [0, 0]

    with pytest.raises(mirnet.StateError, match="in use by a running call of this thread"):
        new_model().fit(dataset, epochs=2, callbacks=change, verbose=False)
    with pytest.raises(mirnet.StateError):
        new_model().fit(dataset, epochs=2, callbacks=lambda p: p.trainer.run(), verbose=False)
    with pytest.raises(mirnet.StateError):
        new_model().fit(dataset, epochs=2, callbacks=lambda p: p.model.close(), verbose=False)


def test_callbacks_can_save(dataset: mirnet.Dataset, tmp_path: pathlib.Path) -> None:
    model = new_model()
    model.fit(dataset, epochs=2, callbacks=lambda p: p.model.save(tmp_path / f"{p.epoch}.st"), verbose=False)
    assert bits(mirnet.Model.load(tmp_path / "2.st")) == bits(model) != bits(mirnet.Model.load(tmp_path / "1.st"))


INTERRUPTED = """
import os, signal, mirnet
def interrupt(progress):
    if progress.epoch == 3:
        os.kill(os.getpid(), signal.SIGINT)
model = mirnet.Model("linear-ends", seed=5)
data = mirnet.Dataset.simulate(100, seed=3)
try:
    model.fit(data, epochs=100000, callbacks=interrupt, verbose=False, keep_state=True)
except KeyboardInterrupt:
    print("interrupted", model.predict(data).shape, model.has_state)
history = model.fit(data, epochs=6, resume=True, verbose=False)
print(history.epochs)
"""


def test_ctrl_c_stops_a_fit() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=120)
    assert done.stdout == "interrupted (200, 2) True\n6\n", done.stderr


def test_ctrl_c_without_callbacks(dataset: mirnet.Dataset) -> None:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        new_model().fit(dataset, epochs=1000000, verbose=False)
    timer.join()


def test_a_resumed_fit_is_an_uninterrupted_one(dataset: mirnet.Dataset) -> None:
    whole = new_model()
    expected = whole.fit(dataset, epochs=6, verbose=False)
    part = new_model()
    part.fit(dataset, epochs=6, callbacks=lambda p: p.epoch == 2, keep_state=True, verbose=False)
    assert part.has_state
    again = mirnet.Model.from_bytes(part.to_bytes())
    assert again.fit(dataset, epochs=6, resume=True, verbose=False) == expected
    assert bits(again) == bits(whole)
    part.drop_state()
    with pytest.raises(mirnet.StateError):
        part.fit(dataset, epochs=6, resume=True, verbose=False)


def test_a_trainer_step_by_step(dataset: mirnet.Dataset) -> None:
    model, other = new_model(), new_model()
    with mirnet.Trainer(model) as trainer:
        trainer["training.epochs"] = 3
        trainer.set_data(dataset)
        assert trainer["training.epochs"] == 3 and trainer["training.optimizer"] == "adam"
        assert trainer["training.shuffle"] is True and trainer.count("samples") == 200
        assert [trainer.run_epoch() for _ in range(3)] == [False] * 3
        assert trainer.count("epochs") == 3 and trainer.history.epochs == 3
        assert repr(trainer).endswith(f"{trainer.count('steps')} steps done>")
        with pytest.raises(mirnet.UnsupportedError, match="cannot be pickled"):
            pickle.dumps(trainer)
    other.fit(dataset, epochs=3, verbose=False)
    assert bits(model) == bits(other)


def test_some_records(dataset: mirnet.Dataset) -> None:
    records = np.arange(0, 200, 2)
    part = mirnet.Dataset.from_sequences(
        [dataset.sequences[i] for i in records], dataset.labels[records], classes=dataset.classes
    )
    models = [new_model(), new_model()]
    for model, data, chosen in ((models[0], dataset, records), (models[1], part, None)):
        with mirnet.Trainer(model) as trainer:
            trainer["training.epochs"] = 2
            trainer.set_data(data, records=chosen)
            trainer.run()
    assert bits(models[0]) == bits(models[1])


def test_data_cannot_change_under_a_trainer(dataset: mirnet.Dataset) -> None:
    trainer = mirnet.Trainer(new_model())
    trainer.set_data(dataset)
    with pytest.raises(mirnet.StateError, match="used by a Trainer"):
        dataset.add("a", "ACGU", label="mirtron")
    other = mirnet.Dataset.simulate(5)
    trainer.set_data(other)
    dataset.add("a", "ACGU", label="mirtron")
    other.close()
    assert trainer.closed
    with pytest.raises(mirnet.StateError, match="this Trainer is closed"):
        trainer.run()


def test_cross_validation(dataset: mirnet.Dataset) -> None:
    result = mirnet.cross_validate("linear-ends", dataset, k=4, epochs=3, verbose=False)
    assert result.name == "linear-ends" and len(result.scores) == len(result.histories) == 4
    assert sum(scores["count"] for scores in result.scores) == 200
    assert result.summary("mcc").mean == pytest.approx(np.mean(result.values("mcc")))
    right = result.probabilities.argmax(axis=1) == result.labels
    assert right.mean() == pytest.approx(np.mean(result.values("accuracy")))
    train, test = result.folds[1]
    model = mirnet.Model("linear-ends", seed=2)
    with mirnet.Trainer(model) as trainer:
        trainer["training.epochs"] = 3
        trainer.set_data(dataset, records=train)
        trainer.run()
    with mirnet.Predictor(model) as predictor:
        assert (predictor.predict(dataset, records=test) == result.probabilities[test]).all()
    with pytest.raises(mirnet.InvalidError, match="a class of every record"):
        mirnet.cross_validate("linear-ends", mirnet.Dataset.from_sequences(["ACGU"] * 9))
