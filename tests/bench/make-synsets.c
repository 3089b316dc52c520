/* SPDX-License-Identifier: Apache-2.0 */
/* Makes data/labels/synsets.bin of WordNet 3.0's nouns, for maintainers (`make words`):
 *
 *   make-synsets WORDNET SYNSETS.bin
 *
 * ImageNet's ids are their offsets: n02119789 is noun 02119789. Layout, little-endian:
 *
 *   "COPSESN1"  u32 blocks
 *   u32 first[blocks]        id of each block's first synset
 *   u32 start[blocks + 1]    where each block begins, from the end of this table
 *   u32 size[blocks]         its bytes before compression
 *   blocks                   zlib: lines "ID<tab>name, other name<tab>definition\n", ascending
 */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "tests/bench/wordnet.h"

enum { BLOCK = 2048 }; /* synsets */

/* What comes before examples. */
static char *definition(const Synset *s) {
  const char *quote = strstr(s->gloss, "; \"");
  char *text = g_strndup(s->gloss, quote ? (gsize)(quote - s->gloss) : strlen(s->gloss));
  return g_strdelimit(text, "\t\n", ' ');
}

static void add_line(GString *out, const Synset *s) {
  g_autofree char *meaning = definition(s);
  g_string_append_printf(out, "%08u\t", s->offset);
  for (guint i = 0; i < s->words->len; i++) {
    g_autofree char *word = g_strdelimit(g_strdup(s->words->pdata[i]), "_", ' ');
    g_string_append_printf(out, "%s%s", i ? ", " : "", word);
  }
  g_string_append_printf(out, "\t%s\n", meaning);
}

static void add_number(GByteArray *to, guint32 n) { g_byte_array_append(to, (const guint8 *)&n, sizeof n); }

static bool add_block(const Wordnet *w, guint from, GByteArray *bodies, GByteArray *sizes) {
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = from; i < w->all->len && i < from + BLOCK; i++) add_line(text, w->all->pdata[i]);
  uLongf n = compressBound(text->len);
  g_autofree guint8 *packed = g_malloc(n);
  if (compress2(packed, &n, (const Bytef *)text->str, text->len, 9) != Z_OK) return false;
  g_byte_array_append(bodies, packed, (guint)n);
  add_number(sizes, (guint32)text->len);
  return true;
}

static bool make(const Wordnet *w, const char *path, GError **error) {
  g_autoptr(GByteArray) firsts = g_byte_array_new(), starts = g_byte_array_new(), sizes = g_byte_array_new(),
                        bodies = g_byte_array_new(), out = g_byte_array_new();
  add_number(starts, 0);
  for (guint i = 0; i < w->all->len; i += BLOCK) {
    add_number(firsts, ((const Synset *)w->all->pdata[i])->offset);
    if (!add_block(w, i, bodies, sizes)) return false;
    add_number(starts, bodies->len);
  }
  g_byte_array_append(out, (const guint8 *)"COPSESN1", 8);
  add_number(out, firsts->len / 4);
  const GByteArray *const parts[] = {firsts, starts, sizes, bodies};
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) g_byte_array_append(out, parts[i]->data, parts[i]->len);
  printf("%u synsets, %u bytes\n", w->all->len, out->len);
  return g_file_set_contents(path, (const char *)out->data, out->len, error);
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  if (argc != 3) {
    fprintf(stderr, "usage: make-synsets WORDNET SYNSETS.bin\n");
    return 2;
  }
  g_autoptr(Wordnet) w = wordnet_read(argv[1], "noun", &error);
  if (w && make(w, argv[2], &error)) return 0;
  fprintf(stderr, "make-synsets: %s\n", error ? error->message : "cannot compress");
  return 1;
}
