/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/mpi_team.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core/error.h"

/* How many processes a launcher says it started; 0 where none says anything. */
static guint64 count_in(const char *name) {
  const char *text = g_getenv(name);
  return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

bool mpi_team_is_wanted(void) {
  return count_in("OMPI_COMM_WORLD_SIZE") > 1 || count_in("PMI_SIZE") > 1 ||
         (g_getenv("PMIX_RANK") && count_in("SLURM_NTASKS") > 1);
}

#ifndef HAVE_MPI

Team *mpi_team_new(GError **error) {
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                      "several processes were started together, and this copse was built without MPI: build it with "
                      "./configure --with-mpi, or use --shard K/N");
  return NULL;
}

#else

#include <mpi.h>

/* A message's first bytes; the rest is what it carries. */
typedef struct {
  uint64_t kind, item;
} Envelope;

typedef struct {
  MPI_Comm comm;
  MPI_Request sum;
  bool summing;
} Carrier;

enum { TAG = 1 };

static bool check(int code, const char *what, GError **error) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int n = 0;
  if (code == MPI_SUCCESS) return true;
  MPI_Error_string(code, text, &n);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE, "MPI could not %s: %.*s", what, n, text);
  return false;
}

/* MPI's own waits ask again and again without a pause, which takes the processor from the rank that is waited for. */
static bool wait_for(MPI_Request *request, const char *what, GError **error) {
  for (unsigned tries = 0;; tries++) {
    int done = 0;
    if (!check(MPI_Test(request, &done, MPI_STATUS_IGNORE), what, error)) return false;
    if (done) return true;
    if (tries < 32) g_thread_yield();
    else g_usleep(MIN(20 + tries, 500));
  }
}

static bool carrier_send(void *user, unsigned to, unsigned kind, uint64_t item, GBytes *bytes, GError **error) {
  const Carrier *c = user;
  gsize n = 0;
  const void *data = bytes ? g_bytes_get_data(bytes, &n) : NULL;
  if (n > (gsize)G_MAXINT - sizeof(Envelope)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%zu bytes are more than one message takes", n);
    return false;
  }
  g_autofree char *packed = g_try_malloc(sizeof(Envelope) + n);
  if (!packed) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "not enough memory for a message of %zu bytes", n);
    return false;
  }
  Envelope e = {kind, item};
  memcpy(packed, &e, sizeof e);
  if (n) memcpy(packed + sizeof e, data, n);
  MPI_Request sent;
  return check(MPI_Isend(packed, (int)(sizeof e + n), MPI_BYTE, (int)to, TAG, c->comm, &sent), "send", error) &&
         wait_for(&sent, "send", error);
}

static int carrier_poll(void *user, TeamMail *mail, GError **error) {
  const Carrier *c = user;
  int there = 0, n = 0;
  MPI_Status status;
  if (!check(MPI_Iprobe(MPI_ANY_SOURCE, TAG, c->comm, &there, &status), "look for messages", error)) return -1;
  if (!there) return 0;
  MPI_Get_count(&status, MPI_BYTE, &n);
  g_autofree char *packed = n >= (int)sizeof(Envelope) ? g_try_malloc((gsize)n) : NULL;
  if (!packed) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "not enough memory for a message of %d bytes", n);
    return -1;
  }
  MPI_Request come;
  if (!check(MPI_Irecv(packed, n, MPI_BYTE, status.MPI_SOURCE, TAG, c->comm, &come), "receive", error) ||
      !wait_for(&come, "receive", error))
    return -1;
  Envelope e;
  memcpy(&e, packed, sizeof e);
  gsize rest = (gsize)n - sizeof e;
  *mail = (TeamMail){.from = (unsigned)status.MPI_SOURCE, .kind = (unsigned)e.kind, .item = e.item};
  if (rest) mail->bytes = g_bytes_new(packed + sizeof e, rest);
  return 1;
}

static bool carrier_sum_begin(void *user, float *x, size_t n, GError **error) {
  Carrier *c = user;
  if (n > G_MAXINT) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%zu numbers are more than one sum takes", n);
    return false;
  }
  c->summing = check(MPI_Iallreduce(MPI_IN_PLACE, x, (int)n, MPI_FLOAT, MPI_SUM, c->comm, &c->sum), "add up", error);
  return c->summing;
}

static int carrier_sum_done(void *user, GError **error) {
  Carrier *c = user;
  int done = 0;
  if (!check(MPI_Test(&c->sum, &done, MPI_STATUS_IGNORE), "add up", error)) return -1;
  c->summing = !done;
  return done ? 1 : 0;
}

static void carrier_free(void *user, bool whole) {
  Carrier *c = user;
  if (!whole || c->summing) MPI_Abort(c->comm, EXIT_FAILURE);
  MPI_Finalize();
  g_free(c);
}

static const TeamOps carrier_ops = {carrier_send, carrier_poll, carrier_sum_begin, carrier_sum_done, carrier_free};

Team *mpi_team_new(GError **error) {
  int given = 0, rank = 0, size = 1;
  if (!check(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given), "start", error)) return NULL;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (given < MPI_THREAD_FUNNELED) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "this MPI allows of no threads");
    return NULL;
  }
  Carrier *c = g_new0(Carrier, 1);
  c->comm = MPI_COMM_WORLD;
  return team_new(&carrier_ops, c, (unsigned)rank, (unsigned)size);
}

#endif
