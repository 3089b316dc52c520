/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/candidate.h"

#include <string.h>

#include "archives/archive_kind.h"
#include "collection/walk/entry.h"
#include "collection/walk/hub_layout.h"
#include "collection/walk/training_run.h"
#include "collection/walk/weight_names.h"

static void candidate_free(void *data) {
  Candidate *c = data;
  g_free(c->path);
  g_free(c->name);
  g_free(c->repository);
  g_free(c->component);
  g_free(c->revision_note);
  g_ptr_array_unref(c->components);
  g_ptr_array_unref(c->revisions);
  g_free(c->card);
  g_free(c->config);
  g_free(c->adapter_config);
  g_free(c->pipeline);
  g_array_unref(c->weights);
  g_array_unref(c->others);
  g_array_unref(c->beside);
  g_ptr_array_unref(c->sidecars);
  g_ptr_array_unref(c->previews);
  g_free(c);
}

static FileRef ref_copy(const FileRef *ref) {
  FileRef copy = *ref;
  copy.path = g_strdup(ref->path);
  return copy;
}

static void add_ref(GArray *refs, const FileRef *ref) {
  FileRef copy = ref_copy(ref);
  g_array_append_val(refs, copy);
}

static char *add_sidecar(Candidate *c, const WalkFolder *folder, const char *name) {
  const WalkFile *f = walk_folder_find(folder, name);
  if (!f) return NULL;
  FileRef ref = file_ref_of(folder, f);
  g_array_append_val(c->others, ref);
  return g_strdup(ref.path);
}

/* Spares looking for what no file of a large folder is. */
static bool has_role(const WalkFolder *folder, WalkUse use) { return folder->roles & 1U << use; }

static Candidate *candidate_new(GPtrArray *out, const char *path) {
  Candidate *c = g_new0(Candidate, 1);
  c->path = g_strdup(*path ? path : ".");
  c->weights = file_refs_new();
  c->others = file_refs_new();
  c->beside = file_refs_new();
  c->sidecars = g_ptr_array_new_with_free_func(g_free);
  c->previews = g_ptr_array_new_with_free_func(g_free);
  c->components = g_ptr_array_new_with_free_func(g_free);
  c->revisions = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(out, c);
  return c;
}

/* What a folder is called: by its repository, else by its own name, a checkpoint's with that of
 * its run before it. */
static char *folder_name(const Candidate *c, const char *path, const char *rest, const char *root) {
  uint64_t step;
  if (c->repository && *rest) return g_strconcat(c->repository, "/", rest, NULL);
  if (c->repository) return g_strdup(c->repository);
  g_autofree char *full = g_build_filename(root, path, NULL);
  g_autofree char *name = g_path_get_basename(full);
  if (!training_run_is_step(name, &step)) return g_steal_pointer(&name);
  g_autofree char *run_path = g_path_get_dirname(full);
  g_autofree char *run = g_path_get_basename(run_path);
  return g_strconcat(run, "/", name, NULL);
}

/* Names the candidate; `file`: the weight file's name when it alone is the model, else NULL. */
static void name_candidate(Candidate *c, const WalkFolder *folder, const char *root, const char *file) {
  const char *rest = "";
  g_autofree char *full = g_build_filename(root, folder->path, NULL);
  c->repository = hub_name_of_path(full, &rest);
  bool by_folder = !file || weight_name_rank(file, false) >= 0;
  const WalkFile *known = file ? walk_folder_find(folder, file) : NULL;
  if (known && known->title) c->name = g_strdup(known->title);
  else c->name = by_folder ? folder_name(c, folder->path, rest, root) : weight_name_stem(file);
}

/* The commits of the repository whose snapshot the folder is. The folder that lists them counts
 * as a file: another download changes it. */
static void add_revisions(Candidate *c, const WalkFolder *folder) {
  const HubRevisions *r = folder->revisions;
  if (!r) return;
  c->revision_is_main = r->by_ref;
  c->revision_note = g_strdup(r->note);
  g_ptr_array_add(c->revisions, g_strdup(r->chosen));
  for (guint i = 0; i < r->others->len; i++) g_ptr_array_add(c->revisions, g_strdup(r->others->pdata[i]));
  FileRef ref = {.path = g_path_get_dirname(folder->path), .stamp = folder->snapshots};
  g_array_append_val(c->others, ref);
}

/* Files that tools name as an adapter's lie beside others: each configuration speaks of its own. */
static bool is_shared(const WalkFolder *folder, const GPtrArray *entries) {
  bool adapter = false, other = false;
  for (guint i = 0; i < entries->len; i++) {
    bool is_adapter = weight_name_group(((Entry *)entries->pdata[i])->name) == NAMED_ADAPTER;
    *(is_adapter ? &adapter : &other) = true;
  }
  return adapter && other && walk_folder_find(folder, "adapter_config.json");
}

/* Of a shared folder, an adapter takes its own configuration alone, and what is none the other. */
static void add_sidecars(Candidate *c, const WalkFolder *folder, bool shared, const char *entry) {
  bool adapter = shared && weight_name_group(entry) == NAMED_ADAPTER;
  add_revisions(c, folder);
  if (has_role(folder, WALK_CARD)) c->card = add_sidecar(c, folder, "README.md");
  c->card_is_shared = shared && !adapter;
  if (!adapter && has_role(folder, WALK_CONFIG)) c->config = add_sidecar(c, folder, "config.json");
  if ((!shared || adapter) && has_role(folder, WALK_ADAPTER_CONFIG))
    c->adapter_config = add_sidecar(c, folder, "adapter_config.json");
}

/* What may stand for the model: the entry, and what stands in for it when it cannot be read. */
static void add_tries(Candidate *c, const Entry *e) {
  add_ref(c->weights, &e->main);
  if (e->fallback) add_ref(c->weights, &g_array_index(e->rest, FileRef, 0));
  c->tries += e->fallback ? 2 : 1;
}

static void add_rest(Candidate *c, const Entry *e) {
  for (guint i = e->fallback ? 1 : 0; i < e->rest->len; i++) add_ref(c->weights, &g_array_index(e->rest, FileRef, i));
}

/* "fox.ckpt" beside "fox.safetensors", or two names that tools give, with different endings. */
static bool is_other_format(const Entry *a, const Entry *b) {
  g_autofree char *x = weight_name_stem(a->name), *y = weight_name_stem(b->name);
  if (a == b || strcmp(a->name + strlen(x), b->name + strlen(y)) == 0) return false;
  return strcmp(x, y) == 0 || (a->rank >= 0 && b->rank >= 0);
}

/* The entries of a folder by the stem of their name, and those with names that tools give. */
typedef struct {
  GHashTable *by_stem; /* stem -> GPtrArray of Entry */
  GPtrArray *generic;
} Neighbours;

static Neighbours neighbours_of(const GPtrArray *entries) {
  Neighbours n = {g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref),
                  g_ptr_array_new()};
  for (guint i = 0; i < entries->len; i++) {
    Entry *e = entries->pdata[i];
    g_autofree char *stem = weight_name_stem(e->name);
    GPtrArray *same = g_hash_table_lookup(n.by_stem, stem);
    if (!same) {
      same = g_ptr_array_new();
      g_hash_table_insert(n.by_stem, g_steal_pointer(&stem), same);
    }
    g_ptr_array_add(same, e);
    if (e->rank >= 0) g_ptr_array_add(n.generic, e);
  }
  return n;
}

static void neighbours_clear(Neighbours *n) {
  g_hash_table_unref(n->by_stem);
  g_ptr_array_unref(n->generic);
}

/* Notes files that are likely the same model in another format. */
static void add_beside(Candidate *c, const Neighbours *n, const Entry *self) {
  enum { MOST = 16 };
  g_autofree char *stem = weight_name_stem(self->name);
  const GPtrArray *lists[] = {g_hash_table_lookup(n->by_stem, stem), self->rank >= 0 ? n->generic : NULL};
  for (size_t l = 0; l < G_N_ELEMENTS(lists); l++)
    for (guint i = 0; lists[l] && i < lists[l]->len && c->beside->len < MOST; i++) {
      const Entry *e = lists[l]->pdata[i];
      g_autofree char *other = weight_name_stem(e->name);
      bool twice = l == 1 && strcmp(other, stem) == 0;
      if (!twice && is_other_format(e, self)) add_ref(c->beside, &e->main);
    }
}

static void add_named(Candidate *c, GPtrArray *paths, const WalkFolder *folder, const char *stem,
                      const char *const *endings) {
  for (; *endings; endings++) {
    g_autofree char *name = g_strconcat(stem, *endings, NULL);
    char *path = add_sidecar(c, folder, name);
    if (path) g_ptr_array_add(paths, path);
  }
}

/* What lies beside a file whose name somebody chose. */
static void add_descriptions(Candidate *c, const WalkFolder *folder, const char *entry) {
  if (!has_role(folder, WALK_SIDECAR) || weight_name_rank(entry, false) >= 0) return;
  g_autofree char *stem = weight_name_stem(entry);
  add_named(c, c->sidecars, folder, stem, file_sidecar_endings());
  add_named(c, c->previews, folder, stem, file_preview_endings());
}

static Candidate *add_file_candidate(GPtrArray *out, const WalkFolder *folder, const char *root, const Entry *e,
                                     bool shared) {
  Candidate *c = candidate_new(out, e->main.path);
  name_candidate(c, folder, root, e->name);
  add_tries(c, e);
  add_rest(c, e);
  add_sidecars(c, folder, shared, e->name);
  add_descriptions(c, folder, e->name);
  return c;
}

/* A cached data set's archives hold pictures and text, and many of them. */
static const char data_prefix[] = "datasets--", data_below[] = "/datasets--";

/* An archive may turn out to be a weight file with an unlucky name, so it is described like one. */
static void add_archives(GPtrArray *out, const WalkFolder *folder, const char *root) {
  if (g_str_has_prefix(folder->path, data_prefix) || strstr(folder->path, data_below)) return;
  for (guint i = 0; i < folder->files->len; i++) {
    const WalkFile *f = &g_array_index(folder->files, WalkFile, i);
    if (f->use != WALK_ARCHIVE) continue;
    Entry e = {.name = f->name, .main = file_ref_of(folder, f), .rest = file_refs_new()};
    Candidate *c = add_file_candidate(out, folder, root, &e, false);
    c->is_archive = true;
    g_free(c->name);
    c->name = archive_kind_stem(f->name);
    g_array_unref(e.rest);
    g_free(e.main.path);
  }
}

/* The entries are one model, known by its folder. */
static void add_folder_candidate(GPtrArray *out, const WalkFolder *folder, const char *root, const GPtrArray *entries,
                                 bool shared) {
  const Entry *first = entries->pdata[0];
  Candidate *c = candidate_new(out, folder->path);
  name_candidate(c, folder, root, NULL);
  for (guint i = 0; i < entries->len; i++) add_tries(c, entries->pdata[i]);
  for (guint i = 0; i < entries->len; i++) add_rest(c, entries->pdata[i]);
  add_sidecars(c, folder, shared, first->name);
}

/* A second model of a folder, known by its first file: "chat/adapter_model" beside "chat". */
static void add_second_candidate(GPtrArray *out, const WalkFolder *folder, const char *root, const GPtrArray *entries,
                                 bool shared) {
  const Entry *first = entries->pdata[0];
  Candidate *c = candidate_new(out, first->main.path);
  name_candidate(c, folder, root, NULL);
  g_autofree char *of = c->name, *stem = weight_name_stem(first->name);
  c->name = g_strconcat(of, "/", stem, NULL);
  for (guint i = 0; i < entries->len; i++) add_tries(c, entries->pdata[i]);
  for (guint i = 0; i < entries->len; i++) add_rest(c, entries->pdata[i]);
  add_sidecars(c, folder, shared, first->name);
}

/* The first n entries that tools have named, a model a group: weights before adapters before embeddings. */
static void add_generic(GPtrArray *out, const WalkFolder *folder, const char *root, const GPtrArray *entries, guint n,
                        bool shared) {
  bool any = false;
  for (int group = NAMED_WEIGHTS; group <= NAMED_EMBEDDING; group++) {
    g_autoptr(GPtrArray) those = g_ptr_array_new();
    for (guint i = 0; i < n; i++)
      if ((int)weight_name_group(((Entry *)entries->pdata[i])->name) == group)
        g_ptr_array_add(those, entries->pdata[i]);
    if (those->len == 0) continue;
    (any ? add_second_candidate : add_folder_candidate)(out, folder, root, those, shared);
    any = true;
  }
}

static guint count_generic(const GPtrArray *entries) {
  guint n = 0;
  while (n < entries->len && ((Entry *)entries->pdata[n])->rank >= 0) n++;
  return n;
}

static bool is_snapshot(const WalkFolder *folder, const char *root) {
  const char *rest = "";
  g_autofree char *full = g_build_filename(root, folder->path, NULL);
  g_autofree char *repository = hub_name_of_path(full, &rest);
  return repository && !*rest;
}

/* A folder that is no part of a pipeline. */
static void add_folder(GPtrArray *out, const WalkFolder *folder, const char *root) {
  g_autoptr(GPtrArray) entries = entries_of_folder(folder, root);
  bool described = walk_folder_find(folder, "config.json") || walk_folder_find(folder, "adapter_config.json") ||
                   is_snapshot(folder, root);
  guint together = described ? count_generic(entries) : 0;
  if (described && together == 0 && entries->len == 1) together = 1;
  bool shared = is_shared(folder, entries);
  if (together) add_generic(out, folder, root, entries, together, shared);
  Neighbours near = neighbours_of(entries);
  for (guint i = together; i < entries->len; i++)
    add_beside(add_file_candidate(out, folder, root, entries->pdata[i], shared), &near, entries->pdata[i]);
  neighbours_clear(&near);
}

/* Index of the first folder whose path is not below `key`. */
static guint lower_bound(const GPtrArray *folders, const char *key) {
  guint low = 0, high = folders->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (strcmp(((WalkFolder *)folders->pdata[middle])->path, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* The folders directly below a pipeline that have a configuration of their own. */
static GPtrArray *components_of(const Walk *walk, const WalkFolder *pipeline) {
  GPtrArray *found = g_ptr_array_new();
  g_autofree char *prefix = *pipeline->path ? g_strconcat(pipeline->path, "/", NULL) : g_strdup("");
  for (guint i = lower_bound(walk->folders, prefix); i < walk->folders->len; i++) {
    WalkFolder *folder = walk->folders->pdata[i];
    if (!g_str_has_prefix(folder->path, prefix)) break;
    const char *below = folder->path + strlen(prefix);
    if (*below && !strchr(below, '/') && walk_folder_find(folder, "config.json")) g_ptr_array_add(found, folder);
  }
  return found;
}

static uint64_t weight_bytes(const WalkFolder *folder) {
  uint64_t sum = 0;
  for (guint i = 0; i < folder->files->len; i++) {
    const WalkFile *f = &g_array_index(folder->files, WalkFile, i);
    if (f->use == WALK_WEIGHTS) sum += f->stamp.size;
  }
  return sum;
}

static const char *last_component(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* The network that a pipeline is known by: its unet or transformer, else its largest part. */
static WalkFolder *main_component(const GPtrArray *components) {
  static const char *const names[] = {"unet", "transformer"};
  WalkFolder *largest = components->pdata[0];
  for (size_t n = 0; n < G_N_ELEMENTS(names); n++)
    for (guint i = 0; i < components->len; i++) {
      WalkFolder *folder = components->pdata[i];
      if (strcmp(last_component(folder->path), names[n]) == 0) return folder;
      if (weight_bytes(folder) > weight_bytes(largest)) largest = folder;
    }
  return largest;
}

/* Adds a component's files; those of the main one come first and may stand for the model. */
static void add_component(Candidate *c, const WalkFolder *component, const char *root, bool may_stand) {
  g_autoptr(GPtrArray) entries = entries_of_folder(component, root);
  guint tries = c->tries;
  for (guint i = 0; i < entries->len; i++) add_tries(c, entries->pdata[i]);
  if (!may_stand) c->tries = tries;
  for (guint i = 0; i < entries->len; i++) add_rest(c, entries->pdata[i]);
}

/* Single files in the pipeline's own folder whose names somebody chose are models themselves. */
static void add_pipeline(GPtrArray *out, const Walk *walk, const WalkFolder *folder, const char *root,
                         GHashTable *taken) {
  g_autoptr(GPtrArray) components = components_of(walk, folder);
  if (components->len == 0) {
    add_folder(out, folder, root);
    return;
  }
  g_autoptr(GPtrArray) own = entries_of_folder(folder, root);
  const WalkFolder *main = main_component(components);
  Candidate *c = candidate_new(out, folder->path);
  name_candidate(c, folder, root, NULL);
  c->component = g_strdup(last_component(main->path));
  add_component(c, main, root, true);
  for (guint i = 0; i < components->len; i++) {
    WalkFolder *component = components->pdata[i];
    g_hash_table_add(taken, component);
    if (component == main) continue;
    add_component(c, component, root, false);
    g_ptr_array_add(c->components, g_strdup(last_component(component->path)));
  }
  c->card = add_sidecar(c, folder, "README.md");
  c->config = add_sidecar(c, main, "config.json");
  c->pipeline = add_sidecar(c, folder, "model_index.json");
  add_revisions(c, folder);
  for (guint i = 0; i < own->len; i++) add_file_candidate(out, folder, root, own->pdata[i], false);
}

static int candidate_by_path(const void *a, const void *b) {
  return strcmp((*(const Candidate *const *)a)->path, (*(const Candidate *const *)b)->path);
}

GPtrArray *candidates_from_walk(const Walk *walk, const char *root) {
  GPtrArray *out = g_ptr_array_new_with_free_func(candidate_free);
  g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL); /* folders, as parts of pipelines */
  for (guint i = 0; i < walk->folders->len; i++) {
    const WalkFolder *folder = walk->folders->pdata[i];
    if (walk_folder_find(folder, "model_index.json")) add_pipeline(out, walk, folder, root, taken);
    add_archives(out, folder, root);
  }
  for (guint i = 0; i < walk->folders->len; i++) {
    WalkFolder *folder = walk->folders->pdata[i];
    if (!walk_folder_find(folder, "model_index.json") && !g_hash_table_contains(taken, folder))
      add_folder(out, folder, root);
  }
  g_ptr_array_sort(out, candidate_by_path);
  return out;
}

static int ref_by_path(const void *a, const void *b) {
  return strcmp(((const FileRef *)a)->path, ((const FileRef *)b)->path);
}

GArray *candidate_files(const Candidate *c) {
  GArray *files = g_array_new(FALSE, FALSE, sizeof(FileRef));
  g_array_append_vals(files, c->weights->data, c->weights->len);
  g_array_append_vals(files, c->others->data, c->others->len);
  g_array_append_vals(files, c->beside->data, c->beside->len);
  g_array_sort(files, ref_by_path);
  return files;
}

static void move_path(char **path, const char *prefix) {
  if (!*path) return;
  char *moved = g_strconcat(prefix, *path, NULL);
  g_free(*path);
  *path = moved;
}

static void move_refs(GArray *refs, const char *prefix) {
  for (guint i = 0; i < refs->len; i++) move_path(&g_array_index(refs, FileRef, i).path, prefix);
}

static void move_paths(GPtrArray *paths, const char *prefix) {
  for (guint i = 0; i < paths->len; i++) move_path((char **)&paths->pdata[i], prefix);
}

void candidate_move_into(Candidate *c, const char *prefix) {
  c->inside = strlen(prefix);
  move_path(&c->path, prefix);
  move_path(&c->card, prefix);
  move_path(&c->config, prefix);
  move_path(&c->adapter_config, prefix);
  move_path(&c->pipeline, prefix);
  move_refs(c->weights, prefix);
  move_refs(c->others, prefix);
  move_refs(c->beside, prefix);
  move_paths(c->sidecars, prefix);
  move_paths(c->previews, prefix);
}
