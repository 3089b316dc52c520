/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is known of a model, with where each piece of it comes from. */
#include <math.h>
#include <string.h>

#include "collection/model_fields.h"
#include "collection/purpose.h"
#include "core/text.h"
#include "experts/task/label_list.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/lines.h"
#include "ui/model/model_page.h"
#include "ui/toolkit/paint.h"

enum { LABEL = 17, TWO_FROM = 110, FACTS_MOST = 200 };

typedef struct {
  List left; /* scrolls; the cursor is its first line */
} Overview;

static gpointer overview_open(const Subject *s) {
  (void)s;
  return g_new0(Overview, 1);
}

static void overview_reset(gpointer page) { *(Overview *)page = (Overview){0}; }

/* "value  (source)" under a label. */
static void fact(Lines *l, const char *label, const char *value, const char *source) {
  g_autofree char *text = source ? g_strdup_printf("%s  (%s)", value, source) : g_strdup(value);
  lines_fact(l, label, LABEL, STYLE_TEXT, text);
}

/* What it is for, and who says so, the most trusted first. */
static void add_purposes(Lines *l, const Subject *s) {
  enum { SHOWN = 4 };
  const Snapshot *wood = s->ui->wood;
  const char *predicted = s->ui->predicted ? g_hash_table_lookup(s->ui->predicted, s->model->path) : NULL;
  g_autoptr(GArray) all = model_purposes(s->model, wood ? wood->label_key : NULL, predicted,
                                         predicted ? "the expert that was applied" : NULL);
  for (guint i = 0; i < all->len && i < SHOWN; i++) {
    const Purpose *p = &g_array_index(all, Purpose, i);
    g_autofree char *text = g_strdup_printf("%s  (%s)", p->text, p->evidence);
    lines_fact(l, i ? "" : "what for", LABEL, i ? STYLE_DIM : STYLE_CONCEPT, text);
  }
}

/* What the user has made of it. */
static void add_own(Lines *l, const Model *m) {
  static const ModelField fields[] = {FIELD_FAMILY, FIELD_FAVOURITE, FIELD_NOTE};
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
    g_autofree char *text = model_field_text(m, fields[i], NULL);
    if (text && *text) lines_fact(l, field_info(fields[i])->name, LABEL, STYLE_BY_HAND, text);
  }
}

static void add_file(Lines *l, const Model *m) {
  g_autofree char *params = text_count(m->params), *bytes = text_bytes(m->bytes);
  g_autofree char *dtypes = model_dtypes_text(m);
  g_autofree char *tensors = g_strdup_printf("%u", m->tensors);
  g_autofree SafeText *file = safe_text(m->file, -1);
  lines_fact(l, "path", LABEL, STYLE_TEXT, m->shown);
  if (strcmp(m->path, m->file) != 0) lines_fact(l, "weights", LABEL, STYLE_TEXT, file);
  g_autofree char *kind = g_strdup_printf("%s, %s", model_kind_name(m->kind), m->format);
  fact(l, "kind", kind, "header");
  fact(l, "params", params, "header");
  fact(l, "tensors", tensors, "header");
  if (*dtypes) fact(l, "dtypes", dtypes, "header");
  fact(l, "on disk", bytes, "file");
  if (*m->shapes) fact(l, "architecture", m->shapes, "hash of names and shapes");
}

static void add_facts(Lines *l, const Model *m) {
  if (m->facts->len == 0) return;
  lines_gap(l);
  lines_put(l, STYLE_TITLE, "What its files say");
  lines_end(l);
  for (guint i = 0; i < m->facts->len && i < FACTS_MOST; i++) {
    const Fact *f = m->facts->pdata[i];
    /* A card may hold a novel. */
    g_autofree char *value = label_list_text(f->value);
    g_autofree char *fitted = text_width(value) > 300 ? text_fit(value, 300, "…") : NULL;
    fact(l, f->key, fitted ? fitted : value, f->source);
  }
}

/* "recovered fine-tune, 0.87 sure, moved 0.125". The caller frees it. */
static char *edge_words(const ParentEdge *e) {
  GString *s = g_string_new(NULL);
  g_string_printf(s, "%s %s, %.2f sure", edge_source_name(e->source), edge_kind_name(e->kind), e->confidence);
  if (e->weight < 0.995) g_string_append_printf(s, ", share %.2f", e->weight);
  if (isfinite(e->distance)) g_string_append_printf(s, ", moved %.3g", e->distance);
  return g_string_free(s, FALSE);
}

/* From the model up to the root, each with how it came from the next. */
static void add_path(Lines *l, const Forest *f, int node, bool ascii) {
  const ForestNode *n = forest_node(f, (unsigned)node);
  for (guint steps = 0; n->parents->len && steps <= f->nodes->len; steps++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, 0);
    g_autofree char *words = edge_words(e);
    const ForestNode *up = forest_node(f, e->parent);
    g_autofree char *line = g_strdup_printf("%s%s", up->name, up->model ? "" : "  (not on this disk)");
    lines_fact(l, steps ? "" : "path to root", LABEL, up->model ? STYLE_TEXT : STYLE_DIM, line);
    g_autofree char *how = g_strdup_printf("%s %s", ascii ? "`-" : "└", words);
    lines_fact(l, "", LABEL, e->source == EDGE_RECOVERED ? STYLE_RECOVERED : STYLE_DIM, how);
    n = up;
  }
}

static void add_other_parents(Lines *l, const Forest *f, const ForestNode *n) {
  for (guint i = 1; i < n->parents->len; i++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, i);
    g_autofree char *words = edge_words(e);
    g_autofree char *text = g_strdup_printf("%s: %s", forest_node(f, e->parent)->name, words);
    lines_fact(l, i == 1 ? "also from" : "", LABEL, STYLE_TEXT, text);
  }
}

/* "0.60 of owl + 0.40 of fox": how much of each parent a merge has. */
static void add_recipe(Lines *l, const Forest *f, const ForestNode *n) {
  const ParentEdge *first = forest_parent_edge(n);
  if (!first || first->kind != EDGE_MERGE) return;
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < n->parents->len; i++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, i);
    g_string_append_printf(text, "%s%.2f of %s", i ? " + " : "", e->weight, forest_node(f, e->parent)->name);
  }
  lines_fact(l, "recipe", LABEL, STYLE_RECOVERED, text->str);
}

/* All nodes that hold the same tensors. */
static void add_duplicates(Lines *l, const Forest *f, int node) {
  int first = forest_node(f, (unsigned)node)->duplicate_of;
  if (first < 0) first = node;
  uint64_t bytes = 0;
  unsigned count = 0;
  for (guint i = 0; i < f->nodes->len; i++) {
    const ForestNode *n = forest_node(f, i);
    if ((int)i == node || ((int)i != first && n->duplicate_of != first) || !n->model) continue;
    if (count < 8) lines_fact(l, count ? "" : "same tensors", LABEL, STYLE_WARN, n->model->shown);
    bytes += n->model->bytes, count++;
  }
  if (!count) return;
  g_autofree char *size = text_bytes(bytes);
  g_autofree char *text = g_strdup_printf("%u other cop%s, %s to be had", count, count == 1 ? "y" : "ies", size);
  lines_fact(l, "", LABEL, STYLE_DIM, text);
}

static void add_children(Lines *l, const Forest *f, const ForestNode *n) {
  enum { SHOWN = 12 };
  for (guint i = 0; i < n->children->len && i < SHOWN; i++) {
    const ForestNode *child = forest_node(f, g_array_index(n->children, unsigned, i));
    lines_fact(l, i ? "" : "children", LABEL, STYLE_TEXT, child->name);
  }
  if (n->children->len <= SHOWN) return;
  g_autofree char *more = g_strdup_printf("and %u more", n->children->len - SHOWN);
  lines_fact(l, "", LABEL, STYLE_DIM, more);
}

static void add_family(Lines *l, const Subject *s) {
  const ForestNode *n = subject_node(s);
  lines_put(l, STYLE_TITLE, "Family");
  lines_end(l);
  if (!n) {
    lines_fact(l, "", LABEL, STYLE_DIM, "no longer in the collection");
    return;
  }
  const Forest *f = s->ui->wood->forest;
  g_autofree char *tree =
      g_strdup_printf("%d of %d%s", n->tree + 1, f->trees, s->ui->wood->grown ? "" : ", from cards alone");
  lines_fact(l, "tree", LABEL, STYLE_TEXT, tree);
  add_path(l, f, s->node, s->ui->ascii);
  if (!n->parents->len) lines_fact(l, "path to root", LABEL, STYLE_DIM, "it is a root");
  add_other_parents(l, f, n);
  add_recipe(l, f, n);
  if (n->card_conflict) lines_fact(l, "conflict", LABEL, STYLE_WARN, "the card names another parent than the weights");
  lines_fact(l, "note", LABEL, STYLE_DIM, n->note);
  add_duplicates(l, f, s->node);
  add_children(l, f, n);
}

Lines *overview_lines(const Subject *s, int columns) {
  Lines *l = lines_new(columns);
  add_purposes(l, s);
  add_own(l, s->model);
  add_file(l, s->model);
  lines_gap(l);
  add_family(l, s);
  add_facts(l, s->model);
  return l;
}

static void overview_draw(const Subject *s, gpointer page, Cells *cells, Rect area) {
  Overview *o = page;
  bool two = area.columns >= TWO_FROM;
  int half = two ? (area.columns - 4) / 2 : area.columns - 2;
  g_autoptr(Lines) left = lines_new(half);
  g_autoptr(Lines) right = two ? lines_new(half) : NULL;
  add_purposes(left, s);
  add_own(left, s->model);
  add_file(left, s->model);
  if (!two) lines_gap(left);
  add_family(two ? right : left, s);
  add_facts(left, s->model);
  int most = MAX((int)left->lines->len, right ? (int)right->lines->len : 0);
  list_resize(&o->left, MAX(most - area.rows + 1, 1));
  o->left.height = area.rows;
  lines_draw(left, cells, (Rect){area.x + 1, area.y, half, area.rows}, o->left.cursor);
  if (right) lines_draw(right, cells, (Rect){area.x + half + 3, area.y, half, area.rows}, o->left.cursor);
}

static PageStep overview_action(Subject *s, gpointer page, Action action) {
  (void)s;
  return (PageStep){.kind = list_action(&((Overview *)page)->left, action) ? STEP_HANDLED : STEP_NONE};
}

const PageOps page_overview = {.name = "Overview",
                               .open = overview_open,
                               .close = g_free,
                               .reset = overview_reset,
                               .draw = overview_draw,
                               .action = overview_action};
