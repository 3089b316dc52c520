#!/bin/sh
# What the compiler and the linker can do for the program that was built, they did: readelf looks.
command -v readelf >/dev/null || { echo "1..0 # SKIP no readelf" && exit 0; }
case $("$COPSE" --version) in
*sanitizer*) echo "1..0 # SKIP sanitizers check more than these guards do" && exit 0 ;;
esac
n=0
check() { # name, status
  n=$((n + 1))
  [ "$2" -eq 0 ] && echo "ok $n - $1" || echo "not ok $n - $1"
}
LC_ALL=C readelf -hld --wide "$COPSE" >"head"
LC_ALL=C readelf -s --wide "$COPSE" >symbols
grep -q 'Type: *DYN' head && grep -q 'FLAGS_1.*PIE' head
check "lies anywhere in memory (PIE)" $?
grep -q 'GNU_RELRO' head && grep -q 'BIND_NOW\|FLAGS_1.*NOW' head
check "its relocations are read-only" $?
grep 'GNU_STACK' head | grep -qv 'E *0x'
check "its stack holds no code" $?
grep -q '__stack_chk_fail' symbols
check "its stack is guarded" $?
grep -q '_chk@GLIBC' symbols
check "its library calls are checked" $?
rm -f head symbols
echo "1..$n"
