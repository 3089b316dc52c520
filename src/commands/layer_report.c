/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/layer_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void layer_report_init(LayerReport *r, WeightFile *file, const AdapterConfig *config) {
  g_autoptr(FileNames) names = file_names_new(file);
  g_autoptr(AdapterScales) scales = adapter_scales_new(file, config);
  r->file = file;
  r->layers = layer_list_named(file, names, config);
  r->uncomputed = layer_uncomputed(file, names, r->layers, config);
  r->alpha = adapter_scales_alpha(scales);
}

void layer_report_clear(LayerReport *r) {
  g_clear_pointer(&r->layers, g_array_unref);
  g_clear_pointer(&r->uncomputed, g_array_unref);
}

char *shape_text(const uint64_t *shape, int rank) {
  if (rank == 0) return g_strdup("scalar");
  GString *out = g_string_new(NULL);
  for (int i = 0; i < rank; i++) g_string_append_printf(out, "%s%" PRIu64, i ? " x " : "", shape[i]);
  return g_string_free(out, FALSE);
}

void json_add_shape(cJSON *object, const uint64_t *shape, int rank) {
  cJSON *list = cJSON_AddArrayToObject(object, "shape");
  for (int i = 0; i < rank; i++) {
    char digits[24];
    g_snprintf(digits, sizeof digits, "%" PRIu64, shape[i]);
    cJSON_AddItemToArray(list, cJSON_CreateRaw(digits));
  }
}

static char *layer_shape_text(const LayerInfo *l) {
  uint64_t shape[2] = {l->d_out, l->d_in};
  return shape_text(shape, 2);
}

static const char *form_name(LayerForm form) { return form == LAYER_DENSE ? "dense" : "low-rank"; }

/* "a tensor alpha", "adapter_config.json lora_alpha", …; "nobody" where the scale is 1 for want of a word. */
static const char *source_of(const LayerInfo *l) { return l->scale.source ? l->scale.source : "nobody"; }

/* s and alpha as they act; NAN where they cannot be read. */
static void read_scale(const LayerReport *r, const LayerInfo *l, double *scale, double *alpha) {
  if (!layer_scale(r->file, l, scale, NULL)) *scale = (double)NAN;
  *alpha = l->alpha >= 0 && l->scale.divisor > 0 ? *scale * l->scale.divisor : l->scale.alpha;
}

static void print_layer(const LayerReport *r, const LayerInfo *l, int width) {
  double scale, alpha;
  g_autofree char *name = text_fit(l->name, width, "~"), *shape = layer_shape_text(l);
  if (l->form == LAYER_DENSE) {
    printf("  %s  %-8s  %s%s\n", name, form_name(l->form), shape, l->adapter == FORM_DIFF ? "  a difference" : "");
    return;
  }
  read_scale(r, l, &scale, &alpha);
  printf("  %s  %-8s  %-15s  rank %-4" PRIu64 "  scale %-8.4g  (%s)\n", name, form_name(l->form), shape, l->rank, scale,
         source_of(l));
}

void layer_report_print(const LayerReport *r) {
  int width = 0;
  for (guint i = 0; i < r->layers->len; i++)
    width = MAX(width, text_width(g_array_index(r->layers, LayerInfo, i).name));
  if (r->layers->len) printf("\nlayers (%u)\n", r->layers->len);
  for (guint i = 0; i < r->layers->len; i++) print_layer(r, &g_array_index(r->layers, LayerInfo, i), width);
  if (r->uncomputed->len) printf("\nchanged in a way that is not computed (%u)\n", r->uncomputed->len);
  for (guint i = 0; i < r->uncomputed->len; i++) {
    const UncomputedLayer *u = &g_array_index(r->uncomputed, UncomputedLayer, i);
    printf("  %s  %s: its change is not computed\n", u->name, adapter_form_name(u->form));
  }
}

static cJSON *layer_json(const LayerReport *r, const LayerInfo *l) {
  cJSON *layer = cJSON_CreateObject();
  uint64_t shape[2] = {l->d_out, l->d_in};
  json_add_string(layer, "name", l->name);
  json_add_string(layer, "form", form_name(l->form));
  json_add_shape(layer, shape, 2);
  if (l->adapter != FORM_NONE) json_add_string(layer, "adapter", adapter_form_name(l->adapter));
  if (l->form == LAYER_DENSE) return layer;
  double scale, alpha;
  read_scale(r, l, &scale, &alpha);
  json_add_u64(layer, "rank", l->rank);
  json_add_number(layer, "alpha", alpha);
  json_add_number(layer, "scale", scale);
  json_add_string(layer, "scale_source", source_of(l));
  return layer;
}

void layer_report_json(const LayerReport *r, cJSON *object) {
  cJSON *list = cJSON_AddArrayToObject(object, "layers");
  for (guint i = 0; i < r->layers->len; i++)
    cJSON_AddItemToArray(list, layer_json(r, &g_array_index(r->layers, LayerInfo, i)));
  cJSON *rest = cJSON_AddArrayToObject(object, "uncomputed");
  for (guint i = 0; i < r->uncomputed->len; i++) {
    const UncomputedLayer *u = &g_array_index(r->uncomputed, UncomputedLayer, i);
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "name", u->name);
    json_add_string(row, "adapter", adapter_form_name(u->form));
    cJSON_AddItemToArray(rest, row);
  }
}
