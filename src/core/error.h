/* SPDX-License-Identifier: Apache-2.0 */
/* The one error domain of the engine. Every message says what went wrong,
 * where (file, tensor, offset) and, where there is something to do, what. */
#pragma once

#include <glib.h>

typedef enum {
  COPSE_ERROR_IO,          /* the operating system said no */
  COPSE_ERROR_FORMAT,      /* the bytes are not what the format demands */
  COPSE_ERROR_UNSUPPORTED, /* a valid file of a kind we do not read */
  COPSE_ERROR_NOT_FOUND,   /* no such model, layer, expert */
  COPSE_ERROR_TOO_FEW,     /* not enough labelled models to train on */
  COPSE_ERROR_CANCELLED,   /* the user asked us to stop */
  COPSE_ERROR_USAGE,       /* wrong option or argument: exit status 2 */
  COPSE_ERROR_STATE,       /* the catalog or a state file is unusable */
  COPSE_ERROR_NOT_STORED   /* nothing is wrong but that it cannot be written now: a full disk, a lock, no rights */
} CopseErrorCode;

#define COPSE_ERROR (copse_error_quark())
GQuark copse_error_quark(void);

/* How a complaint about damaged bytes ends, so that it says what to do: "" when the complaint does so itself, with a
 * question or with what stands after a colon. Static text. */
const char *damage_hint(const char *complaint);
