/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/job_text.h"

#include <math.h>

#include "core/text.h"

double job_share(const JobStatus *job) {
  if (job->state == JOB_DONE) return 1;
  if (job->note.total == 0) return NAN;
  return MIN((double)job->note.done / (double)job->note.total, 1);
}

static double job_rate(const JobStatus *job) {
  /* Over a shorter time a rate says nothing. */
  return job->phase_seconds >= 0.5 ? (double)job->note.done / job->phase_seconds : NAN;
}

/* Seconds until the phase ends, or NAN; NAN also when all of it is done and the next has not begun. */
static double job_eta(const JobStatus *job) {
  double rate = job_rate(job);
  if (job->state != JOB_RUNNING || !(rate > 0) || job->note.total <= job->note.done) return NAN;
  return (double)(job->note.total - job->note.done) / rate;
}

char *job_left(const JobStatus *job) {
  double eta = job_eta(job);
  if (!isfinite(eta)) return NULL;
  if (eta < 1) return g_strdup("under 1 s left");
  g_autofree char *left = text_seconds(ceil(eta));
  return g_strdup_printf("%s left", left);
}

char *job_amount(const JobStatus *job) {
  double share = job_share(job);
  if (isfinite(share)) return g_strdup_printf("%.0f %%", floor(100 * share));
  return job->note.done ? text_count(job->note.done) : g_strdup("");
}

/* What the units of a phase are; NULL where that depends. */
static const char *job_unit(const JobStatus *job) {
  static const struct {
    const char *phase, *unit;
  } units[] = {{"looking", "files"},
               {"scanning", "files"},
               {"reading", "files"},
               {"reading weights", "models"},
               {"applying", "models"},
               {"training", "steps"},
               {"growing the classifier", "steps"},
               {"growing the denoiser", "steps"}};
  for (size_t i = 0; job->note.phase && i < G_N_ELEMENTS(units); i++)
    if (g_str_equal(units[i].phase, job->note.phase)) return units[i].unit;
  return NULL;
}

static void add_rate(GString *s, double rate, const char *unit) {
  g_string_append_printf(s, rate < 10 ? ", %.1f" : ", %.0f", rate);
  g_string_append_printf(s, unit ? " %s/s" : " a second", unit);
}

/* "training, 23 s left, 151/3,600, 148 steps/s": where it is cut, what one waits for is there. */
static char *running_details(const JobStatus *job) {
  GString *s = g_string_new(job->cancelling ? "cancelling" : job->note.phase ? job->note.phase : "starting");
  double rate = job_rate(job);
  g_autofree char *left = job_left(job), *done = text_whole(job->note.done), *total = text_whole(job->note.total);
  if (left) g_string_append_printf(s, ", %s", left);
  if (job->note.done || job->note.total) g_string_append_printf(s, "%s %s", left ? "," : "", done);
  if (job->note.total) g_string_append_printf(s, "/%s", total);
  if (rate > 0) add_rate(s, rate, job_unit(job));
  return g_string_free(s, FALSE);
}

char *job_details(const JobStatus *job) {
  g_autofree char *took = text_seconds(job->seconds);
  switch (job->state) {
    case JOB_WAITING:
      return g_strdup("waiting");
    case JOB_RUNNING:
      return running_details(job);
    case JOB_DONE:
      return g_strdup_printf("done in %s", took);
    case JOB_CANCELLED:
      return g_strdup_printf("cancelled after %s", took);
    default:
      return g_strdup_printf("failed: %s", job->message ? job->message : "");
  }
}

Glyph job_glyph(const JobStatus *job) {
  static const Glyph glyphs[] = {[JOB_WAITING] = GLYPH_WAITING,
                                 [JOB_RUNNING] = GLYPH_RUNNING,
                                 [JOB_DONE] = GLYPH_DONE,
                                 [JOB_FAILED] = GLYPH_FAILED,
                                 [JOB_CANCELLED] = GLYPH_STOPPED};
  return glyphs[job->state];
}

Style job_style(const JobStatus *job) {
  static const Style styles[] = {[JOB_WAITING] = STYLE_DIM,
                                 [JOB_RUNNING] = STYLE_TITLE,
                                 [JOB_DONE] = STYLE_GOOD,
                                 [JOB_FAILED] = STYLE_BAD,
                                 [JOB_CANCELLED] = STYLE_WARN};
  return styles[job->state];
}

bool job_is_open(const JobStatus *job) { return job->state == JOB_WAITING || job->state == JOB_RUNNING; }

/* Moves one status out of the list. */
static bool take(GArray *jobs, int at, JobStatus *status) {
  if (at < 0) return false;
  JobStatus *from = &g_array_index(jobs, JobStatus, at);
  *status = *from;
  from->title = from->message = NULL;
  return true;
}

bool job_current(Worker *worker, JobStatus *status) {
  g_autoptr(GArray) jobs = worker_jobs(worker);
  int found = -1;
  for (guint i = 0; i < jobs->len; i++) {
    JobState state = g_array_index(jobs, JobStatus, i).state;
    if (state == JOB_WAITING) found = (int)i;
    if (state != JOB_RUNNING) continue;
    found = (int)i;
    break;
  }
  return take(jobs, found, status);
}

bool job_find(Worker *worker, guint64 id, JobStatus *status) {
  g_autoptr(GArray) jobs = worker_jobs(worker);
  for (guint i = 0; i < jobs->len; i++)
    if (g_array_index(jobs, JobStatus, i).id == id) return take(jobs, (int)i, status);
  return false;
}
