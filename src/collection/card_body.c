/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/card_body.h"

#include <string.h>

#include "collection/read/card.h"
#include "core/error.h"
#include "core/files.h"

enum { LEVELS = 3, FILE_MAX = 2 * CARD_BODY_MAX };

/* The text of the nearest README.md from `folder` (relative) upwards. */
static char *nearest_card(const char *root, const char *folder, size_t *n) {
  g_autofree char *at = g_strdup(folder);
  for (int level = 0; level < LEVELS; level++) {
    g_autofree char *path = g_build_filename(root, at, "README.md", NULL);
    char *text = path_stays_within(root, path) ? file_read_small(path, FILE_MAX, n, NULL) : NULL;
    if (text || strcmp(at, ".") == 0) return text;
    char *above = g_path_get_dirname(at);
    g_free(at);
    at = above;
    /* The card at the top of a collection is not a card of each model below it. */
    if (strcmp(at, ".") == 0) return NULL;
  }
  return NULL;
}

SafeText *card_body_read(const Collection *collection, const Model *model, GError **error) {
  size_t n, front_n;
  const char *front;
  g_autofree char *folder = g_path_get_dirname(model->file);
  g_autofree char *text = strchr(model->path, '!') ? NULL : nearest_card(collection_root(collection), folder, &n);
  if (!text) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "There is no card.");
    return NULL;
  }
  const char *body = card_split(text, n, &front, &front_n);
  size_t length = MIN(n - (size_t)(body - text), (size_t)CARD_BODY_MAX);
  return safe_text_lines(body, (gssize)length);
}
