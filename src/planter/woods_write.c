/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/files.h"
#include "planter/card_write.h"
#include "planter/gguf_write.h"
#include "planter/woods_private.h"
#include "weights/formats/safetensors.h"

enum { MOST_TENSORS = 4 + 7 * MLP_MAX_BLOCKS, KERNEL = 9 };

/* Tensors that are being laid out, with their names and counters. */
typedef struct {
  TensorOut t[MOST_TENSORS];
  char *names[MOST_TENSORS];
  unsigned n;
  Dtype dtype;
  const char *prefix;
  float clock;
} Shelf;

static TensorOut *put(Shelf *s, const char *name, uint64_t rows, uint64_t columns, const float *data) {
  s->names[s->n] = g_strconcat(s->prefix, name, NULL);
  TensorOut *t = &s->t[s->n];
  *t = (TensorOut){
      .name = s->names[s->n], .dtype = s->dtype, .rank = columns ? 2 : 1, .shape = {rows, columns}, .data = data};
  s->n++;
  return t;
}

static void put_block(Shelf *s, const char *style, unsigned i, const char *part, uint64_t rows, uint64_t columns,
                      const float *data) {
  g_autofree char *name = g_strdup_printf("%s.%u.%s", style, i, part);
  TensorOut *t = put(s, name, rows, columns, data);
  if (columns == 0 || strcmp(style, "features") != 0) return;
  t->rank = 4; /* a kernel of 3 x 3, as convolutions have them */
  t->shape[1] = columns / KERNEL, t->shape[2] = t->shape[3] = 3;
}

static void put_norm(Shelf *s, const char *style, unsigned i, const Mlp *mlp) {
  uint64_t d = mlp->shape.hidden;
  put_block(s, style, i, "norm.weight", d, 0, mlp->gain[i]);
  put_block(s, style, i, "norm.bias", d, 0, mlp->shift[i]);
  if (mlp->shape.norm != MLP_NORM_BATCH) return;
  put_block(s, style, i, "norm.running_mean", d, 0, mlp->mean[i]);
  put_block(s, style, i, "norm.running_var", d, 0, mlp->var[i]);
  put_block(s, style, i, "norm.num_batches_tracked", 1, 0, &s->clock);
  s->t[s->n - 1].rank = 0;
  s->t[s->n - 1].dtype = DTYPE_I64;
}

static void put_network(Shelf *s, const Mlp *mlp, const char *style) {
  uint64_t d = mlp->shape.hidden;
  s->clock = (float)mlp->batches;
  put(s, "stem.weight", d, mlp->shape.in, mlp->w_in);
  put(s, "stem.bias", d, 0, mlp->b_in);
  for (unsigned i = 0; i < mlp->shape.blocks; i++) {
    if (mlp->shape.norm) put_norm(s, style, i, mlp);
    put_block(s, style, i, mlp->shape.norm == MLP_NORM_BATCH ? "conv.weight" : "dense.weight", d, d, mlp->w[i]);
    put_block(s, style, i, mlp->shape.norm == MLP_NORM_BATCH ? "conv.bias" : "dense.bias", d, 0, mlp->b[i]);
  }
  put(s, "classifier.weight", mlp->shape.out, d, mlp->w_out);
  put(s, "classifier.bias", mlp->shape.out, 0, mlp->b_out);
}

static void put_adapter(Shelf *s, const Lora *lora, const Mlp *mlp, const char *style) {
  const char *layer = mlp->shape.norm == MLP_NORM_BATCH ? "conv" : "dense";
  for (unsigned i = 0; i < lora->blocks; i++) {
    g_autofree char *a = g_strdup_printf("base_model.model.%s.%u.%s.lora_A.weight", style, i, layer);
    g_autofree char *b = g_strdup_printf("base_model.model.%s.%u.%s.lora_B.weight", style, i, layer);
    put(s, a, lora->rank, lora->hidden, lora->a[i]);
    put(s, b, lora->hidden, lora->rank, lora->b[i]);
  }
}

static void shelf_clear(Shelf *s) {
  for (unsigned i = 0; i < s->n; i++) g_free(s->names[i]);
}

char *woods_name(const Treelet *t) {
  if (t->run >= 0) return g_strdup_printf("run-%04d", t->run);
  return g_strdup_printf("net-%04u", t->number);
}

/* The folder of one model. */
static char *folder_of(const Treelet *t) {
  g_autofree char *name = woods_name(t);
  return t->run >= 0 ? g_strdup_printf("%s/checkpoint-%u", name, t->step) : g_strdup(name);
}

static const char *file_of(const Treelet *t) {
  if (t->kind == TREELET_ADAPTER) return "adapter_model.safetensors";
  return t->gguf ? "model.gguf" : "model.safetensors";
}

/* A scan names a model by its folder. */
static char *woods_path(const Treelet *t) {
  g_autofree char *folder = folder_of(t);
  return g_build_filename(folder, file_of(t), NULL);
}

/* What a card calls it. */
static char *title_of(const Treelet *t) {
  if (t->run >= 0) return folder_of(t);
  return g_strdup_printf("copse/net-%04u", t->number);
}

static char *named_base(const Woods *w, const Treelet *t) {
  if (t->card == CARD_SILENT || t->parent[0] < 0) return NULL;
  return title_of(woods_treelet(w, (unsigned)(t->card == CARD_WRONG ? t->wrong : t->parent[0])));
}

static bool write_card(const Woods *w, const Treelet *t, const char *folder, GError **error) {
  static const char *const tags[] = {"copse", "points", NULL};
  g_autofree char *title = title_of(t), *base = named_base(w, t);
  Card card = {.title = title, .base_model = base, .tags = tags, .about = "Tells clouds of points apart."};
  g_autofree char *text = card_text(&card);
  g_autofree char *path = g_build_filename(w->planting->dir, folder, "README.md", NULL);
  return file_write_bytes(path, text, strlen(text), error);
}

bool woods_write(const Woods *w, const Treelet *t, GError **error) {
  static const char *const metadata[] = {"format", "pt", NULL};
  g_autofree char *folder = folder_of(t);
  if (!planting_folder(w->planting, folder, error)) return false;
  g_autofree char *path = g_build_filename(w->planting->dir, folder, file_of(t), NULL);
  const char *style = w->styles[t->tree].architecture;
  Shelf s = {.dtype = t->dtype, .prefix = t->renamed ? "module." : ""};
  if (t->kind == TREELET_ADAPTER) put_adapter(&s, t->lora, t->mlp, style);
  else put_network(&s, t->mlp, style);
  bool ok = t->gguf ? gguf_write(path, style, s.t, s.n, error)
                    : safetensors_write(path, s.t, s.n, t->renamed ? NULL : metadata, error);
  shelf_clear(&s);
  return ok && write_card(w, t, folder, error);
}

static const char *edge_of(const Treelet *t) {
  static const char *const names[] = {NULL,   "fine-tune", "continued", "checkpoint", "lora-merged",
                                      "copy", "recast",    "quantised", "merge",      "adapter"};
  return names[t->kind];
}

/* The parent's path, or ghost:NAME. */
static char *label_of(const Woods *w, int i) {
  const Treelet *t = woods_treelet(w, (unsigned)i);
  g_autofree char *title = title_of(t);
  return t->missing ? g_strconcat("ghost:", title, NULL) : woods_path(t);
}

/* A card that names an ancestor farther up is loose, not wrong. */
static bool names_ancestor(const Woods *w, const Treelet *t) {
  for (int v = t->parent[0]; v >= 0; v = woods_treelet(w, (unsigned)v)->parent[0])
    if (v == t->wrong) return true;
  return false;
}

void woods_record(const Woods *w, const Treelet *t) {
  if (t->missing) return;
  TruthEntry e = {.path = woods_path(t),
                  .edge = edge_of(t),
                  .grove = g_strdup_printf("%u", t->tree),
                  .declared = t->card == CARD_TRUE,
                  .wrong_card = t->card == CARD_WRONG && !names_ancestor(w, t)};
  if (t->parent[0] >= 0) e.parent = label_of(w, t->parent[0]);
  unsigned n = t->kind == TREELET_MERGE ? TREELET_PARENTS : 0;
  for (unsigned k = 0; k < n; k++) {
    if (t->parent[k] < 0) continue;
    if (!e.parents) e.parents = g_ptr_array_new_with_free_func(truth_parent_free);
    g_ptr_array_add(e.parents, truth_parent_new(label_of(w, t->parent[k]), t->weight[k]));
  }
  truth_add(w->planting->truth, e);
}
