/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collection/walk/hub_layout.h"
#include "collection/walk/ollama_layout.h"
#include "collection/walk/snapshot_state.h"
#include "core/error.h"
#include "core/files.h"
#include "core/parallel.h"
#include "core/text.h"
#include "weights/weight_open.h"

/* A folder that waits to be listed. */
typedef struct {
  char *path;
  bool blobs;              /* a Hub repository's blobs: only downloads cut short are of interest */
  HubRevisions *revisions; /* of the snapshot that the folder is, or NULL */
  FileStamp snapshots;     /* then: of the folder around it */
  GPtrArray *before;       /* of char: folders whose weight files stand for those of the same name here; or NULL */
  GPtrArray *only;         /* of char: the files in it that were asked for; NULL: all, and the folders in it */
} Job;

/* A folder that is being listed. */
typedef struct {
  const Job *job;
  WalkFolder *folder;
  int fd;
} Listing;

/* What one thread has found; no locks. */
typedef struct {
  GPtrArray *jobs, *folders, *skips;
} Finds;

typedef struct {
  const char *root;
  int root_fd;
  const Progress *progress;
  GPtrArray *level; /* of Job: the folders that are listed now */
  Finds *finds;     /* one a thread */
  GHashTable *seen; /* of Place, under `lock` */
  GMutex lock;
  atomic_uint_fast64_t files;
} Walker;

typedef struct {
  uint64_t device, inode;
} Place;

static guint place_hash(gconstpointer p) {
  const Place *place = p;
  uint64_t h = (place->inode ^ (place->device << 32)) * 0x9e3779b97f4a7c15u;
  return (guint)(h >> 32);
}

static gboolean place_equal(gconstpointer a, gconstpointer b) {
  const Place *x = a, *y = b;
  return x->device == y->device && x->inode == y->inode;
}

/* False when the folder was entered before. */
static bool enter(Walker *w, const struct stat *st) {
  Place *place = g_new(Place, 1);
  *place = (Place){(uint64_t)st->st_dev, (uint64_t)st->st_ino};
  g_mutex_lock(&w->lock);
  bool fresh = g_hash_table_add(w->seen, place);
  g_mutex_unlock(&w->lock);
  return fresh;
}

static void job_free(void *data) {
  Job *job = data;
  g_free(job->path);
  walk_revisions_free(job->revisions);
  if (job->before) g_ptr_array_unref(job->before);
  if (job->only) g_ptr_array_unref(job->only);
  g_free(job);
}

static char *join(const char *folder, const char *name) {
  return *folder ? g_strconcat(folder, "/", name, NULL) : g_strdup(name);
}

/* Takes `reason`. */
static void add_skip(Finds *f, const char *folder, const char *name, char *reason) {
  WalkSkip *skip = g_new(WalkSkip, 1);
  *skip = (WalkSkip){*name ? join(folder, name) : g_strdup(*folder ? folder : "."), reason};
  g_ptr_array_add(f->skips, skip);
}

/* Takes `path`. */
static Job *add_job(Finds *f, char *path, bool blobs) {
  Job *job = g_new0(Job, 1);
  *job = (Job){.path = path, .blobs = blobs};
  g_ptr_array_add(f->jobs, job);
  return job;
}

/* Times are compared for being equal alone. Those after 2262, or a clock's nonsense, wrap around and still differ. */
static FileStamp stamp_of(const struct stat *st) {
  return (FileStamp){.size = (uint64_t)st->st_size,
                     .mtime = (int64_t)((uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec),
                     .inode = (uint64_t)st->st_ino};
}

/* A link to a folder of this collection costs no word unless it is a loop. */
static void note_folder_link(Walker *w, Finds *f, const char *folder, const char *name) {
  g_autofree char *here = g_build_filename(w->root, folder, NULL);
  g_autofree char *link = g_build_filename(here, name, NULL);
  char *target = realpath(link, NULL);
  if (!target) return;
  if (!path_is_below(target, w->root))
    add_skip(f, folder, name, g_strdup("a link to a folder outside the collection, not followed"));
  else if (path_is_below(here, target))
    add_skip(f, folder, name, g_strdup("a link to a folder it lies in (a loop), not followed"));
  free(target);
}

static void note_broken_link(Finds *f, int fd, const char *folder, const char *name) {
  char target[4096];
  int code = errno;
  ssize_t n = readlinkat(fd, name, target, sizeof target);
  g_autofree SafeText *shown = safe_text(target, n > 0 ? n : 0);
  if (code == ENOENT || code == ENOTDIR) add_skip(f, folder, name, g_strdup_printf("broken link to %s", shown));
  else add_skip(f, folder, name, g_strdup_printf("link to %s: %s", shown, g_strerror(code)));
}

/* An older revision's file for which a newer one's stands: of the same name, or both of names that tools give. */
static bool is_shadowed(const Walker *w, const Listing *l, const char *name) {
  const GPtrArray *before = l->job->before;
  const bool generic = before && snapshot_is_generic(name);
  for (guint i = 0; before && i < before->len; i++) {
    g_autofree char *other = join(before->pdata[i], name);
    struct stat st;
    if (fstatat(w->root_fd, other, &st, 0) == 0) return true;
    if (generic && snapshot_has_generic(w->root_fd, before->pdata[i])) return true;
  }
  return false;
}

static void note_piece(Finds *f, const Listing *l, const char *name, const char *whole) {
  g_autofree SafeText *shown = safe_text(whole, -1);
  add_skip(f, l->folder->path, name,
           g_strdup_printf("a piece of %s, which was split by its bytes: join the pieces in their order (cat)", shown));
}

/* A file whose name says nothing is known by its first bytes. */
static bool is_marked(const Listing *l, const char *name, const struct stat *st) {
  unsigned char head[512];
  if (st->st_size < (off_t)sizeof head / 4 || !file_use_may_be_marked(name)) return false;
  int fd = openat(l->fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : -1;
  if (fd >= 0) close(fd);
  return n > 0 && weight_file_is_marked(head, (size_t)n);
}

/* Anything but a folder. `st` describes it, links followed. */
static void note_file(Walker *w, Finds *f, const Listing *l, const char *name, const struct stat *st) {
  WalkUse use;
  g_autofree char *whole = NULL;
  if (!S_ISREG(st->st_mode)) {
    add_skip(f, l->folder->path, name, g_strdup_printf("%s, not opened", file_special_name(st->st_mode)));
  } else if (file_use_of(name, &use)) {
    if (!file_use_is_weights(use) || !is_shadowed(w, l, name)) walk_folder_add(l->folder, name, use, stamp_of(st));
  } else if (file_piece_of(name, &whole)) {
    note_piece(f, l, name, whole);
  } else if (file_is_sidecar(name)) {
    walk_folder_add(l->folder, name, WALK_SIDECAR, stamp_of(st));
  } else if (is_marked(l, name, st) && !is_shadowed(w, l, name)) {
    walk_folder_add(l->folder, name, WALK_WEIGHTS, stamp_of(st));
  }
}

/* The link of a snapshot to its blob, as every one of them reads: spares the look at each folder on the way. */
static bool is_snapshot_link(const Listing *l, const char *name) {
  char target[512];
  struct stat st;
  ssize_t n = readlinkat(l->fd, name, target, sizeof target - 1);
  if (n <= 0 || n == (ssize_t)sizeof target - 1) return false;
  target[n] = '\0';
  bool form = g_str_has_prefix(target, "../../blobs/") && !strchr(target + strlen("../../blobs/"), '/');
  return form && fstatat(l->fd, target, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool leads_outside(const Walker *w, const Listing *l, const char *name) {
  if (is_snapshot_link(l, name)) return false;
  g_autofree char *path = g_build_filename(w->root, l->folder->path, name, NULL);
  return !path_stays_within(w->root, path);
}

static void note_link(Walker *w, Finds *f, const Listing *l, const char *name) {
  struct stat st;
  WalkUse use;
  if (fstatat(l->fd, name, &st, 0) != 0) {
    if (!l->job->before && file_use_of(name, &use) && (use == WALK_WEIGHTS || use == WALK_ARCHIVE))
      note_broken_link(f, l->fd, l->folder->path, name);
  } else if (S_ISDIR(st.st_mode)) {
    note_folder_link(w, f, l->folder->path, name);
  } else if (file_is_of_interest(name) && leads_outside(w, l, name)) {
    add_skip(f, l->folder->path, name, g_strdup("a link to a file outside the collection, not followed"));
  } else {
    note_file(w, f, l, name, &st);
  }
}

/* A Hub's marks of absent files, its locks, and Git's own store hold no models. */
static bool is_left_out(const char *name) {
  return strcmp(name, ".git") == 0 || strcmp(name, ".no_exist") == 0 || strcmp(name, ".locks") == 0;
}

static unsigned char type_of(int fd, const struct dirent *e) {
  struct stat st;
  if (e->d_type != DT_UNKNOWN) return e->d_type;
  return fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? IFTODT(st.st_mode) : DT_UNKNOWN;
}

/* A folder in this one waits its turn, and lies behind the same folders of newer revisions. */
static void note_folder(Finds *f, const Listing *l, const char *name) {
  if (l->job->only) return;
  Job *job = add_job(f, join(l->folder->path, name), false);
  if (!l->job->before) return;
  job->before = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < l->job->before->len; i++) g_ptr_array_add(job->before, join(l->job->before->pdata[i], name));
}

static void note_entry(Walker *w, Finds *f, const Listing *l, const struct dirent *e) {
  const char *name = e->d_name;
  struct stat st;
  switch (type_of(l->fd, e)) {
    case DT_DIR:
      if (!is_left_out(name)) note_folder(f, l, name);
      return;
    case DT_LNK:
      note_link(w, f, l, name);
      break;
    case DT_REG:
      if (walk_is_unfinished(name)) add_skip(f, l->folder->path, name, g_strdup("download not finished"));
      else if (file_is_of_interest(name) && fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        note_file(w, f, l, name, &st);
      break;
    default:
      if (fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) note_file(w, f, l, name, &st);
  }
  atomic_fetch_add_explicit(&w->files, 1, memory_order_relaxed);
}

/* Keeps a folder that a model can be made of. */
static void settle_folder(Finds *f, WalkFolder *folder) {
  bool keep = false;
  for (guint i = 0; i < folder->files->len; i++) {
    WalkUse use = g_array_index(folder->files, WalkFile, i).use;
    keep |= use == WALK_WEIGHTS || use == WALK_PIPELINE || use == WALK_SHARD_INDEX || use == WALK_ARCHIVE;
  }
  walk_folder_sort(folder);
  if (keep) g_ptr_array_add(f->folders, folder);
  else walk_folder_free(folder);
}

static void list_blobs(Finds *f, const char *path, DIR *dir) {
  for (struct dirent *e; (e = readdir(dir));)
    if (g_str_has_suffix(e->d_name, ".incomplete")) add_skip(f, path, e->d_name, g_strdup("download not finished"));
}

/* Of files that were asked for: whatever they are called they are taken for weights, and of what lies beside them
 * nobody wants to hear why it is none. */
static void settle_only(Finds *f, const Listing *l, guint skips) {
  const GPtrArray *only = l->job->only;
  for (guint i = f->skips->len; i-- > skips;) {
    WalkSkip *skip = f->skips->pdata[i];
    g_autofree char *name = g_path_get_basename(skip->path);
    if (g_ptr_array_find_with_equal_func((GPtrArray *)only, name, g_str_equal, NULL)) continue;
    walk_skip_free(skip);
    g_ptr_array_remove_index(f->skips, i);
  }
  walk_folder_sort(l->folder);
  for (guint i = 0; i < only->len && f->skips->len == skips; i++) {
    struct stat st;
    if (walk_folder_find(l->folder, only->pdata[i]) || fstatat(l->fd, only->pdata[i], &st, 0) != 0) continue;
    walk_folder_add(l->folder, only->pdata[i], WALK_WEIGHTS, stamp_of(&st));
    walk_folder_sort(l->folder);
  }
}

static void list_folder(Walker *w, Finds *f, Job *job, DIR *dir) {
  WalkFolder *folder = walk_folder_new(job->path);
  folder->revisions = g_steal_pointer(&job->revisions);
  folder->snapshots = job->snapshots;
  const Listing listing = {job, folder, dirfd(dir)};
  const guint skips = f->skips->len;
  errno = 0;
  for (struct dirent *e; (e = readdir(dir)); errno = 0)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) note_entry(w, f, &listing, e);
  if (errno) add_skip(f, job->path, "", g_strdup_printf("cannot list the whole folder: %s", g_strerror(errno)));
  if (job->only) settle_only(f, &listing, skips);
  settle_folder(f, folder);
}

/* An older revision, behind all that come before it. */
static void add_older(Finds *f, const char *snapshots, const HubRevisions *r, guint i, FileStamp stamp) {
  Job *job = add_job(f, join(snapshots, r->rest->pdata[i]), false);
  job->snapshots = stamp;
  job->before = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(job->before, join(snapshots, r->chosen));
  for (guint k = 0; k < i; k++) g_ptr_array_add(job->before, join(snapshots, r->rest->pdata[k]));
  HubRevisions own = {.chosen = g_strdup(r->rest->pdata[i]), .others = g_ptr_array_new_with_free_func(g_free)};
  g_ptr_array_add(own.others, g_strdup(r->chosen));
  job->revisions = g_memdup2(&own, sizeof own);
}

/* The snapshots of a repository that are worth a look. Takes what is in `r`. */
static void add_snapshots(Finds *f, const char *path, HubRevisions *r, FileStamp stamp) {
  enum { MOST_OLDER = 64 };
  g_autofree char *snapshots = join(path, "snapshots");
  for (guint i = 0; i < MIN(r->rest->len, (guint)MOST_OLDER); i++) add_older(f, snapshots, r, i, stamp);
  Job *job = add_job(f, join(snapshots, r->chosen), false);
  job->revisions = g_memdup2(r, sizeof *r);
  job->snapshots = stamp;
}

/* A cached repository: its snapshots, and what its blobs say of broken downloads. False
 * for a folder that is none. */
static bool list_repository(const Walker *w, Finds *f, const char *path, int fd) {
  g_autofree char *name = g_path_get_basename(*path ? path : w->root);
  struct stat st;
  if (!hub_is_repository(name) || fstatat(fd, "snapshots", &st, AT_SYMLINK_NOFOLLOW) != 0) return false;
  HubRevisions revisions;
  if (hub_list_revisions(fd, &revisions)) add_snapshots(f, path, &revisions, stamp_of(&st));
  else if (errno) add_skip(f, path, "snapshots", g_strdup_printf("cannot list the folder: %s", g_strerror(errno)));
  if (fstatat(fd, "blobs", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) add_job(f, join(path, "blobs"), true);
  return true;
}

/* The blobs of an Ollama store that its manifests call models; its folders are walked as others
 * are. */
static void list_store(Finds *f, const char *path, int fd) {
  g_autoptr(GPtrArray) blobs = ollama_list(fd);
  if (blobs->len == 0) return;
  g_autofree char *below = join(path, "blobs");
  WalkFolder *folder = walk_folder_new(below);
  for (guint i = 0; i < blobs->len; i++) {
    const OllamaBlob *blob = blobs->pdata[i];
    g_autofree char *inside = g_strconcat("blobs/", blob->file, NULL);
    struct stat st;
    if (fstatat(fd, inside, &st, 0) != 0) {
      add_skip(f, below, blob->file, g_strdup("a manifest names it, but it is not there"));
      continue;
    }
    if (!S_ISREG(st.st_mode)) continue;
    walk_folder_add(folder, blob->file, WALK_WEIGHTS, stamp_of(&st));
    g_array_index(folder->files, WalkFile, folder->files->len - 1).title = g_strdup(blob->title);
  }
  settle_folder(f, folder);
}

static void list_job(Walker *w, Finds *f, Job *job) {
  int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
  int fd = openat(w->root_fd, *job->path ? job->path : ".", flags);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) {
    /* ENOENT, ENOTDIR: it went away since its parent was listed. */
    if (errno != ENOENT && errno != ENOTDIR)
      add_skip(f, job->path, "", g_strdup_printf("cannot list the folder: %s", g_strerror(errno)));
    if (fd >= 0) close(fd);
    return;
  }
  const bool whole = !job->blobs && !job->only;
  if (!enter(w, &st) || (whole && list_repository(w, f, job->path, fd))) {
    close(fd);
    return;
  }
  DIR *dir = fdopendir(fd);
  if (!dir) {
    close(fd);
  } else {
    if (whole && ollama_is_store(fd)) list_store(f, job->path, fd);
    job->blobs ? list_blobs(f, job->path, dir) : list_folder(w, f, job, dir);
    closedir(dir);
  }
}

static bool list_one(void *user, size_t item, unsigned thread) {
  Walker *w = user;
  list_job(w, &w->finds[thread], w->level->pdata[item]);
  return thread != 0 || progress_step(w->progress, "looking", atomic_load(&w->files), 0, NULL);
}

static int by_first_member(const void *a, const void *b) {
  /* Job, WalkFolder and WalkSkip all begin with their path. */
  return strcmp(**(char *const *const *)a, **(char *const *const *)b);
}

static void move_all(GPtrArray *from, GPtrArray *to) {
  for (guint i = 0; i < from->len; i++) g_ptr_array_add(to, from->pdata[i]);
  g_ptr_array_set_size(from, 0);
}

/* The job that lists a folder for the files in it that were asked for. */
static Job *job_beside(Walker *w, const char *folder) {
  for (guint i = 0; i < w->level->len; i++) {
    Job *job = w->level->pdata[i];
    if (job->only && strcmp(job->path, folder) == 0) return job;
  }
  Job *job = g_new0(Job, 1);
  *job = (Job){.path = g_strdup(folder), .only = g_ptr_array_new_with_free_func(g_free)};
  g_ptr_array_add(w->level, job);
  return job;
}

static void begin(Walker *w, const GPtrArray *places) {
  for (guint i = 0; i < (places ? places->len : 1); i++) {
    const char *path = places ? places->pdata[i] : "";
    struct stat st;
    if (!*path || (fstatat(w->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))) {
      Job *job = g_new0(Job, 1);
      job->path = g_strdup(path);
      g_ptr_array_add(w->level, job);
    } else {
      g_autofree char *name = g_path_get_basename(path);
      g_autofree char *folder = strchr(path, '/') ? g_path_get_dirname(path) : g_strdup("");
      g_ptr_array_add(job_beside(w, folder)->only, g_steal_pointer(&name));
    }
  }
}

/* Lists folders level by level: a loop over each level is all the scheduling that is needed,
 * since collections are wide. */
static bool walk_levels(Walker *w, unsigned threads, Walk *out, GError **error) {
  const CancelToken *cancel = w->progress ? w->progress->cancel : NULL;
  while (w->level->len > 0) {
    parallel_for(w->level->len, threads, list_one, w, cancel);
    g_ptr_array_set_size(w->level, 0);
    for (unsigned t = 0; t < threads; t++) {
      move_all(w->finds[t].jobs, w->level);
      move_all(w->finds[t].folders, out->folders);
      move_all(w->finds[t].skips, out->skips);
    }
    if (!progress_check(w->progress, error)) return false;
  }
  return true;
}

static void finds_init(Finds *f) { *f = (Finds){g_ptr_array_new(), g_ptr_array_new(), g_ptr_array_new()}; }

static void finds_clear(Finds *f) {
  g_ptr_array_unref(f->jobs);
  g_ptr_array_unref(f->folders);
  g_ptr_array_unref(f->skips);
}

/* The state folder counts as entered before the walk begins, unless it is the root itself. */
static void hide(Walker *w, const char *hidden) {
  struct stat st, root;
  if (!hidden || stat(hidden, &st) != 0 || fstat(w->root_fd, &root) != 0) return;
  if (st.st_ino != root.st_ino || st.st_dev != root.st_dev) enter(w, &st);
}

Walk *walk_run(const char *root, const GPtrArray *places, const char *hidden, unsigned threads,
               const Progress *progress, GError **error) {
  int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    g_autofree SafeText *shown = safe_text(root, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot list %s: %s", shown, g_strerror(errno));
    return NULL;
  }
  threads = threads ? threads : parallel_processors();
  Walker w = {.root = root,
              .root_fd = fd,
              .progress = progress,
              .finds = g_new(Finds, threads),
              .level = g_ptr_array_new_with_free_func(job_free),
              .seen = g_hash_table_new_full(place_hash, place_equal, g_free, NULL)};
  g_mutex_init(&w.lock);
  for (unsigned t = 0; t < threads; t++) finds_init(&w.finds[t]);
  hide(&w, hidden);
  begin(&w, places);
  g_autoptr(Walk) out = walk_new();
  bool ok = walk_levels(&w, threads, out, error);
  out->files = atomic_load(&w.files);
  g_ptr_array_sort(out->folders, by_first_member);
  g_ptr_array_sort(out->skips, by_first_member);
  for (unsigned t = 0; t < threads; t++) finds_clear(&w.finds[t]);
  g_free(w.finds);
  g_ptr_array_unref(w.level);
  g_hash_table_unref(w.seen);
  g_mutex_clear(&w.lock);
  close(fd);
  return ok ? g_steal_pointer(&out) : NULL;
}
