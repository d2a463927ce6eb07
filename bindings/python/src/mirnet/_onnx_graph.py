"""_onnx_graph.py - nodes, constants and names of an ONNX graph while it is written"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Mapping, Sequence

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from ._arrays import Array
from ._onnx_spec import Layer


@dataclass(frozen=True)
class Value:
    """A tensor of the graph, which stands for [N, *shape] with the channels last.

    shape
        Of one sample, as the model has it.
    first
        The tensor has its channels first: [N, C, ...]. Convolutions and pools leave it so for the next one.
    steps
        Not 0: the tensor is [N * steps, *shape[1:]], as TimeDistributed leaves it for the next one.
    mask
        A tensor of bool [N, shape[0]]: which steps are real; None: all.
    """

    name: str
    shape: tuple[int, ...]
    first: bool = False
    steps: int = 0
    mask: str | None = None


class Graph:
    """Collects nodes and constants.

    Names are "<prefix>/<what>", the prefix being the layer's name, with a number where one is taken. Names of inputs
    and layers have no "/", so they are never taken.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.prefix = ""
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self._taken: dict[str, int] = {}
        self._plain: dict[Value, Value] = {}  # of those that are not, so that two readers share one
        self._first: dict[Value, Value] = {}

    def body(self) -> Graph:
        """A graph for the body of a node: nodes of its own; it may use every constant and name of this one."""
        body = Graph(self.weights)
        body.prefix, body.constants, body._taken = self.prefix, self.constants, self._taken
        return body

    def weight(self, layer: Layer, name: str) -> Array:
        """A weight of a layer, in Keras's layout."""
        return self.weights[f"{layer.path}/{name}"]

    def name(self, what: str) -> str:
        """A new name."""
        name = f"{self.prefix}/{what}"
        count = self._taken.get(name, 0)
        self._taken[name] = count + 1
        return f"{name}_{count}" if count else name

    def constant(self, what: str, array: Array) -> str:
        """A constant's name; the same one for the same array, as when a layer is called twice."""
        array = np.ascontiguousarray(array)
        while True:
            tensor = numpy_helper.from_array(array, f"{self.prefix}/{what}")
            known = self.constants.setdefault(tensor.name, tensor)
            if known == tensor:
                name: str = tensor.name
                return name
            what += "_"

    def integers(self, what: str, values: Sequence[int]) -> str:
        """A constant int64 [n]: axes, a shape."""
        return self.constant(what, np.array(values, np.int64))

    def scalar(self, what: str, value: float) -> str:
        """A constant float32 []."""
        return self.constant(what, np.array(value, np.float32))

    def emit(self, op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> None:
        """Adds a node with outputs of these names; "" is none."""
        self.nodes.append(helper.make_node(op, inputs, outputs, next(filter(None, outputs)), **attributes))

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node of one output and returns that one's name."""
        output = self.name(op)
        self.emit(op, inputs, [output], **attributes)
        return output

    def filled(self, like: str, width: int, value: Array) -> str:
        """A tensor [N, width] of one value; N is that of `like`."""
        n = self.add("Slice", self.add("Shape", like), self.integers("zero", [0]), self.integers("one", [1]))
        shape = self.add("Concat", n, self.integers("width", [width]), axis=0)
        return self.add("ConstantOfShape", shape, value=numpy_helper.from_array(value.reshape(1)))

    def plain(self, x: Value) -> Value:
        """x as [N, *shape], channels last."""
        if not x.first and not x.steps:
            return x
        if x not in self._plain:
            name, rank = x.name, len(x.shape) - (1 if x.steps else 0)
            if x.first:
                name = self.add("Transpose", name, perm=[0, *range(2, rank + 1), 1])
            if x.steps:
                name = self.add("Reshape", name, self.integers("unfolded", [-1, *x.shape]))
            self._plain[x] = replace(x, name=name, first=False, steps=0)
        return self._plain[x]

    def first(self, x: Value) -> Value:
        """x as [N, C, ...], channels first."""
        if x.first and not x.steps:
            return x
        x = self.plain(x)
        if x not in self._first:
            rank = len(x.shape)
            name = self.add("Transpose", x.name, perm=[0, rank, *range(1, rank)]) if rank > 1 else x.name
            self._first[x] = replace(x, name=name, first=rank > 1)
        return self._first[x]


def tensor_info(name: str, shape: Sequence[Any], kind: int = TensorProto.FLOAT) -> Any:
    """Name, type and shape of a graph's input or output; a dimension is a number, a symbol or None."""
    return helper.make_tensor_value_info(name, kind, shape)
