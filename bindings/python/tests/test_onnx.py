"""test_onnx.py - exported models in ONNX Runtime, compared with the library and with reference vectors"""
# SPDX-License-Identifier: MIT
#
# What ONNX Runtime computes comes from one run of run_onnx.js for all cases; setup_onnx.sh installs it. Where it is not
# there the comparisons are skipped.
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

import mirnet  # noqa: E402
import mirnet.onnx  # noqa: E402
from mirnet import _onnx_layers  # noqa: E402
from mirnet._onnx_spec import read_model  # noqa: E402

import onnx_cases  # noqa: E402
from folders import ROOT  # noqa: E402

HERE = Path(__file__).resolve().parent
CLOSE = 1e-5


def find_modules() -> Path | None:
    """The node_modules folder with ONNX Runtime: of NODE_PATH, or of the build folder."""
    builds = [os.environ.get("MIRNET_BUILD"), ROOT / "build"]
    if os.environ.get("MIRNET_LIBRARY"):
        builds.insert(0, Path(os.environ["MIRNET_LIBRARY"]).resolve().parents[1])
    folders = os.environ.get("NODE_PATH", "").split(os.pathsep)
    folders += [str(Path(build) / "bench/node/node_modules") for build in builds if build]
    return next((Path(folder) for folder in folders if folder and (Path(folder) / "onnxruntime-node").is_dir()), None)


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """For each case: (output of ONNX Runtime or the error's text, of the library, reference or None)."""
    modules = find_modules()
    if not modules or not shutil.which("node"):
        pytest.skip("no ONNX Runtime: sh bindings/python/tests/setup_onnx.sh")
    folder = tmp_path_factory.mktemp("onnx")
    jobs, expected = [], {}
    for name, make in onnx_cases.CASES.items():
        model, inputs, reference = make()
        path = folder / f"{name}.onnx"
        mirnet.onnx.export(model, path)
        feeds = []
        for i, (input_name, x) in enumerate(zip(model.input_names, inputs)):
            file = folder / f"{name}.{i}.f32"
            x.astype("<f4").tofile(file)
            feeds.append({"name": input_name, "dims": x.shape, "path": str(file)})
        jobs.append({"model": str(path), "inputs": feeds, "output": f"{path}.f32"})
        expected[name] = model.predict(inputs), reference
    done = subprocess.run(["node", str(HERE / "run_onnx.js")], input=json.dumps(jobs), text=True, capture_output=True,
                          env={**os.environ, "NODE_PATH": str(modules)})
    assert done.returncode == 0, done.stderr
    results = {}
    for (name, (own, reference)), job, result in zip(expected.items(), jobs, json.loads(done.stdout)):
        output = result.get("error")
        if output is None:
            output = np.fromfile(job["output"], "<f4").reshape(result["dims"])
        results[name] = output, own, reference
    return results


@pytest.mark.parametrize("name", onnx_cases.CASES)
def test_runtime_computes_the_same(runs, name):
    output, own, reference = runs[name]
    assert not isinstance(output, str), output
    assert output.shape == own.shape
    assert np.isfinite(own).all()
    assert largest_error(output, own) <= CLOSE
    if reference is not None:
        assert largest_error(output, reference) <= CLOSE


def largest_error(output, expected):
    """Relative where numbers are above 1."""
    return (np.abs(output - expected) / np.maximum(1, np.abs(expected))).max()


def test_every_layer_class_has_a_case():
    known = set()
    for make in onnx_cases.CASES.values():
        for call in read_model(make()[0].recipe.to_dict()["model"]).calls.values():
            known |= {layer.class_name for layer in (call.layer, *call.layer.inner)}
    assert known - {"InputLayer"} == set(_onnx_layers._CLASSES)


@pytest.fixture()
def small():
    return onnx_cases.random_model(onnx_cases.sequential((6, 3), ("Conv1D", {"filters": 4, "kernel_size": 3}),
                                                         ("GlobalMaxPooling1D", {}), ("Dense", {"units": 2})))


def test_file_is_valid_onnx_of_opset_13(small, tmp_path):
    mirnet.onnx.export(small, tmp_path / "a.onnx")
    proto = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(proto, full_check=True)
    assert proto.ir_version == 7
    assert [(entry.domain, entry.version) for entry in proto.opset_import] == [("", 13)]
    assert (proto.producer_name, proto.producer_version) == ("libmirnet", mirnet.library_version)
    assert [entry.name for entry in proto.graph.input] == small.input_names
    assert dims(proto.graph.input[0]) == ["N", 6, 3]
    assert [entry.name for entry in proto.graph.output] == ["output"]
    assert dims(proto.graph.output[0]) == ["N", 2]


def dims(info):
    return [d.dim_param or d.dim_value for d in info.type.tensor_type.shape.dim]


def test_number_of_samples_can_be_fixed(small, tmp_path):
    mirnet.onnx.export(small, tmp_path / "a.onnx", batch=5)
    proto = onnx.load(tmp_path / "a.onnx")
    assert (dims(proto.graph.input[0]), dims(proto.graph.output[0])) == ([5, 6, 3], [5, 2])


def test_no_samples_are_refused(small):
    with pytest.raises(mirnet.InvalidError, match="^batch: .*, got 0$"):
        mirnet.onnx.to_model(small, batch=0)


def test_same_model_same_bytes(tmp_path):
    model = mirnet.Model("tasdelen2021")
    mirnet.onnx.export(model, tmp_path / "a.onnx")
    mirnet.onnx.export(mirnet.Model.from_bytes(model.to_bytes()), tmp_path / "b.onnx")
    first = (tmp_path / "a.onnx").read_bytes()
    assert first == (tmp_path / "b.onnx").read_bytes()
    model.reset(2)
    mirnet.onnx.export(model, tmp_path / "b.onnx")
    assert first != (tmp_path / "b.onnx").read_bytes()


def test_metadata_says_what_to_feed():
    model = mirnet.Model("tasdelen2021")
    model.classes = ["mirtron", "canonical"]
    about = {entry.key: entry.value for entry in mirnet.onnx.to_model(model).metadata_props}
    assert json.loads(about["mirnet.classes"]) == ["mirtron", "canonical"]
    assert json.loads(about["mirnet.encoder"]) == model.recipe.to_dict()["encoder"]
    assert about["mirnet.recipe"] == "tasdelen2021"
    assert about["mirnet.version"] == mirnet.library_version


def test_no_encoder_where_no_sequence_fits(small):
    assert not {"mirnet.encoder", "mirnet.classes"} & {e.key for e in mirnet.onnx.to_model(small).metadata_props}


def test_convolutions_hand_on_their_layout():
    """In front of the first convolution, behind the last one, and in front of the LSTM."""
    nodes = mirnet.onnx.to_model(mirnet.Model("tasdelen2021")).graph.node
    assert [node.op_type for node in nodes].count("Transpose") == 3
    assert [node.op_type for node in nodes].count("Conv") == 3


def test_layer_that_is_called_twice_has_one_kernel():
    model = onnx_cases.CASES["shared_layer"]()[0]
    constants = [constant.name for constant in mirnet.onnx.to_model(model).graph.initializer]
    assert len([name for name in constants if name.endswith("kernel")]) == len(
        [name for name in model.weights if name.endswith("kernel")])


def test_unknown_layer_is_refused_by_name(small, tmp_path, monkeypatch):
    monkeypatch.delitem(_onnx_layers._CLASSES, "Conv1D")
    with pytest.raises(mirnet.UnsupportedError, match="^layer 'conv1d': class Conv1D cannot be exported to ONNX$"):
        mirnet.onnx.export(small, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_weights_beyond_a_file_are_refused(small, tmp_path, monkeypatch):
    monkeypatch.setattr(mirnet.onnx, "_MOST_BYTES", 100)
    with pytest.raises(mirnet.UnsupportedError, match="less than 2 GiB$"):
        mirnet.onnx.export(small, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_file_is_replaced_as_a_whole(small, tmp_path, monkeypatch):
    path = tmp_path / "a.onnx"
    path.write_text("old")
    with path.open() as old:
        mirnet.onnx.export(small, path)
        assert old.read() == "old"
    assert path.read_bytes() != b"old"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(mirnet.FileError, match="a.onnx: cannot write: No space left on device") as caught:
        mirnet.onnx.export(small, path)
    assert caught.value.errno == 28
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_is_not_there(small, tmp_path):
    with pytest.raises(mirnet.FileError, match="cannot write: No such file or directory"):
        mirnet.onnx.export(small, tmp_path / "none" / "a.onnx")


def test_without_onnx_it_says_what_to_install():
    code = "import sys; sys.modules['onnx'] = None; import mirnet; mirnet.onnx"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert done.stderr.splitlines()[-1].startswith("ImportError: mirnet.onnx needs onnx: pip install mirnet[onnx]")
