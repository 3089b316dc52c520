#!/bin/sh
# Runs one test, program or script, in a folder of its own that goes away with it: the working folder, the home, the
# places for state, configuration and temporary files are all there, and the helpers a user may have set are harmless.
# A test that leaves something in its working folder, or a new file in the source or build folder, fails. What it
# says goes to the TAP driver: a GTest program speaks TAP when asked, a fuzz driver replays its corpus.
test=$1
shift
case $test in /*) ;; *) test=$PWD/$test ;; esac
case $COPSE_TEST_SRCDIR in /*) ;; *) echo "Bail out! COPSE_TEST_SRCDIR must be an absolute path"; exit 99 ;; esac
build=$PWD

# Short, since paths of sockets have 100 bytes.
box=$(mktemp -d "${TMPDIR:-/tmp}/copse.XXXXXX") || exit 99
running=
clean() {
  [ -z "$running" ] || kill "$running" 2>/dev/null
  chmod -R u+w "$box" 2>/dev/null
  rm -rf "$box"
}
trap clean EXIT
trap 'exit 99' HUP INT TERM
mkdir "$box/home" "$box/tmp" "$box/work" || exit 99
# Some tests run the program as another user, who must be able to pass; what they make themselves is closed to others.
chmod 711 "$box" "$box/tmp" || exit 99
HOME=$box/home TMPDIR=$box/tmp TMUX_TMPDIR=$box/tmp
XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.local/state
XDG_DATA_HOME=$HOME/.local/share XDG_CACHE_HOME=$HOME/.cache
PAGER=cat EDITOR=true VISUAL=true BROWSER=true
export HOME TMPDIR TMUX_TMPDIR XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME XDG_CACHE_HOME PAGER EDITOR VISUAL BROWSER
unset NO_COLOR COPSE_SCRIPT COPSE_STATE HF_HOME HF_HUB_CACHE HUGGINGFACE_HUB_CACHE OLLAMA_MODELS SSH_CONNECTION SSH_TTY

# The names of all files in the source and build folder, but for what the build itself and other tests' logs put there.
listing() {
  find "$COPSE_TEST_SRCDIR" "$build" \( -name .git -o -name 'build*' -o -name autom4te.cache -o -name .deps \
    -o -name coverage \) ! -path "$build" -prune -o -type f ! -name '*.log' ! -name '*.trs' ! -name '*.o' ! -name '*.a' \
    ! -name '*.gc??' ! -name '.*' -print 2>/dev/null | sort -u
}
listing >"$box/before"
cd "$box/work" || exit 99
case $test in
*/fuzz-*) "$test" "$COPSE_TEST_SRCDIR/tests/fuzz/corpus/${test##*/fuzz-}" & ;;
*.sh) sh "$test" "$@" & ;;
*) "$test" "$@" --tap --seed R02S00000000000000000000000000000007 & ;;
esac
running=$!
wait "$running"
status=$?
running=
left=$(ls -A "$box/work" | head -n 5)
cd "$build" || exit 99
[ -n "$left" ] && echo "Bail out! left in the working folder: $left" && exit 99
if [ -z "$UPDATE_GOLDEN" ]; then
  listing >"$box/after"
  left=$(comm -13 "$box/before" "$box/after" | head -n 5)
  [ -n "$left" ] && echo "Bail out! written outside a temporary folder, by this test or one beside it: $left" && exit 99
fi
exit $status
