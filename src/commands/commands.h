/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands: each gets its own argv (argv[0] is its name) and returns an exit status. */
#pragma once

#include <glib.h>
#include <stdio.h>

int cmd_apply(int argc, char **argv);
int cmd_base(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_classify(int argc, char **argv);
int cmd_conflicts(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_duplicates(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_export_expert(int argc, char **argv);
int cmd_labels(int argc, char **argv);
int cmd_like(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_merge_recipe(int argc, char **argv);
int cmd_plant(int argc, char **argv);
int cmd_query(int argc, char **argv);
int cmd_route(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_note(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_space(int argc, char **argv);
int cmd_stores(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_merge_state(int argc, char **argv);
int cmd_text(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_tree(int argc, char **argv);
int cmd_what(int argc, char **argv);

/* The numbered list of stores (Store*), with sizes. */
void stores_print(FILE *out, const GPtrArray *stores);
