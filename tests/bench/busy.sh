#!/bin/sh
# busy.sh - what training with a thread a processor loses when another program takes one processor: prints the ratio
# SPDX-License-Identifier: MIT
#
#   sh tests/bench/busy.sh [PAIRS [SECONDS]]
#
# Measures in turn on the idle machine and beside a program that spins on one processor: 5 pairs of 1 second each
# unless told otherwise. Nothing else may run. Builds into bench/ of the build folder, MIRNET_BUILD (default build/).
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${MIRNET_BUILD:-$root/build}/bench
pairs=${1:-5}
seconds=${2:-1}
threads=$(nproc)
# The last processor that this shell may run on: "...: 0-3,6" is 6.
cpu=$(taskset -cp $$ | sed 's/.*[^0-9]//')
spinner=

sh "$root/tests/setup.sh" build
{
  [ -f "$build/build.ninja" ] || meson setup --buildtype=release -Dtests=false "$build" "$root"
  ninja -C "$build" tests/bench/bench_model
} >&2

stop()
{
  [ -z "$spinner" ] || kill "$spinner" 2>/dev/null || true
  spinner=
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

# Milliseconds of a training step of the paper's network.
measure()
{
  "$build/tests/bench/bench_model" -w train -t "$threads" -s "$seconds" -j |
    sed -n 's/.*"ms_per_step": \([0-9.e+-]*\).*/\1/p'
}

# In a session of its own, as a program of somebody else would be.
spin()
{
  setsid taskset -c "$cpu" sh -c 'while :; do :; done' &
  spinner=$!
}

pair=0
while [ "$pair" -lt "$pairs" ]; do
  pair=$((pair + 1))
  free=$(measure)
  spin
  busy=$(measure)
  stop
  echo "$pair $free $busy"
done | awk -v threads="$threads" '
  { ratio[NR] = $3 / $2; printf "pair %d: free %.3g ms, busy %.3g ms a step: %.2f\n", $1, $2, $3, ratio[NR] }
  END {
    for (i = 2; i <= NR; i++)
      for (j = i; j > 1 && ratio[j] < ratio[j - 1]; j--) {
        kept = ratio[j]
        ratio[j] = ratio[j - 1]
        ratio[j - 1] = kept
      }
    printf "%d threads, one processor of %d busy: a step takes %.2f times as long (median of %d)\n",
      threads, threads, ratio[int((NR + 1) / 2)], NR
  }'
