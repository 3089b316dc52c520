/* SPDX-License-Identifier: Apache-2.0 */
/* What runs, what waits and what has run. */
#include <math.h>

#include "core/text.h"
#include "ui/desk/services.h"
#include "ui/desk/job_text.h"
#include "ui/toolkit/list.h"
#include "ui/toolkit/paint.h"
#include "ui/desk/view.h"

typedef struct {
  List list;
  guint64 selected; /* id of the selected job: rows move when jobs are added */
} JobsView;

static gpointer jobs_open(Ui *ui) {
  (void)ui;
  return g_new0(JobsView, 1);
}

static unsigned jobs_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_JOBS;
}

/* Finds the selected job's row again. */
static void follow(JobsView *v, const GArray *jobs) {
  list_resize(&v->list, (int)jobs->len);
  for (guint i = 0; i < jobs->len; i++)
    if (g_array_index(jobs, JobStatus, i).id == v->selected) list_select(&v->list, (int)i);
  if (jobs->len) v->selected = g_array_index(jobs, JobStatus, v->list.cursor).id;
}

static void draw_job(Cells *cells, Rect area, int y, const JobStatus *job, bool selected) {
  int bar = area.columns >= 60 ? 12 : 0;
  int title = MAX(area.columns * 2 / 5, 16);
  g_autofree char *details = job_details(job);
  g_autofree char *amount = job_is_open(job) ? job_amount(job) : g_strdup("");
  int x = area.x;
  cells_put(cells, x, y, 1, job_style(job), glyph(cells->ascii, job_glyph(job)));
  x += 2;
  paint_left(cells, x, y, title, STYLE_TEXT, job->title);
  x += title + 1;
  if (bar && job_is_open(job)) paint_bar(cells, x, y, bar, job_share(job));
  x += bar ? bar + 1 : 0;
  paint_right(cells, x, y, 5, STYLE_TEXT, amount);
  x += 6;
  paint_left(cells, x, y, area.x + area.columns - x, job->state == JOB_FAILED ? STYLE_BAD : STYLE_DIM, details);
  if (selected) {
    cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
    cells->cursor_x = area.x, cells->cursor_y = y;
  }
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
  cells_fill(cells, (Rect){area.x, area.y, area.columns, 1}, STYLE_HEADER);
  cells_put(cells, area.x + 2, area.y, area.columns - 2, STYLE_HEADER, "JOB");
  area.y++, area.rows--;
  if (jobs->len == 0) {
    cells_put(cells, area.x + 2, area.y, area.columns - 2, STYLE_DIM, "No job has run yet.");
    return;
  }
  area.rows -= draw_message(cells, area, &g_array_index(jobs, JobStatus, v->list.cursor));
  list_show(&v->list, area.rows);
  for (int i = 0; i < area.rows && v->list.top + i < v->list.count; i++) {
    int row = v->list.top + i;
    draw_job(cells, area, area.y + i, &g_array_index(jobs, JobStatus, row), row == v->list.cursor);
  }
}

static Reaction jobs_action(Ui *ui, gpointer view, Action action) {
  JobsView *v = view;
  g_autoptr(GArray) jobs = worker_jobs(ui->engine.worker);
  follow(v, jobs);
  if (list_action(&v->list, action)) {
    if (jobs->len) v->selected = g_array_index(jobs, JobStatus, v->list.cursor).id;
    return REACT_HANDLED;
  }
  if (action == ACTION_LEAVE) return REACT_HANDLED | REACT_BACK;
  if (action != ACTION_CANCEL_JOB || jobs->len == 0) return REACT_NONE;
  const JobStatus *job = &g_array_index(jobs, JobStatus, v->list.cursor);
  if (job_is_open(job)) {
    worker_cancel(ui->engine.worker, job->id);
    ui_tell(ui, STYLE_WARN, "Cancelling: %s", job->title);
  } else {
    ui_tell(ui, STYLE_DIM, "That job has ended");
  }
  return REACT_HANDLED;
}

static char *jobs_status(const Ui *ui, gpointer view) {
  (void)view;
  unsigned busy = worker_busy(ui->engine.worker);
  return busy ? g_strdup_printf("%u job%s to do", busy, busy == 1 ? "" : "s") : g_strdup("Nothing is running");
}

const ViewOps view_jobs = {
    .name = "Jobs",
    .open = jobs_open,
    .close = g_free,
    .context = jobs_context,
    .draw = jobs_draw,
    .action = jobs_action,
    .status = jobs_status,
};
