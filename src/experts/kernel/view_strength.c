/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/view_strength.h"

#include <math.h>

#include "experts/kernel/kernel_choose.h"

/* Models at most, and numbers of dense layers that are copied at most. */
enum { MOST = 600, LEAST = 40, MOST_NUMBERS = 200 << 20 };

static size_t most_models(const LayerSet *set) {
  size_t each = set->d_out * set->d_in;
  return set->form == LAYER_LOW_RANK ? (size_t)MOST : CLAMP(MOST_NUMBERS / each, (size_t)LEAST, (size_t)MOST);
}

bool view_strength(const LayerSet *set, const Task *task, const size_t *members, size_t n, uint64_t seed,
                   const Progress *progress, double r2[SIDE_COUNT], GError **error) {
  static const KernelView views[SIDE_COUNT] = {{SIDE_X, 1}, {SIDE_U, 2}, {SIDE_V, 2}};
  size_t some;
  g_autoptr(KernelTarget) all = kernel_target_new(task, members, n, false);
  g_autofree size_t *drawn = kernel_some_models(all, most_models(set), seed, &some);
  g_autoptr(KernelTarget) target = kernel_target_pick(all, drawn, some);
  for (size_t i = 0; i < some; i++) drawn[i] = members[drawn[i]];
  g_autoptr(KernelRows) rows = kernel_rows_new(set, drawn, some, error);
  if (!rows) return false;
  g_autoptr(GPtrArray) grams = g_ptr_array_new_with_free_func(g_free);
  for (int v = 0; v < SIDE_COUNT; v++) g_ptr_array_add(grams, g_new0(float, some *some + 1));
  if (!kernel_gram(rows, rows, views, SIDE_COUNT, (float *const *)grams->pdata, progress, error)) return false;
  for (int v = 0; v < SIDE_COUNT; v++) {
    double each[KERNEL_HEADS], top1[KERNEL_HEADS];
    kernel_scale_free(kernel_scale_fit(grams->pdata[v], some));
    if (!kernel_judge(target, grams->pdata[v], false, each, top1, error)) return false;
    r2[v] = isnan(each[1]) ? each[0] : fmax(each[0], each[1]);
  }
  return true;
}
