/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/adapter_answers.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/error.h"
#include "core/json.h"

/* --- how long -------------------------------------------------------------------------------------- */

static double seconds_of(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

/* Runs it with nothing on the screen. */
static void ask(char **argv, Answer *out) {
  GPid child;
  int status = 0;
  struct rusage used = {0};
  GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
  gint64 start = g_get_monotonic_time();
  out->done = false;
  if (!g_spawn_async(NULL, argv, NULL, flags, NULL, NULL, &child, NULL)) return;
  out->done = wait4(child, &status, 0, &used) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  out->wall = (double)(g_get_monotonic_time() - start) / 1e6;
  out->processor = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  g_spawn_close_pid(child);
}

static void answer_clear(void *data) { g_free(((Answer *)data)->what); }

/* "export ROOT --format csv" of {"export", "--format", "csv"}: the folder follows the command. */
static char **arguments(const char *copse, const char *root, const char *state, const char *const *words) {
  g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
  g_strv_builder_add_many(argv, copse, words[0], root, NULL);
  for (const char *const *w = words + 1; *w; w++) g_strv_builder_add(argv, *w);
  g_strv_builder_add_many(argv, "--state", state, "--quiet", NULL);
  return g_strv_builder_end(argv);
}

GArray *answers_ask(const char *copse, const char *root, const char *state, const char *one) {
  const char *const questions[][4] = {{"what"},
                                      {"base", one},
                                      {"duplicates"},
                                      {"space"},
                                      {"conflicts"},
                                      {"query", "style family:sdxl"},
                                      {"export", "--format", "csv"},
                                      {"export", "--format", "jsonl"},
                                      {"export", "--format", "html"},
                                      {"export", "--format", "cyclonedx"},
                                      {"export", "--format", "hand"}};
  GArray *out = g_array_new(FALSE, TRUE, sizeof(Answer));
  g_array_set_clear_func(out, answer_clear);
  for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
    g_auto(GStrv) argv = arguments(copse, root, state, questions[i]);
    Answer a = {.what = g_strjoinv(" ", (char **)questions[i])};
    ask(argv, &a);
    ask(argv, &a);
    g_array_append_val(out, a);
  }
  return out;
}

/* --- what is freed ----------------------------------------------------------------------------------- */

/* What a line of shell prints; $1 and on are the words, which NULL ends. NULL with error when it fails. */
static char *shell(GError **error, const char *line, const char *const *words) {
  g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
  g_strv_builder_add_many(argv, "sh", "-c", line, "sh", NULL);
  for (; *words; words++) g_strv_builder_add(argv, *words);
  g_auto(GStrv) all = g_strv_builder_end(argv);
  char *out = NULL;
  int status;
  if (!g_spawn_sync(NULL, all, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status, error)) return NULL;
  if (g_spawn_check_wait_status(status, error)) return out;
  g_free(out);
  return NULL;
}

static bool disk_usage(const char *folder, uint64_t *bytes, GError **error) {
  g_autofree char *said = shell(error, "du -s --block-size=1 \"$1\"", (const char *[]){folder, NULL});
  if (said) *bytes = g_ascii_strtoull(said, NULL, 10);
  return said != NULL;
}

static bool read_said(const char *text, Freed *out, GError **error) {
  g_autoptr(cJSON) json = json_parse(text, strlen(text));
  const cJSON *frees = cJSON_GetObjectItemCaseSensitive(json, "frees");
  if (!cJSON_IsNumber(frees)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "duplicates --json says nothing of what is freed");
    return false;
  }
  out->said = (uint64_t)frees->valuedouble;
  return true;
}

bool answers_delete_copies(const char *copse, const char *root, const char *copy, const char *state, Freed *out,
                           GError **error) {
  uint64_t before, after;
  const char *const words[] = {root, copy, copse, state, NULL};
  g_autofree char *copied = shell(error, "cp -a \"$1\" \"$2\"", words);
  g_autofree char *said = copied ? shell(error, "\"$3\" duplicates \"$2\" --json -q --state \"$4\"", words) : NULL;
  if (!said || !read_said(said, out, error) || !disk_usage(copy, &before, error)) return false;
  g_autofree char *deleted = shell(error,
                                   "\"$3\" duplicates \"$2\" --paths -q --state \"$4\" >\"$4.paths\" && "
                                   "tr -cd '\\0' <\"$4.paths\" | wc -c && xargs -0 rm -- <\"$4.paths\"",
                                   words);
  if (!deleted || !disk_usage(copy, &after, error)) return false;
  out->paths = (unsigned)g_ascii_strtoull(deleted, NULL, 10);
  out->freed = before - after;
  return true;
}
