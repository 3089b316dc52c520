/* SPDX-License-Identifier: Apache-2.0 */
#include "archives/inflate.h"

#include <zlib.h>

#include "core/error.h"

enum { STEP = 65536 };

static bool fail(const Inflation *in, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: deflated bytes at %" G_GUINT64_FORMAT " %s%s",
              byte_source_label(in->source), in->start, problem, damage_hint(problem));
  return false;
}

/* Refills the inflater from what is left of the stream. */
static bool feed(const Inflation *in, z_stream *z, unsigned char *buffer, uint64_t *used, GError **error) {
  size_t n = (size_t)MIN((uint64_t)STEP, in->packed - *used);
  if (!byte_source_read(in->source, in->start + *used, buffer, n, error)) return false;
  *used += n;
  z->next_in = buffer;
  z->avail_in = (uInt)n;
  return true;
}

bool inflate_into(Inflation *in, unsigned char *out, size_t room, GError **error) {
  z_stream z = {0};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
    return fail(in, "find no memory to be unpacked: close other programs", error);
  g_autofree unsigned char *buffer = g_malloc(STEP);
  uint64_t used = 0;
  int state = Z_OK;
  bool ok = true;
  in->got = 0;
  while (state == Z_OK && in->got < room) {
    if (z.avail_in == 0 && used < in->packed) ok = feed(in, &z, buffer, &used, error);
    if (!ok) break;
    size_t step = MIN(room - in->got, (size_t)1 << 30);
    z.next_out = out + in->got;
    z.avail_out = (uInt)step;
    state = inflate(&z, Z_NO_FLUSH);
    in->got += step - z.avail_out;
  }
  in->ended = state == Z_STREAM_END && z.avail_in == 0 && used == in->packed;
  inflateEnd(&z);
  if (!ok) return false;
  return state == Z_OK || state == Z_STREAM_END || fail(in, "are damaged: they do not unpack", error);
}

uint32_t inflate_crc(const unsigned char *bytes, size_t n) { return (uint32_t)crc32_z(0, bytes, n); }
