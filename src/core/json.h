/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers around cJSON, for configuration files and for --json answers. */
#pragma once

#include <cjson/cJSON.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cJSON, cJSON_Delete)

/* Parses n bytes of untrusted JSON (cJSON bounds nesting at 1000). NULL when they are not
 * JSON. The caller frees it with cJSON_Delete. */
cJSON *json_parse(const char *bytes, size_t n);

/* A member's string value, cleaned; NULL when it is absent or no string. Caller frees. */
SafeText *json_dup_string(const cJSON *object, const char *key);

/* A member's number, or `fallback`. */
double json_number(const cJSON *object, const char *key, double fallback);

/* Adds a whole number without going through a double. */
void json_add_u64(cJSON *object, const char *key, uint64_t value);

/* Adds a number, or null when it is not finite. */
void json_add_number(cJSON *object, const char *key, double value);

/* Adds a string, or null when s is NULL. */
void json_add_string(cJSON *object, const char *key, const char *s);

/* One line of JSON on standard output, ended by a newline. Frees the object. */
void json_print_line(cJSON *object);

/* A whole document, indented, on standard output. Frees the object. */
void json_print(cJSON *object);
