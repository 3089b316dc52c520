/* SPDX-License-Identifier: Apache-2.0 */
/* A file of facts by hand that somebody hands over: taken over, written, and taken over once more without a conflict. */
#include <stdlib.h>

#include "collection/hand/by_hand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Nothing is written, and the folder is never looked at. */
static ByHand *hand_new(Collection *c) {
  g_autofree char *warning = NULL;
  ByHand *hand = by_hand_open(c, &warning, NULL);
  if (!hand) abort();
  return hand;
}

static Model *some_model(void) {
  Model *m = model_new();
  m->path = g_strdup("a/b.safetensors");
  m->shown = g_strdup(m->path);
  m->file = g_strdup(m->path);
  m->name = g_strdup("b");
  return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  const CollectionOptions options = {.state = "no-such-state", .read_only = true};
  g_autoptr(Collection) c = collection_open(".", &options, NULL);
  if (!c) return 0;
  g_autofree char *text = g_strndup((const char *)data, n);
  g_autoptr(ByHand) hand = hand_new(c), again = hand_new(c);
  g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  g_ptr_array_add(models, some_model());
  unsigned taken;
  if (!by_hand_import(hand, text, PREFER_THEIRS, conflicts, &taken, NULL)) return 0;
  by_hand_apply(hand, models);
  g_autofree char *written = by_hand_text(hand);
  g_ptr_array_set_size(conflicts, 0);
  if (!by_hand_import(again, written, PREFER_NEITHER, conflicts, &taken, NULL) || conflicts->len) abort();
  g_autofree char *second = by_hand_text(again);
  if (by_hand_count(again) > by_hand_count(hand)) abort();
  return 0;
}
