/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/train_live.h"

#include <math.h>

#include "core/text.h"
#include "ui/desk/job_text.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"

char *train_live_text(const JobStatus *job, unsigned epochs, bool ascii) {
  const char *dot = glyph(ascii, GLYPH_DOT);
  if (job->state == JOB_WAITING) return g_strdup("waiting for other jobs");
  if (job->cancelling) return g_strdup("cancelling ...");
  if (!job->note.phase || isnan(job->note.loss)) return job_details(job);
  GString *s = g_string_new(NULL);
  unsigned epoch = (unsigned)(job_share(job) * epochs) + 1;
  g_string_append_printf(s, "epoch %u/%u %s loss %.4g", MIN(epoch, epochs), epochs, dot, job->note.loss);
  if (isfinite(job->note.accuracy)) g_string_append_printf(s, " %s val %.0f %%", dot, 100 * job->note.accuracy);
  if (isfinite(job->note.accuracy) && isfinite(job->note.chance))
    g_string_append_printf(s, " (chance %.2g %%)", 100 * job->note.chance);
  g_autofree char *left = job_left(job);
  if (left) g_string_append_printf(s, " %s %s", dot, left);
  return g_string_free(s, FALSE);
}

char *sweep_live_text(SweepBoard *board, const JobStatus *job, unsigned epochs, bool ascii, double *share) {
  pthread_mutex_lock(&board->lock);
  guint done = board->bars->len, total = MAX(board->total, done);
  pthread_mutex_unlock(&board->lock);
  *share = total ? (double)done / total : 0;
  const char *dot = glyph(ascii, GLYPH_DOT);
  if (job->state == JOB_WAITING || job->cancelling) return train_live_text(job, epochs, ascii);
  if (!done) return g_strdup_printf("the first layer %s %s", dot, job->note.phase ? job->note.phase : "begins");
  g_autofree char *left = text_seconds(ceil(job->seconds * (1 - *share) / *share));
  return g_strdup_printf("%u of %u layers %s %s left", done, total, dot, left);
}

char *train_success_text(const TrainResult *result, bool ascii) {
  const Expert *e = result->expert;
  g_autofree char *seen = score_text(&e->test, 0, ascii);
  g_autofree char *unseen = score_text(&e->test_holdout, 0, ascii);
  g_autofree char *took = text_seconds(e->seconds);
  return g_strdup_printf("%s: seen %s; unseen %s; best epoch %u, %s, %.0f models/s", e->name, seen, unseen,
                         result->best_epoch, took, result->models_per_second);
}
