/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/tensor_name.h"

#include <string.h>

/* Wrappers that say nothing about the layer. Dropped from the front, again and again. */
static const char *const wrappers[] = {"base_model.model.",
                                       "module.",
                                       "_orig_mod.",
                                       "state_dict.",
                                       "model_state_dict.",
                                       "lora_ckpt.",
                                       "_forward_module.",
                                       "_fsdp_wrapped_module.",
                                       "params."};

/* TensorFlow's Transformers put a layer's name, the model's and the layer's again in front, a dot that is no folder
 * between "layer" and its number, and what tells two of one name apart before "___":
 *   bert.tf_bert_model.bert.encoder.layer_._0   bert.encoder.layer.0 */
static void undo_tensorflow(GString *body) {
  g_string_replace(body, "_._", ".", 0);
  for (char *mark = strstr(body->str, "___"); mark; mark = strstr(body->str, "___")) {
    char *from = mark;
    while (from > body->str && from[-1] != '.') from--;
    g_string_erase(body, from - body->str, mark + 3 - from);
  }
  const size_t first = strcspn(body->str, ".");
  const char *second = body->str + first;
  if (!g_str_has_prefix(second, ".tf")) return;
  const char *third = second + 1 + strcspn(second + 1, ".");
  bool again = *third && strncmp(third + 1, body->str, first) == 0 && third[1 + first] == '.';
  if (again) g_string_erase(body, 0, third + 1 - body->str);
}

/* Flax's scale of a normalisation is everybody else's weight; other scales are other things. */
static bool cut_norm_scale(GString *body) {
  static const char ending[] = ".scale";
  if (!g_str_has_suffix(body->str, ending)) return false;
  const size_t rest = body->len - strlen(ending);
  g_autofree char *module = g_strndup(body->str, rest);
  g_autofree char *last = g_ascii_strdown(text_last_part(module), -1);
  if (!strstr(last, "norm") && !g_str_has_prefix(last, "ln") && !g_str_has_prefix(last, "bn")) return false;
  g_string_truncate(body, rest);
  return true;
}

/* What compilers and those who share a model out put between, at any depth. */
static const char *const between[] = {"._orig_mod.", "._fsdp_wrapped_module.", "._checkpoint_wrapped_module.",
                                      "._forward_module."};

static void drop_between(GString *body) {
  bool any = true;
  while (any && strstr(body->str, "._")) {
    any = false;
    for (size_t i = 0; i < G_N_ELEMENTS(between); i++) any |= g_string_replace(body, between[i], ".", 0) > 0;
  }
}

/* What names the network that is adapted, and what stands for it in canonical names: nothing for a denoiser. */
static const struct {
  const char *prefix, *canonical;
} components[] = {
    {"unet.", ""},
    {"model.diffusion_model.", ""},
    {"diffusion_model.", ""},
    {"cond_stage_model.transformer.", "text_encoder."},
    {"cond_stage_model.model.", "text_encoder."},
    {"conditioner.embedders.0.transformer.", "text_encoder."},
    {"conditioner.embedders.1.model.", "text_encoder_2."},
    {"first_stage_model.", "vae."},
    {"text_encoders.clip_l.transformer.", "text_encoder."}, /* ComfyUI, and trainers that write for it */
    {"text_encoders.clip_g.transformer.", "text_encoder_2."},
    {"text_encoders.t5xxl.transformer.", "text_encoder_3."},
    {"clip_l.transformer.", "text_encoder."},
    {"clip_g.transformer.", "text_encoder_2."},
    {"t5xxl.transformer.", "text_encoder_3."},
    {"transformer.transformer_blocks.", "transformer_blocks."}, /* a language model's "transformer." has other blocks */
    {"transformer.single_transformer_blocks.", "single_transformer_blocks."},
};

static const char *skip_wrappers(const char *key) {
  const char *inner = strstr(key, "base_model.model."); /* behind a network's own name: thinker.base_model.model.… */
  if (inner && inner > key && inner[-1] == '.') key = inner;
  for (size_t i = 0; i < G_N_ELEMENTS(wrappers); i++)
    if (g_str_has_prefix(key, wrappers[i]) && key[strlen(wrappers[i])]) {
      key += strlen(wrappers[i]);
      i = (size_t)-1;
    }
  return key;
}

/* A name that is nothing but the component's stays as it is. */
static void name_component(GString *body) {
  for (size_t i = 0; i < G_N_ELEMENTS(components); i++) {
    size_t n = strlen(components[i].prefix);
    if (!g_str_has_prefix(body->str, components[i].prefix) || body->len == n) continue;
    g_string_erase(body, 0, (gssize)n);
    g_string_prepend(body, components[i].canonical);
    return;
  }
}

typedef struct {
  const char *ending;
  TensorRole role;
  bool transposed;
} Ending;

static const Ending endings[] = {
    {".lora_A.weight", TENSOR_LORA_A, false},
    {".lora_B.weight", TENSOR_LORA_B, false},
    {".lora.down.weight", TENSOR_LORA_A, false},
    {".lora.up.weight", TENSOR_LORA_B, false},
    {"_lora.down.weight", TENSOR_LORA_A, false},
    {"_lora.up.weight", TENSOR_LORA_B, false},
    {".lora_down.weight", TENSOR_LORA_A, false},
    {".lora_up.weight", TENSOR_LORA_B, false},
    {"_lora_down.weight", TENSOR_LORA_A, false},
    {"_lora_up.weight", TENSOR_LORA_B, false},
    {".lora_linear_layer.down.weight", TENSOR_LORA_A, false},
    {".lora_linear_layer.up.weight", TENSOR_LORA_B, false},
    {".lora_A", TENSOR_LORA_A, false},
    {".lora_B", TENSOR_LORA_B, false},
    {".weight.lora_a", TENSOR_LORA_A, false},
    {".weight.lora_b", TENSOR_LORA_B, false},
    {".lora_a", TENSOR_LORA_A, true},
    {".lora_b", TENSOR_LORA_B, true},
    {":down", TENSOR_LORA_A, false},
    {":up", TENSOR_LORA_B, false},
    {".alpha", TENSOR_LORA_ALPHA, false},
    {".weight", TENSOR_WEIGHT, false},
    {".kernel", TENSOR_WEIGHT, false}, /* Flax, Keras, TensorFlow */
    {".embedding", TENSOR_WEIGHT, false},
    {".embeddings", TENSOR_WEIGHT, false},
    {".gamma", TENSOR_WEIGHT, false},
    {".beta", TENSOR_BIAS, false},
    {".bias", TENSOR_BIAS, false},
};

/* Cuts the known ending off `body`; NULL when it has none. */
static const Ending *cut_ending(GString *body) {
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(body->str, endings[i].ending)) {
      g_string_truncate(body, body->len - strlen(endings[i].ending));
      return &endings[i];
    }
  return NULL;
}

/* PEFT names the adapter between: .lora_A.default.weight -> .lora_A.weight. */
static void drop_adapter_name(GString *body) {
  static const char *const marks[] = {".lora_A.", ".lora_B."};
  for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
    char *at = strstr(body->str, marks[i]);
    if (!at || strchr(body->str, '/')) continue;
    size_t keep = (size_t)(at - body->str) + strlen(marks[i]) - 1;
    g_string_truncate(body, keep);
    g_string_append(body, ".weight");
  }
}

/* Cuts what follows from the last but `n`th dot; NULL when there are not so many. Borrowed. */
static const char *tail_component(const GString *body, int n, size_t *at) {
  const char *p = body->str + body->len;
  for (int dots = 0; p > body->str; p--)
    if (p[-1] == '.' && ++dots == n) {
      *at = (size_t)(p - body->str);
      return p;
    }
  return NULL;
}

/* A word of the adapters' table as the last component, or before "weight", an adapter's name or both. */
static bool cut_adapter_word(GString *body, TensorName *out) {
  if (adapter_word(body->str, &out->part, &out->form)) { /* PEFT's prompts belong to no module */
    out->role = TENSOR_ADAPTER_PART;
    return true;
  }
  for (int n = 1; n <= 3; n++) {
    size_t at, end;
    const char *p = tail_component(body, n, &at);
    if (!p) return false;
    end = strcspn(p, ".");
    g_autofree char *word = g_strndup(p, end);
    bool embedding_a = strcmp(word, "lora_embedding_A") == 0, embedding_b = strcmp(word, "lora_embedding_B") == 0;
    bool weight = p[end] == '\0' || strcmp(p + end, ".weight") == 0;
    bool short_word = strchr(word, '_') == NULL || strcmp(word, "on_input") == 0 || strcmp(word, "diff_b") == 0;
    if (short_word && !weight) continue; /* too common to stand before anything else */
    if (embedding_a || embedding_b) {
      out->role = embedding_a ? TENSOR_LORA_A : TENSOR_LORA_B;
      out->embedding = true;
      out->form = FORM_LORA;
    } else if (adapter_word(word, &out->part, &out->form)) {
      out->role = TENSOR_ADAPTER_PART;
    } else {
      continue;
    }
    g_string_truncate(body, at - 1);
    if (g_str_has_suffix(body->str, ".token_adapter")) g_string_truncate(body, body->len - strlen(".token_adapter"));
    return true;
  }
  return false;
}

/* Words of module names that hold an underscore themselves; kohya's keys use it for the dot too. */
static const char *const compound_words[] = {
    "add_embedding",
    "add_k_proj",
    "add_q_proj",
    "add_v_proj",
    "context_embedder",
    "conv_in",
    "conv_out",
    "conv_shortcut",
    "double_blocks",
    "down_blocks",
    "emb_layers",
    "ff_context",
    "final_layer_norm",
    "img_attn",
    "img_in",
    "img_mlp",
    "img_mod",
    "in_layers",
    "input_blocks",
    "label_emb",
    "layer_norm1",
    "layer_norm2",
    "linear_1",
    "linear_2",
    "mid_block",
    "middle_block",
    "norm1_context",
    "out_layers",
    "out_proj",
    "output_blocks",
    "k_proj",
    "position_embedding",
    "proj_in",
    "proj_mlp",
    "proj_out",
    "q_proj",
    "self_attn",
    "single_blocks",
    "single_transformer_blocks",
    "skip_connection",
    "text_model",
    "time_emb_proj",
    "time_embed",
    "time_embedding",
    "to_add_out",
    "to_k",
    "to_out",
    "to_q",
    "to_v",
    "token_embedding",
    "transformer_blocks",
    "txt_attn",
    "txt_in",
    "txt_mlp",
    "txt_mod",
    "up_blocks",
    "v_proj",
};

/* Length of the longest compound word that `s` begins with, as a whole word; 0 for none. */
static size_t compound_length(const char *s) {
  size_t best = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(compound_words); i++) {
    if (compound_words[i][0] != *s) continue;
    size_t n = strlen(compound_words[i]);
    if (n > best && strncmp(s, compound_words[i], n) == 0 && (s[n] == '_' || s[n] == '\0')) best = n;
  }
  return best;
}

static void append_with_dots(GString *out, const char *s) {
  while (*s) {
    size_t n = compound_length(s);
    if (n == 0) n = strcspn(s, "_");
    g_string_append_len(out, s, (gssize)n);
    s += n;
    if (*s == '_') {
      g_string_append_c(out, '.');
      s++;
    }
  }
}

typedef struct {
  const char *prefix, *canonical;
} Kohya;

static const Kohya kohya[] = {
    {"lora_unet_", ""},
    {"lycoris_", ""},
    {"oft_unet_", ""},
    {"lora_te1_", "text_encoder."},
    {"lora_te2_", "text_encoder_2."},
    {"lora_te3_", "text_encoder_3."},
    {"lora_te_", "text_encoder."},
    {"lora_transformer_", ""},
};

/* Rewrites a kohya body (ending already cut) with dots; leaves others alone. */
static void undo_kohya(GString *body) {
  for (size_t i = 0; i < G_N_ELEMENTS(kohya); i++) {
    if (!g_str_has_prefix(body->str, kohya[i].prefix)) continue;
    const char *rest = body->str + strlen(kohya[i].prefix);
    if (g_str_has_prefix(rest, "unet_")) rest += strlen("unet_"); /* a converter doubled it */
    g_autoptr(GString) out = g_string_new(kohya[i].canonical);
    append_with_dots(out, rest);
    g_string_assign(body, out->str);
    return;
  }
}

/* Old diffusers kept adapters in attention processors: attn1.processor.to_out -> attn1.to_out.0. */
static void undo_processor(GString *body) {
  if (!strstr(body->str, ".processor.")) return;
  g_string_replace(body, ".processor.", ".", 1);
  if (g_str_has_suffix(body->str, ".to_out")) g_string_append(body, ".0");
}

/* XLabs keeps Flux's adapters in processors: double_blocks.0.processor.qkv_lora1.down -> img_attn.qkv (2: txt_attn);
 * single_blocks.0.processor.proj_lora -> linear2, and qkv_lora for the first rows of linear1. */
static void undo_xlabs(GString *body) {
  static const struct {
    const char *theirs, *ours;
  } words[] = {{".processor.qkv_lora1.", ".img_attn.qkv.lora."},   {".processor.qkv_lora2.", ".txt_attn.qkv.lora."},
               {".processor.proj_lora1.", ".img_attn.proj.lora."}, {".processor.proj_lora2.", ".txt_attn.proj.lora."},
               {".processor.proj_lora.", ".linear2.lora."},        {".processor.qkv_lora.", ".linear1.qkv.lora."}};
  if (!g_str_has_prefix(body->str, "double_blocks.") && !g_str_has_prefix(body->str, "single_blocks.")) return;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) g_string_replace(body, words[i].theirs, words[i].ours, 1);
}

/* No module of one matrix is called "experts": its pair belongs to a stack. Of two stacks of one module PEFT keeps the
 * first below "base_layer". */
static void settle_experts(GString *body, TensorName *out) {
  if (out->role != TENSOR_LORA_A && out->role != TENSOR_LORA_B) return;
  if (!g_str_has_suffix(body->str, ".experts") && !g_str_has_suffix(body->str, ".experts.base_layer")) return;
  *out = (TensorName){.role = TENSOR_ADAPTER_PART, .part = ADAPTER_NAMED, .form = FORM_EXPERTS};
}

/* Wrappers, endings and what stands between, out of a key's text. */
static GString *take_apart(const char *clean, TensorName *out) {
  GString *body = g_string_new(skip_wrappers(clean));
  *out = (TensorName){.role = TENSOR_WEIGHT};
  drop_between(body);
  if (!strstr(body->str, ".experts.base_layer.lora_")) g_string_replace(body, ".base_layer.", ".", 0);
  g_string_replace(body, ".modules_to_save.default.", ".", 0);
  g_string_replace(body, ".modules_to_save.", ".", 0);
  bool frozen = strstr(body->str, ".original_module.") != NULL;
  g_string_replace(body, ".original_module.", ".", 0);
  undo_xlabs(body);
  undo_tensorflow(body);
  if (!cut_norm_scale(body) && !cut_adapter_word(body, out)) {
    drop_adapter_name(body);
    const Ending *e = cut_ending(body);
    if (e) out->role = e->role, out->transposed = e->transposed;
    if (e && e->role >= TENSOR_LORA_A && e->role <= TENSOR_LORA_ALPHA) out->form = FORM_LORA;
  }
  settle_experts(body, out);
  if (frozen) out->role = TENSOR_FROZEN_COPY;
  return body;
}

void tensor_name_parse(const char *key, TensorName *out) {
  g_autofree SafeText *clean = safe_text(key, -1);
  g_autoptr(GString) body = take_apart(clean, out);
  name_component(body);
  undo_kohya(body);
  undo_processor(body);
  out->layer = body->len ? g_strdup(body->str) : g_steal_pointer(&clean);
}

char *tensor_name_module(const char *key) {
  TensorName name;
  g_autofree SafeText *clean = safe_text(key, -1);
  return g_string_free(take_apart(clean, &name), FALSE);
}

void tensor_name_clear(TensorName *name) { g_clear_pointer(&name->layer, g_free); }
