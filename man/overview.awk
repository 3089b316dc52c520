# SPDX-License-Identifier: Apache-2.0
# copse(1) from copse.1.in: the list of commands in place of @COMMANDS@, the options of every one in place of @OPTIONS@.
# awk -v version=0.1.0 -f overview.awk described copse.1.in
function roff(s) {
  gsub(/\\/, "\\e", s)
  gsub(/-/, "\\-", s)
  gsub(/…/, " ...", s)
  return s
}
BEGIN { FS = "\t" }
FILENAME != ARGV[2] && $1 == "command" { here = $2; if (here != "") { command[++n] = $2; arguments[n] = $3; summary[n] = $4 } }
FILENAME != ARGV[2] && $1 == "option" && here == "" { option[++m] = $0 }
FILENAME == ARGV[2] && $0 == "@COMMANDS@" {
  for (i = 1; i <= n; i++)
    printf ".TP\n.BI \"%s\" \" %s\"\n%s; see\n.BR copse\\-%s (1).\n", roff(command[i]), roff(arguments[i]), roff(summary[i]), roff(command[i])
  next
}
FILENAME == ARGV[2] && $0 == "@OPTIONS@" {
  for (i = 1; i <= m; i++) {
    split(option[i], f, "\t")
    printf ".TP\n.B %s\\-\\-%s%s\n%s.\n", (f[3] == "" ? "" : "\\-" f[3] ", "), roff(f[2]), f[4] == "" ? "" : "=\\fI" roff(f[4]) "\\fR", roff(f[5])
  }
  next
}
FILENAME == ARGV[2] { gsub(/@VERSION@/, version); print }
