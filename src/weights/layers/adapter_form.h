/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which tools store a change of a matrix, and the tensors each is made of.
 *
 *   LoRA     B A                                     lora_A/B, lora_down/up, lora_embedding_A/B
 *   LoCon    sum_ab up[o,a] mid[a,b,k,l] down[b,i]   the same with lora_mid
 *   DoRA     m (W + s B A)/|W + s B A| - W           the same with lora_magnitude_vector or dora_scale
 *   AdaLoRA  B (E * A)                               the same with lora_E
 *   LoHa     (w1a w1b) * (w2a w2b)                   hada_…
 *   LoKr     kron(w1, w2)                            lokr_…
 *   VeRA     diag(b) B diag(d) A                     vera_lambda_b, vera_lambda_d and the shared vera_A, vera_B
 *   IA3      W scaled by rows or columns             ia3_l; weight and on_input
 *   OFT      blocks of W rotated                     oft_…
 *   BOFT     the same, by butterflies                boft_…
 *   GLoRA    b2 b1 + W a2 a1                         a1, a2, b1, b2
 *   others   named, module by module                 fourierft_spectrum, hra_u, vblora_…, bone_block, prompt_embeddings …
 *   diff     as stored                               diff, w_norm
 *
 * Sources: the documentation and file formats of PEFT, LyCORIS, diffusers and llama.cpp. */
#pragma once

#include <stdbool.h>

typedef enum {
  FORM_NONE, /* a matrix itself */
  FORM_LORA,
  FORM_LOCON,
  FORM_DORA,
  FORM_ADALORA,
  FORM_LOHA,
  FORM_LOKR,
  FORM_VERA,
  FORM_IA3,
  FORM_OFT,
  FORM_BOFT,
  FORM_GLORA,
  FORM_FOURIERFT, /* from here on told by name alone */
  FORM_WAVEFT,
  FORM_HRA,
  FORM_VBLORA,
  FORM_RANDLORA,
  FORM_DELORA,
  FORM_GRALORA,
  FORM_POLY,
  FORM_BONE,
  FORM_MISS,
  FORM_SHIRA,
  FORM_C3A,
  FORM_ROAD,
  FORM_PROMPT,
  FORM_ADAPTION_PROMPT,
  FORM_LN_TUNING,
  FORM_EXPERTS, /* PEFT's target_parameters: a pair a stack of matrices, interleaved by experts */
  FORM_TOKENS,
  FORM_DIFF,
  FORM_COUNT
} AdapterForm;

typedef enum {
  ADAPTER_MID, /* a core between A and B */
  ADAPTER_MAGNITUDE,
  ADAPTER_E,
  ADAPTER_W1A,
  ADAPTER_W1B,
  ADAPTER_W2A,
  ADAPTER_W2B,
  ADAPTER_T1,
  ADAPTER_T2,
  ADAPTER_W1,
  ADAPTER_W2,
  ADAPTER_LAMBDA_B,
  ADAPTER_LAMBDA_D,
  ADAPTER_SHARED_A,
  ADAPTER_SHARED_B,
  ADAPTER_IA3,
  ADAPTER_ON_INPUT,
  ADAPTER_OFT,
  ADAPTER_OFT_SCALE,
  ADAPTER_A1,
  ADAPTER_A2,
  ADAPTER_B1,
  ADAPTER_B2,
  ADAPTER_DIFF,
  ADAPTER_DIFF_BIAS,
  ADAPTER_NAMED, /* of a form that is told by name alone */
  ADAPTER_PARTS
} AdapterPart;

/* "LoRA", "LoHa", …; "" for FORM_NONE. Static text. */
const char *adapter_form_name(AdapterForm form);

/* The form that PEFT's peft_type says, in whatever case; FORM_NONE for a type that is not known. */
AdapterForm adapter_form_of_peft(const char *type);

/* True when nothing of it is computed: it is told by name. */
bool adapter_form_is_only_named(AdapterForm form);

/* True when the change is a product of two factors that the file alone gives. DoRA counts: all but its magnitudes
 * is. */
bool adapter_form_has_factors(AdapterForm form);

/* The part that a word of a tensor's name says ("hada_w1_a"), and the form that it speaks for. False for any other
 * word, also for "a1", "b2" (GLoRA) and "weight" (IA3), which are parts only beside their like. */
bool adapter_word(const char *word, AdapterPart *part, AdapterForm *form);
