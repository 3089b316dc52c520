/* SPDX-License-Identifier: Apache-2.0 */
/* Landmarks against the whole solution on one layer of a planted hard wood: what is right of models and labels left
 * out, what the landmarks miss, and what it costs.
 *
 *   landmarks-report DIR STATE LAYER LANDMARKS...      (0: every model is compared with every other) */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "experts/kernel/kernel_train.h"
#include "experts/train/train.h"
#include "numerics/linalg.h"
#include "tests/bench/processor_time.h"

static bool run(const Collection *c, const Task *task, const GPtrArray *layers, size_t landmarks, GError **error) {
  DenseStoreOptions store = {0};
  KernelReport *report = NULL;
  double before = processor_seconds();
  g_autoptr(Kernel) k =
      kernel_train(c, task, layers, &store, 0, landmarks ? landmarks : G_MAXINT, NULL, &report, error);
  if (!k) return false;
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("| %zu | %zu | %.1f | %.1f | %.2f | %.0f | %.0f |\n", report->models,
         report->landmarks ? report->landmarks : report->models, 100 * report->right[0], 100 * report->right[1],
         100 * report->missed, processor_seconds() - before, (double)u.ru_maxrss / 1024);
  fflush(stdout);
  kernel_report_free(report);
  return true;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  if (argc < 5) return 2;
  linalg_set_threads(1);
  CollectionOptions options = {.state = argv[2]};
  g_autoptr(Collection) c = collection_open(argv[1], &options, &error);
  g_autoptr(GPtrArray) models = c && collection_scan(c, NULL, NULL, &error) ? collection_models(c, &error) : NULL;
  TrainOptions o = TRAIN_DEFAULTS;
  o.kin_only = true;
  g_autoptr(TextEncoder) encoder = models ? train_open_encoder(&o, &error) : NULL;
  g_autoptr(Task) task = encoder ? train_task(c, models, &o, encoder, NULL, &error) : NULL;
  g_autoptr(GPtrArray) layers = g_ptr_array_new();
  g_ptr_array_add(layers, argv[3]);
  puts(
      "| models | compared with | left out, right % | labels left out, right % | missed % | processor s | peak MB |\n"
      "|---|---|---|---|---|---|---|");
  bool ok = task != NULL;
  for (int i = 4; ok && i < argc; i++) ok = run(c, task, layers, strtoul(argv[i], NULL, 10), &error);
  if (!ok) fprintf(stderr, "landmarks-report: %s\n", error->message);
  return ok ? 0 : 1;
}
