"""test_sklearn_tools.py - scikit-learn's tools on sequences and numbers, and the encoder in its pipelines"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pathlib
import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pandas = pytest.importorskip("pandas")

import joblib
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import mirnet
from mirnet.sklearn import SequenceEncoder, groups_from_similarity
from sklearn_cases import small


@pytest.fixture(params=["sequences", "numbers", "encoded"])
def job(request: Any, sequences: list[str], numbers: Any) -> tuple[Any, Any]:
    """(estimator, X)."""
    if request.param == "encoded":
        encoder = SequenceEncoder(length=8, align="both-ends", long="truncate")
        return make_pipeline(encoder, small(recipe=None)), sequences
    return small(), sequences if request.param == "sequences" else numbers


def test_pickle_joblib_clone(job: tuple[Any, Any], labels: Any, tmp_path: pathlib.Path) -> None:
    estimator, x = job
    copy = clone(estimator)
    assert copy.get_params().keys() == estimator.get_params().keys()
    p = estimator.fit(x, labels).predict_proba(x)
    path = tmp_path / "estimator.joblib"
    joblib.dump(estimator, path)
    for other in (pickle.loads(pickle.dumps(estimator)), joblib.load(path), copy.fit(x, labels)):
        assert (other.predict_proba(x) == p).all()
        assert other.classes_.tolist() == estimator.classes_.tolist()


def test_cross_validation(job: tuple[Any, Any], labels: Any) -> None:
    estimator, x = job
    scores = cross_val_score(estimator, x, labels, cv=3, scoring="roc_auc")
    assert scores.min() > 0.8 and (scores == cross_val_score(estimator, x, labels, cv=3, scoring="roc_auc")).all()
    p = cross_val_predict(estimator, x, labels, cv=3, method="predict_proba")
    assert p.shape == (200, 2) and np.abs(p.sum(axis=1) - 1).max() < 1e-15
    assert (cross_val_predict(estimator, x, labels, cv=3) == np.where(p[:, 1] > p[:, 0], "mirtron", "canonical")).all()


def test_groups(job: tuple[Any, Any], dataset: mirnet.Dataset, labels: Any) -> None:
    estimator, x = job
    groups = groups_from_similarity(dataset.sequences)
    folds = StratifiedGroupKFold(n_splits=3, shuffle=True, random_state=1)
    assert cross_val_score(estimator, x, labels, groups=groups, cv=folds).min() > 0.7


def test_calibration(job: tuple[Any, Any], labels: Any) -> None:
    estimator, x = job
    calibrated = CalibratedClassifierCV(estimator, cv=2).fit(x, labels)
    p = calibrated.predict_proba(x)
    assert calibrated.score(x, labels) > 0.8
    assert log_loss(labels, p) < log_loss(labels, clone(estimator).fit(x, labels).predict_proba(x)) + 0.1


def test_grid_search_in_one_process(job: tuple[Any, Any], labels: Any) -> None:
    estimator, x = job
    prefix = "mirnetclassifier__" if hasattr(estimator, "steps") else ""
    grid = {f"{prefix}epochs": [1, 20], f"{prefix}training": [None, {"optimizer": "sgd"}]}
    search = GridSearchCV(estimator, grid, cv=2).fit(x, labels)
    assert search.best_params_ == {f"{prefix}epochs": 20, f"{prefix}training": None}
    assert search.best_score_ > 0.8


def test_grid_search_in_two_processes(sequences: list[str], labels: Any) -> None:
    pipeline = make_pipeline(SequenceEncoder(length=8, align="both-ends", long="truncate"), small(epochs=2))
    grid = [
        {"mirnetclassifier__recipe": [None, mirnet.Recipe("linear-ends")]},
        {"sequenceencoder": ["passthrough"], "mirnetclassifier__recipe": ["linear-ends"]},
    ]
    results = []
    for n_jobs in (2, 1):
        with joblib.parallel_backend("loky"):
            search = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(sequences, labels)
        results.append(search.cv_results_["mean_test_score"].tolist())
        assert (search.predict_proba(sequences) == search.best_estimator_.predict_proba(sequences)).all()
    assert results[0] == results[1]


# -- SequenceEncoder ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("align", ["left", "right", "both-ends"])
@pytest.mark.parametrize("alphabet", ["AUGC", "CUAG"])
def test_encoder_and_its_names(align: str, alphabet: str) -> None:
    texts = ["ACGUACG", "uuu", "GATTACA"]
    encoder = SequenceEncoder(align=align, alphabet=alphabet)
    x = encoder.fit_transform(texts)
    names = encoder.get_feature_names_out().tolist()
    assert encoder.length_ == 7 and x.dtype == np.float32 and x.shape == (3, len(names))
    assert len(set(names)) == len(names) == (56 if align == "both-ends" else 28)
    for text, row in zip(texts, x):
        letters = text.upper().replace("T", "U")
        left = {f"{base}{i}" for i, base in enumerate(letters, 1)}
        right = {f"{base}{i - len(letters)}" for i, base in enumerate(letters)}
        expected = {"left": left, "right": right, "both-ends": left | right}[align]
        assert {name for name, value in zip(names, row) if value} == expected
    cube = SequenceEncoder(align=align, alphabet=alphabet, flatten=False).fit_transform(texts)
    assert cube.shape == (3, 7, len(names) // 7) and (cube.reshape(3, -1) == x).all()
    frame = encoder.set_output(transform="pandas").transform(np.array(texts))
    assert list(frame.columns) == names and (frame.to_numpy() == x).all()


def test_encoder_is_the_one_hot_encoder_of_scikit_learn() -> None:
    texts = ["".join(np.random.default_rng(i).choice(list("ACGU"), 9)) for i in range(20)]
    theirs = OneHotEncoder(categories=[list("AUGC")] * 9, sparse_output=False)
    assert (SequenceEncoder().fit_transform(texts) == theirs.fit_transform([list(text) for text in texts])).all()


def test_encoder_takes(dataset: mirnet.Dataset, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "some.fa"
    path.write_text("".join(f">{record.name}\n{record.sequence}\n" for record in dataset))
    sequences = dataset.sequences
    encoder = SequenceEncoder()
    x = encoder.fit_transform(sequences)
    assert encoder.length_ == dataset.lengths.max()
    forms = (np.array(sequences), np.array(sequences)[:, None], pandas.Series(sequences), dataset, str(path), path)
    for given in forms:
        assert (SequenceEncoder().fit(given).transform(given) == x).all()
        assert (clone(encoder).fit_transform(given) == x).all()
    assert (pickle.loads(pickle.dumps(encoder)).transform(sequences) == x).all()


def test_encoder_refuses() -> None:
    encoder = SequenceEncoder().fit(["ACGU", "GG"])
    with pytest.raises(mirnet.ShapeError, match=r"sequences\[1\].*5"):
        encoder.transform(["A", "ACGUA"])
    assert SequenceEncoder(long="truncate").fit(["ACGU"]).transform(["ACGUA"]).sum() == 4
    for wrong in (np.zeros((2, 3)), [], [["A", "C"]], 3, None):
        with pytest.raises(ValueError, match="X: expected sequences"):
            encoder.transform(wrong)
    with pytest.raises(TypeError, match=r"sequences\[1\]: expected str, got float"):
        encoder.transform(pandas.Series(["A", np.nan]))
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        SequenceEncoder().transform(["A"])
    with pytest.raises(NotFittedError):
        SequenceEncoder().get_feature_names_out()
    with pytest.raises(ValueError, match="encoder.align"):
        SequenceEncoder(align="middle").fit(["A"])
