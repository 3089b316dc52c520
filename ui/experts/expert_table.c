/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/expert_table.h"

#include <math.h>

#include "core/name_set.h"
#include "core/text.h"
#include "experts/expert.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"

enum { NAME, LAYER, TREE, KIND, TASK, VAL, SEEN, UNSEEN, CHANCE, LABELS };

static const TableColumn columns[] = {
    [NAME] = {"EXPERT", NULL, 12, 0, 0, TABLE_NAME | TABLE_MIDDLE | TABLE_SORTED},
    [LAYER] = {"LAYER", NULL, 10, 36, 72, TABLE_MIDDLE | TABLE_SORTED},
    [TREE] = {"TREE", NULL, 4, 0, 110, TABLE_RIGHT},
    [KIND] = {"KIND", NULL, 6, 9, 92, 0},
    [TASK] = {"TASK", NULL, 8, 0, 56, 0},
    [VAL] = {"VAL", NULL, 5, 14, 0, TABLE_SORTED | TABLE_SPARE},
    [SEEN] = {"SEEN", NULL, 5, 14, 0, TABLE_SORTED | TABLE_SPARE},
    [UNSEEN] = {"UNSEEN", "UNSN", 5, 14, 0, TABLE_SORTED | TABLE_SPARE},
    [CHANCE] = {"CHANCE", NULL, 6, 0, 40, TABLE_RIGHT},
    [LABELS] = {"LABELS", NULL, 6, 0, 100, TABLE_RIGHT | TABLE_SORTED},
};

static const Expert *expert_at(const void *rows, guint row) { return ((const GPtrArray *)rows)->pdata[row]; }

static const Score *score_of(const Expert *e, int column) {
  return column == VAL ? &e->val : column == SEEN ? &e->test : &e->test_holdout;
}

/* Of what was never trained on, where that was measured. */
static double chance_of(const Expert *e) {
  const Score *const scores[] = {&e->test_holdout, &e->test, &e->val};
  for (size_t i = 0; i < G_N_ELEMENTS(scores); i++)
    if (scores[i]->n && isfinite(scores[i]->chance)) return scores[i]->chance;
  return NAN;
}

static char *chance_text(const Expert *e) {
  double chance = chance_of(e);
  return isfinite(chance) ? g_strdup_printf("%.1f %%", 100 * chance) : NULL;
}

static char *tree_text(const Expert *e) { return e->tree >= 0 ? g_strdup_printf("%d", e->tree + 1) : g_strdup("any"); }

/* Of names, or layers, that are too long what they do not share is left. The caller frees it. */
static char *told_apart(const GPtrArray *experts, guint row, bool layers, int width, bool ascii) {
  const Expert *own = experts->pdata[row];
  const char *text = layers ? own->layer : own->name;
  if (!text || text_width(text) <= width) return g_strdup(text);
  g_autofree const char **all = g_new(const char *, experts->len + 1);
  bool others = false;
  for (guint i = 0; i < experts->len; i++) {
    const Expert *e = experts->pdata[i];
    all[i] = layers ? (e->layer ? e->layer : "") : e->name;
    others |= !g_str_equal(all[i], text);
  }
  if (!others) return g_strdup(text); /* both its ends are shown */
  g_autoptr(NameSet) set = name_set_new(all, experts->len);
  return name_set_fit(set, row, width, glyph(ascii, GLYPH_ELLIPSIS));
}

static void expert_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const Expert *e = expert_at(rows, row);
  switch (column) {
    case NAME:
    case LAYER:
      cell->text = told_apart(rows, row, column == LAYER, width, ascii);
      return;
    case TREE:
      cell->text = tree_text(e);
      return;
    case KIND:
      cell->text = g_strdup(expert_kind_name(e));
      return;
    case TASK:
      cell->text = g_strdup(expert_task_name(e->task));
      return;
    case CHANCE:
      cell->text = chance_text(e);
      cell->style = STYLE_DIM;
      return;
    case LABELS:
      cell->text = g_strdup_printf("%u", e->labels ? e->labels->len : 0);
      return;
    default:
      cell->text = score_text(score_of(e, column), width, ascii);
      cell->style = column == UNSEEN ? STYLE_INPUT : STYLE_TEXT;
  }
}

static double expert_number(const void *rows, guint row, int column) {
  const Expert *e = expert_at(rows, row);
  if (column == LABELS) return e->labels ? e->labels->len : 0;
  return column >= VAL && column <= UNSEEN ? score_headline(score_of(e, column)) : NAN;
}

const TableKind expert_table = {columns, G_N_ELEMENTS(columns), 1, expert_cell, expert_number};
