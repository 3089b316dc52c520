/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/planting.h"

#include <errno.h>

#include "core/error.h"
#include "core/files.h"
#include "core/parallel.h"

bool planting_folder(const Planting *p, const char *relative, GError **error) {
  g_autofree char *path = g_build_filename(p->dir, relative, NULL);
  if (g_mkdir_with_parents(path, 0777) == 0) return true;
  int code = errno;
  g_autofree char *shown = g_filename_display_name(path);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot make the folder %s: %s", shown, g_strerror(code));
  return false;
}

void planting_claim(const Planting *p, const char *name) { g_ptr_array_add(p->made, g_strdup(name)); }

void planting_undo(const Planting *p) {
  for (guint i = 0; i < p->made->len; i++) {
    g_autofree char *path = g_build_filename(p->dir, g_ptr_array_index(p->made, i), NULL);
    dir_remove(path, NULL);
  }
}

typedef struct {
  const Planting *planting;
  const char *phase;
  size_t n;
  atomic_size_t done;
  PlantingFn body;
  void *user;
  GMutex lock; /* guards error */
  GError *error;
} Loop;

static void keep_first_error(Loop *loop, GError *error) {
  g_mutex_lock(&loop->lock);
  if (!loop->error) loop->error = error;
  else g_clear_error(&error);
  g_mutex_unlock(&loop->lock);
}

/* Only thread 0, which is the caller's, reports: a notify() need not bear several threads. */
static bool run_item(void *user, size_t item, unsigned thread) {
  Loop *loop = user;
  GError *error = NULL;
  bool ok =
      thread != 0 || progress_step(loop->planting->progress, loop->phase, atomic_load(&loop->done), loop->n, &error);
  ok = ok && loop->body(loop->user, item, thread, &error);
  if (ok) atomic_fetch_add(&loop->done, 1);
  else keep_first_error(loop, error);
  return ok;
}

bool planting_each(const Planting *p, const char *phase, size_t n, PlantingFn body, void *user, GError **error) {
  Loop loop = {.planting = p, .phase = phase, .n = n, .body = body, .user = user};
  g_mutex_init(&loop.lock);
  const CancelToken *cancel = p->progress ? p->progress->cancel : NULL;
  bool ok = parallel_for(n, p->threads, run_item, &loop, cancel);
  g_mutex_clear(&loop.lock);
  if (loop.error) {
    g_propagate_error(error, loop.error);
    return false;
  }
  if (!ok) { /* stopped between two items */
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_CANCELLED, "cancelled");
    return false;
  }
  return progress_step(p->progress, phase, n, n, error);
}

char *planting_number(double value) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  return g_strdup(g_ascii_formatd(digits, sizeof digits, "%.6g", value));
}
