"""_predictor.py - applying a model to sequences, files, datasets and arrays"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import re
import threading
from ctypes import c_char_p
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from ._arrays import Floats, address, addresses, as_inputs, as_int, as_ints
from ._dataset import Dataset
from ._errors import FormatError, InvalidError, MirnetError
from ._handle import Handle, Reading, create
from ._library import lib

if TYPE_CHECKING:
    from ._model import Model

CHUNK = 16384  # samples in one call: between calls Ctrl-C is heard
LETTERS = frozenset("ACGUTRYSWKMBDHVNacgutryswkmbdhvn")


def default_threads() -> int:
    """The processors that this process may use, at most 256."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), 256)
    return min(os.cpu_count() or 1, 256)


def as_threads(threads: int | None) -> int:
    """A number of threads that was asked for; None: all processors."""
    return default_threads() if threads is None else as_int(threads, "threads", 1, 256)


def is_sequences(x: Any) -> bool:
    """Whether `x` is a list of texts, or an array or a column of them."""
    if isinstance(x, (list, tuple)):
        return len(x) == 0 or isinstance(x[0], str)
    if isinstance(x, np.ndarray):
        return x.ndim == 1 and (x.dtype.kind == "U" or (x.dtype.kind == "O" and len(x) > 0 and isinstance(x[0], str)))
    if getattr(getattr(x, "dtype", None), "kind", "") != "O" or not hasattr(x, "tolist"):
        return False
    column = np.asarray(x)  # a pandas Series, as a rule without a copy
    return column.ndim == 1 and (len(column) == 0 or isinstance(column[0], str))


def load_path(path: str | os.PathLike[str]) -> Dataset:
    """The records of a file; a sequence that was given in place of a path is told from one."""
    if isinstance(path, str) and path and LETTERS.issuperset(path) and not os.path.exists(path):
        raise InvalidError(f"x is one text, {path[:30]!r}: expected a path; to predict one sequence, put it into a list")
    return Dataset.load(path)


def _encode_sequences(sequences: Sequence[Any], start: int) -> Any:
    """char *const * of some sequences; `start` is the number of the first one, for messages."""
    try:
        encoded = [sequence.encode("ascii") for sequence in sequences]
        if b"\0" not in b"".join(encoded):
            return (c_char_p * len(encoded))(*encoded)
    except (AttributeError, UnicodeEncodeError):
        pass
    for i, sequence in enumerate(sequences, start + 1):
        if not isinstance(sequence, str):
            raise TypeError(f"sequence {i}: expected str, got {type(sequence).__name__}")
        if not sequence.isascii() or "\0" in sequence:
            at = next(j for j, letter in enumerate(sequence) if not letter.isascii() or letter == "\0")
            raise FormatError(f"sequence {i}, position {at + 1}: {sequence[at]!r} is no nucleotide code")
    raise AssertionError("a sequence is wrong, but none was found")


def _run_sequences(pointer: int, sequences: Any, out: Floats) -> None:
    texts = sequences if isinstance(sequences, (list, tuple)) else sequences.tolist()
    row = out.strides[0]
    for start in range(0, len(texts), CHUNK):
        array = _encode_sequences(texts[start : start + CHUNK], start)
        try:
            lib.mirnet_predictor_run_sequences(pointer, array, len(array), address(out) + start * row)
        except MirnetError as error:  # it counts from the first of its own call
            renumbered = re.sub(r"^sequence (\d+)", lambda m: f"sequence {int(m[1]) + start}", str(error))
            raise type(error)(renumbered) from None


def _run_dataset(pointer: int, dataset: Dataset, records: Any, out: Floats) -> None:
    chosen = np.arange(len(out), dtype=np.int64) if records is None else records
    row = out.strides[0]
    with Reading(dataset) as source:
        for start in range(0, len(out), CHUNK):
            part = chosen[start : start + CHUNK]
            lib.mirnet_predictor_run_dataset(pointer, source, address(part), len(part), address(out) + start * row)


def run(pointer: int, model: Model, x: Any, records: Any = None) -> Floats:
    """Applies a predictor of the library to whatever `x` is: see Model.predict."""
    if isinstance(x, (str, os.PathLike)):
        x = load_path(x)
    shape = model.output_shape
    if isinstance(x, Dataset):
        chosen = None if records is None else as_ints(records, "records")
        out = np.empty((len(x) if chosen is None else len(chosen), *shape), dtype=np.float32)
        _run_dataset(pointer, x, chosen, out)
        return out
    if records is not None:
        raise InvalidError("records: expected None where x is no Dataset")
    if is_sequences(x):
        out = np.empty((len(x), *shape), dtype=np.float32)
        _run_sequences(pointer, x, out)
        return out
    inputs = as_inputs(x, model.input_shapes, model.input_names)
    out = np.empty((len(inputs[0]), *shape), dtype=np.float32)
    for start in range(0, len(out), CHUNK):
        parts, rows = [array[start : start + CHUNK] for array in inputs], out[start : start + CHUNK]
        lib.mirnet_predictor_run(pointer, addresses(parts), len(rows), address(rows))
    return out


class Predictor(Handle):
    """A model with a workspace and threads of its own. `Model.predict` makes them as needed; one of your own is for
    loops that want nothing made in between.

    Results do not depend on the number of threads nor on how samples are grouped into calls, to the bit. Calls from
    several threads wait for each other: take one Predictor a thread. It follows changes of the model's weights.

    Parameters
    ----------
    threads
        1 to 256; None: all processors that this process may use.
    """

    def __init__(self, model: Model, threads: int | None = None) -> None:
        self.model = model
        self.threads = as_threads(threads)
        self._turn = threading.Lock()
        # The library's predictor is replaced when the model has changed, so the finalizer takes it from a list.
        pointer = self._make()
        self._current: list[int | None] = [pointer]
        super().__init__(pointer, _destroy_current, self._current, model)

    def _make(self) -> int:
        with Reading(self.model) as pointer:
            self._version = self.model._version_to_keep()
            return create(lib.mirnet_predictor_create, pointer, self.threads)

    def predict(self, x: Any, *, records: Any = None) -> Floats:
        """float32 [n, *output shape]; `x` is as in Model.predict. `records`, of a Dataset: [n] record numbers."""
        with self._turn, Reading(self), Reading(self.model):
            if self._version != self.model._version:
                self._pointer_ = fresh = self._make()
                old, self._current[0] = self._current[0], fresh  # Ctrl-C may come after each call
                lib.mirnet_predictor_destroy(old)
            assert self._current[0] is not None
            return run(self._current[0], self.model, x, records)

    def _after_fork(self) -> None:
        if self._turn.locked():  # another thread of the parent was in the middle of a call: make a new one
            self._current[0], self._version = None, -1
        self._turn = threading.Lock()
        super()._after_fork()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.model, self.threads)

    def _describe(self) -> str:
        return f" of {self.model!r}, {self.threads} threads"


def _destroy_current(pointer: int, current: list[int | None], model: Model) -> None:
    lib.mirnet_predictor_destroy(current[0])
