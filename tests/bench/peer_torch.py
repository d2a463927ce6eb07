#!/usr/bin/python3
"""peer_torch.py - the network of a mirnet model file in PyTorch, with the same weights: trains, predicts, exports ONNX

usage: peer_torch.py MODEL DATA.csv

Reads one JSON request a line and answers with one line:
  {"do": "predict_all"}                            -> {"output": [[p, ...], ...]} for all records
  {"do": "export", "path": FILE}                   -> {"shape", "by_length"}; FILE is ONNX, FILE.f32 the encoded records
  {"do": "train", "threads", "batch", "seconds"}   -> {"ms_per_step": ...}
  {"do": "predict", "threads", "batch", "seconds"} -> {"per_second": ...}
A failure is {"error": "..."}. Needs python3-torch and python3-numpy, nothing else.

The network is written as someone who uses PyTorch would write it: convolutions on channels first, padding only where
the layer does not do it itself, packed sequences behind a mask, Adam with epsilon 1e-7.
"""
# SPDX-License-Identifier: MIT
import csv
import json
import struct
import sys
import time
import warnings

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as missing:
    sys.exit(print(json.dumps({"error": f"{missing}"})))

warnings.filterwarnings("ignore")  # the tracer warns of shapes that are constants here, as they shall be

ACTIVATIONS = {"linear": lambda x: x, "relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "elu": F.elu,
               "softmax": lambda x: F.softmax(x, -1)}
FREE = {"name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_shape", "layer"}


class NotBuilt(Exception):
    """A layer or field that this small interpreter does not know."""


def read_model(path):
    """(recipe, weights by name) of a mirnet model file, which is a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = file.read()
    recipe = json.loads(header.pop("__metadata__")["recipe"])
    return recipe, {name: np.frombuffer(body, "<f4", (t["data_offsets"][1] - t["data_offsets"][0]) // 4,
                                        t["data_offsets"][0]).reshape(t["shape"])
                    for name, t in header.items() if t["dtype"] == "F32" and not name.startswith("state/")}


def read_data(path, encoder):
    """(one-hot rows [n][length][channels], class numbers) of a CSV file of name,sequence,class."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row and row[:2] != ["name", "sequence"]]
    length, align = encoder.get("length", 164), encoder.get("align", "left")
    columns = {base: i for i, base in enumerate(encoder.get("alphabet", "AUGC"))}
    columns["T"] = columns["U"]
    x = np.zeros((len(rows), length, 8 if align == "both-ends" else 4), np.float32)
    for i, row in enumerate(rows):
        text = row[1].upper()
        if len(text) > length:
            raise NotBuilt(f"a sequence of {len(text)}, longer than {length}")
        for j, base in enumerate(text):
            if base not in columns:
                raise NotBuilt(f"the ambiguous base {base}")
            if align != "right":
                x[i, j, columns[base]] = 1
            if align != "left":
                x[i, length - len(text) + j, columns[base] + (4 if align == "both-ends" else 0)] = 1
    names = sorted({row[2] for row in rows})
    return x, np.array([names.index(row[2]) for row in rows], np.int64)


def accept(config, *known, **only):
    """Refuses a field that is not known, or whose value is not the only one that is built."""
    for key, value in config.items():
        if key in only:
            if value not in (None, only[key], [only[key]], [only[key]] * 2):
                raise NotBuilt(f"{key} {value}")
        elif key not in known and key not in FREE and not key.endswith("_initializer") and value not in (None, False):
            raise NotBuilt(f"field {key}")


def many(value, n):
    """A Keras size, which may be one number, as n numbers."""
    value = list(value) if isinstance(value, (list, tuple)) else [value]
    return value * n if len(value) == 1 else value


class Value:
    """What flows between layers. `first`: channels come first; `folded`: a time axis of one step was left out;
    `lengths`: behind a mask, the length of each sample."""

    def __init__(self, x, first=False, folded=False, lengths=None):
        self.x, self.first, self.folded, self.lengths = x, first, folded, lengths

    def to(self, x, **changes):
        return Value(x, **{"first": self.first, "folded": self.folded, "lengths": self.lengths, **changes})

    def channels(self, first):
        if self.first == first or self.x.dim() < 3:
            return self.x
        order = list(range(self.x.dim()))
        order = [0, order[-1]] + order[1:-1] if first else [0] + order[2:] + [1]
        return self.x.permute(*order)


def window_padding(sizes, kernel, stride):
    """Keras's padding "same": (before, after) of each axis; what is left over goes behind."""
    total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, kernel, stride)]
    return [(p // 2, p - p // 2) for p in total]


class Windowed(nn.Module):
    """What Conv and Pooling have in common: sizes, strides, padding. The sizes are known after the first call."""

    def __init__(self, config, rank, kernel, stride, fill):
        super().__init__()
        self.kernel, self.stride, self.rank, self.fill = kernel, stride, rank, fill
        self.same = {"valid": False, "same": True}.get(config.get("padding", "valid"))
        if self.same is None:
            raise NotBuilt(f"padding {config['padding']}")
        self.inside, self.outside = None, None

    def plan(self, x):
        pairs = [(0, 0)] * self.rank
        if self.same:
            pairs = window_padding([int(n) for n in x.shape[2:]], self.kernel, self.stride)
        # Padding by the layer itself is faster, but the same on both sides, and a pool's is half a window at most.
        own = all(a == b and (self.fill == 0 or 2 * a <= k) for (a, b), k in zip(pairs, self.kernel))
        self.inside = [a for a, _ in pairs] if own else [0] * self.rank
        self.outside = None if own else [n for pair in reversed(pairs) for n in pair]

    def pad(self, x):
        if self.inside is None:
            self.plan(x)
        return x if self.outside is None else F.pad(x, self.outside, value=self.fill)


class Conv(Windowed):
    def __init__(self, config, weights, rank):
        accept(config, "filters", "kernel_size", "strides", "padding", "activation", "use_bias",
               dilation_rate=1, groups=1, data_format="channels_last")
        kernel = torch.tensor(weights["kernel"].transpose(*range(rank + 1, rank - 1, -1), *range(rank)).copy())
        super().__init__(config, rank, list(kernel.shape[2:]), many(config.get("strides", 1), rank), 0.0)
        kind = (nn.Conv1d, nn.Conv2d)[rank - 1]
        self.layer = kind(kernel.shape[1], kernel.shape[0], self.kernel, self.stride, bias="bias" in weights)
        self.layer.weight.data = kernel
        if "bias" in weights:
            self.layer.bias.data = torch.tensor(weights["bias"])
        self.activation = ACTIVATIONS[config.get("activation") or "linear"]

    def forward(self, v):
        x = self.pad(v.channels(first=True))
        self.layer.padding = tuple(self.inside)
        return v.to(self.activation(self.layer(x)), first=True, lengths=None)


class Pool(Windowed):
    def __init__(self, config, _, rank, largest):
        accept(config, "pool_size", "strides", "padding", data_format="channels_last")
        kernel = many(config.get("pool_size") or 2, rank)
        super().__init__(config, rank, kernel, many(config.get("strides") or kernel, rank), float("-inf"))
        if self.same and not largest:
            raise NotBuilt("average pooling with padding same")
        self.run = ((F.max_pool1d, F.max_pool2d) if largest else (F.avg_pool1d, F.avg_pool2d))[rank - 1]

    def forward(self, v):
        x = self.pad(v.channels(first=True))
        return v.to(self.run(x, self.kernel, self.stride, self.inside), first=True, lengths=None)


class GlobalPool(nn.Module):
    def __init__(self, config, _, rank, largest):
        super().__init__()
        accept(config, data_format="channels_last")
        self.axes, self.run = list(range(2, 2 + rank)), torch.amax if largest else torch.mean

    def forward(self, v):
        return v.to(self.run(v.channels(first=True), self.axes), first=False, lengths=None)


class Dense(nn.Module):
    def __init__(self, config, weights):
        super().__init__()
        accept(config, "units", "activation", "use_bias")
        kernel = torch.tensor(weights["kernel"].T.copy())
        self.layer = nn.Linear(kernel.shape[1], kernel.shape[0], bias="bias" in weights)
        self.layer.weight.data = kernel
        if "bias" in weights:
            self.layer.bias.data = torch.tensor(weights["bias"])
        self.activation = ACTIVATIONS[config.get("activation") or "linear"]

    def forward(self, v):
        return v.to(self.activation(self.layer(v.channels(first=False))), first=False)


class Lstm(nn.Module):
    """One direction or two (Bidirectional, concatenated). PyTorch's gates are in Keras's order, i f c o; of its two
    biases the second one starts at zero."""

    def __init__(self, config, weights, both=False):
        super().__init__()
        accept(config, "units", "return_sequences", "use_bias", "unit_forget_bias", "implementation", activation="tanh",
               recurrent_activation="sigmoid", dropout=0, recurrent_dropout=0)
        self.sequences, self.both = config.get("return_sequences", False), both
        sides = ["forward/", "backward/"] if both else [""]
        rows, columns = weights[sides[0] + "kernel"].shape
        self.layer = nn.LSTM(rows, columns // 4, batch_first=True, bidirectional=both)
        for side, suffix in zip(sides, ("", "_reverse")):
            for name, key in (("weight_ih", "kernel"), ("weight_hh", "recurrent_kernel"), ("bias_ih", "bias")):
                value = weights.get(side + key, np.zeros(columns, np.float32))
                getattr(self.layer, f"{name}_l0{suffix}").data = torch.tensor(value.T.copy())
            getattr(self.layer, f"bias_hh_l0{suffix}").data = torch.zeros(columns)

    def forward(self, v):
        x = v.x.unsqueeze(1) if v.folded else v.channels(first=False)
        state = None
        if v.lengths is not None:
            # Zeros, as without them, but in ONNX they would have the number of samples of the first batch for ever.
            zeros = x.new_zeros(2 if self.both else 1, x.shape[0], self.layer.hidden_size)
            x, state = nn.utils.rnn.pack_padded_sequence(x, v.lengths, batch_first=True), (zeros, zeros)
        out, (last, _) = self.layer(x, state)
        if self.sequences:
            if v.folded:
                raise NotBuilt("return_sequences of one step")
            if v.lengths is not None:
                out = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)[0]
            return v.to(out, first=False)
        last = torch.cat((last[0], last[1]), -1) if self.both else last[0]
        return v.to(last, first=False, folded=False, lengths=None)


class Masking(nn.Module):
    """Rows of zeros behind the end of a sequence. The samples of a batch come in order of length, as packing wants."""

    def __init__(self, config, _):
        super().__init__()
        accept(config, mask_value=0)

    def forward(self, v):
        return v.to(v.x, lengths=v.x.abs().amax(-1).sum(-1).to(torch.int64))


class Simple(nn.Module):
    """A layer that is one function of its value."""

    def __init__(self, function):
        super().__init__()
        self.run = function

    def forward(self, v):
        return self.run(v)


def build_simple(class_name, config):
    if class_name == "Activation":
        accept(config, "activation")
        activation = ACTIVATIONS[config["activation"]]
        return Simple(lambda v: v.to(activation(v.channels(first=False)), first=False))
    if class_name == "Flatten":
        accept(config, data_format="channels_last")
        return Simple(lambda v: v.to(v.channels(first=False).flatten(1), first=False, lengths=None))
    if class_name == "InputLayer":
        return Simple(lambda v: v)
    if class_name == "Dropout":
        accept(config, "rate", "seed")
        layer = nn.Dropout(config["rate"])
        simple = Simple(lambda v: v.to(layer(v.x)))
        simple.layer = layer  # or train() and eval() would not reach it
        return simple
    raise NotBuilt("class")


class Concatenate(nn.Module):
    def __init__(self, config, _):
        super().__init__()
        accept(config, axis=-1)

    def forward(self, *values):
        first = values[0].first
        return values[0].to(torch.cat([v.channels(first) for v in values], 1 if first else -1), lengths=None)


BUILDERS = {
    "Conv1D": lambda c, w: Conv(c, w, 1), "Conv2D": lambda c, w: Conv(c, w, 2),
    "MaxPooling1D": lambda c, w: Pool(c, w, 1, True), "MaxPooling2D": lambda c, w: Pool(c, w, 2, True),
    "AveragePooling1D": lambda c, w: Pool(c, w, 1, False), "AveragePooling2D": lambda c, w: Pool(c, w, 2, False),
    "GlobalMaxPooling1D": lambda c, w: GlobalPool(c, w, 1, True),
    "GlobalMaxPooling2D": lambda c, w: GlobalPool(c, w, 2, True),
    "GlobalAveragePooling1D": lambda c, w: GlobalPool(c, w, 1, False),
    "GlobalAveragePooling2D": lambda c, w: GlobalPool(c, w, 2, False),
    "Dense": Dense, "LSTM": Lstm, "Masking": Masking, "Concatenate": Concatenate,
}


def build_layer(spec, name, weights):
    class_name, config = spec["class_name"], spec["config"]
    own = {key[len(name) + 1:]: value for key, value in weights.items() if key.startswith(name + "/")}
    try:
        if class_name == "TimeDistributed":  # of one step; the time axis is left out
            return build_layer(config["layer"], name, weights)
        if class_name == "Bidirectional":
            accept(config, merge_mode="concat")
            return Lstm(config["layer"]["config"], own, both=True)
        if class_name in BUILDERS:
            return BUILDERS[class_name](config, own)
        return build_simple(class_name, config)
    except (NotBuilt, KeyError) as error:
        raise NotBuilt(f"layer {name} ({class_name}): {error}") from error


def inputs_of(spec):
    """Names of the layers that a layer of a Functional model reads, from Keras 2's inbound_nodes."""
    nodes = spec.get("inbound_nodes") or []
    if len(nodes) > 1 or isinstance(nodes, dict) or (nodes and isinstance(nodes[0], dict)):
        raise NotBuilt("shared layers, or inbound_nodes of Keras 3")
    return [source[0] for source in nodes[0]] if nodes else []


class Net(nn.Module):
    """Logits, or probabilities, of encoded sequences [n][length][channels]."""

    def __init__(self, model, weights, shape):
        super().__init__()
        layers = model["config"]["layers"]
        names = [spec.get("name") or spec["config"]["name"] for spec in layers]
        sequential = model["class_name"] == "Sequential"
        sources = [[names[i - 1]] if i else [] for i in range(len(names))] if sequential else map(inputs_of, layers)
        todo = list(zip(names, sources))
        self.order, known = [], set()
        while todo:  # inputs before those that read them
            ready = next((item for item in todo if known.issuperset(item[1])), None)
            if ready is None:
                raise NotBuilt("a cycle, or an input that is not there")
            todo.remove(ready)
            self.order.append(ready)
            known.add(ready[0])
        if sum(not source for _, source in self.order) != 1:
            raise NotBuilt("several inputs")
        self.last, by_name = self.order[-1][0], dict(zip(names, layers))
        self.folded = layers[0]["class_name"] == "TimeDistributed"
        first = by_name[next(name for name, source in self.order if not source)]["config"]
        axes = (first.get("batch_input_shape") or first.get("batch_shape"))[1:]
        if self.folded and axes[0] != 1:
            raise NotBuilt("more than one time step")
        self.axes = axes[1:] if self.folded else axes
        if np.prod(self.axes) != np.prod(shape):
            raise NotBuilt(f"an input of {axes} from sequences of {shape}")
        # The softmax of the output is a step of its own: training does without.
        self.softmax = by_name[self.last]["config"].get("activation") == "softmax"
        if self.softmax:
            by_name[self.last] = json.loads(json.dumps(by_name[self.last]))
            by_name[self.last]["config"]["activation"] = "linear"
        self.layers = nn.ModuleList(build_layer(by_name[name], name, weights) for name, _ in self.order)
        self.masked = any(isinstance(layer, Masking) for layer in self.layers)

    def logits(self, x):
        values, given = {}, Value(x.reshape(-1, *self.axes), folded=self.folded)
        for (name, sources), layer in zip(self.order, self.layers):
            values[name] = layer(*(values[s] for s in sources)) if sources else layer(given)
        return values[self.last].x

    def forward(self, x):
        y = self.logits(x)
        return F.softmax(y, -1) if self.softmax else y


class Peer:
    def __init__(self, model_path, data_path):
        torch.manual_seed(1)
        torch.set_flush_denormal(True)
        recipe, self.weights = read_model(model_path)
        self.model, training = recipe["model"], recipe.get("training", {})
        if training.get("optimizer", "adam") != "adam":
            raise NotBuilt("another optimizer than Adam")
        self.rate = training.get("learning_rate", 0.001)
        x, y = read_data(data_path, recipe["encoder"])
        self.x, self.y = torch.tensor(x), torch.tensor(y)
        self.net = self.create()

    def create(self):
        net = Net(self.model, self.weights, list(self.x.shape[1:])).eval()
        with torch.no_grad():
            net(self.x[:1])  # sizes of the padding
        return net

    def batch(self, rows):
        """Records in the order that the network wants: the longest first where it masks."""
        if self.net.masked:
            rows = rows[torch.argsort(self.x[rows].sum((1, 2)), descending=True)]
        return rows

    def batches(self, size, shuffled=False):
        """Whole batches of record numbers, cut before the time is taken."""
        count = len(self.x)
        order = torch.randperm(count) if shuffled else torch.arange(count)
        size = min(size, count)
        return [self.batch(order[i:i + size]) for i in range(0, count - size + 1, size)]

    def do_predict_all(self, _):
        with torch.no_grad():
            parts = [(rows, self.net(self.x[rows])) for rows in map(self.batch, torch.arange(len(self.x)).split(32))]
        out = torch.zeros(len(self.x), parts[0][1].shape[1])
        for rows, values in parts:
            out[rows] = values
        return {"output": out.tolist()}

    def do_export(self, request):
        path, batch = request["path"], self.x[self.batch(torch.arange(min(4, len(self.x))))]
        torch.onnx.export(self.net, batch, path, input_names=["x"], output_names=["y"], opset_version=13,
                          dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
        self.x.numpy().tofile(path + ".f32")
        return {"shape": list(self.x.shape), "by_length": self.net.masked}

    def do_train(self, request):
        torch.set_num_threads(request["threads"])
        net = self.create().train()
        optimizer = torch.optim.Adam(net.parameters(), self.rate, eps=1e-7)
        batches = self.batches(request["batch"], shuffled=True)
        warm, k, start = 3, 0, 0.0
        while True:
            if k == warm:
                start = time.perf_counter()
            rows = batches[k % len(batches)]
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(net.logits(self.x[rows]), self.y[rows]).backward()
            optimizer.step()
            k += 1
            taken = time.perf_counter() - start
            if k > warm and taken >= request["seconds"]:
                return {"ms_per_step": 1e3 * taken / (k - warm)}

    def do_predict(self, request):
        torch.set_num_threads(request["threads"])
        # Cut and sorted beforehand: only the network counts.
        batches = [self.x[rows].contiguous() for rows in self.batches(request["batch"])]
        warm, k, start = 3, 0, 0.0
        with torch.no_grad():
            while True:
                if k == warm:
                    start = time.perf_counter()
                self.net(batches[k % len(batches)])
                k += 1
                taken = time.perf_counter() - start
                if k > warm and taken >= request["seconds"]:
                    return {"per_second": (k - warm) * len(batches[0]) / taken}


def main():
    try:
        peer = Peer(*sys.argv[1:])
        answer = {"peer": "PyTorch " + torch.__version__}
    except (NotBuilt, OSError, KeyError, ValueError) as error:
        peer, answer = None, {"error": f"{error}"}
    print(json.dumps(answer), flush=True)
    for line in sys.stdin if peer else ():
        request = json.loads(line)
        try:
            answer = getattr(peer, "do_" + request["do"])(request)
        except Exception as error:  # whatever it is, the other side has to hear of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
