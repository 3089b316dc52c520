/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/stores_ask.h"

#include <stdio.h>
#include <string.h>

#include "collection/stores.h"
#include "commands/commands.h"

static char **this_folder(void) {
  const char *const here[] = {".", NULL};
  return g_strdupv((char **)here);
}

static const char *store_path(const GPtrArray *stores, guint i) { return ((const Store *)stores->pdata[i])->path; }

/* Adds the stores of one word; false when it names none. */
static bool add_picked(GStrvBuilder *paths, const GPtrArray *stores, const char *word) {
  guint64 n;
  bool all = strcmp(word, "a") == 0 || strcmp(word, "all") == 0;
  for (guint i = 0; all && i < stores->len; i++) g_strv_builder_add(paths, store_path(stores, i));
  if (all) return true;
  if (!g_ascii_string_to_unsigned(word, 10, 1, stores->len, &n, NULL)) return false;
  g_strv_builder_add(paths, store_path(stores, (guint)n - 1));
  return true;
}

char **stores_pick(const GPtrArray *stores, const char *answer) {
  g_auto(GStrv) words = g_strsplit_set(answer, " ,\t\r\n", -1);
  g_autoptr(GStrvBuilder) paths = g_strv_builder_new();
  unsigned picked = 0;
  for (char **word = words; *word; word++) {
    if (!**word) continue;
    if (strcmp(*word, ".") == 0) g_strv_builder_add(paths, ".");
    else if (!add_picked(paths, stores, *word)) return NULL;
    picked++;
  }
  return picked ? g_strv_builder_end(paths) : this_folder();
}

char **stores_ask(bool ask) {
  char answer[256];
  g_autoptr(GPtrArray) stores = ask ? stores_find() : g_ptr_array_new();
  if (!stores->len) return this_folder();
  stores_measure(stores);
  puts("Models on this machine:\n");
  stores_print(stdout, stores);
  for (;;) {
    fputs("\nWhich? Numbers, a for all, Enter for the current folder, q to leave: ", stdout);
    fflush(stdout);
    if (!fgets(answer, sizeof answer, stdin) || strcmp(g_strstrip(answer), "q") == 0) return NULL;
    char **picked = stores_pick(stores, answer);
    if (picked) return picked;
    printf("There are 1 to %u.", stores->len);
  }
}
