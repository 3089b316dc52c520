/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/command.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cluster/mpi_team.h"
#include "collection/hand/by_hand.h"
#include "collection/stores.h"
#include "collection/collection_team.h"
#include "core/error.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "core/text.h"

int command_fail(GError *error) {
  bool follows = g_str_has_prefix(g_get_prgname(), "copse ("); /* another rank leads, and tells of its own end itself */
  int status =
      error && error->domain == COPSE_ERROR && error->code == COPSE_ERROR_USAGE ? STATUS_USAGE : STATUS_COULD_NOT;
  g_autofree SafeText *shown = safe_text(error ? error->message : "unknown error", -1);
  if (!follows || !g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED))
    fprintf(stderr, "%s: %s\n", follows ? g_get_prgname() : "copse", shown);
  g_clear_error(&error);
  return status;
}

static const Command *command_named(const char *name) {
  for (const Command *c = command_table; c->name; c++)
    if (g_strcmp0(c->name, name) == 0) return c;
  return NULL;
}

/* What every command takes. The caller frees it. */
static GOptionEntry *shared_entries(Globals *globals) {
  const GOptionEntry shared[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &globals->state, "Keep the catalog and experts in FOLDER", "FOLDER"},
      {"threads", 0, 0, G_OPTION_ARG_INT, &globals->threads, "Threads to use (0: all processors)", "N"},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &globals->seed, "Seed of every random choice", "N"},
      {"memory", 0, 0, G_OPTION_ARG_STRING, &globals->history_text,
       "History for layers (512M, 8G); more goes to a scratch file", "SIZE"},
      {"also", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &globals->also,
       "Take this folder, archive or file into the collection too (may be repeated)", "PATH"},
      {"stores", 0, 0, G_OPTION_ARG_NONE, &globals->stores, "Take the folders of `copse stores` in place of DIR", NULL},
      {"shard", 0, 0, G_OPTION_ARG_STRING, &globals->shard_text,
       "Read part K of N into a state of its own (see merge-state)", "K/N"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &globals->json, "Answer in JSON", NULL},
      {"quiet", 'q', 0, G_OPTION_ARG_NONE, &globals->quiet, "No progress line", NULL},
      {"read-only", 0, 0, G_OPTION_ARG_NONE, &globals->read_only, "Write nothing anywhere", NULL},
      {"no-sandbox", 0, 0, G_OPTION_ARG_NONE, &globals->no_sandbox, "Read files without shutting the program in first",
       NULL},
      G_OPTION_ENTRY_NULL};
  return g_memdup2(shared, sizeof shared);
}

bool command_takes_word(const char *option) {
  Globals globals = {0};
  g_autofree GOptionEntry *shared = shared_entries(&globals);
  bool takes = false;
  for (const GOptionEntry *e = shared; e->long_name && !takes; e++)
    takes = e->arg != G_OPTION_ARG_NONE && g_str_has_prefix(option, "--") && strcmp(option + 2, e->long_name) == 0;
  return takes;
}

static GOptionContext *context_for(const char *name, const GOptionEntry *entries, const char *notes, Globals *globals) {
  const Command *c = command_named(name);
  g_autofree GOptionEntry *shared = shared_entries(globals);
  GOptionContext *context = g_option_context_new(c ? c->arguments : "[DIR…]");
  g_autofree char *summary = g_strdup_printf("%s.", c ? c->summary : name);
  g_option_context_set_summary(context, summary);
  if (notes) g_option_context_set_description(context, notes);
  if (entries) g_option_context_add_main_entries(context, entries, NULL);
  g_option_context_add_main_entries(context, shared, NULL);
  g_option_context_set_help_enabled(context, FALSE);
  return context;
}

static const char *argument_kind(GOptionArg arg) {
  switch (arg) {
    case G_OPTION_ARG_NONE:
      return "none";
    case G_OPTION_ARG_FILENAME:
    case G_OPTION_ARG_FILENAME_ARRAY:
      return "file";
    case G_OPTION_ARG_INT:
    case G_OPTION_ARG_INT64:
    case G_OPTION_ARG_DOUBLE:
      return "number";
    default:
      return "text";
  }
}

static void describe_options(const GOptionEntry *entries, const char *whose) {
  for (const GOptionEntry *e = entries; e && e->long_name; e++) {
    const char letter[2] = {e->short_name, '\0'};
    if (e->flags & G_OPTION_FLAG_HIDDEN) continue;
    printf("option\t%s\t%s\t%s\t%s\t%s\t%s\n", e->long_name, letter, e->arg_description ? e->arg_description : "",
           e->description, whose, argument_kind(e->arg));
  }
}

/* What manual pages and completions are made from: fields between tabs, a line a command and an option. */
static void describe(const char *name, const GOptionEntry *entries, Globals *globals) {
  const Command *c = command_named(name);
  g_autofree GOptionEntry *shared = shared_entries(globals);
  printf("command\t%s\t%s\t%s\n", name, c ? c->arguments : "[DIR…]",
         c ? c->summary : "Walk through a folder of neural-network models as through a wood");
  describe_options(entries, "own");
  describe_options(shared, "shared");
}

static bool asks_for_help(int argc, char **argv) {
  for (int i = 1; i < argc && g_strcmp0(argv[i], "--") != 0; i++)
    if (g_strcmp0(argv[i], "--help") == 0 || g_strcmp0(argv[i], "-h") == 0) return true;
  return false;
}

/* Wrong usage: one line, and where to read on. */
static bool refuse(const char *name, const char *problem, int *status) {
  g_autofree SafeText *shown = safe_text(problem, -1);
  fprintf(stderr, "copse %s: %s\nTry 'copse %s --help'.\n", name, shown, name);
  *status = STATUS_USAGE;
  return false;
}

static bool takes_folder(const char *name) {
  const Command *c = command_named(name);
  return !c || g_str_has_prefix(c->arguments, "DIR");
}

static bool check_count(const char *name, int count, int *status) {
  const Command *c = command_named(name);
  if (!c || (count >= c->min_args && count <= c->max_args)) return true;
  if (count == 0 && takes_folder(name))
    fprintf(stderr, "copse %s: no folder was named; 'copse stores' lists where tools keep models here\n", name);
  g_autofree char *problem = g_strdup_printf("%s arguments; usage: copse %s %s",
                                             count < c->min_args ? "too few" : "too many", name, c->arguments);
  return refuse(name, problem, status);
}

/* "8G" to bytes, with powers of 1024 as memory is sold; NULL is 0. */
static bool read_size(const char *text, uint64_t *bytes) {
  *bytes = 0;
  if (!text) return true;
  char *end;
  double value = g_ascii_strtod(text, &end);
  const char *units = "kMGT", *unit = *end ? strchr(units, *end) : NULL;
  if (end == text || !(value > 0) || (*end && (!unit || end[1]))) return false;
  for (const char *u = units; unit && u <= unit; u++) value *= 1024;
  if (!(value < 9e18)) return false;
  *bytes = (uint64_t)value;
  return true;
}

/* "3/16"; NULL is all. */
static bool read_shard(const char *text, Shard *shard) {
  enum { MOST = 65536 };
  char *end = NULL;
  *shard = (Shard){0, 0};
  if (!text) return true;
  guint64 part = g_ascii_strtoull(text, &end, 10), parts = *end == '/' ? g_ascii_strtoull(end + 1, &end, 10) : 0;
  *shard = (Shard){(unsigned)MIN(part, (guint64)MOST + 1), (unsigned)MIN(parts, (guint64)MOST + 1)};
  return *end == '\0' && part >= 1 && part <= parts && parts <= MOST;
}

/* Drops the "--" that ends the options. */
static void drop_separator(int *argc, char **argv) {
  int kept = 1;
  bool dropped = false;
  for (int i = 1; i < *argc; i++) {
    if (!dropped && g_strcmp0(argv[i], "--") == 0) dropped = true;
    else argv[kept++] = argv[i];
  }
  *argc = kept;
}

void globals_add_also(Globals *globals, char **paths, int n) {
  g_autoptr(GStrvBuilder) all = g_strv_builder_new();
  for (char **p = globals->also; p && *p; p++) g_strv_builder_add(all, *p);
  for (int i = 0; i < n; i++) g_strv_builder_add(all, paths[i]);
  g_strfreev(globals->also);
  globals->also = g_strv_builder_end(all);
}

/* Puts this machine's stores where DIR stands. */
static bool put_stores(const char *name, int *argc, char ***argv, Globals *globals, int *status) {
  g_autoptr(GPtrArray) stores = stores_find();
  if (!takes_folder(name)) return refuse(name, "--stores says nothing here: no folder is read", status);
  if (!stores->len) return refuse(name, "no tool's folder of models was found here: name a folder", status);
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  g_strv_builder_add(words, (*argv)[0]);
  g_strv_builder_add(words, ((const Store *)stores->pdata[0])->path);
  for (int i = 1; i < *argc; i++) g_strv_builder_add(words, (*argv)[i]);
  for (guint i = 1; i < stores->len; i++) globals_add_also(globals, &((Store *)stores->pdata[i])->path, 1);
  *argv = globals->words = g_strv_builder_end(words);
  ++*argc;
  return true;
}

/* "scan A B C" is "scan A --also B --also C". */
static void take_more_folders(const char *name, int *argc, char **argv, Globals *globals) {
  const Command *c = command_named(name);
  bool several = !c || g_str_has_prefix(c->arguments, "DIR…");
  if (!several || *argc <= 2) return;
  globals_add_also(globals, argv + 2, *argc - 2);
  *argc = 2;
}

/* Where several processes were started together, those that share work out find each other. One answers. */
static bool join_team(const char *name, Globals *globals, int *status) {
  static const char *const shared[] = {"scan", "tree", "sweep", "train", "apply", "map", NULL};
  if (!mpi_team_is_wanted() || globals->shard_text || !g_strv_contains(shared, name)) return true;
  GError *error = NULL;
  globals->team = mpi_team_new(&error);
  if (!globals->team) {
    *status = command_fail(error);
    return false;
  }
  if (team_leads(globals->team)) return true;
  g_autofree char *program = g_strdup_printf("copse (rank %u)", team_rank(globals->team));
  g_set_prgname(program);
  globals->quiet = TRUE;
  if (freopen("/dev/null", "w", stdout)) return true;
  *status = STATUS_COULD_NOT;
  return false;
}

bool command_parse(const char *name, const GOptionEntry *entries, const char *notes, int *argc, char ***argv,
                   Globals *globals, int *status) {
  *globals = (Globals){0};
  if (*argc == 2 && g_strcmp0((*argv)[1], "--describe") == 0) {
    describe(name, entries, globals);
    *status = STATUS_DONE;
    return false;
  }
  g_autoptr(GOptionContext) context = context_for(name, entries, notes, globals);
  if (asks_for_help(*argc, *argv)) {
    g_autofree char *program = g_strdup_printf("copse %s", name);
    g_set_prgname(program);
    g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
    fputs(help, stdout);
    *status = STATUS_DONE;
    return false;
  }
  g_autoptr(GError) error = NULL;
  if (!g_option_context_parse(context, argc, argv, &error)) return refuse(name, error->message, status);
  drop_separator(argc, *argv);
  if (!read_size(globals->history_text, &globals->memory))
    return refuse(name, "--memory wants a size such as 512M or 8G", status);
  if (!read_shard(globals->shard_text, &globals->shard))
    return refuse(name, "--shard wants K/N with K from 1 to N, such as 3/16", status);
  if (globals->threads < 0) return refuse(name, "--threads must be 0 or more", status);
  linalg_set_threads(globals->threads ? (unsigned)globals->threads : parallel_processors());
  if (globals->stores && !put_stores(name, argc, argv, globals, status)) return false;
  if (!check_count(name, *argc - 1, status)) return false;
  take_more_folders(name, argc, *argv, globals);
  return join_team(name, globals, status);
}

GOptionEntry *command_join_entries(const GOptionEntry *a, const GOptionEntry *b) {
  size_t n = 0, m = 0;
  while (a[n].long_name) n++;
  while (b[m].long_name) m++;
  GOptionEntry *all = g_new0(GOptionEntry, n + m + 1);
  memcpy(all, a, n * sizeof *a);
  memcpy(all + n, b, m * sizeof *b);
  return all;
}

void globals_clear(Globals *globals) {
  g_clear_pointer(&globals->team, team_free);
  g_clear_pointer(&globals->state, g_free);
  g_clear_pointer(&globals->history_text, g_free);
  g_clear_pointer(&globals->shard_text, g_free);
  g_clear_pointer(&globals->also, g_strfreev);
  g_clear_pointer(&globals->words, g_strfreev);
}

CollectionOptions command_options(const Globals *globals) {
  return (CollectionOptions){.state = globals->state,
                             .read_only = globals->read_only,
                             .threads = (unsigned)globals->threads,
                             .more = (const char *const *)globals->also,
                             .shard = globals->shard};
}

Collection *command_open(const char *root, const Globals *globals, GPtrArray **models) {
  CollectionOptions options = command_options(globals);
  GError *error = NULL;
  CommandProgress p;
  g_autoptr(Collection) c = collection_open_shared(root, &options, globals->team, &error);
  bool ok = c != NULL;
  if (ok) {
    ok = collection_scan(c, command_progress_begin(&p, "Scanning", globals), NULL, &error);
    command_progress_end(&p);
  }
  if (ok && models) ok = (*models = command_models(c, &error)) != NULL;
  if (ok) return g_steal_pointer(&c);
  command_fail(error);
  return NULL;
}

GPtrArray *command_models(Collection *c, GError **error) {
  g_autofree char *warning = NULL;
  GPtrArray *models = by_hand_models(c, &warning, error);
  if (warning) fprintf(stderr, "copse: %s\n", warning);
  command_tell_trouble(c);
  return models;
}

void command_tell_trouble(Collection *c) {
  const char *trouble = collection_trouble(c);
  g_autofree SafeText *shown = safe_text(trouble ? trouble : "", -1);
  if (trouble) fprintf(stderr, "copse: warning: %s\n", shown);
}

void command_tell_empty(const GPtrArray *models, const Globals *globals) {
  if (models->len == 0 && !globals->quiet)
    fprintf(stderr, "copse: no models here; `copse scan` says what was left out and why\n");
}

/* --- progress ----------------------------------------------------------------------------------- */

/* The token that SIGINT sets: a signal handler reaches nothing else. */
static CancelToken *_Atomic interrupted;

static void on_interrupt(int number) {
  (void)number;
  CancelToken *token = atomic_load(&interrupted);
  if (token) cancel_token_set(token);
}

/* How fast, and how long yet. Rates count from the phase's start. */
static void draw_rates(CommandProgress *p, const ProgressNote *note) {
  if (p->phase != note->phase) {
    p->phase = note->phase;
    p->phase_started = p->last_drawn;
    return;
  }
  double seconds = (double)(p->last_drawn - p->phase_started) / 1e6;
  if (seconds < 1 || !note->done) return;
  double rate = (double)note->done / seconds;
  fprintf(stderr, rate >= 10 ? ", %.0f/s" : ", %.1f/s", rate);
  if (note->bytes) {
    g_autofree char *bytes = text_bytes((uint64_t)((double)note->bytes / seconds));
    fprintf(stderr, ", %s/s", bytes);
  }
  if (note->total > note->done) {
    g_autofree char *left = text_seconds((double)(note->total - note->done) / rate);
    fprintf(stderr, ", %s left", left);
  }
}

static void draw(CommandProgress *p, const ProgressNote *note) {
  g_autofree char *spent = text_seconds((double)(p->last_drawn - p->started) / 1e6);
  fprintf(stderr, "\r\033[K%s: %s %" G_GUINT64_FORMAT, p->title, note->phase, note->done);
  if (note->total) fprintf(stderr, " of %" G_GUINT64_FORMAT, note->total);
  if (isfinite(note->loss)) fprintf(stderr, ", loss %.3f", note->loss);
  if (isfinite(note->accuracy)) fprintf(stderr, ", validation %.1f %%", 100 * note->accuracy);
  draw_rates(p, note);
  fprintf(stderr, ", %s", spent);
  fflush(stderr);
  p->drawn = true;
}

static void on_progress(void *user, const ProgressNote *note) {
  CommandProgress *p = user;
  gint64 now = g_get_monotonic_time();
  if (!p->enabled || now - p->last_drawn < G_USEC_PER_SEC / 4) return;
  p->last_drawn = now;
  draw(p, note);
}

const Progress *command_progress_begin(CommandProgress *p, const char *title, const Globals *globals) {
  *p = (CommandProgress){.title = title, .started = g_get_monotonic_time()};
  p->enabled = !globals->quiet && isatty(STDERR_FILENO);
  cancel_token_init(&p->cancel);
  p->progress = (Progress){.cancel = &p->cancel, .notify = on_progress, .user = p};
  atomic_store(&interrupted, &p->cancel);
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
  sigaction(SIGINT, &action, NULL);
  return &p->progress;
}

void command_progress_end(CommandProgress *p) {
  atomic_store(&interrupted, NULL);
  signal(SIGINT, SIG_DFL);
  if (p->drawn) fputs("\r\033[K", stderr);
  fflush(stderr);
}

void command_print_paths(const char *root, const GPtrArray *paths) {
  for (guint i = 0; i < paths->len; i++) {
    printf("%s/%s", root, (const char *)paths->pdata[i]);
    putchar('\0');
  }
}
