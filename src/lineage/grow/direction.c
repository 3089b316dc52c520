/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/direction.h"

#include <math.h>

/* Nats of each piece of evidence. */
static const struct {
  double clock, low_rank, norm, norm_decay, kurtosis, norm_layers, biases;
  double fresh_head, same_head, centrality;
} worth = {.clock = 5,
           .low_rank = 4,
           .norm = 0.4,
           .norm_decay = 0.8,
           .kurtosis = 0.5,
           .norm_layers = 0.5,
           .biases = 0.3,
           .fresh_head = 1.2,
           .same_head = 0.4,
           .centrality = 1.5};

/* Beyond this the norm tells of weight decay, not of the change's angle. */
static const double decay_rho = 12;

/* +1 when the child's is the larger, -1 when smaller, 0 when equal or not known. */
static double sign(double parent, double child) { return (double)((child > parent) - (child < parent)); }

static double norm_nats(const Kinship *k) {
  double rho = kinship_growth(k);
  if (kinship_is_low_rank(k)) return worth.low_rank * CLAMP(rho, -1, 1);
  if (fabs(rho) > decay_rho) return worth.norm_decay * (rho > 0 ? 1 : -1);
  return worth.norm * CLAMP(rho, -2, 2);
}

static bool heads_match(const ModelSketch *p, const ModelSketch *c, const Kinship *k) {
  return p->head_out == c->head_out && k->head_cosine > 0.5;
}

static double head_nats(const ModelSketch *p, const ModelSketch *c, const Kinship *k) {
  if (!p->head_out || !c->head_out) return 0;
  if (heads_match(p, c, k)) return worth.same_head * sign(p->head_scale, c->head_scale);
  return -worth.fresh_head * sign(p->head_scale, c->head_scale);
}

static double centrality_nats(const Kinship *k, double median_p, double median_c) {
  double lead = (median_c - median_p) / k->tail2;
  return isfinite(lead) ? worth.centrality * tanh(2 * lead) : 0;
}

double direction_nats(const ModelSketch *p, const ModelSketch *c, const Kinship *k, double median_p, double median_c) {
  return worth.clock * sign(p->clock, c->clock) + norm_nats(k) + worth.kurtosis * sign(p->kurtosis, c->kurtosis) +
         worth.norm_layers * sign(p->norm_layers, c->norm_layers) + worth.biases * sign(p->biases, c->biases) +
         head_nats(p, c, k) + centrality_nats(k, median_p, median_c);
}

EdgeKind direction_kind(const ModelSketch *p, const ModelSketch *c, const Kinship *k) {
  if (kinship_is_low_rank(k) && kinship_growth(k) > 0) return EDGE_LORA_MERGED;
  return p->head_out && heads_match(p, c, k) ? EDGE_CONTINUED : EDGE_FINE_TUNE;
}
