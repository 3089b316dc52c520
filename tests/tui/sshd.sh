#!/bin/sh
# Guests by ssh: Debian's sshd with the lines of docs/DEMO.md as they stand there, on a high port of 127.0.0.1, its
# keys made here and now; the account's shell is dash. Twenty guests at once, under the number of tasks that the page
# gives them. All of it lives in namespaces of its own: the account, /srv/copse and the server are seen by nobody else,
# and are gone with this script.
guests=20
if [ "${GUESTS_INSIDE-}" != yes ]; then
  skip() { echo "1..0 # SKIP $1" && exit 0; }
  for program in sshd ssh ssh-keygen tmux dash unshare prlimit; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null || skip "no $program here"
  done
  [ "$(id -u)" = 0 ] || skip "only root can make an account for the test alone"
  unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces here"
  # A limit on tasks as systemd's TasksMax sets it, where this place lets us; else that of ulimit alone.
  GUESTS_TASKS=/sys/fs/cgroup/pids/copse-guests-$$
  mkdir "$GUESTS_TASKS" 2>/dev/null || GUESTS_TASKS=
  export GUESTS_TASKS
  GUESTS_INSIDE=yes unshare --mount --pid --fork --kill-child --mount-proc sh "$0"
  status=$?
  [ -z "$GUESTS_TASKS" ] || until rmdir "$GUESTS_TASKS" 2>/dev/null; do
    tries=$((${tries:-0} + 1)) && [ $tries -lt 100 ] && sleep 0.05 || break
  done
  exit $status
fi

. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
page=$COPSE_TEST_SRCDIR/docs/DEMO.md
chmod 755 "$work"

# The account, its files and the program, where the page says that they are.
mount -t tmpfs none /srv && mount -t tmpfs none /run && mkdir -p /run/sshd /srv/copse/wood /srv/home || skip "no mounts here"
mount -t tmpfs none /usr/local/bin && cp "$COPSE" /usr/local/bin/copse || skip "no mounts here"
grep -v '^demo:' /etc/passwd >"$work/passwd" && grep -v '^demo:' /etc/shadow >"$work/shadow"
echo 'demo:x:64999:64999::/srv/home:/bin/dash' >>"$work/passwd"
echo 'demo:*:20000::::::' >>"$work/shadow"
chmod 644 "$work/passwd" && chmod 600 "$work/shadow"
mount --bind "$work/passwd" /etc/passwd && mount --bind "$work/shadow" /etc/shadow || skip "no mounts here"

# Before that, as yourself: the wood is read and an expert trained.
make_wood /srv/copse/wood
copse scan --quiet --state /srv/copse/state /srv/copse/wood >/dev/null &&
  copse train --quiet --state /srv/copse/state --epochs 2 /srv/copse/wood >/dev/null
report $? "the wood is prepared as the page says"
chmod -R a+rX /srv/copse

# The page's own lines, and around them only what a server needs to start.
sed -n '/^Match User demo/,/^```/p' "$page" | sed '/^```/d' >"$work/lines"
tasks=$(sed -n 's/.*TasksMax=\([0-9]*\).*/\1/p' "$page")
logins=$(sed -n 's/^demo hard maxlogins \([0-9]*\)$/\1/p' "$page")
[ "$(wc -l <"$work/lines")" -gt 5 ] && [ "$tasks" -gt 0 ] && [ "$logins" -ge $guests ]
report $? "the page has the lines, a number of tasks ($tasks), and logins ($logins) for $guests guests"
ssh-keygen -q -t ed25519 -N '' -f "$work/host" && ssh-keygen -q -t ed25519 -N '' -f "$work/guest" || exit 99
cp "$work/guest.pub" "$work/authorized" && chmod 644 "$work/authorized"
serve() { # port, tasks
  rm -f "$work/pid"
  cat >"$work/config" <<EOF
Port $1
ListenAddress 127.0.0.1
HostKey $work/host
PidFile $work/pid
AuthorizedKeysFile $work/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
LogLevel ERROR
MaxStartups 50
EOF
  cat "$work/lines" >>"$work/config"
  sshd -t -f "$work/config" || return 1
  # In the group of the limit itself, so that all that it starts is counted.
  sh -c '[ -z "$GUESTS_TASKS" ] || { echo "$1" >"$GUESTS_TASKS/pids.max" && echo $$ >"$GUESTS_TASKS/cgroup.procs"; }
    exec prlimit --nproc="$1" "$2" -f "$3" -E "$4"' sh "$2" "$(command -v sshd)" "$work/config" "$work/log"
  until_ok test -s "$work/pid"
}
port=$((20000 + $$ % 20000))
for try in 1 2 3 4 5; do
  port=$((20000 + (port + 977 * try) % 20000))
  serve $port "$tasks" && break
done
[ -s "$work/pid" ]
report $? "sshd takes the lines and listens"
visit="ssh -F none -p $port -i $work/guest -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
  -o LogLevel=ERROR"
unset LC_ALL
LANG=C.UTF-8
export LANG

# Twenty at once, each in a terminal of its own.
# How many of the guests see this.
see() {
  seen=0 g=0
  while [ $((g = g + 1)) -le $guests ]; do
    t capture-pane -p -t "g$g" 2>/dev/null | grep -q -e "$1" && seen=$((seen + 1))
  done
  [ $seen -eq $guests ]
}
soon() { # command
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || { echo "# $seen of $guests: $*" && return 1; }
    sleep 0.1
  done
}
see_soon() { soon see "$1"; }
all_keys() {
  g=0
  while [ $((g = g + 1)) -le $guests ]; do t send-keys -t "g$g" "$@"; done
}
arrive() {
  g=0
  while [ $((g = g + 1)) -le $guests ]; do
    t new-session -d -s "g$g" -x 90 -y 24 "$visit -tt demo@127.0.0.1; echo GONE; cat"
  done
}
arrive
see_soon '30 models'
report $? "$guests guests are in at once"
programs() { pgrep -u 64999 -x copse | wc -l; }
[ "$(programs)" -eq $guests ]
report $? "each with a program of his own"
worst=$(ps -L -u 64999 -o pid= | wc -l)
[ "$worst" -le "$tasks" ] && [ $((worst * 2)) -gt $guests ]
report $? "with $worst tasks of $tasks in all"
bad=0
for pid in $(pgrep -u 64999 -x copse); do
  grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits" && grep -q '^Max file size *0 *0 ' "/proc/$pid/limits" &&
    grep -q "^Max processes *$tasks " "/proc/$pid/limits" || bad=$((bad + 1))
done
[ $bad -eq 0 ]
report $? "and every limit of the line holds under dash"

# They walk, ask, and try what they may not.
all_keys Enter
see_soon 'Overview'
report $? "all open a model"
all_keys q 2
all_keys fox Enter
see_soon '[01]\.[0-9][0-9] .*fox-[1-5]'
report $? "all ask, and are answered"
all_keys Escape
all_keys Escape 1
all_keys :export Space /tmp/x Enter
see_soon 'not in a read-only session'
report $? "none may write"
all_keys Escape
all_keys C-z
see_soon 'No shell'
report $? "none gets a shell"

# What a connection may be asked for beside the interface.
[ -z "$($visit demo@127.0.0.1 'id; touch /tmp/guest-was-here' 2>/dev/null </dev/null | grep uid=)" ] &&
  [ ! -e /tmp/guest-was-here ]
report $? "a command of his own is not run"
$visit -T demo@127.0.0.1 </dev/null 2>&1 | grep -q -i 'terminal'
report $? "without a terminal he is told so"
! $visit -o ExitOnForwardFailure=yes -N -R 0:127.0.0.1:1 demo@127.0.0.1 </dev/null >/dev/null 2>&1
report $? "no port is forwarded"

all_keys q
see_soon 'GONE' && until_ok sh -c '[ -z "$(pgrep -u 64999 -x copse)" ]'
report $? "all leave, and nothing of theirs stays"
[ -z "$(find /srv/copse/wood /srv/home /srv/copse/state -newer "$work/pid" -type f)" ]
report $? "and no file is left by them"
stop() {
  server=$(cat "$work/pid")
  kill "$server"
  until_ok has_ended "$server"
}
stop
report $? "the server is stopped"
t kill-server
socket=$work/tmux-again # the former may take a moment to end

# Half as many tasks as twenty need: some are in and are answered, the others are sent away at once, and nobody waits.
few=$((worst / 2))
serve $port $few
report $? "a server for $few tasks"
arrive
soon see '30 models\|GONE'
report $? "everybody is in or sent away"
see '30 models'
inside=$seen most=$(ps -L -u 64999 -o pid= | wc -l)
[ "$inside" -ge 1 ] && [ "$inside" -lt $guests ] && [ "$most" -le $few ]
report $? "$inside are in, with $most tasks of $few"
all_keys 2
all_keys fox Enter
answered() { see '[01]\.[0-9][0-9] .*fox-[1-5]' || [ $seen -eq "$inside" ]; }
soon answered
report $? "and those are answered"
all_keys Escape
all_keys Escape
all_keys q
see_soon 'GONE'
report $? "all leave"
stop
report $? "the server is stopped again"
finish
