/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/collection.h"

#include <string.h>

#include "collection/read/archive_weights.h"
#include "collection/catalog/catalog.h"
#include "collection/scan/scan.h"
#include "collection/collection_team.h"
#include "collection/walk/places.h"
#include "core/error.h"
#include "core/files.h"
#include "weights/packed/packed.h"
#include "weights/weight_open.h"

struct Collection {
  Places places;
  char *state; /* NULL: none on disk */
  char *whole; /* the folder that a shard's state lies in; else the same as `state`: not walked */
  bool read_only;
  char *trouble; /* why nothing can be written, or NULL; set once */
  unsigned threads;
  Team *team; /* borrowed, or NULL */
  Shard shard;
  Catalog *catalog;
  ArchiveCache *archives;
  GMutex scanning; /* one scan at a time */
};

/* The name of the folder or file in letters that no shell minds, and a hash that tells equal names apart. */
static char *state_name(const Places *places) {
  const char *identity = places->identity;
  g_autofree char *base = g_path_get_basename(strchr(identity, '\n') ? places->root : identity);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1);
  if (strlen(base) > 48) base[48] = '\0';
  for (char *p = base; *p; p++)
    if (!g_ascii_isalnum(*p) && !strchr("-_", *p)) *p = '_';
  return g_strdup_printf("%s-%.12s", base, hash);
}

/* By the XDG rules a relative XDG_STATE_HOME counts as none. */
static char *default_state(const Places *places) {
  const char *home = g_getenv("XDG_STATE_HOME");
  g_autofree char *name = state_name(places);
  if (home && g_path_is_absolute(home)) return g_build_filename(home, "copse", name, NULL);
  return g_build_filename(g_get_home_dir(), ".local", "state", "copse", name, NULL);
}

static bool open_catalog(Collection *c, GError **error) {
  g_autofree char *path = c->state && team_leads(c->team) ? g_build_filename(c->state, "catalog.db", NULL) : NULL;
  c->catalog = c->read_only ? catalog_open_copy(path, error) : catalog_open(path, error);
  return c->catalog != NULL;
}

/* One state belongs to one collection: what is kept for another must not answer for this one. */
static bool own_state(Collection *c, GError **error) {
  const char *real = c->places.identity;
  g_autoptr(GBytes) owner = collection_get(c, "collection", "root", NULL);
  size_t n = strlen(real) + 1;
  if (owner && g_bytes_get_size(owner) == n && memcmp(g_bytes_get_data(owner, NULL), real, n) == 0) return true;
  if (owner) {
    g_autofree SafeText *other = safe_text(g_bytes_get_data(owner, NULL), (gssize)g_bytes_get_size(owner) - 1);
    g_autofree SafeText *state = safe_text(c->state, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE,
                "the state in %s was made for %s: choose another folder with --state", state, other);
    return false;
  }
  if (c->read_only) return true;
  g_autoptr(GBytes) root = g_bytes_new(real, n);
  collection_put(c, "collection", "root", root, NULL);
  return true;
}

/* What runs that were killed left half written. */
static void drop_leftovers(const Collection *c) {
  static const char *const folders[] = {"experts", "training", "representations"};
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
    g_autofree char *path = g_build_filename(c->state, folders[i], NULL);
    dir_drop_leftovers(path);
  }
}

/* A state folder that cannot be made for reasons that may pass. */
static bool make_state(const Collection *c, GError **error) {
  if (dir_make(c->state, error)) return true;
  bool may_pass = errno == ENOSPC || errno == EROFS || errno == EACCES || errno == EDQUOT || errno == EPERM;
  if (may_pass && error && *error) (*error)->code = COPSE_ERROR_NOT_STORED;
  return false;
}

static bool is_not_stored(const GError *error) { return g_error_matches(error, COPSE_ERROR, COPSE_ERROR_NOT_STORED); }

/* The first trouble is the one that is told. */
static void note_trouble(Collection *c, const GError *why) {
  if (!c->trouble) c->trouble = g_strdup_printf("%s; what is found now is not kept", why->message);
}

/* Goes on without writing: what the catalog has is taken into memory. */
static bool become_read_only(Collection *c, const GError *why, GError **error) {
  c->read_only = true;
  note_trouble(c, why);
  if (!g_file_test(c->state, G_FILE_TEST_IS_DIR)) g_clear_pointer(&c->state, g_free);
  Catalog *before = g_steal_pointer(&c->catalog);
  bool ok = open_catalog(c, error);
  catalog_free(before);
  return ok;
}

static bool open_state(Collection *c, GError **error) {
  g_autoptr(GError) problem = NULL;
  if ((c->read_only || make_state(c, &problem)) && open_catalog(c, &problem)) return true;
  if (!c->read_only && is_not_stored(problem)) return become_read_only(c, problem, error);
  g_propagate_error(error, g_steal_pointer(&problem));
  return false;
}

/* A part's state lies in the whole's. */
static void enter_shard(Collection *c) {
  g_autofree char *whole = c->state, *name = g_strdup_printf("shard-%u-of-%u", c->shard.part, c->shard.parts);
  c->state = g_build_filename(whole, name, NULL);
}

Collection *collection_open(const char *root, const CollectionOptions *options, GError **error) {
  return collection_open_shared(root, options, NULL, error);
}

Collection *collection_open_shared(const char *root, const CollectionOptions *options, Team *team, GError **error) {
  static const CollectionOptions defaults = {0};
  if (!options) options = &defaults;
  g_autoptr(Collection) c = g_new0(Collection, 1);
  g_mutex_init(&c->scanning);
  c->archives = archive_cache_new();
  c->team = team;
  c->read_only = options->read_only || !team_leads(c->team);
  c->threads = options->threads;
  c->shard = options->shard;
  if (!places_resolve(root, options->more, &c->places, error)) return NULL;
  c->state = options->state ? g_canonicalize_filename(options->state, NULL) : default_state(&c->places);
  c->whole = g_strdup(c->state);
  if (c->shard.parts > 1) enter_shard(c);
  if (options->read_only && !g_file_test(c->state, G_FILE_TEST_IS_DIR)) g_clear_pointer(&c->state, g_free);
  if (!open_state(c, error) || !own_state(c, error)) return NULL;
  if (!c->read_only) drop_leftovers(c);
  return g_steal_pointer(&c);
}

void collection_free(Collection *c) {
  if (!c) return;
  catalog_free(c->catalog);
  g_free(c->trouble);
  archive_cache_unref(c->archives);
  g_mutex_clear(&c->scanning);
  places_clear(&c->places);
  g_free(c->state);
  g_free(c->whole);
  g_free(c);
}

const char *collection_root(const Collection *c) { return c->places.root; }

const GPtrArray *collection_places(const Collection *c) { return c->places.list; }

const char *collection_state(const Collection *c) { return c->state; }

bool collection_is_read_only(const Collection *c) { return c->read_only; }

Team *collection_team(const Collection *c) { return c->team; }

Team *collection_set_team(Collection *c, Team *team) {
  Team *before = c->team;
  c->team = team;
  return before;
}

const char *collection_trouble(const Collection *c) { return c->trouble; }

static bool scan_with(Collection *c, Team *team, const Progress *progress, ScanSummary *summary, GError **error) {
  return scan_run(c->catalog, c->places.root, c->places.list, c->whole, c->shard, c->threads, team, progress, summary,
                  error);
}

/* Once more from nothing when the catalog turns out to be damaged. Call with `scanning` held. */
static bool scan(Collection *c, Team *team, const Progress *progress, ScanSummary *summary, GError **error) {
  g_autoptr(GError) first = NULL;
  if (scan_with(c, team, progress, summary, &first)) return true;
  bool damaged = catalog_is_damaged(c->catalog);
  if (!damaged && (c->read_only || !is_not_stored(first))) {
    g_propagate_error(error, g_steal_pointer(&first));
    return false;
  }
  return (damaged ? catalog_rebuild(c->catalog, error) : become_read_only(c, first, error)) &&
         scan_with(c, NULL, progress, summary, error);
}

/* Every rank ends with the leader's models. */
static bool share_catalog(Collection *c, GError **error) {
  g_autoptr(GBytes) mine = team_leads(c->team) ? catalog_pack(c->catalog, error) : NULL;
  if (team_leads(c->team) && !mine) return false;
  g_autoptr(GBytes) packed = team_share(c->team, mine, error);
  return packed && (team_leads(c->team) || catalog_unpack(c->catalog, packed, error));
}

bool collection_scan(Collection *c, const Progress *progress, ScanSummary *summary, GError **error) {
  g_mutex_lock(&c->scanning);
  bool ok = scan(c, c->team, progress, summary, error);
  if (ok && team_is_several(c->team)) ok = share_catalog(c, error);
  g_mutex_unlock(&c->scanning);
  return ok;
}

GPtrArray *collection_models(Collection *c, GError **error) {
  g_autoptr(GError) first = NULL;
  GPtrArray *models = catalog_models(c->catalog, &first);
  if (models) return models;
  if (!catalog_is_damaged(c->catalog)) {
    g_propagate_error(error, g_steal_pointer(&first));
    return NULL;
  }
  g_mutex_lock(&c->scanning);
  /* Another thread may have rebuilt it while we waited. */
  bool ok = (!catalog_is_damaged(c->catalog) || catalog_rebuild(c->catalog, error)) && scan(c, NULL, NULL, NULL, error);
  g_mutex_unlock(&c->scanning);
  return ok ? catalog_models(c->catalog, error) : NULL;
}

static void skipped_free(void *data) {
  Skipped *s = data;
  g_free(s->path);
  g_free(s->reason);
  g_free(s);
}

GPtrArray *collection_skipped(Collection *c, GError **error) {
  g_autoptr(GPtrArray) rows = catalog_skipped(c->catalog, error);
  if (!rows) return NULL;
  GPtrArray *out = g_ptr_array_new_with_free_func(skipped_free);
  for (guint i = 0; i < rows->len; i++) {
    const WalkSkip *row = rows->pdata[i];
    Skipped *s = g_new(Skipped, 1);
    *s = (Skipped){safe_text(row->path, -1), safe_text(row->reason, -1)};
    g_ptr_array_add(out, s);
  }
  return out;
}

static WeightFile *open_weights(const Collection *c, const Model *model, GError **error) {
  g_autofree char *path = g_build_filename(c->places.root, model->file, NULL);
  const char *member;
  g_autofree char *archive = archive_of_path(c->places.root, model->file, &member);
  if (!archive) return weight_file_open(path, error);
  g_autofree char *full = g_build_filename(c->places.root, archive, NULL);
  return archive_weights_open(c->archives, full, member, path, error);
}

WeightFile *collection_open_weights(const Collection *c, const Model *model, GError **error) {
  WeightFile *file = open_weights(c, model, error);
  const char *heads = file ? model_value(model, MODEL_HEADS) : NULL;
  guint64 n;
  if (heads && g_ascii_string_to_unsigned(heads, 10, 1, 1 << 16, &n, NULL)) weight_file_set_heads(file, n);
  if (file && g_strcmp0(model_value(model, MODEL_PACKING), "gptq_v2") == 0) packed_say_zeros_are_whole(file);
  return file;
}

bool collection_merge(Collection *c, const char *state, GError **error) {
  g_autofree char *path = g_build_filename(state, "catalog.db", NULL);
  g_autoptr(GBytes) root = collection_get(c, "collection", "root", error);
  if (c->read_only && error && !*error)
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, "states are joined by writing: not --read-only");
  return root && !c->read_only && catalog_merge(c->catalog, path, g_bytes_get_data(root, NULL), error);
}

GPtrArray *collection_files(Collection *c, const Model *model, GError **error) {
  return catalog_files_of(c->catalog, model->path, error);
}

bool collection_store_trees(Collection *c, const GPtrArray *models, const int *trees, GError **error) {
  g_autoptr(GError) problem = NULL;
  if (catalog_store_trees(c->catalog, models, trees, &problem)) return true;
  if (c->read_only || !is_not_stored(problem)) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
  }
  g_mutex_lock(&c->scanning); /* the trees are known to who asked, if to nobody after him */
  note_trouble(c, problem);
  g_mutex_unlock(&c->scanning);
  return true;
}

/* What a user said cannot be made again, as a catalog can: it lies in a file of its own. NULL: the catalog's. */
static char *kept_file(const Collection *c, const char *space, const char *key) {
  if (!c->state || strcmp(space, COLLECTION_KEPT) != 0) return NULL;
  g_autofree char *name = g_strconcat("kept-", key, NULL);
  return g_build_filename(c->state, g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-", '_'), NULL);
}

bool collection_put(Collection *c, const char *space, const char *key, GBytes *value, GError **error) {
  g_autofree char *file = c->read_only ? NULL : kept_file(c, space, key);
  if (file) return file_write_bytes(file, g_bytes_get_data(value, NULL), g_bytes_get_size(value), error);
  return catalog_put(c->catalog, space, key, value, error);
}

GBytes *collection_get(Collection *c, const char *space, const char *key, GError **error) {
  enum { MOST = 1 << 20 };
  g_autofree char *file = kept_file(c, space, key);
  size_t n = 0;
  char *text = file ? file_read_small(file, MOST, &n, NULL) : NULL;
  return text ? g_bytes_new_take(text, n) : catalog_get(c->catalog, space, key, error);
}
