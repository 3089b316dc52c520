/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/keeping/keeping_tables.h"

#include <math.h>

#include "core/text.h"
#include "ui/toolkit/glyph.h"

/* What is there is never said to be nothing. */
static char *percent(double share) {
  return share > 0 && share < 0.0005 ? g_strdup("<.1 %") : g_strdup_printf("%.1f %%", 100 * share);
}

/* Groups that free most come first. */
static int most_first(gconstpointer a, gconstpointer b, gpointer found) {
  const GPtrArray *groups = ((const Duplicates *)found)->groups;
  guint i = *(const guint *)a, k = *(const guint *)b;
  const KeepGroup *x = groups->pdata[i], *y = groups->pdata[k];
  if (x->frees != y->frees) return x->frees > y->frees ? -1 : 1;
  return (i > k) - (i < k);
}

static void add_group(GArray *rows, guint group, const KeepGroup *g) {
  DuplicateRow row = {group, g->keep};
  g_array_append_val(rows, row);
  for (row.member = 0; row.member < g->members->len; row.member++)
    if (row.member != g->keep) g_array_append_val(rows, row);
}

GArray *duplicate_rows_new(const Duplicates *found) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(DuplicateRow));
  g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; found && i < found->groups->len; i++) g_array_append_val(order, i);
  if (found) g_array_sort_with_data(order, most_first, (gpointer)found);
  for (guint i = 0; i < order->len; i++) {
    guint group = g_array_index(order, guint, i);
    add_group(rows, group, found->groups->pdata[group]);
  }
  return rows;
}

const KeepGroup *duplicate_group(const DuplicateRows *rows, guint row) {
  return rows->found->groups->pdata[g_array_index(rows->rows, DuplicateRow, row).group];
}

const KeepMember *duplicate_member(const DuplicateRows *rows, guint row) {
  guint member = g_array_index(rows->rows, DuplicateRow, row).member;
  return &g_array_index(duplicate_group(rows, row)->members, KeepMember, member);
}

char *duplicates_text(const Duplicates *found) {
  guint copies = 0, groups = found->groups->len;
  for (guint i = 0; i < groups; i++) copies += ((const KeepGroup *)found->groups->pdata[i])->members->len - 1;
  g_autofree char *size = text_bytes(found->frees);
  return g_strdup_printf("%u cop%s in %u group%s; %s free without them", copies, copies == 1 ? "y" : "ies", groups,
                         groups == 1 ? "" : "s", size);
}

enum { MARK, KEEP, GROUP, KIND, SIZE, FREES, MODEL, WHY };

static const TableColumn duplicate_columns[] = {
    [MARK] = {"", NULL, 1, 0, 0, 0},
    [KEEP] = {"KEEP", NULL, 4, 0, 0, 0},
    [GROUP] = {"GROUP", NULL, 5, 0, 100, TABLE_RIGHT},
    [KIND] = {"KIND", NULL, 8, 0, 56, 0},
    [SIZE] = {"SIZE", NULL, 7, 0, 70, TABLE_RIGHT},
    [FREES] = {"FREES", NULL, 7, 0, 0, TABLE_RIGHT},
    [MODEL] = {"MODEL", NULL, 14, 0, 0, TABLE_NAME | TABLE_TAIL},
    [WHY] = {"WHY", NULL, 12, 34, 92, 0},
};

static void duplicate_cell(const void *all, guint row, int column, int width, bool ascii, TableCell *cell) {
  const DuplicateRows *rows = all;
  const DuplicateRow *r = &g_array_index(rows->rows, DuplicateRow, row);
  const KeepGroup *g = duplicate_group(rows, row);
  const KeepMember *m = duplicate_member(rows, row);
  const Model *model = forest_node(rows->found->wood->forest, m->node)->model;
  bool kept = r->member == g->keep,
       tagged = rows->tagged && g_hash_table_contains(rows->tagged, GUINT_TO_POINTER(r->group));
  (void)width;
  if (!kept) cell->style = STYLE_DIM;
  if (column == MARK && tagged) cell->text = g_strdup(glyph(ascii, GLYPH_TAG)), cell->style = STYLE_TAGGED;
  if (column == KEEP && kept) cell->text = g_strdup("keep"), cell->style = STYLE_GOOD;
  if (column == GROUP) cell->text = g_strdup_printf("%u", r->group + 1);
  if (column == KIND) cell->text = g_strdup(keep_member_kind(g, r->member));
  if (column == KIND && (m->lossy || m->widened)) cell->style = STYLE_WARN;
  if (column == SIZE) cell->text = text_bytes(model->bytes);
  if (column == FREES && !kept) cell->text = text_bytes(m->frees), cell->style = STYLE_TEXT;
  if (column == MODEL) cell->text = g_strdup(model->shown);
  if (column == MODEL && kept) cell->style = STYLE_TEXT;
  if (column == WHY && kept) cell->text = g_strdup(g->why), cell->style = STYLE_LABEL;
}

const TableKind duplicate_table = {duplicate_columns, G_N_ELEMENTS(duplicate_columns), 0, duplicate_cell, NULL};

enum { PART, BAR, SHARE, BYTES, MODELS };

static const TableColumn space_columns[] = {
    [PART] = {"PART", NULL, 12, 64, 0, TABLE_NAME | TABLE_MIDDLE | TABLE_SORTED},
    [BAR] = {"", NULL, 8, 60, 44, TABLE_BAR},
    [SHARE] = {"SHARE", NULL, 7, 0, 0, TABLE_RIGHT},
    [BYTES] = {"SIZE", NULL, 7, 0, 0, TABLE_RIGHT | TABLE_SORTED},
    [MODELS] = {"MODELS", NULL, 6, 0, 52, TABLE_RIGHT | TABLE_SORTED},
};

static const SpacePart *part_at(const SpaceRows *rows, guint row) {
  return rows->report->parts[rows->side]->pdata[row];
}

static double share_of(const SpaceRows *rows, guint row) {
  uint64_t all = rows->report->bytes[rows->side];
  return all ? (double)part_at(rows, row)->bytes / (double)all : 0;
}

static void space_cell(const void *all, guint row, int column, int width, bool ascii, TableCell *cell) {
  const SpacePart *p = part_at(all, row);
  (void)width, (void)ascii;
  if (column == PART) cell->text = g_strdup(p->name);
  if (column == BAR) cell->share = share_of(all, row);
  if (column == SHARE) cell->text = percent(share_of(all, row)), cell->style = STYLE_DIM;
  if (column == BYTES) cell->text = text_bytes(p->bytes);
  if (column == MODELS && p->models) cell->text = text_whole(p->models), cell->style = STYLE_DIM;
}

static double space_number(const void *all, guint row, int column) {
  const SpacePart *p = part_at(all, row);
  return column == BYTES ? (double)p->bytes : column == MODELS ? p->models : NAN;
}

const TableKind space_table = {space_columns, G_N_ELEMENTS(space_columns), 1, space_cell, space_number};

enum { SEVERITY, WHAT, OF, EVIDENCE };

static const TableColumn conflict_columns[] = {
    [SEVERITY] = {"SEVERITY", NULL, 8, 0, 0, TABLE_SORTED},
    [WHAT] = {"KIND", NULL, 8, 15, 60, TABLE_SORTED},
    [OF] = {"MODEL", NULL, 16, 0, 0, TABLE_NAME | TABLE_MIDDLE | TABLE_SORTED},
    [EVIDENCE] = {"EVIDENCE", NULL, 24, 110, 88, TABLE_SPARE},
};

static const Conflict *conflict_at(const void *all, guint row) { return ((const Conflicts *)all)->list->pdata[row]; }

static void conflict_cell(const void *all, guint row, int column, int width, bool ascii, TableCell *cell) {
  static const Style styles[] = {
      [SEVERITY_HIGH] = STYLE_BAD, [SEVERITY_MEDIUM] = STYLE_WARN, [SEVERITY_LOW] = STYLE_DIM};
  const Conflict *c = conflict_at(all, row);
  (void)width, (void)ascii;
  if (column == SEVERITY) cell->text = g_strdup(conflict_severity_name(c->severity)), cell->style = styles[c->severity];
  if (column == WHAT) cell->text = g_strdup(conflict_kind_name(c->kind));
  if (column == OF) cell->text = g_strdup(forest_node(((const Conflicts *)all)->wood->forest, c->node)->name);
  if (column == EVIDENCE) cell->text = g_strdup(c->sentence), cell->style = STYLE_DIM;
}

static double conflict_number(const void *all, guint row, int column) {
  return column == SEVERITY ? -(double)conflict_at(all, row)->severity : NAN;
}

const TableKind conflict_table = {conflict_columns, G_N_ELEMENTS(conflict_columns), 1, conflict_cell, conflict_number};
