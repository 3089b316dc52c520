/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/report.h"

#include <math.h>
#include <string.h>

#include "core/text.h"
#include "lineage/forest/conflicts.h"
#include "lineage/forest/keep.h"
#include "lineage/forest/node_fields.h"
#include "lineage/forest/report_page.h"
#include "lineage/forest/report_tree.h"

static const ModelField columns[] = {
    FIELD_NAME,       FIELD_WHAT,  FIELD_KIND,   FIELD_FAMILY,       FIELD_BASE,     FIELD_PARENT, FIELD_EDGE,
    FIELD_CONFIDENCE, FIELD_MOVED, FIELD_PARAMS, FIELD_BYTES,        FIELD_DTYPE,    FIELD_RANK,   FIELD_LICENSE,
    FIELD_DATE,       FIELD_TAGS,  FIELD_TREE,   FIELD_DUPLICATE_OF, FIELD_CONFLICT, FIELD_NOTE,   FIELD_PATH};

/* --- sums --------------------------------------------------------------------------------------- */

typedef struct {
  unsigned models, missing, copies;
  uint64_t bytes, copied;
} Sums;

static Sums count(const Forest *f) {
  Sums sums = {0};
  for (guint i = 0; i < f->nodes->len; i++) {
    const ForestNode *n = forest_node(f, i);
    if (!n->model) {
      sums.missing++;
      continue;
    }
    sums.models++;
    sums.bytes += n->model->bytes;
    if (n->duplicate_of < 0) continue;
    sums.copies++;
    sums.copied += n->model->bytes;
  }
  return sums;
}

static void add_sum(GString *s, const char *label, const char *value) {
  g_string_append_printf(s, "<div><dt>%s</dt><dd>%s</dd></div>\n", label, value);
}

/* `one` and `many` are what is counted. */
static void add_count(GString *s, unsigned n, const char *one, const char *many) {
  g_autofree char *digits = text_whole(n);
  add_sum(s, n == 1 ? one : many, digits);
}

static void add_sums(GString *s, const Forest *f, unsigned conflicts) {
  Sums sums = count(f);
  g_autofree char *bytes = text_bytes(sums.bytes), *copied = text_bytes(sums.copied);
  g_string_append(s, "<dl>\n");
  add_count(s, sums.models, "model", "models");
  add_count(s, (unsigned)f->trees, "tree", "trees");
  add_sum(s, "in weight files", bytes);
  add_count(s, sums.copies, "copy", "copies");
  add_sum(s, "in copies", copied);
  add_count(s, conflicts, "conflict", "conflicts");
  add_count(s, sums.missing, "parent not on disk", "parents not on disk");
  g_string_append(s, "</dl>\n");
}

static void add_trees(GString *s, const Forest *f) {
  g_string_append(s,
                  "<h2 id=\"forest\">Trees</h2>\n<p><button class=b id=\"fold\">fold all</button> <button class=b "
                  "id=\"unfold\">unfold all</button></p>\n<div class=t>\n");
  report_tree_svg(s, f);
  g_string_append(s, "</div>\n");
}

/* --- the table ------------------------------------------------------------------------------------- */

static bool is_number(ModelField f) {
  FieldKind kind = field_info(f)->kind;
  return kind == FIELD_IS_NUMBER || kind == FIELD_IS_REAL;
}

/* The first column names the row; those that most readers of a printed page can do without have class "x". */
static bool is_minor(ModelField f) {
  static const ModelField minor[] = {FIELD_MOVED, FIELD_PARAMS, FIELD_RANK, FIELD_TAGS,
                                     FIELD_TREE,  FIELD_NOTE,   FIELD_PATH};
  for (size_t i = 0; i < G_N_ELEMENTS(minor); i++)
    if (minor[i] == f) return true;
  return false;
}

/* Other models by what people call them. */
static char *cell_text(const Forest *f, const ForestNode *n, ModelField field, const char *label_key) {
  const ParentEdge *e = forest_parent_edge(n);
  if (field == FIELD_PARENT) return e ? g_strdup(forest_shown(f, e->parent)) : NULL;
  if (field == FIELD_DUPLICATE_OF && n->duplicate_of >= 0) return g_strdup(forest_shown(f, (unsigned)n->duplicate_of));
  return node_field_text(f, n, field, label_key);
}

static void add_cell(GString *s, const Forest *f, const ForestNode *n, ModelField field, const char *label_key) {
  double number = is_number(field) ? node_field_number(n, field) : NAN;
  g_autofree char *text = isfinite(number)   ? field_number_text(field, number)
                          : is_number(field) ? NULL
                                             : cell_text(f, n, field, label_key);
  const char *minor = is_minor(field) ? "x" : "";
  if (field == FIELD_NAME) {
    g_string_append(s, "<th scope=row>");
  } else if (isfinite(number)) {
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(s, *minor ? "<td class=\"n x\" data-v=%s>" : "<td class=n data-v=%s>",
                           g_ascii_formatd(digits, sizeof digits, "%.12g", number));
  } else {
    g_string_append(s, *minor ? "<td class=x>" : "<td>");
  }
  text_append_markup(s, text);
}

/* "What for" of "WHAT FOR". */
static void add_title(GString *s, ModelField field) {
  const char *title = field_info(field)->title;
  g_autofree char *rest = g_ascii_strdown(title + 1, -1);
  g_string_append_printf(s, "<th scope=col class=\"%s%s\" title=\"%s\"><button>%c%s</button></th>",
                         is_number(field) ? "n" : "", is_minor(field) ? " x" : "", field_info(field)->meaning, *title,
                         rest);
}

static void add_table(GString *s, const Forest *f, const char *label_key) {
  g_string_append(s,
                  "<h2 id=\"all\">Models</h2>\n<div class=t tabindex=0 role=region aria-label=\"Models\"><table "
                  "id=\"models\"><caption>Every model; the buttons in the head sort</caption><thead><tr>");
  for (size_t c = 0; c < G_N_ELEMENTS(columns); c++) add_title(s, columns[c]);
  g_string_append(s, "</tr></thead><tbody>\n");
  for (guint i = 0; i < f->nodes->len; i++) {
    const ForestNode *n = forest_node(f, i);
    if (!n->model) continue;
    g_string_append(s, "<tr>");
    for (size_t c = 0; c < G_N_ELEMENTS(columns); c++) add_cell(s, f, n, columns[c], label_key);
    g_string_append_c(s, '\n');
  }
  g_string_append(s, "</tbody></table></div>\n");
}

/* --- copies and conflicts ---------------------------------------------------------------------------- */

/* A table's beginning; `heads` are separated by "|", those of numbers begin with "#". */
static void begin_table(GString *s, const char *id, const char *title, unsigned n, const char *heads) {
  g_auto(GStrv) names = g_strsplit(heads, "|", -1);
  g_string_append_printf(
      s, "<h2 id=\"%s\">%s <span>%u</span></h2>\n<div class=t tabindex=0 role=region aria-label=\"%s\">", id, title, n,
      title);
  g_string_append_printf(s, "<table><caption>%s</caption><thead><tr>", title);
  for (char **h = names; *h; h++)
    g_string_append_printf(s, "<th scope=col%s>%s", **h == '#' ? " class=n" : "", **h == '#' ? *h + 1 : *h);
  g_string_append(s, "</thead><tbody>\n");
}

static void end_table(GString *s) { g_string_append(s, "</tbody></table></div>\n"); }

static void add_shown(GString *s, const char *tag, const Forest *f, unsigned node) {
  g_string_append(s, tag);
  text_append_markup(s, forest_shown(f, node));
}

static void add_member(GString *s, const Forest *f, const KeepGroup *g, guint i) {
  const KeepMember *m = &g_array_index(g->members, KeepMember, i);
  g_autofree char *bytes = text_bytes(forest_node(f, m->node)->model->bytes), *frees = text_bytes(m->frees);
  const bool kept = i == g->keep;
  add_shown(s, "<tr><th scope=row>", f, m->node);
  if (i) add_shown(s, "<td>", f, g_array_index(g->members, KeepMember, 0).node);
  else g_string_append(s, "<td>");
  g_string_append_printf(s, "<td>%s<td class=n>%s<td class=n>%s<td>", keep_member_kind(g, i), bytes, kept ? "" : frees);
  if (kept) g_string_append_printf(s, "keep: %s", g->why);
  g_string_append_c(s, '\n');
}

static void add_copies(GString *s, const Forest *f, const GPtrArray *groups) {
  unsigned members = 0;
  for (guint i = 0; i < groups->len; i++) members += ((const KeepGroup *)groups->pdata[i])->members->len - 1;
  if (!groups->len) return;
  begin_table(s, "copies", "Copies", members, "Model|Holds the same as|Kind|#Size|#Frees|Which to keep");
  for (guint i = 0; i < groups->len; i++)
    for (guint k = 0; k < ((const KeepGroup *)groups->pdata[i])->members->len; k++)
      add_member(s, f, groups->pdata[i], k);
  end_table(s);
}

/* Without groups nothing is known of which to keep. */
static void add_plain_copies(GString *s, const Forest *f) {
  Sums sums = count(f);
  if (!sums.copies) return;
  begin_table(s, "copies", "Copies", sums.copies, "Model|Holds the same as|#Size");
  for (guint i = 0; i < f->nodes->len; i++) {
    const ForestNode *n = forest_node(f, i);
    if (!n->model || n->duplicate_of < 0) continue;
    g_autofree char *bytes = text_bytes(n->model->bytes);
    add_shown(s, "<tr><th scope=row>", f, i);
    add_shown(s, "<td>", f, (unsigned)n->duplicate_of);
    g_string_append_printf(s, "<td class=n>%s\n", bytes);
  }
  end_table(s);
}

static void add_conflicts(GString *s, const GPtrArray *list, const Forest *f) {
  if (!list->len) return;
  begin_table(s, "conflicts", "Conflicts", list->len, "Model|Severity|Kind|What disagrees");
  for (guint i = 0; i < list->len; i++) {
    const Conflict *c = list->pdata[i];
    add_shown(s, "<tr><th scope=row>", f, c->node);
    g_string_append_printf(s, "<td%s>%s<td>%s<td class=s>", c->severity == SEVERITY_HIGH ? " class=w" : "",
                           conflict_severity_name(c->severity), conflict_kind_name(c->kind));
    text_append_markup(s, c->sentence);
    g_string_append_c(s, '\n');
  }
  end_table(s);
}

/* --- the page ------------------------------------------------------------------------------------------ */

/* Leads to what is there, and holds the search, which is for trees and table. */
static void add_navigation(GString *s, bool copies, bool conflicts, const char *more) {
  const struct {
    const char *id, *name;
    bool there;
  } parts[] = {{"forest", "Trees", true},
               {"all", "Models", true},
               {"copies", "Copies", copies},
               {"conflicts", "Conflicts", conflicts},
               {"experts", "Experts", more && strstr(more, "id=\"experts\"")},
               {"where", "Map", more && strstr(more, "id=\"where\"")}};
  g_string_append(s, "<nav aria-label=\"Parts\"><div>");
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    if (parts[i].there) g_string_append_printf(s, "<a href=\"#%s\">%s</a>\n", parts[i].id, parts[i].name);
  g_string_append(
      s,
      "<label>Search <input id=\"search\" type=\"search\" placeholder=\"words that all must have\"></label> "
      "<span id=\"found\" role=\"status\"></span> <button class=b id=\"every\" aria-pressed=\"false\" hidden "
      "title=\"Off, "
      "long lists hold what is in sight; on, all of it, for the browser's own search and for reading aloud\">all rows "
      "at "
      "once</button></div></nav>\n");
}

char *report_html(const Forest *forest, const char *title, const char *label_key, const GPtrArray *groups,
                  const char *more) {
  GString *s = g_string_new("<!DOCTYPE html>\n<html lang=\"en\"><head><title>");
  g_autoptr(GPtrArray) conflicts = conflicts_list(forest);
  text_append_markup(s, title);
  g_string_append_printf(s, "</title>\n%s</head><body>\n<header><h1>", report_head);
  text_append_markup(s, title);
  g_string_append(s, " <small>a collection of models, as copse sees it</small></h1>\n");
  add_sums(s, forest, conflicts->len);
  g_string_append(s, "</header>\n");
  add_navigation(s, count(forest).copies > 0, conflicts->len > 0, more);
  g_string_append(s, "<main>\n");
  add_trees(s, forest);
  add_table(s, forest, label_key);
  if (groups) add_copies(s, forest, groups);
  else add_plain_copies(s, forest);
  add_conflicts(s, conflicts, forest);
  if (more) g_string_append(s, more);
  g_string_append_printf(s,
                         "<footer>Made by copse from the weights and what lies beside them. Nothing here was sent for."
                         "</footer></main>\n<script>\n'use strict';\n%s%s%s</body></html>\n",
                         report_sight_script, report_tree_script, report_script);
  return g_string_free(s, FALSE);
}
