/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/pickle_input.h"

#include <string.h>

#include "core/error.h"

enum { STEP = 16384, MOST_LINE = 1 << 20 };

void pickle_input_init(PickleInput *in, ByteSource *source, uint64_t offset) {
  uint64_t size = byte_source_size(source);
  uint64_t left = offset < size ? size - offset : 0;
  *in = (PickleInput){.source = source, .at = offset, .held = offset, .room = STEP};
  in->window = g_malloc(STEP);
  in->end = offset + MIN(left, (uint64_t)PICKLE_MOST_BYTES);
}

void pickle_input_clear(PickleInput *in) { g_clear_pointer(&in->window, g_free); }

static bool fail(const PickleInput *in, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: pickle at byte %" G_GUINT64_FORMAT ": %s%s",
              byte_source_label(in->source), in->at, problem, damage_hint(problem));
  return false;
}

static bool fail_short(const PickleInput *in, GError **error) {
  bool cut = in->end >= byte_source_size(in->source);
  return fail(in,
              cut ? "the file ends in the middle of it: a download cut short?"
                  : "it is longer than 64 MiB, which no list of tensors is",
              error);
}

/* Sees to it that the window begins at the next byte or before and holds n bytes from there. */
static bool fill(PickleInput *in, size_t n, GError **error) {
  size_t skip = (size_t)(in->at - in->held), have = in->n - skip;
  if (have >= n) return true;
  if (n > in->end - in->at) return fail_short(in, error);
  if (n > in->room) {
    in->room = n;
    unsigned char *larger = g_malloc(in->room);
    if (have) memcpy(larger, in->window + skip, have);
    g_free(in->window);
    in->window = larger;
  } else if (have) {
    memmove(in->window, in->window + skip, have);
  }
  in->held = in->at;
  in->n = have;
  size_t more = (size_t)MIN(in->room - have, in->end - in->at - have);
  if (!byte_source_read(in->source, in->at + have, in->window + have, more, error)) return false;
  in->n += more;
  return true;
}

const unsigned char *pickle_input_take(PickleInput *in, uint64_t n, GError **error) {
  if (n > in->end - in->at) {
    fail_short(in, error);
    return NULL;
  }
  if (!fill(in, (size_t)n, error)) return NULL;
  const unsigned char *p = in->window + (in->at - in->held);
  in->at += n;
  return p;
}

const char *pickle_input_line(PickleInput *in, size_t *n, GError **error) {
  size_t want = 64;
  for (;;) {
    size_t left = (size_t)(in->end - in->at);
    size_t k = MIN(want, left);
    if (!fill(in, MAX(k, 1), error)) return NULL;
    const unsigned char *p = in->window + (in->at - in->held);
    const unsigned char *newline = memchr(p, '\n', k);
    if (newline) {
      *n = (size_t)(newline - p);
      in->at += *n + 1;
      return (const char *)p;
    }
    bool ok = k == left ? fail_short(in, error) : want < MOST_LINE || fail(in, "a line is longer than 1 MiB", error);
    if (!ok) return NULL;
    want *= 2;
  }
}
