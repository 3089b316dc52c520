/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/bill.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "collection/file_sum.h"
#include "collection/disk_use.h"
#include "collection/licence.h"
#include "collection/walk/hub_layout.h"
#include "core/json.h"

typedef struct {
  Collection *collection;
  const Forest *forest;
  const BillOptions *options;
  const Progress *progress;
} Bill;

static void add_property(cJSON *list, const char *name, const char *value) {
  if (!value) return;
  cJSON *p = cJSON_CreateObject();
  json_add_string(p, "name", name);
  json_add_string(p, "value", value);
  cJSON_AddItemToArray(list, p);
}

static void add_number_property(cJSON *list, const char *name, double value) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  if (isfinite(value)) add_property(list, name, g_ascii_formatd(digits, sizeof digits, "%.6g", value));
}

/* "model-17": references must be unique, and paths are long and of any bytes. */
static char *reference(unsigned node) { return g_strdup_printf("model-%u", node); }

/* "org/name" is group and name. */
static void add_name(cJSON *o, const char *name) {
  const char *slash = strchr(name, '/');
  g_autofree char *group = slash && slash != name && slash[1] ? g_strndup(name, (gsize)(slash - name)) : NULL;
  if (group) json_add_string(o, "group", group);
  json_add_string(o, "name", group ? slash + 1 : name);
}

/* --- licences ---------------------------------------------------------------------------------------- */

/* The SPDX identifier that differs from the Hub's by its letters' case alone, or by nothing; NULL when it has none. */
static const char *spdx_id(const char *id) {
  static const char *const ids[] = {"Apache-2.0",
                                    "MIT",
                                    "AFL-3.0",
                                    "Artistic-2.0",
                                    "BSL-1.0",
                                    "BSD-2-Clause",
                                    "BSD-3-Clause",
                                    "CC0-1.0",
                                    "CC-BY-2.0",
                                    "CC-BY-2.5",
                                    "CC-BY-3.0",
                                    "CC-BY-4.0",
                                    "CC-BY-SA-3.0",
                                    "CC-BY-SA-4.0",
                                    "CC-BY-NC-2.0",
                                    "CC-BY-NC-3.0",
                                    "CC-BY-NC-4.0",
                                    "CC-BY-ND-4.0",
                                    "CC-BY-NC-ND-3.0",
                                    "CC-BY-NC-ND-4.0",
                                    "CC-BY-NC-SA-2.0",
                                    "CC-BY-NC-SA-3.0",
                                    "CC-BY-NC-SA-4.0",
                                    "CDLA-Permissive-1.0",
                                    "CDLA-Permissive-2.0",
                                    "CDLA-Sharing-1.0",
                                    "ECL-2.0",
                                    "EPL-1.0",
                                    "EPL-2.0",
                                    "EUPL-1.1",
                                    "EUPL-1.2",
                                    "ISC",
                                    "MPL-2.0",
                                    "MS-PL",
                                    "NCSA",
                                    "OFL-1.1",
                                    "OSL-3.0",
                                    "PDDL-1.0",
                                    "PostgreSQL",
                                    "Unlicense",
                                    "WTFPL",
                                    "Zlib",
                                    "LPPL-1.3c",
                                    "BSD-3-Clause-Clear",
                                    "AGPL-3.0-only",
                                    "GPL-2.0-only",
                                    "GPL-3.0-only",
                                    "LGPL-2.1-only",
                                    "LGPL-3.0-only",
                                    "AGPL-3.0-or-later",
                                    "GPL-2.0-or-later",
                                    "GPL-3.0-or-later",
                                    "LGPL-2.1-or-later",
                                    "LGPL-3.0-or-later"};
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
    if (g_ascii_strcasecmp(ids[i], id) == 0) return ids[i];
  return NULL;
}

static void add_licences(cJSON *o, const Model *m) {
  cJSON *list = NULL;
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, "license") != 0 || !*f->value) continue;
    if (!list) list = cJSON_AddArrayToObject(o, "licenses");
    cJSON *item = cJSON_CreateObject(), *licence = cJSON_AddObjectToObject(item, "license");
    const char *id = spdx_id(f->value), *name = model_value(m, "license_name");
    bool other = g_ascii_strcasecmp(f->value, "other") == 0;
    if (id) json_add_string(licence, "id", id);
    else json_add_string(licence, "name", other && name ? name : f->value);
    json_add_string(licence, "acknowledgement", "declared");
    cJSON_AddItemToArray(list, item);
  }
}

/* --- files ------------------------------------------------------------------------------------------- */

static bool add_file(const Bill *b, cJSON *list, const char *path, GError **error) {
  cJSON *file = cJSON_CreateObject();
  g_autofree SafeText *shown = safe_text(path, -1);
  json_add_string(file, "type", "file");
  json_add_string(file, "name", shown);
  cJSON_AddItemToArray(list, file);
  if (!b->options->hashes) return true;
  g_autofree char *sum = file_sum(b->collection, path, b->progress, error);
  if (!sum) return false;
  cJSON *hashes = cJSON_AddArrayToObject(file, "hashes"), *hash = cJSON_CreateObject();
  json_add_string(hash, "alg", "SHA-256");
  json_add_string(hash, "content", sum);
  cJSON_AddItemToArray(hashes, hash);
  return true;
}

/* A file of its own is what the component is: its hash stands at the model too. A member of an archive has none. */
static void lift_hash(cJSON *o, cJSON *files) {
  cJSON *first = cJSON_GetArrayItem(files, 0), *hashes = cJSON_GetObjectItemCaseSensitive(first, "hashes");
  if (cJSON_GetArraySize(files) == 1 && hashes) cJSON_AddItemToObject(o, "hashes", cJSON_Duplicate(hashes, true));
}

static bool add_files(const Bill *b, cJSON *o, const Model *m, GError **error) {
  g_autoptr(GPtrArray) paths = disk_paths_of(b->collection, m, error);
  if (!paths) return false;
  cJSON *files = cJSON_CreateArray();
  bool ok = true; /* blobs that links lead to are the links' bytes and not named twice */
  for (guint i = 0; ok && i < paths->len; i++)
    if (!hub_is_blob(paths->pdata[i])) ok = add_file(b, files, paths->pdata[i], error);
  if (ok) lift_hash(o, files);
  if (ok && cJSON_GetArraySize(files)) cJSON_AddItemToObject(o, "components", files);
  else cJSON_Delete(files);
  return ok;
}

/* --- pedigree ---------------------------------------------------------------------------------------- */

static cJSON *ancestor(const Bill *b, const ParentEdge *e) {
  const ForestNode *parent = forest_node(b->forest, e->parent);
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "type", "machine-learning-model");
  add_name(o, parent->name);
  cJSON *list = cJSON_AddArrayToObject(o, "properties");
  g_autofree char *ref = reference(e->parent);
  add_property(list, "copse:ref", ref);
  add_property(list, "copse:source", edge_source_name(e->source));
  add_property(list, "copse:edge", edge_kind_name(e->kind));
  add_number_property(list, "copse:confidence", e->confidence);
  if (e->kind == EDGE_MERGE) add_number_property(list, "copse:weight", e->weight);
  add_property(list, "copse:on-disk", parent->model ? "yes" : "no");
  return o;
}

/* "recovered from the weights: fine-tune of org/base, 0.98 sure"; the caller frees it. */
static char *pedigree_notes(const Bill *b, const ForestNode *n) {
  GString *s = g_string_new(NULL);
  for (guint i = 0; i < n->parents->len; i++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, i);
    char sure[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(s, "%s%s: %s of %s, %s sure", s->len ? "; " : "", edge_source_name(e->source),
                           edge_kind_name(e->kind), forest_node(b->forest, e->parent)->name,
                           g_ascii_formatd(sure, sizeof sure, "%.2f", e->confidence));
  }
  if (n->card_conflict) g_string_append(s, "; the card names another parent than the weights");
  return g_string_free(s, FALSE);
}

static void add_pedigree(const Bill *b, cJSON *o, const ForestNode *n) {
  if (!n->parents->len) return;
  cJSON *pedigree = cJSON_AddObjectToObject(o, "pedigree"), *list = cJSON_AddArrayToObject(pedigree, "ancestors");
  for (guint i = 0; i < n->parents->len; i++)
    cJSON_AddItemToArray(list, ancestor(b, &g_array_index(n->parents, ParentEdge, i)));
  g_autofree char *notes = pedigree_notes(b, n);
  json_add_string(pedigree, "notes", notes);
}

/* --- components -------------------------------------------------------------------------------------- */

static void add_model_card(cJSON *o, const Model *m) {
  const char *task = model_value(m, "task"), *family = model_value(m, "family");
  if (!task && !family) return;
  cJSON *p = cJSON_AddObjectToObject(cJSON_AddObjectToObject(o, "modelCard"), "modelParameters");
  if (task) json_add_string(p, "task", task);
  if (family) json_add_string(p, "architectureFamily", family);
}

static void add_properties(cJSON *o, const ForestNode *n) {
  cJSON *list = cJSON_AddArrayToObject(o, "properties");
  char tree[16];
  g_snprintf(tree, sizeof tree, "%d", n->tree + 1);
  add_property(list, "copse:on-disk", n->model ? "yes" : "no");
  add_property(list, "copse:tree", tree);
  if (!n->model) return;
  const Model *m = n->model;
  g_autofree char *bytes = g_strdup_printf("%" PRIu64, m->bytes), *params = g_strdup_printf("%" PRIu64, m->params);
  g_autofree char *twin = n->duplicate_of >= 0 ? reference((unsigned)n->duplicate_of) : NULL;
  add_property(list, "copse:path", m->shown);
  add_property(list, "copse:kind", model_kind_name(m->kind));
  add_property(list, "copse:format", m->format);
  add_property(list, "copse:bytes", bytes);
  add_property(list, "copse:params", params);
  add_property(list, "copse:declared-base", model_base(m));
  add_property(list, "copse:same-tensors-as", twin);
}

/* "pkg:huggingface/org/name@commit", as the purl specification writes a Hub's model. The caller frees it. */
static char *package_url(const Model *m) {
  const char *repository = model_value(m, "repository"), *revision = model_value(m, "revision");
  if (!repository) return NULL;
  g_autofree char *path = g_uri_escape_string(repository, "/", FALSE);
  g_autofree char *at = revision ? g_uri_escape_string(revision, NULL, FALSE) : NULL;
  return g_strconcat("pkg:huggingface/", path, at ? "@" : "", at, NULL);
}

static cJSON *component(const Bill *b, unsigned node, GError **error) {
  const ForestNode *n = forest_node(b->forest, node);
  cJSON *o = cJSON_CreateObject();
  g_autofree char *ref = reference(node), *url = n->model ? package_url(n->model) : NULL;
  const char *revision = n->model ? model_value(n->model, "revision") : NULL;
  json_add_string(o, "type", "machine-learning-model");
  json_add_string(o, "bom-ref", ref);
  add_name(o, n->name);
  if (revision) json_add_string(o, "version", revision);
  if (n->model && !add_files(b, o, n->model, error)) {
    cJSON_Delete(o);
    return NULL;
  }
  if (n->model) add_licences(o, n->model);
  if (url) json_add_string(o, "purl", url);
  add_pedigree(b, o, n);
  if (n->model) add_model_card(o, n->model);
  add_properties(o, n);
  return o;
}

static bool add_components(const Bill *b, cJSON *out, GError **error) {
  cJSON *list = cJSON_AddArrayToObject(out, "components");
  for (guint v = 0; v < b->forest->nodes->len; v++) {
    cJSON *o = component(b, v, error);
    if (!o || !progress_step(b->progress, "hashing", v + 1, b->forest->nodes->len, error)) {
      cJSON_Delete(o);
      return false;
    }
    cJSON_AddItemToArray(list, o);
  }
  return true;
}

/* What an adapter needs to work: its base. Every other edge is history, and no dependency. */
static void add_dependencies(const Bill *b, cJSON *out) {
  cJSON *list = cJSON_AddArrayToObject(out, "dependencies");
  for (guint v = 0; v < b->forest->nodes->len; v++) {
    const ParentEdge *e = forest_parent_edge(forest_node(b->forest, v));
    cJSON *o = cJSON_CreateObject();
    g_autofree char *ref = reference(v), *on = e && e->kind == EDGE_ADAPTER ? reference(e->parent) : NULL;
    json_add_string(o, "ref", ref);
    cJSON *needs = cJSON_AddArrayToObject(o, "dependsOn");
    if (on) cJSON_AddItemToArray(needs, cJSON_CreateString(on));
    cJSON_AddItemToArray(list, o);
  }
}

/* --- the document ------------------------------------------------------------------------------------ */

static void add_metadata(const Bill *b, cJSON *out) {
  cJSON *metadata = cJSON_AddObjectToObject(out, "metadata");
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(b->options->time);
  g_autofree char *stamp = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
  json_add_string(metadata, "timestamp", stamp);
  cJSON *tools = cJSON_AddArrayToObject(cJSON_AddObjectToObject(metadata, "tools"), "components");
  cJSON *tool = cJSON_CreateObject();
  json_add_string(tool, "type", "application");
  json_add_string(tool, "name", "copse");
  json_add_string(tool, "version", b->options->version);
  cJSON_AddItemToArray(tools, tool);
  cJSON *subject = cJSON_AddObjectToObject(metadata, "component");
  json_add_string(subject, "type", "data");
  json_add_string(subject, "bom-ref", "collection");
  json_add_string(subject, "name", b->options->title);
}

/* A UUID of the models and the time, so that the same bill has the same number. The caller frees it. */
static char *serial_number(const Bill *b) {
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  guint8 d[32];
  gsize n = sizeof d;
  for (guint v = 0; v < b->forest->nodes->len; v++) {
    const ForestNode *node = forest_node(b->forest, v);
    const char *name = node->model ? node->model->path : node->name;
    g_checksum_update(sum, (const guchar *)name, (gssize)strlen(name) + 1);
  }
  g_checksum_update(sum, (const guchar *)&b->options->time, sizeof b->options->time);
  g_checksum_get_digest(sum, d, &n);
  return g_strdup_printf("urn:uuid:%02x%02x%02x%02x-%02x%02x-8%x%02x-%x%x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
                         d[2], d[3], d[4], d[5], d[6] & 15u, d[7], 8u | (d[8] & 3u), d[9] & 15u, d[10], d[11], d[12],
                         d[13], d[14], d[15], d[16]);
}

cJSON *bill_json(Collection *collection, const Forest *forest, const BillOptions *options, const Progress *progress,
                 GError **error) {
  const Bill b = {collection, forest, options, progress};
  g_autoptr(cJSON) out = cJSON_CreateObject();
  g_autofree char *serial = serial_number(&b);
  json_add_string(out, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
  json_add_string(out, "bomFormat", "CycloneDX");
  json_add_string(out, "specVersion", "1.6");
  json_add_string(out, "serialNumber", serial);
  json_add_number(out, "version", 1);
  add_metadata(&b, out);
  if (!add_components(&b, out, error)) return NULL;
  add_dependencies(&b, out);
  return g_steal_pointer(&out);
}
