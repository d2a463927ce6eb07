# common.sh - what the tests of the program share; read with '.' at their start
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Each test runs in an empty folder of its own. MIRNET_PROGRAM is the program, MIRNET_SOURCE_ROOT the source tree.
set -u
: "${MIRNET_PROGRAM:?names the program}"
: "${MIRNET_SOURCE_ROOT:?names the source tree}"
python=${PYTHON:-python3}
export MIRNET_DATA="${MIRNET_DATA:-$MIRNET_SOURCE_ROOT/../shared/data}"
export MIRNET_GOLDEN="${MIRNET_GOLDEN:-$MIRNET_SOURCE_ROOT/../shared/golden}"
passed=0
failed=0
skipped=0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

mirnet()
{
  "$MIRNET_PROGRAM" "$@"
}

# pass WHAT; fail WHAT: one case each; the failed one shows its output.
pass()
{
  passed=$((passed + 1))
}

fail()
{
  failed=$((failed + 1))
  echo "FAILED  $1"
  for log in out err; do
    [ ! -s "$log" ] || head -n 20 "$log" | sed "s/^/  $log: /"
  done
}

skip()
{
  skipped=$((skipped + 1))
  echo "skipped: $1"
}

# verdict WHAT: the command before it must have succeeded.
verdict()
{
  last=$?
  if [ "$last" -eq 0 ]; then pass; else fail "$1"; fi
}

# ok WHAT COMMAND...: the command succeeds.
ok()
{
  what=$1
  shift
  if "$@" >out 2>err </dev/null; then pass; else fail "$what: exit status $?"; fi
}

# refused WHAT STATUS PATTERN COMMAND...: the command ends with this status, nothing on standard output, and one line on
# standard error, "mirnet: ..." with the pattern in it.
refused()
{
  what=$1
  status=$2
  pattern=$3
  shift 3
  "$@" >out 2>err </dev/null
  got=$?
  if [ "$got" -ne "$status" ]; then
    fail "$what: exit status $got, expected $status"
  elif [ -s out ]; then
    fail "$what: wrote to standard output"
  elif [ "$(wc -l <err)" -ne 1 ] || ! grep -q '^mirnet: ' err; then
    fail "$what: expected one line mirnet: ... on standard error"
  elif ! grep -q -e "$pattern" err; then
    fail "$what: the message lacks '$pattern'"
  else
    pass
  fi
}

# same WHAT FILE FILE: equal bytes.
same()
{
  if cmp -s "$2" "$3"; then pass; else fail "$1: $2 and $3 differ"; fi
}

# differ WHAT FILE FILE: other bytes.
differ()
{
  if cmp -s "$2" "$3"; then fail "$1: $2 and $3 are equal"; else pass; fi
}

# holds WHAT FILE EXPRESSION: a Python expression over d, the JSON in the file, is true.
holds()
{
  if "$python" -c 'import json, math, sys
d = json.load(open(sys.argv[1]))
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$2" "$3" >out 2>err; then pass; else fail "$1: not $3"; fi
}

# clean WHAT: no temporary file was left.
clean()
{
  if ls ./*.tmp >/dev/null 2>&1; then fail "$1: left a temporary file"; else pass; fi
}

# The last line, and the exit status.
finish()
{
  if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
  else
    echo "$passed passed, $failed failed"
  fi
  [ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
}

# Six letters a line are enough for a network that learns in no time.
small_recipe()
{
  cat >small.json <<'JSON'
{"name": "small", "encoder": {"length": 8, "align": "right", "long": "truncate"},
 "model": {"class_name": "Sequential", "config": {"layers": [
   {"class_name": "Flatten", "config": {"name": "flatten", "batch_input_shape": [null, 8, 4]}},
   {"class_name": "Dense", "config": {"name": "dense", "units": 2, "activation": "softmax"}}]}},
 "training": {"epochs": 3, "batch_size": 8, "learning_rate": 0.05}}
JSON
}
