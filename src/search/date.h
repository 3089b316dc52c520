/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as questions and model files write them. */
#pragma once

#include <stdbool.h>

/* Reads "2024", "2024-05", "2024-05-17" and "2024-05-17T12:30:05+02:00" (a space for the T; without
 * a zone it is UTC). *start and *end get the first second of what is named, and the first one after
 * it, since 1970. False when it is none of these, or no day of the calendar. */
bool date_read(const char *text, double *start, double *end);
