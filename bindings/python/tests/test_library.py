"""test_library.py - finding the library, and the table of prototypes against header and exports"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import mirnet
from mirnet import _errors, _prototypes as table

# What each type of the headers is in the table; in a result, an address is a plain pointer.
TYPES = {
    "mirnet_status": table.status,
    "const char *": table.text,
    "int32_t": table.i32,
    "int64_t": table.i64,
    "uint64_t": table.u64,
    "size_t": table.size,
    "double": table.real,
    "const void *": table.buffer,
    "void *": table.buffer,
    "char *": table.buffer,
    "const float *": table.floats,
    "float *": table.floats,
    "const double *": table.doubles,
    "double *": table.doubles,
    "const int32_t *": table.int32s,
    "int32_t *": table.int32s,
    "const int64_t *": table.int64s,
    "int64_t *": table.int64s,
    "size_t *": table.sizes,
    "const float *const *": table.arrays,
    "float *const *": table.arrays,
    "const char *const *": table.texts,
    "const char **": table.texts,
    "mirnet_trainer_callback": table.callback,
}


def type_of(text: str, is_result: bool) -> object:
    text = " ".join(text.split())
    if is_result and text == "void":
        return None
    if re.fullmatch(r"(const )?mirnet_\w+ \*", text):
        return table.pointer if is_result else table.handle
    if re.fullmatch(r"mirnet_\w+ \*\*", text):
        return table.handles
    found = TYPES[text]
    return table.pointer if is_result and found is table.floats else found


def declarations(root: pathlib.Path) -> dict[str, tuple[object, list[object]]]:
    """The functions of the headers, in the form of the table."""
    found: dict[str, tuple[object, list[object]]] = {}
    for header in sorted((root / "include" / "mirnet").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for result, name, arguments in re.findall(r"MIRNET_API ([^;]*?)(mirnet_\w+)\(([^;]*)\);", text):
            parts = [] if arguments.strip() == "void" else arguments.split(",")
            types = [type_of(re.sub(r"\w+$", "", part.strip()), False) for part in parts]
            found[name] = (type_of(result, True), types)
    return found


def test_table_has_the_headers_functions_and_types(root: pathlib.Path) -> None:
    declared = declarations(root)
    assert len(declared) > 100
    assert set(table.PROTOTYPES) == set(declared)
    for name, prototype in declared.items():
        assert table.PROTOTYPES[name] == prototype, name


def test_table_has_what_the_library_exports() -> None:
    if not os.path.isfile(mirnet.library_path):
        pytest.skip("the library was found by the loader, its file is not known")
    lines = subprocess.run(
        ["nm", "-D", "--defined-only", mirnet.library_path], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    exported = {line.split()[-1].split("@")[0] for line in lines}
    assert {name for name in exported if name.startswith("mirnet_")} == set(table.PROTOTYPES)


def test_callback_has_the_headers_types(root: pathlib.Path) -> None:
    text = (root / "include" / "mirnet" / "train.h").read_text()
    declared = re.search(r"typedef int32_t \(\*mirnet_trainer_callback\)\(([^)]*)\)", text)
    assert declared
    types = [argument.strip().rsplit(" ", 1)[0] for argument in declared[1].split(",")]
    assert types == ["mirnet_trainer", "int64_t", "int64_t", "void"]
    assert table.callback._argtypes_ == (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
    assert table.callback._restype_ is ctypes.c_int32


def test_every_status_has_an_exception(root: pathlib.Path) -> None:
    text = (root / "include" / "mirnet" / "common.h").read_text()
    numbers = [-int(n) for n in re.findall(r"MIRNET_ERR_\w+ = (-\d+)", text)]
    assert sorted(numbers) == list(range(1, len(_errors.BY_STATUS)))
    for number in numbers:
        error = _errors.from_status(-number, "what, where, expected", 0)
        assert isinstance(error, mirnet.MirnetError)
        assert str(error) == "what, where, expected"
        assert type(error) is not mirnet.MirnetError


def test_errors_are_pythons_too() -> None:
    pairs = [
        (mirnet.InvalidError, ValueError),
        (mirnet.FormatError, ValueError),
        (mirnet.ShapeError, ValueError),
        (mirnet.OutOfMemoryError, MemoryError),
        (mirnet.FileError, OSError),
        (mirnet.MissingFileError, FileNotFoundError),
        (mirnet.NotFoundError, KeyError),
        (mirnet.NumericError, ArithmeticError),
        (mirnet.UnsupportedError, NotImplementedError),
        (mirnet.LibraryError, ImportError),
    ]
    for ours, pythons in pairs:
        assert issubclass(ours, mirnet.MirnetError) and issubclass(ours, pythons)


def test_version_is_that_of_the_header(root: pathlib.Path) -> None:
    text = (root / "include" / "mirnet" / "version.h").read_text()
    parts = [re.search(rf"MIRNET_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR", "PATCH")]
    assert mirnet.__version__ == ".".join(part[1] for part in parts if part)
    assert mirnet.library_version == mirnet.__version__
    assert "kernels" in mirnet.build_info()


def run_import(tmp_path: pathlib.Path, library: str | None, *, package: pathlib.Path | None = None) -> str:
    """What `import mirnet` says in a process of its own: the library's path, or the error."""
    code = "try:\n import mirnet\n print('found', mirnet.library_path)\nexcept ImportError as error:\n print(error)"
    environment = {key: value for key, value in os.environ.items() if key not in ("MIRNET_LIBRARY", "LD_LIBRARY_PATH")}
    environment["PYTHONPATH"] = str(package or pathlib.Path(mirnet.__file__).parents[1])
    if library is not None:
        environment["MIRNET_LIBRARY"] = library
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_missing_library_is_named(tmp_path: pathlib.Path) -> None:
    said = run_import(tmp_path, "/nowhere/libmirnet.so.0")
    assert "/nowhere/libmirnet.so.0 (no such file)" in said and "\n" not in said


def test_a_relative_path_is_refused(tmp_path: pathlib.Path) -> None:
    assert "absolute path" in run_import(tmp_path, "libmirnet.so.0")


def test_another_library_is_refused(tmp_path: pathlib.Path) -> None:
    other = ctypes.util.find_library("z") if hasattr(ctypes, "util") else None
    candidates = [other, *map(str, pathlib.Path("/lib").glob("*/libz.so.1")), *map(str, pathlib.Path("/usr/lib").glob("*/libz.so.1"))]
    path = next(path for path in candidates if path and os.path.isabs(path))
    assert f"{path} is not libmirnet" in run_import(tmp_path, path)


def test_a_file_that_is_no_library_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "libmirnet.so.0").write_text("text")
    said = run_import(tmp_path, str(tmp_path / "libmirnet.so.0"))
    assert "cannot be loaded" in said and "invalid ELF header" in said or "file too short" in said


def copy_package(to: pathlib.Path) -> pathlib.Path:
    shutil.copytree(pathlib.Path(mirnet.__file__).parent, to / "mirnet", ignore=shutil.ignore_patterns("__pycache__", "_lib"))
    return to / "mirnet"


def test_all_candidates_are_listed(tmp_path: pathlib.Path) -> None:
    copy_package(tmp_path)
    said = run_import(tmp_path, None, package=tmp_path)
    if said.startswith("found"):
        pytest.skip("a libmirnet is installed on this system")
    assert f"{tmp_path}/mirnet/_lib/libmirnet.so.0 (no such file), libmirnet.so.0 (" in said


def test_a_bundled_library_comes_first(tmp_path: pathlib.Path) -> None:
    if not os.path.isfile(mirnet.library_path):
        pytest.skip("the library was found by the loader, its file is not known")
    folder = copy_package(tmp_path) / "_lib"
    folder.mkdir()
    shutil.copy(mirnet.library_path, folder / "libmirnet.so.0")
    assert run_import(tmp_path, None, package=tmp_path) == f"found {folder}/libmirnet.so.0"
    assert run_import(tmp_path, mirnet.library_path, package=tmp_path) == f"found {mirnet.library_path}"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("int mirnet_soversion(void){return 7;} int mirnet_version_number(void){return 1000;}", "ABI 7: expected ABI 0"),
        ("int mirnet_soversion(void){return 0;} int mirnet_version_number(void){return 999;}", "0.0.999 with ABI 0"),
        ("int mirnet_soversion(void){return 0;} int mirnet_version_number(void){return 1000;}", "has no function mirnet_"),
    ],
)
def test_another_abi_is_refused(tmp_path: pathlib.Path, body: str, complaint: str) -> None:
    source, library = tmp_path / "other.c", tmp_path / "libmirnet.so.0"
    source.write_text(body)
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    assert complaint in run_import(tmp_path, str(library))


def test_import_brings_no_optional_package() -> None:
    code = (
        "import sys, mirnet; "
        "print(sorted(set(sys.modules) & {'sklearn', 'h5py', 'onnx', 'matplotlib', 'tqdm', 'pandas', 'scipy', 'numpy.typing', 'tempfile'}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(mirnet.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
