"""common.py - what compare.py and parts.py share: the programs that measure, the machine's state, numbers as text"""
# SPDX-License-Identifier: MIT
import json
import os
import statistics
import subprocess
import time

STATE_KEYS = ("fma_gflops", "fma_gflops_2", "stream_gbps", "cache_gbps", "ping_pong_ns", "load")
STATE_HEAD = ("FMA GFLOP/s   GB/s   GB/s  ping      ", "  one  both memory  cache    ns  load")


class Skipped(Exception):
    """Why something cannot be measured."""


def say(text=""):
    print(text, flush=True)


class Build:
    """The programs of the build folder."""

    def __init__(self, folder):
        self.work = os.path.join(folder, "work")
        self.mirnet = os.path.join(folder, "examples", "mirnet")
        self.bench = os.path.join(folder, "tests", "bench", "bench_model")
        self.parts = os.path.join(folder, "tests", "bench", "bench_parts")
        self.machine = os.path.join(folder, "tests", "bench", "machine")
        self.node_modules = os.path.join(folder, "node", "node_modules")
        os.makedirs(self.work, exist_ok=True)

    def path(self, name):
        return os.path.join(self.work, name)

    def state(self):
        return ask([self.machine])

    def run(self, *args):
        """Runs mirnet; (seconds from start to end, peak memory in MiB). The memory is at least what this Python has,
        which is little: a child counts from the moment that it is forked."""
        start = time.perf_counter()
        with subprocess.Popen([self.mirnet, *args], stdin=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise Skipped(f"mirnet {' '.join(args)} ended with {process.returncode}")
        return seconds, usage.ru_maxrss / 1024


def ask(command):
    """The JSON that a program prints."""
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def median_state(states):
    return {key: statistics.median(state[key] for state in states) for key in STATE_KEYS}


def state_columns(state):
    return (f"{state['fma_gflops']:5.0f} {state['fma_gflops_2']:5.0f} {state['stream_gbps']:6.1f} "
            f"{state['cache_gbps']:6.1f} {state['ping_pong_ns']:5.0f} {state['load']:5.1f}")


def short(number):
    return "-" if number is None else f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"
