/* SPDX-License-Identifier: Apache-2.0 */
#include "archives/archive_shelf.h"

#include <string.h>

#include "core/error.h"
#include "core/text.h"

enum { MOST_IDLE = 4, MOST_LINKS = 8 };

/* Where a member is. */
typedef struct {
  char *path, *target; /* target: of a link */
  unsigned place;
  uint64_t start, size;
  const char *problem;
  GBytes *kept; /* all of it, or NULL; under the shelf's lock */
} Spot;

struct ArchiveShelf {
  gatomicrefcount refs;
  char *path;
  struct stat st;
  ByteSource *source;
  GHashTable *spots; /* path -> Spot */
  GPtrArray *packed; /* of Spot, by path: those that may be kept */
  GMutex filling;    /* one pass that keeps members at a time */
  GMutex lock;       /* of what follows */
  GPtrArray *idle;   /* of ArchiveReader, the last one used last */
  Spot *served;      /* the last of those that are kept to be opened */
  unsigned misses;   /* under `filling` */
};

static void spot_free(void *data) {
  Spot *spot = data;
  g_free(spot->path);
  g_free(spot->target);
  if (spot->kept) g_bytes_unref(spot->kept);
  g_free(spot);
}

ArchiveShelf *archive_shelf_ref(ArchiveShelf *s) {
  g_atomic_ref_count_inc(&s->refs);
  return s;
}

void archive_shelf_unref(ArchiveShelf *s) {
  if (!s || !g_atomic_ref_count_dec(&s->refs)) return;
  g_ptr_array_unref(s->idle);
  g_ptr_array_unref(s->packed);
  g_hash_table_unref(s->spots);
  byte_source_unref(s->source);
  g_mutex_clear(&s->lock);
  g_mutex_clear(&s->filling);
  g_free(s->path);
  g_free(s);
}

static ArchiveShelf *shelf_new(const char *path, ByteSource *source) {
  ArchiveShelf *s = g_new0(ArchiveShelf, 1);
  g_atomic_ref_count_init(&s->refs);
  s->path = g_strdup(path);
  s->source = byte_source_ref(source);
  s->spots = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, spot_free);
  s->packed = g_ptr_array_new();
  s->idle = g_ptr_array_new_with_free_func((GDestroyNotify)archive_reader_free);
  g_mutex_init(&s->lock);
  g_mutex_init(&s->filling);
  return s;
}

static void add_spot(ArchiveShelf *s, const ArchiveMember *m) {
  Spot *old = g_hash_table_lookup(s->spots, m->path);
  if (old) {
    old->problem = "appears twice in the archive";
    g_clear_pointer(&old->target, g_free);
    return;
  }
  Spot *spot = g_new(Spot, 1);
  *spot = (Spot){.path = g_strdup(m->path),
                 .target = g_strdup(m->target),
                 .place = m->place,
                 .start = m->start,
                 .size = m->size,
                 .problem = m->problem};
  g_hash_table_insert(s->spots, spot->path, spot);
}

static int by_path(const void *a, const void *b) {
  return strcmp((*(Spot *const *)a)->path, (*(Spot *const *)b)->path);
}

static int by_place(const void *a, const void *b) {
  unsigned x = (*(Spot *const *)a)->place, y = (*(Spot *const *)b)->place;
  return (x > y) - (x < y);
}

static void sort_packed(ArchiveShelf *s) {
  GHashTableIter iter;
  gpointer path, value;
  g_hash_table_iter_init(&iter, s->spots);
  while (g_hash_table_iter_next(&iter, &path, &value)) {
    const Spot *spot = value;
    if (!spot->problem && spot->start == UINT64_MAX && spot->size <= MEMBER_WHOLE) g_ptr_array_add(s->packed, value);
  }
  g_ptr_array_sort(s->packed, by_path);
}

ArchiveShelf *archive_shelf_open(const char *path, GError **error) {
  struct stat st = {0};
  if (stat(path, &st) != 0) memset(&st, 0, sizeof st); /* then it is like no file */
  g_autoptr(ByteSource) source = byte_source_open(path, error);
  g_autoptr(ArchiveReader) reader = source ? archive_reader_open(source, &archive_limits, NULL, error) : NULL;
  if (!reader) return NULL;
  g_autoptr(ArchiveShelf) s = shelf_new(path, source);
  g_autoptr(GError) problem = NULL;
  int more;
  s->st = st;
  while ((more = archive_reader_next(reader, &problem)) == 1) add_spot(s, archive_reader_member(reader));
  sort_packed(s);
  if (more == 0 || g_hash_table_size(s->spots) > 0) return g_steal_pointer(&s);
  g_propagate_error(error, g_steal_pointer(&problem));
  return NULL;
}

bool archive_shelf_is_of(const ArchiveShelf *s, const char *path) {
  struct stat now;
  return strcmp(s->path, path) == 0 && stat(path, &now) == 0 && s->st.st_dev == now.st_dev &&
         s->st.st_ino == now.st_ino && s->st.st_size == now.st_size && s->st.st_mtim.tv_sec == now.st_mtim.tv_sec &&
         s->st.st_mtim.tv_nsec == now.st_mtim.tv_nsec;
}

/* --- readers ---------------------------------------------------------------------------------- */

static bool stands_before(const ArchiveReader *reader, unsigned place) {
  unsigned at = archive_reader_member(reader)->place;
  return at < place || (at == place && archive_reader_offset(reader) == 0);
}

/* The idle reader that has the shortest way to a place; NULL when none stands before it. */
static ArchiveReader *take_idle(ArchiveShelf *s, unsigned place) {
  g_mutex_lock(&s->lock);
  ArchiveReader *found = NULL;
  for (guint i = 0; i < s->idle->len; i++) {
    ArchiveReader *r = s->idle->pdata[i];
    bool nearer = !found || archive_reader_member(r)->place > archive_reader_member(found)->place;
    if (stands_before(r, place) && nearer) found = r;
  }
  guint at;
  if (found && g_ptr_array_find(s->idle, found, &at)) g_ptr_array_steal_index(s->idle, at);
  g_mutex_unlock(&s->lock);
  return found;
}

static void put_idle(ArchiveShelf *s, ArchiveReader *reader) {
  g_mutex_lock(&s->lock);
  if (s->idle->len >= MOST_IDLE) g_ptr_array_remove_index(s->idle, 0);
  g_ptr_array_add(s->idle, reader);
  g_mutex_unlock(&s->lock);
}

/* Takes a reader on to the member of a place that it stands before. */
static bool advance(const ArchiveShelf *s, ArchiveReader *r, bool started, unsigned place, GError **error) {
  int more = 1;
  while (!started || archive_reader_member(r)->place < place) {
    if ((more = archive_reader_next(r, error)) != 1) break;
    started = true;
  }
  if (more == 1 && archive_reader_member(r)->place == place) return true;
  if (more >= 0)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: changed while it was read: scan again",
                byte_source_label(s->source));
  return false;
}

static ArchiveReader *reader_at(ArchiveShelf *s, unsigned place, GError **error) {
  g_autoptr(ArchiveReader) r = take_idle(s, place);
  bool started = r != NULL;
  if (!r) r = archive_reader_open(s->source, &archive_limits, NULL, error);
  return r && advance(s, r, started, place, error) ? g_steal_pointer(&r) : NULL;
}

static void give_back(void *user, ArchiveReader *reader) {
  g_autoptr(ArchiveShelf) s = user;
  put_idle(s, reader);
}

/* --- members that are kept -------------------------------------------------------------------- */

/* What was opened before the last one is let go: those who go through an archive do not return. */
static GBytes *kept_bytes(ArchiveShelf *s, Spot *spot) {
  g_mutex_lock(&s->lock);
  GBytes *bytes = spot->kept ? g_bytes_ref(spot->kept) : NULL;
  if (bytes && s->served && s->served != spot) g_clear_pointer(&s->served->kept, g_bytes_unref);
  if (bytes) s->served = spot;
  g_mutex_unlock(&s->lock);
  return bytes;
}

/* Puts `bytes` (NULL: nothing) in the place of what was kept. */
static void keep(ArchiveShelf *s, Spot *spot, GBytes *bytes) {
  g_mutex_lock(&s->lock);
  if (spot->kept) g_bytes_unref(spot->kept);
  spot->kept = bytes;
  g_mutex_unlock(&s->lock);
}

/* The spot and those that follow it by path as far as there is room, in the archive's order. */
static GPtrArray *choose(const ArchiveShelf *s, Spot *spot) {
  GPtrArray *chosen = g_ptr_array_new();
  uint64_t bytes = 0;
  guint low = 0, high = s->packed->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (strcmp(((Spot *)s->packed->pdata[middle])->path, spot->path) < 0) low = middle + 1;
    else high = middle;
  }
  for (guint i = low; i < s->packed->len; i++) {
    Spot *next = s->packed->pdata[i];
    if (next->size > SHELF_KEPT - bytes) break;
    bytes += next->size;
    g_ptr_array_add(chosen, next);
  }
  g_ptr_array_sort(chosen, by_place);
  return chosen;
}

static bool read_whole(ArchiveShelf *s, ArchiveReader *r, Spot *spot, GError **error) {
  g_autofree char *bytes = g_try_malloc(spot->size + 1);
  if (!bytes || !archive_reader_read(r, bytes, (size_t)spot->size, error)) return false;
  keep(s, spot, g_bytes_new_take(g_steal_pointer(&bytes), (gsize)spot->size));
  return true;
}

/* One pass that keeps a spot and its followers; an error in one of these is theirs alone. */
static void fill(ArchiveShelf *s, Spot *spot) {
  for (guint i = 0; i < s->packed->len; i++) keep(s, s->packed->pdata[i], NULL);
  g_autoptr(GPtrArray) chosen = choose(s, spot);
  g_autoptr(ArchiveReader) r = NULL;
  for (guint i = 0; i < chosen->len; i++) {
    Spot *next = chosen->pdata[i];
    bool there = r ? advance(s, r, true, next->place, NULL) : (r = reader_at(s, next->place, NULL)) != NULL;
    if (!there) return;
    read_whole(s, r, next, NULL);
  }
  if (r) put_idle(s, g_steal_pointer(&r));
}

/* The bytes of a member that may be kept; NULL when it is better read as a stream. */
static GBytes *bytes_of(ArchiveShelf *s, Spot *spot) {
  if (spot->size > MEMBER_WHOLE) return NULL;
  GBytes *bytes = kept_bytes(s, spot);
  if (bytes) return bytes;
  g_mutex_lock(&s->filling);
  bytes = kept_bytes(s, spot); /* another thread may have been here meanwhile */
  if (!bytes && s->misses++ > 0) {
    fill(s, spot);
    bytes = kept_bytes(s, spot);
  }
  g_mutex_unlock(&s->filling);
  return bytes;
}

/* The member of a path, links followed; NULL: there is none, or they go round. */
static Spot *find_spot(const ArchiveShelf *s, const char *path) {
  for (int links = 0; links < MOST_LINKS; links++) {
    Spot *spot = g_hash_table_lookup(s->spots, path);
    if (!spot || !spot->target) return spot;
    path = spot->target;
  }
  return NULL;
}

ByteSource *archive_shelf_member(ArchiveShelf *s, const char *member, const char *label, GError **error) {
  Spot *spot = find_spot(s, member);
  if (!spot || spot->problem) {
    g_autofree SafeText *shown = safe_text(label, -1);
    g_set_error(error, COPSE_ERROR, spot ? COPSE_ERROR_FORMAT : COPSE_ERROR_NOT_FOUND, "%s: %s", shown,
                spot ? spot->problem : "not in the archive (any more): scan again");
    return NULL;
  }
  if (spot->start != UINT64_MAX) return byte_source_window(s->source, spot->start, spot->size, label);
  g_autoptr(GBytes) bytes = bytes_of(s, spot);
  if (bytes) return byte_source_from_bytes(bytes, label);
  ArchiveReader *reader = reader_at(s, spot->place, error);
  return reader ? archive_member_source(reader, give_back, archive_shelf_ref(s), label) : NULL;
}
