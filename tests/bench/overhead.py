#!/usr/bin/env python3
"""overhead.py - what Python adds: the time of `import mirnet`, and of predict over the C call that it makes

usage: MIRNET_LIBRARY=.../libmirnet.so.0 PYTHONPATH=bindings/python/src python3 tests/bench/overhead.py

Each figure is the least of several runs; imports are in processes of their own, with compiled .pyc files.
"""
# SPDX-License-Identifier: MIT
import ctypes
import os
import subprocess
import sys
import tempfile
import time

import mirnet
import numpy as np
from mirnet._library import lib

SIZES = (1, 10, 100, 1000)
RUNS = 15


def import_milliseconds():
    """Of `import mirnet` when numpy is there already."""
    code = "import time, numpy; t = time.perf_counter(); import mirnet; print((time.perf_counter() - t) * 1e3)"
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        runs = [
            float(subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True).stdout)
            for _ in range(RUNS)
        ]
    return min(runs[1:])


def microseconds(calls, *functions):
    """The least time of each function, a run of one following one of the other."""
    best = [float("inf")] * len(functions)
    for _ in range(RUNS):
        for i, function in enumerate(functions):
            start = time.perf_counter()
            for _ in range(calls):
                function()
            best[i] = min(best[i], (time.perf_counter() - start) / calls * 1e6)
    return best


def main():
    print(f"import mirnet, beside numpy: {import_milliseconds():.1f} ms (must be under 50)")
    model = mirnet.Model("linear-ends")
    predictor = mirnet.Predictor(model, 1)
    print("sequences  C call us  Model.predict us  overhead us  allowed us")
    for n in SIZES:
        sequences = mirnet.Dataset.simulate(n).sequences[:n]
        texts = (ctypes.c_char_p * n)(*[sequence.encode() for sequence in sequences])
        out = np.empty((n, 2), dtype=np.float32)
        pointer, address = predictor._pointer, out.ctypes.data
        c_call, python = microseconds(
            max(1, 2000 // n),
            lambda: lib.mirnet_predictor_run_sequences(pointer, texts, n, address),
            lambda: model.predict(sequences, threads=1),
        )
        print(f"{n:9} {c_call:10.1f} {python:17.1f} {python - c_call:12.1f} {20 + n:11}")


if __name__ == "__main__":
    main()
