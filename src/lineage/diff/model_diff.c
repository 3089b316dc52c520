/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/diff/model_diff.h"

#include <math.h>
#include <string.h>

#include "collection/adapter_facts.h"
#include "core/error.h"
#include "lineage/diff/layer_match.h"
#include "lineage/diff/other_tensors.h"
#include "lineage/sketch/sketch.h"
#include "numerics/linalg.h"
#include "weights/layers/adapter_change.h"

/* One model with its layers. */
typedef struct {
  WeightFile *file;
  FileNames *names;
  GArray *layers;     /* of LayerInfo */
  GArray *uncomputed; /* of UncomputedLayer */
} Side;

const char *layer_state_name(LayerState state) {
  static const char *const names[] = {[LAYER_SAME] = "same",          [LAYER_MOVED] = "moved",
                                      [LAYER_ADDED_TO] = "adapter",   [LAYER_OTHER_SHAPE] = "other shape",
                                      [LAYER_ONLY_P] = "only before", [LAYER_ONLY_X] = "only here",
                                      [LAYER_UNREAD] = "unreadable",  [LAYER_UNCOMPUTED] = "not computed"};
  return names[state];
}

static void side_list(Side *s, const AdapterConfig *config) {
  s->names = file_names_new(s->file);
  s->layers = layer_list_named(s->file, s->names, config);
  s->uncomputed = layer_uncomputed(s->file, s->names, s->layers, config);
}

/* All but the file. */
static void side_drop_lists(Side *s) {
  g_clear_pointer(&s->layers, g_array_unref);
  g_clear_pointer(&s->uncomputed, g_array_unref);
  g_clear_pointer(&s->names, file_names_free);
}

static void side_clear(Side *s) {
  side_drop_lists(s);
  g_clear_pointer(&s->file, weight_file_free);
}

static bool side_open(Side *s, const Collection *c, const Model *model, GError **error) {
  *s = (Side){.file = collection_open_weights(c, model, error)};
  g_autoptr(AdapterConfig) config = s->file ? model_adapter_config(model) : NULL;
  if (s->file) side_list(s, config);
  return s->file != NULL;
}

static LayerSide describe(const Side *s, const LayerRef *ref) {
  const LayerInfo *l = ref->info[0];
  uint64_t rank = 0;
  for (unsigned k = 0; k < ref->n; k++) rank += ref->info[k]->rank;
  return (LayerSide){l->form, ref->d_out, ref->d_in, rank, weight_file_info(s->file, layer_main_tensor(l))->dtype};
}

static bool same_floats(const float *x, const float *p, size_t n) { return memcmp(x, p, n * sizeof *x) == 0; }

/* Bit by bit: what is not a number can be the same too, and a distance of factors is rounded. */
static bool is_identical(const Layer *x, const Layer *p) {
  if (x->form != p->form) return false;
  if (x->form == LAYER_DENSE) return same_floats(x->x, p->x, p->d_out * p->d_in);
  return x->rank == p->rank && same_floats(&x->scale, &p->scale, 1) && same_floats(x->a, p->a, p->rank * p->d_in) &&
         same_floats(x->b, p->b, p->d_out * p->rank);
}

/* What a change adds to a matrix. */
static void compare_added(DiffRow *row, const Layer *change, const Layer *base) {
  row->size = sqrt(layer_norm2(base));
  row->distance = sqrt(layer_norm2(change));
  row->relative = row->size > 0 ? row->distance / row->size : NAN;
  row->state = LAYER_ADDED_TO;
  row->rank = change->form == LAYER_LOW_RANK ? (unsigned)change->rank : (unsigned)layer_probe_rank(change);
}

/* Two changes, one in factors and one whole. */
static void multiply_out(Layer *l) {
  if (l->form == LAYER_DENSE) return;
  float *x = g_new0(float, l->d_out * l->d_in);
  gemm(false, false, l->d_out, l->d_in, l->rank, l->scale, l->b, l->rank, l->a, l->d_in, 0, x, l->d_in);
  layer_clear(l);
  *l = (Layer){.form = LAYER_DENSE, .d_out = l->d_out, .d_in = l->d_in, .scale = 1, .x = x};
}

/* Fills in distance, rank and state of two layers at hand that stand for the same. */
static void compare_layers(DiffRow *row, Layer *x, Layer *p) {
  if (x->form != p->form) multiply_out(x), multiply_out(p);
  bool identical = is_identical(x, p);
  row->size = sqrt(layer_norm2(p));
  row->distance = identical ? 0 * row->size /* NAN where numbers are not finite */
                            : layer_distance(x, p);
  row->relative = row->size > 0 ? row->distance / row->size : NAN;
  row->state = identical || row->distance == 0 ? LAYER_SAME : LAYER_MOVED;
  if (x->form != LAYER_DENSE || p->form != LAYER_DENSE || !(row->distance > 0)) return;
  layer_subtract(x, p);
  row->rank = (unsigned)layer_probe_rank(x);
}

/* Rows that lie as GGUF's converters put them, of a file that does not say of how many heads: by as many as bring the
 * two together. */
static void find_rows(const LayerRef *moved, Layer *m, const LayerRef *plain, const Layer *other) {
  const LayerInfo *l = moved->info[0];
  if (!l->permuted || l->heads || plain->info[0]->permuted || m->form != LAYER_LOW_RANK) return;
  size_t best = 0;
  double least = layer_distance(m, other);
  for (size_t heads = 1; heads <= m->d_out / 2 && heads <= 256; heads++) {
    if (m->d_out % (2 * heads) != 0 || !layer_restore_rows(m, heads)) continue;
    double distance = layer_distance(m, other);
    if (distance < least) least = distance, best = heads;
    layer_permute_rows(m, heads);
  }
  if (best) layer_restore_rows(m, best);
}

static bool has_magnitudes(const LayerRef *ref) {
  bool any = false;
  for (unsigned k = 0; k < ref->n; k++) any |= ref->info[k]->part[ADAPTER_MAGNITUDE] >= 0;
  return any;
}

/* The change with the base's numbers in it, where it depends on them. */
static const Layer *settle_change(ModelDiff *d, const Side *s, const LayerRef *ref, Layer *change, const Layer *base) {
  if (has_magnitudes(ref))
    d->magnitudes |= ref->n > 1 || ref->ordered || !adapter_change_dora(s->file, ref->info[0], base, change);
  return change;
}

/* Of a packed number format that is told by name and shape. */
static bool is_only_named(const Side *s, const LayerRef *ref) {
  return !dtype_is_readable(weight_file_info(s->file, layer_main_tensor(ref->info[0]))->dtype);
}

static void compare(ModelDiff *d, DiffRow *row, const Side *p, LayerRef *pr, const Side *x, LayerRef *xr) {
  Layer a = {0}, b = {0};
  bool x_changes = xr->info[0]->adapter != FORM_NONE, p_changes = pr->info[0]->adapter != FORM_NONE;
  bool narrow = (xr->info[0]->widest && pr->d_in < xr->d_in) || (pr->info[0]->widest && xr->d_in < pr->d_in);
  bool alike = pr->d_out == xr->d_out && (pr->d_in == xr->d_in || narrow);
  row->state = alike ? LAYER_UNREAD : LAYER_OTHER_SHAPE;
  if (is_only_named(p, pr) || is_only_named(x, xr)) row->state = LAYER_UNCOMPUTED;
  else if (alike && layer_refs_settle(p->file, pr, x->file, xr) && layer_ref_read(x->file, xr, &b) &&
           layer_ref_read(p->file, pr, &a)) {
    layer_narrow(&a, xr->d_in);
    layer_narrow(&b, pr->d_in);
    if (x_changes && !p_changes) compare_added(row, settle_change(d, x, xr, &b, &a), &a);
    else if (p_changes && !x_changes) compare_added(row, settle_change(d, p, pr, &a, &b), &b);
    else {
      d->magnitudes |= has_magnitudes(xr) || has_magnitudes(pr);
      find_rows(xr, &b, pr, &a);
      find_rows(pr, &a, xr, &b);
      compare_layers(row, &b, &a);
    }
  }
  layer_clear(&a);
  layer_clear(&b);
}

static void row_clear(void *data) { g_free(((DiffRow *)data)->name); }

static GArray *rows_new(void) {
  GArray *rows = g_array_new(FALSE, TRUE, sizeof(DiffRow));
  g_array_set_clear_func(rows, row_clear);
  return rows;
}

static ModelDiff *diff_alloc(void) {
  ModelDiff *d = g_new0(ModelDiff, 1);
  d->rows = rows_new();
  d->relative = d->trunk = NAN;
  return d;
}

static DiffRow row_start(const char *name, LayerState state) {
  return (DiffRow){.name = g_strdup(name), .state = state, .distance = NAN, .size = NAN, .relative = NAN, .scale = NAN};
}

/* The overall change of the layers, and how many rows of each kind there are. */
static void sum_up(ModelDiff *d) {
  double moved = 0, size = 0, trunk_moved = 0, trunk_size = 0;
  for (guint i = 0; i < d->rows->len; i++) {
    const DiffRow *r = &g_array_index(d->rows, DiffRow, i);
    d->count[r->state]++;
    if (!isfinite(r->relative)) continue;
    moved += r->distance * r->distance;
    size += r->size * r->size;
    if (layer_name_is_head(r->name)) continue;
    trunk_moved += r->distance * r->distance;
    trunk_size += r->size * r->size;
  }
  for (guint i = 0; d->others && i < d->others->len; i++) d->other_count[g_array_index(d->others, DiffRow, i).state]++;
  if (size > 0) d->relative = sqrt(moved / size);
  if (trunk_size > 0) d->trunk = sqrt(trunk_moved / trunk_size);
}

/* What p has and no layer of x stands for, or only another does: a head that x keeps as its table of tokens. */
static void add_missing(ModelDiff *d, const Side *p, const Side *x, const LayerMatch *in_x, GHashTable *met) {
  for (guint i = 0; i < p->layers->len; i++) {
    const LayerInfo *l = &g_array_index(p->layers, LayerInfo, i);
    LayerRef ref = layer_ref_of(l), other;
    if (g_hash_table_contains(met, l)) continue;
    bool found = layer_match_find(in_x, l, &other);
    DiffRow row = row_start(l->name, LAYER_ONLY_P);
    row.p = describe(p, &ref);
    if (found) {
      ref = layer_ref_facing(l, &other);
      row.x = describe(x, &other);
      compare(d, &row, p, &ref, x, &other);
    }
    g_array_append_val(d->rows, row);
  }
}

/* An adapter leaves most of its base alone: what it does not touch is no difference. */
static bool is_adapter(const Side *s) { return s->names->form != FORM_NONE; }

/* One name, but for dots that a flattened one does not tell from underscores. */
static bool is_flattened(const char *a, const char *b) {
  for (; *a && *b; a++, b++)
    if (*a != *b && !((*a == '.' || *a == '_') && (*b == '.' || *b == '_'))) return false;
  return *a == *b;
}

/* Where an adapter's name is a guess at its dots, the base knows them. */
static void take_base_name(DiffRow *row, const Side *x, const LayerRef *base) {
  if (!is_adapter(x) || base->n != 1 || !is_flattened(row->name, base->info[0]->name)) return;
  g_free(row->name);
  row->name = g_strdup(base->info[0]->name);
}

static bool fill_layers(ModelDiff *d, const Side *p, const Side *x, const Progress *progress, GError **error) {
  g_autoptr(LayerMatch) in_p = layer_match_new(p->layers);
  g_autoptr(LayerMatch) in_x = layer_match_new(x->layers);
  g_autoptr(GHashTable) met = g_hash_table_new(NULL, NULL); /* p's layers that have a row */
  for (guint i = 0; i < x->layers->len; i++) {
    const LayerInfo *l = &g_array_index(x->layers, LayerInfo, i);
    LayerRef ref = layer_ref_of(l), other;
    bool found = layer_match_find(in_p, l, &other);
    if (!progress_step(progress, "comparing", i, x->layers->len, error)) return false;
    if (!found && d->p_adds) continue;
    DiffRow row = row_start(l->name, LAYER_ONLY_X);
    row.x = describe(x, &ref);
    if (found) {
      ref = layer_ref_facing(l, &other);
      row.p = describe(p, &other);
      take_base_name(&row, x, &other);
      for (unsigned k = 0; k < other.n; k++) g_hash_table_add(met, (void *)other.info[k]);
      compare(d, &row, p, &other, x, &ref);
    }
    g_array_append_val(d->rows, row);
  }
  if (!d->x_adds) add_missing(d, p, x, in_x, met);
  return true;
}

/* Fills in what the change of a module adds to the other side's matrix, where it is known how. */
static void compare_scaled(DiffRow *row, const Side *s, const UncomputedLayer *u, const Side *base,
                           const LayerMatch *in_base, bool of_x) {
  LayerInfo wanted = {.name = u->name, .d_out = 1, .d_in = 1};
  LayerRef ref;
  Layer w, change;
  if (!layer_match_find(in_base, &wanted, &ref) || ref.ordered) return;
  *(of_x ? &row->p : &row->x) = describe(base, &ref);
  if (!adapter_change_is_known(u->form) || ref.info[0]->adapter != FORM_NONE || !layer_ref_read(base->file, &ref, &w))
    return;
  if (adapter_change_read(s->file, u, &w, &change)) {
    compare_added(row, &change, &w);
    *(of_x ? &row->x : &row->p) = (LayerSide){LAYER_DENSE, change.d_out, change.d_in, 0, DTYPE_F32};
    layer_clear(&change);
  }
  layer_clear(&w);
}

/* Modules whose change needs the matrix that it is a change of: measured where that is at hand and the form known, else
 * named. */
static void add_uncomputed(ModelDiff *d, const Side *s, const Side *base, bool of_x) {
  if (!s->uncomputed->len) return;
  g_autoptr(LayerMatch) in_base = base ? layer_match_new(base->layers) : NULL;
  for (guint i = 0; i < s->uncomputed->len; i++) {
    const UncomputedLayer *u = &g_array_index(s->uncomputed, UncomputedLayer, i);
    DiffRow row = row_start(u->name, LAYER_UNCOMPUTED);
    if (base) compare_scaled(&row, s, u, base, in_base, of_x);
    if (row.state == LAYER_UNCOMPUTED) d->form = u->form;
    g_array_append_val(d->rows, row);
  }
}

static void add_other(ModelDiff *d, const OtherTensor *t, LayerState state, const LayerSide *p, const LayerSide *x) {
  DiffRow row = row_start(t->name, state);
  if (p) row.p = *p;
  if (x) row.x = *x;
  g_array_append_val(d->others, row);
}

/* What only p has, and what x leaves alone when it is an adapter's. */
static void add_missing_others(ModelDiff *d, const Side *p, const GArray *others, GHashTable *in_x) {
  for (guint i = 0; i < others->len; i++) {
    const OtherTensor *t = &g_array_index(others, OtherTensor, i);
    LayerSide side = other_tensor_side(p->file, t);
    if (!g_hash_table_contains(in_x, t->key)) add_other(d, t, LAYER_ONLY_P, &side, NULL);
  }
}

static GHashTable *others_by_name(const GArray *others) {
  GHashTable *map = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < others->len; i++) {
    OtherTensor *t = &g_array_index(others, OtherTensor, i);
    g_hash_table_insert(map, t->key, t);
  }
  return map;
}

static bool add_others(ModelDiff *d, const Side *p, const GArray *before, const Side *x, const GArray *after,
                       const Progress *progress, GError **error) {
  g_autoptr(GHashTable) in_p = others_by_name(before), in_x = others_by_name(after);
  for (guint i = 0; i < after->len; i++) {
    const OtherTensor *t = &g_array_index(after, OtherTensor, i);
    const OtherTensor *other = g_hash_table_lookup(in_p, t->key);
    if (!other && d->p_adds) continue;
    LayerSide here = other_tensor_side(x->file, t), there = {0};
    if (other) there = other_tensor_side(p->file, other);
    add_other(d, t, LAYER_ONLY_X, other ? &there : NULL, &here);
    DiffRow *row = &g_array_index(d->others, DiffRow, d->others->len - 1);
    if (other && !other_tensor_compare(p->file, other, x->file, t, row, progress, error)) return false;
  }
  if (!d->x_adds) add_missing_others(d, p, before, in_x);
  return true;
}

static bool fill_others(ModelDiff *d, const Side *p, const Side *x, const Progress *progress, GError **error) {
  OtherSide before = {p->file, p->layers, other_tensors_list(p->file, p->names, p->layers)};
  OtherSide after = {x->file, x->layers, other_tensors_list(x->file, x->names, x->layers)};
  other_tensors_meet(&before, &after);
  d->others = rows_new();
  bool ok = add_others(d, p, before.others, x, after.others, progress, error);
  g_array_unref(before.others);
  g_array_unref(after.others);
  return ok;
}

static bool fill(ModelDiff *d, const Side *p, const Side *x, const Progress *progress, GError **error) {
  d->p_adds = is_adapter(p) && !is_adapter(x);
  d->x_adds = is_adapter(x) && !is_adapter(p);
  if (!fill_layers(d, p, x, progress, error) || !fill_others(d, p, x, progress, error)) return false;
  add_uncomputed(d, p, x, false);
  add_uncomputed(d, x, p, true);
  sum_up(d);
  return true;
}

ModelDiff *model_diff_new(const Collection *collection, const Model *p, const Model *x, const Progress *progress,
                          GError **error) {
  Side a = {0}, b = {0};
  ModelDiff *d = diff_alloc();
  bool ok =
      side_open(&a, collection, p, error) && side_open(&b, collection, x, error) && fill(d, &a, &b, progress, error);
  side_clear(&a);
  side_clear(&b);
  if (!ok) g_clear_pointer(&d, model_diff_free);
  return d;
}

ModelDiff *model_diff_files(WeightFile *p, const AdapterConfig *p_config, WeightFile *x, const AdapterConfig *x_config,
                            const Progress *progress, GError **error) {
  Side a = {.file = p}, b = {.file = x};
  side_list(&a, p_config);
  side_list(&b, x_config);
  ModelDiff *d = diff_alloc();
  if (!fill(d, &a, &b, progress, error)) g_clear_pointer(&d, model_diff_free);
  side_drop_lists(&a);
  side_drop_lists(&b);
  return d;
}

/* What an adapter changes by itself: how large the change is, and how strongly it acts. */
static void measure_alone(DiffRow *row, const Side *s, const LayerInfo *l) {
  Layer layer;
  if (l->form != LAYER_LOW_RANK || !layer_read(s->file, l, &layer, NULL)) return;
  row->distance = sqrt(layer_norm2(&layer));
  row->scale = (double)layer.scale;
  row->scale_source = l->scale.source;
  layer_clear(&layer);
}

ModelDiff *model_layers_new(const Collection *collection, const Model *x, GError **error) {
  Side s = {0};
  if (!side_open(&s, collection, x, error)) return NULL;
  ModelDiff *d = diff_alloc();
  for (guint i = 0; i < s.layers->len; i++) {
    const LayerInfo *l = &g_array_index(s.layers, LayerInfo, i);
    DiffRow row = row_start(l->name, LAYER_ONLY_X);
    LayerRef ref = layer_ref_of(l);
    row.x = describe(&s, &ref);
    measure_alone(&row, &s, l);
    g_array_append_val(d->rows, row);
  }
  add_uncomputed(d, &s, NULL, true);
  sum_up(d);
  side_clear(&s);
  return d;
}

void model_diff_free(ModelDiff *d) {
  if (!d) return;
  g_array_unref(d->rows);
  if (d->others) g_array_unref(d->others);
  g_free(d);
}

char *model_diff_others_text(const ModelDiff *d, LayerState state) {
  unsigned n = d->other_count[state];
  if (n == 0) return NULL;
  return g_strdup_printf("%u other tensor%s %s", n, n == 1 ? "" : "s", layer_state_name(state));
}

static bool read_named(Side *s, const char *name, Layer *out, GError **error) {
  const LayerInfo *l = layer_find(s->layers, name);
  if (l) return layer_read(s->file, l, out, error);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "%s: there is no layer %s", weight_file_label(s->file), name);
  return false;
}

/* What has become of p's layer; NULL without an error when they cannot be subtracted. */
static LayerFigures *change_figures(const Collection *c, const Model *p, Layer *x, const char *name) {
  Side s;
  Layer before = {0};
  LayerFigures *figures = NULL;
  if (x->form == LAYER_DENSE && side_open(&s, c, p, NULL)) {
    if (read_named(&s, name, &before, NULL) && before.form == LAYER_DENSE && before.d_out == x->d_out &&
        before.d_in == x->d_in) {
      layer_subtract(x, &before);
      figures = layer_figures_new(x, NULL);
    }
    layer_clear(&before);
    side_clear(&s);
  }
  return figures;
}

bool model_layer_figures(const Collection *collection, const Model *p, const Model *x, const char *name,
                         LayerFigures **own, LayerFigures **change, GError **error) {
  Side s;
  Layer layer = {0};
  *own = *change = NULL;
  if (!side_open(&s, collection, x, error)) return false;
  if (read_named(&s, name, &layer, error) && !(*own = layer_figures_new(&layer, error)))
    g_prefix_error(error, "%s: layer %s: ", weight_file_label(s.file), name);
  if (*own && p) *change = change_figures(collection, p, &layer, name);
  layer_clear(&layer);
  side_clear(&s);
  return *own != NULL;
}
