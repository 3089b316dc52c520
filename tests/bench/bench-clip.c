/* SPDX-License-Identifier: Apache-2.0 */
/* bench-clip clip:DIR: how long a text encoder takes to open, and for one text of 10 tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/linalg.h"
#include "core/parallel.h"
#include "encoders/encoder.h"

enum { TURNS = 20 };

static int by_size(const void *a, const void *b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return (x > y) - (x < y);
}

/* A text of n tokens: a word repeated until it fits; NULL when none does. */
static char *text_of(TextEncoder *e, guint n) {
  g_autoptr(GString) text = g_string_new("a");
  for (;;) {
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    if (!text_encoder_tokens(e, text->str, ids, NULL, NULL) || ids->len > n) return NULL;
    if (ids->len == n) return g_strdup(text->str);
    g_string_append(text, " a");
  }
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  linalg_set_threads(parallel_processors());
  gint64 start = g_get_monotonic_time();
  g_autoptr(TextEncoder) e = text_encoder_open(argc > 1 ? argv[1] : "", &error);
  g_autofree char *text = e ? text_of(e, 10) : NULL;
  if (!text) {
    fprintf(stderr, "bench-clip: %s\n", error ? error->message : "no text of 10 tokens");
    return EXIT_FAILURE;
  }
  g_autofree float *x = g_new(float, text_encoder_dim(e));
  gint64 times[TURNS], opened = g_get_monotonic_time(), first = 0;
  for (int i = 0; i < TURNS; i++) {
    gint64 before = g_get_monotonic_time();
    if (!text_encoder_embed(e, text, x, NULL, &error)) return EXIT_FAILURE;
    times[i] = g_get_monotonic_time() - before;
    if (i == 0) first = g_get_monotonic_time() - start;
  }
  qsort(times, TURNS, sizeof *times, by_size);
  printf(
      "copse: opened in %.0f ms, first answer after %.0f ms, then %.1f ms a text of 10 tokens "
      "(best %.1f)\n",
      (double)(opened - start) / 1e3, (double)first / 1e3, (double)times[TURNS / 2] / 1e3, (double)times[0] / 1e3);
  return EXIT_SUCCESS;
}
