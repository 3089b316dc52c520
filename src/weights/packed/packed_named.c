/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/packed/packed_named.h"

static void leave_unread(Search *s, Dtype dtype, const char *ending, uint64_t rows, uint64_t columns) {
  s->p.packing = PACKING_UNREAD;
  s->p.dtype = dtype;
  search_show_as(s, ending, rows, columns);
}

/* ExLlamaV2: widths of numbers differ by rows; the order of the inputs has one entry each. */
bool packed_find_exl2(Search *s) {
  if (!search_is_words(s->t) || s->t->rank != 2 || !search_take(s, PART_SCALES, ".q_scale") ||
      !search_take(s, PART_ZEROS, ".q_scale_max") || !search_take(s, PART_WHOLE, ".q_groups"))
    return false;
  if (!search_take(s, PART_ORDER, ".q_invperm") && !search_take(s, PART_ORDER, ".q_perm")) return false;
  leave_unread(s, DTYPE_PACKED_EXL2, ".weight", s->t->shape[1], search_info(s, PART_ORDER)->count);
  return true;
}

/* ExLlamaV3: tiles of 16 x 16, inputs first. */
bool packed_find_exl3(Search *s) {
  enum { TILE = 16 };
  if (s->t->dtype != DTYPE_I16 || s->t->rank != 3) return false;
  if (!search_take(s, PART_SCALES, ".suh") && !search_take(s, PART_SCALES, ".su")) return false;
  if (!search_take(s, PART_ZEROS, ".svh") && !search_take(s, PART_ZEROS, ".sv")) return false;
  if (s->t->shape[0] > UINT64_MAX / TILE || s->t->shape[1] > UINT64_MAX / TILE) return false;
  leave_unread(s, DTYPE_PACKED_EXL3, ".weight", s->t->shape[1] * TILE, s->t->shape[0] * TILE);
  return true;
}

/* A number that HQQ stores beside the codes; -1 when it is not there. */
static int number_beside(Search *s, const char *ending) {
  g_autofree char *name = g_strconcat(s->stem, ending, NULL);
  gssize i = weight_file_find(s->file, name);
  float x = -1;
  bool one = i >= 0 && weight_file_info(s->file, (size_t)i)->count == 1 &&
             dtype_is_readable(weight_file_info(s->file, (size_t)i)->dtype);
  return one && weight_file_read_f32(s->file, (size_t)i, 0, 1, &x, NULL) && x >= 0 && x <= 1 << 20 ? (int)x : -1;
}

/* (q - z) s of rows of groups, whose codes lie 8/bits shares of the rows in a byte, the first share in its highest bits. */
static bool settle_shares(Search *s, uint64_t rows, uint64_t columns) {
  const TensorInfo *scales = search_info(s, PART_SCALES), *zeros = search_info(s, PART_ZEROS);
  PackedTensor *p = &s->p;
  const int bits = number_beside(s, ".nbits"), axis = number_beside(s, ".axis");
  int group = number_beside(s, ".group_size");
  if ((bits != 8 && bits != 4 && bits != 2) || axis < 0 || axis > 1 || s->t->dtype != DTYPE_U8 || s->t->rank != 2)
    return false;
  const uint64_t count = rows * columns, shares = 8 / (uint64_t)bits;
  if (group <= 0) group = (int)(axis ? columns : rows);
  if (group == 0 || count % (uint64_t)group != 0) return false;
  const uint64_t groups = count / (uint64_t)group, height = axis ? groups : (uint64_t)group;
  p->bits = (unsigned)bits;
  p->by_columns = axis == 0;
  p->block = count / height;
  p->nested_block = height / shares;
  p->scale_rows = groups;
  p->scale_columns = 1;
  p->packing = PACKING_SHARES;
  return height % shares == 0 && s->t->count == count / shares && search_is_float(scales) && zeros &&
         search_is_float(zeros) && scales->count == groups && zeros->count == groups &&
         search_dtype_of_bits(p->bits, &p->dtype);
}

bool packed_find_hqq(Search *s) {
  float shape[2];
  if (!search_read_shape(s, ".shape", shape) || shape[0] * shape[1] >= 0x1p60f) return false;
  const uint64_t rows = (uint64_t)shape[0], columns = (uint64_t)shape[1];
  bool both = search_take(s, PART_SCALES, ".scale") && search_take(s, PART_ZEROS, ".zero");
  if (both && settle_shares(s, rows, columns)) search_show_as(s, ".weight", rows, columns);
  else leave_unread(s, DTYPE_PACKED_HQQ, ".weight", rows, columns);
  return true;
}

/* optimum-quanto: bytes with a scale a row; below that groups, of which the file does not tell how they lie in the
 * matrix. */
bool packed_find_quanto(Search *s) {
  if (!search_take(s, PART_SCALES, ".weight._scale")) return false;
  const TensorInfo *scales = search_info(s, PART_SCALES);
  if (s->t->dtype != DTYPE_U8) {
    if ((s->t->dtype != DTYPE_I8 && s->t->dtype != DTYPE_F8_E4M3 && s->t->dtype != DTYPE_F8_E5M2) ||
        !search_settle_scaled(s))
      return false;
    s->p.name = g_strconcat(s->stem, ".weight", NULL);
    return true;
  }
  if (s->t->rank != 2 || scales->count == 0 || s->t->shape[1] == 0) return false;
  search_take(s, PART_ZEROS, ".weight._shift");
  leave_unread(s, DTYPE_PACKED_QUANTO, ".weight", scales->count, s->t->shape[1]);
  return true;
}

/* torchao's bytes: q * s, or (q - z) * s, of rows. */
bool packed_find_torchao(Search *s) {
  const Dtype d = s->t->dtype;
  if (d != DTYPE_I8 && d != DTYPE_F8_E4M3 && d != DTYPE_F8_E5M2) return false;
  if (!search_take(s, PART_SCALES, "._weight_scale") || !search_settle_scaled(s)) return false;
  g_autofree char *codes = g_strconcat(s->stem, "._weight", NULL);
  if (!search_settle_zeros(s, codes)) return false;
  s->p.name = g_strconcat(s->stem, ".weight", NULL);
  return true;
}

/* int8 of bitsandbytes: the largest magnitude of a row stands for 127. */
bool packed_find_scb(Search *s) {
  if (s->t->dtype != DTYPE_I8 || s->t->rank != 2 || !search_take(s, PART_SCALES, ".SCB") || !search_settle_scaled(s))
    return false;
  if (search_info(s, PART_SCALES)->count != s->t->shape[0]) return false;
  s->p.nested_offset = 127; /* what a scale is divided by */
  s->p.name = g_strconcat(s->stem, ".weight", NULL);
  return true;
}
