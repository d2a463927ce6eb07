"""test_keras.py - models from Keras files: each layout gives the reference vectors' weights and outputs"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import copy
import json
import zipfile
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

import mirnet

pytest.importorskip("h5py")
import keras_files as files  # noqa: E402

import mirnet.keras as keras  # noqa: E402

Writer = Callable[[Path, files.Json, files.Arrays], "files.Json | None"]  # gives the JSON that reading needs


def whole(**options: Any) -> Writer:
    return lambda path, model, weights: files.write_keras2(path, model, weights, **options)


def alone2(path: Path, model: files.Json, weights: files.Arrays) -> files.Json:
    files.write_keras2(path, model, weights, whole=False)
    return model


def alone3(**options: Any) -> Writer:
    def write(path: Path, model: files.Json, weights: files.Arrays) -> files.Json:
        files.write_weights3(path, model, weights, **options)
        return files.model3(model)

    return write


def alone213(path: Path, model: files.Json, weights: files.Arrays) -> files.Json:
    """TensorFlow 2.13: the JSON is Keras 2's, the groups of a class count in twos."""
    files.write_weights3(path, model, weights, top="_layer_checkpoint_dependencies", step=2, names=False)
    return model


def archive(**options: Any) -> Writer:
    return lambda path, model, weights: files.write_archive(path, files.archive_members(model, weights, **options))


def whole3(path: Path, model: files.Json, weights: files.Arrays) -> None:
    """model.save("model.h5") of Keras 3: the old layout with names that begin with the model's."""
    named = {
        files.name_of(entry): [
            (files.name2(entry, name, "lstm_cell/", "sequential/")[:-2], value)
            for name, value in files.sorted_weights(weights, files.name_of(entry))
        ]
        for entry in files.layers_of(model)
    }
    files.write_named(path, {**named, "top_level_model_weights": []}, model=files.model3(model), version="3.3.3")


LAYOUTS: dict[str, Writer] = {
    "keras2-bytes": whole(),
    "keras2-bytes-of-h5py3": whole(style="bytes3"),
    "keras2-str": whole(style="str"),
    "keras2-chunked-names": whole(parts=2),
    "keras2-cells": whole(cell="lstm_cell_1/", version="2.4.0"),
    "keras2-prefix": whole(prefix="model_1/"),
    "keras2-gzip": whole(compression="gzip", shuffle=True, chunks=True),
    "keras2-weights": alone2,
    "keras3-h5": whole3,
    "keras3-archive": archive(),
    "keras3-old-archive": archive(names=False),
    "keras3-archive-of-names": archive(names=False, by_name=True),
    "keras3-weights": alone3(),
    "tf213-weights": alone213,
}


def check_weights(found: files.Arrays, wanted: files.Arrays) -> None:
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def check_outputs(model: mirnet.Model, tensors: files.Arrays) -> None:
    single = tensors.get("input")
    inputs = single if single is not None else [tensors["input/" + name] for name in model.input_names]
    np.testing.assert_allclose(model.predict(inputs), tensors["output"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_golden(golden: Path, tmp_path: Path, layout: str) -> None:
    cases = [folder for folder in sorted(golden.iterdir()) if (folder / "model.json").is_file()]
    checked = 0
    for folder in cases:
        model, weights, tensors = files.golden_case(folder)
        path = tmp_path / "file"
        given = LAYOUTS[layout](path, model, weights)
        found = keras.read(path, given)[1]
        check_weights(found, weights)
        loaded = keras.load(path, given)
        # The vectors are of Keras 2: its hard_sigmoid is another function than that of Keras 3.
        if not (layout.startswith("keras3") and "hard_sigmoid" in json.dumps(model).lower().replace("hards", "hard_s")):
            check_outputs(loaded, tensors)
            checked += 1
    assert checked > 40


OLD_CASES = ["timedist_conv_lstm", "bilstm_concat", "conv1d_same_s2", "conv2d_same_s2", "pool_max1d_valid",
             "batchnorm_infer", "embedding_lstm"]  # fmt: skip


@pytest.mark.parametrize("case", OLD_CASES)
@pytest.mark.parametrize("alone", [False, True])
def test_golden_keras1(golden: Path, tmp_path: Path, case: str, alone: bool) -> None:
    model, weights, tensors = files.golden_case(golden / case)
    path = tmp_path / "model.h5"
    files.write_keras1(path, model, weights, whole=not alone)
    given = files.model1(model) if alone else None
    check_weights(keras.read(path, given)[1], weights)
    check_outputs(keras.load(path, given), tensors)


# -- Small models of our own -------------------------------------------------------------------------------------------


def layer(class_name: str, name: str, **config: Any) -> files.Json:
    return {"class_name": class_name, "config": {"name": name, **config}}


def sequential(*layers: files.Json, shape: list[int]) -> files.Json:
    model = {"class_name": "Sequential", "config": {"name": "model", "layers": list(layers)}}
    layers[0]["config"]["batch_input_shape"] = [None, *shape]
    return model


def draw(**shapes: tuple[int, ...]) -> files.Arrays:
    """Weights by name, with `__` for the slash."""
    rng = np.random.default_rng(1)
    return {name.replace("__", "/"): rng.normal(0, 0.7, shape).astype("f4") for name, shape in shapes.items()}


def dense_net() -> tuple[files.Json, files.Arrays]:
    first = layer("Dense", "dense", units=4, activation="relu")
    model = sequential(first, layer("Dense", "dense_1", units=2), shape=[3])
    return model, draw(dense__kernel=(3, 4), dense__bias=(4,), dense_1__kernel=(4, 2), dense_1__bias=(2,))


def bidirectional_net(**config: Any) -> tuple[files.Json, files.Arrays]:
    inner = layer("LSTM", "lstm", units=3, recurrent_activation="sigmoid", return_sequences=False)
    wrapper = layer("Bidirectional", "bi", layer=inner, **config)
    model = sequential(wrapper, layer("Dense", "dense", units=2), shape=[5, 4])
    one = {"kernel": (4, 12), "recurrent_kernel": (3, 12), "bias": (12,)}
    shapes = {f"bi__{side}__{name}": shape for side in ("forward", "backward") for name, shape in one.items()}
    return model, draw(**shapes, dense__kernel=(6, 2), dense__bias=(2,))


def gru_net(**config: Any) -> tuple[files.Json, files.Arrays]:
    model = sequential(layer("GRU", "gru", units=3, **config), shape=[5, 4])
    bias = (2, 9) if config.get("reset_after", True) else (9,)
    return model, draw(gru__kernel=(4, 9), gru__recurrent_kernel=(3, 9), gru__bias=bias)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def hard2(x: Any) -> Any:
    return np.clip(0.2 * x + 0.5, 0, 1)


def hard3(x: Any) -> Any:
    return np.clip(x / 6 + 0.5, 0, 1)


def run_lstm(x: Any, weights: files.Arrays, gate: Callable[[Any], Any]) -> Any:
    """Keras's LSTM over x [n, t, in], gates i f c o; the last output."""
    kernel, recurrent, bias = weights.values()
    h = c = np.zeros((len(x), recurrent.shape[0]))
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = gate(f) * c + gate(i) * np.tanh(g)
        h = gate(o) * np.tanh(c)
    return h


def run_gru(x: Any, weights: files.Arrays, gate: Callable[[Any], Any], reset_after: bool) -> Any:
    """Keras's GRU, gates z r h."""
    kernel, recurrent, bias = weights.values()
    h = np.zeros((len(x), recurrent.shape[0]))
    units = recurrent.shape[0]
    first, second = bias if reset_after else (bias, np.zeros_like(bias))
    for t in range(x.shape[1]):
        of_x, of_h = x[:, t] @ kernel + first, h @ recurrent + second
        z, r = gate(of_x[:, :units] + of_h[:, :units]), gate((of_x + of_h)[:, units : 2 * units])
        if reset_after:
            new = np.tanh(of_x[:, 2 * units :] + r * of_h[:, 2 * units :])
        else:
            new = np.tanh(of_x[:, 2 * units :] + (r * h) @ recurrent[:, 2 * units :])
        h = z * h + (1 - z) * new
    return h


@pytest.mark.parametrize(
    ("version", "field", "gate"),
    [
        ("2.2.4", None, hard2),
        ("2.2.4-tf", None, hard2),
        ("2.0.0", None, hard2),
        ("2.2.4", "sigmoid", sigmoid),
        ("2.3.0", None, sigmoid),
        ("2.15.0", None, sigmoid),
        ("2.15.0", "hard_sigmoid", hard2),
        ("3.3.3", None, sigmoid),
        ("3.3.3", "hard_sigmoid", hard3),
    ],
)
def test_gates_of_the_version(tmp_path: Path, version: str, field: str | None, gate: Any) -> None:
    """A field that the JSON leaves out is the version's, and so is what hard_sigmoid means."""
    given = {} if field is None else {"recurrent_activation": field}
    model = sequential(layer("LSTM", "lstm", units=3, **given), shape=[5, 4])
    weights = draw(lstm__kernel=(4, 12), lstm__recurrent_kernel=(3, 12), lstm__bias=(12,))
    path = tmp_path / "model"
    if version[0] == "3":
        files.write_archive(path, files.archive_members(model, weights, version))
    else:
        files.write_keras2(path, model, weights, version=version)
    x = np.random.default_rng(2).normal(0, 2, (6, 5, 4)).astype("f4")
    wanted = run_lstm(x, weights, gate)
    np.testing.assert_allclose(keras.load(path).predict(x), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("version", "config", "gate", "reset_after"),
    [
        ("2.2.4", {}, hard2, False),
        ("2.3.1", {}, sigmoid, False),
        ("2.3.0-tf", {}, sigmoid, True),
        ("2.4.0", {}, sigmoid, True),
        ("2.1.6", {"reset_after": True, "recurrent_activation": "sigmoid"}, sigmoid, True),
        ("3.0.0", {}, sigmoid, True),
    ],
)
def test_gru_of_the_version(tmp_path: Path, version: str, config: Any, gate: Any, reset_after: bool) -> None:
    weights = gru_net(reset_after=reset_after)[1]
    path = tmp_path / "model"
    if version[0] == "3":
        files.write_archive(path, files.archive_members(gru_net(**config)[0], weights, version))
    else:
        files.write_keras2(path, gru_net(**config)[0], weights, version=version, cell="gru_cell/")
    x = np.random.default_rng(2).normal(0, 2, (6, 5, 4)).astype("f4")
    wanted = run_gru(x, weights, gate, reset_after)
    np.testing.assert_allclose(keras.load(path).predict(x), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("alone", [False, True])
def test_gru_of_keras1(tmp_path: Path, alone: bool) -> None:
    """Weights alone say no version: the words of the JSON tell."""
    model, weights = gru_net(reset_after=False, recurrent_activation="hard_sigmoid")
    files.write_keras1(tmp_path / "model.h5", model, weights, whole=not alone)
    given = files.model1(model) if alone else None
    x = np.random.default_rng(2).normal(0, 2, (6, 5, 4)).astype("f4")
    wanted = run_gru(x, weights, hard2, False)
    np.testing.assert_allclose(keras.load(tmp_path / "model.h5", given).predict(x), wanted, rtol=0, atol=1e-5)


def test_one_kernel_for_all_gates_of_keras1(tmp_path: Path) -> None:
    """consume_less="gpu" of Keras 1 kept the gates side by side, in today's order."""
    model = sequential(layer("LSTM", "lstm_1", units=3, recurrent_activation="sigmoid"), shape=[5, 4])
    weights = draw(lstm_1__kernel=(4, 12), lstm_1__recurrent_kernel=(3, 12), lstm_1__bias=(12,))
    named = {"lstm_1": list(zip(("lstm_1_W", "lstm_1_U", "lstm_1_b"), weights.values()))}
    files.write_named(tmp_path / "model.h5", named, model=files.model1(model), version="1.2.0")
    check_weights(keras.read(tmp_path / "model.h5")[1], weights)


def test_kernel_of_keras_1_1(tmp_path: Path) -> None:
    """Before 1.2 a 1-D convolution kept (out, in, k, 1)."""
    model = sequential(layer("Conv1D", "conv", filters=5, kernel_size=[3], strides=[1], padding="same"), shape=[9, 2])
    weights = draw(conv__kernel=(3, 2, 5), conv__bias=(5,))
    turned = weights["conv/kernel"].transpose(2, 1, 0)[..., np.newaxis]
    named = {"conv": [("conv_W", turned), ("conv_b", weights["conv/bias"])]}
    files.write_named(tmp_path / "model.h5", named, model=files.model1(model), version="1.1.1")
    check_weights(keras.read(tmp_path / "model.h5")[1], weights)


def test_functional_of_keras1(tmp_path: Path) -> None:
    """As Keras 1.2 wrote a Model: calls of three, shapes that are open where only the input knows them."""
    conv = layer("Convolution1D", "conv_1", nb_filter=2, filter_length=3, border_mode="same", init="glorot_uniform",
                 batch_input_shape=[None, None, 4], input_dtype="float32", subsample_length=1, input_dim=4)  # fmt: skip
    last = layer("Dense", "dense_1", output_dim=2, init="uniform", activation="softmax", input_dim=10)
    layers = [layer("InputLayer", "input_1", batch_input_shape=[None, 5, 4], input_dtype="float32", sparse=False),
              conv, layer("Flatten", "flatten_1"), last]  # fmt: skip
    before = None
    for one in layers:
        one.update(name=one["config"]["name"], inbound_nodes=[[[before, 0, 0]]] if before else [])
        before = one["name"]
    ends: Any = {"input_layers": [["input_1", 0, 0]], "output_layers": [["dense_1", 0, 0]]}
    model = {"class_name": "Model", "config": {"name": "model_1", "layers": layers, **ends}}
    kernel, bias, matrix, offset = draw(a=(3, 4, 2), b=(2,), c=(10, 2), d=(2,)).values()
    named = {"conv_1": [("conv_1_W", kernel[:, np.newaxis]), ("conv_1_b", bias)],
             "dense_1": [("dense_1_W", matrix), ("dense_1_b", offset)]}  # fmt: skip
    files.write_named(tmp_path / "m.h5", named, model=model, version="1.2.2")
    x = np.random.default_rng(2).normal(0, 1, (3, 5, 4)).astype("f4")
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    taps = sum(padded[:, k : k + 5] @ kernel[k] for k in range(3)) + bias
    scores = np.exp(taps.reshape(3, 10) @ matrix + offset)
    wanted = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(keras.load(tmp_path / "m.h5").predict(x), wanted, rtol=0, atol=1e-5)


def test_regularizer_of_keras1(golden: Path, tmp_path: Path) -> None:
    model, weights, _ = files.golden_case(golden / "l2_regularized")
    files.write_keras1(tmp_path / "model.h5", model, weights)
    found, _ = keras.read(tmp_path / "model.h5")
    wanted = {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.25}}
    assert wanted in [entry["config"].get("kernel_regularizer") for entry in files.layers_of(found)]
    assert mirnet.Model.from_keras_json(found, weights=weights)


@pytest.mark.parametrize("form", ["text", "mapping", "path"])
def test_json_in_each_form(tmp_path: Path, form: str) -> None:
    model, weights = dense_net()
    files.write_keras2(tmp_path / "w.h5", model, weights, whole=False)
    (tmp_path / "model.json").write_text(json.dumps(model))
    before = copy.deepcopy(model)
    given = {"text": json.dumps(model), "mapping": model, "path": tmp_path / "model.json"}[form]
    check_weights(keras.read(tmp_path / "w.h5", given)[1], weights)  # type: ignore[arg-type]
    assert model == before


def test_parts_of_the_recipe(tmp_path: Path) -> None:
    last = layer("Dense", "dense", units=2, activation="softmax")
    model = sequential(layer("Flatten", "flatten"), last, shape=[10, 4])
    files.write_keras2(tmp_path / "m.h5", model, draw(dense__kernel=(40, 2), dense__bias=(2,)))
    found = keras.load(tmp_path / "m.h5", encoder={"align": "right"}, classes=["a", "b"], training={"epochs": 7})
    assert found.classes == ["a", "b"]
    assert found.recipe["encoder.align"] == "right"
    assert found.recipe["training.epochs"] == 7
    assert found.predict(["ACGU"]).shape == (1, 2)


def test_names_of_another_instance(tmp_path: Path) -> None:
    """Keras counts names on within a process: weights of dense, dense_1 belong to dense_7, dense_8 by their order."""
    model, weights = dense_net()
    files.write_keras2(tmp_path / "w.h5", model, weights, whole=False)
    other = json.loads(json.dumps(model).replace('"dense_1"', '"dense_8"').replace('"dense"', '"dense_7"'))
    renamed = {name.replace("dense_1/", "dense_8/").replace("dense/", "dense_7/"): w for name, w in weights.items()}
    check_weights(keras.read(tmp_path / "w.h5", other)[1], renamed)
    files.write_weights3(tmp_path / "w3.h5", model, weights)
    check_weights(keras.read(tmp_path / "w3.h5", other)[1], renamed)


def test_twelve_layers_of_a_class(tmp_path: Path) -> None:
    """dense_10 comes behind dense_9, not behind dense_1, where HDF5 lists it."""
    model = sequential(*(layer("Dense", f"d{i}", units=3) for i in range(12)), shape=[3])
    one: dict[str, tuple[int, ...]] = {"kernel": (3, 3), "bias": (3,)}
    weights = draw(**{f"d{i}__{name}": shape for i in range(12) for name, shape in one.items()})
    files.write_weights3(tmp_path / "w.h5", model, weights, names=False)
    check_weights(keras.read(tmp_path / "w.h5", model)[1], weights)


def test_names_decide_where_keras3_writes_them(tmp_path: Path) -> None:
    """Two layers whose names are each other's counters: only the names in the file tell."""
    model = sequential(layer("Dense", "dense_1", units=3), layer("Dense", "dense", units=3), shape=[3])
    weights = draw(dense_1__kernel=(3, 3), dense_1__bias=(3,), dense__kernel=(3, 3), dense__bias=(3,))
    files.write_weights3(tmp_path / "w.h5", model, weights)
    check_weights(keras.read(tmp_path / "w.h5", model)[1], weights)
    files.write_weights3(tmp_path / "w.h5", model, weights, names=False)
    with pytest.raises(mirnet.FormatError, match="ambiguous"):
        keras.read(tmp_path / "w.h5", model)


def test_backward_layer_of_its_own(tmp_path: Path) -> None:
    backward = layer("LSTM", "backward_lstm", units=3, recurrent_activation="sigmoid", go_backwards=True)
    model, weights = bidirectional_net(backward_layer=backward)
    files.write_archive(tmp_path / "m.keras", files.archive_members(model, weights))
    check_weights(keras.read(tmp_path / "m.keras")[1], weights)
    keras.load(tmp_path / "m.keras")


def test_layers_of_a_cell_and_no_bias(tmp_path: Path) -> None:
    inner = layer("LSTM", "lstm", units=3, use_bias=False)
    model = sequential(layer("TimeDistributed", "td", layer=inner), shape=[2, 5, 4])
    weights = draw(td__kernel=(4, 12), td__recurrent_kernel=(3, 12))
    files.write_archive(tmp_path / "m.keras", files.archive_members(model, weights))
    check_weights(keras.read(tmp_path / "m.keras")[1], weights)


def test_deflated_archive(tmp_path: Path) -> None:
    """Keras stores; another zip program may have packed it again."""
    model, weights = dense_net()
    files.write_archive(tmp_path / "m", files.archive_members(model, weights), zipfile.ZIP_DEFLATED)
    check_weights(keras.read(tmp_path / "m")[1], weights)
