/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/train_team.h"

#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"

/* What a run's place consists of, but for the numbers. */
typedef struct {
  unsigned epoch, best_epoch;
  uint64_t step;
  Rng rng;
} Place;

static bool is_shared(const TrainRun *r) { return team_is_several(r->team); }

/* The run's place, then parameters and moments, then the order of the models. */
static GBytes *pack_place(const TrainRun *r) {
  const Place p = {r->epoch, r->result->best_epoch, r->step, r->rng};
  const Probex *blocks[] = {r->probex, r->m, r->v};
  GByteArray *out = g_byte_array_new();
  g_byte_array_append(out, (const guint8 *)&p, sizeof p);
  for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++)
    g_byte_array_append(out, (const guint8 *)blocks[i]->block, (guint)(blocks[i]->n * sizeof(float)));
  g_byte_array_append(out, (const guint8 *)r->members[SPLIT_TRAIN],
                      (guint)(r->task->counts[SPLIT_TRAIN] * sizeof(size_t)));
  return g_byte_array_free_to_bytes(out);
}

static bool fail_other(GError **error) {
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_STATE,
                      "the ranks do not see the same models: is the collection on a file system that all of them see, "
                      "and does nobody write to it?");
  return false;
}

static bool take_place(TrainRun *r, GBytes *packed, GError **error) {
  Probex *blocks[] = {r->probex, r->m, r->v};
  size_t floats = r->probex->n * sizeof(float), order = r->task->counts[SPLIT_TRAIN] * sizeof(size_t);
  gsize n;
  const char *at = g_bytes_get_data(packed, &n);
  Place p;
  if (n != sizeof p + G_N_ELEMENTS(blocks) * floats + order) return fail_other(error);
  memcpy(&p, at, sizeof p);
  at += sizeof p;
  for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++, at += floats) memcpy(blocks[i]->block, at, floats);
  memcpy(r->members[SPLIT_TRAIN], at, order);
  r->epoch = p.epoch;
  r->result->best_epoch = p.best_epoch;
  r->step = p.step;
  r->rng = p.rng;
  return true;
}

bool train_team_begin(TrainRun *r, GError **error) {
  if (!is_shared(r)) return true;
  r->together = big_alloc(r->probex->n + 1, error);
  if (!r->together) return false;
  g_autoptr(GBytes) mine = team_leads(r->team) ? pack_place(r) : NULL;
  g_autoptr(GBytes) packed = team_share(r->team, mine, error);
  return packed && (team_leads(r->team) || take_place(r, packed, error));
}

void train_team_part(const TrainRun *r, size_t n, size_t *from, size_t *to) {
  *from = n * team_rank(r->team) / team_size(r->team);
  *to = n * (team_rank(r->team) + 1) / team_size(r->team);
}

bool train_team_join(TrainRun *r, double share, double *loss, GError **error) {
  if (!is_shared(r)) return true;
  size_t n = r->grad->n;
  for (size_t i = 0; i < n; i++) r->together[i] = share > 0 ? (float)share * r->grad->block[i] : 0;
  r->together[n] = share > 0 ? (float)(share * *loss) : 0;
  if (!team_sum(r->team, r->together, n + 1, error)) return false;
  memcpy(r->grad->block, r->together, n * sizeof(float));
  *loss = (double)r->together[n];
  return true;
}

bool train_team_settle(TrainRun *r, GError **error) {
  if (!is_shared(r)) return true;
  size_t floats = r->probex->n * sizeof(float);
  unsigned best = r->result->best_epoch;
  g_autoptr(GByteArray) out = g_byte_array_new();
  g_byte_array_append(out, (const guint8 *)&best, sizeof best);
  g_byte_array_append(out, (const guint8 *)r->probex->block, (guint)floats);
  g_autoptr(GBytes) mine = g_bytes_new(out->data, out->len);
  g_autoptr(GBytes) packed = team_share(r->team, mine, error);
  if (!packed) return false;
  const char *at = g_bytes_get_data(packed, NULL);
  if (g_bytes_get_size(packed) != sizeof best + floats) return fail_other(error);
  memcpy(&r->result->best_epoch, at, sizeof best);
  memcpy(r->probex->block, at + sizeof best, floats);
  return true;
}
