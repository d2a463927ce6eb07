"""_handle.py - objects that own an object of the C library: closing, sharing between threads, forking"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import threading
import weakref
from ctypes import byref, c_char_p, c_void_p
from types import TracebackType
from typing import Any, Callable, Iterable, TypeVar

from ._errors import InvalidError, StateError, UnsupportedError

Self = TypeVar("Self", bound="Handle")


class _Gate:
    """Many may read at a time, or one may write; nobody waits, whoever comes too late gets a StateError.

    The thread that writes may also read: a callback of a running fit may predict.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.text = threading.RLock()  # held by the reader that uses a text the library makes anew for each
        self.reading: list[threading.Lock] = []  # one lock a reader, locked as long as it reads
        self.writing = threading.Lock()  # of the last writer, locked as long as it writes
        self.writer = 0

    def is_mine(self) -> bool:
        """Whether this thread writes: it is in a callback of its own call."""
        return self.writing.locked() and self.writer == threading.get_ident()


class Handle:
    """Owner of one object of the library. A context manager; `close` may be called any number of times.

    Closing an object closes what was built on it first. An object that is not closed is freed when it is no longer used.
    """

    _pointer_: int | None = None
    _gate = _Gate()  # of objects whose __init__ failed, which are closed

    def __init__(self, pointer: int, destroy: Callable[..., None], *keep: Any) -> None:
        """Takes over `pointer`; `keep` are the objects that have to outlive it, or further arguments of `destroy`."""
        self._pointer_ = pointer
        self._gate = _Gate()
        self._children: weakref.WeakSet[Handle] = weakref.WeakSet()
        self._finalizer = weakref.finalize(self, destroy, pointer, *keep)
        self._finalizer.atexit = False  # daemon threads may be in the middle of a call when Python ends
        for parent in keep:
            if isinstance(parent, Handle):
                parent._children.add(self)
        _alive.add(self)

    @property
    def _pointer(self) -> int:
        if self._pointer_ is None:
            raise StateError(f"this {type(self).__name__} is closed")
        return self._pointer_

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._pointer_ is None

    def close(self) -> None:
        """Frees the object at once. Using it afterwards raises StateError, as does closing it while it is in use."""
        if self._pointer_ is None:
            return
        for child in list(self._children):
            child.close()
        with Writing(self):
            self._pointer_ = None
            self._finalizer()

    def __enter__(self: Self) -> Self:
        self._pointer  # noqa: B018 - a closed object cannot be entered
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        name = type(self).__name__
        if self.closed:
            return f"<{name}, closed>"
        try:
            return f"<{name}{self._describe()}>"
        except StateError:
            return f"<{name}, in use>"

    def _describe(self) -> str:
        """What it is, in a few words that go behind the name of the class."""
        return ""

    def __reduce__(self) -> Any:
        raise UnsupportedError(f"a {type(self).__name__} cannot be copied or pickled")

    def _after_fork(self) -> None:
        """In a forked child no thread is in the middle of a call, whatever the parent's threads were doing."""
        self._gate = _Gate()


class Reading:
    """`with Reading(object) as pointer`: nobody changes or closes the object meanwhile."""

    def __init__(self, owner: Handle) -> None:
        self.owner = owner
        self.hold = threading.Lock()

    def __enter__(self) -> int:
        try:
            with self.owner._gate.lock:
                return self._enter(self.owner._gate)
        except BaseException:
            if self.hold.locked():
                self.hold.release()
            raise

    @property
    def __exit__(self) -> Callable[..., None]:
        return self.hold.__exit__  # compiled: once it is called, no Ctrl-C keeps it from letting go

    def _enter(self, gate: _Gate) -> int:
        if gate.writing.locked() and not gate.is_mine():
            raise StateError(f"this {type(self.owner).__name__} is in use by another thread")
        pointer = self.owner._pointer
        gate.reading = [hold for hold in gate.reading if hold.locked()]
        gate.reading.append(self.hold)
        self.hold.acquire()
        return pointer


class Writing(Reading):
    """`with Writing(object) as pointer`: nobody else uses the object meanwhile, not even a callback of this thread."""

    def _enter(self, gate: _Gate) -> int:
        if gate.writing.locked() or any(hold.locked() for hold in gate.reading):
            who = "a running call of this thread" if gate.is_mine() else "another thread"
            raise StateError(f"this {type(self.owner).__name__} is in use by {who}")
        pointer = self.owner._pointer
        gate.writing, gate.writer = self.hold, threading.get_ident()
        self.hold.acquire()
        return pointer


def create(function: Callable[..., Any], *arguments: Any) -> int:
    """The address of a new object, from a function that puts it into its first argument."""
    out = c_void_p()
    function(byref(out), *arguments)
    assert out.value is not None
    return out.value


def decode(text: bytes | None) -> str:
    """A text of the library; bytes that are not UTF-8 (names in old files) survive a round trip."""
    return "" if text is None else text.decode("utf-8", "surrogateescape")


def encode(text: str, what: str = "text") -> bytes:
    """A text for the library."""
    if not isinstance(text, str):
        raise TypeError(f"{what}: expected str, got {type(text).__name__}")
    if "\0" in text:
        raise InvalidError(f"{what}: expected text without NUL, got {text[:40]!r}")
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidError(f"{what}: expected text, got half a character in {text[:40]!r}") from None


def encode_all(texts: Iterable[str], what: str) -> Any:
    """char *const *: the texts, in one ctypes array that keeps them alive."""
    if isinstance(texts, str):
        raise TypeError(f"{what}: expected a list of texts, got one text")
    encoded = [encode(text, f"{what}[{i}]") for i, text in enumerate(texts)]
    return (c_char_p * len(encoded))(*encoded)


def encode_path(path: str | os.PathLike[str]) -> bytes:
    """A path for the library."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise InvalidError(f"path: expected one without NUL, got {path!r}")
    return encoded


def as_bytes(data: Any, what: str) -> bytes:
    """Bytes for the library, of whatever holds some."""
    if isinstance(data, bytes):
        return data
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise TypeError(f"{what}: expected bytes, got {type(data).__name__}") from None


_alive: weakref.WeakSet[Handle] = weakref.WeakSet()


def _after_fork() -> None:
    for owner in list(_alive):
        owner._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
