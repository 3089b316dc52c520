/* SPDX-License-Identifier: Apache-2.0 */
/* adapter-folder FOLDER [N [SEED]]: plants a folder of N adapters (2,000) below FOLDER, which must not exist, reads it
 * and says what was found. The status is 1 when anything was missed, invented or contradicted. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/adapter_score.h"

static void print_line(const char *line) { printf("  %s\n", line); }

static void print_score(const AdapterScore *s, double seconds) {
  printf("%u adapters in %.1f s, %u not read\n", s->adapters, seconds, s->missing);
  printf("family: %u right, %u one of several, %u unknown, %u another\n", s->right, s->doubtful, s->silent,
         s->false_family);
  printf("wrong declarations: %u of %u flagged, %u invented\n", s->flagged, s->wrong, s->invented);
  printf("copies: %u of %u found, %u invented\n", s->twins_found, s->twins, s->twins_invented);
  printf("bases: %u below a model, %u below one elsewhere, %u below none; %u contradicted\n", s->based, s->ghosts,
         s->bare, s->contradicted);
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  if (argc < 2 || g_file_test(argv[1], G_FILE_TEST_EXISTS))
    return fprintf(stderr, "usage: adapter-folder NEW-FOLDER [N [SEED]]\n"), EXIT_FAILURE;
  unsigned n = argc > 2 ? (unsigned)CLAMP(atoi(argv[2]), 40, 1000000) : 2000;
  g_autofree char *root = g_build_filename(argv[1], "models", NULL), *state = g_build_filename(argv[1], "state", NULL);
  g_autoptr(GPtrArray) planted = adapter_folder_plant(root, n, argc > 3 ? (uint64_t)atoi(argv[3]) : 1);
  gint64 start = g_get_monotonic_time();
  AdapterScore score;
  if (!adapter_score_folder(planted, root, state, print_line, &score, &error))
    return fprintf(stderr, "adapter-folder: %s\n", error->message), EXIT_FAILURE;
  print_score(&score, (double)(g_get_monotonic_time() - start) / 1e6);
  return adapter_score_is_clean(&score) ? EXIT_SUCCESS : EXIT_FAILURE;
}
