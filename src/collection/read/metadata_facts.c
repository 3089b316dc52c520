/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/metadata_facts.h"

#include <math.h>
#include <string.h>

#include "collection/walk/weight_names.h"
#include "core/json.h"
#include "core/synset.h"

void model_add_problem(Model *m, const char *problem, const char *source) {
  model_add_fact(m, "problem", problem, source);
}

enum {
  MOST_TAGS = 16,
  LONGEST_TAG = 256,
  LARGEST_COUNTS = 4 << 20, /* bytes of ss_tag_frequency */
  MOST_BASES = 16
};

static const char tag_counts[] = "ss_tag_frequency";

bool metadata_is_bulk(const char *key) {
  return strcmp(key, tag_counts) == 0 || strcmp(key, "modelspec.thumbnail") == 0;
}

/* A value that says something; trainers write Python's None. GGUF's lists are not kept. */
static const char *value_of(GHashTable *metadata, const char *key) {
  const char *value = g_hash_table_lookup(metadata, key);
  if (!value || !*value || strcmp(value, "None") == 0 || strcmp(value, "null") == 0) return NULL;
  return g_str_has_prefix(value, "[") && g_str_has_suffix(value, " values]") ? NULL : value;
}

static void add_plain(Model *m, GHashTable *metadata) {
  static const struct {
    const char *theirs, *ours;
  } keys[] = {
      {"modelspec.title", "name"},
      {"general.name", "name"},
      {"ss_output_name", "name"},
      {"modelspec.architecture", "architecture"},
      {"general.architecture", "architecture"},
      {"modelspec.license", "license"},
      {"general.license", "license"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
    const char *value = value_of(metadata, keys[i].theirs);
    if (value) model_add_fact(m, keys[i].ours, value, keys[i].theirs);
  }
}

/* "a, b,c" */
static void add_tag_list(Model *m, GHashTable *metadata) {
  static const char key[] = "modelspec.tags";
  const char *value = value_of(metadata, key);
  g_auto(GStrv) tags = g_strsplit(value ? value : "", ",", 4 * MOST_TAGS);
  for (char **tag = tags; *tag; tag++)
    if (*g_strstrip(*tag) && strlen(*tag) <= LONGEST_TAG) model_add_fact(m, "tags", *tag, key);
}

/* --- kohya ------------------------------------------------------------------------------------ */

/* What follows the last separator, of whichever system. */
static const char *bare_name(const char *path) {
  const char *bare = path;
  for (const char *p = path; *p; p++)
    if (*p == '/' || *p == '\\') bare = p + 1;
  return bare;
}

/* A file's name on the trainer's disk, or a repository: "sd_xl_base_1.0.safetensors". */
static void add_trained_on(Model *m, GHashTable *metadata) {
  static const char key[] = "ss_sd_model_name";
  const char *value = value_of(metadata, key);
  if (!value) return;
  bool is_file = g_str_has_suffix(value, ".safetensors") || g_str_has_suffix(value, ".ckpt");
  g_autofree char *stem = is_file ? weight_name_stem(bare_name(value)) : g_strdup(value);
  if (*stem) model_add_fact(m, "base", stem, key);
}

typedef struct {
  const char *tag; /* borrowed from the parsed counts */
  double count;
} Tag;

static int by_count(const void *a, const void *b) {
  const Tag *x = a, *y = b;
  if (x->count != y->count) return x->count > y->count ? -1 : 1;
  return strcmp(x->tag, y->tag);
}

/* Sums the counts of one tag over all folders: {"10_fox": {"a tag": 3, …}, …}. */
static GArray *sum_counts(const cJSON *folders) {
  GArray *tags = g_array_new(FALSE, FALSE, sizeof(Tag));
  g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
  for (const cJSON *folder = folders->child; folder; folder = folder->next)
    for (const cJSON *e = cJSON_IsObject(folder) ? folder->child : NULL; e; e = e->next) {
      if (!cJSON_IsNumber(e) || !(e->valuedouble > 0) || !isfinite(e->valuedouble)) continue;
      const char *name = e->string + strspn(e->string, " ");
      if (!*name || strlen(name) > LONGEST_TAG) continue;
      guint place = GPOINTER_TO_UINT(g_hash_table_lookup(places, name));
      if (place) {
        g_array_index(tags, Tag, place - 1).count += e->valuedouble;
        continue;
      }
      Tag tag = {name, e->valuedouble};
      g_array_append_val(tags, tag);
      g_hash_table_insert(places, (char *)name, GUINT_TO_POINTER(tags->len));
    }
  return tags;
}

/* How many pictures it was trained on; 0 when that is not told: {"10_fox": {"n_repeats": 10, "img_count": 25}, …}. */
static double picture_count(GHashTable *metadata) {
  const char *value = value_of(metadata, "ss_dataset_dirs");
  size_t n = value ? strlen(value) : 0;
  g_autoptr(cJSON) folders = n && n <= LARGEST_COUNTS ? json_parse(value, n) : NULL;
  double sum = 0;
  for (const cJSON *f = cJSON_IsObject(folders) ? folders->child : NULL; f; f = f->next) {
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(f, "img_count");
    if (cJSON_IsNumber(count) && count->valuedouble > 0 && isfinite(count->valuedouble)) sum += count->valuedouble;
  }
  return sum;
}

/* The tag on most pictures is likely the word that calls what was trained. */
static void add_trigger(Model *m, GHashTable *metadata, const GArray *tags) {
  if (!tags->len) return;
  const Tag *first = &g_array_index(tags, Tag, 0);
  double pictures = picture_count(metadata);
  g_autofree char *share = pictures >= first->count ? g_strdup_printf("%s, on %.0f %% of %.0f pictures", tag_counts,
                                                                      100 * first->count / pictures, pictures)
                                                    : g_strdup_printf("%s, on %.0f pictures", tag_counts, first->count);
  model_add_fact(m, "trigger", first->tag, share);
}

static void add_frequent_tags(Model *m, GHashTable *metadata) {
  const char *value = value_of(metadata, tag_counts);
  if (!value) return;
  size_t n = strlen(value);
  g_autoptr(cJSON) folders = n <= LARGEST_COUNTS ? json_parse(value, n) : NULL;
  if (!cJSON_IsObject(folders)) {
    model_add_problem(m, n > LARGEST_COUNTS ? "larger than 4 MB" : "not a JSON object", tag_counts);
    return;
  }
  g_autoptr(GArray) tags = sum_counts(folders);
  g_array_sort(tags, by_count);
  for (guint i = 0; i < tags->len && i < MOST_TAGS; i++)
    model_add_fact(m, "tags", g_array_index(tags, Tag, i).tag, tag_counts);
  add_trigger(m, metadata, tags);
}

/* --- GGUF ------------------------------------------------------------------------------------- */

/* "https://huggingface.co/org/name/…" -> "org/name"; NULL for the address of anything else. */
static char *repository_of(const char *address) {
  static const char *const hosts[] = {"https://huggingface.co/", "http://huggingface.co/", "https://hf.co/"};
  for (size_t i = 0; address && i < G_N_ELEMENTS(hosts); i++) {
    if (!g_str_has_prefix(address, hosts[i])) continue;
    g_auto(GStrv) parts = g_strsplit(address + strlen(hosts[i]), "/", 3);
    bool two = parts[0] && *parts[0] && parts[1] && *parts[1];
    return two ? g_strconcat(parts[0], "/", parts[1], NULL) : NULL;
  }
  return NULL;
}

static bool is_quantised(GHashTable *metadata) {
  static const char *const whole[] = {"0", "1", "32"}; /* F32, F16, BF16 */
  const char *type = value_of(metadata, "general.file_type");
  for (size_t i = 0; type && i < G_N_ELEMENTS(whole); i++)
    if (strcmp(type, whole[i]) == 0) return false;
  return type != NULL;
}

/* What the file was converted from. */
static void add_source(Model *m, GHashTable *metadata) {
  static const char named[] = "general.source.huggingface.repository", url[] = "general.source.repo_url";
  const char *name = value_of(metadata, named);
  g_autofree char *repository = name ? NULL : repository_of(value_of(metadata, url));
  if (!name && !repository) return;
  const char *key = name ? named : url;
  model_add_fact(m, "base", name ? name : repository, key);
  if (is_quantised(metadata)) model_add_fact(m, "base_relation", "quantized", key);
}

static bool add_base_model(Model *m, GHashTable *metadata, unsigned i) {
  g_autofree char *name_key = g_strdup_printf("general.base_model.%u.name", i);
  g_autofree char *url_key = g_strdup_printf("general.base_model.%u.repo_url", i);
  const char *name = value_of(metadata, name_key);
  g_autofree char *repository = repository_of(value_of(metadata, url_key));
  if (!name && !repository) return false;
  model_add_fact(m, "base", repository ? repository : name, repository ? url_key : name_key);
  return true;
}

void metadata_add_facts(Model *m, GHashTable *metadata) {
  add_plain(m, metadata);
  add_tag_list(m, metadata);
  add_trained_on(m, metadata);
  add_frequent_tags(m, metadata);
  add_source(m, metadata);
  for (unsigned i = 0; i < MOST_BASES && add_base_model(m, metadata, i); i++) continue;
}

void metadata_name_synset(Model *m) {
  static const char source[] = "WordNet 3.0";
  g_autoptr(SynsetEntry) e = synset_find(model_value(m, "imagenet_class_id"));
  if (!e) return;
  if (!model_fact(m, "imagenet_class_name")) {
    g_autofree char *usual = g_strndup(e->names, strcspn(e->names, ","));
    model_add_fact(m, "imagenet_class_name", usual, source);
    if (e->names[strlen(usual)]) model_add_fact(m, "imagenet_class_names", e->names, source);
  }
  if (*e->definition) model_add_fact(m, "imagenet_class_definition", e->definition, source);
}
