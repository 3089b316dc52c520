/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/report_tables.h"

#include <math.h>

enum { COUNT, BAR, RIGHT, SAID };

static const TableColumn confusion_columns[] = {
    [COUNT] = {"TIMES", NULL, 5, 0, 0, TABLE_RIGHT},
    [BAR] = {"", NULL, 8, 20, 50, TABLE_BAR},
    [RIGHT] = {"IT IS", NULL, 14, 30, 0, TABLE_MIDDLE},
    [SAID] = {"IT WAS TAKEN FOR", "TAKEN FOR", 14, 0, 0, TABLE_NAME | TABLE_MIDDLE},
};

static const Confusion *confusion_at(const void *rows, guint row) {
  return &g_array_index(((const Evaluation *)rows)->confusions, Confusion, row);
}

static void confusion_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const Confusion *c = confusion_at(rows, row);
  (void)width, (void)ascii;
  if (column == COUNT) cell->text = g_strdup_printf("%u", c->count);
  if (column == BAR) cell->share = (double)c->count / confusion_at(rows, 0)->count;
  if (column == RIGHT) cell->text = g_strdup(c->right), cell->style = STYLE_CONCEPT;
  if (column == SAID) cell->text = g_strdup(c->said), cell->style = STYLE_WARN;
}

const TableKind confusion_table = {confusion_columns, G_N_ELEMENTS(confusion_columns), 1, confusion_cell, NULL};

enum { SHARE, SHARE_BAR, N, F1, LABEL, WHICH };

static const TableColumn label_columns[] = {
    [SHARE] = {"RIGHT", NULL, 6, 0, 0, TABLE_RIGHT | TABLE_SORTED},
    [SHARE_BAR] = {"", NULL, 8, 20, 50, TABLE_BAR},
    [N] = {"MODELS", NULL, 6, 0, 0, TABLE_RIGHT | TABLE_SORTED},
    [F1] = {"F1", NULL, 5, 0, 60, TABLE_RIGHT | TABLE_SORTED},
    [LABEL] = {"LABEL", NULL, 14, 0, 0, TABLE_NAME | TABLE_MIDDLE | TABLE_SORTED},
    [WHICH] = {"TRAINED ON", NULL, 10, 0, 56, 0},
};

static const ClassRow *class_at(const void *rows, guint row) {
  return &g_array_index(((const Evaluation *)rows)->classes, ClassRow, row);
}

static double chance_of(const Evaluation *e, const ClassRow *c) {
  return c->unseen ? e->unseen.score.chance : e->seen.score.chance;
}

/* The bar begins at chance. */
static void label_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const ClassRow *c = class_at(rows, row);
  (void)width, (void)ascii;
  if (column == SHARE) cell->text = g_strdup_printf("%.0f %%", 100 * c->accuracy);
  if (column == SHARE_BAR) cell->share = score_above(c->accuracy, chance_of(rows, c));
  if (column == N) cell->text = g_strdup_printf("%u", c->n), cell->style = STYLE_DIM;
  if (column == F1 && isfinite(c->f1)) cell->text = g_strdup_printf("%.2f", c->f1);
  if (column == LABEL) cell->text = g_strdup(c->label), cell->style = STYLE_CONCEPT;
  if (column == WHICH) cell->text = g_strdup(c->unseen ? "never" : "yes"), cell->style = STYLE_DIM;
}

static double label_number(const void *rows, guint row, int column) {
  const ClassRow *c = class_at(rows, row);
  return column == SHARE ? c->accuracy : column == N ? c->n : column == F1 ? c->f1 : NAN;
}

const TableKind label_table_kind = {label_columns, G_N_ELEMENTS(label_columns), 1, label_cell, label_number};
