/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/keymap.h"

#include <string.h>

static const ActionInfo action_table[ACTION_COUNT] = {
    [ACTION_NONE] = {"none", "", 0, "", "", ""},
#define ACTION(id, name, keys, contexts, hint, help, twin) [ACTION_##id] = {name, keys, contexts, hint, help, twin},
#include "ui/toolkit/actions.def"
#undef ACTION
};

struct Keymap {
  GArray *bindings; /* of Binding */
};

const ActionInfo *action_info(Action action) { return &action_table[action < ACTION_COUNT ? action : ACTION_NONE]; }

/* Actions without a twin, and why: a script has no cursor, no screen and no session. */
static const struct {
  const char *why, *names;
} screen_only[] = {
    {"it moves a cursor",
     "down up page-down page-up half-down half-up first last search next-match previous-match page-next page-previous "
     "overlay-down overlay-up overlay-page-down overlay-page-up map-left map-right map-next form-next form-previous "
     "form-later form-earlier"},
    {"it changes what a screen shows, and output is whole",
     "out in unfold fold fold-toggle unfold-all fold-all unfold-below fold-below depth-1 depth-2 depth-3 fold-switch "
     "group sort reverse tree-or-list columns scroll-left scroll-right zoom-in zoom-out map-all map-only"},
    {"the conversation line by line (--plain) has it", "compare"},
    {"it marks rows of a screen for what comes next", "tag untag-all tag-range"},
    {"it types",
     "complete older newer accept edit-left edit-right ask-left ask-right edit-home edit-end edit-erase "
     "edit-delete edit-word edit-clear ask-save"},
    {"it is about jobs of this session; a command is stopped by Ctrl-C",
     "view-jobs cancel-job cancel-training quit-wait quit-cancel quit-stay"},
    {"it belongs to the terminal and the session",
     "view-next view-previous command actions find-anything overlay-choose overlay-kind menu-choose messages tour-next "
     "tour-back mouse help leave back quit "
     "redraw suspend pager"},
};

static bool holds_word(const char *words, const char *word) {
  size_t n = strlen(word);
  for (const char *at = words; (at = strstr(at, word)); at += n)
    if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) return true;
  return false;
}

const char *action_screen_only(Action action) {
  for (size_t i = 0; i < G_N_ELEMENTS(screen_only); i++)
    if (holds_word(screen_only[i].names, action_info(action)->name)) return screen_only[i].why;
  return NULL;
}

Action action_by_name(const char *name) {
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
    if (g_str_equal(action_table[a].name, name)) return a;
  return ACTION_NONE;
}

const char *context_name(unsigned context) {
  switch (context) {
    case IN_FOREST:
      return "Forest";
    case IN_QUERY:
      return "Query: answers";
    case IN_ASK:
      return "Query: question";
    case IN_EXPERTS:
      return "Experts";
    case IN_FORM:
      return "Training form";
    case IN_JOBS:
      return "Jobs";
    case IN_HELP:
      return "Help";
    case IN_PROMPT:
      return "Search and filter line";
    case IN_QUIT:
      return "Quitting while jobs run";
    case IN_MODEL:
      return "Model";
    case IN_DIFF:
      return "Diff";
    case IN_MAP:
      return "Map";
    case IN_SKIPPED:
      return "Skipped files";
    case IN_MENU:
      return "Menus";
    case IN_TOUR:
      return "The tour";
    case IN_MESSAGES:
      return "Messages";
    case IN_COMMAND:
      return "Command line";
    case IN_OVERLAY:
      return "Finding anything";
    case IN_COMPARE:
      return "Models side by side";
    case IN_REPORT:
      return "An expert's report";
    case IN_DUPLICATES:
      return "Duplicates";
    case IN_SPACE:
      return "Space";
    case IN_CONFLICTS:
      return "Conflicts";
    default:
      return "";
  }
}

/* Reads the keys of an action; false when a word is none. */
static bool add_bindings(GArray *bindings, Action action, const char *keys) {
  g_auto(GStrv) words = g_strsplit(keys, " ", -1);
  for (char **w = words; *w; w++) {
    const char *at = *w;
    if (!*at) continue;
    Binding b = {.action = action};
    b.keys[0] = key_parse(&at);
    bool two = *at != '\0';
    if (two) b.keys[1] = key_parse(&at);
    if (b.keys[0] == UIKEY_NONE || *at || (two && b.keys[1] == UIKEY_NONE)) return false;
    g_array_append_val(bindings, b);
  }
  return true;
}

Keymap *keymap_new(void) {
  Keymap *keymap = g_new0(Keymap, 1);
  keymap->bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) add_bindings(keymap->bindings, a, action_table[a].keys);
  return keymap;
}

bool keymap_bind(Keymap *keymap, Action action, const char *keys) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Binding));
  bool good = true;
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT && good; a++) {
    if (a == action) {
      good = add_bindings(all, a, keys);
      continue;
    }
    for (guint i = 0; i < keymap->bindings->len; i++) {
      const Binding *b = &g_array_index(keymap->bindings, Binding, i);
      if (b->action == a) g_array_append_val(all, *b);
    }
  }
  if (good) {
    GArray *old = keymap->bindings;
    keymap->bindings = all;
    all = old;
  }
  g_array_unref(all);
  return good;
}

void keymap_free(Keymap *keymap) {
  if (!keymap) return;
  g_array_unref(keymap->bindings);
  g_free(keymap);
}

const GArray *keymap_bindings(const Keymap *keymap) { return keymap->bindings; }

bool binding_applies(const Binding *binding, unsigned context) {
  if (!(action_table[binding->action].contexts & context)) return false;
  return !((context & IN_TYPING) && key_is_text(binding->keys[0]));
}

KeymapResult keymap_find(const Keymap *keymap, unsigned context, Key prefix, Key key, Action *action) {
  KeymapResult result = KEYMAP_NONE;
  *action = ACTION_NONE;
  for (guint i = 0; i < keymap->bindings->len; i++) {
    const Binding *b = &g_array_index(keymap->bindings, Binding, i);
    if (!binding_applies(b, context)) continue;
    bool two = b->keys[1] != UIKEY_NONE;
    bool whole = prefix ? two && b->keys[0] == prefix && b->keys[1] == key : !two && b->keys[0] == key;
    if (whole) {
      *action = b->action;
      return KEYMAP_ACTION;
    }
    if (!prefix && two && b->keys[0] == key) result = KEYMAP_PREFIX;
  }
  return result;
}

char *keymap_label(const Keymap *keymap, Action action, unsigned context, unsigned limit) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < keymap->bindings->len && limit > 0; i++) {
    const Binding *b = &g_array_index(keymap->bindings, Binding, i);
    if (b->action != action || !binding_applies(b, context)) continue;
    char label[KEY_NAME_MAX];
    if (text->len) g_string_append_c(text, ' ');
    for (int k = 0; k < 2 && b->keys[k] != UIKEY_NONE; k++) {
      key_label(b->keys[k], label);
      g_string_append(text, label);
    }
    limit--;
  }
  return g_string_free(text, FALSE);
}
