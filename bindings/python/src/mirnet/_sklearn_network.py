"""_sklearn_network.py - the model that a scikit-learn estimator trains: made of a recipe and of what the data are"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import Array, Ints
from ._errors import InvalidError, MirnetError, ShapeError
from ._model import Model
from ._recipe import Recipe, as_recipe
from ._sklearn_input import Samples

HIDDEN = 32


def default_recipe(shape: tuple[int, ...], classes: int) -> dict[str, Any]:
    """For numbers: standardised inputs, one hidden layer, softmax."""
    flatten = [{"class_name": "Flatten", "config": {"name": "flatten"}}] if len(shape) > 1 else []
    standardize = {"name": "standardize", "trainable": False, "epsilon": 0, "center": False, "scale": False}
    layers: list[dict[str, Any]] = [
        *flatten,
        {"class_name": "BatchNormalization", "config": standardize},
        {"class_name": "Dense", "config": {"name": "hidden", "units": HIDDEN, "activation": "relu"}},
        {"class_name": "Dense", "config": {"name": "output", "units": classes, "activation": "softmax"}},
    ]
    layers[0]["config"]["batch_input_shape"] = [None, *shape]
    return {
        "name": "default",
        "model": {"class_name": "Sequential", "config": {"name": "default", "layers": layers}},
        "training": {"learning_rate": 0.01, "batch_size": 32, "epochs": 100},
    }


def _standardize(model: Model, x: Array) -> None:
    """Gives the first layer mean and variance of the features; one that does not vary is only shifted."""
    rows = x.reshape(len(x), -1)
    mean, variance = rows.mean(axis=0, dtype=np.float64), rows.var(axis=0, dtype=np.float64)
    variance[variance <= (np.finfo(np.float32).eps * mean) ** 2] = 1
    model.weights["standardize/moving_mean"] = mean
    model.weights["standardize/moving_variance"] = np.clip(variance, 1e-36, 1e36)  # float32, and 1 / its root


def choose_recipe(recipe: Any, x: Samples, classes: int) -> Recipe:
    """A recipe of one's own: a copy of the given one, or what None stands for."""
    if recipe is not None:
        return as_recipe(recipe)
    return Recipe("tasdelen2021" if isinstance(x, list) else default_recipe(x.shape[1:], classes))


def build_model(recipe: Recipe, x: Samples, classes: Array, seed: int, *, standardize: bool) -> tuple[Model, Ints]:
    """A new model for these samples and classes, and which of its outputs belongs to each class.

    Raises
    ------
    ShapeError, InvalidError
        The recipe's input, its output or its class names do not fit.
    """
    columns = _columns(recipe.classes, classes)
    model = _with_outputs(recipe, len(classes), seed)
    model.classes = recipe.classes or _names(classes)
    _check_input(model, recipe.name, x)
    if standardize and not isinstance(x, list):
        _standardize(model, x)
    return model, columns


def _names(classes: Array) -> list[str]:
    """Classes as the library names them: texts that differ and are not empty."""
    names = [str(c) for c in classes.tolist()]
    return names if all(names) and len(set(names)) == len(names) else [repr(c) for c in classes.tolist()]


def _columns(fixed: list[str], classes: Array) -> Ints:
    """The output of each class. A recipe that fixes classes takes their names, or their numbers."""
    names = _names(classes)
    if not fixed or classes.dtype.kind in "iu" and classes.tolist() == list(range(len(fixed))):
        return np.arange(len(classes))
    if sorted(names) != sorted(fixed):
        raise InvalidError(f"y has the classes {', '.join(names)}: the recipe expects {', '.join(fixed)}")
    return np.array([fixed.index(name) for name in names])


def _with_outputs(recipe: Recipe, units: int, seed: int) -> Model:
    """The recipe's model; where it has another number of outputs, its last Dense layer is given that number."""
    model = Model(recipe, seed=seed)
    shape = model.output_shape
    if shape == (units,):
        return model
    parts = recipe.to_dict()
    for layer in reversed(parts["model"]["config"]["layers"]):  # of a graph they stand in any order
        if layer["class_name"] == "Dense":
            given = layer["config"]
            layer["config"] = {**given, "units": units}
            layer["config"].pop("output_dim", None)  # what Keras 1 called it
            try:
                model = Model(parts, seed=seed)
            except MirnetError:  # another layer needs its old size
                pass
            if model.output_shape == (units,):
                return model
            layer["config"] = given
    raise ShapeError(
        f"recipe {recipe.name!r}: its output is {shape} and not of a last Dense layer, whose units could be set: "
        f"expected ({units},), an output a class"
    )


def _check_input(model: Model, name: str, x: Samples) -> None:
    shapes = model.input_shapes
    if len(shapes) != 1:
        raise ShapeError(f"recipe {name!r}: expected a model with one input, it has {len(shapes)}")
    if not isinstance(x, list) and np.prod(shapes[0]) != np.prod(x.shape[1:]):
        raise ShapeError(
            f"X has {np.prod(x.shape[1:])} features a sample: recipe {name!r} expects {np.prod(shapes[0])}, {shapes[0]}"
        )
