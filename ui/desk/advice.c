/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/advice.h"

const char *advice_opening(const Ui *ui) {
  bool grown = ui->wood && ui->wood->grown;
  return grown ? "The experts are being opened." : "The experts are opened when the forest has grown.";
}

char *advice_train(const Ui *ui, unsigned context) {
  g_autofree char *go = keymap_label(ui->keymap, ACTION_VIEW_EXPERTS, context, 1);
  g_autofree char *train = keymap_label(ui->keymap, ACTION_TRAIN, IN_EXPERTS, 1);
  if (ui->read_only) return g_strdup("A read-only session trains none.");
  return g_strdup_printf("%s, then %s, trains one.", go, train);
}
