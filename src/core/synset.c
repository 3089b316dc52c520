/* SPDX-License-Identifier: Apache-2.0 */
#include "core/synset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The file becomes part of the read-only data; SYNSETS_BIN is its path, given by the build. */
__asm__(
    ".section .rodata\n"
    ".balign 64\n"
    "copse_synsets_begin:\n"
    ".incbin \"" SYNSETS_BIN
    "\"\n"
    "copse_synsets_end:\n"
    ".previous\n");
extern const unsigned char copse_synsets_begin[], copse_synsets_end[];

/* Whether the text is of the form n02119789. */
static bool synset_is_id(const char *text) {
  return text && text[0] == 'n' && strlen(text) == 9 && strspn(text + 1, "0123456789") == 8;
}

void synset_entry_free(SynsetEntry *e) {
  if (!e) return;
  g_free(e->names);
  g_free(e->definition);
  g_free(e);
}

/* The unpacked lines of the block that holds an id; NULL when the table is not sound. The caller frees it. */
static char *block_of(uint32_t id) {
  const unsigned char *p = copse_synsets_begin;
  uint32_t blocks, at = 0;
  if (copse_synsets_end - p < 12 || memcmp(p, "COPSESN1", 8) != 0) return NULL;
  memcpy(&blocks, p + 8, sizeof blocks);
  const uint32_t *first = (const uint32_t *)(const void *)(p + 12), *start = first + blocks, *size = start + blocks + 1;
  while (at + 1 < blocks && first[at + 1] <= id) at++;
  uLongf n = size[at];
  char *text = g_malloc((gsize)n + 1);
  const unsigned char *packed = (const unsigned char *)(size + blocks) + start[at];
  if (uncompress((Bytef *)text, &n, packed, start[at + 1] - start[at]) != Z_OK) n = 0;
  text[n] = '\0';
  return text;
}

SynsetEntry *synset_find(const char *id) {
  if (!synset_is_id(id)) return NULL;
  g_autofree char *text = block_of((uint32_t)strtoul(id + 1, NULL, 10));
  g_autofree char *key = g_strdup_printf("\n%s\t", id + 1);
  if (!text) return NULL;
  const char *line = g_str_has_prefix(text, key + 1) ? text - 1 : strstr(text, key);
  if (!line) return NULL;
  const char *names = line + strlen(key), *tab = strchr(names, '\t'), *end = strchr(names, '\n');
  if (!tab || !end || end < tab) return NULL;
  SynsetEntry *e = g_new0(SynsetEntry, 1);
  e->names = g_strndup(names, (gsize)(tab - names));
  e->definition = g_strndup(tab + 1, (gsize)(end - tab - 1));
  return e;
}

char *synset_name(const char *text) {
  g_autoptr(SynsetEntry) e = synset_find(text);
  return e ? g_strndup(e->names, strcspn(e->names, ",")) : NULL;
}
