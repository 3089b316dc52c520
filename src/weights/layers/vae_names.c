/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/vae_names.h"

#include <string.h>

enum { LAST_LEVEL = 3, SIDE = sizeof "encoder" - 1 };

/* One digit and the underscore behind it. */
static bool take_digit(const char **s, unsigned *n) {
  if (!g_ascii_isdigit((*s)[0]) || (*s)[1] != '_') return false;
  *n = (unsigned)((*s)[0] - '0');
  *s += 2;
  return true;
}

static bool take_word(const char **s, const char *word) {
  if (!g_str_has_prefix(*s, word)) return false;
  *s += strlen(word);
  return true;
}

/* Inside a residual unit. */
static const char *unit_word(const char *word) { return strcmp(word, "nin_shortcut") == 0 ? "conv_shortcut" : word; }

/* NULL when the name is no module of a level. The caller frees it. */
static char *of_level(const char *name) {
  const bool down = take_word(&name, "encoder_down_");
  const char *side = down ? "encoder_down" : "decoder_up";
  unsigned level, unit;
  if ((!down && !take_word(&name, "decoder_up_")) || !take_digit(&name, &level) || level > LAST_LEVEL) return NULL;
  if (!down) level = LAST_LEVEL - level;
  if (strcmp(name, "downsample_conv") == 0) return g_strdup_printf("%s_blocks_%u_downsamplers_0_conv", side, level);
  if (strcmp(name, "upsample_conv") == 0) return g_strdup_printf("%s_blocks_%u_upsamplers_0_conv", side, level);
  if (!take_word(&name, "block_") || !take_digit(&name, &unit)) return NULL;
  return g_strdup_printf("%s_blocks_%u_resnets_%u_%s", side, level, unit, unit_word(name));
}

/* NULL when the name is none of the middle's. The caller frees it. */
static char *of_middle(const char *name) {
  static const struct {
    const char *theirs, *ours;
  } words[] = {{"q", "to_q"}, {"k", "to_k"}, {"v", "to_v"}, {"proj_out", "to_out_0"}, {"norm", "group_norm"}};
  const char *side = name;
  unsigned unit;
  if (!take_word(&name, "encoder_mid_") && !take_word(&name, "decoder_mid_")) return NULL;
  if (take_word(&name, "attn_1_"))
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
      if (strcmp(words[i].theirs, name) == 0)
        return g_strdup_printf("%.*s_mid_block_attentions_0_%s", SIDE, side, words[i].ours);
  if (!take_word(&name, "block_") || !take_digit(&name, &unit) || unit < 1 || unit > 2) return NULL;
  return g_strdup_printf("%.*s_mid_block_resnets_%u_%s", SIDE, side, unit - 1, unit_word(name));
}

bool vae_name_undo(GString *flat) {
  static const char component[] = "vae_";
  const size_t front = g_str_has_prefix(flat->str, component) ? strlen(component) : 0;
  const char *name = flat->str + front;
  g_autofree char *ours = of_level(name);
  if (!ours) ours = of_middle(name);
  if (!ours && (strcmp(name, "encoder_norm_out") == 0 || strcmp(name, "decoder_norm_out") == 0))
    ours = g_strdup_printf("%.*s_conv_norm_out", SIDE, name);
  if (!ours) return false;
  g_string_truncate(flat, front);
  g_string_append(flat, ours);
  return true;
}
