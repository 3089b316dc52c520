/* SPDX-License-Identifier: Apache-2.0 */
/* The interface as a conversation, line by line: for screen readers, and for terminals that can do nothing else. No
 * colours, no boxes, nothing is ever drawn over. */
#pragma once

#include <stdio.h>

#include "session/session.h"
#include "ui/desk/ui_options.h"

/* Talks until `in` ends or somebody quits; on the thread that calls it. False with an error when the collection
 * cannot be read. */
bool plain_run(const UiOptions *options, const EngineOps *ops, FILE *in, FILE *out, GError **error);
