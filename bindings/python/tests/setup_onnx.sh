#!/bin/sh
# setup_onnx.sh - ONNX Runtime for test_onnx.py: sh bindings/python/tests/setup_onnx.sh
# SPDX-License-Identifier: MIT
#
# Installs onnxruntime-node with npm into the build folder (MIRNET_BUILD, default build/), where tests/bench has it too.
# Nothing happens when it is there. The only script of the tests that uses the network.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
folder=${MIRNET_BUILD:-$root/build}/bench/node

[ ! -d "$folder/node_modules/onnxruntime-node" ] || exit 0
if ! command -v npm >/dev/null 2>&1; then
  echo "Please install first: apt-get install nodejs npm" >&2
  exit 1
fi
mkdir -p "$folder"
# Its scripts would fetch libraries for graphics cards.
npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund onnxruntime-node >&2
