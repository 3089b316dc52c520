/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_form.h"

#include <glib.h>
#include <string.h>

static const char *const form_names[FORM_COUNT] = {[FORM_NONE] = "",
                                                   [FORM_LORA] = "LoRA",
                                                   [FORM_LOCON] = "LoCon",
                                                   [FORM_DORA] = "DoRA",
                                                   [FORM_ADALORA] = "AdaLoRA",
                                                   [FORM_LOHA] = "LoHa",
                                                   [FORM_LOKR] = "LoKr",
                                                   [FORM_VERA] = "VeRA",
                                                   [FORM_IA3] = "IA3",
                                                   [FORM_OFT] = "OFT",
                                                   [FORM_BOFT] = "BOFT",
                                                   [FORM_GLORA] = "GLoRA",
                                                   [FORM_FOURIERFT] = "FourierFT",
                                                   [FORM_WAVEFT] = "WaveFT",
                                                   [FORM_HRA] = "HRA",
                                                   [FORM_VBLORA] = "VB-LoRA",
                                                   [FORM_RANDLORA] = "RandLoRA",
                                                   [FORM_DELORA] = "DeLoRA",
                                                   [FORM_GRALORA] = "GraLoRA",
                                                   [FORM_POLY] = "Poly",
                                                   [FORM_BONE] = "Bone",
                                                   [FORM_MISS] = "MiSS",
                                                   [FORM_SHIRA] = "SHiRA",
                                                   [FORM_C3A] = "C3A",
                                                   [FORM_ROAD] = "RoAd",
                                                   [FORM_PROMPT] = "prompt",
                                                   [FORM_ADAPTION_PROMPT] = "adaption prompt",
                                                   [FORM_LN_TUNING] = "LN tuning",
                                                   [FORM_EXPERTS] = "LoRA of stacked experts",
                                                   [FORM_TOKENS] = "trained tokens",
                                                   [FORM_DIFF] = "difference"};

const char *adapter_form_name(AdapterForm form) { return (unsigned)form < FORM_COUNT ? form_names[form] : ""; }

AdapterForm adapter_form_of_peft(const char *type) {
  static const struct {
    const char *type;
    AdapterForm form;
  } others[] = {{"VBLORA", FORM_VBLORA},
                {"PROMPT_TUNING", FORM_PROMPT},
                {"MULTITASK_PROMPT_TUNING", FORM_PROMPT},
                {"P_TUNING", FORM_PROMPT},
                {"PREFIX_TUNING", FORM_PROMPT},
                {"CPT", FORM_PROMPT},
                {"ADAPTION_PROMPT", FORM_ADAPTION_PROMPT},
                {"LN_TUNING", FORM_LN_TUNING},
                {"TRAINABLE_TOKENS", FORM_TOKENS}};
  if (!type) return FORM_NONE;
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    if (g_ascii_strcasecmp(others[i].type, type) == 0) return others[i].form;
  for (int f = FORM_LORA; f < FORM_DIFF; f++)
    if (g_ascii_strcasecmp(form_names[f], type) == 0) return (AdapterForm)f;
  return FORM_NONE;
}

bool adapter_form_is_only_named(AdapterForm form) { return form >= FORM_FOURIERFT && form <= FORM_TOKENS; }

bool adapter_form_has_factors(AdapterForm form) { return form >= FORM_LORA && form <= FORM_VERA; }

static const struct {
  const char *word;
  AdapterPart part;
  AdapterForm form;
} words[] = {
    {"lora_mid", ADAPTER_MID, FORM_LOCON},
    {"lora_magnitude_vector", ADAPTER_MAGNITUDE, FORM_DORA},
    {"dora_scale", ADAPTER_MAGNITUDE, FORM_DORA},
    {"lora_E", ADAPTER_E, FORM_ADALORA},
    {"hada_w1_a", ADAPTER_W1A, FORM_LOHA},
    {"hada_w1_b", ADAPTER_W1B, FORM_LOHA},
    {"hada_w2_a", ADAPTER_W2A, FORM_LOHA},
    {"hada_w2_b", ADAPTER_W2B, FORM_LOHA},
    {"hada_t1", ADAPTER_T1, FORM_LOHA},
    {"hada_t2", ADAPTER_T2, FORM_LOHA},
    {"lokr_w1", ADAPTER_W1, FORM_LOKR},
    {"lokr_w1_a", ADAPTER_W1A, FORM_LOKR},
    {"lokr_w1_b", ADAPTER_W1B, FORM_LOKR},
    {"lokr_w2", ADAPTER_W2, FORM_LOKR},
    {"lokr_w2_a", ADAPTER_W2A, FORM_LOKR},
    {"lokr_w2_b", ADAPTER_W2B, FORM_LOKR},
    {"lokr_t2", ADAPTER_T2, FORM_LOKR},
    {"vera_lambda_b", ADAPTER_LAMBDA_B, FORM_VERA},
    {"vera_lambda_d", ADAPTER_LAMBDA_D, FORM_VERA},
    {"vera_A", ADAPTER_SHARED_A, FORM_VERA},
    {"vera_B", ADAPTER_SHARED_B, FORM_VERA},
    {"ia3_l", ADAPTER_IA3, FORM_IA3},
    {"on_input", ADAPTER_ON_INPUT, FORM_IA3},
    {"oft_R", ADAPTER_OFT, FORM_OFT},
    {"oft_r", ADAPTER_OFT, FORM_OFT},
    {"oft_blocks", ADAPTER_OFT, FORM_OFT},
    {"oft_diag", ADAPTER_OFT, FORM_OFT},
    {"oft_s", ADAPTER_OFT_SCALE, FORM_OFT},
    {"rescale", ADAPTER_OFT_SCALE, FORM_OFT},
    {"boft_R", ADAPTER_OFT, FORM_BOFT},
    {"boft_s", ADAPTER_OFT_SCALE, FORM_BOFT},
    {"fourierft_spectrum", ADAPTER_NAMED, FORM_FOURIERFT},
    {"waveft_spectrum", ADAPTER_NAMED, FORM_WAVEFT},
    {"hra_u", ADAPTER_NAMED, FORM_HRA},
    {"vblora_logits_A", ADAPTER_NAMED, FORM_VBLORA},
    {"vblora_logits_B", ADAPTER_NAMED, FORM_VBLORA},
    {"vblora_vector_bank", ADAPTER_SHARED_A, FORM_VBLORA},
    {"randlora_lambda", ADAPTER_NAMED, FORM_RANDLORA},
    {"randlora_gamma", ADAPTER_NAMED, FORM_RANDLORA},
    {"randlora_A", ADAPTER_SHARED_A, FORM_RANDLORA},
    {"randlora_B", ADAPTER_SHARED_B, FORM_RANDLORA},
    {"delora_A", ADAPTER_NAMED, FORM_DELORA},
    {"delora_B", ADAPTER_NAMED, FORM_DELORA},
    {"delora_lambda", ADAPTER_NAMED, FORM_DELORA},
    {"gralora_A", ADAPTER_NAMED, FORM_GRALORA},
    {"gralora_B", ADAPTER_NAMED, FORM_GRALORA},
    {"poly_lora_A", ADAPTER_NAMED, FORM_POLY},
    {"poly_lora_B", ADAPTER_NAMED, FORM_POLY},
    {"poly_router", ADAPTER_NAMED, FORM_POLY},
    {"bone_block", ADAPTER_NAMED, FORM_BONE},
    {"miss_block", ADAPTER_NAMED, FORM_MISS},
    {"shira_weight", ADAPTER_NAMED, FORM_SHIRA},
    {"shira_indices", ADAPTER_NAMED, FORM_SHIRA},
    {"c3a_kernel", ADAPTER_NAMED, FORM_C3A},
    {"road_theta", ADAPTER_NAMED, FORM_ROAD},
    {"road_alpha", ADAPTER_NAMED, FORM_ROAD},
    {"prompt_embeddings", ADAPTER_NAMED, FORM_PROMPT},
    {"adaption_prompt", ADAPTER_NAMED, FORM_ADAPTION_PROMPT},
    {"adaption_gate", ADAPTER_NAMED, FORM_ADAPTION_PROMPT},
    {"trainable_tokens_delta", ADAPTER_NAMED, FORM_TOKENS},
    {"diff", ADAPTER_DIFF, FORM_DIFF},
    {"w_norm", ADAPTER_DIFF, FORM_DIFF},
    {"diff_b", ADAPTER_DIFF_BIAS, FORM_DIFF},
    {"b_norm", ADAPTER_DIFF_BIAS, FORM_DIFF},
};

bool adapter_word(const char *word, AdapterPart *part, AdapterForm *form) {
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (words[i].word[0] != word[0] || strcmp(words[i].word, word) != 0) continue;
    *part = words[i].part;
    *form = words[i].form;
    return true;
  }
  return false;
}
