/* SPDX-License-Identifier: Apache-2.0 */
/* `copse merge-state DIR [STATE…]`: joins what parts of a collection were read into. */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/json.h"

static const char notes[] =
    "Takes models, skipped files and sketches from each STATE, as `--shard K/N` left them, into the\n"
    "state of DIR. Without STATE: all that lie in it (shard-K-of-N). They stay as they are. The next\n"
    "command opens only what has changed since.";

static int by_name(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The shards that lie in the state itself. */
static GPtrArray *own_shards(const Collection *c) {
  GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
  GDir *dir = collection_state(c) ? g_dir_open(collection_state(c), 0, NULL) : NULL;
  for (const char *name; dir && (name = g_dir_read_name(dir));)
    if (g_str_has_prefix(name, "shard-")) g_ptr_array_add(found, g_build_filename(collection_state(c), name, NULL));
  if (dir) g_dir_close(dir);
  g_ptr_array_sort(found, by_name);
  return found;
}

static void report(const GPtrArray *merged, const GPtrArray *models, const Globals *g) {
  if (!g->json) {
    if (!g->quiet) printf("%u states joined: %u models\n", merged->len, models->len);
    return;
  }
  cJSON *o = cJSON_CreateObject();
  json_add_u64(o, "states", merged->len);
  json_add_u64(o, "models", models->len);
  json_print(o);
}

static int merge(char **words, int n, const Globals *g) {
  CollectionOptions options = command_options(g);
  options.shard = (Shard){0, 0}; /* parts are joined into the whole */
  GError *error = NULL;
  g_autoptr(Collection) c = collection_open(words[0], &options, &error);
  if (!c) return command_fail(error);
  g_autoptr(GPtrArray) states = n > 1 ? g_ptr_array_new_with_free_func(g_free) : own_shards(c);
  for (int i = 1; i < n; i++) g_ptr_array_add(states, g_strdup(words[i]));
  if (states->len == 0) {
    fprintf(stderr, "copse: no parts lie in the state: name the states to join, or make some with --shard K/N\n");
    return STATUS_COULD_NOT;
  }
  for (guint i = 0; i < states->len; i++)
    if (!collection_merge(c, states->pdata[i], &error)) return command_fail(error);
  g_autoptr(GPtrArray) models = collection_models(c, &error);
  if (!models) return command_fail(error);
  report(states, models, g);
  return STATUS_DONE;
}

int cmd_merge_state(int argc, char **argv) {
  Globals g;
  int status;
  if (command_parse("merge-state", NULL, notes, &argc, &argv, &g, &status)) status = merge(argv + 1, argc - 1, &g);
  globals_clear(&g);
  return status;
}
