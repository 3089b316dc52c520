/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/formats/npy.h"

#include <string.h>

#include "core/error.h"

enum { MOST_LISTED = 16 };

/* --- one array ----------------------------------------------------------------------------- */

static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  (void)source;
  return npy_matches(head, n);
}

/* The array has no name of its own; the file's would differ between siblings. */
static bool open_npy(WeightFile *file, GError **error) {
  NpyHeader h;
  uint64_t size = byte_source_size(file->source);
  if (!npy_header_read(file->source, size, &h, error)) return false;
  strided_begin(file, NULL);
  h.view.storage = strided_add_range(file, file->source, h.data, size - h.data);
  return strided_add_tensor(file, g_strdup("array"), h.dtype, &h.view, error);
}

const WeightFormat weight_format_npy = {
    .name = "npy", .matches = matches, .open = open_npy, .read_raw = strided_read_raw, .close = strided_close};

/* --- an archive of arrays ------------------------------------------------------------------ */

static bool is_array(const ZipMember *m) {
  return g_str_has_suffix(m->name, ".npy") && strlen(m->name) > strlen(".npy");
}

bool npz_matches(const ZipFile *zip) {
  for (size_t i = 0; i < zip_count(zip); i++)
    if (is_array(zip_member(zip, i))) return true;
  return false;
}

/* What a reinforcement learner's evaluation leaves behind is no model. */
static bool is_evaluation_log(const ZipFile *zip) {
  return zip_find(zip, "timesteps.npy") && zip_find(zip, "results.npy");
}

static void note(GString *skipped, guint *count, const char *name) {
  g_autofree SafeText *shown = safe_text(name, -1);
  if (++*count <= MOST_LISTED) g_string_append_printf(skipped, "%s%s", skipped->len ? ", " : "", shown);
}

/* Adds the array of a member. An array of an unread type is no error here: *skip is set. */
static bool add_array(WeightFile *file, ZipFile *zip, const ZipMember *m, bool *skip, GError **error) {
  GError *problem = NULL;
  NpyHeader h;
  g_autoptr(ByteSource) head = zip_member_head(zip, m, NPY_MOST_HEADER, error);
  if (!head) return false;
  if (!npy_header_read(head, m->size, &h, &problem)) {
    *skip = g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED);
    if (*skip) g_error_free(problem);
    else g_propagate_error(error, problem);
    return *skip;
  }
  h.view.storage = strided_add_member(file, m, h.data);
  g_autofree char *name = g_strndup(m->name, strlen(m->name) - strlen(".npy"));
  return strided_add_tensor(file, safe_text(name, -1), h.dtype, &h.view, error);
}

static bool add_arrays(WeightFile *file, ZipFile *zip, GString *skipped, guint *count, GError **error) {
  for (size_t i = 0; i < zip_count(zip); i++) {
    const ZipMember *m = zip_member(zip, i);
    bool skip = !is_array(m);
    if (!skip && !add_array(file, zip, m, &skip, error)) return false;
    if (skip) note(skipped, count, m->name);
  }
  if (*count > MOST_LISTED) g_string_append_printf(skipped, " and %u more", *count - MOST_LISTED);
  return true;
}

bool npz_open(WeightFile *file, ZipFile *zip, GError **error) {
  g_autoptr(GString) skipped = g_string_new(NULL);
  guint count = 0;
  strided_begin(file, zip);
  if (is_evaluation_log(zip)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: the log of an agent's evaluation, no model",
                weight_file_label(file));
    return false;
  }
  if (!add_arrays(file, zip, skipped, &count, error)) return false;
  if (weight_file_count(file) == 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: holds no arrays that are read (%s): save arrays of numbers", weight_file_label(file),
                skipped->str);
    return false;
  }
  if (count) weight_file_set_metadata(file, "npz.skipped", skipped->str);
  return strided_end(file, error);
}
