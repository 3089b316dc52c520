/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/archive_scan.h"

#include <string.h>

#include "collection/archive_weights.h"
#include "collection/card.h"
#include "collection/container.h"
#include "collection/model_config.h"
#include "collection/model_reader.h"
#include "core/error.h"

enum {
  MOST_ROWS = 1000,
  MOST_TEXT = 256 << 20,    /* bytes of cards and configurations that are kept */
  MOST_METADATA = 128 << 20 /* bytes of weight files' metadata */
};

/* A member of interest, or one that was left out. */
typedef struct {
  WalkUse use;
  uint64_t size;
  WeightSummary *summary; /* of weights */
  GBytes *text;           /* of what lies beside them */
  char *reason;           /* why there is neither */
  bool twice;
} Item;

typedef struct {
  const char *archive;   /* relative to the root */
  char *full, *prefix;   /* "ROOT/a.tar", "a.tar!" */
  ByteSource *source;
  ArchiveReader *reader; /* NULL while a member's source has it */
  Container container;
  GHashTable *items;     /* path -> Item */
  GPtrArray *skips;      /* of WalkSkip, borrowed */
  unsigned left_out;     /* rows beyond MOST_ROWS */
  uint64_t text, metadata;
  ArchiveCache *cache;   /* for models in parts; NULL: not needed yet */
  unsigned opened, models;
} Scan;

static const char nested[] = "an archive in an archive, not opened";

static void item_free(void *data) {
  Item *item = data;
  weight_summary_free(item->summary);
  if (item->text) g_bytes_unref(item->text);
  g_free(item->reason);
  g_free(item);
}

/* `member` NULL: the archive itself. */
static void add_row(Scan *s, const char *member, const char *reason) {
  if (s->skips->len >= MOST_ROWS) {
    s->left_out++;
    return;
  }
  g_autofree char *path = member ? g_strconcat(s->prefix, member, NULL) : g_strdup(s->archive);
  g_ptr_array_add(s->skips, walk_skip_new(path, reason));
}

/* The message without the member's or the archive's name in front. The caller frees it. */
static char *reason_of(const Scan *s, const GError *error, const char *member) {
  g_autofree char *label = g_strconcat(s->full, "!", member, NULL);
  const char *reason = model_reason(error, label);
  return g_strdup(reason == error->message ? model_reason(error, s->full) : reason);
}

/* What a member may be. Other archives are not opened, but a zip may be a weight file. */
static bool use_of(const ArchiveMember *m, WalkUse *use, bool *is_zip) {
  const char *slash = strrchr(m->path, '/'), *name = slash ? slash + 1 : m->path;
  *is_zip = g_str_has_suffix(name, ".zip");
  return walk_use_of(name, use);
}

/* --- the pass --------------------------------------------------------------------------------- */

static void take_back(void *user, ArchiveReader *reader) { ((Scan *)user)->reader = reader; }

static uint64_t bytes_of_table(GHashTable *table) {
  GHashTableIter iter;
  gpointer key, value;
  uint64_t sum = 0;
  g_hash_table_iter_init(&iter, table);
  while (g_hash_table_iter_next(&iter, &key, &value)) sum += strlen(key) + strlen(value);
  return sum;
}

/* Lets go of metadata once an archive has too much of it in all. */
static void bound_metadata(Scan *s, WeightSummary *summary) {
  uint64_t bytes = bytes_of_table(summary->metadata);
  if (bytes <= MOST_METADATA - s->metadata) {
    s->metadata += bytes;
    return;
  }
  g_hash_table_unref(summary->metadata);
  summary->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert(summary->metadata, g_strdup("problem"),
                      g_strdup("too much metadata in one archive: left out"));
}

/* Reads the header of the weight file that the reader is at. */
static void summarise(Scan *s, Item *item, const char *path) {
  g_autofree char *label = g_strconcat(s->full, "!", path, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(ByteSource) source =
      archive_member_source(g_steal_pointer(&s->reader), take_back, s, label);
  g_autoptr(WeightFile) file = weight_file_open_source(source, &error);
  s->opened++;
  if (!file) {
    item->reason = reason_of(s, error, path);
    return;
  }
  item->summary = weight_summary_of(file);
  bound_metadata(s, item->summary);
}

/* Keeps the text that the reader is at: cards are cut where their reader would stop. */
static void keep_text(Scan *s, Item *item, const char *path) {
  const size_t limit = item->use == WALK_CARD ? CARD_MAX_FRONT : CONFIG_MAX_BYTES + 1;
  size_t n = (size_t)MIN(item->size, (uint64_t)limit);
  if (n > MOST_TEXT - s->text) {
    item->reason = g_strdup("too many cards and configurations in one archive");
    return;
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *bytes = g_malloc(n + 1);
  if (!archive_reader_read(s->reader, bytes, n, &error)) {
    item->reason = reason_of(s, error, path);
    return;
  }
  s->text += n;
  item->text = g_bytes_new_take(g_steal_pointer(&bytes), n);
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

/* Reads what is wanted of a member, whose path it takes. */
static void take_item(Scan *s, char *path, WalkUse use, uint64_t size) {
  Item *item = g_new0(Item, 1);
  *item = (Item){.use = use, .size = size};
  if (use == WALK_WEIGHTS || use == WALK_ARCHIVE)
    summarise(s, item, path);
  else if (use != WALK_SHARD_INDEX)
    keep_text(s, item, path);
  if (use == WALK_ARCHIVE) {
    item->use = WALK_WEIGHTS;
    g_free(item->reason);
    item->reason = item->summary ? NULL : g_strdup(nested);
  }
  g_hash_table_insert(s->items, path, item);
}

static void take_member(Scan *s, const ArchiveMember *m) {
  WalkUse use;
  bool is_zip;
  if (is_left_out(m->path)) return;
  if (walk_is_unfinished(m->path)) add_row(s, m->path, "download not finished");
  if (!use_of(m, &use, &is_zip)) return;
  Item *old = g_hash_table_lookup(s->items, m->path);
  if (use == WALK_ARCHIVE && !is_zip)
    add_row(s, m->path, nested);
  else if (old)
    old->twice = true;
  else /* a copy: the reader may be opened anew meanwhile */
    take_item(s, g_strdup(m->path), use, m->size);
}

/* PyTorch's files are zips with a pickle of this name. */
static bool is_torch(const Scan *s, const char *path) {
  const char *slash = strchr(path, '/');
  return s->container == CONTAINER_ZIP && strcmp(slash ? slash + 1 : path, "data.pkl") == 0;
}

/* Problems are worth a row where a model could have been, and where somebody means harm. */
static bool is_worth_row(const ArchiveMember *m) {
  WalkUse use;
  bool is_zip;
  return m->is_harmful || (use_of(m, &use, &is_zip) && use != WALK_CARD);
}

static ArchiveScanEnd pass(Scan *s) {
  g_autoptr(GError) error = NULL;
  int more;
  unsigned members = 0;
  while ((more = archive_reader_next(s->reader, &error)) == 1) {
    const ArchiveMember *m = archive_reader_member(s->reader);
    members++;
    if (is_torch(s, m->path)) return ARCHIVE_SCAN_WEIGHTS;
    if (!m->problem)
      take_member(s, m);
    else if (is_worth_row(m))
      add_row(s, m->path, m->problem);
  }
  if (g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) return ARCHIVE_SCAN_STOPPED;
  if (more < 0) {
    g_autofree char *reason = g_strdup_printf("%s (after %u members)",
                                              model_reason(error, s->full), members);
    add_row(s, NULL, members ? reason : model_reason(error, s->full));
  }
  return ARCHIVE_SCAN_DONE;
}

/* --- from members to models ------------------------------------------------------------------- */

/* Members that came twice are nobody's: one program would read the first, another the last. */
static void drop_doubles(Scan *s) {
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, s->items);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    if (!((Item *)value)->twice) continue;
    add_row(s, key, "appears twice in the archive, neither is read");
    g_hash_table_iter_remove(&iter);
  }
}

static int by_path(const void *a, const void *b) {
  return strcmp((*(WalkFolder *const *)a)->path, (*(WalkFolder *const *)b)->path);
}

static WalkFolder *folder_of(Walk *walk, GHashTable *folders, const char *path) {
  const char *slash = strrchr(path, '/');
  g_autofree char *name = g_strndup(path, slash ? (gsize)(slash - path) : 0);
  WalkFolder *folder = g_hash_table_lookup(folders, name);
  if (folder) return folder;
  folder = walk_folder_new(name);
  g_hash_table_insert(folders, folder->path, folder);
  g_ptr_array_add(walk->folders, folder);
  return folder;
}

/* What a walk over the archive's folders would have found. */
static Walk *walk_of(const Scan *s) {
  Walk *walk = walk_new();
  g_autoptr(GHashTable) folders = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, s->items);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const char *path = key, *slash = strrchr(path, '/');
    const Item *item = value;
    FileStamp stamp = {.size = item->size};
    walk_folder_add(folder_of(walk, folders, path), slash ? slash + 1 : path, item->use, stamp);
  }
  for (guint i = 0; i < walk->folders->len; i++) walk_folder_sort(walk->folders->pdata[i]);
  g_ptr_array_sort(walk->folders, by_path);
  return walk;
}

static Item *item_at(const Scan *s, const char *path) {
  return g_hash_table_lookup(s->items, path + strlen(s->prefix));
}

/* A model in parts: only now are all of them known. */
static WeightSummary *summarise_parts(Scan *s, const FileRef *ref, char **reason) {
  const char *member = ref->path + strlen(s->prefix);
  g_autofree char *label = g_strconcat(s->full, "!", member, NULL);
  g_autoptr(GError) error = NULL;
  if (!s->cache) s->cache = archive_cache_new();
  g_autoptr(WeightFile) file = archive_weights_open(s->cache, s->full, member, label, &error);
  s->opened++;
  if (file) return weight_summary_of(file);
  *reason = reason_of(s, error, member);
  return NULL;
}

static WeightSummary *item_weights(void *user, const FileRef *ref, char **reason) {
  Scan *s = user;
  Item *item = item_at(s, ref->path);
  if (item && item->use == WALK_SHARD_INDEX) return summarise_parts(s, ref, reason);
  if (ref->parts > 1)
    *reason = g_strdup_printf("a model in %u parts without an index, in an archive: unpack it",
                              ref->parts);
  else if (item && item->summary)
    return g_steal_pointer(&item->summary);
  else
    *reason = g_strdup(item && item->reason ? item->reason : "not in the archive");
  return NULL;
}

static GBytes *item_text(void *user, const char *path, size_t limit, GError **error) {
  const Item *item = item_at(user, path);
  (void)limit; /* what was kept is no longer than that */
  if (item && item->text) return g_bytes_ref(item->text);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s",
              item && item->reason ? item->reason : "not in the archive");
  return NULL;
}

static ArchiveScanEnd pass_on(Scan *s, ArchiveFound found, void *user) {
  g_autoptr(Walk) walk = walk_of(s);
  g_autofree char *stem = container_stem(s->full);
  g_autoptr(GPtrArray) candidates = candidates_from_walk(walk, stem);
  const ModelFiles files = {.weights = item_weights, .text = item_text, .user = s};
  for (guint i = 0; i < candidates->len; i++) {
    Candidate *c = candidates->pdata[i];
    g_autoptr(GPtrArray) skips = g_ptr_array_new_with_free_func(walk_skip_free);
    candidate_move_into(c, s->prefix);
    Model *model = model_assemble(&files, c, skips);
    for (guint k = 0; k < skips->len; k++) {
      const WalkSkip *skip = skips->pdata[k];
      add_row(s, skip->path + strlen(s->prefix), skip->reason);
    }
    if (!model) continue;
    s->models++;
    if (!found(user, model)) return ARCHIVE_SCAN_STOPPED;
  }
  return ARCHIVE_SCAN_DONE;
}

static void add_last_rows(Scan *s) {
  if (s->models == 0 && s->skips->len == 0) add_row(s, NULL, "an archive without weight files");
  if (s->left_out == 0) return;
  g_autofree char *reason = g_strdup_printf("%u more members were left out", s->left_out);
  g_ptr_array_add(s->skips, walk_skip_new(s->archive, reason));
}

/* --- the whole -------------------------------------------------------------------------------- */

/* A zip that a reader of weights takes is a weight file. */
static bool is_weights(const Scan *s) {
  if (s->container != CONTAINER_ZIP) return s->container == CONTAINER_NONE;
  g_autoptr(WeightFile) file = weight_file_open_source(s->source, NULL);
  return file != NULL;
}

static ArchiveScanEnd scan(Scan *s, const ArchiveLimits *limits, const Progress *progress,
                           ArchiveFound found, void *user) {
  g_autoptr(GError) error = NULL;
  s->source = byte_source_open(s->full, &error);
  if (s->source) {
    s->container = container_sniff(s->source);
    if (is_weights(s)) return ARCHIVE_SCAN_WEIGHTS;
    s->reader = archive_reader_open(s->source, limits, progress, &error);
  }
  if (!s->reader) {
    add_row(s, NULL, model_reason(error, s->full));
    return ARCHIVE_SCAN_DONE;
  }
  ArchiveScanEnd end = pass(s);
  if (end != ARCHIVE_SCAN_DONE) return end;
  drop_doubles(s);
  end = pass_on(s, found, user);
  if (end == ARCHIVE_SCAN_DONE) add_last_rows(s);
  return end;
}

ArchiveScanEnd archive_scan(const char *root, const Candidate *c, const ArchiveLimits *limits,
                            const Progress *progress, ArchiveFound found, void *user,
                            GPtrArray *skips, unsigned *opened) {
  const char *path = g_array_index(c->weights, FileRef, 0).path;
  Scan s = {.archive = path, .skips = skips,
            .full = g_build_filename(root, path, NULL), .prefix = g_strconcat(path, "!", NULL),
            .items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, item_free)};
  ArchiveScanEnd end = scan(&s, limits, progress, found, user);
  if (end == ARCHIVE_SCAN_WEIGHTS) g_ptr_array_set_size(skips, 0);
  *opened += s.opened;
  archive_reader_free(s.reader);
  byte_source_unref(s.source);
  archive_cache_unref(s.cache);
  g_hash_table_unref(s.items);
  g_free(s.full);
  g_free(s.prefix);
  return end;
}
