/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/packed/packed_find.h"

#include <string.h>

#include "core/json.h"
#include "weights/packed/packed_named.h"

static void packed_tensor_clear(PackedTensor *p) { g_clear_pointer(&p->name, g_free); }

const TensorInfo *search_info(const Search *s, int part) {
  return s->p.part[part] >= 0 ? weight_file_info(s->file, (size_t)s->p.part[part]) : NULL;
}

/* The tensor STEM + ending becomes a part; false when there is none. */
bool search_take(Search *s, int part, const char *ending) {
  g_autofree char *name = g_strconcat(s->stem, ending, NULL);
  s->p.part[part] = weight_file_find(s->file, name);
  return s->p.part[part] >= 0;
}

bool search_is_words(const TensorInfo *t) { return t->dtype == DTYPE_I32 || t->dtype == DTYPE_U32; }

static bool is_matrix(const TensorInfo *t, uint64_t rows, uint64_t columns) {
  return t && t->rank == 2 && t->shape[0] == rows && t->shape[1] == columns;
}

bool search_is_float(const TensorInfo *t) { return t && dtype_is_float(t->dtype) && dtype_is_readable(t->dtype); }

void search_show_as(Search *s, const char *ending, uint64_t rows, uint64_t columns) {
  s->p.name = g_strconcat(s->stem, ending, NULL);
  s->p.rank = 2;
  s->p.matrices = 1;
  s->p.rows = rows;
  s->p.columns = columns;
}

bool search_dtype_of_bits(unsigned bits, Dtype *d) {
  static const Dtype by_bits[9] = {[2] = DTYPE_PACKED_INT2, [3] = DTYPE_PACKED_INT3, [4] = DTYPE_PACKED_INT4,
                                   [5] = DTYPE_PACKED_INT5, [6] = DTYPE_PACKED_INT6, [8] = DTYPE_PACKED_INT8};
  if (bits > 8 || !by_bits[bits]) return false;
  *d = by_bits[bits];
  return true;
}

/* Words of 32 bits that hold `numbers` numbers, so many bits each; 0 when that comes out even with none. */
static unsigned bits_of(uint64_t words, uint64_t numbers) {
  if (numbers == 0 || words > UINT64_MAX / 32 || words * 32 % numbers != 0) return 0;
  uint64_t bits = words * 32 / numbers;
  return bits <= 8 ? (unsigned)bits : 0;
}

/* GPTQ packs along the input, AWQ along the output: the width of the scales tells which. */
static bool find_gptq_or_awq(Search *s) {
  if (!search_is_words(s->t) || s->t->rank != 2 || !search_take(s, PART_SCALES, ".scales") ||
      !search_take(s, PART_ZEROS, ".qzeros"))
    return false;
  const TensorInfo *scales = search_info(s, PART_SCALES), *zeros = search_info(s, PART_ZEROS);
  if (!search_is_float(scales) || scales->rank != 2 || !search_is_words(zeros) || scales->shape[0] == 0) return false;
  const uint64_t out = scales->shape[1], groups = scales->shape[0];
  bool columns = s->t->shape[1] == out && out > 0;
  PackedTensor *p = &s->p;
  p->bits = zeros->rank == 2 ? bits_of(zeros->shape[1], out) : 0;
  if (!search_dtype_of_bits(p->bits, &p->dtype) || zeros->shape[0] != groups) return false;
  if (columns && s->t->shape[0] * 32 % p->bits != 0) return false;
  const uint64_t in = columns ? s->t->shape[0] * 32 / p->bits : s->t->shape[0];
  if (!columns && (p->bits != 4 || out % 8 != 0 || s->t->shape[1] != out / 8)) return false;
  if (in % groups != 0 && !columns) return false;
  p->packing = columns ? PACKING_COLUMNS : PACKING_WOVEN;
  p->zero_less_one = columns;
  p->scale_rows = groups;
  p->scale_columns = out;
  p->block_rows = (in + groups - 1) / groups;
  search_show_as(s, ".weight", out, in);
  if (!columns || !search_take(s, PART_ORDER, ".g_idx")) return true;
  const TensorInfo *order = search_info(s, PART_ORDER);
  return order->rank == 1 && order->count == in && order->dtype == DTYPE_I32;
}

/* The widths of groups that MLX has, its own choice first. */
static const uint64_t mlx_groups[] = {64, 32, 128};

/* Bits and group of MLX's matrices follow from each other, and several pairs can come out even. The file as a whole
 * tells: matrices take as many inputs as its norms and biases are long. Its own choice where nothing speaks. */
static uint64_t mlx_group_of(WeightFile *file) {
  g_autoptr(GHashTable) lengths = g_hash_table_new(g_int64_hash, g_int64_equal);
  unsigned votes[G_N_ELEMENTS(mlx_groups)] = {0}, best = 0;
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    if (t->rank == 1 && search_is_float(t)) g_hash_table_add(lengths, (gpointer)&t->count);
  }
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    if (t->dtype != DTYPE_U32 || t->rank != 2 || !g_str_has_suffix(t->name, ".weight")) continue;
    g_autofree char *stem = g_strndup(t->name, strlen(t->name) - strlen(".weight"));
    Search s = {.file = file, .stem = stem};
    const TensorInfo *scales = search_take(&s, PART_SCALES, ".scales") ? search_info(&s, PART_SCALES) : NULL;
    for (size_t k = 0; scales && scales->rank == 2 && k < G_N_ELEMENTS(mlx_groups); k++) {
      uint64_t in = scales->shape[1] * mlx_groups[k];
      Dtype d;
      if (search_dtype_of_bits(bits_of(t->shape[1], in), &d)) votes[k] += g_hash_table_contains(lengths, &in);
    }
  }
  for (unsigned k = 1; k < G_N_ELEMENTS(mlx_groups); k++)
    if (votes[k] > votes[best]) best = k;
  return mlx_groups[best];
}

/* The file's width of a group, else one that comes out even; then the bits follow. */
static bool find_mlx(Search *s) {
  if (s->t->dtype != DTYPE_U32 || s->t->rank != 2 || !search_take(s, PART_SCALES, ".scales") ||
      !search_take(s, PART_ZEROS, ".biases"))
    return false;
  const TensorInfo *scales = search_info(s, PART_SCALES), *biases = search_info(s, PART_ZEROS);
  if (!search_is_float(scales) || !search_is_float(biases) || scales->rank != 2) return false;
  const uint64_t out = s->t->shape[0], groups = scales->shape[1];
  if (groups == 0 || scales->shape[0] != out || !is_matrix(biases, out, groups)) return false;
  PackedTensor *p = &s->p;
  uint64_t in = groups * s->mlx_group;
  p->bits = bits_of(s->t->shape[1], in);
  for (size_t k = 0; k < G_N_ELEMENTS(mlx_groups) && !search_dtype_of_bits(p->bits, &p->dtype); k++) {
    in = groups * mlx_groups[k];
    p->bits = bits_of(s->t->shape[1], in);
  }
  if (!search_dtype_of_bits(p->bits, &p->dtype)) return false;
  p->packing = PACKING_ROWS;
  p->zero_is_added = true;
  p->scale_rows = out;
  p->scale_columns = groups;
  p->block_rows = 1;
  p->block_columns = in / groups;
  search_show_as(s, ".weight", out, in);
  return true;
}

/* Two whole numbers, the matrix's own shape. */
bool search_read_shape(Search *s, const char *ending, float shape[2]) {
  g_autofree char *name = g_strconcat(s->stem, ending, NULL);
  gssize i = weight_file_find(s->file, name);
  return i >= 0 && weight_file_info(s->file, (size_t)i)->count == 2 &&
         weight_file_read_f32(s->file, (size_t)i, 0, 2, shape, NULL) && shape[0] >= 1 && shape[1] >= 1 &&
         shape[0] < 0x1p40f && shape[1] < 0x1p40f;
}

static bool find_rows_of_integers(Search *s) {
  float shape[2];
  if (!search_is_words(s->t) || s->t->rank != 2 || !search_take(s, PART_SCALES, ".weight_scale") ||
      !search_read_shape(s, ".weight_shape", shape))
    return false;
  const TensorInfo *scales = search_info(s, PART_SCALES);
  const uint64_t out = (uint64_t)shape[0], in = (uint64_t)shape[1];
  PackedTensor *p = &s->p;
  p->bits = bits_of(s->t->shape[1], in);
  if (s->t->shape[0] != out || (p->bits != 4 && p->bits != 8 && p->bits != 2)) return false;
  if (!search_dtype_of_bits(p->bits, &p->dtype) || !search_is_float(scales) || scales->rank != 2) return false;
  if (scales->shape[0] != out || scales->shape[1] == 0 || in % scales->shape[1] != 0) return false;
  p->packing = PACKING_ROWS;
  p->scale_rows = out;
  p->scale_columns = scales->shape[1];
  p->block_rows = 1;
  p->block_columns = in / scales->shape[1];
  if (search_take(s, PART_ORDER, ".weight_g_idx") && search_info(s, PART_ORDER)->count != in) return false;
  if (search_take(s, PART_ZEROS, ".weight_zero_point") &&
      !is_matrix(search_info(s, PART_ZEROS), (out * p->bits + 31) / 32, scales->shape[1]))
    return false;
  search_show_as(s, ".weight", out, in);
  return true;
}

/* The codes' scales for E2M1: exponents for 32, or E4M3 for 16 and one scale for all. */
static bool settle_e2m1(Search *s, uint64_t matrices, uint64_t rows, uint64_t columns) {
  const TensorInfo *scales = search_info(s, PART_SCALES), *whole = search_info(s, PART_WHOLE);
  PackedTensor *p = &s->p;
  bool exponents = scales->dtype == DTYPE_U8 || scales->dtype == DTYPE_F8_E8M0;
  if (!exponents && !search_is_float(scales)) return false;
  if (matrices == 0 || rows == 0 || columns == 0 || columns % 2 != 0) return false;
  if (scales->count % (matrices * rows) != 0) return false;
  const uint64_t groups = scales->count / (matrices * rows);
  if (groups == 0 || columns % groups != 0 || (whole && whole->count != 1)) return false;
  p->packing = PACKING_E2M1;
  p->bits = 4;
  p->dtype = !exponents ? DTYPE_PACKED_NVFP4 : s->t->dtype == DTYPE_F4 ? DTYPE_PACKED_F4 : DTYPE_PACKED_MXFP4;
  p->scale_rows = rows;
  p->scale_columns = groups;
  p->block_rows = 1;
  p->block_columns = columns / groups;
  return true;
}

/* Blocks of 16 bytes; of several experts the matrices lie input first in the plain model. */
static bool find_blocks(Search *s) {
  const TensorInfo *t = s->t;
  if (t->dtype != DTYPE_U8 || t->rank < 3 || t->rank > 4 || !search_take(s, PART_SCALES, "_scales")) return false;
  const bool experts = t->rank == 4;
  const uint64_t *shape = t->shape + (experts ? 1 : 0);
  const uint64_t matrices = experts ? t->shape[0] : 1;
  if (shape[0] == 0 || matrices == 0 || t->count / matrices / shape[0] > UINT64_MAX / 2) return false;
  const uint64_t rows = shape[0], columns = shape[1] * shape[2] * 2;
  if (search_info(s, PART_SCALES)->dtype != DTYPE_U8 || !settle_e2m1(s, matrices, rows, columns)) return false;
  search_show_as(s, "", rows, columns);
  s->p.matrices = matrices;
  s->p.rank = experts ? 3 : 2;
  s->p.turned = experts;
  return true;
}

static bool find_fp4(Search *s, bool divides) {
  const TensorInfo *t = s->t;
  const uint64_t pack = t->dtype == DTYPE_F4 ? 1 : 2;
  if ((t->dtype != DTYPE_F4 && t->dtype != DTYPE_U8) || t->rank < 2 || t->rank > 3) return false;
  if (!search_take(s, PART_SCALES, ".weight_scale")) return false;
  if (!search_take(s, PART_WHOLE, ".weight_scale_2")) search_take(s, PART_WHOLE, ".weight_global_scale");
  const uint64_t matrices = t->rank == 3 ? t->shape[0] : 1, rows = t->shape[t->rank - 2];
  if (t->shape[t->rank - 1] > UINT64_MAX / 4) return false;
  const uint64_t columns = t->shape[t->rank - 1] * pack;
  if (!settle_e2m1(s, matrices, rows, columns)) return false;
  s->p.whole_divides = divides;
  search_show_as(s, ".weight", rows, columns);
  s->p.matrices = matrices;
  s->p.rank = t->rank;
  return true;
}

/* The numbers that share a scale along one side: 128 as the first of such models had it, else as many as fit. */
static uint64_t block_of(uint64_t size, uint64_t scales) {
  enum { USUAL = 128 };
  if (scales == 0) return 0;
  if (scales == 1) return size;
  if ((size + USUAL - 1) / USUAL == scales) return USUAL;
  return size % scales == 0 ? size / scales : 0;
}

bool search_settle_scaled(Search *s) {
  const TensorInfo *t = s->t, *scales = search_info(s, PART_SCALES);
  PackedTensor *p = &s->p;
  if (!search_is_float(scales) || t->rank < 2 || t->rank > 3) return false;
  p->matrices = t->rank == 3 ? t->shape[0] : 1;
  p->rows = t->shape[t->rank - 2];
  p->columns = t->shape[t->rank - 1];
  if (p->matrices == 0 || scales->count == 0) return false;
  p->scale_rows = p->scale_columns = 1;
  if (scales->rank >= 2) p->scale_rows = scales->shape[scales->rank - 2];
  if (scales->rank >= 2) p->scale_columns = scales->shape[scales->rank - 1];
  else if (p->matrices == 1 && scales->count > 1) p->scale_rows = scales->count;
  uint64_t one = p->scale_rows * p->scale_columns;
  if (scales->count != one * p->matrices && scales->count != 1) return false;
  p->block_rows = block_of(p->rows, p->scale_rows);
  p->block_columns = block_of(p->columns, p->scale_columns);
  p->packing = PACKING_SCALED;
  p->codes = t->dtype;
  p->bits = 8;
  p->rank = t->rank;
  p->dtype = t->dtype == DTYPE_I8 ? DTYPE_PACKED_INT8 : DTYPE_PACKED_FP8;
  return p->block_rows > 0 && p->block_columns > 0;
}

static bool is_byte_float(Dtype d) { return d == DTYPE_F8_E4M3 || d == DTYPE_F8_E5M2; }

/* Bytes that are not centred have a zero for each scale. */
bool search_settle_zeros(Search *s, const char *name) {
  g_autofree char *zeros = g_strconcat(name, "_zero_point", NULL);
  s->p.part[PART_ZEROS] = weight_file_find(s->file, zeros);
  const TensorInfo *t = search_info(s, PART_ZEROS);
  return !t || (dtype_is_readable(t->dtype) && t->count == search_info(s, PART_SCALES)->count);
}

/* Bytes with a scale of their own, whatever the scale is called. `name`: of the codes. */
static bool find_scaled(Search *s, const char *name) {
  static const char *const endings[] = {"_scale_inv", "_scale"};
  if (!is_byte_float(s->t->dtype) && s->t->dtype != DTYPE_I8) return false;
  g_autofree char *stem = s->stem, *own = g_strdup(name);
  s->stem = own;
  bool found = false;
  for (size_t i = 0; i < G_N_ELEMENTS(endings) && !found; i++) found = search_take(s, PART_SCALES, endings[i]);
  s->stem = g_steal_pointer(&stem);
  if (!found && g_str_has_suffix(name, ".weight")) found = search_take(s, PART_SCALES, ".scale_weight");
  if (!found || !search_settle_scaled(s) || !search_settle_zeros(s, name)) return false;
  s->p.name = g_strdup(name);
  return true;
}

/* What bitsandbytes writes beside the codes, as JSON in bytes. */
static cJSON *read_state(Search *s) {
  static const char *const kinds[] = {".weight.quant_state.bitsandbytes__nf4", ".weight.quant_state.bitsandbytes__fp4"};
  enum { MOST = 4096 };
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autofree char *name = g_strconcat(s->stem, kinds[i], NULL);
    gssize at = weight_file_find(s->file, name);
    const TensorInfo *t = at >= 0 ? weight_file_info(s->file, (size_t)at) : NULL;
    char text[MOST];
    if (!t || t->dtype != DTYPE_U8 || t->bytes > MOST) continue;
    if (!weight_file_read_raw(s->file, (size_t)at, 0, (size_t)t->bytes, text, NULL)) return NULL;
    s->p.dtype = i == 0 ? DTYPE_PACKED_NF4 : DTYPE_PACKED_FP4;
    return json_parse(text, (size_t)t->bytes);
  }
  return NULL;
}

static bool shape_of_state(const cJSON *state, Search *s) {
  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(state, "shape");
  uint64_t size[3] = {1, 1, 1}, count = 1;
  int n = cJSON_GetArraySize(shape);
  if (!cJSON_IsArray(shape) || n < 2 || n > 3) return false;
  for (int i = 0; i < n; i++) {
    double x = cJSON_GetNumberValue(cJSON_GetArrayItem(shape, i));
    if (!(x >= 1 && x < 0x1p40)) return false;
    size[i] = (uint64_t)x;
    if (__builtin_mul_overflow(count, size[i], &count)) return false;
  }
  if ((count + 1) / 2 != s->t->bytes) return false;
  s->p.rank = n;
  s->p.matrices = n == 3 ? size[0] : 1;
  s->p.rows = size[n - 2];
  s->p.columns = size[n - 1];
  return true;
}

static bool find_table(Search *s) {
  if (!search_take(s, PART_SCALES, ".weight.absmax") || !search_take(s, PART_TABLE, ".weight.quant_map")) return false;
  g_autoptr(cJSON) state = read_state(s);
  PackedTensor *p = &s->p;
  if (!state || !shape_of_state(state, s) || search_info(s, PART_TABLE)->count != 16) return false;
  double block = json_number(state, "blocksize", 64), nested = json_number(state, "nested_blocksize", 256);
  if (!(block >= 2 && block <= 65536) || !(nested >= 1 && nested <= 65536)) return false;
  p->packing = PACKING_TABLE;
  p->bits = 4;
  p->block = (uint64_t)block;
  p->nested_block = (uint64_t)nested;
  p->nested_offset = json_number(state, "nested_offset", 0);
  const uint64_t count = p->matrices * p->rows * p->columns, blocks = (count + p->block - 1) / p->block;
  const TensorInfo *scales = search_info(s, PART_SCALES);
  p->name = g_strconcat(s->stem, ".weight", NULL);
  if (scales->count != blocks) return false;
  if (scales->dtype != DTYPE_U8) return search_is_float(scales);
  if (!search_take(s, PART_WHOLE, ".weight.nested_absmax") || !search_take(s, PART_NESTED, ".weight.nested_quant_map"))
    return false;
  return search_info(s, PART_WHOLE)->count == (blocks + p->nested_block - 1) / p->nested_block &&
         search_info(s, PART_NESTED)->count == 256;
}

typedef bool (*Finder)(Search *s);
static bool find_fp4_packed(Search *s) { return find_fp4(s, true); }
static bool find_fp4_plain(Search *s) { return find_fp4(s, false); }

/* What may follow a stem, and what the group may then be. */
static const struct {
  const char *ending;
  Finder finders[4];
} kinds[] = {
    {".qweight", {find_gptq_or_awq}},
    {".weight_packed", {find_rows_of_integers, find_fp4_packed}},
    {".weight", {find_table, packed_find_scb, find_fp4_plain, find_mlx}},
    {"_blocks", {find_blocks}},
    {".q_weight", {packed_find_exl2}},
    {".trellis", {packed_find_exl3}},
    {".W_q", {packed_find_hqq}},
    {".weight._data", {packed_find_quanto}},
    {"._weight_qdata", {packed_find_torchao}},
};

static void start(Search *s) {
  packed_tensor_clear(&s->p);
  s->p = (PackedTensor){0};
  for (int k = 0; k < PACKED_PARTS; k++) s->p.part[k] = -1;
  s->p.part[PART_CODES] = (gssize)s->codes;
}

static bool search(Search *s) {
  const char *name = s->t->name;
  for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
    if (!g_str_has_suffix(name, kinds[k].ending)) continue;
    g_free(s->stem);
    s->stem = g_strndup(name, strlen(name) - strlen(kinds[k].ending));
    for (int i = 0; i < 4 && kinds[k].finders[i]; i++) {
      start(s);
      if (kinds[k].finders[i](s)) return true;
    }
  }
  start(s);
  if (!s->stem) s->stem = g_strdup(name);
  return find_scaled(s, name);
}

/* Tensors beside a group that say nothing of its numbers once it is read. */
static void hide_rest(const Search *s, int *of) {
  static const char *const endings[] = {".weight.quant_state.bitsandbytes__nf4",
                                        ".weight.quant_state.bitsandbytes__fp4",
                                        ".weight_format",
                                        ".weight_shape",
                                        ".input_scale",
                                        ".input_global_scale",
                                        ".weight_scale_2",
                                        ".scale_input",
                                        ".comfy_quant",
                                        ".output_scale"};
  static const char *const hqq[] = {".shape",
                                    ".nbits",
                                    ".group_size",
                                    ".axis",
                                    ".packing",
                                    ".channel_wise",
                                    ".optimize",
                                    ".round_zero",
                                    ".quant_scale",
                                    ".quant_zero",
                                    ".compute_dtype",
                                    ".offload_meta",
                                    ".view_as_float",
                                    ".unpack_view_dtype",
                                    ".encoded_state_dict",
                                    ".stores_quant_config",
                                    ".scale",
                                    ".zero"};
  bool is_hqq = g_str_has_suffix(s->t->name, ".W_q");
  for (size_t i = 0; is_hqq && i < G_N_ELEMENTS(hqq); i++) {
    g_autofree char *name = g_strconcat(s->stem, hqq[i], NULL);
    gssize at = weight_file_find(s->file, name);
    if (at >= 0 && of[at] == 0) of[at] = -1;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
    g_autofree char *name = g_strconcat(s->stem, endings[i], NULL);
    gssize at = weight_file_find(s->file, name);
    if (at >= 0 && of[at] == 0) of[at] = -1;
  }
}

/* Most types that codes have are rare in plain files: those are passed by quickly. */
static bool may_be_codes(const TensorInfo *t) {
  switch (t->dtype) {
    case DTYPE_I32:
    case DTYPE_U32:
    case DTYPE_U8:
    case DTYPE_I8:
    case DTYPE_I16:
    case DTYPE_F4:
    case DTYPE_F8_E4M3:
    case DTYPE_F8_E5M2:
      return t->count > 0;
    default:
      return false;
  }
}

/* No other tensor has the name that the group would be shown under. */
static bool is_free(const Search *s) {
  return strcmp(s->p.name, s->t->name) == 0 || weight_file_find(s->file, s->p.name) < 0;
}

/* bitsandbytes may keep its codes in tensors of any type, for the sake of those who share them out by type. */
static bool has_quant_states(const WeightFile *file) {
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    if (t->dtype == DTYPE_U8 && strstr(t->name, ".weight.quant_state.")) return true;
  }
  return false;
}

/* What tells a loader that bytes have scales: a tensor of nothing in a file of such matrices. */
static void hide_mark(const WeightFile *file, const GArray *groups, int *of) {
  static const char *const marks[] = {"scaled_fp8", "model.diffusion_model.scaled_fp8"};
  for (size_t i = 0; groups->len && i < G_N_ELEMENTS(marks); i++) {
    gssize at = weight_file_find(file, marks[i]);
    if (at >= 0 && of[at] == 0 && weight_file_info(file, (size_t)at)->count <= 2) of[at] = -1;
  }
}

static bool has_words(const WeightFile *file) {
  for (size_t i = 0; i < weight_file_count(file); i++)
    if (weight_file_info(file, i)->dtype == DTYPE_U32) return true;
  return false;
}

static void group_clear(void *data) { packed_tensor_clear(data); }

GArray *packed_find(WeightFile *file, int **of) {
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(PackedTensor));
  g_array_set_clear_func(groups, group_clear);
  *of = g_new0(int, weight_file_count(file) + 1);
  const bool any_type = has_quant_states(file);
  const uint64_t mlx_group = has_words(file) ? mlx_group_of(file) : 0;
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    bool stored_wide = any_type && t->count > 0 && g_str_has_suffix(t->name, ".weight");
    if ((*of)[i] != 0 || (!stored_wide && !may_be_codes(t))) continue;
    Search s = {.file = file, .codes = i, .t = t, .mlx_group = mlx_group};
    if (search(&s) && is_free(&s)) {
      g_array_append_val(groups, s.p);
      for (int k = 0; k < PACKED_PARTS; k++)
        if (s.p.part[k] >= 0) (*of)[s.p.part[k]] = -1;
      (*of)[i] = (int)groups->len;
      hide_rest(&s, *of);
    } else {
      packed_tensor_clear(&s.p);
    }
    g_free(s.stem);
  }
  hide_mark(file, groups, *of);
  return groups;
}
