/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/card_write.h"

static void add_line(GString *text, const char *key, const char *value) {
  if (value) g_string_append_printf(text, "%s: %s\n", key, value);
}

static void add_front_matter(GString *text, const Card *card) {
  g_string_append(text, "---\n");
  add_line(text, "base_model", card->base_model);
  add_line(text, "library_name", card->library);
  add_line(text, "license", "cc0-1.0");
  add_line(text, "pipeline_tag", card->pipeline);
  g_string_append(text, "tags:\n");
  for (const char *const *tag = card->tags; *tag; tag++) g_string_append_printf(text, "- %s\n", *tag);
  g_string_append(text, "---\n\n");
}

char *card_text(const Card *card) {
  GString *text = g_string_new(NULL);
  add_front_matter(text, card);
  g_string_append_printf(text, "# %s\n\n%s\n", card->title, card->about);
  if (card->facts) {
    g_string_append(text, "\n## Training\n\n| parameter | value |\n| --- | --- |\n");
    for (const char *const *f = card->facts; f[0]; f += 2) g_string_append_printf(text, "| %s | %s |\n", f[0], f[1]);
  }
  return g_string_free(text, FALSE);
}
