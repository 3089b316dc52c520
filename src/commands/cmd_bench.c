/* SPDX-License-Identifier: Apache-2.0 */
/* `copse bench`: how fast this machine is, and training on it. */
#include <stdio.h>

#include "bench/train_step.h"
#include "commands/command.h"
#include "commands/commands.h"
#include "core/json.h"
#include "numerics/linalg.h"

static const char notes[] =
    "Floors of the machine (product of matrices, memory, a file in the page cache), then a training step of each\n"
    "kind: models a second, and that as a share of what the product of matrices alone would allow. Half a minute.";

static void print_text(const Floors *f, const StepFigure *steps, size_t n) {
  printf("%u threads, OpenBLAS %s\n\n", linalg_threads(), linalg_kernel_name());
  printf("%-40s %8.1f GFLOP/s\n", "product of matrices", f->sgemm / 1e9);
  printf("%-40s %8.1f GB/s\n", "memory", f->stream / 1e9);
  printf("%-40s %8.1f GB/s\n\n", "a file in the page cache", f->file / 1e9);
  for (size_t i = 0; i < n; i++)
    printf("%-40s %8.0f models/s  %.2f of the floor\n", steps[i].name, steps[i].models, steps[i].of_floor);
}

static void print_json(const Floors *f, const StepFigure *steps, size_t n) {
  cJSON *out = cJSON_CreateObject();
  json_add_u64(out, "threads", linalg_threads());
  json_add_string(out, "blas", linalg_kernel_name());
  json_add_number(out, "sgemm_flops", f->sgemm);
  json_add_number(out, "memory_bytes_per_second", f->stream);
  json_add_number(out, "file_bytes_per_second", f->file);
  cJSON *list = cJSON_AddArrayToObject(out, "steps");
  for (size_t i = 0; i < n; i++) {
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "name", steps[i].name);
    json_add_number(row, "models_per_second", steps[i].models);
    json_add_number(row, "of_floor", steps[i].of_floor);
    cJSON_AddItemToArray(list, row);
  }
  json_print(out);
}

int cmd_bench(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("bench", NULL, notes, &argc, &argv, &globals, &status)) return status;
  GError *error = NULL;
  size_t n = train_step_count();
  g_autofree StepFigure *steps = g_new0(StepFigure, n);
  Floors f;
  bool ok = floors_measure(linalg_threads(), &f, &error);
  for (size_t i = 0; ok && i < n; i++) ok = train_step_measure(i, &f, &steps[i], &error);
  if (ok) (globals.json ? print_json : print_text)(&f, steps, n);
  globals_clear(&globals);
  return ok ? STATUS_DONE : command_fail(error);
}
