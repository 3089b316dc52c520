/* SPDX-License-Identifier: Apache-2.0 */
/* Ollama's store, which names its weights by their hash alone:
 *
 *   manifests/HOST/NAMESPACE/MODEL/TAG   JSON: {"layers": [{"mediaType", "digest", …}]}
 *   blobs/sha256-HEX                     GGUF for the layers that are weights */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  char *file;  /* "sha256-…": a plain name below blobs/ */
  char *title; /* "llama3:8b", "llava:7b projector"; bytes from the store's folders */
} OllamaBlob;

/* True when the folder open as `fd` has both folders. */
bool ollama_is_store(int fd);

/* The blobs that manifests call a model, an adapter or a projector, by file, each once under the
 * first of its titles. At most 10,000 manifests of 1 MB are read; those that are no manifests count
 * for nothing. Links are not followed. Array of OllamaBlob, owned. Safe from any thread. */
GPtrArray *ollama_list(int fd);
