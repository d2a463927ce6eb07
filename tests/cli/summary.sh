#!/bin/sh
# summary.sh - Table 3 of Tasdelen & Sen 2021, and the other things that summary shows
# SPDX-License-Identifier: MIT
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
small_recipe

# The paper prints 42 and 512 where the arithmetic gives 41 (second convolution) and 514 (last layer): misprints.
ok 'the paper as JSON' mirnet summary tasdelen2021 --json table3.json
holds 'keys of a layer' table3.json 'all(set(l) == {"name", "class_name", "output_shape", "params"} for l in d["layers"])'
holds 'parameters' table3.json \
  '[l["params"] for l in d["layers"]] == [3200, 393344, 393344, 0, 1115600, 25856, 0, 514]'
holds 'total' table3.json 'd["total_params"] == 1931858'
holds 'shapes' table3.json '[l["output_shape"] for l in d["layers"]] == [[None, 1, 82, 2, 128], [None, 1, 41, 1, 128],
  [None, 1, 21, 1, 128], [None, 1, 2688], [None, 100], [None, 256], [None, 256], [None, 2]]'
holds 'classes of layers' table3.json '[l["class_name"] for l in d["layers"]] == ["TimeDistributed"] * 4 + ["LSTM",
  "Dense", "Dropout", "Dense"]'
ok 'the paper as text' mirnet summary tasdelen2021
grep -q '1931858' out && grep -q '1115600' out
verdict 'the text has the numbers'
mirnet summary --json - tasdelen2021 >stdout.json 2>err
same 'JSON on standard output' table3.json stdout.json
ok 'text and JSON at once' mirnet summary tasdelen2021 --json again.json -o text
same 'the same JSON' table3.json again.json
grep -q 1931858 text
verdict 'the text went to -o'

ok 'the pooling variant' mirnet summary tasdelen2021-pool --json pool.json
holds 'the pooling variant has as many parameters' pool.json 'd["total_params"] == 1931858'
ok 'list of recipes' mirnet summary --recipes
printf 'linear-ends\ntasdelen2021\ntasdelen2021-pool\n' >wanted
sort out >got
same 'the built-in recipes' wanted got
ok 'list of options' mirnet summary --options
grep -q '^training.epochs	1\.\.' out && grep -q '^encoder.align	left right both-ends	left' out
verdict 'the table of options'

for recipe in "$MIRNET_SOURCE_ROOT"/examples/recipes/*.json; do
  ok "recipe $(basename "$recipe")" mirnet summary "$recipe" --json recipe.json
done
ok 'a recipe file' mirnet summary small.json --json small.out
holds 'a recipe file' small.out 'd["total_params"] == 66 and d["inputs"] == [{"name": "flatten_input", "shape": [None, 8, 4]}]'
mirnet simulate -q -n 20 -o sim.csv
mirnet train -q -r small.json -o m sim.csv
ok 'a model file' mirnet summary m --json model.json
grep -q '^training_data: 40 records' out
verdict 'the card as text'
holds 'a model file' model.json 'd["total_params"] == 66 and d["classes"] == ["mirtron", "canonical"]'
holds 'its card' model.json '"40 records (20 mirtron, 20 canonical), sha256 " in d["card"]["training_data"]'
refused 'a file that is neither' 1 'sim.csv' mirnet summary sim.csv

finish
