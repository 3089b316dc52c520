/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seed corpora of fuzz-archive and fuzz-card into the folder given: an archive of each
 * format with a model, what lies beside it and what must be left out; cards and configurations. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/archive_fixture.h"

static const char *const kinds[] = {"tar",     "pax", "ustar",      "tar.gz",     "tar.zst", "tar.xz",
                                    "tar.bz2", "zip", "zip-stored", "zip-secret", "7z"};

static const struct {
  const char *name, *text;
} cards[] = {
    {"plain.md", "---\nlicense: mit\nbase_model: org/base\ntags:\n- a\n- 'b c'\n---\n# text\n"},
    {"merge.md", "---\nbase_model: [x/y, z/w]\nbase_model_relation: merge\nlibrary_name: peft\n---\n"},
    {"aliases.md", "---\na: &a [x, x]\nb: [*a, *a]\n---\n"},
    {"deep.md", "---\nmodel-index:\n- name: x\n  results: [[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]\n---\n"},
    {"marks.md", "\xef\xbb\xbf---\r\nk: \"\\e[2J\\u202e\"\r\n...\r\n"},
    {"open.md", "---\nlicense: mit\n"},
    {"adapter.json",
     "{\"base_model_name_or_path\":\"org/base\",\"peft_type\":\"LORA\",\"r\":8,"
     "\"lora_alpha\":16,\"target_modules\":[\"v\",\"q\"],\"use_rslora\":true}"},
    {"mlx.json",
     "{\"fine_tune_type\":\"lora\",\"model\":\"org/m\",\"lora_parameters\":{\"rank\":8,"
     "\"scale\":20.0}}"},
    {"config.json",
     "{\"architectures\":[\"ViT\"],\"_name_or_path\":\"org/vit-base\","
     "\"id2label\":{\"0\":\"a\"}}"},
    {"pipeline.json",
     "{\"_class_name\":\"StableDiffusionPipeline\",\"unet\":[\"diffusers\","
     "\"UNet2DConditionModel\"],\"safety_checker\":[null,null]}"},
    {"counts.json", "{\"10_fox\":{\"fox\":10,\"snow\":3},\"5_fox\":{\"fox\":5,\" tree\":-1}}"},
    {"address", "https://huggingface.co/org/name/tree/main"},
    {"disk", "C:\\models\\sd_xl_base_1.0.safetensors"},
};

static void save(const char *folder, const char *name, const void *bytes, gsize n) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) error = NULL;
  if (!g_file_set_contents(path, bytes, (gssize)n, &error)) g_error("%s", error->message);
}

static void save_archives(const Fixture *f, const char *folder) {
  g_autoptr(GBytes) full = full_bytes(f), lora = lora_bytes(f);
  g_autoptr(GBytes) config = text_of(cards[6].text), card = text_of(cards[0].text);
  g_autoptr(GBytes) index = text_of("{\"weight_map\":{\"fc.weight\":\"p-00001-of-00001.safetensors\"}}");
  const Packed members[] = {{.path = "a/", .type = 'd'},
                            {.path = "./a/x.safetensors", .bytes = full},
                            {.path = "fox/README.md", .bytes = card},
                            {.path = "fox/adapter_config.json", .bytes = config},
                            {.path = "fox/adapter_model.safetensors", .bytes = lora},
                            {.path = "../up.safetensors", .bytes = full},
                            {.path = "p/p.safetensors.index.json", .bytes = index},
                            {.path = "p/p-00001-of-00001.safetensors", .bytes = full},
                            {.path = "a/x.safetensors", .bytes = lora},
                            {.path = "in.zip", .bytes = config},
                            {.path = "l.pt", .type = 'l', .target = "a/x.safetensors"}};
  const size_t few = 6; /* blocks of 512 bytes add up */
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    bool plain = i < 3, links = strcmp(kinds[i], "7z") != 0;
    size_t n = plain ? few : G_N_ELEMENTS(members) - !links;
    g_autoptr(GBytes) bytes = archive_bytes(kinds[i], members, n);
    save(folder, kinds[i], g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: make-archive-seeds FOLDER\n");
    return 2;
  }
  g_autofree char *top = g_dir_make_tmp("copse-seeds-XXXXXX", NULL);
  g_autofree char *archives = g_build_filename(argv[1], "archive", NULL);
  g_autofree char *texts = g_build_filename(argv[1], "card", NULL);
  const Fixture f = {.top = top};
  g_mkdir_with_parents(archives, 0755);
  g_mkdir_with_parents(texts, 0755);
  save_archives(&f, archives);
  for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) save(texts, cards[i].name, cards[i].text, strlen(cards[i].text));
  g_autofree char *staged = g_build_filename(top, "staged.safetensors", NULL);
  g_unlink(staged);
  g_rmdir(top);
  return 0;
}
