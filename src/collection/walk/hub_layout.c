/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/hub_layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char model_prefix[] = "models--";

bool hub_is_repository(const char *name) {
  static const char *const prefixes[] = {model_prefix, "datasets--", "spaces--"};
  for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (g_str_has_prefix(name, prefixes[i]) && name[strlen(prefixes[i])]) return true;
  return false;
}

char *hub_repository_name(const char *name) {
  if (!g_str_has_prefix(name, model_prefix) || !name[strlen(model_prefix)]) return NULL;
  g_autoptr(GString) out = g_string_new(name + strlen(model_prefix));
  g_string_replace(out, "--", "/", 1);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* After "snapshots/COMMIT" in `p`: "", or what follows the slash. NULL when p is not that. */
static const char *after_snapshot(const char *p) {
  static const char word[] = "snapshots/";
  if (!g_str_has_prefix(p, word)) return NULL;
  p += strlen(word);
  if (!*p || *p == '/') return NULL;
  p += strcspn(p, "/");
  return *p ? p + 1 : p;
}

char *hub_name_of_path(const char *path, const char **rest) {
  char *found = NULL;
  for (const char *p = path; p; p = strchr(p, '/')) {
    if (*p == '/') p++;
    size_t n = strcspn(p, "/");
    const char *after = p[n] ? after_snapshot(p + n + 1) : NULL;
    if (!after) continue;
    g_autofree char *component = g_strndup(p, n);
    char *name = hub_repository_name(component);
    if (!name) continue;
    g_free(found);
    found = name;
    if (rest) *rest = after;
  }
  return found;
}

/* The commit in refs/main; NULL unless it is one plain path component. */
static char *read_main_ref(int fd) {
  int ref = openat(fd, "refs/main", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (ref < 0) return NULL;
  char text[256];
  struct stat st;
  ssize_t n = fstat(ref, &st) == 0 && S_ISREG(st.st_mode) ? read(ref, text, sizeof text - 1) : -1;
  close(ref);
  if (n <= 0) return NULL;
  text[n] = '\0';
  g_strstrip(text);
  bool plain = *text && !strchr(text, '/') && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
  return plain ? g_strdup(text) : NULL;
}

static bool is_later(const struct timespec *a, const struct timespec *b) {
  return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Adds a commit's folder, and keeps the newest in r->chosen. Folders of one time are told apart
 * by name, so that every scan chooses alike. */
static void consider(HubRevisions *r, struct timespec *newest, int snapshots, const char *name) {
  struct stat st;
  if (name[0] == '.' || fstatat(snapshots, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!S_ISDIR(st.st_mode)) return;
  char *copy = g_strdup(name);
  g_ptr_array_add(r->others, copy);
  bool later =
      !r->chosen || is_later(&st.st_mtim, newest) || (!is_later(newest, &st.st_mtim) && strcmp(name, r->chosen) > 0);
  if (!later) return;
  r->chosen = copy;
  *newest = st.st_mtim;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The same text in the list, or NULL. */
static char *same_text(const GPtrArray *list, const char *text) {
  for (guint i = 0; text && i < list->len; i++)
    if (strcmp(list->pdata[i], text) == 0) return list->pdata[i];
  return NULL;
}

bool hub_list_revisions(int fd, HubRevisions *r) {
  *r = (HubRevisions){0};
  int snapshots = openat(fd, "snapshots", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = snapshots >= 0 ? fdopendir(snapshots) : NULL;
  if (!dir) {
    if (snapshots >= 0) close(snapshots);
    return false;
  }
  struct timespec newest = {0};
  r->others = g_ptr_array_new_with_free_func(g_free);
  for (struct dirent *e; (e = readdir(dir));) consider(r, &newest, snapshots, e->d_name);
  closedir(dir);
  g_autofree char *ref = r->others->len > 1 ? read_main_ref(fd) : NULL;
  char *named = same_text(r->others, ref);
  r->by_ref = named != NULL;
  r->chosen = g_strdup(named ? named : r->chosen);
  if (!r->chosen) {
    hub_revisions_clear(r);
    return false;
  }
  g_ptr_array_remove(r->others, same_text(r->others, r->chosen));
  g_ptr_array_sort(r->others, by_text);
  return true;
}

void hub_revisions_clear(HubRevisions *r) {
  g_free(r->chosen);
  if (r->others) g_ptr_array_unref(r->others);
  *r = (HubRevisions){0};
}
