/* SPDX-License-Identifier: Apache-2.0 */
/* What a pickle holds, as inert values: see pickle.h. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

/* Longest pickle, in bytes. */
enum { PICKLE_MOST_BYTES = 64 << 20 };

typedef enum {
  PICKLE_NONE,
  PICKLE_BOOL,
  PICKLE_INT,
  PICKLE_BIG, /* a whole number beyond 64 bits: little-endian two's complement */
  PICKLE_FLOAT,
  PICKLE_TEXT, /* as stored: not cleaned */
  PICKLE_BYTES,
  PICKLE_TUPLE,
  PICKLE_LIST,
  PICKLE_SET,
  PICKLE_DICT,      /* key, value, key, value, … in the order of the file */
  PICKLE_GLOBAL,    /* a class or function, by name */
  PICKLE_OBJECT,    /* what a call or a construction would have given */
  PICKLE_PERSISTENT /* something stored outside the pickle, under this id */
} PickleKind;

typedef struct PickleValue PickleValue;
struct PickleValue {
  PickleKind kind;
  union {
    bool truth;
    int64_t integer;
    double real;
    struct {
      const char *bytes; /* followed by a NUL that is not counted */
      size_t n;
    } text; /* TEXT, BYTES, BIG */
    struct {
      PickleValue **at;
      guint n, room;
    } items; /* TUPLE, LIST, SET, DICT */
    struct {
      const SafeText *name; /* "module.name" */
      int tag;              /* the judge's */
    } global;
    struct {
      PickleValue *callable;     /* always a GLOBAL */
      PickleValue *args, *state; /* may be NULL */
      PickleValue *items;        /* what was appended (LIST) or set (DICT) on it; NULL: nothing */
    } object;
    PickleValue *id; /* PERSISTENT */
  } u;
};

/* What the judge may say beside a tag of its own, which is 0 or more. */
enum { PICKLE_OPAQUE = -1, PICKLE_REFUSED = -2 };

/* Judges a global by its exact names. Called once for each place that names one. */
typedef int (*PickleJudge)(void *user, const char *module, const char *name);

typedef struct Pickle Pickle;
