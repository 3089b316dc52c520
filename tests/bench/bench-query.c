/* SPDX-License-Identifier: Apache-2.0 */
/* bench-query DIR [STATE]: what a question costs on a collection that an expert was trained on: from the
 * catalog as it is, first from nothing, then again and again with everything in memory. */
#include <stdio.h>
#include <stdlib.h>

#include "collection/collection.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "search/query.h"
#include "search/question_field.h"

enum { TURNS = 21, SHOWN = 50 };

static double since(gint64 start) { return (double)(g_get_monotonic_time() - start) / 1e3; }

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median of some turns, in milliseconds; negative when the question has no answer. */
static double ask(QueryIndex *index, const char *question, guint *hits) {
  double times[TURNS];
  for (int i = 0; i < TURNS; i++) {
    gint64 start = g_get_monotonic_time();
    g_autoptr(QueryAnswer) answer = query_run(index, question, SHOWN, NULL);
    if (!answer) return -1;
    times[i] = since(start);
    *hits = answer->hits->len;
  }
  qsort(times, TURNS, sizeof *times, by_size);
  return times[TURNS / 2];
}

static double complete(const char *question, size_t n, const GPtrArray *models) {
  gint64 start = g_get_monotonic_time();
  for (int i = 0; i < TURNS; i++) completion_free(question_complete(question, n, models, 8));
  return since(start) / TURNS;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const CollectionOptions options = {.state = argc > 2 ? argv[2] : NULL, .read_only = true};
  if (argc < 2) return fprintf(stderr, "usage: bench-query DIR [STATE]\n"), EXIT_FAILURE;
  linalg_set_threads(parallel_processors());
  gint64 start = g_get_monotonic_time();
  g_autoptr(Collection) c = collection_open(argv[1], &options, &error);
  g_autoptr(GPtrArray) models = c ? collection_models(c, &error) : NULL;
  double catalog = since(start);
  g_autoptr(QueryIndex) index = models ? query_index_open(c, models, NULL, &error) : NULL;
  double opened = since(start);
  if (!index) return fprintf(stderr, "bench-query: %s\n", error->message), EXIT_FAILURE;
  printf("%u models: catalog read in %.0f ms, index open after %.0f ms\n", models->len, catalog, opened);
  static const char *const questions[] = {"striped black star", "black star -red kind:lora",
                                          "\"striped black star\" sort:-params", "kind:lora params<10M",
                                          "scenes base kind:full"};
  for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
    guint hits = 0;
    double median = ask(index, questions[i], &hits);
    printf("  %-36s %7.1f ms, %u answers\n", questions[i], median, hits);
  }
  printf("  %-36s %7.1f ms\n", "completion of concept:str", complete("concept:str", 11, models));
  return EXIT_SUCCESS;
}
