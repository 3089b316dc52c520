/* SPDX-License-Identifier: Apache-2.0 */
/* Writes PyTorch files into memory: the pickle opcode by opcode, then either container. */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "weights/weight_file.h"
#include "zip_fixture.h"

/* Opcodes, appended to a pickle under construction. */
void pk_raw(GString *p, const char *opcodes); /* without NUL */
void pk_text(GString *p, const char *s);
void pk_int(GString *p, int64_t n);
void pk_global(GString *p, const char *module, const char *name);

/* A tuple of whole numbers. */
void pk_numbers(GString *p, int n, const int64_t *numbers);

/* The persistent id of a storage; `type` is a class of the module torch. */
void pk_storage(GString *p, const char *type, const char *key, int64_t numbers);

/* What a tensor is made from. */
typedef struct {
  const char *type, *key; /* of the storage */
  int64_t numbers;
  int64_t first;
  int rank;
  int64_t shape[10], step[10];
} PkTensor;

/* _rebuild_tensor_v2(…) */
void pk_tensor(GString *p, const PkTensor *t);

/* The first n floats of storage `key`, which has `numbers`. */
void pk_vector(GString *p, const char *key, int64_t numbers, int64_t n);

typedef struct {
  const char *key;
  const void *bytes;
  size_t n;
  int64_t numbers; /* in it; for the old form only */
} PkStorage;

/* Both end the pickle, free it, and give a whole file. Storages end at key NULL. */
GBytes *torch_fixture_zip(GString *pickle, const char *folder, const PkStorage *storages, unsigned manner);
GBytes *torch_fixture_legacy(GString *pickle, const PkStorage *storages);

/* An empty pickle of protocol 2. */
GString *pk_new(void);

/* Opens bytes under the name "test.pt". */
WeightFile *fixture_open(GBytes *bytes, GError **error);

/* Fails the test unless opening fails with that text in the message, and the file's name. */
void fixture_refused(GBytes *bytes, const char *complaint);

/* Names and shapes of all tensors: "a[2,3] b[]". The caller frees it. */
char *fixture_names(WeightFile *file);

/* Fails the test unless tensor i reads as these floats, at once and in pieces. */
void fixture_numbers(WeightFile *file, size_t i, const float *want, size_t n);
