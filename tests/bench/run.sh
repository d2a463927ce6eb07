#!/bin/sh
# run.sh - how fast mirnet is beside PyTorch and ONNX Runtime: builds, measures in turn, prints a table, writes JSON
# SPDX-License-Identifier: MIT
#
#   sh tests/bench/run.sh [--install] [DATA...] [--pairs N] [--recipes LIST] [--json FILE] [--window SECONDS]
#                         [--batch N] [--peers all|torch|none] [--passes] [--long]
#
# DATA are CSV files of name,sequence,class; without them a synthetic set takes their place. --install brings the peers:
# PyTorch with apt-get (as root), ONNX Runtime with npm into the build folder. A peer that is not there is skipped.
# -h lists the options; doc/performance.md says what the figures mean. MIRNET_BUILD is the build folder (default
# build/); this builds into bench/ in it.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${MIRNET_BUILD:-$root/build}/bench
python=python3
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3 # the one that apt's packages belong to

# An --install anywhere on the line is for this script, the rest is for compare.py.
install=
left=$#
while [ "$left" -gt 0 ]; do
  case $1 in
    --install) install=1 ;;
    -h | --help) exec "$python" -B "$root/tests/bench/compare.py" --build "$build" -h ;;
    *) set -- "$@" "$1" ;;
  esac
  shift
  left=$((left - 1))
done

# They would pin a BLAS to an old core, and thread counts to one: nobody is measured like that.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OPENBLAS_NUM_THREADS OMP_NUM_THREADS

if [ -n "$install" ]; then
  sh "$root/tests/setup.sh" build peers || echo "run.sh: going on without what is missing" >&2
  if command -v npm >/dev/null 2>&1 && [ ! -d "$build/node/node_modules/onnxruntime-node" ]; then
    mkdir -p "$build/node"
    # Its scripts would fetch libraries for graphics cards.
    npm install --prefix "$build/node" --ignore-scripts --no-audit --no-fund onnxruntime-node >&2 ||
      echo "run.sh: going on without ONNX Runtime" >&2
  fi
else
  sh "$root/tests/setup.sh" build
fi

{
  [ -f "$build/build.ninja" ] || meson setup --buildtype=release -Dtests=false "$build" "$root"
  ninja -C "$build" examples/mirnet tests/bench/bench_model tests/bench/bench_parts \
    tests/bench/machine
} >&2

exec "$python" -B "$root/tests/bench/compare.py" --build "$build" "$@"
