/* SPDX-License-Identifier: Apache-2.0 */
#include "archives/archive_member.h"

#include <string.h>

#include "core/error.h"
#include "core/text.h"

enum { CHUNK = 256 << 10, WINDOW = 2 * MEMBER_TAIL };

typedef struct {
  ArchiveReader *reader;
  ArchiveRelease release;
  void *user;
  GMutex lock;         /* of all that follows */
  uint64_t size, at;   /* at: the next byte that the reader gives */
  unsigned char *head; /* the first head_n bytes of at most head_most; room for head_room */
  size_t head_n, head_most, head_room;
  unsigned char *window; /* bytes at - window_n … at; NULL: not needed yet */
  size_t window_n;
  unsigned returns;
  bool broken; /* a read failed: what comes next is not known */
} Member;

static bool fail(const Member *m, const char *problem, GError **error) {
  g_autofree SafeText *path = safe_text(archive_reader_member(m->reader)->path, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: %s", path, problem);
  return false;
}

/* Copies what is in memory of offset …; the number of bytes, 0 when the first is not there. */
static size_t serve(const Member *m, uint64_t offset, unsigned char *dst, size_t n) {
  if (offset < m->head_n) {
    n = MIN(n, m->head_n - (size_t)offset);
    memcpy(dst, m->head + offset, n);
    return n;
  }
  uint64_t start = m->at - m->window_n;
  if (m->window_n == 0 || offset < start || offset >= m->at) return 0;
  n = MIN(n, (size_t)(m->at - offset));
  memcpy(dst, m->window + (offset - start), n);
  return n;
}

/* The head grows with what is read, not with what the archive claims. */
static bool grow_head(Member *m, size_t need, GError **error) {
  if (need <= m->head_room) return true;
  size_t room = MIN(MAX(need, 2 * m->head_room), m->head_most);
  unsigned char *larger = g_try_realloc(m->head, room);
  if (!larger) return fail(m, "no memory to unpack it: unpack the archive first", error);
  m->head = larger;
  m->head_room = room;
  return true;
}

static bool read_head(Member *m, GError **error) {
  size_t at = (size_t)m->at, n = MIN((size_t)CHUNK, m->head_most - at);
  if (!grow_head(m, at + n, error) || !archive_reader_read(m->reader, m->head + at, n, error)) return false;
  m->at += n;
  m->head_n = MAX(m->head_n, at + n);
  return true;
}

static bool read_window(Member *m, GError **error) {
  if (!m->window) m->window = g_try_malloc(WINDOW);
  if (!m->window) return fail(m, "no memory to unpack it: unpack the archive first", error);
  size_t n = (size_t)MIN((uint64_t)CHUNK, m->size - m->at);
  if (m->window_n + n > WINDOW) {
    memmove(m->window, m->window + m->window_n - MEMBER_TAIL, MEMBER_TAIL);
    m->window_n = MEMBER_TAIL;
  }
  if (!archive_reader_read(m->reader, m->window + m->window_n, n, error)) return false;
  m->at += n;
  m->window_n += n;
  return true;
}

static bool go_back(Member *m, GError **error) {
  if (++m->returns > MEMBER_MOST_RETURNS)
    return fail(m, "read in too many directions for a packed archive: unpack it first", error);
  ArchiveReader *fresh = archive_reader_again(m->reader, error);
  if (!fresh) return false;
  archive_reader_free(m->reader);
  m->reader = fresh;
  m->at = 0;
  m->window_n = 0;
  return true;
}

/* Makes sure that byte `offset`, which is not in memory, comes nearer. */
static bool advance(Member *m, uint64_t offset, GError **error) {
  if (m->broken) return fail(m, "could not be unpacked: damaged? fetch the archive again", error);
  if (offset < m->at && !go_back(m, error)) return false;
  return m->at < m->head_most ? read_head(m, error) : read_window(m, error);
}

static bool member_read(void *data, uint64_t offset, void *dst, size_t n, GError **error) {
  Member *m = data;
  unsigned char *p = dst;
  bool ok = true;
  g_mutex_lock(&m->lock);
  while (ok && n > 0) {
    size_t k = serve(m, offset, p, n);
    offset += k;
    p += k;
    n -= k;
    if (k == 0) ok = advance(m, offset, error);
  }
  m->broken |= !ok;
  g_mutex_unlock(&m->lock);
  return ok;
}

static void member_free(void *data) {
  Member *m = data;
  m->release(m->user, m->reader);
  g_mutex_clear(&m->lock);
  g_free(m->head);
  g_free(m->window);
  g_free(m);
}

static const ByteSourceOps member_ops = {.read = member_read, .free = member_free};

ByteSource *archive_member_source(ArchiveReader *reader, ArchiveRelease release, void *user, const char *label) {
  const ArchiveMember *info = archive_reader_member(reader);
  if (info->start != UINT64_MAX) {
    ByteSource *window = byte_source_window(archive_reader_source(reader), info->start, info->size, label);
    release(user, reader);
    return window;
  }
  Member *m = g_new0(Member, 1);
  *m = (Member){.reader = reader, .release = release, .user = user, .size = info->size};
  m->head_most = info->size <= MEMBER_WHOLE ? (size_t)info->size : MEMBER_HEAD;
  g_mutex_init(&m->lock);
  return byte_source_new(&member_ops, m, info->size, label);
}
