/* SPDX-License-Identifier: Apache-2.0 */
/* Guards on disk: tensors copse.guard.mean, .form and .slope, and the metadata "copse.guard". */
#include <string.h>

#include "core/error.h"
#include "core/json.h"
#include "experts/guard/guard.h"
#include "numerics/linalg.h"

static const char mean_name[] = "copse.guard.mean", form_name[] = "copse.guard.form",
                  slope_name[] = "copse.guard.slope";

void guard_put(const Guard *g, TensorOut t[GUARD_TENSORS]) {
  t[0] = tensor_out_vector(mean_name, g->width, g->mean);
  t[1] = tensor_out_matrix(form_name, g->width, g->width, g->g);
  t[2] = tensor_out_vector(slope_name, g->width, g->slope);
}

char *guard_text(const Guard *g) {
  g_autoptr(cJSON) o = cJSON_CreateObject();
  cJSON_AddNumberToObject(o, "side", g->side);
  cJSON_AddNumberToObject(o, "size", (double)g->size);
  g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, g->seed); /* a number would lose its last digits */
  json_add_string(o, "seed", seed);
  json_add_number(o, "offset", g->offset);
  json_add_number(o, "threshold", g->threshold);
  json_add_number(o, "passed", g->passed);
  return cJSON_PrintUnformatted(o);
}

static bool take(WeightFile *f, const char *name, size_t n, float *dst, GError **error) {
  gssize i = weight_file_find(f, name);
  bool fits = i >= 0 && weight_file_info(f, (size_t)i)->count == n;
  if (fits && !weight_file_read_f32(f, (size_t)i, 0, n, dst, error)) return false;
  if (fits && first_not_finite(dst, n) == n) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s does not fit its description: damaged? train it again",
              weight_file_label(f), name);
  return false;
}

Guard *guard_read(WeightFile *f, GError **error) {
  const char *text = g_hash_table_lookup(weight_file_metadata(f), "copse.guard");
  if (!text) return NULL;
  g_autoptr(cJSON) o = json_parse(text, strlen(text));
  double side = json_number(o, "side", -1), size = json_number(o, "size", 0);
  const cJSON *seed = cJSON_GetObjectItemCaseSensitive(o, "seed");
  g_autoptr(Guard) g = g_new0(Guard, 1);
  if (!(side >= 0 && side < GUARD_SIDES && size >= 1 && size <= GUARD_SIZE)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: copse.guard is no description of a guard: damaged? train it again", weight_file_label(f));
    return NULL;
  }
  g->side = (GuardSide)(int)side;
  g->size = (size_t)size;
  g->width = guard_width(g->side, g->size);
  g->seed = cJSON_IsString(seed)   ? g_ascii_strtoull(seed->valuestring, NULL, 10)
            : cJSON_IsNumber(seed) ? (uint64_t)seed->valuedouble /* as older files have it */
                                   : 0;
  g->offset = json_number(o, "offset", 0);
  g->threshold = json_number(o, "threshold", 0);
  g->passed = json_number(o, "passed", 1);
  g->mean = g_new(float, g->width + 1);
  g->g = g_new(float, g->width * g->width + 1);
  g->slope = g_new0(float, g->width + 1); /* older files have none */
  bool ok = take(f, mean_name, g->width, g->mean, error) && take(f, form_name, g->width * g->width, g->g, error) &&
            (weight_file_find(f, slope_name) < 0 || take(f, slope_name, g->width, g->slope, error));
  return ok ? g_steal_pointer(&g) : NULL;
}
