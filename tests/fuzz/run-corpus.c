/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a plain program of a fuzz driver: runs its entry once for every file, and every file of
 * every folder, given, and says so in TAP. A crash ends the program before its plan is
 * fulfilled. Options of the test harness, which begin with "--", are ignored. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void collect(GPtrArray *files, const char *path) {
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  if (!dir) {
    g_ptr_array_add(files, g_strdup(path));
    return;
  }
  for (const char *name; (name = g_dir_read_name(dir));) {
    g_autofree char *inner = g_build_filename(path, name, NULL);
    collect(files, inner);
  }
}

/* The bytes in a block of their own size, so that reading past them is seen. */
static bool run(const char *path) {
  g_autofree char *contents = NULL;
  gsize n;
  if (!g_file_get_contents(path, &contents, &n, NULL)) return false;
  uint8_t *bytes = malloc(n ? n : 1);
  if (!bytes) return false;
  memcpy(bytes, contents, n);
  LLVMFuzzerTestOneInput(bytes, n);
  free(bytes);
  return true;
}

int main(int argc, char **argv) {
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
  bool all = true;
  for (int i = 1; i < argc; i++)
    if (strncmp(argv[i], "--", 2) != 0) collect(files, argv[i]);
  g_ptr_array_sort(files, by_name);
  printf("1..%u\n", files->len);
  for (guint i = 0; i < files->len; i++) {
    bool ok = run(files->pdata[i]);
    printf("%sok %u - %s\n", ok ? "" : "not ", i + 1, (char *)files->pdata[i]);
    fflush(stdout);
    all &= ok;
  }
  return all ? 0 : 1;
}
