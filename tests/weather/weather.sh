#!/bin/sh
# Hard weather: the program is killed at random moments of everything that writes, its disk is full, its memory, files and
# threads are few, its catalog is in use, its files are cut short, go away and are spoilt; and after each blow it must
# answer as if nothing had happened. One line of figures at the end; exit status 1 when anything was lost.
# usage: COPSE=copse weather.sh [KILLS [SEED]]   (make weather)
wanted=${1:-200} drawn=${2:-1}
COPSE=${COPSE:-copse}
dir=$(mktemp -d "${TMPDIR:-/tmp}/weather.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
state=$dir/state wood=$dir/wood
export XDG_STATE_HOME="$dir/home" OPENBLAS_NUM_THREADS=1
kills=0 early=0 lost=0 answers=0 shortages=0 spoilt=0 begun=$(date +%s)

say() { "$COPSE" "$@" --quiet --state "$state" --threads 2; }
# A random number below $1 in `dice`; the same row for the same seed.
draw() {
  drawn=$(((drawn * 1103515245 + 12345) % 2147483648))
  dice=$((drawn / 1024 % $1))
}
wrong() {
  lost=$((lost + 1))
  echo "weather: $*" >&2
}

say plant "$wood" --kind scenes --concepts 8 --seed 5 >/dev/null || exit 99
say train "$wood" --epochs 3 --expert probex >/dev/null || exit 99
say tree "$wood" --json >"$dir/forest" || exit 99
planted=$(say scan "$wood" --json | tee "$dir/scan" | grep -c '"type":"model"')
first=$(sed -n 's/.*"type":"model","path":"\([^"]*\)".*/\1/p' "$dir/scan" | head -n 1)
file=$(cd "$wood" && find . -type f -name "pytorch_lora_weights.safetensors" | sort | head -n 1)
[ "$planted" -ge 40 ] && [ -f "$wood/$file" ] || exit 99
# What the last `set` that ended well has said, and those that were killed since: one of them holds.
printf '' >"$dir/said"

# What was reported done must be there, and all questions have an answer.
look() { # after what
  say scan "$wood" --json >"$dir/scan" 2>"$dir/err" || wrong "after $1: scan: $(cat "$dir/err")"
  [ "$(grep -c '"type":"model"' "$dir/scan")" -eq "$planted" ] || wrong "after $1: another number of models"
  say tree "$wood" --json >"$dir/again" 2>"$dir/err" || wrong "after $1: tree: $(cat "$dir/err")"
  cmp -s "$dir/forest" "$dir/again" || wrong "after $1: another forest"
  say apply "$wood" --json >"$dir/apply" 2>"$dir/err" || wrong "after $1: apply: $(cat "$dir/err")"
  say show "$wood" "$first" --json >"$dir/show" 2>"$dir/err" || wrong "after $1: show: $(cat "$dir/err")"
  if grep -q '^sure' "$dir/said"; then
    note=$(sed -n 's/.*\(said-[0-9]*-\).*/\1/p' "$dir/show" | head -n 1)
    grep -q " ${note:-nothing}\$" "$dir/said" || wrong "after $1: what was set is gone ($note, not $(tr '\n' ' ' <"$dir/said"))"
  fi
  answers=$((answers + 4))
}

# What may be struck, and how long it takes when it is left alone.
command_of() { # number; prepares, and leaves the words in `words`
  case $1 in
  0) words="scan $wood" && rm -rf "$state/catalog.db"* ;;
  1) words="tree $wood" && rm -rf "$state/catalog.db"* "$state/sketches" ;;
  2) words="train $wood --epochs 20 --expert probex" ;;
  3) words="sweep $wood --epochs 5 --expert probex" ;;
  4) words="apply $wood --json" && rm -rf "$state/representations" ;;
  5) words="set $wood $first note=said-$((kills + early))-" ;;
  6)
    say export "$wood" --format hand >"$dir/hand" 2>/dev/null
    words="import $wood $dir/hand --prefer theirs"
    ;;
  esac
}
now() { date +%s%N | cut -c 1-13; } # milliseconds
names='scan tree train sweep apply set import'
for k in 0 1 2 3 4 5 6; do
  command_of $k
  at=$(now)
  # shellcheck disable=SC2086 # words
  say $words >/dev/null 2>&1
  eval "long_$k=$(($(now) - at + 10)) kills_$k=0"
done
: >"$dir/said"

# Starts a command that writes, and kills it after a part of the time that it takes.
strike() {
  draw 7
  which=$dice
  command_of "$which"
  eval "draw \$long_$which"
  # shellcheck disable=SC2086 # words
  "$COPSE" $words --quiet --state "$state" --threads 2 >/dev/null 2>"$dir/err" &
  victim=$!
  sleep "$((dice / 1000)).$(printf %03d $((dice % 1000)))"
  if kill -KILL "$victim" 2>/dev/null; then kills=$((kills + 1)) && eval "kills_$which=\$((kills_$which + 1))"
  else # it took less time than when it was measured: another time the blow comes sooner
    early=$((early + 1)) && eval "long_$which=\$((long_$which * 3 / 4 + 1))"
  fi
  wait "$victim" 2>/dev/null
  status=$?
  case $which-$status in
  5-0) echo "sure ${words##*note=}" >"$dir/said" ;;
  5-*) echo "maybe ${words##*note=}" >>"$dir/said" ;;
  esac
  last="a kill of ${words%% *} after $dice ms"
}

# The program under limits of the shell: it answers, or says a word; it dies of nothing.
under() { # limits, words
  (eval "$1" && shift && exec "$COPSE" "$@" --quiet --state "$state" --threads 2) >/dev/null 2>"$dir/err"
}
# The other blows, one after another.
blow() {
  last="blow $(($1 % 10))"
  case $(($1 % 10)) in
  0) # a full disk
    rm -f "$state/catalog.db"*
    under 'ulimit -f 8' tree "$wood" || wrong "full disk: $(cat "$dir/err")"
    shortages=$((shortages + 1))
    ;;
  1) # few files
    under 'ulimit -n 40' tree "$wood" || wrong "few files: $(cat "$dir/err")"
    shortages=$((shortages + 1))
    ;;
  2) # a spoilt catalog
    dd if=/dev/urandom of="$state/catalog.db" bs=100 count=20 seek=3 conv=notrunc 2>/dev/null
    spoilt=$((spoilt + 1))
    ;;
  3) # spoilt representations
    for f in "$state"/representations/*.rep; do
      [ -f "$f" ] && dd if=/dev/urandom of="$f" bs=16 count=1 seek=40 conv=notrunc 2>/dev/null
    done
    spoilt=$((spoilt + 1))
    ;;
  4) # a file that is cut short while it is read, then whole again
    cp -p "$wood/$file" "$dir/whole"
    "$COPSE" tree "$wood" --quiet --state "$dir/other" >/dev/null 2>&1 &
    : >"$wood/$file"
    wait $! || wrong "a file cut short ended the program"
    cp -p "$dir/whole" "$wood/$file"
    rm -rf "$dir/other"
    spoilt=$((spoilt + 1))
    ;;
  5) # a log that belongs to nothing
    dd if=/dev/urandom of="$state/catalog.db-wal" bs=1000 count=4 2>/dev/null
    spoilt=$((spoilt + 1))
    ;;
  6) # a file that goes away while it is read, and comes again
    "$COPSE" tree "$wood" --quiet --state "$dir/other" >/dev/null 2>&1 &
    mv "$wood/$file" "$dir/away"
    wait $! || wrong "a file that went away ended the program"
    mv "$dir/away" "$wood/$file"
    rm -rf "$dir/other"
    spoilt=$((spoilt + 1))
    ;;
  7) # another process that writes and does not go on: whoever asks meanwhile is answered
    rm -f "$state/catalog.db"*
    "$COPSE" tree "$wood" --quiet --state "$state" >/dev/null 2>&1 &
    other=$!
    draw 60
    sleep "0.$(printf %03d "$dice")"
    kill -STOP $other 2>/dev/null
    say tree "$wood" >/dev/null 2>"$dir/err" || wrong "beside a process that writes: $(cat "$dir/err")"
    kill -CONT $other 2>/dev/null
    wait $other || wrong "a process that was held up did not end well"
    shortages=$((shortages + 1))
    ;;
  8) # little memory
    draw 300
    under "ulimit -v $(((100 + dice) * 1024))" tree "$wood"
    status=$?
    [ $status -lt 128 ] && { [ $status -eq 0 ] || [ -s "$dir/err" ]; } || wrong "little memory: status $status"
    shortages=$((shortages + 1))
    ;;
  9) # a state that was cut off: half of everything
    for f in "$state"/catalog.db "$state"/representations/*.rep "$state"/sketches/*; do
      [ -f "$f" ] && truncate -s "$(($(wc -c <"$f") / 2))" "$f"
    done
    spoilt=$((spoilt + 1))
    ;;
  esac
}

n=0
while [ $kills -lt "$wanted" ] && [ $early -lt $((wanted * 3)) ]; do
  n=$((n + 1))
  strike
  [ $((n % 5)) -eq 0 ] && look "$last" && blow $((n / 5)) && look "$last"
done
look "$last"
each=
k=0
for name in $names; do
  eval "each=\"\$each \$name \$kills_$k\""
  k=$((k + 1))
done
echo "weather: $kills kills (${each# }; $early came too late), $shortages shortages, $spoilt spoilt files, $answers answers" \
  "looked at, $planted models, $lost wrong, $(($(date +%s) - begun)) s"
[ "$lost" -eq 0 ] && [ "$kills" -ge "$wanted" ]
