# Drives the program in a terminal of its own: a private tmux server, no configuration, waiting for
# text with a deadline. Sourced by the scripts beside it.
: "${COPSE:=build/copse}"
case $COPSE in */*) COPSE=$(cd "$(dirname "$COPSE")" && pwd)/$(basename "$COPSE") ;; esac

skip() { # A plan of no tests is how TAP says skipped; a status of 77 would be an error to it.
  echo "1..0 # SKIP $1"
  exit 0
}
command -v tmux >/dev/null 2>&1 || skip "tmux is not installed"
[ -x "$COPSE" ] || skip "$COPSE is not built"

# A path of tmux's socket may have 100 bytes, and TMPDIR may have more.
work=$(TMPDIR=/tmp mktemp -d) || exit 99
socket=$work/tmux
TERM=xterm-256color LC_ALL=C.UTF-8 XDG_STATE_HOME=$work/state
export TERM LC_ALL XDG_STATE_HOME
unset TMUX TMUX_PANE NO_COLOR LINES COLUMNS COPSE_SCRIPT
tests=0

t() { tmux -S "$socket" -f /dev/null "$@"; }
cleanup() {
  t kill-server 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 99' HUP INT TERM

report() { # status, what
  tests=$((tests + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $tests - $2"
  else
    echo "not ok $tests - $2"
    t capture-pane -p 2>/dev/null | sed 's/^/# /'
  fi
}
finish() { echo "1..$tests"; }

# Runs a shell in a pane; the program is then started as a user would start it.
terminal() { # columns, rows
  t new-session -d -x "$1" -y "$2" "PS1='READY> ' exec sh -i" || {
    [ "$tests" -gt 0 ] && until_ok t new-session -d -x "$1" -y "$2" "PS1='READY> ' exec sh -i"
  } || skip "tmux cannot start here"
  t set-option -g remain-on-exit on >/dev/null
  wait_for 'READY>' || skip "no shell in tmux"
}
keys() { t send-keys "$@"; }
run_copse() { keys "'$COPSE' $*" Enter; }
screen() { t capture-pane -p 2>/dev/null; }

# Tries a command again until it succeeds; 20 seconds at most.
until_ok() {
  tries=0
  while ! "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || return 1
    sleep 0.05
  done
}
shows() { screen | grep -q -e "$1"; }
hides() { ! shows "$1"; }
wait_for() { until_ok shows "$1"; }
wait_gone() { until_ok hides "$1"; }
check_for() { # text, what
  wait_for "$1"
  report $? "$2"
}
copse_pid() { # of the program in the pane
  pane=$(t display-message -p '#{pane_pid}') && pgrep -P "$pane" -x "$(basename "$COPSE")" |
    head -n 1
}
has_ended() { # A process that nobody has waited for yet has ended all the same.
  case $(ps -o stat= -p "$1" 2>/dev/null) in '' | Z*) return 0 ;; *) return 1 ;; esac
}

# A collection of small models with concepts, in $1: enough of them to train on.
make_wood() {
  mkdir -p "$1"
  i=0
  for concept in fox hare owl tree river stone; do
    for n in 1 2 3 4 5; do
      i=$((i + 1))
      header="{\"__metadata__\":{\"concept\":\"$concept\"},\"mid.weight\":{\"dtype\":\"F32\",\"shape\":[32,32],\"data_offsets\":[0,4096]}}"
      bytes=${#header}
      {
        # shellcheck disable=SC2059
        printf "\\$(printf %03o $((bytes % 256)))\\$(printf %03o $((bytes / 256)))\\0\\0\\0\\0\\0\\0"
        printf %s "$header"
        # Four letters of which the last is ";", "<" or "=" are a small float.
        awk -v seed=$i 'BEGIN { srand(seed); for (k = 0; k < 1024; k++)
          printf "%c%c%c%c", 97 + int(rand() * 26), 97 + int(rand() * 26), 97 + int(rand() * 26),
                 59 + int(rand() * 3) }'
      } >"$1/$concept-$n.safetensors"
    done
  done
}

# Starts a training that would last for hours.
start_long_training() {
  keys 3 && wait_for 'EXPERT' && keys t && wait_for 'Train an expert' &&
    keys Down Down Down C-u && keys 99999 Enter && wait_for 'epoch [0-9]'
}
