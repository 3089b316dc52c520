#!/bin/sh
# Runs one test program so that the TAP driver understands it: a GTest program speaks TAP when asked,
# a fuzz driver replays its corpus.
case $1 in
*/fuzz-*) exec "$1" "$COPSE_TEST_SRCDIR/tests/fuzz/corpus/${1##*/fuzz-}" ;;
*) exec "$@" --tap ;;
esac
