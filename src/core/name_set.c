/* SPDX-License-Identifier: Apache-2.0 */
#include "core/name_set.h"

#include <string.h>

struct NameSet {
  guint n;
  char **names;  /* (n) */
  guint *order;  /* (n): names by their bytes */
  guint *place;  /* (n): of each name in `order` */
  size_t *alike; /* (n + 1): bytes, of whole characters, that order[k - 1] and order[k] begin with; 0 at both ends */
};

enum {
  LOOK_AROUND = 256, /* neighbours on each side whose differences count */
  MOST_FORKS = 16,
  WORD_MOST = 14 /* bytes that a word may begin before the difference */
};

static int by_bytes(const void *a, const void *b, void *user) {
  const NameSet *set = user;
  guint x = *(const guint *)a, y = *(const guint *)b;
  int c = strcmp(set->names[x], set->names[y]);
  return c ? c : (x > y) - (x < y);
}

static size_t alike(const char *a, const char *b) {
  size_t i = 0;
  while (a[i] && a[i] == b[i]) i++;
  while (i > 0 && ((unsigned char)a[i] & 0xc0) == 0x80) i--; /* not inside of a character */
  return i;
}

NameSet *name_set_new(const char *const *names, guint n) {
  NameSet *set = g_new0(NameSet, 1);
  set->n = n;
  set->names = g_new0(char *, n + 1);
  set->order = g_new(guint, n + 1);
  set->place = g_new(guint, n + 1);
  set->alike = g_new0(size_t, n + 1);
  for (guint i = 0; i < n; i++) set->names[i] = g_strdup(names[i]), set->order[i] = i;
  g_qsort_with_data(set->order, (gint)n, sizeof *set->order, by_bytes, set);
  for (guint k = 0; k < n; k++) {
    set->place[set->order[k]] = k;
    if (k) set->alike[k] = alike(set->names[set->order[k - 1]], set->names[set->order[k]]);
  }
  return set;
}

void name_set_free(NameSet *set) {
  if (!set) return;
  g_strfreev(set->names);
  g_free(set->order);
  g_free(set->place);
  g_free(set->alike);
  g_free(set);
}

/* Bytes of the name at which others go on differently, each once. */
typedef struct {
  size_t at[MOST_FORKS];
  guint n;
} Forks;

static void add_fork(Forks *f, size_t at) {
  for (guint i = 0; i < f->n; i++)
    if (f->at[i] == at) return;
  if (f->n < MOST_FORKS) f->at[f->n++] = at;
}

static int by_size(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

/* From the name's place outwards: what a neighbour shares with it shrinks with the distance. Equal names cannot be told
 * apart. */
static void find_forks(const NameSet *set, guint i, Forks *f) {
  const guint k = set->place[i];
  size_t least = SIZE_MAX;
  for (guint d = 0; d < LOOK_AROUND && d < k; d++) {
    least = MIN(least, set->alike[k - d]);
    if (strcmp(set->names[set->order[k - d - 1]], set->names[i]) != 0) add_fork(f, least);
  }
  least = SIZE_MAX;
  for (guint d = 1; d <= LOOK_AROUND && k + d < set->n; d++) {
    least = MIN(least, set->alike[k + d]);
    if (strcmp(set->names[set->order[k + d]], set->names[i]) != 0) add_fork(f, least);
  }
  qsort(f->at, f->n, sizeof *f->at, by_size);
}

static bool is_separator(char c) { return c && strchr("-_./ ", c); }

/* What is shown of a name: `keep` of its bytes, whole characters; the others are one ellipsis a gap. */
typedef struct {
  const char *name;
  size_t bytes;
  bool *keep;
  int columns, mark;
} Cut;

static int width_of(const Cut *c) {
  int used = 0;
  bool gap = false;
  for (const char *p = c->name; *p; p = g_utf8_next_char(p)) {
    bool kept = c->keep[p - c->name];
    if (kept) used += text_char_width(g_utf8_get_char(p));
    else if (!gap) used += c->mark;
    gap = !kept;
  }
  return used;
}

/* Keeps bytes from..to unless that takes more columns than there are. */
static bool keep_if_room(Cut *c, size_t from, size_t to) {
  g_autofree bool *before = g_memdup2(c->keep, c->bytes + 1);
  memset(c->keep + from, true, to - from);
  if (width_of(c) <= c->columns) return true;
  memcpy(c->keep, before, c->bytes);
  return false;
}

/* Bytes from the nearest of `separators` to `fork`; fork + 1 when none is near. */
static size_t bytes_back(const char *name, size_t fork, const char *separators) {
  for (size_t back = 0; back <= MIN(fork, (size_t)WORD_MOST); back++)
    if (name[fork - back] && strchr(separators, name[fork - back])) return back;
  return fork + 1;
}

/* The word that shows byte `fork`: from the separator before it when one is near ("-Q4_K_M" is one word), else from the
 * character before. */
static void word_around(const char *name, size_t fork, size_t *from, size_t *to) {
  size_t back = bytes_back(name, fork, "-./ ");
  if (back > fork) back = bytes_back(name, fork, "_");
  if (back <= fork) *from = fork - back;
  else *from = fork ? (size_t)(g_utf8_prev_char(name + fork) - name) : 0;
  for (*to = fork; name[*to] && (*to == fork || !is_separator(name[*to]));) ++*to;
}

/* The next character that is not kept; false when all are, or it has no room. */
static bool keep_next(Cut *c, size_t *at) {
  while (c->keep[*at] && c->name[*at]) ++*at;
  if (!c->name[*at]) return false;
  size_t next = (size_t)(g_utf8_next_char(c->name + *at) - c->name);
  return keep_if_room(c, *at, next);
}

static char *cut_text(const Cut *c, const char *ellipsis) {
  GString *out = g_string_new(NULL);
  for (size_t i = 0; i < c->bytes; i++) {
    if (c->keep[i]) g_string_append_c(out, c->name[i]);
    else if (i == 0 || c->keep[i - 1]) g_string_append(out, ellipsis);
  }
  return g_string_free(out, FALSE);
}

/* The words at which others differ, the last first, for it tells from the nearest; then what follows, in at most two
 * thirds of the room; then as much of the beginning as there is room for. */
char *name_set_fit(const NameSet *set, guint i, int columns, const char *ellipsis) {
  const char *name = set->names[i];
  Cut c = {.name = name, .bytes = strlen(name), .columns = columns, .mark = text_width(ellipsis)};
  Forks f = {.n = 0};
  if (text_width(name) <= columns) return g_strdup(name);
  if (columns <= c.mark) return g_strdup(columns == c.mark ? ellipsis : "");
  g_autofree bool *keep = g_new0(bool, c.bytes + 1);
  c.keep = keep;
  find_forks(set, i, &f);
  for (guint k = f.n; k-- > 0;) {
    size_t from, to;
    word_around(name, f.at[k], &from, &to);
    if (keep_if_room(&c, from, to)) continue;
    for (size_t at = f.at[k]; at < to && keep_next(&c, &at);) continue;
  }
  c.columns = columns * 2 / 3;
  for (size_t at = f.n ? f.at[f.n - 1] : c.bytes; keep_next(&c, &at);) continue;
  c.columns = columns;
  for (size_t at = 0; keep_next(&c, &at);) continue;
  return cut_text(&c, ellipsis);
}
