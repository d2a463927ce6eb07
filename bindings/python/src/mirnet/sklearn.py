"""sklearn.py - estimators for scikit-learn: MirnetClassifier, SequenceEncoder; groups for its splitters"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from numbers import Integral
from typing import Any, Mapping

try:
    import joblib
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted
except ImportError as missing:
    raise ImportError(f"mirnet.sklearn needs scikit-learn ({missing}): install mirnet[sklearn]") from missing

from ._arrays import Array, Doubles, Floats, Ints
from ._dataset import Dataset
from ._encoder import Encoder
from ._errors import InvalidError
from ._groups import groups_from_similarity
from ._history import History
from ._model import Model
from ._predictor import load_path
from ._recipe import Recipe, Value, options
from ._sklearn_input import (
    Samples,
    Training,
    as_labels,
    as_numbers,
    as_sequences,
    as_weights,
    check_sequences,
    in_own_order,
    without_weightless,
)
from ._sklearn_network import build_model, choose_recipe

__all__ = ["MirnetClassifier", "SequenceEncoder", "groups_from_similarity"]

_TRAINING = [option.key[len("training.") :] for option in options() if option.key.startswith("training.")]
PATIENCE = 10
VALIDATION = 0.1


class MirnetClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Trains a network on sequences or on numbers.

    X are sequences: a list, an array [n] or [n, 1], a Series of texts; or numbers [n, features], or of the shape that
    the network takes, kept as float32. y are classes of any type, two or more.

    What is learned does not depend on the order of the samples (they are sorted first, unless "training.shuffle" is off
    or the last ones are kept for validation), nor on the number of threads. A sample of weight 0 counts as absent.

    Parameters
    ----------
    recipe
        A Recipe or what it takes: a built-in name, the path of a JSON file, a mapping. Its last Dense layer gets as
        many units as there are classes. None: "tasdelen2021" for sequences, and for numbers a network of one hidden
        layer of 32 units on standardised features, with 100 epochs.
    epochs, batch_size, learning_rate
        None: as in the recipe.
    validation_fraction
        Share of the samples, of each class, that is kept for validation; None: as in the recipe.
    early_stopping
        True: stop when the loss on the validation data (0.1 of the samples, if nothing else is said) no longer
        improves, and go back to the best epoch. None: as in the recipe.
    n_iter_no_change
        Epochs without improvement before that; None: 10, or what a recipe with early stopping says.
    training
        Further options of the recipe without their "training.", e.g. {"optimizer": "sgd"}.
    class_weight
        {class: weight}, "balanced", or None. Weights multiply those of the samples.
    callbacks
        As in Model.fit.
    random_state
        Decides weights, shuffling and dropout: an int, a RandomState, or None for other ones each time. An int is the
        seed of Model(recipe, seed=...).
    warm_start
        Go on from the weights of the last fit; features and classes have to be the same.
    n_jobs
        Threads: None is 1 outside of a joblib.parallel_backend, -1 all processors.
    verbose
        0 nothing, 1 a progress bar, 2 a line an epoch.

    Attributes
    ----------
    classes_
        [classes], sorted.
    model_
        The Model. The order of its classes is that of `classes_`, or of the recipe's classes where it fixes them.
    history_, n_iter_
        History of the last fit; its number of epochs.
    n_features_in_, feature_names_in_
        After a fit on numbers, or on columns with names.
    """

    classes_: Array
    model_: Model
    history_: History
    n_iter_: int
    _columns: Ints  # the output of the model that belongs to each class

    def __init__(
        self,
        *,
        recipe: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool | None = None,
        n_iter_no_change: int | None = None,
        training: Mapping[str, Value | None] | None = None,
        class_weight: Any = None,
        callbacks: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.n_iter_no_change = n_iter_no_change
        self.training = training
        self.class_weight = class_weight
        self.callbacks = callbacks
        self.random_state = random_state
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MirnetClassifier:
        """Trains on X [n], y [n] and weights [n] or None.

        Raises
        ------
        ValueError
            Data that no classifier takes; or that do not fit the recipe, or on a warm start the last fit.
        """
        going_on = self.warm_start and hasattr(self, "model_")
        x, labels = self._check_data(X, y, going_on)
        check_classification_targets(labels)
        classes, numbers = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"y has one class, {classes[0]!r}: expected two or more classes")
        weights = as_weights(x, labels, sample_weight, self.class_weight)
        if going_on and classes.tolist() != self.classes_.tolist():
            raise ValueError(f"y has the classes {classes}: a warm start expects {self.classes_} as before")
        seed = self._draw_seed()
        with choose_recipe(self.recipe, x, len(classes)) as recipe:
            recipe.update({f"training.{key}": value for key, value in self._options(recipe).items()})
            data = _arrange(recipe, Training(x, numbers, weights))
            if going_on:
                model, columns = self.model_.copy(), self._columns
            else:
                model, columns = build_model(recipe, data.x, classes, seed, standardize=self.recipe is None)
            training: dict[str, Any] = {key: recipe[f"training.{key}"] for key in _TRAINING}
            training["seed"] = seed
        history = model.fit(
            data.x,
            columns[data.y],
            sample_weight=data.weights,
            callbacks=() if self.callbacks is None else self.callbacks,
            verbose=bool(self.verbose) if self.verbose < 2 else 2,
            threads=self._threads(),
            **training,
        )
        self.classes_, self._columns = classes, columns
        self.model_, self.history_, self.n_iter_ = model, history, history.epochs
        return self

    def _check_data(self, X: Any, y: Any, going_on: bool) -> tuple[Samples, Array]:
        sequences = as_sequences(X)
        if sequences is None:
            x, labels = as_numbers(self, X, as_labels(self, y, X) if going_on else y, reset=not going_on)
            return x, labels
        if going_on:
            self._expect_sequences()
        for name in ("n_features_in_", "feature_names_in_"):  # of an earlier fit on numbers
            self.__dict__.pop(name, None)
        return sequences, as_labels(self, y, sequences)

    def _expect_sequences(self) -> None:
        if hasattr(self, "n_features_in_"):
            raise InvalidError("X: expected numbers as in fit, got sequences")

    def _draw_seed(self) -> int:
        random = check_random_state(self.random_state)
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(random.randint(np.iinfo(np.int32).max))

    def _threads(self) -> int:
        return min(int(joblib.effective_n_jobs(self.n_jobs)), 256)

    def _options(self, recipe: Recipe) -> dict[str, Any]:
        """Options of the training that are other than the recipe's."""
        options = dict(self.training or {})
        if "seed" in options:
            raise InvalidError("training: the seed is given as random_state")
        if self.early_stopping:
            options.setdefault("early_stopping_restore_best", True)
            if not recipe["training.early_stopping"]:
                options.setdefault("early_stopping_patience", PATIENCE)
            if not recipe["training.validation_split"]:
                options.setdefault("validation_split", VALIDATION)
        own = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "validation_split": self.validation_fraction,
            "early_stopping": self.early_stopping,
            "early_stopping_patience": self.n_iter_no_change,
        }
        options.update({key: value for key, value in own.items() if value is not None})
        return options

    def predict_proba(self, X: Any) -> Doubles:
        """[n, classes] float64, the classes in the order of `classes_`; rows add up to 1."""
        check_is_fitted(self)
        x: Samples | None = as_sequences(X)
        if x is None:
            x, _ = as_numbers(self, X, reset=False)
        else:
            self._expect_sequences()
        p = self.model_.predict(x, threads=self._threads()).astype(np.float64)[:, self._columns]
        total = p.sum(axis=1, keepdims=True)
        result: Doubles = np.divide(p, total, out=np.full_like(p, 1 / p.shape[1]), where=total > 0)
        return result

    def predict(self, X: Any) -> Array:
        """[n], the class of the largest probability, the first of equal ones."""
        p = self.predict_proba(X)
        result: Array = self.classes_[p.argmax(axis=1)]
        return result


def _arrange(recipe: Recipe, data: Training) -> Training:
    """The samples that count, in an order of their own unless a setting refers to the one in which they came."""
    if isinstance(data.x, list):
        check_sequences(recipe, data.x)
    keeps_last = recipe["training.validation_split"] and recipe["training.validation_from"] == "last"
    data = without_weightless(data)
    return in_own_order(data) if recipe["training.shuffle"] and not keeps_last else data


class SequenceEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Sequences as one-hot rows of float32.

    X: a list, an array [n] or [n, 1], a Series of texts; a Dataset; or the path of a FASTA, FASTQ, RNAfold, CSV or TSV
    file.

    Parameters
    ----------
    length
        Positions; None: the longest sequence of fit. Then `long` decides of longer ones in transform.
    alphabet, align, ambiguity, long
        As in Encoder: the order of the channels; "left", "right" or "both-ends"; "zero", "fraction" or "error";
        "error", "truncate", "truncate5" or "truncate3".
    flatten
        True: [n, length * channels], for any estimator; False: [n, length, channels].

    Attributes
    ----------
    encoder_
        The Encoder.
    length_
        Positions.
    """

    encoder_: Encoder
    length_: int

    def __init__(
        self,
        *,
        length: int | None = None,
        alphabet: str = "AUGC",
        align: str = "left",
        ambiguity: str = "zero",
        long: str = "error",
        flatten: bool = True,
    ) -> None:
        self.length = length
        self.alphabet = alphabet
        self.align = align
        self.ambiguity = ambiguity
        self.long = long
        self.flatten = flatten

    def fit(self, X: Any, y: Any = None) -> SequenceEncoder:
        """Finds the length, if it is not given; y is not looked at."""
        length = self.length
        if length is None:
            length = max(map(len, self._texts(X)))
        self.encoder_ = Encoder(
            length=length, alphabet=self.alphabet, align=self.align, ambiguity=self.ambiguity, long=self.long
        )
        self.length_ = length
        return self

    def transform(self, X: Any) -> Floats:
        """float32 [n, length * channels] or [n, length, channels].

        Raises
        ------
        ShapeError, FormatError
            A sequence is too long, or a letter is no nucleotide code, with the number of the sequence.
        """
        check_is_fitted(self)
        x = self.encoder_.encode(self._texts(X))
        return x.reshape(len(x), -1) if self.flatten else x

    def _texts(self, X: Any) -> list[str]:
        if isinstance(X, (str, os.PathLike)):
            X = load_path(X)
        texts = X.sequences if isinstance(X, Dataset) else as_sequences(X)
        if not texts:
            raise InvalidError(f"X: expected sequences, a list or a column of texts, or a path; got {type(X).__name__}")
        return texts

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """[length * channels] names: base and position, counted from 1 at the 5' end, or from -1 at the 3' end where
        that is aligned, e.g. "A1", "U-1"."""
        check_is_fitted(self)
        places = range(1, self.length_ + 1)
        left, right = [str(i) for i in places], [str(i - self.length_ - 1) for i in places]
        sides = {"left": [left], "right": [right], "both-ends": [left, right]}[self.align]
        names = [base + side[i] for i in range(self.length_) for side in sides for base in self.alphabet]
        return np.array(names, dtype=object)

    def _more_tags(self) -> dict[str, Any]:
        return {"X_types": ["string"], "preserves_dtype": []}
