# SPDX-License-Identifier: Apache-2.0
# copse.conf(5) from the file that is installed as an example: every key with the comment before it and its default.
# awk -v version=0.1.0 -f conf.awk data/copse.conf
function roff(s) {
  gsub(/\\/, "\\e", s)
  gsub(/-/, "\\-", s)
  gsub(/…/, " ...", s)
  return s
}
BEGIN {
  printf ".\\\" SPDX-License-Identifier: Apache-2.0\n.\\\" Made by man/conf.awk from data/copse.conf.\n"
  printf ".TH COPSE.CONF 5 \"\" \"copse %s\" \"File Formats\"\n", roff(version)
  print ".SH NAME\ncopse.conf \\- what the interface of copse looks like and which keys it knows"
  print ".SH SYNOPSIS\n.I $XDG_CONFIG_HOME/copse/copse.conf"
  print ".SH DESCRIPTION\nA file of groups and keys, as desktop entries have them. Lines that begin with # are comments."
  print "What a key of it does not say, or says wrongly, is as below; what is wrong is told in the interface's messages."
}
/^\[/ { printf ".SH \"%s\"\n", toupper(roff(substr($0, 2, length($0) - 2))); text = ""; next }
/^#/ { line = $0; sub(/^# ?/, "", line); text = text == "" ? line : text " " line; next }
/^[a-z]/ {
  at = index($0, "=")
  if (text == "") { printf "conf.awk: %s has no comment\n", $0 > "/dev/stderr"; exit 1 }
  printf ".TP\n.BI \"%s\" \"=%s\"\n%s\n", roff(substr($0, 1, at - 1)), roff(substr($0, at + 1)), roff(text)
  text = ""
}
END {
  print ".SH SEE ALSO\n.BR copse (1),\n.BR copse\\-keys (7)"
}
