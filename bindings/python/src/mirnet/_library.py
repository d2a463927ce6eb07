"""_library.py - finds and loads libmirnet, and checks that it is one that this package can use"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import ctypes
import os
from typing import Any

from ._errors import LibraryError, from_status
from ._prototypes import PROTOTYPES, status

SOVERSION = 0
SONAME = f"libmirnet.so.{SOVERSION}"
MINIMUM = (0, 1, 0)  # the version that brought the youngest function of the table


def candidates() -> list[str]:
    """Where the library is looked for: MIRNET_LIBRARY alone if it is set, else the bundled one, else the loader's."""
    chosen = os.environ.get("MIRNET_LIBRARY")
    if chosen:
        return [chosen]
    bundled = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_lib", SONAME)
    return [bundled, SONAME]


def _open(path: str) -> tuple[ctypes.CDLL | None, str]:
    """The library, or None and why not."""
    if os.path.sep in path and not os.path.exists(path):
        return None, "no such file"
    if path == os.environ.get("MIRNET_LIBRARY") and not os.path.isabs(path):
        return None, "MIRNET_LIBRARY has to be an absolute path"
    try:
        return ctypes.CDLL(path, use_errno=True), ""  # a CDLL lets other Python threads run during a call
    except OSError as error:
        return None, str(error)


def _check(library: ctypes.CDLL, path: str) -> None:
    """Refuses a library with another ABI, or one that is too old."""
    try:
        soversion, number = library.mirnet_soversion(), library.mirnet_version_number()
    except AttributeError:
        raise LibraryError(f"{path} is not libmirnet: it has no function mirnet_soversion") from None
    found = (number // 1000000, number // 1000 % 1000, number % 1000)
    if soversion != SOVERSION or found < MINIMUM:
        raise LibraryError(
            f"{path} is libmirnet {'.'.join(map(str, found))} with ABI {soversion}: "
            f"expected ABI {SOVERSION} and version {'.'.join(map(str, MINIMUM))} or later"
        )


def _raise_if_failed(result: int, function: Any, arguments: Any) -> int:
    if result:
        system_error = ctypes.get_errno()
        raise from_status(result, lib.mirnet_last_message().decode("utf-8", "replace"), system_error)
    return result


def _declare(library: ctypes.CDLL, path: str) -> None:
    """Gives each function its types; those that return a status raise."""
    for name, (result, arguments) in PROTOTYPES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise LibraryError(f"{path} has no function {name}: it is older than this package") from None
        function.argtypes = arguments
        if result is status:
            function.restype = ctypes.c_int32
            function.errcheck = _raise_if_failed
        else:
            function.restype = result


def load() -> tuple[ctypes.CDLL, str]:
    """The library with its prototypes, and where it was found.

    Raises
    ------
    LibraryError
        None of the candidates can be loaded (all are listed), or the one that was found does not fit.
    """
    tried = []
    for path in candidates():
        library, reason = _open(path)
        if library:
            _check(library, path)
            _declare(library, path)
            return library, path
        tried.append(f"{path} ({reason})")
    raise LibraryError(
        f"libmirnet cannot be loaded; tried {', '.join(tried)}; "
        "install it, or set MIRNET_LIBRARY to the absolute path of " + SONAME
    )


lib, path = load()
