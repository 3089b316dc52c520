/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/hub_layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collection/walk/snapshot_state.h"
#include "core/text.h"

static const char model_prefix[] = "models--";

bool hub_is_repository(const char *name) {
  static const char *const prefixes[] = {model_prefix, "datasets--", "spaces--"};
  for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (g_str_has_prefix(name, prefixes[i]) && name[strlen(prefixes[i])]) return true;
  return false;
}

/* "models--google--vit-base" -> "google/vit-base", "models--gpt2" -> "gpt2". The caller frees
 * it. NULL when the folder holds no model repository. */
static char *hub_repository_name(const char *name) {
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

/* The last component of a path that is a model repository's folder with a snapshot below it. */
typedef struct {
  const char *at, *after; /* the component; what follows the snapshot's commit */
  size_t n;
  char *name;
} Lodging;

static Lodging find_lodging(const char *path) {
  Lodging found = {0};
  for (const char *p = path; p; p = strchr(p, '/')) {
    if (*p == '/') p++;
    size_t n = strcspn(p, "/");
    const char *after = p[n] ? after_snapshot(p + n + 1) : NULL;
    if (!after) continue;
    g_autofree char *component = g_strndup(p, n);
    char *name = hub_repository_name(component);
    if (!name) continue;
    g_free(found.name);
    found = (Lodging){p, after, n, name};
  }
  return found;
}

char *hub_name_of_path(const char *path, const char **rest) {
  Lodging l = find_lodging(path);
  if (l.name && rest) *rest = l.after;
  return l.name;
}

char *hub_snapshot_of_path(const char *path, char **repository) {
  Lodging l = find_lodging(path);
  g_free(l.name);
  if (!l.name || !*l.after) return NULL;
  *repository = g_strndup(path, (gsize)(l.at + l.n - path));
  return g_strndup(path, (gsize)(l.after - 1 - path));
}

bool hub_is_blob(const char *path) {
  for (const char *p = path; (p = strstr(p, "/blobs/")); p++) {
    const char *folder = p;
    while (folder > path && folder[-1] != '/') folder--;
    if (g_str_has_prefix(folder, model_prefix)) return true;
  }
  return false;
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

/* One commit's folder. */
typedef struct {
  char *name;
  struct timespec time;
  SnapshotState state;
} Snapshot;

static void snapshot_clear(void *data) { g_free(((Snapshot *)data)->name); }

/* Newest first. Folders of one time are told apart by name, so that every scan chooses alike. */
static int by_age(const void *a, const void *b) {
  const Snapshot *x = a, *y = b;
  if (x->time.tv_sec != y->time.tv_sec) return x->time.tv_sec < y->time.tv_sec ? 1 : -1;
  if (x->time.tv_nsec != y->time.tv_nsec) return x->time.tv_nsec < y->time.tv_nsec ? 1 : -1;
  return -strcmp(x->name, y->name);
}

static GArray *list_snapshots(int fd) {
  int folder = openat(fd, "snapshots", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
  if (!dir) {
    if (folder >= 0) close(folder);
    return NULL;
  }
  GArray *list = g_array_new(FALSE, FALSE, sizeof(Snapshot));
  g_array_set_clear_func(list, snapshot_clear);
  for (struct dirent *e; (e = readdir(dir));) {
    struct stat st;
    if (e->d_name[0] == '.' || fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISDIR(st.st_mode)) continue;
    Snapshot s = {g_strdup(e->d_name), st.st_mtim, snapshot_state(folder, e->d_name)};
    g_array_append_val(list, s);
  }
  closedir(dir);
  g_array_sort(list, by_age);
  return list;
}

static const Snapshot *snapshot_at(const GArray *list, guint i) { return &g_array_index(list, Snapshot, i); }

/* The one that refs/main names, or NULL. */
static const Snapshot *find_named(const GArray *list, const char *ref) {
  for (guint i = 0; ref && i < list->len; i++)
    if (strcmp(snapshot_at(list, i)->name, ref) == 0) return snapshot_at(list, i);
  return NULL;
}

/* That of refs/main when nothing is more whole, else the newest of the most whole. */
static const Snapshot *choose(const GArray *list, const Snapshot *named) {
  const Snapshot *best = named;
  for (guint i = 0; i < list->len; i++)
    if (!best || snapshot_at(list, i)->state > best->state) best = snapshot_at(list, i);
  return best;
}

/* Why another revision is read than refs/main names. */
static char *note_of(const char *ref, const Snapshot *named, const Snapshot *chosen) {
  if (!ref || named == chosen) return NULL;
  g_autofree SafeText *shown = safe_text(ref, -1);
  const char *what = !named                          ? "is not here"
                     : named->state == SNAPSHOT_BARE ? "has no weights"
                                                     : "lacks some of its weights";
  return g_strdup_printf("refs/main names %s, which %s: this is the newest revision that %s", shown, what,
                         chosen->state == SNAPSHOT_WHOLE ? "is complete" : "is here");
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void fill(HubRevisions *r, const GArray *list, const char *ref) {
  const Snapshot *named = find_named(list, ref), *chosen = choose(list, named);
  r->chosen = g_strdup(chosen->name);
  r->by_ref = named == chosen;
  r->note = note_of(ref, named, chosen);
  r->others = g_ptr_array_new_with_free_func(g_free);
  r->rest = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < list->len; i++) {
    const Snapshot *s = snapshot_at(list, i);
    if (s == chosen) continue;
    g_ptr_array_add(r->others, g_strdup(s->name));
    if (s->state != SNAPSHOT_BARE) g_ptr_array_add(r->rest, g_strdup(s->name));
  }
  g_ptr_array_sort(r->others, by_text);
}

bool hub_list_revisions(int fd, HubRevisions *r) {
  *r = (HubRevisions){0};
  g_autoptr(GArray) list = list_snapshots(fd);
  if (!list) return false;
  errno = 0;
  if (list->len == 0) return false;
  g_autofree char *ref = read_main_ref(fd);
  fill(r, list, ref);
  return true;
}

void hub_revisions_clear(HubRevisions *r) {
  g_free(r->chosen);
  g_free(r->note);
  if (r->others) g_ptr_array_unref(r->others);
  if (r->rest) g_ptr_array_unref(r->rest);
  *r = (HubRevisions){0};
}
