#!/usr/bin/env python3
"""symbols.py - exports of the built library = lib/mirnet.map = declarations in the headers; names inside the archive"""
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("MIRNET_SOURCE_ROOT", pathlib.Path(__file__).parents[2]))
failed = passed = 0


def check(what, complaints):
    """One case: it holds if there are no complaints."""
    global failed, passed
    complaints = sorted(complaints)
    print(("ok      " if not complaints else "FAILED  ") + what)
    for complaint in complaints:
        print(f"        {complaint}")
    passed, failed = passed + (not complaints), failed + bool(complaints)


def nm(*args):
    """Fields of the symbol lines: (value and type omitted) name last."""
    out = subprocess.run(["nm", *args], check=True, capture_output=True, text=True).stdout
    return [line.split() for line in out.splitlines() if len(line.split()) == 3]


def mutable_data(archive):
    """Variables in sections that stay writable; thread-local ones, like the last message, are not shared."""
    out = subprocess.run(["nm", "-f", "sysv", "--defined-only", archive], check=True, capture_output=True, text=True)
    fields = [[f.strip() for f in line.split("|")] for line in out.stdout.splitlines()]
    return {f[0] for f in fields if len(f) == 7 and f[3] == "OBJECT"
            and re.match(r"\.data(?!\.rel\.ro)|\.bss|\*COM\*", f[6])}


def declared():
    """Names declared with MIRNET_API, and all mirnet_ functions declared without it."""
    names, bare = set(), set()
    for header in sorted((ROOT / "include" / "mirnet").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        text = re.sub(r"^\s*#.*(\\\n.*)*$", "", text, flags=re.MULTILINE)
        for statement in text.split(";"):
            match = re.search(r"\b(mirnet_\w+)\s*\(", statement)
            if match and "typedef" not in statement:
                (names if "MIRNET_API" in statement else bare).add(match.group(1))
    return names, bare


def blameless():
    """Functions that no call can get wrong: they take nothing, or a status."""
    text = "".join(h.read_text() for h in (ROOT / "include" / "mirnet").glob("*.h"))
    return set(re.findall(r"\b(mirnet_\w+)\((?:void|mirnet_status status)\);", text))


def main():
    library, archive = os.environ["MIRNET_LIBRARY"], os.environ["MIRNET_ARCHIVE"]
    exported = {f[2].split("@")[0] for f in nm("-D", "--defined-only", library) if f[1] not in "aA"}
    mapped = set(re.findall(r"^\s+(mirnet_\w+);", (ROOT / "lib" / "mirnet.map").read_text(), flags=re.MULTILINE))
    names, bare = declared()

    check("headers declare functions", [] if names else ["none found"])
    check("every public function is declared with MIRNET_API", bare)
    check("exports are in lib/mirnet.map", exported - mapped)
    check("lib/mirnet.map is exported in full", mapped - exported)
    check("declared functions are in lib/mirnet.map", names - mapped)
    check("lib/mirnet.map is declared in full", mapped - names)
    tests = "".join(p.read_text() for p in (ROOT / "tests").glob("test_misuse*.c"))
    unused = {name for name in names - blameless() if f"{name}(" not in tests}
    check("tests/test_misuse*.c has bad use of every public function", unused)
    versions = {f[2] for f in nm("-D", "--defined-only", library) if f[1] not in "aA" and "@@MIRNET_" not in f[2]}
    check("every export carries the version of its release", versions)

    globals_ = {f[2] for f in nm("-g", "--defined-only", archive)}
    check("global names in the archive start with mirnet_ or mn_",
          {n for n in globals_ if not n.startswith(("mirnet_", "mn_"))})
    check("no mutable data but the choice of kernels, the savings left out and the count of forks", mutable_data(archive) - ALLOWED_DATA)
    dynamic = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    version_h = (ROOT / "include" / "mirnet" / "version.h").read_text()
    soversion = re.search(r"#define MIRNET_SOVERSION (\d+)", version_h).group(1)
    soname = re.search(r"SONAME.*\[(.*)\]", dynamic).group(1)
    check("SONAME is that of version.h", [] if soname == f"libmirnet.so.{soversion}" else [soname])
    check("no run path", re.findall(r"(?:RPATH|RUNPATH).*", dynamic))
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", dynamic))
    check("nothing is linked but jansson, zlib and the C library",
          {n for n in needed if not re.match(r"lib(jansson|z|m|c|pthread|gcc_s)\.so|ld-linux", n)})
    undefined = {line.split()[-1].split("@")[0] for line in subprocess.run(
        ["nm", "-D", "--undefined-only", library], check=True, capture_output=True, text=True).stdout.splitlines()}
    check("the library does not print, exit, abort, or touch environment, locale and signals", undefined & FORBIDDEN)

    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


# Set once, when first asked for; by tests alone; by a fork, and by who first watches for one.
ALLOWED_DATA = {"chosen", "left_out", "forks", "watched"}

FORBIDDEN = {"printf", "puts", "putchar", "vprintf", "perror", "stdout", "stderr", "exit", "_exit", "abort",
             "__assert_fail", "getenv", "secure_getenv", "setenv", "setlocale", "uselocale", "signal", "sigaction",
             "system", "popen", "rand", "srand", "random", "json_set_alloc_funcs", "__printf_chk", "strtof",
             "strtold", "atof"}

if __name__ == "__main__":
    sys.exit(main())
