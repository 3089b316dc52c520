/* SPDX-License-Identifier: Apache-2.0 */
/* The reader keeps to the reference implementation's rules to the letter, since each that a
 * reader left out became somebody's exploit: a bounded header inside the file; offsets that are
 * whole numbers; spans that match shape and type; no hole, overlap or tail; no duplicate key;
 * metadata of strings only. */
#include <string.h>

#include "core/error.h"
#include "core/json_reader.h"
#include "core/memory.h"
#include "weights/formats/safetensors.h"
#include "weights/web_page.h"
#include "weights/weight_format.h"

/* Bytes of a name or a value: a picture in base64 is the longest that is seen. */
enum { LONGEST_TEXT = 16 << 20 };

/* Memory for what is small, whatever the header; and a header that needs no more than any line of a list does, of which
 * nobody is asked before its tensors are listed. */
enum { SLACK = 1 << 20, SMALL_HEADER = 64 << 10 };

/* One entry of the header as it is read. */
typedef struct {
  bool has_dtype, has_shape, has_offsets;
  char *dtype;
  int rank;
  uint64_t shape[TENSOR_MAX_RANK];
  uint64_t begin, end;
} Entry;

static bool fail(const WeightFile *f, GError **error, const char *tensor, const char *problem) {
  if (tensor)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s %s%s", weight_file_label(f), tensor, problem,
                damage_hint(problem));
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s%s", weight_file_label(f), problem,
                damage_hint(problem));
  return false;
}

static bool fail_json(const WeightFile *f, const JsonReader *r, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: safetensors header at byte %zu: %s%s", weight_file_label(f),
              8 + r->at, r->problem, damage_hint(r->problem));
  return false;
}

static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  if (n < 9) return n > 0 && g_str_has_suffix(byte_source_label(source), ".safetensors");
  uint64_t length;
  memcpy(&length, head, 8);
  size_t p = 8;
  while (p < n && strchr(" \t\r\n", head[p]) && head[p]) p++;
  bool plausible = length <= SAFETENSORS_MAX_HEADER && p < n && head[p] == '{';
  return plausible || g_str_has_suffix(byte_source_label(source), ".safetensors");
}

static bool read_shape(JsonReader *r, Entry *e) {
  if (e->has_shape) return json_reader_fail(r, "shape is given twice");
  e->has_shape = true;
  if (!json_reader_open(r, '[')) return false;
  while (json_reader_next_item(r)) {
    if (e->rank == TENSOR_MAX_RANK) return json_reader_fail(r, "more than 8 dimensions");
    if (!json_reader_u64(r, &e->shape[e->rank++])) return false;
  }
  return !r->failed;
}

static bool read_offsets(JsonReader *r, Entry *e) {
  if (e->has_offsets) return json_reader_fail(r, "data_offsets is given twice");
  e->has_offsets = true;
  uint64_t *slot[2] = {&e->begin, &e->end};
  int n = 0;
  if (!json_reader_open(r, '[')) return false;
  while (json_reader_next_item(r)) {
    if (n == 2) return json_reader_fail(r, "data_offsets has more than two numbers");
    if (!json_reader_u64(r, slot[n++])) return false;
  }
  return !r->failed && (n == 2 || json_reader_fail(r, "data_offsets needs two numbers"));
}

static bool read_dtype(JsonReader *r, Entry *e) {
  if (e->has_dtype) return json_reader_fail(r, "dtype is given twice");
  e->has_dtype = true;
  return json_reader_string(r, &e->dtype);
}

static bool read_entry(JsonReader *r, Entry *e) {
  if (!json_reader_open(r, '{')) return false;
  char *key;
  while (json_reader_next_key(r, &key)) {
    g_autofree char *k = key;
    bool ok = strcmp(k, "dtype") == 0          ? read_dtype(r, e)
              : strcmp(k, "shape") == 0        ? read_shape(r, e)
              : strcmp(k, "data_offsets") == 0 ? read_offsets(r, e)
                                               : json_reader_skip(r);
    if (!ok) return false;
  }
  if (r->failed) return false;
  if (!e->has_dtype) return json_reader_fail(r, "a tensor without dtype");
  if (!e->has_shape) return json_reader_fail(r, "a tensor without shape");
  return e->has_offsets || json_reader_fail(r, "a tensor without data_offsets");
}

/* Where the tensors begin, the bytes that there are from there on, and how many the header speaks of. */
typedef struct {
  uint64_t data, room, needed;
} Span;

static bool fail_outside(const WeightFile *f, const char *tensor, const Span *span, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: tensor %s has data_offsets outside the file: a download cut short? %" G_GUINT64_FORMAT
              " of %" G_GUINT64_FORMAT " bytes are there",
              weight_file_label(f), tensor, span->data + span->room, span->data + span->needed);
  return false;
}

/* The first tensor that ends behind the file's end, when there is one. */
static bool check_room(const WeightFile *f, const Span *span, GError **error) {
  for (size_t i = 0; span->needed > span->room && i < weight_file_count(f); i++) {
    const TensorInfo *t = weight_file_info(f, i);
    if (t->offset - span->data + t->bytes > span->room) return fail_outside(f, t->name, span, error);
  }
  return true;
}

/* Turns an entry into a tensor. */
static bool add_entry(WeightFile *f, const char *name, const Entry *e, Span *span, GError **error) {
  TensorInfo info = {.rank = e->rank};
  g_autofree SafeText *shown = safe_text(name, -1);
  if (!dtype_from_name(e->dtype, &info.dtype)) {
    g_autofree SafeText *dtype = safe_text(e->dtype, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: tensor %s has unknown dtype %s, which is not read: save it in a plain one", weight_file_label(f),
                shown, dtype);
    return false;
  }
  if (e->begin > e->end || e->end > UINT64_MAX / 2) return fail(f, error, shown, "has data_offsets outside the file");
  span->needed = MAX(span->needed, e->end);
  memcpy(info.shape, e->shape, sizeof info.shape);
  info.name = g_steal_pointer(&shown);
  info.offset = span->data + e->begin;
  if (!weight_file_add(f, info, error)) return false;
  const TensorInfo *added = weight_file_info(f, weight_file_count(f) - 1);
  return added->bytes == e->end - e->begin ||
         fail(f, error, added->name, "has data_offsets that do not match its dtype and shape");
}

static bool read_metadata(GHashTable *metadata, JsonReader *r) {
  size_t held = 0;
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (json_reader_peek(r) == 'n') return json_reader_skip(r); /* null: some writers' way to say that there is none */
  if (!json_reader_open(r, '{')) return false;
  char *key;
  while (json_reader_next_key(r, &key)) {
    g_autofree char *value = NULL;
    bool ok = json_reader_string(r, &value);
    held += METADATA_ENTRY + strlen(key) + (ok ? strlen(value) : 0);
    if (ok && held > METADATA_MOST) ok = json_reader_fail(r, "more than 32 MiB of metadata, which no weights need");
    if (ok) g_hash_table_replace(metadata, safe_text(key, -1), safe_text(value, -1));
    if (!g_hash_table_add(seen, key)) return json_reader_fail(r, "a metadata key appears twice");
    if (!ok) return false;
  }
  return !r->failed;
}

static bool read_header(WeightFile *f, JsonReader *r, Span *span, GError **error) {
  bool has_metadata = false;
  if (!json_reader_open(r, '{')) return fail_json(f, r, error);
  char *key;
  while (json_reader_next_key(r, &key)) {
    g_autofree char *name = key;
    if (strcmp(name, "__metadata__") == 0) {
      if (has_metadata) json_reader_fail(r, "__metadata__ is given twice");
      has_metadata = true;
      if (r->failed || !read_metadata(f->metadata, r)) return fail_json(f, r, error);
      continue;
    }
    Entry e = {0};
    bool ok = read_entry(r, &e) ? add_entry(f, name, &e, span, error) : fail_json(f, r, error);
    g_free(e.dtype);
    if (!ok) return false;
  }
  if (!r->failed && !json_reader_at_end(r)) json_reader_fail(r, "text after the header's object");
  return !r->failed || fail_json(f, r, error);
}

static int by_place(const void *a, const void *b) {
  const TensorInfo *x = *(const TensorInfo *const *)a, *y = *(const TensorInfo *const *)b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Each tensor must begin where the last one ended, and the last end with the file. */
static bool check_spans(const WeightFile *f, uint64_t data, uint64_t room, GError **error) {
  size_t n = weight_file_count(f);
  g_autofree const TensorInfo **order = g_new(const TensorInfo *, n + 1);
  for (size_t i = 0; i < n; i++) order[i] = weight_file_info(f, i);
  qsort(order, n, sizeof *order, by_place);
  uint64_t at = data;
  for (size_t i = 0; i < n; i++) {
    if (order[i]->offset > at) return fail(f, error, order[i]->name, "leaves a hole before it");
    if (order[i]->offset < at) return fail(f, error, order[i]->name, "overlaps another tensor");
    at += order[i]->bytes;
  }
  if (at != data + room) return fail(f, error, NULL, "bytes follow the last tensor");
  return true;
}

/* What a server sends in a file's place when it asks for a login or has no such file; NULL when it is none. */
static const char *word_of_server(ByteSource *source) {
  char head[256] = "";
  uint64_t size = byte_source_size(source);
  size_t n = (size_t)MIN(size, sizeof head);
  if (!byte_source_read(source, 0, head, n, NULL)) return NULL;
  if (web_page_begins(head, n)) return "a web page, not weights: the download brought an error or a login page";
  return size >= 8 && web_page_is_note(head, n, size) ? "a short text, not weights: did the download bring an error?"
                                                      : NULL;
}

/* What is wrong with the length that a file gives for its header, or NULL. The caller frees it. */
static char *problem_of_length(ByteSource *source, uint64_t length) {
  uint64_t size = byte_source_size(source);
  const char *word = word_of_server(source);
  if (word) return g_strdup(word);
  if (size < 8)
    return g_strdup_printf("too short for a safetensors header, %u bytes: a download cut short?", (unsigned)size);
  if (length > SAFETENSORS_MAX_HEADER)
    return g_strdup("the safetensors header length is above 100,000,000 bytes: no safetensors file, or a damaged one");
  return g_strdup_printf(
      "the safetensors header reaches beyond the end of the file: a download cut short? %" G_GUINT64_FORMAT
      " of at least %" G_GUINT64_FORMAT " bytes are there",
      size, length + 8);
}

/* Reads the header whole, with a NUL behind it; the caller frees it. listed: tensors are made of it. */
static char *read_text(ByteSource *source, uint64_t *length, bool listed, GError **error) {
  const char *label = byte_source_label(source);
  uint64_t size = byte_source_size(source);
  *length = 0;
  if (size >= 8 && !byte_source_read(source, 0, length, 8, error)) return NULL;
  bool fits = size >= 8 && *length <= SAFETENSORS_MAX_HEADER && *length <= size - 8;
  bool ask = fits && (listed || *length > SMALL_HEADER);
  if (ask && !memory_is_there(*length + MIN(4 * *length, (uint64_t)WEIGHT_FILE_MOST) + SLACK, label, error))
    return NULL;
  g_autofree char *text = fits ? g_try_malloc(*length + 1) : NULL;
  if (!text) {
    g_autofree char *problem =
        fits ? g_strdup("no memory for the header: close other programs") : problem_of_length(source, *length);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s", label, problem);
    return NULL;
  }
  if (!byte_source_read(source, 8, text, *length, error)) return NULL;
  text[*length] = '\0';
  return g_steal_pointer(&text);
}

static bool open_safetensors(WeightFile *f, GError **error) {
  uint64_t length;
  g_autofree char *header = read_text(f->source, &length, true, error);
  if (!header) return false;
  JsonReader r;
  json_reader_init(&r, header, length);
  r.longest = LONGEST_TEXT;
  Span span = {.data = 8 + length, .room = byte_source_size(f->source) - 8 - length};
  return read_header(f, &r, &span, error) && check_room(f, &span, error) && check_spans(f, span.data, span.room, error);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* True when metadata leads, as every writer has it; then h->rest .. h->end is how the header goes on behind it. Spaces
 * are allowed wherever JSON allows them; those at the end, which fill up to 8 bytes, say nothing. */
static bool read_leading_metadata(SafetensorsHead *h) {
  JsonReader r;
  json_reader_init(&r, h->text, h->length);
  r.longest = LONGEST_TEXT;
  char *key = NULL;
  bool leads = json_reader_open(&r, '{') && json_reader_next_key(&r, &key) && strcmp(key, "__metadata__") == 0 &&
               json_reader_peek(&r) == '{' && read_metadata(h->metadata, &r);
  g_free(key);
  h->rest = r.at;
  h->end = h->length;
  while (h->end > h->rest && is_blank(h->text[h->end - 1])) h->end--;
  return leads;
}

bool safetensors_head_read(SafetensorsHead *h, ByteSource *source) {
  uint64_t length = 0;
  *h = (SafetensorsHead){.metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
  bool small =
      byte_source_size(source) >= 8 && byte_source_read(source, 0, &length, 8, NULL) && length <= SAFETENSORS_MOST_HEAD;
  h->text = small ? read_text(source, &h->length, false, NULL) : NULL;
  if (h->text && read_leading_metadata(h)) {
    h->data = byte_source_size(source) - 8 - h->length;
    return true;
  }
  safetensors_head_clear(h);
  return false;
}

void safetensors_head_clear(SafetensorsHead *h) {
  g_clear_pointer(&h->text, g_free);
  g_clear_pointer(&h->metadata, g_hash_table_unref);
}

const WeightFormat weight_format_safetensors = {.name = "safetensors", .matches = matches, .open = open_safetensors};
