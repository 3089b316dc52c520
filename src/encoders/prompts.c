/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/prompts.h"

#include <stdbool.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

enum { MAX_TEMPLATES = 64 };
static const char slot[] = "{}";

static const struct {
  const char *name, *templates;
} sets[] = {
    {"none", "{}"},
    {"photo", "a photo of a {}"},
    {"photos",
     "a photo of a {}|a close-up photo of the {}|a small {} seen from afar|"
     "a bright picture of a {}|a dark picture of a {}|many {} in one picture|"
     "a drawing of a {}"},
    {"art", "a painting of a {}|a drawing of a {}|an illustration of {}|art in the style of {}"},
};

static bool has_one_slot(const char *template) {
  const char *first = strstr(template, slot);
  return first && !strstr(first + strlen(slot), slot);
}

static bool check(const Prompts *p, const char *name, GError **error) {
  bool ok = p->count >= 1 && p->count <= MAX_TEMPLATES;
  for (guint i = 0; i < p->count && ok; i++)
    ok = has_one_slot(p->templates[i]) && g_utf8_validate(p->templates[i], -1, NULL);
  if (ok) return true;
  g_autofree SafeText *shown = safe_text(name, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "no prompts '%s': none, photo, photos, art, or up to %d templates with one {} each, "
              "separated by |",
              shown, MAX_TEMPLATES);
  return false;
}

Prompts *prompts_new(const char *name, GError **error) {
  const char *templates = name;
  for (gsize i = 0; i < G_N_ELEMENTS(sets); i++)
    if (strcmp(name, sets[i].name) == 0) templates = sets[i].templates;
  g_autoptr(Prompts) p = g_new0(Prompts, 1);
  p->templates = g_strsplit(templates, "|", -1);
  p->count = g_strv_length(p->templates);
  for (guint i = 0; i < p->count; i++) g_strstrip(p->templates[i]);
  if (!check(p, name, error)) return NULL;
  p->name = templates == name ? g_strjoinv(" | ", p->templates) : g_strdup(name);
  return g_steal_pointer(&p);
}

void prompts_free(Prompts *p) {
  if (!p) return;
  g_free(p->name);
  g_strfreev(p->templates);
  g_free(p);
}

const char *prompts_default(const char *encoder) { return g_str_has_prefix(encoder, "clip:") ? "photo" : "none"; }

char *prompts_fill(const Prompts *p, guint i, const char *text) {
  const char *template = p->templates[i], *at = strstr(template, slot);
  g_autofree char *before = g_strndup(template, (gsize)(at - template));
  return g_strconcat(before, text, at + strlen(slot), NULL);
}

char *prompts_fingerprint(const Prompts *p) {
  if (p->count == 1 && strcmp(p->templates[0], slot) == 0) return g_strdup("");
  g_autofree char *all = g_strjoinv("|", p->templates);
  g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
  sum[8] = '\0';
  return g_strconcat("+", sum, NULL);
}
