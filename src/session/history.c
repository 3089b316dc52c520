/* SPDX-License-Identifier: Apache-2.0 */
#include "session/history.h"

#include <string.h>

#include "core/text.h"

static const char space[] = COLLECTION_KEPT;

GPtrArray *history_load(const Engine *engine, const char *key) {
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GBytes) bytes = engine->ops->get(engine->collection, space, key, NULL);
  gsize n = 0;
  const char *text = bytes ? g_bytes_get_data(bytes, &n) : NULL;
  g_autofree SafeText *safe = text ? safe_text_lines(text, (gssize)n) : NULL;
  g_auto(GStrv) all = g_strsplit(safe ? safe : "", "\n", MEMORY_LINES + 1);
  for (char **line = all; *line; line++)
    if (**line && lines->len < MEMORY_LINES) g_ptr_array_add(lines, g_strdup(*line));
  return lines;
}

void history_save(const Engine *engine, const char *key, const GPtrArray *lines) {
  GString *s = g_string_new(NULL);
  guint first = lines->len > MEMORY_LINES ? lines->len - MEMORY_LINES : 0;
  for (guint i = first; i < lines->len; i++) g_string_append_printf(s, "%s\n", (const char *)lines->pdata[i]);
  gsize n = s->len;
  g_autoptr(GBytes) bytes = g_bytes_new_take(g_string_free(s, FALSE), n);
  engine->ops->put(engine->collection, space, key, bytes, NULL);
}

void history_add(GPtrArray *lines, const char *line) {
  for (guint i = 0; i < lines->len; i++)
    if (strcmp(lines->pdata[i], line) == 0) g_ptr_array_remove_index(lines, i--);
  if (lines->len >= MEMORY_LINES) g_ptr_array_remove_index(lines, 0);
  g_ptr_array_add(lines, g_strdup(line));
}
