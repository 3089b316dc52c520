/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/pickle_store.h"

#include <string.h>

enum {
  SLAB = 512,             /* values */
  MOST_BYTES = 112 << 20, /* of values, places in containers and text */
  MOST_NAMES = 100000     /* of globals */
};

void pickle_store_init(PickleStore *s) {
  *s = (PickleStore){.used = SLAB};
  s->slabs = g_ptr_array_new_with_free_func(g_free);
  s->text = g_string_chunk_new(4096);
  s->names = g_hash_table_new(g_str_hash, g_str_equal);
}

static bool has_items(const PickleValue *v) {
  return v->kind == PICKLE_TUPLE || v->kind == PICKLE_LIST || v->kind == PICKLE_SET || v->kind == PICKLE_DICT;
}

void pickle_store_clear(PickleStore *s) {
  for (guint i = 0; i < s->slabs->len; i++) {
    PickleValue *slab = s->slabs->pdata[i];
    guint n = i + 1 < s->slabs->len ? SLAB : s->used;
    for (guint k = 0; k < n; k++)
      if (has_items(&slab[k])) g_free(slab[k].u.items.at);
  }
  g_ptr_array_unref(s->slabs);
  g_hash_table_unref(s->names);
  g_string_chunk_free(s->text);
}

/* Room for n bytes more, with what the allocator adds. */
static bool take(PickleStore *s, size_t n) {
  if (n > MOST_BYTES - s->bytes) return false;
  s->bytes += n;
  return true;
}

PickleValue *pickle_store_new(PickleStore *s, PickleKind kind) {
  if (!take(s, sizeof(PickleValue))) return NULL;
  if (s->used == SLAB) {
    g_ptr_array_add(s->slabs, g_new0(PickleValue, SLAB));
    s->used = 0;
  }
  PickleValue *v = (PickleValue *)s->slabs->pdata[s->slabs->len - 1] + s->used++;
  s->values++;
  v->kind = kind;
  return v;
}

bool pickle_store_push(PickleStore *s, PickleValue *c, PickleValue *item) {
  if (c->u.items.n == c->u.items.room) {
    guint more = c->u.items.room ? c->u.items.room : 2;
    if (!take(s, MAX(more, 4) * sizeof(PickleValue *))) return false;
    c->u.items.room += more;
    c->u.items.at = g_renew(PickleValue *, c->u.items.at, c->u.items.room);
  }
  c->u.items.at[c->u.items.n++] = item;
  s->places++;
  return true;
}

PickleValue *pickle_store_text(PickleStore *s, PickleKind kind, const void *bytes, size_t n) {
  PickleValue *v = take(s, n) ? pickle_store_new(s, kind) : NULL;
  if (!v) return NULL;
  v->u.text.bytes = g_string_chunk_insert_len(s->text, n ? bytes : "", (gssize)n);
  v->u.text.n = n;
  return v;
}

const SafeText *pickle_store_name(PickleStore *s, const char *module, const char *name) {
  g_autofree char *raw = g_strdup_printf("%s.%s", module, name);
  g_autofree SafeText *clean = safe_text(raw, -1);
  const SafeText *known = g_hash_table_lookup(s->names, clean);
  if (known) return known;
  size_t n = strlen(clean);
  if (g_hash_table_size(s->names) == MOST_NAMES || !take(s, n)) return NULL;
  SafeText *kept = g_string_chunk_insert(s->text, clean);
  g_hash_table_add(s->names, kept);
  return kept;
}
