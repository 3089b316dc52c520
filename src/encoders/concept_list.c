/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/concept_list.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

/* The lists become part of the read-only data; LABELS is their folder, given by the build. */
#define LIST(NAME, FILE)           \
  __asm__(                         \
      ".section .rodata\n"         \
      "copse_labels_" #NAME        \
      "_begin:\n"                  \
      ".incbin \"" LABELS "/" FILE \
      "\"\n"                       \
      "copse_labels_" #NAME        \
      "_end:\n"                    \
      ".previous\n");              \
  extern const char copse_labels_##NAME##_begin[], copse_labels_##NAME##_end[]
LIST(cifar100, "cifar100.txt");
LIST(imagenet, "imagenet.txt");
LIST(tiny_imagenet, "tiny-imagenet.txt");

static const struct {
  const char *name, *begin, *end;
} lists[] = {
    {"cifar100", copse_labels_cifar100_begin, copse_labels_cifar100_end},
    {"imagenet", copse_labels_imagenet_begin, copse_labels_imagenet_end},
    {"tiny-imagenet", copse_labels_tiny_imagenet_begin, copse_labels_tiny_imagenet_end},
};

enum { MAX_BYTES = 4 << 20 };

/* The pieces between separators, cleaned, each once. */
static char **pieces(const char *text, const char *separator, gboolean comments) {
  g_auto(GStrv) raw = g_strsplit(text, separator, -1);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  GPtrArray *all = g_ptr_array_new();
  for (char **p = raw; *p; p++) {
    g_autofree SafeText *piece = safe_text(*p, -1);
    g_strstrip(piece);
    if (!*piece || (comments && *piece == '#') || g_hash_table_contains(seen, piece)) continue;
    g_hash_table_add(seen, piece);
    g_ptr_array_add(all, g_steal_pointer(&piece));
  }
  g_ptr_array_add(all, NULL);
  return (char **)g_ptr_array_free(all, FALSE);
}

/* The text of a list by its name or path, or NULL. */
static char *list_text(const char *name, GError **error) {
  for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
    if (strcmp(name, lists[i].name) == 0) return g_strndup(lists[i].begin, (gsize)(lists[i].end - lists[i].begin));
  if (strpbrk(name, "/.")) return file_read_small(name, MAX_BYTES, NULL, error);
  g_autofree SafeText *shown = safe_text(name, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "no list '@%s': there are @cifar100, @imagenet, @tiny-imagenet and @FILE (with a / or "
              "a . in its name)",
              shown);
  return NULL;
}

char **concept_list_open(const char *list, GError **error) {
  g_autofree char *text = *list == '@' ? list_text(list + 1, error) : NULL;
  if (*list == '@' && !text) return NULL;
  char **all = text ? pieces(text, "\n", TRUE) : pieces(list, ",", FALSE);
  if (*all) return all;
  g_strfreev(all);
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, "the list of labels is empty: write one a line");
  return NULL;
}
