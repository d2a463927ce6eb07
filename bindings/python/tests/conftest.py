"""conftest.py - what the tests share: data, models, the reference vectors"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

import mirnet
from folders import GOLDEN, ROOT


@pytest.fixture
def root() -> pathlib.Path:
    """The root of the source."""
    return ROOT


@pytest.fixture
def golden() -> pathlib.Path:
    """Folder of the reference vectors, one folder a case: see doc/testing.md."""
    if not GOLDEN.is_dir():
        pytest.skip(f"no reference vectors in {GOLDEN}")
    return GOLDEN


@pytest.fixture
def dataset() -> mirnet.Dataset:
    """100 synthetic hairpins of each of two classes."""
    return mirnet.Dataset.simulate(100, seed=3)


@pytest.fixture
def sequences(dataset: mirnet.Dataset) -> list[str]:
    return dataset.sequences


@pytest.fixture
def labels(dataset: mirnet.Dataset) -> Any:
    return np.array(dataset.classes)[dataset.labels]


@pytest.fixture
def numbers(dataset: mirnet.Dataset) -> Any:
    """The input of linear-ends, [200, 64]."""
    return mirnet.Encoder("linear-ends").encode(dataset.sequences).reshape(200, 64)


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
