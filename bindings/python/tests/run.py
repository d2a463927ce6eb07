#!/usr/bin/env python3
"""run.py - pytest for meson: run.py --list | test_NAME.py [ARGUMENT...]; the last line counts the cases"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import collections
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Cases:
    """A plugin of pytest: the outcome of each case, and why some were skipped."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.reasons: collections.Counter[str] = collections.Counter()

    def note(self, report) -> None:
        # A failure in the clean-up of a case that passed is a failure.
        if report.failed:
            self.outcomes[report.nodeid] = "failed"
        elif report.skipped:
            self.outcomes.setdefault(report.nodeid, "skipped")
            reason = getattr(report, "wasxfail", None)
            self.reasons[f"expected to fail: {reason}" if reason is not None else skip_reason(report)] += 1

    def pytest_collectreport(self, report) -> None:
        self.note(report)

    def pytest_runtest_logreport(self, report) -> None:
        self.note(report)
        if report.when == "call" and report.passed:
            self.outcomes.setdefault(report.nodeid, "passed")

    def count(self, outcome: str) -> int:
        return sum(value == outcome for value in self.outcomes.values())


def skip_reason(report) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return " ".join(text.removeprefix("Skipped: ").split())


def run(arguments: list[str]) -> int:
    import pytest

    cases = Cases()
    status = pytest.main(["--quiet", "--tb=short", "-c", str(HERE.parent / "pyproject.toml"), *arguments], [cases])
    passed, failed, skipped = (cases.count(outcome) for outcome in ("passed", "failed", "skipped"))
    # Pytest itself broke, or there was nothing to run.
    if failed == 0 and (status not in (0, pytest.ExitCode.NO_TESTS_COLLECTED) or passed + skipped == 0):
        failed = 1
    for reason, times in cases.reasons.items():
        print(f"skipped: {reason}" + (f" ({times} cases)" if times > 1 else ""))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(sorted(path.stem.removeprefix("test_") for path in HERE.glob("test_*.py"))))
        sys.exit(0)
    sys.exit(run(sys.argv[1:]))
