/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/request.h"

static void clear(Request *r) {
  switch (r->kind) {
    case REQUEST_MODEL:
    case REQUEST_LOCATE:
      model_unref(r->open.model);
      break;
    case REQUEST_DIFF:
      model_unref(r->pair.p);
      model_unref(r->pair.x);
      break;
    case REQUEST_TAG:
    case REQUEST_COMPARE:
      g_clear_pointer(&r->models, g_ptr_array_unref);
      break;
    case REQUEST_COPY:
    case REQUEST_PAGE:
    case REQUEST_MESSAGES:
    case REQUEST_REPORT:
      g_free(r->text);
      break;
    case REQUEST_ANSWER:
      g_free(r->answer.question);
      g_clear_pointer(&r->answer.scores, g_hash_table_unref);
      break;
    case REQUEST_PREDICTED:
      g_clear_pointer(&r->predicted, g_hash_table_unref);
      break;
    default:
      break;
  }
}

void request_free(Request *request) {
  if (!request) return;
  clear(request);
  g_free(request);
}
