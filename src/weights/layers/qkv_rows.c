/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/qkv_rows.h"

#include <string.h>

#include "weights/layers/name_key.h"

bool qkv_rows_alternate(const char *layer) {
  static const char word[] = "query_key_value";
  const char *at = strstr(layer, word);
  if (!at || at[strlen(word)]) return false;
  g_autofree char *key = name_key(layer); /* ChatGLM's are a stack and have another key */
  return g_str_has_suffix(key, word);
}

bool qkv_rows_of(uint64_t d_out, uint64_t d_in, uint64_t heads, QkvRows *out) {
  if (heads == 0 || d_in == 0 || d_in % heads != 0) return false;
  const uint64_t size = d_in / heads, all = d_out / size;
  if (d_out % size != 0 || all <= heads || (all - heads) % 2 != 0) return false;
  *out = (QkvRows){.size = size, .heads = heads, .groups = (all - heads) / 2};
  return heads % out->groups == 0;
}

uint64_t qkv_rows_stored(const QkvRows *r, uint64_t row) {
  const uint64_t each = r->heads / r->groups, head = row / r->size, in = row % r->size;
  uint64_t group, place;
  if (head < r->heads) {
    group = head / each;
    place = head % each;
  } else {
    group = (head - r->heads) % r->groups;
    place = each + (head - r->heads) / r->groups;
  }
  return (group * (each + 2) + place) * r->size + in;
}

void qkv_rows_restore(const QkvRows *r, const float *m, uint64_t width, float *out) {
  const uint64_t rows = (r->heads + 2 * r->groups) * r->size;
  for (uint64_t i = 0; i < rows; i++) memcpy(out + i * width, m + qkv_rows_stored(r, i) * width, width * sizeof *out);
}
