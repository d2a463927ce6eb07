#!/usr/bin/env python3
"""includes.py - who may include whom: the levels of doc/architecture.md, checked over every file of the library"""
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("MIRNET_SOURCE_ROOT", pathlib.Path(__file__).parents[2]))

# Every module (the name before .c or .h) and its level. A module may include modules of lower levels and, on its own
# level, those that stand before it in the list. Names in one text see each other.
LEVELS = [
    ("base", ["common status", "mem", "buf", "rng", "sha256", "io", "json"]),
    ("data", ["input", "iupac", "reader read", "arena", "textset", "dataset", "simulate", "place", "spec", "shape",
              "options", "recipe", "encode", "stratify", "folds", "curves", "scores", "summary", "dtype",
              "tensors safetensors"]),
    ("machine", ["kernels", "threads"]),
    ("layers", ["layers few nonzero products", "init"]),
    ("model", ["state", "model", "plan", "loss", "optim"]),
    ("doors", ["feed", "predict", "train trainer", "checkpoint", "version"]),
]
PLACE = {module: (level, place)
         for level, (_, modules) in enumerate(LEVELS)
         for place, names in enumerate(modules) for module in names.split()}

# Who may know the outside world's libraries.
LIBRARIES = {
    "jansson.h": {"json", "place", "spec", "recipe", "options", "safetensors", "state", "checkpoint", "train",
                  "version"},
    "zlib.h": {"input", "version"},
    "pthread.h": {"kernels", "threads"},
    "arm_neon.h": {"kernels", "sha256"},
    "immintrin.h": {"kernels", "sha256"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def module_of(path):
    """'spec_parts.c' belongs to spec, 'layers/lstm.c' to layers, 'reader_fasta.c' to reader."""
    parts = pathlib.PurePosixPath(path).parts
    name = parts[0] if len(parts) > 1 else pathlib.PurePosixPath(path).stem
    while name not in PLACE and "_" in name:
        name = name.rsplit("_", 1)[0]
    return name


def find_header(source, name):
    """The path from lib/ of a header that is included by its name in quotes."""
    for folder in (source.parent, ROOT / "lib"):
        if (folder / name).is_file():
            return (folder / name).resolve().relative_to((ROOT / "lib").resolve()).as_posix()
    return None


def check_source(source):
    """The complaints about one file of lib/."""
    path = source.relative_to(ROOT / "lib").as_posix()
    module = module_of(path)
    if module not in PLACE:
        return [f"lib/{path}: its module '{module}' has no level in tests/abi/includes.py"]
    complaints = []
    text = source.read_text()
    for quote, name in INCLUDE.findall(text):
        if quote == "<":
            if name.startswith("mirnet/"):
                continue
            if module not in LIBRARIES.get(name, {module}):
                complaints.append(f"lib/{path}: <{name}> is for {', '.join(sorted(LIBRARIES[name]))} only")
            continue
        header = find_header(source, name)
        if header is None:
            complaints.append(f'lib/{path}: "{name}" is not a header of the library')
            continue
        other = module_of(header)
        if PLACE.get(other, (99, 0)) > PLACE[module]:
            complaints.append(f"lib/{path} ({LEVELS[PLACE[module][0]][0]}) may not include {header}")
    return complaints + check_order(path, text)


def check_order(path, text):
    """A .c file includes its own header or common.h, then <system>, then <mirnet/...>, then "internal"; sorted."""
    if not path.endswith(".c"):
        return []
    found = INCLUDE.findall(text)
    rank = [2 if quote == '"' else 1 if name.startswith("mirnet/") else 0 for quote, name in found]
    complaints = []
    if found and (rank[0] != 2):
        complaints.append(f"lib/{path}: the first include is an internal header: its own, or common.h")
    if rank[1:] != sorted(rank[1:]):
        complaints.append(f"lib/{path}: includes go system, <mirnet/...>, internal")
    for group in range(3):
        names = [name for (_, name), r in list(zip(found, rank))[1:] if r == group]
        if names != sorted(names):
            complaints.append(f"lib/{path}: includes are not sorted: {' '.join(names)}")
    return complaints


def check_outside(source):
    """Examples and public headers see include/mirnet only; examples also their own headers."""
    path = source.relative_to(ROOT).as_posix()
    complaints = []
    for quote, name in INCLUDE.findall(source.read_text()):
        if quote == '"' and (path.startswith("include/") or not (source.parent / name).is_file()):
            complaints.append(f'{path}: "{name}": only <mirnet/...> is public')
        if quote == "<" and name.startswith("mirnet/") and not (ROOT / "include" / name).is_file():
            complaints.append(f"{path}: <{name}> is not there")
    return complaints


def main():
    inside = sorted(p for p in (ROOT / "lib").rglob("*.[ch]"))
    outside = sorted([*(ROOT / "include").rglob("*.h"), *(ROOT / "examples").rglob("*.[ch]")])
    passed = failed = 0
    for source, check in [(p, check_source) for p in inside] + [(p, check_outside) for p in outside]:
        complaints = check(source)
        print("".join(line + "\n" for line in complaints), end="")
        passed, failed = passed + (not complaints), failed + bool(complaints)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not inside else 0


if __name__ == "__main__":
    sys.exit(main())
