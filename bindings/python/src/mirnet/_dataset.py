"""_dataset.py - sequences: read from files, held in memory, and what is odd about them"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from ctypes import byref, c_int32, c_int64, create_string_buffer
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence

import numpy as np

from ._arrays import Int32s, Ints, address, as_index, as_int, as_seed, is_missing
from ._errors import InvalidError, StateError
from ._handle import Handle, Reading, Writing, as_bytes, create, decode, encode, encode_all, encode_path
from ._library import lib

MAX_CLASSES = 4096  # that numbers without names may stand for
FORMATS = {"any": 0, "fasta": 1, "fastq": 2, "rnafold": 3, "csv": 4, "tsv": 5}


class Record(NamedTuple):
    """One sequence: upper case, T written as U; structure in dot-bracket or "", class name or "", group or ""."""

    name: str
    sequence: str
    structure: str
    label: str
    group: str


def _set_reading(
    set_number: Callable[[int, bytes, float], int],
    pointer: int,
    lenient: bool,
    mask_lower: bool,
    keep_empty: bool,
    format: str,
) -> None:
    if format not in FORMATS:
        raise InvalidError(f"format {format!r}: expected one of {', '.join(FORMATS)}")
    set_number(pointer, b"lenient", float(lenient))
    set_number(pointer, b"mask_lower", float(mask_lower))
    set_number(pointer, b"keep_empty", float(keep_empty))
    set_number(pointer, b"format", float(FORMATS[format]))


class Reader(Handle):
    """One record after another from a file of any size, in bounded memory: `for record in Reader("big.fa.gz")`.

    Parameters
    ----------
    source
        A path ("-" is standard input), or the bytes themselves. FASTA, FASTQ, RNAfold, CSV and TSV are told apart by
        content; gzip is unpacked.
    lenient
        Drop blanks and digits inside sequence lines.
    mask_lower
        Make a lower-case base an N.
    keep_empty
        Keep records without a sequence; else they are errors.
    format
        "any", "fasta", "fastq", "rnafold", "csv" or "tsv".

    Raises
    ------
    FileError, FormatError
        With the source, the line, and what was expected there.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | bytes,
        *,
        lenient: bool = False,
        mask_lower: bool = False,
        keep_empty: bool = False,
        format: str = "any",
    ) -> None:
        if isinstance(source, bytes):
            pointer = create(lib.mirnet_reader_create_mem, source, len(source), b"bytes")
        else:
            pointer = create(lib.mirnet_reader_create, encode_path(source))
        super().__init__(pointer, _destroy_reader, source)
        _set_reading(lib.mirnet_reader_set, pointer, lenient, mask_lower, keep_empty, format)

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        more = c_int32()
        with Writing(self) as pointer:
            lib.mirnet_reader_run(pointer, byref(more))
            if not more.value:
                raise StopIteration
            return Record(
                decode(lib.mirnet_reader_get_name(pointer)),
                decode(lib.mirnet_reader_get_sequence(pointer)),
                decode(lib.mirnet_reader_get_structure(pointer)),
                decode(lib.mirnet_reader_get_class(pointer)),
                decode(lib.mirnet_reader_get_group(pointer)),
            )


def _destroy_reader(pointer: int, source: object) -> None:
    lib.mirnet_reader_destroy(pointer)  # before `source`, whose bytes it reads


class Dataset(Handle):
    """Records in memory, in the order in which they came. Class 0 is the positive class.

    Parameters
    ----------
    classes
        Names and order of the classes; a record of another class is then an error. Without it classes are taken as
        found, in the order of first appearance, except that in a set of two the one called TRUE, true, 1, yes,
        positive or mirtron becomes class 0.
    rename
        Classes that are called otherwise from here on, e.g. {"TRUE": "mirtron"}.
    group_column
        The column of CSV and TSV input that holds the group; it has to be there. None: "group", if it is there.
    lenient, mask_lower, keep_empty, format
        As in Reader, for `append`.
    """

    def __init__(
        self,
        *,
        classes: Sequence[str] | None = None,
        rename: Mapping[str, str] | None = None,
        group_column: str | None = None,
        lenient: bool = False,
        mask_lower: bool = False,
        keep_empty: bool = False,
        format: str = "any",
    ) -> None:
        pointer = create(lib.mirnet_dataset_create)
        super().__init__(pointer, lib.mirnet_dataset_destroy)
        _set_reading(lib.mirnet_dataset_set, pointer, lenient, mask_lower, keep_empty, format)
        if group_column is not None:
            lib.mirnet_dataset_set_group_column(pointer, encode(group_column, "group_column"))
        for old, new in (rename or {}).items():
            lib.mirnet_dataset_map_class(pointer, encode(old, "rename"), encode(new, "rename"))
        if classes is not None:
            names = encode_all(classes, "classes")
            lib.mirnet_dataset_set_classes(pointer, names, len(names))

    @classmethod
    def load(cls, *paths: str | os.PathLike[str], label: str | None = None, **options: Any) -> Dataset:
        """The records of one or more files. `label` is the class of records that carry none.

        Raises
        ------
        FileError, MissingFileError, FormatError
            With file, line, and what was expected there.
        """
        if not paths:
            raise InvalidError("paths: expected at least one")
        dataset = cls(**options)
        for path in paths:
            dataset.append(path, label)
        return dataset

    @classmethod
    def from_bytes(cls, data: bytes, *, label: str | None = None, source: str = "bytes", **options: Any) -> Dataset:
        """The records of a file that is in memory already; `source` names it in messages."""
        dataset = cls(**options)
        class_name = None if label is None else encode(label, "label")
        held = as_bytes(data, "data")
        lib.mirnet_dataset_load_mem(dataset._pointer, held, len(held), encode(source, "source"), class_name)
        return dataset

    @classmethod
    def from_sequences(
        cls,
        sequences: Sequence[str],
        labels: Sequence[Any] | None = None,
        *,
        names: Sequence[str] | None = None,
        groups: Sequence[Any] | None = None,
        structures: Sequence[str] | None = None,
        classes: Sequence[str] | None = None,
    ) -> Dataset:
        """Records of lists of equal length n.

        Parameters
        ----------
        sequences
            [n] texts of IUPAC letters, upper or lower case, T or U.
        labels
            [n] class names, or class numbers 0, 1, ... of `classes` (of "0", "1", ... without them).
        names
            [n] texts; seq_1, seq_2, ... without them.
        groups
            [n] of anything that has a text; records of one group belong together in folds. None and NaN are no group.
        """
        texts = _all_texts(sequences, "sequences")
        label_texts, classes = _label_texts(labels, classes)
        n = len(texts)
        columns = [
            [f"seq_{i + 1}" for i in range(n)] if names is None else _column(names, "names", n),
            texts,
            _column(structures, "structures", n),
            _column(label_texts, "labels", n),
            [None if is_missing(group) else str(group) for group in _column(groups, "groups", n)],
        ]
        dataset = cls(classes=classes)
        for record in zip(*columns):
            dataset._add(*record)
        return dataset

    @classmethod
    def simulate(cls, n_per_class: int, seed: int = 1) -> Dataset:
        """n synthetic hairpins of class "mirtron" and n of class "canonical", for trying things out. Equal seeds give
        equal sets; they say nothing about biology."""
        dataset = cls()
        n = as_int(n_per_class, "n_per_class", high=2**63 - 1)
        lib.mirnet_dataset_simulate(dataset._pointer, n, as_seed(seed))
        return dataset

    def append(self, path: str | os.PathLike[str], label: str | None = None) -> None:
        """Appends all records of a file, or none if it is faulty. "-" is standard input."""
        class_name = None if label is None else encode(label, "label")
        with Writing(self) as pointer:
            self._free_to_change()
            lib.mirnet_dataset_load(pointer, encode_path(path), class_name)

    def add(
        self,
        name: str,
        sequence: str,
        *,
        structure: str | None = None,
        label: str | None = None,
        group: str | None = None,
    ) -> None:
        """Appends one record."""
        with Writing(self):
            self._free_to_change()
            self._add(name, sequence, structure, label, group)

    def _add(self, name: str, sequence: str, structure: str | None, label: str | None, group: str | None) -> None:
        lib.mirnet_dataset_add(
            self._pointer,
            encode(name, "name"),
            encode(sequence, f"sequence of {name}"),
            None if structure is None else encode(structure, f"structure of {name}"),
            None if label is None else encode(label, f"label of {name}"),
            None if group is None else encode(group, f"group of {name}"),
        )

    def _free_to_change(self) -> None:
        if any(not child.closed for child in self._children):
            raise StateError("this Dataset is used by a Trainer: close that first, or give it other data")

    def set_positive(self, name: str) -> None:
        """Makes the class of this name class 0."""
        with Writing(self) as pointer:
            self._free_to_change()
            lib.mirnet_dataset_set_positive(pointer, encode(name, "name"))

    def __len__(self) -> int:
        with Reading(self) as pointer:
            return int(lib.mirnet_dataset_count(pointer))

    def __getitem__(self, i: int) -> Record:
        i = as_index(i, len(self), "record")
        with Reading(self) as pointer:
            label = lib.mirnet_dataset_get_class(pointer, i)
            return Record(
                decode(lib.mirnet_dataset_get_name(pointer, i)),
                decode(lib.mirnet_dataset_get_sequence(pointer, i)),
                decode(lib.mirnet_dataset_get_structure(pointer, i)),
                decode(lib.mirnet_dataset_get_class_name(pointer, label)),
                decode(lib.mirnet_dataset_get_group(pointer, i)),
            )

    def __iter__(self) -> Iterator[Record]:
        return (self[i] for i in range(len(self)))

    def _describe(self) -> str:
        sizes = ", ".join(f"{n} {name}" for name, n in self.class_sizes.items())
        return f" of {len(self)} records" + (f" ({sizes})" if sizes else "")

    def _texts(self, get: Callable[[int, int], bytes | None]) -> list[str]:
        with Reading(self) as pointer:
            return [decode(get(pointer, i)) for i in range(len(self))]

    @property
    def names(self) -> list[str]:
        """[n], made anew at each use, as all columns here."""
        return self._texts(lib.mirnet_dataset_get_name)

    @property
    def sequences(self) -> list[str]:
        """[n], in upper case, T written as U."""
        return self._texts(lib.mirnet_dataset_get_sequence)

    @property
    def structures(self) -> list[str]:
        """[n], dot-bracket or ""."""
        return self._texts(lib.mirnet_dataset_get_structure)

    @property
    def labels(self) -> Int32s:
        """[n] int32: each record's class number; -1 where it has none."""
        with Reading(self) as pointer:
            get = lib.mirnet_dataset_get_class
            return np.array([get(pointer, i) for i in range(len(self))], dtype=np.int32)

    @property
    def lengths(self) -> Ints:
        """[n] int64, in nucleotides."""
        with Reading(self) as pointer:
            get = lib.mirnet_dataset_get_length
            return np.array([get(pointer, i) for i in range(len(self))], dtype=np.int64)

    @property
    def classes(self) -> list[str]:
        """The class names; the first is the positive class."""
        with Reading(self) as pointer:
            count = lib.mirnet_dataset_class_count(pointer)
            return [decode(lib.mirnet_dataset_get_class_name(pointer, c)) for c in range(count)]

    @property
    def class_sizes(self) -> dict[str, int]:
        """How many records each class has."""
        with Reading(self) as pointer:
            return {name: int(lib.mirnet_dataset_get_class_size(pointer, c)) for c, name in enumerate(self.classes)}

    @property
    def report(self) -> dict[str, int]:
        """What is odd about the records: duplicates, conflicting classes, lengths, ambiguous letters."""
        out = c_int64()
        figures = {}
        with Reading(self) as pointer:
            for key in REPORT_KEYS:
                lib.mirnet_dataset_get_report(pointer, key.encode(), byref(out))
                figures[key] = out.value
        return figures

    def groups(self, by: str = "identical") -> Ints:
        """[n] int64: each record's group, numbered in order of appearance.

        `by` is "identical" (equal sequences) or "group" (equal group texts; a record without one is on its own).
        """
        with Reading(self) as pointer:
            out = np.empty(len(self), dtype=np.int64)
            lib.mirnet_dataset_get_groups(pointer, encode(by, "by"), address(out))
        return out

    @property
    def digest(self) -> str:
        """SHA-256 over sequences and classes, 64 hex digits: names what a model was trained on."""
        out = create_string_buffer(65)
        with Reading(self) as pointer:
            lib.mirnet_dataset_get_digest(pointer, out)
        return out.value.decode()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_dataset, (list(self), self.classes)


REPORT_KEYS = (
    "records",
    "unique_sequences",
    "duplicate_records",
    "repeated_sequences",
    "conflicts",
    "duplicate_names",
    "unlabelled",
    "min_length",
    "max_length",
    "median_length",
    "ambiguous_records",
)


def _restore_dataset(records: list[Record], classes: list[str]) -> Dataset:
    dataset = Dataset(classes=classes or None, keep_empty=True)
    for record in records:
        dataset._add(record.name, record.sequence, record.structure, record.label or None, record.group)
    return dataset


def _all_texts(sequences: Any, what: str) -> list[str]:
    if isinstance(sequences, str):
        raise TypeError(f"{what}: expected a list of texts, got one text")
    texts = _listed(sequences, what)
    for i, sequence in enumerate(texts):
        if not isinstance(sequence, str):
            raise TypeError(f"{what}[{i}]: expected str, got {type(sequence).__name__}")
    return texts


def _listed(values: Any, what: str) -> list[Any]:
    """The values in their order."""
    if isinstance(values, (set, frozenset, dict)):
        raise TypeError(f"{what}: expected a list, got {type(values).__name__}, which has no order of records")
    return list(values)


def _column(values: Any, what: str, n: int) -> list[Any]:
    """[n] values, or None n times where there are none."""
    column = [None] * n if values is None else _listed(values, what)
    if len(column) != n:
        raise InvalidError(f"{what}: expected {n} of them as of the sequences, got {len(column)}")
    return column


def _label_texts(labels: Any, classes: Sequence[str] | None) -> tuple[list[str] | None, list[str] | None]:
    """Labels as class names, and the classes that they are names of (None: as found)."""
    names = None if classes is None else _all_texts(classes, "classes")
    if labels is None:
        return None, names
    found = [label.item() if isinstance(label, np.generic) else label for label in _listed(labels, "labels")]
    for i, label in enumerate(found):
        if is_missing(label):
            raise InvalidError(f"labels[{i}] is {label!r}: expected a class of every record")
    if all(isinstance(label, str) for label in found):
        return found, names
    kind = str if isinstance(found[0], str) else int
    for i, label in enumerate(found):
        if not isinstance(label, kind) or isinstance(label, bool):
            expected = "class names or class numbers, all of one kind"
            raise TypeError(f"labels: expected {expected}; labels[{i}] is {label!r}")
    numbers = found
    if names is None:
        names = [str(c) for c in range(min(max([1, *numbers]) + 1, MAX_CLASSES))]
    for i, number in enumerate(numbers):
        if not 0 <= number < len(names):
            raise InvalidError(f"labels[{i}] is {number}: expected 0 to {len(names) - 1}")
    return [names[number] for number in numbers], names
