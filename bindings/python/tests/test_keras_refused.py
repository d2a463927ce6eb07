"""test_keras_refused.py - what mirnet.keras does not take from a sound Keras file: one line that names it"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mirnet

h5py = pytest.importorskip("h5py")
import keras_files as files  # noqa: E402
from test_keras import bidirectional_net, dense_net, draw, gru_net, layer, sequential  # noqa: E402

import mirnet.keras as keras  # noqa: E402


def refused(kind: type[mirnet.MirnetError], match: str, path: Path, given: Any = None) -> None:
    """Both doors refuse the file, in one line that begins with a place."""
    doors: list[Any] = [keras.read, keras.load]
    for door in doors:
        with pytest.raises(kind, match=match) as caught:
            door(path, given)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 700


def refused_model(kind: type[mirnet.MirnetError], match: str, tmp_path: Path, model: files.Json) -> None:
    """The JSON is refused in an HDF5 file and in an archive, before its weights are looked at."""
    files.write_named(tmp_path / "m.h5", {}, model=model)
    refused(kind, match, tmp_path / "m.h5")
    members = {"config.json": model, "model.weights.h5": b"none"}
    weights = io.BytesIO()
    h5py.File(weights, "w").close()
    files.write_archive(tmp_path / "m.keras", {**members, "model.weights.h5": weights.getvalue()})
    refused(kind, match, tmp_path / "m.keras")


# -- Models ------------------------------------------------------------------------------------------------------------

CODE = "4wEAAAAAAAAAAAAAAAEAAAACAAAAQwAAAHMEAAAAfABTACkBTqkA"  # marshalled code begins so
KERAS3_LAMBDA = {"class_name": "__lambda__", "config": {"value": [CODE, None, None]}}
CUSTOM: Any = {"module": "my_package.layers", "class_name": "Dense", "config": {"name": "mine", "units": 2}}
REGISTERED: Any = {**CUSTOM, "module": "keras.layers", "registered_name": "my_package>Dense"}
POLICIES: Any = {
    "mixed_float16": {"class_name": "Policy", "config": {"name": "mixed_float16"}},
    "mixed_bfloat16": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}},
    "int8_from_float32": {"class_name": "QuantizedDTypePolicy", "config": {"name": "int8_from_float32"}},
    "float64": "float64",
}


@pytest.mark.parametrize(
    ("one", "match"),
    [
        (layer("Lambda", "cut", function=[CODE, None, None]), "layer 'cut': class Lambda .*code"),
        (layer("Lambda", "cut", function=KERAS3_LAMBDA), "layer 'cut': class Lambda"),
        (layer("Activation", "act", activation=KERAS3_LAMBDA), "layer 'act': class Lambda"),
        (layer("TimeDistributed", "td", layer=layer("Lambda", "deep", function=[CODE])), "layer 'deep': class Lambda"),
        (CUSTOM, "layer 'mine': custom class 'Dense' of module 'my_package.layers'"),
        (REGISTERED, "layer 'mine': custom class 'Dense' registered as 'my_package>Dense'"),
        (layer("Attention2", "att"), "layer 'att': class 'Attention2' is not supported"),
        (layer("TFOpLambda", "tf.math.add"), "layer 'tf.math.add': class 'TFOpLambda'"),
        (layer("Sequential", "inner", layers=[]), "'inner': a model as a layer"),
        ({"class_name": "Functional", "name": "inner", "config": []}, "'inner': a model as a layer"),
        (layer("TimeDistributed", "td", layer=layer("Model", "inner")), "'inner': a model as a layer"),
        (layer("Bidirectional", "bi", layer=layer("Dense", "dense", units=2)), "'bi': Dense inside Bidirectional"),
        (layer("TimeDistributed", "td", layer=layer("TimeDistributed", "t", layer=layer("Flatten", "f"))), "'td': T"),
        *[(layer("Dense", "d", units=2, dtype=policy), f"'d': dtype policy '{n}'") for n, policy in POLICIES.items()],
    ],
)
def test_unsupported_layer(tmp_path: Path, one: Any, match: str) -> None:
    model = sequential(layer("Dense", "first", units=2), one, shape=[3])
    refused_model(mirnet.UnsupportedError, match, tmp_path, model)


def test_unsupported_model(tmp_path: Path) -> None:
    refused_model(mirnet.UnsupportedError, "model class 'MyModel'", tmp_path, {"class_name": "MyModel", "config": {}})
    subclass = {"module": "my_package", "class_name": "Functional", "config": {}, "registered_name": "Functional"}
    refused_model(mirnet.UnsupportedError, "custom class 'Functional' of module 'my_package'", tmp_path, subclass)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("model", "match"),
    [
        ({"config": {}}, "expected an object with 'class_name'"),
        ({"class_name": "Sequential", "config": {}}, "no list of layers"),
        ({"class_name": "Sequential", "config": {"layers": []}}, "no list of layers"),
        ({"class_name": "Sequential", "config": {"layers": ["Dense"]}}, "layer 0: expected an object"),
        ({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {}}]}}, "has no name"),
        ({"class_name": "Sequential", "config": {"layers": [layer("Dense", "d")]}}, "'d': field 'units'"),
        ({"class_name": "Sequential", "config": {"layers": [layer("Dense", "d", units=True)]}}, "'d': field 'units'"),
        ({"class_name": "Sequential", "config": {"layers": [layer("Dense", "d", units=2)] * 2}}, "two layers have"),
        ({"class_name": "Sequential", "config": {"layers": [layer("TimeDistributed", "t", layer=3)]}}, "'t'.*expec"),
        ({"class_name": "Sequential", "config": nested(90)}, "nested more than"),
    ],
)  # fmt: skip
def test_malformed_model(tmp_path: Path, model: Any, match: str) -> None:
    refused_model(mirnet.FormatError, match, tmp_path, model)


def test_old_fields(tmp_path: Path) -> None:
    """Keras 1: Theano's order, and fields that would change the result."""
    old = {"class_name": "Sequential", "config": []}
    for one, match in [
        (layer("Convolution2D", "c", nb_filter=2, nb_row=2, nb_col=2, dim_ordering="th"), "'c': dim_ordering 'th'"),
        (layer("BatchNormalization", "b", mode=1), "'b': field 'mode'"),
        (layer("Embedding", "e", input_dim=3, output_dim=2, dropout=0.5, init="uniform"), "'e': field 'dropout'"),
        (layer("LSTM", "l", output_dim=2, forget_bias_init="glorot_uniform"), "'l': field 'forget_bias_init'"),
        (layer("Dense", "d", output_dim=2, W_regularizer={"name": "MyRegularizer"}), "regularizer 'MyRegularizer'"),
    ]:
        files.write_named(tmp_path / "m.h5", {}, model={**old, "config": [one]}, version="1.2.2")
        refused(mirnet.UnsupportedError, match, tmp_path / "m.h5")


def test_kernels_of_theano(tmp_path: Path) -> None:
    model = sequential(layer("Conv1D", "conv", filters=2, kernel_size=[3]), shape=[9, 4])
    files.write_keras2(tmp_path / "m.h5", model, draw(conv__kernel=(3, 4, 2), conv__bias=(2,)), backend="theano")
    refused(mirnet.UnsupportedError, "Theano", tmp_path / "m.h5")
    dense, weights = dense_net()
    files.write_keras2(tmp_path / "m.h5", dense, weights, backend="theano")
    keras.load(tmp_path / "m.h5")


# -- Weights that are not the model's ----------------------------------------------------------------------------------


def named_dense() -> tuple[files.Json, dict[str, files.Named]]:
    model, weights = dense_net()
    named = {}
    for name in ("dense", "dense_1"):
        named[name] = [(f"{name}/{key}:0", value) for key, value in files.sorted_weights(weights, name)]
    return model, named


def test_missing_and_extra_layers(tmp_path: Path) -> None:
    model, named = named_dense()
    path = tmp_path / "m.h5"
    files.write_named(path, {"dense": named["dense"]}, model=model)
    refused(mirnet.FormatError, r"for 1 layers \(dense\), the model has 2 with weights \(dense, dense_1\)", path)
    files.write_named(path, {**named, "dense_2": [("k:0", np.zeros(3, "f4"))]}, model=model)
    refused(mirnet.FormatError, "weights for 3 layers", path)
    files.write_named(path, {**named, "dropout": []}, model=model)
    keras.load(path)


def test_missing_extra_and_wrong_datasets(tmp_path: Path) -> None:
    model, named = named_dense()
    path = tmp_path / "m.h5"
    kernel, bias = named["dense"]
    cases: list[tuple[files.Named, str]] = [
        ([kernel], "layer 'dense' .Dense. needs 2 weights, the file has 1"),
        ([kernel, bias, ("dense/more:0", bias[1])], "needs 2 weights, the file has 3"),
        ([(kernel[0], kernel[1].T), bias], r"'dense/dense/kernel:0' has shape \(4, 3\), weight 'dense/kernel' needs"),
        ([(kernel[0], kernel[1][:, :3]), bias], r"has shape \(3, 3\)"),
        ([kernel, (bias[0], bias[1][np.newaxis])], r"'dense/dense/bias:0' has shape \(1, 4\)"),
        ([("dense/gamma:0", kernel[1]), bias], "'dense/dense/gamma:0' stands where 'kernel' is expected"),
        ([bias, kernel], "'dense/dense/bias:0' stands where 'kernel' is expected"),
    ]  # fmt: skip
    for own, match in cases:
        files.write_named(path, {**named, "dense": own}, model=model)
        refused(mirnet.FormatError, match, path)


def test_size_that_the_input_decides(tmp_path: Path) -> None:
    """A kernel of another input fits the JSON's fields; the model, which knows the input, refuses it before reading."""
    model, named = named_dense()
    named["dense"][0] = (named["dense"][0][0], np.zeros((5, 4), "f4"))
    files.write_named(tmp_path / "m.h5", named, model=model)
    with pytest.raises(mirnet.FormatError, match=r"has shape \(5, 4\), weight 'dense/kernel' needs \(3, 4\)"):
        keras.load(tmp_path / "m.h5")


def test_names_and_datasets_disagree(tmp_path: Path) -> None:
    model, named = named_dense()
    path = tmp_path / "m.h5"
    files.write_named(path, named, model=model)
    with h5py.File(path, "a") as file:
        file["model_weights/dense/dense/spare:0"] = np.zeros(2, "f4")
    refused(mirnet.FormatError, "dataset 'dense/dense/spare:0' belongs to no layer", path)
    with h5py.File(path, "a") as file:
        del file["model_weights/dense/dense/spare:0"], file["model_weights/dense/dense/bias:0"]
    refused(mirnet.FormatError, "dataset 'dense/dense/bias:0' is named in the file, but not there", path)
    with h5py.File(path, "a") as file:
        del file["model_weights/dense"]
    refused(mirnet.FormatError, "layer 'dense' is named in the file, but has no group", path)
    with h5py.File(path, "a") as file:
        del file["model_weights"]
    refused(mirnet.FormatError, "no weights of Keras", path)


def test_sides_turned(tmp_path: Path) -> None:
    model, weights = bidirectional_net()
    turned = {name: weights.get(name.replace("forward", "x").replace("backward", "forward").replace("x", "backward"))
              for name in weights}  # fmt: skip
    named = {}
    for entry in files.layers_of(model):
        own = files.sorted_weights(turned, files.name_of(entry))
        named[files.name_of(entry)] = [(files.name2(entry, name, "", ""), value) for name, value in own]
    named["bi"] = named["bi"][3:] + named["bi"][:3]
    files.write_named(tmp_path / "m.h5", named, model=model)
    refused(mirnet.FormatError, "backward_lstm/kernel:0' stands where 'forward/kernel' is expected", tmp_path / "m.h5")


def test_gates_in_another_order(tmp_path: Path) -> None:
    model, weights = gru_net(reset_after=False)
    own = files.weights1(files.layers_of(model)[0], files.sorted_weights(weights, "gru"), "gru")
    named = {"gru": own[3:6] + own[:3] + own[6:]}
    files.write_named(tmp_path / "m.h5", named, model=files.model1(model), version="1.2.2")
    refused(mirnet.FormatError, "'gru/gru_W_r' stands where 'kernel' is expected", tmp_path / "m.h5")


def test_groups_of_keras3(tmp_path: Path) -> None:
    model, weights = dense_net()
    path, given = tmp_path / "w.h5", files.model3(model)

    def write(change: Any) -> None:
        files.write_weights3(path, model, weights, names=False)
        with h5py.File(path, "a") as file:
            change(file)

    def move(old: str, new: str) -> Any:
        return lambda file: file.move(old, new)

    for change, match in [
        (move("layers/dense/vars/1", "layers/dense/vars/2"), "layer 'dense' .Dense. needs 2 weights, the file has 2"),
        (move("layers/dense/vars/1", "layers/dense/1"), "layer 'dense'"),
        (move("layers/dense/vars/1", "vars/0"), "dataset 'vars/0' belongs to no layer"),
        (move("layers/dense", "layers/conv1d"), "groups conv1d, dense_1 are not those of the layers"),
        (move("layers/dense_1", "other/dense_1"), "dataset 'other/dense_1/vars/0' belongs to no layer"),
        (move("layers/dense_1", "_layer_checkpoint_dependencies/dense_1"), "belongs to no layer"),
        (lambda file: file.pop("layers/dense_1"), "weights for 1 layers"),
        (move("layers", "stuff"), "no weights of Keras"),
    ]:
        write(change)
        refused(mirnet.FormatError, match, path, given)


def test_json_is_needed(tmp_path: Path) -> None:
    model, weights = dense_net()
    files.write_keras2(tmp_path / "w.h5", model, weights, whole=False)
    refused(mirnet.InvalidError, "weights without a model", tmp_path / "w.h5")
    refused(mirnet.InvalidError, "expected a text, a mapping or a path, not int", tmp_path / "w.h5", 3)
    refused(mirnet.InvalidError, "cannot be written as JSON", tmp_path / "w.h5", {"class_name": {1, 2}})
    refused(mirnet.MissingFileError, "no.json: No such file", tmp_path / "w.h5", tmp_path / "no.json")
    for text, match in [("{", "not valid JSON"), ('{"a": 1, "a": 2}', "a key is there twice"), ('{"a": NaN}', "NaN"),
                        ("[1]", "expected a JSON object, not list"), ("[" * 100000, "not valid JSON")]:  # fmt: skip
        refused(mirnet.FormatError, match, tmp_path / "w.h5", text)
