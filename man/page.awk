# SPDX-License-Identifier: Apache-2.0
# The manual page of one command, from what the program says of itself (`copse --describe`) and the prose about it.
# awk -v command=scan -v version=0.1.0 -v prose=man/commands/scan.man -f page.awk described
function roff(s) {
  gsub(/\\/, "\\e", s)
  gsub(/-/, "\\-", s)
  gsub(/…/, " ...", s)
  sub(/^[.']/, "\\\\\\&&", s)
  return s
}
function option(f) {
  print ".TP"
  printf ".B "
  if (f[3] != "") printf "\\-%s, ", roff(f[3])
  printf "\\-\\-%s", roff(f[2])
  if (f[4] != "") printf "=\\fI%s\\fR", roff(f[4])
  print ""
  print roff(f[5])
}
BEGIN { FS = "\t"; name = command == "" ? "copse" : "copse-" command }
$1 == "command" { here = $2 == command }
here && $1 == "command" { arguments = $3; summary = $4 }
here && $1 == "option" { if ($6 == "own") own[++n] = $0; else shared[++m] = $0 }
END {
  title = toupper(name)
  printf ".\\\" SPDX-License-Identifier: Apache-2.0\n.\\\" Made by man/page.awk from the tables of the program.\n"
  printf ".TH \"%s\" 1 \"\" \"copse %s\" \"User Commands\"\n", roff(title), roff(version)
  printf ".SH NAME\n%s \\- %s\n", roff(name), roff(tolower(substr(summary, 1, 1)) substr(summary, 2))
  printf ".SH SYNOPSIS\n.B copse %s\n.RI \" %s \" [ OPTION ...]\n", roff(command), roff(arguments)
  print ".SH DESCRIPTION"
  lines = 0
  while ((getline line < prose) > 0) { print line; lines++ }
  if (!lines) { printf "page.awk: %s: no prose about copse %s\n", prose, command > "/dev/stderr"; exit 1 }
  if (n) print ".SH OPTIONS"
  for (i = 1; i <= n; i++) { split(own[i], f, "\t"); option(f) }
  print ".SH OPTIONS OF EVERY COMMAND"
  for (i = 1; i <= m; i++) { split(shared[i], f, "\t"); option(f) }
  print ".TP\n.B \\-h, \\-\\-help\nHow the command is called, and its options."
  print ".SH EXIT STATUS\n0: done; 1: it could not; 2: wrong usage. What went wrong is told on standard error."
  print ".SH SEE ALSO\n.BR copse (1),\n.BR copse\\-query (7),\n.BR copse\\-keys (7),\n.BR copse.conf (5)"
}
