"""test_model.py - models: reference vectors, weights, files, predicting what and from where"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import copy
import gc
import json
import pathlib
import pickle

import numpy as np
import pytest

import mirnet
from folders import GOLDEN
from mirnet._arrays import addresses

CASES = sorted(path.parent.name for path in GOLDEN.glob("*/model.json"))


def inputs_of(tensors: mirnet.Tensors, model: mirnet.Model) -> object:
    if "input" in tensors:
        return tensors["input"]
    return {name: tensors[f"input/{name}"] for name in model.input_names}


@pytest.mark.parametrize("case", CASES or [pytest.param("", marks=pytest.mark.skip(reason="no reference vectors"))])
def test_reference_vectors(case: str, golden: pathlib.Path) -> None:
    tensors = mirnet.Tensors.load(golden / case / "tensors.safetensors")
    weights = {name[len("weights/") :]: tensors[name] for name in tensors if name.startswith("weights/")}
    model = mirnet.Model.from_keras_json((golden / case / "model.json").read_text(), weights=weights)
    expected = tensors["output"]
    assert np.abs(model.predict(inputs_of(tensors, model)).reshape(expected.shape) - expected).max() <= 1e-5


def test_shapes_layers_and_summary() -> None:
    model = mirnet.Model("tasdelen2021")
    assert model.output_shape == (2,) and len(model.input_shapes) == len(model.input_names) == 1
    assert model.parameter_count == 1931858 == sum(layer.parameter_count for layer in model.layers)
    assert model.layers[-1] == mirnet.Layer(model.layers[-1].name, "Dense", (2,), 514)
    text = model.summary()
    assert repr(text) == text and "total" in text and "1931858" in text.replace(",", "")
    assert repr(model).endswith("1931858 parameters>")


def test_weights_are_a_mapping(small_model: mirnet.Model) -> None:
    weights = small_model.weights
    assert list(weights) == ["dense/kernel", "dense/bias"] and len(weights) == 2 and "dense/kernel" in weights
    kernel = weights["dense/kernel"]
    assert kernel.shape == (64, 2) and kernel.dtype == np.float32 and kernel.flags.owndata
    kernel[:] = 7  # a copy
    assert not (weights["dense/kernel"] == 7).any()
    weights["dense/bias"] = [1, 2]
    assert weights["dense/bias"].tolist() == [1, 2]
    weights["dense/kernel"] = np.asfortranarray(np.arange(128, dtype=np.float64).reshape(64, 2))
    assert weights["dense/kernel"][1].tolist() == [2, 3]
    assert {name: array.shape for name, array in weights.items()} == {"dense/kernel": (64, 2), "dense/bias": (2,)}


def test_wrong_weights_are_refused(small_model: mirnet.Model) -> None:
    before = dict(small_model.weights)
    with pytest.raises(mirnet.NotFoundError, match="dense/kernl"):
        small_model.weights["dense/kernl"]
    with pytest.raises(KeyError):
        small_model.weights["nothing"] = [1]
    assert small_model.weights.get("nothing") is None
    with pytest.raises(mirnet.ShapeError, match=r"weight dense/bias: expected shape \(2,\), got \(3,\)"):
        small_model.weights["dense/bias"] = [1, 2, 3]
    with pytest.raises(TypeError, match="expected real numbers, got dtype complex"):
        small_model.weights["dense/bias"] = [1j, 2]
    with pytest.raises(TypeError, match="expected real numbers, got dtype object"):
        small_model.weights["dense/bias"] = np.array([1, None])
    with pytest.raises(mirnet.UnsupportedError):
        del small_model.weights["dense/bias"]
    with pytest.raises(mirnet.NotFoundError, match="dense/bias is missing"):
        small_model.set_weights({"dense/kernel": before["dense/kernel"]})
    with pytest.raises(mirnet.NotFoundError, match="there is no weight x"):
        small_model.set_weights({**before, "x": [1]})
    with pytest.raises(mirnet.ShapeError):
        small_model.set_weights({"dense/kernel": np.zeros((64, 2)), "dense/bias": np.zeros(3)})
    with pytest.raises(mirnet.NumericError):
        small_model.set_weights({"dense/kernel": np.zeros((64, 2)), "dense/bias": [0, np.nan]})
    for name, array in before.items():
        assert (small_model.weights[name] == array).all()


def test_seeds_make_weights() -> None:
    def kernel(seed: int) -> bytes:
        return mirnet.Model("linear-ends", seed=seed).weights["dense/kernel"].tobytes()

    assert kernel(1) == kernel(1) != kernel(2)
    model = mirnet.Model("linear-ends", seed=1)
    model.reset(2)
    assert model.weights["dense/kernel"].tobytes() == kernel(2)


def test_keras_json_with_parts() -> None:
    layers = [
        {"class_name": "Flatten", "config": {"batch_input_shape": [None, 20, 4]}},
        {"class_name": "Dense", "config": {"units": 2, "activation": "softmax"}},
    ]
    spec = {"class_name": "Sequential", "config": {"layers": layers}}
    for json_form in (spec, json.dumps(spec, indent=1)):
        model = mirnet.Model.from_keras_json(
            json_form, encoder={"align": "right"}, training={"epochs": 3}, classes=["a", "b"], seed=4
        )
        recipe = model.recipe
        assert recipe["encoder.align"] == "right" and recipe["encoder.length"] == 20
        assert recipe["training.epochs"] == 3 and recipe["training.seed"] == 4 and recipe.classes == ["a", "b"]
    text = json.dumps(spec, indent=1).replace('"units": 2', '"units": 0')
    with pytest.raises(mirnet.FormatError, match=r"^model.json:\d+:\d+: .*units"):
        mirnet.Model.from_keras_json(text)


def test_models_are_saved_loaded_pickled_and_copied(
    tmp_path: pathlib.Path, fitted_model: mirnet.Model, dataset: mirnet.Dataset
) -> None:
    expected = fitted_model.predict(dataset)
    fitted_model.notes["author"] = "somebody"
    path = tmp_path / "model.safetensors"
    fitted_model.save(path)
    assert path.read_bytes() == fitted_model.to_bytes()
    models = [
        mirnet.Model.load(path),
        mirnet.Model.load(str(path), state=False),
        mirnet.Model.from_bytes(path.read_bytes()),
        pickle.loads(pickle.dumps(fitted_model)),
        copy.deepcopy(fitted_model),
        fitted_model.copy(),
    ]
    for model in models:
        assert (model.predict(dataset) == expected).all()
        assert model.classes == ["mirtron", "canonical"] and model.notes["author"] == "somebody"
        assert model.recipe.json == fitted_model.recipe.json


def test_files_that_are_no_models_are_refused(tmp_path: pathlib.Path, small_model: mirnet.Model) -> None:
    data = small_model.to_bytes()
    with pytest.raises(FileNotFoundError, match="none.safetensors"):
        mirnet.Model.load(tmp_path / "none.safetensors")
    for bad in (b"", b"text", data[:-1], data[:100], data[: len(data) // 2] + b"\xff" + data[len(data) // 2 + 1 :]):
        with pytest.raises(mirnet.FormatError, match="^mine:"):
            mirnet.Model.from_bytes(bad, "mine")
    with pytest.raises(mirnet.FileError):
        small_model.save(tmp_path / "no" / "folder")


def test_notes_and_classes(small_model: mirnet.Model) -> None:
    notes = small_model.notes
    notes.update({"author": "x", "what": "y"})
    assert dict(notes) == {"author": "x", "what": "y"}
    del notes["author"]
    assert "author" not in notes and len(notes) == 1
    with pytest.raises(KeyError):
        notes["author"]
    with pytest.raises(KeyError):
        del notes["author"]
    assert small_model.classes == []
    small_model.classes = ["yes", "no"]
    assert small_model.classes == ["yes", "no"]
    with pytest.raises(mirnet.ShapeError):
        small_model.classes = ["yes", "no", "perhaps"]


def test_all_ways_to_predict_agree(tmp_path: pathlib.Path, small_model: mirnet.Model, dataset: mirnet.Dataset) -> None:
    sequences = dataset.sequences
    fasta = tmp_path / "all.fa"
    fasta.write_text("".join(f">{record.name}\n{record.sequence}\n" for record in dataset))
    expected = small_model.predict(sequences)
    assert expected.shape == (200, 2) and expected.dtype == np.float32 and expected.flags.c_contiguous
    assert np.allclose(expected.sum(axis=1), 1, atol=1e-6)
    tensors = mirnet.Encoder(small_model.recipe).encode(sequences)
    ways = [
        tuple(sequences),
        np.array(sequences),
        np.array(sequences, dtype=object),
        [sequence.lower().replace("u", "t") for sequence in sequences],
        dataset,
        fasta,
        str(fasta),
        tensors,
        [tensors],
        {small_model.input_names[0]: tensors},
        tensors.astype(np.float64),
        np.asfortranarray(tensors),
        tensors.reshape(200, -1),
        tensors.astype(bool),
        tensors.tolist(),
    ]
    for x in ways:
        for threads in (None, 1, 3):
            assert (small_model.predict(x, threads=threads) == expected).all()
    predictor = mirnet.Predictor(small_model, 2)
    assert (predictor.predict(dataset, records=[5, 3]) == expected[[5, 3]]).all()
    assert small_model.predict([]).shape == (0, 2) == small_model.predict(np.zeros((0, 8, 8))).shape


def test_pandas_columns_are_sequences(small_model: mirnet.Model, dataset: mirnet.Dataset) -> None:
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(dataset.sequences, index=range(5, 205))
    assert (small_model.predict(column) == small_model.predict(dataset.sequences)).all()
    frame = pandas.DataFrame({"sequence": column, "class": [dataset.classes[label] for label in dataset.labels]})
    again = mirnet.Dataset.from_sequences(frame["sequence"], frame["class"], names=frame.index.astype(str))
    assert again.digest == dataset.digest and again.names[0] == "5"
    frames = mirnet.Model("linear-ends", seed=5), mirnet.Model("linear-ends", seed=5)
    frames[0].fit(frame["sequence"], frame["class"], epochs=1, verbose=False)
    frames[1].fit(dataset, epochs=1, verbose=False)
    assert (frames[0].weights["dense/kernel"] == frames[1].weights["dense/kernel"]).all()


def test_many_sequences_in_several_calls(small_model: mirnet.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    sequences = mirnet.Dataset.simulate(40).sequences
    expected = small_model.predict(sequences)
    monkeypatch.setattr("mirnet._predictor.CHUNK", 7)
    assert (small_model.predict(sequences) == expected).all()
    assert (small_model.predict(mirnet.Dataset.from_sequences(sequences)) == expected).all()
    x, calls = mirnet.Encoder(small_model.recipe).encode(sequences), []
    monkeypatch.setattr("mirnet._predictor.addresses", lambda arrays: calls.append(len(arrays[0])) or addresses(arrays))
    assert (small_model.predict(x) == expected).all() and calls == [7] * 11 + [3]
    with pytest.raises(mirnet.FormatError, match="^sequence 80: 'X' at position 3"):
        small_model.predict([*sequences[:79], "ACX"])


def test_float32_arrays_are_not_copied(small_model: mirnet.Model) -> None:
    from mirnet._arrays import as_samples

    x = np.zeros((3, 8, 8), dtype=np.float32)
    assert as_samples(x, (8, 8), "x") is x
    assert np.shares_memory(as_samples(x.reshape(3, 64), (8, 8), "x"), x)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (["ACGU", None], TypeError, "sequence 2: expected str, got NoneType"),
        (["ACGU", "AÇ"], mirnet.FormatError, "sequence 2, position 2: 'Ç' is no nucleotide code"),
        (["AC\0U"], mirnet.FormatError, "sequence 1, position 3"),
        (["ACGU", "AC?U"], mirnet.FormatError, "sequence 2: .*position 3"),
        (np.zeros((2, 8, 8), dtype=complex), TypeError, "x: expected real numbers, got dtype complex128"),
        (np.zeros((2, 8, 8), dtype=object), TypeError, "x: expected real numbers, got dtype object"),
        (np.zeros((2, 8), dtype="datetime64[s]"), TypeError, "dtype datetime64"),
        (np.zeros((2, 8, 4)), mirnet.ShapeError, r"x: expected shape \(n, 8, 8\) or \(n, 64\), got \(2, 8, 4\)"),
        (np.zeros(64), mirnet.ShapeError, r"got \(64,\)"),
        (3.0, mirnet.ShapeError, r"got \(\)"),
        ("ACGU", mirnet.InvalidError, "to predict one sequence, put it into a list"),
        ("none.fa", mirnet.MissingFileError, "none.fa"),
        ({"other": np.zeros((1, 8, 8))}, mirnet.InvalidError, "expected the inputs flatten_input, got other"),
    ],
)
def test_wrong_inputs_are_refused(small_model: mirnet.Model, x: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        small_model.predict(x)
    assert "\n" not in str(caught.value)


def test_long_sequences(small_model: mirnet.Model) -> None:
    model = mirnet.Model("tasdelen2021")
    with pytest.raises(mirnet.ShapeError, match="sequence 2"):
        model.predict(["ACGU", "A" * 165])
    model.set_encoder(long="truncate")
    assert (model.predict(["A" * 165]) == model.predict(["A" * 164])).all()
    with pytest.raises(mirnet.InvalidError):
        model.set_encoder(long="never")


def test_several_inputs() -> None:
    dense = {"class_name": "Dense", "name": "d", "config": {"name": "d", "units": 2}}
    spec = {
        "class_name": "Functional",
        "config": {
            "layers": [
                {"class_name": "InputLayer", "name": name, "config": {"name": name, "batch_input_shape": [None, n]}, "inbound_nodes": []}
                for name, n in (("a", 3), ("b", 2))
            ]
            + [
                {"class_name": "Concatenate", "name": "c", "config": {"name": "c"}, "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]},
                {**dense, "inbound_nodes": [[["c", 0, 0, {}]]]},
            ],
        },
    }
    model = mirnet.Model.from_keras_json(spec)
    assert model.input_names == ["a", "b"] and model.input_shapes == [(3,), (2,)]
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    expected = np.concatenate([a, b], axis=1) @ model.weights["d/kernel"] + model.weights["d/bias"]
    assert np.allclose(model.predict([a, b]), expected, atol=1e-5)
    assert np.allclose(model.predict({"b": b, "a": a}), expected, atol=1e-5)
    with pytest.raises(mirnet.InvalidError, match="a list of 2 arrays, for the inputs a, b"):
        model.predict(a)
    with pytest.raises(mirnet.ShapeError, match="input b: expected 4 samples as in the first input, got 3"):
        model.predict([a, b[:3]])
    with pytest.raises(mirnet.ShapeError):
        model.predict(["ACGU"])


def test_predictors_follow_the_model(small_model: mirnet.Model) -> None:
    x = ["ACGUACGU"]
    predictor = mirnet.Predictor(small_model, 1)
    before = predictor.predict(x)
    assert (small_model.predict(x) == before).all()
    small_model.weights["dense/bias"] = [3, -3]
    after = predictor.predict(x)
    assert after[0, 0] > before[0, 0] and (small_model.predict(x) == after).all()
    small_model.close()
    assert predictor.closed
    with pytest.raises(mirnet.StateError, match="this Predictor is closed"):
        predictor.predict(x)


def test_predictors_hold_their_model() -> None:
    predictor = mirnet.Predictor(mirnet.Model("linear-ends", seed=1), 1)
    gc.collect()
    assert predictor.predict(["ACGU"]).shape == (1, 2)
    assert (pickle.loads(pickle.dumps(predictor)).predict(["ACGU"]) == predictor.predict(["ACGU"])).all()


def test_models_are_freed() -> None:
    import weakref

    model = mirnet.Model("linear-ends")
    model.predict(["ACGU"])
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_wrong_numbers_of_threads_are_refused(small_model: mirnet.Model) -> None:
    for threads in (0, 257, -1):
        with pytest.raises(mirnet.InvalidError):
            small_model.predict(["ACGU"], threads=threads)
    assert 1 <= mirnet.default_threads() <= 256


def test_evaluate(fitted_model: mirnet.Model, dataset: mirnet.Dataset) -> None:
    scores = fitted_model.evaluate(dataset)
    assert scores["count"] == 200 and scores["accuracy"] > 0.8 and scores.classes == fitted_model.classes
    names = [dataset.classes[label] for label in dataset.labels]
    assert fitted_model.evaluate(dataset.sequences, names).to_dict() == scores.to_dict()
    turned = mirnet.Dataset.from_sequences(dataset.sequences, names, classes=["canonical", "mirtron"])
    assert fitted_model.evaluate(turned).to_dict() == scores.to_dict()
    with pytest.raises(mirnet.InvalidError, match="y: expected classes"):
        fitted_model.evaluate(dataset.sequences)
    with pytest.raises(mirnet.InvalidError, match="class 'other'"):
        fitted_model.evaluate(mirnet.Dataset.from_sequences(["ACGU"], ["other"]))
    with pytest.raises(mirnet.InvalidError, match="some have none"):
        fitted_model.evaluate(mirnet.Dataset.from_sequences(["ACGU"]))


def test_tensors(tmp_path: pathlib.Path) -> None:
    tensors = mirnet.Tensors({"b": np.arange(6).reshape(2, 3), "a": 3.5})
    assert list(tensors) == ["a", "b"] and tensors["a"].shape == () and tensors["b"].tolist() == [[0, 1, 2], [3, 4, 5]]
    tensors.set_note("who", "me")
    path = tmp_path / "t.safetensors"
    tensors.save(path)
    for again in (mirnet.Tensors.load(path), mirnet.Tensors.from_bytes(path.read_bytes())):
        assert dict(again).keys() == {"a", "b"} and again.get_note("who") == "me" and again.get_note("what") is None
    with pytest.raises(KeyError):
        tensors["c"]
    with pytest.raises(TypeError, match="tensor d: expected real numbers"):
        tensors["d"] = ["text"]
    with pytest.raises(mirnet.FormatError, match="^mine: "):
        mirnet.Tensors.from_bytes(b"12345678{", "mine")
