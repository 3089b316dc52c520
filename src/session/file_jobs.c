/* SPDX-License-Identifier: Apache-2.0 */
#include "session/file_jobs.h"

#include <string.h>

#include "core/files.h"
#include "core/text.h"
#include "session/export_file.h"
#include "session/job_input.h"

static gpointer run_export(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  (void)progress; /* whole or not at all */
  if (!export_file_write(t->text, t->wood->forest, t->nodes, t->wood->label_key, error)) return NULL;
  return g_strdup(t->text);
}

guint64 engine_export(const Engine *engine, Snapshot *wood, GPtrArray *nodes, const char *path, JobDone done,
                      gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  task->nodes = nodes;
  task->text = g_strdup(path);
  return job_input_submit(task, "Writing a file", JOB_URGENT | JOB_LASTING, run_export, g_free, done, user);
}

static gpointer run_write(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  (void)progress;
  if (!file_write_through(t->text, t->contents, strlen(t->contents), error)) return NULL;
  return g_strdup(t->text);
}

guint64 engine_write_text(const Engine *engine, const char *path, char *text, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->text = g_strdup(path);
  task->contents = text;
  return job_input_submit(task, "Writing a file", JOB_URGENT | JOB_QUIET | JOB_LASTING, run_write, g_free, done, user);
}

static gpointer run_make(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return g_file_test(t->text, G_FILE_TEST_EXISTS) ? g_strdup(t->text) : run_write(input, progress, error);
}

guint64 engine_make_text(const Engine *engine, const char *path, char *text, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->text = g_strdup(path);
  task->contents = text;
  return job_input_submit(task, "Writing a file", JOB_URGENT | JOB_QUIET, run_make, g_free, done, user);
}

void listing_free(gpointer data) {
  Listing *l = data;
  if (!l) return;
  g_ptr_array_unref(l->names);
  g_free(l->folder);
  g_free(l);
}

static gint by_name(gconstpointer a, gconstpointer b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static gpointer run_list(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  Listing *l = g_new(Listing, 1);
  *l = (Listing){g_strdup(t->text), g_ptr_array_new_with_free_func(g_free)};
  GDir *dir = g_dir_open(t->text, 0, NULL);
  const char *name;
  while (dir && l->names->len < LISTING_MOST && progress_check(progress, error) && (name = g_dir_read_name(dir))) {
    if (!text_is_safe(name, -1)) continue;
    g_autofree char *path = g_build_filename(t->text, name, NULL);
    g_ptr_array_add(l->names, g_strconcat(name, g_file_test(path, G_FILE_TEST_IS_DIR) ? "/" : "", NULL));
  }
  if (dir) g_dir_close(dir);
  g_ptr_array_sort(l->names, by_name);
  return l;
}

guint64 engine_list_folder(const Engine *engine, const char *folder, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->text = g_strdup(folder);
  return job_input_submit(task, "Looking into a folder", JOB_URGENT | JOB_QUIET, run_list, listing_free, done, user);
}
