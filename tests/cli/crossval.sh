#!/bin/sh
# crossval.sh - the JSON contract of crossval, its baselines, and that it can be repeated
# SPDX-License-Identifier: MIT
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
small_recipe
keys='["accuracy", "sensitivity", "specificity", "f1", "mcc", "auroc", "aupr"]'

mirnet simulate -q -n 40 --seed 5 -o sim.csv
ok 'crossval' mirnet crossval -r small.json --json cv.json --seed 3 -o text sim.csv
grep -q 'seed 3' err
verdict 'the seed is printed'
grep -q '80 unique sequences' err
verdict 'the duplicate report is printed'
[ "$(grep -c 'fold ./5 epoch ./3 loss' err)" -eq 15 ]
verdict 'a line an epoch'
grep -q '^mean ' text && grep -q '^median ' text && grep -q '^sd ' text && grep -q 'CI low' text &&
  grep -q '^three_prime_yag ' text && grep -q '^linear_ends ' text
verdict 'the table'

holds 'folds' cv.json '[(f["repeat"], f["fold"]) for f in d["folds"]] == [(1, i) for i in range(1, 6)]'
holds 'keys of a fold' cv.json "all(set(f) == set($keys) | {'repeat', 'fold', 'tp', 'fn', 'fp', 'tn', 'epochs'} for f in d['folds'])"
holds 'keys of summaries' cv.json "all(list(d[s]) == $keys for s in ('mean', 'median', 'sd', 'ci95', 'ci95_normal'))"
holds 'keys of baselines' cv.json "list(d['baselines']) == ['three_prime_yag', 'linear_ends'] and all(list(b) == $keys for b in d['baselines'].values())"
holds 'every record is tested once' cv.json 'sum(f[c] for f in d["folds"] for c in ("tp", "fn", "fp", "tn")) == 80'
holds 'folds are stratified' cv.json 'all(f["tp"] + f["fn"] == 8 and f["fp"] + f["tn"] == 8 for f in d["folds"])'
holds 'figures follow from counts' cv.json 'all(abs(f["accuracy"] - (f["tp"] + f["tn"]) / 16) < 1e-12 and
  abs(f["sensitivity"] - f["tp"] / 8) < 1e-12 and abs(f["specificity"] - f["tn"] / 8) < 1e-12 for f in d["folds"])'
holds 'mean, median, sd' cv.json "all(abs(d['mean'][k] - statistics.mean(v)) < 1e-12 and
  abs(d['median'][k] - statistics.median(v)) < 1e-12 and abs(d['sd'][k] - statistics.stdev(v)) < 1e-12
  for statistics in [__import__('statistics')] for k in $keys for v in [[f[k] for f in d['folds']]])"
# 2.7764451 is the 97.5 % quantile of Student's t with 4 degrees of freedom.
holds 'intervals' cv.json "all(abs(d['ci95'][k][i] - (d['mean'][k] + s * 2.7764451051978 * d['sd'][k] / 5 ** .5)) < 1e-9 and
  abs(d['ci95_normal'][k][i] - (d['mean'][k] + s * 1.959963984540054 * d['sd'][k] / 5 ** .5)) < 1e-4
  for k in $keys for i, s in ((0, -1), (1, 1)))"
holds 'what else is known' cv.json 'd["records"] == 80 and d["duplicates"] == 0 and d["conflicts"] == 0 and
  d["recipe"] == "small" and d["seed"] == 3 and d["version"].count(".") == 2 and d["classes"] == {"mirtron": 40, "canonical": 40}'

ok 'once more' mirnet crossval -q -r small.json --json again.json --seed 3 sim.csv
[ ! -s err ]
verdict '-q is silent'
same 'equal seeds give equal reports' cv.json again.json
ok 'with two threads' mirnet crossval -q -r small.json --json threads.json --seed 3 -t 2 sim.csv
same 'threads change nothing' cv.json threads.json
# More folds than threads side by side, then more threads than folds; the label says which fold a line is of.
for threads in 3 7; do
  ok "with $threads threads" mirnet crossval -r small.json --json threads.json --seed 3 -t $threads sim.csv
  same "$threads threads change nothing" cv.json threads.json
  [ "$(grep -c 'fold ./5 epoch ./3 loss' err)" -eq 15 ]
  verdict 'a line an epoch of each fold'
done
refused 'one error for all folds' 1 'early stopping watches validation data' mirnet crossval -q -r small.json -t 4 \
  --set training.validation_split=0 --set training.early_stopping=1 sim.csv
# A network that soon diverges: the other folds stop, and the error is the last thing that is said.
linear='{"class_name": "Dense", "config": {"units": 4}},'
sed "s/.*\"units\": 2/$linear$linear$linear&/" small.json >steep.json
mirnet crossval -r steep.json -t 3 --epochs 100000 --set training.optimizer=sgd --set training.learning_rate=1000 sim.csv \
  >out 2>err
[ $? -eq 1 ] && [ "$(tail -n 1 err)" = "$(grep 'not a finite' err)" ]
verdict 'a fold that fails ends those beside it: one error, at the end'
ok 'another seed' mirnet crossval -q -r small.json --json other.json --seed 4 sim.csv
differ 'another seed gives another report' cv.json other.json
mirnet crossval -q -r small.json --seed 3 --json - sim.csv >stdout.json 2>err
same 'JSON on standard output' cv.json stdout.json
mirnet crossval -q -r small.json --seed 3 --json - -o - sim.csv >both 2>err
cat cv.json text | cmp -s - both
verdict 'both reports on standard output'

# The rule of the 3' end, on sequences of which it is known.
cat >yag.csv <<'CSV'
p1,GUGACUAACGCCUUUCCUACAG,TRUE
p2,GUGACUAACGCCUUUCCUGCAG,TRUE
p3,GTGACTAACGCCTTTCCTGTAG,TRUE
p4,gugacuaacgccuuuccuguag,TRUE
n1,GUGACUAACGCCUUUCCUGAAG,FALSE
n2,GUGACUAACGCCUUUCCUGGAG,FALSE
n3,GUGACUAACGCCUUUCCCAGGU,FALSE
n4,CAGGACUAACGCCUUUCCUGAA,FALSE
CSV
ok 'crossval of the rule' mirnet crossval -q -r small.json -k 2 --json yag.json yag.csv
holds 'the rule is right on its own cases' yag.json 'all(v == 1 for v in d["baselines"]["three_prime_yag"].values())'
ok 'crossval of the rule, negative first' mirnet crossval -q -r small.json -k 2 --json yag.json --positive FALSE yag.csv
holds 'the rule is about mirtrons, not the positive class' yag.json 'all(v == 1 for v in d["baselines"]["three_prime_yag"].values())'

# Repeats, groups, order.
ok 'repeats' mirnet crossval -q -r small.json --repeats 2 -k 3 -e 1 --json repeats.json sim.csv
holds 'repeats' repeats.json '[(f["repeat"], f["fold"], f["epochs"]) for f in d["folds"]] ==
  [(r, f, 1) for r in (1, 2) for f in (1, 2, 3)]'
cat sim.csv >twice.csv
tail -n +2 sim.csv | sed 's/^sim/again/' >>twice.csv
ok 'identical sequences together' mirnet crossval -r small.json --groups identical --json groups.json twice.csv
grep -q '80 unique sequences, 80 of them more than once' err
verdict 'duplicates are reported'
holds 'duplicates in the JSON' groups.json 'd["records"] == 160 and d["duplicates"] == 80 and d["groups"] == "identical"'
awk -F, 'NR == 1 { print $0 ",family" } NR > 1 { print $0 "," NR % 8 }' sim.csv >families.csv
ok 'a column of groups' mirnet crossval -q -r small.json -k 4 --groups family --json family.json families.csv
holds 'a column of groups' family.json 'd["groups"] == "family" and len(d["folds"]) == 4'
ok 'without shuffling' mirnet crossval -q -r small.json --no-shuffle --json plain.json sim.csv
holds 'without shuffling' plain.json 'd["shuffle"] is False'

# Several files, classes by file, names, standard input, gzip.
head -n 41 sim.csv >first.csv
{ head -n 1 sim.csv; tail -n 40 sim.csv; } >second.csv
ok 'two files' mirnet crossval -q -r small.json --seed 3 --json two.json first.csv second.csv
same 'two files are one set' cv.json two.json
gzip -c second.csv >second.csv.gz
ok 'a packed file' mirnet crossval -q -r small.json --seed 3 --json two.json first.csv second.csv.gz
same 'a packed file' cv.json two.json
mirnet crossval -q -r small.json --seed 3 --json two.json first.csv - <second.csv >out 2>err
same 'standard input' cv.json two.json
for class in mirtron canonical; do
  grep ",$class\$" sim.csv | awk -F, '{ print ">" $1 " about it\n" tolower($2) }' | sed '/^>/!s/u/t/g' >$class.fa
done
ok 'FASTA, class by class' mirnet crossval -q -r small.json --json fasta.json -c canonical=canonical.fa -c mirtron=mirtron.fa
holds 'FASTA, class by class' fasta.json 'list(d["classes"].items()) == [("mirtron", 40), ("canonical", 40)]'
sed 's/,mirtron$/,TRUE/; s/,canonical$/,FALSE/' sim.csv >flags.csv
ok 'renamed classes' mirnet crossval -q -r small.json --seed 3 --json named.json --rename TRUE=mirtron --rename FALSE=canonical flags.csv
same 'renamed classes' cv.json named.json
ok 'another positive class' mirnet crossval -q -r small.json --json positive.json --positive canonical sim.csv
holds 'another positive class' positive.json 'list(d["classes"]) == ["canonical", "mirtron"]'
refused 'a positive class that is none' 1 'nobody' mirnet crossval -q -r small.json --positive nobody sim.csv
refused 'a class without a file' 2 'NAME=FILE' mirnet crossval -q -r small.json --class mirtron

# The real data, if they are there: the known numbers of the set and of the rule.
if [ -r "$MIRNET_DATA/mirtron/miRBase_set.csv" ]; then
  ok 'the real data' mirnet crossval -r linear-ends -e 1 --json real.json "$MIRNET_DATA/mirtron/miRBase_set.csv" \
    "$MIRNET_DATA/mirtron/putative_mirtrons_set.csv"
  grep -q '1101 unique sequences, 14 of them more than once, 2 with more than one class' err
  verdict 'the duplicate report of the real data'
  holds 'the real data' real.json 'd["records"] == 1124 and d["duplicates"] == 23 and d["conflicts"] == 2 and
    d["classes"] == {"TRUE": 417, "FALSE": 707}'
  holds 'the rule on the real data' real.json 'abs(d["baselines"]["three_prime_yag"]["accuracy"] - .926) < .001 and
    abs(d["baselines"]["three_prime_yag"]["mcc"] - .842) < .002'
else
  skip 'the real data are not there'
fi

finish
