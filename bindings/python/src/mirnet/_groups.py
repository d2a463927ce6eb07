"""_groups.py - which sequences are alike: read from clusters of CD-HIT or MMseqs2, or found by shared k-mers"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import re
from typing import Any, Iterator, Sequence

import numpy as np

from ._arrays import Ints
from ._dataset import Dataset, _all_texts, _column
from ._errors import FormatError, InvalidError, MissingFileError, NotFoundError

CDHIT_MEMBER = re.compile(r"\d+\t\d+(?:nt|aa), >(.+?)\.\.\. (?:\*|at )")


def groups_from_similarity(
    sequences: Dataset | Sequence[str],
    clusters: str | os.PathLike[str] | None = None,
    *,
    names: Sequence[str] | None = None,
    k: int = 5,
    threshold: float = 0.3,
) -> Ints:
    """Group numbers that keep similar sequences in one fold: `groups` of StratifiedGroupKFold, cross_validate, Folds.

    Parameters
    ----------
    sequences
        A Dataset, or [n] texts.
    clusters
        A .clstr file of CD-HIT (run it with -d 0, or it cuts names), or the table of two columns of MMseqs2
        (easy-cluster's _cluster.tsv, createtsv): groups are its clusters. None: sequences are one group that are
        identical, or that others of the group connect, each pair sharing at least `threshold` of their k-mers.
    names
        [n], to find the records in `clusters`; the first word counts. None: those of the Dataset.
    k, threshold
        Length of the k-mers; shared k-mers over all k-mers of a pair (Jaccard index), above 0 to 1. The defaults join
        pairs of about 85 % identity and more. k-mers with ambiguous letters do not count.

    Returns
    -------
    int64 [n], numbered in order of appearance.

    Raises
    ------
    NotFoundError, FormatError, MissingFileError
        A record is in no cluster; the file is of another kind, with its line; there is none.
    """
    texts = sequences.sequences if isinstance(sequences, Dataset) else _all_texts(sequences, "sequences")
    if clusters is not None:
        if names is None:
            if not isinstance(sequences, Dataset):
                raise InvalidError("names: expected the names of the records, to find them in the clusters")
            names = sequences.names
        return _in_order([*_look_up(clusters, _column(names, "names", len(texts)))])
    if k < 1:
        raise InvalidError(f"k is {k}: expected 1 or more")
    if not 0 < threshold <= 1:
        raise InvalidError(f"threshold is {threshold}: expected above 0 to 1")
    folded = [text.upper().replace("T", "U") for text in texts]
    identical = _in_order(folded)
    unique = list(dict.fromkeys(folded))
    return _in_order(_link([_kmers(text, k) for text in unique], threshold)[identical].tolist())


def _in_order(keys: Sequence[Any]) -> Ints:
    """Equal keys get equal numbers, in order of appearance."""
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _look_up(path: str | os.PathLike[str], names: Sequence[str]) -> Iterator[str]:
    cluster_of: dict[str, str] = {}
    for where, cluster, member in _read_clusters(path):
        if cluster_of.setdefault(_first_word(member), cluster) != cluster:
            raise FormatError(f"{where}: {member!r} is in another cluster already; cd-hit writes whole names with -d 0")
    for name in names:
        if _first_word(name) not in cluster_of:
            raise NotFoundError(
                f"record {name!r} is in no cluster of {os.fspath(path)}; cd-hit writes whole names with -d 0"
            )
        yield cluster_of[_first_word(name)]


def _first_word(name: str) -> str:
    return (name.split() or [""])[0]


def _read_clusters(path: str | os.PathLike[str]) -> Iterator[tuple[str, str, str]]:
    """(place in the file, cluster, member) of each line."""
    try:
        file = open(path, encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        raise MissingFileError(f"{os.fspath(path)}: no such file") from None
    cluster, is_cdhit = "", False
    with file:
        for number, line in enumerate(file, 1):
            line, where = line.rstrip("\r\n"), f"{os.fspath(path)}:{number}"
            if line.startswith(">Cluster "):
                cluster, is_cdhit = line, True
            elif is_cdhit:
                member = CDHIT_MEMBER.match(line)
                if not member:
                    raise FormatError(f"{where}: expected a member of a CD-HIT cluster, e.g. '0\\t80nt, >name... *'")
                yield where, cluster, member[1]
            elif line:
                columns = line.split("\t")
                if len(columns) != 2 or not all(columns):
                    raise FormatError(f"{where}: expected '>Cluster 0' of CD-HIT or two columns of MMseqs2")
                yield where, columns[0], columns[1]


def _kmers(text: str, k: int) -> set[str]:
    found = {text[i : i + k] for i in range(len(text) - k + 1)}
    return {kmer for kmer in found if not kmer.strip("ACGU")}


def _link(kmers: list[set[str]], threshold: float) -> Ints:
    """[n] the first set of those that each is linked with, directly or by others."""
    n = len(kmers)
    numbers: dict[str, int] = {}
    rows = [np.array([numbers.setdefault(kmer, len(numbers)) for kmer in sorted(one)], dtype=np.int64) for one in kmers]
    sizes = np.array([len(row) for row in rows], dtype=np.int64)
    flat = np.concatenate([*rows, np.empty(0, dtype=np.int64)])
    owners = np.repeat(np.arange(n), sizes)[np.argsort(flat, kind="stable")]
    ends = np.cumsum(np.bincount(flat, minlength=len(numbers)))[:-1]
    owners_of = np.split(owners, ends)  # the sets that have each k-mer
    first = np.arange(n)
    for i, row in enumerate(rows):
        if len(row):
            shared = np.bincount(np.concatenate([owners_of[kmer] for kmer in row]), minlength=n)
            alike = first[shared >= threshold * (sizes[i] + sizes - shared)]
            if alike.min() < alike.max():
                first[np.isin(first, alike)] = alike.min()
    return first
