#!/bin/sh
# usage.sh - help, version, and what the program says to a wrong command line
# SPDX-License-Identifier: MIT
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

ok 'help' mirnet -h
grep -q '^usage: mirnet' out
verdict 'help goes to standard output'
[ ! -s err ]
verdict 'help is silent on standard error'
ok 'version' mirnet --version
head -n 1 out | grep -q '^mirnet [0-9]*\.[0-9]*\.[0-9]*$'
verdict 'the first line of --version'
for command in summary train crossval predict evaluate import simulate; do
  ok "help of $command" mirnet "$command" -h
  grep -q "^usage: mirnet $command" out
  verdict "help of $command goes to standard output"
  ok "long help of $command" mirnet "$command" --help
  refused "$command with an unknown long option" 2 "unknown option '--bogus'" mirnet "$command" --bogus
  refused "$command with an unknown short option" 2 "unknown option '-Z'" mirnet "$command" -Z
  refused "$command with a flag that gets a value" 2 'takes no value' mirnet "$command" --quiet=1
done
for option in --help -q -v; do
  ok "simulate $option" mirnet simulate -n 1 $option
done

refused 'no command' 2 'command' mirnet
refused 'an unknown command' 2 "'frobnicate'" mirnet frobnicate
refused 'an option that lacks its value' 2 'needs a value' mirnet simulate -n
refused 'a number that is none' 2 "'ten'" mirnet simulate -n ten
refused 'a number with a tail' 2 "'10x'" mirnet simulate -n 10x
refused 'a number below its bound' 2 '1\.\.' mirnet simulate -n 0
refused 'a number beyond 64 bits' 2 'whole number' mirnet simulate -s 99999999999999999999
refused 'no threads' 2 '1\.\.256' mirnet crossval -t 0 x.csv
refused 'too many threads' 2 '1\.\.256' mirnet crossval -t 257 x.csv
refused 'one fold' 2 '2\.\.' mirnet crossval -k 1 x.csv
refused 'an operand too many' 2 "'x'" mirnet simulate x
refused 'crossval without data' 2 'no data' mirnet crossval
refused 'train without data' 2 'no data' mirnet train -o m
refused 'train without -o' 2 'output' mirnet train x.csv
refused 'train with --recipe and --resume' 2 'exclude' mirnet train --recipe linear-ends --resume m -o m x.csv
refused 'predict without a model' 2 'operand' mirnet predict
refused 'evaluate without a model' 2 'operand' mirnet evaluate
refused 'import without weights' 2 'operand' mirnet import spec.json -o m
refused 'summary of nothing' 2 'operand' mirnet summary
refused 'an unknown key' 2 "'training.nonsense'" mirnet crossval --set training.nonsense=1 x.csv
refused 'a key without a value' 2 'KEY=VALUE' mirnet crossval --set training.epochs x.csv
refused 'a value that is no number' 2 "'many'" mirnet crossval --set training.epochs=many x.csv
refused 'a value out of bounds' 2 'training.batch_size' mirnet crossval --set training.batch_size=0 x.csv
refused 'a word that is none of the option' 2 'encoder.align' mirnet crossval --set encoder.align=middle x.csv

finish
