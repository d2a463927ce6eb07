"""keras_files.py - writes files as the versions of Keras do: for the tests of mirnet.keras"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import copy
import io
import json
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

h5py: Any = __import__("h5py")

Json = dict[str, Any]
Arrays = dict[str, Any]
Named = list[tuple[str, Any]]  # names of the file and values, in the order of the file

ORDER = ["kernel", "recurrent_kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "embeddings"]


def read_safetensors(path: Path) -> Arrays:
    data = path.read_bytes()
    n = struct.unpack("<Q", data[:8])[0]
    found = {}
    for name, info in json.loads(data[8 : 8 + n]).items():
        if name != "__metadata__":
            begin, end = (8 + n + offset for offset in info["data_offsets"])
            found[name] = np.frombuffer(data[begin:end], "<f4").reshape(info["shape"])
    return found


def golden_case(folder: Path) -> tuple[Json, Arrays, Arrays]:
    """JSON, weights by libmirnet's names, and all tensors of a reference case."""
    tensors = read_safetensors(folder / "tensors.safetensors")
    weights = {name[8:]: value for name, value in tensors.items() if name.startswith("weights/")}
    return json.loads((folder / "model.json").read_text()), weights, tensors


def layers_of(model: Json) -> list[Json]:
    config: Any = model["config"]
    found: list[Json] = config if isinstance(config, list) else config["layers"]
    return found


def name_of(entry: Json) -> str:
    return str(entry["config"].get("name") or entry["name"])


def sorted_weights(weights: Arrays, layer: str) -> Named:
    """(weight, value) of a layer in the order in which Keras keeps them; "forward/kernel" before "backward/kernel"."""
    own = [(name[len(layer) + 1 :], value) for name, value in weights.items() if name.startswith(layer + "/")]
    return sorted(own, key=lambda pair: ("backward" in pair[0], ORDER.index(pair[0].rsplit("/", 1)[-1])))


def plain_model(model: Json) -> Json:
    """The JSON as Keras itself keeps it in a file: without version and backend."""
    return {key: value for key, value in copy.deepcopy(model).items() if key not in ("keras_version", "backend")}


# -- Keras 2 -----------------------------------------------------------------------------------------------------------


def name2(entry: Json, weight: str, cell: str, prefix: str) -> str:
    """conv2d/kernel:0, lstm/lstm_cell/kernel:0, bidirectional/forward_lstm/kernel:0, time_distributed/kernel:0."""
    layer, class_name = name_of(entry), entry["class_name"]
    if class_name == "Bidirectional":
        side, weight = weight.split("/")
        inner = name_of(entry["config"]["layer"])
        return f"{prefix}{layer}/{side}_{inner}/{cell}{weight}:0"
    return f"{prefix}{layer}/{cell if class_name in ('LSTM', 'GRU') else ''}{weight}:0"


def put_names(group: Any, key: str, names: list[str], style: str, parts: int = 0) -> None:
    """style: bytes as h5py 2 wrote them (fixed length), bytes3 as h5py 3 does (variable length), or str."""
    pieces = [list(one) for one in np.array_split(names, parts)] if parts else [names]
    for i, piece in enumerate(pieces):
        at = f"{key}{i}" if parts else key
        if style == "str":
            group.attrs.create(at, np.array(piece, dtype=object), dtype=h5py.string_dtype())
        elif piece and style == "bytes":
            group.attrs[at] = np.array([name.encode("utf-8") for name in piece], dtype="S")
        else:
            group.attrs[at] = [str(name).encode("utf-8") for name in piece]


def put_text(item: Any, key: str, text: str, style: str) -> None:
    data = text.encode("utf-8")
    item.attrs[key] = {"bytes": np.bytes_(data), "bytes3": data, "str": text}[style]


def write_named(
    path: Any, named: dict[str, Named], *, model: Json | None = None, version: str | None = "2.4.0",
    style: str = "bytes", parts: int = 0, optimizer: bool = True, backend: str = "tensorflow", **options: Any
) -> None:  # fmt: skip
    """
    The layout of `layer_names`: a whole model with `model`, else what save_weights writes. `named` has every layer in
    the model's order, those without weights too; `options` go to create_dataset.
    """
    with h5py.File(path, "w") as file:
        root = file
        if model is not None:
            put_text(file, "model_config", json.dumps(plain_model(model)), style)
            put_text(file, "training_config", json.dumps({"loss": "my_own_loss"}), style)
            root = file.create_group("model_weights")
        for item in {id(one): one for one in (file, root)}.values():
            if version:
                put_text(item, "keras_version", version, style)
                put_text(item, "backend", backend, style)
        put_names(root, "layer_names", list(named), style, parts)
        for layer, weights in named.items():
            group = root.create_group(layer)
            put_names(group, "weight_names", [name for name, _ in weights], style, parts and min(parts, 2))
            for name, value in weights:
                group.create_dataset(name, data=value, **options)
        if model is not None and optimizer:
            file.create_dataset("optimizer_weights/training/Adam/iter:0", data=np.int64(7))


def write_keras2(path: Any, model: Json, weights: Arrays, *, whole: bool = True, cell: str = "", prefix: str = "",
                 **options: Any) -> None:  # fmt: skip
    named = {}
    for entry in layers_of(model):
        layer = name_of(entry)
        named[layer] = [(name2(entry, name, cell, prefix), value) for name, value in sorted_weights(weights, layer)]
    write_named(path, named, model=model if whole else None, **options)


# -- Keras 3 -----------------------------------------------------------------------------------------------------------


def snake(class_name: str) -> str:
    return re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", class_name)).lower()


def model3(model: Json) -> Json:
    """A JSON of Keras 2 as Keras 3 writes it."""
    model = plain_model(model)
    sequential = model["class_name"] == "Sequential"
    model.update(module="keras" if sequential else "keras.src.models.functional", registered_name=model["class_name"])
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}

    def convert(entry: Json) -> None:
        entry.update(module="keras.layers", registered_name=None)
        config = entry["config"]
        config["dtype"] = policy
        if "recurrent_initializer" in config:
            gain: Json = {"class_name": "OrthogonalInitializer", "config": {"gain": 1.0, "seed": None}}
            config["recurrent_initializer"] = {"module": "keras.initializers", "registered_name": None, **gain}
        if "batch_input_shape" in config:
            shape = config.pop("batch_input_shape")
            entry["build_config"] = {"input_shape": shape}
            if entry["class_name"] == "InputLayer":
                config.update(batch_shape=shape, dtype="float32")
        if entry["class_name"] in ("Bidirectional", "TimeDistributed"):
            convert(config["layer"])
        calls = entry.get("inbound_nodes")
        if calls:
            entry["inbound_nodes"] = [call3(call) for call in calls]

    def call3(call: Any) -> Json:
        tensors = [
            {"class_name": "__keras_tensor__", "config": {"shape": [], "dtype": "float32", "keras_history": one[:3]}}
            for one in call
        ]
        return {"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": {}}

    layers = layers_of(model)
    if sequential and layers[0]["class_name"] != "InputLayer":
        shape = layers[0]["config"]["batch_input_shape"]
        layers.insert(0, {"class_name": "InputLayer", "config": {"name": "input_layer", "batch_input_shape": shape}})
    for entry in layers:
        convert(entry)
    model["compile_config"] = {"loss": {"module": "my_module", "class_name": "function", "config": "my_own_loss"}}
    return model


def path3(class_name: str, entry: Json, weight: str, counts: dict[str, int]) -> str:
    """The group of a weight below that of its layer: vars, cell/vars, forward_layer/cell/vars, layer/vars."""
    path = ""
    if class_name == "Bidirectional":
        path, entry = weight.split("/")[0] + "_layer/", entry["config"]["layer"]
    elif class_name == "TimeDistributed":
        path, entry = "layer/", entry["config"]["layer"]
    if entry["class_name"] in ("LSTM", "GRU"):
        path += "cell/"
    counts[path] = counts.get(path, -1) + 1
    return f"{path}vars/{counts[path]}"


def write_weights3(path: Any, model: Json, weights: Arrays, *, top: str = "layers", by_name: bool = False,
                   names: bool = True, step: int = 1, **options: Any) -> None:  # fmt: skip
    """model.weights.h5: groups by class and number, or by_name; `names`: with the layers' names beside, as of late."""
    used: dict[str, int] = {}
    with h5py.File(path, "w") as file:
        for entry in layers_of(model):
            class_name = entry["class_name"]
            word = snake(class_name)
            n = used[word] = used.get(word, -step) + step
            label = name_of(entry) if by_name else f"{word}_{n}" if n else word
            holder = file.create_group(f"{top}/{label}/vars")
            if names:
                holder.attrs["name"] = name_of(entry)
            counts: dict[str, int] = {}
            for weight, value in sorted_weights(weights, name_of(entry)):
                at = path3(class_name, entry, weight, counts)
                file.create_dataset(f"{top}/{label}/{at}", data=value, **options)
            if class_name == "Dropout":
                file[f"{top}/{label}/seed_generator/vars/0"] = np.array([1, 2], "u4")
        file["optimizer/vars/0"] = np.int64(3)
        file.create_group("vars")


def write_archive(path: Any, members: dict[str, Any], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data if isinstance(data, bytes) else json.dumps(data))


def archive_members(model: Json, weights: Arrays, version: str = "3.3.3", **options: Any) -> dict[str, Any]:
    """The members of model.keras. `model` is of Keras 2's form."""
    model = model3(model)
    buffer = io.BytesIO()
    write_weights3(buffer, model, weights, **options)
    metadata = {"keras_version": version, "date_saved": "2024-05-01@12:00:00"}
    return {"metadata.json": metadata, "config.json": model, "model.weights.h5": buffer.getvalue()}


# -- Keras 1 -----------------------------------------------------------------------------------------------------------

FIELDS1 = {
    "kernel_initializer": "init", "recurrent_initializer": "inner_init", "kernel_regularizer": "W_regularizer",
    "recurrent_regularizer": "U_regularizer", "bias_regularizer": "b_regularizer", "padding": "border_mode",
    "recurrent_activation": "inner_activation", "dropout": "dropout_W", "recurrent_dropout": "dropout_U",
    "use_bias": "bias", "rate": "p", "filters": "nb_filter", "units": "output_dim",
}  # fmt: skip
CLASSES1 = {"Conv1D": "Convolution1D", "Conv2D": "Convolution2D"}
GONE1 = {"data_format", "dilation_rate", "dtype", "activity_regularizer", "kernel_constraint", "bias_constraint",
         "recurrent_constraint", "implementation", "unit_forget_bias", "return_state", "noise_shape", "seed",
         "reset_after", "time_major"}  # fmt: skip


def convert1(entry: Json) -> Json:
    class_name, config = entry["class_name"], {}
    recurrent = class_name in ("LSTM", "GRU")
    for key, value in entry["config"].items():
        if key in GONE1 or (recurrent and key == "use_bias"):
            continue
        if key.endswith("_initializer"):
            value = "glorot_uniform"
        if key == "layer":
            value = convert1(value)
        config[FIELDS1.get(key, key)] = value
    for key in [key for key in config if key.endswith("_regularizer")]:
        config[key] = {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.25}
    if class_name == "Conv1D":
        config["filter_length"], config["subsample_length"] = config.pop("kernel_size")[0], config.pop("strides")[0]
        config.update(input_dim=None, input_length=None)
    if class_name == "Conv2D":
        config["nb_row"], config["nb_col"] = config.pop("kernel_size")
        config["subsample"] = config.pop("strides")
    if class_name in ("Conv2D", "MaxPooling2D"):
        config["dim_ordering"] = "tf"
    if class_name == "MaxPooling1D":
        config["pool_length"], config["stride"] = config.pop("pool_size")[0], config.pop("strides")[0]
    if recurrent:
        config.update(consume_less="cpu", input_dim=5, input_length=None)
    if class_name == "LSTM":
        config["forget_bias_init"] = "one"
    if "batch_input_shape" in config:
        config["input_dtype"] = "float32"
    return {"class_name": CLASSES1.get(class_name, class_name), "config": config}


def model1(model: Json) -> Json:
    """A Sequential JSON of Keras 2 as Keras 1.2 writes it."""
    return {"class_name": "Sequential", "config": [convert1(entry) for entry in copy.deepcopy(layers_of(model))]}


def weights1(entry: Json, own: Named, name: str) -> Named:
    """conv1d as (k, 1, in, out), and a kernel, recurrent kernel and bias for each gate, i c f o or z r h."""
    class_name, values = entry["class_name"], dict(own)
    if class_name == "Bidirectional":
        inner, found = entry["config"]["layer"], []
        for side in ("forward", "backward"):
            part = [(key.split("/")[1], value) for key, value in own if key.startswith(side)]
            found += weights1(inner, part, f"{side}_{name_of(inner)}")
        return found
    if class_name == "TimeDistributed":
        return weights1(entry["config"]["layer"], own, name)
    if class_name in ("LSTM", "GRU"):
        gates, file_order = ("ifco", "icfo") if class_name == "LSTM" else ("zrh", "zrh")
        pieces = {key: dict(zip(gates, np.split(values[key], len(gates), axis=-1))) for key in values}
        letters = {"kernel": "W", "recurrent_kernel": "U", "bias": "b"}
        return [(f"{name}_{letters[key]}_{gate}", pieces[key][gate]) for gate in file_order for key in letters]
    if class_name == "Conv1D":
        values["kernel"] = values["kernel"][:, np.newaxis]
    words = {"kernel": "W", "bias": "b", "embeddings": "W", "moving_mean": "running_mean",
             "moving_variance": "running_std"}  # fmt: skip
    return [(f"{name}_{words.get(key, key)}", values[key]) for key, _ in own]


def write_keras1(path: Any, model: Json, weights: Arrays, *, whole: bool = True, **options: Any) -> None:
    """`model` is of Keras 2's form; weights alone have no version."""
    named = {}
    for entry in layers_of(model):
        layer = name_of(entry)
        named[layer] = weights1(entry, sorted_weights(weights, layer), layer)
    write_named(path, named, model=model1(model) if whole else None, version="1.2.2" if whole else None, **options)
