/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/card.h"

#include <string.h>
#include <yaml.h>

#include "core/error.h"

enum { MAX_DEPTH = 16, MAX_EVENTS = 20000, MAX_VALUE = 64 * 1024 };

static bool fail(GError **error, const char *problem) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "front matter: %s", problem);
  return false;
}

/* The line that starts at p, without its end; *next gets the start of the one after it. */
static size_t line_length(const char *p, const char *end, const char **next) {
  const char *newline = memchr(p, '\n', (size_t)(end - p));
  const char *stop = newline ? newline : end;
  *next = newline ? newline + 1 : end;
  while (stop > p && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t')) stop--;
  return (size_t)(stop - p);
}

const char *card_split(const char *bytes, size_t n, const char **front, size_t *front_n) {
  const char *p = bytes, *end = bytes + n, *next;
  *front = NULL;
  *front_n = 0;
  if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) p += 3;
  if (line_length(p, end, &next) != 3 || memcmp(p, "---", 3) != 0) return p;
  const char *start = next;
  for (const char *line = start; line < end; line = next) {
    size_t length = line_length(line, end, &next);
    bool mark = length == 3 && (memcmp(line, "---", 3) == 0 || memcmp(line, "...", 3) == 0);
    if (!mark) continue;
    *front = start;
    *front_n = (size_t)(line - start);
    return next;
  }
  return p;
}

/* Where the parser is in the document. Level 1 is the top mapping. */
typedef struct {
  GPtrArray *pairs; /* key, value, key, value, … */
  char *key;        /* of the value that comes next at level 1, or of the list at level 2 */
  int depth;
  bool in_list; /* level 2 is a list under `key` */
  bool expect_key;
} Reader;

static bool is_null(const yaml_event_t *e) {
  if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
  const char *s = (const char *)e->data.scalar.value;
  return !*s || !strcmp(s, "~") || !strcmp(s, "null") || !strcmp(s, "Null") || !strcmp(s, "NULL");
}

static bool scalar(Reader *r, const yaml_event_t *e, GError **error) {
  const char *s = (const char *)e->data.scalar.value;
  if (e->data.scalar.length > MAX_VALUE) return fail(error, "a value of more than 64 kB");
  if (strlen(s) != e->data.scalar.length) return fail(error, "a NUL inside a value");
  if (r->depth == 1 && r->expect_key) {
    g_free(r->key);
    r->key = g_strdup(s);
    r->expect_key = false;
    return true;
  }
  bool wanted = r->depth == 1 || (r->depth == 2 && r->in_list);
  if (wanted && *s && *r->key && !is_null(e)) {
    g_ptr_array_add(r->pairs, g_strdup(r->key));
    g_ptr_array_add(r->pairs, g_strdup(s));
  }
  if (r->depth == 1) r->expect_key = true;
  return true;
}

static bool open_level(Reader *r, bool list, GError **error) {
  if (r->depth == MAX_DEPTH) return fail(error, "nested too deeply");
  if (r->depth == 0 && list) return fail(error, "a list where keys are expected");
  if (r->depth == 1 && r->expect_key) return fail(error, "a key that is no text");
  r->depth++;
  if (r->depth == 1) r->expect_key = true;
  if (r->depth == 2) r->in_list = list;
  return true;
}

static void close_level(Reader *r) {
  r->depth--;
  if (r->depth == 1) r->expect_key = true;
}

static bool handle(Reader *r, const yaml_event_t *e, GError **error) {
  switch (e->type) {
    case YAML_ALIAS_EVENT:
      return fail(error, "aliases are refused");
    case YAML_MAPPING_START_EVENT:
      return open_level(r, false, error);
    case YAML_SEQUENCE_START_EVENT:
      return open_level(r, true, error);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
      close_level(r);
      return true;
    case YAML_SCALAR_EVENT:
      return r->depth == 0 || scalar(r, e, error);
    default:
      return true;
  }
}

/* Pulls events until the first document ends. */
static bool pull(yaml_parser_t *parser, Reader *r, GError **error) {
  for (int events = 0; events < MAX_EVENTS; events++) {
    yaml_event_t e;
    if (!yaml_parser_parse(parser, &e)) {
      const char *problem = parser->problem ? parser->problem : "not YAML";
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "front matter, line %zu: %s", parser->problem_mark.line + 1,
                  problem);
      return false;
    }
    bool last = e.type == YAML_DOCUMENT_END_EVENT || e.type == YAML_STREAM_END_EVENT;
    bool ok = handle(r, &e, error);
    yaml_event_delete(&e);
    if (!ok || last) return ok;
  }
  return fail(error, "more than 20,000 entries");
}

bool card_parse(const char *front, size_t n, CardEntry entry, void *user, GError **error) {
  if (n > CARD_MAX_FRONT) return fail(error, "larger than 256 kB");
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) return fail(error, "no memory");
  yaml_parser_set_input_string(&parser, (const unsigned char *)front, n);
  g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
  Reader r = {.pairs = pairs};
  bool ok = pull(&parser, &r, error);
  yaml_parser_delete(&parser);
  g_free(r.key);
  for (guint i = 0; ok && i + 1 < pairs->len; i += 2) entry(user, pairs->pdata[i], pairs->pdata[i + 1]);
  return ok;
}

bool card_take(const char *card, size_t n, CardEntry entry, void *user, GError **error) {
  const char *front;
  size_t front_n;
  card_split(card, n, &front, &front_n);
  return !front || card_parse(front, front_n, entry, user, error);
}
