/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacks a raw deflate stream that lies in a byte source, through zlib. */
#pragma once

#include "core/source.h"

typedef struct {
  ByteSource *source;     /* borrowed */
  uint64_t start, packed; /* where the stream lies, and its bytes */
  size_t got;             /* out: bytes that came */
  bool ended;             /* out: the stream ended there, with all packed bytes used up */
} Inflation;

/* Unpacks until `room` bytes are there or the stream ends. Fails when the source cannot be read
 * or the stream is damaged. History: one block beside `out`. */
bool inflate_into(Inflation *in, unsigned char *out, size_t room, GError **error);

/* CRC-32 as ZIP uses it. */
uint32_t inflate_crc(const unsigned char *bytes, size_t n);
