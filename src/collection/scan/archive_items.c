/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/scan/archive_items.h"

#include <string.h>

#include "collection/read/card.h"
#include "collection/read/model_config.h"
#include "collection/read/model_reader.h"
#include "core/error.h"
#include "weights/weight_open.h"

enum {
  MOST_ROWS = 1000,
  MOST_TEXT = 256 << 20,    /* bytes of cards and configurations that are kept */
  MOST_METADATA = 128 << 20 /* bytes of weight files' metadata */
};

static const char nested[] = "an archive in an archive, not opened";

static void item_free(void *data) {
  ArchiveItem *item = data;
  weight_summary_free(item->summary);
  if (item->text) g_bytes_unref(item->text);
  g_free(item->reason);
  g_free(item->target);
  g_free(item);
}

void archive_items_skip(ArchiveItems *s, const char *member, const char *reason) {
  if (s->skips->len >= MOST_ROWS) {
    s->left_out++;
    return;
  }
  g_autofree char *path = member ? g_strconcat(s->prefix, member, NULL) : g_strdup(s->archive);
  g_ptr_array_add(s->skips, walk_skip_new(path, reason));
}

char *archive_items_reason(const ArchiveItems *s, const GError *error, const char *member) {
  g_autofree char *label = g_strconcat(s->full, "!", member, NULL);
  const char *reason = model_reason(error, label);
  return g_strdup(reason == error->message ? model_reason(error, s->full) : reason);
}

/* --- the pass --------------------------------------------------------------------------------- */

static void take_back(void *user, ArchiveReader *reader) {
  ArchiveItems *s = user;
  s->reader = reader;
}

static uint64_t bytes_of_table(GHashTable *table) {
  GHashTableIter iter;
  gpointer key, value;
  uint64_t sum = 0;
  g_hash_table_iter_init(&iter, table);
  while (g_hash_table_iter_next(&iter, &key, &value)) sum += strlen(key) + strlen(value);
  return sum;
}

/* Lets go of metadata once an archive has too much of it in all. */
static void bound_metadata(ArchiveItems *s, WeightSummary *summary) {
  uint64_t bytes = bytes_of_table(summary->metadata);
  if (bytes <= MOST_METADATA - s->metadata) {
    s->metadata += bytes;
    return;
  }
  g_hash_table_unref(summary->metadata);
  summary->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert(summary->metadata, g_strdup("problem"), g_strdup("too much metadata in one archive: left out"));
}

/* Reads the header of a weight file. */
static void summarise(ArchiveItems *s, ArchiveItem *item, const char *path, ByteSource *source) {
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = weight_file_open_source(source, &error);
  s->opened++;
  if (!file) {
    item->reason = archive_items_reason(s, error, path);
    return;
  }
  item->summary = weight_summary_of(file);
  bound_metadata(s, item->summary);
}

/* Keeps a text: cards are cut where their reader would stop. */
static void keep_text(ArchiveItems *s, ArchiveItem *item, const char *path, ByteSource *source) {
  const size_t limit = item->use == WALK_CARD ? CARD_MAX_FRONT : CONFIG_MAX_BYTES + 1;
  size_t n = (size_t)MIN(item->size, (uint64_t)limit);
  if (n > MOST_TEXT - s->text) {
    item->reason = g_strdup("too many cards and configurations in one archive");
    return;
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *bytes = g_malloc(n + 1);
  if (!byte_source_read(source, 0, bytes, n, &error)) {
    item->reason = archive_items_reason(s, error, path);
    return;
  }
  s->text += n;
  item->text = g_bytes_new_take(g_steal_pointer(&bytes), n);
}

/* Reads what is wanted of a member. An index waits until its parts are known. */
static void take_source(ArchiveItems *s, ArchiveItem *item, const char *path, ByteSource *source) {
  bool is_archive = item->use == WALK_ARCHIVE;
  if (is_archive) item->use = WALK_WEIGHTS;
  if (item->use == WALK_WEIGHTS) summarise(s, item, path, source);
  else if (item->use != WALK_SHARD_INDEX) keep_text(s, item, path, source);
  if (!is_archive || item->summary) return;
  g_free(item->reason);
  item->reason = g_strdup(nested);
}

/* Where a Hub, Git or a Mac keeps things that are no models. */
static bool is_left_out(const char *path) {
  static const char *const folders[] = {".git/", ".no_exist/", ".locks/", "__MACOSX/"};
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
    const char *at = strstr(path, folders[i]);
    if (at && (at == path || at[-1] == '/')) return true;
  }
  return false;
}

/* Reads what is wanted of the member that the reader is at. A link is followed when all members are
 * known; what has a problem is kept with it, since another member may have the same name. */
static void take_item(ArchiveItems *s, const ArchiveMember *m, WalkUse use) {
  ArchiveItem *item = g_new0(ArchiveItem, 1);
  *item = (ArchiveItem){.use = use, .size = m->size, .target = g_strdup(m->target)};
  if (m->problem && !m->target) item->reason = g_strdup(m->problem);
  char *path = g_strdup(m->path); /* the reader may be opened anew meanwhile */
  g_hash_table_insert(s->table, path, item);
  if (m->problem) return;
  g_autofree char *label = g_strconcat(s->full, "!", path, NULL);
  g_autoptr(ByteSource) source = archive_member_source(g_steal_pointer(&s->reader), take_back, s, label);
  take_source(s, item, path, source);
}

static void take_member(ArchiveItems *s, const ArchiveMember *m) {
  const char *slash = strrchr(m->path, '/'), *name = slash ? slash + 1 : m->path;
  WalkUse use;
  if (m->is_harmful) archive_items_skip(s, m->path, m->problem);
  if (m->is_harmful || is_left_out(m->path)) return;
  if (walk_is_unfinished(name)) archive_items_skip(s, m->path, "download not finished");
  if (!file_use_of(name, &use)) return;
  ArchiveItem *old = g_hash_table_lookup(s->table, m->path);
  if (old) old->twice = true;
  else if (use == WALK_ARCHIVE && !g_str_has_suffix(name, ".zip")) archive_items_skip(s, m->path, nested);
  else take_item(s, m, use == WALK_ARCHIVE && m->problem ? WALK_WEIGHTS : use);
}

/* PyTorch's files are zips with a pickle of this name. */
static bool is_torch(const ArchiveItems *s, const char *path) {
  const char *slash = strchr(path, '/');
  return s->container == CONTAINER_ZIP && strcmp(slash ? slash + 1 : path, "data.pkl") == 0;
}

static ArchiveScanEnd pass(ArchiveItems *s) {
  g_autoptr(GError) error = NULL;
  int more;
  unsigned members = 0;
  while ((more = archive_reader_next(s->reader, &error)) == 1) {
    const ArchiveMember *m = archive_reader_member(s->reader);
    members++;
    if (is_torch(s, m->path)) return ARCHIVE_SCAN_WEIGHTS;
    take_member(s, m);
  }
  if (g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) return ARCHIVE_SCAN_STOPPED;
  if (more < 0) {
    g_autofree char *reason = g_strdup_printf("%s (after %u members)", model_reason(error, s->full), members);
    archive_items_skip(s, NULL, members ? reason : model_reason(error, s->full));
  }
  return ARCHIVE_SCAN_DONE;
}

/* --- after the pass --------------------------------------------------------------------------- */

/* Members that came twice are nobody's: one program would read the first, another the last. */
static void drop_doubles(ArchiveItems *s) {
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, s->table);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    if (!((ArchiveItem *)value)->twice) continue;
    archive_items_skip(s, key, "appears twice in the archive, neither is read");
    g_hash_table_iter_remove(&iter);
  }
}

typedef struct {
  const char *path; /* borrowed from the items */
  ArchiveItem *item;
} Link;

static int by_target(const void *a, const void *b) {
  return strcmp(((const Link *)a)->item->target, ((const Link *)b)->item->target);
}

/* A Hub cache is made of links: those that lead to a member of the archive are followed. */
static void follow_link(ArchiveItems *s, const Link *link) {
  g_autofree char *label = g_strconcat(s->full, "!", link->path, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(ByteSource) source = archive_cache_open(s->cache, s->full, link->path, label, &error);
  if (source) {
    link->item->size = byte_source_size(source);
    take_source(s, link->item, link->path, source);
    return;
  }
  g_autofree SafeText *target = safe_text(link->item->target, -1);
  g_autofree char *reason = g_strdup_printf("a link to %s: %s", target, model_reason(error, label));
  archive_items_skip(s, link->path, reason);
  g_hash_table_remove(s->table, link->path);
}

static void follow_links(ArchiveItems *s) {
  g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(Link));
  GHashTableIter iter;
  gpointer path, item;
  g_hash_table_iter_init(&iter, s->table);
  while (g_hash_table_iter_next(&iter, &path, &item)) {
    Link link = {path, item};
    if (link.item->target) g_array_append_val(links, link);
  }
  g_array_sort(links, by_target);
  for (guint i = 0; i < links->len; i++) follow_link(s, &g_array_index(links, Link, i));
}

/* --- the whole -------------------------------------------------------------------------------- */

/* A zip that a reader of weights takes is a weight file. */
static bool is_weights(const ArchiveItems *s) {
  if (s->container != CONTAINER_ZIP) return s->container == CONTAINER_NONE;
  g_autoptr(WeightFile) file = weight_file_open_source(s->source, NULL);
  return file != NULL;
}

void archive_items_init(ArchiveItems *s, const char *root, const char *archive, GPtrArray *skips) {
  *s = (ArchiveItems){.archive = archive,
                      .skips = skips,
                      .full = g_build_filename(root, archive, NULL),
                      .prefix = g_strconcat(archive, "!", NULL),
                      .cache = archive_cache_new()};
  s->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, item_free);
}

void archive_items_clear(ArchiveItems *s) {
  archive_reader_free(s->reader);
  byte_source_unref(s->source);
  archive_cache_unref(s->cache);
  g_hash_table_unref(s->table);
  g_free(s->full);
  g_free(s->prefix);
}

ArchiveScanEnd archive_items_read(ArchiveItems *s, const ArchiveLimits *limits, const Progress *progress) {
  g_autoptr(GError) error = NULL;
  s->source = byte_source_open(s->full, &error);
  if (s->source) {
    s->container = archive_kind_sniff(s->source);
    if (is_weights(s)) return ARCHIVE_SCAN_WEIGHTS;
    s->reader = archive_reader_open(s->source, limits, progress, &error);
  }
  if (!s->reader) {
    archive_items_skip(s, NULL, model_reason(error, s->full));
    return ARCHIVE_SCAN_DONE;
  }
  ArchiveScanEnd end = pass(s);
  if (end != ARCHIVE_SCAN_DONE) return end;
  drop_doubles(s);
  follow_links(s);
  return end;
}
