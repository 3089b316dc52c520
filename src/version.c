/* SPDX-License-Identifier: Apache-2.0 */
#include "version.h"

#include <archive.h>
#include <cblas.h>
#include <cjson/cJSON.h>
#include <glib.h>
#include <sqlite3.h>
#include <xxhash.h>
#include <yaml.h>
#include <zlib.h>

#include "config.h"
#include "revision.h"
#include "weights/weight_open.h"

static void print_formats(FILE *out) {
  fputs("formats:  ", out);
  for (unsigned i = 0; weight_format_name(i); i++) fprintf(out, "%s%s", i ? ", " : "", weight_format_name(i));
  fputs("; in tar, zip and 7z\n", out);
}

static void print_libraries(FILE *out) {
  fprintf(out, "libraries: GLib %u.%u.%u, %s, SQLite %s, %s, cJSON %s, libyaml %s, zlib %s, xxHash %u\n",
          glib_major_version, glib_minor_version, glib_micro_version, openblas_get_config(), sqlite3_libversion(),
          archive_version_string(), cJSON_Version(), yaml_get_version_string(), zlibVersion(), XXH_versionNumber());
}

void version_print(FILE *out) {
  fprintf(out, "%s (commit %s)\n", PACKAGE_STRING, COPSE_REVISION);
  fprintf(out, "features: %s\n", COPSE_FEATURES);
  print_formats(out);
  print_libraries(out);
}
