"""_recipe.py - a whole method in one object: encoder, classes, network, training; and the table of options"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
from ctypes import byref, c_char_p, c_double
from typing import Any, Iterator, Mapping, NamedTuple, Union

from ._arrays import as_int, as_real
from ._errors import InvalidError, NotFoundError, OutOfMemoryError
from ._handle import Handle, Reading, Writing, as_bytes, create, decode, encode, encode_all, encode_path
from ._library import lib

Value = Union[float, int, bool, str]
KINDS = ("real", "integer", "flag", "word", "text")


class Option(NamedTuple):
    """A row of the table of options. `words` are what a word option takes; the bounds are inclusive."""

    key: str
    kind: str
    help: str
    words: tuple[str, ...]
    default: Value
    minimum: float | None
    maximum: float | None


def _read_option(i: int) -> Option:
    kind = KINDS[lib.mirnet_option_kind(i)]
    key, help_text = decode(lib.mirnet_option_key(i)), decode(lib.mirnet_option_help(i))
    if kind in ("word", "text"):
        words = tuple(decode(lib.mirnet_option_words(i)).split())
        return Option(key, kind, help_text, words, decode(lib.mirnet_option_default_text(i)), None, None)
    low, high, standard = c_double(), c_double(), c_double()
    lib.mirnet_option_bounds(i, byref(low), byref(high), byref(standard))
    return Option(key, kind, help_text, (), as_kind(kind, standard.value), low.value, high.value)


def as_kind(kind: str, value: float) -> Value:
    """The number of an option as what it stands for: bool, int or float."""
    return bool(value) if kind == "flag" else int(value) if kind == "integer" else value


_table: dict[str, Option] = {}


def _options_by_key() -> dict[str, Option]:
    if not _table:
        for i in range(lib.mirnet_option_count()):
            option = _read_option(i)
            _table[option.key] = option
    return _table


def options() -> list[Option]:
    """All options that a recipe has, e.g. "training.batch_size" or "encoder.align"."""
    return list(_options_by_key().values())


def find_option(key: str) -> Option:
    """The option of this key; NotFoundError names near ones."""
    table = _options_by_key()
    if key not in table:
        import difflib

        near = difflib.get_close_matches(str(key), table, 3)
        hint = f"; do you mean {' or '.join(near)}?" if near else "; mirnet.options() lists them"
        raise NotFoundError(f"option {key!r}: there is none of that name{hint}")
    return table[key]


def set_option(set_number: Any, set_text: Any, pointer: int, key: str, value: Value | None) -> None:
    """Sets an option by the two functions for numbers and for texts; None is the option's default."""
    option = find_option(key)
    if value is None:
        value = option.default
    if option.kind in ("word", "text"):
        if not isinstance(value, str):
            raise TypeError(f"{key}: expected text, got {type(value).__name__}")
        set_text(pointer, key.encode(), encode(value, key))
        return
    set_number(pointer, key.encode(), as_real(value, key))


class Recipe(Handle):
    """How sequences are encoded, the network, and how it is trained: a JSON object, see doc/spec-format.md.

    Options are items: `recipe["training.epochs"] = 10`.

    Parameters
    ----------
    source
        The name of a built-in recipe ("tasdelen2021", "tasdelen2021-pool", "linear-ends"), the path of a JSON file, or
        a mapping: a recipe, or a Keras model as `json.loads(model.to_json())` gives it.

    Raises
    ------
    NotFoundError, FileError, FormatError, UnsupportedError
        With file, line and column, or layer and field, and what was expected there.
    """

    def __init__(self, source: str | os.PathLike[str] | Mapping[str, Any]) -> None:
        if isinstance(source, Mapping):
            try:
                text = json.dumps(source, allow_nan=False).encode()
            except (TypeError, ValueError) as error:
                raise InvalidError(f"recipe: expected what JSON can hold: {error}") from None
            pointer = create(lib.mirnet_recipe_create, text, len(text), b"recipe")
        else:
            pointer = create(lib.mirnet_recipe_load, encode_path(source))
        super().__init__(pointer, lib.mirnet_recipe_destroy)

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "recipe") -> Recipe:
        """From JSON text, a recipe or what Keras's `model.to_json()` writes; `source` names it in messages."""
        data = encode(text, "text") if isinstance(text, str) else as_bytes(text, "text")
        return cls._adopt(create(lib.mirnet_recipe_create, data, len(data), encode(source, "source")))

    @classmethod
    def _adopt(cls, pointer: int) -> Recipe:
        recipe = cls.__new__(cls)
        Handle.__init__(recipe, pointer, lib.mirnet_recipe_destroy)
        return recipe

    @staticmethod
    def builtin_names() -> list[str]:
        """The names of the recipes that are built in."""
        return [decode(lib.mirnet_recipe_builtin_name(i)) for i in range(lib.mirnet_recipe_builtin_count())]

    def copy(self) -> Recipe:
        """An independent copy."""
        with Reading(self) as pointer:
            return self._adopt(create(lib.mirnet_recipe_copy, pointer))

    def __getitem__(self, key: str) -> Value:
        option = find_option(key)
        if option.kind in ("word", "text"):
            text = c_char_p()
            with Reading(self) as pointer:
                lib.mirnet_recipe_get_text(pointer, key.encode(), byref(text))
                return decode(text.value)
        number = c_double()
        with Reading(self) as pointer:
            lib.mirnet_recipe_get_number(pointer, key.encode(), byref(number))
        return as_kind(option.kind, number.value)

    def __setitem__(self, key: str, value: Value | None) -> None:
        with Writing(self) as pointer:
            set_option(lib.mirnet_recipe_set_number, lib.mirnet_recipe_set_text, pointer, key, value)

    def __iter__(self) -> Iterator[str]:
        return iter(_options_by_key())

    def __len__(self) -> int:
        return len(_options_by_key())

    def keys(self) -> list[str]:
        """The keys of all options."""
        return list(_options_by_key())

    def update(self, values: Mapping[str, Value | None]) -> None:
        """Sets several options; those before a faulty one are set."""
        for key, value in values.items():
            self[key] = value

    @property
    def classes(self) -> list[str]:
        """Class names that the recipe fixes, the positive class first; [] where it takes them as found."""
        with Reading(self) as pointer:
            count = lib.mirnet_recipe_class_count(pointer)
            return [decode(lib.mirnet_recipe_get_class(pointer, c)) for c in range(count)]

    @classes.setter
    def classes(self, names: list[str]) -> None:
        array = encode_all(names, "classes")
        with Writing(self) as pointer:
            lib.mirnet_recipe_set_classes(pointer, array, len(array))

    def get_class_weight(self, c: int) -> float:
        """Weight of class c in the loss."""
        out = c_double()
        with Reading(self) as pointer:
            lib.mirnet_recipe_get_class_weight(pointer, as_int(c, "class"), byref(out))
        return out.value

    def set_class_weight(self, c: int, weight: float) -> None:
        """Sets the weight of class c in the loss, and "training.class_weight" to "given"."""
        with Writing(self) as pointer:
            lib.mirnet_recipe_set_class_weight(pointer, as_int(c, "class"), as_real(weight, "weight"))

    @property
    def json(self) -> str:
        """The recipe as JSON text, with every option; reading it gives the same recipe."""
        with Reading(self) as pointer, self._gate.text:
            text = lib.mirnet_recipe_get_json(pointer)
            if text is None:
                raise OutOfMemoryError("recipe: out of memory")
            return decode(text)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as a dict: "name", "source", "encoder", "classes", "model" (Keras model JSON), "training"."""
        result: dict[str, Any] = json.loads(self.json)
        return result

    @property
    def name(self) -> str:
        """The recipe's name, "" if it has none."""
        return str(self.to_dict().get("name") or "")

    def _describe(self) -> str:
        return f" {self.name or 'without a name'}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (self.json,)


def as_recipe(source: Recipe | str | os.PathLike[str] | Mapping[str, Any]) -> Recipe:
    """A recipe of one's own to change: a copy of a Recipe, or a new one."""
    return source.copy() if isinstance(source, Recipe) else Recipe(source)
