#!/bin/sh
# documents.sh - the programs and command lines that the documents show do run
# SPDX-License-Identifier: MIT
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
root=$MIRNET_SOURCE_ROOT
PATH=$(dirname "$MIRNET_PROGRAM"):$PATH

# build PROGRAM SOURCE: against the library that was just built.
build()
{
  # shellcheck disable=SC2086 # CC may be several words
  ${CC:-cc} -std=c11 -Wall -Wextra -Werror -I"$root/include" -o "$1" "$2" "$MIRNET_LIBRARY" \
    -Wl,-rpath,"$(dirname "$MIRNET_LIBRARY")"
}

# The walk-through of mirnet.h: the indented lines of its one long comment.
sed -n '/^\/\*$/,/^ \*\/$/p' "$root/include/mirnet/mirnet.h" | sed -n 's/^ \*     //p; s/^ \*$//p' >walk.c
if [ -n "${MIRNET_LIBRARY:-}" ]; then
  ok 'the walk-through compiles' build walk walk.c
  ok 'the walk-through runs' ./walk
  grep -q '^mirtron 0\.[0-9]*, canonical 0\.[0-9]*$' out
  verdict 'the walk-through prints probabilities'
  ok 'minimal.c compiles' build minimal "$root/examples/minimal.c"
  ok 'minimal.c runs' ./minimal
  cp out minimal.out
  mirnet simulate -q -n 200 -s 1 -o sim.csv
  ok 'minimal.c on a file' ./minimal sim.csv
  same 'the same records, the same output' minimal.out out
  printf 'a,AC-GU,x\n' >bad.csv
  if ./minimal bad.csv >out 2>err; then fail 'minimal.c on a bad file'; else pass; fi
else
  skip 'MIRNET_LIBRARY is not set'
fi
[ "$(wc -l <"$root/examples/minimal.c")" -lt 80 ]
verdict 'minimal.c has 80 lines or more'
# The README shows minimal.c as it is, and what it prints.
awk '/^```$/ { shown = 0 } shown { print } /^```c$/ { shown = 1 }' "$root/README.md" >readme.c
same 'the README shows minimal.c' "$root/examples/minimal.c" readme.c
if [ -f minimal.out ]; then
  # Last digits may differ between processors.
  sed 's/[0-9]/9/g' "$root/README.md" >readme.out
  sed 's/[0-9]/9/g' minimal.out | while IFS= read -r line; do
    grep -q -F -x "$line" readme.out || echo "$line"
  done >missing
  cp missing out
  [ ! -s missing ]
  verdict 'the README shows what minimal.c prints'
fi

# Examples of the manual that need no files of the user's.
sed -n '/^\.SH EXAMPLES/,/^\.SH FILES/p' "$root/doc/mirnet.1" | sed -n 's/^    mirnet /mirnet /p' | sed 's/\\-/-/g' >examples
[ "$(wc -l <examples)" -ge 3 ]
verdict 'the manual has examples'
grep 'sim\.' examples | while IFS= read -r line; do
  # In a subshell: `mirnet` is the program itself here, found by PATH.
  sh -c "$line" >out 2>err </dev/null || echo "$line"
done >broken
cp broken out
[ ! -s broken ]
verdict 'the examples of the manual run'

# Every option of every command stands in the manual.
for command in summary train crossval predict evaluate import simulate; do
  for option in $(mirnet "$command" -h | sed -n 's/^ .*--\([a-z-]*\).*/\1/p'); do
    sed 's/\\-/-/g' "$root/doc/mirnet.1" | grep -q -e "--$option"
    verdict "the manual lacks --$option of $command"
  done
done

finish
