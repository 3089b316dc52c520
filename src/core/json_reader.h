/* SPDX-License-Identifier: Apache-2.0 */
/* A strict pull reader over JSON text, for headers in which every digit counts.
 *
 * cJSON serves everything else. Headers of weight files need what a document tree
 * does not give: whole numbers of 64 bits exactly as written (a double loses offsets
 * above 2^53 and takes 1e2 for 100), the place of an error, no allocation for each
 * member, and a bound on nesting before anything is built.
 *
 *   json_reader_init(&r, bytes, n);
 *   if (!json_reader_open(&r, '{')) ...
 *   while (json_reader_next_key(&r, &key)) { ...read exactly one value... }
 *   if (r.failed) ... r.problem, r.at
 *
 * All functions return false once the reader has failed. Not thread-safe; holds no
 * memory of its own except what the caller gets and frees. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  const char *bytes;
  size_t n, at; /* at: the next byte to read; place of the error after a failure */
  bool failed;
  const char *problem; /* static text, when failed */
  bool fresh;          /* just after '{' or '[': no comma is due */
  size_t longest;      /* bytes that a string may have; 0, as json_reader_init() sets it: any number */
} JsonReader;

void json_reader_init(JsonReader *r, const char *bytes, size_t n);

/* Reads `{` or `[`. */
bool json_reader_open(JsonReader *r, char bracket);

/* In an object: reads the comma if one is due, the key and the colon. Returns false at the
 * closing brace, which it reads, or on failure. The caller frees *key. Keys may hold any
 * character, U+0000 excepted. */
bool json_reader_next_key(JsonReader *r, char **key);

/* In an array: reads the comma if one is due. False at the closing bracket, which it reads. */
bool json_reader_next_item(JsonReader *r);

/* Reads a string; the caller frees it. */
bool json_reader_string(JsonReader *r, char **s);

/* Reads digits only: no sign, fraction, exponent or leading zero; at most 2^64 - 1. */
bool json_reader_u64(JsonReader *r, uint64_t *value);

/* The first byte of the next value, after white space; 0 at the end. */
char json_reader_peek(JsonReader *r);

/* Reads a value of any kind, at most 64 levels deep. */
bool json_reader_skip(JsonReader *r);

/* True when only white space is left. */
bool json_reader_at_end(JsonReader *r);

/* Marks failure at the present place; returns false. */
bool json_reader_fail(JsonReader *r, const char *problem);
