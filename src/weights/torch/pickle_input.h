/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a pickle, read forward through a window of memory: a pickle does not say how long it
 * is, and gigabytes of other things may follow it. Seen by the pickle_*.c files alone. */
#pragma once

#include "core/source.h"
#include "weights/torch/pickle_value.h"

typedef struct {
  ByteSource *source;    /* borrowed */
  uint64_t at;           /* offset in the source of the next byte */
  uint64_t end;          /* no byte is taken from there on */
  unsigned char *window; /* bytes `held` .. `held + n` of the source */
  size_t n, room;
  uint64_t held;
} PickleInput;

void pickle_input_init(PickleInput *in, ByteSource *source, uint64_t offset);
void pickle_input_clear(PickleInput *in);

/* The next n bytes, which stay valid until the next call; NULL with an error when they are not
 * there. */
const unsigned char *pickle_input_take(PickleInput *in, uint64_t n, GError **error);

/* The next line without its newline; *n is its length, at most 1 MiB. */
const char *pickle_input_line(PickleInput *in, size_t *n, GError **error);
