/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_target.h"

#include <math.h>
#include <string.h>

#include "numerics/hash.h"
#include "numerics/linalg.h"
#include "numerics/rate.h"

void kernel_target_free(KernelTarget *t) {
  if (!t) return;
  g_free(t->y);
  g_free(t->label);
  g_free(t->text);
  g_free(t->group);
  g_free(t->apart);
  g_free(t);
}

/* --- what is left out together ----------------------------------------------------------------------- */

static size_t root_of(size_t *up, size_t i) {
  while (up[i] != i) i = up[i] = up[up[i]];
  return i;
}

/* Labels that share kin are left out together: a label whose copies bear another name is not unseen. When that leaves
 * next to nothing to learn from, labels alone are. */
static void set_apart(KernelTarget *t) {
  g_autofree size_t *up = g_new(size_t, t->labels + 1), *first = g_new0(size_t, t->groups + 1);
  t->apart = g_memdup2(t->label, t->n * sizeof *t->label);
  t->aparts = t->labels;
  for (size_t l = 0; l < t->labels; l++) up[l] = l;
  for (size_t i = 0; i < t->n && t->group; i++) {
    size_t *at = &first[t->group[i]];
    if (!*at) *at = t->label[i] + 1;
    up[root_of(up, t->label[i])] = root_of(up, *at - 1);
  }
  g_autofree size_t *size = g_new0(size_t, t->labels + 1);
  size_t largest = 0;
  for (size_t i = 0; i < t->n; i++) largest = MAX(largest, ++size[root_of(up, t->label[i])]);
  for (size_t i = 0; i < t->n && 2 * largest <= t->n; i++) t->apart[i] = root_of(up, t->label[i]);
}

static void take_groups(KernelTarget *t, const Task *task, const size_t *members) {
  g_autofree bool *there = g_new0(bool, task->groups + 1);
  bool kin = false;
  t->groups = task->groups;
  t->group = g_new(size_t, t->n + 1);
  for (size_t i = 0; i < t->n; i++) {
    size_t g = t->group[i] = task->group[members[i]];
    kin |= there[g];
    there[g] = true;
  }
  if (!kin) g_clear_pointer(&t->group, g_free);
  if (t->label) set_apart(t);
}

static size_t *picked(const size_t *from, const size_t *models, size_t n) {
  size_t *out = from ? g_new(size_t, n + 1) : NULL;
  for (size_t i = 0; out && i < n; i++) out[i] = from[models[i]];
  return out;
}

/* --- targets ----------------------------------------------------------------------------------------- */

static void fill_classes(KernelTarget *t, const Task *task, const size_t *members) {
  for (size_t i = 0; i < t->n; i++)
    for (size_t c = 0; c < t->width; c++)
      t->y[i * t->width + c] = task->has[members[i] * task->seen + c] ? 1.0f : -1.0f;
}

static void fill_labels(KernelTarget *t, const Task *task, const size_t *members, bool one_hot) {
  t->label = g_new(size_t, t->n + 1);
  if (!one_hot) t->text = g_memdup2(task->text, task->seen * task->d_text * sizeof *t->text);
  for (size_t i = 0; i < t->n; i++) {
    size_t label = t->label[i] = task->target[members[i]];
    if (one_hot) t->y[i * t->width + label] = 1;
    else memcpy(t->y + i * t->width, task->text + label * task->d_text, t->width * sizeof *t->y);
  }
}

KernelTarget *kernel_target_new(const Task *task, const size_t *members, size_t n, bool one_hot) {
  KernelTarget *t = g_new0(KernelTarget, 1);
  t->n = n;
  t->labels = task->seen;
  t->width = task->has || one_hot ? task->seen : task->d_text;
  t->y = g_new0(float, n * t->width + 1);
  if (task->has) fill_classes(t, task, members);
  else fill_labels(t, task, members, one_hot);
  take_groups(t, task, members);
  return t;
}

KernelTarget *kernel_target_pick(const KernelTarget *t, const size_t *models, size_t n) {
  KernelTarget *o = g_new0(KernelTarget, 1);
  *o = (KernelTarget){.n = n, .width = t->width, .labels = t->labels, .groups = t->groups, .aparts = t->aparts};
  o->group = picked(t->group, models, n);
  o->apart = picked(t->apart, models, n);
  o->y = g_new(float, n * t->width + 1);
  o->label = t->label ? g_new(size_t, n + 1) : NULL;
  o->text = t->text ? g_memdup2(t->text, t->labels * t->width * sizeof(float)) : NULL;
  for (size_t i = 0; i < n; i++) {
    memcpy(o->y + i * t->width, t->y + models[i] * t->width, t->width * sizeof(float));
    if (t->label) o->label[i] = t->label[models[i]];
  }
  return o;
}

double kernel_target_r2(const KernelTarget *t, const float *p) {
  double error = 0, all = 0;
  for (size_t j = 0; j < t->width; j++) {
    double mean = 0;
    for (size_t i = 0; i < t->n; i++) mean += (double)t->y[i * t->width + j] / (double)t->n;
    for (size_t i = 0; i < t->n; i++) {
      double y = (double)t->y[i * t->width + j], e = y - (double)p[i * t->width + j];
      error += e * e;
      all += (y - mean) * (y - mean);
    }
  }
  return all > 0 ? 1 - error / all : 0;
}

/* right[i]: 1 where the model's own label fits best. Returns how many do. */
static size_t count_right(const KernelTarget *t, const float *p, unsigned char *right) {
  size_t all = 0;
  g_autofree float *score = t->text ? g_new(float, t->n * t->labels + 1) : NULL;
  if (score) gemm(false, true, t->n, t->labels, t->width, 1, p, t->width, t->text, t->width, 0, score, t->labels);
  for (size_t i = 0; i < t->n; i++)
    all += right[i] = score_rank((score ? score : p) + i * t->labels, t->labels, t->label[i]) == 0;
  return all;
}

/* Which half of the models one is in: kin are in one. */
static size_t half_of(const KernelTarget *t, size_t i) { return hash_mix(t->group ? t->group[i] : i) & 1; }

/* right (lambdas, n): each half is counted at the lambda that is best for the other. */
static double fair_top1(const KernelTarget *t, const unsigned char *right, size_t lambdas) {
  size_t sum[2] = {0}, best[2] = {0}, most[2] = {0};
  for (size_t l = 0; l < lambdas; l++) {
    sum[0] = sum[1] = 0;
    for (size_t i = 0; i < t->n; i++) sum[half_of(t, i)] += right[l * t->n + i];
    for (int h = 0; h < 2; h++)
      if (sum[h] > most[h]) most[h] = sum[h], best[h] = l;
  }
  size_t all = 0;
  for (size_t i = 0; i < t->n; i++) all += right[best[1 - half_of(t, i)] * t->n + i];
  return (double)all / (double)t->n;
}

static bool left_out(const KernelTarget *t, const KernelEigen *e, const KernelFit *f, bool whole_labels, float *p,
                     GError **error) {
  if (whole_labels) return kernel_fit_leave_group_out(e, f, t->y, t->apart, t->aparts, p, error);
  if (t->group) return kernel_fit_leave_group_out(e, f, t->y, t->group, t->groups, p, error);
  kernel_fit_leave_one_out(f, t->y, p);
  return true;
}

static void keep(KernelLambda *out, const KernelLambda *now) {
  kernel_fit_free(out->fit);
  g_free(out->p);
  *out = *now;
}

bool kernel_target_fit(const KernelTarget *t, const KernelEigen *e, bool whole_labels, bool by_top1, KernelLambda *out,
                       GError **error) {
  static const double grid[] = {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};
  g_autofree double *turned = kernel_eigen_turn(e, t->y, t->width);
  bool count = by_top1 && t->label;
  g_autofree unsigned char *right = g_new0(unsigned char, G_N_ELEMENTS(grid) * t->n + 1);
  *out = (KernelLambda){.r2 = -INFINITY, .top1 = -INFINITY};
  for (size_t l = 0; l < G_N_ELEMENTS(grid); l++) {
    KernelLambda now = {.lambda = grid[l], .fit = kernel_fit_new(e, turned, t->width, grid[l])};
    now.p = g_new(float, t->n * t->width + 1);
    bool ok = left_out(t, e, now.fit, whole_labels, now.p, error);
    now.r2 = ok ? kernel_target_r2(t, now.p) : 0;
    now.top1 = !ok || !by_top1 ? 0 : count ? (double)count_right(t, now.p, right + l * t->n) / (double)t->n : now.r2;
    bool better = ok && (!out->fit || now.top1 > out->top1 || (now.top1 == out->top1 && now.r2 > out->r2));
    if (better) keep(out, &now);
    else kernel_fit_free(now.fit), g_free(now.p);
    if (!ok) break;
  }
  out->fair = count ? fair_top1(t, right, G_N_ELEMENTS(grid)) : out->r2;
  return out->fit != NULL;
}
