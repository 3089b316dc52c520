/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/train_report.h"

#include <math.h>
#include <stdio.h>

#include "experts/probex/multiview.h"

void train_report_score(const char *name, const Score *s) {
  if (!s->n) {
    printf("  %-24s not measured: no such models\n", name);
    return;
  }
  if (isfinite(s->top1) && s->classes < 2) {
    printf("  %-24s not measured: one concept, and nothing to take it for\n", name);
    return;
  }
  printf("  %-24s %5.1f %%  [%4.1f, %5.1f]  ", name, 100 * score_headline(s), 100 * s->low, 100 * s->high);
  if (isfinite(s->top5)) printf("top-5 %5.1f %%  %5u models, %4u concepts", 100 * s->top5, s->n, s->classes);
  else printf("F1 %.3f  AP %.3f  %5u models, %4u classes", s->f1, s->ap, s->n, s->classes);
  printf(", chance %.1f %%", 100 * s->chance);
  if (isfinite(s->control))
    printf(isfinite(s->top1) ? ", commonest label %.1f %%" : ", AP without skill %.3f",
           isfinite(s->top1) ? 100 * s->control : s->control);
  putchar('\n');
}

/* The baselines' headline on test (and unseen) models, a line each. */
static void print_baselines(const TrainResult *r) {
  for (int k = 0; k < BASELINE_COUNT && r->has_baselines; k++) {
    if (!r->baselines[k].score[SPLIT_TEST].n) continue;
    const Baseline *b = &r->baselines[k];
    const Score *test = &b->score[SPLIT_TEST], *unseen = &b->score[SPLIT_HOLDOUT];
    printf("  baseline %-15s %5.1f %%  [%4.1f, %5.1f]", baseline_name((BaselineKind)k), 100 * score_headline(test),
           100 * test->low, 100 * test->high);
    if (unseen->n) printf("  unseen %5.1f %%", 100 * score_headline(unseen));
    printf("  (ridge, lambda %g)\n", b->lambda);
  }
}

/* What needs no weights, beside a trained form's figures; a kernel's stand beside its own. */
static void print_shortcut(const TrainResult *r) {
  if (r->kernel || !isfinite(r->shortcut)) return;
  printf("  rank, size, tool, date and creator alone, left out one by one: %s %.1f %%\n",
         r->expert->task == EXPERT_ALIGN ? "top-1" : "explained", 100 * r->shortcut);
}

/* Says so when nothing shows that the expert knows anything. */
static void print_warning(const Expert *x) {
  if (!x->val.n && !x->test.n)
    puts("  note: no validation or test models, so nobody knows whether this expert is any good");
  else if (!(x->val.n && score_shows_skill(&x->val)) && !(x->test.n && score_shows_skill(&x->test)))
    puts("  note: no better than chance: this layer or these labels tell the expert nothing");
}

/* What a kernel expert reads, and what stands beside its figures. */
static void print_kernel(const TrainResult *r) {
  const Kernel *k = r->expert->kernel;
  const KernelReport *report = r->kernel;
  bool align = r->expert->task == EXPERT_ALIGN;
  printf("  chosen on %zu models out of %u layers and views by their exact errors left out:\n", report->choice->n,
         report->choice->candidates->len);
  for (guint t = 0; t < k->terms->len; t++) {
    const KernelTerm *at = &g_array_index(k->terms, KernelTerm, t);
    g_autofree char *view = kernel_view_name(at->view);
    printf("    %-40s %-6s weight %.2f", (const char *)k->layers->pdata[at->layer], view, (double)at->weight[0]);
    if (align) printf(", for other labels %.2f", (double)at->weight[1]);
    putchar('\n');
  }
  for (guint i = 0; i < k->directions->len; i++) {
    const Directions *at = k->directions->pdata[i];
    printf("    %-40s a direction a label: %.2f of the answer\n", (const char *)k->layers->pdata[at->layer],
           (double)at->weight);
  }
  if (report->landmarks)
    printf("  each of %zu models compared with %zu of them, which miss %.2f %% of what makes them alike\n",
           report->models, report->landmarks, 100 * report->missed);
  printf(
      "  left out one by one: %s %.1f %%; labels dealt at random: %.1f %%; rank, size, tool, date and creator alone: ",
      align ? "top-1" : "explained", 100 * report->right[0], 100 * report->choice->control);
  if (isfinite(report->shortcut)) printf("%.1f %%\n", 100 * report->shortcut);
  else puts("they do not differ");
  if (align) printf("  whole labels left out: at least %.1f %% among all labels\n", 100 * report->right[1]);
  for (guint i = 0; i < report->warnings->len; i++)
    printf("  note: not looked at: %s\n", (char *)report->warnings->pdata[i]);
}

/* Which branches an expert of several views has, and why. */
static void print_views(const TrainResult *r) {
  g_autofree char *views = views_text(r->expert->probex->shape.views);
  printf("  views %s", views);
  if (r->views_chosen)
    printf(": a kernel explains %.2f of models or labels left out from X, %.2f from X X', %.2f from X'X",
           r->view_r2[SIDE_X], r->view_r2[SIDE_U], r->view_r2[SIDE_V]);
  putchar('\n');
}

/* Who was kept together, and who takes no part and why. */
static void print_sides(const TrainResult *r) {
  const SplitRecord *s = r->expert->split;
  printf("  sides %s: %u train, %u validate, %u test, %u of concepts never trained on\n",
         s->drawn       ? "drawn"
         : s->val_drawn ? "by folders, validation drawn"
                        : "by folders",
         r->models[0], r->models[1], r->models[2], r->models[3]);
  if (s->grouped) {
    printf("  kept on one side: %zu models with kin, in %zu groups of all models:", s->grouped, s->groups);
    for (int k = 0, n = 0; k < KIN_REASONS; k++)
      if (r->joined[k]) printf("%s %u %s", n++ ? "," : "", r->joined[k], kin_reason_name((KinReason)k));
    putchar('\n');
  }
  for (guint i = 0; i < r->left_out_by->len; i++) {
    const LeftOut *l = r->left_out_by->pdata[i];
    printf("  note: %u model%s left out: %s (%s%s)\n", l->count, l->count == 1 ? "" : "s", l->reason,
           (const char *)l->names->pdata[0], l->count > 1 ? ", …" : "");
  }
  for (guint i = 0; i < r->warnings->len; i++) printf("  note: %s\n", (const char *)r->warnings->pdata[i]);
}

/* What `auto` chose, and why, with the others beside it. */
static void print_choice(const TrainResult *r) {
  if (!r->trials) return;
  printf("  chosen: %s, by validation", expert_kind_name(r->expert));
  if (r->not_tried) printf("; trained forms were not tried: %s", r->not_tried);
  putchar('\n');
  for (guint i = 0; i < r->trials->len && !r->not_tried; i++) {
    const TrainTrial *t = &g_array_index(r->trials, TrainTrial, i);
    printf("    %-10s validation %5.1f %%  test %5.1f %%", t->kind, 100 * score_merit(&t->val),
           100 * score_merit(&t->test));
    if (t->unseen.n) printf("  unseen %5.1f %%", 100 * score_merit(&t->unseen));
    printf("  %.1f s\n", t->seconds);
  }
}

/* On which weights it says nothing. */
static void print_silence(const Expert *x) {
  double passed = expert_foreign_passed(x);
  if (!isnan(passed))
    printf("  silent on weights unlike the training models': of these, turned into another basis, %.0f %% pass\n",
           100 * passed);
  else if (x->kernel)
    puts(
        "  note: these models are too unlike one another to tell what does not belong here: it answers for any "
        "weights");
}

void train_report_print(const TrainResult *r) {
  const Expert *x = r->expert;
  bool align = x->task == EXPERT_ALIGN;
  printf("expert %s on layer %s (%zu x %zu), %u models for training, %.0f models/s, %.1f s\n", x->name, x->layer,
         x->probex->shape.d_out, x->probex->shape.d_in, r->models[0], r->models_per_second, x->seconds);
  if (x->probex->shape.d_out != r->trained_out || x->probex->shape.d_in != r->trained_in)
    printf("  trained on %zu x %zu common coordinates, which keep %.2f %% of the energy\n", r->trained_out,
           r->trained_in, 100 * r->energy);
  printf("  %-24s %7s  %-12s\n", align ? "top-1 accuracy" : "element-wise accuracy", "", "95 % interval");
  train_report_score(align ? "validation (seen)" : "validation", &x->val);
  train_report_score(align ? "test (seen concepts)" : "test", &x->test);
  if (align) train_report_score("test (unseen concepts)", &x->test_holdout);
  print_sides(r);
  print_choice(r);
  if (r->kernel) print_kernel(r);
  if (x->probex->shape.views) print_views(r);
  print_baselines(r);
  print_shortcut(r);
  print_warning(x);
  print_silence(x);
  if (r->kernel) {
    printf("  %s\n", x->path ? x->path : "not stored: read-only");
    return;
  }
  if (r->state_note) printf("  note: %s\n", r->state_note);
  if (r->held_out) {
    printf("  %s, the best on val_holdout (epoch %u):\n", r->held_out->name, r->held_out_epoch);
    train_report_score("test (seen concepts)", &r->held_out->test);
    train_report_score("test (unseen concepts)", &r->held_out->test_holdout);
  }
  printf("  best epoch %u of %u, seed %" G_GUINT64_FORMAT ", %s\n", r->best_epoch, x->epochs, x->seed,
         x->path ? x->path : "not stored: read-only");
}
