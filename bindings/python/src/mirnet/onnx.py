"""onnx.py - a model as an ONNX file: mirnet.onnx.export(model, "model.onnx")"""
# SPDX-License-Identifier: MIT
#
# Opset 13 and IR version 7 are what Debian 12 and every runtime since 2021 read. Inputs and the output are float32 with
# the channels last, as the model has them; the layouts of ONNX stay inside.
from __future__ import annotations

import json
import math
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Sequence

try:
    import onnx
    from onnx import helper
except ImportError as error:
    raise ImportError("mirnet.onnx needs onnx: pip install mirnet[onnx], or apt-get install python3-onnx") from error

from . import library_version
from ._errors import FileError, InvalidError, UnsupportedError
from ._onnx_graph import Graph, Value, tensor_info
from ._onnx_layers import convert
from ._onnx_spec import Net, read_model

if TYPE_CHECKING:
    from ._model import Model

OPSET, IR_VERSION = 13, 7
_MOST_BYTES = 2**31 - 2**20  # of weights: a protobuf message, which the file is, ends at 2 GiB


def export(model: Model, path: str | os.PathLike[str], *, batch: int | None = None) -> None:
    """Writes a model as an ONNX file, which other programs can run without this library.

    The file appears under its name when it is complete. The same model gives the same bytes.

    Parameters
    ----------
    model
        Its weights are taken as they are; dropout is left out.
    path
        Of the file; one that is there is replaced.
    batch
        The number of samples of a run; None leaves it open ("N").

    Raises
    ------
    UnsupportedError
        A layer cannot be expressed, or the weights are too large for an ONNX file. Nothing is written.
    FileError
        The file cannot be written.
    InvalidError
        `batch` is below 1.
    """
    data = to_model(model, batch=batch).SerializeToString(deterministic=True)
    path = os.fspath(path)
    temporary = os.path.join(os.path.dirname(path), f".{secrets.token_hex(8)}.mirnet-tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        failure = FileError(f"{path}: cannot write: {error.strerror}")
        failure.errno = error.errno
        raise failure from error
    finally:
        with suppress(OSError):  # there is none any more if all went well
            os.unlink(temporary)


def to_model(model: Model, *, batch: int | None = None) -> onnx.ModelProto:
    """The same as an `onnx.ModelProto`, checked by onnx.checker with shape inference.

    `metadata_props` holds what the inputs mean: "mirnet.classes" (JSON, in the order of the outputs), "mirnet.encoder"
    (JSON, where the model reads encoded sequences), "mirnet.recipe" (its name), "mirnet.version".
    """
    if batch is not None and batch < 1:
        raise InvalidError(f"batch: expected None or a number of samples from 1, got {batch}")
    recipe = model.recipe.to_dict()
    weights = dict(model.weights)
    size = sum(array.nbytes for array in weights.values())
    if size > _MOST_BYTES:
        raise UnsupportedError(f"{size} bytes of weights cannot be exported to ONNX: a file holds less than 2 GiB")
    net = read_model(recipe["model"])
    g = Graph(weights)
    output = _write_nodes(g, net, model)
    n = "N" if batch is None else batch
    graph = helper.make_graph(
        g.nodes, str(recipe.get("name") or "mirnet"),
        [tensor_info(name, [n, *shape]) for name, shape in zip(model.input_names, model.input_shapes)],
        [tensor_info(output, [n, *model.output_shape])],
        list(g.constants.values()))
    proto = helper.make_model(
        graph, producer_name="libmirnet", producer_version=library_version, ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)])
    helper.set_model_props(proto, _describe(model, recipe))
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _write_nodes(g: Graph, net: Net, model: Model) -> str:
    """Adds every call of the model. Returns the output's name: "output", if no input is called so."""
    values: dict[Any, Value] = {}
    for key, name, shape in zip(net.inputs, model.input_names, model.input_shapes):
        values[key] = Value(name, tuple(shape))
    for key, call in net.calls.items():
        if call.layer.class_name != "InputLayer":
            values[key] = convert(g, call.layer, *(values[read] for read in call.reads))
    output = "output"
    while output in model.input_names:
        output += "_"
    last = g.plain(values[net.output])
    g.emit("Identity", [last.name], [output])
    return output


def _describe(model: Model, recipe: dict[str, Any]) -> dict[str, str]:
    about = {"mirnet.version": library_version, "mirnet.recipe": str(recipe.get("name") or "")}
    if model.classes:
        about["mirnet.classes"] = json.dumps(list(model.classes))
    encoder = recipe.get("encoder", {})
    if _reads_sequences(encoder, model.input_shapes):
        about["mirnet.encoder"] = json.dumps(encoder, sort_keys=True)
    return about


def _reads_sequences(encoder: dict[str, Any], shapes: Sequence[Sequence[int]]) -> bool:
    """Whether the one input is as large as what the encoder makes; it may have axes of size 1 besides."""
    channels = 8 if encoder.get("align") == "both-ends" else 4
    return len(shapes) == 1 and math.prod(shapes[0]) == encoder.get("length", 0) * channels
