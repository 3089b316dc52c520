/* SPDX-License-Identifier: Apache-2.0 */
/* `copse set DIR MODEL KEY=VALUE…`, `copse note DIR MODEL TEXT`: facts by hand. `copse import DIR FILE`: those of
 * somebody else. */
#include <stdio.h>
#include <string.h>

#include "collection/hand/by_hand.h"
#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/files.h"

static const char set_notes[] =
    "Keys: label, tags (separated by ;), parent (a model), base, family, license, note, favourite. An empty value\n"
    "takes a fact away. What is set is kept by the model's content: it stays when the file is renamed or moved.";

/* What all three need. */
typedef struct {
  Collection *collection;
  GPtrArray *models;
  ByHand *hand;
} HandRun;

static bool run_open(HandRun *r, const char *root, const Globals *globals, GError **error) {
  g_autofree char *warning = NULL;
  *r = (HandRun){0};
  r->collection = command_open(root, globals, &r->models);
  if (!r->collection) return false;
  r->hand = by_hand_open(r->collection, &warning, error);
  if (warning) fprintf(stderr, "copse: %s\n", warning);
  return r->hand != NULL;
}

static void run_clear(HandRun *r) {
  by_hand_free(r->hand);
  g_clear_pointer(&r->models, g_ptr_array_unref);
  collection_free(r->collection);
}

static int end(bool ok, GError *error) {
  if (ok) return STATUS_DONE;
  return error ? command_fail(error) : STATUS_COULD_NOT;
}

/* "key=value" */
static bool set_pair(HandRun *r, const Model *m, const char *pair, GError **error) {
  const char *equals = strchr(pair, '=');
  if (!equals) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "'%s' is not KEY=VALUE", pair);
    return false;
  }
  g_autofree char *key = g_strndup(pair, (gsize)(equals - pair));
  return by_hand_set(r->hand, r->models, m, key, equals + 1, error);
}

/* All pairs or none. */
static int set_pairs(const char *root, const char *what, char **pairs, const Globals *globals) {
  HandRun r;
  GError *error = NULL;
  bool ok = run_open(&r, root, globals, &error);
  g_autoptr(Model) m = ok ? collection_find(r.models, what, &error) : NULL;
  ok = m != NULL;
  for (char **p = pairs; ok && *p; p++) ok = set_pair(&r, m, *p, &error);
  ok = ok && by_hand_save(r.hand, &error);
  if (ok && !globals->quiet) printf("%s: kept by hand\n", model_title(m));
  run_clear(&r);
  return end(ok, error);
}

int cmd_set(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("set", NULL, set_notes, &argc, &argv, &globals, &status)) return status;
  status = set_pairs(argv[1], argv[2], argv + 3, &globals);
  globals_clear(&globals);
  return status;
}

int cmd_note(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("note", NULL, "An empty text takes the note away.", &argc, &argv, &globals, &status))
    return status;
  g_autofree char *pair = g_strconcat("note=", argv[3], NULL);
  char *pairs[] = {pair, NULL};
  status = set_pairs(argv[1], argv[2], pairs, &globals);
  globals_clear(&globals);
  return status;
}

static bool prefer_of(const char *text, ByHandPrefer *prefer, GError **error) {
  *prefer = !text ? PREFER_NEITHER : strcmp(text, "theirs") == 0 ? PREFER_THEIRS : PREFER_MINE;
  if (!text || *prefer == PREFER_THEIRS || strcmp(text, "mine") == 0) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--prefer takes mine or theirs, not '%s'", text);
  return false;
}

/* Conflicts are listed either way; without a preference they are why nothing is taken. */
static bool take_over(HandRun *r, const char *file, ByHandPrefer prefer, const Globals *globals, GError **error) {
  enum { MAX_BYTES = 64 << 20 };
  g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
  unsigned taken;
  g_autofree char *text = file_read_small(file, MAX_BYTES, NULL, error);
  if (!text || !by_hand_import(r->hand, text, prefer, conflicts, &taken, error)) return false;
  for (guint i = 0; i < conflicts->len; i++) printf("%s\n", (const char *)conflicts->pdata[i]);
  if (conflicts->len && prefer == PREFER_NEITHER) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                "%u %s: say --prefer mine or --prefer theirs; nothing was taken over", conflicts->len,
                conflicts->len == 1 ? "value contradicts" : "values contradict");
    return false;
  }
  if (!by_hand_save(r->hand, error)) return false;
  if (!globals->quiet) printf("%u %s taken over\n", taken, taken == 1 ? "value" : "values");
  return true;
}

int cmd_import(int argc, char **argv) {
  g_autofree char *prefer_text = NULL;
  Globals globals = {0};
  int status;
  const GOptionEntry entries[] = {{"prefer", 0, 0, G_OPTION_ARG_STRING, &prefer_text,
                                   "Whose values stand where both have one: mine or theirs", "WHOSE"},
                                  G_OPTION_ENTRY_NULL};
  if (!command_parse("import", entries, NULL, &argc, &argv, &globals, &status)) return status;
  HandRun r = {0};
  GError *error = NULL;
  ByHandPrefer prefer;
  bool ok = prefer_of(prefer_text, &prefer, &error) && run_open(&r, argv[1], &globals, &error) &&
            take_over(&r, argv[2], prefer, &globals, &error);
  run_clear(&r);
  globals_clear(&globals);
  return end(ok, error);
}
