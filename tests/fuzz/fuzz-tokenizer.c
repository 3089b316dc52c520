/* SPDX-License-Identifier: Apache-2.0 */
/* Text for a tokenizer, and tokenizers: the input is taken for a text, for a tokenizer.json, and,
 * cut at its first NUL, for a vocab.json and a merges.txt. */
#include <stdlib.h>
#include <string.h>

#include "encoders/clip/clip_tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A vocabulary of the bytes, of "a" to "ac" and of the specials. */
static ClipTokenizer *small_tokenizer(void) {
  g_autoptr(GString) v = g_string_new("{");
  gunichar far = 0x100;
  for (unsigned byte = 0, id = 0; byte < 256; byte++) {
    bool shown = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
    char s[8] = "";
    s[g_unichar_to_utf8(shown ? byte : far++, s)] = '\0';
    const char *escape = byte == '"' || byte == '\\' ? "\\" : "";
    g_string_append_printf(v, "\"%s%s\":%u,\"%s%s</w>\":%u,", escape, s, id, escape, s, id + 1);
    id += 2;
  }
  g_string_append(v,
                  "\"ab\":600,\"abab\":601,\"ac</w>\":602,\"<|startoftext|>\":700,"
                  "\"<|endoftext|>\":701}");
  static const char merges[] = "#version: 1\na b\nab ab\na c</w>\n";
  return clip_tokenizer_parse(v->str, v->len, merges, sizeof merges - 1, "small", NULL);
}

/* Whatever the text: the specials at both ends, within the limit, every id known. */
static void check_encoding(const ClipTokenizer *t, const char *text) {
  for (size_t limit = 2; limit <= CLIP_CONTEXT; limit += 25) {
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    clip_tokenizer_encode(t, text, limit, ids);
    if (ids->len < 2 || ids->len > limit) abort();
    if (g_array_index(ids, uint32_t, ids->len - 1) != clip_tokenizer_end(t)) abort();
    for (guint i = 0; i < ids->len; i++) {
      uint32_t id = g_array_index(ids, uint32_t, i);
      g_autofree SafeText *shown = clip_tokenizer_show(t, id);
      if (id >= clip_tokenizer_ids(t) || !text_is_safe(shown, -1)) abort();
    }
  }
}

/* Either a tokenizer that works or an error; `merges` as for clip_tokenizer_parse(). */
static void check_file(const char *vocabulary, size_t n, const char *merges, size_t m) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ClipTokenizer) t = clip_tokenizer_parse(vocabulary, n, merges, m, "fuzz", &error);
  if ((t == NULL) == (error == NULL)) abort();
  if (t) check_encoding(t, "abab ac abacabab \xf0\x9f\xa6\x8a caf\xc3\xa9 <|endoftext|> 12");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  g_autofree char *text = g_strndup((const char *)data, n);
  ClipTokenizer *small = small_tokenizer();
  if (!small) abort();
  check_encoding(small, text);
  clip_tokenizer_free(small);
  size_t first = strlen(text), rest = first < n ? n - first - 1 : 0;
  check_file((const char *)data, n, NULL, 0);
  check_file(text, first, (const char *)data + n - rest, rest);
  return 0;
}
