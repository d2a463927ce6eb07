"""mirnet - neural networks on RNA hairpin sequences: encode, train, validate, save, apply

    >>> import mirnet
    >>> data = mirnet.Dataset.simulate(200)
    >>> model = mirnet.Model("linear-ends")
    >>> history = model.fit(data, epochs=20)
    >>> model.predict(["GUGAGUGGGAGGCCAGGGCACGGGGUUGCACUGACUCUCCCUCCCUGCCCCUAG"])

The submodules mirnet.sklearn, mirnet.keras, mirnet.onnx and mirnet.plot are imported when they are first used; each needs
the package of its name (mirnet.keras h5py, mirnet.plot matplotlib).
"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import importlib
from types import ModuleType

from . import _library
from ._crossval import CrossValidation, cross_validate
from ._dataset import Dataset, Reader, Record
from ._encoder import Encoder
from ._errors import (
    CancelledError,
    FileError,
    FormatError,
    InvalidError,
    LibraryError,
    MirnetError,
    MissingFileError,
    NotFoundError,
    NumericError,
    OutOfMemoryError,
    ShapeError,
    StateError,
    SystemResourceError,
    UnsupportedError,
)
from ._folds import Folds
from ._history import Callback, History, Progress
from ._model import Layer, Model
from ._predictor import Predictor, default_threads
from ._recipe import Option, Recipe, options
from ._scores import Scores, Summary, summarize
from ._tensors import Tensors
from ._trainer import Gradients, Trainer
from ._version import __version__

__all__ = [
    "Callback",
    "CancelledError",
    "CrossValidation",
    "Dataset",
    "Encoder",
    "FileError",
    "Folds",
    "FormatError",
    "Gradients",
    "History",
    "InvalidError",
    "Layer",
    "LibraryError",
    "MirnetError",
    "MissingFileError",
    "Model",
    "NotFoundError",
    "NumericError",
    "Option",
    "OutOfMemoryError",
    "Predictor",
    "Progress",
    "Reader",
    "Recipe",
    "Record",
    "Scores",
    "ShapeError",
    "StateError",
    "Summary",
    "SystemResourceError",
    "Tensors",
    "Trainer",
    "UnsupportedError",
    "__version__",
    "build_info",
    "cross_validate",
    "default_threads",
    "library_path",
    "library_version",
    "options",
    "summarize",
]

library_path: str = _library.path
library_version: str = _library.lib.mirnet_version().decode()


def build_info() -> str:
    """One line on how the library was built and what it uses on this machine, for bug reports."""
    return str(_library.lib.mirnet_build_info().decode())


def __getattr__(name: str) -> ModuleType:
    if name in ("keras", "onnx", "plot", "sklearn"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'mirnet' has no attribute {name!r}")
