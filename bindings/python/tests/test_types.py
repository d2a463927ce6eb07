"""test_types.py - mypy over the package, and over a program that uses it"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("mypy")

PYTHON = pathlib.Path(__file__).resolve().parents[1]
CLIENT = """
import mirnet

data = mirnet.Dataset.simulate(10)
model = mirnet.Model("linear-ends")
reveal_type(model.predict(data))
reveal_type(mirnet.__version__)
mirnet.Dataset.simulate("ten")
"""


def check(folder: pathlib.Path, *arguments: str) -> str:
    """What mypy says; its cache is in `folder`."""
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(folder / "cache"), *arguments]
    environment = {**os.environ, "MYPYPATH": str(PYTHON / "src")}
    return subprocess.run(command, cwd=PYTHON, env=environment, stdout=subprocess.PIPE, text=True).stdout


def test_the_package_is_typed_strictly(tmp_path: pathlib.Path) -> None:
    said = check(tmp_path)
    assert said.startswith("Success: "), said


def test_programs_see_the_types(tmp_path: pathlib.Path) -> None:
    client = tmp_path / "client.py"
    client.write_text(CLIENT)
    said = [line for line in check(tmp_path, str(client)).splitlines() if "client.py:" in line]
    assert len(said) == 3, said
    assert any("client.py:8: error: Argument 1 to \"simulate\"" in line for line in said), said
    assert any('client.py:6: note: Revealed type is "numpy.ndarray[' in line for line in said), said
    assert any('client.py:7: note: Revealed type is "builtins.str"' in line for line in said), said
