"""_errors.py - an exception for each status of the library"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import errno
import os


class MirnetError(RuntimeError):
    """Base of all errors of this package. The message is one line: what is wrong, where, what was expected."""


class InvalidError(MirnetError, ValueError):
    """An argument is wrong: out of bounds, an unknown key."""


class OutOfMemoryError(MirnetError, MemoryError):
    """Memory ran out."""


class FileError(MirnetError, OSError):
    """The system could not read or write; `errno` says why where it is known."""


class MissingFileError(FileError, FileNotFoundError):
    """There is no such file."""


class FormatError(MirnetError, ValueError):
    """Data or text is malformed."""


class UnsupportedError(MirnetError, NotImplementedError):
    """Well formed, but this library does not do it."""


class ShapeError(MirnetError, ValueError):
    """Shapes or sizes do not fit each other."""


class StateError(MirnetError):
    """The call is not allowed at this point: the object is closed, or in use."""


class CancelledError(MirnetError):
    """A callback asked to stop."""


class NotFoundError(MirnetError, KeyError):
    """There is nothing of that name."""

    __str__ = Exception.__str__  # KeyError would put the message in quotes


class NumericError(MirnetError, ArithmeticError):
    """A number is not finite where it must be."""


class SystemResourceError(MirnetError, OSError):
    """The system refused a thread or another resource."""


class LibraryError(MirnetError, ImportError):
    """The shared library cannot be loaded, or is not one that this package can use."""


# By minus the status; the numbers are pinned in common.h.
BY_STATUS: list[type[MirnetError]] = [
    MirnetError,
    InvalidError,
    OutOfMemoryError,
    FileError,
    FormatError,
    UnsupportedError,
    ShapeError,
    StateError,
    CancelledError,
    NotFoundError,
    NumericError,
    SystemResourceError,
]


def from_status(status: int, message: str, system_error: int) -> MirnetError:
    """The exception for a failed call; `system_error` is the call's errno, used where the system failed."""
    kind = BY_STATUS[-status] if 0 < -status < len(BY_STATUS) else MirnetError
    if system_error and os.strerror(system_error) not in message:
        system_error = 0  # that of an earlier call
    if kind is FileError and system_error == errno.ENOENT:
        kind = MissingFileError
    error: MirnetError = kind(message)
    if isinstance(error, (FileError, SystemResourceError)) and system_error:
        error.errno = system_error
    return error
