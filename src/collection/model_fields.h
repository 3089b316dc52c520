/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a model (fields.def), and what a model has there. Fields of the forest are read by
 * lineage/forest/node_fields.h. All functions are pure and safe in any thread. */
#pragma once

#include "collection/model.h"

typedef enum {
#define FIELD(id, ...) FIELD_##id,
#include "collection/fields.def"
#undef FIELD
  FIELD_COUNT
} ModelField;

typedef enum { FIELD_OF_MODEL, FIELD_OF_FOREST } FieldOwner;

typedef enum { FIELD_IS_TEXT, FIELD_IS_NUMBER, FIELD_IS_REAL, FIELD_IS_DATE } FieldKind;

typedef struct {
  const char *name, *second; /* second: NULL, or what it is called too */
  FieldOwner owner;
  FieldKind kind;
  const char *title, *meaning;
} FieldInfo;

/* Static. `field` is below FIELD_COUNT. */
const FieldInfo *field_info(ModelField field);

/* The field of that name, whatever its case; FIELD_COUNT when there is none. */
ModelField field_find(const char *name);

/* All names in the table's order, with commas; the caller frees it. */
char *field_list(void);

/* The model's texts in a field of the table, each as its source writes it, a number in full. A field of the forest
 * other than the tree adds nothing. `label_key` as in model_concept(). `texts` (of char*, owned by it) gets them. */
void model_field_texts(const Model *model, ModelField field, const char *label_key, GPtrArray *texts);

/* The same where `field` may be FIELD_COUNT: then of `name`, a key that files declare. For a name that is asked of many
 * models field_find() is called once. */
void model_texts(const Model *model, ModelField field, const char *name, const char *label_key, GPtrArray *texts);

/* Its number in a field of kind NUMBER, NAN when it has none or the field is of another kind. */
double model_field_number(const Model *model, ModelField field);

/* A number of a field as people read it: 1.6M, 3.0 MB, 0.98; NULL for NAN. The caller frees it. */
char *field_number_text(ModelField field, double number);

/* All its texts in one, with "; " between; of what it can have but one of (base, family, form) the most trusted. NULL when
 * it has none. The caller frees it. */
char *model_field_text(const Model *model, ModelField field, const char *label_key);

/* What it has there as people read it, on one line: amounts with units, dtypes with how many tensors have each. NULL when it
 * has none. The caller frees it. */
char *model_field_shown(const Model *model, ModelField field, const char *label_key);

/* The dtype of most of its tensors, or NULL. Static text. */
const char *model_main_dtype(const Model *model);

/* "F32 12, BF16 3": its dtypes with how many tensors have each; "" for none. The caller frees it. */
char *model_dtypes_text(const Model *model);
