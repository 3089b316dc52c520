/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/sketch/sketch.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/parallel.h"
#include "weights/convert.h"
#include "weights/layers/computed_table.h"
#include "weights/layers/name_key.h"
#include "lineage/sketch/sketch_pieces.h"
#include "numerics/quant_levels.h"
#include "numerics/projection.h"
#include "numerics/tail.h"

static void tensor_sketch_clear(void *data) {
  TensorSketch *t = data;
  g_free(t->name);
  g_free(t->projection);
  g_free(t->places);
  g_free(t->table);
}

ModelSketch *model_sketch_new(void) {
  ModelSketch *s = g_new0(ModelSketch, 1);
  s->tensors = g_array_new(FALSE, TRUE, sizeof(TensorSketch));
  g_array_set_clear_func(s->tensors, tensor_sketch_clear);
  s->sides = g_array_new(FALSE, FALSE, sizeof(SymmetrySide));
  return s;
}

void model_sketch_free(ModelSketch *s) {
  if (!s) return;
  g_array_unref(s->tensors);
  g_array_unref(s->sides);
  g_free(s);
}

bool layer_name_is_head(const SafeText *name) {
  static const char *const words[] = {"classifier",      "head",         "heads",      "lm_head",
                                      "score",           "logits",       "fc",         "out",
                                      "output",          "output_layer", "qa_outputs", "classification_head",
                                      "regression_head", "embed_out"};
  const char *last = text_last_part(name);
  size_t first = strcspn(name, ".");
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    /* "fc", "out" and "output" are heads at the top of a model and ordinary layers inside. */
    if (strlen(words[i]) == first && strncmp(name, words[i], first) == 0) return true;
    if (i < 6 && strcmp(last, words[i]) == 0) return true;
  }
  return false;
}

/* Statistics of the data, not of the training. */
static bool is_statistic(const char *name) {
  return g_str_has_suffix(name, "running_mean") || g_str_has_suffix(name, "running_var");
}

/* `key`: the name in the words that heads are known by. */
static PartKind part_of(const TensorInfo *info, const TensorSketch *t, const char *key, bool dense) {
  bool head = layer_name_is_head(t->name) || strcmp(key, "lm_head") == 0;
  if (t->role == TENSOR_LORA_A || t->role == TENSOR_LORA_B || t->role == TENSOR_ADAPTER_PART) return PART_ADAPTER;
  if (g_str_has_suffix(t->name, "num_batches_tracked")) return PART_CLOCK;
  if (tensor_is_computed(t->name, info) || is_statistic(t->name)) return PART_OTHER;
  if (!dtype_is_float(info->dtype) || !dtype_is_readable(info->dtype)) return PART_OTHER;
  if (t->role == TENSOR_FROZEN_COPY || t->role == TENSOR_LORA_ALPHA) return PART_OTHER;
  if (dense) return head ? PART_HEAD : PART_MATRIX;
  if (info->rank != 1) return PART_OTHER;
  return head ? PART_HEAD : PART_VECTOR;
}

/* Numbers of a table that a longer one has too. */
static uint64_t table_span(const TensorSketch *t) {
  enum { MOST_ROWS = 1024 };
  uint64_t rows = 1;
  while (rows < MOST_ROWS && rows * 2 <= t->d_out) rows *= 2;
  return t->d_out && t->d_in <= UINT64_MAX / MOST_ROWS / TABLE_SAMPLES ? rows * t->d_in : 0;
}

static uint64_t table_place(uint64_t span, unsigned k) {
  return span * k / TABLE_SAMPLES + k * 37 % (span / TABLE_SAMPLES);
}

/* Of the numbers first .. first + n. */
static void take_table(const float *x, uint64_t first, size_t n, TensorSketch *t) {
  uint64_t span = table_span(t);
  for (unsigned k = 0; first < span && k < TABLE_SAMPLES; k++) {
    uint64_t place = table_place(span, k);
    if (place >= first && place < first + n) t->table[k] = x[place - first];
  }
}

static void name_tensor(WeightFile *file, const SketchPiece *piece, uint64_t seed, TensorSketch *t) {
  const TensorInfo *info = weight_file_info(file, piece->tensor);
  g_autofree char *key = name_key(piece->name);
  t->role = piece->role;
  t->name = g_strdup(piece->name);
  t->dtype = info->dtype;
  t->d_out = piece->d_out;
  t->d_in = piece->d_in;
  t->scale = piece->scale;
  t->part = part_of(info, t, key, piece->dense);
  if (piece->apart) t->part = PART_OTHER;
  t->projected = piece->layered && (t->part == PART_MATRIX || t->part == PART_HEAD);
  bool table = piece->dense && !piece->first && (name_key_is_table(key) || name_key_is_tied_head(key));
  if (table && table_span(t) >= TABLE_SAMPLES) t->table = g_new0(float, TABLE_SAMPLES);
  t->seed = projection_seed(seed, key, (int)t->role, t->d_out, t->d_in);
}

enum { BLOCK_VALUES = 8 * PROJECTION_RUN };

/* What one thread needs to read with: no tensor is ever held whole. */
typedef struct {
  union {
    unsigned char bytes[BLOCK_VALUES * sizeof(float)];
    float as_f32[BLOCK_VALUES];
  } raw;
  float converted[BLOCK_VALUES];
} Block;

/* The block's numbers; float32 is used where it lies. */
static const float *block_values(Block *block, Dtype dtype, size_t n) {
  if (dtype == DTYPE_F32) return block->raw.as_f32;
  dtype_to_f32(dtype, block->raw.bytes, block->converted, n);
  return block->converted;
}

/* Block of raw bytes -> moments and projection. Small tensors come in one block. */
static void take_values(const float *x, size_t n, TensorSketch *t, Projection *projection) {
  moments_add(&t->moments, x, n);
  if (t->projected && t->width > PROJECTION_BUCKETS) {
    projection_small(t->seed, x, n, t->projection);
    return;
  }
  for (size_t at = 0; t->projected && at < n; at += PROJECTION_RUN)
    projection_add(projection, x + at, MIN(n - at, PROJECTION_RUN));
}

/* What the first numbers tell: the same after rounding, and on levels. */
static void take_sample(const float *x, size_t n, TensorSketch *t) {
  uint16_t rounded[PROJECTION_RUN];
  n = MIN(n, PROJECTION_RUN);
  t->as_single = content_hash(t->moments.count, x, n * sizeof *x).lo;
  dtype_from_f32(DTYPE_F16, x, rounded, n);
  t->as_half = content_hash(t->moments.count, rounded, n * sizeof *rounded).lo;
  dtype_from_f32(DTYPE_BF16, x, rounded, n);
  t->as_brain = content_hash(t->moments.count, rounded, n * sizeof *rounded).lo;
  if (t->part != PART_MATRIX) return;
  float most = 0;
  for (size_t i = 0; i < n; i++) most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
  t->gridded = dtype_is_quantised(t->dtype) || quant_levels_fit(x, n, (size_t)MIN(t->d_in, SIZE_MAX), most);
}

static bool read_tensor(WeightFile *file, const SketchPiece *piece, TensorSketch *t, Block *block, SymmetryPass *pass,
                        const Progress *p, GError **error) {
  const TensorInfo *info = weight_file_info(file, piece->tensor);
  bool numbers = dtype_is_readable(info->dtype);
  const size_t unit = numbers ? dtype_block(info->dtype) : 1; /* numbers that are packed together */
  uint64_t width = 1;                                         /* and their bytes */
  if (numbers) dtype_bytes(info->dtype, unit, &width);
  const size_t step = MIN(sizeof block->raw.bytes / width * unit, BLOCK_VALUES);
  const uint64_t count = piece->count;
  g_autoptr(ContentHasher) hasher = content_hasher_new((uint64_t)info->dtype);
  Projection projection;
  if (!hasher) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "tensor %s does not fit in memory: close other programs",
                info->name);
    return false;
  }
  projection_init(&projection, t->seed);
  moments_init(&t->moments);
  t->width = projection_width(count);
  if (t->projected) t->projection = g_new0(float, t->width);
  TailWalk walk;
  if (t->placed) {
    t->places = g_new0(float, t->placed);
    tail_walk_init(&walk, t->seed, count, t->placed);
  }
  bool floats = numbers && dtype_is_float(info->dtype);
  for (uint64_t first = 0; first < count; first += step) {
    size_t n = (size_t)MIN(count - first, step);
    if (!progress_check(p, error)) return false;
    if (!sketch_piece_read(file, piece, unit, width, first, n, block->raw.bytes, error)) return false;
    content_hasher_add(hasher, block->raw.bytes, n / unit * width);
    if (!numbers) continue;
    const float *x = block_values(block, info->dtype, n);
    take_values(x, n, t, &projection);
    if (t->places) tail_walk_take(&walk, x, first, n, t->places);
    if (t->table) take_table(x, first, n, t);
    if (pass) symmetry_pass_take(pass, x, n);
    if (floats && first == 0) take_sample(x, n, t);
  }
  t->hash = content_hasher_end(hasher);
  if (!floats || count == 0) t->as_single = t->as_half = t->as_brain = t->hash.lo;
  if (t->projected && t->width == PROJECTION_BUCKETS) projection_end(&projection, t->projection);
  return true;
}

/* Shares a model's numbers at random places out over its matrices. */
static void share_places(ModelSketch *s, const GArray *pieces) {
  enum { MODEL_PLACES = 16384, LEAST_PLACES = 128 };
  size_t matrices = 0;
  for (guint i = 0; i < s->tensors->len; i++)
    matrices += g_array_index(s->tensors, TensorSketch, i).part == PART_MATRIX;
  for (guint i = 0; i < s->tensors->len; i++) {
    TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    if (t->part == PART_MATRIX && t->projected)
      t->placed =
          tail_width(g_array_index(pieces, SketchPiece, i).count, MAX(MODEL_PLACES / matrices, (size_t)LEAST_PLACES));
  }
}

/* The next tensor, of a matrix also what no permutation changes. */
static bool read_piece(WeightFile *file, const SketchPiece *piece, TensorSketch *t, Block *block, uint64_t seed,
                       GArray *sides, const Progress *p, GError **error) {
  bool matrix = t->part == PART_MATRIX && t->projected && piece->dense && piece->count == t->d_out * t->d_in;
  g_autoptr(SymmetryPass) pass = matrix ? symmetry_pass_new(seed, t->d_out, t->d_in) : NULL;
  if (!read_tensor(file, piece, t, block, pass, p, error)) return false;
  if (pass) symmetry_pass_end(pass, sides);
  return true;
}

ModelSketch *model_sketch_read(WeightFile *file, const AdapterConfig *config, uint64_t seed, const Progress *p,
                               GError **error) {
  g_autoptr(ModelSketch) s = model_sketch_new();
  g_autoptr(GArray) pieces = sketch_pieces(file, config);
  g_autofree Block *block = g_new(Block, 1);
  g_array_set_size(s->tensors, pieces->len);
  for (guint i = 0; i < pieces->len; i++)
    name_tensor(file, &g_array_index(pieces, SketchPiece, i), seed, &g_array_index(s->tensors, TensorSketch, i));
  share_places(s, pieces);
  for (guint i = 0; i < pieces->len; i++)
    if (!read_piece(file, &g_array_index(pieces, SketchPiece, i), &g_array_index(s->tensors, TensorSketch, i), block,
                    seed, s->sides, p, error))
      return NULL;
  symmetry_settle(s->sides);
  model_sketch_settle(s);
  return g_steal_pointer(&s);
}

double tensor_sketch_variation(const TensorSketch *t) {
  double c = moments_centred2(&t->moments);
  return moments_are_finite(&t->moments) && c > 1e-8 * t->moments.sum2 ? c : 0;
}

bool tensor_sketch_equal(const TensorSketch *a, const TensorSketch *b) {
  if (content_hash_equal(a->hash, b->hash)) return true;
  if (a->dtype == b->dtype || a->moments.count != b->moments.count) return false;
  if (!dtype_is_float(a->dtype) || !dtype_is_float(b->dtype)) return false;
  double epsilon = fmax(dtype_epsilon(a->dtype), dtype_epsilon(b->dtype));
  if (epsilon > 1.5 * dtype_epsilon(DTYPE_BF16)) return false;
  if (epsilon > 1.5 * dtype_epsilon(DTYPE_F16)) {
    if (a->as_brain != b->as_brain) return false;
  } else if (epsilon > 1.5 * dtype_epsilon(DTYPE_F32)) {
    if (a->as_half != b->as_half) return false;
  } else if (a->as_single != b->as_single) {
    return false;
  }
  if (!a->projected || !b->projected || a->width != b->width) return true;
  double product, distance2; /* the sample is equal: so must the rest be */
  projection_compare(a->projection, b->projection, a->width, &product, &distance2);
  return distance2 <= 2 * epsilon * epsilon * a->moments.sum2;
}

static gint by_seed(gconstpointer a, gconstpointer b) {
  uint64_t x = ((const TensorSketch *)a)->seed, y = ((const TensorSketch *)b)->seed;
  return x < y ? -1 : x > y;
}

static double or_zero(double x) { return isnan(x) ? 0 : x; }

/* How strongly an adapter acts belongs to what it is, whoever says it. */
static void join_scale(ModelSketch *s, float scale) {
  ContentHash h = content_hash(0, &scale, sizeof scale);
  ContentHash *const all[] = {&s->content, &s->as_single, &s->as_half, &s->as_brain};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++) content_hash_join(all[i], h);
}

/* Codes that are told by name alone: no number of theirs is compared, but they are a quantiser's. */
static bool is_hidden(const TensorSketch *t) { return dtype_is_packed(t->dtype) && !dtype_is_readable(t->dtype); }

/* Adds one tensor to the sums over the model. */
static void sum_up(ModelSketch *s, const TensorSketch *t, double *kurtosis_weight, uint64_t *gridded) {
  const Moments *m = &t->moments;
  content_hash_join(&s->content, t->hash);
  content_hash_join(&s->as_single, (ContentHash){t->as_single, m->count});
  content_hash_join(&s->as_half, (ContentHash){t->as_half, m->count});
  content_hash_join(&s->as_brain, (ContentHash){t->as_brain, m->count});
  if (!isnan(t->scale)) join_scale(s, t->scale);
  if (t->part == PART_CLOCK) s->clock = or_zero(s->clock) + m->sum;
  if (t->part == PART_OTHER || t->part == PART_CLOCK) return;
  if (!moments_are_finite(m)) {
    s->finite = false;
    return;
  }
  double n = (double)m->count;
  s->epsilon = fmax(s->epsilon, dtype_epsilon(t->dtype));
  if (t->part == PART_MATRIX) {
    if (tensor_sketch_variation(t) > 0) s->trunk += m->count;
    s->norm2 += m->sum2;
    if (t->gridded) *gridded += m->count;
    s->kurtosis = or_zero(s->kurtosis) + n * moments_kurtosis(m);
    *kurtosis_weight += n;
  } else if (t->part == PART_VECTOR && t->role == TENSOR_BIAS) {
    s->biases = or_zero(s->biases) + m->sum2;
  } else if (t->part == PART_VECTOR && t->role == TENSOR_WEIGHT) {
    s->norm_layers = or_zero(s->norm_layers) + m->sum2 - 2 * m->sum + n;
  } else if (t->part == PART_HEAD && t->projected && n > 0) {
    s->head_scale = or_zero(s->head_scale) + m->sum2 / n * (double)t->d_in;
    s->head_out += t->d_out;
  }
}

/* A model of one layer has a trunk too, whatever the layer is called. */
static void promote_lone_heads(ModelSketch *s) {
  guint n = s->tensors->len;
  for (guint i = 0; i < n; i++)
    if (g_array_index(s->tensors, TensorSketch, i).part == PART_MATRIX) return;
  for (guint i = 0; i < n; i++) {
    TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    if (t->part == PART_HEAD && t->projected) t->part = PART_MATRIX;
  }
}

/* Each matrix by its size. */
static double share_of_zeros(const ModelSketch *s) {
  double sum = 0, all = 0;
  for (guint i = 0; i < s->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    if (t->part != PART_MATRIX || !t->places || t->placed == 0) continue;
    size_t zeros = 0;
    for (size_t k = 0; k < t->placed; k++) zeros += t->places[k] == 0;
    sum += (double)t->moments.count * (double)zeros / (double)t->placed;
    all += (double)t->moments.count;
  }
  return all > 0 ? sum / all : 0;
}

/* A head that is the table of tokens once more counts once: whether it is saved is a matter of the tool. */
static void drop_tied(ModelSketch *s) {
  for (guint i = 0; i < s->tensors->len; i++) {
    const TensorSketch *head = &g_array_index(s->tensors, TensorSketch, i);
    if (head->part != PART_HEAD || !head->projected || tensor_sketch_variation(head) == 0) continue;
    bool tied = false;
    for (guint k = 0; k < s->tensors->len && !tied; k++) {
      const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, k);
      tied = t->part == PART_MATRIX && t->d_out == head->d_out && content_hash_equal(t->hash, head->hash);
    }
    if (tied) g_array_remove_index_fast(s->tensors, i--);
  }
}

void model_sketch_settle(ModelSketch *s) {
  double weight = 0;
  uint64_t gridded = 0;
  bool hidden = false;
  drop_tied(s);
  promote_lone_heads(s);
  g_array_sort(s->tensors, by_seed);
  s->finite = true;
  s->clock = s->kurtosis = s->norm_layers = s->biases = s->head_scale = NAN;
  for (guint i = 0; i < s->tensors->len; i++) sum_up(s, &g_array_index(s->tensors, TensorSketch, i), &weight, &gridded);
  for (guint i = 0; i < s->tensors->len; i++) hidden |= is_hidden(&g_array_index(s->tensors, TensorSketch, i));
  s->quantised = hidden || (s->trunk > 0 && 2 * gridded > s->trunk);
  if (weight > 0) s->kurtosis /= weight;
  s->zeros = share_of_zeros(s);
}

/* The tensors of all models that share a seed. */
typedef struct {
  GPtrArray *members; /* of TensorSketch, borrowed */
} Group;

static bool centre_group(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Group *g = &g_array_index((const GArray *)user, Group, item);
  const TensorSketch *first = g->members->pdata[0];
  g_autofree float *ones = g_new(float, first->width);
  projection_of_ones(first->seed, first->moments.count, ones);
  for (guint i = 0; i < g->members->len; i++) {
    TensorSketch *t = g->members->pdata[i];
    double mean = moments_mean(&t->moments);
    for (size_t k = 0; k < MIN(t->width, first->width); k++)
      t->projection[k] = (float)((double)t->projection[k] - mean * (double)ones[k]);
  }
  return true;
}

static void group_clear(void *data) { g_ptr_array_unref(((Group *)data)->members); }

static void add_to_group(GArray *groups, GHashTable *by, TensorSketch *t) {
  gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(by, &t->seed));
  if (!at) {
    Group fresh = {g_ptr_array_new()};
    g_array_append_val(groups, fresh);
    at = groups->len;
    g_hash_table_insert(by, &t->seed, GSIZE_TO_POINTER(at));
  }
  g_ptr_array_add(g_array_index(groups, Group, at - 1).members, t);
}

void model_sketches_centre(const GPtrArray *sketches, unsigned threads) {
  g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(Group));
  g_autoptr(GHashTable) by = g_hash_table_new(g_int64_hash, g_int64_equal);
  g_array_set_clear_func(groups, group_clear);
  for (guint i = 0; i < sketches->len; i++) {
    ModelSketch *s = sketches->pdata[i];
    for (guint k = 0; s && k < s->tensors->len; k++) {
      TensorSketch *t = &g_array_index(s->tensors, TensorSketch, k);
      if (t->projected) add_to_group(groups, by, t);
    }
  }
  parallel_for(groups->len, threads, centre_group, groups, NULL);
}
