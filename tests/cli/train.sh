#!/bin/sh
# train.sh - training, saving, resuming, and being interrupted
# SPDX-License-Identifier: MIT
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
small_recipe
mirnet simulate -q -n 40 --seed 5 -o sim.csv
mirnet simulate -q -n 20 --seed 6 -o other.csv

ok 'train' mirnet train -r small.json -e 4 -o m sim.csv
[ "$(grep -c 'epoch ./4 loss' err)" -eq 4 ]
verdict 'a line an epoch'
grep -q 'seed 1' err
verdict 'the seed is printed'
ok 'train again' mirnet train -q -r small.json -e 4 -o again sim.csv
[ ! -s err ] && [ ! -s out ]
verdict '-q is silent'
same 'equal runs write equal files' m again
ok 'train with two threads' mirnet train -q -r small.json -e 4 -t 2 -o threads sim.csv
same 'threads change nothing' m threads
ok 'another seed' mirnet train -q -r small.json -e 4 -s 2 -o seeded sim.csv
differ 'another seed gives another model' m seeded

ok 'two epochs' mirnet train -q -r small.json -e 2 -o half sim.csv
ok 'and two more' mirnet train -q --resume half -e 4 -o whole sim.csv
same 'resumed is uninterrupted' m whole
refused 'resume from nothing' 1 'missing' mirnet train -q --resume missing -o n sim.csv
refused 'resume with a seed' 2 'seed' mirnet train -q --resume half -s 1 -o n sim.csv
ok 'save in between' mirnet train -q -r small.json -e 4 --save-every 1 -o m4 sim.csv
same 'saving in between changes nothing' m m4

ok 'validation data' mirnet train -r small.json -e 2 --validation other.csv -o v sim.csv
grep -q 'val_loss' err
verdict 'the validation loss is shown'
ok 'settings' mirnet train -q -r small.json --set training.batch_size=4 --set training.optimizer=sgd \
  --set training.early_stopping=true -o s --set training.validation_split=0.2 sim.csv
# Every example recipe trains, and what it makes predicts.
mirnet simulate -q -n 10 --seed 7 -o tiny.csv
for recipe in "$MIRNET_SOURCE_ROOT"/examples/recipes/*.json; do
  name=$(basename "$recipe" .json)
  ok "an epoch of $name" mirnet train -q -r "$recipe" -e 1 -o epoch tiny.csv
  ok "predictions of $name" mirnet predict -q -o epoch.tsv epoch tiny.csv
  [ "$(grep -c '^sim_' epoch.tsv)" -eq 20 ]
  verdict "predictions of $name: a line a record"
done
ok 'verbose' mirnet train -v -r small.json -o s sim.csv
grep -q 's user' err
verdict '-v tells the time'

# Ctrl-C after the third epoch: what is left can be looked at and resumed.
"$python" - "$MIRNET_PROGRAM" train -r small.json -e 5000 -o stopped sim.csv >err <<'PYTHON'
import signal, subprocess, sys
# A shell without job control starts background commands with Ctrl-C ignored: this one is not.
signal.signal(signal.SIGINT, signal.SIG_DFL)
run = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True)
for line in run.stderr:
    if "epoch 3/" in line:
        run.send_signal(signal.SIGINT)
    if "epoch" not in line or "interrupted" in line:
        print(line, end="")
sys.exit(run.wait() != 1)
PYTHON
verdict 'an interrupted run ends with status 1'
grep -q '^mirnet: interrupted after [0-9]* whole epochs; stopped can be resumed$' err
verdict 'the message of an interrupted run'
ok 'summary of what is left' mirnet summary stopped
ok 'and it goes on' mirnet train -q --resume stopped -e 5001 -o resumed sim.csv
clean 'training'

finish
