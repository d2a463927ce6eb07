"""_onnx_activations.py - activations as nodes of ONNX"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any

from ._errors import UnsupportedError
from ._onnx_graph import Graph

# By Layer.activation's words. What the operators' defaults leave to each runtime's rounding is written out.
OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "elu": ("Elu", {"alpha": 1.0}),
    "selu": ("Selu", {"alpha": 1.6732632423543772, "gamma": 1.0507009873554805}),
    "sigmoid": ("Sigmoid", {}),
    "hardsigmoid": ("HardSigmoid", {"alpha": 0.2, "beta": 0.5}),
    "hardsigmoid3": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "tanh": ("Tanh", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "exponential": ("Exp", {}),
}


def activate(g: Graph, x: str, word: str, channels: int = -1) -> str:
    """f(x) of a tensor; `channels` is the axis of a softmax."""
    if word == "linear":
        return x
    if word == "softmax":
        return g.add("Softmax", x, axis=channels)
    if word == "relu6":
        return g.add("Clip", x, g.scalar("low", 0), g.scalar("high", 6))
    if word not in OPERATORS:
        raise UnsupportedError(f"layer '{g.prefix}': activation '{word}' cannot be exported to ONNX")
    op, attributes = OPERATORS[word]
    return g.add(op, x, **attributes)
