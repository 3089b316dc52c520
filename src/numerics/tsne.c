/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/tsne.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "numerics/rng.h"

enum { BLOCK = 128, SEARCH_STEPS = 60 };

/* What P is: for each point its neighbours, and how much each pulls, in one list from `from[i]` to `from[i + 1]`. */
typedef struct {
  size_t *from, *to;
  float *p;
} Pulls;

/* One of the nearest. */
typedef struct {
  float distance; /* 1 - cosine */
  size_t index;
} Near;

static int nearer(const void *a, const void *b) {
  const Near *x = a, *y = b;
  if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

/* The rows at length 1; zeros stay. The caller frees them. */
static float *unit_rows(const float *x, size_t n, size_t d) {
  float *u = g_new(float, n *d + 1);
  for (size_t i = 0; i < n; i++) {
    float length = sqrtf(dot(x + i * d, x + i * d, d));
    for (size_t j = 0; j < d; j++) u[i * d + j] = length > 0 ? x[i * d + j] / length : 0;
  }
  return u;
}

/* The k nearest among all but `self`, from its products with everybody. */
static void pick_nearest(const float *products, size_t n, size_t self, size_t k, Near *all, Near *near) {
  size_t m = 0;
  float bar = INFINITY;
  for (size_t j = 0; j < n; j++) {
    Near one = {1 - products[j], j};
    if (j == self || (m == k && one.distance >= bar)) continue;
    if (m == 2 * k) { /* keep the better half */
      qsort(all, m, sizeof *all, nearer);
      m = k, bar = all[k - 1].distance;
    }
    all[m++] = one;
  }
  qsort(all, m, sizeof *all, nearer);
  memcpy(near, all, k * sizeof *near);
}

/* The k nearest of all points (n, k), a block of rows at a time. The caller frees them. */
static Near *find_nearest(const float *x, size_t n, size_t d, size_t k) {
  g_autofree float *u = unit_rows(x, n, d), *products = g_new(float, BLOCK *n);
  g_autofree Near *all = g_new(Near, 2 * k + 1);
  Near *near = g_new(Near, n * k + 1);
  for (size_t i = 0; i < n; i += BLOCK) {
    size_t rows = MIN((size_t)BLOCK, n - i);
    gemm(false, true, rows, n, d, 1, u + i * d, d, u, d, 0, products, n);
    for (size_t r = 0; r < rows; r++) pick_nearest(products + r * n, n, i + r, k, all, near + (i + r) * k);
  }
  return near;
}

/* Weights of k neighbours with the wanted entropy, by bisection of the width. */
static void weigh(const Near *near, size_t k, double perplexity, float *p) {
  double low = 0, high = INFINITY, beta = 1, want = log(perplexity);
  for (int step = 0; step < SEARCH_STEPS; step++) {
    double sum = 0, mean = 0;
    for (size_t j = 0; j < k; j++) {
      double gap = (double)(near[j].distance - near[0].distance), w = exp(-beta * gap);
      sum += w, mean += w * gap;
    }
    double entropy = log(sum) + beta * mean / sum;
    if (fabs(entropy - want) < 1e-5) break;
    if (entropy > want) low = beta;
    else high = beta;
    beta = isinf(high) ? beta * 2 : (low + high) / 2;
  }
  double sum = 0;
  for (size_t j = 0; j < k; j++)
    sum += (double)(p[j] = (float)exp(-beta * (double)(near[j].distance - near[0].distance)));
  for (size_t j = 0; j < k; j++) p[j] = (float)((double)p[j] / sum);
}

/* Both directions of each pull, so that they add up to 1 over all pairs. */
static Pulls pulls_new(const Near *near, size_t n, size_t k, double perplexity) {
  Pulls pulls = {g_new0(size_t, n + 2), g_new(size_t, 2 * n * k + 1), g_new(float, 2 * n * k + 1)};
  g_autofree float *p = g_new(float, n *k + 1);
  g_autofree size_t *at = g_new(size_t, n + 1);
  for (size_t i = 0; i < n; i++) weigh(near + i * k, k, perplexity, p + i * k);
  for (size_t e = 0; e < n * k; e++) pulls.from[e / k + 1]++, pulls.from[near[e].index + 1]++;
  for (size_t i = 0; i < n; i++) pulls.from[i + 1] += pulls.from[i];
  memcpy(at, pulls.from, n * sizeof *at);
  for (size_t e = 0; e < n * k; e++) {
    size_t i = e / k, j = near[e].index;
    float half = p[e] / (2 * (float)n);
    pulls.to[at[i]] = j, pulls.p[at[i]++] = half;
    pulls.to[at[j]] = i, pulls.p[at[j]++] = half;
  }
  return pulls;
}

static void pulls_clear(Pulls *pulls) {
  g_free(pulls->from);
  g_free(pulls->to);
  g_free(pulls->p);
}

/* Where the points are and how they move. */
typedef struct {
  size_t n, drawn; /* drawn: points that repel, all or some */
  float *x, *y;    /* coordinates, apart so that they lie dense */
  float *ox, *oy;  /* those of the points that repel */
  float *speed, *gain, *push;
  Rng rng;
} Cloud;

static void draw_others(Cloud *c) {
  for (size_t k = 0; k < c->drawn; k++) {
    size_t i = c->drawn == c->n ? k : (size_t)rng_below(&c->rng, c->n);
    c->ox[k] = c->x[i], c->oy[k] = c->y[i];
  }
}

/* Adds up the repulsion on each point, not yet divided by the sum of all q, which is returned. */
static double repel(Cloud *c) {
  double all = 0;
  draw_others(c);
  for (size_t i = 0; i < c->n; i++) {
    float x = c->x[i], y = c->y[i], fx = 0, fy = 0, sum = 0;
    for (size_t k = 0; k < c->drawn; k++) {
      float dx = x - c->ox[k], dy = y - c->oy[k], q = 1 / (1 + dx * dx + dy * dy);
      sum += q;
      fx += q * q * dx, fy += q * q * dy;
    }
    c->push[2 * i] = fx, c->push[2 * i + 1] = fy;
    all += (double)sum;
  }
  return all - (double)(c->drawn == c->n ? c->n : 0); /* nobody repels itself */
}

/* One step down the gradient: 4 * (pulls - pushes). */
static void descend(Cloud *c, const Pulls *pulls, float exaggeration, float rate, float momentum) {
  float z = (float)fmax(repel(c), 1e-12);
  for (size_t i = 0; i < c->n; i++) {
    float g[2] = {-c->push[2 * i] / z, -c->push[2 * i + 1] / z};
    for (size_t e = pulls->from[i]; e < pulls->from[i + 1]; e++) {
      float dx = c->x[i] - c->x[pulls->to[e]], dy = c->y[i] - c->y[pulls->to[e]];
      float w = exaggeration * pulls->p[e] / (1 + dx * dx + dy * dy);
      g[0] += w * dx, g[1] += w * dy;
    }
    for (int k = 0; k < 2; k++) {
      float *speed = &c->speed[2 * i + k], *gain = &c->gain[2 * i + k];
      *gain = (g[k] > 0) == (*speed > 0) ? *gain * 0.8f : *gain + 0.2f;
      *gain = MAX(*gain, 0.01f);
      *speed = momentum * *speed - rate * *gain * 4 * g[k];
    }
  }
  for (size_t i = 0; i < c->n; i++) c->x[i] += c->speed[2 * i], c->y[i] += c->speed[2 * i + 1];
}

/* Begins where y says, very near together and with a little noise, so that no two points are one. */
static Cloud cloud_new(const float *y, size_t n, uint64_t seed) {
  Cloud c = {.n = n, .drawn = MIN(n, (size_t)TSNE_EXACT)};
  float most = 1e-12f;
  c.x = g_new(float, n + 1), c.y = g_new(float, n + 1);
  c.ox = g_new(float, c.drawn + 1), c.oy = g_new(float, c.drawn + 1);
  c.speed = g_new0(float, 2 * n + 1), c.gain = g_new(float, 2 * n + 1), c.push = g_new(float, 2 * n + 1);
  rng_init(&c.rng, seed, 0);
  for (size_t i = 0; i < 2 * n; i++) most = fmaxf(most, fabsf(y[i])), c.gain[i] = 1;
  for (size_t i = 0; i < n; i++) {
    c.x[i] = 1e-2f * y[2 * i] / most + 1e-4f * rng_normal(&c.rng);
    c.y[i] = 1e-2f * y[2 * i + 1] / most + 1e-4f * rng_normal(&c.rng);
  }
  return c;
}

static void cloud_clear(Cloud *c) {
  g_free(c->x), g_free(c->y), g_free(c->ox), g_free(c->oy);
  g_free(c->speed), g_free(c->gain), g_free(c->push);
}

/* Around the origin. */
static void cloud_show(const Cloud *c, float *y) {
  double mx = 0, my = 0;
  for (size_t i = 0; i < c->n; i++) mx += (double)c->x[i], my += (double)c->y[i];
  for (size_t i = 0; i < c->n; i++) {
    y[2 * i] = c->x[i] - (float)(mx / (double)c->n);
    y[2 * i + 1] = c->y[i] - (float)(my / (double)c->n);
  }
}

bool tsne_run(const float *x, size_t n, size_t d, const TsneOptions *options, float *y, TsneStep step, void *user) {
  if (n < 4 || d == 0) return !step || step(user, y, options->iterations, options->iterations);
  double perplexity = fmax(fmin(options->perplexity, (double)(n - 1) / 3), 1.01);
  size_t k = MIN(n - 1, (size_t)ceil(3 * perplexity));
  g_autofree Near *near = find_nearest(x, n, d, k);
  Pulls pulls = pulls_new(near, n, k, perplexity);
  Cloud c = cloud_new(y, n, options->seed);
  unsigned early = options->iterations / 4;
  float rate = fmaxf((float)n / 12, 50) / 4;
  bool on = true;
  for (unsigned i = 0; i < options->iterations && on; i++) {
    descend(&c, &pulls, i < early ? 12 : 1, rate, i < early ? 0.5f : 0.8f);
    cloud_show(&c, y);
    on = !step || step(user, y, i + 1, options->iterations);
  }
  cloud_clear(&c);
  pulls_clear(&pulls);
  return on;
}

/* The k nearest of a row on the map. */
static void map_nearest(const float *y, size_t n, size_t self, size_t k, float *products, Near *all, Near *near) {
  for (size_t j = 0; j < n; j++) {
    float dx = y[2 * j] - y[2 * self], dy = y[2 * j + 1] - y[2 * self + 1];
    products[j] = -(dx * dx + dy * dy);
  }
  pick_nearest(products, n, self, k, all, near);
}

static size_t common(const Near *a, const Near *b, size_t k) {
  size_t both = 0;
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < k; j++) both += a[i].index == b[j].index;
  return both;
}

double tsne_kept(const float *x, size_t n, size_t d, const float *y, size_t k, size_t sample) {
  if (k == 0 || n < k + 2) return NAN;
  size_t rows = sample ? MIN(sample, n) : n, both = 0;
  g_autofree float *u = unit_rows(x, n, d), *products = g_new(float, n + 1);
  g_autofree Near *all = g_new(Near, 2 * k + 1), *before = g_new(Near, k), *after = g_new(Near, k);
  for (size_t r = 0; r < rows; r++) {
    size_t i = r * n / rows;
    gemm(false, true, 1, n, d, 1, u + i * d, d, u, d, 0, products, n);
    pick_nearest(products, n, i, k, all, before);
    map_nearest(y, n, i, k, products, all, after);
    both += common(before, after, k);
  }
  return (double)both / (double)(rows * k);
}
