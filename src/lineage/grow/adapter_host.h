/* SPDX-License-Identifier: Apache-2.0 */
/* Which of equal models an adapter hangs below: the original, unless a copy alone has the layout that the adapter was
 * made for (its names, and what is fused or apart). The forest and the list of bases that fit both ask here, so that
 * they never name two different ones. */
#pragma once

#include "lineage/forest/forest.h"
#include "lineage/sketch/sketch.h"

typedef struct AdapterHosts AdapterHosts;

/* Copies as the forest marks them now (duplicate_of). `sketches`: one a model or NULL. Both are borrowed. For one
 * thread. */
AdapterHosts *adapter_hosts_new(const Forest *forest, const GPtrArray *sketches);
void adapter_hosts_free(AdapterHosts *hosts); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdapterHosts, adapter_hosts_free)

/* The one of `node`, which is no copy, and its copies; `node` itself where it has none. */
unsigned adapter_host(AdapterHosts *hosts, const ModelSketch *adapter, unsigned node);
