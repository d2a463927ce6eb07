"""_history.py - what training went through, and who is told of it"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, Union

if TYPE_CHECKING:
    from ._model import Model
    from ._trainer import Trainer

KEYS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


class History(dict[str, list[float]]):
    """Lists of one number an epoch: "loss", "accuracy", "learning_rate", and with validation data "val_loss" and
    "val_accuracy".

    Attributes
    ----------
    best_epoch
        The best one by the number that early stopping watches, counted from 1; 0 without early stopping.
    stopped_early
        Whether early stopping, or a callback, ended the run.
    """

    best_epoch: int = 0
    stopped_early: bool = False

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return len(self.get("loss", ()))


class Progress:
    """Where a running fit stands; what callbacks are given. Numbers that are not there are None."""

    def __init__(self, trainer: Trainer, epochs: int) -> None:
        self.trainer = trainer
        self.epochs = epochs
        self.epoch = trainer.count("epochs")
        self.batch = 0

    @property
    def batches(self) -> int:
        """Batches of an epoch."""
        return self.trainer.count("batches")

    @property
    def model(self) -> Model:
        """The model, to predict with or to save; it cannot be changed now."""
        return self.trainer.model

    @property
    def history(self) -> History:
        """The epochs so far."""
        return self.trainer.history

    def _value(self, key: str) -> float | None:
        # At the end of an epoch its own figures, within one the running ones.
        return self.trainer._history_value(key, 0 if self.batch else self.epoch)

    @property
    def loss(self) -> float | None:
        """Mean loss of the epoch, or of its batches so far."""
        return self._value("loss")

    @property
    def accuracy(self) -> float | None:
        """Accuracy of the epoch, or of its batches so far."""
        return self._value("accuracy")

    @property
    def val_loss(self) -> float | None:
        """Loss on the validation data; at the end of an epoch only."""
        return None if self.batch else self._value("val_loss")

    @property
    def val_accuracy(self) -> float | None:
        """Accuracy on the validation data; at the end of an epoch only."""
        return None if self.batch else self._value("val_accuracy")

    @property
    def learning_rate(self) -> float | None:
        """Step size of the epoch."""
        return self._value("learning_rate")


class Callback:
    """Base of objects that follow a fit; each method may return True to stop it."""

    def on_train_begin(self, progress: Progress) -> Any:
        """Before the first batch."""

    def on_batch_end(self, progress: Progress) -> Any:
        """After each batch; `progress.batch` counts from 1."""

    def on_epoch_end(self, progress: Progress) -> Any:
        """After each epoch; `progress.epoch` counts from 1."""

    def on_train_end(self, progress: Progress) -> Any:
        """At the end, also after an exception."""


Callbacks = Union[Callback, Callable[[Progress], Any], Iterable[Any]]


class _EachEpoch(Callback):
    def __init__(self, function: Callable[[Progress], Any]) -> None:
        self.function = function

    def on_epoch_end(self, progress: Progress) -> Any:
        return self.function(progress)


def as_callbacks(callbacks: Callbacks | None) -> list[Callback]:
    """Callback objects; a plain function is called at the end of each epoch."""
    if callbacks is None:
        return []
    given = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in given:
        if isinstance(callback, type) and issubclass(callback, Callback):
            raise TypeError(f"callbacks: expected an object, got the class {callback.__name__}: call it")
        if not callable(callback) and not isinstance(callback, Callback):
            raise TypeError(f"callbacks: expected functions or objects of Callback, got {type(callback).__name__}")
    return [callback if isinstance(callback, Callback) else _EachEpoch(callback) for callback in given]
