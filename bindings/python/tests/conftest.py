"""conftest.py - what the tests share: data, models, the reference vectors"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import pathlib

import pytest

import mirnet

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def root() -> pathlib.Path:
    """The root of the source."""
    return ROOT


@pytest.fixture
def golden() -> pathlib.Path:
    """Folder of the reference vectors, one folder a case: see doc/testing.md."""
    folder = pathlib.Path(os.environ.get("MIRNET_GOLDEN", ROOT.parent / "shared" / "golden"))
    if not folder.is_dir():
        pytest.skip(f"no reference vectors in {folder}")
    return folder


@pytest.fixture
def real_data() -> pathlib.Path:
    """Folder of the published data sets."""
    folder = pathlib.Path(os.environ.get("MIRNET_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no data in {folder}")
    return folder


@pytest.fixture
def dataset() -> mirnet.Dataset:
    """100 synthetic hairpins of each of two classes."""
    return mirnet.Dataset.simulate(100, seed=3)


@pytest.fixture
def small_model() -> mirnet.Model:
    """Softmax regression on 8 nt at each end; its weights are those of a seed."""
    return mirnet.Model("linear-ends", seed=5)


@pytest.fixture
def fitted_model(dataset: mirnet.Dataset) -> mirnet.Model:
    """The same after a few epochs; its classes are mirtron and canonical."""
    model = mirnet.Model("linear-ends", seed=5)
    model.fit(dataset, epochs=5, verbose=False)
    return model
