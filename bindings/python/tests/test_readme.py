"""test_readme.py - the README's Python runs and prints what it says; of its shell commands each runs or is excused"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import pathlib
import re
import subprocess
from typing import Any, Iterator

import pytest

import keras_files
import mirnet

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
# Shell blocks that are not run here, by their first line.
NOT_RUN = {
    # It installs packages of the system; test_package.py installs this one with pip, from the tree and from archives.
    "apt-get install build-essential meson ninja-build pkg-config libjansson-dev zlib1g-dev",
    # It installs into the system; tests/install does the same into a folder, and uses what is there.
    "meson setup --buildtype=release build",
}


class Block:
    """One fenced block: its language, text and line, and the output that is shown right behind it."""

    def __init__(self, language: str, text: str, line: int) -> None:
        self.language, self.text, self.line = language, text, line
        self.output: str | None = None


def read_blocks(text: str) -> list[Block]:
    """The blocks in their order; one of text or console belongs to the block just before it."""
    blocks: list[Block] = []
    end = 0
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        block = Block(match[1], match[2], text[: match.start()].count("\n") + 1)
        if block.language in ("text", "console") and blocks and not text[end : match.start()].strip():
            blocks[-1].output = block.text
        else:
            blocks.append(block)
        end = match.end()
    return blocks


def is_run(block: Block) -> bool:
    return block.language == "python" or (block.language == "sh" and block.text.splitlines()[0] not in NOT_RUN)


BLOCKS = read_blocks(README.read_text(encoding="utf-8"))


def compare(block: Block, printed: str) -> None:
    """In the output that is shown, `...` stands for anything."""
    if block.output is not None:
        checker = doctest.OutputChecker()
        example = doctest.Example(block.text, block.output)
        flags = doctest.ELLIPSIS
        if not checker.check_output(block.output, printed, flags):
            pytest.fail(f"line {block.line}\n" + checker.output_difference(example, printed, flags), pytrace=False)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names of all Python blocks, run one after the other in a folder of their own."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("readme"))
    write_keras_files()
    yield {"__name__": "__main__"}
    os.chdir(before)


def write_keras_files() -> None:
    """The files of Keras that the README reads: a softmax regression on 164 positions."""
    layers = [
        {"class_name": "Flatten", "config": {"name": "flatten", "batch_input_shape": [None, 164, 4]}},
        {"class_name": "Dense", "config": {"name": "dense", "units": 2, "activation": "softmax"}},
    ]
    spec = {"class_name": "Sequential", "config": {"name": "small", "layers": layers}}
    with mirnet.Model.from_keras_json(spec, seed=1) as model:
        weights = dict(model.weights)
    keras_files.write_keras2("model.h5", spec, weights)
    keras_files.write_weights3("model.weights.h5", spec, weights)
    pathlib.Path("model.json").write_text(json.dumps(spec))


def run_python(block: Block, names: dict[str, Any]) -> str:
    printed = io.StringIO()
    # Its lines count from the top of the README in a traceback.
    code = compile("\n" * block.line + block.text, str(README), "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return printed.getvalue()


def run_shell(block: Block) -> str:
    done = subprocess.run(["sh", "-eu", "-c", block.text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("block", filter(is_run, BLOCKS), ids=lambda block: f"line{block.line}")
def test_block_runs(block: Block, session: dict[str, Any]) -> None:
    compare(block, run_python(block, session) if block.language == "python" else run_shell(block))


def test_every_block_is_known() -> None:
    assert {block.language for block in BLOCKS} <= {"python", "sh", "json", "c"}
    assert NOT_RUN <= {block.text.splitlines()[0] for block in BLOCKS if block.language == "sh"}
    assert any(block.output for block in BLOCKS if block.language == "python")
