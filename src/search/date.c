/* SPDX-License-Identifier: Apache-2.0 */
#include "search/date.h"

#include <glib.h>
#include <string.h>

/* Digits from *p on, exactly `n`; -1 when they are not there. Moves *p behind them. */
static int read_digits(const char **p, int n) {
  int value = 0;
  for (int i = 0; i < n; i++) {
    if (!g_ascii_isdigit((*p)[i])) return -1;
    value = 10 * value + ((*p)[i] - '0');
  }
  *p += n;
  return value;
}

static double seconds_of(GDateTime *date) {
  return (double)g_date_time_to_unix(date) + g_date_time_get_seconds(date) - g_date_time_get_second(date);
}

/* A day with its time: one second. */
static bool read_moment(const char *text, double *start, double *end) {
  g_autofree char *iso = g_strdup(text);
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  iso[strlen("2024-05-17")] = 'T';
  g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(iso, utc);
  if (!date) return false;
  *start = seconds_of(date);
  *end = *start + 1;
  return true;
}

bool date_read(const char *text, double *start, double *end) {
  const char *p = text;
  int year = read_digits(&p, 4), month = 0, day = 0;
  if (year < 1 || (*p && *p++ != '-')) return false;
  bool has_month = p > text + 4, has_day = false;
  if (has_month && (month = read_digits(&p, 2)) < 1) return false;
  if (has_month && *p == '-') {
    p++, has_day = true;
    if ((day = read_digits(&p, 2)) < 1) return false;
  }
  if (has_day && (*p == 'T' || *p == ' ')) return read_moment(text, start, end);
  if (*p) return false;
  g_autoptr(GDateTime) from = g_date_time_new_utc(year, has_month ? month : 1, has_day ? day : 1, 0, 0, 0);
  g_autoptr(GDateTime) to = !from       ? NULL
                            : has_day   ? g_date_time_add_days(from, 1)
                            : has_month ? g_date_time_add_months(from, 1)
                                        : g_date_time_add_years(from, 1);
  if (!to) return false;
  *start = seconds_of(from);
  *end = seconds_of(to);
  return true;
}
