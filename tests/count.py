#!/usr/bin/env python3
"""count.py - shows what failed in a meson test log and counts the cases: count.py testlog.json"""
# SPDX-License-Identifier: MIT
import json
import re
import sys

OWN_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
CHECK_LINE = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$", re.MULTILINE)
SKIPPED = 77  # exit status of a test that cannot run here


def count(test):
    """(passed, failed, skipped) cases of one test program, told from its last line that counts them."""
    out, status = test.get("stdout") or "", test.get("returncode", 1)
    own, check = OWN_LINE.findall(out), CHECK_LINE.findall(out)
    if own:
        passed, failed, skipped = (int(n or 0) for n in own[-1])
    elif check:
        run, failures, errors = (int(n) for n in check[-1])
        passed, failed, skipped = run - failures - errors, failures + errors, 0
    elif status == SKIPPED:
        return 0, 0, 1
    else:
        return 0, 1, 0
    # A program that says that all is well and then fails has failed: crash at exit, leak, time limit.
    bad_end = status != 0 or test.get("result") not in ("OK", "SKIP")
    if (bad_end and failed == 0) or passed + failed + skipped == 0:
        failed += 1
    return passed, failed, skipped


def main(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log]
    except (OSError, ValueError) as error:
        print(f"count.py: {error}")
        tests = []
    total, short = [0, 0, 0], []
    for test in tests:
        counts, name = count(test), test["name"].split(" / ")[-1]
        total = [a + b for a, b in zip(total, counts)]
        if counts[1]:
            print(f"\n===== {name}: {test.get('result')}, exit status {test.get('returncode')}")
            print((test.get("stdout") or "").rstrip())
            print((test.get("stderr") or "").rstrip())
        text = f"{counts[0]} passed, {counts[1]} failed" + (f", {counts[2]} skipped" if counts[2] else "")
        short.append(f"{name:28} {text}")
        short += ["    " + line for line in (test.get("stdout") or "").splitlines() if line.startswith("skipped: ")]
    print("\n" + "\n".join(short))
    passed, failed, skipped = total
    if passed + failed == 0:
        print("nothing was run")
        failed = 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
