#!/bin/sh
# files.sh - files that cannot be read or written: one line, the right status, nothing half-written
# SPDX-License-Identifier: MIT
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
small_recipe

ok 'a synthetic set' mirnet simulate -q -n 20 -o sim.csv
ok 'a model' mirnet train -q -r small.json -o m sim.csv

for command in 'crossval -q -r small.json' 'train -q -r small.json -o n' 'evaluate -q m'; do
  name=${command%% *}
  # shellcheck disable=SC2086 # words
  {
    refused "$name of a missing file" 1 'missing.csv' mirnet $command missing.csv
    refused "$name of a folder" 1 '' mirnet $command .
    : >empty.csv
    refused "$name of an empty file" 1 'empty.csv' mirnet $command empty.csv
    printf 'a,ACGU\n' >short.csv
    refused "$name of a row without a class" 1 '' mirnet $command short.csv
    printf 'a,ACGU,mirtron\nb,AC-U,canonical\n' >gap.csv
    refused "$name of a letter that is no base" 1 'gap.csv:2' mirnet $command gap.csv
    printf 'a\000b,ACGU,x\n' >nul.csv
    refused "$name of a NUL byte" 1 'nul.csv' mirnet $command nul.csv
    gzip -c sim.csv | head -c 200 >cut.csv.gz
    refused "$name of a truncated gzip file" 1 'cut.csv.gz' mirnet $command cut.csv.gz
  }
done
if [ "$(id -u)" -ne 0 ]; then
  : >secret.csv
  chmod 0 secret.csv
  refused 'crossval of an unreadable file' 1 'secret.csv' mirnet crossval -q secret.csv
fi
[ ! -e n ]
verdict 'a model appeared although training failed'

refused 'predict with a missing model' 1 'missing' mirnet predict missing sim.csv
refused 'predict with a model that is none' 1 'sim.csv' mirnet predict sim.csv sim.csv
refused 'predict with an empty model' 1 'empty.csv' mirnet predict empty.csv sim.csv
head -c 300 m >half
refused 'predict with half a model' 1 'half' mirnet predict half sim.csv
refused 'a missing recipe' 1 'missing.json' mirnet crossval -q -r missing.json sim.csv
printf '{"model": [}' >bad.json
refused 'a recipe that is no JSON' 1 'bad.json:1:' mirnet crossval -q -r bad.json sim.csv

grep ',mirtron$' sim.csv >one.csv
refused 'crossval of one class' 1 "'mirtron'" mirnet crossval -q -r small.json one.csv
refused 'train on one class' 1 "'mirtron'" mirnet train -q -r small.json -o n one.csv
head -n 4 sim.csv >few.csv
refused 'crossval with fewer records than folds' 1 'folds' mirnet crossval -q -r small.json few.csv
refused 'groups by a column that is not there' 1 'family' mirnet crossval -q -r small.json --groups family sim.csv

# Targets that cannot be written.
refused 'output into a missing folder' 1 'no/where' mirnet simulate -q -o no/where
refused 'a model into a missing folder' 1 'no/where' mirnet train -q -r small.json -o no/where sim.csv
refused 'JSON into a missing folder' 1 'no/where' mirnet crossval -q -r small.json --json no/where sim.csv
mkdir folder
refused 'output onto a folder' 1 'folder' mirnet simulate -q -o folder
refused 'a model onto a folder' 1 'folder' mirnet train -q -r small.json -o folder sim.csv
if [ -w /dev/full ]; then
  refused 'a full disk, -o' 1 'No space' mirnet simulate -q -o /dev/full
  refused 'a full disk, model' 1 '/dev/full' mirnet train -q -r small.json -o /dev/full sim.csv
  for line in 'simulate -q' 'predict m sim.csv' 'evaluate -q m sim.csv' 'summary linear-ends' '-h' 'predict -h' \
              'crossval -q -r small.json sim.csv' 'crossval -q -r small.json --json - sim.csv'; do
    # shellcheck disable=SC2086 # words
    mirnet $line >/dev/full 2>err
    status=$?
    [ "$status" -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'No space' err
    verdict "a full disk: mirnet $line"
  done
else
  skip 'there is no /dev/full'
fi

# An old result stays as it was when the new one fails, and its permission bits stay when it is replaced.
echo old >kept
chmod 640 kept
refused 'predict of a bad file' 1 'gap.csv' mirnet predict -o kept m gap.csv
[ "$(cat kept)" = old ]
verdict 'the old result was touched'
ok 'predict over an old result' mirnet predict -o kept m sim.csv
[ "$(stat -c %a kept)" = 640 ]
verdict 'the permission bits changed'
ln -s kept link
ok 'predict through a link' mirnet predict -o link m sim.csv
[ -L link ]
verdict 'the link was replaced'
clean 'all of these'

# A reader that goes away ends the program quietly.
mirnet simulate -q -n 100000 2>err | head -n 1 >out
[ ! -s err ] && [ "$(wc -l <out)" -eq 1 ]
verdict 'a closed pipe: simulate'
mirnet simulate -q -n 30000 -o many.csv
mirnet predict m many.csv 2>err | head -n 1 >out
[ ! -s err ] && [ "$(wc -l <out)" -eq 1 ]
verdict 'a closed pipe: predict'
{ sleep 1; mirnet predict m sim.csv 2>err; echo $? >status; } | true
[ ! -s err ] && [ "$(cat status)" -eq 1 ]
verdict 'a closed pipe ends with status 1'

finish
