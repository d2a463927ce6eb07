"""_keras_weights.py - which dataset of a Keras weights file is which weight, and the weights"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

import numpy as np

from ._arrays import Floats
from ._errors import FormatError, UnsupportedError
from ._keras_hdf5 import Hdf5
from ._keras_json import Layer, Part, Shape, Slot

Entry = tuple[str, Any]  # the path of a dataset, and the dataset

MAX_ELEMENTS = 1 << 28
LAYERS = ("layers", "_layer_checkpoint_dependencies")  # the second in some versions of TensorFlow 2.12 and 2.13
SEEDS = re.compile(r"(^|/)_?seed_generator(_\d+)?/")
# What Keras keeps beside the layers: optimizers, metrics and losses.
BESIDE = re.compile(r"_*(?:optimizer|compile|metrics|loss)")
NAME = re.compile(r"(kernel|recurrent_kernel|bias|gamma|beta|moving_mean|moving_variance|embeddings)(_\d+)?(:\d+)?$")
OLD_NAME = re.compile(r".*_(W|U|b|gamma|beta|running_mean|running_std)(_[ifcozrh])?(:\d+)?$")
OLD_WORDS = {"W": "kernel", "U": "recurrent_kernel", "b": "bias", "running_mean": "moving_mean",
             "running_std": "moving_variance"}  # fmt: skip
# Gates of Keras 1 in the order of the file, and where each of Keras 2's comes from.
OLD_GATES = {"LSTM": ("icfo", (0, 2, 1, 3)), "GRU": ("zrh", (0, 1, 2))}


@dataclass(frozen=True)
class Group:
    """The datasets of one layer. `label` is the group's name, `name` the layer's where the file says it."""

    label: str
    entries: tuple[Entry, ...]
    name: str | None = None


@dataclass(frozen=True)
class Source:
    """One weight, and the datasets that it is made of: one, or one for each gate."""

    name: str
    shape: tuple[int, ...]
    entries: tuple[Entry, ...]
    axes: tuple[int, ...] | None = None  # that make (k, 1, in, out) of what Keras 1 kept of a 1-D convolution


@dataclass
class Weights:
    """The weights in an open file, found for the layers of a model.

    Layouts: Keras 3 (`layers/<class>_<n>/vars/<i>`), and Keras 1, 2 and 3's .h5 (`layer_names`, `weight_names`).
    """

    file: Hdf5
    root: Any
    keras3: bool = field(init=False)
    groups: list[Group] = field(init=False)

    def __post_init__(self) -> None:
        self.keras3 = self.file.names(self.root, "layer_names") is None
        self.groups = self.find_keras3() if self.keras3 else self.find_named()

    # -- Groups --------------------------------------------------------------------------------------------------------

    def find_named(self) -> list[Group]:
        source, groups = self.file.source, []
        datasets = self.file.walk(self.root)
        for label in self.file.names(self.root, "layer_names") or []:
            group = self.file.group(self.root, label)
            names = None if group is None else self.file.names(group, "weight_names")
            if names is None:
                raise FormatError(f"{source}: layer '{label[:60]}' is named in the file, but has no group of weights")
            entries = []
            for name in names:
                path = f"{label}/{name}"
                if path not in datasets:
                    raise FormatError(f"{source}: dataset '{path[:200]}' is named in the file, but not there")
                entries.append((path, datasets.pop(path)))
            groups.append(Group(label, tuple(entries), label))
        if datasets:
            raise FormatError(f"{source}: dataset '{min(datasets)[:200]}' belongs to no layer")
        return [group for group in groups if group.entries]

    def find_keras3(self) -> list[Group]:
        source, datasets = self.file.source, self.file.walk(self.root)
        tops = sorted({path.partition("/")[0] for path in datasets} & set(LAYERS))
        if not tops and not any(self.file.child(self.root, name) is not None for name in LAYERS):
            if "nb_layers" in self.root.attrs:
                raise UnsupportedError(f"{source}: weights of a Keras before 1.0 are not supported")
            words = "'model_weights', 'layer_names' or 'layers'"
            raise FormatError(f"{source}: no weights of Keras: expected {words} in the file")
        top = tops[0] if tops else LAYERS[0]
        found: dict[str, list[Entry]] = {}
        for path, dataset in datasets.items():
            first, _, rest = path.partition("/")
            if SEEDS.search(path) or BESIDE.match(first):
                continue
            if first != top or "/" not in rest:
                raise FormatError(f"{source}: dataset '{path[:200]}' belongs to no layer")
            found.setdefault(rest.partition("/")[0], []).append((path, dataset))
        groups = []
        for label, entries in found.items():
            holder = self.file.group(self.root, f"{top}/{label}/vars")
            name = None if holder is None else self.file.text(holder, "name")
            groups.append(Group(label, tuple(entries), name))
        return groups

    # -- Which group is which layer ------------------------------------------------------------------------------------

    def assign(self, layers: Sequence[Layer], shapes: Mapping[str, Shape] | None) -> list[Source]:
        """The sources of all weights. Groups are taken by name and by order: where one of the two fits the layers'
        shapes it is meant, where both fit and differ the file is refused."""
        source, groups = self.file.source, self.groups
        if len(groups) != len(layers):
            raise FormatError(
                f"{source}: weights for {len(groups)} layers ({listed([g.label for g in groups])}), "
                f"the model has {len(layers)} with weights ({listed([layer.name for layer in layers])})"
            )
        orders = [order for order in (self.by_label(layers), self.by_order(layers)) if order is not None]
        if self.keras3 and (named := self.by_name(layers)) is not None:
            orders = [named]
        if not orders:
            raise FormatError(
                f"{source}: the groups {listed([g.label for g in groups])} are not those of the layers "
                f"{listed([f'{layer.name} ({layer.class_name})' for layer in layers])}"
            )
        plans: list[list[Source]] = []
        failure: FormatError | None = None
        for order in [order for i, order in enumerate(orders) if order not in orders[:i]]:
            try:
                plans.append([one for layer, group in zip(layers, order) for one in self.fit(layer, group, shapes)])
            except FormatError as error:
                failure = failure or error
        if len(plans) > 1:
            raise FormatError(f"{source}: ambiguous: the layers' groups by name are not those by order, and both fit")
        if not plans and failure:
            raise failure
        return plans[0]

    def by_label(self, layers: Sequence[Layer]) -> list[Group] | None:
        labels = {group.label: group for group in self.groups}
        return [labels[layer.name] for layer in layers] if all(layer.name in labels for layer in layers) else None

    def by_name(self, layers: Sequence[Layer]) -> list[Group] | None:
        names = {group.name: group for group in self.groups}
        fits = len(names) == len(layers) and all(layer.name in names for layer in layers)
        return [names[layer.name] for layer in layers] if fits else None

    def by_order(self, layers: Sequence[Layer]) -> list[Group] | None:
        """Keras 3 counts the layers of each class, `dense`, `dense_1`...; older ones keep a list."""
        if not self.keras3:
            return list(self.groups)
        queues: dict[str, list[tuple[int, Group]]] = {}
        for group in self.groups:
            match = re.match(r"(.+?)(?:_(\d+))?$", group.label)
            if match:
                queues.setdefault(match[1], []).append((int(match[2] or 0), group))
        found = []
        for layer in layers:
            queue = queues.get(snake(layer.class_name))
            if not queue:
                return None
            queue.sort(key=lambda pair: pair[0])
            found.append(queue.pop(0)[1])
        return found

    # -- Which dataset is which weight ---------------------------------------------------------------------------------

    def fit(self, layer: Layer, group: Group, shapes: Mapping[str, Shape] | None) -> list[Source]:
        """The sources of a layer's weights, or a FormatError that says what does not fit."""
        entries = list(group.entries)
        if self.keras3:
            entries = self.by_path(layer, group)
        if len(entries) % len(layer.parts):
            raise self.misfit(layer, group)
        n = len(entries) // len(layer.parts)
        sources = []
        for i, part in enumerate(layer.parts):
            sources += self.fit_part(layer, group, part, entries[i * n : (i + 1) * n], shapes)
        return sources

    def misfit(self, layer: Layer, group: Group) -> FormatError:
        found = listed([path for path, _ in group.entries])
        return FormatError(
            f"{self.file.source}: layer '{layer.name}' ({layer.class_name}) needs {len(layer.slots)} weights, "
            f"the file has {len(group.entries)}: {found}"
        )

    def by_path(self, layer: Layer, group: Group) -> list[Entry]:
        by_path = {path.split("/", 2)[2]: (path, dataset) for path, dataset in group.entries}
        wanted = [slot.path for slot in layer.slots]
        if sorted(wanted) != sorted(by_path):
            raise self.misfit(layer, group)
        return [by_path[path] for path in wanted]

    def fit_part(
        self, layer: Layer, group: Group, part: Part, entries: list[Entry], shapes: Mapping[str, Shape] | None
    ) -> list[Source]:
        order: Sequence[int] = (0,)
        gates = ""
        old = OLD_GATES.get(part.class_name)
        if old and not self.keras3 and len(entries) == len(part.slots) * len(old[0]):
            gates, order = old
        elif len(entries) != len(part.slots):
            raise self.misfit(layer, group)
        sources = []
        for i, slot in enumerate(part.slots):
            pieces = tuple(entries[i + len(part.slots) * gate] for gate in order)
            for gate, piece in zip(order, pieces):
                self.check_name(piece[0], group.label, part, slot, gates[gate] if gates else "")
            wanted = (shapes or {}).get(f"{layer.name}/{slot.name}", slot.shape)
            sources.append(self.check_shape(layer, part, slot, pieces, wanted))
        return sources

    def check_name(self, path: str, label: str, part: Part, slot: Slot, gate: str) -> None:
        """Keras itself goes by the order. A name that says something else than the order is a damaged file."""
        last, word, letter = path.rsplit("/", 1)[-1], "", ""
        if match := NAME.match(last):
            word = match[1]
        elif match := OLD_NAME.match(last):
            word, letter = OLD_WORDS.get(match[1], match[1]), (match[2] or "")[1:]
            word = "embeddings" if slot.name.endswith("embeddings") and word == "kernel" else word
        wanted = slot.name.rsplit("/", 1)[-1]
        sides = re.findall(r"/(forward|backward)_", path[len(label) :]) if part.prefix and not self.keras3 else []
        other_side = bool(sides) and sides[-1] + "/" != part.prefix
        if (word and word != wanted) or (letter and letter != gate) or other_side:
            raise FormatError(f"{self.file.source}: dataset '{path[:200]}' stands where '{slot.name}' is expected")

    def check_shape(
        self, layer: Layer, part: Part, slot: Slot, pieces: tuple[Entry, ...], wanted: Shape
    ) -> Source:
        name = f"{layer.name}/{slot.name}"
        found = [self.file.shape(dataset, path) for path, dataset in pieces]
        shape, axes = found[0], None
        if len(pieces) > 1 and len(set(found)) == 1 and shape:
            shape = (*shape[:-1], shape[-1] * len(pieces))
        elif part.class_name == "Conv1D" and len(shape) == 4 and not self.keras3:
            # Keras 1: (k, 1, in, out); before 1.2 (out, in, k, 1).
            axes = (0, 1, 2, 3) if fits((shape[0], *shape[2:]), wanted) and shape[1] == 1 else (2, 3, 1, 0)
            turned = tuple(shape[i] for i in axes)
            shape = (turned[0], *turned[2:]) if turned[1] == 1 else shape
        if len(set(found)) > 1 or not fits(shape, wanted):
            text = "(" + ", ".join("any" if n is None else str(n) for n in wanted) + ")"
            raise FormatError(
                f"{self.file.source}: dataset '{pieces[0][0][:200]}' has shape {found[0]}, weight '{name}' needs {text}"
            )
        return Source(name, shape, pieces, axes)

    def read(self, layers: Sequence[Layer], shapes: Mapping[str, Shape] | None = None) -> dict[str, Floats]:
        """Every weight as float32 [*shape], by libmirnet's name; nothing is read before all is known to fit."""
        sources = self.assign(layers, shapes)
        total = sum(int(np.prod(one.shape, dtype=object)) for one in sources)
        if total > MAX_ELEMENTS:
            raise UnsupportedError(f"{self.file.source}: {total} weights, expected at most {MAX_ELEMENTS}")
        found = {}
        for one in sources:
            pieces = [self.file.read(dataset) for _, dataset in one.entries]
            value = np.concatenate(pieces, axis=-1) if len(pieces) > 1 else pieces[0]
            value = np.transpose(value, one.axes) if one.axes else value
            found[one.name] = np.ascontiguousarray(value.reshape(one.shape))
        return found


def fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(w in (None, n) and n > 0 for n, w in zip(shape, wanted))


def snake(class_name: str) -> str:
    """BatchNormalization as batch_normalization, Conv2D as conv2d."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", class_name).lower()


def listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:6])
    return (shown or "none") + (", ..." if len(names) > 6 else "")
