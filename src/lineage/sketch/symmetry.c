/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/sketch/symmetry.h"

#include <math.h>
#include <string.h>

#include "numerics/hash.h"
#include "numerics/linalg.h"

enum { BUCKETS = SYMMETRY_BUCKETS, LEAST = 2 * BUCKETS, MOST = 1 << 16 };

/* Where coordinates go, and with which sign; and S'1. */
typedef struct {
  uint8_t *bucket;
  float *sign;
  double ones[BUCKETS];
} Folding;

struct SymmetryPass {
  uint64_t d_out, d_in, row, column;
  Folding by_column, by_row;
  float folded[BUCKETS]; /* the row that is being read */
  double in[BUCKETS][BUCKETS], in_sum[BUCKETS];
  float *out; /* BUCKETS x d_in: rows folded */
  double sum;
};

static void folding_init(Folding *f, uint64_t seed, uint64_t width) {
  f->bucket = g_new(uint8_t, width);
  f->sign = g_new(float, width);
  for (uint64_t i = 0; i < width; i++) {
    uint64_t word = hash_mix(hash_mix(seed ^ width) + i * 0x9e3779b97f4a7c15u);
    f->bucket[i] = word % BUCKETS;
    f->sign[i] = word >> 63 ? 1 : -1;
    f->ones[f->bucket[i]] += (double)f->sign[i];
  }
}

static void folding_clear(Folding *f) {
  g_free(f->bucket);
  g_free(f->sign);
}

SymmetryPass *symmetry_pass_new(uint64_t seed, uint64_t d_out, uint64_t d_in) {
  if (d_out < LEAST || d_in < LEAST || d_out > MOST || d_in > MOST) return NULL;
  SymmetryPass *pass = g_new0(SymmetryPass, 1);
  pass->d_out = d_out, pass->d_in = d_in;
  folding_init(&pass->by_column, seed, d_in);
  folding_init(&pass->by_row, seed, d_out);
  pass->out = g_new0(float, BUCKETS *d_in);
  return pass;
}

void symmetry_pass_free(SymmetryPass *pass) {
  if (!pass) return;
  folding_clear(&pass->by_column);
  folding_clear(&pass->by_row);
  g_free(pass->out);
  g_free(pass);
}

/* Some of the row's numbers, from the pass's column on. */
static void take_part(SymmetryPass *pass, const float *x, size_t n) {
  const uint8_t *bucket = pass->by_column.bucket + pass->column;
  const float *sign = pass->by_column.sign + pass->column;
  float *out = pass->out + (size_t)pass->by_row.bucket[pass->row] * pass->d_in + pass->column;
  float sign_of_row = pass->by_row.sign[pass->row], sum = 0;
  for (size_t i = 0; i < n; i++) {
    pass->folded[bucket[i]] += sign[i] * x[i];
    out[i] += sign_of_row * x[i];
    sum += x[i];
  }
  pass->sum += (double)sum;
  pass->column += n;
}

static void end_row(SymmetryPass *pass) {
  for (unsigned i = 0; i < BUCKETS; i++) {
    for (unsigned k = 0; k < i; k++) pass->in[i][k] += (double)pass->folded[i] * (double)pass->folded[k];
    pass->in_sum[i] += (double)pass->folded[i];
  }
  memset(pass->folded, 0, sizeof pass->folded);
  pass->column = 0;
  pass->row++;
}

void symmetry_pass_take(SymmetryPass *pass, const float *x, size_t n) {
  while (n > 0 && pass->row < pass->d_out) {
    size_t part = (size_t)MIN(n, pass->d_in - pass->column);
    take_part(pass, x, part);
    x += part, n -= part;
    if (pass->column == pass->d_in) end_row(pass);
  }
}

static SymmetrySide *side_of(GArray *sides, uint64_t width, bool rows) {
  for (guint i = 0; i < sides->len; i++) {
    SymmetrySide *s = &g_array_index(sides, SymmetrySide, i);
    if (s->width == width && s->rows == rows) return s;
  }
  SymmetrySide *fresh = g_new0(SymmetrySide, 1);
  fresh->width = width, fresh->rows = rows;
  g_array_append_vals(sides, fresh, 1);
  g_free(fresh);
  return &g_array_index(sides, SymmetrySide, sides->len - 1);
}

/* Products of folded coordinates, whose mean (of `vectors` vectors) is taken off along S'1, at length 1. */
static void add_side(GArray *sides, uint64_t width, bool rows, double product[BUCKETS][BUCKETS], const double *sum,
                     const Folding *f, double mean, double vectors) {
  double norm2 = 0;
  for (unsigned i = 0; i < BUCKETS; i++)
    for (unsigned k = 0; k < i; k++) {
      double a = mean * f->ones[i], b = mean * f->ones[k];
      product[i][k] += vectors * a * b - a * sum[k] - b * sum[i];
      norm2 += product[i][k] * product[i][k];
    }
  if (!(norm2 > 0) || !isfinite(norm2)) return;
  SymmetrySide *side = side_of(sides, width, rows);
  float *to = side->product;
  for (unsigned i = 0; i < BUCKETS; i++)
    for (unsigned k = 0; k < i; k++) *to++ += (float)(product[i][k] / sqrt(norm2));
  side->matrices++;
}

void symmetry_pass_end(SymmetryPass *pass, GArray *sides) {
  double product[BUCKETS][BUCKETS] = {{0}}, sum[BUCKETS] = {0},
         mean = pass->sum / ((double)pass->d_out * (double)pass->d_in);
  if (pass->row < pass->d_out) return;
  add_side(sides, pass->d_in, false, pass->in, pass->in_sum, &pass->by_column, mean, (double)pass->d_out);
  for (unsigned i = 0; i < BUCKETS; i++) {
    const float *a = pass->out + i * pass->d_in;
    for (size_t c = 0; c < pass->d_in; c++) sum[i] += (double)a[c];
    for (unsigned k = 0; k < i; k++) {
      const float *b = pass->out + k * pass->d_in;
      for (size_t c = 0; c < pass->d_in; c++) product[i][k] += (double)a[c] * (double)b[c];
    }
  }
  add_side(sides, pass->d_out, true, product, sum, &pass->by_row, mean, (double)pass->d_in);
}

static gint by_matrices(gconstpointer a, gconstpointer b) {
  const SymmetrySide *x = a, *y = b;
  if (x->matrices != y->matrices) return x->matrices > y->matrices ? -1 : 1;
  if (x->width != y->width) return x->width > y->width ? -1 : 1;
  return (int)x->rows - (int)y->rows;
}

void symmetry_settle(GArray *sides) {
  g_array_sort(sides, by_matrices);
  guint kept = 0;
  while (kept < MIN(sides->len, SYMMETRY_SIDES) &&
         g_array_index(sides, SymmetrySide, kept).matrices >= SYMMETRY_MATRICES)
    kept++;
  g_array_set_size(sides, kept);
  for (guint i = 0; i < kept; i++) {
    SymmetrySide *s = &g_array_index(sides, SymmetrySide, i);
    double norm2 = 0;
    for (unsigned k = 0; k < SYMMETRY_NUMBERS; k++) norm2 += (double)s->product[k] * (double)s->product[k];
    for (unsigned k = 0; k < SYMMETRY_NUMBERS && norm2 > 0; k++) s->product[k] /= (float)sqrt(norm2);
  }
}

static double cosine(const SymmetrySide *x, const SymmetrySide *y) {
  return (double)dot(x->product, y->product, SYMMETRY_NUMBERS);
}

/* The mean cosine over the sides of one width that both have; NAN without any. */
static double compare_width(const GArray *a, const GArray *b, uint64_t width) {
  double sum = 0;
  unsigned common = 0;
  for (guint i = 0; i < a->len; i++)
    for (guint k = 0; k < b->len; k++) {
      const SymmetrySide *x = &g_array_index(a, SymmetrySide, i), *y = &g_array_index(b, SymmetrySide, k);
      if (x->width == width && y->width == width && x->rows == y->rows) sum += cosine(x, y), common++;
    }
  return common ? sum / common : NAN;
}

double symmetry_compare(const GArray *a, const GArray *b) {
  double most = -1;
  for (guint i = 0; i < a->len; i++) most = fmax(most, compare_width(a, b, g_array_index(a, SymmetrySide, i).width));
  return most;
}
