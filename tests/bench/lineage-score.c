/* SPDX-License-Identifier: Apache-2.0 */
/* How lineage does on woods that were planted before: lineage-score DIR… takes the truth from DIR.truth.json, keeps
 * sketches at DIR.state and prints, from the weights alone, a line a wood and the sums: see lineage-stars. */
#include <stdio.h>

#include "numerics/linalg.h"
#include "tests/bench/lineage_wood.h"

int main(int argc, char **argv) {
  const ForestOptions alone = {.ignore_cards = true};
  LineageScore sum = {0};
  linalg_set_threads(1);
  for (int i = 1; i < argc; i++) {
    LineageScore s;
    g_autofree char *truth = g_strconcat(argv[i], ".truth.json", NULL), *what = g_path_get_basename(argv[i]);
    lineage_wood_score(argv[i], truth, &alone, 1, &s);
    lineage_score_print(what, &s);
    lineage_score_add(&sum, &s);
  }
  lineage_score_print("all", &sum);
  return 0;
}
