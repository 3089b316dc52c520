/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. */
#include "commands/command.h"
#include "commands/commands.h"

enum { MORE = 64 }; /* folders that one collection may be made of */

const Command command_table[] = {
    {"stores", "", "List the folders in which tools keep models on this machine", 0, 0, cmd_stores},
    {"scan", "DIR…", "Find the models in a folder and list them", 1, MORE, cmd_scan},
    {"show", "DIR MODEL", "Show everything that is known of one model; of a file, FILE alone", 1, 2, cmd_show},
    {"what", "DIR [MODEL]", "Say what the models are for, and who says so", 1, 2, cmd_what},
    {"tree", "DIR…", "Recover which model was fine-tuned from which", 1, MORE, cmd_tree},
    {"route", "DIR MODEL", "Say which tree a model belongs to, or that none is here", 2, 2, cmd_route},
    {"base", "DIR MODEL", "List the bases that fit a model, best first, and why", 2, 2, cmd_base},
    {"merge-recipe", "DIR MODEL", "Say how a merge was made: method, parents and weights", 2, 2, cmd_merge_recipe},
    {"duplicates", "DIR…", "List models that hold the same tensors", 1, MORE, cmd_duplicates},
    {"conflicts", "DIR…", "List what cards say against weights, shapes and kin", 1, MORE, cmd_conflicts},
    {"space", "DIR…", "Say where the disk went, and what copies take of it", 1, MORE, cmd_space},
    {"diff", "A B", "Compare two models layer by layer", 2, 2, cmd_diff},
    {"verify", "A", "Say whether A is B, or which of several B it was made from", 1, 1, cmd_verify},
    {"train", "DIR…", "Train an expert on the weights of one layer", 1, MORE, cmd_train},
    {"labels", "DIR…", "List what models could be labelled by", 1, MORE, cmd_labels},
    {"sweep", "DIR…", "Train an expert on every layer and rank them", 1, MORE, cmd_sweep},
    {"eval", "DIR…", "Measure all there is to say about how good an expert is", 1, MORE, cmd_eval},
    {"query", "DIR TEXT", "Rank the models for words, from their weights alone", 2, 2, cmd_query},
    {"classify", "DIR MODEL", "Say which of some labels fits a model", 2, 2, cmd_classify},
    {"like", "DIR MODEL", "Rank the models that are like one", 2, 2, cmd_like},
    {"apply", "DIR…", "Print what an expert says of every model", 1, MORE, cmd_apply},
    {"map", "DIR…", "Lay the models out in two dimensions", 1, MORE, cmd_map},
    {"export", "DIR…", "Print the collection and its forest for other programs", 1, MORE, cmd_export},
    {"export-expert", "[DIR] FILE", "Write an expert as the authors' programs load it", 1, 2, cmd_export_expert},
    {"set", "DIR MODEL KEY=VALUE…", "Set facts of a model by hand: label, tags, parent, base, family …", 2, 64,
     cmd_set},
    {"note", "DIR MODEL TEXT", "Keep a note on a model", 3, 3, cmd_note},
    {"import", "DIR FILE", "Take over what somebody set by hand", 2, 2, cmd_import},
    {"merge-state", "DIR [STATE…]", "Join what --shard K/N read into states of their own", 1, MORE, cmd_merge_state},
    {"text", "encode|tokens|similar|nearest TEXT [TEXT]", "Look inside a text encoder", 2, 3, cmd_text},
    {"plant", "DIR", "Grow a collection by training small networks", 1, 1, cmd_plant},
    {"demo", "DIR", "Plant, scan, train and ask: the main job on a wood of its own", 1, 1, cmd_demo},
    {"doctor", "", "Check that this machine computes rightly", 0, 0, cmd_doctor},
    {"bench", "", "Time this machine, and training on it", 0, 0, cmd_bench},
    {NULL, NULL, NULL, 0, 0, NULL}};
