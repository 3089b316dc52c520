/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/command_line.h"
#include "ui/desk/typed.h"

#include <string.h>

#include "search/fuzzy.h"
#include "ui/app/app_state.h"
#include "ui/forest/forest_columns.h"

static const CommandInfo command_list[] = {
    {"columns", "NAMES", ARGUMENT_COLUMN, VIEW_FOREST, "columns of the forest, in order", false},
    {"diff", "MODEL MODEL", ARGUMENT_MODEL, -1, "compare two models layer by layer", false},
    {"edit-config", "", ARGUMENT_NONE, -1, "change the configuration in $EDITOR", true},
    {"expert", "NAME", ARGUMENT_EXPERT, VIEW_EXPERTS, "go to an expert", false},
    {"export", "FILE", ARGUMENT_FILE, VIEW_FOREST, "write the listed or tagged models (.csv, .jsonl, .html, .txt)",
     true},
    {"filter", "WORDS", ARGUMENT_TEXT, VIEW_FOREST, "keep the rows that match; nothing: all", false},
    {"find", "WORDS", ARGUMENT_TEXT, VIEW_HELP, "search the help", false},
    {"labels", "A, B, C", ARGUMENT_TEXT, VIEW_MODEL, "which of these labels fits the open model", false},
    {"layer", "LAYER", ARGUMENT_LAYER, -1, "a layer of the open model, else the expert that is best on it", false},
    {"model", "MODEL", ARGUMENT_MODEL, -1, "open a model", false},
    {"query", "WORDS", ARGUMENT_TEXT, VIEW_QUERY, "ask in words", false},
    {"save-display", "FILE", ARGUMENT_FILE, -1, "write the screen as text, or as a picture (.svg)", true},
    {"set-mouse", "on|off", ARGUMENT_ONOFF, -1, "let the mouse select and scroll", false},
    {"sort-by", "COLUMN", ARGUMENT_COLUMN, VIEW_FOREST, "a list in the order of a column", false},
    {"theme", "NAME", ARGUMENT_THEME, -1, "auto, dark, light or mono", false},
    {"tour", "", ARGUMENT_NONE, -1, "a walk through the interface", false},
    {"write-config", "", ARGUMENT_NONE, -1, "write the configuration as it is now", true},
};

const CommandInfo *command_infos(guint *n) {
  *n = G_N_ELEMENTS(command_list);
  return command_list;
}

const CommandInfo *command_info(const char *verb) {
  for (gsize i = 0; i < G_N_ELEMENTS(command_list); i++)
    if (strcmp(command_list[i].verb, verb) == 0) return &command_list[i];
  return NULL;
}

static void candidate_clear(void *data) { g_free(((Candidate *)data)->word); }

static bool add(GArray *out, guint limit, const char *head, const char *word, const char *help) {
  if (out->len >= limit) return false;
  Candidate one = {g_strconcat(head, word, NULL), help};
  g_array_append_val(out, one);
  return true;
}

static void add_verbs(const Ui *ui, GArray *out, guint limit, unsigned context, const char *stem) {
  size_t n = strlen(stem);
  for (gsize i = 0; i < G_N_ELEMENTS(command_list); i++) {
    const CommandInfo *c = &command_list[i];
    if (strncmp(c->verb, stem, n) != 0 || (c->writes && ui->read_only)) continue;
    g_autofree char *word = g_strconcat(c->verb, *c->argument ? " " : "", NULL);
    add(out, limit, "", word, c->help);
  }
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    const ActionInfo *info = action_info(a);
    if ((info->contexts & context) && strncmp(info->name, stem, n) == 0) add(out, limit, "", info->name, info->help);
  }
}

static bool folds_into(const char *text, const char *stem) {
  return g_ascii_strncasecmp(text, stem, strlen(stem)) == 0;
}

/* Those of the texts that match the stem best; the i-th is put in as words[i] says. */
static void add_best(GArray *out, guint limit, const char *head, const char *stem, const char *const *texts,
                     const guint64 *letters, const char *const *words, guint n) {
  g_autoptr(Fuzzy) fuzzy = fuzzy_new(texts, letters, n);
  g_autofree guint *best = g_new(guint, limit + 1);
  fuzzy_type(fuzzy, stem);
  guint found = fuzzy_best(fuzzy, best, limit);
  for (guint i = 0; i < found; i++) add(out, limit, head, words[best[i]], NULL);
}

static void add_models(const Ui *ui, GArray *out, guint limit, const char *head, const char *stem) {
  const Forest *forest = ui->wood ? ui->wood->forest : NULL;
  guint n = 0, nodes = forest ? forest->nodes->len : 0;
  g_autofree const char **texts = g_new(const char *, nodes + 1), **words = g_new(const char *, nodes + 1);
  g_autofree guint64 *letters = g_new(guint64, nodes + 1);
  for (guint i = 0; i < nodes; i++) {
    const Model *m = forest_node(forest, i)->model;
    if (!m) continue;
    texts[n] = ui->wood->haystacks[i], letters[n] = ui->wood->letters[i], words[n++] = m->shown;
  }
  add_best(out, limit, head, stem, texts, letters, words, n);
}

/* Experts' names, or the layers they look at. */
static void add_experts(const Ui *ui, GArray *out, guint limit, const char *head, const char *stem, bool layers) {
  const GPtrArray *all = ui->opened ? ui->opened->experts : NULL;
  g_autoptr(GPtrArray) words = g_ptr_array_new(), texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; all && i < all->len; i++) {
    const Expert *e = all->pdata[i];
    char *word = layers ? e->layer : e->name;
    if (!word || !g_hash_table_add(seen, word)) continue;
    g_ptr_array_add(words, word);
    g_ptr_array_add(texts, text_fold(word));
  }
  add_best(out, limit, head, stem, (const char *const *)texts->pdata, NULL, (const char *const *)words->pdata,
           words->len);
}

static void add_words(GArray *out, guint limit, const char *head, const char *stem, const char *const *words) {
  for (; *words; words++)
    if (folds_into(*words, stem)) add(out, limit, head, *words, NULL);
}

static void add_columns(GArray *out, guint limit, const char *head, const char *stem) {
  for (int i = 0; i < FOREST_COLUMNS; i++)
    if (folds_into(forest_column_name(i), stem)) add(out, limit, head, forest_column_name(i), NULL);
}

/* The part of a path in front of its last name, as typed. The caller frees it. */
static char *typed_folder(const char *stem) {
  const char *slash = strrchr(stem, '/');
  return slash ? g_strndup(stem, (gsize)(slash - stem) + 1) : g_strdup("");
}

char *command_folder(const Ui *ui, const char *line) {
  g_autofree char *verb = NULL, *argument = NULL;
  typed_split(line, &verb, &argument);
  const CommandInfo *c = command_info(verb);
  if (!c || c->kind != ARGUMENT_FILE || ui->read_only || !strchr(line + strspn(line, " "), ' ')) return NULL;
  g_autofree char *folder = typed_folder(argument);
  return typed_path(*folder ? folder : ".");
}

/* Files in the folder that the stem names, once it has been looked into. */
static void add_files(const Ui *ui, GArray *out, guint limit, const char *head, const char *stem) {
  g_autofree char *folder = typed_folder(stem), *real = typed_path(*folder ? folder : ".");
  const char *begin = stem + strlen(folder);
  if (!ui->listing || !g_str_equal(ui->listing->folder, real)) return;
  for (guint i = 0; i < ui->listing->names->len && out->len < limit; i++) {
    const char *name = ui->listing->names->pdata[i];
    bool hidden = *name == '.' && *begin != '.';
    if (hidden || !g_str_has_prefix(name, begin)) continue;
    g_autofree char *word = g_strconcat(folder, name, NULL);
    add(out, limit, head, word, NULL);
  }
}

GArray *command_candidates(const Ui *ui, unsigned context, const char *line, guint limit) {
  static const char *const themes[] = {"auto", "dark", "light", "mono", NULL};
  static const char *const on_off[] = {"on", "off", NULL};
  GArray *out = g_array_new(FALSE, FALSE, sizeof(Candidate));
  g_array_set_clear_func(out, candidate_clear);
  g_autofree char *verb = NULL, *argument = NULL;
  line += strspn(line, " ");
  const char *space = strrchr(line, ' ');
  typed_split(line, &verb, &argument);
  if (!space) {
    add_verbs(ui, out, limit, context, line);
    return out;
  }
  const CommandInfo *c = command_info(verb);
  /* One argument may hold spaces; where there are several, they part them. */
  if (c && (c->kind == ARGUMENT_FILE || (c->kind == ARGUMENT_MODEL && c->view < 0 && !strchr(c->argument, ' '))))
    space = strchr(line, ' ');
  g_autofree char *head = g_strndup(line, (gsize)(space - line) + 1);
  const char *stem = space + 1;
  switch (c ? c->kind : ARGUMENT_NONE) {
    case ARGUMENT_MODEL:
      add_models(ui, out, limit, head, stem);
      break;
    case ARGUMENT_EXPERT:
    case ARGUMENT_LAYER:
      add_experts(ui, out, limit, head, stem, c->kind == ARGUMENT_LAYER);
      break;
    case ARGUMENT_COLUMN:
      add_columns(out, limit, head, stem);
      break;
    case ARGUMENT_THEME:
      add_words(out, limit, head, stem, themes);
      break;
    case ARGUMENT_ONOFF:
      add_words(out, limit, head, stem, on_off);
      break;
    case ARGUMENT_FILE:
      if (!ui->read_only) add_files(ui, out, limit, head, stem);
      break;
    default:
      break;
  }
  return out;
}
