/* SPDX-License-Identifier: Apache-2.0 */
/* The file, little-endian, written whole or not at all:
 *
 *   "COPSEREP"  u32 version  u32 width  u64 n  u64 expert   u64 sum: hash of the rows
 *   u64 check: hash of what precedes and the stamps
 *   u64 stamps[n]            which model, in which state, each row is of
 *   padding to 64 bytes
 *   f32 rows[n][width] */
#include "experts/representation.h"

#include <string.h>

#include "collection/stamp.h"
#include "collection/collection_team.h"
#include "core/error.h"
#include "core/files.h"
#include "core/guarded_map.h"
#include "experts/probex/align.h"
#include "numerics/hash.h"
#include "numerics/linalg.h"

typedef struct {
  char magic[8];
  uint32_t version, width;
  uint64_t n, expert, sum, check;
} Header;

enum { VERSION = 3, CHUNK = 256 }; /* models that are read at a time, at most */
enum { CHUNK_BYTES = 64 << 20 };   /* of layers, about */

/* Tells one set of parameters from another. */
static uint64_t expert_hash(const Expert *x) {
  const Probex *p = x->probex;
  uint64_t h = hash_bytes(0, p->block, p->n * sizeof(float));
  size_t centre = x->centre ? p->shape.d_out * p->shape.d_in * sizeof(float) : 0;
  uint64_t kernel = x->kernel ? kernel_hash(x->kernel) : 0;
  h = hash_bytes(hash_bytes(h, x->centre, centre), x->layer, strlen(x->layer));
  if (x->guard)
    h = hash_bytes(hash_bytes(h, &x->guard->threshold, sizeof(double)), x->guard->mean, x->guard->width * 4);
  return x->kernel ? hash_bytes(h, &kernel, sizeof kernel) : h;
}

static uint64_t header_check(const Header *h, const uint64_t *stamps) {
  uint64_t c = hash_bytes(0, h, offsetof(Header, check));
  return hash_bytes(c, stamps, h->n * sizeof *stamps);
}

static size_t rows_offset(uint64_t n) { return (sizeof(Header) + n * sizeof(uint64_t) + 63) / 64 * 64; }

static char *file_path(const Collection *collection, const Expert *x) {
  const char *state = collection_state(collection);
  g_autofree char *name = g_strconcat(x->name, ".rep", NULL);
  g_autofree char *experts = expert_folder(collection);
  bool ours = state && x->path && experts && g_str_has_prefix(x->path, experts);
  return ours ? g_build_filename(state, "representations", name, NULL) : NULL;
}

static const float *rows_in(const GuardedMap *map, const Header *h) {
  return (const float *)(const void *)((const char *)guarded_map_bytes(map) + rows_offset(h->n));
}

static const uint64_t *stamps_in(const GuardedMap *map) {
  return (const uint64_t *)(const void *)((const char *)guarded_map_bytes(map) + sizeof(Header));
}

typedef enum { OF_ANOTHER, DAMAGED, WHOLE } Condition;

/* What the file is: one of this expert, whole or damaged, or another's or an older version's, which is made anew. */
static Condition condition_of(const GuardedMap *map, uint64_t expert, size_t width, Header *h) {
  size_t size = guarded_map_size(map);
  if (size < sizeof *h) return DAMAGED;
  memcpy(h, guarded_map_bytes(map), sizeof *h);
  if (memcmp(h->magic, "COPSEREP", 8) != 0) return DAMAGED;
  if (h->version != VERSION || h->expert != expert || h->width != width) return OF_ANOTHER;
  bool ok = h->n < size / sizeof(uint64_t) && h->n <= (SIZE_MAX / 2) / (width * sizeof(float)) &&
            size == rows_offset(h->n) + h->n * width * sizeof(float) && h->check == header_check(h, stamps_in(map)) &&
            h->sum == hash_bytes(0, rows_in(map, h), h->n * width * sizeof(float));
  return ok && guarded_map_is_whole(map) ? WHOLE : DAMAGED;
}

/* A damaged file costs its rows, which are computed again, and a word. */
static void put_away(const char *path, bool read_only, GPtrArray *warnings) {
  g_autofree char *aside = read_only ? NULL : file_set_aside(path, NULL);
  g_autofree SafeText *shown = safe_text(path, -1), *to = safe_text(aside ? aside : "", -1);
  if (warnings)
    g_ptr_array_add(
        warnings, g_strdup_printf("%s is damaged and not used%s%s", shown, aside ? "; it was set aside as " : "", to));
}

/* The mapped file when it is whole, of this version and of this expert; else NULL. */
static GuardedMap *map_file(const char *path, uint64_t expert, size_t width, bool read_only, GPtrArray *warnings,
                            Header *h) {
  g_autoptr(GuardedMap) map = path ? guarded_map_open(path, 0, NULL) : NULL;
  Condition is = map ? condition_of(map, expert, width, h) : OF_ANOTHER;
  if (is == DAMAGED) put_away(path, read_only, warnings);
  return is == WHOLE ? g_steal_pointer(&map) : NULL;
}

/* --- computing ------------------------------------------------------------------------------------ */

typedef struct {
  const Collection *collection;
  const Expert *expert;
  const Progress *progress;
  GPtrArray *warnings;
  float *rows; /* (all models, width) */
  bool *good;  /* by model: the row is there */
} Filling;

static bool fail_broken(const Model *m, const Expert *x, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: layer %s is not all numbers: fetch the model again",
              m->shown, x->layer);
  return false;
}

/* (n, width) numbers, or an error. */
static float *rows_new(size_t n, size_t width, GError **error) {
  size_t floats;
  float *rows = __builtin_mul_overflow(n, width, &floats) || floats == SIZE_MAX ? NULL : g_try_new(float, floats + 1);
  if (!rows)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
                "not enough memory for %zu representations of %zu numbers: close other programs", n, width);
  return rows;
}

/* The same by a kernel, which reads several layers. */
static bool fill_by_kernel(const Filling *f, GPtrArray *models, const size_t *to, GError **error) {
  const Expert *x = f->expert;
  size_t width = kernel_width(x->kernel);
  g_autofree bool *broken = g_new0(bool, models->len + 1);
  g_autofree float *e = rows_new(models->len, width, error);
  if (!e || !kernel_read_and_represent(x->kernel, f->collection, models, e, broken, f->progress, error)) return false;
  for (guint i = 0; i < models->len; i++)
    if (broken[i]) return fail_broken(models->pdata[i], x, error);
  if (x->task == EXPERT_ALIGN) align_normalise(e, models->len, width, NULL);
  for (guint i = 0; i < models->len; i++) {
    memcpy(f->rows + to[i] * width, e + i * width, width * sizeof *e);
    f->good[to[i]] = true;
  }
  return true;
}

/* Reads and represents models[0..n) into rows `to`. */
static bool fill_some(const Filling *f, GPtrArray *models, const size_t *to, GError **error) {
  const ProbexShape *s = &f->expert->probex->shape;
  g_autoptr(LayerSet) set = layer_set_read(f->collection, models, f->expert->layer, NULL, f->progress, error);
  if (!set) return false;
  for (guint i = 0; i < models->len; i++)
    if (set->broken[i]) return fail_broken(models->pdata[i], f->expert, error);
  g_autofree float *e = rows_new(models->len, s->r_t, error);
  if (!e) return false;
  if (!expert_represent(f->expert, set, e, f->progress, error)) return false;
  if (f->expert->task == EXPERT_ALIGN) align_normalise(e, models->len, s->r_t, NULL);
  g_autofree double *score = g_new(double, models->len + 1);
  const Guard *guard = f->expert->guard;
  if (guard) guard_scores(guard, set, score);
  for (guint i = 0; i < models->len; i++) {
    if (set->zero[i] || (guard && score[i] < guard->threshold))
      memset(e + i * s->r_t, 0, s->r_t * sizeof *e); /* no answer, as a kernel gives it */
    memcpy(f->rows + to[i] * s->r_t, e + i * s->r_t, s->r_t * sizeof *e);
    f->good[to[i]] = true;
  }
  return true;
}

/* A chunk of models; when it cannot be read as one, model by model. False only when cancelled. */
static bool fill_chunk(const Filling *f, GPtrArray *models, const size_t *to, GError **error) {
  bool (*fill)(const Filling *, GPtrArray *, const size_t *, GError **) =
      f->expert->kernel ? fill_by_kernel : fill_some;
  if (fill(f, models, to, NULL)) return true;
  for (guint i = 0; i < models->len; i++) {
    if (!progress_check(f->progress, error)) return false;
    g_autoptr(GError) problem = NULL;
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, models->pdata[i]);
    if (!fill(f, one, to + i, &problem) && problem && f->warnings)
      g_ptr_array_add(f->warnings, g_strdup(problem->message));
  }
  return true;
}

/* The rows that are missing, in chunks that fit in memory. */
typedef struct {
  size_t *rows, n;
  GArray *first; /* of size_t: where in `rows` each chunk begins; one more at the end */
} Chunks;

/* How many models the next chunk holds at most when that many are left: several ranks get ever smaller ones, so that all
 * come to the end at about the same time. */
static size_t next_chunk(size_t left, unsigned ranks) {
  enum { ROUNDS = 4 }; /* chunks for each rank, were all as large as the next */
  return ranks > 1 ? CLAMP(left / (ROUNDS * (size_t)ranks), (size_t)1, (size_t)CHUNK) : CHUNK;
}

static Chunks chunks_of(const Filling *f, const GPtrArray *models, unsigned ranks) {
  Chunks c = {g_new(size_t, models->len + 1), 0, g_array_new(FALSE, FALSE, sizeof(size_t))};
  const ProbexShape *s = &f->expert->probex->shape;
  uint64_t widest = s->d_out * s->d_in * sizeof(float), bytes = 0;
  size_t from = 0, missing = 0;
  for (guint i = 0; i < models->len; i++) missing += !f->good[i];
  g_array_append_val(c.first, from);
  for (guint i = 0; i < models->len; i++) {
    if (f->good[i]) continue;
    c.rows[c.n++] = i;
    bytes += MIN(((Model *)models->pdata[i])->bytes, widest);
    if (c.n - from < next_chunk(missing - from, ranks) && bytes < CHUNK_BYTES) continue;
    g_array_append_val(c.first, c.n);
    from = c.n;
    bytes = 0;
  }
  if (c.n > from) g_array_append_val(c.first, c.n);
  return c;
}

static void chunks_clear(Chunks *c) {
  g_free(c->rows);
  g_array_unref(c->first);
}

static size_t chunk_start(const Chunks *c, size_t k) { return g_array_index(c->first, size_t, k); }

static bool fill_one(const Filling *f, const GPtrArray *models, const Chunks *c, size_t k, GError **error) {
  g_autoptr(GPtrArray) chunk = g_ptr_array_new();
  for (size_t i = chunk_start(c, k); i < chunk_start(c, k + 1); i++) g_ptr_array_add(chunk, models->pdata[c->rows[i]]);
  return fill_chunk(f, chunk, c->rows + chunk_start(c, k), error);
}

static bool fill_missing(const Filling *f, const GPtrArray *models, GError **error) {
  Chunks c = chunks_of(f, models, 1);
  bool ok = true;
  for (guint k = 0; ok && k + 1 < c.first->len; k++) ok = fill_one(f, models, &c, k, error);
  chunks_clear(&c);
  return ok;
}

/* --- with other processes --- */

typedef struct {
  const Filling *filling;
  const GPtrArray *models;
  const Chunks *chunks;
  size_t width;
} Sharing;

/* A chunk that a rank filled: which of its rows are there, the rows, words about the others. */
static const char filled_type[] = "(ayayaay)";

static GBytes *fill_shared(void *user, size_t k, unsigned thread) {
  (void)thread;
  const Sharing *s = user;
  const Chunks *c = s->chunks;
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  Filling f = *s->filling;
  f.warnings = warnings;
  if (k + 1 >= c->first->len || !fill_one(&f, s->models, c, k, NULL)) return NULL;
  g_autoptr(GByteArray) good = g_byte_array_new(), rows = g_byte_array_new();
  for (size_t i = chunk_start(c, k); i < chunk_start(c, k + 1); i++) {
    guint8 there = f.good[c->rows[i]];
    g_byte_array_append(good, &there, 1);
    if (there)
      g_byte_array_append(rows, (const guint8 *)(f.rows + c->rows[i] * s->width), (guint)(s->width * sizeof(float)));
  }
  GVariant *words = g_variant_new_bytestring_array((const char *const *)warnings->pdata, warnings->len);
  g_autoptr(GVariant) filled = g_variant_ref_sink(
      g_variant_new("(@ay@ay@aay)", g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, good->data, good->len, 1),
                    g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, rows->data, rows->len, 1), words));
  return g_variant_get_data_as_bytes(filled);
}

static void take_words(const Filling *f, GVariant *words) {
  gsize n;
  g_autofree const char **each = g_variant_get_bytestring_array(words, &n);
  for (gsize i = 0; f->warnings && i < n; i++) g_ptr_array_add(f->warnings, g_strdup(each[i]));
}

static bool take_filled(void *user, size_t k, GBytes *result, GError **error) {
  const Sharing *s = user;
  const Chunks *c = s->chunks;
  const Filling *f = s->filling;
  if (!result) return fill_one(f, s->models, c, k, error);
  g_autoptr(GVariant) filled = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(filled_type), result, FALSE));
  g_autoptr(GVariant) good = NULL, rows = NULL, words = NULL;
  g_variant_get(filled, "(@ay@ay@aay)", &good, &rows, &words);
  gsize n, bytes, row = s->width * sizeof(float), at = 0;
  const guint8 *there = g_variant_get_fixed_array(good, &n, 1), *data = g_variant_get_fixed_array(rows, &bytes, 1);
  for (size_t i = 0; i < n && i < chunk_start(c, k + 1) - chunk_start(c, k); i++) {
    if (!there[i] || at + row > bytes) continue;
    size_t to = c->rows[chunk_start(c, k) + i];
    memcpy(f->rows + to * s->width, data + at, row);
    f->good[to] = true;
    at += row;
  }
  take_words(f, words);
  return progress_step(f->progress, "reading", chunk_start(c, k + 1), c->n, error);
}

/* The leader says which rows are there; the others' own rows stay incomplete. */
static bool fill_with_team(const Filling *f, Team *team, const GPtrArray *models, size_t width, GError **error) {
  g_autoptr(GBytes) mine = g_bytes_new(f->good, models->len * sizeof *f->good);
  g_autoptr(GBytes) shared = team_share(team, mine, error);
  if (!shared || g_bytes_get_size(shared) != g_bytes_get_size(mine)) return false;
  memcpy(f->good, g_bytes_get_data(shared, NULL), models->len * sizeof *f->good);
  Chunks c = chunks_of(f, models, team_size(team));
  Sharing s = {f, models, &c, width};
  TeamWork work = {NULL, c.first->len - 1, 1, fill_shared, take_filled, &s, f->progress ? f->progress->cancel : NULL};
  bool ok = team_work(team, &work, error);
  chunks_clear(&c);
  return ok;
}

/* The leader has all rows already. */
static bool tell_team(Team *team, size_t n, GError **error) {
  g_autofree bool *good = g_new(bool, n + 1);
  memset(good, true, n * sizeof *good);
  g_autoptr(GBytes) mine = g_bytes_new(good, n * sizeof *good);
  g_autoptr(GBytes) shared = team_share(team, mine, error);
  TeamWork none = {.threads = 1};
  return shared && team_work(team, &none, error);
}

/* --- keeping -------------------------------------------------------------------------------------- */

typedef struct {
  Header header;
  const uint64_t *stamps;
  const float *rows;
} Content;

static bool write_content(void *user, int fd, GError **error) {
  const Content *c = user;
  static const char zeros[64];
  size_t stamps = c->header.n * sizeof *c->stamps;
  return fd_write_all(fd, &c->header, sizeof c->header, error) && fd_write_all(fd, c->stamps, stamps, error) &&
         fd_write_all(fd, zeros, rows_offset(c->header.n) - sizeof c->header - stamps, error) &&
         fd_write_all(fd, c->rows, c->header.n * c->header.width * sizeof *c->rows, error);
}

static Content content_of(uint64_t expert, const uint64_t *stamps, const float *rows, size_t n, size_t width) {
  Content c = {.header = {.version = VERSION, .width = (uint32_t)width, .n = n, .expert = expert},
               .stamps = stamps,
               .rows = rows};
  memcpy(c.header.magic, "COPSEREP", 8);
  c.header.sum = hash_bytes(0, rows, n * width * sizeof *rows);
  c.header.check = header_check(&c.header, stamps);
  return c;
}

/* A cache: failing to write it costs the next call time, nothing else. */
static void keep(const char *path, const Content *c) {
  g_autofree char *folder = g_path_get_dirname(path);
  if (dir_make(folder, NULL)) file_write_quick(path, write_content, (void *)c, NULL);
}

/* Takes rows that a file, or what is as a file would be, has from it; marks them good. */
static void take_known(const Filling *f, const void *file, const Header *h, const uint64_t *stamps, size_t n) {
  const uint64_t *known = (const uint64_t *)(const void *)((const char *)file + sizeof *h);
  const float *rows = (const float *)(const void *)((const char *)file + rows_offset(h->n));
  g_autoptr(GHashTable) where = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (uint64_t i = 0; i < h->n; i++) g_hash_table_insert(where, (gpointer)&known[i], GSIZE_TO_POINTER(i + 1));
  for (size_t i = 0; i < n; i++) {
    size_t row = GPOINTER_TO_SIZE(g_hash_table_lookup(where, &stamps[i]));
    if (!row || !stamps[i]) continue;
    memcpy(f->rows + i * h->width, rows + (row - 1) * h->width, h->width * sizeof *rows);
    f->good[i] = true;
  }
}

/* --- of an expert that is not stored --------------------------------------------------------------- */

/* The same bytes in memory: who trains asks twice, and another process may have the file of it. */
static void keep_in_hand(const Expert *x, const Content *c) {
  static const guint8 zeros[64];
  size_t stamps = c->header.n * sizeof *c->stamps;
  GByteArray *all = g_byte_array_new();
  g_byte_array_append(all, (const guint8 *)&c->header, sizeof c->header);
  g_byte_array_append(all, (const guint8 *)c->stamps, (guint)stamps);
  g_byte_array_append(all, zeros, (guint)(rows_offset(c->header.n) - sizeof c->header - stamps));
  g_byte_array_append(all, (const guint8 *)c->rows, (guint)(c->header.n * c->header.width * sizeof *c->rows));
  if (x->rows->content) g_bytes_unref(x->rows->content);
  x->rows->content = g_byte_array_free_to_bytes(all);
}

/* Those at hand are of no use to the expert as it is now when they are of the expert as it was. */
static void take_in_hand(const Filling *f, uint64_t expert, size_t width, const uint64_t *stamps, size_t n) {
  const GBytes *content = f->expert->rows->content;
  const void *at = content ? g_bytes_get_data((GBytes *)content, NULL) : NULL;
  Header h;
  if (at) memcpy(&h, at, sizeof h);
  if (at && h.expert == expert && h.width == width) take_known(f, at, &h, stamps, n);
}

void representations_take_over(const Collection *collection, const Expert *x, GBytes *content) {
  g_autofree char *path = file_path(collection, x);
  gsize size;
  const void *bytes = g_bytes_get_data(content, &size);
  g_autofree char *folder = path ? g_path_get_dirname(path) : NULL;
  if (path && size && !collection_is_read_only(collection) && dir_make(folder, NULL))
    file_write_bytes(path, bytes, size, NULL);
}

/* Closes the gaps that unreadable models leave. Returns how many rows are left. */
static size_t compact(Representations *r, const Filling *f, uint64_t *stamps) {
  GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (guint i = 0; i < r->models->len; i++) {
    if (!f->good[i]) continue;
    memmove(f->rows + kept->len * r->width, f->rows + i * r->width, r->width * sizeof(float));
    stamps[kept->len] = stamps[i];
    g_ptr_array_add(kept, model_ref(r->models->pdata[i]));
  }
  g_ptr_array_unref(r->models);
  r->models = kept;
  return kept->len;
}

static bool all_known(const uint64_t *stamps, size_t n, const GuardedMap *map, const Header *h) {
  return h->n == n && memcmp(stamps_in(map), stamps, n * sizeof *stamps) == 0;
}

static GPtrArray *own_models(const Expert *x, const GPtrArray *models) {
  GPtrArray *own = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (guint i = 0; i < models->len; i++) {
    Model *m = models->pdata[i];
    if (expert_is_for(x, m)) g_ptr_array_add(own, model_ref(m));
  }
  return own;
}

Representations *representations_open(const Collection *collection, const Expert *x, const GPtrArray *models,
                                      GPtrArray *warnings, const Progress *progress, GError **error) {
  if (!x->layer) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                "the checkpoint %s does not say which layer it reads: name it with --layer", x->name);
    return NULL;
  }
  g_autoptr(Representations) r = g_new0(Representations, 1);
  r->models = own_models(x, models);
  r->width = x->probex->shape.r_t;
  size_t n = r->models->len;
  g_autofree uint64_t *stamps = g_new(uint64_t, n + 1);
  for (size_t i = 0; i < n; i++) stamps[i] = model_stamp_hash(collection, r->models->pdata[i]);
  Header h;
  uint64_t hash = expert_hash(x);
  g_autofree char *path = file_path(collection, x);
  Team *team = collection_team(collection);
  if (!team_leads(team)) g_clear_pointer(&path, g_free); /* what is known, the leader says */
  g_autoptr(GuardedMap) map = map_file(path, hash, r->width, collection_is_read_only(collection), warnings, &h);
  if (map && all_known(stamps, n, map, &h)) {
    if (team_is_several(team) && !tell_team(team, n, error)) return NULL;
    r->rows = rows_in(map, &h);
    r->map = g_steal_pointer(&map);
    return g_steal_pointer(&r);
  }
  bool in_hand = !x->path && x->rows && !team_is_several(team) && n > 0;
  g_autofree bool *good = g_new0(bool, n + 1);
  r->memory = rows_new(n, r->width, error);
  if (!r->memory) return NULL;
  r->rows = r->memory;
  Filling f = {collection, x, progress, warnings, r->memory, good};
  if (map) take_known(&f, guarded_map_bytes(map), &h, stamps, n);
  if (in_hand) take_in_hand(&f, hash, r->width, stamps, n);
  for (size_t i = 0; i < n; i++) r->computed += !good[i];
  size_t known = n - r->computed;
  if (!(team_is_several(team) ? fill_with_team(&f, team, r->models, r->width, error)
                              : fill_missing(&f, r->models, error)))
    return NULL;
  n = compact(r, &f, stamps);
  bool as_before = map && known == n && h.n == n; /* what could not be read then cannot be read now */
  bool written = path && !as_before && !collection_is_read_only(collection);
  if (!written && !in_hand) return g_steal_pointer(&r);
  Content c = content_of(hash, stamps, r->memory, n, r->width);
  if (written) keep(path, &c);
  else if (r->computed) keep_in_hand(x, &c);
  return g_steal_pointer(&r);
}

bool representations_is_silent(const Representations *r, size_t row) {
  return all_zero(r->rows + row * r->width, r->width);
}

void representations_free(Representations *r) {
  if (!r) return;
  g_ptr_array_unref(r->models);
  guarded_map_free(r->map);
  coarse_rows_free(r->coarse);
  g_free(r->memory);
  g_free(r);
}
