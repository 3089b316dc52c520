/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "ui/command_line.h"
#include "ui/row_filter.h"

enum { LISTED = 20 };

typedef struct {
  Collection *collection;
  const EngineOps *ops;
  FILE *out;
  GPtrArray *models, *skipped, *experts;
  Forest *forest;
  QueryIndex *index; /* NULL until the first question */
  const char *label_key;
} Talk;

static bool complain(const Talk *t, GError *error) {
  fprintf(t->out, "That did not work: %s\n", error ? error->message : "no reason is known");
  g_clear_error(&error);
  return false;
}

static Model *find(const Talk *t, const char *what) {
  GError *error = NULL;
  Model *model = collection_find(t->models, what, &error);
  if (!model) complain(t, error);
  return model;
}

/* "3: fox-lora, lora, 1.6M parameters, a red fox". */
static void say_model(const Talk *t, guint number, const Model *m) {
  g_autofree char *params = text_count(m->params);
  g_autofree char *concept = model_concept_text(m, t->label_key);
  fprintf(t->out, "%u: %s, %s, %s parameters%s%s\n", number, m->shown, model_kind_name(m->kind), params,
          concept ? ", " : "", concept ? concept : "");
}

/* Lists what the filter keeps, the first of them by name; returns how many there are. */
static guint list_kept(const Talk *t, const RowFilter *filter) {
  guint found = 0;
  for (guint i = 0; i < t->forest->nodes->len; i++) {
    const ForestNode *node = forest_node(t->forest, i);
    g_autofree char *haystack = node_haystack(node, t->label_key);
    if (!node->model || (filter && !row_filter_match(filter, node, haystack, t->label_key))) continue;
    if (++found <= LISTED) say_model(t, found, node->model);
  }
  return found;
}

static void do_list(Talk *t, const char *words) {
  RowFilter *filter = row_filter_parse(words);
  guint found = list_kept(t, filter);
  if (!found && filter && row_filter_widen(filter)) found = list_kept(t, filter);
  fprintf(t->out, "%u model%s", found, found == 1 ? "" : "s");
  if (found > LISTED) fprintf(t->out, "; the first %d were listed, more words narrow it down", LISTED);
  fputs(".\n", t->out);
  row_filter_free(filter);
}

static void say_family(const Talk *t, const Model *m) {
  int at = forest_find(t->forest, m);
  const ForestNode *node = at >= 0 ? forest_node(t->forest, (unsigned)at) : NULL;
  for (guint i = 0; node && i < node->parents->len; i++) {
    const ParentEdge *e = &g_array_index(node->parents, ParentEdge, i);
    fprintf(t->out, "Comes from %s: %s %s, %.0f %% sure.\n", forest_node(t->forest, e->parent)->name,
            edge_source_name(e->source), edge_kind_name(e->kind), 100 * e->confidence);
  }
  if (node && !node->parents->len) fputs("It is the root of its tree.\n", t->out);
  if (node && node->card_conflict) fputs("Its card names another parent than the weights.\n", t->out);
  if (node && node->duplicate_of >= 0)
    fprintf(t->out, "It holds the same tensors as %s.\n", forest_node(t->forest, (unsigned)node->duplicate_of)->name);
  if (node) fprintf(t->out, "%u models descend directly from it.\n", node->children->len);
}

static void do_model(Talk *t, const char *what) {
  g_autoptr(Model) m = find(t, what);
  if (!m) return;
  g_autofree char *params = text_count(m->params), *bytes = text_bytes(m->bytes);
  fprintf(t->out, "%s\nA %s model in %s: %s parameters in %u tensors, %s on disk.\n", m->shown,
          model_kind_name(m->kind), m->format, params, m->tensors, bytes);
  say_family(t, m);
  for (guint i = 0; i < m->facts->len && i < 2 * LISTED; i++) {
    const Fact *f = m->facts->pdata[i];
    g_autofree char *value = text_width(f->value) > 200 ? text_fit(f->value, 200, "~") : g_strdup(f->value);
    fprintf(t->out, "%s: %s, says %s.\n", f->key, value, f->source);
  }
}

static void do_tree(Talk *t, const char *unused) {
  (void)unused;
  for (guint i = 0; i < t->forest->roots->len; i++) {
    const ForestNode *root = forest_node(t->forest, g_array_index(t->forest->roots, unsigned, i));
    fprintf(t->out, "Tree %u: %s, with %u direct descendants.\n", i + 1, root->name, root->children->len);
  }
}

static void say_rows(const Talk *t, const GArray *rows, bool all) {
  for (guint i = 0; i < rows->len; i++) {
    const DiffRow *r = &g_array_index(rows, DiffRow, i);
    if (!all && r->state == LAYER_SAME) continue;
    fprintf(t->out, "%s: %s", r->name, layer_state_name(r->state));
    if (isfinite(r->relative)) fprintf(t->out, ", %.3g of its size", r->relative);
    fputs(".\n", t->out);
  }
}

static void do_diff(Talk *t, const char *argument) {
  GError *error = NULL;
  g_auto(GStrv) names = g_strsplit(argument, " ", 2);
  if (g_strv_length(names) != 2) {
    fputs("Two models are compared: diff MODEL MODEL.\n", t->out);
    return;
  }
  g_autoptr(Model) p = find(t, names[0]);
  g_autoptr(Model) x = p ? find(t, names[1]) : NULL;
  g_autoptr(ModelDiff) d = x ? t->ops->diff(t->collection, p, x, NULL, &error) : NULL;
  if (!d) {
    if (error) complain(t, error);
    return;
  }
  say_rows(t, d->rows, true);
  if (d->others) say_rows(t, d->others, false);
}

static void do_query(Talk *t, const char *text) {
  GError *error = NULL;
  if (!t->index) t->index = t->ops->index(t->collection, t->models, NULL, &error);
  QueryAnswer *answer = t->index ? t->ops->query(t->index, text, LISTED, &error) : NULL;
  if (!answer) {
    complain(t, error);
    return;
  }
  for (guint i = 0; i < answer->hits->len; i++) {
    const QueryHit *hit = &g_array_index(answer->hits, QueryHit, i);
    fprintf(t->out, "%u: ", i + 1);
    if (isfinite(hit->score)) fprintf(t->out, "score %.2f, ", hit->score);
    fprintf(t->out, "%s, from %s\n", hit->model->shown,
            hit->declared ? "a card or name" : hit->expert ? "the weights" : "the catalog");
  }
  for (guint i = 0; i < answer->cannot->len; i++)
    fprintf(t->out, "Cannot answer: %s.\n", (const char *)answer->cannot->pdata[i]);
  fprintf(t->out, "%u answers.\n", answer->hits->len);
  t->ops->answer_free(answer);
}

static void do_says(Talk *t, const char *what) {
  GError *error = NULL;
  g_autoptr(Model) m = find(t, what);
  g_autoptr(GPtrArray) all = m ? t->ops->opinions(t->collection, t->models, t->experts, m, NULL, 5,
                                                  NULL, &error)
                               : NULL;
  if (error) complain(t, error);
  for (guint i = 0; all && i < all->len; i++) {
    const Opinion *o = all->pdata[i];
    if (o->problem) {
      fprintf(t->out, "%s says nothing: %s.\n", o->expert, o->problem);
      continue;
    }
    fprintf(t->out, "%s%s:", o->expert, o->abstains ? " does not know; it guesses" : " says");
    for (guint k = 0; k < o->labels->len; k++)
      fprintf(t->out, " %s, %.0f %%;", g_array_index(o->labels, OpinionLabel, k).label,
              100 * g_array_index(o->labels, OpinionLabel, k).p);
    fputc('\n', t->out);
  }
  if (all && !all->len) fputs("No expert speaks for models like that.\n", t->out);
}

static void do_experts(Talk *t, const char *unused) {
  (void)unused;
  for (guint i = 0; i < t->experts->len; i++) {
    const Expert *e = t->experts->pdata[i];
    fprintf(t->out, "%s on layer %s: right on %.0f %% of seen, ", e->name, e->layer ? e->layer : "unknown",
            100 * score_headline(&e->test));
    if (e->test_holdout.n) fprintf(t->out, "%.0f %% of unseen models.\n", 100 * score_headline(&e->test_holdout));
    else fputs("unseen was not measured.\n", t->out);
  }
  fprintf(t->out, "%u expert%s.\n", t->experts->len, t->experts->len == 1 ? "" : "s");
}

static void do_skipped(Talk *t, const char *unused) {
  (void)unused;
  for (guint i = 0; i < t->skipped->len; i++) {
    const Skipped *s = t->skipped->pdata[i];
    fprintf(t->out, "%s: %s\n", s->path, s->reason);
  }
  fprintf(t->out, "%u file%s skipped.\n", t->skipped->len, t->skipped->len == 1 ? "" : "s");
}

static void do_help(Talk *t, const char *unused);

static const struct {
  const char *verb, *argument, *help;
  void (*run)(Talk *t, const char *argument);
} verbs[] = {
    {"list", " WORDS", "the models, or those that match: words, kind:lora, params:<10M", do_list},
    {"tree", "", "the trees with their roots", do_tree},
    {"model", " MODEL", "what is known of a model, and who says it", do_model},
    {"diff", " MODEL MODEL", "two models layer by layer", do_diff},
    {"query", " WORDS", "models for words, from their weights", do_query},
    {"says", " MODEL", "what the experts say of a model", do_says},
    {"experts", "", "the experts with what was measured of them", do_experts},
    {"skipped", "", "files that are no models, and why", do_skipped},
    {"help", "", "this list; quit ends", do_help},
};

static void do_help(Talk *t, const char *unused) {
  (void)unused;
  for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
    fprintf(t->out, "%s%s: %s.\n", verbs[i].verb, verbs[i].argument, verbs[i].help);
}

/* Carries out a line; false when it ends the conversation. */
static bool answer(Talk *t, const char *line) {
  g_autofree char *verb = NULL, *argument = NULL;
  command_split(line, &verb, &argument);
  if (!*verb) return true;
  if (g_str_equal(verb, "quit") || g_str_equal(verb, "q")) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
    if (!g_str_equal(verbs[i].verb, verb)) continue;
    verbs[i].run(t, argument);
    return true;
  }
  fprintf(t->out, "There is no command %s; help lists them.\n", verb);
  return true;
}

static bool prepare(Talk *t, GError **error) {
  ScanSummary summary;
  ForestOptions options = {0};
  fputs("Looking for models.\n", t->out);
  if (!t->ops->scan(t->collection, NULL, &summary, error)) return false;
  t->models = t->ops->models(t->collection, error);
  t->skipped = t->models ? t->ops->skipped(t->collection, error) : NULL;
  if (!t->skipped) return false;
  t->label_key = models_label_key(t->models);
  fputs("Comparing their weights.\n", t->out);
  t->forest = t->ops->forest(t->collection, t->models, &options, NULL, error);
  if (!t->forest) return false;
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  t->experts = t->ops->experts(t->collection, warnings, error);
  return t->experts != NULL;
}

static void talk_clear(Talk *t) {
  if (t->index) t->ops->index_free(t->index);
  if (t->forest) t->ops->forest_free(t->forest);
  g_clear_pointer(&t->experts, g_ptr_array_unref);
  g_clear_pointer(&t->skipped, g_ptr_array_unref);
  g_clear_pointer(&t->models, g_ptr_array_unref);
}

bool plain_run(const UiOptions *options, const EngineOps *ops, FILE *in, FILE *out, GError **error) {
  Talk t = {.collection = options->collection, .ops = ops, .out = out};
  char *line = NULL;
  size_t room = 0;
  bool ready = prepare(&t, error);
  if (ready)
    fprintf(out, "%u models in %d tree%s; help lists what can be asked.\n", t.models->len,
            t.forest->trees, t.forest->trees == 1 ? "" : "s");
  for (bool more = ready; more;) {
    fputs("> ", out);
    fflush(out);
    if (getline(&line, &room, in) < 0) break;
    line[strcspn(line, "\r\n")] = '\0';
    g_autofree SafeText *safe = safe_text(line, -1);
    more = answer(&t, safe);
  }
  fflush(out);
  free(line);
  talk_clear(&t);
  return ready;
}
