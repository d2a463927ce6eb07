"""keras.py - models and weights that Keras saved, read with h5py alone: Keras 1, 2 and 3, no TensorFlow

Nothing in a file is unpickled, imported or run, and nothing outside of it is opened. What a file is, is told by its
content: HDF5 of `model.save("x.h5")` and `save_weights`, or the zip of `model.save("x.keras")`.
"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Sequence

from ._arrays import Floats
from ._keras_file import JsonType, PathType, opened

if TYPE_CHECKING:
    from ._model import Model

__all__ = ["load", "read"]


def load(
    path: PathType,
    json: JsonType | None = None,
    *,
    encoder: Mapping[str, Any] | None = None,
    classes: Sequence[str] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Model:
    """A model that Keras saved, with the weights of the file.

    Parameters
    ----------
    path
        A model ("model.h5", "model.keras") or weights alone ("model.weights.h5").
    json
        What `model.to_json()` gives: its text, a mapping, or the path of a file. Needed for weights alone; beside a
        whole model it stands in place of the JSON in the file.
    encoder, classes, training
        Parts of the recipe that Keras does not know: see Model.from_keras_json.

    Raises
    ------
    FormatError
        A damaged file, or weights that are not those of the model: names the layer or the dataset.
    UnsupportedError
        Lambda, custom classes, models as layers, types other than float32, Theano's order, layers that the library
        does not have.
    FileError, MissingFileError
        The file cannot be read.
    InvalidError
        Weights alone, and no `json`.
    """
    from ._model import Model

    with opened(path, json) as file:
        model = Model.from_keras_json(file.model, encoder=encoder, classes=classes, training=training)
        weights = file.weights.read(file.layers, {name: model.weights.shape(name) for name in model.weights})
    model.set_weights(weights)
    return model


def read(path: PathType, json: JsonType | None = None) -> tuple[dict[str, Any], dict[str, Floats]]:
    """The JSON and the weights of a file that Keras saved; no model is made.

    Returns
    -------
    JSON
        As Model.from_keras_json takes it: with the names of Keras 2, and "keras_version".
    weights
        float32 by the library's names: "conv2d/kernel" [kh, kw, in, out], "lstm/kernel" [in, 4 units] with gates
        i, f, c, o, "bidirectional/forward/bias" [4 units]. Sizes that follow from the input's shape are not checked.

    Raises
    ------
    As `load`.
    """
    with opened(path, json) as file:
        return file.model, file.weights.read(file.layers)
