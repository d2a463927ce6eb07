"""setup.py - builds the wheel: the Python package and, where the C sources are at hand, its own copy of the library"""
# SPDX-License-Identifier: MIT
#
# MIRNET_PYTHON_BUNDLE=0 leaves the library out; the wheel then fits any machine and uses the library of the system.
from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import ExecError

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70
    from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).resolve().parent
# Where the C sources are: in a source archive, in the repository.
C_FOLDERS = (HERE / "libmirnet", HERE.parent.parent)
# What meson wants to see of them, all of which goes into a source archive.
C_PARTS = ("COPYING", "README.md", "meson.build", "meson_options.txt", "include", "lib", "examples", "doc",
           "tests/bench", "tests/guards")
C_OPTIONS = ("--buildtype=release", "-Ddefault_library=shared", "-Dprogram=false", "-Dtests=false", "-Dpython=false")
SONAME = "libmirnet.so.0"
HINT = ("apt-get install build-essential meson ninja-build pkg-config libjansson-dev zlib1g-dev, "
        "or set MIRNET_PYTHON_BUNDLE=0 to use the library of the system")


def find_sources() -> Path | None:
    """The folder with the C sources to build from; None: no library goes into the wheel."""
    if os.environ.get("MIRNET_PYTHON_BUNDLE") == "0":
        return None
    return next((folder for folder in C_FOLDERS if (folder / "lib" / "mirnet.map").is_file()), None)


def run(*command: str) -> None:
    """Runs a step of the C build; the error has the first complaint in its output."""
    # The PYTHONPATH of an isolated build would hide meson's own modules from it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, flush=True)
    if done.returncode != 0:
        complaints = [line for line in done.stdout.splitlines() if "error:" in line.lower()]
        reason = complaints[0] if complaints else f"{' '.join(command[:2])} failed"
        raise ExecError(f"libmirnet cannot be built: {reason}; {HINT}")


def build_library(source: Path, folder: Path) -> None:
    """Builds the shared library in a temporary folder and puts it into `folder` under its SONAME."""
    if not shutil.which("meson"):
        raise ExecError(f"libmirnet cannot be built without meson; {HINT}")
    with tempfile.TemporaryDirectory(prefix="mirnet-build-") as build:
        run("meson", "setup", *C_OPTIONS, build, str(source))
        run("meson", "compile", "-C", build)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(build, "lib", SONAME), folder / SONAME)


class Package(Distribution):
    """With a library inside, it is made for one platform."""

    def has_ext_modules(self) -> bool:
        return SOURCES is not None


class BuildPackage(build_py):
    """Puts the library into the package; an editable install uses that of MIRNET_LIBRARY or of the system."""

    def run(self) -> None:
        super().run()
        if SOURCES and not self.editable_mode:
            build_library(SOURCES, Path(self.build_lib, "mirnet", "_lib"))


class Wheel(bdist_wheel):
    """Nothing in it depends on the version of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class SourceArchive(sdist):
    """Takes the C sources along, so that what is installed from the archive has its library as well."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        source = next((folder for folder in C_FOLDERS if (folder / "lib" / "mirnet.map").is_file()), None)
        if not source:
            return
        for part in C_PARTS:
            to = Path(base_dir, "libmirnet", part)
            to.parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source / part, to)


SOURCES = find_sources()
# The source folder stays as it is: what setuptools writes beside it goes into a folder that is gone afterwards.
with tempfile.TemporaryDirectory(prefix="mirnet-setup-") as scratch:
    setup(
        distclass=Package,
        cmdclass={"build_py": BuildPackage, "bdist_wheel": Wheel, "sdist": SourceArchive},
        options={"build": {"build_base": scratch}, "egg_info": {"egg_base": scratch}},
    )
