/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/licence.h"

#include <string.h>

static const Licence licences[] = {
#define LICENCE(ID, CLASS, CLAUSE, SOURCE) {ID, LICENCE_##CLASS, CLAUSE, SOURCE},
#include "licences.def"
};

const char *licence_class_name(LicenceClass class) {
  static const char *const names[] = {"permissive", "copyleft", "non-commercial", "restricted-use"};
  return names[class];
}

static void cut_end(char *text, const char *end) {
  if (g_str_has_suffix(text, end)) text[strlen(text) - strlen(end)] = '\0';
}

const Licence *licence_find(const char *id) {
  g_autofree char *wanted = g_strstrip(g_ascii_strdown(id, -1));
  cut_end(wanted, "-only");
  cut_end(wanted, "-or-later");
  for (size_t i = 0; i < G_N_ELEMENTS(licences); i++)
    if (strcmp(licences[i].id, wanted) == 0) return &licences[i];
  return NULL;
}

/* The licence that a fact names; "other" is what license_name of the same source says. */
static const Licence *licence_named(const Model *m, const Fact *said) {
  if (g_ascii_strcasecmp(said->value, "other") != 0) return licence_find(said->value);
  const Fact *name = model_fact(m, "license_name");
  return name && strcmp(name->source, said->source) == 0 ? licence_find(name->value) : NULL;
}

const Licence *licence_of(const Model *model) {
  const Fact *first = model_fact(model, "license");
  const Licence *of = NULL;
  for (guint i = 0; first && i < model->facts->len; i++) {
    const Fact *f = model->facts->pdata[i];
    if (strcmp(f->key, "license") != 0 || strcmp(f->source, first->source) != 0) continue;
    const Licence *l = licence_named(model, f);
    if (!l || (of && (of->class == LICENCE_PERMISSIVE) != (l->class == LICENCE_PERMISSIVE))) return NULL;
    if (!of) of = l;
  }
  return of;
}
