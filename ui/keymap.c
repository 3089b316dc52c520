/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/keymap.h"

static const ActionInfo action_table[ACTION_COUNT] = {
    [ACTION_NONE] = {"none", "", 0, "", ""},
#define ACTION(id, name, keys, contexts, hint, help) \
  [ACTION_##id] = {name, keys, contexts, hint, help},
#include "ui/actions.def"
#undef ACTION
};

struct Keymap {
  GArray *bindings; /* of Binding */
};

const ActionInfo *action_info(Action action) {
  return &action_table[action < ACTION_COUNT ? action : ACTION_NONE];
}

const char *context_name(unsigned context) {
  switch (context) {
    case IN_FOREST: return "Forest";
    case IN_QUERY: return "Query: answers";
    case IN_ASK: return "Query: question";
    case IN_EXPERTS: return "Experts";
    case IN_FORM: return "Training form";
    case IN_JOBS: return "Jobs";
    case IN_HELP: return "Help";
    case IN_PROMPT: return "Search and filter line";
    case IN_QUIT: return "Quitting while jobs run";
    default: return "";
  }
}

static void add_bindings(GArray *bindings, Action action) {
  g_auto(GStrv) words = g_strsplit(action_table[action].keys, " ", -1);
  for (char **w = words; *w; w++) {
    const char *at = *w;
    Binding b = {.action = action};
    b.keys[0] = key_parse(&at);
    b.keys[1] = key_parse(&at);
    if (b.keys[0] != UIKEY_NONE) g_array_append_val(bindings, b);
  }
}

Keymap *keymap_new(void) {
  Keymap *keymap = g_new0(Keymap, 1);
  keymap->bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) add_bindings(keymap->bindings, a);
  return keymap;
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

KeymapResult keymap_find(const Keymap *keymap, unsigned context, Key prefix, Key key,
                         Action *action) {
  KeymapResult result = KEYMAP_NONE;
  *action = ACTION_NONE;
  for (guint i = 0; i < keymap->bindings->len; i++) {
    const Binding *b = &g_array_index(keymap->bindings, Binding, i);
    if (!binding_applies(b, context)) continue;
    bool two = b->keys[1] != UIKEY_NONE;
    bool whole = prefix ? two && b->keys[0] == prefix && b->keys[1] == key
                        : !two && b->keys[0] == key;
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
