"""_encoder.py - sequences as tensors of floats"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from typing import Any, Mapping, Sequence

import numpy as np

from ._arrays import Floats
from ._dataset import _all_texts
from ._errors import MirnetError
from ._handle import Handle, Reading, create, encode
from ._library import lib
from ._recipe import Recipe, Value, as_recipe


class Encoder(Handle):
    """One-hot rows of `channels` floats for each of `length` positions; padding is all zeros. T counts as U.

    Parameters
    ----------
    recipe
        Where the encoder's options come from: a recipe, or what Recipe takes.
    **options
        Options without their "encoder.": alphabet, length, align, ambiguity, long. They have the last word.
    """

    def __init__(
        self, recipe: Recipe | str | os.PathLike[str] | Mapping[str, Any] = "tasdelen2021", **options: Value
    ) -> None:
        with as_recipe(recipe) as own:
            own.update({f"encoder.{key}": value for key, value in options.items()})
            super().__init__(create(lib.mirnet_encoder_create, own._pointer), lib.mirnet_encoder_destroy)
            self._json = own.json

    @property
    def length(self) -> int:
        """Positions, in nucleotides."""
        with Reading(self) as pointer:
            return int(lib.mirnet_encoder_get_length(pointer))

    @property
    def channels(self) -> int:
        """Floats of a position: 4, or 8 for both ends."""
        with Reading(self) as pointer:
            return int(lib.mirnet_encoder_get_channels(pointer))

    @property
    def size(self) -> int:
        """Floats of a sequence: length * channels."""
        with Reading(self) as pointer:
            return int(lib.mirnet_encoder_get_size(pointer))

    def encode(self, sequences: Sequence[str]) -> Floats:
        """Encodes [n] sequences, upper or lower case, into float32 [n, length, channels].

        Raises
        ------
        ShapeError
            A sequence is longer than `length` and "encoder.long" is "error".
        FormatError
            A letter is no IUPAC code, or ambiguous where that is an error; with its position.
        """
        texts = _all_texts(sequences, "sequences")
        out = np.empty((len(texts), self.length, self.channels), dtype=np.float32)
        start, step = out.__array_interface__["data"][0], self.size * 4
        with Reading(self) as pointer:
            for i, text in enumerate(texts):
                letters = encode(text, f"sequences[{i}]")
                try:
                    lib.mirnet_encoder_run(pointer, letters, len(letters), None, start + i * step)
                except MirnetError as error:
                    raise type(error)(f"sequences[{i}]: {error}") from None
        return out

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_encoder, (self._json,)

    def _describe(self) -> str:
        return f" to ({self.length}, {self.channels})"


def _restore_encoder(json: str) -> Encoder:
    return Encoder(Recipe.from_json(json))
