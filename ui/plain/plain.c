/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/plain/plain.h"

#include <poll.h>
#include <string.h>

#include "core/text.h"
#include "ui/desk/typed.h"
#include "session/export_file.h"
#include "ui/plain/plain_talk.h"
#include "search/filter.h"

enum { LINE_MOST = 4000 }; /* bytes of a line; what follows is left out */

void talk_complain(const Talk *t, GError *error) {
  fprintf(t->out, "That did not work: %s\n", error ? error->message : "no reason is known");
  g_clear_error(&error);
}

VoiceSet *talk_voices(Talk *t) { return open_experts_voices(t->opened, &t->engine, t->wood); }

Model *talk_find(const Talk *t, const char *what) {
  GError *error = NULL;
  Model *model = collection_find(t->models, what, &error);
  if (!model) talk_complain(t, error);
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
    if (!node->model || (filter && !row_filter_match(filter, t->forest, node, haystack, t->label_key))) continue;
    if (++found <= TALK_LISTED) say_model(t, found, node->model);
  }
  return found;
}

static void do_list(Talk *t, const char *words) {
  RowFilter *filter = row_filter_parse(words);
  g_autofree char *problem = row_filter_problem(filter, t->models);
  if (problem) {
    fprintf(t->out, "%s.\n", problem);
    row_filter_free(filter);
    return;
  }
  guint found = list_kept(t, filter);
  if (!found && filter && row_filter_widen(filter)) found = list_kept(t, filter);
  fprintf(t->out, "%u model%s", found, found == 1 ? "" : "s");
  if (found > TALK_LISTED) fprintf(t->out, "; the first %d were listed, more words narrow it down", TALK_LISTED);
  fputs(".\n", t->out);
  row_filter_free(filter);
}

static void do_tree(Talk *t, const char *unused) {
  (void)unused;
  for (guint i = 0; i < t->forest->roots->len; i++) {
    const ForestNode *root = forest_node(t->forest, g_array_index(t->forest->roots, unsigned, i));
    fprintf(t->out, "Tree %u: %s, with %u direct descendants.\n", i + 1, root->name, root->children->len);
  }
}

static void do_skipped(Talk *t, const char *unused) {
  (void)unused;
  for (guint i = 0; i < t->skipped->len; i++) {
    const Skipped *s = t->skipped->pdata[i];
    fprintf(t->out, "%s: %s\n", s->path, s->reason);
  }
  fprintf(t->out, "%u file%s skipped.\n", t->skipped->len, t->skipped->len == 1 ? "" : "s");
}

static void do_jobs(Talk *t, const char *unused) {
  (void)unused;
  fputs("Nothing runs: each command is carried out before the next is heard.\n", t->out);
}

static void do_export(Talk *t, const char *path) {
  GError *error = NULL;
  if (t->read_only || !*path) {
    fputs(t->read_only ? "Nothing may be written.\n" : "A file's name is missing.\n", t->out);
    return;
  }
  g_autofree char *file = typed_path(path);
  if (export_file_write(file, t->forest, t->forest->nodes, t->label_key, &error)) fputs("Written.\n", t->out);
  else talk_complain(t, error);
}

static void do_help(Talk *t, const char *unused);

static const struct {
  const char *verb, *argument, *help;
  void (*run)(Talk *t, const char *argument);
} verbs[] = {
    {"list", " WORDS", "the models, or those that match: words, kind:lora, params:<10M", do_list},
    {"tree", "", "the trees with their roots", do_tree},
    {"model", " MODEL", "what is known of a model, and who says it", tell_model},
    {"layers", " MODEL", "its layers, and how far each moved from the parent", tell_layers},
    {"layer", " MODEL NAME", "how the weights of a layer and their change are spread", tell_layer},
    {"card", " MODEL", "the model's card", tell_card},
    {"like", " MODEL", "the models nearest to it", tell_like},
    {"says", " MODEL", "what the experts say of it", tell_says},
    {"labels", " MODEL A, B", "which of some labels fits it", tell_labels},
    {"diff", " MODEL MODEL", "two models layer by layer", tell_diff},
    {"compare", " MODEL, MODEL, ...", "any number of models fact by fact, and what stands out", tell_compare},
    {"query", " WORDS", "models for words, from their weights", tell_query},
    {"experts", "", "the experts with what was measured of them", tell_experts},
    {"report", " EXPERT", "how good an expert is: its certainty, what it confuses, its labels, its training",
     tell_report},
    {"train", " LAYER", "train an expert on a layer, or on the widest", tell_train},
    {"map", "", "how the models lie, by label", tell_map},
    {"duplicates", " RULE", "copies, which to keep (auto, oldest, smallest, hub), what the others free",
     tell_duplicates},
    {"space", " SIDE", "where the disk went: disk, tree, store, format, revision, age", tell_space},
    {"conflicts", "", "what models say against their weights", tell_conflicts},
    {"jobs", "", "what runs", do_jobs},
    {"export", " FILE", "write all models to a file (.csv, .jsonl, .html, .txt)", do_export},
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
  typed_split(line, &verb, &argument);
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

void talk_take_experts(Talk *t, OpenExperts *opened) {
  open_experts_unref(t->opened);
  t->opened = opened;
  t->experts = opened->experts;
}

static void tell_step(void *user, OpeningStep step) {
  const Talk *t = user;
  if (step == OPENING_SCAN) fputs("Looking for models.\n", t->out);
  if (step == OPENING_GROW) fputs("Comparing their weights.\n", t->out);
}

static bool prepare(Talk *t, GError **error) {
  OpenExperts *opened;
  if (!opening_run(&t->engine, tell_step, t, &t->wood, &opened, error)) return false;
  talk_take_experts(t, opened);
  t->models = t->wood->models;
  t->skipped = t->wood->skipped;
  t->forest = t->wood->forest;
  t->label_key = t->wood->label_key;
  return true;
}

static void talk_clear(Talk *t) {
  open_experts_unref(t->opened);
  snapshot_unref(t->wood);
}

/* The next byte; EOF also when nobody has said anything for so many minutes (0: for ever). */
static int hear_byte(FILE *in, unsigned minutes) {
  struct pollfd fd = {.fd = fileno(in), .events = POLLIN};
  int limit = (int)MIN(minutes, 30000u) * 60 * 1000;
  if (minutes && fd.fd >= 0 && poll(&fd, 1, limit) == 0) return EOF;
  return fgetc(in);
}

/* A line without its end, cut to what a line may have; NULL when there will be none. */
static SafeText *hear_line(FILE *in, unsigned minutes) {
  g_autoptr(GString) line = g_string_new(NULL);
  int c;
  while ((c = hear_byte(in, minutes)) != EOF && c != '\n')
    if (line->len < LINE_MOST) g_string_append_c(line, (char)c);
  if (c == EOF && line->len == 0) return NULL;
  g_strchomp(line->str);
  return safe_text(line->str, -1);
}

static void talk(Talk *t, FILE *in, unsigned minutes) {
  if (minutes) setvbuf(in, NULL, _IONBF, 0); /* what waits in a buffer is not seen by poll() */
  fprintf(t->out, "%u models in %d tree%s; help lists what can be asked.\n", t->models->len, t->forest->trees,
          t->forest->trees == 1 ? "" : "s");
  for (bool more = true; more;) {
    fputs("> ", t->out);
    fflush(t->out);
    g_autofree SafeText *line = hear_line(in, minutes);
    more = line && !ferror(t->out) && answer(t, line);
  }
  fflush(t->out);
}

bool plain_run(const UiOptions *options, const EngineOps *ops, FILE *in, FILE *out, GError **error) {
  Talk t = {.collection = options->collection, .ops = ops, .out = out, .read_only = options->read_only};
  t.engine = (Engine){NULL, options->collection, ops};
  bool ready = prepare(&t, error);
  if (ready) talk(&t, in, options->idle_minutes);
  talk_clear(&t);
  return ready;
}
