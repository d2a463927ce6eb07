"""test_keras_hostile.py - damaged and malicious Keras files: refused in one line, nothing outside of them opened"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mirnet

h5py = pytest.importorskip("h5py")
import keras_files as files  # noqa: E402
from test_keras import dense_net, layer, sequential  # noqa: E402
from test_keras_refused import CODE, named_dense, refused  # noqa: E402

import mirnet.keras as keras  # noqa: E402


def test_no_file_of_keras(tmp_path: Path) -> None:
    refused(mirnet.MissingFileError, "no.h5: No such file", tmp_path / "no.h5")
    refused(mirnet.UnsupportedError, "SavedModel", tmp_path)
    for data in (b"", b"\x89HDF", b"\x80\x04\x95 a pickle", b"name,sequence\n", b"PK\x05\x06" + bytes(18)):
        (tmp_path / "x.h5").write_bytes(data)
        refused(mirnet.FormatError, "not a file of Keras", tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["nb_layers"] = 3
    refused(mirnet.UnsupportedError, "before 1.0", tmp_path / "x.h5", dense_net()[0])


@pytest.mark.parametrize("kind", ["h5", "keras"])
def test_truncated(tmp_path: Path, kind: str) -> None:
    model, weights = dense_net()
    path = tmp_path / "m"
    if kind == "h5":
        files.write_keras2(path, model, weights)
    else:
        files.write_archive(path, files.archive_members(model, weights))
    data = path.read_bytes()
    for n in [*range(0, 100, 9), *range(100, len(data), 401), len(data) - 1]:
        path.write_bytes(data[:n])
        with pytest.raises(mirnet.FormatError) as caught:
            keras.read(path)
        assert "\n" not in str(caught.value)


def archived(**changes: Any) -> dict[str, Any]:
    model, weights = dense_net()
    return {**files.archive_members(model, weights), **changes}


def test_members_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    for name in ("../model.weights.h5", "/etc/passwd", "model.weights.npz", "assets/vocabulary.txt", "x" * 5000):
        files.write_archive(path, archived(**{name: b"data"}))
        refused(mirnet.UnsupportedError, "member .* is not supported, only config.json", path)
    for name in ("config.json", "model.weights.h5"):
        members = archived()
        del members[name]
        files.write_archive(path, members)
        refused(mirnet.FormatError, f"the archive has no '{name}'", path)
    files.write_archive(path, archived())
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")
    refused(mirnet.FormatError, "member 'config.json' is there twice", path)
    files.write_archive(path, archived(**{"config.json": b"{"}))
    refused(mirnet.FormatError, "config.json: not valid JSON", path)
    files.write_archive(path, archived(**{"model.weights.h5": b"\x80\x04 a pickle"}))
    refused(mirnet.FormatError, "damaged HDF5", path)
    files.write_archive(path, archived(), zipfile.ZIP_BZIP2)
    refused(mirnet.UnsupportedError, "packed in a way that Keras does not use", path)


def test_bombs(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    files.write_archive(path, archived(**{"model.weights.h5": bytes(80 << 20)}), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    refused(mirnet.FormatError, "'model.weights.h5' would unpack to 83886080 bytes", path)
    files.write_archive(path, archived(**{"metadata.json": bytes(2 << 20)}), zipfile.ZIP_DEFLATED)
    refused(mirnet.FormatError, "'metadata.json' would unpack", path)
    # A member that states fewer bytes than it holds is cut by zipfile and fails its checksum.
    files.write_archive(path, archived(), zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 7)
    path.write_bytes(data)
    refused(mirnet.FormatError, "damaged archive|not the 7", path)


def hostile(path: Path, change: Any) -> None:
    """A file whose dataset dense/kernel is made by `change(group, name, kernel)`."""
    model, named = named_dense()
    files.write_named(path, named, model=model)
    with h5py.File(path, "a") as file:
        kernel = file["model_weights/dense/dense/kernel:0"][()]
        del file["model_weights/dense/dense/kernel:0"]
        change(file["model_weights/dense/dense"], "kernel:0", kernel)


def outside(folder: Path) -> Path:
    """A file that must not be opened."""
    path = folder / "outside.h5"
    with h5py.File(path, "w") as file:
        file["kernel"] = file["x"] = np.zeros((3, 4), "f4")
    return path


class Opened:
    """Counts how often a file was opened (inotify), by whatever means."""

    def __init__(self, path: Path) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK)
        assert self.libc.inotify_add_watch(self.fd, os.fsencode(path), 0x20) > 0  # IN_OPEN

    def count(self) -> int:
        try:
            return len(os.read(self.fd, 4096)) // 16
        except BlockingIOError:
            return 0


def link_out(group: Any, name: str, _: Any) -> None:
    group[name] = h5py.ExternalLink(str(outside(Path(group.file.filename).parent)), "/kernel")


def link_group_out(group: Any, name: str, kernel: Any) -> None:
    group[name] = kernel
    root = group.file["model_weights"]
    del root["dense_1"]
    root["dense_1"] = h5py.ExternalLink(str(outside(Path(group.file.filename).parent)), "/")


def link_soft(group: Any, name: str, kernel: Any) -> None:
    group.file["kernel"] = kernel
    group[name] = h5py.SoftLink("/kernel")


def store_out(group: Any, name: str, _: Any) -> None:
    at = str(outside(Path(group.file.filename).parent))
    group.create_dataset(name, (3, 4), "f4", external=[(at, 0, 48)])


def store_virtual(group: Any, name: str, _: Any) -> None:
    layout = h5py.VirtualLayout((3, 4), "f4", maxshape=(None, 4))
    at = str(outside(Path(group.file.filename).parent))
    source = h5py.VirtualSource(at, "x", shape=(3, 4), maxshape=(None, 4))
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    group.create_virtual_dataset(name, layout)


def of_type(dtype: Any) -> Any:
    return lambda group, name, kernel: group.create_dataset(name, data=kernel.astype("f4").astype(dtype))


def of_strings(group: Any, name: str, _: Any) -> None:
    group.create_dataset(name, (3, 4), h5py.string_dtype())


def of_references(group: Any, name: str, _: Any) -> None:
    group.create_dataset(name, (3, 4), h5py.ref_dtype)


def of_lists(group: Any, name: str, _: Any) -> None:
    group.create_dataset(name, (3, 4), h5py.vlen_dtype(np.float32))


def as_bfloat16(group: Any, name: str, kernel: Any) -> None:
    group.create_dataset(name, data=kernel).attrs["dtype"] = "bfloat16"


def scaled(group: Any, name: str, kernel: Any) -> None:
    group.create_dataset(name, data=kernel, chunks=(3, 4), scaleoffset=2)


def unwritten(group: Any, name: str, _: Any) -> None:
    group.create_dataset(name, (1 << 26, 4), "f4", chunks=(1024, 4))


def bomb(group: Any, name: str, _: Any) -> None:
    """16 GiB of which one chunk is there."""
    group.create_dataset(name, (1 << 30, 4), "f4", chunks=(1024, 4), compression="gzip")[0] = 1


def large_chunk(group: Any, name: str, kernel: Any) -> None:
    data = group.create_dataset(name, (3, 4), "f4", maxshape=(None, 4), chunks=(1 << 27, 4), compression="gzip")
    data.id.write_direct_chunk((0, 0), b"x" * 100)


def second_link(group: Any, name: str, _: Any) -> None:
    group[name] = group.file["model_weights/dense_1/dense_1/kernel:0"]


def cycle(group: Any, name: str, kernel: Any) -> None:
    group[name] = kernel
    group["again"] = group


def named_type(group: Any, name: str, _: Any) -> None:
    group[name] = np.dtype("f4")


@pytest.mark.parametrize(
    ("change", "kind", "match"),
    [
        (link_out, "Unsupported", "links of kind 'external' are not followed"),
        (link_group_out, "Unsupported", "links of kind 'external' are not followed"),
        (link_soft, "Unsupported", "links of kind 'soft' are not followed"),
        (store_out, "Unsupported", "'dense/dense/kernel:0': data outside of the file"),
        (store_virtual, "Unsupported", "'dense/dense/kernel:0': data outside of the file"),
        (of_type("f8"), "Unsupported", "'dense/dense/kernel:0': type float64"),
        (of_type("f2"), "Unsupported", "type float16"),
        (of_type("i4"), "Unsupported", "type int32"),
        (of_type([("a", "f4")]), "Unsupported", "type .*only float32"),
        (of_strings, "Unsupported", "type object"),
        (of_references, "Unsupported", "type object"),
        (of_lists, "Unsupported", "type object"),
        (as_bfloat16, "Unsupported", "'dense/dense/kernel:0': bfloat16"),
        (scaled, "Unsupported", "HDF5 filter 6 is not supported, only gzip, shuffle, lzf"),
        (unwritten, "Format", "1073741824 bytes of .67108864, 4. cannot be in 0 of"),
        (bomb, "Format", "17179869184 bytes of .* cannot be in"),
        (large_chunk, "Format", "chunks of 2147483648 bytes"),
        (second_link, "Format", "a second link to the same object"),
        (cycle, "Format", "a second link to the same object"),
        (named_type, "Format", "neither a group nor a dataset"),
    ],
)
def test_hostile_hdf5(tmp_path: Path, change: Any, kind: str, match: str) -> None:
    hostile(tmp_path / "m.h5", change)
    kinds = {"Format": mirnet.FormatError, "Unsupported": mirnet.UnsupportedError}
    refused(kinds[kind], match, tmp_path / "m.h5")


@pytest.mark.skipif(sys.platform != "linux", reason="inotify")
@pytest.mark.parametrize("change", [link_out, link_group_out, store_out, store_virtual])
def test_nothing_outside_is_opened(tmp_path: Path, change: Any) -> None:
    hostile(tmp_path / "m.h5", change)
    watch = Opened(tmp_path / "outside.h5")
    refused(mirnet.UnsupportedError, "", tmp_path / "m.h5")
    assert watch.count() == 0
    (tmp_path / "outside.h5").read_bytes()
    assert watch.count() == 1


def test_attributes(tmp_path: Path) -> None:
    model, named = named_dense()
    path = tmp_path / "m.h5"
    for key, value, match in [
        ("model_config", np.arange(5), "attribute 'model_config': expected text"),
        ("model_config", b"\xff\xfe{}", "attribute 'model_config' is no UTF-8"),
        ("model_config", h5py.Empty("S4"), "attribute 'model_config'"),
        ("model_config", b"{", "model_config: not valid JSON"),
        ("keras_version", np.float32(2.4), "attribute 'keras_version': expected text"),
    ]:
        files.write_named(path, named, model=model, version=None)
        with h5py.File(path, "a") as file:
            file.attrs[key] = value
        refused(mirnet.FormatError, match, path)
    files.write_named(path, named, model=model)
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs["layer_names"] = [1, 2]
    refused(mirnet.FormatError, "attribute 'layer_names': expected text", path)


def test_names_that_share_a_text(tmp_path: Path) -> None:
    """A thousand references to one text of 4 MiB would be 4 GiB."""
    path = tmp_path / "m.h5"
    model, named = named_dense()
    files.write_named(path, named, model=model)
    with h5py.File(path, "a") as file:
        put = file["model_weights"].attrs
        put.create("layer_names", np.array(["x" * (4 << 20)] + ["y"] * 999, dtype=object), dtype=h5py.string_dtype())
    refused(mirnet.FormatError, "attribute 'layer_names': too large .1000 elements", path)


def test_heap_without_end(tmp_path: Path) -> None:
    """libhdf5 1.10 would walk on for ever where the free space of a heap states no size."""
    path = tmp_path / "m.h5"
    files.write_keras2(path, *dense_net(), style="bytes3")
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    place = heap + 16
    while data[place : place + 2] != b"\0\0":
        place += 16 + (struct.unpack_from("<Q", data, place + 8)[0] + 7) // 8 * 8
    data[place + 8 : place + 16] = bytes(8)
    path.write_bytes(data)
    refused(mirnet.FormatError, f"the heap at byte {heap} is not filled", path)


def test_nothing_is_run_or_imported(tmp_path: Path) -> None:
    """A reader that unpickled, called marshal or imported a framework would be seen here."""
    model = sequential(layer("Lambda", "cut", function=[CODE, None, None]), shape=[3])
    files.write_named(tmp_path / "m.h5", {}, model=model)
    good, weights = dense_net()
    files.write_archive(tmp_path / "good.keras", files.archive_members(good, weights))
    script = f"""
import sys, mirnet, mirnet.keras
seen = []
def both():
    mirnet.keras.load({str(tmp_path / "good.keras")!r})
    try:
        mirnet.keras.load({str(tmp_path / "m.h5")!r})
    except mirnet.UnsupportedError as error:
        print(error)
both()  # imports what it needs
sys.addaudithook(lambda event, args: seen.append(event))
both()
bad = {{"pickle.find_class", "marshal.loads", "os.system", "subprocess.Popen", "socket.connect", "tempfile.mkstemp"}}
print(sorted(bad & set(seen)), sorted({{"tensorflow", "keras", "tf_keras"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    first, second, third = done.stdout.splitlines()
    assert "class Lambda" in first and first == second
    assert third == "[] []"


def test_without_h5py(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model, weights = dense_net()
    files.write_keras2(tmp_path / "m.h5", model, weights)
    monkeypatch.setitem(sys.modules, "h5py", None)  # type: ignore[misc]
    with pytest.raises(ImportError, match=r"mirnet\[keras\]"):
        keras.load(tmp_path / "m.h5")


def test_messages_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "strange.h5").write_bytes(b"text")
    with pytest.raises(mirnet.FormatError, match="strange.h5: not a file of Keras"):
        keras.read(str(tmp_path / "strange.h5"))
