/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/scan/team_reading.h"

#include <math.h>
#include <string.h>

/* The leader says which candidates are pending, by their paths: what another rank saw may differ by a file. Items are
 * runs of that many; a result is a catalog of what was read. */
enum { RUN = 32 };
static const char run_result[] = "(utaayauay)"; /* opened, bytes, members of archives, candidates not seen, catalog */

/* What read_run() and take_run() need. */
typedef struct {
  Reading *reading;
  GPtrArray *left; /* of Candidate: what no rank could read; the leader does afterwards */
} Collecting;

static GBytes *pending_paths(const GPtrArray *pending) {
  GByteArray *out = g_byte_array_new();
  for (guint i = 0; i < pending->len; i++) {
    const char *path = ((const Candidate *)pending->pdata[i])->path;
    g_byte_array_append(out, (const guint8 *)path, (guint)strlen(path) + 1);
  }
  return g_byte_array_free_to_bytes(out);
}

/* The candidates of those paths as this rank saw them; NULL for one that it did not see. */
static GPtrArray *pending_of(GBytes *paths, const GPtrArray *candidates) {
  g_autoptr(GHashTable) by_path = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < candidates->len; i++)
    g_hash_table_insert(by_path, ((Candidate *)candidates->pdata[i])->path, candidates->pdata[i]);
  GPtrArray *out = g_ptr_array_new();
  gsize n;
  const char *at = g_bytes_get_data(paths, &n), *end = at + n;
  for (; at < end; at += strlen(at) + 1) g_ptr_array_add(out, g_hash_table_lookup(by_path, at));
  return out;
}

static GVariant *variant_of(GBytes *bytes) { return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes, TRUE); }

/* What was read of a run, in a catalog of its own, packed. NULL when it could not be stored. */
static GBytes *pack_run(Reading *one, const GArray *missing) {
  g_autoptr(GBytes) catalog = catalog_pack(one->catalog, NULL);
  if (!catalog) return NULL;
  guint n;
  g_autofree gpointer *members = g_hash_table_get_keys_as_array(one->members, &n);
  GVariant *paths = g_variant_new_bytestring_array((const char *const *)members, n);
  GVariant *absent = g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, missing->data, missing->len, sizeof(guint32));
  g_autoptr(GVariant) result = g_variant_ref_sink(g_variant_new(
      "(ut@aay@au@ay)", atomic_load(&one->opened), atomic_load(&one->bytes), paths, absent, variant_of(catalog)));
  return g_variant_get_data_as_bytes(result);
}

/* Reads a run into `one`'s catalog and packs that. NULL when it could not be stored. */
static GBytes *read_into(Reading *one, const GPtrArray *pending, size_t from, size_t to) {
  g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint32 i = (guint32)from; i < to; i++)
    if (!pending->pdata[i]) g_array_append_val(missing, i);
  return reading_some(one, (const Candidate *const *)pending->pdata + from, to - from) ? pack_run(one, missing) : NULL;
}

static GBytes *read_run(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Reading *all = ((const Collecting *)user)->reading;
  g_autoptr(Catalog) catalog = catalog_open(NULL, NULL);
  g_autoptr(GHashTable) members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Progress quiet = {.cancel = all->progress ? all->progress->cancel : NULL};
  Reading one = {.catalog = catalog,
                 .root = all->root,
                 .progress = &quiet,
                 .headers = all->headers,
                 .marked = all->marked,
                 .members = members};
  size_t from = item * RUN, to = MIN(from + RUN, (size_t)all->pending->len);
  return catalog && from < to ? read_into(&one, all->pending, from, to) : NULL;
}

/* The leader stores what a rank read. */
static bool take_run(void *user, size_t item, GBytes *result, GError **error) {
  Collecting *k = user;
  Reading *r = k->reading;
  guint from = (guint)item * RUN, to = MIN(from + RUN, r->pending->len);
  for (guint i = from; !result && i < to; i++) g_ptr_array_add(k->left, r->pending->pdata[i]);
  if (!result) return true;
  g_autoptr(GVariant) v = g_variant_new_from_bytes(G_VARIANT_TYPE(run_result), result, FALSE);
  g_variant_ref_sink(v);
  guint32 opened;
  guint64 bytes;
  g_autoptr(GVariant) members = NULL, missing = NULL, packed = NULL;
  g_variant_get(v, "(ut@aay@au@ay)", &opened, &bytes, &members, &missing, &packed);
  g_autoptr(GBytes) catalog = g_variant_get_data_as_bytes(packed);
  if (!catalog_unpack(r->catalog, catalog, error)) return false;
  gsize n;
  g_autofree const char **paths = g_variant_get_bytestring_array(members, &n);
  for (gsize i = 0; i < n; i++) g_hash_table_add(r->members, g_strdup(paths[i]));
  const guint32 *absent = g_variant_get_fixed_array(missing, &n, sizeof *absent);
  for (gsize i = 0; i < n; i++)
    if (absent[i] < r->pending->len) g_ptr_array_add(k->left, r->pending->pdata[absent[i]]);
  r->opened += opened;
  r->bytes += bytes;
  r->done += to - from;
  ProgressNote note = {
      .phase = "reading", .done = r->done, .total = r->pending->len, .bytes = r->bytes, .loss = NAN, .accuracy = NAN};
  return progress_note(r->progress, &note, error);
}

static bool read_pending(Collecting *k, Team *team, unsigned threads, GError **error) {
  Reading *r = k->reading;
  size_t n = (r->pending->len + RUN - 1) / RUN;
  TeamWork work = {NULL, n, threads, read_run, take_run, k, r->progress ? r->progress->cancel : NULL};
  if (!team_work(team, &work, error)) return false;
  r->pending = k->left;
  return k->left->len == 0 || reading_all(r, threads, error);
}

bool team_reading_all(Reading *r, Team *team, const GPtrArray *candidates, unsigned threads, GError **error) {
  g_autoptr(GBytes) mine = team_leads(team) ? pending_paths(r->pending) : NULL;
  g_autoptr(GBytes) paths = team_share(team, mine, error);
  if (!paths) return false;
  g_autoptr(GPtrArray) pending = pending_of(paths, candidates), left = g_ptr_array_new();
  const GPtrArray *before = r->pending;
  Collecting k = {r, left};
  r->pending = pending;
  bool ok = read_pending(&k, team, threads, error);
  r->pending = before;
  return ok;
}

void team_reading_none(Team *team) {
  g_autoptr(GBytes) none = g_bytes_new(NULL, 0);
  g_autoptr(GBytes) shared = team_share(team, none, NULL);
  TeamWork work = {.threads = 1};
  if (shared) team_work(team, &work, NULL);
}
