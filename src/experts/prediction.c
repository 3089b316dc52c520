/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/prediction.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "experts/probex/align.h"
#include "numerics/calibration.h"
#include "experts/probex/classify.h"

/* Keeps the labels that are known, with their vectors moved together. */
static void keep_known(Choices *c, char *const *labels, const bool *known, size_t n, size_t r_t, GPtrArray *left_out) {
  for (size_t i = 0; i < n; i++) {
    g_autofree SafeText *name = safe_text(labels[i], -1);
    if (known[i]) {
      memmove(c->mapped + c->names->len * r_t, c->mapped + i * r_t, r_t * sizeof *c->mapped);
      g_ptr_array_add(c->names, g_steal_pointer(&name));
    } else if (left_out) {
      g_ptr_array_add(left_out, g_steal_pointer(&name));
    }
  }
}

Choices *choices_new(const Expert *x, TextEncoder *encoder, char *const *labels, GPtrArray *left_out, GError **error) {
  size_t n = g_strv_length((char **)labels), r_t = x->probex->shape.r_t;
  g_autoptr(Choices) c = g_new0(Choices, 1);
  g_autofree bool *known = g_new0(bool, n + 1);
  c->names = g_ptr_array_new_with_free_func(g_free);
  c->mapped = g_new(float, (n * r_t) + 1);
  if (!expert_map_texts(x, encoder, (const char *const *)labels, n, c->mapped, known, error)) return NULL;
  keep_known(c, labels, known, n, r_t, left_out);
  for (guint i = 0; i < c->names->len && !c->unseen; i++)
    c->unseen = !g_ptr_array_find_with_equal_func(x->labels, c->names->pdata[i], g_str_equal, NULL);
  if (c->names->len || n == 0) return g_steal_pointer(&c);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "the encoder '%s' knows no word of any label",
              text_encoder_name(encoder));
  return NULL;
}

Choices *choices_own(const Expert *x, TextEncoder *encoder, GError **error) {
  if (x->task == EXPERT_ALIGN) {
    g_autoptr(GPtrArray) labels = g_ptr_array_new();
    for (guint i = 0; i < x->labels->len; i++) g_ptr_array_add(labels, x->labels->pdata[i]);
    g_ptr_array_add(labels, NULL);
    return choices_new(x, encoder, (char *const *)labels->pdata, NULL, error);
  }
  Choices *c = g_new0(Choices, 1);
  c->names = g_ptr_array_new_with_free_func(g_free);
  for (size_t i = 0; i < x->probex->shape.n_classes; i++) /* upstream's files name no classes */
    g_ptr_array_add(c->names, i < x->labels->len ? g_strdup(x->labels->pdata[i]) : g_strdup_printf("class %zu", i));
  return c;
}

void choices_free(Choices *c) {
  if (!c) return;
  g_clear_pointer(&c->names, g_ptr_array_unref);
  g_free(c->mapped);
  g_free(c);
}

static double softmax_choice(const Expert *x, bool unseen, const float *y, size_t n, double *p) {
  double best = 0;
  g_autofree float *row = g_memdup2(y, n * sizeof *y);
  softmax_row(row, n, expert_temperature(x, unseen));
  for (size_t i = 0; i < n; i++) best = fmax(best, p[i] = (double)row[i]);
  return best;
}

static double class_choice(const Expert *x, const float *y, size_t n, double *p) {
  double best = 0;
  for (size_t i = 0; i < n; i++) {
    p[i] = 1 / (1 + exp(-(double)y[i] / x->temperature));
    best = fmax(best, fmax(p[i], 1 - p[i]));
  }
  return best;
}

double prediction_make(const Expert *x, const Choices *c, const float *e, double *p, float *logits) {
  size_t n = c->names->len, r_t = x->probex->shape.r_t;
  g_autofree float *y = g_new(float, n + 1);
  /* An expert answers with zeros where it has nothing to say; not even a head's bias is an answer then. */
  if (x->task == EXPERT_CLASSIFY && all_zero(e, r_t)) memset(y, 0, n * sizeof *y);
  else if (x->task == EXPERT_CLASSIFY) classify_logits(x->probex, e, 1, y);
  else gemm(false, true, 1, n, r_t, expf(*x->probex->tau), e, r_t, c->mapped, r_t, 0, y, n);
  if (logits) memcpy(logits, y, n * sizeof *y);
  return x->task == EXPERT_CLASSIFY ? class_choice(x, y, n, p) : softmax_choice(x, c->unseen, y, n, p);
}

/* Thresholds are figures of single models, which the order of sums must not make doubt themselves. */
static bool is_below(double x, double least) {
  static const double rounding = 1e-4;
  return isfinite(least) && !(x >= least - rounding * fabs(least));
}

/* The floor is that of answers about trained labels. */
static Doubt doubt_fit(const Expert *x, bool unseen, const float *logits, size_t n, double confidence) {
  float best = -INFINITY;
  double threshold = expert_threshold(x, unseen);
  bool own = unseen && expert_knows_unseen(x);
  for (size_t i = 0; i < n; i++) best = fmaxf(best, logits[i]);
  if (!own && is_below((double)best, x->floor * exp((double)*x->probex->tau))) return DOUBT_NO_FIT;
  return is_below(confidence, threshold) ? DOUBT_UNSURE : DOUBT_NONE;
}

Doubt prediction_doubt(const Expert *x, const Choices *c, const double *p, const float *logits, double confidence) {
  size_t n = c->names->len, said = 0;
  double best = 0;
  for (size_t i = 0; i < n; i++) said += logits[i] != 0;
  if (n && !said) return DOUBT_FOREIGN;
  if (x->task == EXPERT_ALIGN) return doubt_fit(x, c->unseen, logits, n, confidence);
  for (size_t i = 0; i < n; i++) best = fmax(best, p[i]);
  if (!(best > 0.5)) return DOUBT_NO_LABEL;
  return is_below(best, x->threshold) ? DOUBT_UNSURE : DOUBT_NONE;
}

bool prediction_abstains(const Expert *x, const Choices *c, const double *p, const float *logits, double confidence) {
  return prediction_doubt(x, c, p, logits, confidence) != DOUBT_NONE;
}
