/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/formats/kernel_view.h"

static bool is_kernel(const char *name) {
  static const char *const words[] = {"kernel", "recurrent_kernel", "pointwise_kernel", NULL};
  return g_strv_contains(words, text_last_part(name));
}

void kernel_view_turn(const char *name, Strided *view) {
  const Strided before = *view;
  const int n = view->rank;
  if (n < 2 || !is_kernel(name)) return;
  for (int i = 0; i < n; i++) {
    const int from = i < 2 ? n - 1 - i : i - 2;
    view->shape[i] = before.shape[from];
    view->step[i] = before.step[from];
  }
}
