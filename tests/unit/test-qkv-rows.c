/* SPDX-License-Identifier: Apache-2.0 */
/* Fused q, k and v whose rows alternate by groups of heads, against the same matrices kept apart and above each other:
 * diff, verify and sketches see one model. */
#include <math.h>
#include <string.h>

#include "lineage/diff/model_diff.h"
#include "lineage/diff/model_verify.h"
#include "lineage/sketch/sketch_pieces.h"
#include "numerics/rng.h"
#include "tests/unit/raw_tensors.h"
#include "weights/layers/name_key.h"
#include "weights/layers/qkv_rows.h"

enum { HEADS = 4, SIZE = 8, WIDTH = HEADS * SIZE };

/* q, k and v of so many heads, and the rows as those networks store them: head by head of each group. */
typedef struct {
  int groups, rows;
  float q[WIDTH * WIDTH], k[WIDTH * WIDTH], v[WIDTH * WIDTH];
  float fused[3 * WIDTH * WIDTH], bias[3 * WIDTH], fused_bias[3 * WIDTH];
} Qkv;

static void put_head(Qkv *x, int *row, const float *from, const float *bias, int head) {
  memcpy(x->fused + *row * WIDTH, from + head * SIZE * WIDTH, SIZE * WIDTH * sizeof(float));
  memcpy(x->fused_bias + *row, bias + head * SIZE, SIZE * sizeof(float));
  *row += SIZE;
}

static Qkv *qkv_new(int groups) {
  Qkv *x = g_new0(Qkv, 1);
  Rng rng;
  rng_init(&rng, 7, 0);
  rng_fill_normal(&rng, x->q, WIDTH * WIDTH, 1);
  rng_fill_normal(&rng, x->k, WIDTH * WIDTH, 1);
  rng_fill_normal(&rng, x->v, WIDTH * WIDTH, 1);
  rng_fill_normal(&rng, x->bias, 3 * WIDTH, 1);
  x->groups = groups;
  x->rows = (HEADS + 2 * groups) * SIZE;
  int row = 0, each = HEADS / groups;
  for (int g = 0; g < groups; g++) {
    for (int h = 0; h < each; h++) put_head(x, &row, x->q, x->bias, g * each + h);
    put_head(x, &row, x->k, x->bias + WIDTH, g);
    put_head(x, &row, x->v, x->bias + WIDTH + groups * SIZE, g);
  }
  g_assert_cmpint(row, ==, x->rows);
  return x;
}

static void add(RawTensors *t, const char *name, const float *x, int rows, int columns) {
  raw_tensors_add(t, name, "F32", columns ? (int[]){rows, columns, -1} : (int[]){rows, -1}, x,
                  (size_t)rows * (size_t)MAX(columns, 1) * sizeof *x);
}

static WeightFile *alternating(const Qkv *x, const char *layer, uint64_t heads) {
  RawTensors t = raw_tensors_new();
  g_autofree char *weight = g_strconcat(layer, ".weight", NULL), *bias = g_strconcat(layer, ".bias", NULL);
  add(&t, weight, x->fused, x->rows, WIDTH);
  add(&t, bias, x->fused_bias, x->rows, 0);
  WeightFile *f = raw_tensors_open(&t);
  weight_file_set_heads(f, heads);
  return f;
}

static WeightFile *apart(const Qkv *x) {
  RawTensors t = raw_tensors_new();
  int small = x->groups * SIZE;
  add(&t, "model.layers.0.self_attn.q_proj.weight", x->q, WIDTH, WIDTH);
  add(&t, "model.layers.0.self_attn.k_proj.weight", x->k, small, WIDTH);
  add(&t, "model.layers.0.self_attn.v_proj.weight", x->v, small, WIDTH);
  add(&t, "model.layers.0.self_attn.q_proj.bias", x->bias, WIDTH, 0);
  add(&t, "model.layers.0.self_attn.k_proj.bias", x->bias + WIDTH, small, 0);
  add(&t, "model.layers.0.self_attn.v_proj.bias", x->bias + WIDTH + small, small, 0);
  return raw_tensors_open(&t);
}

static WeightFile *stacked(const Qkv *x, uint64_t heads) {
  RawTensors t = raw_tensors_new();
  g_autofree float *all = g_new0(float, 3 * WIDTH * WIDTH);
  size_t small = (size_t)x->groups * SIZE * WIDTH;
  memcpy(all, x->q, sizeof x->q);
  memcpy(all + WIDTH * WIDTH, x->k, small * sizeof *all);
  memcpy(all + WIDTH * WIDTH + small, x->v, small * sizeof *all);
  add(&t, "blk.0.attn_qkv.weight", all, x->rows, WIDTH);
  add(&t, "blk.0.attn_qkv.bias", x->bias, x->rows, 0);
  WeightFile *f = raw_tensors_open(&t);
  weight_file_set_heads(f, heads);
  return f;
}

static void expect_same(WeightFile *a, WeightFile *b) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ModelDiff) d = model_diff_files(a, NULL, b, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(d->rows->len, >, 0);
  g_assert_cmpuint(d->count[LAYER_SAME], ==, d->rows->len);
  g_assert_cmpuint(d->other_count[LAYER_SAME], ==, d->others->len);
  g_autoptr(ModelVerify) v = model_verify_files(a, b, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(v->count[VERIFY_SAME], ==, v->rows->len);
}

static const char neox[] = "gpt_neox.layers.0.attention.query_key_value";
static const char bloom[] = "transformer.h.0.self_attention.query_key_value";

static void check_all(int groups, const char *layer) {
  g_autofree Qkv *x = qkv_new(groups);
  g_autoptr(WeightFile) own = alternating(x, layer, HEADS), bare = alternating(x, layer, 0), three = apart(x);
  g_autoptr(WeightFile) gguf = stacked(x, HEADS), plain = stacked(x, 0);
  expect_same(own, three);
  expect_same(three, own);
  expect_same(own, plain);
  expect_same(plain, own);
  expect_same(bare, gguf); /* the other side knows */
  expect_same(gguf, bare);
  expect_same(own, bare); /* as they are stored */
  expect_same(three, plain);
}

static void test_each(void) { check_all(HEADS, neox); }

static void test_groups(void) { check_all(2, bloom); }

static void test_one_group(void) { check_all(1, bloom); }

/* Nobody knows how many heads: as many as bring both together. */
static void test_unknown(void) {
  g_autofree Qkv *x = qkv_new(HEADS);
  g_autoptr(WeightFile) bare = alternating(x, neox, 0), plain = stacked(x, 0);
  g_autoptr(ModelDiff) d = model_diff_files(bare, NULL, plain, NULL, NULL, NULL);
  g_assert_cmpuint(d->count[LAYER_SAME], ==, 1);
  g_assert_cmpuint(d->rows->len, ==, 1);
}

/* One head moved shows, and where. */
static void test_moved(void) {
  g_autofree Qkv *x = qkv_new(HEADS);
  g_autoptr(WeightFile) three = apart(x);
  x->fused[SIZE * WIDTH] += 3; /* the first row of the first head's k */
  g_autoptr(WeightFile) own = alternating(x, neox, HEADS);
  g_autoptr(ModelDiff) d = model_diff_files(own, NULL, three, NULL, NULL, NULL);
  g_assert_cmpuint(d->count[LAYER_SAME], ==, 2);
  g_assert_cmpuint(d->count[LAYER_MOVED], ==, 1);
  for (guint i = 0; i < d->rows->len; i++) {
    const DiffRow *row = &g_array_index(d->rows, DiffRow, i);
    if (row->state != LAYER_MOVED) continue;
    g_assert_nonnull(strstr(row->name, "k_proj"));
    g_assert_cmpfloat(fabs(row->distance - 3), <, 1e-4);
  }
}

/* Sketches take the parts, in order. */
static void test_pieces(void) {
  g_autofree Qkv *x = qkv_new(2);
  g_autoptr(WeightFile) own = alternating(x, bloom, HEADS), three = apart(x), bare = alternating(x, bloom, 0);
  g_autoptr(GArray) a = sketch_pieces(own, NULL), b = sketch_pieces(three, NULL), c = sketch_pieces(bare, NULL);
  g_assert_cmpuint(a->len, ==, 6);
  g_assert_cmpuint(b->len, ==, 6);
  g_assert_cmpuint(c->len, ==, 2);
  for (guint i = 0; i < 6; i++) {
    const SketchPiece *p = &g_array_index(a, SketchPiece, i), *q = &g_array_index(b, SketchPiece, i);
    g_autofree char *key = name_key(p->name), *other = name_key(q->name);
    g_assert_cmpstr(key, ==, other);
    g_assert_cmpuint(p->count, ==, q->count);
    g_autofree float *mine = g_new(float, p->count), *theirs = g_new(float, q->count);
    g_assert_true(sketch_piece_read(own, p, 1, sizeof(float), 0, p->count, mine, NULL));
    g_assert_true(sketch_piece_read(three, q, 1, sizeof(float), 0, q->count, theirs, NULL));
    g_assert_cmpmem(mine, p->count * sizeof(float), theirs, q->count * sizeof(float));
    g_assert_true(sketch_piece_read(own, p, 1, sizeof(float), 5, 9, mine, NULL));
    g_assert_cmpmem(mine, 9 * sizeof(float), theirs + 5, 9 * sizeof(float));
  }
}

/* Which names alternate, and which shapes fit so many heads. */
static void test_rules(void) {
  QkvRows rows;
  g_assert_true(qkv_rows_alternate(neox) && qkv_rows_alternate(bloom));
  g_assert_false(qkv_rows_alternate("transformer.encoder.layers.0.self_attention.query_key_value")); /* ChatGLM */
  g_assert_false(qkv_rows_alternate("blk.0.attn_qkv"));
  g_assert_true(qkv_rows_of(4672, 4544, 71, &rows)); /* Falcon 7B */
  g_assert_cmpuint(rows.groups, ==, 1);
  g_assert_true(qkv_rows_of(9216, 8192, 128, &rows)); /* Falcon 40B */
  g_assert_cmpuint(rows.groups, ==, 8);
  g_assert_false(qkv_rows_of(4672, 4544, 0, &rows));
  g_assert_false(qkv_rows_of(4672, 4544, 70, &rows));
  g_assert_false(qkv_rows_of(64, 64, 4, &rows));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/qkv-rows/rules", test_rules);
  g_test_add_func("/qkv-rows/a-head-a-group", test_each);
  g_test_add_func("/qkv-rows/groups", test_groups);
  g_test_add_func("/qkv-rows/one-group", test_one_group);
  g_test_add_func("/qkv-rows/unknown", test_unknown);
  g_test_add_func("/qkv-rows/moved", test_moved);
  g_test_add_func("/qkv-rows/pieces", test_pieces);
  return g_test_run();
}
