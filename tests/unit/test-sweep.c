/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep over the layers of a small wood: its order, and what it takes as it is when it is started again. */
#include <glib/gstdio.h>
#include <string.h>

#include "core/error.h"
#include "experts/representation.h"
#include "experts/train/sweep.h"
#include "experts/train/train_place.h"
#include "numerics/linalg.h"
#include "tests/unit/train_fixture.h"

static void count_row(void *user, const Expert *x, bool again, unsigned done, unsigned total) {
  unsigned *rows = user;
  g_assert_nonnull(x);
  g_assert_cmpuint(total, ==, 2);
  g_assert_cmpuint(done, ==, rows[0] + 1);
  rows[0]++;
  rows[1] += again;
}

/* The sweep's experts, of two layers, of which `again` were there before. */
static GPtrArray *sweep(Fixture *f, const TrainOptions *o, unsigned again) {
  g_autoptr(GError) error = NULL;
  unsigned rows[2] = {0};
  GPtrArray *all = sweep_run(f->collection, f->models, o, NULL, count_row, rows, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(all->len, ==, 2);
  g_assert_cmpuint(rows[1], ==, again);
  return all;
}

static void test_sweep(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = small_options(encoder);
  o.baselines = false;
  g_autoptr(GError) error = NULL;
  for (unsigned again = 0; again < 2; again++) {
    g_autoptr(GPtrArray) all = sweep(f, &o, again * 2);
    g_assert_cmpstr(((Expert *)all->pdata[0])->layer, ==, "mid"); /* the one that says something comes first */
  }
  g_assert_null(sweep_run(f->collection, f->models, &o, "no*", NULL, NULL, NULL, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
}

/* Kernels of one layer are known again by it, and are not the kernel of all layers that the layer weighs most in. */
static void test_sweep_kernels(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = small_options(encoder);
  o.baselines = false;
  o.kind = TRAIN_KERNEL;
  o.layer = NULL;
  g_autoptr(TrainResult) whole = train(f, &o, NULL);
  g_assert_cmpstr(whole->expert->name, ==, "kernel-align");
  g_autoptr(GError) error = NULL;
  for (unsigned again = 0; again < 2; again++) {
    g_autoptr(GPtrArray) all = sweep(f, &o, again * 2);
    g_assert_cmpstr(((Expert *)all->pdata[0])->name, ==, "mid-kernel-align");
    g_assert_cmpuint(((Expert *)all->pdata[0])->kernel->layers->len, ==, 1);
    g_remove(((Expert *)all->pdata[1])->path); /* as if it had been killed before the second */
    g_autoptr(Expert) mid = expert_load(((Expert *)all->pdata[0])->path, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) rest = sweep(f, &o, 1);
  }
  g_autoptr(GPtrArray) kept = expert_list(f->collection, NULL, NULL);
  g_assert_cmpuint(kept->len, ==, 3);
}

/* Of an expert without a file what was computed is at hand, as long as neither it nor a model changes; stored, it may be
 * given to whoever has the file. */
static void test_rows_in_hand(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = small_options(encoder);
  o.baselines = false, o.kind = TRAIN_KERNEL, o.unplaced = true;
  g_autoptr(TrainResult) r = train(f, &o, NULL);
  Expert *x = r->expert;
  g_assert_true(!x->path && x->rows->content);
  g_autoptr(GError) error = NULL;
  g_autoptr(Representations) first = representations_open(f->collection, x, f->models, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(first->computed, <, 52); /* those that it was measured on are there */
  g_autoptr(Representations) again = representations_open(f->collection, x, f->models, NULL, NULL, &error);
  g_assert_cmpuint(again->models->len, ==, 52);
  g_assert_cmpuint(again->computed, ==, 0);
  g_autofree float *rows = g_memdup2(again->rows, 52 * again->width * sizeof *rows);
  g_assert_true(train_keep(f->collection, &o, x, NULL) && !x->path);
  o.unplaced = false;
  g_assert_true(train_keep(f->collection, &o, x, NULL) && x->path);
  representations_take_over(f->collection, x, x->rows->content);
  g_autoptr(Representations) stored = representations_open(f->collection, x, f->models, NULL, NULL, &error);
  g_assert_cmpuint(stored->computed, ==, 0);
  g_assert_true(stored->map && memcmp(stored->rows, rows, 52 * stored->width * sizeof *rows) == 0);
  Rng rng;
  rng_init(&rng, 8, 0);
  put_noisy(f, "train/m-0-0.safetensors", 1, &rng);
  scan(f);
  g_clear_pointer(&x->path, g_free);
  g_autoptr(Representations) other = representations_open(f->collection, x, f->models, NULL, NULL, &error);
  g_assert_cmpuint(other->computed, >, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  add_test("/sweep", "order", test_sweep);
  add_test("/sweep", "kernels", test_sweep_kernels);
  add_test("/sweep", "rows-in-hand", test_rows_in_hand);
  return g_test_run();
}
