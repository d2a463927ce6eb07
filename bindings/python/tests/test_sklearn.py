"""test_sklearn.py - the classifier: scikit-learn's own checks and figures, what can be given, recipes, randomness"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pandas = pytest.importorskip("pandas")

import joblib
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.utils import estimator_checks
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import parametrize_with_checks

import mirnet
from mirnet.sklearn import MirnetClassifier, SequenceEncoder
from sklearn_cases import small

OTHER = MirnetClassifier(
    epochs=60,
    batch_size=8,
    learning_rate=0.005,
    early_stopping=True,
    validation_fraction=0.2,
    training={"optimizer": "rmsprop"},
    class_weight="balanced",
    n_jobs=2,
)


def bits(classifier: MirnetClassifier) -> bytes:
    return b"".join(array.tobytes() for array in classifier.model_.weights.values())


def dense(features: int, *, units: int = 2, l2: float = 0, **training: Any) -> dict[str, Any]:
    """Softmax regression."""
    config = {"name": "dense", "units": units, "activation": "softmax", "batch_input_shape": [None, features]}
    if l2:
        config["kernel_regularizer"] = {"class_name": "L2", "config": {"l2": l2}}
    layers = [{"class_name": "Dense", "config": config}]
    return {"model": {"class_name": "Sequential", "config": {"layers": layers}}, "training": training}


# -- scikit-learn's checks ---------------------------------------------------------------------------------------------


@parametrize_with_checks([MirnetClassifier(), OTHER])
def test_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("name", ["n_features_in_after_fitting", "dataframe_column_names_consistency"])
def test_checks_that_scikit_learn_applies_to_its_own(name: str) -> None:
    getattr(estimator_checks, f"check_{name}")("MirnetClassifier", MirnetClassifier(epochs=2))


@pytest.mark.parametrize(
    "name",
    [
        "no_attributes_set_in_init",
        "get_params_invariance",
        "set_params",
        "estimator_get_tags_default_keys",
        "parameters_default_constructible",
    ],
)
def test_checks_of_the_encoder(name: str) -> None:
    """The others give numbers to transform."""
    getattr(estimator_checks, f"check_{name}")("SequenceEncoder", SequenceEncoder())


# -- Numbers against scikit-learn's ------------------------------------------------------------------------------------


@pytest.mark.parametrize("c", [1.0, 0.05])
def test_softmax_regression_is_that_of_scikit_learn(c: float) -> None:
    X, y = load_iris(return_X_y=True)
    X, weight = (X - X.mean(axis=0)) / X.std(axis=0), {0: 1.0, 1: 2.0, 2: 0.5}
    recipe = dense(
        4,
        units=3,
        l2=1 / (2 * c * len(X)),  # ours: mean loss + l2 |w|^2; theirs: C * sum of the losses + |w|^2 / 2
        optimizer="sgd",
        momentum=0.9,
        learning_rate=0.3,
        batch_size=150,
        epochs=3000,
    )
    ours = MirnetClassifier(recipe=recipe, class_weight=weight, random_state=1).fit(X, y)
    theirs = LogisticRegression(C=c, class_weight=weight, tol=1e-9, max_iter=10000).fit(X, y)
    assert np.abs(ours.model_.weights["dense/kernel"].T - theirs.coef_).max() < 1e-4
    bias = ours.model_.weights["dense/bias"]
    assert np.abs(bias - bias.mean() - theirs.intercept_ + theirs.intercept_.mean()).max() < 1e-4
    assert np.abs(ours.predict_proba(X) - theirs.predict_proba(X)).max() < 2e-5


def test_default_network_standardizes_and_is_not_linear() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    scaled = X * [1e-4, 1e5, 0, 0] + [0.1, -1e5, 7, 0]  # the last two do not vary
    classifier = MirnetClassifier(random_state=0).fit(scaled[:200], y[:200])
    assert classifier.score(scaled[200:], y[200:]) > 0.9
    weights = classifier.model_.weights
    expected = scaled[:200].astype(np.float32).astype(np.float64)
    assert weights["standardize/moving_mean"] == pytest.approx(expected.mean(axis=0), rel=1e-6)
    assert weights["standardize/moving_variance"] == pytest.approx([*expected[:, :2].var(axis=0), 1, 1], rel=1e-6)
    assert mirnet.Model.from_bytes(classifier.model_.to_bytes()).classes == ["0", "1"]


def test_probabilities_add_up(sequences: list[str], labels: Any) -> None:
    classifier = small().fit(sequences, labels)
    p = classifier.predict_proba(sequences)
    assert p.dtype == np.float64 and p.shape == (200, 2) and np.abs(p.sum(axis=1) - 1).max() < 1e-15
    assert np.abs(p - classifier.model_.predict(sequences)).max() < 1e-6
    assert classifier.classes_.tolist() == ["canonical", "mirtron"] == classifier.model_.classes
    assert (classifier.predict(sequences) == classifier.classes_[p.argmax(axis=1)]).all()
    assert classifier.score(sequences, labels) > 0.8
    assert log_loss(labels, p) == pytest.approx(-np.log(p[range(200), (labels == "mirtron").astype(int)]).mean())


# -- What can be given -------------------------------------------------------------------------------------------------


def test_forms_of_sequences(sequences: list[str], labels: Any) -> None:
    first = small().fit(sequences, labels)
    p = first.predict_proba(sequences)
    column = np.array(sequences, dtype=object)[:, None]
    frame = pandas.DataFrame({"hairpin": sequences})
    series = frame["hairpin"]
    for x in (tuple(sequences), np.array(sequences), column, column.tolist(), frame, series, series.astype("string")):
        other = small().fit(x, pandas.Series(labels, index=range(7, 207)))
        assert bits(other) == bits(first) and (other.predict_proba(x) == p).all()
    assert not hasattr(first, "n_features_in_")


def test_the_same_model_as_without_scikit_learn(sequences: list[str], labels: Any) -> None:
    classifier = small(training={"shuffle": False, "optimizer": "sgd"}).fit(sequences, labels)
    model = mirnet.Model("linear-ends", seed=3)
    model.classes = ["canonical", "mirtron"]
    history = model.fit(sequences, labels, epochs=5, shuffle=False, optimizer="sgd", verbose=False)
    assert bits(classifier) == b"".join(array.tobytes() for array in model.weights.values())
    assert classifier.history_ == history and classifier.n_iter_ == 5


def test_arrays_of_the_input_shape(sequences: list[str], numbers: Any, labels: Any) -> None:
    first = small().fit(sequences, labels)
    flat, cube = small().fit(numbers, labels), small().fit(numbers.reshape(200, 8, 8), labels)
    # Sequences are sorted as texts, arrays as bytes; there is no order among the two.
    assert bits(flat) == bits(cube) != bits(first) and flat.n_features_in_ == cube.n_features_in_ == 64
    p = flat.predict_proba(numbers)
    for x in (numbers.reshape(200, 8, 8), numbers.reshape(200, 8, 1, 8), numbers.astype(float).tolist()):
        assert (cube.predict_proba(x) == p).all()
    with pytest.raises(ValueError, match=r"expected shape \(n, 8, 8\) or \(n, 64\), got \(200, 4, 16\)"):
        cube.predict(numbers.reshape(200, 4, 16))
    with pytest.raises(ValueError, match="X has 63 features"):
        cube.predict(numbers[:, 1:])
    cubes = numbers.reshape(200, 8, 8)
    nets = [MirnetClassifier(epochs=2, random_state=1).fit(x, labels) for x in (numbers, cubes)]  # without a recipe
    assert (nets[0].predict_proba(numbers) == nets[1].predict_proba(cubes)).all()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([-1, 7], None),
        ([False, True], None),
        ([2.0, 3.0], None),
        (range(5), None),
        (["", "x"], None),
        (["1 x", "1"], object),  # scikit-learn takes objects for texts only
        (["b", "a", "c"], object),
    ],
)
def test_labels(values: Any, kind: Any) -> None:
    rng = np.random.default_rng(2)
    y = np.array(values, dtype=kind)[np.arange(60) % len(values)]
    X = np.eye(len(values))[np.arange(60) % len(values)] + rng.normal(scale=0.1, size=(60, len(values)))
    classifier = MirnetClassifier(epochs=20, random_state=0).fit(X, y)
    assert classifier.classes_.tolist() == sorted(values) and classifier.classes_.dtype == y.dtype
    assert (classifier.predict(X) == y).all() and classifier.predict(X).dtype == y.dtype


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (["ACGU", "GGGG"], None, "requires y to be passed"),
        (["ACGU", "GGGG"], [0, 1, 1], "inconsistent numbers of samples"),
        (["ACGU", "GGGG"], [1, 1], "y has one class, 1: expected two or more"),
        (["ACGU", "GGGG"], [0.5, 0.7], "Unknown label type"),
        (["GGGG", "AC!U"], [0, 1], r"X\[1\]: .*'!'"),
        (["ACGU", "GGGG"], [0, np.nan], "Input y contains NaN"),
        ("ACGU", [0, 1], "X is one text, 'ACGU': expected a list"),
        ([], [], "Expected 2D array, got 1D array"),
        (np.zeros((2, 5)), [0, 1], "X has 5 features a sample: recipe 'linear-ends' expects 64"),
        (np.zeros((2, 64), dtype=complex), [0, 1], "Complex data not supported"),
        (np.full((2, 64), 1e39), [0, 1], "too large for dtype"),
        (np.array([["A", "C"], ["G", "U"]]), [0, 1], "could not convert string to float"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_faulty_data(x: Any, y: Any, message: str) -> None:
    classifier = small()
    with pytest.raises(ValueError, match=message):
        classifier.fit(x, y)
    assert not hasattr(classifier, "model_")


def test_sequences_and_numbers_are_not_mixed_up(sequences: list[str], numbers: Any, labels: Any) -> None:
    classifier = small().fit(numbers, labels)
    with pytest.raises(ValueError, match="expected numbers as in fit, got sequences"):
        classifier.predict(sequences)
    with pytest.raises(ValueError, match="expected numbers as in fit, got sequences"):
        clone(classifier).set_params(warm_start=True).fit(numbers, labels).fit(sequences, labels)
    classifier.fit(sequences, labels)
    assert not hasattr(classifier, "n_features_in_")
    assert (classifier.predict_proba(sequences) == classifier.predict_proba(numbers)).all()


# -- The recipe --------------------------------------------------------------------------------------------------------


def graph() -> dict[str, Any]:
    """The Dense layer that ends the network stands first in the file."""
    layers = [
        {"class_name": "Dense", "config": {"units": 7}, "name": "last", "inbound_nodes": [[["first", 0, 0, {}]]]},
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 64]}, "name": "in", "inbound_nodes": []},
        {"class_name": "Dense", "config": {"units": 7}, "name": "first", "inbound_nodes": [[["in", 0, 0, {}]]]},
        {
            "class_name": "Activation",
            "config": {"activation": "softmax"},
            "name": "softmax",
            "inbound_nodes": [[["last", 0, 0, {}]]],
        },
    ]
    config = {"layers": layers, "input_layers": [["in", 0, 0]], "output_layers": [["softmax", 0, 0]]}
    return {"class_name": "Functional", "config": config}


@pytest.mark.parametrize("recipe", ["linear-ends", dense(64), graph()], ids=["builtin", "sequential", "functional"])
def test_last_layer_follows_the_classes(recipe: Any, numbers: Any) -> None:
    y = np.arange(200) % 5
    classifier = MirnetClassifier(recipe=recipe, epochs=2).fit(numbers, y)
    assert classifier.model_.output_shape == (5,) and classifier.predict_proba(numbers).shape == (200, 5)
    shapes = {layer.name: layer.output_shape for layer in classifier.model_.layers}
    assert shapes["last"] == (5,) and shapes["first"] == (7,) if recipe == graph() else shapes["dense"] == (5,)


def test_recipes_that_do_not_fit(numbers: Any, labels: Any) -> None:
    recipe = dense(64, units=8)
    recipe["model"]["config"]["layers"].append({"class_name": "Reshape", "config": {"target_shape": [4, 2]}})
    with pytest.raises(mirnet.ShapeError, match=r"output is \(4, 2\) and not of a last Dense layer.*expected \(2,\)"):
        MirnetClassifier(recipe=recipe).fit(numbers, labels)
    with pytest.raises(mirnet.NotFoundError, match="none of that name"):
        small(training={"epoch": 3}).fit(numbers, labels)
    with pytest.raises(ValueError, match="given as random_state"):
        small(training={"seed": 3}).fit(numbers, labels)
    with pytest.raises(mirnet.NotFoundError, match="nothing.json"):
        small(recipe="nothing.json").fit(numbers, labels)


def test_classes_of_the_recipe(sequences: list[str], labels: Any) -> None:
    recipe = mirnet.Recipe("linear-ends")
    recipe.classes = ["mirtron", "canonical"]
    classifier = small(recipe=recipe).fit(sequences, labels)
    assert classifier.model_.classes == ["mirtron", "canonical"] and classifier.score(sequences, labels) > 0.8
    p = classifier.predict_proba(sequences)
    assert ((p[:, 1] > 0.5) == (classifier.predict(sequences) == "mirtron")).all()
    assert np.abs(p[:, ::-1] - classifier.model_.predict(sequences)).max() < 1e-6
    as_numbers = small(recipe=recipe).fit(sequences, (labels == "canonical").astype(int))
    assert bits(as_numbers) == bits(classifier) and as_numbers.model_.classes == ["mirtron", "canonical"]
    with pytest.raises(ValueError, match="y has the classes a, b: the recipe expects mirtron, canonical"):
        small(recipe=recipe).fit(["ACGU", "GGGG"], ["a", "b"])
    assert recipe["training.epochs"] == 100  # what is given stays as it is


# -- Randomness, weights, going on -------------------------------------------------------------------------------------


def test_random_state(sequences: list[str], labels: Any) -> None:
    first = bits(small().fit(sequences, labels))
    assert bits(small().fit(sequences, labels)) == first != bits(small(random_state=4).fit(sequences, labels))
    assert small().fit(sequences, labels).model_.recipe["training.seed"] == 3
    rng, again = np.random.RandomState(5), np.random.RandomState(5)
    drawn = [bits(small(random_state=rng).fit(sequences, labels)) for _ in range(2)]
    assert drawn[0] != drawn[1]
    assert drawn == [bits(small(random_state=again).fit(sequences, labels)) for _ in range(2)]
    fresh = {bits(small(random_state=None).fit(sequences, labels)) for _ in range(3)}
    assert len(fresh) == 3
    with pytest.raises(ValueError, match="cannot be used to seed"):
        small(random_state="one").fit(sequences, labels)


def test_order_of_samples_does_not_matter(sequences: list[str], numbers: Any, labels: Any) -> None:
    order = np.random.default_rng(1).permutation(200)
    weights = np.linspace(0, 2, 200)
    other = clone(OTHER).set_params(random_state=1)
    for x, moved in ((sequences, [sequences[i] for i in order]), (numbers, numbers[order])):
        for net in (small(), small(validation_fraction=0.3), small(recipe=None), other):
            if net.recipe is None and x is sequences or net is other and x is sequences:
                continue  # the paper's network takes long
            given = clone(net).fit(x, labels, sample_weight=weights)
            assert bits(clone(net).fit(moved, labels[order], sample_weight=weights[order])) == bits(given)
    kept = small(validation_fraction=0.3, training={"validation_from": "last"})
    assert bits(clone(kept).fit(sequences, labels)) != bits(clone(kept).fit(sequences[::-1], labels[::-1]))


def test_threads_do_not_matter(sequences: list[str], labels: Any) -> None:
    first = small(n_jobs=None).fit(sequences, labels)
    for n_jobs in (1, 3, -1):
        assert bits(small(n_jobs=n_jobs).fit(sequences, labels)) == bits(first)
    assert first._threads() == 1 and small(n_jobs=3)._threads() == 3
    assert small(n_jobs=-1)._threads() == joblib.cpu_count()
    with joblib.parallel_backend("threading", n_jobs=2):
        assert first._threads() == 2
    with pytest.raises(ValueError, match="n_jobs == 0"):
        small(n_jobs=0).fit(sequences, labels)


def test_weights_of_classes_and_samples(sequences: list[str], labels: Any) -> None:
    some, few = slice(60, None), labels[60:]  # 60 % of one class
    texts = sequences[some]
    weights = np.linspace(0.5, 1.5, len(texts))
    for class_weight in ("balanced", {"mirtron": 3.0}):
        ours = small(class_weight=class_weight).fit(texts, few, sample_weight=weights)
        product = weights * compute_sample_weight(class_weight, few)
        assert bits(ours) == bits(small().fit(texts, few, sample_weight=product)) != bits(small().fit(texts, few))
    given = small(class_weight={"mirtron": 3.0}).fit(texts, few)
    recipe = mirnet.Recipe("linear-ends")
    recipe.classes = ["canonical", "mirtron"]
    recipe.set_class_weight(1, 3.0)
    assert np.abs(given.predict_proba(texts) - small(recipe=recipe).fit(texts, few).predict_proba(texts)).max() < 0.05
    zeros = (np.arange(len(texts)) % 3 > 0).astype(float)
    kept = [text for text, zero in zip(texts, zeros) if zero]
    assert bits(small().fit(texts, few, sample_weight=zeros)) == bits(small().fit(kept, few[zeros > 0]))
    faulty = ((np.zeros(140), "all are 0"), (-weights, "Negative values"), (weights[1:], "sample_weight.shape"))
    for wrong, message in faulty:
        with pytest.raises(ValueError, match=message):
            small().fit(texts, few, sample_weight=wrong)
    with pytest.raises(ValueError, match="balanced"):
        small(class_weight="wrong").fit(texts, few)


def test_warm_start(numbers: Any, labels: Any) -> None:
    classifier = small(recipe=None, warm_start=True).fit(numbers, labels)
    before, model, loss = bits(classifier), classifier.model_, classifier.history_["loss"]
    classifier.set_params(learning_rate=0).fit(numbers, labels)
    assert bits(classifier) == before
    classifier.set_params(learning_rate=None).fit(numbers, labels)
    assert bits(classifier) != before and classifier.history_["loss"][0] < loss[-1] < loss[0]
    assert b"".join(array.tobytes() for array in model.weights.values()) == before  # another object
    with pytest.raises(ValueError, match="a warm start expects"):
        classifier.fit(numbers, np.arange(200) % 2)
    with pytest.raises(ValueError, match="X has 63 features"):
        classifier.fit(numbers[:, 1:], labels)
    classifier.set_params(warm_start=False).fit(numbers[:, 1:], np.arange(200) % 2)
    assert classifier.n_features_in_ == 63


def test_early_stopping(sequences: list[str], labels: Any) -> None:
    classifier = small(early_stopping=True, n_iter_no_change=2, epochs=200, learning_rate=0.3).fit(sequences, labels)
    history = classifier.history_
    assert history.stopped_early and classifier.n_iter_ == history.best_epoch + 2 < 200
    assert history["val_loss"].index(min(history["val_loss"])) + 1 == history.best_epoch
    assert classifier.model_.recipe["training.validation_split"] == 0.1
    patient = small(early_stopping=True, epochs=200, learning_rate=0.3).fit(sequences, labels)
    assert patient.n_iter_ == patient.history_.best_epoch + 10
    recipe = classifier.model_.recipe
    recipe.update({"training.early_stopping_patience": 4, "training.validation_split": 0.2})
    again = small(recipe=recipe, early_stopping=True, epochs=200, learning_rate=0.3).fit(sequences, labels)
    assert again.n_iter_ == again.history_.best_epoch + 4
    assert again.model_.recipe["training.validation_split"] == 0.2
    assert small(recipe=recipe, early_stopping=False).fit(sequences, labels).n_iter_ == 5


def test_callbacks(sequences: list[str], labels: Any) -> None:
    seen: list[int] = []
    follow = lambda progress: seen.append(progress.epoch) or progress.epoch == 2  # noqa: E731
    stopped = small(callbacks=follow).fit(sequences, labels)
    assert seen == [1, 2] and stopped.n_iter_ == 2 and stopped.history_.stopped_early

    def fail(progress: mirnet.Progress) -> None:
        raise KeyError("stop here")

    unfitted = small(callbacks=[fail])
    with pytest.raises(KeyError, match="stop here"):
        unfitted.fit(sequences, labels)
    assert not hasattr(unfitted, "model_")


def test_without_scikit_learn() -> None:
    code = "import sys; sys.modules['sklearn'] = None\nimport mirnet\nmirnet.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ImportError: mirnet.sklearn needs scikit-learn" in done.stderr and "install mirnet[sklearn]" in done.stderr
