"""_tensors.py - safetensors files: named float tensors and text notes"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import ctypes
import os
from typing import Any, Iterator, Mapping, MutableMapping

import numpy as np

from ._arrays import Floats, address, as_floats
from ._errors import UnsupportedError
from ._handle import Handle, Reading, Writing, as_bytes, create, decode, encode, encode_path
from ._library import lib
from ._weights import read_shape


class Tensors(Handle, MutableMapping[str, Floats]):
    """A safetensors file in memory: a mapping of names to float32 arrays. Reading gives a copy.

    Parameters
    ----------
    tensors
        What it holds at first: real arrays of any dtype, kept as float32.
    """

    def __init__(self, tensors: Mapping[str, Any] | None = None) -> None:
        super().__init__(create(lib.mirnet_tensors_create), lib.mirnet_tensors_destroy)
        for name, values in (tensors or {}).items():
            self[name] = values

    @classmethod
    def _adopt(cls, pointer: int) -> Tensors:
        tensors = cls.__new__(cls)
        Handle.__init__(tensors, pointer, lib.mirnet_tensors_destroy)
        return tensors

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tensors:
        """F32, F64, F16, BF16, I64, I32, U8 and BOOL tensors are read, as float32.

        Raises
        ------
        FileError, FormatError, UnsupportedError
            The file cannot be read, is damaged, or holds something else.
        """
        return cls._adopt(create(lib.mirnet_tensors_load, encode_path(path)))

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "bytes") -> Tensors:
        """From a file that is in memory already; `source` names it in messages."""
        held = as_bytes(data, "data")
        return cls._adopt(create(lib.mirnet_tensors_load_mem, held, len(held), encode(source, "source")))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a temporary file and renames it: `path` holds the old file or the new one, never a mixture."""
        with Reading(self) as pointer:
            lib.mirnet_tensors_save(pointer, encode_path(path))

    def to_bytes(self) -> bytes:
        """The bytes of the file."""
        import tempfile  # slow to import, and seldom needed

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tensors")
            self.save(path)
            with open(path, "rb") as file:
                return file.read()

    def __getitem__(self, name: str) -> Floats:
        with Reading(self) as pointer:
            key = encode(name, "tensor")
            start = lib.mirnet_tensors_get(pointer, key)
            if start is None:
                raise KeyError(name)
            out = np.empty(read_shape(lib.mirnet_tensors_get_shape, pointer, key), dtype=np.float32)
            ctypes.memmove(out.__array_interface__["data"][0], start, out.nbytes)
        return out

    def __setitem__(self, name: str, values: Any) -> None:
        array = as_floats(values, f"tensor {name}")
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        with Writing(self) as pointer:
            lib.mirnet_tensors_set(pointer, encode(name, "tensor"), dims, array.ndim, address(array))

    def __delitem__(self, name: str) -> None:
        raise UnsupportedError(f"tensor {name}: tensors cannot be removed")

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def __iter__(self) -> Iterator[str]:
        with Reading(self) as pointer:
            return iter([decode(lib.mirnet_tensors_get_name(pointer, i)) for i in range(len(self))])

    def __len__(self) -> int:
        with Reading(self) as pointer:
            return int(lib.mirnet_tensors_count(pointer))

    def get_note(self, key: str) -> str | None:
        """Text metadata, or None if there is none of that key."""
        with Reading(self) as pointer:
            text = lib.mirnet_tensors_get_note(pointer, encode(key, "key"))
            return None if text is None else decode(text)

    def set_note(self, key: str, text: str | None) -> None:
        """Sets text metadata, or removes it with None."""
        with Writing(self) as pointer:
            lib.mirnet_tensors_set_note(
                pointer, encode(key, "key"), None if text is None else encode(text, f"note {key}")
            )

    # A mapping with state: it is one object, not its contents.
    __hash__ = Handle.__hash__
    __eq__ = Handle.__eq__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(), "pickle")

    def __repr__(self) -> str:
        return Handle.__repr__(self)

    def _describe(self) -> str:
        return f": {', '.join(self)}"
