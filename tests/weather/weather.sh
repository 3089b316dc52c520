#!/bin/sh
# Hard weather: the program is killed at random moments of everything that writes, its disk is full, its files are
# locked, cut short and spoilt; and after each blow it must answer as if nothing had happened. One line of figures at the
# end; exit status 1 when anything was lost. usage: COPSE=copse weather.sh [BLOWS [SEED]]   (make weather)
blows=${1:-200} drawn=${2:-1}
COPSE=${COPSE:-copse}
dir=$(mktemp -d "${TMPDIR:-/tmp}/weather.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
state=$dir/state wood=$dir/wood
export XDG_STATE_HOME="$dir/home"
kills=0 early=0 lost=0 answers=0 shortages=0 spoilt=0 begun=$(date +%s)

say() { "$COPSE" "$@" --quiet --state "$state" --threads 2; }
# A random number below $1; the same row for the same seed.
draw() {
  drawn=$(((drawn * 1103515245 + 12345) % 2147483648))
  echo $((drawn / 1024 % $1))
}
wrong() {
  lost=$((lost + 1))
  echo "weather: $*" >&2
}

say plant "$wood" --concepts 8 --models 40 --seed 5 >/dev/null || exit 99
say train "$wood" --epochs 3 --expert probex >/dev/null || exit 99
say tree "$wood" --json >"$dir/forest" || exit 99
models=$(grep -o '"path"' "$dir/forest" | wc -l)
first=$("$COPSE" scan "$wood" --json --quiet --state "$state" | sed -n 's/.*"type":"model","path":"\([^"]*\)".*/\1/p' | head -n 1)
printf '' >"$dir/said"

# What was reported done must be there, and all questions have an answer.
look() { # after what
  say scan "$wood" --json >"$dir/scan" 2>"$dir/err" || wrong "after $1: scan: $(cat "$dir/err")"
  [ "$(grep -c '"type":"model"' "$dir/scan")" -eq "$planted" ] || wrong "after $1: another number of models"
  say tree "$wood" --json >"$dir/again" 2>"$dir/err" || wrong "after $1: tree: $(cat "$dir/err")"
  cmp -s "$dir/forest" "$dir/again" || wrong "after $1: another forest"
  say apply "$wood" --json >"$dir/apply" 2>"$dir/err" || wrong "after $1: apply: $(cat "$dir/err")"
  say show "$wood" "$first" --json >"$dir/show" 2>/dev/null || wrong "after $1: show"
  while read -r note; do grep -q "$note" "$dir/show" || wrong "after $1: $note was kept and is gone"; done <"$dir/said"
  answers=$((answers + 4))
}
planted=$(say scan "$wood" --json | grep -c '"type":"model"')

# Starts a command that writes, and kills it after some milliseconds.
strike() {
  case $(draw 7) in
  0) set -- scan "$wood" && rm -rf "$state/catalog.db"* ;;
  1) set -- tree "$wood" && rm -rf "$state/catalog.db"* ;;
  2) set -- train "$wood" --epochs 40 --expert probex ;;
  3) set -- sweep "$wood" --epochs 20 --expert probex ;;
  4) set -- apply "$wood" && rm -rf "$state/representations" ;;
  5) set -- set "$wood" "$first" "note=said-$kills" ;;
  *) "$COPSE" export "$wood" --format hand --quiet --state "$state" >"$dir/hand" 2>/dev/null
    set -- import "$wood" "$dir/hand" --prefer theirs ;;
  esac
  "$COPSE" "$@" --quiet --state "$state" --threads 2 >/dev/null 2>"$dir/err" &
  victim=$!
  sleep "0.$(printf %03d "$(draw 400)")"
  if kill -KILL "$victim" 2>/dev/null; then kills=$((kills + 1)); else early=$((early + 1)); fi
  wait "$victim" 2>/dev/null
  # A command that ended well has kept what it said.
  [ $? -eq 0 ] && [ "$1" = set ] && echo "${4#note=}" >"$dir/said"
  last=$1
}

# The other blows, one after another.
blow() {
  case $(($1 % 6)) in
  0) # a full disk
    rm -f "$state/catalog.db"*
    (ulimit -f 8 && exec "$COPSE" tree "$wood" --quiet --state "$state") >/dev/null 2>"$dir/err" ||
      wrong "full disk: $(cat "$dir/err")"
    shortages=$((shortages + 1)) ;;
  1) # few files
    # shellcheck disable=SC3045 # dash and bash have it
    (ulimit -n 40 && exec "$COPSE" tree "$wood" --quiet --state "$state") >/dev/null 2>"$dir/err" ||
      wrong "few files: $(cat "$dir/err")"
    shortages=$((shortages + 1)) ;;
  2) # a spoilt catalog
    dd if=/dev/urandom of="$state/catalog.db" bs=100 count=20 seek=3 conv=notrunc 2>/dev/null
    spoilt=$((spoilt + 1)) ;;
  3) # spoilt representations
    for f in "$state"/representations/*.rep; do
      [ -f "$f" ] && dd if=/dev/urandom of="$f" bs=16 count=1 seek=40 conv=notrunc 2>/dev/null
    done
    spoilt=$((spoilt + 1)) ;;
  4) # a file that is cut short while it is read, then whole again
    cp "$wood/$first" "$dir/whole" 2>/dev/null || return
    "$COPSE" tree "$wood" --quiet --state "$dir/other" >/dev/null 2>&1 &
    : >"$wood/$first"
    wait $! || wrong "a file cut short ended the program"
    cp -p "$dir/whole" "$wood/$first"
    rm -rf "$dir/other" ;;
  5) # a log that belongs to nothing
    dd if=/dev/urandom of="$state/catalog.db-wal" bs=1000 count=4 2>/dev/null
    spoilt=$((spoilt + 1)) ;;
  esac
  last="blow $(($1 % 6))"
}

n=0
while [ $((kills + early)) -lt "$blows" ]; do
  n=$((n + 1))
  strike
  [ $((n % 5)) -eq 0 ] && look "$last" && blow $((n / 5)) && look "$last"
done
look "$last"
echo "weather: $kills kills ($early came too late), $shortages shortages, $spoilt spoilt files, $answers answers looked at," \
  "$models models, $lost wrong, $(($(date +%s) - begun)) s"
[ "$lost" -eq 0 ]
