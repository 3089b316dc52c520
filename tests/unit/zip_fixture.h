/* SPDX-License-Identifier: Apache-2.0 */
/* Writes small ZIP archives into memory, in the manner of each program that writes weights. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum {
  ZIP_PLAIN = 0,
  ZIP_DEFLATE = 1,    /* packed */
  ZIP_DESCRIPTOR = 2, /* sizes after the data, as PyTorch does */
  ZIP_WIDE = 4,       /* sizes in ZIP64 extra fields, as numpy does */
  ZIP_ALIGN = 8       /* data at a multiple of 64, as PyTorch does */
} ZipManner;

typedef struct {
  GByteArray *file, *directory;
  guint count;
} ZipFixture;

void zip_fixture_begin(ZipFixture *z);
void zip_fixture_add(ZipFixture *z, const char *name, const void *bytes, size_t n, unsigned manner);

/* Ends the archive, with ZIP64 end records when `wide`; the fixture is empty afterwards. */
GBytes *zip_fixture_end(ZipFixture *z, bool wide);

/* Where bytes first stand in others, from `from` on; -1 when they do not. */
gssize fixture_find(GBytes *bytes, const void *needle, size_t n, size_t from);

/* A copy with `n` bytes replaced. */
GBytes *fixture_patch(GBytes *bytes, size_t at, const void *patch, size_t n);

/* A copy of the first n bytes. */
GBytes *fixture_cut(GBytes *bytes, size_t n);

/* Writes a fixture into the seed corpus when the environment variable COPSE_WRITE_CORPUS names its
 * folder; otherwise does nothing. */
void fixture_keep(GBytes *bytes, const char *corpus, const char *name);
