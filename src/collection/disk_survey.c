/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/disk_survey.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "collection/inode_key.h"
#include "collection/walk/file_use.h"
#include "collection/walk/hub_layout.h"
#include "core/error.h"

const char *disk_kind_name(DiskKind kind) {
  static const char *const names[DISK_KINDS] = {"weights", "unfinished", "old", "orphaned", "other"};
  return names[kind];
}

const char *disk_kind_text(DiskKind kind) {
  static const char *const says[DISK_KINDS] = {"weight files", "downloads that were cut short",
                                               "revisions that are not read", "blobs that no revision leads to",
                                               "everything else"};
  return says[kind];
}

typedef struct {
  InodeKey key; /* first: it is what the table compares */
  uint64_t bytes;
  char *path; /* the first that led to it, relative to the root */
  bool counted, blob;
  bool by_read, by_old; /* a revision that is read leads to it; another does */
  DiskKind kind;
} Inode;

typedef struct {
  const char *root;
  size_t root_bytes;   /* of its name and the slash */
  GHashTable *inodes;  /* Inode, owned, as a set */
  GHashTable *read;    /* paths of the snapshots that models are read from */
  GHashTable *touched; /* paths of repositories that any model is read from */
} Survey;

static void inode_free(gpointer p) {
  g_free(((Inode *)p)->path);
  g_free(p);
}

static Inode *inode_of(Survey *s, const struct stat *st) {
  Inode fresh = {.key = inode_key_of(st)};
  Inode *i = g_hash_table_lookup(s->inodes, &fresh.key);
  if (i) return i;
  i = g_memdup2(&fresh, sizeof fresh);
  g_hash_table_add(s->inodes, i);
  return i;
}

static void note_models(Survey *s, const GPtrArray *models) {
  for (guint i = 0; i < models->len; i++) {
    char *repository = NULL;
    char *snapshot = hub_snapshot_of_path(((const Model *)models->pdata[i])->file, &repository);
    if (!snapshot) continue;
    g_hash_table_add(s->read, snapshot);
    g_hash_table_add(s->touched, repository);
  }
}

/* True where the path lies in a revision that another of its repository is read instead of. */
static bool is_old(const Survey *s, const char *path) {
  g_autofree char *repository = NULL, *snapshot = hub_snapshot_of_path(path, &repository);
  return snapshot && g_hash_table_contains(s->touched, repository) && !g_hash_table_contains(s->read, snapshot);
}

static DiskKind kind_of(const Survey *s, const char *path, const char *name) {
  WalkUse use;
  if (walk_is_unfinished(name)) return DISK_UNFINISHED;
  if (is_old(s, path)) return DISK_OLD;
  if (hub_is_blob(path)) return DISK_WEIGHTS; /* until it is known who leads to it */
  bool weights = file_use_of(name, &use) && (use == WALK_WEIGHTS || use == WALK_ARCHIVE);
  return weights ? DISK_WEIGHTS : DISK_OTHER;
}

/* A link of a revision: what it leads to belongs to that revision. */
static void note_link(Survey *s, const FTSENT *e, const char *path) {
  struct stat st;
  g_autofree char *repository = NULL, *snapshot = hub_snapshot_of_path(path, &repository);
  if (!snapshot || stat(e->fts_accpath, &st) != 0 || !S_ISREG(st.st_mode)) return;
  Inode *i = inode_of(s, &st);
  if (is_old(s, path)) i->by_old = true;
  else i->by_read = true;
}

static void note_entry(Survey *s, const FTSENT *e) {
  const char *path = e->fts_pathlen > s->root_bytes ? e->fts_path + s->root_bytes : "";
  Inode *i = inode_of(s, e->fts_statp);
  if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE) note_link(s, e, path);
  if (i->counted) return; /* another name of it */
  i->counted = true;
  i->bytes = inode_bytes(e->fts_statp);
  i->kind = e->fts_info == FTS_F ? kind_of(s, path, e->fts_name) : DISK_OTHER;
  i->blob = e->fts_info == FTS_F && hub_is_blob(path);
  i->path = g_strdup(path);
}

/* What fts begins with; ended by NULL. */
static GPtrArray *beginnings(const char *root, const GPtrArray *places) {
  GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; places && i < places->len; i++)
    g_ptr_array_add(out, g_build_filename(root, places->pdata[i], NULL));
  if (!places) g_ptr_array_add(out, g_strdup(root));
  g_ptr_array_add(out, NULL);
  return out;
}

static bool walk(Survey *s, const GPtrArray *places, GError **error) {
  g_autoptr(GPtrArray) from = beginnings(s->root, places);
  FTS *fts = fts_open((char *const *)from->pdata, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
  bool entered = false;
  for (FTSENT *e; fts && (e = fts_read(fts));) {
    if (e->fts_info == FTS_DP || e->fts_info == FTS_NS || e->fts_info == FTS_ERR) continue;
    entered |= places || e->fts_info == FTS_D;
    note_entry(s, e);
  }
  int code = errno;
  if (fts) fts_close(fts);
  if (!entered) g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: cannot be entered: %s", s->root, g_strerror(code));
  return entered;
}

/* Of a blob, who leads to it decides. */
static DiskKind settled(const Inode *i) {
  if (!i->blob || i->kind != DISK_WEIGHTS || i->by_read) return i->kind;
  return i->by_old ? DISK_OLD : DISK_ORPHANED;
}

static int by_text(gconstpointer a, gconstpointer b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static DiskSurvey *sum_up(Survey *s) {
  DiskSurvey *out = g_new0(DiskSurvey, 1);
  GHashTableIter iter;
  gpointer key;
  for (int k = 0; k < DISK_KINDS; k++) out->paths[k] = g_ptr_array_new_with_free_func(g_free);
  for (g_hash_table_iter_init(&iter, s->inodes); g_hash_table_iter_next(&iter, &key, NULL);) {
    const Inode *i = key;
    DiskKind kind = settled(i);
    if (!i->counted) continue; /* a link leads out of the folder */
    out->bytes[kind] += i->bytes;
    if (kind != DISK_WEIGHTS && kind != DISK_OTHER) g_ptr_array_add(out->paths[kind], g_strdup(i->path));
  }
  for (int k = 0; k < DISK_KINDS; k++) g_ptr_array_sort(out->paths[k], by_text);
  return out;
}

DiskSurvey *disk_survey_new(const char *root, const GPtrArray *places, const GPtrArray *models, GError **error) {
  Survey s = {.root = root, .root_bytes = strlen(root) + (strcmp(root, "/") != 0)};
  s.inodes = g_hash_table_new_full(inode_key_hash, inode_key_equal, inode_free, NULL);
  s.read = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  s.touched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  note_models(&s, models);
  DiskSurvey *out = walk(&s, places, error) ? sum_up(&s) : NULL;
  g_hash_table_unref(s.inodes);
  g_hash_table_unref(s.read);
  g_hash_table_unref(s.touched);
  return out;
}

void disk_survey_free(DiskSurvey *survey) {
  if (!survey) return;
  for (int k = 0; k < DISK_KINDS; k++) g_ptr_array_unref(survey->paths[k]);
  g_free(survey);
}
