/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/model_reader.h"

#include <string.h>

#include "collection/read/card.h"
#include "collection/walk/training_run.h"
#include "collection/walk/weight_names.h"
#include "collection/read/metadata_facts.h"
#include "collection/read/model_config.h"
#include "collection/read/sidecar.h"
#include "core/error.h"
#include "core/source.h"
#include "weights/weight_open.h"

enum { MAX_OTHERS = 64 };

/* The deepest folder of a path that is named as a split is. */
static char *split_of_path(const char *path) {
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  for (guint i = g_strv_length(parts); i-- > 0;)
    if (split_is_name(parts[i])) return g_strdup(parts[i]);
  return NULL;
}

/* The path of the archive that a candidate was found in; NULL: in none. The caller frees it. */
static char *archive_of(const Candidate *c) { return c->inside ? g_strndup(c->path, c->inside - strlen("!")) : NULL; }

static void add_split(Model *m, const Candidate *c, const char *archive) {
  g_autofree char *split = split_of_path(c->path + c->inside);
  if (!split && archive) split = split_of_path(archive);
  if (split) model_add_fact(m, "split", split, "folder");
}

/* The run that a checkpoint belongs to, and its step. */
static void add_chain(Model *m, const Candidate *c, const char *archive) {
  g_autofree char *below = NULL;
  uint64_t step;
  if (!training_run_of_path(c->path + c->inside, &below, &step)) {
    if (!archive || !training_run_of_path(archive, &below, &step)) return;
    archive = NULL;
  }
  g_autofree char *run = archive ? g_strconcat(archive, "!", below, NULL) : g_strdup(below);
  g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, step);
  model_add_fact(m, "chain", run, "folder");
  model_add_fact(m, "step", digits, "folder");
}

/* The commit that the model is of, then those that are left out. */
static void add_revisions(Model *m, const Candidate *c) {
  for (guint i = 0; i < c->revisions->len && i < MAX_OTHERS; i++)
    model_add_fact(m, "revision", c->revisions->pdata[i], i == 0 && c->revision_is_main ? "refs/main" : "snapshots");
}

/* What the place of the files says. */
static void add_place(Model *m, const Candidate *c) {
  g_autofree char *archive = archive_of(c);
  if (archive) model_add_fact(m, "archive", archive, "folder");
  add_split(m, c, archive);
  add_chain(m, c, archive);
  if (c->repository) model_add_fact(m, "repository", c->repository, "folder");
  add_revisions(m, c);
  if (c->revision_note) model_add_fact(m, "revision_note", c->revision_note, "snapshots");
  if (c->component) model_add_fact(m, "component", c->component, "folder");
  for (guint i = 0; i < c->components->len && i < MAX_OTHERS; i++)
    model_add_fact(m, "component", c->components->pdata[i], "folder");
}

/* The model's other weight files: formats of the same weights, components, parts. */
static void add_other_weights(Model *m, const Candidate *c, guint used) {
  guint listed = 0;
  for (guint i = 0; i < c->weights->len && listed < MAX_OTHERS; i++) {
    if (i == used) continue;
    model_add_fact(m, "other_weights", g_array_index(c->weights, FileRef, i).path, "folder");
    listed++;
  }
  for (guint i = 0; i < c->beside->len; i++)
    model_add_fact(m, "other_format", g_array_index(c->beside, FileRef, i).path, "same name");
}

static void add_config(Model *m, const ModelFiles *files, const char *path, const char *source) {
  g_autoptr(GError) error = NULL;
  if (!path) return;
  g_autoptr(GBytes) bytes = files->text(files->user, path, CONFIG_MAX_BYTES + 1, &error);
  gsize n = 0;
  const char *text = bytes ? g_bytes_get_data(bytes, &n) : NULL;
  if (!bytes) model_add_problem(m, error->message, source);
  else model_take_config_text(m, text ? text : "", n, source);
}

/* The card of a folder that an adapter shares names the adapter's base. */
static void drop_base_of_card(Model *m) {
  for (guint i = m->facts->len; i-- > 0;) {
    const Fact *f = m->facts->pdata[i];
    bool base = strcmp(f->key, "base") == 0 || strcmp(f->key, "base_relation") == 0;
    if (base && strcmp(f->source, "card") == 0) g_ptr_array_remove_index(m->facts, i);
  }
}

static void add_card(Model *m, const ModelFiles *files, const char *path) {
  g_autoptr(GError) error = NULL;
  if (!path) return;
  g_autoptr(GBytes) bytes = files->text(files->user, path, CARD_MAX_FRONT, &error);
  gsize n = 0;
  const char *text = bytes ? g_bytes_get_data(bytes, &n) : NULL;
  if (!bytes) model_add_problem(m, error->message, "card");
  else model_take_card_text(m, text ? text : "", n);
}

/* What the tool that fetched it, or a person, wrote beside the file. */
static void add_sidecars(Model *m, const ModelFiles *files, const Candidate *c) {
  g_autofree char *stem = weight_name_stem(g_array_index(c->weights, FileRef, 0).path);
  for (guint i = 0; i < c->sidecars->len; i++) {
    const char *path = c->sidecars->pdata[i], *ending = path + strlen(stem);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = files->text(files->user, path, SIDECAR_MAX_BYTES + 1, &error);
    gsize n = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &n) : NULL;
    if (!bytes) model_add_problem(m, error->message, ending);
    else sidecar_add_facts(m, text ? text : "", n, ending);
  }
  for (guint i = 0; i < c->previews->len; i++) model_add_fact(m, "preview", c->previews->pdata[i], "same name");
}

/* In order of trust: what the folders say, what a trainer wrote, what a person wrote. */
static void add_facts(Model *m, const ModelFiles *files, const Candidate *c, const WeightSummary *summary, guint used) {
  add_place(m, c);
  model_take_metadata(m, summary->metadata);
  add_config(m, files, c->adapter_config, "adapter_config.json");
  add_card(m, files, c->card);
  if (c->card_is_shared) drop_base_of_card(m);
  add_sidecars(m, files, c);
  add_config(m, files, c->pipeline, "model_index.json");
  add_config(m, files, c->config, "config.json");
  add_other_weights(m, c, used);
}

static uint64_t bytes_of(const Candidate *c) {
  uint64_t sum = 0;
  for (guint i = 0; i < c->weights->len; i++) {
    const FileRef *f = &g_array_index(c->weights, FileRef, i);
    if (!g_str_has_suffix(f->path, ".json")) sum += f->stamp.size;
  }
  return sum;
}

/* PEFT's word for forms that their tensors do not tell, or that nobody here knows: no model of its own, whatever the
 * tensors look like. */
static void settle_kind(Model *m) {
  const char *type = model_value(m, "peft_type");
  AdapterForm form = adapter_form_of_peft(type);
  bool known = form != FORM_NONE && !adapter_form_is_only_named(form);
  if (!type || known || model_is_adapter(m)) return;
  m->kind = MODEL_ADAPTER;
  if (!model_value(m, "form")) model_add_fact(m, "form", form != FORM_NONE ? adapter_form_name(form) : type, "weights");
}

static Model *make_model(const ModelFiles *files, const Candidate *c, const WeightSummary *summary, guint used) {
  Model *m = model_new();
  m->path = g_strdup(c->path);
  m->shown = safe_text(c->path, -1);
  m->file = g_strdup(g_array_index(c->weights, FileRef, used).path);
  m->name = safe_text(c->name, -1);
  m->format = g_strdup(summary->format);
  m->kind = summary->kind;
  m->tensors = summary->tensors;
  m->params = summary->params;
  memcpy(m->dtypes, summary->dtypes, sizeof m->dtypes);
  m->shapes = g_strdup(summary->shapes);
  m->bytes = bytes_of(c);
  if (summary->adapter != FORM_NONE) model_add_fact(m, "form", adapter_form_name(summary->adapter), "weights");
  add_facts(m, files, c, summary, used);
  settle_kind(m);
  metadata_name_synset(m);
  family_add_facts(m, &summary->family);
  return m;
}

/* A model in parts that cannot be whole; NULL when nothing speaks against it. Where there is an
 * index, it says itself what is missing. */
static char *problem_of_parts(const FileRef *ref) {
  if (ref->parts == 0 || ref->found == ref->parts || g_str_has_suffix(ref->path, ".json")) return NULL;
  return g_strdup_printf("a model in %u parts, of which %u %s there", ref->parts, ref->found,
                         ref->found == 1 ? "is" : "are");
}

Model *model_assemble(const ModelFiles *files, const Candidate *c, GPtrArray *skips) {
  for (guint i = 0; i < c->tries; i++) {
    const FileRef *ref = &g_array_index(c->weights, FileRef, i);
    g_autofree char *reason = problem_of_parts(ref);
    g_autoptr(WeightSummary) summary = reason ? NULL : files->weights(files->user, ref, &reason);
    if (summary) return make_model(files, c, summary, i);
    g_ptr_array_add(skips, walk_skip_new(ref->path, reason));
  }
  return NULL;
}

const char *model_reason(const GError *error, const char *label) {
  g_autofree SafeText *shown = safe_text(label, -1);
  size_t n = strlen(shown);
  if (!g_str_has_prefix(error->message, shown)) return error->message;
  const char *rest = error->message + n;
  if (g_str_has_prefix(rest, ": ")) return rest + 2;
  return rest[0] == '!' ? rest + 1 : error->message; /* a part of the file: "data.pkl: …" */
}

/* --- files in folders ------------------------------------------------------------------------- */

typedef struct {
  const char *root;
  HeaderCache *headers;
  unsigned opened;
  uint64_t unwritten; /* bytes of the model's files that are holes */
} Folders;

static WeightSummary *summary_of_file(Folders *f, const char *full, GError **error) {
  if (!weight_file_has_neighbours(full)) {
    g_autoptr(ByteSource) source = byte_source_open(full, error);
    f->unwritten = source ? byte_source_unwritten(source) : 0;
    return source ? header_cache_summary(f->headers, source, error) : NULL;
  }
  g_autoptr(WeightFile) file = weight_file_open(full, error);
  WeightSummary *summary = file ? weight_summary_of(file) : NULL;
  if (summary) weight_summary_count_tied(summary, file);
  return summary;
}

static WeightSummary *folder_weights(void *user, const FileRef *ref, char **reason) {
  Folders *f = user;
  g_autoptr(GError) error = NULL;
  g_autofree char *full = g_build_filename(f->root, ref->path, NULL);
  WeightSummary *summary = summary_of_file(f, full, &error);
  f->opened++;
  if (summary) return summary;
  *reason = g_strdup(model_reason(error, full));
  return NULL;
}

static GBytes *folder_text(void *user, const char *path, size_t limit, GError **error) {
  const Folders *f = user;
  g_autofree char *full = g_build_filename(f->root, path, NULL);
  g_autoptr(ByteSource) source = byte_source_open(full, error);
  if (!source) return NULL;
  size_t n = (size_t)MIN(byte_source_size(source), (uint64_t)limit);
  g_autofree char *bytes = g_malloc(n + 1);
  if (!byte_source_read(source, 0, bytes, n, error)) return NULL;
  return g_bytes_new_take(g_steal_pointer(&bytes), n);
}

enum { MIN_UNWRITTEN = 1 << 20 }; /* bytes of holes that are worth a word */

static void add_unwritten(Model *m, uint64_t bytes) {
  g_autofree char *holes = text_bytes(bytes), *all = text_bytes(m->bytes);
  g_autofree char *text =
      g_strdup_printf("%s of %s were never written (a sparse file): a download not finished, or zeros", holes, all);
  model_add_problem(m, text, "file");
}

Model *model_read(const char *root, const Candidate *c, HeaderCache *headers, GPtrArray *skips, unsigned *opened) {
  Folders folders = {.root = root, .headers = headers};
  ModelFiles files = {.weights = folder_weights, .text = folder_text, .user = &folders};
  Model *m = model_assemble(&files, c, skips);
  if (m && folders.unwritten >= MIN_UNWRITTEN) add_unwritten(m, folders.unwritten);
  *opened = folders.opened;
  return m;
}
