/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json_reader.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

void json_reader_init(JsonReader *r, const char *bytes, size_t n) { *r = (JsonReader){.bytes = bytes, .n = n}; }

bool json_reader_fail(JsonReader *r, const char *problem) {
  if (!r->failed) {
    r->failed = true;
    r->problem = problem;
  }
  return false;
}

char json_reader_peek(JsonReader *r) {
  if (r->failed) return 0;
  while (r->at < r->n && strchr(" \t\r\n", r->bytes[r->at]) && r->bytes[r->at]) r->at++;
  return r->at < r->n ? r->bytes[r->at] : 0;
}

static bool expect(JsonReader *r, char c, const char *problem) {
  if (json_reader_peek(r) != c) return json_reader_fail(r, problem);
  r->at++;
  return true;
}

bool json_reader_open(JsonReader *r, char bracket) {
  if (!expect(r, bracket, bracket == '{' ? "an object is expected" : "an array is expected")) return false;
  r->fresh = true;
  return true;
}

/* Reads the comma before a member that is not the first, or the closing bracket. */
static bool another(JsonReader *r, char close) {
  if (json_reader_peek(r) == close) {
    r->at++;
    r->fresh = false;
    return false;
  }
  if (!r->fresh && !expect(r, ',', "a comma or the closing bracket is expected")) return false;
  r->fresh = false;
  return !r->failed;
}

bool json_reader_next_item(JsonReader *r) { return !r->failed && another(r, ']'); }

bool json_reader_next_key(JsonReader *r, char **key) {
  *key = NULL;
  if (r->failed || !another(r, '}')) return false;
  if (!json_reader_string(r, key)) return false;
  if (expect(r, ':', "a colon is expected")) return true;
  g_clear_pointer(key, g_free);
  return false;
}

static int hex4(const char *p) {
  int v = 0;
  for (int i = 0; i < 4; i++) {
    int d = g_ascii_xdigit_value(p[i]);
    if (d < 0) return -1;
    v = v * 16 + d;
  }
  return v;
}

/* After "\u": one code point, a pair of surrogates taken together. */
static bool unicode_escape(JsonReader *r, GString *out) {
  int c = r->n - r->at >= 4 ? hex4(r->bytes + r->at) : -1;
  if (c < 0) return json_reader_fail(r, "a \\u escape needs four hex digits");
  r->at += 4;
  if (c >= 0xd800 && c < 0xdc00) {
    int low =
        r->n - r->at >= 6 && r->bytes[r->at] == '\\' && r->bytes[r->at + 1] == 'u' ? hex4(r->bytes + r->at + 2) : -1;
    if (low < 0xdc00 || low > 0xdfff) return json_reader_fail(r, "half a surrogate pair");
    r->at += 6;
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  } else if (c >= 0xdc00 && c < 0xe000) {
    return json_reader_fail(r, "half a surrogate pair");
  }
  if (c == 0) return json_reader_fail(r, "a NUL inside a string");
  g_string_append_unichar(out, (gunichar)c);
  return true;
}

static bool escape(JsonReader *r, GString *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (r->at >= r->n) return json_reader_fail(r, "a string without an end");
  char c = r->bytes[r->at++];
  if (c == 'u') return unicode_escape(r, out);
  const char *p = c ? strchr(from, c) : NULL;
  if (!p) return json_reader_fail(r, "an unknown escape in a string");
  g_string_append_c(out, to[p - from]);
  return true;
}

bool json_reader_string(JsonReader *r, char **s) {
  *s = NULL;
  if (!expect(r, '"', "a string is expected")) return false;
  size_t start = r->at;
  GString *out = g_string_new(NULL);
  while (!r->failed) {
    size_t run = r->at;
    while (run < r->n && r->bytes[run] != '"' && r->bytes[run] != '\\' && (unsigned char)r->bytes[run] >= 0x20) run++;
    if (r->longest && out->len + (run - r->at) > r->longest) {
      json_reader_fail(r, "a string that is beyond measure");
      break;
    }
    g_string_append_len(out, r->bytes + r->at, (gssize)(run - r->at));
    r->at = run;
    if (run >= r->n) {
      json_reader_fail(r, "a string without an end");
    } else if (r->bytes[run] == '"') {
      r->at++;
      if (g_utf8_validate(out->str, (gssize)out->len, NULL)) {
        *s = g_string_free(out, FALSE);
        return true;
      }
      r->at = start;
      json_reader_fail(r, "a string that is not UTF-8");
    } else if (r->bytes[run] == '\\') {
      r->at++;
      escape(r, out);
    } else {
      json_reader_fail(r, "a raw control character inside a string");
    }
  }
  g_string_free(out, TRUE);
  return false;
}

bool json_reader_u64(JsonReader *r, uint64_t *value) {
  char c = json_reader_peek(r);
  if (!g_ascii_isdigit(c)) return json_reader_fail(r, "a whole number from 0 is expected");
  if (c == '0' && r->at + 1 < r->n && g_ascii_isdigit(r->bytes[r->at + 1]))
    return json_reader_fail(r, "a number with a leading zero");
  uint64_t v = 0;
  size_t p = r->at;
  for (; p < r->n && g_ascii_isdigit(r->bytes[p]); p++) {
    unsigned d = (unsigned)(r->bytes[p] - '0');
    if (v > (UINT64_MAX - d) / 10) return json_reader_fail(r, "a number above 64 bits");
    v = v * 10 + d;
  }
  if (p < r->n && strchr(".eE", r->bytes[p]) && r->bytes[p]) return json_reader_fail(r, "a whole number is expected");
  r->at = p;
  *value = v;
  return true;
}

/* A number, true, false or null: characters that such words are made of. */
static bool skip_word(JsonReader *r) {
  size_t p = r->at;
  while (p < r->n && (g_ascii_isalnum(r->bytes[p]) || (r->bytes[p] && strchr("+-.", r->bytes[p])))) p++;
  if (p == r->at) return json_reader_fail(r, "a value is expected");
  static const char *const words[] = {"true", "false", "null"};
  for (size_t w = 0; w < G_N_ELEMENTS(words); w++)
    if (strlen(words[w]) == p - r->at && !memcmp(r->bytes + r->at, words[w], p - r->at)) {
      r->at = p;
      return true;
    }
  if (r->bytes[r->at] != '-' && !g_ascii_isdigit(r->bytes[r->at])) return json_reader_fail(r, "an unknown word");
  r->at = p;
  return true;
}

static bool skip_scalar(JsonReader *r) {
  if (json_reader_peek(r) != '"') return skip_word(r);
  g_autofree char *s = NULL;
  return json_reader_string(r, &s);
}

bool json_reader_skip(JsonReader *r) {
  char close[MAX_DEPTH];
  int depth = 0;
  do {
    char c = json_reader_peek(r);
    if (c == '{' || c == '[') {
      if (depth == MAX_DEPTH) return json_reader_fail(r, "nested too deeply");
      close[depth++] = c == '{' ? '}' : ']';
      json_reader_open(r, c);
    } else if (!skip_scalar(r)) {
      return false;
    }
    /* Close what ends here, then step to the next member of what stays open. */
    while (depth > 0 && !r->failed) {
      g_autofree char *key = NULL;
      bool more = close[depth - 1] == '}' ? json_reader_next_key(r, &key) : json_reader_next_item(r);
      if (more) break;
      depth--;
    }
  } while (depth > 0 && !r->failed);
  return !r->failed;
}

bool json_reader_at_end(JsonReader *r) { return !r->failed && json_reader_peek(r) == 0 && r->at == r->n; }
