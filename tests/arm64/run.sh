#!/bin/sh
# run.sh - builds for 64-bit ARM and runs the tests that say most about it in qemu; the last line counts the cases
# SPDX-License-Identifier: MIT
#
# The libraries are those of Debian's arm64 packages, unpacked beside the build: nothing foreign is installed.
# Environment: MIRNET_BUILD (the build folder is that with -arm64 behind, default build-arm64/), MIRNET_JOBS.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
jobs=${MIRNET_JOBS:-$(nproc)}
build=${MIRNET_BUILD:-$root/build}-arm64
libraries=$build-libraries
tests='base checkpoint checkpoint_weights fit golden init kernel_few kernel_functions kernel_rows kernels layers
passes predict resume rng sha256 tensors tensors_types threads zeros zeros_nets zeros_steps'
plain='fit_plain layers_plain' # of the same programs
unset CC

# Nothing could be run: that is one failure.
give_up()
{
  echo "arm64/run.sh: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

# apt-get for arm64, with lists and archives of its own.
foreign_apt()
{
  apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$libraries/apt" \
    -o Dir::State::status=/dev/null -o Dir::Cache="$libraries/apt" -o APT::Sandbox::User=root "$@"
}

# Headers and archives only, so that programs need no library where they run but libc.
fetch_libraries()
{
  rm -rf "$libraries" && mkdir -p "$libraries/apt/lists/partial" "$libraries/apt/archives/partial" || return 1
  cd "$libraries/apt" && foreign_apt update &&
    foreign_apt download check libjansson-dev libsubunit-dev zlib1g-dev || return 1
  for package in *.deb; do
    dpkg-deb -x "$package" "$libraries" || return 1
  done
  rm -r "$libraries/apt" && find "$libraries/usr/lib" -name '*.so*' -delete &&
    printf "[constants]\nlibraries = '%s'\n" "$libraries" >"$libraries/place.ini"
}

sh "$root/tests/setup.sh" build arm64 || give_up 'the tools are not there'
[ -f "$libraries/place.ini" ] || (fetch_libraries) || give_up 'the libraries for arm64 cannot be had'

if [ ! -f "$build/build.ninja" ]; then
  rm -rf "$build"
  meson setup --cross-file "$libraries/place.ini" --cross-file "$root/tests/arm64/cross.ini" "$build" "$root" ||
    give_up 'the build cannot be configured'
fi
# shellcheck disable=SC2046,SC2086 # words
ninja -C "$build" -j "$jobs" $(printf 'tests/test_%s ' $tests) || give_up 'the build failed'

rm -f "$build"/meson-logs/testlog*.json
# shellcheck disable=SC2086
meson test -C "$build" --no-rebuild --num-processes "$jobs" $tests $plain </dev/null || true
exec python3 "$root/tests/count.py" "$build"/meson-logs/testlog.json
