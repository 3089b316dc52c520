/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/hand/by_hand.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collection/hand/content_key.h"
#include "core/error.h"
#include "core/files.h"

static const char file_name[] = "by-hand.ini", source[] = "by hand";

enum { MAX_BYTES = 64 << 20, KEY_DIGITS = 32 };

struct ByHand {
  Collection *collection; /* borrowed */
  GKeyFile *file;
};

/* The keys that may be set, ended by NULL: label, tags, parent, base, family, license, note, favourite. */
static const char *const *by_hand_keys(void) {
  static const char *const keys[] = {"label", "tags", "parent", "base", "family", "license", "note", "favourite", NULL};
  return keys;
}

static bool is_key(const char *key) { return g_strv_contains(by_hand_keys(), key); }

static char *path_of(const Collection *c) {
  return collection_state(c) ? g_build_filename(collection_state(c), file_name, NULL) : NULL;
}

/* --- reading ------------------------------------------------------------------------------------ */

/* A text of groups whose names are content keys. */
static GKeyFile *parse(const char *text, size_t n, GError **error) {
  g_autoptr(GKeyFile) file = g_key_file_new();
  g_autoptr(GError) inner = NULL;
  if (!g_key_file_load_from_data(file, text, n, G_KEY_FILE_KEEP_COMMENTS, &inner) && n > 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "not a file of facts by hand: %s", inner->message);
    return NULL;
  }
  g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
  for (char **g = groups; *g; g++)
    if (strlen(*g) != KEY_DIGITS || strspn(*g, "0123456789abcdef") != KEY_DIGITS) {
      g_autofree SafeText *shown = safe_text(*g, -1);
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "[%s] is no key of a model's content", shown);
      return NULL;
    }
  return g_steal_pointer(&file);
}

/* Renames the damaged file to the first free name; nothing of it is lost. */
static char *set_aside(const char *path, const char *problem, bool read_only) {
  if (read_only) return g_strdup_printf("%s: %s; nothing set by hand is used", path, problem);
  g_autoptr(GError) error = NULL;
  g_autofree char *aside = file_set_aside(path, &error);
  if (aside) return g_strdup_printf("%s: %s; it was set aside as %s", path, problem, aside);
  return g_strdup_printf("%s: %s; %s", path, problem, error->message);
}

ByHand *by_hand_open(Collection *c, char **warning, GError **error) {
  g_autofree char *path = path_of(c);
  g_autoptr(GKeyFile) file = NULL;
  *warning = NULL;
  if (path && g_file_test(path, G_FILE_TEST_EXISTS)) {
    size_t n = 0;
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = file_read_small(path, MAX_BYTES, &n, error);
    if (!text) return NULL;
    file = parse(text, n, &problem);
    if (!file) *warning = set_aside(path, problem->message, collection_is_read_only(c));
  }
  ByHand *hand = g_new0(ByHand, 1);
  hand->collection = c;
  hand->file = file ? g_steal_pointer(&file) : g_key_file_new();
  return hand;
}

void by_hand_free(ByHand *hand) {
  if (!hand) return;
  g_key_file_unref(hand->file);
  g_free(hand);
}

unsigned by_hand_count(const ByHand *hand) {
  g_auto(GStrv) groups = g_key_file_get_groups(hand->file, NULL);
  return g_strv_length(groups);
}

/* --- setting ------------------------------------------------------------------------------------ */

/* Drops a group that says nothing but where the model lies. */
static void drop_if_empty(GKeyFile *file, const char *group) {
  for (const char *const *k = by_hand_keys(); *k; k++)
    if (g_key_file_has_key(file, group, *k, NULL)) return;
  g_key_file_remove_group(file, group, NULL);
}

/* What a model is known again by without being opened, should it have moved. The caller frees it. */
static char *look_of(const Model *m) { return g_strdup_printf("%" PRIu64 " %s", m->bytes, m->shapes ? m->shapes : ""); }

static void note_place(GKeyFile *file, const char *group, const Model *m, const char *path_key, const char *look_key) {
  g_autofree char *look = look_of(m);
  g_key_file_set_string(file, group, path_key, m->shown);
  g_key_file_set_string(file, group, look_key, look);
}

static bool set_parent(ByHand *hand, const char *group, GPtrArray *models, const char *what, GError **error) {
  g_autoptr(Model) parent = collection_find(models, what, error);
  g_autofree char *key = parent ? content_key(hand->collection, parent, error) : NULL;
  if (!key) return false;
  if (strcmp(key, group) == 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s holds the same weights: a model is not its own parent",
                parent->shown);
    return false;
  }
  g_key_file_set_string(hand->file, group, "parent", key);
  note_place(hand->file, group, parent, "parent_path", "parent_look");
  return true;
}

static void remove_value(GKeyFile *file, const char *group, const char *key) {
  g_key_file_remove_key(file, group, key, NULL);
  if (strcmp(key, "parent") == 0) {
    g_key_file_remove_key(file, group, "parent_path", NULL);
    g_key_file_remove_key(file, group, "parent_look", NULL);
  }
  drop_if_empty(file, group);
}

static bool check_key(const char *key, GError **error) {
  if (is_key(key)) return true;
  g_autofree char *all = g_strjoinv(", ", (char **)by_hand_keys());
  g_autofree SafeText *shown = safe_text(key, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "'%s' cannot be set by hand; what can is %s", shown, all);
  return false;
}

bool by_hand_set(ByHand *hand, GPtrArray *models, const Model *m, const char *key, const char *value, GError **error) {
  if (strcmp(key, "licence") == 0) key = "license";
  g_autofree char *clean = safe_text(value, -1);
  g_strstrip(clean);
  g_autofree char *group = check_key(key, error) ? content_key(hand->collection, m, error) : NULL;
  if (!group) return false;
  if (!*clean) {
    remove_value(hand->file, group, key);
    return true;
  }
  if (strcmp(key, "parent") != 0) g_key_file_set_string(hand->file, group, key, clean);
  else if (!set_parent(hand, group, models, clean, error)) return false;
  note_place(hand->file, group, m, "path", "look");
  return true;
}

char *by_hand_text(const ByHand *hand) {
  static const char head[] =
      "# What was set by hand with `copse set` and `copse note`. A group a model, named by its content;\n"
      "# path and look say where and what it was when last seen.\n";
  g_autofree char *text = g_key_file_to_data(hand->file, NULL, NULL);
  return g_str_has_prefix(text, "# What was set") ? g_steal_pointer(&text) : g_strconcat(head, text, NULL);
}

bool by_hand_save(ByHand *hand, GError **error) {
  g_autofree char *path = path_of(hand->collection);
  g_autofree char *text = by_hand_text(hand);
  if (path && !collection_is_read_only(hand->collection)) return file_write_bytes(path, text, strlen(text), error);
  const char *trouble = collection_trouble(hand->collection);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE, "%s",
              trouble ? trouble : "nothing is written with --read-only: leave it out to keep what is set by hand");
  return false;
}

/* --- applying ----------------------------------------------------------------------------------- */

/* Set of paths and looks that stand in the file: only such models are opened. */
static GHashTable *looks_of(const ByHand *hand) {
  GHashTable *looks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_auto(GStrv) groups = g_key_file_get_groups(hand->file, NULL);
  for (char **g = groups; *g; g++) {
    static const char *const keys[] = {"path", "look", "parent_path", "parent_look"};
    for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
      char *look = g_key_file_get_string(hand->file, *g, keys[k], NULL);
      if (look) g_hash_table_add(looks, look);
    }
  }
  return looks;
}

static bool may_be_known(GHashTable *looks, const Model *m) {
  g_autofree char *look = look_of(m);
  return g_hash_table_contains(looks, m->shown) || g_hash_table_contains(looks, look);
}

/* Adds facts in front of those that are there. */
static void put_in_front(Model *m, GPtrArray *facts) {
  GPtrArray *old = m->facts;
  m->facts = g_ptr_array_ref(facts);
  g_ptr_array_extend_and_steal(m->facts, old);
}

static void apply_group(GKeyFile *file, const char *group, GHashTable *by_key, Model *m) {
  g_autoptr(Model) said = model_new();
  for (const char *const *k = by_hand_keys(); *k; k++) {
    g_autofree char *value = g_key_file_get_string(file, group, *k, NULL);
    if (!value || !*value) continue;
    if (strcmp(*k, "tags") == 0) {
      g_auto(GStrv) tags = g_strsplit(value, ";", -1);
      for (char **t = tags; *t; t++)
        if (*g_strstrip(*t)) model_add_fact(said, "tags", *t, source);
    } else if (strcmp(*k, "parent") == 0) {
      const Model *parent = g_hash_table_lookup(by_key, value);
      if (parent) model_add_fact(said, "parent_by_hand", parent->shown, source);
    } else {
      model_add_fact(said, *k, value, source);
    }
  }
  put_in_front(m, said->facts);
}

void by_hand_apply(ByHand *hand, GPtrArray *models) {
  if (by_hand_count(hand) == 0) return;
  g_autoptr(GHashTable) looks = looks_of(hand);
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) by_key = g_hash_table_new(g_str_hash, g_str_equal);
  /* Parents are looked up by content as well, so all keys come first. A model that cannot be opened has none. */
  for (guint i = 0; i < models->len; i++) {
    char *key = may_be_known(looks, models->pdata[i]) ? content_key(hand->collection, models->pdata[i], NULL) : NULL;
    g_ptr_array_add(keys, key);
    if (key && !g_hash_table_contains(by_key, key)) g_hash_table_insert(by_key, key, models->pdata[i]);
  }
  for (guint i = 0; i < models->len; i++) {
    const char *key = keys->pdata[i];
    if (key && g_key_file_has_group(hand->file, key)) apply_group(hand->file, key, by_key, models->pdata[i]);
  }
}

GPtrArray *by_hand_models(Collection *c, char **warning, GError **error) {
  g_autofree char *unheard = NULL;
  g_autoptr(GPtrArray) models = collection_models(c, error);
  if (!models) return NULL;
  g_autoptr(ByHand) hand = by_hand_open(c, warning ? warning : &unheard, error);
  if (!hand) return NULL;
  by_hand_apply(hand, models);
  return g_steal_pointer(&models);
}

GPtrArray *by_hand_models_quietly(Collection *c, GError **error) { return by_hand_models(c, NULL, error); }

/* --- import ------------------------------------------------------------------------------------- */

static void note_conflict(GPtrArray *conflicts, const char *path, const char *key, const char *mine,
                          const char *theirs) {
  g_ptr_array_add(conflicts, g_strdup_printf("%s: %s is '%s' here and '%s' there", path, key, mine, theirs));
}

/* Values of `theirs` that `mine` has otherwise. */
static void find_conflicts(GKeyFile *mine, GKeyFile *theirs, GPtrArray *conflicts) {
  g_auto(GStrv) groups = g_key_file_get_groups(theirs, NULL);
  for (char **g = groups; *g; g++)
    for (const char *const *k = by_hand_keys(); *k; k++) {
      g_autofree char *a = g_key_file_get_string(mine, *g, *k, NULL);
      g_autofree char *b = g_key_file_get_string(theirs, *g, *k, NULL);
      g_autofree char *path = g_key_file_get_string(theirs, *g, "path", NULL);
      if (a && b && strcmp(a, b) != 0) note_conflict(conflicts, path ? path : *g, *k, a, b);
    }
}

static unsigned take(GKeyFile *mine, GKeyFile *theirs, bool over) {
  unsigned taken = 0;
  g_auto(GStrv) groups = g_key_file_get_groups(theirs, NULL);
  for (char **g = groups; *g; g++) {
    g_auto(GStrv) keys = g_key_file_get_keys(theirs, *g, NULL, NULL);
    for (char **k = keys; k && *k; k++) {
      g_autofree char *mine_has = g_key_file_get_string(mine, *g, *k, NULL);
      g_autofree char *value = g_key_file_get_string(theirs, *g, *k, NULL);
      bool place = !is_key(*k);
      if (!value || (mine_has && (place || !over || strcmp(mine_has, value) == 0))) continue;
      g_autofree SafeText *clean = safe_text(value, -1);
      g_key_file_set_string(mine, *g, *k, clean);
      taken += !place;
    }
  }
  return taken;
}

bool by_hand_import(ByHand *hand, const char *text, ByHandPrefer prefer, GPtrArray *conflicts, unsigned *taken,
                    GError **error) {
  *taken = 0;
  g_autoptr(GKeyFile) theirs = parse(text, strlen(text), error);
  if (!theirs) return false;
  find_conflicts(hand->file, theirs, conflicts);
  if (conflicts->len == 0 || prefer != PREFER_NEITHER) *taken = take(hand->file, theirs, prefer == PREFER_THEIRS);
  return true;
}
