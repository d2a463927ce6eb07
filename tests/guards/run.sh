#!/bin/sh
# run.sh - instructions of a training step and of a prediction, counted by valgrind, against those in counts.txt
# SPDX-License-Identifier: MIT
#
#   sh tests/guards/run.sh [--update]
#
# --update writes the counts of this compiler and these kernels into counts.txt. The last line is "N passed, N failed[,
# N skipped]". Environment: CC, MIRNET_BUILD (build folder, default build/). Builds into guards/ of it, as a release.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${MIRNET_BUILD:-$root/build}
[ -z "${CC:-}" ] || build=$build-$(basename "$CC")
build=$build/guards
python=python3
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3

give_up()
{
  echo "run.sh: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

sh "$root/tests/setup.sh" build || give_up 'the tools are not there'
{
  [ -f "$build/build.ninja" ] || meson setup --buildtype=release -Dtests=false "$build" "$root"
  ninja -C "$build" tests/guards/work
} >&2 || give_up 'the build failed'

exec "$python" "$root/tests/guards/instructions.py" "$build/tests/guards/work" "$root/tests/guards/counts.txt" "$@"
