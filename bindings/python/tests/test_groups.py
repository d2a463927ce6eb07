"""test_groups.py - groups of similar sequences: clusters of CD-HIT and MMseqs2, and shared k-mers"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pathlib
import random

import numpy as np
import pytest

import mirnet
from mirnet._groups import groups_from_similarity

FASTA = """\
>canonical_1/variant.1 copy
GGATGGCAAATACGAGACGTTTGGCTCGCTTATTTGATGGCTCACTACCCTCCCGTAGTGAGAGGTCAAAAAATCGAGCCACACGTCTCATATTTGCCATAC
>canonical_2/variant.0 copy
TTTTTTCGTTCGTCGGTCTCATCTCGTGTTGACGAGGTGTTGATCACGTGATGAGACCGACGAACGACTAAA
>canonical_1
GGATGGCAAATATGAGACGTTTGGCTCGCTTATTTGATGGCTCACTACCCTCCCGTAGTGAGTGGTCAAAAAATCGAGCCACACGTCTCATATTTGCCATCC
>mirtron_4
GTCAGCCGTGGTAATATATTTCTAGTAAGAAGAAATATTCTTCCTCTTCCCAG
>canonical_2
TTTGTTCGTTCGTCGGTCTCATCTCGTGTTGACGAGGTGTTGATCACGTGATGAGACCGACGAACGAATAAA
>mirtron_2
GTGCGAGGTTGCTCGAAAATGCATGGATGTGGGAATAGACACATCCGTACCCATATCAATTCGTTTTTCCCTAACCTTCCAG
>canonical_1/variant.0 copy
GGATGGCACATATGACACGTTTGGCTCGCTTACTTGATGGCTCACTACCCTCCCGTAGTGAGTGGTCAAAAAATCGAGCCACACGTCTCATATTTGCCATCC
>mirtron_2/variant.1 copy
GTACGAGGTTGCTCGAAAATGCATGGATGTGGGAATAGACACATCCGTACCCATATCAATTCGTTTTTCTCTAACCTTCCAG
"""
# cd-hit-est 4.8.1: -i s.fa -o cd -c 0.85 -n 5 -d 0
CDHIT = """\
>Cluster 0
0\t102nt, >canonical_1/variant.1... *
1\t102nt, >canonical_1... at +/97.06%
2\t102nt, >canonical_1/variant.0... at +/94.12%
>Cluster 1
0\t82nt, >mirtron_2... *
1\t82nt, >mirtron_2/variant.1... at +/97.56%
>Cluster 2
0\t72nt, >canonical_2/variant.0... *
1\t72nt, >canonical_2... at +/97.22%
>Cluster 3
0\t53nt, >mirtron_4... *
"""
# MMseqs2 14-7e284: easy-cluster s.fa mm tmp --min-seq-id 0.8 -c 0.8
MMSEQS = """\
mirtron_4\tmirtron_4
canonical_2\tcanonical_2
canonical_2\tcanonical_2/variant.0
canonical_1/variant.0\tcanonical_1/variant.0
canonical_1/variant.0\tcanonical_1/variant.1
canonical_1/variant.0\tcanonical_1
mirtron_2/variant.1\tmirtron_2/variant.1
mirtron_2/variant.1\tmirtron_2
"""
GROUPS = [0, 1, 0, 2, 1, 3, 0, 3]


@pytest.fixture
def records(tmp_path: pathlib.Path) -> mirnet.Dataset:
    (tmp_path / "s.fa").write_text(FASTA)
    return mirnet.Dataset.load(tmp_path / "s.fa")


def clusters(folder: pathlib.Path, text: str) -> pathlib.Path:
    path = folder / "clusters"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", [CDHIT, MMSEQS, CDHIT.replace("\n", "\r\n")], ids=["cdhit", "mmseqs", "crlf"])
def test_clusters_of_programs(records: mirnet.Dataset, tmp_path: pathlib.Path, text: str) -> None:
    path = clusters(tmp_path, text)
    groups = groups_from_similarity(records, path)
    assert groups.dtype == np.int64 and groups.tolist() == GROUPS
    assert groups_from_similarity(records.sequences, path, names=records.names).tolist() == GROUPS
    names = ["mirtron_4", "canonical_2 and more"]
    assert groups_from_similarity(records.sequences[3:5], str(path), names=names).tolist() == [0, 1]


def test_shared_kmers_find_the_same_clusters(records: mirnet.Dataset) -> None:
    assert groups_from_similarity(records).tolist() == GROUPS


def test_faulty_clusters(records: mirnet.Dataset, tmp_path: pathlib.Path) -> None:
    for text, error, message in [
        (CDHIT.replace("canonical_2.", "canonical_3."), mirnet.NotFoundError, "'canonical_2' is in no cluster.*-d 0"),
        (">Cluster 0\nACGU\n", mirnet.FormatError, r"clusters:2: expected a member of a CD-HIT cluster"),
        (">name\nACGU\n", mirnet.FormatError, r"clusters:1: expected '>Cluster 0' of CD-HIT or two columns"),
        ("a\tb\na\t\n", mirnet.FormatError, r"clusters:2: expected"),
        ("a\tb\nc\tb\n", mirnet.FormatError, r"clusters:2: 'b' is in another cluster already"),
    ]:
        with pytest.raises(error, match=message):
            groups_from_similarity(records, clusters(tmp_path, text))
    with pytest.raises(FileNotFoundError, match="nothing: no such file"):
        groups_from_similarity(records, tmp_path / "nothing")
    with pytest.raises(ValueError, match="names: expected the names"):
        groups_from_similarity(records.sequences, clusters(tmp_path, CDHIT))
    with pytest.raises(ValueError, match="names: expected 8 of them as of the sequences, got 1"):
        groups_from_similarity(records.sequences, clusters(tmp_path, CDHIT), names=["x"])


def single_linkage(sequences: list[str], k: int, threshold: float) -> list[int]:
    """The definition, pair by pair."""
    sets = [{text[i : i + k] for i in range(len(text) - k + 1)} for text in sequences]
    group = list(range(len(sets)))
    for i, a in enumerate(sets):
        for j, b in enumerate(sets[:i]):
            if sequences[i] == sequences[j] or (a | b and len(a & b) / len(a | b) >= threshold):
                old, new = max(group[i], group[j]), min(group[i], group[j])
                group = [new if number == old else number for number in group]
    return [sorted(set(group)).index(number) for number in group]


@pytest.mark.parametrize(("k", "threshold"), [(5, 0.3), (3, 0.5), (4, 1.0), (2, 0.2)])
def test_single_linkage(k: int, threshold: float) -> None:
    rng = random.Random(k)
    bases = ["".join(rng.choices("AUGC", k=rng.randrange(1, 50))) for _ in range(8)]
    copies = [[rng.choice("AUGC") if rng.random() < 0.1 else base for base in rng.choice(bases)] for _ in range(60)]
    sequences = ["".join(copy) for copy in copies]
    groups = groups_from_similarity(sequences, k=k, threshold=threshold)
    assert groups.tolist() == single_linkage(sequences, k, threshold)
    assert 8 < groups.max() + 1 < 60 or threshold < 0.3


def test_what_counts_as_identical() -> None:
    assert groups_from_similarity(["ACGU", "acgt", "ACGA", "ACGU", "N", "N", "A"]).tolist() == [0, 0, 1, 0, 2, 2, 3]
    assert groups_from_similarity(["NNNNNNA", "NNNNNNC"], k=5).tolist() == [0, 1]  # no k-mer is without an N
    assert groups_from_similarity([]).tolist() == []
    with pytest.raises(ValueError, match="threshold is 0: expected above 0 to 1"):
        groups_from_similarity(["A"], threshold=0)
    with pytest.raises(ValueError, match="k is 0: expected 1 or more"):
        groups_from_similarity(["A"], k=0)
    with pytest.raises(TypeError, match="expected a list of texts"):
        groups_from_similarity("ACGU")


def test_no_group_is_in_two_folds(records: mirnet.Dataset) -> None:
    groups = groups_from_similarity(records)
    for train, test in mirnet.Folds([0, 1, 0, 1, 1, 1, 0, 1], 2, groups=groups):
        assert not set(groups[train]) & set(groups[test])
