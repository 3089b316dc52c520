/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of models made by the test itself, and the collection opened on it. */
#pragma once

#include "collection/collection.h"
#include "weights/formats/safetensors.h"

typedef struct {
  char *top, *root, *state; /* state and root lie in top, a fresh folder */
  Collection *collection;
  GPtrArray *models, *skipped; /* after scan() */
  ScanSummary sum;
} Fixture;

typedef void (*FixtureTest)(Fixture *f, gconstpointer unused);

/* Registers PREFIX/NAME with a fixture of its own. */
void add_test(const char *prefix, const char *name, FixtureTest run);

/* The full path of a file in the collection, its folders made. The caller frees it. */
char *place(const Fixture *f, const char *path);

void put_text(const Fixture *f, const char *path, const char *text);
void put_link(const Fixture *f, const char *path, const char *target);

/* Zeroes, enough for every tensor of the tests. */
extern const float numbers[4096];

void put_tensors(const Fixture *f, const char *path, const TensorOut *tensors, size_t n, const char *const *metadata);

/* Two tensors: fc.weight (3 x 4, F32), fc.bias (3, F16). */
void put_full(const Fixture *f, const char *path);

/* One adapter of 6 x 8 under two keys. */
void put_lora(const Fixture *f, const char *path, const char *a, const char *b, uint64_t rank,
              const char *const *metadata);
extern const char down[], up[]; /* keys of a diffusers adapter */

void open_collection(Fixture *f, bool read_only);
void close_collection(Fixture *f);

/* Opens the collection if need be, scans it and loads both lists. */
void scan(Fixture *f);

/* The model of that path; fails when there is none. */
const Model *model_at(const Fixture *f, const char *path);

/* Why a file was skipped; "" when it was not. */
const char *reason_at(const Fixture *f, const char *path);
void expect_reason(const Fixture *f, const char *path, const char *word);
