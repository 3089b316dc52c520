/* SPDX-License-Identifier: Apache-2.0 */
/* Archives made by the tests themselves. */
#pragma once

#include "tests/unit/collection_fixture.h"

/* One member. */
typedef struct {
  const char *path; /* as it is written, whatever it holds */
  GBytes *bytes;    /* of a file; borrowed */
  char type;        /* 0: a file; 'd' folder, 'l' link, 'h' hard link, 'p' FIFO */
  const char *target;
} Packed;

/* "tar" (GNU), "pax", "ustar", "tar.gz", "tar.zst", "tar.xz", "tar.bz2", "zip", "zip-stored",
 * "zip-secret" (encrypted), "7z". */
GBytes *archive_bytes(const char *kind, const Packed *members, size_t n);

/* Writes one into the collection. */
void put_archive(const Fixture *f, const char *path, const char *kind, const Packed *members, size_t n);
void put_bytes(const Fixture *f, const char *path, GBytes *bytes);

/* The files that put_full() and put_lora() write; the first holds 1, 2, 3, … */
GBytes *full_bytes(const Fixture *f);
GBytes *lora_bytes(const Fixture *f);
GBytes *text_of(const char *text);

/* A tar header of 512 bytes, with any size and type. */
void tar_header(unsigned char *block, const char *name, guint64 size, char type);

/* gzip, level 1. */
GBytes *gzipped(GBytes *bytes);
