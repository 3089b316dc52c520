/* SPDX-License-Identifier: Apache-2.0 */
/* Which action a key stands for, in which context. Made from actions.def. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/key.h"

/* Where the keys go at the moment: exactly one bit is current. */
typedef enum {
  IN_FOREST = 1 << 0,
  IN_QUERY = 1 << 1, /* the list of answers */
  IN_ASK = 1 << 2,   /* the question */
  IN_EXPERTS = 1 << 3,
  IN_FORM = 1 << 4, /* the training form */
  IN_JOBS = 1 << 5,
  IN_HELP = 1 << 6,
  IN_PROMPT = 1 << 7, /* search and filter line */
  IN_QUIT = 1 << 8,   /* the question whether to quit */
  IN_MODEL = 1 << 9,
  IN_DIFF = 1 << 10,
  IN_MAP = 1 << 11,
  IN_SKIPPED = 1 << 12,
  IN_MENU = 1 << 13,
  IN_TOUR = 1 << 14,
  IN_COMMAND = 1 << 15, /* the command line */
  IN_MESSAGES = 1 << 16,
  IN_DUPLICATES = 1 << 17,
  IN_SPACE = 1 << 18,
  IN_CONFLICTS = 1 << 19,
  IN_OVERLAY = 1 << 20,
  IN_COMPARE = 1 << 21,
  IN_REPORT = 1 << 22,
  IN_LISTS = IN_DUPLICATES | IN_SPACE | IN_CONFLICTS | IN_FOREST | IN_QUERY | IN_EXPERTS | IN_JOBS | IN_HELP |
             IN_MODEL | IN_DIFF | IN_COMPARE | IN_REPORT | IN_MAP | IN_SKIPPED | IN_MESSAGES,
  IN_TYPING = IN_ASK | IN_FORM | IN_PROMPT | IN_COMMAND | IN_OVERLAY,
  IN_EVERYTHING = IN_LISTS | IN_TYPING | IN_QUIT | IN_MENU | IN_TOUR
} Context;
enum { CONTEXT_COUNT = 21 };

typedef enum {
  ACTION_NONE,
#define ACTION(id, name, keys, contexts, hint, help, twin) ACTION_##id,
#include "ui/toolkit/actions.def"
#undef ACTION
  ACTION_COUNT
} Action;

typedef struct {
  const char *name; /* as in a configuration file */
  const char *keys; /* defaults */
  unsigned contexts;
  const char *hint; /* the word in the bottom bar, or "" */
  const char *help;
  const char *twin; /* the command that answers the same, or "" */
} ActionInfo;

/* Facts about an action. Static. */
const ActionInfo *action_info(Action action);

/* Why no command on the command line is the action's twin; NULL when one is. Static text. */
const char *action_screen_only(Action action);

/* The action of that configuration name, ACTION_NONE when there is none. */
Action action_by_name(const char *name);

/* "Forest", "Typing a question", … of one context bit. Static. */
const char *context_name(unsigned context);

typedef struct Keymap Keymap;

/* The default keymap. */
Keymap *keymap_new(void);
void keymap_free(Keymap *keymap);

/* Gives an action other keys, as in actions.def: "x <C-x>"; "" for none. False, with nothing changed, when a
 * word is no key. */
bool keymap_bind(Keymap *keymap, Action action, const char *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keymap, keymap_free)

typedef enum { KEYMAP_NONE, KEYMAP_PREFIX, KEYMAP_ACTION } KeymapResult;

/* Looks up a key; `prefix` is the key before it when that was a prefix, else UIKEY_NONE.
 * KEYMAP_PREFIX: another key must follow. */
KeymapResult keymap_find(const Keymap *keymap, unsigned context, Key prefix, Key key, Action *action);

/* One way to give an action. */
typedef struct {
  Action action;
  Key keys[2]; /* the second is UIKEY_NONE for a single key */
} Binding;

/* All bindings in the order of the table. Array of Binding, borrowed. */
const GArray *keymap_bindings(const Keymap *keymap);

/* True when the binding works in the context. */
bool binding_applies(const Binding *binding, unsigned context);

/* The keys of an action for people, at most `limit` of them: "j Down". The caller frees it. */
char *keymap_label(const Keymap *keymap, Action action, unsigned context, unsigned limit);
