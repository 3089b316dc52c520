/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the catalog: seen by catalog.c and catalog_load.c alone. */
#pragma once

#include <sqlite3.h>

#include "collection/catalog/catalog.h"
#include "collection/catalog/database.h"

typedef enum {
  SQL_BEGIN,
  SQL_COMMIT,
  SQL_ROLLBACK,
  SQL_PUT_MODEL,
  SQL_MODEL_ID,
  SQL_DROP_MODEL,
  SQL_PUT_FACT,
  SQL_DROP_FACTS,
  SQL_PUT_FILE,
  SQL_DROP_FILES,
  SQL_FORGET_FILES,
  SQL_PUT_SKIPPED,
  SQL_DROP_SKIPPED,
  SQL_SET_TREE,
  SQL_PUT_VALUE,
  SQL_GET_VALUE,
  SQL_TOTALS,
  SQL_ALL_MODELS,
  SQL_ALL_FACTS,
  SQL_ALL_FILES,
  SQL_FILES_OF,
  SQL_ALL_SKIPPED,
  SQL_WALK_SKIPPED,
  SQL_COUNT
} Sql;

struct Catalog {
  GMutex lock; /* held in every public function */
  char *path;  /* NULL: in memory */
  sqlite3 *db; /* NULL only after a rebuild failed */
  sqlite3_stmt *sql[SQL_COUNT];
  DatabaseWait wait;
  bool damaged;
};

/* Takes the lock; false with an error when there is no database. Unlock with
 * catalog_unlock() in either case. */
bool catalog_lock(Catalog *c, GError **error);
void catalog_unlock(Catalog *c);

/* Notes damage, sets the error; returns false. */
bool catalog_fail(Catalog *c, GError **error);

/* Steps to the next row: 1 a row, 0 the end (the statement is reset), -1 an error. */
int catalog_next(Catalog *c, Sql sql, GError **error);

/* Binds a NUL-ended string as bytes or as text; it must outlive the run. */
void catalog_bind_bytes(Catalog *c, Sql sql, int place, const char *s);

/* Makes stamps that readers of another generation left match nothing, and notes this one. Call
 * locked. */
bool catalog_settle_generation(Catalog *c, unsigned generation, GError **error);
