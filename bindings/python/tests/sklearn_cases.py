"""sklearn_cases.py - the estimator that the tests of mirnet.sklearn share"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any

from mirnet.sklearn import MirnetClassifier


def small(**parameters: Any) -> MirnetClassifier:
    return MirnetClassifier(**{"recipe": "linear-ends", "epochs": 5, "random_state": 3, **parameters})
