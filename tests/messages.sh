#!/bin/sh
# Every message that an error call makes is named in a test, or in tests/messages.untested with the reason why none can.
# A message is a string in a call of g_set_error, g_error_new, g_prefix_error or of a file's own helper (fail, refuse,
# usage and what bears such a word in its name), in what a variable `problem`, `reason` or `why` is set to, or in what a
# function returns, when it is a sentence. It is named where a test holds twenty letters of it in a row (all of it, when
# it is shorter) in a string of a unit test, a line of a script, or a picture; advice after a colon does not count, since
# many messages end alike.
# `sh tests/messages.sh list` prints what is named nowhere, as lines for messages.untested.
cd "${COPSE_TEST_SRCDIR:-.}" || exit 99
LC_ALL=C
export LC_ALL
here=$(mktemp -d) || exit 99
trap 'rm -rf "$here"' EXIT

# Reads C: strings() takes the text apart. "-" between two strings stands for code; strings that touch are one.
cat >"$here/c.awk" <<'AWK'
function literal(s) { # the string that `s` begins with, as it stands in memory; its length in `taken`
  if (!match(s, /^"([^"\\]|\\.)*"/)) { taken = 1; return "" }
  taken = RLENGTH
  s = substr(s, 2, taken - 2)
  gsub(/\\n/, "\n", s); gsub(/\\"/, "\"", s); gsub(/\\\\/, "\\", s)
  return s
}
function without_comments(s, out, i) {
  while ((i = match(s, /\/\*|"([^"\\]|\\.)*"/)) > 0) {
    out = out substr(s, 1, i - 1)
    if (substr(s, i, 1) == "\"") {
      out = out substr(s, i, RLENGTH)
      s = substr(s, i + RLENGTH)
    } else {
      s = substr(s, i + 2)
      i = index(s, "*/")
      s = i ? substr(s, i + 2) : ""
    }
  }
  return out s
}
AWK

# PATH, tab, LINE, tab, text: one line a string of a call.
cat >"$here/calls.awk" <<'AWK'
function call(s, depth, one, touching, i, c) { # `s` begins at the parenthesis
  depth = 0; one = ""; touching = 0
  while ((i = match(s, /["()']/)) > 0) {
    c = substr(s, i, 1)
    if (touching && substr(s, 1, i - 1) !~ /^[ \n\t]*$/ || c != "\"") { say(one); one = ""; touching = 0 }
    if (c == "\"") {
      one = one literal(substr(s, i)); touching = 1
      s = substr(s, i + taken)
    } else if (c == "'") {
      s = substr(s, i + (substr(s, i + 1, 1) == "\\" ? 4 : 3))
    } else {
      depth += c == "(" ? 1 : -1
      s = substr(s, i + 1)
      if (!depth) break
    }
  }
  say(one)
}
function say(text) {
  gsub(/[\n\t]/, " ", text)
  if (text != "" && (!sentence || text ~ /^[a-z%].* .* /)) print path "\t" line "\t" text
}
function file_end(s, i, name, before) {
  line = 1
  while ((i = match(s, makers)) > 0) {
    name = substr(s, i, RLENGTH)
    before = substr(s, 1, i - 1)
    line += gsub(/\n/, "", before)
    s = substr(s, i)
    sentence = name ~ /^return/
    if (name ~ /\($/) call(substr(s, length(name)))
    else if (i = index(s, ";")) call("(" substr(s, 1, i - 1) ")")
    before = substr(s, 1, length(name) - 1)
    line += gsub(/\n/, "", before)
    s = substr(s, length(name))
  }
}
BEGIN {
  makers = "[a-z_]*(_error|fail|refuse|usage)[a-z_]*\\(|(problem|reason|why) = |return "
}
FNR == 1 && NR > 1 { file_end(text); text = "" }
{ path = FILENAME; line_text = $0; sub(/\/\*.*\*\//, "", line_text); text = text line_text "\n" }
END { file_end(text) }
AWK
find src ui -name '*.c' | sort | xargs awk -f "$here/c.awk" -f "$here/calls.awk" >"$here/calls"

# What tests hold: every string of the unit tests, every line of scripts and pictures.
cat >"$here/strings.awk" <<'AWK'
function file_end(s, i, one) {
  one = ""
  while ((i = match(s, /"|'([^'\\]|\\.)'/)) > 0) {
    if (substr(s, 1, i - 1) !~ /^[ \n\t]*$/) { print one; one = "" }
    if (substr(s, i, 1) == "\"") {
      one = one literal(substr(s, i))
      s = substr(s, i + taken)
    } else s = substr(s, i + RLENGTH)
  }
  print one
}
FNR == 1 && NR > 1 { file_end(text); text = "" }
{ gsub(/[\\]\n/, ""); text = text without_comments($0) "\n" }
END { file_end(text) }
AWK
{
  find tests/unit -name '*.c' | sort | xargs awk -f "$here/c.awk" -f "$here/strings.awk"
  find tests -maxdepth 2 -name '*.sh' ! -name messages.sh -exec cat {} +
  cat tests/golden/*
} | sort -u >"$here/held"

# "named" or "unnamed", the place, PATH and words of each message: the words are the longest piece between % directives.
cat >"$here/judge.awk" <<'AWK'
function pieces(text, n, i) { # into piece[1 ...]; how many
  n = split(text, piece, /%[-+ #0]*[0-9.*]*(hh|ll|[hlzjt])?[a-zA-Z%]|%$/)
  for (i = 1; i <= n; i++) {
    gsub(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/, "", piece[i])
    if (match(piece[i], /[:;?] /) > 7) piece[i] = substr(piece[i], 1, RSTART - 1) # what follows is advice many share
    if (length(piece[i]) < 7 || piece[i] !~ /[a-z]/) piece[i] = ""
  }
  return n
}
function begins_word(text, i) { return i == 1 || substr(text, i - 1, 2) ~ /^[^A-Za-z0-9][A-Za-z0-9]$/ }
function ask(text, i) {
  for (i = 1; i == 1 || i <= length(text) - 19; i++)
    if (begins_word(text, i)) { wanted[substr(text, i, 20)] = 1; sizes[length(substr(text, i, 20))] = 1 }
}
function answered(text, i) {
  for (i = 1; i == 1 || i <= length(text) - 19; i++) if (substr(text, i, 20) in seen) return 1
  return 0
}
FILENAME ~ /calls$/ {
  split($0, field, "\t")
  longest = ""
  for (n = pieces(field[3]); n; n--) {
    if (piece[n] == "") continue
    ask(piece[n])
    if (length(piece[n]) > length(longest)) longest = piece[n]
  }
  if (longest == "") next
  place[++messages] = field[1] ":" field[2]; path[messages] = field[1]; words[messages] = longest; whole[messages] = field[3]
  next
}
{
  s = $0
  while (match(s, /[A-Za-z0-9]+/) > 0) {
    s = substr(s, RSTART)
    word = RLENGTH
    for (n in sizes) if (substr(s, 1, n) in wanted) seen[substr(s, 1, n)] = 1
    s = substr(s, word + 1)
  }
}
END {
  for (m = 1; m <= messages; m++) {
    named = 0
    for (n = pieces(whole[m]); n && !named; n--) named = piece[n] != "" && answered(piece[n])
    print (named ? "named" : "unnamed") "\t" place[m] "\t" path[m] ": " words[m]
  }
}
AWK
awk -f "$here/judge.awk" "$here/calls" "$here/held" >"$here/judged"

if [ "$1" = list ]; then
  awk -F '\t' '$1 == "unnamed" && !seen[$3]++ { print "  " $3 }' "$here/judged"
  exit
fi

# The list of what is not tested: a reason at the margin, below it messages of that reason, two blanks further in.
awk -F '\t' -v list=tests/messages.untested '
  BEGIN {
    while ((getline row < list) > 0) {
      if (row ~ /^#/ || row == "") continue
      if (row !~ /^  /) { reason = row; continue }
      sub(/^  /, "", row)
      listed[row] = 1
      if (reason == "") loose = loose "\n# " row
    }
  }
  $1 == "named" { tested[$3] = 1; next }
  { untested[$3] = 1; folder = $3; sub(/\/[^\/]*$/, "", folder); folders[folder]
    if (!($3 in listed)) missing[folder] = missing[folder] "\n# " $2 ": " substr($3, index($3, ": ") + 2) }
  function check(name, wrong) { printf "%sok %d - %s%s\n", wrong == "" ? "" : "not ", ++n, name, wrong }
  END {
    all = "the messages of every folder are tested or have a reason"
    for (folder in folders) if (missing[folder] != "") check("the messages of " folder " are tested or have a reason", missing[folder])
    if (!n) check(all, "")
    for (row in listed) if (!(row in untested)) stale = stale "\n# " row
    check("every line of messages.untested stands for a message that no test names", stale)
    check("every line of messages.untested stands below a reason", loose)
    print "1.." n
  }' "$here/judged"
