/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/overlay/picks.h"

#include <string.h>

#include "core/text.h"
#include "search/filter.h"
#include "search/fuzzy.h"
#include "ui/experts/expert_facts.h"
#include "ui/forest/forest_facts.h"
#include "ui/toolkit/lines.h"

const char *pick_kind_name(PickKind kind) {
  static const char *const names[] = {"action", "setting", "question", "expert", "layer", "model"};
  return names[kind];
}

void pick_clear(Pick *pick) {
  g_free(pick->label);
  g_free(pick->note);
  g_free(pick->command);
  g_free(pick->text);
}

static void clear_own(void *data) { pick_clear(data); }

/* Takes the strings; it is found by its label and its note, and by what kind it is of. */
static void add(PickList *list, PickKind kind, guint number, char *label, char *note, char *command, const char *more) {
  g_autofree char *all = g_strconcat(label, "\n", note ? note : "", "\n", more ? more : "", NULL);
  Pick pick = {kind, number, label, note, command, text_fold(all)};
  g_array_append_val(list->own, pick);
}

/* Half a dozen keys that work everywhere come after what belongs to the place. */
static bool is_general(const ActionInfo *info) { return (info->contexts & IN_LISTS) == IN_LISTS; }

static void add_actions(PickList *list, const Ui *ui, unsigned context) {
  for (int general = 0; general < 2; general++)
    for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
      const ActionInfo *info = action_info(a);
      if (!(info->contexts & context) || is_general(info) != general) continue;
      if (a == ACTION_ACTIONS || a == ACTION_OVERLAY) continue;
      add(list, PICK_ACTION, (guint)a, g_strdup(info->help), keymap_label(ui->keymap, a, context, 2), NULL, info->name);
    }
}

static void add_settings(PickList *list, const Ui *ui) {
  static const struct {
    const char *label, *command;
  } all[] = {{"colours: as the terminal is", "theme auto"},
             {"colours: for a dark background", "theme dark"},
             {"colours: for a light background", "theme light"},
             {"colours: none", "theme mono"},
             {"mouse: selects and scrolls", "set-mouse on"},
             {"mouse: belongs to the terminal", "set-mouse off"},
             {"configuration: change it in the editor", "edit-config"},
             {"configuration: write it as it is now", "write-config"}};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
    bool theme = g_str_has_prefix(all[i].command, "theme ");
    bool now = theme ? g_str_equal(all[i].command + strlen("theme "), ui->config->theme)
                     : g_str_equal(all[i].command, ui->config->mouse ? "set-mouse on" : "set-mouse off");
    bool writes = g_str_has_suffix(all[i].command, "-config");
    if (writes && ui->read_only) continue;
    add(list, PICK_SETTING, (guint)i, g_strdup(all[i].label), now ? g_strdup("now") : NULL, g_strdup(all[i].command),
        all[i].command);
  }
}

/* Saved ones, which stand behind "* ", first; then the latest. */
static void add_questions(PickList *list, const Ui *ui) {
  const GPtrArray *questions = ui->history[HISTORY_QUESTIONS];
  for (int saved = 1; saved >= 0; saved--)
    for (guint i = questions->len; i > 0; i--) {
      const char *text = questions->pdata[i - 1];
      bool is = g_str_has_prefix(text, "* ");
      if (is != (saved == 1)) continue;
      const char *words = is ? text + 2 : text;
      add(list, PICK_QUESTION, i - 1, g_strdup(words), is ? g_strdup("saved") : NULL,
          g_strconcat("query ", words, NULL), NULL);
    }
}

static void add_experts(PickList *list, const Ui *ui) {
  const GPtrArray *all = ui->opened ? ui->opened->experts : NULL;
  for (guint i = 0; all && i < all->len; i++) {
    const Expert *e = all->pdata[i];
    add(list, PICK_EXPERT, i, g_strdup(e->name), g_strdup(e->layer), g_strconcat("expert ", e->name, NULL), NULL);
  }
}

/* The layers that experts look at, each once. */
static void add_layers(PickList *list, const Ui *ui) {
  const GPtrArray *all = ui->opened ? ui->opened->experts : NULL;
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; all && i < all->len; i++) {
    const Expert *e = all->pdata[i];
    if (!e->layer || !g_hash_table_add(seen, e->layer)) continue;
    add(list, PICK_LAYER, i, g_strdup(e->layer), NULL, g_strconcat("layer ", e->layer, NULL), NULL);
  }
}

/* The nodes that are models; their texts are the snapshot's. */
static guint find_models(PickList *list) {
  const Forest *f = list->wood->forest;
  guint n = 0;
  list->nodes = g_new(guint, f->nodes->len + 1);
  for (guint i = 0; i < f->nodes->len; i++)
    if (forest_node(f, i)->model) list->nodes[n++] = i;
  return n;
}

static void gather_texts(PickList *list, guint models) {
  list->n = list->own->len + models;
  list->texts = g_new(const char *, list->n + 1);
  list->letters = g_new(guint64, list->n + 1);
  for (guint i = 0; i < list->own->len; i++) {
    list->texts[i] = g_array_index(list->own, Pick, i).text;
    list->letters[i] = fuzzy_letters(list->texts[i]);
  }
  for (guint i = 0; i < models; i++) {
    list->texts[list->own->len + i] = list->wood->haystacks[list->nodes[i]];
    list->letters[list->own->len + i] = list->wood->letters[list->nodes[i]];
  }
}

PickList *pick_list_new(const Ui *ui, unsigned context, unsigned kinds) {
  PickList *list = g_new0(PickList, 1);
  list->own = g_array_new(FALSE, TRUE, sizeof(Pick));
  g_array_set_clear_func(list->own, clear_own);
  if (ui->wood) list->wood = snapshot_ref(ui->wood);
  if (ui->opened) list->experts = open_experts_ref(ui->opened);
  if (kinds & 1 << PICK_ACTION) add_actions(list, ui, context);
  if (kinds & 1 << PICK_QUESTION) add_questions(list, ui);
  if (kinds & 1 << PICK_EXPERT) add_experts(list, ui);
  if (kinds & 1 << PICK_LAYER) add_layers(list, ui);
  if (kinds & 1 << PICK_SETTING) add_settings(list, ui);
  gather_texts(list, list->wood && (kinds & 1 << PICK_MODEL) ? find_models(list) : 0);
  return list;
}

void pick_list_free(PickList *list) {
  if (!list) return;
  g_array_unref(list->own);
  g_free(list->nodes);
  g_free(list->texts);
  g_free(list->letters);
  snapshot_unref(list->wood);
  open_experts_unref(list->experts);
  g_free(list);
}

Pick pick_list_at(const PickList *list, guint i) {
  if (i < list->own->len) {
    const Pick *p = &g_array_index(list->own, Pick, i);
    return (Pick){p->kind, p->number, g_strdup(p->label), g_strdup(p->note), g_strdup(p->command), NULL};
  }
  guint node = list->nodes[i - list->own->len];
  const Model *m = forest_node(list->wood->forest, node)->model;
  char *concept = model_concept_text(m, list->wood->label_key);
  return (Pick){PICK_MODEL, node, g_strdup(m->name), concept ? concept : g_strdup(m->shown), NULL, NULL};
}

static void preview_action(const Pick *pick, Lines *lines) {
  enum { LABEL = 10 };
  const ActionInfo *info = action_info((Action)pick->number);
  lines_fact(lines, "what", LABEL, STYLE_TEXT, info->help);
  lines_fact(lines, "keys", LABEL, STYLE_KEY, pick->note);
  lines_fact(lines, "after :", LABEL, STYLE_TEXT, info->name);
  g_autofree char *twin = *info->twin ? g_strdup_printf("copse %s", info->twin) : NULL;
  const char *why = action_screen_only((Action)pick->number);
  lines_fact(lines, "command", LABEL, twin ? STYLE_TEXT : STYLE_DIM, twin ? twin : why);
  for (unsigned c = 1, shown = 0; c & IN_EVERYTHING && !is_general(info); c <<= 1)
    if (info->contexts & c) lines_fact(lines, shown++ ? "" : "works in", LABEL, STYLE_DIM, context_name(c));
}

/* Who looks at the layer, and how well. */
static void preview_layer(const PickList *list, const Pick *pick, bool ascii, Lines *lines) {
  const GPtrArray *all = list->experts->experts;
  for (guint i = 0; i < all->len; i++) {
    const Expert *e = all->pdata[i];
    if (g_strcmp0(e->layer, pick->label) != 0) continue;
    g_autofree char *sentence = expert_sentence(e, ascii);
    lines_put(lines, STYLE_TEXT, sentence);
    lines_wrap(lines, 2);
  }
}

void pick_preview(const Ui *ui, const PickList *list, const Pick *pick, Cells *cells, Rect area) {
  if (pick->kind == PICK_MODEL) {
    forest_facts_draw(cells, area, list->wood->forest, (int)pick->number);
    return;
  }
  if (pick->kind == PICK_EXPERT) {
    expert_facts_draw(cells, area, list->experts->experts->pdata[pick->number], !ui->read_only);
    return;
  }
  g_autoptr(Lines) lines = lines_new(area.columns);
  if (pick->kind == PICK_ACTION) preview_action(pick, lines);
  else if (pick->kind == PICK_LAYER) preview_layer(list, pick, cells->ascii, lines);
  else lines_fact(lines, "after :", 10, STYLE_TEXT, pick->command);
  lines_draw(lines, cells, area, 0);
}
