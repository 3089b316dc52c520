/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/expert_export.h"

#include <string.h>

#include "core/error.h"
#include "experts/probex/multiview.h"
#include "experts/probex/probex_store.h"

/* Why the expert has no place in the program's form; NULL: it has. Static text. */
static const char *hindrance(const Expert *x, bool views) {
  if (x->kernel)
    return "it is a kernel, in closed form, and has no probes; train one with --expert probex or multiview";
  if (views != (x->probex->shape.views != 0))
    return views ? "it is ProbeX, of one view; say --for probex" : "it is of several views; say --for mvprobe";
  if (x->centre)
    return "it subtracts a centre from the weights before its probes, which the form has no place for, as a relu "
           "follows "
           "them; train it with --input scaled";
  if (x->probex->shape.linear) return "it has no relu, and there each has one; train it without --linear";
  if (x->task == EXPERT_ALIGN && !x->raw_text)
    return "its texts are centred and brought to length 1, which is not done there; train it with --preset published";
  return NULL;
}

static bool refuse(const Expert *x, const char *program, const char *why, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "expert %s cannot be written for %s: %s", x->name, program,
              why);
  return false;
}

/* The same expert with all four branches; those that it has not are zeros, whose responses are zero. */
static Probex *with_all_views(const Probex *p, GError **error) {
  ProbexShape s = p->shape;
  s.views = VIEW_ALL;
  Probex *all = probex_new(&s, error);
  if (!all) return NULL;
  size_t each = s.r_u * s.r_v, from = 0, own = probex_hidden(&p->shape), wide = probex_hidden(&s);
  for (int k = 0; k < VIEW_BRANCHES; k++) {
    ViewBranch b = (ViewBranch)k;
    if (!p->views_u[b]) continue;
    memcpy(all->views_u[b], p->views_u[b], probex_probe_rows(&s, b) * s.r_u * sizeof(float));
    memcpy(all->views_v[b], p->views_v[b], s.r_v * probex_response_rows(&s, b) * sizeof(float));
    for (size_t t = 0; t < s.r_t; t++)
      memcpy(all->m + t * wide + (size_t)k * each, p->m + t * own + from, each * sizeof(float));
    from += each;
  }
  memcpy(all->b, p->b, (size_t)(p->block + p->n - p->b) * sizeof(float)); /* what follows the encoder is the same */
  return all;
}

bool expert_export(const Expert *x, const char *program, const char *path, GError **error) {
  static const char *const format[] = {"format", "pt", NULL};
  bool views = strcmp(program, "mvprobe") == 0;
  if (!views && strcmp(program, "probex") != 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "unknown program '%s'; there are: probex, mvprobe", program);
    return false;
  }
  const char *why = hindrance(x, views);
  if (why) return refuse(x, program, why, error);
  TensorOut t[PROBEX_STORE_MOST];
  g_autoptr(Probex) all = views ? with_all_views(x->probex, error) : NULL;
  if (views && !all) return false;
  return safetensors_write(path, t, probex_store_put(views ? all : x->probex, t), format, error);
}
