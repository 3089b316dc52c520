/* SPDX-License-Identifier: Apache-2.0 */
/* Projections, moments and sketches of models whose numbers are known. */
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "core/error.h"
#include "core/files.h"
#include "numerics/rng.h"
#include "lineage/grow/base_name.h"
#include "lineage/grow/declared.h"
#include "lineage/forest/forest.h"
#include "lineage/sketch/kinship.h"
#include "lineage/grow/pedigree.h"
#include "numerics/projection.h"
#include "collection/stamp.h"
#include "lineage/sketch/sketch_store.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_open.h"
#include "tests/unit/lineage_fixture.h"

static void project(uint64_t seed, const float *x, size_t n, float *out) {
  Projection p;
  projection_init(&p, seed);
  for (size_t at = 0; at < n; at += PROJECTION_RUN) projection_add(&p, x + at, MIN(n - at, PROJECTION_RUN));
  projection_end(&p, out);
}

static double square(const float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  return sum;
}

/* Mean and root mean square of the relative error of |S x|^2 over many seeds. */
static void errors_over_seeds(const float *x, size_t n, double *bias, double *rms) {
  enum { SEEDS = 400 };
  double norm2 = square(x, n), sum = 0, sum2 = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    float s[PROJECTION_BUCKETS];
    project(seed * 77 + 1, x, n, s);
    double e = square(s, PROJECTION_BUCKETS) / norm2 - 1;
    sum += e, sum2 += e * e;
  }
  *bias = sum / SEEDS;
  *rms = sqrt(sum2 / SEEDS);
}

/* Dense, one column of a matrix, equal rows, all ones, a few large among zeros: the bound of the
 * header holds for all of them. */
static void test_error_bound(void) {
  enum { N = 20000 };
  const double bound = sqrt(2.0 / PROJECTION_BUCKETS);
  g_autofree float *x = g_new0(float, N);
  for (int kind = 0; kind < 5; kind++) {
    Rng rng;
    rng_init(&rng, 5, (uint64_t)kind);
    memset(x, 0, N * sizeof *x);
    for (int i = 0; i < N; i++) {
      if (kind == 0 || (kind == 1 && i % 256 == 7)) x[i] = rng_normal(&rng);
      if (kind == 2) x[i] = i < 100 ? rng_normal(&rng) : x[i - 100];
      if (kind == 3) x[i] = 1;
      if (kind == 4 && i % 1999 == 0) x[i] = 50;
    }
    double bias, rms;
    errors_over_seeds(x, N, &bias, &rms);
    g_test_message("kind %d: bias %+.4f, rms %.4f, bound %.4f", kind, bias, rms, bound);
    /* The estimate of the rms over 400 seeds is itself good to about 5 %. */
    g_assert_cmpfloat(rms, <, 1.15 * bound);
    g_assert_cmpfloat(fabs(bias), <, 4 * bound / sqrt(400));
  }
}

/* Small differences are measured as well as large ones. */
static void test_linear(void) {
  enum { N = 50000 };
  g_autofree float *a = g_new(float, N), *b = g_new(float, N), *d = g_new(float, N);
  Rng rng;
  rng_init(&rng, 9, 9);
  rng_fill_normal(&rng, a, N, 1);
  rng_fill_normal(&rng, d, N, 1);
  for (float step = 1; step > 5e-6f; step /= 10) {
    float s[PROJECTION_BUCKETS], t[PROJECTION_BUCKETS];
    for (int i = 0; i < N; i++) b[i] = a[i] + step * d[i];
    double truth = 0, product, estimate;
    for (int i = 0; i < N; i++) truth += ((double)b[i] - (double)a[i]) * ((double)b[i] - (double)a[i]);
    project(3, a, N, s);
    project(3, b, N, t);
    projection_compare(s, t, PROJECTION_BUCKETS, &product, &estimate);
    g_assert_cmpfloat(fabs(estimate / truth - 1), <, 4 * sqrt(2.0 / PROJECTION_BUCKETS));
  }
}

/* Up to 256 numbers nothing is lost. */
static void test_small_is_exact(void) {
  float x[200], s[PROJECTION_BUCKETS];
  Rng rng;
  rng_init(&rng, 2, 2);
  rng_fill_normal(&rng, x, 200, 1);
  project(8, x, 200, s);
  g_assert_cmpfloat_with_epsilon(square(s, PROJECTION_BUCKETS), square(x, 200), 1e-4);
}

/* Small tensors of all lengths, in up to four pieces: nothing behind them is read, the norm is kept, and
 * a sum's projection is the sum of the projections. */
static void test_pieces(void) {
  for (size_t n = 1; n <= PROJECTION_SMALL; n += 1 + n / 3) {
    size_t width = projection_width(n);
    g_autofree float *x = g_new(float, n), *s = g_new(float, width), *again = g_new(float, width);
    Rng rng;
    rng_init(&rng, n, 0);
    rng_fill_normal(&rng, x, n, 1);
    g_assert_cmpuint(width, ==, PROJECTION_BUCKETS * CLAMP((n + 255) / 256, 1, PROJECTION_PIECES));
    projection_small(7, x, n, s);
    double error = square(s, width) / square(x, n) - 1;
    g_assert_cmpfloat(fabs(error), <, 5 * sqrt(2.0 / (double)width) + 1e-6);
    for (size_t i = 0; i < n; i++) x[i] *= 2;
    projection_small(7, x, n, again);
    for (size_t i = 0; i < width; i++) g_assert_cmpfloat(again[i], ==, 2 * s[i]);
  }
}

static void test_hash_pieces(void) {
  unsigned char bytes[1000];
  for (int i = 0; i < 1000; i++) bytes[i] = (unsigned char)(i * i >> 3);
  for (size_t n = 0; n < 300; n += 7) {
    ContentHash whole = content_hash(4, bytes, n);
    for (size_t piece = 1; piece < 140; piece += 9) {
      g_autoptr(ContentHasher) h = content_hasher_new(4);
      for (size_t at = 0; at < n; at += piece) content_hasher_add(h, bytes + at, MIN(piece, n - at));
      g_assert_true(content_hash_equal(content_hasher_end(h), whole));
    }
    g_assert_false(content_hash_equal(content_hash(5, bytes, n), whole));
    g_assert_false(content_hash_equal(content_hash(4, bytes, n + 1), whole));
    bytes[n / 2] ^= 1;
    if (n > 0) g_assert_false(content_hash_equal(content_hash(4, bytes, n), whole));
    bytes[n / 2] ^= 1;
  }
}

static void test_moments(void) {
  enum { N = 5000 };
  g_autofree float *x = g_new(float, N);
  Rng rng;
  rng_init(&rng, 4, 4);
  for (int i = 0; i < N; i++) x[i] = 3 + rng_uniform(&rng);
  Moments a, b;
  moments_init(&a);
  moments_init(&b);
  moments_add(&a, x, N);
  for (size_t at = 0; at < N; at += 2 * MOMENTS_PIECE) moments_add(&b, x + at, MIN(2 * MOMENTS_PIECE, N - at));
  g_assert_cmpmem(&a, sizeof a, &b, sizeof b);
  g_assert_cmpfloat_with_epsilon(moments_mean(&a), 3.5, 0.02);
  g_assert_cmpfloat_with_epsilon(moments_centred2(&a) / N, 1.0 / 12, 0.003);
  /* Of the uniform distribution. */
  g_assert_cmpfloat_with_epsilon(moments_kurtosis(&a), -1.2, 0.05);
  g_assert_cmpfloat(a.min, >=, 3);
  g_assert_cmpfloat(a.max, <, 4);
  x[17] = NAN;
  moments_add(&a, x, N);
  g_assert_false(moments_are_finite(&a));
}

static Kinship compare(const Wood *w, const char *a, const char *b) {
  g_autoptr(ModelSketch) x = wood_sketch(w, a), y = wood_sketch(w, b);
  g_autoptr(GPtrArray) both = g_ptr_array_new();
  g_ptr_array_add(both, x);
  g_ptr_array_add(both, y);
  model_sketches_centre(both, 1);
  Kinship k, brief;
  kinship_compare(x, y, &k);
  kinship_likeness(x, y, &brief);
  g_assert_cmpfloat_with_epsilon(brief.cosine, k.cosine, 1e-9);
  g_assert_cmpfloat_with_epsilon(brief.common, k.common, 1e-12);
  g_assert_cmpfloat_with_epsilon(brief.noise, k.noise, 1e-12);
  return k;
}

/* Matrices that start as -2 in every model, with a little of their own: not kin, and the distance
 * is that of what differs. */
static void test_constants_do_not_fake_kinship(void) {
  g_auto(Wood) w = wood_new();
  for (int i = 0; i < 2; i++) {
    g_auto(Net) net = {0};
    Rng rng;
    rng_init(&rng, 40, (uint64_t)i);
    net_add(&net, "policy.log_std", 300, 40, 0.1f, &rng);
    for (int k = 0; k < 300 * 40; k++) net.data[0][k] -= 2;
    wood_write(&w, i ? "b" : "a", &net, NULL);
  }
  Kinship k = compare(&w, "a", "b");
  g_assert_cmpfloat(fabs(k.cosine), <, KINSHIP_THRESHOLD);
  g_assert_false(kinship_is_kin(&k));
  g_assert_cmpfloat_with_epsilon(k.distance2, 2 * 0.01 * 12000, 0.35 * 240);
  Kinship self = compare(&w, "a", "a");
  g_assert_true(kinship_is_kin(&self));
  g_assert_cmpfloat(self.distance2, ==, 0);
  g_assert_cmpfloat(self.equal, ==, 1);
}

static void test_nan_does_not_spread(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10);
  g_auto(Net) child = net_child(&base, 2, 0.2f);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "child", &child, NULL);
  child.data[4][0] = NAN;
  wood_write(&w, "partly", &child, NULL);
  for (unsigned i = 0; i < child.n; i++)
    for (size_t k = 0; k < count_of(&child.t[i]); k++) child.data[i][k] = NAN;
  wood_write(&w, "wholly", &child, NULL);
  Kinship k = compare(&w, "base", "partly");
  g_assert_true(isfinite(k.cosine) && isfinite(k.distance2));
  g_assert_true(kinship_is_kin(&k));
  k = compare(&w, "base", "wholly");
  g_assert_cmpfloat(k.common, ==, 0);
  g_assert_cmpfloat(k.cosine, ==, 0);
  wood_grow(&w, NULL);
  g_assert_cmpint(node(&w, "child")->tree, ==, node(&w, "base")->tree);
  g_assert_null(edge(&w, "wholly"));
  g_assert_nonnull(node(&w, "wholly")->note);
}

/* Cosine and distance of a child and of strangers, against the exact values. */
static void test_kinship(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10);
  g_auto(Net) child = net_child(&base, 2, 0.3f);
  g_auto(Net) stranger = net_fresh(3, 10);
  g_auto(Net) retrained = net_retrained(&base, 4, 0.3f, 7);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "child", &child, NULL);
  wood_write(&w, "stranger", &stranger, NULL);
  wood_write(&w, "retrained", &retrained, NULL);
  Kinship k = compare(&w, "base", "child");
  double d2 = 0;
  for (unsigned i = 0; i + 1 < base.n; i++)
    for (size_t j = 0; base.t[i].rank == 2 && j < count_of(&base.t[i]); j++)
      d2 += pow((double)child.data[i][j] - (double)base.data[i][j], 2);
  g_assert_true(kinship_is_kin(&k));
  g_assert_cmpfloat_with_epsilon(k.cosine, 1 / sqrt(1.09), 0.03);
  g_assert_cmpfloat_with_epsilon(k.distance2 / d2, 1, 0.25);
  g_assert_cmpfloat(k.head_cosine, >, 0.5);
  k = compare(&w, "base", "stranger");
  g_assert_true(kinship_is_comparable(&k));
  g_assert_false(kinship_is_kin(&k));
  g_assert_cmpfloat(fabs(k.cosine), <, 5 * k.noise);
  k = compare(&w, "base", "retrained");
  g_assert_true(kinship_is_kin(&k));
  g_assert_true(isnan(k.head_cosine));
}

/* As stored, for each number of threads. */
static GPtrArray *packs(Wood *w, unsigned threads) {
  GError *error = NULL;
  g_autofree char *state = g_strdup_printf("%s/state-%u", w->top, threads);
  CollectionOptions options = {.state = state};
  g_autoptr(Collection) collection = collection_open(w->root, &options, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) notes = NULL;
  g_autoptr(GPtrArray) sketches = sketch_store_load(collection, w->models, 0, threads, NULL, &notes, &error);
  g_assert_no_error(error);
  GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (guint i = 0; i < sketches->len; i++) g_ptr_array_add(out, model_sketch_pack(sketches->pdata[i], 0));
  return out;
}

static void test_threads_and_blocks(void) {
  g_auto(Wood) w = wood_new();
  for (uint64_t i = 0; i < 9; i++) {
    g_auto(Net) net = net_fresh(i, 10);
    Rng rng;
    rng_init(&rng, i, 7);
    net_add(&net, "wide.weight", 300 + i, 301, 1, &rng); /* more than one block, no whole runs */
    g_autofree char *name = g_strdup_printf("m%d", (int)i);
    wood_write(&w, name, &net, NULL);
    if (i > 0) continue;
    /* The same tensor in one piece, by hand. */
    g_autoptr(ModelSketch) s = wood_sketch(&w, name);
    for (guint k = 0; k < s->tensors->len; k++) {
      const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, k);
      if (strcmp(t->name, "wide") != 0) continue;
      float direct[PROJECTION_BUCKETS];
      const unsigned last = net.n - 1;
      project(t->seed, net.data[last], count_of(&net.t[last]), direct);
      g_assert_cmpmem(direct, sizeof direct, t->projection, sizeof direct);
      ContentHash h = content_hash(DTYPE_F32, net.data[last], count_of(&net.t[last]) * sizeof(float));
      g_assert_true(content_hash_equal(h, t->hash));
    }
  }
  wood_open(&w);
  g_autoptr(GPtrArray) one = packs(&w, 1), four = packs(&w, 4);
  g_assert_cmpuint(one->len, ==, 9);
  for (guint i = 0; i < one->len; i++) g_assert_true(g_bytes_equal(one->pdata[i], four->pdata[i]));
}

static void test_pack(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) net = net_fresh(1, 10);
  wood_write(&w, "m", &net, NULL);
  g_autoptr(ModelSketch) s = wood_sketch(&w, "m");
  g_autoptr(GBytes) bytes = model_sketch_pack(s, 0);
  g_autoptr(ModelSketch) back = model_sketch_unpack(bytes, 0);
  g_assert_nonnull(back);
  g_autoptr(GBytes) again = model_sketch_pack(back, 0);
  g_assert_true(g_bytes_equal(bytes, again));
  g_assert_true(content_hash_equal(s->content, back->content));
  g_assert_cmpuint(back->trunk, ==, WIDTH * INPUT + 2 * WIDTH * WIDTH);
  g_assert_cmpuint(back->head_out, ==, 10);
  g_assert_null(model_sketch_unpack(bytes, 1));
  gsize n;
  const guint8 *data = g_bytes_get_data(bytes, &n);
  for (gsize i = 0; i < n; i += 97) {
    guint8 *bad = g_memdup2(data, n);
    bad[i] ^= 0x40;
    g_autoptr(GBytes) damaged = g_bytes_new_take(bad, n);
    g_assert_null(model_sketch_unpack(damaged, 0));
    g_autoptr(GBytes) cut = g_bytes_new(data, i);
    g_assert_null(model_sketch_unpack(cut, 0));
  }
}

/* What the catalog holds is used, as long as the file's size and time stay and the blob is
 * whole. */
static void test_cache(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10);
  g_auto(Net) child = net_child(&base, 2, 0.2f), stranger = net_fresh(3, 10);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "child", &child, NULL);
  wood_grow(&w, NULL);
  g_assert_cmpint(w.forest->trees, ==, 1);
  /* Other bytes under the same time: only a reader of the file would notice. */
  g_autofree char *path = g_build_filename(w.root, "child.safetensors", NULL);
  struct stat st;
  g_assert_cmpint(stat(path, &st), ==, 0);
  wood_write(&w, "child", &stranger, NULL);
  struct timespec times[2] = {st.st_atim, st.st_mtim};
  g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
  wood_grow(&w, NULL);
  g_assert_cmpint(w.forest->trees, ==, 1);
  /* A damaged blob is made anew. */
  GError *error = NULL;
  g_autofree char *key = model_stamp(w.collection, w.models->pdata[1]);
  g_autoptr(GBytes) junk = g_bytes_new_static("copsesk1 but not really", 23);
  g_assert_true(collection_put(w.collection, SKETCH_SPACE, key, junk, &error));
  wood_grow(&w, NULL);
  g_assert_cmpint(w.forest->trees, ==, 2);
  g_autoptr(GBytes) fresh = collection_get(w.collection, SKETCH_SPACE, key, &error);
  g_assert_cmpuint(g_bytes_get_size(fresh), >, 1000);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lineage/error-bound", test_error_bound);
  g_test_add_func("/lineage/linear", test_linear);
  g_test_add_func("/lineage/small-is-exact", test_small_is_exact);
  g_test_add_func("/lineage/pieces", test_pieces);
  g_test_add_func("/lineage/hash-pieces", test_hash_pieces);
  g_test_add_func("/lineage/moments", test_moments);
  g_test_add_func("/lineage/constants", test_constants_do_not_fake_kinship);
  g_test_add_func("/lineage/nan", test_nan_does_not_spread);
  g_test_add_func("/lineage/kinship", test_kinship);
  g_test_add_func("/lineage/threads-and-blocks", test_threads_and_blocks);
  g_test_add_func("/lineage/pack", test_pack);
  g_test_add_func("/lineage/cache", test_cache);
  return g_test_run();
}
