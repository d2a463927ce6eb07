"""_trainer.py - fitting a model: whole runs, epochs, or single steps"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import signal
import threading
from ctypes import byref, c_double, c_int32, c_int64
from typing import Any, Callable, NamedTuple

import numpy as np

from ._arrays import Floats, address, addresses, as_floats, as_inputs, as_ints, as_labels
from ._dataset import Dataset
from ._encoder import Encoder
from ._errors import CancelledError, InvalidError, NotFoundError, ShapeError, UnsupportedError
from ._handle import Handle, Reading, Writing, create, encode
from ._history import KEYS, Callback, Callbacks, History, Progress, as_callbacks
from ._library import lib
from ._model import Model
from ._predictor import as_threads, is_sequences, load_path
from ._progress import ProgressBar
from ._prototypes import callback as c_callback, no_callback
from ._recipe import Value, as_kind, find_option, set_option


class Gradients(NamedTuple):
    """Of one batch: the loss, the weights' gradients by name, and the inputs' gradients [n, *input shape]."""

    loss: float
    weights: dict[str, Floats]
    inputs: list[Floats]


class Batch(NamedTuple):
    """Arrays as the library takes them; they are kept alive as long as it uses them."""

    inputs: list[Floats]
    targets: Floats
    weights: Floats | None


class Trainer(Handle):
    """Changes the weights of one model; keeps the optimizer's state between calls.

    Options are items: `trainer["training.epochs"] = 30`; "training.epochs" and "training.learning_rate" at any time, the
    others before the first step. Weights after a number of steps depend on data, options and seed, never on threads.
    One thread at a time; while it runs, the model can only be used by its callbacks.

    Parameters
    ----------
    threads
        1 to 256; None: all processors that this process may use.
    """

    def __init__(self, model: Model, threads: int | None = None) -> None:
        self.model = model
        self._kept: dict[str, Any] = {}  # what the library borrows: data, the callback
        with Reading(model) as pointer:
            super().__init__(create(lib.mirnet_trainer_create, pointer), _destroy_trainer, model, self._kept)
        lib.mirnet_trainer_set_threads(self._pointer, as_threads(threads))

    def __getitem__(self, key: str) -> Value:
        option = find_option(key)
        if option.kind in ("word", "text"):
            with self.model.recipe as recipe:  # it follows the trainer's options
                return recipe[key]
        out = c_double()
        with Reading(self) as pointer:
            lib.mirnet_trainer_get_number(pointer, encode(key), byref(out))
        return as_kind(option.kind, out.value)

    def __setitem__(self, key: str, value: Value | None) -> None:
        own = self._gate.is_mine()  # a callback of this trainer sets it
        hold: type[Reading] | type[Writing] = Reading if own else Writing
        with hold(self) as pointer, hold(self.model):  # its recipe follows
            set_option(lib.mirnet_trainer_set_number, lib.mirnet_trainer_set_text, pointer, key, value)

    def set_data(self, x: Any, y: Any = None, *, sample_weight: Any = None, records: Any = None) -> None:
        """Training data, as Model.fit takes them. `records`, of a Dataset: [n] record numbers. Arrays of float32 in C
        order are borrowed: they must not change until the trainer is closed or gets other data."""
        self._set("data", x, y, sample_weight, records)

    def set_validation(self, x: Any, y: Any = None, sample_weight: Any = None, *, records: Any = None) -> None:
        """Validation data; "training.validation_split" then has no effect."""
        self._set("validation", x, y, sample_weight, records)

    def _set(self, what: str, x: Any, y: Any, sample_weight: Any, records: Any) -> None:
        data = self._as_data(x, y, sample_weight)
        with self.model._changing(), Writing(self) as pointer:  # the model takes over the names of the classes
            if isinstance(data, Dataset):
                chosen = None if records is None else as_ints(records, "records")
                function = lib.mirnet_trainer_set_dataset if what == "data" else lib.mirnet_trainer_set_validation_dataset
                if what == "validation" and (len(data) if chosen is None else len(chosen)) == 0:
                    raise InvalidError("validation data: expected at least one record")  # the library would take none
                with Reading(data) as source:
                    function(pointer, source, address(chosen), len(data) if chosen is None else len(chosen))
                    data._children.add(self)  # from here on nobody can change it
            elif records is not None:
                raise InvalidError("records: expected None where x is no Dataset")
            elif what == "validation" and len(data.targets) == 0:
                raise InvalidError("validation data: expected at least one sample")
            else:
                function = lib.mirnet_trainer_set_tensors if what == "data" else lib.mirnet_trainer_set_validation_tensors
                function(pointer, *_pointers(data), len(data.targets))
            old = self._kept.get(what)
            self._kept[what] = data
            if isinstance(old, Dataset) and old is not data and old not in self._kept.values():
                old._children.discard(self)

    def _as_data(self, x: Any, y: Any, sample_weight: Any) -> Dataset | Batch:
        """A Dataset where that will do, else arrays."""
        if isinstance(x, (str, os.PathLike)):
            x = load_path(x)
        if isinstance(x, Dataset):
            if y is not None:
                raise InvalidError("y: expected None, for a Dataset has its own classes")
        elif y is None:
            raise InvalidError("y: expected the classes of the samples")
        elif is_sequences(x):
            if np.ndim(y) != 1:
                return self._batch(self._encoded(list(x)), y, sample_weight)
            x = Dataset.from_sequences(list(x), y, classes=self._classes_of(y))
        else:
            return self._batch(x, y, sample_weight)
        dataset: Dataset = x
        if sample_weight is None:
            return dataset
        batch = self._batch(self._encoded(dataset.sequences), self.model._own_classes(dataset), sample_weight)
        if not self.model.classes:
            self.model.classes = dataset.classes
        return batch

    def _encoded(self, sequences: list[str]) -> Floats:
        with self.model.recipe as recipe, Encoder(recipe) as encoder:
            return encoder.encode(sequences)

    def _classes_of(self, y: Any) -> list[str] | None:
        """The classes that labels are names or numbers of; None: as found."""
        names = self.model.classes
        if not names:
            with self.model.recipe as recipe:  # a copy, which takes its time
                names = recipe.classes
        if names or isinstance(np.asarray(y).flat[0] if np.size(y) else "", str):
            return names or None
        return [str(c) for c in range(self.model.output_shape[-1])]

    def _batch(self, x: Any, y: Any, sample_weight: Any) -> Batch:
        inputs = as_inputs(x, self.model.input_shapes, self.model.input_names)
        n = len(inputs[0])
        weights = None if sample_weight is None else as_floats(sample_weight, "sample_weight")
        if weights is not None and weights.shape != (n,):
            raise ShapeError(f"sample_weight: expected shape ({n},), got {weights.shape}")
        return Batch(inputs, self._targets(y, n), weights)

    def _targets(self, y: Any, n: int) -> Floats:
        """[n, outputs]: one-hot rows of class names or numbers, or distributions as they are."""
        shape = self.model.output_shape
        found = as_labels(y, "y")
        if found.dtype.kind in "US" or (found.dtype.kind == "O" and found.size and isinstance(found.flat[0], str)):
            names = self._classes_of(y)
            if not names:
                raise InvalidError("y: class names need the model's classes: set model.classes, or give class numbers")
            found = np.array([_number(label, names, i) for i, label in enumerate(found)], dtype=np.int64)
        if found.dtype.kind in "iu" and found.ndim == 1:
            if found.shape != (n,):
                raise ShapeError(f"y: expected shape ({n},) as of the samples, got {found.shape}")
            if n and not 0 <= found.min() <= found.max() < shape[-1]:
                raise InvalidError(f"y: expected class numbers 0 to {shape[-1] - 1}, got {found.min()} to {found.max()}")
            return as_floats(np.eye(shape[-1])[found], "y")
        if found.shape == (n,) and shape != ():
            raise TypeError(f"y: expected class names or whole numbers, got dtype {found.dtype}")
        targets = as_floats(y, "y")
        if targets.shape != (n, *shape):
            raise ShapeError(f"y: expected shape ({n},) or {(n, *shape)}, got {targets.shape}")
        if n and (targets.min() < 0 or np.abs(targets.reshape(n, -1).sum(axis=1) - 1).max() > 1e-3):
            raise InvalidError("y: expected rows that are distributions: numbers from 0 to 1 with a sum of 1")
        return targets

    def run(self, *, callbacks: Callbacks = (), verbose: bool | int | None = False) -> History:
        """Trains up to option "training.epochs" or until early stopping; goes on from where the trainer stands.

        See Model.fit for `callbacks` and `verbose`, and for what ends a run.
        """
        return self._run(lambda pointer: lib.mirnet_trainer_run(pointer), int(self["training.epochs"]), callbacks, verbose)

    def run_epoch(self, *, callbacks: Callbacks = ()) -> bool:
        """Trains one epoch, whatever "training.epochs" says; True when early stopping asks to stop."""
        stop = c_int32()
        self._run(
            lambda pointer: lib.mirnet_trainer_run_epoch(pointer, byref(stop)), self.count("epochs") + 1, callbacks, False
        )
        return bool(stop.value)

    def _run(self, train: Callable[[int], Any], epochs: int, callbacks: Any, verbose: bool | int | None) -> History:
        followers = as_callbacks(callbacks)
        if verbose is None or verbose:
            followers.append(ProgressBar(verbose))
        progress = Progress(self, epochs)
        with Writing(self) as pointer, self.model._changing():
            caller = _Caller(followers, progress)
            lib.mirnet_trainer_set_callback(pointer, caller.function, None)
            self._kept["callback"] = caller  # the library keeps the function's address until there is another
            try:
                with caller:
                    caller.tell("on_train_begin")
                    if not caller.stopped and caller.error is None:
                        train(pointer)
            except CancelledError:
                pass
            finally:
                try:
                    self._end(caller)
                finally:  # what the callback holds is not to live as long as the trainer
                    lib.mirnet_trainer_set_callback(pointer, no_callback, None)
                    self._kept.pop("callback", None)
        history = self.history
        history.stopped_early = history.stopped_early or caller.stopped
        return history

    def _end(self, caller: _Caller) -> None:
        """Every follower hears of the end; the first exception reaches the caller of the fit."""
        caller.progress.batch = 0
        caller.progress.epoch = self.count("epochs")
        caller.tell("on_train_end")
        if caller.error is not None:
            raise caller.error

    @property
    def history(self) -> History:
        """The epochs so far."""
        history = History()
        with Reading(self):
            epochs = self.count("epochs")
            for key in KEYS:
                values = [self._history_value(key, epoch) for epoch in range(1, epochs + 1)]
                if None not in values:
                    history[key] = values  # type: ignore[assignment]
            history.best_epoch = self.count("best_epoch")
            history.stopped_early = bool(self.count("stopped"))
        return history

    def _history_value(self, key: str, epoch: int) -> float | None:
        out = c_double()
        try:
            with Reading(self) as pointer:
                lib.mirnet_trainer_get_history(pointer, key.encode(), epoch, byref(out))
        except NotFoundError:
            return None
        return out.value

    def count(self, what: str) -> int:
        """"epochs" or "steps" done, "batches" of an epoch, "samples", "validation_samples", "best_epoch", "stopped"."""
        out = c_int64()
        with Reading(self) as pointer:
            lib.mirnet_trainer_get_count(pointer, encode(what), byref(out))
        return out.value

    def step(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """One step on one batch, independent of the data set above; the loss before the step."""
        batch = self._batch(x, y, sample_weight)
        loss = c_double()
        with Writing(self) as pointer, self.model._changing():
            lib.mirnet_trainer_step(pointer, *_pointers(batch), len(batch.targets), byref(loss))
        return loss.value

    def gradients(self, x: Any, y: Any, sample_weight: Any = None, *, training: bool = False) -> Gradients:
        """Loss and gradients of one batch; the weights stay. `training`: with the dropout of the coming step."""
        batch = self._batch(x, y, sample_weight)
        loss = c_double()
        inputs = [np.empty_like(array) for array in batch.inputs]
        with Writing(self) as pointer, Reading(self.model):
            lib.mirnet_trainer_run_gradient(
                pointer, *_pointers(batch), len(batch.targets), int(training), byref(loss), addresses(inputs)
            )
            weights = {name: self._gradient(pointer, name) for name in self.model.weights}
        shapes = self.model.input_shapes
        return Gradients(loss.value, weights, [array.reshape(-1, *shape) for array, shape in zip(inputs, shapes)])

    def _gradient(self, pointer: int, name: str) -> Floats:
        out = np.empty(self.model.weights.shape(name), dtype=np.float32)
        lib.mirnet_trainer_get_gradient(pointer, encode(name), address(out), out.size)
        return out

    def evaluate(self, x: Any, y: Any, sample_weight: Any = None) -> tuple[float, float]:
        """Loss and accuracy in inference mode."""
        batch = self._batch(x, y, sample_weight)
        loss, accuracy = c_double(), c_double()
        with Writing(self) as pointer, Reading(self.model):
            lib.mirnet_trainer_evaluate(
                pointer, *_pointers(batch), len(batch.targets), byref(loss), byref(accuracy)
            )
        return loss.value, accuracy.value

    def store(self) -> None:
        """Attaches a snapshot of the training state to the model, so that saving the model saves it too."""
        with Writing(self) as pointer, self.model._changing():
            lib.mirnet_trainer_store(pointer)

    def resume(self) -> None:
        """Takes up the state attached to the model; after the data are set and before the first step. The run then goes
        on with the same bits as one that was never interrupted."""
        with Writing(self) as pointer, self.model._changing():
            lib.mirnet_trainer_resume(pointer)

    def __reduce__(self) -> tuple[Any, ...]:
        raise UnsupportedError("a Trainer cannot be pickled: call store() and pickle the model")

    def _describe(self) -> str:
        return f" of {self.model!r}, {self.count('steps')} steps done"


class _Caller:
    """The C callback of a running fit. An exception cannot cross the library: it is kept, and stops the training.

    So is what a signal's handler raises, KeyboardInterrupt as a rule, for it may be called as the callback begins, where
    nothing could catch it.
    """

    def __init__(self, followers: list[Callback], progress: Progress) -> None:
        self.followers = followers
        self.progress = progress
        self.stopped = False
        self.telling = False
        self.error: BaseException | None = None
        self.function = c_callback(self.call)

    def __enter__(self) -> _Caller:
        self.handler: Any = None
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self.handler = signal.getsignal(signal.SIGINT)  # first, for `interrupt` may be called at once
            signal.signal(signal.SIGINT, self.interrupt)
        return self

    def __exit__(self, *error: object) -> None:
        if self.handler is not None:
            signal.signal(signal.SIGINT, self.handler)

    def interrupt(self, number: int, frame: Any) -> None:
        """In place of the handler of Ctrl-C. What a follower is doing is interrupted at once."""
        if self.telling:
            self.handler(number, frame)
            return
        try:
            self.handler(number, frame)
        except BaseException as error:
            self.error = self.error or error

    def call(self, trainer: int, epoch: int, batch: int, payload: int | None) -> int:
        try:
            self.progress.epoch, self.progress.batch = epoch, batch
            self.tell("on_batch_end" if batch else "on_epoch_end")
        except BaseException as error:  # KeyboardInterrupt too
            self.error = self.error or error
        return int(self.stopped or self.error is not None)

    def tell(self, event: str) -> None:
        """Calls all followers, even if one fails."""
        for follower in self.followers:
            try:
                self.telling = True
                answer = getattr(follower, event)(self.progress)
                if isinstance(answer, (bool, np.bool_)) and answer:
                    self.stopped = True
            except BaseException as error:
                self.error = self.error or error
            finally:
                self.telling = False


def _destroy_trainer(pointer: int, model: Model, kept: dict[str, Any]) -> None:
    lib.mirnet_trainer_destroy(pointer)
    kept.clear()


def _pointers(batch: Batch) -> tuple[Any, int | None, int | None]:
    return addresses(batch.inputs), address(batch.targets), address(batch.weights)


def _number(label: Any, names: list[str], i: int) -> int:
    try:
        return names.index(label)
    except ValueError:
        raise InvalidError(f"y[{i}] is {label!r}: expected one of {', '.join(names)}") from None
