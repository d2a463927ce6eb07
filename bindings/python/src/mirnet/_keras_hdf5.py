"""_keras_hdf5.py - HDF5 as an untrusted file: hard links, plain float32 datasets and small attributes, nothing else"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import importlib
import mmap
import struct
from contextlib import contextmanager
from typing import Any, BinaryIO, Iterator

import numpy as np

from ._arrays import Floats
from ._errors import FormatError, MirnetError, UnsupportedError
from ._keras_json import MAX_TEXT, first_line

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_OBJECTS = 100_000
MAX_DEPTH = 32
MAX_NAMES = 100_000  # names in one attribute
MAX_NAMES_SIZE = 1 << 30
MAX_CHUNK = 64 << 20
FILTERS = {1: "gzip", 2: "shuffle", 32000: "lzf"}
MAX_RATIO = 1100  # deflate does not reach more


def h5py_module() -> Any:
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise ImportError("Keras files need h5py: pip install 'mirnet[keras]', or Debian's python3-h5py") from None


class Hdf5:
    """An HDF5 file that is read without following anything out of it.

    Soft and external links, external storage, virtual datasets, named types and objects with two names are refused
    before any of them is opened for reading. `file` is an open binary file, which stays the caller's.
    """

    def __init__(self, file: BinaryIO, source: str) -> None:
        self.h5py = h5py_module()
        self.source = source
        self.seen: set[int] = set()
        self.size = file.seek(0, 2)
        self.longest_text = check_heaps(file, self.size, source)
        with self.damaged():
            self.root = self.h5py.File(file, "r")

    def close(self) -> None:
        with self.damaged():
            self.root.close()

    @contextmanager
    def damaged(self) -> Iterator[None]:
        """What h5py raises for a file that it cannot read is a FormatError."""
        try:
            yield
        except MirnetError:
            raise
        except (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, MemoryError) as error:
            raise FormatError(f"{self.source}: damaged HDF5 file: {first_line(error)}") from None

    def child(self, group: Any, name: str) -> Any:
        """The group or dataset of this name directly in `group`; None if there is none."""
        # Asked of the low level, which says what a link is without going to its end.
        with self.damaged():
            raw = name.encode("utf-8")
            if raw in (b"", b".", b"..") or not group.id.links.exists(raw):
                return None
            where = f"{self.source}: '{group.name.rstrip('/')}/{name}'"
            kind = group.id.links.get_info(raw).type
            if kind != self.h5py.h5l.TYPE_HARD:
                words = {self.h5py.h5l.TYPE_SOFT: "soft", self.h5py.h5l.TYPE_EXTERNAL: "external"}
                raise UnsupportedError(f"{where}: links of kind '{words.get(kind, kind)}' are not followed")
            item = group[name]
            if not isinstance(item, (self.h5py.Group, self.h5py.Dataset)):
                raise FormatError(f"{where}: neither a group nor a dataset")
            return item

    def group(self, group: Any, path: str) -> Any:
        """The group at the end of a path; None if it is not there."""
        for name in path.split("/"):
            group = self.child(group, name) if isinstance(group, self.h5py.Group) else None
        return group if isinstance(group, self.h5py.Group) else None

    def walk(self, group: Any, path: str = "", depth: int = 0) -> dict[str, Any]:
        """All datasets below a group by their path in it; an object that is met twice is an error."""
        found: dict[str, Any] = {}
        if depth > MAX_DEPTH:
            raise FormatError(f"{self.source}: '{group.name[:200]}': groups nested more than {MAX_DEPTH} deep")
        with self.damaged():
            names = list(group.keys())
        for name in names:
            item = self.child(group, name) if isinstance(name, str) else None  # bytes: no UTF-8
            if item is None:
                raise FormatError(f"{self.source}: '{path}{name!r}' is no name of a group or dataset")
            with self.damaged():
                address = int(self.h5py.h5o.get_info(item.id).addr)
            if address in self.seen or len(self.seen) >= MAX_OBJECTS:
                why = "a second link to the same object" if address in self.seen else f"more than {MAX_OBJECTS} objects"
                raise FormatError(f"{self.source}: '{path}{name}': {why}")
            self.seen.add(address)
            if isinstance(item, self.h5py.Group):
                found.update(self.walk(item, f"{path}{name}/", depth + 1))
            else:
                found[path + name] = item
        return found

    def attribute(self, item: Any, name: str) -> Any:
        """An attribute of bytes or text, a scalar or a list; None if it is not there."""
        with self.damaged():
            if name not in item.attrs:
                return None
            handle = item.attrs.get_id(name)
            n = int(np.prod(handle.shape or (1,), dtype=np.int64)) if handle.shape is not None else 0
            text = self.h5py.check_string_dtype(handle.dtype)
            where = f"{self.source}: attribute '{name}'"
            if text is None and n > 0:
                raise FormatError(f"{where}: expected text, not {handle.dtype}")
            # Elements of variable length could all point at one long text.
            if n > MAX_NAMES or (n > 1 and text and text.length is None and n * self.longest_text > MAX_NAMES_SIZE):
                raise FormatError(f"{where}: too large ({n} elements)")
            return item.attrs[name] if n > 0 else []

    def text(self, item: Any, name: str) -> str | None:
        value = self.attribute(item, name)
        return None if value is None else self.decode(value, name)

    def decode(self, value: Any, name: str) -> str:
        """h5py 2 and 3 give bytes, numpy bytes or str."""
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.ravel()[0]
        try:
            text = value.decode("utf-8") if isinstance(value, bytes) else value
            if isinstance(text, str):
                text.encode("utf-8")  # h5py 3 hides bytes that are no UTF-8 in surrogates
        except UnicodeError:
            raise FormatError(f"{self.source}: attribute '{name}' is no UTF-8") from None
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise FormatError(f"{self.source}: attribute '{name}': expected a text")
        return text

    def names(self, item: Any, name: str) -> list[str] | None:
        """A list of names, which Keras cuts into `name`0, `name`1... where it is too long for one attribute."""
        found = self.attribute(item, name)
        parts = [found] if found is not None else []
        while found is None and (part := self.attribute(item, f"{name}{len(parts)}")) is not None:
            parts.append(part)
        if not parts:
            return None
        values = [one for part in parts for one in np.asarray(part, dtype=object).ravel()]
        return [self.decode(one, name) for one in values]

    def shape(self, dataset: Any, path: str) -> tuple[int, ...]:
        """The shape of a dataset that may be read; everything about it is checked here, nothing of it is read."""
        where = f"{self.source}: dataset '{path}'"
        with self.damaged():
            plist = dataset.id.get_create_plist()
            if plist.get_layout() == self.h5py.h5d.VIRTUAL or plist.get_external_count() > 0:
                raise UnsupportedError(f"{where}: data outside of the file are not read")
            if self.text(dataset, "dtype") == "bfloat16":
                raise UnsupportedError(f"{where}: bfloat16 is not supported, only float32")
            kind = dataset.dtype
            if kind.kind != "f" or kind.itemsize != 4:
                raise UnsupportedError(f"{where}: type {kind} is not supported, only float32")
            for i in range(plist.get_nfilters()):
                code = int(plist.get_filter(i)[0])
                if code not in FILTERS:
                    names = ", ".join(FILTERS.values())
                    raise UnsupportedError(f"{where}: HDF5 filter {code} is not supported, only {names}")
            if dataset.shape is None:
                raise FormatError(f"{where}: empty")
            shape = tuple(int(n) for n in dataset.shape)
            self.check_storage(dataset, plist, shape, where)
            return shape

    def check_storage(self, dataset: Any, plist: Any, shape: tuple[int, ...], where: str) -> None:
        """A shape costs nothing: what was not written, or cannot have been packed so small, is refused."""
        size = 4
        for n in shape:
            size *= n  # of Python's integers: no overflow
        stored = int(dataset.id.get_storage_size())
        packed = plist.get_nfilters() > 0
        if size > stored * (MAX_RATIO if packed else 1) or stored > self.size:
            raise FormatError(f"{where}: {size} bytes of {shape} cannot be in {min(stored, self.size)} of the file")
        if plist.get_layout() == self.h5py.h5d.CHUNKED:
            chunk = 4
            for n in plist.get_chunk():
                chunk *= int(n)
            if chunk > max(MAX_CHUNK, size):
                raise FormatError(f"{where}: chunks of {chunk} bytes, expected at most {max(MAX_CHUNK, size)}")

    def read(self, dataset: Any) -> Floats:
        """The values, float32 in C order."""
        with self.damaged():
            return np.array(dataset[()], dtype=np.float32, order="C")


def check_heaps(file: BinaryIO, size: int, source: str) -> int:
    """The size of the largest collection of texts in the file; FormatError where one is not filled by its texts.

    Texts of variable length lie in collections: "GCOL", version, 3 bytes, size of the collection, then objects: index,
    count, 4 bytes, size, data. Index 0 is the free space at the end; where it states no size, libhdf5 1.10 never ends.
    """
    try:
        data: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # in memory
        file.seek(0)
        data = file.read()
    largest, at = 0, data.find(b"GCOL\x01")
    while at >= 0:
        length = int.from_bytes(data[at + 8 : at + 16], "little")
        place, end = at + 16, at + length
        whole = end <= size
        while whole and place + 16 <= end:
            index, n = struct.unpack_from("<H6xQ", data, place)
            place += 16 + (n + 7) // 8 * 8 if index else n
            whole = place <= end and (index > 0 or n >= 16)
        if not whole:
            raise FormatError(f"{source}: damaged HDF5 file: the heap at byte {at} is not filled by its objects")
        largest, at = max(largest, length), data.find(b"GCOL\x01", at + 5)
    return largest
