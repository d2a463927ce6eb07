#!/bin/sh
# avx512.sh - runs the kernels for AVX-512 on a CPU that Bochs emulates; the last line counts the cases
# SPDX-License-Identifier: MIT
#
#   sh tests/avx512.sh [TEST...]    test programs without their test_; default those of the kernels
#
# Debian's kernel boots from a disc with nothing but the programs, their libraries and a shell; what they print goes to
# the serial port. That takes minutes. One case is skipped where something cannot be had, as elsewhere than on Debian.
# Environment: CC, MIRNET_GOLDEN, MIRNET_JOBS, MIRNET_BUILD (the build folder is that with -avx512 behind).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${MIRNET_BUILD:-$root/build}
[ -z "${CC:-}" ] || build=$build-$(basename "$CC")
build=$(realpath -m "$build-avx512")
machine=$build/machine
golden=$(realpath -m "${MIRNET_GOLDEN:-$root/../shared/golden}")
tests=${*:-kernels kernel_few kernel_functions kernel_rows zeros zeros_steps}

skip()
{
  echo "avx512.sh: $1" >&2
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

# The one for virtual machines is the quickest to boot. It is unpacked, not installed.
fetch_kernel()
{
  [ ! -f "$build/vmlinuz" ] || return 0
  rm -rf "$build/kernel" && mkdir -p "$build/kernel" && cd "$build/kernel" || return 1
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.* Depends: //p')
  apt-get -q -o APT::Sandbox::User=root download "$package" && dpkg-deb --fsys-tarfile ./*.deb | tar -x ./boot &&
    mv boot/vmlinuz-* "$build/vmlinuz"
}

# init KERNELS TEST...: what the machine does. One case is that it chooses these kernels.
init()
{
  kernels=$1
  shift
  cat <<END
#!/bin/busybox sh
export CK_DEFAULT_TIMEOUT=100000 LC_ALL=C MIRNET_GOLDEN='$golden' MIRNET_TEST_KERNELS=avx512
/bin/busybox mount -t proc proc /proc
'$build/examples/mirnet' --version | /bin/busybox grep 'kernels $kernels\$' && echo '1 passed, 0 failed'
for test in $*; do '$build'/tests/test_\$test; done
/bin/busybox sleep 1
/bin/busybox poweroff -f
END
}

# The programs, with their libraries, at the same places as here.
write_initrd()
{
  mkdir -p "$machine/root/bin" "$machine/root/proc" "$machine/root/tmp"
  init "$@" >"$machine/root/init"
  shift
  chmod +x "$machine/root/init"
  cp /bin/busybox "$machine/root/bin"
  for program in examples/mirnet $([ $# -eq 0 ] || printf 'tests/test_%s ' "$@"); do
    echo "$build/$program"
    ldd "$build/$program" | grep -o '/[^ ]*' | xargs realpath -s
  done | sort -u | cpio --quiet -pdL "$machine/root"
  [ $# -eq 0 ] || [ ! -d "$golden" ] || find "$golden" | cpio --quiet -pdL "$machine/root"
  (cd "$machine/root" && find . | cpio --quiet -o -H newc) >"$machine/disc/initrd"
}

# boot FEATURES KERNELS TEST...: prints what the machine prints. Linux is told to do without these features of the CPU:
# XSAVES is one, for Bochs and Linux disagree on its size. Debian's Bochs wants a terminal, and to be told to go on.
boot()
{
  cd "$build" && rm -rf machine && mkdir -p machine/disc
  cat >"$machine/disc/isolinux.cfg" <<END
default linux
label linux
kernel /vmlinuz
initrd /initrd
append console=ttyS0 loglevel=3 tsc=reliable mitigations=off cryptomgr.notests clearcpuid=$1
END
  cat >"$machine/bochsrc" <<END
cpu: model=corei7_skylake_x, ips=50000000, ignore_bad_msrs=1
memory: guest=512, host=512
ata0-master: type=cdrom, path=disc.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=serial.raw
display_library: term
sound: driver=dummy
log: bochs.log
panic: action=fatal
END
  shift
  write_initrd "$@"
  cp "$build/vmlinuz" /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$machine/disc"
  cd machine && echo c >go
  xorriso -report_about WARNING -as mkisofs -quiet -o disc.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 \
    -boot-info-table disc
  TERM=vt100 timeout 7200 script -qec 'stty rows 40 cols 100; bochs -q -f bochsrc -rc go' bochs.out </dev/null \
    >/dev/null 2>&1 || true # switching off is an error to it
  tr -d '\r' <serial.raw
}

sh "$root/tests/setup.sh" build tests bochs || skip 'the tools are not there'
mkdir -p "$build"
(fetch_kernel) >&2 || skip "Debian's kernel cannot be had"
{
  [ -f "$build/build.ninja" ] || meson setup --buildtype=release "$build" "$root"
  # shellcheck disable=SC2046,SC2086 # words
  ninja -C "$build" -j "${MIRNET_JOBS:-$(nproc)}" examples/mirnet $(printf 'tests/test_%s ' $tests)
} >&2 || { echo "0 passed, 1 failed" && exit 1; }

# A system that does not save the registers of AVX-512 must not get its kernels, whatever the CPU says.
{
  boot xsaves,xsavec,avx512f avx2
  # shellcheck disable=SC2086 # words
  boot xsaves,xsavec avx512 $tests
} | tee "$build/printed.txt"
awk -v missing="$(echo avx2 avx512 "$tests" | wc -w)" '
  /^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3; skipped += $5; missing-- }
  END { failed += missing; printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 }
' "$build/printed.txt"
