/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/cell.h"

#include <stdio.h>
#include <string.h>

#include "core/files.h"
#include "tests/bench/processor_time.h"

static const char group[] = "cell";
static const char *const sides[] = {"test", "unseen"};

void cell_free(Cell *c) {
  if (!c) return;
  for (int s = 0; s < 2; s++) {
    g_free(c->judged[s].right);
    g_free(c->judged[s].label);
  }
  g_free(c);
}

/* --- scores as lists of numbers ------------------------------------------------------------------------ */

enum { NUMBERS = 7 };

static void put_score(GKeyFile *f, const char *key, const Score *s) {
  double x[NUMBERS] = {s->top1, s->accuracy, s->chance, s->low, s->high, s->n, s->ap};
  if (s->n) g_key_file_set_double_list(f, group, key, x, NUMBERS);
}

static Score get_score(GKeyFile *f, const char *key) {
  gsize n = 0;
  g_autofree double *x = g_key_file_get_double_list(f, group, key, &n, NULL);
  Score s = score_none();
  if (n != NUMBERS) return s;
  s.top1 = x[0], s.accuracy = x[1], s.chance = x[2], s.low = x[3], s.high = x[4], s.n = (unsigned)x[5], s.ap = x[6];
  return s;
}

static void put_judged(GKeyFile *f, int side, const Judged *j) {
  g_autofree char *right = g_strconcat("right-", sides[side], NULL), *label = g_strconcat("label-", sides[side], NULL);
  g_autofree double *labels = g_new(double, j->n + 1);
  for (size_t i = 0; i < j->n; i++) labels[i] = (double)j->label[i];
  if (!j->n) return;
  g_key_file_set_double_list(f, group, right, j->right, j->n);
  g_key_file_set_double_list(f, group, label, labels, j->n);
}

static Judged get_judged(GKeyFile *f, int side) {
  g_autofree char *right = g_strconcat("right-", sides[side], NULL), *label = g_strconcat("label-", sides[side], NULL);
  gsize n = 0, m = 0;
  g_autofree double *x = g_key_file_get_double_list(f, group, right, &n, NULL),
                    *labels = g_key_file_get_double_list(f, group, label, &m, NULL);
  Judged j = {MIN(n, m), g_new0(double, n + 1), g_new0(size_t, m + 1)};
  for (size_t i = 0; i < j.n; i++) j.right[i] = x[i], j.label[i] = (size_t)labels[i];
  return j;
}

static char *baseline_key(int kind, int side) { return g_strdup_printf("baseline-%d-%s", kind, sides[side]); }

/* --- files ----------------------------------------------------------------------------------------------- */

static Cell *load(const char *path) {
  g_autoptr(GKeyFile) f = g_key_file_new();
  if (!g_key_file_load_from_file(f, path, G_KEY_FILE_NONE, NULL)) return NULL;
  Cell *c = g_new0(Cell, 1);
  for (int s = 0; s < 2; s++) {
    c->score[s] = get_score(f, sides[s]);
    c->judged[s] = get_judged(f, s);
    for (int k = 0; k < BASELINE_COUNT; k++) {
      g_autofree char *key = baseline_key(k, s);
      c->baseline[k][s] = get_score(f, key);
    }
  }
  c->seconds = g_key_file_get_double(f, group, "seconds", NULL);
  return c;
}

static bool save(const Cell *c, const char *path, GError **error) {
  g_autoptr(GKeyFile) f = g_key_file_new();
  for (int s = 0; s < 2; s++) {
    put_score(f, sides[s], &c->score[s]);
    put_judged(f, s, &c->judged[s]);
    for (int k = 0; k < BASELINE_COUNT; k++) {
      g_autofree char *key = baseline_key(k, s);
      put_score(f, key, &c->baseline[k][s]);
    }
  }
  g_key_file_set_double(f, group, "seconds", c->seconds);
  return g_key_file_save_to_file(f, path, error);
}

static Cell *measure(Collection *collection, const GPtrArray *models, const TrainOptions *options, GError **error) {
  double before = processor_seconds();
  g_autoptr(TrainResult) r = expert_train(collection, models, options, NULL, error);
  if (!r) return NULL;
  Cell *c = g_new0(Cell, 1);
  c->seconds = processor_seconds() - before;
  c->score[0] = r->expert->test;
  c->score[1] = r->expert->test_holdout;
  for (int k = 0; k < BASELINE_COUNT && r->has_baselines; k++) {
    c->baseline[k][0] = r->baselines[k].score[SPLIT_TEST];
    c->baseline[k][1] = r->baselines[k].score[SPLIT_HOLDOUT];
  }
  memcpy(c->judged, r->judged, sizeof c->judged);
  memset(r->judged, 0, sizeof r->judged);
  return c;
}

Cell *cell_kept(const char *root, const char *name) {
  g_autofree char *path = g_build_filename(root, "cells", name, NULL);
  return load(path);
}

Cell *cell_take(const char *root, const char *name, Collection *collection, const GPtrArray *models,
                const TrainOptions *options, GError **error) {
  g_autofree char *folder = g_build_filename(root, "cells", NULL), *path = g_build_filename(folder, name, NULL);
  Cell *kept = load(path);
  if (kept) return kept;
  g_autoptr(Cell) c = dir_make(folder, error) ? measure(collection, models, options, error) : NULL;
  if (!c || !save(c, path, error)) return NULL;
  fprintf(stderr, "%s: %.1f %% in %.0f s\n", name, 100 * score_headline(&c->score[0]), c->seconds);
  return g_steal_pointer(&c);
}
