"""_onnx_layers.py - each layer class as nodes of ONNX; the recurrent ones are in _onnx_recurrent.py"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Callable, Sequence

import numpy as np
from onnx import TensorProto

from ._errors import UnsupportedError
from ._onnx_activations import activate
from ._onnx_graph import Graph, Value
from ._onnx_recurrent import bidirectional, recurrent
from ._onnx_spec import Layer


def convert(g: Graph, layer: Layer, *inputs: Value) -> Value:
    """Adds one call of a layer to the graph.

    Raises
    ------
    UnsupportedError
        The layer's class, or one of its activations, is not known here.
    """
    g.prefix = layer.path
    exporter = _CLASSES.get(layer.class_name)
    if not exporter:
        raise UnsupportedError(f"layer '{layer.name}': class {layer.class_name} cannot be exported to ONNX")
    return exporter(g, layer, *inputs)


def _same(g: Graph, layer: Layer, x: Value) -> Value:
    """Dropout: nothing happens in inference."""
    return x


def _activate(g: Graph, layer: Layer, x: Value) -> Value:
    return replace(x, name=activate(g, x.name, layer.activation(), 1 if x.first else -1))


# -- Products ----------------------------------------------------------------------------------------------------------

def _dense(g: Graph, layer: Layer, x: Value) -> Value:
    x = g.plain(x)
    kernel = g.weight(layer, "kernel")
    y = g.add("MatMul", x.name, g.constant("kernel", kernel))
    if layer.get("use_bias", True):
        y = g.add("Add", y, g.constant("bias", g.weight(layer, "bias")))
    return _activate(g, layer, replace(x, name=y, shape=(*x.shape[:-1], kernel.shape[1])))


def _place_windows(layer: Layer, sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int],
                   dilation: Sequence[int]) -> tuple[list[int], tuple[int, ...]]:
    """(what is padded in front of each axis and then behind each, sizes of the output).

    "same" is TensorFlow's: ceil(size / stride) outputs, the odd one behind. "causal" pads in front alone. Both are
    written out, since the automatic padding of ONNX is deprecated and knows nothing causal.
    """
    padding = layer.word("padding", "valid")
    front, behind, out = [], [], []
    for size, k, stride, d in zip(sizes, kernel, strides, dilation):
        reach = (k - 1) * d + 1
        total = 0
        if padding == "causal":
            total = reach - 1
        elif padding == "same":
            total = max(0, (-(-size // stride) - 1) * stride + reach - size)
        front.append(total if padding == "causal" else total // 2)
        behind.append(total - front[-1])
        out.append((size + total - reach) // stride + 1)
    return front + behind, tuple(out)


def _conv(g: Graph, layer: Layer, x: Value) -> Value:
    x = g.first(x)
    kernel = g.weight(layer, "kernel")  # [..., in, out]; ONNX has [out, in, ...]
    axes = kernel.ndim - 2
    size, strides = list(kernel.shape[:axes]), layer.window("strides", axes)
    dilation = layer.window("dilation_rate", axes)
    pads, out = _place_windows(layer, x.shape[:axes], size, strides, dilation)
    inputs = [x.name, g.constant("kernel", kernel.transpose(axes + 1, axes, *range(axes)))]
    if layer.get("use_bias", True):
        inputs.append(g.constant("bias", g.weight(layer, "bias")))
    y = g.add("Conv", *inputs, kernel_shape=size, strides=strides, dilations=dilation, pads=pads)
    return _activate(g, layer, replace(x, name=y, shape=(*out, kernel.shape[-1])))


def _batch_normalization(g: Graph, layer: Layer, x: Value) -> Value:
    x = g.first(x)
    channels = x.shape[-1]
    names = []
    for name, there, default in (("gamma", layer.get("scale", True), 1), ("beta", layer.get("center", True), 0),
                                 ("moving_mean", True, 0), ("moving_variance", True, 1)):
        array = g.weight(layer, name) if there else np.full(channels, default, np.float32)
        names.append(g.constant(name, array))
    return replace(x, name=g.add("BatchNormalization", x.name, *names, epsilon=layer.get("epsilon", 1e-3)))


def _embedding(g: Graph, layer: Layer, x: Value) -> Value:
    """An index outside 0..n - 1, or not a number, gives zeros: those of a row n behind the table."""
    x = g.plain(x)
    table = g.weight(layer, "embeddings")
    rows, width = table.shape
    end = g.scalar("end", rows)
    inside = g.add("And", g.add("Greater", x.name, g.scalar("before", -1)), g.add("Less", x.name, end))
    index = g.add("Cast", g.add("Where", inside, x.name, end), to=TensorProto.INT64)
    y = g.add("Gather", g.constant("embeddings", np.vstack([table, np.zeros((1, width), np.float32)])), index, axis=0)
    mask = None
    if layer.get("mask_zero", False):
        mask = g.add("Not", g.add("Equal", x.name, g.scalar("mask_value", 0)))
    return Value(y, (*x.shape, width), mask=mask)


# -- Pooling -----------------------------------------------------------------------------------------------------------

def _pool(g: Graph, layer: Layer, x: Value) -> Value:
    x = g.first(x)
    axes = len(x.shape) - 1
    size = layer.window("pool_size", axes, 2)
    strides = layer.window("strides", axes, size)
    pads, out = _place_windows(layer, x.shape, size, strides, [1] * axes)
    # Neither operator counts what is padded; AveragePool's count_include_pad is 0.
    op = "MaxPool" if layer.class_name.startswith("Max") else "AveragePool"
    y = g.add(op, x.name, kernel_shape=size, strides=strides, pads=pads)
    return replace(x, name=y, shape=(*out, x.shape[-1]))


def _pool_all(g: Graph, layer: Layer, x: Value) -> Value:
    if x.steps:
        x = g.plain(x)
    if x.mask:
        return _average_real(g, x)
    axes = list(range(2, len(x.shape) + 1) if x.first else range(1, len(x.shape)))
    op = "ReduceMax" if layer.class_name.startswith("GlobalMax") else "ReduceMean"
    return Value(g.add(op, x.name, axes=axes, keepdims=0), x.shape[-1:])


def _average_real(g: Graph, x: Value) -> Value:
    """The mean of the real steps; zeros where there is none."""
    x = g.plain(x)
    assert x.mask
    steps = g.integers("steps", [1])
    kept = g.add("Where", g.add("Unsqueeze", x.mask, g.integers("features", [2])), x.name, g.scalar("nothing", 0))
    count = g.add("ReduceSum", g.add("Cast", x.mask, to=TensorProto.FLOAT), steps, keepdims=1)
    count = g.add("Max", count, g.scalar("least", 1))
    return Value(g.add("Div", g.add("ReduceSum", kept, steps, keepdims=0), count), x.shape[-1:])


# -- Shapes ------------------------------------------------------------------------------------------------------------

def _reshape(g: Graph, layer: Layer, x: Value) -> Value:
    """Flatten and Reshape: the elements in the order of the channels-last tensor."""
    x = g.plain(x)
    size = int(np.prod(x.shape))
    target = [-1]
    if layer.class_name == "Reshape":
        target = [-1 if n is None else int(n) for n in layer.get("target_shape")]
    known = -int(np.prod(target)) if -1 in target else 1  # the product of the others
    shape = tuple(size // known if n == -1 else n for n in target)
    if shape == x.shape:
        return x
    return Value(g.add("Reshape", x.name, g.integers("shape", [0, *shape])), shape)


def _permute(g: Graph, layer: Layer, x: Value) -> Value:
    x = g.plain(x)
    dims = [int(n) for n in layer.get("dims")]
    return Value(g.add("Transpose", x.name, perm=[0, *dims]), tuple(x.shape[n - 1] for n in dims))


def _repeat(g: Graph, layer: Layer, x: Value) -> Value:
    x = g.plain(x)
    n = int(layer.get("n"))
    y = g.add("Unsqueeze", x.name, g.integers("steps", [1]))
    return Value(g.add("Expand", y, g.integers("shape", [1, n, 1])), (n, *x.shape))


def _time_distributed(g: Graph, layer: Layer, x: Value) -> Value:
    """The inner layer sees N * steps samples. They stay so for a wrapper behind this one."""
    steps, shape = x.shape[0], x.shape[1:]
    name = x.name
    if not x.steps:
        x = g.plain(x)
        name = g.add("Reshape", x.name, g.integers("folded", [-1, *shape]))
    y = convert(g, layer.inner[0], Value(name, shape, x.first))
    return Value(y.name, (steps, *y.shape), y.first, steps, x.mask)


# -- Masks -------------------------------------------------------------------------------------------------------------

def _masking(g: Graph, layer: Layer, x: Value) -> Value:
    """A step is real if any of its features differs from the value. The others become zeros."""
    x = g.plain(x)
    value = g.scalar("mask_value", layer.get("mask_value", 0))
    differs = g.add("Cast", g.add("Not", g.add("Equal", x.name, value)), to=TensorProto.INT32)
    mask = g.add("Cast", g.add("ReduceMax", differs, axes=[2], keepdims=0), to=TensorProto.BOOL)
    real = g.add("Unsqueeze", mask, g.integers("features", [2]))
    return replace(x, name=g.add("Where", real, x.name, g.scalar("nothing", 0)), mask=mask)


def _all_real(g: Graph, inputs: Sequence[Value]) -> str | None:
    """Steps that are real in every input that has a mask."""
    masks = [x.mask for x in inputs if x.mask]
    return reduce(lambda a, b: g.add("And", a, b), masks) if masks else None


# -- Layers of several inputs ------------------------------------------------------------------------------------------

def _alike(g: Graph, inputs: Sequence[Value]) -> list[Value]:
    """The inputs as they are if all have the same form, else all in the plain one."""
    if len({(x.first, x.steps) for x in inputs}) == 1:
        return list(inputs)
    return [g.plain(x) for x in inputs]


def _merge(g: Graph, layer: Layer, *inputs: Value) -> Value:
    alike = _alike(g, inputs)
    names = [x.name for x in alike]
    if layer.class_name == "Multiply":
        y = reduce(lambda a, b: g.add("Mul", a, b), names)
    else:
        y = g.add({"Add": "Sum", "Average": "Mean", "Maximum": "Max"}[layer.class_name], *names)
    return replace(alike[0], name=y, mask=_all_real(g, inputs))


def _concatenate(g: Graph, layer: Layer, *inputs: Value) -> Value:
    rank = len(inputs[0].shape)
    axis = int(layer.get("axis", -1))  # the batch is 0
    axis = axis - 1 if axis > 0 else axis + rank
    alike = _alike(g, inputs) if axis == rank - 1 else [g.plain(x) for x in inputs]
    first = alike[0]
    where = (1 if first.first else -1) if axis == rank - 1 else axis + 1
    y = g.add("Concat", *(x.name for x in alike), axis=where)
    shape = list(first.shape)
    shape[axis] = sum(x.shape[axis] for x in inputs)
    mask = _all_real(g, inputs)
    if mask and axis == 0:
        real = np.array(True)
        mask = g.add("Concat", *(x.mask or g.filled(x.name, x.shape[0], real) for x in alike), axis=1)
    return replace(first, name=y, shape=tuple(shape), mask=mask)


_CLASSES: dict[str, Callable[..., Value]] = {
    "Dense": _dense, "Activation": _activate, "Conv1D": _conv, "Conv2D": _conv,
    "MaxPooling1D": _pool, "MaxPooling2D": _pool, "AveragePooling1D": _pool, "AveragePooling2D": _pool,
    "GlobalMaxPooling1D": _pool_all, "GlobalMaxPooling2D": _pool_all,
    "GlobalAveragePooling1D": _pool_all, "GlobalAveragePooling2D": _pool_all,
    "Flatten": _reshape, "Reshape": _reshape, "Permute": _permute, "RepeatVector": _repeat,
    "Dropout": _same, "SpatialDropout1D": _same,
    "LSTM": recurrent, "GRU": recurrent, "Bidirectional": bidirectional, "TimeDistributed": _time_distributed,
    "Masking": _masking, "Embedding": _embedding, "BatchNormalization": _batch_normalization,
    "Concatenate": _concatenate, "Add": _merge, "Multiply": _merge, "Average": _merge, "Maximum": _merge,
}
