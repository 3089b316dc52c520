/* SPDX-License-Identifier: Apache-2.0 */
/* How lineage does on stars and chains of fine-tunes of another domain: lineage-stars SETTING CHILDREN SEED… plants
 * three trees a seed (kind stars; CHILDREN 0: of several sizes) and prints, from the weights alone, a line a wood:
 * directed edges right of those there and said, missing bases right, claimed and there, edges said .9 or more and how
 * many of them were right, and the calibration error; last the sums. */
#include <stdio.h>
#include <stdlib.h>

#include "core/files.h"
#include "numerics/linalg.h"
#include "tests/bench/lineage_wood.h"

int main(int argc, char **argv) {
  if (argc < 4) {
    fputs("usage: lineage-stars SETTING CHILDREN SEED…\n", stderr);
    return 2;
  }
  g_autofree char *top = g_dir_make_tmp("copse-stars-XXXXXX", NULL);
  if (!top) return 1;
  linalg_set_threads(1);
  LineageScore sum = {0};
  const ForestOptions alone = {.ignore_cards = true};
  for (int i = 3; i < argc; i++) {
    LineageScore s;
    bool woods = strcmp(argv[1], "woods") == 0, classes = strcmp(argv[1], "classes") == 0;
    const PlantOptions options = {.kind = woods     ? PLANT_WOODS
                                          : classes ? PLANT_CLASSES
                                                    : PLANT_STARS,
                                  .setting = woods || classes ? NULL : argv[1],
                                  .fine_tunes = 24,
                                  .children = (unsigned)g_ascii_strtoull(argv[2], NULL, 10),
                                  .seed = g_ascii_strtoull(argv[i], NULL, 10)};
    lineage_wood_measure(top, &options, &alone, 1, &s);
    g_autofree char *what = g_strdup_printf("%s-%s", argv[1], argv[i]);
    lineage_score_print(what, &s);
    lineage_score_add(&sum, &s);
  }
  lineage_score_print(argv[1], &sum);
  return dir_remove(top, NULL) ? 0 : 1;
}
