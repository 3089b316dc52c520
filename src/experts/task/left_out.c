/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/left_out.h"

#include <string.h>

static void left_out_free(void *data) {
  LeftOut *l = data;
  g_free(l->reason);
  g_ptr_array_unref(l->names);
  g_free(l);
}

GPtrArray *left_out_new(void) { return g_ptr_array_new_with_free_func(left_out_free); }

static LeftOut *entry(GPtrArray *list, const char *reason) {
  for (guint i = 0; i < list->len; i++)
    if (strcmp(((LeftOut *)list->pdata[i])->reason, reason) == 0) return list->pdata[i];
  LeftOut *l = g_new0(LeftOut, 1);
  l->reason = g_strdup(reason);
  l->names = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(list, l);
  return l;
}

void left_out_add(GPtrArray *list, const char *reason, const char *shown) {
  LeftOut *l = entry(list, reason);
  l->count++;
  if (shown && l->names->len < LEFT_OUT_NAMED) g_ptr_array_add(l->names, g_strdup(shown));
}

void left_out_join(GPtrArray *list, const GPtrArray *other) {
  for (guint i = 0; i < other->len; i++) {
    const LeftOut *from = other->pdata[i];
    LeftOut *to = entry(list, from->reason);
    to->count += from->count;
    for (guint k = 0; k < from->names->len && to->names->len < LEFT_OUT_NAMED; k++)
      g_ptr_array_add(to->names, g_strdup(from->names->pdata[k]));
  }
}
