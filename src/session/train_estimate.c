/* SPDX-License-Identifier: Apache-2.0 */
#include "session/train_estimate.h"

#include <string.h>

#include "core/text.h"
#include "experts/train/trainable_layers.h"

/* Floating-point operations a second and thread that the products of a training reach on ordinary machines. */
static const double usual_rate = 12e9;

/* Multiply-adds of one model, forward (see probex.h): V X U, then the encoders. */
static double products(const TrainOptions *o, const LayerSide *l) {
  double u = o->probes, v = o->proj, out = (double)l->d_out, in = (double)l->d_in;
  double r = (double)l->rank, encoders = (double)o->rep * u * v;
  if (l->form == LAYER_LOW_RANK) return v * out * r + r * in * u + v * r * u + encoders;
  return v * out * in + v * in * u + encoders;
}

TrainEstimate train_estimate(const TrainOptions *o, unsigned models, const LayerSide *l, unsigned threads) {
  double out = (double)l->d_out, in = (double)l->d_in;
  double layer = l->form == LAYER_LOW_RANK ? (double)l->rank * (out + in) : out * in;
  double params = (double)o->probes * in + (double)o->proj * out + (double)o->rep * o->probes * o->proj;
  double batch = (double)o->batch * ((double)o->proj * in + 4.0 * o->probes * o->proj);
  TrainEstimate e = {.bytes = 4 * (layer * models + 4 * params + batch)};
  /* Two operations a multiply-add; the way back costs twice the way forth. */
  e.flops = 6 * products(o, l) * models * o->epochs;
  e.seconds = e.flops / (usual_rate * MAX(threads, 1u));
  return e;
}

const DiffRow *train_estimate_layer(const ModelDiff *layers, const char *name) {
  const DiffRow *best = NULL;
  for (guint i = 0; layers && i < layers->rows->len; i++) {
    const DiffRow *r = &g_array_index(layers->rows, DiffRow, i);
    if (name && strcmp(r->name, name) == 0) return r;
    double size = (double)r->x.d_out * (double)r->x.d_in;
    if (!name && (!best || size > (double)best->x.d_out * (double)best->x.d_in)) best = r;
  }
  return best;
}

char *train_estimate_text(const TrainEstimate *e) {
  g_autofree char *bytes = text_bytes((uint64_t)e->bytes);
  g_autofree char *seconds = text_seconds(e->seconds < 1 ? 1 : e->seconds);
  return g_strdup_printf("about %s and %s", bytes, seconds);
}

char *sweep_estimate_text(const ModelDiff *layers, const char *pattern, const TrainOptions *options, unsigned models,
                          unsigned threads) {
  double seconds = 0;
  guint n = 0;
  for (guint i = 0; i < layers->rows->len; i++) {
    const DiffRow *r = &g_array_index(layers->rows, DiffRow, i);
    if (!r->x.d_out || !trainable_layer(r->name, r->x.d_out, r->x.d_in, *pattern ? pattern : NULL)) continue;
    seconds += train_estimate(options, models, &r->x, threads).seconds;
    n++;
  }
  g_autofree char *took = text_seconds(MAX(seconds, 1));
  return g_strdup_printf("%u layer%s, about %s", n, n == 1 ? "" : "s", took);
}
