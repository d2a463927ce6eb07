#!/bin/sh
# demo.sh - the whole job on a fresh Debian 12: builds what is needed and shows every command that it runs
# SPDX-License-Identifier: MIT
#
#   sh examples/demo.sh [DATA...]
#
# DATA are CSV files of name,sequence,class; without them a synthetic set takes their place. The network is the paper's, with
# its 30 epochs on real files and 10 on the synthetic set, so that all takes a few minutes at most.
# MIRNET_BUILD is the build folder (default build/), MIRNET_OUT where the results go (default demo/ in it).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${MIRNET_BUILD:-$root/build}
out=${MIRNET_OUT:-$build/demo}
threads=$(nproc)

# The tools; as root, apt-get brings what is missing.
sh "$root/tests/setup.sh" build
[ -f "$build/build.ninja" ] || meson setup --buildtype=release -Dtests=false "$build" "$root"
ninja -C "$build"
mkdir -p "$out"

# show COMMAND...: prints the command line, then runs it.
show()
{
  printf '\n$ mirnet'
  printf ' %s' "$@"
  printf '\n'
  "$build/examples/mirnet" "$@"
}

if [ $# -eq 0 ]; then
  show simulate -n 150 --seed 1 -o "$out/sim.csv"
  set -- "$out/sim.csv"
  epochs=10
else
  epochs=30
fi

show summary tasdelen2021
show crossval --recipe tasdelen2021 --epochs $epochs -t "$threads" --groups identical --json "$out/crossval.json" "$@"
show train --recipe tasdelen2021 --epochs $epochs -t "$threads" -o "$out/model.safetensors" "$@"
show summary "$out/model.safetensors"
show predict -t "$threads" -o "$out/predictions.tsv" "$out/model.safetensors" "$@"
printf '\n$ head -n 5 %s\n' "$out/predictions.tsv"
head -n 5 "$out/predictions.tsv"
show evaluate "$out/model.safetensors" "$@"

printf '\nThe evaluation above is on the training data: the figures to trust are those of the cross-validation.\n'
printf 'Everything is in %s.\n' "$out"
