"""_weights.py - a model's weights and notes as mappings"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from ctypes import byref, c_int32, c_int64
from typing import TYPE_CHECKING, Any, Iterator, Mapping, MutableMapping

import numpy as np

from ._arrays import Floats, address, as_floats
from ._errors import NotFoundError, NumericError, ShapeError, UnsupportedError
from ._handle import Reading, decode, encode
from ._library import lib

if TYPE_CHECKING:
    from ._model import Model

MAX_RANK = 8


def read_shape(function: Any, *arguments: Any) -> tuple[int, ...]:
    """A shape, from a function that gives dimensions and rank."""
    dims, rank = (c_int64 * MAX_RANK)(), c_int32()
    function(*arguments, dims, byref(rank))
    return tuple(dims[: rank.value])


class Weights(MutableMapping[str, Floats]):
    """The weights by their Keras names, e.g. `model.weights["conv2d/kernel"]`, in the order of the layers.

    Reading gives a copy; assigning copies into the model: shapes have to be equal. To set all of them or none, use
    Model.set_weights.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a weight."""
        with Reading(self._model) as pointer:
            return read_shape(lib.mirnet_model_get_weight_shape, pointer, encode(name, "weight"))

    def __getitem__(self, name: str) -> Floats:
        with Reading(self._model) as pointer:
            out = np.empty(self.shape(name), dtype=np.float32)
            lib.mirnet_model_get_weight(pointer, encode(name, "weight"), address(out), out.size)
        return out

    def __setitem__(self, name: str, values: Any) -> None:
        array = as_floats(values, f"weight {name}")
        if array.shape != self.shape(name):
            raise ShapeError(f"weight {name}: expected shape {self.shape(name)}, got {array.shape}")
        if not np.isfinite(array).all():  # a file with such a weight could not be loaded
            raise NumericError(f"weight {name}: expected finite numbers")
        with self._model._changing() as pointer:
            lib.mirnet_model_set_weight(pointer, encode(name, "weight"), address(array), array.size)

    def __delitem__(self, name: str) -> None:
        raise UnsupportedError(f"weight {name}: a model keeps all of its weights")

    def __iter__(self) -> Iterator[str]:
        with Reading(self._model) as pointer:
            return iter([decode(lib.mirnet_model_get_weight_name(pointer, i)) for i in range(len(self))])

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def __len__(self) -> int:
        with Reading(self._model) as pointer:
            return int(lib.mirnet_model_weight_count(pointer))

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: {self.shape(name)}" for name in self) + "}"


class Notes(MutableMapping[str, str]):
    """Texts that are saved with a model: the model card. Keys are free."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def __getitem__(self, key: str) -> str:
        with Reading(self._model) as pointer:
            text = lib.mirnet_model_get_note(pointer, encode(key, "key"))
            if text is None:
                raise KeyError(key)
            return decode(text)

    def __setitem__(self, key: str, text: str) -> None:
        with self._model._changing() as pointer:
            lib.mirnet_model_set_note(pointer, encode(key, "key"), encode(text, f"note {key}"))

    def __delitem__(self, key: str) -> None:
        self[key]  # a KeyError if there is none
        with self._model._changing() as pointer:
            lib.mirnet_model_set_note(pointer, encode(key, "key"), None)

    def __contains__(self, key: object) -> bool:
        return key in list(self)

    def __iter__(self) -> Iterator[str]:
        with Reading(self._model) as pointer:
            return iter([decode(lib.mirnet_model_get_note_key(pointer, i)) for i in range(len(self))])

    def __len__(self) -> int:
        with Reading(self._model) as pointer:
            return int(lib.mirnet_model_note_count(pointer))

    def __repr__(self) -> str:
        return repr(dict(self))


def check_names(found: Mapping[str, Any], expected: Weights) -> None:
    """Every weight is given, and nothing else."""
    missing = [name for name in expected if name not in found]
    surplus = [name for name in found if name not in expected]
    if missing or surplus:
        complaint = f"{missing[0]} is missing" if missing else f"there is no weight {surplus[0]}"
        raise NotFoundError(f"weights: {complaint}; expected {', '.join(expected)}")
