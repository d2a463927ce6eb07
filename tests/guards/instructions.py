#!/usr/bin/env python3
"""instructions.py - instructions of a step, of a sequence, against a table: instructions.py WORK COUNTS [--update]"""
# SPDX-License-Identifier: MIT
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

# Arguments of tests/guards/work for the short run and for the long one, and what lies between them. The lengths are
# small because valgrind does a fused multiplication in eight calls: a step takes it seconds.
CASES = {
    "train-6": (("train", 6, 1), ("train", 6, 3), 2, "step"),
    "predict-1": (("predict", 1, 4), ("predict", 1, 20), 16, "sequence"),
    "predict-32": (("predict", 32, 1), ("predict", 32, 2), 32, "sequence"),
}
ALLOWED = 0.05
HEADING = """\
# counts.txt - instructions that tests/guards/run.sh found; `sh tests/guards/run.sh --update` writes it
# compiler, kernels, case, instructions a training step or a sequence
"""
VALGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]


def run(work, arguments):
    """(compiler, kernels, instructions) of one run."""
    done = subprocess.run(VALGRIND + [work] + [str(a) for a in arguments], capture_output=True, text=True, check=False)
    build = re.search(r"^mirnet [^,]*, (\S+) ([^,]+),.* kernels (\S+)$", done.stdout, re.MULTILINE)
    refs = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode or not build or not refs:
        sys.stderr.write(done.stderr)
        raise RuntimeError(f"{work} {arguments} cannot be counted")
    return f"{build[1]}-{build[2]}", build[3], int(refs[1].replace(",", ""))


def measure(work):
    """{(compiler, kernels, case): instructions}"""
    jobs = sorted({a for case in CASES.values() for a in case[:2]}, key=lambda a: -a[1] * a[2])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = dict(zip(jobs, pool.map(lambda a: run(work, a), jobs)))
    found = {}
    for name, (short, long, units, _) in CASES.items():
        compiler, kernels, most = runs[long]
        found[compiler, kernels, name] = round((most - runs[short][2]) / units)
    return found


def read(path):
    table = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                compiler, kernels, name, count = line.split()
                table[compiler, kernels, name] = int(count)
    return table


def write(path, table):
    with open(path, "w", encoding="utf-8") as out:
        out.write(HEADING)
        for (compiler, kernels, name), count in sorted(table.items()):
            out.write(f"{compiler:14} {kernels:7} {name:11} {count}\n")


def compare(found, table):
    passed, failed, skipped = 0, 0, 0
    for key, count in found.items():
        what = f"{' '.join(key)}: {count} instructions a {CASES[key[2]][3]}"
        if key not in table:
            skipped += 1
            print(f"skipped: {what}; counts.txt has none to compare with")
            continue
        share = count / table[key] - 1
        what += f", {share:+.1%} of {table[key]}"
        if share > ALLOWED:
            failed += 1
            print(f"FAILED: {what}: more than {ALLOWED:.0%} above. If it has to be: --update")
        else:
            passed += 1
            print(what + (": much less; please --update, so that it stays" if share < -ALLOWED else ""))
    return passed, failed, skipped


def main(work, path, update=False):
    if not shutil.which("valgrind"):
        print(f"skipped: valgrind is not there\n0 passed, 0 failed, {len(CASES)} skipped")
        return 0
    found = measure(work)
    if update:
        table = read(path) if os.path.exists(path) else {}
        write(path, {**table, **found})
    passed, failed, skipped = compare(found, read(path))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--update"]):
        sys.exit("usage: instructions.py WORK COUNTS [--update]")
    sys.exit(main(sys.argv[1], sys.argv[2], bool(sys.argv[3:])))
