#!/bin/sh
# setup.sh - what has to be installed: sh tests/setup.sh GROUP... of those in find_missing()
# SPDX-License-Identifier: MIT
#
# Looks for the tools of the groups that are named and installs what is missing with apt-get when it may (root, Debian);
# otherwise says what to install and fails. Nothing is touched when all is there.
set -eu

missing=

# need PACKAGE COMMAND...: the package, if the command fails.
need()
{
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}

# Whether a small program can be linked with these flags.
links()
{
  folder=$(mktemp -d)
  status=0
  echo 'int main(void) { return 0; }' >"$folder/a.c"
  "$@" "$folder/a.c" -o "$folder/a" || status=1
  rm -rf "$folder"
  return $status
}

python_has()
{
  if [ -x /usr/bin/python3 ]; then /usr/bin/python3 -c "$1"; else python3 -c "$1"; fi
}

find_missing()
{
  missing=
  for group in "$@"; do
    case $group in
      build)
        need build-essential links cc
        need meson meson --version
        need ninja-build ninja --version
        need pkg-config pkg-config --version
        need libjansson-dev pkg-config --exists jansson
        need zlib1g-dev pkg-config --exists zlib
        need python3 python_has 'import sys'
        ;;
      tests)
        need build-essential c++ --version
        need binutils readelf --version
        need locales test -e /usr/share/i18n/locales/de_DE
        need check pkg-config --exists check
        need python3-numpy python_has 'import numpy'
        need python3-sklearn python_has 'import sklearn'
        ;;
      python) # of bindings/python
        need python3-numpy python_has 'import numpy'
        need python3-sklearn python_has 'import sklearn'
        need python3-pandas python_has 'import pandas'
        need python3-matplotlib python_has 'import matplotlib'
        need python3-h5py python_has 'import h5py'
        need python3-onnx python_has 'import onnx'
        need python3-tqdm python_has 'import tqdm'
        need python3-pytest python_has 'import pytest'
        need mypy python_has 'import mypy'
        need python3-pip python_has 'import pip'
        need python3-setuptools python_has 'import setuptools'
        need python3-wheel python_has 'import wheel'
        need python3-venv python_has 'import ensurepip'
        ;;
      node) # of bindings/python/tests/test_onnx.py
        need nodejs node --version
        need npm npm --version
        ;;
      sanitizers)
        need clang clang --version
        need libclang-rt-dev links clang -fsanitize=address,undefined
        need 'valgrind libc6-dbg' valgrind -q true
        need util-linux setarch --version
        ;;
      scripts)
        need shellcheck shellcheck --version
        ;;
      arm64) # of tests/arm64
        need gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc --version
        need libc6-dev-arm64-cross links aarch64-linux-gnu-gcc
        need qemu-user qemu-aarch64 --version
        ;;
      bochs) # of tests/avx512.sh
        need 'bochs bochs-term' test -f /usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so
        need isolinux test -f /usr/lib/ISOLINUX/isolinux.bin
        need syslinux-common test -f /usr/lib/syslinux/modules/bios/ldlinux.c32
        need xorriso xorriso --version
        need cpio cpio --version
        need busybox-static test -x /bin/busybox
        ;;
      peers) # of tests/bench
        need python3-numpy python_has 'import numpy'
        need python3-torch python_has 'import torch'
        need nodejs node --version
        need npm npm --version
        ;;
      *)
        echo "setup.sh: no group is called $group" >&2
        exit 2
        ;;
    esac
  done
}

install_missing()
{
  # shellcheck disable=SC2086 # one word a package
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}

find_missing "$@"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "Please install first: apt-get install$missing" >&2
  exit 1
fi
echo "Installing:$missing" >&2
{ apt-get update -q && install_missing; } >&2 || { sleep 5 && apt-get update -q && install_missing; } >&2
find_missing "$@"
if [ -n "$missing" ]; then
  echo "Still missing after the installation:$missing" >&2
  exit 1
fi
