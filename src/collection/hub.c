/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/hub.h"

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

typedef struct {
  char *name; /* newest so far */
  struct timespec time;
  unsigned count;
} Newest;

static bool is_later(const struct timespec *a, const struct timespec *b) {
  return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Folders of one time are told apart by name, so that every scan chooses alike. */
static void consider(Newest *best, int snapshots, const char *name) {
  struct stat st;
  if (name[0] == '.' || fstatat(snapshots, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!S_ISDIR(st.st_mode)) return;
  best->count++;
  bool later = !best->name || is_later(&st.st_mtim, &best->time) ||
               (!is_later(&best->time, &st.st_mtim) && strcmp(name, best->name) > 0);
  if (!later) return;
  g_free(best->name);
  best->name = g_strdup(name);
  best->time = st.st_mtim;
}

static bool has_folder(int parent, const char *name) {
  struct stat st;
  return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

char *hub_choose_snapshot(int fd) {
  int snapshots = openat(fd, "snapshots", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = snapshots >= 0 ? fdopendir(snapshots) : NULL;
  if (!dir) {
    if (snapshots >= 0) close(snapshots);
    return NULL;
  }
  Newest best = {0};
  for (struct dirent *e; (e = readdir(dir));) consider(&best, snapshots, e->d_name);
  g_autofree char *ref = best.count > 1 ? read_main_ref(fd) : NULL;
  if (ref && has_folder(snapshots, ref)) {
    g_free(best.name);
    best.name = g_steal_pointer(&ref);
  }
  closedir(dir);
  return best.name;
}
