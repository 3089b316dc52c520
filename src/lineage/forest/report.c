/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/report.h"

#include <math.h>

#include "core/text.h"
#include "lineage/forest/conflicts.h"
#include "lineage/forest/node_fields.h"
#include "lineage/forest/report_tree.h"

static const ModelField columns[] = {
    FIELD_NAME,       FIELD_WHAT,  FIELD_KIND,   FIELD_FAMILY,       FIELD_BASE,     FIELD_PARENT, FIELD_EDGE,
    FIELD_CONFIDENCE, FIELD_MOVED, FIELD_PARAMS, FIELD_BYTES,        FIELD_DTYPE,    FIELD_RANK,   FIELD_LICENSE,
    FIELD_DATE,       FIELD_TAGS,  FIELD_TREE,   FIELD_DUPLICATE_OF, FIELD_CONFLICT, FIELD_NOTE,   FIELD_PATH};

static const char head[] =
    "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'\">\n<style>\n"
    ":root{color-scheme:light dark;--line:#8884;--dim:#888;--warn:#c60}\n"
    "body{font:15px/1.4 system-ui,sans-serif;margin:1.5em auto;max-width:110em;padding:0 1em}\n"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin:2em 0 .5em}\n"
    "dl{display:flex;flex-wrap:wrap;gap:.3em 2em;margin:0}dt{color:var(--dim)}dd{margin:0;font-size:1.3em}\n"
    "ul{margin:0;padding-left:1.3em}.d{color:var(--dim);fill:var(--dim)}.w{color:var(--warn);fill:var(--warn)}\n"
    "svg{display:block}#trees{fill:CanvasText;font-size:14px}#trees path{fill:none;stroke:var(--dim)}\n"
    "#trees g[aria-expanded]{cursor:pointer}#map{width:min(100%,44em);border:1px solid var(--line)}\n"
    ".t{overflow:auto;max-height:80vh;border:1px solid var(--line)}table{border-collapse:collapse;width:100%}\n"
    "th,td{padding:.15em "
    ".6em;text-align:left;white-space:nowrap;max-width:30em;overflow:hidden;text-overflow:ellipsis}\n"
    "thead th{position:sticky;top:0;background:Canvas;border-bottom:1px solid var(--line)}.n{text-align:right}\n"
    "th button{font:inherit;font-weight:600;border:0;background:none;color:inherit;cursor:pointer;padding:0}\n"
    "tbody tr:hover{background:#8881}input{font:inherit;padding:.3em .6em;width:min(30em,100%)}\n"
    "@media "
    "print{.t{max-height:none;overflow:visible}label,button.b,#found{display:none}td{white-space:normal}}\n</style>\n";

/* Searching hides rows here and in the trees; sorting compares numbers as numbers, and what has none comes last. */
static const char script[] =
    "const body=document.querySelector('#models tbody'),rows=[...body.rows];\n"
    "const say=n=>document.getElementById('found').textContent=n+' of '+rows.length+' models';\n"
    "document.getElementById('search').addEventListener('input',e=>{\n"
    "  const words=e.target.value.toLowerCase().split(/\\s+/).filter(Boolean);let n=0;\n"
    "  for(const r of rows){const t=r.textContent.toLowerCase();r.hidden=!words.every(w=>t.includes(w));n+=!r.hidden}\n"
    "  trees.search(words);say(n)});\n"
    "document.querySelectorAll('#models th').forEach((th,i)=>th.firstChild.addEventListener('click',()=>{\n"
    "  const down=th.getAttribute('aria-sort')==='ascending';\n"
    "  document.querySelectorAll('#models th').forEach(o=>o.removeAttribute('aria-sort'));\n"
    "  th.setAttribute('aria-sort',down?'descending':'ascending');\n"
    "  const key=r=>{const c=r.cells[i],v=c.dataset.v;return v===undefined?c.textContent:Number(v)};\n"
    "  rows.sort((a,b)=>{const x=key(a),y=key(b);if(x===''||y==='')return(x==='')-(y==='');\n"
    "    const c=typeof x==='number'&&typeof y==='number'?x-y:String(x).localeCompare(y);return down?-c:c});\n"
    "  body.append(...rows)}));\nsay(rows.length);\n</script>\n";

static void add_safe(GString *s, const char *text) {
  g_autofree char *safe = g_markup_escape_text(text ? text : "", -1);
  g_string_append(s, safe);
}

/* --- sums --------------------------------------------------------------------------------------- */

typedef struct {
  unsigned models, missing, copies, conflicts;
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
    sums.conflicts += n->card_conflict;
    if (n->duplicate_of < 0) continue;
    sums.copies++;
    sums.copied += n->model->bytes;
  }
  return sums;
}

static void add_sum(GString *s, const char *label, const char *value) {
  g_string_append_printf(s, "<div><dt>%s<dd>%s</div>\n", label, value);
}

static void add_count(GString *s, const char *label, unsigned n) {
  char digits[16];
  g_snprintf(digits, sizeof digits, "%u", n);
  add_sum(s, label, digits);
}

static void add_sums(GString *s, const Forest *f) {
  Sums sums = count(f);
  g_autofree char *bytes = text_bytes(sums.bytes), *copied = text_bytes(sums.copied);
  g_string_append(s, "<dl>\n");
  add_count(s, "models", sums.models);
  add_count(s, "trees", (unsigned)f->trees);
  add_sum(s, "in weight files", bytes);
  add_count(s, "copies", sums.copies);
  add_sum(s, "in copies", copied);
  add_count(s, "cards contradicted", sums.conflicts);
  add_count(s, "parents not on disk", sums.missing);
  g_string_append(s, "</dl>\n");
}

static void add_trees(GString *s, const Forest *f) {
  g_string_append(
      s,
      "<h2>Trees</h2>\n<p><button class=b id=\"fold\">fold all</button> <button class=b id=\"unfold\">unfold "
      "all</button></p>\n<div class=t tabindex=0 role=region aria-label=\"Trees\">\n");
  report_tree_svg(s, f);
  g_string_append(s, "</div>\n");
}

/* --- the table ------------------------------------------------------------------------------------- */

static bool is_number(ModelField f) {
  FieldKind kind = field_info(f)->kind;
  return kind == FIELD_IS_NUMBER || kind == FIELD_IS_REAL;
}

static void add_cell(GString *s, const Forest *f, const ForestNode *n, ModelField field, const char *label_key) {
  double number = is_number(field) ? node_field_number(n, field) : NAN;
  g_autofree char *text = isfinite(number)   ? field_number_text(field, number)
                          : is_number(field) ? NULL
                                             : node_field_text(f, n, field, label_key);
  if (isfinite(number)) {
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(s, "<td class=n data-v=%s>", g_ascii_formatd(digits, sizeof digits, "%.12g", number));
  } else {
    g_string_append(s, "<td>");
  }
  add_safe(s, text);
}

static void add_table(GString *s, const Forest *f, const char *label_key) {
  g_string_append(s,
                  "<h2>Models</h2>\n<p><label>Search <input id=\"search\" type=\"search\"></label> "
                  "<span id=\"found\" role=\"status\"></span></p>\n<div class=t tabindex=0 role=region "
                  "aria-label=\"Models\"><table id=\"models\"><thead><tr>");
  for (size_t c = 0; c < G_N_ELEMENTS(columns); c++)
    g_string_append_printf(s, "<th scope=col%s title=\"%s\"><button>%s</button></th>",
                           is_number(columns[c]) ? " class=n" : "", field_info(columns[c])->meaning,
                           field_info(columns[c])->name);
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

/* A list of the models for which `text` says something. */
static void add_list(GString *s, const char *title, const Forest *f,
                     char *(*text)(const Forest *, const ForestNode *)) {
  bool begun = false;
  for (guint i = 0; i < f->nodes->len; i++) {
    const ForestNode *n = forest_node(f, i);
    g_autofree char *line = n->model ? text(f, n) : NULL;
    if (!line) continue;
    if (!begun) g_string_append_printf(s, "<h2>%s</h2>\n<ul>\n", title);
    begun = true;
    g_string_append(s, "<li>");
    add_safe(s, line);
    g_string_append(s, "</li>\n");
  }
  if (begun) g_string_append(s, "</ul>\n");
}

static char *copy_text(const Forest *f, const ForestNode *n) {
  g_autofree char *of = node_field_text(f, n, FIELD_DUPLICATE_OF, NULL), *bytes = text_bytes(n->model->bytes);
  return of ? g_strdup_printf("%s holds the same tensors as %s (%s)", n->model->shown, of, bytes) : NULL;
}

static void add_conflicts(GString *s, const Forest *f) {
  g_autoptr(GPtrArray) list = conflicts_list(f);
  if (list->len) g_string_append(s, "<h2>Conflicts</h2>\n<ul>\n");
  for (guint i = 0; i < list->len; i++) {
    const Conflict *c = list->pdata[i];
    g_string_append_printf(s, "<li><span class=w>%s</span> ", conflict_severity_name(c->severity));
    add_safe(s, forest_node(f, c->node)->model->shown);
    g_string_append_printf(s, " <span class=d>%s</span>: ", conflict_kind_name(c->kind));
    add_safe(s, c->sentence);
    g_string_append(s, "</li>\n");
  }
  if (list->len) g_string_append(s, "</ul>\n");
}

char *report_html(const Forest *forest, const char *title, const char *label_key, const char *more) {
  GString *s = g_string_new("<!DOCTYPE html>\n<html lang=\"en\"><head><title>");
  add_safe(s, title);
  g_string_append_printf(s, "</title>\n%s</head><body>\n<h1>", head);
  add_safe(s, title);
  g_string_append(s, "</h1>\n");
  add_sums(s, forest);
  add_trees(s, forest);
  add_table(s, forest, label_key);
  add_list(s, "Copies", forest, copy_text);
  add_conflicts(s, forest);
  if (more) g_string_append(s, more);
  g_string_append_printf(s, "<script>\n'use strict';\n%s%s</body></html>\n", report_tree_script, script);
  return g_string_free(s, FALSE);
}
