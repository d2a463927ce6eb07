#!/bin/sh
# run.sh - installs into a scratch folder and builds clients against it with pkg-config
# SPDX-License-Identifier: MIT
set -u

here=$(cd "$(dirname "$0")" && pwd)
source_root=${MIRNET_SOURCE_ROOT:?}
build_root=${MIRNET_BUILD_ROOT:?}
CC=${CC:-cc}
CXX=${CXX:-c++}
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
passed=0
failed=0

# try WHAT COMMAND...: one case.
try()
{
  what=$1
  shift
  if "$@" >"$dest/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $what"
  else
    failed=$((failed + 1))
    echo "FAILED  $what"
    cat "$dest/log"
  fi
}

install_all()
{
  meson install -C "$build_root" --no-rebuild --destdir "$dest/root"
}

# Where mirnet.pc lies tells prefix and libdir.
find_pc()
{
  pc=$(find "$dest/root" -name mirnet.pc)
  [ -n "$pc" ]
}

flags()
{
  PKG_CONFIG_SYSROOT_DIR=$dest/root PKG_CONFIG_PATH=$(dirname "$pc") pkg-config "$@" mirnet
}

build_shared()
{
  # shellcheck disable=SC2046,SC2086 # words
  $CC -std=c11 -Wall -Wextra -Werror $(flags --cflags) "$here/client.c" -o "$dest/c" $(flags --libs)
}

build_cxx()
{
  # shellcheck disable=SC2046,SC2086
  $CXX -std=c++17 -Wall -Wextra -Werror -x c++ $(flags --cflags) "$here/client.c" -x none -o "$dest/cxx" $(flags --libs)
}

# Our archive, and everything that it needs as pkg-config --static tells; the system's libraries stay shared.
build_static()
{
  # shellcheck disable=SC2046,SC2086
  $CC -std=c11 $(flags --cflags) "$here/client.c" -o "$dest/static" \
    $(flags --static --libs | sed "s|-lmirnet|$libdir/libmirnet.a|")
}

run_shared()
{
  LD_LIBRARY_PATH=$libdir "$1"
}

needs_soname()
{
  readelf -d "$dest/c" | grep -q "NEEDED.*\[libmirnet\.so\.$soversion\]"
}

static_needs_no_mirnet()
{
  ! readelf -d "$dest/static" | grep -q libmirnet
}

soname_is_there()
{
  [ -e "$libdir/libmirnet.so.$soversion" ] && [ -L "$libdir/libmirnet.so" ] && [ -f "$libdir/libmirnet.a" ]
}

headers_are_there()
{
  for header in "$source_root"/include/mirnet/*.h; do
    cmp "$header" "$dest/root$prefix/include/mirnet/$(basename "$header")" || return 1
  done
}

no_source_path()
{
  ! grep -rlF -e "$source_root/" -e "$build_root" "$dest/root"
}

pc_is_relative()
{
  cat "$pc"
  grep -q '^Requires.private:.*jansson.*zlib' "$pc" && [ "$(flags --modversion)" = "$version" ] &&
    ! flags --libs | grep -q jansson
}

program_is_there()
{
  [ -x "$dest/root$prefix/bin/mirnet" ] && LD_LIBRARY_PATH=$libdir "$dest/root$prefix/bin/mirnet" --version &&
    [ -f "$dest/root$prefix/share/man/man1/mirnet.1" ]
}

python_package_is_there()
{
  [ -f "$package/__init__.py" ] && [ -f "$package/py.typed" ] && [ ! -e "$package/_lib" ]
}

# As in a system where all of it is installed: nothing says where the library is but the loader.
python_predicts()
{
  (
    cd /
    unset MIRNET_LIBRARY
    PYTHONPATH=$(dirname "$package") LD_LIBRARY_PATH=$libdir "${PYTHON:-python3}" -B -c '
import mirnet
assert mirnet.__file__ == "'"$package"'/__init__.py", mirnet.__file__
assert mirnet.library_path == "libmirnet.so.'"$soversion"'", mirnet.library_path
p = mirnet.Model("linear-ends").predict(["GUGAGUGGGAGGCCAGGGCACGGGGUUGCACUGACUCUCCCUCCCUGCCCCUAG"])
assert p.shape == (1, 2) and abs(p.sum() - 1) < 1e-6, p'
  )
}

number()
{
  sed -n "s/^#define MIRNET_$1 //p" "$source_root/include/mirnet/version.h"
}

soversion=$(number SOVERSION)
version=$(number VERSION_MAJOR).$(number VERSION_MINOR).$(number VERSION_PATCH)

try 'meson install' install_all
try 'mirnet.pc is installed' find_pc
libdir=$(dirname "$(dirname "$pc")")
prefix=$(sed -n 's/^prefix=//p' "$pc")
try 'mirnet.pc says what a client needs' pc_is_relative
try 'all public headers are installed' headers_are_there
try 'shared library, links and archive are installed' soname_is_there
try 'a C client builds' build_shared
try 'a C client runs' run_shared "$dest/c"
try 'a C client needs the SONAME of version.h' needs_soname
try 'a C++ client builds' build_cxx
try 'a C++ client runs' run_shared "$dest/cxx"
try 'a static client builds' build_static
try 'a static client runs' "$dest/static"
try 'a static client needs no shared mirnet' static_needs_no_mirnet
try 'no installed file names the source or build folder' no_source_path
if [ -x "${MIRNET_PROGRAM:-}" ]; then
  try 'program and man page are installed' program_is_there
fi
if [ -n "${MIRNET_PYTHON_SITE:-}" ]; then
  package=$dest/root$MIRNET_PYTHON_SITE/mirnet
  try 'the Python package is installed' python_package_is_there
  try 'Python imports and predicts' python_predicts
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
