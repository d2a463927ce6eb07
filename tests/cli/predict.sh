#!/bin/sh
# predict.sh - predictions as a table, the odd records, evaluate, import and tensors
# SPDX-License-Identifier: MIT
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
small_recipe
mirnet simulate -q -n 40 --seed 5 -o sim.csv
mirnet train -q -r small.json -e 10 -o m sim.csv
awk -F, 'NR > 1 { print ">" $1 " more words\n" $2 }' sim.csv >sim.fa

ok 'predict' mirnet predict m sim.fa
cp out table
[ "$(head -n 1 table)" = "$(printf '#name\tlength\tp_mirtron\tp_canonical\tclass')" ]
verdict 'the header line'
awk -F, 'NR > 1 { print $1 "\t" length($2) }' sim.csv >wanted
tail -n +2 table | cut -f 1,2 >got
same 'names and lengths' wanted got
awk -F'\t' 'NR > 1 && (NF != 5 || $3 + $4 < 0.99999 || $3 + $4 > 1.00001 ||
  $5 != ($4 > $3 ? "canonical" : "mirtron")) { bad = 1 } END { exit bad }' table
verdict 'probabilities and class'
"$python" -c 'import struct, sys
for line in open("table"):
    if line[0] != "#":
        for text in line.split("\t")[2:4]:
            number = struct.unpack("f", struct.pack("f", float(text)))[0]
            assert text == "%.9g" % number, text' 2>err
verdict '%.9g of a float32'

ok 'CSV' mirnet predict m sim.csv
same 'CSV gives the same' table out
mirnet predict m - <sim.fa >out 2>err
same 'standard input as -' table out
mirnet predict m <sim.fa >out 2>err
same 'standard input' table out
gzip -c sim.fa >sim.gz
ok 'gzip' mirnet predict m sim.gz
same 'gzip' table out
gzip -c sim.fa | mirnet predict m >out 2>err
same 'gzip from standard input' table out
ok 'two threads' mirnet predict -t 2 m sim.fa
same 'threads change nothing' table out
ok 'into a file' mirnet predict -o file m sim.fa
same 'into a file' table file
head -n 80 sim.fa >first.fa
tail -n 80 sim.fa >second.fa
ok 'two files' mirnet predict m first.fa second.fa
same 'two files' table out
LC_ALL=de_DE.UTF-8 mirnet predict m sim.fa >out 2>err
same 'the locale does not matter' table out
i=0
while [ $i -lt 120 ]; do
  cat sim.fa
  i=$((i + 1))
done >large.fa
ok 'more than a block' mirnet predict -t 2 m large.fa
[ "$(tail -n +2 out | sort -u | wc -l)" -eq "$(tail -n +2 table | sort -u | wc -l)" ] && [ "$(wc -l <out)" -eq 9601 ]
verdict 'blocks change nothing'
awk '/^>/ { print ">r" ++n; next } { print }' large.fa >numbered.fa
{ head -n 1 table && i=0 && while [ $i -lt 120 ]; do tail -n +2 table && i=$((i + 1)); done; } |
  awk -F'\t' -v OFS='\t' 'NR > 1 { $1 = "r" (NR - 1) } { print }' >wanted
awk 'BEGIN { for (i = 1; i <= 9000; i++) print i == 5001 ? ">long\nACGUACGUA" : ">s" i "\nACGU" }' >short.fa
for threads in 1 2; do
  ok "blocks in order, $threads threads" mirnet predict -t $threads m numbered.fa
  same "rows of blocks are in order, $threads threads" wanted out
  ok "blocks of two files, $threads threads" mirnet predict -t $threads m numbered.fa sim.fa
  { cat wanted && tail -n +2 table; } >both
  same "rows of two files, $threads threads" both out
  { cat numbered.fa && printf '>last\nAC!GU\n'; } | mirnet predict -t $threads m >out 2>err
  [ $? -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q "'last'" err && head -n 8193 wanted | cmp -s - out
  verdict "a damaged record ends the run behind the rows of whole blocks, $threads threads"
  mirnet predict -t $threads --long error m short.fa >out 2>err
  [ $? -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q "record 5001 'long'" err && [ "$(wc -l <out)" -eq 4097 ]
  verdict "a refused record ends the run behind the block in front of it, $threads threads"
  mirnet predict -t $threads m numbered.fa 2>err | head -n 1 >out
  [ ! -s err ]
  verdict "a reader that goes away, $threads threads"
done

ok 'JSON' mirnet predict --json m sim.fa
"$python" -c 'import json
rows = [line.rstrip("\n").split("\t") for line in open("table")][1:]
lines = [json.loads(line) for line in open("out")]
assert len(rows) == len(lines) == 80
for row, line in zip(rows, lines):
    assert [line["name"], line["length"], line["class"]] == [row[0], int(row[1]), row[4]]
    assert [line["probabilities"][c] for c in ("mirtron", "canonical")] == [float(p) for p in row[2:4]]' 2>err
verdict 'lines of JSON say the same'
ok 'header' mirnet predict --header m sim.fa
grep '^##' out >header
grep -q '^##mirnet_version=' header && grep -q '^##mirnet_command=mirnet predict --header m sim.fa$' header
verdict 'the lines in front'
grep -v '^##' out >rest
same 'behind them all is the same' table rest

# Records that cannot be encoded.
sed 's/"truncate"/"truncate", "ambiguity": "error"/; s/"length": 8/"length": 100/; s/null, 8, 4/null, 100, 4/' small.json >strict.json
ok 'a strict model' mirnet train -q -r strict.json -o strict sim.csv
printf '>a\nACGU\n>b\nACGNU\n>c\nACGUC\n' >odd.fa
refused_after_rows()
{
  mirnet predict "$@" >out 2>err
  [ $? -eq 1 ] && [ "$(wc -l <err)" -eq 1 ]
}
refused_after_rows strict odd.fa && grep -q "'b'" err
verdict 'an ambiguous letter ends the run and is named'
ok 'keep going' mirnet predict --keep-going strict odd.fa
[ "$(cut -f 1,2,3,5 out | sed -n 3p)" = "$(printf 'b\t5\tNA\tNA')" ] && [ "$(wc -l <out)" -eq 4 ]
verdict 'NA'
ok 'keep going, JSON' mirnet predict --keep-going --json strict odd.fa
[ "$(sed -n 2p out)" = '{"name":"b","length":5,"probabilities":null,"class":null}' ]
verdict 'null'
printf '>a\nACGU\n>empty\n>c\nACGUC\n' >empty.fa
refused_after_rows m empty.fa
verdict 'an empty record ends the run'
ok 'keep going after an empty record' mirnet predict --keep-going m empty.fa
[ "$(sed -n 3p out)" = "$(printf 'empty\t0\tNA\tNA\tNA')" ]
verdict 'an empty record is NA'
ok 'too long, 5 prime end cut' mirnet predict --long truncate5 m sim.fa
same 'a right-aligned model keeps the 3 prime end' table out
ok 'too long, 3 prime end cut' mirnet predict --long truncate3 m sim.fa
differ 'the other end gives something else' table out
refused_after_rows --long error m sim.fa && grep -q "record 1 'sim_mirtron_1'" err
verdict 'too long a record is named'
refused 'a policy that is none' 2 'long' mirnet predict --long middle m sim.fa
: >none.fa
refused_after_rows m none.fa
verdict 'an empty file is an error'

# Evaluate agrees with the table.
ok 'evaluate' mirnet evaluate --json e.json -o e.txt m sim.csv
right=$(tail -n +2 table | awk -F'\t' 'index($1, "_" $5 "_") { n++ } END { print n + 0 }')
holds 'evaluate agrees with predict' e.json "d['tp'] + d['tn'] == $right and d['count'] == 80 and
  d['confusion'] == [[d['tp'], d['fn']], [d['fp'], d['tn']]] and d['classes'] == ['mirtron', 'canonical']"
grep -q '^accuracy' e.txt && grep -q '^canonical ' e.txt
verdict 'evaluate as text'
sed 's/,mirtron$/,alien/' sim.csv >alien.csv
refused 'evaluate on other classes' 1 'alien' mirnet evaluate -q m alien.csv
ok 'evaluate on renamed classes' mirnet evaluate -q --rename alien=mirtron m alien.csv

# Import, and raw tensors in and out, against outputs that another implementation computed.
for case in dense_softmax functional_concat bilstm_concat paper_cnn_lstm; do
  if [ ! -r "$MIRNET_GOLDEN/$case/model.json" ]; then
    skip "golden $case is not there"
    continue
  fi
  ok "import $case" mirnet import "$MIRNET_GOLDEN/$case/model.json" "$MIRNET_GOLDEN/$case/tensors.safetensors" -o "$case"
  ok "tensors $case" mirnet predict --tensors "$MIRNET_GOLDEN/$case/tensors.safetensors" -o "$case.out" "$case"
  "$python" - "$MIRNET_GOLDEN/$case/tensors.safetensors" "$case.out" 2>err <<'PYTHON'
import array, json, sys

def tensor(path, name):
    data = open(path, "rb").read()
    n = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8:8 + n])[name]
    begin, end = entry["data_offsets"]
    return entry["shape"], array.array("f", data[8 + n + begin:8 + n + end])

(shape, want), (got_shape, got) = tensor(sys.argv[1], "output"), tensor(sys.argv[2], "output")
assert shape == got_shape, (shape, got_shape)
assert max(abs(a - b) for a, b in zip(want, got)) <= 1e-5
PYTHON
  verdict "output of $case"
done
refused 'tensors without -o' 2 'output' mirnet predict --tensors m m
refused 'tensors that are none' 1 'sim.csv' mirnet predict --tensors sim.csv -o x m
refused 'import of other weights' 1 '' mirnet import small.json "$MIRNET_SOURCE_ROOT/COPYING" -o x
[ ! -e x ]
verdict 'nothing was written'

finish
