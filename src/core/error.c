/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"

#include <string.h>

G_DEFINE_QUARK(copse - error - quark, copse_error)

const char *damage_hint(const char *complaint) {
  return strchr(complaint, '?') || strstr(complaint, ": ") ? "" : ": damaged? fetch or save it again";
}
