"""test_package.py - what pip and meson make of the package, all of it offline: wheels, archives, installations"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import email
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from typing import Any, Iterator

import pytest

import mirnet

PYTHON = pathlib.Path(__file__).resolve().parents[1]
SOURCE = PYTHON / "src" / "mirnet"
FILES = {path.name for path in SOURCE.iterdir() if path.suffix == ".py" or path.name == "py.typed"}
LIBRARY = "mirnet/_lib/libmirnet.so.0"
WHERE_AND_WHAT = """
import mirnet
print(mirnet.__file__, mirnet.library_path, mirnet.__version__, sep="\\n")
print(mirnet.Model("linear-ends").predict(["GUGAGUGGGAGGCCAGGGCACGGGGUUGCACUGACUCU"]).sum().round(5))
"""


def run(*command: object, env: dict[str, str] | None = None, cwd: object = "/", fails: bool = False) -> str:
    """What a command prints, errors included; nothing of this run's Python or library reaches it."""
    ours = ("PIP_", "PYTHON", "MIRNET_", "LD_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept.update(PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    kept.update(env or {})
    done = subprocess.run(list(map(str, command)), env=kept, cwd=str(cwd), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (done.returncode != 0) == fails, done.stdout
    return done.stdout


def pip(*arguments: object, python: object = sys.executable, **more: Any) -> str:
    return run(python, "-m", "pip", *arguments, **more)


OFFLINE = ("--no-index", "--no-build-isolation", "--no-deps")


def tree(folder: pathlib.Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts}


@contextlib.contextmanager
def built_in(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """One file is made in the folder, and none in the source tree."""
    before = tree(PYTHON)
    yield folder
    assert tree(PYTHON) == before
    assert len(list(folder.iterdir())) == 1


def members(wheel: pathlib.Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The wheel with its own library."""
    with built_in(tmp_path_factory.mktemp("wheel")) as folder:
        pip("wheel", *OFFLINE, "--wheel-dir", folder, PYTHON)
    return next(folder.iterdir())


@pytest.fixture(scope="module")
def pure_wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    with built_in(tmp_path_factory.mktemp("pure")) as folder:
        pip("wheel", *OFFLINE, "--wheel-dir", folder, PYTHON, env={"MIRNET_PYTHON_BUNDLE": "0"})
    return next(folder.iterdir())


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The source archive."""
    code = "import sys, setuptools.build_meta as build; build.build_sdist(sys.argv[1])"
    with built_in(tmp_path_factory.mktemp("archive")) as folder:
        run(sys.executable, "-c", code, folder, cwd=PYTHON)
    return next(folder.iterdir())


def test_wheel_is_for_one_platform_and_any_python(wheel: pathlib.Path) -> None:
    assert re.fullmatch(rf"mirnet-{mirnet.__version__}-py3-none-linux_\w+\.whl", wheel.name)


def test_wheel_has_the_package_and_its_library(wheel: pathlib.Path) -> None:
    info = f"mirnet-{mirnet.__version__}.dist-info"
    expected = {f"mirnet/{name}" for name in FILES} | {LIBRARY}
    expected |= {f"{info}/{name}" for name in ("COPYING", "METADATA", "RECORD", "WHEEL", "top_level.txt")}
    assert members(wheel) == expected


def test_wheel_says_what_it_needs(wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"mirnet-{mirnet.__version__}.dist-info/METADATA").decode()
    metadata = email.message_from_string(text)
    needs = [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need]
    assert metadata["Version"] == mirnet.__version__
    assert metadata["Requires-Python"] == ">=3.9"
    assert [re.sub(r"\W.*", "", need) for need in needs] == ["numpy"]
    assert set(metadata.get_all("Provides-Extra", [])) == {"all", "keras", "onnx", "plot", "progress", "sklearn"}


def test_library_in_the_wheel_is_optimised_and_plain(wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        library = archive.extract(LIBRARY, tmp_path)
    dynamic = run("readelf", "-d", library)
    assert "[libmirnet.so.0]" in dynamic and "RUNPATH" not in dynamic and "RPATH" not in dynamic
    assert set(re.findall(r"NEEDED.*\[(lib\w+)", dynamic)) <= {"libc", "libm", "libjansson", "libz"}
    assert str(PYTHON.parents[1]).encode() not in pathlib.Path(library).read_bytes()


def test_pure_wheel_fits_any_machine(pure_wheel: pathlib.Path) -> None:
    assert pure_wheel.name == f"mirnet-{mirnet.__version__}-py3-none-any.whl"
    assert {name for name in members(pure_wheel) if name.startswith("mirnet/")} == {f"mirnet/{name}" for name in FILES}


def test_wheel_works_from_a_folder(wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    pip("install", *OFFLINE, "--target", tmp_path, wheel)
    said = run(sys.executable, "-c", WHERE_AND_WHAT, env={"PYTHONPATH": str(tmp_path)}).splitlines()
    assert said == [f"{tmp_path}/mirnet/__init__.py", f"{tmp_path}/{LIBRARY}", mirnet.__version__, "1.0"]


def test_pure_wheel_uses_the_library_that_it_is_given(pure_wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    if not os.path.isfile(mirnet.library_path):
        pytest.skip("the library was found by the loader, its file is not known")
    pip("install", *OFFLINE, "--target", tmp_path, pure_wheel)
    given = {"PYTHONPATH": str(tmp_path), "MIRNET_LIBRARY": mirnet.library_path}
    said = run(sys.executable, "-c", WHERE_AND_WHAT, env=given).splitlines()
    assert said == [f"{tmp_path}/mirnet/__init__.py", mirnet.library_path, mirnet.__version__, "1.0"]


def test_installs_into_an_environment(wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """NumPy, which it depends on, is there already."""
    run(sys.executable, "-m", "venv", "--system-site-packages", tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    pip("install", "--no-index", wheel, python=python)
    said = run(python, "-c", WHERE_AND_WHAT).splitlines()
    assert all(path.startswith(str(tmp_path / "env" / "lib")) for path in said[:2])
    pip("uninstall", "--yes", "mirnet", python=python)
    assert not list((tmp_path / "env").rglob("*mirnet*"))


def test_archive_has_what_the_library_is_built_from(archive: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
        copying = opened.extractfile(f"mirnet-{mirnet.__version__}/COPYING")
        assert copying and copying.read() == (PYTHON / "COPYING").read_bytes()
    assert {"setup.py", "pyproject.toml", "libmirnet/lib/mirnet.map", "libmirnet/include/mirnet/version.h"} <= names
    assert {f"src/mirnet/{name}" for name in FILES} <= names
    assert not [name for name in names if name.startswith("tests") or name.endswith(".pyc")]


def test_archive_installs_with_its_own_library(archive: pathlib.Path, tmp_path: pathlib.Path) -> None:
    pip("install", *OFFLINE, "--target", tmp_path, archive)
    said = run(sys.executable, "-c", WHERE_AND_WHAT, env={"PYTHONPATH": str(tmp_path)}).splitlines()
    assert said[1:] == [f"{tmp_path}/{LIBRARY}", mirnet.__version__, "1.0"]


def lonely_path(folder: pathlib.Path, *tools: str) -> dict[str, str]:
    """An environment whose PATH has nothing but these."""
    for tool in tools:
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return {"PATH": str(folder)}


def test_missing_meson_is_said_in_one_line(tmp_path: pathlib.Path) -> None:
    said = pip("wheel", *OFFLINE, "--wheel-dir", tmp_path, PYTHON, env=lonely_path(tmp_path), fails=True)
    (line,) = [line for line in said.splitlines() if "cannot be built" in line]
    assert "error: libmirnet cannot be built without meson; apt-get install build-essential meson" in line
    assert "MIRNET_PYTHON_BUNDLE=0" in line and "Traceback" not in said


def test_missing_compiler_is_said_in_one_line(tmp_path: pathlib.Path) -> None:
    path = lonely_path(tmp_path, "meson", "ninja", "sed")
    said = pip("wheel", *OFFLINE, "--wheel-dir", tmp_path, PYTHON, env=path, fails=True)
    (line,) = [line for line in said.splitlines() if "cannot be built" in line]
    assert "ERROR: Unknown compiler" in line and "apt-get install build-essential" in line and "Traceback" not in said


def test_meson_installs_the_same_files() -> None:
    listed = re.findall(r"^  'src/mirnet/(.*)',$", (PYTHON / "meson.build").read_text(), re.M)
    assert sorted(FILES) == listed


def test_meson_bundles_the_library_on_demand(tmp_path: pathlib.Path) -> None:
    options = ["-Ddefault_library=shared", "-Doptimization=0", "-Dtests=false", "-Dprogram=false", "--prefix=/opt/some"]
    options += ["-Dpython_bundle=true", f"-Dpython_installation={sys.executable}"]
    run("meson", "setup", *options, tmp_path / "build", PYTHON.parents[1])
    run("meson", "install", "-C", tmp_path / "build", "--destdir", tmp_path / "root", "--tags", "python-runtime")
    (package,) = (tmp_path / "root").rglob("mirnet")
    assert tree(package) == FILES | {"_lib", "_lib/libmirnet.so.0"}
    said = run(sys.executable, "-c", WHERE_AND_WHAT, env={"PYTHONPATH": str(package.parent)}).splitlines()
    assert said[1:] == [f"{package}/_lib/libmirnet.so.0", mirnet.__version__, "1.0"]
