/* SPDX-License-Identifier: Apache-2.0 */
#include "text/encoder.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/linalg.h"
#include "text/encoder_impl.h"

TextEncoder *text_encoder_open(const char *description, GError **error) {
  g_autoptr(TextEncoder) e = g_new0(TextEncoder, 1);
  e->name = g_strdup(description);
  if (strcmp(description, "words") == 0) return words_open(e, error) ? g_steal_pointer(&e) : NULL;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "unknown text encoder '%s'; there is: words", description);
  return NULL;
}

void text_encoder_free(TextEncoder *e) {
  if (!e) return;
  if (e->ops && e->ops->close) e->ops->close(e);
  g_free(e->name);
  g_free(e->fingerprint);
  g_free(e);
}

const char *text_encoder_name(const TextEncoder *e) { return e->name; }

const char *text_encoder_fingerprint(const TextEncoder *e) { return e->fingerprint; }

size_t text_encoder_dim(const TextEncoder *e) { return e->dim; }

/* Brings a vector to length 1; false when it has none. */
static bool normalise(float *x, size_t n) {
  float length = sqrtf(dot(x, x, n));
  if (!(length > 0)) return false;
  for (size_t i = 0; i < n; i++) x[i] /= length;
  return true;
}

bool text_encoder_encode(TextEncoder *e, const char *text, float *dst, char ***unknown,
                         GError **error) {
  g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) problem = NULL;
  memset(dst, 0, e->dim * sizeof *dst);
  size_t known = e->ops->encode(e, text, dst, left_out, &problem);
  if (unknown) *unknown = NULL;
  if (unknown && left_out->len) {
    g_ptr_array_add(left_out, NULL);
    *unknown = (char **)g_ptr_array_free(g_steal_pointer(&left_out), FALSE);
  }
  if (problem) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
  }
  if (known && normalise(dst, e->dim)) return true;
  g_autofree SafeText *shown = safe_text(text, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "the encoder '%s' knows no word of '%s'",
              e->name, shown);
  return false;
}
