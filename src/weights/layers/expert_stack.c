/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/expert_stack.h"

#include <string.h>

/* Behind "experts." before the last word of a name, NULL when it is not there. */
static const char *behind_experts(const char *layer) {
  static const char word[] = "experts.";
  const char *last = strrchr(layer, '.');
  size_t n = strlen(word);
  if (!last || (size_t)(last + 1 - layer) < n || memcmp(last + 1 - n, word, n) != 0) return NULL;
  bool begins = last + 1 - n == layer || last[-(ptrdiff_t)n] == '.';
  return begins ? last + 1 : NULL;
}

unsigned expert_stack_count(const TensorInfo *t, const SafeText *layer) {
  bool named = g_str_has_suffix(layer, "_exps") || behind_experts(layer);
  bool whole = t->rank == 3 && t->shape[0] > 0 && t->shape[0] <= EXPERT_STACK_MOST && t->count > 0;
  return named && whole && t->shape[2] % dtype_block(t->dtype) == 0 ? (unsigned)t->shape[0] : 0;
}

SafeText *expert_stack_name(const SafeText *layer, unsigned expert) {
  const char *word = behind_experts(layer);
  if (word) return g_strdup_printf("%.*s%u.%s", (int)(word - layer), layer, expert, word);
  return g_strdup_printf("%s.%u", layer, expert);
}
