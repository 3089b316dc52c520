/* SPDX-License-Identifier: Apache-2.0 */
/* `copse stores`: where tools keep models on this machine. */
#include <stdio.h>

#include "collection/stores.h"
#include "commands/command.h"
#include "commands/commands.h"
#include "core/json.h"
#include "core/text.h"

static const char notes[] =
    "Looks where tools put models by themselves: Hugging Face Hub's cache (HF_HOME, HF_HUB_CACHE), Ollama, LM Studio,\n"
    "llama.cpp, ComfyUI, A1111 and Forge, InvokeAI, kohya's output and others. `copse --stores` and `copse COMMAND\n"
    "--stores` take all of them as one collection.";

static void print_json(const GPtrArray *stores) {
  cJSON *out = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(out, "stores");
  for (guint i = 0; i < stores->len; i++) {
    const Store *s = stores->pdata[i];
    cJSON *item = cJSON_CreateObject();
    g_autofree SafeText *path = safe_text(s->path, -1);
    json_add_string(item, "tool", s->tool);
    json_add_string(item, "path", path);
    json_add_u64(item, "bytes", s->bytes);
    cJSON_AddItemToArray(list, item);
  }
  json_print(out);
}

void stores_print(FILE *out, const GPtrArray *stores) {
  fprintf(out, "%3s  %-22s %9s  %s\n", "", "TOOL", "SIZE", "FOLDER");
  for (guint i = 0; i < stores->len; i++) {
    const Store *s = stores->pdata[i];
    g_autofree char *size = text_bytes(s->bytes);
    g_autofree SafeText *path = safe_text(s->path, -1);
    fprintf(out, "%3u  %-22s %9s  %s\n", i + 1, s->tool, size, path);
  }
}

int cmd_stores(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("stores", NULL, notes, &argc, &argv, &globals, &status)) return status;
  g_autoptr(GPtrArray) stores = stores_find();
  stores_measure(stores);
  if (globals.json) print_json(stores);
  else if (stores->len) stores_print(stdout, stores);
  else puts("no tool's folder of models was found here; name your own: copse DIR");
  globals_clear(&globals);
  return STATUS_DONE;
}
