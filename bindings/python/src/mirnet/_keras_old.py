"""_keras_old.py - layer configs of Keras 1 in the words of Keras 2"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any

from ._errors import FormatError, UnsupportedError

Json = dict[str, Any]

# Fields that no later Keras has: they tell a JSON of Keras 1 that does not say its version.
MARKS = {
    "nb_filter", "border_mode", "inner_activation", "inner_init", "init", "W_regularizer", "b_regularizer",
    "pool_length", "dim_ordering", "consume_less", "gamma_init", "input_dtype",
}  # fmt: skip
RENAMED = {
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "gamma_init": "gamma_initializer",
    "beta_init": "beta_initializer",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "stride": "strides",
    "pool_length": "pool_size",
    "bias": "use_bias",
    "inner_activation": "recurrent_activation",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "p": "rate",
}
# Fields without effect on the result, or that the shapes say again.
DROPPED = {"input_dim", "input_length", "input_dtype", "consume_less"}


def is_old(version: str | None, configs: list[Json]) -> bool:
    """Whether these configs are of Keras 1."""
    if version:
        return version.startswith("1")
    return any(MARKS & set(config) for config in configs)


def convert_old(class_name: str, config: Json, where: str) -> None:
    """Rewrite a layer's config in place. UnsupportedError for Theano's order and for what would change the result."""
    ordering = config.pop("dim_ordering", "tf")
    if ordering not in ("tf", "default", None):
        raise UnsupportedError(f"{where}: dim_ordering '{str(ordering)[:20]}' (Theano's) is not supported, only 'tf'")
    if class_name == "Conv2D" and "nb_row" in config:
        config["kernel_size"] = [config.pop("nb_row"), config.pop("nb_col", None)]
    if class_name == "BatchNormalization" and config.pop("mode", 0) != 0:
        raise UnsupportedError(f"{where}: field 'mode': only 0 is supported")
    if class_name == "Embedding":
        convert_embedding(config, where)
    elif "output_dim" in config:
        config["units"] = config.pop("output_dim")
    if class_name == "LSTM":
        word = config.pop("forget_bias_init", "one")
        if word not in ("one", "ones", "zero", "zeros"):
            raise UnsupportedError(f"{where}: field 'forget_bias_init': only 'one' and 'zero' are supported")
        config["unit_forget_bias"] = word.startswith("one")
    if class_name == "GRU":
        config["reset_after"] = False
    kept = {"input_dim"} if class_name == "Embedding" else set()
    for key in DROPPED - kept:
        config.pop(key, None)
    for key, now in RENAMED.items():
        if key in config:
            if now in config:
                raise FormatError(f"{where}: field '{key}' stands for '{now}', which is there too")
            config[now] = config.pop(key)
    for key in [key for key in config if key.endswith("_regularizer")]:
        config[key] = regularizer(config[key], f"{where}: field '{key}'")


def convert_embedding(config: Json, where: str) -> None:
    if config.pop("dropout", 0):
        raise UnsupportedError(f"{where}: field 'dropout' of Embedding is not supported, only 0")
    names = {"init": "initializer", "W_regularizer": "regularizer", "W_constraint": "constraint"}
    for key, now in names.items():
        if key in config:
            config["embeddings_" + now] = config.pop(key)


def regularizer(value: Any, where: str) -> Any:
    """{"name": "WeightRegularizer", "l1": 0, "l2": 0.01} as {"class_name": "L1L2", "config": ...}."""
    if not isinstance(value, dict) or "class_name" in value:
        return value
    if value.get("name") not in ("WeightRegularizer", "L1L2Regularizer"):
        raise UnsupportedError(f"{where}: regularizer '{str(value.get('name'))[:60]}' is not supported")
    return {"class_name": "L1L2", "config": {"l1": value.get("l1", 0.0), "l2": value.get("l2", 0.0)}}
