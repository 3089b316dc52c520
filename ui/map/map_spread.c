/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/map/map_spread.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "session/model_jobs.h"

static bool on_spread(gpointer user, guint64 id, gpointer result, const GError *error) {
  MapSpread *s = user;
  (void)result;
  if (id != s->job) return true;
  s->job = 0;
  if (error && !g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) s->problem = g_strdup(error->message);
  return true;
}

void map_spread_start(MapSpread *s, const Chart *chart, guint expert) {
  if (s->board) return;
  s->board = map_board_new(chart->models->len);
  s->kept = NAN;
  s->job = engine_spread(&s->ui->engine, s->ui->wood, s->ui->opened, expert, s->board, on_spread, s);
}

bool map_spread_follow(MapSpread *s) {
  if (!s->board) return false;
  pthread_mutex_lock(&s->board->lock);
  bool moved = s->board->done != s->done;
  if (moved) {
    gsize n = 2 * (gsize)s->board->n;
    if (!s->xy) s->xy = g_new0(float, n + 1);
    memcpy(s->xy, s->board->xy, n * sizeof *s->xy);
    s->done = s->board->done, s->total = s->board->total;
  }
  s->kept = s->board->kept;
  pthread_mutex_unlock(&s->board->lock);
  return moved;
}

void map_spread_reset(MapSpread *s) {
  if (s->job && s->ui->engine.worker) worker_cancel(s->ui->engine.worker, s->job);
  map_board_unref(s->board);
  g_free(s->xy);
  g_free(s->problem);
  *s = (MapSpread){.ui = s->ui, .kept = NAN};
}

char *map_spread_text(const MapSpread *s, const Chart *chart) {
  if (s->problem) return g_strdup(s->problem);
  if (!s->total) return g_strdup("laying it out so that neighbours stay together ...");
  if (isfinite(s->kept) && isfinite(chart->kept))
    return g_strdup_printf("neighbours kept %.0f %%, by the axes %.0f %%", 100 * s->kept, 100 * chart->kept);
  return g_strdup_printf("step %u of %u%s", s->done, s->total, s->job || s->done == s->total ? "" : ", stopped");
}
