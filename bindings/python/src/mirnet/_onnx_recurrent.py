"""_onnx_recurrent.py - LSTM, GRU and Bidirectional as nodes of ONNX"""
# SPDX-License-Identifier: MIT
#
# Where ONNX's own LSTM and GRU do the same they are used. They know neither masks with gaps nor every activation;
# then the cell is written out as the body of a Scan.
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from ._arrays import Array
from ._onnx_activations import OPERATORS, activate
from ._onnx_graph import Graph, Value, tensor_info
from ._onnx_spec import Layer

# Activations that ONNX's LSTM and GRU share with Keras and runtimes are known to do well.
_NATIVE = ("sigmoid", "tanh", "relu", "hardsigmoid", "hardsigmoid3")


def recurrent(g: Graph, layer: Layer, x: Value, *, reversed: bool = False, zero_masked: bool = False) -> Value:
    """LSTM and GRU.

    Outputs come in the order of the steps as they are taken; with `reversed`, the other way round. A masked step
    repeats the output before it; with `zero_masked`, its output is zero.
    """
    x = g.plain(x)
    functions = [layer.activation("recurrent_activation", "sigmoid"), layer.activation("activation", "tanh")]
    if x.mask or any(f not in _NATIVE for f in functions):
        y = _scan(g, layer, x, functions, reversed, zero_masked)
    else:
        y = _native(g, layer, x, functions, reversed)
    units = int(layer.get("units"))
    if layer.get("return_sequences", False):
        return Value(y, (x.shape[0], units), mask=x.mask)
    return Value(y, (units,))


def bidirectional(g: Graph, layer: Layer, x: Value) -> Value:
    """Both layers' outputs, side by side in time, merged. In sequences, masked steps are zeros."""
    x = g.plain(x)
    outputs = []
    for inner, is_second in zip(layer.inner, (False, True)):
        g.prefix = inner.path
        sequences = inner.get("return_sequences", False)
        outputs.append(recurrent(g, inner, x, reversed=is_second, zero_masked=sequences))
    g.prefix = layer.path
    names = [y.name for y in outputs]
    mode = layer.word("merge_mode", "concat")
    if mode == "concat":
        width = sum(y.shape[-1] for y in outputs)
        return replace(outputs[0], name=g.add("Concat", *names, axis=-1), shape=(*outputs[0].shape[:-1], width))
    return replace(outputs[0], name=g.add({"sum": "Sum", "mul": "Mul", "ave": "Mean"}[mode], *names))


def _weights(g: Graph, layer: Layer) -> tuple[Array, Array, Array, Array]:
    """Kernel, recurrent kernel and the biases beside them, in Keras's order of gates: i f c o; z r h."""
    kernel, recurrent_kernel = g.weight(layer, "kernel"), g.weight(layer, "recurrent_kernel")
    biases = np.zeros((2, kernel.shape[1]), np.float32)
    if layer.get("use_bias", True):
        bias = g.weight(layer, "bias")  # [2, columns] of a GRU with reset_after
        biases[:bias.ndim] = bias
    return kernel, recurrent_kernel, biases[0], biases[1]


def _native(g: Graph, layer: Layer, x: Value, functions: list[str], reversed: bool) -> str:
    """X [T, N, in]; W [1, gates * units, in], R [1, gates * units, units], B [1, 2 * gates * units] in ONNX's order
    of gates: i o f c; z r h."""
    lstm = layer.class_name == "LSTM"
    backwards = layer.get("go_backwards", False)
    units = int(layer.get("units"))

    def reorder(array: Array) -> Array:
        gates = np.split(array, 4 if lstm else 3, axis=-1)
        return np.concatenate([gates[i] for i in ((0, 3, 1, 2) if lstm else (0, 1, 2))], axis=-1)

    kernel, recurrent_kernel, bias, recurrent_bias = (reorder(array) for array in _weights(g, layer))
    by_gate = functions if not lstm else [functions[0], functions[1], functions[1]]
    attributes: dict[str, Any] = {
        "hidden_size": units,
        "direction": "reverse" if backwards else "forward",
        "activations": [OPERATORS[f][0] for f in by_gate],
    }
    for name in ("alpha", "beta"):  # of those activations that have one, in their order
        values = [OPERATORS[f][1][name] for f in by_gate if name in OPERATORS[f][1]]
        if values:
            attributes["activation_" + name] = values
    if not lstm:
        attributes["linear_before_reset"] = int(layer.get("reset_after", True))
    inputs = [
        g.add("Transpose", x.name, perm=[1, 0, 2]),
        g.constant("kernel", kernel.T[np.newaxis]),
        g.constant("recurrent_kernel", recurrent_kernel.T[np.newaxis]),
        g.constant("bias", np.concatenate([bias, recurrent_bias])[np.newaxis]),
    ]
    if not layer.get("return_sequences", False):
        last = g.name("last")
        g.emit(layer.class_name, inputs, ["", last], **attributes)
        return g.add("Squeeze", last, g.integers("direction", [0]))
    y = g.add("Squeeze", g.add(layer.class_name, *inputs, **attributes), g.integers("directions", [1]))
    y = g.add("Transpose", y, perm=[1, 0, 2])
    # ONNX puts each output beside its input, whichever way it goes.
    if backwards != reversed:
        start, end = g.integers("last_step", [-1]), g.integers("before_first", [np.iinfo(np.int64).min])
        y = g.add("Slice", y, start, end, g.integers("steps", [1]), start)
    return y


def _scan(g: Graph, layer: Layer, x: Value, functions: list[str], reversed: bool, zero_masked: bool) -> str:
    """One step a run of the body: states of the step before, x K + b and the mask of the step; new states, output."""
    units = int(layer.get("units"))
    sequences = layer.get("return_sequences", False)
    n_states = 2 if layer.class_name == "LSTM" else 1
    kernel, _, bias, _ = _weights(g, layer)
    z = g.add("Add", g.add("MatMul", x.name, g.constant("kernel", kernel)), g.constant("bias", bias))
    zeros = g.filled(x.name, units, np.array(0, np.float32))

    body = g.body()
    states = [body.name(what) for what in ("h", "c")[:n_states]]
    step, mask = body.name("z"), body.name("mask")
    infos = [tensor_info(name, [None, units]) for name in states] + [tensor_info(step, [None, kernel.shape[1]])]
    fresh = (_lstm_step if n_states == 2 else _gru_step)(body, layer, functions, states, step)
    scanned = [z]
    output = fresh[0]
    if x.mask:
        scanned.append(x.mask)
        infos.append(tensor_info(mask, [None], TensorProto.BOOL))
        real = body.add("Unsqueeze", mask, body.integers("features", [1]))
        fresh = [body.add("Where", real, new, old) for new, old in zip(fresh, states)]
        output = body.add("Where", real, output, body.scalar("nothing", 0)) if zero_masked else fresh[0]
    outputs = [*fresh, body.add("Identity", output)] if sequences else fresh
    graph = helper.make_graph(body.nodes, body.name("step"), infos,
                              [tensor_info(name, [None, units]) for name in outputs])
    finals = [g.name("final") for _ in outputs]
    g.emit("Scan", [zeros] * n_states + scanned, finals, body=graph, num_scan_inputs=len(scanned),
           scan_input_axes=[1] * len(scanned),
           scan_input_directions=[int(layer.get("go_backwards", False))] * len(scanned),
           **({"scan_output_axes": [1], "scan_output_directions": [int(reversed)]} if sequences else {}))
    return finals[-1] if sequences else finals[0]


def _lstm_step(g: Graph, layer: Layer, functions: list[str], states: list[str], z: str) -> list[str]:
    """i, f, o = s(z + h R), a = f(z + h R) by columns; c' = f c + i a; h' = o f(c')."""
    h, c = states
    inner, outer = functions
    _, kernel, _, _ = _weights(g, layer)
    gates = [g.name("gate") for _ in range(4)]
    g.emit("Split", [g.add("Add", z, g.add("MatMul", h, g.constant("recurrent_kernel", kernel)))], gates, axis=1)
    i, f, a, o = (activate(g, gate, word) for gate, word in zip(gates, (inner, inner, outer, inner)))
    c = g.add("Add", g.add("Mul", f, c), g.add("Mul", i, a))
    return [g.add("Mul", o, activate(g, c, outer)), c]


def _gru_step(g: Graph, layer: Layer, functions: list[str], states: list[str], z: str) -> list[str]:
    """u, r = s(z + h R + b'); a = f(z + r (h R + b')), or f(z + (r h) R) without reset_after;
    h' = u h + (1 - u) a."""
    h, = states
    _, kernel, _, bias = _weights(g, layer)
    gates = [g.name("gate") for _ in range(3)]
    g.emit("Split", [z], gates, axis=1)

    def product(state: str, gate: int) -> str:
        part = g.add("MatMul", state, g.constant(f"recurrent_kernel_{gate}", np.split(kernel, 3, axis=1)[gate]))
        return g.add("Add", part, g.constant(f"recurrent_bias_{gate}", np.split(bias, 3)[gate]))

    update, reset = (activate(g, g.add("Add", gates[k], product(h, k)), functions[0]) for k in (0, 1))
    if layer.get("reset_after", True):
        candidate = g.add("Mul", reset, product(h, 2))
    else:
        candidate = product(g.add("Mul", reset, h), 2)
    a = activate(g, g.add("Add", gates[2], candidate), functions[1])
    rest = g.add("Sub", g.scalar("one_whole", 1), update)
    return [g.add("Add", g.add("Mul", update, h), g.add("Mul", rest, a))]
