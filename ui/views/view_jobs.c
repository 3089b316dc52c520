/* SPDX-License-Identifier: Apache-2.0 */
/* What runs, what waits and what has run. */
#include <math.h>

#include "core/text.h"
#include "ui/desk/services.h"
#include "ui/desk/job_text.h"
#include "ui/toolkit/paint.h"
#include "ui/toolkit/table.h"
#include "ui/desk/view.h"

typedef struct {
  Table table;
  guint64 selected; /* id of the selected job: rows move when jobs are added */
} JobsView;

static unsigned jobs_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_JOBS;
}

enum { SIGN, JOB, BAR, SHARE, STATE };

static const TableColumn columns[] = {
    [SIGN] = {"", NULL, 1, 0, 0, 0},          [JOB] = {"JOB", NULL, 14, 0, 0, TABLE_NAME},
    [BAR] = {"", NULL, 12, 0, 60, TABLE_BAR}, [SHARE] = {"", NULL, 5, 0, 0, TABLE_RIGHT},
    [STATE] = {"STATE", NULL, 12, 60, 0, 0},
};

static void job_cell(const void *rows, guint row, int column, int width, bool ascii, TableCell *cell) {
  const JobStatus *job = &g_array_index((const GArray *)rows, JobStatus, row);
  bool open = job_is_open(job);
  (void)width;
  if (column == SIGN) cell->text = g_strdup(glyph(ascii, job_glyph(job))), cell->style = job_style(job);
  if (column == JOB) cell->text = g_strdup(job->title);
  if (column == BAR && open) cell->share = isfinite(job_share(job)) ? job_share(job) : 0;
  if (column == SHARE && open) cell->text = job_amount(job);
  if (column == STATE) cell->text = job_details(job), cell->style = job->state == JOB_FAILED ? STYLE_BAD : STYLE_DIM;
}

static const TableKind job_table = {columns, G_N_ELEMENTS(columns), 0, job_cell, NULL};

static gpointer jobs_open(Ui *ui) {
  (void)ui;
  JobsView *v = g_new0(JobsView, 1);
  table_init(&v->table, &job_table);
  return v;
}

static void jobs_close(gpointer view) {
  table_clear(&((JobsView *)view)->table);
  g_free(view);
}

/* Finds the selected job's row again. */
static void follow(JobsView *v, const GArray *jobs) {
  table_set(&v->table, jobs, jobs->len);
  for (guint i = 0; i < jobs->len; i++)
    if (g_array_index(jobs, JobStatus, i).id == v->selected) table_select(&v->table, i);
  if (jobs->len) v->selected = g_array_index(jobs, JobStatus, v->table.list.cursor).id;
}

/* The message of a failed job in full, below the list. Returns the rows it takes. */
static int draw_message(Cells *cells, Rect area, const JobStatus *job) {
  if (job->state != JOB_FAILED || !job->message || area.rows < 6) return 0;
  int rows = 3;
  paint_wrapped(cells, area.x + 2, area.y + area.rows - rows, area.columns - 4, rows, STYLE_BAD, job->message);
  return rows;
}

static void jobs_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  JobsView *v = view;
  g_autoptr(GArray) jobs = worker_jobs(ui->engine.worker);
  follow(v, jobs);
  if (jobs->len) area.rows -= draw_message(cells, area, &g_array_index(jobs, JobStatus, v->table.list.cursor));
  table_draw(&v->table, cells, area);
  if (jobs->len == 0) cells_put(cells, area.x + 2, area.y + 1, area.columns - 2, STYLE_DIM, "No job has run yet.");
  v->table.rows = NULL; /* they were a copy */
}

/* Stops a job; when the one at hand has ended, the one that runs. */
static void cancel(Ui *ui, const GArray *jobs, guint row) {
  const JobStatus *job = &g_array_index(jobs, JobStatus, row);
  for (guint i = 0; i < jobs->len && !job_is_open(job); i++) {
    const JobStatus *other = &g_array_index(jobs, JobStatus, i);
    if (other->state == JOB_RUNNING) job = other;
  }
  if (!job_is_open(job)) {
    ui_tell(ui, STYLE_DIM, "That job has ended, and no other runs");
    return;
  }
  worker_cancel(ui->engine.worker, job->id);
  ui_tell(ui, STYLE_WARN, "Cancelling: %s", job->title);
}

static bool jobs_action(Ui *ui, gpointer view, Action action) {
  JobsView *v = view;
  g_autoptr(GArray) jobs = worker_jobs(ui->engine.worker);
  follow(v, jobs);
  v->table.rows = NULL;
  if (list_action(&v->table.list, action)) {
    if (jobs->len) v->selected = g_array_index(jobs, JobStatus, v->table.list.cursor).id;
    return true;
  }
  if (action == ACTION_LEAVE) return ui_ask(ui, REQUEST_BACK);
  if (action != ACTION_CANCEL_JOB || jobs->len == 0) return false;
  cancel(ui, jobs, (guint)v->table.list.cursor);
  return true;
}

static char *jobs_status(const Ui *ui, gpointer view) {
  (void)view;
  unsigned busy = worker_busy(ui->engine.worker);
  return busy ? g_strdup_printf("%u job%s to do", busy, busy == 1 ? "" : "s") : g_strdup("Nothing is running");
}

const ViewOps view_jobs = {
    .name = "Jobs",
    .open = jobs_open,
    .close = jobs_close,
    .context = jobs_context,
    .draw = jobs_draw,
    .action = jobs_action,
    .status = jobs_status,
};
