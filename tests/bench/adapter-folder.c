/* SPDX-License-Identifier: Apache-2.0 */
/* adapter-folder FOLDER [N [SEED [COPSE]]]: plants a folder of N adapters (2,000) below FOLDER, which must not exist,
 * reads it and says what was found; asks the program COPSE everything a collector asks, with what it takes, and deletes
 * in a copy what it says may go. The status is 1 when anything was missed, invented or contradicted, an answer took two
 * seconds of the processor, or du(1) counts other bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/adapter_answers.h"
#include "tests/bench/adapter_score.h"

static void print_line(const char *line) { printf("  %s\n", line); }

static void print_score(const AdapterScore *s, double seconds) {
  printf("%u adapters in %.1f s, %u not read\n", s->adapters, seconds, s->missing);
  printf("family: %u right, %u one of several, %u unknown, %u another\n", s->right, s->doubtful, s->silent,
         s->false_family);
  printf("wrong declarations: %u of %u flagged, %u invented\n", s->flagged, s->wrong, s->invented);
  printf("copies: %u of %u found, %u invented; of %u the right one is kept\n", s->twins_found, s->twins,
         s->twins_invented, s->kept_right);
  printf("bases: %u below a model, %u below one elsewhere, %u below none; %u contradicted\n", s->based, s->ghosts,
         s->bare, s->contradicted);
}

static bool ask(const char *copse, const char *root, const char *state, const char *one) {
  g_autoptr(GArray) answers = answers_ask(copse, root, state, one);
  bool well = true;
  printf("%-28s %9s %12s\n", "answer", "seconds", "processor's");
  for (guint i = 0; i < answers->len; i++) {
    const Answer *a = &g_array_index(answers, Answer, i);
    printf("%-28s %9.2f %12.2f%s\n", a->what, a->wall, a->processor, a->done ? "" : " failed");
    well &= a->done && a->processor < 2;
  }
  return well;
}

static bool delete_copies(const char *copse, const char *root, const char *folder, GError **error) {
  g_autofree char *copy = g_build_filename(folder, "copy", NULL), *state = g_build_filename(folder, "copy-state", NULL);
  Freed f;
  if (!answers_delete_copies(copse, root, copy, state, &f, error)) return false;
  printf("deleted in a copy: %u paths; said to free %llu bytes, du counts %llu less\n", f.paths,
         (unsigned long long)f.said, (unsigned long long)f.freed);
  return f.said == f.freed;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  if (argc < 2 || g_file_test(argv[1], G_FILE_TEST_EXISTS))
    return fprintf(stderr, "usage: adapter-folder NEW-FOLDER [N [SEED [COPSE]]]\n"), EXIT_FAILURE;
  unsigned n = argc > 2 ? (unsigned)CLAMP(atoi(argv[2]), 40, 1000000) : 2000;
  g_autofree char *root = g_build_filename(argv[1], "models", NULL), *state = g_build_filename(argv[1], "state", NULL);
  g_autoptr(GPtrArray) planted = adapter_folder_plant(root, n, argc > 3 ? (uint64_t)atoi(argv[3]) : 1);
  gint64 start = g_get_monotonic_time();
  AdapterScore score;
  bool well = adapter_score_folder(planted, root, state, print_line, &score, &error);
  if (well) print_score(&score, (double)(g_get_monotonic_time() - start) / 1e6);
  well = well && adapter_score_is_clean(&score);
  if (well && argc > 4) well = ask(argv[4], root, state, score.fitted) && delete_copies(argv[4], root, argv[1], &error);
  if (error) fprintf(stderr, "adapter-folder: %s\n", error->message);
  return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
