/* SPDX-License-Identifier: Apache-2.0 */
/* A model in the answers of --json: members that several commands share. All strings are safe. */
#pragma once

#include "collection/model.h"
#include "core/json.h"

/* path, name, format, kind, form (where it is known), family, tensors, params, bytes, and what follows. */
void model_json_overview(cJSON *object, const Model *model);

/* What stands beside the fields of collection/fields.def: family_conflict, dtypes {"F32": n}. */
void model_json_beside(cJSON *object, const Model *model);

/* declared {base, license, task, tags, …}: facts of general meaning from any source and all that
 * cards and configurations say. labels {…}: every other key of the weight file's metadata. A
 * key with several values becomes a list (tags and datasets always are); equal values are
 * given once. problems […]: files that could not be taken at their word, when there are any. */
void model_json_declared(cJSON *object, const Model *model);

/* place {archive, repository, revision, component, chain, step, other_weights, other_format}: what
 * the folders say, the split excepted, which is declared. Lists as above. */
void model_json_place(cJSON *object, const Model *model);

/* facts [{"key","value","source"}], as they are. */
void model_json_facts(cJSON *object, const Model *model);
