#!/bin/sh
# test_headers.sh - each public header compiles alone, twice over, as C11 and as C++17, with strict warnings as errors
# SPDX-License-Identifier: MIT
set -u

root=${MIRNET_SOURCE_ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

# compile WHAT COMMAND...: one case.
compile()
{
  what=$1
  shift
  if "$@" >"$folder/log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED  $what"
    cat "$folder/log"
  fi
}

common='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Wcast-qual -Wpointer-arith -Werror -fsyntax-only'
for header in "$root"/include/mirnet/*.h; do
  name=mirnet/$(basename "$header")
  printf '#include <%s>\n#include <%s>\nint mn_unused;\n' "$name" "$name" >"$folder/a.c"
  cp "$folder/a.c" "$folder/a.cpp"
  # shellcheck disable=SC2086 # CC and the flags are words
  compile "$name as C11" ${CC:-cc} -std=c11 $common -Wstrict-prototypes -I"$root/include" "$folder/a.c"
  # shellcheck disable=SC2086
  compile "$name as C++17" ${CXX:-c++} -std=c++17 $common -I"$root/include" "$folder/a.cpp"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
