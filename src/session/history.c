/* SPDX-License-Identifier: Apache-2.0 */
#include "session/history.h"

#include <string.h>

#include "core/text.h"
#include "session/job_input.h"

static const char space[] = COLLECTION_KEPT;
static const char *const keys[] = {"questions", "commands", "folds"};

GPtrArray *history_load(const Engine *engine, HistoryKind kind) {
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GBytes) bytes = engine->ops->get(engine->collection, space, keys[kind], NULL);
  gsize n = 0;
  const char *text = bytes ? g_bytes_get_data(bytes, &n) : NULL;
  g_autofree SafeText *safe = text ? safe_text_lines(text, (gssize)n) : NULL;
  g_auto(GStrv) all = g_strsplit(safe ? safe : "", "\n", MEMORY_LINES + 1);
  for (char **line = all; *line; line++)
    if (**line && lines->len < MEMORY_LINES) g_ptr_array_add(lines, g_strdup(*line));
  return lines;
}

/* The last MEMORY_LINES lines. */
static void history_save(const Engine *engine, HistoryKind kind, const GPtrArray *lines) {
  GString *s = g_string_new(NULL);
  guint first = lines->len > MEMORY_LINES ? lines->len - MEMORY_LINES : 0;
  for (guint i = first; i < lines->len; i++) g_string_append_printf(s, "%s\n", (const char *)lines->pdata[i]);
  gsize n = s->len;
  g_autoptr(GBytes) bytes = g_bytes_new_take(g_string_free(s, FALSE), n);
  engine->ops->put(engine->collection, space, keys[kind], bytes, NULL);
}

void history_add(GPtrArray *lines, const char *line) {
  for (guint i = 0; i < lines->len; i++)
    if (strcmp(lines->pdata[i], line) == 0) g_ptr_array_remove_index(lines, i--);
  if (lines->len >= MEMORY_LINES) g_ptr_array_remove_index(lines, 0);
  g_ptr_array_add(lines, g_strdup(line));
}

static void history_free(gpointer data) {
  History *h = data;
  if (!h) return;
  for (int k = 0; k < HISTORY_KINDS; k++) g_ptr_array_unref(h->lines[k]);
  g_free(h);
}

static gpointer run_load(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  if (!progress_check(progress, error)) return NULL;
  History *h = g_new(History, 1);
  for (int k = 0; k < HISTORY_KINDS; k++) h->lines[k] = history_load(&t->engine, (HistoryKind)k);
  return h;
}

guint64 engine_history(const Engine *engine, JobDone done, gpointer user) {
  return job_input_submit(job_input_new(engine), "Remembering", JOB_URGENT | JOB_QUIET, run_load, history_free, done,
                          user);
}

/* Gives back that it is done, since a job without a result has failed. */
static gpointer run_save(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  (void)progress, (void)error; /* a few lines: nobody cancels that */
  const HistoryKind kind = (HistoryKind)t->limit;
  /* What earlier sessions left may not have reached the owner yet, who then knows its own lines alone. */
  g_autoptr(GPtrArray) lines =
      kind == HISTORY_FOLDS ? g_ptr_array_new_with_free_func(g_free) : history_load(&t->engine, kind);
  for (char **l = t->labels; *l; l++) history_add(lines, *l);
  history_save(&t->engine, kind, lines);
  return g_strdup("");
}

guint64 engine_keep_history(const Engine *engine, HistoryKind kind, const GPtrArray *lines, JobDone done,
                            gpointer user) {
  JobInput *task = job_input_new(engine);
  task->labels = g_new0(char *, lines->len + 1);
  for (guint i = 0; i < lines->len; i++) task->labels[i] = g_strdup(lines->pdata[i]);
  task->limit = kind;
  return job_input_submit(task, "Remembering", JOB_URGENT | JOB_QUIET | JOB_LASTING, run_save, g_free, done, user);
}
