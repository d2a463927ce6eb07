"""_model.py - a network: made, looked at, saved, applied, fitted"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json as json_module
import os
from ctypes import byref, c_size_t, create_string_buffer
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from ._arrays import Floats, as_labels, as_seed
from ._dataset import Dataset
from ._errors import InvalidError, OutOfMemoryError, ShapeError
from ._handle import Handle, Reading, Writing, as_bytes, create, decode, encode, encode_all, encode_path
from ._library import lib
from ._predictor import as_threads, load_path, run
from ._recipe import Recipe, Value, as_recipe
from ._scores import Scores
from ._tensors import Tensors
from ._weights import Notes, Weights, check_names, read_shape

if TYPE_CHECKING:
    from ._history import Callbacks, History

IDLE = 8  # predictors that a model keeps for the calls to come


class Layer(NamedTuple):
    """A layer of a model; shapes without the batch axis."""

    name: str
    class_name: str
    output_shape: tuple[int, ...]
    parameter_count: int


class Text(str):
    """A text of several lines that shows itself as such in notebooks and at the prompt."""

    def __repr__(self) -> str:
        return str(self)


class Model(Handle):
    """The layers of a recipe with their weights, the recipe itself, class names, and notes: all that prediction needs.

    Any number of threads may predict with a model; changing it while another thread uses it raises StateError.

    Parameters
    ----------
    recipe
        A Recipe, or what Recipe takes: "tasdelen2021", the path of a JSON file, a mapping. It is copied.
    seed
        Of the weights, drawn as Keras does by default; None: the recipe's "training.seed".
    """

    def __init__(self, recipe: Recipe | str | os.PathLike[str] | Mapping[str, Any], *, seed: int | None = None) -> None:
        with as_recipe(recipe) as own:
            if seed is not None:
                own["training.seed"] = seed
            self._start(create(lib.mirnet_model_create, own._pointer))

    def _start(self, pointer: int) -> None:
        self._version = 0  # counts changes: predictors made before one are not used after it
        self._idle: list[tuple[int, int, int]] = []  # (version, threads, pointer)
        super().__init__(pointer, _destroy_model, self._idle)
        inputs = range(lib.mirnet_model_input_count(pointer))
        self._input_names = [decode(lib.mirnet_model_get_input_name(pointer, i)) for i in inputs]
        self._input_shapes = [read_shape(lib.mirnet_model_get_shape, pointer, i) for i in inputs]
        self._output_shape = read_shape(lib.mirnet_model_get_shape, pointer, -1)
        self._parameter_count = int(lib.mirnet_model_parameter_count(pointer, -1))

    @classmethod
    def _adopt(cls, pointer: int) -> Model:
        model = cls.__new__(cls)
        model._start(pointer)
        return model

    @classmethod
    def from_keras_json(
        cls,
        json: str | Mapping[str, Any],
        *,
        weights: Mapping[str, Any] | None = None,
        encoder: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        classes: Sequence[str] | None = None,
        seed: int | None = None,
    ) -> Model:
        """A model of Keras's `model.to_json()`, as text or as a mapping.

        Parameters
        ----------
        weights
            All weights by name, in Keras's layouts; None: drawn from the seed.
        encoder, training
            Those parts of a recipe, without "encoder." and "training.", e.g. {"length": 164}.
        classes
            Names of the outputs, the positive class first.

        Raises
        ------
        FormatError, UnsupportedError, ShapeError
            With the layer and the field, line and column in `json`.
        """
        text = json if isinstance(json, str) else json_module.dumps(json)
        parts = {"encoder": encoder, "training": training, "classes": None if classes is None else list(classes)}
        # The text goes in as it is, so that messages name its lines and a key that is there twice is noticed.
        extra = "".join(f', "{key}": {json_module.dumps(part)}' for key, part in parts.items() if part is not None)
        with Recipe.from_json(f'{{"model": {text}{extra}}}' if extra else text, "model.json") as recipe:
            model = cls(recipe, seed=seed)
        if weights is not None:
            model.set_weights(weights)
        return model

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, state: bool = True) -> Model:
        """From a model file. Everything in it is verified; nothing is executed, no other file is opened.

        `state` False leaves out a training state, for a model that is only to predict: it takes a third of the memory.

        Raises
        ------
        FileError, MissingFileError, FormatError, UnsupportedError, ShapeError, NumericError
            The file cannot be read, is damaged, or is no model file.
        """
        return cls._adopt(
            create(lib.mirnet_model_load if state else lib.mirnet_model_load_stateless, encode_path(path))
        )

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "bytes") -> Model:
        """From the bytes of a model file; `source` names them in messages."""
        held = as_bytes(data, "data")
        return cls._adopt(create(lib.mirnet_model_load_mem, held, len(held), encode(source, "source")))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a model file: a safetensors file with weights, recipe, classes, notes, and a training state if there
        is one. The file is replaced as a whole or not at all."""
        with Reading(self) as pointer:
            lib.mirnet_model_save(pointer, encode_path(path))

    def to_bytes(self) -> bytes:
        """The bytes of the model file."""
        size = c_size_t()
        with Reading(self) as pointer:
            lib.mirnet_model_save_mem(pointer, None, 0, byref(size))
            out = create_string_buffer(size.value)
            lib.mirnet_model_save_mem(pointer, out, size.value, byref(size))
        return out.raw

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(), "pickle")

    def copy(self) -> Model:
        """An independent copy: weights, notes, training state."""
        with Reading(self) as pointer:
            return type(self)._adopt(create(lib.mirnet_model_copy, pointer))

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        return self.copy()

    def _changing(self) -> Writing:
        """For calls that change the model."""
        return _Changing(self)

    def _version_to_keep(self) -> int:
        """What a predictor made now may be used for later: nothing, -1, if its model is still changing."""
        return -1 if self._gate.is_mine() else self._version

    def _changed(self) -> None:
        """Predictors that were made before do not fit any more."""
        self._version += 1
        while self._idle:
            lib.mirnet_predictor_destroy(self._idle.pop()[2])

    def reset(self, seed: int) -> None:
        """Draws new weights from this seed. Drops a training state."""
        with self._changing() as pointer:
            lib.mirnet_model_reset(pointer, as_seed(seed))

    @property
    def recipe(self) -> Recipe:
        """A copy of the model's recipe."""
        with Reading(self) as pointer:
            return Recipe._adopt(create(lib.mirnet_recipe_copy, lib.mirnet_model_get_recipe(pointer)))

    def set_encoder(self, *, long: str | None = None, ambiguity: str | None = None) -> None:
        """Changes what becomes of sequences that are too long, and of ambiguous letters: see Encoder."""
        with self._changing() as pointer:
            for key, value in (("encoder.long", long), ("encoder.ambiguity", ambiguity)):
                if value is not None:
                    lib.mirnet_model_set_text(pointer, key.encode(), encode(value, key))

    @property
    def classes(self) -> list[str]:
        """Class names, the positive class first; [] until they are set or trained."""
        with Reading(self) as pointer:
            count = lib.mirnet_model_class_count(pointer)
            return [decode(lib.mirnet_model_get_class(pointer, c)) for c in range(count)]

    @classes.setter
    def classes(self, names: Sequence[str]) -> None:
        array = encode_all(names, "classes")
        with self._changing() as pointer:
            lib.mirnet_model_set_classes(pointer, array, len(array))

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return list(self._input_names)

    @property
    def input_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the inputs, without the batch axis."""
        return list(self._input_shapes)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output, without the batch axis."""
        return self._output_shape

    @property
    def layers(self) -> list[Layer]:
        """The layers in the order of the recipe."""
        with Reading(self) as pointer:
            return [
                Layer(
                    decode(lib.mirnet_model_get_layer_name(pointer, i)),
                    decode(lib.mirnet_model_get_layer_class(pointer, i)),
                    read_shape(lib.mirnet_model_get_layer_shape, pointer, i),
                    int(lib.mirnet_model_parameter_count(pointer, i)),
                )
                for i in range(lib.mirnet_model_layer_count(pointer))
            ]

    @property
    def parameter_count(self) -> int:
        """Parameters of all layers, trainable or not."""
        return self._parameter_count

    @property
    def weights(self) -> Weights:
        """The weights by name: `model.weights["dense/kernel"]` is float32 [in, out]."""
        return Weights(self)

    def set_weights(self, weights: Mapping[str, Any]) -> None:
        """Sets all weights, or none if a name, a shape or a number is wrong."""
        check_names(weights, self.weights)
        with Tensors(weights) as tensors, self._changing() as pointer:
            lib.mirnet_model_set_weights(pointer, tensors._pointer, b"")

    @property
    def notes(self) -> Notes:
        """The model card: texts that are saved with the model."""
        return Notes(self)

    @property
    def has_state(self) -> bool:
        """Whether a training state is attached, to go on from with `fit(resume=True)`."""
        with Reading(self) as pointer:
            return bool(lib.mirnet_model_has_state(pointer))

    def drop_state(self) -> None:
        """Drops the training state."""
        with self._changing() as pointer:
            lib.mirnet_model_drop_state(pointer)

    def summary(self) -> str:
        """A table for people: layer, class, output shape, parameters, total."""
        with Reading(self) as pointer, self._gate.text:
            text = lib.mirnet_model_get_summary(pointer)
            if text is None:
                raise OutOfMemoryError("summary: out of memory")
            return Text(decode(text).rstrip("\n"))

    def predict(self, x: Any, *, threads: int | None = None) -> Floats:
        """Applies the model.

        Parameters
        ----------
        x
            Sequences (a list, a NumPy array or a pandas Series of texts), a Dataset, the path of a FASTA, FASTQ,
            RNAfold, CSV or TSV file (gzip or not), or floats [n, *input shape], for several inputs a list of them or
            a dict by input name. float32 arrays in C order are not copied.
        threads
            1 to 256; None: all processors that this process may use. Results are the same to the bit.

        Returns
        -------
        float32 [n, *output shape]: as a rule [n, classes], the probability of each class.

        Raises
        ------
        ShapeError, FormatError
            A sequence is too long or has a letter that is no nucleotide code; an array has another shape.
        TypeError
            An array of objects, complex numbers or texts.
        """
        wanted = as_threads(threads)
        with Reading(self) as pointer:
            version = self._version_to_keep()
            predictor = self._take(pointer, version, wanted)
            try:
                return run(predictor, self, x)
            finally:
                self._give(version, wanted, predictor)

    def _take(self, pointer: int, version: int, threads: int) -> int:
        for entry in list(self._idle):
            if entry[:2] == (version, threads):
                try:
                    self._idle.remove(entry)
                except ValueError:  # another thread was faster
                    continue
                return entry[2]
        return create(lib.mirnet_predictor_create, pointer, threads)

    def _give(self, version: int, threads: int, predictor: int) -> None:
        if version == self._version and len(self._idle) < IDLE:
            self._idle.append((version, threads, predictor))
        else:
            lib.mirnet_predictor_destroy(predictor)

    def evaluate(self, x: Any, y: Any = None, *, threads: int | None = None) -> Scores:
        """Scores of the predictions: `x` as in predict, `y` [n] class names or numbers; a Dataset or file brings its own."""
        if isinstance(x, (str, os.PathLike)):
            x = load_path(x)
        p = self.predict(x, threads=threads)
        if p.ndim != 2:
            raise InvalidError(f"evaluate: expected an output (classes), got {self.output_shape}")
        if y is None:
            if not isinstance(x, Dataset):
                raise InvalidError("y: expected classes, for x is no Dataset")
            y = self._own_classes(x)
        y = as_labels(y, "y")
        if y.ndim != 1:
            raise ShapeError(f"y: expected shape ({len(p)},), got {y.shape}")
        if len(y) != len(p):
            raise ShapeError(f"y: expected {len(p)} classes as of the samples, got {len(y)}")
        scores = Scores(self.classes or p.shape[1])
        scores.add(y, p)
        return scores

    def _own_classes(self, dataset: Dataset) -> Any:
        """The dataset's class numbers as this model counts them."""
        own, theirs, labels = self.classes, dataset.classes, dataset.labels
        if len(labels) and labels.min() < 0:
            raise InvalidError("x: expected a class of every record; some have none")
        if not own or own == theirs:
            return labels
        for name in theirs:
            if name not in own:
                raise InvalidError(f"x has class {name!r}: expected {', '.join(own)}")
        return [own.index(theirs[label]) for label in labels]

    def fit(
        self,
        x: Any,
        y: Any = None,
        *,
        validation_data: Any = None,
        sample_weight: Any = None,
        callbacks: Callbacks = (),
        verbose: bool | int | None = None,
        threads: int | None = None,
        seed: int | None = None,
        resume: bool = False,
        keep_state: bool = False,
        **training: Value | None,
    ) -> History:
        """Trains the model from its present weights; a new optimizer each time, unless `resume`.

        Parameters
        ----------
        x, y
            Training data: a Dataset or the path of a file; sequences [n] and classes [n]; or floats [n, *input shape] and classes [n] or
            distributions [n, outputs]. Classes are names or numbers.
        validation_data
            A Dataset, or (x, y), or (x, y, sample_weight); else the option "validation_split" decides.
        sample_weight
            [n] weights of the samples in the loss.
        callbacks
            Called as training goes on: functions after each epoch, objects of Callback also at other times. One that
            returns True stops. An exception stops and reaches the caller, as does Ctrl-C; the weights are then those
            of the last step.
        verbose
            True a progress bar, 2 a line an epoch, False nothing; None a bar where somebody watches.
        threads
            1 to 256; None: all processors that this process may use. Results are the same to the bit.
        seed
            Of shuffling, dropout and splits; None: the recipe's "training.seed".
        resume, keep_state
            Take up the training state that is attached to the model; attach one at the end.
        **training
            Options without their "training.": epochs=30, batch_size=6, learning_rate=1e-3... They stay in the model's
            recipe, for the fits that follow.

        Returns
        -------
        History: loss, accuracy, val_loss, val_accuracy and learning_rate, a list each with one number an epoch.
        """
        from ._trainer import Trainer

        if seed is not None:
            training["seed"] = seed
        with Trainer(self, threads=threads) as trainer:
            for key, value in training.items():
                trainer[f"training.{key}"] = value
            trainer.set_data(x, y, sample_weight=sample_weight)
            if validation_data is not None:
                given = validation_data if isinstance(validation_data, tuple) else (validation_data,)
                trainer.set_validation(*given)
            if resume:
                trainer.resume()
            try:
                return trainer.run(callbacks=callbacks, verbose=verbose)
            finally:
                if keep_state:
                    trainer.store()

    def _describe(self) -> str:
        inputs = ", ".join(map(str, self._input_shapes))
        return f" {inputs} -> {self._output_shape}, {self._parameter_count} parameters"


class _Changing(Writing):
    """Writing to a model."""

    owner: Model

    def _enter(self, gate: Any) -> int:
        pointer = super()._enter(gate)
        self.owner._changed()
        return pointer


def _destroy_model(pointer: int, idle: list[tuple[int, int, int]]) -> None:
    while idle:
        lib.mirnet_predictor_destroy(idle.pop()[2])
    lib.mirnet_model_destroy(pointer)
