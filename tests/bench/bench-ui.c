/* SPDX-License-Identifier: Apache-2.0 */
/* The interface from outside, in a terminal of its own: how soon it is there, how soon it answers while a training
 * uses the processors, what it sends. Usage: bench-ui COPSE FOLDER */
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collection/walk/candidate.h"
#include "collection/catalog/catalog.h"
#include "numerics/rng.h"
#include "tests/bench/row.h"
#include "weights/formats/safetensors.h"

enum { CATALOG = 100000, MANY = 100000, FAMILIES = 50, TRAINED = 400, SIDE = 192, KEYS = 300, MOVES = 100 };

static double now(void) { return (double)g_get_monotonic_time() / 1e6; }

/* The program in a terminal, and all that it has sent. */
typedef struct {
  pid_t pid;
  int fd;
  GString *sent;
} Session;

static Session session_start(const char *copse, const char *state, const char *root) {
  Session s = {.sent = g_string_new(NULL)};
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  s.pid = forkpty(&s.fd, NULL, NULL, &size);
  if (s.pid < 0) g_error("no terminal: %s", g_strerror(errno));
  if (s.pid == 0) {
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("COPSE_SCRIPT");
    execl(copse, copse, root, "--state", state, (char *)NULL);
    _exit(127);
  }
  return s;
}

/* Takes what comes within `seconds`; ends at once when the text has come, or when anything has for NULL. True when
 * it has. */
static bool session_wait(Session *s, const char *text, double seconds) {
  double end = now() + seconds;
  gsize from = s->sent->len;
  char bytes[65536];
  for (double left; (left = end - now()) > 0;) {
    struct pollfd fd = {.fd = s->fd, .events = POLLIN};
    if (poll(&fd, 1, (int)ceil(1000 * left)) <= 0) continue;
    ssize_t n = read(s->fd, bytes, sizeof bytes);
    if (n <= 0) return false;
    g_string_append_len(s->sent, bytes, n);
    gsize back = text ? MIN(from, strlen(text)) : 0;
    if (!text || strstr(s->sent->str + from - back, text)) return true;
  }
  return false;
}

static void session_type(const Session *s, const char *keys) {
  if (write(s->fd, keys, strlen(keys)) < 0) g_error("the terminal has gone");
}

static void session_end(Session *s) {
  kill(s->pid, SIGTERM);
  close(s->fd);
  waitpid(s->pid, NULL, 0);
  g_string_free(s->sent, TRUE);
}

/* Until nothing has come for a while. */
static void session_rest(Session *s, double seconds) {
  while (session_wait(s, NULL, seconds)) continue;
}

/* A catalog of models whose files are not there: the first frame does not look for them. */
static void make_catalog(const char *state) {
  g_autofree char *path = g_build_filename(state, "catalog.db", NULL);
  g_autoptr(GError) error = NULL;
  g_mkdir_with_parents(state, 0700);
  g_autoptr(Catalog) catalog = catalog_open(path, &error);
  if (!catalog) g_error("%s", error->message);
  g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(FileRef));
  g_autoptr(GPtrArray) skips = g_ptr_array_new();
  for (int i = 0; i < CATALOG; i += 1000) {
    CatalogEntry entries[1000];
    Model *models[1000];
    for (int k = 0; k < 1000; k++) {
      Model *m = models[k] = model_new();
      m->path = g_strdup_printf("organisation/family-%d/model-%06d", (i + k) % 97, i + k);
      m->file = g_strconcat(m->path, "/model.safetensors", NULL);
      m->shown = g_strdup(m->path);
      m->name = g_strdup_printf("model-%06d", i + k);
      m->format = g_strdup("safetensors");
      m->shapes = g_strdup_printf("%08x", (i + k) % 97);
      m->kind = k % 3 ? MODEL_LORA : MODEL_FULL;
      m->params = 1000000 + (uint64_t)k, m->bytes = 4 * m->params;
      model_add_fact(m, "concept", "a thing of some kind", "metadata");
      entries[k] = (CatalogEntry){m->path, files, m, skips};
    }
    if (!catalog_store(catalog, entries, 1000, &error)) g_error("%s", error->message);
    for (int k = 0; k < 1000; k++) model_unref(models[k]);
  }
}

/* Small models with labels, enough to train on for as long as one likes. */
static void make_wood(const char *root) {
  static const char *const things[] = {"fox", "hare", "owl", "tree", "river", "stone", "fern", "moss"};
  g_autofree float *x = g_new(float, (SIDE * SIDE));
  g_mkdir_with_parents(root, 0755);
  for (int i = 0; i < TRAINED; i++) {
    Rng rng;
    rng_init(&rng, 1, (uint64_t)i);
    rng_fill_normal(&rng, x, SIDE * SIDE, 0.02f);
    g_autofree char *path = g_strdup_printf("%s/model-%03d.safetensors", root, i);
    const char *metadata[] = {"concept", things[i % 8], NULL};
    TensorOut t = {"mid.weight", DTYPE_F32, 2, {SIDE, SIDE}, x};
    g_autoptr(GError) error = NULL;
    if (!safetensors_write(path, &t, 1, metadata, &error)) g_error("%s", error->message);
  }
}

static void bench_first_frame(const char *copse, const char *folder) {
  g_autofree char *state = g_build_filename(folder, "state-many", NULL);
  g_autofree char *root = g_build_filename(folder, "empty", NULL);
  double frame = INFINITY, rows = INFINITY;
  make_catalog(state);
  g_mkdir_with_parents(root, 0755);
  for (int i = 0; i < 3; i++) { /* the scan that follows would empty the catalog: the session ends before */
    double begin = now();
    Session s = session_start(copse, state, root);
    if (session_wait(&s, "NAME", 20)) frame = fmin(frame, now() - begin);
    if (strstr(s.sent->str, "model-0") || session_wait(&s, "model-0", 20)) rows = fmin(rows, now() - begin);
    kill(s.pid, SIGKILL);
    session_end(&s);
  }
  bench_row("first frame, 100,000 models in the catalog", 1000 * frame, "ms", 1000 * frame / 100, "100 ms");
  bench_row("their rows on screen", 1000 * rows, "ms", NAN, "");
}

static int ascending(const void *a, const void *b) {
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Bytes of a step of the cursor, and of a second of rest. */
static void bench_bytes(Session *s) {
  session_type(s, "1g");
  session_rest(s, 0.3);
  gsize before = s->sent->len;
  for (int i = 0; i < MOVES; i++) {
    session_type(s, i % 20 < 10 ? "j" : "k");
    session_wait(s, NULL, 1);
    session_rest(s, 0.01);
  }
  double bytes = (double)(s->sent->len - before) / MOVES;
  bench_row("a step of the cursor", bytes, "bytes", bytes / 300, "300 bytes");
  session_rest(s, 0.3);
  before = s->sent->len;
  session_wait(s, "nothing comes", 2);
  bench_row("two seconds of rest", (double)(s->sent->len - before), "bytes", NAN, "");
}

/* Seconds of the processor that the program has had. */
static double processor(const Session *s) {
  clockid_t clock;
  struct timespec t = {0};
  if (clock_getcpuclockid(s->pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return NAN;
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Presses the keys (apart by spaces, over and over) one at a time and gathers, in ascending order, how long each
 * took to paint something, and in *used how much of the processor the one took that took most, until all was painted.
 * Returns how many were answered. */
static int press(Session *s, const char *keys, int n, double *times, double *used) {
  g_auto(GStrv) each = g_strsplit(keys, " ", -1);
  guint length = g_strv_length(each);
  int answered = 0;
  for (int i = 0; i < n; i++) {
    session_rest(s, 0.002);
    double begin = now(), before = processor(s);
    session_type(s, each[(guint)i % length]);
    if (session_wait(s, NULL, 2)) times[answered++] = now() - begin;
    g_usleep(7000);
    session_rest(s, 0.03);
    *used = fmax(*used, processor(s) - before);
  }
  qsort(times, (size_t)answered, sizeof *times, ascending);
  return answered;
}

static const char there_and_back[] = "j j j j j j j j j j k k k k k k k k k k";

/* Keys are answered while a training runs. */
static void bench_keys(Session *s) {
  double times[KEYS];
  session_type(s, "1g");
  session_wait(s, NULL, 1);
  double used = 0;
  int n = press(s, there_and_back, KEYS, times, &used);
  double middle = 1000 * times[n / 2], p99 = 1000 * times[n * 99 / 100];
  bench_row("key to paint while training, median", middle, "ms", NAN, "");
  bench_row("key to paint while training, 99th of 100", p99, "ms", p99 / 16, "16 ms");
}

/* A forest of MANY files: as many links to a few small models. */
static void make_many(const char *root) {
  float x[64];
  for (int f = 0; f < FAMILIES; f++) {
    Rng rng;
    rng_init(&rng, 2, (uint64_t)f);
    rng_fill_normal(&rng, x, 64, 1);
    g_autofree char *folder = g_strdup_printf("%s/family-%02d", root, f);
    g_autofree char *first = g_strconcat(folder, "/model-0000.safetensors", NULL);
    const char *metadata[] = {"concept", f % 2 ? "a fox" : "an owl", NULL};
    TensorOut t = {"mid.weight", DTYPE_F32, 2, {8, 8}, x};
    g_autoptr(GError) error = NULL;
    g_mkdir_with_parents(folder, 0755);
    if (!safetensors_write(first, &t, 1, metadata, &error)) g_error("%s", error->message);
    for (int i = 1; i < MANY / FAMILIES; i++) {
      g_autofree char *path = g_strdup_printf("%s/model-%04d.safetensors", folder, i);
      if (link(first, path) != 0) g_error("%s: %s", path, g_strerror(errno));
    }
  }
}

/* Each key of `keys`, over and over, n in all. */
static void bench_press(Session *s, const char *name, const char *keys, int n) {
  double times[KEYS], used = 0;
  int answered = press(s, keys, n, times, &used);
  double worst = answered ? 1000 * times[answered - 1] : INFINITY;
  bench_row(name, worst, "ms", worst / 16, "16 ms");
  bench_row("  of the processor, until all is painted", 1000 * used, "ms", NAN, "");
}

/* Opens a line to type in and types. Esc, which leaves it, is no letter: a terminal sends it in front of other keys, so
 * that it is waited for whether one follows. */
static void bench_letters(Session *s, const char *name, const char *open, const char *letters) {
  session_type(s, open);
  session_rest(s, 0.2);
  bench_press(s, name, letters, (int)(strlen(letters) + 1) / 2);
  session_type(s, "\033");
  session_rest(s, 0.2);
}

/* Everything that walks over a large forest; first while it is read, looked for and grown. */
static void bench_many(const char *copse, const char *folder) {
  double times[KEYS];
  g_autofree char *root = g_build_filename(folder, "many", NULL);
  g_autofree char *state = g_build_filename(folder, "state-forest", NULL);
  make_many(root);
  Session s = session_start(copse, state, root);
  if (!session_wait(&s, "NAME", 20)) g_error("no frame");
  /* Help opens and closes whether there are rows or not. */
  double used = 0;
  int n = press(&s, "?", KEYS, times, &used);
  double p99 = n ? 1000 * times[n * 99 / 100] : INFINITY, worst = n ? 1000 * times[n - 1] : INFINITY;
  bench_row("key to paint while 100,000 are found, 99th of 100", p99, "ms", p99 / 16, "16 ms");
  bench_row("the worst of them", worst, "ms", NAN, "");
  session_rest(&s, 4);
  session_type(&s, "1g");
  session_rest(&s, 0.3);
  bench_press(&s, "100,000 models, a step, worst of 300", there_and_back, KEYS);
  bench_press(&s, "a screen", "\006 \006 \006 \002", 200);
  bench_press(&s, "first and last row", "G g", 50);
  bench_press(&s, "fold and unfold all", "zM zR", 20);
  bench_letters(&s, "a letter of a search", "/", "m o d e l - 0 7 7");
  bench_letters(&s, "a letter of finding anything", "\020", "m o d e l - 0 7 7");
  bench_letters(&s, "a letter of a filter", "f", "f a m i l y - 4 2");
  session_end(&s);
}

/* What a quarter of a second of progress sends in a view. */
static void bench_ticks(Session *s, const char *view, const char *name) {
  session_type(s, view);
  session_rest(s, 0.05);
  gsize before = s->sent->len;
  session_wait(s, "nothing comes", 4);
  double bytes = (double)(s->sent->len - before) / 16;
  bench_row(name, bytes, "bytes", bytes / 100, "100 bytes");
}

static void bench_training(Session *s) {
  session_type(s, "3t");
  session_wait(s, "Train an expert", 5);
  session_type(s,
               "\t\t\t\025"
               "99999\r");
  if (!session_wait(s, "loss", 60)) g_error("no training has begun");
  session_wait(s, "nothing comes", 2);
  bench_keys(s);
  bench_ticks(s, "4", "a tick of progress among the jobs");
  bench_ticks(s, "3", "the same with live curves");
  bench_ticks(s, "1", "the same in the forest");
  session_type(s, "3");
  session_rest(s, 0.1);
  double begin = now();
  session_type(s, "x");
  bool cancelled = session_wait(s, "Cancelled", 10);
  double took = cancelled ? 1000 * (now() - begin) : INFINITY;
  bench_row("cancel", took, "ms", took / 200, "200 ms");
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fputs("usage: bench-ui COPSE FOLDER\n", stderr);
    return 2;
  }
  bench_first_frame(argv[1], argv[2]);
  g_autofree char *root = g_build_filename(argv[2], "wood", NULL);
  g_autofree char *state = g_build_filename(argv[2], "state", NULL);
  make_wood(root);
  Session s = session_start(argv[1], state, root);
  if (!session_wait(&s, "400 models", 30)) g_error("the wood was not read");
  session_rest(&s, 1.5);
  bench_bytes(&s);
  bench_training(&s);
  session_end(&s);
  bench_many(argv[1], argv[2]);
  return 0;
}
