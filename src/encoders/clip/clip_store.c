/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/clip/clip_store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/guarded_map.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "numerics/hash.h"
#include "weights/weight_open.h"

/* Numbers converted by one step of the parallel loop, and those of a tensor that are hashed. */
enum { STEP = 1 << 20, SAMPLE = 256 };

typedef struct {
  size_t tensor;
  uint64_t count;
  const float **where;
  float *copy; /* in the block; NULL: mapped */
} Wanted;

struct ClipStore {
  WeightFile *file;
  size_t table;
  GArray *wanted; /* of Wanted */
  float *block;
  size_t block_floats;
  int fd; /* of the mapped file; -1: nothing is mapped */
  GuardedMap *guard;
  const char *map;
  size_t map_bytes;
  struct stat seen;
};

/* Maps a whole safetensors file; where that is not possible everything is copied. */
static void map_file(ClipStore *s, const char *path) {
  if (strcmp(weight_file_format(s->file), "safetensors") != 0) return;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return;
  GuardedMap *map = NULL;
  if (fstat(fd, &s->seen) == 0 && S_ISREG(s->seen.st_mode) && s->seen.st_size > 0)
    map = guarded_map_new(fd, (size_t)s->seen.st_size, NULL);
  if (!map) {
    close(fd);
    return;
  }
  s->fd = fd;
  s->guard = map;
  s->map = guarded_map_bytes(map);
  s->map_bytes = guarded_map_size(map);
}

ClipStore *clip_store_open(const char *path, GError **error) {
  WeightFile *file = weight_file_open(path, error);
  if (!file) return NULL;
  ClipStore *s = g_new0(ClipStore, 1);
  s->file = file;
  s->wanted = g_array_new(FALSE, FALSE, sizeof(Wanted));
  s->fd = -1;
  map_file(s, path);
  return s;
}

void clip_store_free(ClipStore *s) {
  if (!s) return;
  guarded_map_free(s->guard);
  if (s->fd >= 0) close(s->fd);
  big_free(s->block, s->block_floats);
  g_array_unref(s->wanted);
  weight_file_free(s->file);
  g_free(s);
}

const char *clip_store_label(const ClipStore *s) { return weight_file_label(s->file); }

bool clip_store_has(const ClipStore *s, const char *name) { return weight_file_find(s->file, name) >= 0; }

/* The tensor of that name, or NULL with an error. */
static const TensorInfo *find(const ClipStore *s, const char *name, size_t *index, GError **error) {
  gssize i = weight_file_find(s->file, name);
  if (i >= 0) {
    *index = (size_t)i;
    return weight_file_info(s->file, (size_t)i);
  }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s is missing: fetch the whole model",
              clip_store_label(s), name);
  return NULL;
}

/* "[2, 3]". The caller frees it. */
static char *shape_text(const uint64_t *shape, int rank) {
  GString *out = g_string_new("[");
  for (int i = 0; i < rank; i++) g_string_append_printf(out, "%s%" G_GUINT64_FORMAT, i ? ", " : "", shape[i]);
  g_string_append_c(out, ']');
  return g_string_free(out, FALSE);
}

static bool check_tensor(const ClipStore *s, const TensorInfo *t, const uint64_t *shape, int rank, GError **error) {
  bool same = t->rank == rank && memcmp(t->shape, shape, (size_t)rank * sizeof *shape) == 0;
  if (!same) {
    g_autofree char *wanted = shape_text(shape, rank), *is = shape_text(t->shape, t->rank);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s should be %s and is %s", clip_store_label(s),
                t->name, wanted, is);
    return false;
  }
  if (dtype_is_float(t->dtype) && dtype_is_readable(t->dtype)) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: tensor %s is %s; F32, F16 or BF16 is expected: convert it", clip_store_label(s), t->name,
              dtype_name(t->dtype));
  return false;
}

bool clip_store_shape(const ClipStore *s, const char *name, size_t *rows, size_t *columns, GError **error) {
  size_t i;
  const TensorInfo *t = find(s, name, &i, error);
  if (!t) return false;
  if (t->rank == 2 && t->count > 0) {
    *rows = t->shape[0];
    *columns = t->shape[1];
    return true;
  }
  g_autofree char *is = shape_text(t->shape, t->rank);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s should be a matrix and is %s", clip_store_label(s),
              name, is);
  return false;
}

bool clip_store_want(ClipStore *s, const char *name, size_t n1, size_t n2, const float **where, GError **error) {
  const uint64_t shape[2] = {n1, n2};
  size_t i;
  const TensorInfo *t = find(s, name, &i, error);
  if (!t || !check_tensor(s, t, shape, n2 ? 2 : 1, error)) return false;
  Wanted w = {.tensor = i, .count = t->count, .where = where};
  g_array_append_val(s->wanted, w);
  return true;
}

bool clip_store_set_table(ClipStore *s, const char *name, GError **error) {
  const TensorInfo *t = find(s, name, &s->table, error);
  return t && check_tensor(s, t, t->shape, 2, error);
}

/* --- loading ------------------------------------------------------------------------------------ */

static const float *mapped(const ClipStore *s, const TensorInfo *t) {
  bool direct = s->map && t->dtype == DTYPE_F32 && t->offset % sizeof(float) == 0;
  bool inside = t->offset <= s->map_bytes && t->bytes <= s->map_bytes - t->offset;
  return direct && inside ? (const float *)(const void *)(s->map + t->offset) : NULL;
}

/* Points mapped tensors at the file and gives the others a place in the block. */
static bool place_all(ClipStore *s, GError **error) {
  for (guint i = 0; i < s->wanted->len; i++) {
    const Wanted *w = &g_array_index(s->wanted, Wanted, i);
    if (!mapped(s, weight_file_info(s->file, w->tensor))) s->block_floats += (size_t)w->count;
  }
  if (s->block_floats && !(s->block = big_alloc(s->block_floats, error))) return false;
  float *at = s->block;
  for (guint i = 0; i < s->wanted->len; i++) {
    Wanted *w = &g_array_index(s->wanted, Wanted, i);
    *w->where = mapped(s, weight_file_info(s->file, w->tensor));
    if (!*w->where) *w->where = w->copy = block_take(&at, (size_t)w->count);
  }
  return true;
}

typedef struct {
  const Wanted *wanted;
  uint64_t first;
} Piece;

typedef struct {
  ClipStore *store;
  GArray *pieces; /* of Piece */
  GMutex lock;
  GError *error;
} Loading;

static bool load_piece(void *user, size_t item, unsigned thread) {
  (void)thread;
  Loading *l = user;
  const Piece *p = &g_array_index(l->pieces, Piece, item);
  const Wanted *w = p->wanted;
  g_autoptr(GError) error = NULL;
  size_t n = (size_t)MIN((uint64_t)STEP, w->count - p->first);
  if (weight_file_read_f32(l->store->file, w->tensor, p->first, n, w->copy + p->first, &error)) return true;
  g_mutex_lock(&l->lock);
  if (!l->error) l->error = g_steal_pointer(&error);
  g_mutex_unlock(&l->lock);
  return false;
}

bool clip_store_load(ClipStore *s, GError **error) {
  if (!place_all(s, error)) return false;
  Loading l = {.store = s, .pieces = g_array_new(FALSE, FALSE, sizeof(Piece))};
  g_mutex_init(&l.lock);
  for (guint i = 0; i < s->wanted->len; i++) {
    const Wanted *w = &g_array_index(s->wanted, Wanted, i);
    for (uint64_t first = 0; w->copy && first < w->count; first += STEP) {
      Piece p = {w, first};
      g_array_append_val(l.pieces, p);
    }
  }
  parallel_for(l.pieces->len, MAX(linalg_threads(), 1), load_piece, &l, NULL);
  g_mutex_clear(&l.lock);
  g_array_unref(l.pieces);
  if (l.error) g_propagate_error(error, l.error);
  return !l.error;
}

bool clip_store_check(const ClipStore *s, GError **error) {
  struct stat now;
  if (s->fd < 0) return true;
  if (guarded_map_is_whole(s->guard) && fstat(s->fd, &now) == 0 && now.st_size == s->seen.st_size &&
      now.st_mtim.tv_sec == s->seen.st_mtim.tv_sec && now.st_mtim.tv_nsec == s->seen.st_mtim.tv_nsec)
    return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE, "%s: the file was changed while it was in use: start again",
              clip_store_label(s));
  return false;
}

bool clip_store_row(const ClipStore *s, size_t row, size_t width, float *dst, GError **error) {
  return weight_file_read_f32(s->file, s->table, (uint64_t)row * width, width, dst, error);
}

uint64_t clip_store_hash(const ClipStore *s, const uint64_t *sizes, size_t n) {
  uint64_t h = HASH_NAME_BEGIN;
  for (size_t i = 0; i < n; i++) h = hash_name_step(h, sizes[i]);
  for (guint i = 0; i < s->wanted->len; i++) {
    const Wanted *w = &g_array_index(s->wanted, Wanted, i);
    size_t k = (size_t)MIN(w->count, (uint64_t)SAMPLE);
    for (int last = 0; last < 2; last++)
      for (size_t j = 0; j < k; j++) {
        uint32_t bits;
        memcpy(&bits, *w->where + (last ? w->count - k : 0) + j, sizeof bits);
        h = hash_name_step(h, bits);
      }
  }
  return h;
}
