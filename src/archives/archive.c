/* SPDX-License-Identifier: Apache-2.0 */
#include "archives/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "archives/archive_place.h"
#include "archives/dictionary.h"
#include "core/error.h"
#include "core/text.h"

enum { BLOCK = 65536, LONGEST_PATH = 4096, DEEPEST_PATH = 64 };

const ArchiveLimits archive_limits = {.unpacked = 1u << 30, .ratio = 100, .entries = 250000};

struct ArchiveReader {
  struct archive *archive;
  ByteSource *source;
  ArchiveLimits limits;
  const Progress *progress;
  uint64_t at;      /* where in the source libarchive reads next */
  uint64_t budget;  /* bytes it may unpack to */
  uint64_t used;    /* of these, outside a packed tar */
  bool packed;      /* a tar behind a compression: all of it is unpacked on the way */
  unsigned entries; /* seen */
  ArchiveMember member;
  uint64_t offset; /* in the member */
  unsigned char *block;
  locale_t utf8; /* names are converted in it, whatever the user's is; 0: there is none */
};

/* --- the source, as libarchive sees it -------------------------------------------------------- */

static la_ssize_t on_read(struct archive *a, void *user, const void **block) {
  ArchiveReader *r = user;
  uint64_t left = byte_source_size(r->source) - r->at;
  size_t n = (size_t)MIN(left, (uint64_t)BLOCK);
  g_autoptr(GError) error = NULL;
  if (!byte_source_read(r->source, r->at, r->block, n, &error)) {
    archive_set_error(a, EIO, "%s", error->message);
    return ARCHIVE_FATAL;
  }
  r->at += n;
  *block = r->block;
  return (la_ssize_t)n;
}

static la_int64_t on_skip(struct archive *a, void *user, la_int64_t request) {
  (void)a;
  ArchiveReader *r = user;
  uint64_t left = byte_source_size(r->source) - r->at;
  uint64_t n = request > 0 ? MIN((uint64_t)request, left) : 0;
  r->at += n;
  return (la_int64_t)n;
}

static la_int64_t on_seek(struct archive *a, void *user, la_int64_t offset, int whence) {
  ArchiveReader *r = user;
  int64_t size = (int64_t)byte_source_size(r->source), to;
  int64_t base = whence == SEEK_END ? size : whence == SEEK_CUR ? (int64_t)r->at : 0;
  if (__builtin_add_overflow(base, offset, &to) || to < 0 || to > size) {
    archive_set_error(a, EINVAL, "a place outside the file");
    return ARCHIVE_FATAL;
  }
  r->at = (uint64_t)to;
  return to;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Sets the error from libarchive's words; returns false. */
static bool fail(const ArchiveReader *r, int code, const char *what, GError **error) {
  const char *said = archive_error_string(r->archive);
  g_autofree SafeText *words = safe_text(said ? said : "no reason given", -1);
  g_set_error(error, COPSE_ERROR, code, "%s: %s: %s", byte_source_label(r->source), what, words);
  return false;
}

static bool fail_limit(const ArchiveReader *r, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s", byte_source_label(r->source), problem);
  return false;
}

/* Names shall not depend on who runs the program, so the calling thread gets a locale of UTF-8 for
 * as long as libarchive converts them. */
static locale_t enter_utf8(const ArchiveReader *r) { return r->utf8 ? uselocale(r->utf8) : (locale_t)0; }

static void leave_utf8(locale_t before) {
  if (before) uselocale(before);
}

/* Only what is linked in: for the rest libarchive would start a program. */
static void enable(struct archive *a) {
  archive_read_support_format_tar(a);
  archive_read_support_format_zip_seekable(a);
  archive_read_support_format_7zip(a);
  if (archive_zlib_version()) archive_read_support_filter_gzip(a);
  if (archive_bzlib_version()) archive_read_support_filter_bzip2(a);
  if (archive_liblzma_version()) archive_read_support_filter_xz(a);
  if (archive_libzstd_version()) archive_read_support_filter_zstd(a);
}

static uint64_t budget_of(const ArchiveReader *r) {
  uint64_t most;
  if (__builtin_mul_overflow(byte_source_size(r->source), (uint64_t)r->limits.ratio, &most)) return INT64_MAX;
  return MIN(MAX(most, r->limits.unpacked), (uint64_t)INT64_MAX);
}

ArchiveReader *archive_reader_open(ByteSource *source, const ArchiveLimits *limits, const Progress *progress,
                                   GError **error) {
  g_autoptr(ArchiveReader) r = g_new0(ArchiveReader, 1);
  r->source = byte_source_ref(source);
  r->limits = *limits;
  r->progress = progress;
  r->block = g_malloc(BLOCK);
  r->budget = budget_of(r);
  r->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  r->archive = archive_read_new();
  if (!r->archive || byte_source_size(source) > INT64_MAX)
    return fail_limit(r, "cannot be read as an archive: it is too large, or there is no memory", error), NULL;
  if (!dictionary_check(source, error)) return NULL;
  enable(r->archive);
  archive_read_set_read_callback(r->archive, on_read);
  archive_read_set_skip_callback(r->archive, on_skip);
  archive_read_set_seek_callback(r->archive, on_seek);
  archive_read_set_callback_data(r->archive, r);
  locale_t before = enter_utf8(r);
  int code = archive_read_open1(r->archive);
  leave_utf8(before);
  if (code < ARCHIVE_WARN) return fail(r, COPSE_ERROR_UNSUPPORTED, "not an archive", error), NULL;
  r->packed = archive_filter_count(r->archive) > 1;
  if (archive_filter_count(r->archive) > 2)
    return fail_limit(r, "packed more than once, not opened: unpack the outer layer first", error), NULL;
  return g_steal_pointer(&r);
}

static void clear_member(ArchiveMember *m) {
  g_clear_pointer(&m->path, g_free);
  g_clear_pointer(&m->target, g_free);
}

void archive_reader_free(ArchiveReader *r) {
  if (!r) return;
  if (r->archive) archive_read_free(r->archive);
  if (r->utf8) freelocale(r->utf8);
  byte_source_unref(r->source);
  clear_member(&r->member);
  g_free(r->block);
  g_free(r);
}

ByteSource *archive_reader_source(const ArchiveReader *r) { return r->source; }

const ArchiveMember *archive_reader_member(const ArchiveReader *r) { return &r->member; }

uint64_t archive_reader_offset(const ArchiveReader *r) { return r->offset; }

/* --- members ---------------------------------------------------------------------------------- */

/* To skip inside a 7z is to unpack, so its members are charged for when they are passed. */
static bool is_7z(const ArchiveReader *r) { return archive_format(r->archive) == ARCHIVE_FORMAT_7ZIP; }

/* Bytes that may still come out. */
static uint64_t room(const ArchiveReader *r) {
  int64_t unpacked = r->packed ? archive_filter_bytes(r->archive, 0) : 0;
  uint64_t used = r->packed ? (uint64_t)MAX(unpacked, 0) : r->used;
  return r->budget > used ? r->budget - used : 0;
}

static const char *problem_of_type(struct archive_entry *e) {
  if (archive_entry_hardlink(e) || archive_entry_filetype(e) == AE_IFLNK) return "a link";
  switch (archive_entry_filetype(e)) {
    case AE_IFREG:
      return NULL;
    case AE_IFIFO:
      return "a FIFO, not opened";
    case AE_IFSOCK:
      return "a socket, not opened";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device, not opened";
    default:
      return "a special file, not opened";
  }
}

/* Windows' separator counts as one here: what a tool there would do with the name matters too. */
static const char *problem_of_path(const char *path) {
  unsigned depth = 1;
  if (strlen(path) > LONGEST_PATH) return "a path of more than 4,096 bytes";
  if (path[0] == '/' || path[0] == '\\' || (g_ascii_isalpha(path[0]) && path[1] == ':'))
    return "an absolute path, not opened";
  for (const char *p = path; *p; p += strcspn(p, "/\\")) {
    if (*p == '/' || *p == '\\') p++, depth++;
    if (strncmp(p, "..", 2) == 0 && (p[2] == '\0' || p[2] == '/' || p[2] == '\\'))
      return "a path that leaves the archive, not opened";
  }
  return depth > DEEPEST_PATH ? "a path of more than 64 folders" : NULL;
}

static const char *problem_of_size(const ArchiveReader *r, struct archive_entry *e) {
  if (!archive_entry_size_is_set(e) || archive_entry_size(e) < 0) return "of unknown size";
  if (r->member.start != UINT64_MAX) return NULL; /* inside the file: no more than what is there */
  bool tar = (archive_format(r->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
  bool longer = r->member.size > byte_source_size(r->source);
  if (tar && !r->packed && longer && archive_entry_sparse_count(e) == 0)
    return "larger than the archive: a download cut short?";
  return r->member.size > room(r) ? "unpacks to more than a hundred times the archive" : NULL;
}

/* "./a//b" -> "a/b". The caller frees it. */
static char *tidy(const char *path) {
  GString *out = g_string_sized_new(strlen(path) + 1);
  for (const char *p = path; *p;) {
    size_t n = strcspn(p, "/");
    bool dot = n == 0 || (n == 1 && *p == '.');
    if (!dot && out->len) g_string_append_c(out, '/');
    if (!dot) g_string_append_len(out, p, (gssize)n);
    p += n + (p[n] == '/');
  }
  return g_string_free(out, FALSE);
}

/* The name's bytes as they are; 7z has them in UTF-16, which no locale shall change. */
static const char *name_of(const ArchiveReader *r, struct archive_entry *e) {
  bool wide = is_7z(r);
  const char *name = wide ? archive_entry_pathname_utf8(e) : archive_entry_pathname(e);
  return name || wide ? name : archive_entry_pathname_utf8(e);
}

/* Where `target`, seen from the folder of `path`, leads in the archive; NULL: out of it. */
static char *resolve(const char *path, const char *target) {
  const char *slash = strrchr(path, '/');
  g_autofree char *folder = g_strndup(path, slash ? (gsize)(slash - path) : 0);
  g_autofree char *joined = g_strconcat(folder, "/", target, NULL);
  if (strlen(joined) > LONGEST_PATH || target[0] == '/' || strchr(target, '\\')) return NULL;
  g_autoptr(GPtrArray) parts = g_ptr_array_new();
  g_auto(GStrv) all = g_strsplit(joined, "/", -1);
  for (char **part = all; *part; part++) {
    if (!**part || strcmp(*part, ".") == 0) continue;
    bool up = strcmp(*part, "..") == 0;
    if (up && parts->len == 0) return NULL;
    if (up) g_ptr_array_set_size(parts, (int)parts->len - 1);
    else g_ptr_array_add(parts, *part);
  }
  g_ptr_array_add(parts, NULL);
  return g_strjoinv("/", (char **)parts->pdata);
}

/* A hard link names its target from the archive's top, a symbolic one from its own folder. */
static void take_link(ArchiveMember *m, struct archive_entry *e) {
  const char *hard = archive_entry_hardlink(e), *soft = archive_entry_symlink(e);
  if (hard && !problem_of_path(hard)) m->target = tidy(hard);
  if (!hard && soft) m->target = resolve(m->path, soft);
  if ((hard || soft) && !m->target) m->problem = "a link that leaves the archive, not followed";
}

static void take_entry(ArchiveReader *r, struct archive_entry *e) {
  ArchiveMember *m = &r->member;
  const char *name = name_of(r, e);
  clear_member(m);
  *m = (ArchiveMember){.place = r->entries - 1, .start = UINT64_MAX};
  int64_t size = archive_entry_size(e);
  m->size = size > 0 ? (uint64_t)size : 0;
  r->offset = 0;
  m->problem = name && *name ? problem_of_path(name) : "a name that cannot be read";
  m->is_harmful = m->problem != NULL;
  if (!m->problem) m->problem = problem_of_type(e);
  m->path = !m->is_harmful  ? tidy(name)
            : name && *name ? g_strndup(name, LONGEST_PATH)
                            : g_strdup_printf("?%u", m->place);
  if (!m->is_harmful) take_link(m, e);
  if (!m->problem && archive_entry_is_encrypted(e)) m->problem = "encrypted, not opened";
  if (!m->problem && !r->packed) m->start = archive_place_of_data(r->source, r->archive, e, m->size);
  if (!m->problem) m->problem = problem_of_size(r, e);
}

/* Goes past what is left of a packed member, block by block, so that one can stop. */
static bool pass_packed(ArchiveReader *r, GError **error) {
  static const char bomb[] = "unpacks to more than a hundred times its size, not read on";
  if (r->member.path && r->member.size > r->offset && r->member.size - r->offset > room(r))
    return fail_limit(r, bomb, error);
  const void *block;
  size_t n;
  la_int64_t offset;
  int code;
  while ((code = archive_read_data_block(r->archive, &block, &n, &offset)) == ARCHIVE_OK) {
    if (!progress_check(r->progress, error)) return false;
    if (room(r) == 0) return fail_limit(r, bomb, error);
  }
  return code >= ARCHIVE_WARN || fail(r, COPSE_ERROR_FORMAT, "damaged", error);
}

static bool check_limits(ArchiveReader *r, GError **error) {
  if (!progress_check(r->progress, error)) return false;
  if (r->entries >= r->limits.entries)
    return fail_limit(r, "more members than copse reads of one archive, not read on: unpack it", error);
  return !r->packed || r->entries == 0 || pass_packed(r, error);
}

/* 1: r->member is set; 2: a folder; 0: the end; -1: an error. */
static int take_step(ArchiveReader *r, GError **error) {
  struct archive_entry *e;
  int code = archive_read_next_header(r->archive, &e);
  if (code == ARCHIVE_EOF) return 0;
  if (code < ARCHIVE_WARN) {
    bool secret = archive_read_has_encrypted_entries(r->archive) > 0;
    fail(r, r->entries ? COPSE_ERROR_FORMAT : COPSE_ERROR_UNSUPPORTED,
         secret       ? "encrypted"
         : r->entries ? "damaged"
                      : "not an archive",
         error);
    return -1;
  }
  r->entries++;
  if (archive_entry_filetype(e) == AE_IFDIR) {
    clear_member(&r->member);
    return 2;
  }
  take_entry(r, e);
  if (is_7z(r)) r->used += r->member.size;
  return 1;
}

int archive_reader_next(ArchiveReader *r, GError **error) {
  int more = 2;
  while (more == 2 && check_limits(r, error)) {
    locale_t before = enter_utf8(r);
    more = take_step(r, error);
    leave_utf8(before);
  }
  return more == 2 ? -1 : more;
}

/* --- a member's bytes ------------------------------------------------------------------------- */

static bool fail_member(const ArchiveReader *r, const char *problem, GError **error) {
  g_autofree SafeText *path = safe_text(r->member.path, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s!%s: %s%s", byte_source_label(r->source), path, problem,
              damage_hint(problem));
  return false;
}

/* One read beyond the last byte makes libarchive compare the checksum. */
static bool check_end(ArchiveReader *r, GError **error) {
  char extra;
  if (r->offset < r->member.size) return true;
  la_ssize_t k = archive_read_data(r->archive, &extra, 1);
  if (k < 0) return fail(r, COPSE_ERROR_FORMAT, "damaged", error);
  return k == 0 || fail_member(r, "longer than it says", error);
}

bool archive_reader_read(ArchiveReader *r, void *dst, size_t n, GError **error) {
  unsigned char *p = dst;
  if (r->member.problem) return fail_member(r, r->member.problem, error);
  if (n > r->member.size - r->offset) return fail_member(r, "shorter than it says", error);
  if (!r->packed && !is_7z(r) && n > room(r))
    return fail_member(r, "unpacks to too much: unpack the archive first", error);
  while (n > 0) {
    la_ssize_t k = archive_read_data(r->archive, p, MIN(n, (size_t)1 << 20));
    if (k < 0) return fail(r, COPSE_ERROR_FORMAT, "damaged", error);
    if (k == 0) return fail_member(r, "shorter than it says", error);
    if (!progress_check(r->progress, error)) return false;
    r->offset += (uint64_t)k;
    if (!is_7z(r)) r->used += (uint64_t)k;
    p += k;
    n -= (size_t)k;
  }
  return check_end(r, error);
}

ArchiveReader *archive_reader_again(const ArchiveReader *old, GError **error) {
  g_autoptr(ArchiveReader) r = archive_reader_open(old->source, &old->limits, old->progress, error);
  if (!r) return NULL;
  int more;
  while ((more = archive_reader_next(r, error)) == 1)
    if (r->member.place >= old->member.place) break;
  if (more < 0) return NULL;
  if (more == 1 && r->member.size == old->member.size && strcmp(r->member.path, old->member.path) == 0)
    return g_steal_pointer(&r);
  fail_limit(old, "changed while it was read: scan again", error);
  return NULL;
}
