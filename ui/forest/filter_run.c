/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/forest/filter_run.h"

#include <string.h>

static void begin(FilterRun *run) {
  memset(run->keep, 1, run->n);
  run->at = run->kept = 0;
}

void filter_run_over(FilterRun *run, guint n) {
  g_free(run->keep);
  run->keep = g_new(guint8, n + 1);
  run->n = n;
  begin(run);
}

FilterRun *filter_run_new(RowFilter *filter, guint n, const FilterRun *before, bool models_alone) {
  FilterRun *run = g_new0(FilterRun, 1);
  run->filter = filter;
  run->letters = row_filter_letters(filter);
  run->models_alone = models_alone;
  filter_run_over(run, n);
  if (before && before->n == n && row_filter_narrow(filter, before->filter)) memcpy(run->keep, before->keep, n);
  return run;
}

void filter_run_free(FilterRun *run) {
  if (!run) return;
  row_filter_free(run->filter);
  g_free(run->keep);
  g_free(run);
}

static void look_at(FilterRun *run, const Snapshot *wood, guint i) {
  if (!run->keep[i]) return;
  const ForestNode *node = forest_node(wood->forest, i);
  run->keep[i] = (wood->letters[i] & run->letters) == run->letters &&
                 row_filter_match(run->filter, wood->forest, node, wood->haystacks[i], wood->label_key);
  if (run->keep[i] && (node->model || !run->models_alone)) run->kept++;
}

bool filter_run_work(FilterRun *run, const Snapshot *wood, guint nodes) {
  guint end = run->at + MIN(nodes, run->n - run->at);
  for (; run->at < end; run->at++) look_at(run, wood, run->at);
  if (run->at < run->n) return true;
  if (run->kept || !row_filter_widen(run->filter)) return false;
  begin(run);
  return run->n > 0;
}
