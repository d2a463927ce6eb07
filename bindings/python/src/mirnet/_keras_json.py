"""_keras_json.py - the JSON of a Keras model: refused or brought to one form, and the weights that its layers have"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Iterator, Optional

from ._errors import FormatError, UnsupportedError
from ._keras_old import convert_old, is_old

MAX_TEXT = 64 << 20
MAX_DEPTH = 64

Json = dict[str, Any]
Shape = tuple[Optional[int], ...]  # None: any number

ALIASES = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
WEIGHTED = {"Dense", "Conv1D", "Conv2D", "LSTM", "GRU", "Embedding", "BatchNormalization"}
WRAPPERS = {"Bidirectional", "TimeDistributed"}
WEIGHTLESS = {
    "InputLayer", "Activation", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "Flatten",
    "Reshape", "Permute", "RepeatVector", "Dropout", "SpatialDropout1D", "Masking", "Concatenate", "Add", "Multiply",
    "Average", "Maximum",
}  # fmt: skip
MODELS = {"Sequential", "Functional", "Model"}
KERAS_MODULE = re.compile(r"(builtins|(keras|tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(\.\w+)*)$")


@dataclass(frozen=True)
class Slot:
    """A weight: its name behind the layer's, its place in a Keras 3 file, its shape as far as the JSON tells."""

    name: str
    path: str
    shape: Shape


@dataclass(frozen=True)
class Part:
    """The weights of one cell or plain layer, in the order in which Keras keeps them."""

    class_name: str
    prefix: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Layer:
    """A layer with weights: one part, or two of a Bidirectional."""

    name: str
    class_name: str
    parts: tuple[Part, ...]

    @property
    def slots(self) -> list[Slot]:
        return [slot for part in self.parts for slot in part.slots]


def parse(text: str | bytes, source: str) -> Json:
    """The JSON object in `text`. A key that is there twice is an error: readers differ in which one they take."""

    def unique(pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key is there twice")
        return found

    def constant(word: str) -> None:
        raise ValueError(f"{word} is no number of JSON")

    if len(text) > MAX_TEXT:
        raise FormatError(f"{source}: JSON of {len(text)} bytes, expected at most {MAX_TEXT}")
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{source}: not valid JSON: {first_line(error)}") from None
    if not isinstance(value, dict):
        raise FormatError(f"{source}: expected a JSON object, not {type(value).__name__}")
    return value


def first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__


def prepare(model: Json, source: str, version: str | None) -> tuple[Json, list[Layer]]:
    """The JSON in the form that Model.from_keras_json reads, and its layers that have weights, in the JSON's order.

    That form has the names of Keras 2, the version, and the defaults of that version where they differ from the
    library's. `model` is changed; `version` is that of the file, for a JSON that does not say its own.

    Raises
    ------
    UnsupportedError, FormatError
        Code, custom classes, models as layers, policies other than float32; what is no model.
    """
    for key in ("compile_config", "training_config"):  # losses and metrics: of no use here, and often custom
        model.pop(key, None)
    class_name = model.get("class_name")
    if not isinstance(class_name, str):
        raise FormatError(f"{source}: no Keras model: expected an object with 'class_name' and 'config'")
    refuse_code(model, source, "model", 0)
    if class_name not in MODELS:
        raise UnsupportedError(f"{source}: model class '{class_name[:60]}' is not supported, only {sorted(MODELS)}")
    stated = model.get("keras_version") or version
    if stated is not None and not isinstance(stated, str):
        raise FormatError(f"{source}: 'keras_version' is no text")
    if stated:
        model["keras_version"] = stated
    entries = list(layer_entries(model, source))
    old = is_old(stated, [entry["config"] for _, entry in entries])
    layers = [layer for name, entry in entries if (layer := read_layer(name, entry, source, stated, old)).slots]
    if old and not stated:
        model["keras_version"] = "1"
    return model, layers


def refuse_code(node: Any, source: str, label: str, depth: int) -> None:
    """Lambda holds marshalled code, and other modules and registered names stand for classes that would be imported."""
    if depth > MAX_DEPTH:
        raise FormatError(f"{source}: JSON nested more than {MAX_DEPTH} deep")
    if isinstance(node, list):
        for item in node:
            refuse_code(item, source, label, depth + 1)
    if not isinstance(node, dict):
        return
    class_name, config = node.get("class_name"), node.get("config")
    if isinstance(class_name, str):
        name = config.get("name") if isinstance(config, dict) else None
        if isinstance(name, str) and class_name not in MODELS and not class_name.endswith("Policy"):
            label = f"layer '{name[:60]}'"
        if class_name in ("Lambda", "__lambda__"):
            raise UnsupportedError(f"{source}: {label}: class Lambda is not supported: it holds code, which is not run")
        module, registered = node.get("module"), node.get("registered_name")
        custom = isinstance(module, str) and not KERAS_MODULE.match(module)
        if custom or registered not in (None, class_name):
            whose = f"of module '{str(module)[:60]}'" if custom else f"registered as '{str(registered)[:60]}'"
            raise UnsupportedError(f"{source}: {label}: custom class '{class_name[:60]}' {whose} is not supported")
    for value in node.values():
        refuse_code(value, source, label, depth + 1)


def layer_entries(model: Json, source: str) -> Iterator[tuple[str, Json]]:
    """Names and objects of the layers; each gets a config."""
    config = model.get("config")
    entries = config.get("layers") if isinstance(config, dict) else config
    if not isinstance(entries, list) or not entries:
        raise FormatError(f"{source}: the model has no list of layers")
    seen = set()
    for i, entry in enumerate(entries):
        check_entry(entry, f"{source}: layer {i}")
        name = name_of(entry)
        if not isinstance(name, str):
            raise FormatError(f"{source}: layer {i} ({entry['class_name'][:60]}) has no name")
        if name in seen:
            raise FormatError(f"{source}: two layers have the name '{name[:60]}'")
        seen.add(name)
        yield name, entry


def name_of(entry: Json) -> Any:
    config = entry.get("config")
    return (config.get("name") if isinstance(config, dict) else None) or entry.get("name")


def check_entry(entry: Any, where: str) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
        raise FormatError(f"{where}: expected an object with 'class_name'")
    if entry["class_name"] in MODELS:
        name = str(name_of(entry) or "")[:60]
        raise UnsupportedError(f"{where} '{name}': a model as a layer ({entry['class_name']}) is not supported")
    if not isinstance(entry.setdefault("config", {}), dict):
        raise FormatError(f"{where}: expected an object as 'config'")


def read_layer(name: str, entry: Json, source: str, version: str | None, old: bool) -> Layer:
    where = f"{source}: layer '{name[:60]}'"
    return Layer(name, normalize(entry, where, version, old), tuple(parts_of(entry, where)))


def normalize(entry: Json, where: str, version: str | None, old: bool) -> str:
    """The class of a layer, whose entry gets today's names and its version's defaults; so does what it wraps."""
    entry["class_name"] = class_name = ALIASES.get(entry["class_name"], entry["class_name"])
    if class_name not in WEIGHTED | WRAPPERS | WEIGHTLESS:
        raise UnsupportedError(f"{where}: class '{class_name[:60]}' is not supported")
    config: Json = entry["config"]
    if old:
        convert_old(class_name, config, where)
    check_policy(class_name, config.get("dtype"), where)
    if class_name in ("LSTM", "GRU"):
        fill_defaults(class_name, config, version)
    for key in ("layer", "backward_layer") if class_name in WRAPPERS else ():
        inner: Any = config.get(key)
        if inner is None and key == "backward_layer":
            continue
        check_entry(inner, where)
        if normalize(inner, where, version, old) in WRAPPERS:
            raise UnsupportedError(f"{where}: {inner['class_name']} inside {class_name} is not supported")
    return class_name


def check_policy(class_name: str, dtype: Any, where: str) -> None:
    """float32, or a policy object of that name; an input may be of integers."""
    if isinstance(dtype, dict):
        config = dtype.get("config")
        dtype = config.get("name") if isinstance(config, dict) else dtype.get("class_name")
    if dtype in (None, "float32") or (class_name == "InputLayer" and dtype in ("int32", "int64")):
        return
    raise UnsupportedError(f"{where}: dtype policy '{str(dtype)[:60]}' is not supported, only float32")


def fill_defaults(class_name: str, config: Json, version: str | None) -> None:
    """Keras before 2.3 used hard_sigmoid for gates; reset_after came on by default with TensorFlow 2's layers."""
    number = re.match(r"(\d+)\.(\d+)", version or "")
    if not number:
        return
    release = (int(number[1]), int(number[2]))
    if release < (2, 3):
        config.setdefault("recurrent_activation", "hard_sigmoid")
    if class_name == "GRU" and (release < (2, 3) or (release == (2, 3) and "tf" not in (version or ""))):
        config.setdefault("reset_after", False)


def number_of(config: Json, key: str, where: str) -> int:
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 1 << 30:
        raise FormatError(f"{where}: field '{key}': expected an integer from 1 to {1 << 30}")
    return value


def window(config: Json, axes: int, where: str) -> tuple[int, ...]:
    size = config.get("kernel_size")
    sizes = size if isinstance(size, list) else [size] * axes
    if len(sizes) != axes:
        raise FormatError(f"{where}: field 'kernel_size': expected {axes} integers")
    return tuple(number_of({"kernel_size": one}, "kernel_size", where) for one in sizes)


def is_on(config: Json, key: str, default: bool = True) -> bool:
    value = config.get(key)
    return default if value is None else bool(value)


def parts_of(entry: Json, where: str) -> list[Part]:
    class_name, config = entry["class_name"], entry["config"]
    if class_name == "TimeDistributed":
        return [part_of(config["layer"], "", "layer/", where)] if config["layer"]["class_name"] in WEIGHTED else []
    if class_name == "Bidirectional":
        backward = config.get("backward_layer") or config["layer"]
        for inner in (config["layer"], backward):
            if inner["class_name"] not in ("LSTM", "GRU"):
                raise UnsupportedError(f"{where}: {inner['class_name']} inside Bidirectional is not supported")
        return [
            part_of(config["layer"], "forward/", "forward_layer/", where),
            part_of(backward, "backward/", "backward_layer/", where),
        ]
    return [part_of(entry, "", "", where)] if class_name in WEIGHTED else []


def part_of(entry: Json, prefix: str, path: str, where: str) -> Part:
    class_name, config = entry["class_name"], entry["config"]
    path += "cell/vars" if class_name in ("LSTM", "GRU") else "vars"
    shapes = shapes_of(class_name, config, where)
    slots = (Slot(prefix + name, f"{path}/{i}", shape) for i, (name, shape) in enumerate(shapes.items()))
    return Part(class_name, prefix, tuple(slots))


def shapes_of(class_name: str, config: Json, where: str) -> dict[str, Shape]:
    """Weights in Keras's order and layout: kernels end in [in][out]; gates lie side by side, i f c o or z r h."""
    shapes: dict[str, Shape]
    if class_name == "BatchNormalization":
        names = [name for name, key in (("gamma", "scale"), ("beta", "center")) if is_on(config, key)]
        return {name: (None,) for name in [*names, "moving_mean", "moving_variance"]}
    if class_name == "Embedding":
        return {"embeddings": (number_of(config, "input_dim", where), number_of(config, "output_dim", where))}
    if class_name in ("LSTM", "GRU"):
        units = number_of(config, "units", where)
        columns = units * (4 if class_name == "LSTM" else 3)
        two = class_name == "GRU" and is_on(config, "reset_after")
        shapes = {"kernel": (None, columns), "recurrent_kernel": (units, columns)}
        bias: Shape = (2, columns) if two else (columns,)
    elif class_name == "Dense":
        columns = number_of(config, "units", where)
        shapes, bias = {"kernel": (None, columns)}, (columns,)
    else:
        columns = number_of(config, "filters", where)
        shapes = {"kernel": (*window(config, 1 if class_name == "Conv1D" else 2, where), None, columns)}
        bias = (columns,)
    if is_on(config, "use_bias"):
        shapes["bias"] = bias
    return shapes
