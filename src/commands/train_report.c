/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/train_report.h"

#include <stdio.h>

static void print_score(const char *name, const Score *s) {
  if (!s->n) {
    printf("  %-24s not measured: no such models\n", name);
    return;
  }
  printf("  %-24s %5.1f %%  [%4.1f, %4.1f]  top-5 %5.1f %%  %5u of %4u concepts, chance %.1f %%\n",
         name, 100 * s->top1, 100 * s->low, 100 * s->high, 100 * s->top5, s->n, s->classes,
         100 * s->chance);
}

void train_report_print(const TrainResult *r) {
  const Expert *x = r->expert;
  printf("expert %s on layer %s (%zu x %zu), %u models for training, %.0f models/s, %.1f s\n",
         x->name, x->layer, x->probex->shape.d_out, x->probex->shape.d_in, r->models[0],
         r->models_per_second, x->seconds);
  printf("  %-24s %7s  %-12s\n", "top-1 accuracy", "", "95 % interval");
  print_score("validation (seen)", &x->val);
  print_score("test (seen concepts)", &x->test);
  print_score("test (unseen concepts)", &x->test_holdout);
  printf("  best epoch %u of %u, seed %" G_GUINT64_FORMAT ", %s\n", r->best_epoch, x->epochs,
         x->seed, x->path ? x->path : "not stored: read-only");
}
