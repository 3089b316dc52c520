/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation about what a collector keeps: copies, space, conflicts, with the rows of the screens. */
#include <string.h>

#include "core/text.h"
#include "ui/keeping/keeping_tables.h"
#include "ui/plain/plain_talk.h"

static void say_rows(const Talk *t, const TableKind *kind, const void *rows, guint n) {
  for (guint i = 0; i < MIN(n, (guint)TALK_LISTED); i++) {
    g_autofree char *line = table_line(kind, rows, i, true);
    fprintf(t->out, "%s.\n", line);
  }
  if (n > TALK_LISTED) fprintf(t->out, "And %u more.\n", n - TALK_LISTED);
}

void tell_duplicates(Talk *t, const char *argument) {
  GError *error = NULL;
  KeepRule rule = KEEP_AUTO;
  if (*argument && (!keep_rule_from_text(argument, &rule) || rule == KEEP_PATTERN)) {
    fputs("Kept is what auto, oldest, smallest or hub says.\n", t->out);
    return;
  }
  Duplicates *found = duplicates_find(&t->engine, t->wood, rule, &error);
  if (!found) {
    talk_complain(t, error);
    return;
  }
  g_autoptr(GArray) rows = duplicate_rows_new(found);
  DuplicateRows all = {found, rows, NULL};
  say_rows(t, &duplicate_table, &all, rows->len);
  g_autofree char *sum = duplicates_text(found);
  fprintf(t->out, "%s. copse deletes nothing.\n", sum);
  duplicates_free(found);
}

void tell_space(Talk *t, const char *argument) {
  GError *error = NULL;
  SpaceSide side = SPACE_DISK;
  while (side < SPACE_SIDES && *argument && strcmp(space_side_name(side), argument) != 0) side++;
  if (side == SPACE_SIDES) {
    fputs("Space is told by disk, tree, store, format, revision or age.\n", t->out);
    return;
  }
  g_autoptr(SpaceReport) report = space_measure(&t->engine, t->wood, &error);
  if (!report) {
    talk_complain(t, error);
    return;
  }
  SpaceRows all = {report, side};
  say_rows(t, &space_table, &all, report->parts[side]->len);
  g_autofree char *bytes = text_bytes(report->bytes[side]);
  fprintf(t->out, "%s together.\n", bytes);
}

void tell_conflicts(Talk *t, const char *argument) {
  (void)argument;
  Conflicts *found = conflicts_find(t->wood);
  guint n = found->list->len;
  say_rows(t, &conflict_table, found, n);
  fprintf(t->out, "%u conflict%s.\n", n, n == 1 ? "" : "s");
  conflicts_free(found);
}
