"""onnx_cases.py - the models of test_onnx.py: layers and their options, the repository's recipes, references"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import struct
from functools import partial
from itertools import product

import numpy as np

import mirnet
from folders import GOLDEN, ROOT

SAMPLES = 4


# -- Models of random weights ------------------------------------------------------------------------------------------

def layer(class_name, config=None, **entry):
    return {"class_name": class_name, "config": config or {}, **entry}


def sequential(shape, *layers):
    """A Keras model JSON; each layer is (class, config)."""
    return {"class_name": "Sequential",
            "config": {"layers": [layer("InputLayer", {"batch_input_shape": [None, *shape]}),
                                  *(layer(*one) for one in layers)]}}


def functional(inputs, *layers, **config):
    """A Keras model JSON; `inputs` are name: shape, each layer is (name, class, config, reads of each call...).

    A call reads names, or (name, call) of a layer that is called again.
    """
    entries = [layer("InputLayer", {"batch_input_shape": [None, *shape]}, name=name, inbound_nodes=[])
               for name, shape in inputs.items()]
    for name, class_name, fields, *calls in layers:
        nodes = [[[read, 0, 0, {}] if isinstance(read, str) else [*read, 0, {}] for read in call] for call in calls]
        entries.append(layer(class_name, fields, name=name, inbound_nodes=nodes))
    return {"class_name": "Functional", "config": {"layers": entries, **config}}


def random_model(spec):
    """A model with weights that are all different, biases and moving averages too."""
    model = mirnet.Model.from_keras_json(spec)
    rng = np.random.default_rng(1)
    weights = {}
    for name, array in model.weights.items():
        value = rng.normal(0, 0.5, array.shape)
        weights[name] = np.float32(np.abs(value) + 0.5 if name.endswith("variance") else value)
    model.set_weights(weights)
    return model


def random_case(spec, change=None):
    """(model, inputs, None); `change` changes the first input in place."""
    model = random_model(spec)
    rng = np.random.default_rng(2)
    inputs = [rng.normal(0, 1, (SAMPLES, *shape)).astype(np.float32) for shape in model.input_shapes]
    if change:
        change(inputs[0])
    return model, inputs, None


def add(name, spec, change=None):
    assert name not in CASES, name
    CASES[name] = partial(random_case, spec, change)


CASES = {}

# -- Activations -------------------------------------------------------------------------------------------------------

WORDS = ("linear", "relu", "elu", "selu", "sigmoid", "hard_sigmoid", "tanh", "softmax", "softplus", "softsign", "relu6",
         "exponential")
for word in WORDS:
    add(f"activation_{word}", sequential((5, 3), ("Dense", {"units": 6, "activation": word})))
    add(f"activation_behind_conv_{word}",
        sequential((5, 3), ("Conv1D", {"filters": 4, "kernel_size": 2}), ("Activation", {"activation": word})))
add("activation_hard_sigmoid_keras3",
    {**sequential((5, 3), ("Dense", {"units": 6, "activation": "hard_sigmoid"})), "keras_version": "3.3.0"})
add("activation_objects", sequential(
    (5, 3), ("Dense", {"units": 6, "activation": {"class_name": "function", "config": "HardSigmoid"}}),
    ("Activation", {"activation": {"class_name": "Softmax", "config": {}}})))

# -- Convolutions and pools --------------------------------------------------------------------------------------------

WINDOWS_1D = ((4, 1, 1), (3, 2, 1), (2, 3, 1), (3, 1, 2))  # size, strides, dilation
WINDOWS_2D = (([4, 2], 1, 1), ([3, 4], [2, 3], 1), (2, 1, [3, 2]))
for padding, (size, strides, dilation) in product(("valid", "same", "causal"), WINDOWS_1D):
    add(f"conv1d_{padding}_{size}_{strides}_{dilation}", sequential(
        (11, 3), ("Conv1D", {"filters": 4, "kernel_size": size, "strides": strides, "dilation_rate": [dilation],
                             "padding": padding, "activation": "relu"})))
for padding, (size, strides, dilation) in product(("valid", "same"), WINDOWS_2D):
    add(f"conv2d_{padding}_{size}_{strides}", sequential(
        (11, 7, 2), ("Conv2D", {"filters": 4, "kernel_size": size, "strides": strides, "dilation_rate": dilation,
                                "padding": padding, "use_bias": padding == "same"})))
for kind, padding, strides in product(("Max", "Average"), ("valid", "same"), (None, 1, 3)):
    add(f"pool1d_{kind}_{padding}_{strides}", sequential(
        (11, 3), (f"{kind}Pooling1D", {"pool_size": 2, "padding": padding, "strides": strides})))
    add(f"pool2d_{kind}_{padding}_{strides}", sequential(
        (11, 7, 3), (f"{kind}Pooling2D", {"pool_size": [3, 2], "padding": padding, "strides": strides})))
for kind in ("Max", "Average"):
    add(f"global_{kind}1d", sequential((7, 3), (f"Global{kind}Pooling1D",)))
    add(f"global_{kind}2d", sequential((7, 3, 2), ("Conv2D", {"filters": 4, "kernel_size": 2}),
                                       (f"Global{kind}Pooling2D",)))
add("conv_pool_conv_pool", sequential(
    (20, 4, 1), ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "relu"}),
    ("MaxPooling2D", {}), ("BatchNormalization", {}), ("Dropout", {"rate": 0.5}),
    ("Conv2D", {"filters": 5, "kernel_size": [3, 1], "activation": "softmax"}),
    ("AveragePooling2D", {"pool_size": [2, 1]}),
    ("Flatten",), ("Dense", {"units": 3, "activation": "softmax"})))
add("list_of_keras_2_1", {"class_name": "Sequential", "config": [
    layer("Conv1D", {"batch_input_shape": [None, 11, 3], "filters": 2, "kernel_size": [3]}), layer("Flatten")]})
add("names_of_keras_1", sequential(
    (11, 3),
    ("Convolution1D", {"nb_filter": 4, "filter_length": 3, "border_mode": "same", "subsample": 2, "bias": False}),
    ("MaxPool1D", {"pool_length": 2}), ("SpatialDropout1D", {"p": 0.5}), ("GlobalMaxPool1D",),
    ("Dense", {"output_dim": 2})))

# -- Shapes, normalization, embedding ----------------------------------------------------------------------------------

add("dense_on_three_axes", sequential((2, 3, 4), ("Dense", {"units": 5, "use_bias": False})))
add("reshape_permute_repeat", sequential(
    (6, 4), ("Conv1D", {"filters": 4, "kernel_size": 1}), ("Reshape", {"target_shape": [2, -1, 4]}),
    ("Permute", {"dims": [3, 1, 2]}), ("Flatten",), ("RepeatVector", {"n": 3})))
for shape in ((4,), (5, 4), (3, 2, 4)):
    add(f"batch_normalization_{len(shape)}", sequential(shape, ("BatchNormalization", {"epsilon": 0.01})))
add("batch_normalization_plain", sequential((5, 4), ("BatchNormalization", {"center": False, "scale": False})))


def indices(x):
    x[:] = np.random.default_rng(3).integers(0, 6, x.shape)


def odd_indices(x):
    indices(x)
    x[0, :6] = [-1, -0.9, 5.9, 6, np.nan, 1e9]


add("embedding_odd", sequential((9,), ("Embedding", {"input_dim": 6, "output_dim": 4})), odd_indices)
add("embedding_masked", sequential((9,), ("Embedding", {"input_dim": 6, "output_dim": 4, "mask_zero": True}),
                                   ("GRU", {"units": 5})), indices)

# -- Recurrent layers --------------------------------------------------------------------------------------------------

# Gates stay within 0..1: with others a state grows from step to step, and rounding with it.
PAIRS = (("tanh", "sigmoid"), ("relu", "hard_sigmoid"), ("softsign", "softmax"), ("relu6", "sigmoid"))
for kind, (f, s), sequences, backwards in product(("LSTM", "GRU"), PAIRS, (False, True), (False, True)):
    add(f"{kind}_{f}_{s}_{sequences}_{backwards}", sequential((7, 3), (kind, {
        "units": 5, "activation": f, "recurrent_activation": s, "return_sequences": sequences,
        "go_backwards": backwards})))
for kind, f in product(("LSTM", "GRU"), ("linear", "selu", "softplus")):
    add(f"{kind}_{f}", sequential((7, 3), (kind, {"units": 5, "activation": f})))
for f in ("tanh", "elu"):
    add(f"GRU_resets_before_{f}", sequential((7, 3), ("GRU", {"units": 5, "reset_after": False, "activation": f})))
    add(f"LSTM_no_bias_{f}", sequential((7, 3), ("LSTM", {"units": 5, "use_bias": False, "activation": f})))
add("LSTM_hard_sigmoid_keras3", {
    **sequential((7, 3), ("LSTM", {"units": 5, "recurrent_activation": "hard_sigmoid"})), "keras_version": "3.3.0"})
add("LSTM_one_step", sequential((1, 3), ("LSTM", {"units": 5})))


def rnn(kind, units=5, **config):
    return {"class_name": kind, "config": {"units": units, **config}}


for mode, kind, sequences in product(("concat", "sum", "mul", "ave"), ("LSTM", "GRU"), (False, True)):
    add(f"bidirectional_{mode}_{kind}_{sequences}", sequential(
        (7, 3), ("Bidirectional", {"layer": rnn(kind, return_sequences=sequences), "merge_mode": mode})))
for f in ("tanh", "softplus"):
    add(f"bidirectional_turned_{f}", sequential((7, 3), ("Bidirectional", {
        "layer": rnn("LSTM", return_sequences=True, go_backwards=True, activation=f)})))
add("bidirectional_of_two", sequential((7, 3), ("Bidirectional", {
    "layer": rnn("LSTM", return_sequences=True),
    "backward_layer": rnn("GRU", 2, return_sequences=True, go_backwards=True)})))

# -- TimeDistributed ---------------------------------------------------------------------------------------------------

DISTRIBUTED = {
    "conv_pool_flatten": ((3, 8, 4, 1), [("Conv2D", {"filters": 3, "kernel_size": 2, "activation": "relu"}),
                                         ("MaxPooling2D", {}), ("Dropout", {"rate": 0.1}), ("Flatten", {})]),
    "conv_softmax": ((3, 8, 2), [("Conv1D", {"filters": 3, "kernel_size": 2}),
                                 ("Activation", {"activation": "softmax"})]),
    "normalized": ((3, 8, 2), [("BatchNormalization", {}), ("GlobalAveragePooling1D", {}), ("RepeatVector", {"n": 2})]),
    "recurrent": ((3, 8, 2), [("Dense", {"units": 3}), ("LSTM", {"units": 4}), ("Dense", {"units": 2})]),
    "permuted": ((3, 8, 2), [("Conv1D", {"filters": 3, "kernel_size": 2}), ("Permute", {"dims": [2, 1]}),
                             ("Reshape", {"target_shape": [21]})]),
    "embedded": ((3, 8), [("Embedding", {"input_dim": 6, "output_dim": 4})]),
}
for name, (shape, inner) in DISTRIBUTED.items():
    add(f"distributed_{name}", sequential(shape, *(("TimeDistributed", {"layer": layer(*one)}) for one in inner)),
        indices if name == "embedded" else None)
add("distributed_and_not", sequential(
    (3, 8, 2), ("TimeDistributed", {"layer": layer("Conv1D", {"filters": 3, "kernel_size": 2})}),
    ("Dropout", {"rate": 0.5}), ("Activation", {"activation": "softmax"}),
    ("Conv2D", {"filters": 2, "kernel_size": 2}), ("Flatten",)))

# -- Masks -------------------------------------------------------------------------------------------------------------


def gaps(x):
    """Steps of zeros: in front, behind, between, none, all."""
    x[0, :3] = x[0, 5:] = x[1, 2] = x[1, 4] = x[3] = 0


MASKED = {
    "gru": [("GRU", {"units": 4, "return_sequences": True}), ("GRU", {"units": 3, "reset_after": False})],
    "lstm": [("LSTM", {"units": 4, "return_sequences": True, "go_backwards": True}), ("LSTM", {"units": 3})],
    "both": [("Bidirectional", {"layer": rnn("LSTM", return_sequences=True)}),
             ("Bidirectional", {"layer": rnn("GRU", return_sequences=True, go_backwards=True), "merge_mode": "sum"}),
             ("Bidirectional", {"layer": rnn("LSTM"), "merge_mode": "mul"})],
    "average": [("Dense", {"units": 4}), ("BatchNormalization", {}), ("Activation", {"activation": "tanh"}),
                ("Dropout", {"rate": 0.5}), ("GlobalAveragePooling1D",)],
    "distributed": [("TimeDistributed", {"layer": layer("Dense", {"units": 4})}), ("SpatialDropout1D", {"rate": 0.5}),
                    ("LSTM", {"units": 3})],
}
for name, layers in MASKED.items():
    add(f"masked_{name}", sequential((7, 3), ("Masking",), *layers), gaps)


def gaps_of_half(x):
    gaps(x)
    x[x == 0] = 0.5
    x[2, 1] = [0.5, 0.5, 0]


add("masked_by_half", sequential((7, 3), ("Masking", {"mask_value": 0.5}), ("LSTM", {"units": 3})), gaps_of_half)

# -- Graphs ------------------------------------------------------------------------------------------------------------

add("two_inputs", functional(
    {"sequence": (7, 3), "numbers": (4,)},
    ("dense", "Dense", {"units": 2}, ["joined"]),  # any order of the layers
    ("joined", "Concatenate", {}, ["lstm", "numbers"]),
    ("lstm", "LSTM", {"units": 3}, ["sequence"])))
add("inputs_in_another_order", functional(
    {"a": (3,), "b": (3,)},
    ("joined", "Concatenate", {}, ["a", "b"]),
    input_layers=[["b", 0, 0], ["a", 0, 0]], output_layers=[["joined", 0, 0]]))
add("shared_layer", functional(
    {"a": (7, 3), "b": (7, 3)},
    ("conv", "Conv1D", {"filters": 3, "kernel_size": 3, "padding": "same"}, ["a"], ["b"], [("conv", 0)]),
    ("sum", "Add", {}, ["conv", ("conv", 1), ("conv", 2)]),
    ("lstm", "LSTM", {"units": 2}, ["sum"])))
for name in ("Add", "Multiply", "Average", "Maximum"):
    add(f"merge_{name}", functional(
        {"x": (7, 3)},
        ("left", "Conv1D", {"filters": 3, "kernel_size": 3, "padding": "same"}, ["x"]),
        ("right", "Conv1D", {"filters": 3, "kernel_size": 2, "padding": "same"}, ["x"]),
        ("alike", name, {}, ["left", "right"]),
        ("mixed", name, {}, ["x", "alike", "left"])))
for axis in (-1, 1, 2):
    add(f"concatenate_{axis}", functional(
        {"x": (7, 3)},
        ("left", "Conv1D", {"filters": 3, "kernel_size": 3, "padding": "same"}, ["x"]),
        ("right", "Conv1D", {"filters": 3, "kernel_size": 2, "padding": "same"}, ["x"]),
        ("alike", "Concatenate", {"axis": axis}, ["left", "right"]),
        ("again", "Concatenate", {"axis": axis}, ["alike", "alike"]),
        ("output", "Dense", {"units": 2}, ["again"])))
for axis in (1, -1):
    add(f"masks_side_by_side_{axis}", functional(
        {"x": (7, 3), "y": (7, 3)},
        ("masked", "Masking", {}, ["x"]),
        ("other", "Masking", {"mask_value": 0.25}, ["x"]),
        ("joined", "Concatenate", {"axis": axis}, ["masked", "y", "other"]),
        ("gru", "GRU", {"units": 4}, ["joined"])), gaps)
add("masks_merged", functional(
    {"x": (7, 3), "y": (7, 3)},
    ("masked", "Masking", {}, ["x"]),
    ("sum", "Add", {}, ["y", "masked"]),
    ("mean", "GlobalAveragePooling1D", {}, ["sum"])), gaps)
add("input_called_output", functional({"output": (3,)}, ("dense", "Dense", {"units": 2}, ["output"])))
add("nothing_but_dropout", sequential((3,), ("Dropout", {"rate": 0.5})))


def tensor(name):
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, 7, 3], "keras_history": [name, 0, 0]}}


def keras3():
    calls = {"left": tensor("x"), "right": tensor("x"), "sum": [tensor("left"), tensor("right")]}
    entries = [layer("InputLayer", {"batch_shape": [None, 7, 3], "name": "x"}, name="x", inbound_nodes=[])]
    for name, class_name, config in (("left", "Dense", {"units": 3, "activation": "hard_sigmoid"}),
                                     ("right", "Dense", {"units": 3}), ("sum", "Add", {})):
        call = {"args": [calls[name]], "kwargs": {}}
        entries.append(layer(class_name, config, name=name, inbound_nodes=[call]))
    return {"class_name": "Functional", "module": "keras", "config": {
        "layers": entries, "input_layers": [["x", 0, 0]], "output_layers": ["sum", 0, 0]}}


add("functional_keras3", keras3())

# -- Recipes of the repository -----------------------------------------------------------------------------------------


def recipe_case(source, samples):
    """Encoded random hairpins."""
    model = mirnet.Model(source)
    rng = np.random.default_rng(4)
    sequences = ["".join(rng.choice(list("ACGUN"), n, p=[0.24, 0.24, 0.24, 0.24, 0.04]))
                 for n in rng.integers(40, 120, samples)]
    encoded = mirnet.Encoder(model.recipe).encode(sequences)
    return model, [encoded.reshape(samples, *model.input_shapes[0])], None


for path in sorted((ROOT / "examples/recipes").glob("*.json")):
    CASES[f"recipe_{path.stem}"] = partial(recipe_case, path, 3)
for name in ("tasdelen2021", "tasdelen2021-pool", "linear-ends"):
    CASES[f"recipe_{name}"] = partial(recipe_case, name, 3)
CASES["recipe_tasdelen2021_one_sample"] = partial(recipe_case, "tasdelen2021", 1)

# -- Reference vectors -------------------------------------------------------------------------------------------------


def read_tensors(path):
    """A safetensors file of float32 tensors, by name."""
    data = path.read_bytes()
    size, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data, "<f4", (end - start) // 4, 8 + size + start).reshape(entry["shape"])
            for name, entry in header.items() for start, end in [entry["data_offsets"]]}


def golden_case(folder):
    tensors = read_tensors(folder / "tensors.safetensors")
    weights = {name[8:]: array for name, array in tensors.items() if name.startswith("weights/")}
    model = mirnet.Model.from_keras_json((folder / "model.json").read_text(), weights=weights)
    inputs = [tensors.get(f"input/{name}", tensors.get("input")) for name in model.input_names]
    return model, inputs, tensors["output"]


for folder in sorted(GOLDEN.glob("*/")):
    if (folder / "tensors.safetensors").exists():
        CASES[f"golden_{folder.name}"] = partial(golden_case, folder)
