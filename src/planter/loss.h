/* SPDX-License-Identifier: Apache-2.0 */
/* What the planted networks minimise, and how their step size changes while they do. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Mean squared difference of out and target (n, width). Fills d_out with the gradient by out
 * unless it is NULL. */
double loss_squares(const float *out, const float *target, size_t n, size_t width, float *d_out);

/* Mean cross-entropy of logits (n, classes) against labels (n), each < classes. Fills d_out as
 * above, and *hits with the rows whose largest logit is the label's; both may be NULL. */
double loss_cross_entropy(const float *logits, const uint32_t *labels, size_t n, size_t classes, float *d_out,
                          size_t *hits);

/* Step-size schedules, by the names that training tools give them. */
typedef enum {
  SCHEDULE_CONSTANT,
  SCHEDULE_WARMUP, /* constant_with_warmup */
  SCHEDULE_LINEAR,
  SCHEDULE_COSINE,
  SCHEDULE_RESTARTS, /* cosine_with_restarts */
  SCHEDULE_COUNT
} Schedule;

/* "cosine_with_restarts". Static text. */
const char *schedule_name(Schedule schedule);

/* Factor on the step size at step 0..steps-1, in (0, 1]. */
float schedule_factor(Schedule schedule, unsigned step, unsigned steps);
