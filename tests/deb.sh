#!/bin/sh
# The Debian packages of `make deb`: without faults of ours in lintian's eyes, and, in a root of their own, installed, run
# and purged without trace. A whole Debian in a chroot is not made here; dpkg installs with --root and no dependencies.
set -u
: "${COPSE:?}" "${COPSE_TEST_SRCDIR:?}"
unset MAKEFLAGS MFLAGS MAKELEVEL
build=$(dirname "$COPSE")
if ! command -v dpkg-deb >/dev/null || ! command -v dpkg-shlibdeps >/dev/null; then
  echo "1..0 # SKIP no dpkg-dev here"
  exit 0
fi
if grep -qE 'enable-(sanitizers|thread-sanitizer|coverage)' "$build/config.status" 2>/dev/null; then
  echo "1..0 # SKIP a build for tests is not packed"
  exit 0
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/copse-deb-XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
HOME=$dir/home XDG_STATE_HOME=$dir/state
export HOME XDG_STATE_HOME
mkdir "$HOME"
n=0
check() { # NAME, then a command
  n=$((n + 1)) name=$1
  shift
  if "$@" >"$dir/out" 2>&1; then echo "ok $n - $name"; else
    tail -n 30 "$dir/out" | sed 's/^/# /'
    echo "not ok $n - $name"
  fi
}
check "make deb" make -s -C "$build" deb DEBDIR="$dir"
set -- "$dir"/copse_*.deb "$dir"/libcopse-dev_*.deb
test -e "$1" && test -e "$2" || { echo "not ok $((n + 1)) - packages are there"; echo "1..$((n + 1))"; exit 0; }
depends() { dpkg-deb -f "$1" Depends | grep -q 'libopenblas0' && dpkg-deb -f "$1" Depends | grep -q 'libglib2.0-0'; }
check "the libraries are named" depends "$1"
if command -v lintian >/dev/null; then
  check "lintian finds no fault" lintian --allow-root --fail-on error,warning "$1" "$2"
else
  n=$((n + 1))
  echo "ok $n - lintian finds no fault # SKIP no lintian"
fi
if [ "$(id -u)" = 0 ]; then
  root=$dir/root
  mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info" "$root/var/log"
  : >"$root/var/lib/dpkg/status"
  quiet_dpkg() { dpkg --root="$root" --force-depends --force-not-root --no-triggers "$@"; }
  check "it is installed in a root of its own" quiet_dpkg -i "$1" "$2"
  check "it runs from there" "$root/usr/bin/copse" doctor
  check "its sums hold" sh -c 'cd "$1" && md5sum --quiet -c var/lib/dpkg/info/copse.md5sums' sh "$root"
  purged() {
    quiet_dpkg --purge copse libcopse-dev
    left=$(find "$root" -not -type d -not -path "$root/var/*")
    test -z "$left" || { echo "$left"; return 1; }
  }
  check "purged, it leaves nothing" purged
fi
echo "1..$n"
