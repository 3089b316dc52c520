/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/shard_name.h"

#include <string.h>

enum { MAX_DIGITS = 6, PADDED = 5 };

/* The number that ends at `end`, not before `start`; returns its digits, 0 when there is none. */
static int number_before(const char *start, const char *end, unsigned *value) {
  const char *p = end;
  while (p > start && g_ascii_isdigit(p[-1])) p--;
  int digits = end - p > MAX_DIGITS ? 0 : (int)(end - p);
  *value = 0;
  for (; p < end && digits; p++) *value = *value * 10 + (unsigned)(*p - '0');
  return digits;
}

/* The last "-of-DIGITS." of a name: *end is where the digits end. NULL when there is none. */
static const char *last_count(const char *name, const char **end) {
  static const char of[] = "-of-";
  const char *found = NULL;
  for (const char *p = name; (p = strstr(p, of)) != NULL; p++) {
    const char *q = p + sizeof of - 1, *digits = q;
    while (g_ascii_isdigit(*q)) q++;
    if (q == digits || *q != '.') continue;
    found = p;
    *end = q;
  }
  return found;
}

bool shard_name_parse(const char *name, ShardName *out) {
  const char *dot = name, *of = last_count(name, &dot);
  if (!of) return false;
  out->parts_digits = number_before(of, dot, &out->parts);
  out->part_digits = number_before(name, of, &out->part);
  const char *mark = of - out->part_digits; /* after the separator */
  if (!out->parts_digits || !out->part_digits || mark - name < 2 || !strchr("-_.", mark[-1])) return false;
  out->stem = (size_t)(mark - 1 - name);
  out->ending = (size_t)(dot - name);
  out->padded = out->part_digits >= PADDED && out->parts_digits >= PADDED;
  return out->parts > 0 && out->part <= out->parts;
}

char *shard_name_whole(const char *name) {
  ShardName n;
  if (!shard_name_parse(name, &n)) return NULL;
  return g_strdup_printf("%.*s%s", (int)n.stem, name, name + n.ending);
}

char *shard_name_sibling(const char *name, const ShardName *n, unsigned part) {
  return g_strdup_printf("%.*s%0*u-of-%0*u%s", (int)n->stem + 1, name, n->part_digits, part, n->parts_digits, n->parts,
                         name + n->ending);
}

char *shard_index_whole(const char *name) {
  static const char *const endings[] = {".safetensors", ".bin"};
  static const char mark[] = ".index.", json[] = "json";
  const char *at = g_strrstr(name, mark);
  if (!at || !g_str_has_suffix(name, ".json")) return NULL;
  const char *variant = at + sizeof mark - 1; /* "json" or "fp16.json" */
  size_t n = strlen(variant) - (sizeof json - 1);
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
    size_t k = strlen(endings[i]);
    if ((size_t)(at - name) <= k || strncmp(at - k, endings[i], k) != 0) continue;
    return g_strdup_printf("%.*s%s%.*s%s", (int)(at - name - (gssize)k), name, n ? "." : "", n ? (int)n - 1 : 0,
                           variant, endings[i]);
  }
  return NULL;
}
