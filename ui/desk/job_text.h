/* SPDX-License-Identifier: Apache-2.0 */
/* What to say of a job: how far it is, how fast, how long it will take. Pure text. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/glyph.h"
#include "ui/toolkit/style.h"
#include "session/worker.h"

/* Share of the present phase, 0..1; NAN when the end is not known. */
double job_share(const JobStatus *job);

/* "30 s left", in whole seconds rounded up; NULL when that is not known. The caller frees it. */
char *job_left(const JobStatus *job);

/* "41 %", "1.2k" units done when the end is not known, or "". The caller frees it. */
char *job_amount(const JobStatus *job);

/* "training 240/600, 12.3/s, 30 s left", "failed: …", "done in 4.2 s". The caller frees it. */
char *job_details(const JobStatus *job);

Glyph job_glyph(const JobStatus *job);
Style job_style(const JobStatus *job);

bool job_is_open(const JobStatus *job);

/* The running listed job, or the first that waits; false when there is none. The caller clears
 * *status. */
bool job_current(Worker *worker, JobStatus *status);

/* The listed job of that id. The caller clears *status. */
bool job_find(Worker *worker, guint64 id, JobStatus *status);
