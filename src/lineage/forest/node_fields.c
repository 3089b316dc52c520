/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/node_fields.h"

#include <math.h>

/* What another node is called: its path, or ghost:NAME. The caller frees it. */
static char *node_label(const Forest *forest, unsigned at) {
  const ForestNode *n = forest_node(forest, at);
  return n->model ? g_strdup(n->model->shown) : g_strconcat("ghost:", n->name, NULL);
}

/* A text of the forest's own; NULL for none. The caller frees it. */
static char *own_text(const Forest *forest, const ForestNode *node, ModelField field) {
  const ParentEdge *edge = forest_parent_edge(node);
  switch (field) {
    case FIELD_NAME:
      return g_strdup(node->name);
    case FIELD_KIND:
      return g_strdup(node->model ? model_kind_name(node->model->kind) : "ghost");
    case FIELD_PARENT:
      return edge ? node_label(forest, edge->parent) : NULL;
    case FIELD_EDGE:
      return edge ? g_strdup(edge_kind_name(edge->kind)) : NULL;
    case FIELD_SOURCE:
      return edge ? g_strdup(edge_source_name(edge->source)) : NULL;
    case FIELD_DUPLICATE_OF:
      return node->duplicate_of >= 0 ? node_label(forest, (unsigned)node->duplicate_of) : NULL;
    case FIELD_CONFLICT:
      return node->card_conflict ? g_strdup("card") : NULL;
    case FIELD_REASON:
      return g_strdup(node->note);
    default:
      return NULL;
  }
}

double node_field_number(const ForestNode *node, ModelField field) {
  const ParentEdge *edge = forest_parent_edge(node);
  switch (field) {
    case FIELD_TREE:
      return node->tree + 1;
    case FIELD_CONFIDENCE:
      return edge ? edge->confidence : NAN;
    case FIELD_MOVED:
      return edge ? edge->distance : NAN;
    case FIELD_CHILDREN:
      return node->children->len;
    default:
      return node->model ? model_field_number(node->model, field) : NAN;
  }
}

/* True for a field that the forest answers, of its own or in the model's place. */
static bool is_ours(ModelField field) {
  return field_info(field)->owner == FIELD_OF_FOREST || field == FIELD_NAME || field == FIELD_KIND ||
         field == FIELD_TREE;
}

/* The node's texts in a field (of char*, owned by `texts`, which gets them): of a ghost its name, kind and place
 * alone. */
static void node_field_texts(const Forest *forest, const ForestNode *node, ModelField field, const char *label_key,
                             GPtrArray *texts) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  if (!is_ours(field)) {
    if (node->model) model_field_texts(node->model, field, label_key, texts);
    return;
  }
  char *text = own_text(forest, node, field);
  double number = text ? NAN : node_field_number(node, field);
  if (isfinite(number)) text = g_strdup(g_ascii_formatd(digits, sizeof digits, "%.6g", number));
  if (text) g_ptr_array_add(texts, text);
}

void node_texts(const Forest *forest, const ForestNode *node, ModelField field, const char *name, const char *label_key,
                GPtrArray *texts) {
  if (field < FIELD_COUNT) node_field_texts(forest, node, field, label_key, texts);
  else if (node->model) model_texts(node->model, field, name, label_key, texts);
}

char *node_field_shown(const Forest *forest, const ForestNode *node, ModelField field, const char *label_key) {
  if (!is_ours(field)) return node->model ? model_field_shown(node->model, field, label_key) : NULL;
  double number = node_field_number(node, field);
  return isfinite(number) ? field_number_text(field, number) : node_field_text(forest, node, field, label_key);
}

char *node_field_text(const Forest *forest, const ForestNode *node, ModelField field, const char *label_key) {
  if (!is_ours(field)) return node->model ? model_field_text(node->model, field, label_key) : NULL;
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  node_field_texts(forest, node, field, label_key, texts);
  return texts->len ? g_strdup(texts->pdata[0]) : NULL;
}
