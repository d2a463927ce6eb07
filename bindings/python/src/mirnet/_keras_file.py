"""_keras_file.py - a file that Keras saved, opened: told by its content, with the model's JSON made ready"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import errno
import io
import json as json_module
import os
import struct
import zipfile
import zlib
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Mapping, Union

from ._errors import FileError, FormatError, InvalidError, MissingFileError, UnsupportedError
from ._keras_hdf5 import MAGIC, Hdf5
from ._keras_json import MAX_TEXT, Json, Layer, first_line, parse, prepare
from ._keras_weights import Weights

PathType = Union[str, "os.PathLike[str]"]
JsonType = Union[str, Mapping[str, Any], "os.PathLike[str]"]

ZIP_MAGIC = b"PK\x03\x04"
# The members of an archive, each with the largest size that is unpacked.
MEMBERS = {"config.json": MAX_TEXT, "metadata.json": 1 << 20, "model.weights.h5": 1 << 31}
SMALL, MAX_RATIO = 64 << 20, 100  # a larger member may have been packed to a hundredth at most: weights hardly shrink


@dataclass
class KerasFile:
    """An open file: the model's JSON made ready, its layers that have weights, and the weights."""

    model: Json
    layers: list[Layer]
    weights: Weights


@contextmanager
def opened(path: PathType, json: JsonType | None) -> Iterator[KerasFile]:
    """The file at `path`, open for as long as the context lasts; errors as in keras.load."""
    source = os.fspath(path)
    if os.path.isdir(source):
        raise UnsupportedError(f"{source}: a folder (SavedModel) is not supported; save the model as .keras or .h5")
    model: Json | None = None
    version = None
    with ExitStack() as stack:
        try:
            file: BinaryIO = stack.enter_context(open(source, "rb"))
            head = file.read(8)
        except OSError as error:
            raise file_error(error, source) from None
        if head.startswith(ZIP_MAGIC):
            members = read_archive(file, source)
            model = parse(members["config.json"], f"{source}: config.json")
            version = parse(members.get("metadata.json", b"{}"), f"{source}: metadata.json").get("keras_version")
            file = io.BytesIO(members["model.weights.h5"])
        elif head != MAGIC:
            raise FormatError(f"{source}: not a file of Keras: expected HDF5 or a .keras archive")
        hdf5 = stack.enter_context(closing(Hdf5(file, source)))
        root = (hdf5.group(hdf5.root, "model_weights") if model is None else None) or hdf5.root
        version = version or hdf5.text(root, "keras_version") or hdf5.text(hdf5.root, "keras_version")
        if json is not None:
            model, source = read_json(json)
        elif model is None:
            text = hdf5.text(hdf5.root, "model_config")
            if text is None:
                raise InvalidError(f"{source}: weights without a model: expected its JSON as `json`")
            model = parse(text, f"{source}: model_config")
        backend = hdf5.text(root, "backend") or model.get("backend")
        model, layers = prepare(model, source, version)
        if backend == "theano" and any("Conv" in part.class_name for layer in layers for part in layer.parts):
            raise UnsupportedError(f"{hdf5.source}: convolutions of Theano (turned kernels) are not supported")
        yield KerasFile(model, layers, Weights(hdf5, root))


def file_error(error: Exception, source: str) -> FileError:
    number = error.errno if isinstance(error, OSError) else None
    kind = MissingFileError if number == errno.ENOENT else FileError
    made = kind(f"{source}: {os.strerror(number) if number else first_line(error)}")
    if number:
        made.errno = number
    return made


def read_json(json: JsonType) -> tuple[Json, str]:
    """The JSON of a text, a mapping or a file, and what messages call it."""
    if isinstance(json, Mapping):
        try:
            return parse(json_module.dumps(json), "json"), "json"
        except (TypeError, ValueError, RecursionError) as error:
            if isinstance(error, FormatError):
                raise
            raise InvalidError(f"json: cannot be written as JSON: {first_line(error)}") from None
    if isinstance(json, str) and json.lstrip()[:1] in ("{", "["):
        return parse(json, "json"), "json"
    if not isinstance(json, (str, os.PathLike)):
        raise InvalidError(f"json: expected a text, a mapping or a path, not {type(json).__name__}")
    try:
        with Path(json).open("rb") as file:
            return parse(file.read(MAX_TEXT + 1), os.fspath(json)), os.fspath(json)
    except (OSError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise file_error(error, os.fspath(json)) from None


def read_archive(file: BinaryIO, source: str) -> dict[str, bytes]:
    """The members of a .keras archive, unpacked in memory; no other name is accepted and none becomes a path."""
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if info.filename == "assets/":
                    continue
                if info.filename in found:
                    raise FormatError(f"{source}: member '{info.filename}' is there twice")
                found[info.filename] = read_member(archive, info, source)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error, (FormatError, UnsupportedError)):
            raise
        raise FormatError(f"{source}: damaged archive: {first_line(error)}") from None
    for name in ("config.json", "model.weights.h5"):
        if name not in found:
            raise FormatError(f"{source}: the archive has no '{name}'")
    return found


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: str) -> bytes:
    name = info.filename
    if name not in MEMBERS:
        raise UnsupportedError(f"{source}: member '{name[:60]}' is not supported, only {', '.join(MEMBERS)}")
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsupportedError(f"{source}: member '{name}' is encrypted or packed in a way that Keras does not use")
    if info.file_size > min(MEMBERS[name], max(SMALL, MAX_RATIO * info.compress_size)):
        raise FormatError(f"{source}: member '{name}' would unpack to {info.file_size} bytes")
    with archive.open(info) as member:
        data = member.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise FormatError(f"{source}: member '{name}' has {len(data)} bytes, not the {info.file_size} that it states")
    return data
