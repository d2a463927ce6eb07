#!/bin/sh
# run.sh - sets up what is missing, builds the library, runs all tests; the last line counts the cases
# SPDX-License-Identifier: MIT
#
#   sh tests/run.sh [--quick] [--sanitize address,undefined | thread | valgrind]
#
# --quick leaves out the slow tests. --sanitize builds into a folder of its own; `thread` runs the tests of the suite
# "threads", `valgrind` those of the suite "valgrind". Environment: MIRNET_BUILD (build folder, default build/),
# MIRNET_JOBS (default: all processors), CC, MIRNET_DATA and MIRNET_GOLDEN (see doc/testing.md).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
jobs=${MIRNET_JOBS:-$(nproc)}
build=${MIRNET_BUILD:-$root/build}
quick=
sanitize=

usage()
{
  sed -n 's/^# \{0,1\}//; 4,10p' "$0" >&2
  exit 2
}

# Nothing could be run: that is one failure.
give_up()
{
  echo "run.sh: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=1 ;;
    --sanitize)
      [ $# -gt 1 ] || usage
      sanitize=$2
      shift
      ;;
    *) usage ;;
  esac
  shift
done

groups='build tests'
setup=-Dtests=true # the demo builds without them
select=
wrap=
[ -z "$quick" ] || select='--no-suite slow'
case $sanitize in
  '') ;;
  address,undefined)
    setup="$setup -Db_sanitize=address,undefined -Db_lundef=false"
    ;;
  thread)
    setup="$setup -Db_sanitize=thread -Db_lundef=false"
    select='--suite threads'
    # Its shadow memory does not cope with every randomised address space.
    wrap="setarch $(uname -m) -R"
    ;;
  valgrind)
    select='--suite valgrind'
    ;;
  *) usage ;;
esac
if [ -z "$sanitize" ]; then groups="$groups python"; else groups="$groups sanitizers"; fi
[ -z "${CC:-}" ] || build=$build-$(basename "$CC")
[ -z "$sanitize" ] || build=$build-$(echo "$sanitize" | tr , -)

# shellcheck disable=SC2086 # groups are words
sh "$root/tests/setup.sh" $groups || give_up 'the tools are not there'

if [ -f "$build/build.ninja" ]; then
  # shellcheck disable=SC2086 # several options
  meson setup --reconfigure $setup "$build" "$root" >"$build/setup.log" 2>&1 ||
    meson setup --wipe $setup "$build" "$root" || give_up 'the build cannot be configured'
else
  # shellcheck disable=SC2086
  meson setup $setup "$build" "$root" || give_up 'the build cannot be configured'
fi
ninja -C "$build" -j "$jobs" || give_up 'the build failed'

# ONNX Runtime, which reads what the Python package exports; it comes from npm.
if [ -z "$sanitize" ]; then
  { sh "$root/tests/setup.sh" node && MIRNET_BUILD=$build sh "$root/bindings/python/tests/setup_onnx.sh"; } ||
    echo 'run.sh: there is no ONNX Runtime: the tests that need it are skipped' >&2
fi

# A locale with a decimal comma, for the tests that numbers do not depend on it.
mkdir -p "$build/locale"
if localedef -i de_DE -f UTF-8 "$build/locale/de_DE.UTF-8" >/dev/null 2>&1; then
  export LOCPATH="$build/locale"
fi

# Every case runs even if others fail; what counts is the log, read by count.py.
rm -f "$build"/meson-logs/testlog*.json
set -- -C "$build" --no-rebuild --num-processes "$jobs"
[ "$sanitize" != valgrind ] || set -- "$@" --timeout-multiplier 10 --wrap \
  'valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite'
# shellcheck disable=SC2086
$wrap meson test "$@" $select </dev/null || true

if [ -x /usr/bin/python3 ]; then python=/usr/bin/python3; else python=python3; fi
exec $python "$root/tests/count.py" "$build"/meson-logs/testlog*.json
