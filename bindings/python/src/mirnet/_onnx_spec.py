"""_onnx_spec.py - layers and calls of a Keras model JSON, for the ONNX export"""
# SPDX-License-Identifier: MIT
#
# The library has accepted the JSON before it comes here (doc/spec-format.md), so nothing is checked again. What is
# done: names that Keras made or once wrote, fields that are null, calls of Keras 2 and 3, and the order of the graph.
from __future__ import annotations

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Mapping, Sequence

Key = tuple[str, int]
"""A layer's name and the number of its call."""

_OLD_CLASSES = {
    "MaxPool1D": "MaxPooling1D", "MaxPool2D": "MaxPooling2D",
    "AvgPool1D": "AveragePooling1D", "AvgPool2D": "AveragePooling2D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D", "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D", "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "Convolution1D": "Conv1D", "Convolution2D": "Conv2D",
    "BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization",
}
_OLD_FIELDS = {
    "output_dim": "units", "nb_filter": "filters", "filter_length": "kernel_size", "pool_length": "pool_size",
    "border_mode": "padding", "subsample": "strides", "bias": "use_bias", "p": "rate",
    "inner_activation": "recurrent_activation",
}


def _fold(word: str) -> str:
    """Capitals and underscores do not matter in words."""
    return word.replace("_", "").lower()


@dataclass(frozen=True)
class Layer:
    """A layer with its fields under their present names, without those that are null.

    `path` is where its weights are: "<path>/kernel". `inner` holds what a wrapper wraps; two layers in Bidirectional.
    """

    class_name: str
    name: str
    path: str
    config: Mapping[str, Any]
    keras3: bool
    inner: tuple[Layer, ...] = ()

    def get(self, field: str, default: Any = None) -> Any:
        return self.config.get(field, default)

    def word(self, field: str, default: str) -> str:
        """A word, in small letters and without underscores."""
        return _fold(self.config.get(field, default))

    def window(self, field: str, axes: int, default: Any = 1) -> list[int]:
        """A size, which may be one number, as one for each axis."""
        value = self.config.get(field, default)
        return [int(n) for n in value] if isinstance(value, (list, tuple)) else [int(value)] * axes

    def activation(self, field: str = "activation", default: str = "linear") -> str:
        """The activation as a word; "hardsigmoid3" is that of Keras 3."""
        value = self.config.get(field, default)
        if isinstance(value, Mapping):  # {"class_name": "function", "config": "relu"}, or a class of that name
            value = value["config"] if _fold(value["class_name"]) == "function" else value["class_name"]
        word = _fold(value)
        return "hardsigmoid3" if word == "hardsigmoid" and self.keras3 else word


@dataclass(frozen=True)
class Call:
    """One application of a layer. An InputLayer reads nothing."""

    layer: Layer
    reads: tuple[Key, ...]


@dataclass(frozen=True)
class Net:
    """The calls of a model, each behind those that it reads."""

    calls: Mapping[Key, Call]
    inputs: tuple[Key, ...]
    output: Key


def read_model(model: Mapping[str, Any]) -> Net:
    """The graph of a Keras model JSON that the library accepts."""
    config = model["config"]
    entries: Sequence[Any] = config if isinstance(config, list) else config["layers"]
    names = _names(entries)
    keras3 = _is_keras3(model, entries)
    layers = [_read_layer(entry, name, name, keras3) for entry, name in zip(entries, names)]
    if model["class_name"] == "Sequential":
        return _chain(layers)
    calls: dict[Key, Call] = {}
    for layer, entry in zip(layers, entries):
        if layer.class_name == "InputLayer":
            calls[layer.name, 0] = Call(layer, ())
        for number, call in enumerate(entry.get("inbound_nodes") or []):
            calls[layer.name, number] = Call(layer, _read_call(call))
    order = TopologicalSorter({key: call.reads for key, call in calls.items()}).static_order()
    inputs = _read_ends(config.get("input_layers"))
    if not inputs:
        inputs = tuple(key for key, call in calls.items() if call.layer.class_name == "InputLayer")
    outputs = _read_ends(config.get("output_layers"))
    if not outputs:
        read = {key for call in calls.values() for key in call.reads}
        outputs = tuple(key for key in calls if key not in read)
    return Net({key: calls[key] for key in order}, inputs, outputs[0])


def _is_keras3(model: Mapping[str, Any], entries: Sequence[Any]) -> bool:
    version = model.get("keras_version")
    if isinstance(version, str):
        return "3" <= version[:1] <= "9"
    return "module" in model and any("batch_shape" in (entry.get("config") or {}) for entry in entries)


def _class_of(entry: Mapping[str, Any]) -> str:
    name: str = entry["class_name"]
    return _OLD_CLASSES.get(name, name)


def _names(entries: Sequence[Any]) -> list[str]:
    """The layers' names; one without gets Keras's: conv2d, conv2d_1, ..., but input_1."""
    given = [entry.get("name") or (entry.get("config") or {}).get("name") for entry in entries]
    taken = set(given)
    counts: dict[str, int] = {}
    names: list[str] = []
    for entry, name in zip(entries, given):
        word = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", _class_of(entry))
        word = re.sub(r"([a-z])([A-Z])", r"\1_\2", word).lower()
        word = "input" if word == "input_layer" else word
        while name is None:
            n = counts.get(word, 0)
            counts[word] = n + 1
            number = n + 1 if word == "input" else n
            made = f"{word}_{number}" if number else word
            name = None if made in taken else made
        taken.add(name)
        names.append(name)
    return names


def _read_layer(entry: Mapping[str, Any], name: str, path: str, keras3: bool) -> Layer:
    class_name = _class_of(entry)
    fields = (entry.get("config") or {}).items()
    config = {_OLD_FIELDS.get(key, key): value for key, value in fields if value is not None}
    inner: tuple[Layer, ...] = ()
    if class_name == "TimeDistributed":
        inner = (_read_layer(config["layer"], name, path, keras3),)
    elif class_name == "Bidirectional":
        forward = _read_layer(config["layer"], name, path + "/forward", keras3)
        if "backward_layer" in config:
            backward = _read_layer(config["backward_layer"], name, path + "/backward", keras3)
        else:
            turned = {**forward.config, "go_backwards": not forward.get("go_backwards", False)}
            backward = Layer(forward.class_name, name, path + "/backward", turned, keras3)
        inner = (forward, backward)
    return Layer(class_name, name, path, config, keras3, inner)


def _chain(layers: Sequence[Layer]) -> Net:
    """Each layer feeds the next one. The input may go without a layer of its own."""
    if layers[0].class_name != "InputLayer":
        layers = [Layer("InputLayer", "", "", {}, layers[0].keras3), *layers]
    calls: dict[Key, Call] = {}
    for i, layer in enumerate(layers):
        calls[layer.name, 0] = Call(layer, ((layers[i - 1].name, 0),) if i else ())
    return Net(calls, ((layers[0].name, 0),), (layers[-1].name, 0))


def _read_tensor(tensor: Any) -> Key:
    """["conv", 0, 0, {}], or {"class_name": "__keras_tensor__", "config": {"keras_history": ["conv", 0, 0]}}."""
    if isinstance(tensor, Mapping):
        tensor = tensor["config"]["keras_history"]
    return tensor[0], tensor[1]


def _read_call(call: Any) -> tuple[Key, ...]:
    """The tensors of one call: a single one or a list, in Keras 3 as the one argument."""
    tensors = call["args"][0] if isinstance(call, Mapping) else call
    if isinstance(tensors, Mapping) or isinstance(tensors[0], str):
        tensors = [tensors]
    return tuple(_read_tensor(tensor) for tensor in tensors)


def _read_ends(ends: Any) -> tuple[Key, ...]:
    """input_layers and output_layers: [["a", 0, 0], ...], or ["a", 0, 0] where there is one."""
    if not ends:
        return ()
    return tuple(_read_tensor(end) for end in ([ends] if isinstance(ends[0], str) else ends))
