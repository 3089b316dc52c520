/* SPDX-License-Identifier: Apache-2.0 */
/* Licences that cards name, by what they mean for a derivative: the table is data/licences.def. Pure; any thread. */
#pragma once

#include "collection/model.h"

typedef enum {
  LICENCE_PERMISSIVE,     /* a derivative may go under other terms */
  LICENCE_COPYLEFT,       /* a derivative must stay under the same or compatible terms */
  LICENCE_NON_COMMERCIAL, /* use for profit is not granted */
  LICENCE_RESTRICTED      /* fields of use, sizes of business or the passing on of derivatives are limited */
} LicenceClass;

typedef struct {
  const char *id;     /* as the Hub writes it */
  LicenceClass class; /* of those above */
  const char *clause; /* which clause says so, and what; "" for a permissive one */
  const char *source; /* where its text is published */
} Licence;

/* "permissive", "copyleft", "non-commercial", "restricted-use". Static text. */
const char *licence_class_name(LicenceClass class);

/* The licence of that identifier, in whatever case; "-only" and "-or-later" at its end are left out. NULL: unknown.
 * Static. */
const Licence *licence_find(const char *id);

/* What a model is under: by the source that speaks first, its `license`, or `license_name` beside "other". Where it
 * names several, the first, if all are known and either all are permissive or none is: who may choose is bound by
 * nothing. NULL when it says none, or nothing that can be relied on. Static. */
const Licence *licence_of(const Model *model);
