"""_arrays.py - NumPy arrays as the library takes them: float32, C order, checked shapes"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import operator
from ctypes import c_void_p
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from ._errors import InvalidError, ShapeError

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Floats = npt.NDArray[np.float32]
    Doubles = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Int32s = npt.NDArray[np.int32]
else:  # numpy.typing takes long to import
    Array = Floats = Doubles = Ints = Int32s = np.ndarray


def address(array: Array | None) -> Any:
    """Where the elements are. The array has to live as long as the address is used."""
    return None if array is None else array.__array_interface__["data"][0]  # cheaper than array.ctypes


def addresses(arrays: Sequence[Array | None]) -> Any:
    """float *const *: where each array's elements are."""
    return (c_void_p * len(arrays))(*[address(array) for array in arrays])


def as_floats(x: Any, what: str, dtype: Any = np.float32) -> Array:
    """`x` as float32 (or `dtype`) in C order: itself if it is that already, else a copy.

    Raises
    ------
    TypeError
        The elements are objects, complex numbers, texts or dates.
    InvalidError
        Some are masked.
    """
    if isinstance(x, np.ma.MaskedArray) and bool(np.any(x.mask)):
        raise InvalidError(f"{what}: expected numbers everywhere, got an array with masked ones")
    array = as_array(x, what)
    if array.dtype.kind not in "biuf":
        found = type(x).__name__ if array.ndim == 0 else f"dtype {array.dtype}"
        raise TypeError(f"{what}: expected real numbers, got {found}")
    return np.asarray(array, dtype=dtype, order="C")


def as_array(x: Any, what: str) -> Array:
    """numpy.asarray, where lists of unequal lengths are an error that says where."""
    try:
        return np.asarray(x)
    except ValueError as error:
        raise ShapeError(f"{what}: expected an array, or lists of equal lengths: {error}") from None


def as_labels(y: Any, what: str) -> Array:
    """Class names or numbers as an array; whole numbers that came as objects, as in pandas's Int64, as int64."""
    array = as_array(y, what)
    if array.shape == (0,):
        return array.astype(np.int64)
    if array.dtype.kind == "O":
        if all(isinstance(label, (int, np.integer)) and not isinstance(label, bool) for label in array.flat):
            return array.astype(np.int64)
    return array


def as_ints(x: Any, what: str, dtype: Any = np.int64) -> Array:
    """`x`, one dimension of whole numbers, as int64 (or `dtype`) in C order."""
    array = np.asarray(x)
    if array.size == 0:
        array = array.astype(dtype)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{what}: expected whole numbers, got dtype {array.dtype}")
    if array.ndim != 1:
        raise ShapeError(f"{what}: expected one dimension, got shape {array.shape}")
    limits = np.iinfo(dtype)
    if array.size and (array.min() < limits.min or array.max() > limits.max):
        raise InvalidError(f"{what}: a number does not fit into {np.dtype(dtype).name}")
    return np.ascontiguousarray(array, dtype=dtype)


def as_int(value: Any, what: str, low: int = -(2**31), high: int = 2**31 - 1) -> int:
    """`value` if it is a whole number in these bounds: ctypes would cut off what does not fit."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{what}: expected a whole number, got {value!r}")
    if number < low:
        raise InvalidError(f"{what}: expected at least {low}, got {number}")
    if number > high:
        raise InvalidError(f"{what}: expected at most {high}, got {number}")
    return number


def as_real(value: Any, what: str) -> float:
    """`value` as a double: a number of any type, but no text, and a whole number only if a double can hold it."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{what}: expected a number, got {value!r}") from None
    except OverflowError:
        raise InvalidError(f"{what}: the number is too large") from None
    if isinstance(value, int) and number != value:
        raise InvalidError(f"{what}: expected a whole number up to 2**53, got {value}")
    return number


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, or pandas's NA and NaT."""
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def as_seed(value: Any) -> int:
    """The seed of a call that takes 64 bits."""
    return as_int(value, "seed", 0, 2**64 - 1)


def as_index(i: Any, n: int, what: str) -> int:
    """A place in a sequence of n; negative ones count from the end."""
    try:
        number = operator.index(i)
    except TypeError:
        raise TypeError(f"{what}: expected a whole number, got {i!r}") from None
    if not -n <= number < n:
        raise IndexError(f"{what} {number}: expected {-n} to {n - 1}")
    return number % n


def as_samples(x: Any, shape: tuple[int, ...], what: str) -> Floats:
    """`x` as [n, *shape]; [n, product of shape] is also taken, and axes of size 1 do not count."""
    array = as_floats(x, what)
    size = int(np.prod(shape))
    found = array.shape[1:]
    if array.ndim == 0 or found not in (shape, (size,)) and _without_ones(found) != _without_ones(shape):
        dims = ", ".join(map(str, shape))
        raise ShapeError(f"{what}: expected shape (n, {dims}) or (n, {size}), got {array.shape}")
    return array


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [n for n in shape if n != 1]


def as_inputs(x: Any, shapes: list[tuple[int, ...]], names: list[str]) -> list[Floats]:
    """The inputs of a model, one array each, all with the same n; a model of one input takes a bare array."""
    if isinstance(x, dict):
        if set(x) != set(names):
            raise InvalidError(f"x: expected the inputs {', '.join(names)}, got {', '.join(map(str, x))}")
        x = [x[name] for name in names]
    elif len(shapes) == 1 and not (isinstance(x, (list, tuple)) and len(x) == 1 and np.ndim(x[0]) > len(shapes[0])):
        x = [x]
    if not isinstance(x, (list, tuple)) or len(x) != len(shapes):
        raise InvalidError(f"x: expected a list of {len(shapes)} arrays, for the inputs {', '.join(names)}")
    whats = ["x"] if len(shapes) == 1 else [f"x, input {name}" for name in names]
    arrays = [as_samples(one, shape, what) for one, shape, what in zip(x, shapes, whats)]
    for array, what in zip(arrays, whats):
        if len(array) != len(arrays[0]):
            raise ShapeError(f"{what}: expected {len(arrays[0])} samples as in the first input, got {len(array)}")
    return arrays
