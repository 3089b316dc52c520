# SPDX-License-Identifier: Apache-2.0
# Completions of commands, options and the options' words for bash, zsh or fish, from what the program says of itself.
# awk -v shell=bash -f completions.awk described
# "a, b or c" as words; "" where a description is no such list.
function words_of(text, part, n, i, out) {
  sub(/ \(.*/, "", text)
  gsub(/ or /, ", ", text)
  n = split(text, part, /, /)
  if (n < 2) return ""
  for (i = 1; i <= n; i++) {
    if (part[i] !~ /^[a-z][a-z0-9-]*$/) return ""
    out = out (i > 1 ? " " : "") part[i]
  }
  return out
}
function quoted(s) { gsub(/'/, "", s); gsub(/[\[\]:]/, " ", s); return s }
BEGIN { FS = "\t" }
$1 == "command" { here = $2; if (here != "") { order[++n] = here; summary[here] = $4 } count[here] = 0; next }
$1 == "option" { count[here]++; k = here SUBSEP count[here]; long[k] = $2; short[k] = $3; arg[k] = $4; text[k] = $5; kind[k] = $7; next }
function bash_options(c, i, out) {
  for (i = 1; i <= count[c]; i++) out = out (i > 1 ? " " : "") "--" long[c, i]
  return out " --help"
}
function bash_values(c, i, w) {
  for (i = 1; i <= count[c]; i++) {
    w = words_of(text[c, i])
    name = c ":--" long[c, i] (short[c, i] == "" ? "" : "|" c ":-" short[c, i])
    if (w != "") printf "    %s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", name, w
    else if (arg[c, i] != "" && kind[c, i] != "file") printf "    %s) return ;;\n", name
  }
}
function bash(i) {
  print "# Completion of copse for bash. Made from the tables of the program."
  print "_copse() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i"
  print "  [[ $cur == = ]] && cur="
  print "  [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}"
  print "  for ((i = 1; i < COMP_CWORD; i++)); do\n    case ${COMP_WORDS[i]} in"
  printf "      "
  for (i = 1; i <= n; i++) printf "%s%s", (i > 1 ? "|" : ""), order[i]
  print ") command=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n  case $command:$prev in"
  for (i = 1; i <= n; i++) bash_values(order[i])
  bash_values("")
  print "  esac\n  if [[ $cur == -* ]]; then\n    case $command in"
  for (i = 1; i <= n; i++) printf "      %s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")) ;;\n", order[i], bash_options(order[i])
  printf "      *) COMPREPLY=($(compgen -W '%s --version' -- \"$cur\")) ;;\n    esac\n    return\n  fi\n", bash_options("")
  printf "  COMPREPLY=($(compgen -f -- \"$cur\"))\n  [[ $command || $COMP_CWORD -ne 1 ]] && return\n  COMPREPLY+=($(compgen -W '"
  for (i = 1; i <= n; i++) printf "%s%s", (i > 1 ? " " : ""), order[i]
  print "' -- \"$cur\"))\n}\ncomplete -o filenames -F _copse copse"
}
function zsh_option(c, i, w, action) {
  w = words_of(text[c, i])
  action = w != "" ? ":" arg[c, i] ":(" w ")" : arg[c, i] == "" ? "" : kind[c, i] == "file" ? ":" arg[c, i] ":_files" : ":" arg[c, i] ": "
  printf " \\\n        '--%s%s[%s]%s'", long[c, i], arg[c, i] == "" ? "" : "=", quoted(text[c, i]), quoted_action(action)
}
function quoted_action(s) { gsub(/'/, "", s); return s }
function zsh(i, j) {
  print "#compdef copse\n# Completion of copse for zsh. Made from the tables of the program.\n_copse() {\n  local -a commands\n  commands=("
  for (i = 1; i <= n; i++) printf "    '%s:%s'\n", order[i], quoted(summary[order[i]])
  print "  )\n  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n    _describe command commands\n    _files\n    return\n  fi\n  case $words[2] in"
  for (i = 0; i <= n; i++) {
    c = i < n ? order[i + 1] : ""
    printf "    %s)\n      _arguments", c == "" ? "*" : c
    for (j = 1; j <= count[c]; j++) zsh_option(c, j)
    print " \\\n        '--help[How it is called]' '*:file:_files' ;;"
  }
  print "  esac\n}\n_copse \"$@\""
}
function fish_option(c, i, w, when) {
  when = c == "" ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " c
  w = words_of(text[c, i])
  printf "complete -c copse -n '%s' -l %s%s%s%s -d '%s'\n", when, long[c, i], short[c, i] == "" ? "" : " -s " short[c, i],
    arg[c, i] == "" ? "" : kind[c, i] == "file" ? " -r -F" : " -x", w == "" ? "" : " -a '" w "'", quoted(text[c, i])
}
function fish(i, j) {
  print "# Completion of copse for fish. Made from the tables of the program."
  for (i = 1; i <= n; i++) printf "complete -c copse -n __fish_use_subcommand -a %s -d '%s'\n", order[i], quoted(summary[order[i]])
  for (j = 1; j <= count[""]; j++) fish_option("", j)
  for (i = 1; i <= n; i++) for (j = 1; j <= count[order[i]]; j++) fish_option(order[i], j)
}
END { if (shell == "bash") bash(); else if (shell == "zsh") zsh(); else fish() }
